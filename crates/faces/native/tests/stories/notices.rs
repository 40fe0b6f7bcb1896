//! Notices over the API: shown with their ending, retried, given up; receivers and how they do.
//!
//! Nobody listens where the notices of these stories go.

use adieu_authority::CodeOrder;
use adieu_testkit::World;
use http::Method;
use serde_json::{Value, json};

use super::{alice, ask, end, get, problem};

/// A port at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/out";

/// A session of Alice's in which the application takes part; its id.
async fn shared(world: &World) -> String {
    let (_, id) = alice(world).await;
    let session = id.parse().expect("an id");
    let found = world.authority().session_by_id(session, false).get().await.expect("an answer");
    let client = world.authority().client(world.data.realm.id, &world.data.app.id).await;
    let order = CodeOrder {
        session: found.expect("there").session,
        client: client.expect("an answer").expect("the client"),
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
    world.authority().issue_code(order).await.expect("a code");
    id
}

async fn tell(world: &World) {
    let outbox = world.server().outbox(world.config()).expect("an outbox");
    outbox.tell_due().await.expect("a round");
}

async fn notices(world: &World, ending: &str) -> Value {
    get(world, &format!("/v1/endings/{ending}")).await["notices"].clone()
}

/// Goal: an administrator sees who is not told and how that client does, has it tried again, and gives it up.
#[tokio::test]
async fn notices_are_shown_retried_and_given_up() {
    let world = World::start().await;
    let client = format!("/v1/clients/{}", world.data.app.id);
    let change = json!({"backchannel_logout_uri": NOBODY, "backchannel_logout_session_required": true});
    let shown = ask(&world, Method::PATCH, &client, Some(change)).await.json();
    assert_eq!((&shown["backchannel_logout_uri"]), &json!(NOBODY), "{shown}");
    let session = shared(&world).await;
    let ending = end(&world, json!({"session": session, "wait_s": 0})).await.json();
    assert_eq!(ending["notices"]["complete"], false, "nobody tells: {ending}");
    let ending = ending["id"].as_str().expect("an id").to_owned();
    let known = get(&world, "/v1/receivers").await;
    assert_eq!(
        (&known["items"][0]["address"], &known["items"][0]["pending"], &known["items"][0]["last_failure"]),
        (&json!(NOBODY), &json!(0), &json!(null)),
        "it is listed before it was told of anything: {known}"
    );
    tell(&world).await;
    let pending = notices(&world, &ending).await;
    let receipt = &pending["receipts"][0];
    assert_eq!((&pending["complete"], &pending["settled"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&receipt["state"], &receipt["tries"], &receipt["sid"]),
        (&json!("pending"), &json!(1), &json!(session))
    );
    assert_eq!(receipt["last_answer"]["outcome"], "unreachable");
    assert_eq!((&receipt["waits"], &receipt["ailing_since"]), (&json!("later"), &json!(null)), "{receipt}");
    assert!(receipt["next_try_at"].is_string(), "{receipt}");
    // Decision 0086: while a restore is tried it waits for nothing that comes by itself.
    world.authority().hold_notices(true);
    let held = notices(&world, &ending).await["receipts"][0].clone();
    assert_eq!((&held["waits"], &held["next_try_at"]), (&json!("held"), &json!(null)), "{held}");
    world.authority().hold_notices(false);
    let receivers = get(&world, "/v1/receivers").await;
    let one = &receivers["items"][0];
    assert_eq!((&one["pending"], &one["failures"]), (&json!(1), &json!(1)), "{receivers}");
    assert_eq!((&one["last_failure"], &one["ailing"]), (&json!("unreachable"), &json!(false)));
    let order = async |verb: &str| {
        ask(&world, Method::POST, &format!("/v1/endings/{ending}/{verb}"), None).await.json()["notices"]
            .clone()
    };
    assert_eq!(order("retry").await, 1);
    tell(&world).await;
    assert_eq!(notices(&world, &ending).await["receipts"][0]["tries"], 2);
    assert_eq!((order("give-up").await, order("give-up").await), (json!(1), json!(0)));
    let given_up = notices(&world, &ending).await;
    assert_eq!((&given_up["counts"]["given_up"], &given_up["settled"]), (&json!(1), &json!(true)));
    assert_eq!(order("retry").await, 1, "and tried once more");
    let after = "/v1/endings?limit=1";
    assert_eq!(get(&world, after).await["items"][0]["id"], json!(ending));
    for path in ["retry", "give-up"] {
        let unknown = format!("/v1/endings/00000000-0000-4000-8000-000000000000/{path}");
        let reply = ask(&world, Method::POST, &unknown, None).await;
        assert_eq!(problem(&reply), (404, "not-found".into()));
    }
    let too_long =
        ask(&world, Method::POST, "/v1/endings", Some(json!({"session": session, "wait_s": 61}))).await;
    assert_eq!(problem(&too_long), (422, "invalid".into()));
    let wrong = ask(&world, Method::PATCH, &client, Some(json!({"backchannel_logout_uri": "/out"}))).await;
    assert_eq!(problem(&wrong), (422, "invalid".into()), "S-BCL-3");
}

/// The events of a stream, as name and data.
fn events(text: &str) -> Vec<(String, Value)> {
    let each = text.split("\n\n").filter(|event| event.starts_with("event: "));
    let read = each.map(|event| {
        let (name, data) = event["event: ".len()..].split_once("\ndata: ").expect("a name and data");
        (name.to_owned(), serde_json::from_str(data).expect("JSON"))
    });
    read.collect()
}

/// Goal: who follows an ending hears of each notice when something comes of it, and nothing more once all are settled; that is bounded in
/// time and in number.
#[tokio::test]
async fn an_ending_is_followed_until_nothing_more_comes() {
    let world = World::start().await;
    let client = format!("/v1/clients/{}", world.data.app.id);
    ask(&world, Method::PATCH, &client, Some(json!({"backchannel_logout_uri": NOBODY}))).await;
    let session = shared(&world).await;
    let ending =
        end(&world, json!({"session": session})).await.json()["id"].as_str().expect("an id").to_owned();
    let follow =
        |wait_s: u32| world.admin(Method::GET, &format!("/v1/endings/{ending}/events?wait_s={wait_s}"));
    let untold = follow(0).send().await;
    assert_eq!((untold.status.as_u16(), untold.header("content-type")), (200, "text/event-stream"));
    let [(name, counts)] = &events(&untold.text)[..] else { panic!("{}", untold.text) };
    assert_eq!((name.as_str(), &counts["complete"]), ("notices", &json!(false)));

    let following = tokio::spawn(follow(30).send());
    tell(&world).await;
    let pending = async {
        while events(&follow(0).send().await.text)[0].1["tries"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    pending.await;
    ask(&world, Method::POST, &format!("/v1/endings/{ending}/give-up"), None).await;
    let told = following.await.expect("it ends by itself");
    let told = events(&told.text);
    let (last, receipts) = told.split_last().expect("events");
    assert_eq!((last.0.as_str(), &last.1["settled"]), ("notices", &json!(true)), "{told:?}");
    assert_eq!(last.1["counts"]["given_up"], 1);
    assert!(receipts.iter().all(|(name, receipt)| name == "receipt" && receipt["client"].is_string()));
    assert_eq!(receipts.last().expect("one").1["state"], "given_up");
    let again = events(&follow(30).send().await.text);
    assert_eq!(
        (again.len(), &again[0].1["state"]),
        (2, &json!("given_up")),
        "who comes late is told at once"
    );

    let session = shared(&world).await;
    let other =
        end(&world, json!({"session": session})).await.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/endings/{other}/events");
    let mut many: Vec<_> = (0..64).map(|_| tokio::spawn(world.admin(Method::GET, &path).send())).collect();
    let refused = async {
        loop {
            // One of the others may have been refused because of this one.
            many.push(tokio::spawn(world.admin(Method::GET, &path).send()));
            let reply = world.admin(Method::GET, &format!("{path}?wait_s=0")).send().await;
            if reply.status != 200 {
                return reply;
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(problem(&refused.await), (429, "busy".into()));
    many.iter().for_each(tokio::task::JoinHandle::abort);
    for one in many {
        drop(one.await);
    }
    assert_eq!(world.admin(Method::GET, &format!("{path}?wait_s=0")).send().await.status, 200);
    for wrong in ["3601", "-1", "soon", ""] {
        let reply = world.admin(Method::GET, &format!("{path}?wait_s={wrong}")).send().await;
        assert_eq!(problem(&reply), (400, "malformed".into()), "{wrong}");
    }
    let nobody = "/v1/endings/00000000-0000-4000-8000-000000000000/events";
    assert_eq!(problem(&world.admin(Method::GET, nobody).send().await), (404, "not-found".into()));
}

/// Goal: of a receiver that is ailing it is said since when, and when it is asked again; no next try lies in the past, and one that is
/// confirmed, refused or given up waits for nothing.
#[tokio::test]
async fn an_ailing_receiver_is_called_that() {
    let world = World::start().await;
    let client = format!("/v1/clients/{}", world.data.app.id);
    ask(&world, Method::PATCH, &client, Some(json!({"backchannel_logout_uri": NOBODY}))).await;
    let first = shared(&world).await;
    end(&world, json!({"session": first})).await;
    tell(&world).await;
    let since = get(&world, "/v1/receivers").await["items"][0]["failing_since"].clone();
    world.wait_s(1000);
    tell(&world).await;
    let second = shared(&world).await;
    let ending = end(&world, json!({"session": second, "wait_s": 0})).await.json();
    let ending = ending["id"].as_str().expect("an id").to_owned();
    tell(&world).await;
    let waiting = async || notices(&world, &ending).await["receipts"][0].clone();
    let shown = waiting().await;
    assert_eq!(
        (&shown["waits"], &shown["ailing_since"], &shown["tries"]),
        (&json!("ailing"), &since, &json!(0))
    );
    let listed = get(&world, "/v1/receivers").await["items"][0].clone();
    assert_eq!(
        (&listed["ailing"], &listed["asked_again_at"]),
        (&json!(true), &shown["next_try_at"]),
        "{shown} {listed}"
    );
    assert!(shown["next_try_at"].is_string(), "{shown}");
    world.wait_s(301);
    let due = waiting().await;
    assert_eq!(
        (&due["waits"], &due["next_try_at"]),
        (&json!("ailing"), &json!(null)),
        "it is asked now: {due}"
    );
    ask(&world, Method::POST, &format!("/v1/endings/{ending}/give-up"), None).await;
    let over = waiting().await;
    assert_eq!((&over["waits"], &over["ailing_since"]), (&json!(null), &json!(null)));
}
