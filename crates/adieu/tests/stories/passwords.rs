//! Passwords that change while somebody signs on with the one before.
//!
//! The order of events is forced by the store: what happens meanwhile happens after the user was read and before the
//! sign-on goes on.

use std::sync::Arc;

use adieu_authority::{
    Check, DirectoryError, LiveSession, NewPerson, PersonError, SessionToken, UserEdit, WeakPassword,
};
use adieu_core::{AfterPassword, Channel, ConfirmError, EditUserOrder, Origin, UserId};
use adieu_testkit::World;
use adieu_testkit::failing::{FailingStore, Failure};
use adieu_testkit::world::{Reply, profile_config};
use http::Method;
use serde_json::{Value, json};

use crate::both_win::AdminFixture;

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
            let order =
                EditUserOrder { user, from, edit, by_session: None, password_ends_sessions: false, origin };
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
    let realm = world.data.realm.id;
    let next = world.authority().hash_new_password(realm, &[], "another password").await.expect("a hash");
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

/// Somebody with a password that more people know than should.
async fn known_to_many(fixture: &AdminFixture, name: &str) -> String {
    let email = Some(format!("{name}@example.test"));
    let new =
        NewPerson { username: name.into(), email, password: Some(PASSWORD.into()), ..NewPerson::default() };
    let made = fixture.world.authority().create_user(&fixture.world.data.population, new).await;
    made.expect("a user").id.to_string()
}

/// Gives a user another password through one of the channels, or takes it away.
async fn given_another_password(fixture: &AdminFixture, channel: &str, user: &str) -> Reply {
    given_password(fixture, channel, user, "battery-staple-7").await
}

/// The same with a password of one's choice.
async fn given_password(fixture: &AdminFixture, channel: &str, user: &str, password: &str) -> Reply {
    let path = format!("/v1/environments/{}/users/{user}/password", fixture.world.data.realm.id);
    let set = |kind: &str, body: Value| {
        let kind = format!("application/vnd.pingidentity.password.{kind}+json");
        let ask = fixture.world.ask(Method::PUT, &path).bearer(&fixture.bearer).header("content-type", &kind);
        ask.body(body.to_string())
    };
    let new = json!({"password": password});
    let ask = match channel {
        "native" => fixture.admin(Method::PUT, &format!("/v1/users/{user}/password"), &new),
        "Kratos" => {
            let path = format!("/admin/identities/{user}");
            let now = fixture.world.admin(Method::GET, &path).send().await.json();
            let credentials = json!({"password": {"config": new}});
            let body = json!({
                "schema_id": now["schema_id"], "traits": now["traits"], "state": "active", "credentials": credentials,
            });
            fixture.admin(Method::PUT, &path, &body)
        }
        "PingOne" => set("set", json!({"value": password})),
        "PingOne, none" => set("setValue", json!({})),
        other => panic!("there is no channel {other}"),
    };
    ask.send().await
}

async fn is_live(world: &World, token: &str) -> bool {
    world.get("/sessions/whoami").header("x-session-token", token).send().await.status == 200
}

/// What is refused, and what the native API and PingOne say of it. The user is called `augustina`.
const WEAK: [(&str, &str, &str); 3] = [
    ("1", "at least 8 characters", "length"),
    ("password", "tried first", "excludesCommonlyUsed"),
    ("Augustina", "own name", "excludesProfileData"),
];

/// Whether a refusal says in the words of its channel what is wrong, and does not repeat the password.
fn is_said(channel: &str, reply: &Reply, (password, said, requirement): (&str, &str, &str)) {
    let (status, body) = (reply.status.as_u16(), reply.json());
    match channel {
        "native" => {
            let detail = body["detail"].as_str().unwrap_or_default();
            assert!(status == 422 && detail.starts_with("password") && detail.contains(said), "{body}");
        }
        "Kratos" => {
            let reason = body["error"]["reason"].as_str().unwrap_or_default();
            assert!(status == 400 && reason.contains(said), "{password}: {body}");
        }
        _ => {
            let detail = &body["details"][0];
            assert_eq!(
                (status, &body["code"], &detail["code"]),
                (400, &json!("INVALID_DATA"), &json!("INVALID_VALUE"))
            );
            assert_eq!(detail["innerError"]["unsatisfiedRequirements"], json!([requirement]));
        }
    }
    assert!(!reply.text.contains("Augustina"), "{}", reply.text);
}

/// Goal: S-16, short passwords, those that are tried first and the user's own name are refused in each channel's words; nothing
/// changes, and whoever has such a password from before signs on.
#[tokio::test]
async fn weak_passwords_are_refused_at_every_channel() {
    let fixture = AdminFixture::open(World::start().await, 0).await;
    let user = known_to_many(&fixture, "augustina").await;
    for weak in WEAK {
        for channel in ["native", "Kratos", "PingOne"] {
            is_said(channel, &given_password(&fixture, channel, &user, weak.0).await, weak);
        }
    }
    fixture.world.sign_on_kratos("augustina", PASSWORD).await;

    let mut fixture = fixture;
    fixture.world.restart_with(|config| config.passwords.length_min = 100).await;
    fixture.world.sign_on_kratos("augustina", PASSWORD).await;
}

/// Goal: S-16, the same of users who are made, and nobody is made.
#[tokio::test]
async fn nobody_is_made_with_a_weak_password() {
    let fixture = AdminFixture::open(World::start().await, 0).await;
    let (realm, home) = (fixture.world.data.realm.id, fixture.world.data.population.id);
    let email = "augustina@new.example.test";
    for weak in WEAK {
        let password = json!({"password": {"config": {"password": weak.0}}});
        let new = json!({"schema_id": "person", "traits": {"email": email}, "credentials": password});
        is_said("Kratos", &fixture.admin(Method::POST, "/admin/identities", &new).send().await, weak);
        let many = json!({"identities": [{"create": new, "patch_id": null}]});
        let many = fixture.admin(Method::PATCH, "/admin/identities", &many).send().await.json();
        assert_eq!(many["identities"][0]["action"], "error", "{many}");
        let new = json!({"username": "augustina", "email": email, "password": weak.0});
        let made = fixture.admin(Method::POST, &format!("/v1/realms/{realm}/users"), &new).send().await;
        is_said("native", &made, weak);
        let new = json!({
            "username": "augustina", "email": email, "population": {"id": home.to_string()}, "password": {"value": weak.0},
        });
        let ask = fixture.world.post(&format!("/v1/environments/{realm}/users")).bearer(&fixture.bearer);
        let ask = ask.header("content-type", "application/vnd.pingidentity.user.import+json");
        is_said("PingOne", &ask.body(new.to_string()).send().await, weak);
        let document =
            "[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'augustina'\npassword_env = 'P'\n";
        let passwords = json!([{"env": "P", "password": weak.0}]);
        let order = json!({"document": document, "passwords": passwords});
        let applied = fixture.admin(Method::POST, "/v1/declaration", &order).send().await;
        assert_eq!(applied.status, 422, "{}", applied.text);
        assert!(applied.text.contains(weak.1), "{}", applied.text);
    }
    let authority = fixture.world.authority();
    for name in ["augustina", email] {
        assert!(authority.user_named(realm, name).await.expect("read").is_none(), "{name}");
    }
}

/// Goal: S-16, a realm may ask for more or less; hashes that are imported are not asked.
#[tokio::test]
async fn a_realm_says_what_a_password_is() {
    for (length_min, common_refused, password, taken) in [
        (20, true, "battery-staple-7", false),
        (20, true, "another-battery-staple-7", true),
        (1, false, "password", true),
    ] {
        let mut world = World::start().await;
        world
            .restart_with(|config| {
                config.realms[0].password_length_min = Some(length_min);
                config.realms[0].password_common_refused = Some(common_refused);
            })
            .await;
        let fixture = AdminFixture::open(world, 0).await;
        let user = dora(&fixture.world).await.to_string();
        let reply = given_password(&fixture, "PingOne", &user, password).await;
        assert_eq!(reply.status.is_success(), taken, "{password}: {}", reply.text);
        let now = if taken { password } else { PASSWORD };
        fixture.world.sign_on_kratos("dora", now).await;
    }
}

/// Goal: S-16, the password that one has is no other one.
#[tokio::test]
async fn the_own_password_is_not_set_again() {
    let (fixture, _, live) = eve_signed_on().await;
    let origin = Origin::of_holder(Channel::named("test"), None);
    let who = (&*live.user, live.session.id);
    let same = fixture.world.authority().change_own_password(who, PASSWORD, origin).await;
    assert!(matches!(same, Err(PersonError::Weak(WeakPassword::Unchanged))), "{same:?}");
}

/// Goal: whoever knows the old password has no session left when the new one is acknowledged, whichever channel it came
/// through; where the policy of the realm says otherwise, the sessions live on.
#[tokio::test]
async fn another_password_ends_sessions_by_policy_at_every_channel() {
    for (everywhere, here, ends) in [(true, None, true), (false, None, false), (true, Some(false), false)] {
        let mut config = profile_config("main");
        config.passwords.change_ends_sessions = everywhere;
        config.realms[0].password_change_ends_sessions = here;
        let fixture = AdminFixture::open(World::with_config(config).await, 0).await;
        for (n, channel) in ["native", "Kratos", "PingOne", "PingOne, none"].into_iter().enumerate() {
            let name = format!("eve{n}");
            let user = known_to_many(&fixture, &name).await;
            let token = fixture.world.sign_on_kratos(&name, PASSWORD).await;
            let reply = given_another_password(&fixture, channel, &user).await;
            assert!(reply.status.is_success(), "{channel}: {}", reply.text);
            assert_eq!(is_live(&fixture.world, &token).await, !ends, "{channel}: {everywhere} {here:?}");
        }
    }
}

/// Goal: another password and the ending of the sessions are one commit: no answer, no crash and no full disk comes between
/// them, whichever channel it came through.
/// Method: the store takes the change of the user and no write after it.
#[tokio::test]
async fn another_password_and_its_endings_are_one_commit_at_every_channel() {
    for (n, channel) in ["native", "Kratos", "PingOne", "PingOne, none"].into_iter().enumerate() {
        let mut config = profile_config("main");
        config.passwords.change_ends_sessions = true;
        let mut world = World::with_config(config).await;
        let store = world.with_failing_store().await;
        let mut fixture = AdminFixture::open(world, 0).await;
        let name = format!("eve{n}");
        let user = known_to_many(&fixture, &name).await;
        let token = fixture.world.sign_on_kratos(&name, PASSWORD).await;
        let failing = Arc::clone(&store);
        store.before_the_next_change(async move { failing.fail(Failure::NotTaken) });
        let reply = given_another_password(&fixture, channel, &user).await;
        assert!(reply.status.is_success(), "{channel}: {}", reply.text);
        drop((reply, store));
        fixture.world.crash_and_restart().await;
        assert!(
            !is_live(&fixture.world, &token).await,
            "{channel}: the password changed and the session lives on"
        );
    }
}

/// Goal: users who change their own password stay where they are, and nowhere else.
#[tokio::test]
async fn ones_own_password_spares_the_session_in_use() {
    let mut config = profile_config("main");
    config.passwords.change_ends_sessions = true;
    let fixture = AdminFixture::open(World::with_config(config).await, 0).await;
    known_to_many(&fixture, "eve").await;
    let (here, there) = (
        fixture.world.sign_on_kratos("eve", PASSWORD).await,
        fixture.world.sign_on_kratos("eve", PASSWORD).await,
    );
    let authority = fixture.world.authority();
    let live = live(&fixture.world, &here).await;
    let origin = Origin::of_holder(Channel::named("test"), None);
    authority
        .change_own_password((&live.user, live.session.id), "battery-staple-7", origin)
        .await
        .expect("a change");
    assert!(is_live(&fixture.world, &here).await);
    assert!(!is_live(&fixture.world, &there).await);
    fixture.world.sign_on_kratos("eve", "battery-staple-7").await;
}

/// The session of a token.
async fn live(world: &World, token: &str) -> LiveSession {
    let token = SessionToken::parse(token.trim_start_matches("ory_st_")).expect("a token");
    let found = world.authority().check(&token, false).get().await.expect("read");
    let Check::Live(live) = found else { panic!("live") };
    live
}

/// A server whose store can be told to fail, and Eve in a session of hers.
async fn eve_signed_on() -> (AdminFixture, Arc<FailingStore>, LiveSession) {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let fixture = AdminFixture::open(world, 0).await;
    known_to_many(&fixture, "eve").await;
    let token = fixture.world.sign_on_kratos("eve", PASSWORD).await;
    let live = live(&fixture.world, &token).await;
    (fixture, store, live)
}

/// Goal: ENDED-STAYS-ENDED: a session that an administrator ends meanwhile sets no password of its user.
/// Method: all sessions of hers end, and that is answered, while her change is on its way to the store.
#[tokio::test]
async fn a_session_that_ends_meanwhile_sets_no_password() {
    let (fixture, store, live) = eve_signed_on().await;
    let user = live.user.id;
    let end = fixture.world.admin(Method::DELETE, &format!("/admin/identities/{user}/sessions"));
    store.before_the_next_change(async move {
        let ended = end.send().await;
        assert_eq!(ended.status, 204, "{}", ended.text);
    });
    let origin = Origin::of_holder(Channel::named("test"), None);
    let late = fixture
        .world
        .authority()
        .change_own_password((&live.user, live.session.id), "battery-staple-7", origin)
        .await;
    let over = matches!(late, Err(PersonError::Directory(DirectoryError::SessionOver)));
    assert!(over, "{late:?}");
    assert_eq!(password_of(&fixture.world, user).await, live.user.password);
}

/// Goal: the same for recovery codes: a session that is over makes none the second factor, so that no set counts that nobody
/// has in hand.
/// Method: all sessions of hers end between the page that shows the codes and her word that she has them.
#[tokio::test]
async fn a_session_that_ends_meanwhile_confirms_no_codes() {
    let (fixture, _, live) = eve_signed_on().await;
    let (authority, user) = (fixture.world.authority(), live.user.id);
    let set = authority.draw_code_set();
    let ended =
        fixture.world.admin(Method::DELETE, &format!("/admin/identities/{user}/sessions")).send().await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    let late = authority.confirm_recovery_codes(live.session.id, set, true).await;
    assert!(matches!(late, Err(ConfirmError::NotLive)), "{late:?}");
    let codes = authority.user(user).await.expect("read").expect("eve").recovery_codes.clone();
    assert!(codes.is_none(), "{codes:?}");
}

/// Goal: the password that an administrator sets meanwhile stays: the user's own change was made of the one before.
/// Method: as above; the sessions live on.
#[tokio::test]
async fn an_own_password_replaces_only_the_one_that_was_verified() {
    let (fixture, store, live) = eve_signed_on().await;
    let user = live.user.id;
    let set = given_another_password_later(&fixture, user);
    store.before_the_next_change(set);
    let origin = Origin::of_holder(Channel::named("test"), None);
    let late = fixture
        .world
        .authority()
        .change_own_password((&live.user, live.session.id), "battery-staple-7", origin)
        .await;
    assert!(matches!(late, Err(PersonError::Directory(DirectoryError::Stale))), "{late:?}");
    assert_eq!(password_of(&fixture.world, user).await.as_deref(), Some(IMPORTED));
}

/// An administrator sets this password and keeps the sessions.
fn given_another_password_later(
    fixture: &AdminFixture,
    user: UserId,
) -> impl Future<Output = ()> + Send + 'static {
    let authority = fixture.world.authority().clone();
    let edit = UserEdit {
        password: Some(Some(IMPORTED.into())),
        after_password: AfterPassword::KeepSessions,
        ..UserEdit::default()
    };
    async move {
        let origin = Origin::of_holder(Channel::named("test"), None);
        authority.edit_user(user, edit, origin).await.expect("a change");
    }
}
