//! Passwords that change while somebody signs on with the one before.
//!
//! The order of events is forced by the store: what happens meanwhile happens after the user was read and before the
//! sign-on goes on.

use std::sync::Arc;

use adieu_authority::{NewPerson, UserEdit};
use adieu_core::{Channel, EditUserOrder, Origin, UserId};
use adieu_testkit::World;
use adieu_testkit::failing::FailingStore;

/// A hash that another system made of `correctbatteryhorsestapler`.
const IMPORTED: &str = "$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie";
const PASSWORD: &str = "correctbatteryhorsestapler";

async fn dora(world: &World) -> UserId {
    let authority = world.authority();
    let realm = authority.realm_at("/alpha").await.expect("read").expect("the realm");
    let population = authority.populations(realm.id).await.expect("read").remove(0);
    let new =
        NewPerson { username: "dora".into(), password_hash: Some(IMPORTED.into()), ..NewPerson::default() };
    authority.create_user(&population, new).await.expect("a user").id
}

/// Dora signs on; between the look at her record and the rest of it an administrator gives her this password, or none.
async fn signs_on_while_it_becomes(
    world: &World,
    store: &FailingStore,
    user: UserId,
    password: Option<&str>,
) {
    let edit = UserEdit { password: Some(password.map(str::to_owned)), ..UserEdit::default() };
    let (origin, now) = (Origin::of_holder(Channel::named("test"), None), world.authority().now());
    store.after_the_next_look_up_by_name(move |store| {
        let store = Arc::clone(store);
        Box::pin(async move {
            let from = store.user(user).get().await.expect("read").expect("dora").version;
            let order = EditUserOrder { user, from, edit, password_ends_sessions: false, origin };
            store.edit_user(order, now).await.expect("an edited user");
        })
    });
    let ask = world.post("/am/json/realms/root/realms/alpha/authenticate");
    let ask = ask.header("x-openam-username", "dora").header("x-openam-password", PASSWORD);
    let reply = ask.header("accept-api-version", "resource=2.0, protocol=1.0").send().await;
    assert_eq!(reply.status, 200, "the password was hers when it was verified: {}", reply.text);
}

async fn password_of(world: &World, user: UserId) -> Option<String> {
    world.authority().user(user).await.expect("read").expect("dora").password.clone()
}

/// Goal: a sign-on that re-makes an old hash never brings a replaced or removed password back.
#[tokio::test]
async fn a_sign_on_brings_no_replaced_password_back() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let user = dora(&world).await;
    let next = world.authority().hash_password("another password").await.expect("a hash");
    signs_on_while_it_becomes(&world, &store, user, Some(&next)).await;
    assert_eq!(password_of(&world, user).await, Some(next), "the administrator's password stays");
}

/// Goal: the same for a password that was taken away.
#[tokio::test]
async fn a_sign_on_brings_no_removed_password_back() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let user = dora(&world).await;
    signs_on_while_it_becomes(&world, &store, user, None).await;
    assert_eq!(password_of(&world, user).await, None, "nobody signs on with a password that was removed");
}

/// Goal: where nothing came between, an old hash is re-made at the installation's own cost.
#[tokio::test]
async fn an_old_hash_is_made_anew_when_nothing_came_between() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let user = dora(&world).await;
    signs_on_while_it_becomes(&world, &store, user, Some(IMPORTED)).await;
    let made = password_of(&world, user).await.expect("a password");
    assert!(made.starts_with("$argon2id$"), "{made}");
}
