//! Upstream providers over the API and in documents: made, shown without their secret, changed, linked, removed, bounded.
//!
//! Nobody signs on here: that is told in the stories of the whole server.

use adieu_testkit::World;
use http::Method;
use serde_json::{Value, json};

use super::{ask, problem};

fn corp(name: &str) -> Value {
    json!({"name": name, "issuer": "https://id.corp.test", "client_id": "adieu", "client_secret": "hush-hush"})
}

/// Goal: a provider is made, listed, read, changed and removed; its secret is shown by no answer, and lies sealed.
#[tokio::test]
async fn a_provider_is_made_and_its_secret_is_never_shown() {
    let world = World::start().await;
    let realm = world.data.realm.id;
    let list = format!("/v1/realms/{realm}/upstreams");
    let made = ask(&world, Method::POST, &list, Some(corp("corp"))).await;
    let path = made.header("location").to_owned();
    assert_eq!((made.status.as_u16(), &*path), (201, &*format!("/v1/upstreams/{realm}.corp")));
    assert_eq!(made.json()["path"], "/o/alpha/upstream/corp");
    assert_eq!(made.json()["scopes"], json!(["openid", "profile", "email"]));
    assert_eq!((&made.json()["creates_users"], &made.json()["has_secret"]), (&json!(false), &json!(true)));
    let twice = ask(&world, Method::POST, &list, Some(corp("corp"))).await;
    assert_eq!(problem(&twice), (409, "name-taken".into()));

    let change = json!({"title": "Corp", "creates_users": true, "email_claim": null, "enabled": false});
    let changed = ask(&world, Method::PATCH, &path, Some(change)).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["title"]), (200, &json!("Corp")));
    assert_eq!((&changed.json()["email_claim"], &changed.json()["enabled"]), (&Value::Null, &json!(false)));
    let without = ask(&world, Method::PATCH, &path, Some(json!({"client_secret": null}))).await;
    assert_eq!(without.json()["has_secret"], false);
    ask(&world, Method::PATCH, &path, Some(json!({"client_secret": "hush-hush"}))).await;

    let listed = ask(&world, Method::GET, &list, None).await;
    let exported = ask(&world, Method::GET, "/v1/declaration", None).await;
    for reply in [&made, &changed, &listed, &exported] {
        assert!(!reply.text.contains("hush"), "{}", reply.text);
    }
    let kept = world.authority().document(realm, "upstream-provider", "corp").await.expect("an answer");
    assert!(!kept.expect("a record").body.contains("hush"), "it is sealed");

    for (member, value) in [
        ("name", json!("Corp")),
        ("name", json!("a/b")),
        ("issuer", json!("https://x.test/?a")),
        ("issuer", json!("javascript:x")),
        ("client_id", json!("")),
        ("client_secret", json!("")),
        ("scopes", json!(["a b"])),
        ("username_claim", json!("")),
    ] {
        let mut bad = corp("other");
        bad[member] = value.clone();
        let reply = ask(&world, Method::POST, &list, Some(bad)).await;
        assert_eq!(problem(&reply), (422, "invalid".into()), "{member} {value}");
    }
    assert_eq!(ask(&world, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(ask(&world, Method::GET, &path, None).await.status, 404);
}

/// Goal: HOME-LIMITS: a realm has eight providers, and the ninth is refused in plain words.
#[tokio::test]
async fn a_realm_has_eight_providers_at_most() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/upstreams", world.data.realm.id);
    for n in 0..8 {
        assert_eq!(ask(&world, Method::POST, &list, Some(corp(&format!("corp-{n}")))).await.status, 201);
    }
    let ninth = ask(&world, Method::POST, &list, Some(corp("corp-8"))).await;
    assert_eq!(problem(&ninth), (422, "invalid".into()));
    assert!(ninth.text.contains("at most 8"), "{}", ninth.text);
}

/// Goal: a person of a provider is one user; who it is can be seen and taken away, and goes with the user.
#[tokio::test]
async fn a_person_is_linked_to_one_user() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/upstreams", world.data.realm.id);
    let made = ask(&world, Method::POST, &list, Some(corp("corp"))).await;
    let links = format!("{}/links", made.header("location"));
    let of = |user: &adieu_authority::User| format!("/v1/users/{}/upstream-links", user.id);
    let link = |sub: &str, user: &adieu_authority::User| json!({"sub": sub, "user": user.id.to_string()});
    let (alice, bob) = (&world.data.alice, &world.data.bob);
    assert_eq!(ask(&world, Method::POST, &links, Some(link("u-1", alice))).await.status, 204);
    assert_eq!(ask(&world, Method::POST, &links, Some(link("u-1", alice))).await.status, 204, "it is so");
    let other = ask(&world, Method::POST, &links, Some(link("u-1", bob))).await;
    assert_eq!(problem(&other), (409, "name-taken".into()));
    for bad in ["", "\u{1}", &"x".repeat(256)] {
        let reply = ask(&world, Method::POST, &links, Some(link(bad, bob))).await;
        assert_eq!(problem(&reply), (422, "invalid".into()), "{bad}");
    }
    let shown = ask(&world, Method::GET, &of(alice), None).await.json();
    assert_eq!(shown["items"], json!([{"issuer": "https://id.corp.test", "sub": "u-1"}]));
    let query = "?issuer=https://id.corp.test&sub=u-1";
    let not_his = ask(&world, Method::DELETE, &format!("{}{query}", of(bob)), None).await;
    assert_eq!(problem(&not_his), (404, "not-found".into()));
    let half = ask(&world, Method::DELETE, &format!("{}?sub=u-1", of(alice)), None).await;
    assert_eq!(problem(&half), (400, "malformed".into()));
    assert_eq!(ask(&world, Method::DELETE, &format!("{}{query}", of(alice)), None).await.status, 204);
    assert_eq!(ask(&world, Method::GET, &of(alice), None).await.json()["items"], json!([]));
    assert_eq!(ask(&world, Method::POST, &links, Some(link("u-1", bob))).await.status, 204, "it is free");
    for n in 2..=16 {
        let reply = ask(&world, Method::POST, &links, Some(link(&format!("u-{n}"), bob))).await;
        assert_eq!(reply.status, 204, "{n}");
    }
    let more = ask(&world, Method::POST, &links, Some(link("u-17", bob))).await;
    assert_eq!(problem(&more), (422, "invalid".into()));
    assert_eq!(ask(&world, Method::DELETE, &format!("/v1/users/{}", bob.id), None).await.status, 204);
    assert_eq!(
        ask(&world, Method::POST, &links, Some(link("u-1", alice))).await.status,
        204,
        "nobody has it"
    );
}

/// Goal: a document makes, changes and removes providers, with a secret that is looked up once; a second time there is nothing to
/// change.
#[tokio::test]
async fn a_document_says_which_providers_there_are() {
    let world = World::start().await;
    let text = "[[realms]]\npath = '/alpha'\n[[realms.upstreams]]\nname = 'corp'\nissuer = 'https://id.corp.test'\n\
                client_id = 'adieu'\nclient_secret_env = 'CORP'\n";
    let apply = async |text: &str, prune: bool| {
        let body = json!({"document": text, "prune": prune, "passwords": [{"env": "CORP", "password": "hush-hush"}]});
        ask(&world, Method::POST, "/v1/declaration", Some(body)).await
    };
    let made = apply(text, false).await;
    assert_eq!(made.json()["changes"], json!(["+ upstream corp in /alpha"]), "{}", made.text);
    let path = format!("/v1/upstreams/{}.corp", world.data.realm.id);
    assert_eq!(ask(&world, Method::GET, &path, None).await.json()["has_secret"], true);
    assert_eq!(apply(text, false).await.json()["changes"], json!([]));
    let more = format!("{text}title = 'Corp'\ncreates_users = true\n");
    let changed = apply(&more, false).await.json();
    let line = "~ upstream corp in /alpha: title \"corp\" → \"Corp\", creates_users false → true";
    assert_eq!(changed["changes"], json!([line]));
    let moved = apply(&more.replace("id.corp.test", "id.other.test"), false).await;
    assert_eq!(problem(&moved), (422, "invalid".into()));
    assert!(moved.text.contains("which never changes"), "{}", moved.text);
    let exported = ask(&world, Method::GET, "/v1/declaration?realm=/alpha", None).await.json();
    let exported = exported["document"].as_str().expect("a document").to_owned();
    assert_eq!(apply(&exported, true).await.json()["changes"], json!([]), "an export says what is there");
    let pruned = apply("[[realms]]\npath = '/alpha'\nupstreams = []\n", true).await.json();
    assert_eq!(pruned["changes"], json!(["- upstream corp in /alpha"]));
}
