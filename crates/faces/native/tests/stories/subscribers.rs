//! Subscribers over the API: made, shown without their secrets, changed, given another, removed; and what their receipts say.
//!
//! Nobody listens where the notices of these stories go.

use adieu_testkit::World;
use http::Method;
use serde_json::{Value, json};

use super::{alice, ask, end, get, problem};

/// A port at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/hook";

fn all_of(world: &World) -> String {
    format!("/v1/realms/{}/subscribers", world.data.realm.id)
}

async fn made(world: &World, body: Value) -> Value {
    let reply = ask(world, Method::POST, &all_of(world), Some(body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let mut shown = reply.json();
    let secret = shown.as_object_mut().expect("an object").remove("secret");
    assert_eq!(get(world, reply.header("location")).await, shown);
    shown["secret"] = secret.expect("it stands there, if it is null");
    shown
}

/// Goal: EMPTY-HANDS: the secret that was drawn for a web hook is shown once, and one that was brought never; changes, rotations and the
/// removal do what they say.
#[tokio::test]
async fn a_web_hook_shows_its_secret_once() {
    let world = World::start().await;
    let audit = made(&world, json!({"id": "audit", "kind": "webhook", "address": NOBODY})).await;
    let secret = audit["secret"].as_str().expect("it was drawn").to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    assert_eq!(
        (&audit["enabled"], &audit["causes"], &audit["issuer"]),
        (&json!(true), &json!([]), &Value::Null)
    );
    let brought = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let own = json!({"kind": "webhook", "address": NOBODY, "secret": brought, "causes": ["idle", "expired"], "enabled": false});
    let own = made(&world, own).await;
    assert_eq!((&own["secret"], &own["causes"]), (&Value::Null, &json!(["idle", "expired"])));
    let listed = get(&world, &all_of(&world)).await;
    assert_eq!(listed["items"].as_array().expect("a list").len(), 2);
    assert!(!listed.to_string().contains(&secret) && !listed.to_string().contains(brought));
    let taken = json!({"id": "audit", "kind": "webhook", "address": NOBODY});
    let again = ask(&world, Method::POST, &all_of(&world), Some(taken)).await;
    assert_eq!(problem(&again), (409, "name-taken".into()));

    let path = "/v1/subscribers/audit";
    let change =
        json!({"causes": ["sign_off"], "enabled": false, "address": "https://shop.example.test/hook"});
    let changed = ask(&world, Method::PATCH, path, Some(change)).await.json();
    assert_eq!((&changed["causes"], &changed["enabled"]), (&json!(["sign_off"]), &json!(false)));
    let rotate = async |body: Value| ask(&world, Method::POST, &format!("{path}/secret"), Some(body)).await;
    let rotated = rotate(json!({"overlap_s": 60})).await.json();
    assert!(rotated["previous_secret_until"].is_string());
    assert_ne!(rotated["secret"], json!(secret));
    let early = rotate(json!({})).await;
    assert_eq!(problem(&early), (409, "earlier-secret-counts".into()), "{}", early.text);
    let at_once = rotate(json!({"overlap_s": 0, "secret": brought})).await.json();
    assert_eq!((&at_once["previous_secret_until"], &at_once["secret"]), (&Value::Null, &Value::Null));
    for bad in [
        json!({"overlap_s": -1}),
        json!({"overlap_s": 7_776_001}),
        json!({"secret": "whsec_"}),
        json!({"secret": "abc"}),
    ] {
        assert_eq!(problem(&rotate(bad.clone()).await), (422, "invalid".into()), "{bad}");
    }
    for bad in [
        json!({"address": "nonsense"}),
        json!({"address": "https://shop.example.test/#part"}),
        json!({"causes": ["boredom"]}),
        json!({"causes": ["idle", "idle"]}),
        json!({"subject_format": "opaque"}),
        json!({"kind": "webhook"}),
        json!({"secret": brought}),
    ] {
        let reply = ask(&world, Method::PATCH, path, Some(bad.clone())).await;
        assert_eq!(problem(&reply), (422, "invalid".into()), "{bad}");
    }
    assert_eq!(ask(&world, Method::DELETE, path, None).await.status, 204);
    assert_eq!(ask(&world, Method::GET, path, None).await.status, 404);
    assert_eq!(ask(&world, Method::DELETE, path, None).await.status, 404);
}

/// S-GTR-1, S-GTR-3, S-GTR-8: another system is called with the bearer token that was brought, over https, and told of people by the name
/// that it knows.
#[tokio::test]
async fn another_system_brings_its_token_and_says_how_it_knows_people() {
    let world = World::start().await;
    let address = "https://other.example.test/revoke";
    let gtr = |more: Value| {
        let mut body = json!({"kind": "global_token_revocation", "address": address, "secret": "a.token-1", "subject_format": "opaque"});
        for (name, value) in more.as_object().expect("members") {
            match value {
                Value::Null => drop(body.as_object_mut().expect("an object").remove(name)),
                value => body[name] = value.clone(),
            }
        }
        body
    };
    let issuer = json!({"id": "other", "subject_format": "iss_sub", "issuer": "https://id.example.test"});
    let other = made(&world, gtr(issuer)).await;
    assert_eq!((&other["secret"], &other["causes"]), (&Value::Null, &Value::Null));
    assert_eq!(other["subject_format"], "iss_sub");
    for bad in [
        json!({"secret": null}),
        json!({"secret": "two words"}),
        json!({"secret": "a\r\nHost: evil.test"}),
        json!({"subject_format": null}),
        json!({"subject_format": "phone_number"}),
        json!({"subject_format": "iss_sub"}),
        json!({"issuer": "https://id.example.test"}),
        json!({"subject_format": "iss_sub", "issuer": "nobody"}),
        json!({"causes": []}),
        json!({"kind": "mail"}),
        json!({"address": "http://other.example.test/revoke"}),
        json!({"id": "a/b"}),
        json!({"id": ""}),
    ] {
        let reply = ask(&world, Method::POST, &all_of(&world), Some(gtr(bad.clone()))).await;
        assert_eq!(problem(&reply), (422, "invalid".into()), "{bad}");
        assert!(!reply.text.contains("evil"), "{}", reply.text);
    }
    let path = "/v1/subscribers/other";
    let change = json!({"subject_format": "email", "issuer": null});
    let changed = ask(&world, Method::PATCH, path, Some(change)).await.json();
    assert_eq!((&changed["subject_format"], &changed["issuer"]), (&json!("email"), &Value::Null));
    let rotate = async |body: Value| ask(&world, Method::POST, &format!("{path}/secret"), Some(body)).await;
    assert_eq!(rotate(json!({"secret": "another"})).await.json()["secret"], Value::Null);
    for bad in [json!({}), json!({"secret": "another", "overlap_s": 60})] {
        assert_eq!(problem(&rotate(bad).await), (422, "invalid".into()));
    }
    // EMPTY-HANDS: the token goes to the place for which it was brought.
    let elsewhere = "https://evil.test/revoke";
    let moved = async |body: Value| ask(&world, Method::PATCH, path, Some(body)).await;
    let refused = moved(json!({"address": elsewhere})).await;
    assert_eq!(problem(&refused), (422, "invalid".into()));
    assert!(refused.json()["detail"].as_str().expect("a text").starts_with("secret: "), "{}", refused.text);
    for bad in ["", "two words"] {
        assert_eq!(moved(json!({"address": elsewhere, "secret": bad})).await.status, 422);
    }
    assert_eq!(moved(json!({"address": "https://other.example.test/anew"})).await.status, 200);
    let anew = moved(json!({"address": elsewhere, "secret": "a.token-2"})).await;
    assert_eq!((anew.status.as_u16(), &anew.json()["address"]), (200, &json!(elsewhere)));
    assert!(!anew.text.contains("a.token-2"));
    let hook = made(&world, json!({"kind": "webhook", "address": NOBODY})).await;
    let of_hook = format!("/v1/subscribers/{}", hook["id"].as_str().expect("a name"));
    let brought = json!({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
    let rotates = ask(&world, Method::PATCH, &of_hook, Some(brought)).await;
    assert_eq!(problem(&rotates), (422, "invalid".into()), "it is changed by a rotation");
    assert_eq!(ask(&world, Method::DELETE, &of_hook, None).await.status, 204);
    // HOME-LIMITS: a realm has its fill.
    for n in 1..32 {
        made(&world, gtr(json!({"id": format!("other-{n}")}))).await;
    }
    let full = ask(&world, Method::POST, &all_of(&world), Some(gtr(json!({"id": "one-more"})))).await;
    assert_eq!(problem(&full), (422, "invalid".into()));
}

/// Goal: a receipt names its subscriber and the kind of it; so does the list of receivers, also when the subscriber is gone.
#[tokio::test]
async fn receipts_name_their_subscribers() {
    let world = World::start().await;
    made(&world, json!({"id": "audit", "kind": "webhook", "address": NOBODY})).await;
    let other = json!({"id": "other", "kind": "global_token_revocation", "address": NOBODY, "secret": "t", "subject_format": "opaque"});
    made(&world, other).await;
    let (_, session) = alice(&world).await;
    let one = end(&world, json!({"session": session})).await.json()["id"].as_str().expect("an id").to_owned();
    let (user, _) = (world.data.alice.id.to_string(), alice(&world).await);
    let all = end(&world, json!({"user": user})).await.json()["id"].as_str().expect("an id").to_owned();
    world.server().outbox(world.config()).expect("an outbox").tell_due().await.expect("a round");
    let receipts = async |ending: &str| -> Vec<(Value, Value, Value, Value)> {
        let shown = get(&world, &format!("/v1/endings/{ending}")).await;
        let each = |one: &Value| {
            (one["client"].clone(), one["subscriber"].clone(), one["kind"].clone(), one["sub"].clone())
        };
        shown["notices"]["receipts"].as_array().expect("a list").iter().map(each).collect()
    };
    let hook = (Value::Null, json!("audit"), json!("webhook"), Value::Null);
    assert_eq!(receipts(&one).await, std::slice::from_ref(&hook));
    let revocation = (Value::Null, json!("other"), json!("global_token_revocation"), json!(user));
    assert_eq!(receipts(&all).await, [hook, revocation]);
    let first = get(&world, &format!("/v1/endings/{all}?limit=1")).await["notices"].clone();
    let next = first["next"].as_str().expect("there is more").to_owned();
    let rest = get(&world, &format!("/v1/endings/{all}?limit=1&after={next}")).await;
    assert_eq!(rest["notices"]["receipts"][0]["subscriber"], "other");
    let receivers = async || -> Vec<(Value, Value)> {
        let shown = get(&world, "/v1/receivers").await;
        let all = shown["items"].as_array().expect("a list").iter();
        all.map(|one| (one["subscriber"].clone(), one["kind"].clone())).collect()
    };
    let known = [(json!("audit"), json!("webhook")), (json!("other"), json!("global_token_revocation"))];
    assert_eq!(receivers().await, known);
    ask(&world, Method::DELETE, "/v1/subscribers/audit", None).await;
    assert_eq!(receivers().await[0], (json!("audit"), Value::Null));
    ask(&world, Method::POST, &format!("/v1/endings/{one}/retry"), None).await;
    world.server().outbox(world.config()).expect("an outbox").tell_due().await.expect("a round");
    let gone = get(&world, &format!("/v1/endings/{one}")).await["notices"].clone();
    let receipt = &gone["receipts"][0];
    assert_eq!((&receipt["state"], &gone["settled"]), (&json!("cannot_be_told"), &json!(true)));
    assert_eq!(receipt["last_answer"]["outcome"], "no_address");
}
