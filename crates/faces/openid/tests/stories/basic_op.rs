//! The modules of the certification plan *Basic OP*, re-created one by one under their own names, against a native issuer.
//!
//! Each does what the module of the suite does, and holds the answers against what that module looks at. The plan sends no PKCE:
//! `docs/openid.md` says how a client is set up for it. standards.md 6.1.

use adieu_authority::ClientAuth;
use adieu_testkit::World;
use adieu_token::{KeySet, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{
    ALICE, ALPHA, Browser, CALLBACK, DORA, RelyingParty, claims, flow, has, issuer, param, with_dora,
};

/// S-OP-10, S-OP-21, S-TOK-1, S-CA-1
#[tokio::test]
async fn oidcc_server() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid&nonce=n1&state=s1")).await;
    let answer = browser.sign_on(&page, DORA).await;
    assert_eq!(param(answer.location(), "state").as_deref(), Some("s1"));
    let reply = shop.redeem(&shop.code(&answer)).await;
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    let tokens = reply.json();
    assert_eq!(tokens["token_type"], "Bearer");
    let id = claims(&tokens["id_token"]);
    has(&id, &["iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid"]);
    assert_eq!(id["nonce"], "n1");
    assert!(id.as_object().expect("claims").values().all(|value| !value.is_null()), "{id}");
    let header = tokens["id_token"].as_str().and_then(|token| token.split('.').next()).expect("a header");
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64")).expect("JSON");
    let keys = world.get(&format!("{ALPHA}/jwks")).send().await.json();
    let keys = keys["keys"].as_array().expect("keys").iter();
    assert!(keys.into_iter().any(|key| key["kid"] == header["kid"]) && header["alg"] == "RS256", "{header}");
}

/// S-OP-21, S-OP-26: signed by a key that the issuer publishes, and named.
#[tokio::test]
async fn oidcc_idtoken_signature() {
    let world = with_dora().await;
    let tokens = flow(&world, "&scope=openid").await;
    let published = world.get(&format!("{ALPHA}/jwks")).send().await.json();
    let published = published["keys"].as_array().expect("keys");
    let keys = KeySet::of(published.iter().filter_map(|key| PublicKey::from_jwk(key).ok()));
    let verified = keys.verify(tokens["id_token"].as_str().expect("a token")).expect("it is signed");
    assert_eq!(verified.str("iss"), Some(issuer(&world).as_str()));
}

/// S-OP-26: nobody gets an ID token without a signature: metadata do not offer it, and no client can ask for it.
#[tokio::test]
async fn oidcc_idtoken_unsigned() {
    let world = with_dora().await;
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    let offered = document["id_token_signing_alg_values_supported"].as_array().expect("a list");
    assert!(!offered.iter().any(|alg| alg == "none"), "{document}");
    let path = format!("/v1/clients/{}", world.data.app.id);
    let unsigned = json!({"id_token_signed_response_alg": "none"});
    assert_eq!(world.admin(Method::PATCH, &path).json(&unsigned).send().await.status, 422);
}

/// S-OP-23: refused as not supported, as metadata say.
#[tokio::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    assert_eq!(document["request_uri_parameter_supported"], false);
    let by_reference = "&scope=openid&state=s1&request_uri=https%3A%2F%2Fsuite.example.test%2Frequest";
    let answer = Browser::of(&world).get(&shop.authorize(by_reference)).await;
    assert_eq!(param(answer.location(), "error").as_deref(), Some("request_uri_not_supported"));
    assert_eq!(param(answer.location(), "state").as_deref(), Some("s1"));
}

/// S-OP-2
#[tokio::test]
async fn oidcc_response_type_missing() {
    let world = with_dora().await;
    let id = RelyingParty::shop(&world).id;
    let address = format!("{ALPHA}/authorize?client_id={id}&redirect_uri={CALLBACK}&scope=openid&state=s1");
    let answer = Browser::of(&world).get(&address).await;
    assert_eq!(param(answer.location(), "error").as_deref(), Some("invalid_request"));
    assert_eq!(param(answer.location(), "state").as_deref(), Some("s1"));
}

/// S-OP-10
#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let world = with_dora().await;
    let tokens = flow(&world, "&scope=openid").await;
    assert!(claims(&tokens["id_token"]).get("nonce").is_none());
}

/// S-OP-8
#[tokio::test]
async fn oidcc_display_page() {
    flow(&with_dora().await, "&scope=openid&display=page").await;
}

/// S-OP-8
#[tokio::test]
async fn oidcc_display_popup() {
    flow(&with_dora().await, "&scope=openid&display=popup").await;
}

/// S-OP-5
#[tokio::test]
async fn oidcc_prompt_login() {
    let world = with_dora().await;
    let (first, second) = twice(&world, "&prompt=login", true).await;
    assert_eq!(first["sub"], second["sub"]);
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64(), "{first} {second}");
}

/// S-OP-4
#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let world = with_dora().await;
    let answer = RelyingParty::shop(&world).silently(&mut Browser::of(&world)).await;
    assert_eq!(answer.as_deref(), Some("login_required"));
}

/// S-OP-4
#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    let world = with_dora().await;
    let (first, second) = twice(&world, "&prompt=none", false).await;
    assert_eq!((&first["sub"], &first["auth_time"]), (&second["sub"], &second["auth_time"]));
}

/// S-OP-7
#[tokio::test]
async fn oidcc_max_age_1() {
    let world = with_dora().await;
    let (first, second) = twice(&world, "&max_age=1", true).await;
    assert_eq!(first["sub"], second["sub"]);
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64(), "{first} {second}");
}

/// S-OP-7
#[tokio::test]
async fn oidcc_max_age_10000() {
    let world = with_dora().await;
    let (first, second) = twice(&world, "&max_age=10000", false).await;
    assert_eq!((&first["sub"], &first["auth_time"]), (&second["sub"], &second["auth_time"]));
}

/// The ID tokens of a first request and of a second one with these parameters two seconds later, which shows a page or does not.
async fn twice(world: &World, more: &str, shows_page: bool) -> (Value, Value) {
    let shop = RelyingParty::shop(world);
    let mut browser = Browser::of(world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let first = shop.tokens(&browser.sign_on(&page, DORA).await).await;
    world.wait_s(2);
    let mut answer = browser.get(&shop.authorize(&format!("&scope=openid{more}"))).await;
    assert_eq!(answer.status == 200, shows_page, "{}", answer.text);
    if shows_page {
        answer = browser.sign_on(&answer, DORA).await;
    }
    let second = shop.tokens(&answer).await;
    (claims(&first["id_token"]), claims(&second["id_token"]))
}

/// S-OP-8
#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    flow(&with_dora().await, "&scope=openid&extra=foobar").await;
}

/// S-OP-9
#[tokio::test]
async fn oidcc_id_token_hint() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, DORA).await).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    let address = shop.authorize(&format!("&scope=openid&prompt=none&id_token_hint={hint}"));
    let again = shop.tokens(&browser.get(&address).await).await;
    assert_eq!(claims(&again["id_token"])["sub"], claims(&tokens["id_token"])["sub"]);
    let mut of_alice = Browser::of(&world);
    let page = of_alice.get(&shop.authorize("&scope=openid")).await;
    of_alice.sign_on(&page, ALICE).await;
    let other = of_alice.get(&address).await;
    assert_eq!(param(other.location(), "error").as_deref(), Some("login_required"));
}

/// S-OP-8
#[tokio::test]
async fn oidcc_login_hint() {
    flow(&with_dora().await, "&scope=openid&login_hint=dora%40example.test").await;
}

/// S-OP-8
#[tokio::test]
async fn oidcc_ui_locales() {
    flow(&with_dora().await, "&scope=openid&ui_locales=se%20xx-YY").await;
}

/// S-OP-8
#[tokio::test]
async fn oidcc_claims_locales() {
    flow(&with_dora().await, "&scope=openid&claims_locales=se").await;
}

/// S-OP-8: and what is asked for is answered.
#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    let tokens = flow(&with_dora().await, "&scope=openid&acr_values=1%202").await;
    assert_eq!(claims(&tokens["id_token"])["acr"], "1");
}

/// S-OP-12
#[tokio::test]
async fn oidcc_codereuse() {
    reused_after(0).await;
}

/// S-OP-12
#[tokio::test]
async fn oidcc_codereuse_30seconds() {
    reused_after(30).await;
}

async fn reused_after(seconds: i64) {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let code = shop.code(&browser.sign_on(&page, DORA).await);
    let tokens = shop.redeem(&code).await.json();
    world.wait_s(seconds);
    let again = shop.redeem(&code).await;
    assert_eq!((again.status.as_u16(), &again.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(shop.userinfo(&tokens).await.status, 401, "what the code had bought is dead");
}

/// S-OP-3
#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let address = shop.authorize("&scope=openid").replace("/callback", "/callback/foreign");
    let refused = Browser::of(&world).get(&address).await;
    assert_eq!((refused.status.as_u16(), refused.location()), (400, ""));
    assert!(refused.text.contains("redirect_uri is not registered"), "{}", refused.text);
}

/// S-OP-1
#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let id = shop.id.clone();
    let fields = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "a&b"),
    ];
    for signed_on in [false, true] {
        let hop = browser.post_from_elsewhere(&format!("{ALPHA}/authorize"), &fields).await;
        assert_eq!(hop.status, 303, "{}", hop.text);
        let mut answer = browser.get(hop.location()).await;
        if !signed_on {
            answer = browser.sign_on(&answer, DORA).await;
        }
        assert_eq!(param(answer.location(), "state").as_deref(), Some("a&b"));
        shop.code(&answer);
    }
}

/// S-CA-1
#[tokio::test]
async fn oidcc_server_client_secret_post() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    world.edit_client(&world.data.app.id, |client| client.auth = ClientAuth::Post).await;
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let code = shop.code(&browser.sign_on(&page, DORA).await);
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let refused = shop.post("token", &fields).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("www-authenticate")),
        (401, "Basic realm=\"openid\"")
    );
    let reply = shop.post_with_secret("token", &fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// S-OP-23
#[tokio::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    refused_request_object(&json!({"nonce": "n1"})).await;
}

/// S-OP-23
#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    refused_request_object(&json!({"redirect_uri": CALLBACK, "nonce": "n1"})).await;
}

async fn refused_request_object(object: &Value) {
    let world = with_dora().await;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let object = format!("{}.{}.", part(&json!({"alg": "none"})), part(object));
    let shop = RelyingParty::shop(&world);
    for (more, error) in [
        (format!("&request={object}"), "request_not_supported"),
        ("&request_uri=https://shop.example.test/r".to_owned(), "request_uri_not_supported"),
    ] {
        let answer = Browser::of(&world).get(&shop.authorize(&format!("&scope=openid&state=s1{more}"))).await;
        assert_eq!(param(answer.location(), "error").as_deref(), Some(error));
        assert_eq!(param(answer.location(), "state").as_deref(), Some("s1"));
    }
}

/// S-TOK-2, S-TOK-8
#[tokio::test]
async fn oidcc_refresh_token() {
    let world = with_dora().await;
    let tokens = flow(&world, "&scope=openid&nonce=n1").await;
    let (shop, billing) = (RelyingParty::shop(&world), RelyingParty::of(&world, &world.data.app_two));
    let token = tokens["refresh_token"].as_str().expect("a refresh token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let foreign = billing.post("token", &fields).await;
    assert_eq!((foreign.status.as_u16(), &foreign.json()["error"]), (400, &json!("invalid_grant")));
    world.wait_s(5);
    let next = shop.post("token", &fields).await.json();
    let (first, second) = (claims(&tokens["id_token"]), claims(&next["id_token"]));
    for same in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert!(second["iat"].as_i64() > first["iat"].as_i64() && second.get("nonce").is_none(), "{second}");
}

/// S-OP-14: the pair of RFC 7636, appendix B.
#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let mut browser = Browser::of(&world);
    let more = format!("&scope=openid&code_challenge={challenge}&code_challenge_method=S256");
    let page = browser.get(&shop.authorize(&more)).await;
    let code = shop.code(&browser.sign_on(&page, DORA).await);
    let with = |verifier| {
        let own = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", CALLBACK)];
        [own.as_slice(), &[("code_verifier", verifier)]].concat()
    };
    let right = shop.post("token", &with("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).await;
    assert_eq!(right.status, 200, "{}", right.text);
    let plain =
        shop.authorize(&format!("&scope=openid&code_challenge={challenge}&code_challenge_method=plain"));
    let refused = browser.get(&plain).await;
    assert_eq!(param(refused.location(), "error").as_deref(), Some("invalid_request"));
}
