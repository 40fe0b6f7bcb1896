//! What a client that registered itself may not drop, take back or be without being asked about: what narrows it, what its administrator
//! decided, and what its users agreed to.
//!
//! RFC 7591 §5, RFC 7592 §2.2, RFC 6749 §10.2, RFC 8252 §8.6, standards.md 2.7; decisions 0072 and 0073.

use adieu_authority::{Client, ClientAuth, Document, REGISTERED};
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use adieu_token::{Alg, SigningKey};
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{ALICE, ALPHA, Browser, param};
use crate::registration::{initial, manage, register, with_registration};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ALLOW: &[(&str, &str)] = &[("choice", "allow")];

fn till(more: Value) -> Value {
    let mut said = json!({"client_name": "Till", "redirect_uris": ["https://till.example.test/cb"]});
    for (name, value) in more.as_object().expect("an object") {
        said[name] = value.clone();
    }
    said
}

async fn made(world: &World, more: Value) -> Value {
    let reply = register(world, &initial(world, 1).await, till(more)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

async fn says(world: &World, made: &Value, more: Value) -> Value {
    let mut said = till(more);
    said["client_id"] = made["client_id"].clone();
    let reply = manage(world, Method::PUT, made, Some(said)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

async fn administrator(world: &World, made: &Value, change: impl FnMut(&mut Client) + Send) {
    let id = made["client_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    world.edit_client(&id, change).await;
}

fn asked(made: &Value, to: &str, more: &str) -> String {
    let id = made["client_id"].as_str().expect("an id");
    format!(
        "{ALPHA}/authorize?response_type=code&client_id={id}&redirect_uri={to}&scope=openid&code_challenge={CHALLENGE}\
         &code_challenge_method=S256{more}"
    )
}

fn error(answer: &Reply) -> Option<String> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    param(answer.location(), "error")
}

/// Goal: F-9, S-REG-1: what makes a client narrower or safer, and is not kept here, is refused and never dropped.
#[tokio::test]
async fn what_narrows_a_client_is_refused_and_never_dropped() {
    let world = with_registration().await;
    let token = initial(&world, 1).await;
    for (name, value) in [
        ("require_signed_request_object", json!(true)),
        ("require_pushed_authorization_requests", json!(true)),
        ("dpop_bound_access_tokens", json!(true)),
        ("tls_client_certificate_bound_access_tokens", json!(true)),
        ("default_max_age", json!(60)),
        ("default_max_age", json!(0)),
        ("default_acr_values", json!(["2"])),
        ("authorization_signed_response_alg", json!("RS256")),
        ("authorization_encrypted_response_alg", json!("RSA-OAEP")),
        ("authorization_details_types", json!(["payment"])),
        ("introspection_encrypted_response_enc", json!("A128GCM")),
        ("tls_client_auth_subject_dn", json!("CN=till")),
        ("response_modes", json!(["form_post"])),
        ("scope", json!("admin read:all")),
        ("scope", json!(["openid"])),
        ("scope", json!("offline_access")),
        ("scope", json!("offline_access unheard:of")),
        ("request_object_signing_alg", json!("ES256")),
        ("token_endpoint_auth_signing_alg", json!("EdDSA")),
        ("require_auth_time", json!("yes")),
        ("client_name", json!("Pay\u{202e}laP")),
        ("client_name", json!("Pay\u{200b}Pal")),
        ("client_name", json!("\u{2800}")),
        ("client_name", json!("\u{1d159}")),
        ("client_name", json!("Shop\u{2003}\u{2003}\u{2003}(verified)")),
        ("client_name", json!("Shop   (verified)")),
    ] {
        let refused = register(&world, &token, till(json!({name: value}))).await;
        let told = (refused.status.as_u16(), refused.json()["error"].clone());
        assert_eq!(told, (400, json!("invalid_client_metadata")), "{name} {value}");
    }
    let plain = till(json!({"require_signed_request_object": false, "require_auth_time": true}));
    let made = register(&world, &token, plain).await.json();
    assert_eq!(made["require_auth_time"], true, "every ID token has it");
}

/// Goal: F-9, S-CA-2, S-REG-1: an algorithm that a client names for what it signs is one that it has a key for, by value or at an address; it
/// is kept, shown, and taken back by a change that does not say it.
#[tokio::test]
async fn a_named_algorithm_is_one_that_the_client_has_a_key_for() {
    let world = with_registration().await;
    let key = |alg| SigningKey::generate(alg).expect("a key").public().jwk();
    let (one, other) = (key(Alg::Es256), key(Alg::EdDsa));
    let named = |alg: &str| {
        json!({"token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": alg, "request_object_signing_alg": alg})
    };
    let with = |alg: &str, member: &str, keys: Value| {
        let mut said = named(alg);
        said[member] = keys;
        said
    };
    let of = |alg: &str, keys: &[&Value]| with(alg, "jwks", json!({"keys": keys}));
    let at = |alg: &str| with(alg, "jwks_uri", json!("https://till.example.test/keys"));
    let algs = |shown: &Value| {
        ["token_endpoint_auth_signing_alg", "request_object_signing_alg"].map(|name| shown[name].clone())
    };
    for said in [of("ES256", &[&one]), of("ES256", &[&one, &other]), at("ES256")] {
        let made = made(&world, said.clone()).await;
        assert_eq!(algs(&made), [json!("ES256"), json!("ES256")]);
        let shown = manage(&world, Method::GET, &made, None).await.json();
        assert_eq!(algs(&shown), [json!("ES256"), json!("ES256")]);
        let changed = says(&world, &made, at("EdDSA")).await;
        assert_eq!(algs(&changed), [json!("EdDSA"), json!("EdDSA")]);
        let mut silent = at("EdDSA");
        for name in ["token_endpoint_auth_signing_alg", "request_object_signing_alg"] {
            silent[name] = json!(null);
        }
        assert_eq!(algs(&says(&world, &made, silent).await), [json!(null), json!(null)]);
    }
    for said in [of("EdDSA", &[&one]), of("HS256", &[&one]), at("none"), at("PS256"), named("ES256")] {
        let refused = register(&world, &initial(&world, 1).await, till(said.clone())).await;
        let told = (refused.status.as_u16(), refused.json()["error"].clone());
        assert_eq!(told, (400, json!("invalid_client_metadata")), "{said}: {}", refused.text);
    }
}

/// Goal: S-27, S-OP-15: a client that registers itself has PKCE, whatever it proves itself by.
#[tokio::test]
async fn a_registered_client_needs_pkce() {
    let world = with_registration().await;
    let made = made(&world, json!({})).await;
    let to = "https://till.example.test/cb";
    let without = asked(&made, to, "").replace("code_challenge", "x");
    assert_eq!(error(&Browser::of(&world).get(&without).await).as_deref(), Some("invalid_request"));
    assert_eq!(Browser::of(&world).get(&asked(&made, to, "")).await.status, 200);
}

/// Goal: S-REG-4: what an administrator decided of a client stays, whatever the client says of itself; what it is told is what is so.
#[tokio::test]
async fn a_client_does_not_take_back_what_its_administrator_decided() {
    let mut world = with_registration().await;
    let both = json!({"grant_types": ["authorization_code", "refresh_token"]});
    let made = made(&world, both.clone()).await;
    administrator(&world, &made, |client| client.refresh = false).await;
    for _ in 0..2 {
        assert_eq!(says(&world, &made, both.clone()).await["grant_types"], json!(["authorization_code"]));
    }
    world.crash_and_restart().await;
    assert_eq!(says(&world, &made, both.clone()).await["grant_types"], json!(["authorization_code"]));
    administrator(&world, &made, |client| client.refresh = true).await;
    assert_eq!(says(&world, &made, both.clone()).await["grant_types"], both["grant_types"]);
    says(&world, &made, json!({})).await;
    assert_eq!(says(&world, &made, both.clone()).await["grant_types"], both["grant_types"], "its own to say");
    administrator(&world, &made, |client| client.auth = ClientAuth::Post).await;
    let told = says(&world, &made, json!({"token_endpoint_auth_method": "none"})).await;
    assert_eq!(told["token_endpoint_auth_method"], "client_secret_post");
    administrator(&world, &made, |client| client.pkce_required = true).await;
    says(&world, &made, json!({})).await;
    let id = made["client_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let now =
        world.authority().client(world.data.realm.id, &id).await.expect("an answer").expect("it is there");
    assert!(now.pkce_required && now.require_consent);
}

/// Goal: S-OP-6, S-REG-4: what a user agreed to counts for the name and the addresses that the user was shown. What was granted lives on.
#[tokio::test]
async fn a_client_that_is_called_otherwise_is_agreed_to_anew() {
    let world = with_registration().await;
    let made = made(&world, json!({})).await;
    let (to, evil) = ("https://till.example.test/cb", "https://evil.example.test/cb");
    let mut browser = Browser::of(&world);
    let page = browser.get(&asked(&made, to, "")).await;
    let question = browser.sign_on(&page, ALICE).await;
    assert!(question.text.contains("The answer goes to till.example.test."), "{}", question.text);
    assert_eq!(error(&browser.submit(&question, ALLOW).await), None);
    let silent = |to: &str| asked(&made, to, "&prompt=none");
    assert_eq!(error(&browser.get(&silent(to)).await), None);
    says(&world, &made, json!({"client_uri": "https://till.example.test/"})).await;
    assert_eq!(error(&browser.get(&silent(to)).await), None, "nothing that a user was shown has changed");
    for more in [
        json!({"redirect_uris": [to, evil]}),
        json!({"redirect_uris": [to, evil], "client_name": "Other owner"}),
    ] {
        says(&world, &made, more).await;
        for to in [to, evil] {
            assert_eq!(error(&browser.get(&silent(to)).await).as_deref(), Some("consent_required"));
        }
        let question = browser.get(&asked(&made, to, "")).await;
        let other = question.text.split("counts for the other places").nth(1).expect("they are named");
        let names = |place: &str| other.contains(&format!(">{place}<"));
        assert!(names("evil.example.test") && !names("till.example.test"), "{other}");
        assert_eq!(error(&browser.submit(&question, ALLOW).await), None);
        assert_eq!(error(&browser.get(&silent(to)).await), None);
    }
    says(&world, &made, json!({"client_name": "Other owner"})).await;
    assert_eq!(error(&browser.get(&silent(to)).await), None, "one place less is no other client");
}

/// Goal: S-OP-6, RFC 8252 §8.6: where any program of the device may be asking, its user is asked each time; who has an address of its own
/// or proves itself is not.
#[tokio::test]
async fn a_program_that_anybody_may_be_is_asked_about_each_time() {
    let world = with_registration().await;
    let (loopback, web, app) =
        ("http://127.0.0.1/cb", "https://till.example.test/cb", "com.example.till:/cb");
    let public = json!({"token_endpoint_auth_method": "none", "redirect_uris": [loopback, web, app]});
    let made = made(&world, public).await;
    let mut browser = Browser::of(&world);
    let at_port = "http://127.0.0.1:5555/cb";
    let page = browser.get(&asked(&made, at_port, "")).await;
    let question = browser.sign_on(&page, ALICE).await;
    assert!(question.text.contains("The answer goes to 127.0.0.1."), "{}", question.text);
    assert_eq!(error(&browser.submit(&question, ALLOW).await), None);
    for (to, word) in
        [("http://127.0.0.1:6666/cb", Some("consent_required")), (app, Some("consent_required")), (web, None)]
    {
        assert_eq!(error(&browser.get(&asked(&made, to, "&prompt=none")).await).as_deref(), word, "{to}");
    }
    assert_eq!(browser.get(&asked(&made, at_port, "")).await.status, 200, "the question again");
    administrator(&world, &made, |client| client.require_consent = false).await;
    assert_eq!(error(&browser.get(&asked(&made, at_port, "&prompt=none")).await), None, "one of one's own");
}

/// Goal: F-9, S-REG-1: the scopes that a client says it asks for are all that it gets, by scope and by claim, until it says otherwise; what
/// nobody knows is left out of them, and the answer says what is kept. RFC 7591 §2
#[tokio::test]
async fn the_scopes_that_a_client_names_are_all_that_it_gets() {
    let world = with_registration().await;
    let said = till(json!({"scope": "openid email unheard:of", "token_endpoint_auth_method": "none"}));
    let made = register(&world, &initial(&world, 1).await, said).await.json();
    assert_eq!(made["scope"], "openid email");
    assert_eq!(manage(&world, Method::GET, &made, None).await.json()["scope"], "openid email");
    let mut browser = Browser::of(&world);
    let claims = "%7B%22userinfo%22:%7B%22phone_number%22:null,%22email%22:null%7D%7D";
    let wide = format!("&scope=openid%20profile%20email%20offline_access&claims={claims}");
    let page = browser.get(&asks_for(&made, &wide)).await;
    let question = browser.sign_on(&page, ALICE).await;
    assert!(question.text.contains("Your e-mail address"), "{}", question.text);
    for not in ["Your phone number", "From your account", "Your name", "after you have signed off"] {
        assert!(!question.text.contains(not), "{not}: {}", question.text);
    }
    let none = browser.get(&asks_for(&made, "&scope=profile")).await;
    assert_eq!(param(none.location(), "error").as_deref(), Some("invalid_scope"), "{}", none.text);

    let mut wider = till(json!({"token_endpoint_auth_method": "none"}));
    wider["client_id"] = made["client_id"].clone();
    let made = manage(&world, Method::PUT, &made, Some(wider)).await;
    assert!(made.status == 200 && made.json().get("scope").is_none(), "{}", made.text);
    let question = browser.get(&asks_for(&made.json(), "&scope=openid%20profile")).await;
    assert!(question.text.contains("Allow Till?"), "{} {}", question.location(), question.text);
}

/// The address of a request of a client that registered itself, with further parameters.
fn asks_for(made: &Value, more: &str) -> String {
    let id = made["client_id"].as_str().expect("an id");
    let pkce = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let to = "https://till.example.test/cb";
    format!("{ALPHA}/authorize?response_type=code&client_id={id}&redirect_uri={to}{pkce}{more}")
}

/// Goal: decision 0079, RFC 6749 §10.2: an administrator who makes a registered client one's own vouches for it as it is; where it takes another
/// address, nobody is sent there without a question.
#[tokio::test]
async fn a_client_of_ones_own_that_moves_itself_is_asked_about() {
    let world = with_registration().await;
    let made = made(&world, json!({"token_endpoint_auth_method": "none"})).await;
    administrator(&world, &made, |client| client.require_consent = false).await;
    let (to, evil) = ("https://till.example.test/cb", "https://evil.example.test/cb");
    let mut browser = Browser::of(&world);
    let page = browser.get(&asked(&made, to, "")).await;
    let answer = browser.sign_on(&page, ALICE).await;
    assert!(answer.location().starts_with(&format!("{to}?code=")), "{}", answer.text);
    says(&world, &made, json!({"redirect_uris": [to], "token_endpoint_auth_method": "none"})).await;
    let silent = browser.get(&asked(&made, to, "&prompt=none")).await;
    assert!(param(silent.location(), "code").is_some(), "it is what it was: {}", silent.location());
    says(&world, &made, json!({"redirect_uris": [to, evil], "token_endpoint_auth_method": "none"})).await;
    for place in [to, evil] {
        let silent = browser.get(&asked(&made, place, "&prompt=none")).await;
        assert_eq!(error(&silent).as_deref(), Some("consent_required"));
    }
}

/// Goal: S-REG-4: scopes that an administrator has said of a client are not said anew by it, and the answer shows which ones it has.
#[tokio::test]
async fn scopes_that_an_administrator_said_stay() {
    let world = with_registration().await;
    let shop = made(&world, json!({"scope": "openid email"})).await;
    administrator(&world, &shop, |client| client.user_scopes = Some(vec!["openid".into()])).await;
    for scope in [json!("openid email"), json!("openid email phone")] {
        assert_eq!(says(&world, &shop, json!({"scope": scope})).await["scope"], "openid");
    }
    administrator(&world, &shop, |client| {
        client.user_scopes = Some(["openid", "email", "phone"].map(str::to_owned).to_vec());
    })
    .await;
    assert_eq!(says(&world, &shop, json!({"scope": "openid profile"})).await["scope"], "openid profile");
}

/// Goal: S-REG-4, decision 0117: a client may say less than its administrator, also where that one has freed it; what an administrator
/// said of a client that registered with an earlier version stays as well.
#[tokio::test]
async fn a_client_narrows_itself_and_no_more_than_that() {
    let world = with_registration().await;
    let shop = made(&world, json!({"scope": "openid email"})).await;
    administrator(&world, &shop, |client| client.user_scopes = Some(vec!["openid".into()])).await;
    administrator(&world, &shop, |client| client.user_scopes = None).await;
    assert_eq!(says(&world, &shop, json!({})).await.get("scope"), None);
    assert_eq!(says(&world, &shop, json!({"scope": "openid"})).await["scope"], "openid");
    assert_eq!(says(&world, &shop, json!({"scope": "openid email"})).await["scope"], "openid email");
    let both = ["openid", "email"].map(str::to_owned);
    says(&world, &shop, json!({"scope": "openid phone"})).await;
    administrator(&world, &shop, |client| client.user_scopes = Some(both.to_vec())).await;
    assert_eq!(says(&world, &shop, json!({"scope": "email"})).await["scope"], "email");
    assert_eq!(says(&world, &shop, json!({"scope": "openid phone"})).await["scope"], "openid");

    let old = made(&world, json!({})).await;
    let (realm, id) = (world.data.realm.id, old["client_id"].as_str().expect("an id"));
    let authority = world.authority();
    let kept = authority.document(realm, REGISTERED, id).await.expect("readable").expect("a document");
    let mut body: Value = serde_json::from_str(&kept.body).expect("JSON");
    body["said"].as_object_mut().expect("an object").remove("scopes");
    let body = body.to_string();
    let edited = authority.keep_document_from(Some(kept.version), Document { body, ..kept }).await;
    edited.expect("written, as the earlier version has it");
    administrator(&world, &old, |client| client.user_scopes = Some(vec!["openid".into()])).await;
    assert_eq!(says(&world, &old, json!({})).await["scope"], "openid");
}
