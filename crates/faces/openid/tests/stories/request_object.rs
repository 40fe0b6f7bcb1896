//! Requests that a client signs, in the browser's address and pushed.
//!
//! OpenID Connect Core §6.1, RFC 9101, RFC 9126 §3, standards.md 2.1 (S-OP-23) and 6.1.

use std::sync::LazyLock;

use adieu_authority::ClientAuth;
use adieu_testkit::World;
use adieu_token::{Alg, SigningKey};
use serde_json::{Value, json};

use crate::fixture::{ALICE, ALPHA, Browser, CALLBACK, RelyingParty, claims, issuer, param};
use crate::private_key_jwt::with_keys;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::EdDsa).expect("a key"));

/// A server whose shop has a key, and proves itself by its secret as before.
async fn shop_that_signs() -> World {
    let world = World::start().await;
    with_keys(&world, ClientAuth::Basic, &[&KEY]).await;
    world
}

/// A good object of the shop.
fn good(world: &World) -> Value {
    let (id, now) = (world.data.app.id.as_str(), world.authority().now().s());
    json!({"iss": id, "aud": issuer(world), "exp": now + 300, "client_id": id, "response_type": "code",
        "redirect_uri": CALLBACK, "scope": "openid", "state": "signed", "nonce": "n1"})
}

fn signed(object: &Value) -> String {
    KEY.sign(Some("oauth-authz-req+jwt"), object).expect("a token")
}

/// Goal: S-OP-23: what the client signed is what is asked, whatever the browser says beside it.
#[tokio::test]
async fn a_signed_request_wins_over_the_browser() {
    let world = shop_that_signs().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let id = &shop.id;
    let beside =
        "&response_type=code&redirect_uri=https%3A%2F%2Fevil.test%2F&state=forged&nonce=forged&scope=profile";
    let address = format!("{ALPHA}/authorize?client_id={id}{beside}&request={}", signed(&good(&world)));
    let page = browser.get(&address).await;
    let answer = browser.sign_on(&page, ALICE).await;
    assert_eq!(param(answer.location(), "state").as_deref(), Some("signed"));
    let tokens = shop.tokens(&answer).await;
    assert_eq!((&tokens["scope"], &claims(&tokens["id_token"])["nonce"]), (&json!("openid"), &json!("n1")));
    // RFC 9101 §5: the name of the client is all that has to stand beside it.
    let alone =
        browser.get(&format!("{ALPHA}/authorize?client_id={id}&request={}", signed(&good(&world)))).await;
    assert!(!shop.code(&alone).is_empty());
}

/// Goal: S-OP-23: a signed request counts when its page is shown, however long its user takes, and asks for one sign-on, whatever in the
/// object asked for it.
#[tokio::test]
async fn a_signed_request_outlives_its_object() {
    let world = shop_that_signs().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    for says in [
        json!({}),
        json!({"prompt": "login"}),
        json!({"max_age": 0}),
        json!({"prompt": "select_account"}),
        json!({"prompt": "login consent"}),
    ] {
        let mut object = good(&world);
        for (name, value) in says.as_object().expect("parameters") {
            object[name] = value.clone();
        }
        let asked = format!("{ALPHA}/authorize?client_id={}&request={}", shop.id, signed(&object));
        let page = browser.get(&asked).await;
        assert_eq!(page.status, 200, "{says}: {}", page.location());
        world.wait_s(400);
        let mut answer = if says["prompt"] == "select_account" {
            browser.submit(&page, &[("choice", "go-on")]).await
        } else {
            browser.sign_on(&page, ALICE).await
        };
        if says["prompt"] == "login consent" {
            answer = browser.submit(&answer, &[("choice", "allow")]).await;
        }
        assert_eq!(param(answer.location(), "state").as_deref(), Some("signed"), "{says}: {}", answer.text);
        assert!(!shop.code(&answer).is_empty(), "{says}");
    }
}

/// Goal: S-OP-23: an object that is not signed, or not by a client with keys, is not supported; one that does not fit is invalid.
#[tokio::test]
async fn what_is_not_signed_for_this_issuer_is_refused() {
    let world = shop_that_signs().await;
    let shop = RelyingParty::shop(&world);
    let now = world.authority().now().s();
    let unsigned =
        format!("eyJhbGciOiJub25lIn0.{}.", signed(&good(&world)).split('.').nth(1).expect("claims"));
    let stranger =
        SigningKey::generate(Alg::EdDsa).expect("a key").sign(None, &good(&world)).expect("a token");
    let of_proof = KEY.sign(Some("client-authentication+jwt"), &good(&world)).expect("a token");
    let mut cases = vec![
        (unsigned, "request_not_supported"),
        (stranger, "invalid_request_object"),
        (of_proof, "invalid_request_object"),
        ("x.y.z".to_owned(), "invalid_request_object"),
    ];
    for (name, value) in [
        ("iss", json!("other")),
        ("iss", json!(null)),
        ("aud", json!("https://elsewhere.example.test")),
        ("aud", json!(null)),
        ("exp", json!(now)),
        ("exp", json!(null)),
        ("nbf", json!(now + 61)),
        ("sub", json!(shop.id)),
        ("client_id", json!(world.data.app_two.id.as_str())),
        ("response_type", json!("token")),
        ("request", json!("x")),
        ("scope", json!(["openid"])),
    ] {
        let mut object = good(&world);
        object[name] = value;
        cases.push((signed(&object), "invalid_request_object"));
    }
    for (object, error) in cases {
        let asked = shop.authorize(&format!("&scope=openid&state=s1&request={object}"));
        let answer = Browser::of(&world).get(&asked).await;
        let told = (param(answer.location(), "error"), param(answer.location(), "state"));
        assert_eq!(told, (Some(error.to_owned()), Some("s1".to_owned())), "{object}");
    }
    let billing = RelyingParty::of(&world, &world.data.app_two);
    let keyless = format!(
        "{ALPHA}/authorize?client_id={}&response_type=code&scope=openid&redirect_uri={}&request={}",
        billing.id,
        world.data.app_two.redirect_uris[0],
        signed(&good(&world))
    );
    let answer = Browser::of(&world).get(&keyless).await;
    assert_eq!(param(answer.location(), "error").as_deref(), Some("request_not_supported"));
    let nowhere = format!("{ALPHA}/authorize?client_id={}&request=x.y.z", shop.id);
    let answer = Browser::of(&world).get(&nowhere).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, ""), "nothing is redirected to nowhere");
    let by_reference = shop.authorize("&scope=openid&request_uri=https%3A%2F%2Frp.test%2Fx");
    let answer = Browser::of(&world).get(&by_reference).await;
    assert_eq!(param(answer.location(), "error").as_deref(), Some("request_uri_not_supported"));
}

/// Goal: S-PAR-1: a signed request is pushed like any other; it counts when it is pushed, and what it said is what is asked later.
#[tokio::test]
async fn a_signed_request_is_pushed() {
    let world = shop_that_signs().await;
    let shop = RelyingParty::shop(&world);
    let object = signed(&good(&world));
    let pushed = shop.post("par", &[("request", &object)]).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text);
    world.wait_s(400);
    let reference = pushed.json()["request_uri"].as_str().expect("a reference").replace(':', "%3A");
    let mut browser = Browser::of(&world);
    let page = browser.get(&format!("{ALPHA}/authorize?client_id={}&request_uri={reference}", shop.id)).await;
    let answer = browser.sign_on(&page, ALICE).await;
    assert_eq!(param(answer.location(), "state").as_deref(), Some("signed"));
    let late = shop.post("par", &[("request", &object)]).await;
    assert_eq!((late.status.as_u16(), &late.json()["error"]), (400, &json!("invalid_request_object")));
    let mut other = good(&world);
    other["client_id"] = world.data.app_two.id.as_str().into();
    let other = shop.post("par", &[("request", &signed(&other))]).await;
    assert_eq!((other.status.as_u16(), &other.json()["error"]), (400, &json!("invalid_request_object")));
}

/// Goal: S-OP-8, S-OP-23: what nobody reads is ignored in an object as beside it; `resource` may be a list there.
#[tokio::test]
async fn what_nobody_reads_is_ignored_in_an_object_too() {
    let world = shop_that_signs().await;
    let shop = RelyingParty::shop(&world);
    let mut object = good(&world);
    object["vendor_hint"] = json!(["a"]);
    object["vendor_null"] = json!(null);
    object["resource"] = json!([issuer(&world), "https://b.example.test"]);
    let elsewhere = shop.post("par", &[("request", &signed(&object))]).await;
    assert_eq!((elsewhere.status.as_u16(), &elsewhere.json()["error"]), (400, &json!("invalid_target")));
    object["resource"] = json!([issuer(&world), issuer(&world)]);
    let object = signed(&object);
    let page = Browser::of(&world).get(&shop.authorize(&format!("&request={object}"))).await;
    assert_eq!(page.status, 200, "{}", page.location());
    let pushed = shop.post("par", &[("request", &object)]).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text);
}

/// Goal: S-OP-23: PingOne's and AM's mounts take the same object, under their own names.
#[tokio::test]
async fn every_mount_takes_what_its_client_signed() {
    let world = shop_that_signs().await;
    let base = &world.config().public.url;
    for path in [format!("/{}/as", world.data.realm.id), "/am/oauth2/realms/root/realms/alpha".to_owned()] {
        for (aud, error) in
            [(format!("{base}{path}"), "login_required"), (issuer(&world), "invalid_request_object")]
        {
            let mut object = good(&world);
            object["aud"] = aud.into();
            object["prompt"] = "none".into();
            let id = &world.data.app.id;
            let more = format!("client_id={id}&response_type=code&scope=openid&redirect_uri={CALLBACK}");
            let answer =
                world.get(&format!("{path}/authorize?{more}&request={}", signed(&object))).send().await;
            assert_eq!(param(answer.location(), "error").as_deref(), Some(error), "{path}: {}", answer.text);
        }
        let document = world.get(&format!("{path}/.well-known/openid-configuration")).send().await.json();
        assert_eq!(document["request_parameter_supported"], true, "{path}");
    }
}
