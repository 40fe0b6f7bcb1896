//! Applications hear that sessions are over: what they are sent, what their answers come to, who can see it.
//!
//! The receiver is a server of the tests' own on a real socket; the clock stands until a story moves it.

mod back_channel_op;
mod certificates;
mod command;
mod faults;
mod in_passing;
mod killed;
pub(crate) mod receiver;
mod restored;
mod samples;
mod subscribers;
mod systems;
mod triggers;

use adieu_testkit::World;
use adieu_token::{KeySet, LogoutClaims, PublicKey, Verified};
use http::Method;
use serde_json::{Value, json};

use self::receiver::{Answers, Heard, Receiver};
use crate::one_session::{Dialect, Exit, Programs};

/// A server whose application is told at the receiver's.
async fn told_at(receiver: &Receiver) -> World {
    with_told_at(World::start().await, receiver).await
}

/// The same of a server that is there.
async fn with_told_at(world: World, receiver: &Receiver) -> World {
    let address = receiver.address("/out?a=b");
    let id = world.data.app.id.clone();
    world.edit_client(&id, |client| client.backchannel_logout_uri = Some(address.clone())).await;
    world
}

/// Sends what is due at this moment; says how many notices that were.
pub(crate) async fn tell(world: &World) -> u32 {
    let outbox = world.server().outbox(world.config()).expect("an outbox");
    outbox.tell_due().await.expect("a round")
}

/// Somebody's session in which the application takes part, and the claims of its ID token.
async fn shared(world: &World, dialect: Dialect) -> (String, Value) {
    let programs = Programs::of(world);
    let token = programs.sign_on(dialect).await;
    let tokens = programs.tokens(&token).await;
    (token, claims_of(&tokens.id))
}

pub(crate) fn claims_of(token: &str) -> Value {
    use base64::Engine;
    let body = token.split('.').nth(1).expect("a body");
    let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).expect("base64");
    serde_json::from_slice(&body).expect("claims")
}

/// The token that was sent, verified with the keys that the issuer publishes.
async fn verified(world: &World, heard: &Heard) -> (Verified, LogoutClaims) {
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/out?a=b"), "S-BCL-3, S-BCL-17");
    assert_eq!(heard.content_type, "application/x-www-form-urlencoded");
    let token = heard.body.strip_prefix("logout_token=").expect("one field");
    let programs = Programs::of(world);
    let keys = world.get(&format!("/{}/as/jwks", programs.pingone("env_id"))).send().await.json();
    let keys = keys["keys"].as_array().expect("keys").iter();
    let keys = KeySet::of(keys.filter_map(|key| PublicKey::from_jwk(key).ok()));
    let verified = keys.verify(token).expect("S-BCL-13");
    let claims = LogoutClaims::read(&verified, programs.pingone("app_client_id")).expect("a logout token");
    (verified, claims)
}

/// The notices of the newest ending, as an administrator sees them.
async fn receipts(world: &World) -> Value {
    let newest = world.admin(Method::GET, "/v1/endings?limit=1").send().await.json();
    let id = newest["items"][0]["id"].as_str().expect("an id").to_owned();
    world.admin(Method::GET, &format!("/v1/endings/{id}")).send().await.json()["notices"].clone()
}

/// Goal: S-BCL-6, S-BCL-8 to S-BCL-13, S-BCL-15 to S-BCL-19: whichever dialect ends it, the application is sent one token that its
/// library must take, with the `sub` and `sid` of its ID token; and the ending says when it confirmed.
#[tokio::test]
async fn an_ending_through_any_exit_is_told() {
    let receiver = Receiver::start().await;
    let world = told_at(&receiver).await;
    for exit in
        [Exit::PingOneSignOff, Exit::PingOneReset, Exit::PingOneDelete, Exit::AmLogout, Exit::KratosLogout]
    {
        let (token, id_token) = shared(&world, Dialect::Kratos).await;
        receiver.answers([if exit == Exit::AmLogout { Answers::Status(200) } else { Answers::Status(204) }]);
        Programs::of(&world).end(exit, &token).await;
        assert_eq!(receiver.heard().len(), 0, "{exit:?}: nothing is sent on the way of the answer");
        assert_eq!((tell(&world).await, tell(&world).await), (1, 0), "{exit:?}");
        let heard = receiver.heard();
        let [heard] = &heard[..] else { panic!("{exit:?}: {heard:?}") };
        let (token, claims) = verified(&world, heard).await;
        assert_eq!((token.typ.as_deref(), claims.exp - claims.iat), (Some("logout+jwt"), 120), "{exit:?}");
        assert_eq!(claims.iss, id_token["iss"], "{exit:?}");
        assert_eq!(claims.logged_out.sub(), id_token["sub"].as_str(), "{exit:?}");
        assert_eq!(claims.logged_out.sid(), id_token["sid"].as_str(), "{exit:?}");
        let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        assert_eq!((&token.claims["events"], token.claims.get("nonce")), (&events, None));
        let notices = receipts(&world).await;
        assert_eq!(
            (&notices["settled"], &notices["counts"]["confirmed"]),
            (&json!(true), &json!(1)),
            "{notices}"
        );
        assert_eq!(notices["receipts"][0]["after_ms"], 0, "the clock stands: {notices}");
    }
}

/// Goal: S-BCL-11: all sessions of a user are one token without `sid`, for each application.
#[tokio::test]
async fn all_sessions_of_a_user_are_told_by_one_token() {
    let receiver = Receiver::start().await;
    let world = told_at(&receiver).await;
    for dialect in [Dialect::Kratos, Dialect::Am] {
        shared(&world, dialect).await;
    }
    let order = json!({"user": world.data.alice.id.to_string()});
    world.admin(Method::POST, "/v1/endings").json(&order).send().await;
    assert_eq!(tell(&world).await, 1);
    let (_, claims) = verified(&world, &receiver.heard()[0]).await;
    assert_eq!(claims.logged_out.sub(), Some(world.data.alice.id.to_string().as_str()));
    assert_eq!(claims.logged_out.sid(), None);
    assert_eq!(receipts(&world).await["receipts"][0]["sid"], Value::Null);
}

/// Goal: S-BCL-16, S-BCL-18, S-BCL-20, S-BCL-21: what a receiver answers, and what comes of it: a token of its own for each try, no
/// redirect followed, 400 final, and what it said shown to administrators.
#[tokio::test]
async fn what_a_receiver_answers_is_seen_and_what_fails_is_tried_again() {
    let receiver = Receiver::start().await;
    let world = told_at(&receiver).await;
    let (token, _) = shared(&world, Dialect::Kratos).await;
    let elsewhere = receiver.address("/elsewhere");
    receiver.answers([
        Answers::Status(500),
        Answers::Redirect(elsewhere),
        Answers::RetryAfter(503, "120"),
        Answers::Garbage,
        Answers::Status(200),
    ]);
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    assert_eq!(tell(&world).await, 1);
    let first = receipts(&world).await;
    assert_eq!((&first["counts"]["pending"], &first["settled"]), (&json!(1), &json!(false)));
    assert_eq!(first["receipts"][0]["last_answer"]["status"], 500);
    assert_eq!(first["receipts"][0]["last_answer"]["said"], "what it says");
    assert_eq!(tell(&world).await, 0, "not before its time");
    world.wait_s(1);
    assert_eq!(tell(&world).await, 1);
    assert_eq!(receipts(&world).await["receipts"][0]["last_answer"]["status"], 302);
    world.wait_s(2);
    assert_eq!(tell(&world).await, 1);
    world.wait_s(119);
    assert_eq!(tell(&world).await, 0, "it asked to be left alone");
    world.wait_s(1);
    assert_eq!(tell(&world).await, 1);
    assert_eq!(receipts(&world).await["receipts"][0]["last_answer"]["outcome"], "unreachable");
    world.wait_s(60);
    assert_eq!(tell(&world).await, 1);
    let done = receipts(&world).await;
    assert_eq!(
        (&done["receipts"][0]["state"], &done["receipts"][0]["tries"]),
        (&json!("confirmed"), &json!(5))
    );
    let heard = receiver.heard();
    assert_eq!(heard.len(), 5, "nobody went elsewhere");
    let mut names = std::collections::BTreeSet::new();
    for one in &heard {
        names.insert(verified(&world, one).await.1.jti);
    }
    assert_eq!(names.len(), 5, "each try has a token of its own");

    let (token, _) = shared(&world, Dialect::Kratos).await;
    receiver.answers([Answers::Status(400)]);
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    tell(&world).await;
    let refused = receipts(&world).await;
    assert_eq!((&refused["receipts"][0]["state"], &refused["settled"]), (&json!("refused"), &json!(true)));
    world.wait_s(100_000);
    assert_eq!(tell(&world).await, 0, "it is refused for good");
    let newest = world.admin(Method::GET, "/v1/endings?limit=1").send().await.json();
    let retry = format!("/v1/endings/{}/retry", newest["items"][0]["id"].as_str().expect("an id"));
    let retried = world.admin(Method::POST, &retry).send().await;
    assert_eq!((retried.status.as_u16(), &retried.json()["notices"]), (200, &json!(1)), "{}", retried.text);
    assert_eq!(tell(&world).await, 1);
    assert_eq!(receipts(&world).await["receipts"][0]["state"], "confirmed");
}

/// Goal: S-BCL-7, ONE-SLOW-HURTS-NONE: a receiver that hangs keeps no other from hearing at once, and an answer without an end is
/// read up to its bound.
#[tokio::test]
async fn a_receiver_that_hangs_delays_no_other() {
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    let world = told_at(&slow).await;
    let address = quick.address("/out?a=b");
    let other = json!({"client_id": "other", "client_name": "Other", "backchannel_logout_uri": address});
    let path = format!("/v1/realms/{}/clients", world.data.realm.id);
    assert_eq!(world.admin(Method::POST, &path).json(&other).send().await.status, 201);
    let public = json!({
        "client_name": "Public", "token_endpoint_auth_method": "none", "backchannel_logout_uri": address,
    });
    let refused = world.admin(Method::POST, &path).json(&public).send().await;
    assert_eq!(refused.status, 422, "S-BCL-4: {}", refused.text);
    let (token, _) = shared(&world, Dialect::Kratos).await;
    takes_part(&world, &token, "other").await;
    slow.answers([Answers::Hang]);
    quick.answers([Answers::Endless]);
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    let outbox = world.server().outbox(world.config()).expect("an outbox");
    let telling = tokio::spawn(async move { outbox.tell_due().await });
    let settled = async {
        loop {
            let notices = receipts(&world).await;
            if notices["counts"]["confirmed"] == 1 {
                return notices;
            }
            tokio::task::yield_now().await;
        }
    };
    let notices = tokio::time::timeout(std::time::Duration::from_secs(8), settled).await.expect("at once");
    assert_eq!((&notices["counts"]["pending"], quick.heard().len()), (&json!(1), 1));
    let said = notices["receipts"].as_array().expect("receipts").iter().find(|one| one["client"] == "other");
    let said = said.expect("its receipt")["last_answer"]["said"].as_str().expect("text").len();
    assert_eq!(said, 2048);
    telling.abort();
}

/// Lets a client take part in a session.
async fn takes_part(world: &World, token: &str, client: &str) {
    let authority = world.authority();
    let whoami = world.get("/sessions/whoami").header("x-session-token", token).send().await.json();
    let id = whoami["id"].as_str().and_then(|id| id.parse().ok()).expect("a session id");
    let found = authority.session_by_id(id, false).get().await.expect("an answer").expect("there");
    let client = client.parse().expect("a client id");
    let client =
        authority.client(world.data.realm.id, &client).await.expect("an answer").expect("the client");
    let order = adieu_authority::CodeOrder {
        session: found.session.clone(),
        client,
        issuer: "https://id.example.test".into(),
        sid: adieu_authority::SidForm::Public,
        consent: None,
        offline: false,
        scope: "openid".into(),
        nonce: None,
        claims: None,
        redirect_uri: None,
        challenge: None,
    };
    authority.issue_code(order).await.expect("a code");
}

/// Goal: S-BCL-28, NOTICE-WITH-ENDING: a crash between the ending and the first try, and one between the try and its
/// receipt, lose no notice.
#[tokio::test]
async fn a_crash_between_an_ending_and_its_notice_loses_nothing() {
    let receiver = Receiver::start().await;
    let mut world = told_at(&receiver).await;
    let (token, _) = shared(&world, Dialect::Kratos).await;
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    world.crash_and_restart().await;
    let (other, _) = shared(&world, Dialect::Am).await;
    receiver.answers([Answers::Status(204), Answers::Hang]);
    assert_eq!(tell(&world).await, 1);
    assert_eq!(receipts(&world).await["counts"]["confirmed"], 1);
    Programs::of(&world).end(Exit::AmLogout, &other).await;
    let outbox = world.server().outbox(world.config()).expect("an outbox");
    let telling = tokio::spawn(async move { outbox.tell_due().await });
    let heard = async {
        while receiver.heard().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::running::STALL, heard).await.expect("it is sent");
    telling.abort();
    let _ = telling.await;
    world.crash_and_restart().await;
    // Nobody else has the folder, so nobody is at it still.
    assert_eq!(tell(&world).await, 1);
    assert_eq!(receipts(&world).await["counts"]["confirmed"], 1);
    assert_eq!(receiver.heard().len(), 3);
}

/// Goal: whoever ends something may wait for those who are told; who cannot be told is named.
#[tokio::test]
async fn an_order_may_wait_for_those_who_are_told() {
    let receiver = Receiver::start().await;
    let world = told_at(&receiver).await;
    let (_, _) = shared(&world, Dialect::Kratos).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.server().outbox(world.config()).expect("an outbox").run(stopped));
    let order = json!({"user": world.data.alice.id.to_string(), "wait_s": 30});
    let answer = world.admin(Method::POST, "/v1/endings").json(&order).send().await;
    let notices = &answer.json()["notices"];
    assert_eq!(
        (&notices["settled"], &notices["counts"]["confirmed"]),
        (&json!(true), &json!(1)),
        "{}",
        answer.text
    );
    let receivers = world.admin(Method::GET, "/v1/receivers").send().await.json();
    assert_eq!(receivers["items"][0]["client"], world.data.app.id.to_string());
    assert_eq!(
        (&receivers["items"][0]["ailing"], &receivers["items"][0]["pending"]),
        (&json!(false), &json!(0))
    );
    let id = world.data.app.id.clone();
    world.edit_client(&id, |client| client.backchannel_logout_uri = None).await;
    shared(&world, Dialect::Kratos).await;
    let answer = world.admin(Method::POST, "/v1/endings").json(&order).send().await;
    let notices = &answer.json()["notices"];
    assert_eq!((&notices["counts"]["cannot_be_told"], &notices["settled"]), (&json!(1), &json!(true)));
    let _ = stop.send(true);
    running.await.expect("it stops");
}

/// Goal: S-REV-7: a revocation ends no session here, so nobody is told of one; the application that has revoked all that it held took part
/// all the same, and hears of the ending when it comes.
#[tokio::test]
async fn a_revocation_ends_no_session_and_keeps_nobody_from_hearing_of_its_end() {
    let receiver = Receiver::start().await;
    let world = told_at(&receiver).await;
    let programs = Programs::of(&world);
    let session = programs.sign_on(Dialect::Am).await;
    let tokens = programs.tokens(&session).await;
    let revoke = format!("/{}/as/revoke", programs.pingone("env_id"));
    let basic = programs.basic("app");
    let ask = world.post(&revoke).header("authorization", &basic).form(&[("token", tokens.refresh.as_str())]);
    assert_eq!(ask.send().await.status, 200);
    assert_eq!((tell(&world).await, receiver.heard().len()), (0, 0));
    assert!(programs.accepted(&session).await.iter().all(|(_, live)| *live), "the session lives");
    programs.end(Exit::AmLogout, &session).await;
    assert_eq!(tell(&world).await, 1);
    let (_, claims) = verified(&world, &receiver.heard()[0]).await;
    assert_eq!(claims.logged_out.sid(), claims_of(&tokens.id)["sid"].as_str());
}
