//! Clients that register themselves: with a token of an administrator, as many as it is for; and what they do with themselves later.
//!
//! RFC 7591, RFC 7592, standards.md 2.7.

use adieu_authority::Span;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use adieu_token::{Alg, SigningKey};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{ALICE, ALPHA, Browser, claims, issuer, param};

/// A server where clients may register, with a key of ES256 besides.
pub(crate) async fn with_registration() -> World {
    let mut world = World::start().await;
    world.restart_with(|config| config.openid.registration = true).await;
    let realm = world.authority().realm(world.data.realm.id).await.expect("a store").expect("the realm");
    world.authority().rotate_key(&realm, Alg::Es256).await.expect("a key");
    world
}

pub(crate) async fn initial(world: &World, clients: u32) -> String {
    let made = world.authority().make_initial_token(world.data.realm.id, Span::from_s(3600), clients);
    made.await.expect("a token").1
}

pub(crate) async fn register(world: &World, token: &str, metadata: Value) -> Reply {
    world.post(&format!("{ALPHA}/register")).bearer(token).json(&metadata).send().await
}

fn shop() -> Value {
    json!({
        "client_name": "Till", "redirect_uris": ["https://till.example.test/cb"],
        "post_logout_redirect_uris": ["https://till.example.test/bye"],
        "backchannel_logout_uri": "https://till.example.test/back", "backchannel_logout_session_required": true,
        "frontchannel_logout_uri": "https://till.example.test/front", "frontchannel_logout_session_required": true,
        "grant_types": ["authorization_code", "refresh_token"], "id_token_signed_response_alg": "ES256",
        "logo_uri": "https://till.example.test/logo.png", "unheard_of": 7,
    })
}

/// Its own address, as a path.
fn own(world: &World, made: &Value) -> String {
    let uri = made["registration_client_uri"].as_str().expect("an address");
    uri.strip_prefix(&world.config().public.url).expect("ours").to_owned()
}

pub(crate) async fn manage(world: &World, method: Method, made: &Value, body: Option<Value>) -> Reply {
    let token = made["registration_access_token"].as_str().expect("a token");
    let ask = world.ask(method, &own(world, made)).bearer(token);
    match body {
        Some(body) => ask.json(&body).send().await,
        None => ask.send().await,
    }
}

/// Goal: S-REG-1, S-REG-2, S-DISC-3: what a client says of itself is what it is, and it signs people on; what nobody knows is left out.
#[tokio::test]
async fn a_client_registers_and_signs_people_on() {
    let world = with_registration().await;
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    assert_eq!(document["registration_endpoint"], format!("{}/register", issuer(&world)));
    let reply = register(&world, &initial(&world, 1).await, shop()).await;
    assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (201, "no-store"), "{}", reply.text);
    let made = reply.json();
    for (name, value) in shop().as_object().expect("an object") {
        if !["logo_uri", "unheard_of"].contains(&name.as_str()) {
            assert_eq!(&made[name], value, "{name}");
        }
    }
    assert!(made.get("logo_uri").is_none() && made.get("unheard_of").is_none());
    assert_eq!((&made["client_secret_expires_at"], &made["response_types"]), (&json!(0), &json!(["code"])));
    assert_eq!(made["client_id_issued_at"], world.authority().now().s());
    assert_eq!(
        made["registration_client_uri"],
        format!("{}/register/{}", issuer(&world), made["client_id"].as_str().expect("an id"))
    );

    let (id, secret) =
        (made["client_id"].as_str().expect("an id"), made["client_secret"].as_str().expect("a secret"));
    let cb = "https://till.example.test/cb";
    let mut browser = Browser::of(&world);
    let pkce = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let asked =
        format!("{ALPHA}/authorize?response_type=code&client_id={id}&redirect_uri={cb}&scope=openid{pkce}");
    let page = browser.get(&asked).await;
    let question = browser.sign_on(&page, ALICE).await;
    assert!(question.text.contains("Who you are here"), "nobody here has looked at it: {}", question.text);
    let answer = browser.submit(&question, &[("choice", "allow")]).await;
    let code = param(answer.location(), "code").expect("a code");
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // RFC 7636 appendix B
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", cb),
        ("code_verifier", verifier),
    ];
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let ask = world.post(&format!("{ALPHA}/token")).header("authorization", &format!("Basic {basic}"));
    let tokens = ask.form(&form).send().await;
    assert_eq!((tokens.status.as_u16(), &claims(&tokens.json()["id_token"])["aud"]), (200, &json!(id)));

    let access = tokens.json()["access_token"].as_str().expect("a token").to_owned();
    let refresh = tokens.json()["refresh_token"].as_str().expect("a token").to_owned();
    let gone = manage(&world, Method::DELETE, &made, None).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let info = world.get(&format!("{ALPHA}/userinfo")).bearer(&access).send().await;
    assert_eq!(info.status, 401, "S-REG-4: its grants end with it");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let ask = world.post(&format!("{ALPHA}/token")).header("authorization", &format!("Basic {basic}"));
    assert_eq!(ask.form(&form).send().await.status, 401);
    assert_eq!(manage(&world, Method::GET, &made, None).await.status, 401, "it is gone");
}

/// Goal: S-REG-3: nobody registers without a token that counts, and as many clients as it is for; after a crash as before.
#[tokio::test]
async fn a_token_is_for_so_many_clients_and_so_long() {
    let mut world = with_registration().await;
    let refused = |reply: &Reply| (reply.status.as_u16(), reply.json()["error"].clone());
    let none = world.post(&format!("{ALPHA}/register")).json(&shop()).send().await;
    assert_eq!((none.status.as_u16(), none.header("www-authenticate")), (401, "Bearer"));
    let token = initial(&world, 2).await;
    let no_token = (401, json!("invalid_token"));
    let forged = format!("{}x", &token[..token.len() - 1]);
    for wrong in ["x", "a.b", forged.as_str(), &format!("{}.", token.split('.').next().expect("a name"))] {
        assert_eq!(refused(&register(&world, wrong, shop()).await), no_token, "{wrong}");
    }
    let other_realm = world.post("/o/_/register").bearer(&token).json(&shop()).send().await;
    assert_eq!(refused(&other_realm), no_token, "it is of another realm");
    let bad = register(&world, &token, json!({"redirect_uris": ["javascript:alert(1)"]})).await;
    assert_eq!(refused(&bad), (400, json!("invalid_redirect_uri")), "and it costs nothing");
    let pair = tokio::join!(register(&world, &token, shop()), register(&world, &token, shop()));
    assert_eq!((pair.0.status.as_u16(), pair.1.status.as_u16()), (201, 201));
    world.crash_and_restart().await;
    assert_eq!(refused(&register(&world, &token, shop()).await), no_token, "as many as it is for");
    let late = initial(&world, 1).await;
    world.wait_s(3601);
    assert_eq!(refused(&register(&world, &late, shop()).await), no_token, "too late");
    let back = initial(&world, 1).await;
    let id = back.split('.').next().and_then(|id| id.parse().ok()).expect("a UUID");
    assert!(world.authority().remove_initial_token(world.data.realm.id, id).await.expect("an answer"));
    assert_eq!(refused(&register(&world, &back, shop()).await), no_token, "it was taken back");
}

/// Goal: S-REG-1: what could not be kept is refused by the word for it.
#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let world = with_registration().await;
    let token = initial(&world, 1).await;
    for (name, value, error) in [
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        ("redirect_uris", json!("https://a.test/"), "invalid_redirect_uri"),
        ("redirect_uris", json!(["https://a.test/#x"]), "invalid_redirect_uri"),
        ("redirect_uris", Value::Null, "invalid_redirect_uri"),
        ("post_logout_redirect_uris", json!(["/x"]), "invalid_client_metadata"),
        ("backchannel_logout_uri", json!("ftp://a.test/"), "invalid_client_metadata"),
        ("frontchannel_logout_uri", json!("https://elsewhere.test/"), "invalid_client_metadata"),
        ("grant_types", json!(["client_credentials"]), "invalid_client_metadata"),
        ("grant_types", json!(["implicit"]), "invalid_client_metadata"),
        ("response_types", json!(["code token"]), "invalid_client_metadata"),
        ("token_endpoint_auth_method", json!("client_secret_jwt"), "invalid_client_metadata"),
        ("token_endpoint_auth_method", json!("private_key_jwt"), "invalid_client_metadata"),
        ("jwks_uri", json!("http://a.test/jwks"), "invalid_client_metadata"),
        ("jwks_uri", json!(["https://a.test/jwks"]), "invalid_client_metadata"),
        ("jwks", json!({"keys": [{"kty": "oct", "k": "AQAB"}]}), "invalid_client_metadata"),
        ("id_token_signed_response_alg", json!("HS256"), "invalid_client_metadata"),
        ("id_token_encrypted_response_alg", json!("RSA-OAEP"), "invalid_client_metadata"),
        ("subject_type", json!("pairwise"), "invalid_client_metadata"),
        ("client_name", json!("a\u{0}b"), "invalid_client_metadata"),
        ("software_statement", json!("x.y.z"), "invalid_client_metadata"),
    ] {
        let mut said = shop();
        said[name] = value.clone();
        let refused = register(&world, &token, said).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]),
            (400, &json!(error)),
            "{name} {value}"
        );
    }
    let no_json = world.post(&format!("{ALPHA}/register")).bearer(&token).form(&[("a", "b")]).send().await;
    assert_eq!(no_json.status, 415);
    let keys = json!({"keys": [SigningKey::generate(Alg::EdDsa).expect("a key").public().jwk()]});
    let mut by_address = shop();
    by_address["token_endpoint_auth_method"] = "private_key_jwt".into();
    by_address["jwks_uri"] = "https://a.test/jwks".into();
    let mut both = by_address.clone();
    both["jwks"] = keys;
    let refused = register(&world, &token, both).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_client_metadata")));
    let other = initial(&world, 1).await;
    let made = register(&world, &other, by_address).await;
    assert_eq!((made.status.as_u16(), &made.json()["jwks_uri"]), (201, &json!("https://a.test/jwks")));
    let public = json!({"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "native", "token_endpoint_auth_method": "none"});
    let made = register(&world, &token, public).await.json();
    assert!(made["client_id"].is_string() && made.get("client_secret").is_none(), "{made}");
}

/// Goal: S-REG-4: a client that registered itself reads and replaces what it said, by its own token and nobody else's.
#[tokio::test]
async fn a_client_changes_itself() {
    let world = with_registration().await;
    let token = initial(&world, 2).await;
    let (made, other) =
        (register(&world, &token, shop()).await.json(), register(&world, &token, shop()).await.json());
    let read = manage(&world, Method::GET, &made, None).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, made.clone()));
    let next = json!({"client_id": made["client_id"], "redirect_uris": ["https://till.example.test/other"]});
    let changed = manage(&world, Method::PUT, &made, Some(next.clone())).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let changed = changed.json();
    assert_eq!(
        (&changed["redirect_uris"], &changed["client_secret"]),
        (&next["redirect_uris"], &made["client_secret"])
    );
    assert!(changed.get("backchannel_logout_uri").is_none(), "what is not said is not so any more");
    for bad in [
        json!({"redirect_uris": ["https://till.example.test/cb"]}),
        json!({"client_id": other["client_id"], "redirect_uris": ["https://till.example.test/cb"]}),
        json!({"client_id": made["client_id"], "client_secret": "x", "redirect_uris": ["https://till.example.test/cb"]}),
        json!({"client_id": made["client_id"], "registration_access_token": "x", "redirect_uris": ["https://till.example.test/cb"]}),
    ] {
        let refused = manage(&world, Method::PUT, &made, Some(bad.clone())).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]),
            (400, &json!("invalid_client_metadata")),
            "{bad}"
        );
    }
    let foreign = other["registration_access_token"].as_str().expect("a token");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        for token in [foreign, "x"] {
            let refused =
                world.ask(method.clone(), &own(&world, &made)).bearer(token).json(&next).send().await;
            assert_eq!(
                (refused.status.as_u16(), &refused.json()["error"]),
                (401, &json!("invalid_token")),
                "{method}"
            );
        }
    }
    let by_hand = format!("{ALPHA}/register/{}", world.data.app.id);
    let own_token = world.authority().registration_token(&world.data.app);
    assert_eq!(world.get(&by_hand).bearer(&own_token).send().await.status, 401, "it did not register itself");
}

/// Goal: S-REG-3: nothing of it is there unless the installation says so.
#[tokio::test]
async fn it_is_off_by_default() {
    let world = World::start().await;
    let token = initial(&world, 1).await;
    assert_eq!(register(&world, &token, shop()).await.status, 404);
    assert_eq!(world.get(&format!("{ALPHA}/register/x")).bearer("x").send().await.status, 404);
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    assert!(document.get("registration_endpoint").is_none());
}

/// Goal: S-DISC-2: what the metadata names for tokens of clients, whoever registers is given: algorithms that the realm has keys of.
#[tokio::test]
async fn the_metadata_names_what_whoever_registers_is_given() {
    let world = with_registration().await;
    let (token, realm) = (initial(&world, 9).await, world.data.realm.id);
    let realm = world.authority().realm(realm).await.expect("a store").expect("the realm");
    let path = format!("{ALPHA}/.well-known/openid-configuration");
    for all in [json!(["RS256", "ES256"]), json!(["RS256", "ES256", "EdDSA"])] {
        let document = world.get(&path).send().await.json();
        for member in ["id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"] {
            assert_eq!(document[member], all, "{member}");
        }
        for algorithm in all.as_array().expect("a list") {
            let mut metadata = shop();
            metadata["id_token_signed_response_alg"] = algorithm.clone();
            assert_eq!(register(&world, &token, metadata).await.status, 201, "{algorithm}");
        }
        world.authority().rotate_key(&realm, Alg::EdDsa).await.expect("a key");
    }
}

/// Goal: S-DISC-4, decision 0041: a client that registers itself adds no key to the realm's JWK Set, which everybody reads: it gets what is
/// signed by keys that are there, and keeps what it has.
#[tokio::test]
async fn a_registered_client_makes_no_key_of_the_realm() {
    let world = with_registration().await;
    let token = initial(&world, 9).await;
    let realm = world.authority().realm(world.data.realm.id).await.expect("a store").expect("the realm");
    let keys = async || {
        world.get(&format!("{ALPHA}/jwks")).send().await.json()["keys"].as_array().expect("keys").len()
    };
    let before = keys().await;
    for name in ["id_token_signed_response_alg", "userinfo_signed_response_alg"] {
        let mut metadata = shop();
        metadata["id_token_signed_response_alg"] = "RS256".into();
        metadata[name] = "EdDSA".into();
        let refused = register(&world, &token, metadata).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]),
            (400, &json!("invalid_client_metadata"))
        );
        assert!(refused.text.contains("no key of EdDSA"), "{}", refused.text);
    }
    assert_eq!(keys().await, before);
    let mut metadata = shop();
    metadata["id_token_signed_response_alg"] = "RS256".into();
    let made = register(&world, &token, metadata.clone()).await.json();
    metadata["client_id"] = made["client_id"].clone();
    metadata["id_token_signed_response_alg"] = "EdDSA".into();
    let change = async |metadata: &Value| manage(&world, Method::PUT, &made, Some(metadata.clone())).await;
    assert_eq!(change(&metadata).await.status, 400);
    world.authority().rotate_key(&realm, Alg::EdDsa).await.expect("a key");
    assert_eq!(change(&metadata).await.status, 200, "its administrator has made one");
    assert_eq!(keys().await, before + 1);
}

/// Goal: a consent page names the place that an answer goes to: a client that registers itself sends nobody to an address of this
/// installation, which would lead on to another one with the answer in its fragment, nor over a network in the clear. RFC 9700 §2.6, §4.11
#[tokio::test]
async fn a_client_that_registers_itself_sends_browsers_away_and_not_in_the_clear() {
    let world = with_registration().await;
    let token = initial(&world, 50).await;
    let own = world.config().public.url.clone();
    let (_, host) = own.split_once("://").expect("an address");
    let (name, port) = host.rsplit_once(':').expect("a port");
    let chain = format!("{own}{}?client_id=other&prompt=none", ALPHA.to_owned() + "/authorize");
    for bad in [
        chain,
        format!("https://{host}/cb"),
        format!("{own}/"),
        format!("http://{}.:{port}/", name.to_uppercase()),
        "http://till.example.test/cb".to_owned(),
        "HTTP://till.example.test/cb".to_owned(),
    ] {
        let refused = register(&world, &token, json!({"redirect_uris": [bad]})).await;
        assert_eq!(
            (refused.status, refused.json()["error"].as_str()),
            (StatusCode::BAD_REQUEST, Some("invalid_redirect_uri")),
            "{bad}"
        );
        let said =
            json!({"redirect_uris": ["https://till.example.test/cb"], "post_logout_redirect_uris": [bad]});
        let refused = register(&world, &token, said).await;
        assert_eq!(refused.json()["error"], "invalid_client_metadata", "{bad}");
    }
    for good in [
        "https://till.example.test/cb",
        "http://127.0.0.1/cb",
        "http://localhost:7/cb",
        "com.example.till:/cb",
    ] {
        let made = register(&world, &token, json!({"redirect_uris": [good]})).await;
        assert_eq!(made.status, 201, "{good}: {}", made.text);
        let next =
            json!({"client_id": made.json()["client_id"], "redirect_uris": [good, format!("{own}/x")]});
        let refused = manage(&world, Method::PUT, &made.json(), Some(next)).await;
        assert_eq!(refused.json()["error"], "invalid_redirect_uri", "{good}");
        let pile = json!({"redirect_uris": [good], "client_name": format!("Z{}", "\u{301}".repeat(5))});
        assert_eq!(register(&world, &token, pile).await.json()["error"], "invalid_client_metadata");
    }
}
