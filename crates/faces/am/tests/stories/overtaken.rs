//! Rights over the sessions of a population, asked of the user as they are when the session ends.
//!
//! Between the question and the ending the user is moved away; the store forces that order. Contract am.md 1.2.

use std::sync::Arc;

use adieu_authority::{
    Actor, Cause, Channel, Fate, NewPerson, Origin, PopulationId, Role, RoleAssignment, RoleScope,
    SessionToken, UserEdit,
};
use adieu_testkit::failing::FailingStore;
use serde_json::{Value, json};

use crate::house::{BOBBY, House};

const CLERK: (&str, &str) = ("clerk", "Paper-stacks-88");

/// A clerk of Bobby's population who administers another realm, where one may end by handle; before a store that lets others
/// come first.
async fn clerk(house: &mut House) -> (String, Arc<FailingStore>) {
    let store = house.with_failing_store().await;
    let home = house.world.data.population.clone();
    let sub = house.authority().realm_at("/alpha/sub").await.unwrap().unwrap();
    let over = |scope| RoleAssignment { role: Role::IdentityDataAdmin, scope };
    let new = NewPerson {
        username: CLERK.0.into(),
        password: Some(CLERK.1.into()),
        roles: vec![over(RoleScope::Population(home.id)), over(RoleScope::Realm(sub.id))],
        ..NewPerson::default()
    };
    house.authority().create_user(&home, new).await.unwrap();
    (house.sign_on(CLERK).await, store)
}

/// Somebody else moves Bobby to another population.
async fn moved(house: &House, to: PopulationId) -> impl Future<Output = ()> + Send + 'static {
    let (authority, bobby) = (house.authority().clone(), house.user("/alpha", BOBBY.0).await.id);
    async move {
        let edit = UserEdit { population: Some(to), ..UserEdit::default() };
        let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
        authority.edit_user(bobby, edit, origin).await.unwrap();
    }
}

async fn by_handle(house: &House, clerk: &str, handle: &str) -> Value {
    let ask = house.post("/am/json/alpha/sub/sessions?_action=logoutByHandle").token(clerk);
    let ask = ask.header("Accept-API-Version", "resource=5.1, protocol=1.0");
    let reply = ask.json(&json!({"sessionHandles": [handle]})).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// Goal: whoever is moved out of a clerk's population meanwhile keeps their sessions, by name and by handle.
#[tokio::test]
async fn a_user_who_is_moved_away_meanwhile_is_not_signed_off() {
    let mut house = House::start().await;
    let (clerk, store) = clerk(&mut house).await;
    let (home, guests) = (house.world.data.population.id, house.world.data.guests.id);
    let token = house.sign_on(BOBBY).await;
    let info = house.action("getSessionInfo", "2.1").token(&token).send().await.json();
    let handle = info["sessionHandle"].as_str().unwrap();

    store.before_the_next_change(moved(&house, guests).await);
    let by_name = house.action("logoutByUser", "5.1").token(&clerk).json(&json!({"username": "bobby"}));
    assert_eq!(by_name.send().await.refused(403), "Forbidden");
    assert!(house.lives(&token).await);

    for named in [handle, &token] {
        moved(&house, home).await.await;
        store.before_the_next_change(moved(&house, guests).await);
        let reply = by_handle(&house, &clerk, named).await;
        assert_eq!(reply, json!({"result": {named: false}}));
        assert!(house.lives(&token).await, "{named}");
    }
    moved(&house, home).await.await;
    let reply = by_handle(&house, &clerk, handle).await;
    assert_eq!(reply, json!({"result": {handle: true}}), "the clerk reaches who is there");
    assert!(!house.lives(&token).await);
}

/// Goal: a clerk who holds a token of somebody who was moved away meanwhile ends the session like anybody who holds it, and is
/// not recorded as its administrator.
#[tokio::test]
async fn who_reaches_nobody_any_more_is_no_administrator() {
    let mut house = House::start().await;
    let (clerk, store) = clerk(&mut house).await;
    let guests = house.world.data.guests.id;
    let token = house.sign_on(BOBBY).await;
    store.before_the_next_change(moved(&house, guests).await);
    let reply = house.action("logout", "3.1").token(&clerk).json(&json!({"tokenId": token})).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!house.lives(&token).await);
    let id = SessionToken::parse(&token).unwrap().id;
    let record = house.authority().session_record(id).await.unwrap().unwrap();
    let Fate::Ended(ending) = record.fate else { panic!("it is ended: {:?}", record.fate) };
    assert_eq!((ending.cause, ending.actor), (Cause::SignOff, Actor::User(record.session.user)));
}
