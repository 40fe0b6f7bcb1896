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

use crate::fixture::{BOBBY, FaceFixture};

const CLERK: (&str, &str) = ("clerk", "Paper-stacks-88");

/// A clerk of Bobby's population who administers another realm, where one may end by handle; before a store that lets others
/// come first.
async fn clerk(fixture: &mut FaceFixture) -> (String, Arc<FailingStore>) {
    let store = fixture.with_failing_store().await;
    let home = fixture.world.data.population.clone();
    let sub = fixture.authority().realm_at("/alpha/sub").await.unwrap().unwrap();
    let over = |scope| RoleAssignment { role: Role::IdentityDataAdmin, scope };
    let new = NewPerson {
        username: CLERK.0.into(),
        password: Some(CLERK.1.into()),
        roles: vec![over(RoleScope::Population(home.id)), over(RoleScope::Realm(sub.id))],
        ..NewPerson::default()
    };
    fixture.authority().create_user(&home, new).await.unwrap();
    (fixture.sign_on(CLERK).await, store)
}

/// Somebody else moves Bobby to another population.
async fn moved(fixture: &FaceFixture, to: PopulationId) -> impl Future<Output = ()> + Send + 'static {
    let (authority, bobby) = (fixture.authority().clone(), fixture.user("/alpha", BOBBY.0).await.id);
    async move {
        let edit = UserEdit { population: Some(to), ..UserEdit::default() };
        let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
        authority.edit_user(bobby, edit, origin).await.unwrap();
    }
}

async fn by_handle(fixture: &FaceFixture, clerk: &str, handle: &str) -> Value {
    let ask = fixture.post("/am/json/alpha/sub/sessions?_action=logoutByHandle").token(clerk);
    let ask = ask.header("Accept-API-Version", "resource=5.1, protocol=1.0");
    let reply = ask.json(&json!({"sessionHandles": [handle]})).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// Goal: whoever is moved out of a clerk's population meanwhile keeps their sessions, by name and by handle.
#[tokio::test]
async fn a_user_who_is_moved_away_meanwhile_is_not_signed_off() {
    let mut fixture = FaceFixture::start().await;
    let (clerk, store) = clerk(&mut fixture).await;
    let (home, guests) = (fixture.world.data.population.id, fixture.world.data.guests.id);
    let token = fixture.sign_on(BOBBY).await;
    let info = fixture.action("getSessionInfo", "2.1").token(&token).send().await.json();
    let handle = info["sessionHandle"].as_str().unwrap();

    store.before_the_next_change(moved(&fixture, guests).await);
    let by_name = fixture.action("logoutByUser", "5.1").token(&clerk).json(&json!({"username": "bobby"}));
    assert_eq!(by_name.send().await.refused(403), "Forbidden");
    assert!(fixture.lives(&token).await);

    for named in [handle, &token] {
        moved(&fixture, home).await.await;
        store.before_the_next_change(moved(&fixture, guests).await);
        let reply = by_handle(&fixture, &clerk, named).await;
        assert_eq!(reply, json!({"result": {named: false}}));
        assert!(fixture.lives(&token).await, "{named}");
    }
    moved(&fixture, home).await.await;
    let reply = by_handle(&fixture, &clerk, handle).await;
    assert_eq!(reply, json!({"result": {handle: true}}), "the clerk reaches who is there");
    assert!(!fixture.lives(&token).await);
}

/// Goal: a clerk who holds a token of somebody who was moved away meanwhile ends the session like anybody who holds it, and is
/// not recorded as its administrator.
#[tokio::test]
async fn who_reaches_nobody_any_more_is_no_administrator() {
    let mut fixture = FaceFixture::start().await;
    let (clerk, store) = clerk(&mut fixture).await;
    let guests = fixture.world.data.guests.id;
    let token = fixture.sign_on(BOBBY).await;
    store.before_the_next_change(moved(&fixture, guests).await);
    let reply = fixture.action("logout", "3.1").token(&clerk).json(&json!({"tokenId": token})).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!fixture.lives(&token).await);
    let id = SessionToken::parse(&token).unwrap().id;
    let record = fixture.authority().session_record(id).await.unwrap().unwrap();
    let Fate::Ended(ending) = record.fate else { panic!("it is ended: {:?}", record.fate) };
    assert_eq!((ending.cause, ending.actor.clone()), (Cause::SignOff, Actor::User(record.session.user)));
}
