//! Subscribers hear of endings: web hooks in signed calls, other systems by an order to revoke.
//!
//! The receiver is a server of the tests' own on a real socket; in one story a published library verifies what it is sent.

use std::process::Stdio;

use adieu_authority::{CredentialRotation, NewSubscriber, Span, SubjectForm, SubscriberKind};
use adieu_testkit::World;
use adieu_token::web_hook::HookSecret;
use http::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::command::client;
use super::receiver::{Answers, Heard, Receiver};
use super::{receipts, tell};
use crate::clients::{packages, root};
use crate::commands::{run, write};
use crate::one_session::{Dialect, Exit, Programs};
use crate::running::{Running, at_free_ports, sign_on};
use crate::shipped::free_address;

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(super) async fn subscribe(
    world: &World,
    id: &str,
    kind: SubscriberKind,
    to: &Receiver,
    credential: &str,
) {
    let new = NewSubscriber {
        id: id.parse().expect("a name"),
        kind,
        address: to.address("/told?a=b"),
        enabled: true,
        credential: Some(credential.into()),
    };
    world.authority().create_subscriber(world.data.realm.id, new).await.expect("made");
}

async fn hooked(world: &World, to: &Receiver) {
    subscribe(world, "audit", SubscriberKind::Webhook { causes: vec![] }, to, SECRET).await;
}

/// The event of a call, whose signatures are these secrets'.
fn event(heard: &Heard, secrets: &[&str], now_s: i64) -> Value {
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/told?a=b"));
    assert_eq!(heard.content_type, "application/json");
    let (id, timestamp) = (heard.header("webhook-id"), heard.header("webhook-timestamp"));
    assert_eq!(timestamp, now_s.to_string());
    let signed =
        |secret: &&str| HookSecret::read(secret).expect("a secret").signature(&id, now_s, &heard.body);
    let expected: Vec<String> = secrets.iter().map(signed).collect();
    assert_eq!(heard.header("webhook-signature"), expected.join(" "));
    let event: Value = serde_json::from_str(&heard.body).expect("JSON");
    assert_eq!(event["data"]["id"], json!(id));
    event
}

/// Goal: whichever dialect ends a session in which nobody took part, the web hook of its realm is called once, with what the native API
/// says of the ending; and the ending has its receipt.
#[tokio::test]
async fn a_web_hook_hears_of_an_ending_through_any_exit() {
    let receiver = Receiver::start().await;
    let world = World::start().await;
    hooked(&world, &receiver).await;
    for exit in
        [Exit::PingOneSignOff, Exit::PingOneReset, Exit::PingOneDelete, Exit::AmLogout, Exit::KratosLogout]
    {
        let token = Programs::of(&world).sign_on(Dialect::Kratos).await;
        receiver.answers([Answers::Status(202)]);
        Programs::of(&world).end(exit, &token).await;
        assert_eq!(receiver.heard().len(), 0, "{exit:?}: nothing is sent on the way of the answer");
        assert_eq!((tell(&world).await, tell(&world).await), (1, 0), "{exit:?}");
        let heard = receiver.heard();
        let [heard] = &heard[..] else { panic!("{exit:?}: {heard:?}") };
        let event = event(heard, &[SECRET], world.authority().now().s());
        let newest = world.admin(Method::GET, "/v1/endings?limit=1").send().await.json()["items"][0].clone();
        assert_eq!(event["type"], "session.ended", "{exit:?}");
        for member in ["id", "realm", "reach", "session", "user", "client", "spared"] {
            assert_eq!(event["data"][member], newest[member], "{exit:?} {member}");
        }
        for member in ["at", "cause", "actor", "reason", "channel"] {
            assert_eq!(event["data"]["ending"][member], newest["ending"][member], "{exit:?} {member}");
        }
        assert_eq!(
            (&event["timestamp"], event["data"]["ending"].get("address")),
            (&newest["ending"]["at"], None)
        );
        let notices = receipts(&world).await;
        assert_eq!(
            (&notices["settled"], &notices["counts"]["confirmed"]),
            (&json!(true), &json!(1)),
            "{notices}"
        );
    }
}

/// Goal: whoever must prove that tokens were revoked, too, sees it: the web hook and the native API call the same ending `total`.
#[tokio::test]
async fn a_web_hook_hears_that_all_was_revoked() {
    let receiver = Receiver::start().await;
    let world = World::start().await;
    hooked(&world, &receiver).await;
    for (grants, reach) in [(false, "user"), (true, "total")] {
        let order = json!({"user": world.data.alice.id.to_string(), "grants": grants});
        let ended = world.admin(Method::POST, "/v1/endings").json(&order).send().await;
        assert_eq!(ended.status, 200, "{}", ended.text);
        tell(&world).await;
        let heard = receiver.heard();
        let event = event(heard.last().expect("it is called"), &[SECRET], world.authority().now().s());
        let newest = world.admin(Method::GET, "/v1/endings?limit=1").send().await.json()["items"][0].clone();
        assert_eq!((&event["type"], &event["data"]["reach"]), (&json!("user.sessions.ended"), &json!(reach)));
        assert_eq!(newest["reach"], reach);
    }
}

/// Goal: a try that failed is made again with the same id and body, signed anew, by both secrets during a rotation; what a receiver
/// answers costs no more than its bound, and no redirect is followed.
#[tokio::test]
async fn a_call_is_tried_again_with_the_same_id_and_signed_anew() {
    let receiver = Receiver::start().await;
    let world = World::start().await;
    hooked(&world, &receiver).await;
    let token = Programs::of(&world).sign_on(Dialect::Am).await;
    let elsewhere = receiver.address("/elsewhere");
    receiver.answers([
        Answers::Status(400),
        Answers::Redirect(elsewhere),
        Answers::Garbage,
        Answers::Status(401),
        Answers::Endless,
    ]);
    Programs::of(&world).end(Exit::AmLogout, &token).await;
    let mut secrets = vec![SECRET.to_owned()];
    for tried in 1..=5_usize {
        if tried == 4 {
            let rotation = CredentialRotation { overlap: Some(Span::from_s(3600)), ..Default::default() };
            let id = "audit".parse().expect("a name");
            let rotated = world.authority().rotate_credential(&id, rotation).await.expect("rotated");
            secrets.insert(0, rotated.secret.expect("it was drawn"));
        }
        tell(&world).await;
        let heard = receiver.heard();
        assert_eq!(heard.len(), tried, "{heard:?}");
        let all: Vec<&str> = secrets.iter().map(String::as_str).collect();
        event(&heard[tried - 1], &all, world.authority().now().s());
        let same = |of: fn(&Heard) -> String| heard.iter().map(of).all(|one| one == of(&heard[0]));
        assert!(same(|one| one.header("webhook-id")) && same(|one| one.body.clone()));
        world.wait_s(60);
    }
    let notices = receipts(&world).await;
    let receipt = &notices["receipts"][0];
    assert_eq!((&receipt["state"], &receipt["tries"]), (&json!("confirmed"), &json!(5)), "{notices}");
    assert_eq!(receipt["last_answer"]["said"].as_str().map(str::len), Some(2048));
    // Once the overlap is over, only the new secret signs.
    world.wait_s(3600);
    let token = Programs::of(&world).sign_on(Dialect::Am).await;
    receiver.answers([Answers::Status(410)]);
    Programs::of(&world).end(Exit::AmLogout, &token).await;
    tell(&world).await;
    event(&receiver.heard()[0], &[&secrets[0]], world.authority().now().s());
    assert_eq!(receipts(&world).await["counts"]["refused"], 1);
}

/// S-GTR-1, S-GTR-3, S-GTR-8, S-UL-5: another system is told of a user once all sessions are over, in the form of the draft, with its bearer
/// token; one that knows nobody of that name has refused, and is asked about others all the same.
#[tokio::test]
async fn another_system_is_told_to_revoke_what_a_user_has() {
    let receiver = Receiver::start().await;
    let world = World::start().await;
    let issuer = "https://id.example.test".to_owned();
    for subject in [SubjectForm::Email, SubjectForm::IssSub { issuer }, SubjectForm::Opaque] {
        let (id, kind) = (subject.word(), SubscriberKind::GlobalTokenRevocation { subject });
        subscribe(&world, id, kind, &receiver, "t0ken").await;
    }
    let token = Programs::of(&world).sign_on(Dialect::Kratos).await;
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    assert_eq!(tell(&world).await, 0, "of one session it is told nothing");
    let end = async || {
        let order = json!({"user": world.data.alice.id.to_string()});
        world.admin(Method::POST, "/v1/endings").json(&order).send().await
    };
    receiver.answers([Answers::Status(200)]);
    end().await;
    assert_eq!(tell(&world).await, 3);
    let mut bodies: Vec<Value> = Vec::new();
    for heard in receiver.heard() {
        assert_eq!((heard.method.as_str(), heard.content_type.as_str()), ("POST", "application/json"));
        assert_eq!(heard.header("authorization"), "Bearer t0ken");
        bodies.push(serde_json::from_str(&heard.body).expect("JSON"));
    }
    let (sub, email) = (world.data.alice.id.to_string(), world.data.alice.email.clone());
    bodies.sort_by_key(|body| body["sub_id"]["format"].to_string());
    let expected = [
        json!({"sub_id": {"format": "email", "email": email}}),
        json!({"sub_id": {"format": "iss_sub", "iss": "https://id.example.test", "sub": sub}}),
        json!({"sub_id": {"format": "opaque", "id": sub}}),
    ];
    assert_eq!(bodies, expected);
    assert_eq!(receipts(&world).await["counts"]["confirmed"], 3);
    receiver.answers([Answers::Status(404), Answers::Status(404), Answers::Status(422)]);
    end().await;
    tell(&world).await;
    let refused = receipts(&world).await;
    assert_eq!((&refused["counts"]["refused"], &refused["settled"]), (&json!(3), &json!(true)), "{refused}");
    let receivers = world.admin(Method::GET, "/v1/receivers").send().await.json();
    assert!(
        receivers["items"].as_array().expect("a list").iter().all(|one| one["failures"] == 0),
        "{receivers}"
    );
}

/// Goal: the sample of `docs/notices.md`, on a published library of Standard Webhooks, takes what is sent and nothing else; the command
/// that made the web hook gave its secret away once, and `end --wait` names it.
#[tokio::test(flavor = "multi_thread")]
async fn a_published_library_verifies_what_a_web_hook_is_sent() {
    let page = std::fs::read_to_string(root().join("docs/notices.md")).expect("the page");
    let sample = page.split_once("`hook.py`:\n\n```python\n").expect("the sample").1;
    let sample = sample.split_once("\n```").expect("its end").0;
    let (folder, mut config) = (tempfile::tempdir().expect("a folder"), at_free_ports());
    std::fs::write(folder.path().join("hook.py"), sample).expect("a file");
    let server = Running::in_folder(config.clone()).await;
    config.data = server.folder.path().into();
    config.admin.url = format!("http://{}", server.admin);
    let file = write(&config, folder.path());
    let (at, secrets) = (free_address().await, folder.path().join("audit.secret"));
    let address = format!("http://{at}/hook");
    let to = secrets.to_str().expect("text");
    let made = run(&file, &["subscriber", "add", "audit", "--address", &address, "--secrets-to", to]).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let secret = std::fs::read_to_string(&secrets).expect("the secret");
    let secret = secret.trim().strip_prefix("audit ").expect("a name and a secret").to_owned();
    assert!(!made.out.contains(&secret) && !made.err.contains(&secret));
    let (_, port) = at.rsplit_once(':').expect("a port");
    let mut application = Command::new("python3")
        .arg(folder.path().join("hook.py"))
        .env("PYTHONPATH", packages().join("python"))
        .env("SECRET", &secret)
        .env("PORT", port)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("python3");
    let client = client();
    let up = async {
        while client.get(&address).send().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::running::STALL, up).await.expect("it listens");
    let forged = client.post(&address).header("webhook-id", "x").header("webhook-timestamp", "1");
    let forged = forged.header("webhook-signature", "v1,AAAA").body("{}").send().await.expect("an answer");
    assert_eq!(forged.status(), 401);
    let session = sign_on(server.public, &[]).await;
    let session = session["session"]["id"].as_str().expect("an id").to_owned();
    let ended = run(&file, &["end", "--session", &session, "--wait", "20s"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.contains("webhook audit: confirmed after "), "{}", ended.err);
    application.kill().await.expect("it ends");
    let mut said = String::new();
    application.stdout.take().expect("its output").read_to_string(&mut said).await.expect("text");
    let line = said.lines().find(|line| line.starts_with("session.ended ")).expect("what it heard");
    assert!(line.contains(&session) && line.ends_with(" administrator"), "{line}");
    let shown = run(&file, &["subscriber", "show", "audit"]).await;
    assert!(shown.out.contains(&address) && !shown.out.contains("whsec_"), "{}", shown.out);
    let removed = run(&file, &["subscriber", "remove", "audit", "--yes"]).await;
    assert_eq!(removed.code, 0, "{}", removed.err);
    assert_eq!(run(&file, &["subscriber", "show", "audit"]).await.code, 3);
}
