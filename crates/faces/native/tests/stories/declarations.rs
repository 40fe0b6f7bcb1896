//! Documents over the API: read, tried, applied.
//!
//! What a document can say is tested where it is planned.

use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use http::Method;
use serde_json::{Value, json};

use super::{ask, get, problem};

const PATH: &str = "/v1/declaration";

async fn declare(world: &World, body: Value) -> adieu_testkit::world::Reply {
    ask(world, Method::POST, PATH, Some(body)).await
}

const DORA: &str =
    "[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'dora'\npassword_env = 'DORA'\n";

/// Goal: an order that can't be carried out to its end changes nothing; one that can does it once.
#[tokio::test]
async fn a_document_is_applied_once() {
    let world = World::start().await;
    let tried = declare(&world, json!({"document": DORA, "dry_run": true})).await;
    let line = "+ user dora in /alpha";
    let plan = tried.json()["plan"].clone();
    assert!(plan.is_string(), "{}", tried.text);
    assert_eq!(
        tried.json(),
        json!({"changes": [line], "left": 1, "plan": plan, "secrets": [], "subscriber_secrets": [], "secrets_left": 0}),
        "{}",
        tried.text
    );
    let bare = declare(&world, json!({"document": DORA})).await;
    assert_eq!(problem(&bare), (422, "invalid".into()));
    assert!(bare.text.contains("the variable DORA is not set"), "the server looks into none: {}", bare.text);
    let passwords = json!([{"env": "DORA", "password": "Tea-at-five-o-clock"}]);
    let order = json!({"document": DORA, "passwords": passwords});
    let made = declare(&world, order.clone()).await.json();
    assert_eq!((&made["changes"], &made["left"]), (&json!([line]), &json!(0)));
    world.sign_on_kratos("dora", "Tea-at-five-o-clock").await;
    assert_eq!(declare(&world, order).await.json()["changes"], json!([]));

    let document = get(&world, &format!("{PATH}?realm=/alpha")).await["document"].clone();
    assert!(document.as_str().is_some_and(|text| text.contains("dora") && !text.contains("Tea-at")));
    let same = declare(&world, json!({"document": document, "prune": true})).await.json();
    assert_eq!(same["changes"], json!([]));
}

/// Goal: a document makes subscribers: a secret that is drawn is in the answer that made it and nowhere else, another system's token lies where
/// the document says, and an exported document changes nothing.
#[tokio::test]
async fn a_document_makes_subscribers() {
    let world = World::start().await;
    let document = "[[realms]]\npath = '/alpha'\n[[realms.subscribers]]\nid = 'audit'\nkind = 'webhook'\n\
        address = 'https://shop.example.test/hook'\n[[realms.subscribers]]\nid = 'other'\n\
        kind = 'global_token_revocation'\naddress = 'https://other.example.test/revoke'\n\
        subject_format = 'email'\nsecret_env = 'TOKEN'\n";
    let bare = declare(&world, json!({"document": document})).await;
    assert_eq!(problem(&bare), (422, "invalid".into()));
    assert!(bare.text.contains("the variable TOKEN is not set"), "{}", bare.text);
    let passwords = json!([{"env": "TOKEN", "password": "a-long-enough.token"}]);
    let made = declare(&world, json!({"document": document, "passwords": passwords})).await.json();
    let lines = ["+ subscriber audit in /alpha", "+ subscriber other in /alpha"];
    assert_eq!((&made["changes"], &made["secrets"]), (&json!(lines), &json!([])));
    let [secret] = &made["subscriber_secrets"].as_array().expect("a list")[..] else { panic!("{made}") };
    assert_eq!(secret["id"], "audit");
    let secret = secret["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_"), "{secret}");
    let exported = get(&world, &format!("{PATH}?realm=/alpha")).await["document"].clone();
    let text = exported.as_str().expect("a document");
    assert!(
        text.contains("[[realms.subscribers]]") && !text.contains(&secret) && !text.contains("long-enough")
    );
    let same = declare(&world, json!({"document": exported, "prune": true})).await.json();
    assert_eq!(same["changes"], json!([]));
    let none = "[[realms]]\npath = '/alpha'\nsubscribers = []";
    let pruned = declare(&world, json!({"document": none, "prune": true})).await.json();
    assert_eq!(pruned["changes"], json!(["- subscriber audit in /alpha", "- subscriber other in /alpha"]));
}

/// Goal: the plan that was shown is the plan that is carried out, by whoever names it, and once.
#[tokio::test]
async fn a_plan_that_was_shown_is_carried_out_once() {
    let world = World::start().await;
    let tried = declare(&world, json!({"document": DORA, "dry_run": true})).await.json();
    let path = format!("{PATH}/{}", tried["plan"].as_str().expect("a plan"));
    let passwords = json!({"passwords": [{"env": "DORA", "password": "Tea-at-five-o-clock"}]});
    // A password of no use, or none, spoils nothing: the plan is still there.
    let bare = ask(&world, Method::POST, &path, Some(json!({}))).await;
    assert_eq!(problem(&bare), (422, "invalid".into()));
    let short = json!({"passwords": [{"env": "DORA", "password": "short"}]});
    assert_eq!(problem(&ask(&world, Method::POST, &path, Some(short)).await), (422, "invalid".into()));
    let made = ask(&world, Method::POST, &path, Some(passwords.clone())).await.json();
    let line = "+ user dora in /alpha";
    assert_eq!(
        made,
        json!({"changes": [line], "left": 0, "plan": null, "secrets": [], "subscriber_secrets": [], "secrets_left": 0})
    );
    world.sign_on_kratos("dora", "Tea-at-five-o-clock").await;
    let again = ask(&world, Method::POST, &path, Some(passwords.clone())).await;
    assert_eq!(problem(&again), (404, "not-found".into()));

    // Nobody may come back to it after a quarter of an hour.
    let tried =
        declare(&world, json!({"document": DORA.replace("dora", "dan"), "dry_run": true})).await.json();
    world.clock().advance(adieu_authority::Span::from_s(15 * 60));
    let path = format!("{PATH}/{}", tried["plan"].as_str().expect("a plan"));
    let late = ask(&world, Method::POST, &path, Some(passwords)).await;
    assert_eq!(problem(&late), (404, "not-found".into()));
}

/// Goal: what can't be meant is refused with the reason, and by the kind that it is.
#[tokio::test]
async fn a_document_that_can_not_be_meant_is_refused() {
    let world = World::start().await;
    let clash =
        "[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'ivy'\nemail = 'bob@example.test'\n";
    let short = json!([{"env": "DORA", "password": "short"}]);
    let long = json!([{"file": "/dora", "password": "x".repeat(1025)}]);
    for (body, kind, says) in [
        (json!({"document": "realm = 1"}), (422, "invalid"), "did you mean"),
        (json!({"document": "[[realms]]\nid = 'x'"}), (422, "invalid"), "path"),
        (json!({"document": clash}), (409, "name-taken"), "taken by the user bob"),
        (json!({"document": DORA, "passwords": short}), (422, "invalid"), "at least 8 characters"),
        // One that nobody's document asks for is held to the same rules.
        (json!({"document": "", "passwords": short}), (422, "invalid"), "at least 8 characters"),
        (json!({"document": "", "passwords": long}), (422, "invalid"), "at most 1024 bytes"),
        (
            json!({"document": DORA, "passwords": [{"password": "12345678"}]}),
            (422, "invalid"),
            "one of env and file",
        ),
        (json!({}), (422, "invalid"), "document"),
    ] {
        let reply = declare(&world, body.clone()).await;
        let (status, word) = problem(&reply);
        assert_eq!((status, word.as_str()), kind, "{body}: {}", reply.text);
        assert!(reply.text.contains(says), "{says}: {}", reply.text);
    }
    let nowhere = ask(&world, Method::GET, &format!("{PATH}?realm=/nowhere"), None).await;
    assert_eq!(problem(&nowhere), (404, "not-found".into()));
}

/// Goal: what was made before a step that is refused is told, with the secrets that nobody shows again, however the plan is
/// carried out; whoever goes on with the rest hears the refusal.
/// Method: the document makes a client, then changes a user whom somebody else changes every time before.
#[tokio::test]
async fn what_was_made_before_a_refusal_is_told_with_its_secrets() {
    let mut world = World::start().await;
    world.with_failing_store().await.fail(Failure::Overtaken);
    for (client, shown_first) in [("till", false), ("scale", true)] {
        let document = format!(
            "[[realms]]\npath = '/alpha'\n[[realms.clients]]\nclient_id = '{client}'\n\
             grant_types = ['client_credentials']\n[[realms.users]]\nusername = 'bob'\nemail = '{client}@example.test'\n"
        );
        let tried = declare(&world, json!({"document": document, "dry_run": shown_first})).await.json();
        let told = match shown_first {
            false => tried,
            true => {
                let path = format!("{PATH}/{}", tried["plan"].as_str().expect("a plan"));
                ask(&world, Method::POST, &path, Some(json!({}))).await.json()
            }
        };
        assert_eq!(told["changes"], json!([format!("+ client {client} in /alpha")]), "{told}");
        assert_eq!(told["left"], 1);
        let id = client.parse().expect("an id");
        let made = world.authority().any_client(&id).await.expect("an answer").expect("a client");
        let secret = world.authority().secret_of(&made);
        assert_eq!(told["secrets"], json!([{"client_id": client, "client_secret": secret}]));
        let path = format!("{PATH}/{}", told["plan"].as_str().expect("a plan of the rest"));
        let rest = ask(&world, Method::POST, &path, Some(json!({}))).await;
        assert_eq!(problem(&rest), (409, "changed-meanwhile".into()));
        assert!(rest.text.contains("stopped at `~ user bob"), "{}", rest.text);
    }
}

/// Goal: what ends because of a document says who applied it, through which channel, and why.
#[tokio::test]
async fn what_a_document_ends_says_who_and_why() {
    let world = World::start().await;
    let password = world.variables()["pingone"]["password"].as_str().expect("a password").to_owned();
    world.sign_on_kratos("alice", &password).await;
    let off = "[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'alice'\nenabled = false\n";
    let tried = declare(&world, json!({"document": off, "dry_run": true})).await.json();
    let path = format!("{PATH}/{}", tried["plan"].as_str().expect("a plan"));
    let long = ask(&world, Method::POST, &path, Some(json!({"reason": "x".repeat(257)}))).await;
    assert_eq!(problem(&long), (422, "invalid".into()));
    let done = ask(&world, Method::POST, &path, Some(json!({"reason": "left the company"}))).await.json();
    assert_eq!(done["left"], 0);
    let path = format!("/v1/users/{}/sessions", world.data.alice.id);
    let ending = get(&world, &path).await["items"][0]["ending"].clone();
    let said =
        ["cause", "reason", "channel"].map(|name| ending[name].as_str().unwrap_or_default().to_owned());
    assert_eq!(said, ["user_disabled", "left the company", "native"], "{ending}");
}
