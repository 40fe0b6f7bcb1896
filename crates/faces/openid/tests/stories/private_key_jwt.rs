//! A client that proves itself by what it signs: at every endpoint that asks for a proof, at all three mounts of the provider.
//!
//! RFC 7523, standards.md 2.3 and 6.1.

use std::sync::{Arc, LazyLock};

use adieu_authority::{Client, ClientAuth, Span, read_client_jwks};
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use adieu_token::{Alg, SigningKey};
use serde_json::{Value, json};

use crate::fixture::{ALICE, ALPHA, Browser, CALLBACK, RelyingParty, form, issuer};

pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::Es256).expect("a key"));

/// Gives the shop these keys.
pub(crate) async fn with_keys(world: &World, auth: ClientAuth, keys: &[&SigningKey]) {
    let set = json!({"keys": keys.iter().map(|key| key.public().jwk()).collect::<Vec<_>>()});
    let id = world.data.app.id.clone();
    let change = |client: &mut Client| {
        client.auth = auth;
        client.client_credentials = true;
        client.signing.jwks = Some(read_client_jwks(&set).expect("keys"));
    };
    world.edit_client(&id, change).await;
}

async fn shop_with_key() -> World {
    let world = World::start().await;
    with_keys(&world, ClientAuth::PrivateKey, &[&KEY]).await;
    world
}

/// The claims of a good assertion of the shop.
fn good(world: &World) -> Value {
    let now = world.authority().now().s();
    let id = world.data.app.id.as_str();
    let jti = world.authority().draw_uuid().to_string();
    json!({"iss": id, "sub": id, "aud": issuer(world), "iat": now, "exp": now + 60, "jti": jti})
}

fn signed(claims: &Value) -> String {
    KEY.sign(None, claims).expect("a token")
}

/// Where something is asked at an issuer: its name, the tokens, and what else asks for a proof.
struct Mount {
    issuer: String,
    token: String,
    others: Vec<String>,
    /// The status of `invalid_client`: AM's own is 400.
    refuses: u16,
}

fn mounts(world: &World) -> [Mount; 3] {
    let base = &world.config().public.url;
    let (native, am) = (ALPHA.to_owned(), "/am/oauth2/realms/root/realms/alpha".to_owned());
    let pingone = format!("/{}/as", world.data.realm.id);
    let of = |path: &str, token: &str, others: &[&str], refuses: u16| Mount {
        refuses,
        issuer: format!("{base}{path}"),
        token: format!("{path}/{token}"),
        others: others.iter().map(|name| format!("{path}/{name}")).collect(),
    };
    [
        of(&native, "token", &["introspect", "revoke", "par"], 401),
        of(&am, "access_token", &["introspect", "token/revoke"], 400),
        of(&pingone, "token", &["introspect", "revoke"], 401),
    ]
}

async fn ask(world: &World, path: &str, assertion: &str, more: &[(&str, &str)]) -> Reply {
    let own = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    world.post(path).form(&[&own, more].concat()).send().await
}

const OWN_NAME: (&str, &str) = ("grant_type", "client_credentials");

/// Goal: S-CA-2, S-CA-5: an assertion proves its client at every endpoint of every mount, once, whether it names the issuer or the
/// address of the tokens.
#[tokio::test]
async fn oidcc_ensure_client_assertion_with_iss_aud_succeeds() {
    let world = shop_with_key().await;
    for mount in mounts(&world) {
        let base = &world.config().public.url;
        for aud in [json!(mount.issuer), json!(format!("{base}{}", mount.token)), json!([mount.issuer])] {
            let mut claims = good(&world);
            claims["aud"] = aud.clone();
            let assertion = signed(&claims);
            let given = ask(&world, &mount.token, &assertion, &[OWN_NAME]).await;
            assert_eq!(given.status, 200, "{} {aud}: {}", mount.token, given.text);
            let again = ask(&world, &mount.token, &assertion, &[OWN_NAME]).await;
            assert_eq!(
                (again.status.as_u16(), &again.json()["error"]),
                (mount.refuses, &json!("invalid_client"))
            );
        }
        for path in &mount.others {
            let mut claims = good(&world);
            claims["aud"] = mount.issuer.clone().into();
            let request =
                [("token", "x"), ("response_type", "code"), ("redirect_uri", CALLBACK), ("scope", "openid")];
            let taken = ask(&world, path, &signed(&claims), &request).await;
            assert!(taken.status.is_success(), "{path}: {} {}", taken.status, taken.text);
            let secret = [("client_id", world.data.app.id.as_str()), ("client_secret", "x"), ("token", "x")];
            let refused = world.post(path).form(&secret).send().await;
            assert_eq!(refused.status, mount.refuses, "{path}: a secret proves nothing here");
        }
        let document =
            world.get(&format!("{}/.well-known/openid-configuration", path_of(base, &mount))).send().await;
        for name in ["token", "introspection", "revocation"] {
            let document = document.json();
            let methods = &document[format!("{name}_endpoint_auth_methods_supported")];
            assert!(methods.as_array().expect("a list").contains(&json!("private_key_jwt")), "{name}");
            let algs = &document[format!("{name}_endpoint_auth_signing_alg_values_supported")];
            assert_eq!(*algs, json!(["RS256", "ES256", "EdDSA"]), "{name}");
        }
    }
}

fn path_of(base: &str, mount: &Mount) -> String {
    mount.issuer.strip_prefix(base).expect("ours").to_owned()
}

/// Goal: HOME-LIMITS, S-CA-2: a client of which as many assertions are remembered as may be is told at every endpoint of every mount to come
/// again, and does in a moment; it is no refusal (NO-FALSE-NO), and other clients notice nothing. Method: 20,000 names for an hour.
#[tokio::test]
async fn who_proves_itself_too_often_is_told_to_come_again() {
    let world = shop_with_key().await;
    let (realm, id) = (world.data.realm.id, world.data.app.id.clone());
    let client = world.authority().client(realm, &id).await.expect("an answer").expect("it is there");
    for _ in 0..100 {
        let mut remembering = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (authority, client) = (world.authority().clone(), Arc::clone(&client));
            remembering.spawn(async move {
                let name = (authority.draw(), "oidc-client-assertion");
                authority.remember_of_client(&client, name, Span::from_s(3600)).await
            });
        }
        assert!(remembering.join_all().await.into_iter().all(|new| new.is_ok_and(|new| new)));
    }
    let request =
        [("token", "x"), ("response_type", "code"), ("redirect_uri", CALLBACK), ("scope", "openid")];
    for mount in mounts(&world) {
        for path in mount.others.iter().chain([&mount.token]) {
            let mut claims = good(&world);
            claims["aud"] = mount.issuer.clone().into();
            let limited = ask(&world, path, &signed(&claims), &[&request[..], &[OWN_NAME]].concat()).await;
            let told = (limited.status.as_u16(), limited.header("retry-after"));
            assert_eq!(told, (429, "1"), "{path}: {}", limited.text);
            assert!(!limited.text.contains("invalid_client"), "{path}: {}", limited.text);
        }
    }
    let billing = RelyingParty::of(&world, &world.data.app_two);
    assert_eq!(billing.post("introspect", &[("token", "x")]).await.status, 200);
    world.wait_s(3);
    assert_eq!(ask(&world, &format!("{ALPHA}/token"), &signed(&good(&world)), &[OWN_NAME]).await.status, 200);
}

/// Goal: S-CA-2, S-PAR-1: who pushes a request may name the address that it is pushed to (RFC 9126 §2), unless the installation is
/// strict; the same at the other mounts is a stranger's.
#[tokio::test]
async fn the_address_of_pushed_requests_is_an_audience() {
    let mut world = shop_with_key().await;
    let par = format!("{ALPHA}/par");
    let request = [("response_type", "code"), ("redirect_uri", CALLBACK), ("scope", "openid")];
    let at = async |world: &World, path: &str, aud: String| {
        let mut claims = good(world);
        claims["aud"] = aud.into();
        ask(world, path, &signed(&claims), &[OWN_NAME, request[0], request[1], request[2]]).await.status
    };
    let base = world.config().public.url.clone();
    assert_eq!(at(&world, &par, format!("{base}{par}")).await, 201);
    assert_eq!(at(&world, &par, format!("{base}{ALPHA}/introspect")).await, 401);
    let pingone = format!("/{}/as", world.data.realm.id);
    assert_eq!(at(&world, &format!("{pingone}/token"), format!("{base}{pingone}/par")).await, 401);
    world.restart_with(|config| config.tokens.assertion_audience_strict = true).await;
    assert_eq!(at(&world, &par, format!("{base}{par}")).await, 401);
}

/// Goal: S-CA-2, S-CA-4: whatever does not prove the client is `invalid_client` with 401, and two ways at once are a wrong request.
#[tokio::test]
async fn an_assertion_that_does_not_fit_proves_nothing() {
    let world = shop_with_key().await;
    let token = format!("{ALPHA}/token");
    let now = world.authority().now().s();
    for (name, value) in [
        ("iss", json!("other")),
        ("iss", Value::Null),
        ("sub", json!(world.data.app_two.id.as_str())),
        ("aud", json!("https://elsewhere.example.test")),
        ("aud", json!([issuer(&world), "https://elsewhere.example.test"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("exp", json!(now)),
        ("exp", json!(now + 3601)),
        ("exp", Value::Null),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
        ("iat", json!("yesterday")),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", Value::Null),
    ] {
        let mut claims = good(&world);
        claims[name] = value.clone();
        let refused = ask(&world, &token, &signed(&claims), &[OWN_NAME]).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]),
            (401, &json!("invalid_client")),
            "{name} {value}"
        );
    }
    let stranger = SigningKey::generate(Alg::Es256).expect("a key");
    let typed = KEY.sign(Some("oauth-authz-req+jwt"), &good(&world)).expect("a token");
    let forged = stranger.sign(None, &good(&world)).expect("a token");
    let unsigned =
        format!("eyJhbGciOiJub25lIn0.{}.", signed(&good(&world)).split('.').nth(1).expect("claims"));
    for assertion in [typed, forged, unsigned, "x".to_owned(), "a.b.c".to_owned()] {
        let refused = ask(&world, &token, &assertion, &[OWN_NAME]).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("invalid_client")));
    }
    let assertion = signed(&good(&world));
    let other = [OWN_NAME, ("client_id", world.data.app_two.id.as_str())];
    assert_eq!(ask(&world, &token, &assertion, &other).await.status, 401, "another name besides");
    let two = ask(&world, &token, &assertion, &[OWN_NAME, ("client_secret", "x")]).await;
    assert_eq!((two.status.as_u16(), &two.json()["error"]), (400, &json!("invalid_request")));
    let half = world.post(&token).form(&[OWN_NAME, ("client_assertion", &assertion)]).send().await;
    assert_eq!((half.status.as_u16(), &half.json()["error"]), (400, &json!("invalid_request")));
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let own = [OWN_NAME, ("client_assertion_type", saml), ("client_assertion", assertion.as_str())];
    assert_eq!(world.post(&token).form(&own).send().await.status, 401);
    let own = [OWN_NAME, ("client_id", world.data.app.id.as_str())];
    assert_eq!(ask(&world, &token, &assertion, &own).await.status, 200, "it was not used up by any of that");
}

/// Goal: S-CA-2, S-IPS-1: where the installation is strict, the issuer is the only audience, as one text.
#[tokio::test]
async fn a_strict_installation_wants_the_issuer_as_the_sole_audience() {
    let mut world = shop_with_key().await;
    world.restart_with(|config| config.tokens.assertion_audience_strict = true).await;
    let token = format!("{ALPHA}/token");
    for (aud, status) in [
        (json!(issuer(&world)), 200),
        (json!([issuer(&world)]), 401),
        (json!(format!("{}{token}", world.config().public.url)), 401),
    ] {
        let mut claims = good(&world);
        claims["aud"] = aud.clone();
        assert_eq!(ask(&world, &token, &signed(&claims), &[OWN_NAME]).await.status, status, "{aud}");
    }
}

/// Goal: S-CA-2: what was used stays used when the process dies, and another client may use the same name.
#[tokio::test]
async fn a_used_assertion_stays_used_after_a_crash() {
    let mut world = shop_with_key().await;
    let token = format!("{ALPHA}/token");
    let assertion = signed(&good(&world));
    assert_eq!(ask(&world, &token, &assertion, &[OWN_NAME]).await.status, 200);
    world.crash_and_restart().await;
    assert_eq!(ask(&world, &token, &assertion, &[OWN_NAME]).await.status, 401);
}

/// Goal: S-CA-2: a client that signs gets a user's tokens like any other.
#[tokio::test]
async fn a_client_that_signs_redeems_a_code() {
    let world = shop_with_key().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    assert!(!form(&page).0.is_empty());
    let code = shop.code(&browser.sign_on(&page, ALICE).await);
    let redeem = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    let given = ask(&world, &format!("{ALPHA}/token"), &signed(&good(&world)), &redeem).await;
    assert_eq!(given.status, 200, "{}", given.text);
    assert!(given.json()["id_token"].is_string());
}
