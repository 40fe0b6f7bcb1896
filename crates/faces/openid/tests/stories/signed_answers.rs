//! What is signed for a client, and by what: ID tokens, logout tokens, userinfo, introspection.
//!
//! standards.md 1.2 (S-BCL-13), 2.4 (S-DISC-5) and 2.5 (S-INT-5); RFC 9701; OpenID Connect Core §5.3.2.

use adieu_authority::{Client, JoseAlgorithm};
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use adieu_token::{KeySet, PublicKey, Verified};
use serde_json::{Value, json};

use crate::fixture::{ALICE, ALPHA, BYE, LOGOUT, RelyingParty, issuer, param, signed_on};

const SIGNED: &str = "application/token-introspection+jwt";

/// A server whose shop wants these algorithms.
async fn wanting(id_token: JoseAlgorithm, userinfo: Option<JoseAlgorithm>) -> World {
    let world = World::start().await;
    let id = world.data.app.id.clone();
    let wants = |client: &mut Client| {
        client.signing.id_token = id_token;
        client.signing.userinfo = userinfo;
    };
    world.edit_client(&id, wants).await;
    world
}

async fn published(world: &World) -> Vec<Value> {
    let keys = world.get(&format!("{ALPHA}/jwks")).send().await.json();
    keys["keys"].as_array().expect("keys").clone()
}

/// The algorithm and the claims of a token that a published key signed.
async fn verified(world: &World, token: &str) -> (String, Verified) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let keys = published(world).await;
    let keys = KeySet::of(keys.iter().map(|key| PublicKey::from_jwk(key).expect("a key")));
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    (header["alg"].as_str().expect("a name").to_owned(), keys.verify(token).expect("signed by us"))
}

/// Goal: S-BCL-13, S-OP-26, S-DISC-5: ID tokens are signed as the client registered, the key is published before, what the client is told
/// of endings follows, and such a token is a hint as any other is.
#[tokio::test]
async fn id_tokens_are_signed_as_the_client_registered() {
    for algorithm in JoseAlgorithm::ALL {
        let world = wanting(algorithm, None).await;
        let algs = published(&world).await;
        assert!(algs.iter().any(|key| key["alg"] == algorithm.name()), "before any token: {algs:?}");
        let shop = RelyingParty::shop(&world);
        let (mut browser, hint) = signed_on(&shop, ALICE).await;
        let (alg, claims) = verified(&world, &hint).await;
        assert_eq!((alg.as_str(), claims.str("aud")), (algorithm.name(), Some(shop.id.as_str())));
        let session = world.authority().session_named(&world.data.app.id, claims.str("sid").expect("a sid"));
        let participants =
            world.authority().participants(session.expect("ours")).await.expect("they are read");
        assert_eq!(participants[0].known_as.algorithm, algorithm.name());
        let silent =
            browser.get(&shop.authorize(&format!("&prompt=none&scope=openid&id_token_hint={hint}"))).await;
        assert!(param(silent.location(), "code").is_some(), "{}", silent.location());
        let out = browser
            .get(&format!("{LOGOUT}?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=s"))
            .await;
        assert_eq!(out.location(), format!("{BYE}?state=s"));
    }
}

/// Goal: S-TOK-8: a refreshed ID token is signed alike, and access tokens are signed as those of everybody.
#[tokio::test]
async fn access_tokens_are_signed_as_those_of_everybody() {
    let world = wanting(JoseAlgorithm::Es256, None).await;
    let shop = RelyingParty::shop(&world);
    let mut browser = crate::fixture::Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let first = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    let refresh = first["refresh_token"].as_str().expect("a token");
    let next =
        shop.post("token", &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await.json();
    for tokens in [first, next] {
        let alg = async |name: &str| verified(&world, tokens[name].as_str().expect("a token")).await.0;
        assert_eq!((alg("id_token").await.as_str(), alg("access_token").await.as_str()), ("ES256", "RS256"));
        assert_eq!(shop.userinfo(&tokens).await.status, 200);
    }
}

/// Goal: OpenID Connect Core §5.3.2: userinfo is signed for a client that registered it, at every mount, and is no ID token.
#[tokio::test]
async fn userinfo_is_signed_where_the_client_registered_it() {
    let world = wanting(JoseAlgorithm::default(), Some(JoseAlgorithm::EdDsa)).await;
    let shop = RelyingParty::shop(&world);
    let mut browser = crate::fixture::Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid%20email")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    let told = shop.userinfo(&tokens).await;
    assert_eq!((told.header("content-type"), told.header("cache-control")), ("application/jwt", "no-store"));
    let (alg, claims) = verified(&world, &told.text).await;
    assert_eq!((alg.as_str(), claims.str("iss")), ("EdDSA", Some(issuer(&world).as_str())));
    assert_eq!(
        (claims.str("aud"), claims.str("email")),
        (Some(shop.id.as_str()), Some("alice@example.test"))
    );
    let as_hint = browser.get(&format!("{LOGOUT}?id_token_hint={}", told.text)).await;
    assert_eq!(as_hint.status, 400, "it is no ID token");
}

/// Goal: S-INT-5: whoever asks for a signed answer gets one that is for them and nobody else, whatever the token is worth; a signed
/// answer is no token.
#[tokio::test]
async fn introspection_is_signed_where_that_is_asked_for() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (_, hint) = signed_on(&shop, ALICE).await;
    assert!(!hint.is_empty());
    let mut browser = crate::fixture::Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    let access = tokens["access_token"].as_str().expect("a token");
    let asked = async |token: &str, accept: &str| -> Reply {
        let secret = world.data.secret(&world.data.app);
        let form = [("client_id", shop.id.as_str()), ("token", token)];
        let basic = basic(&shop.id, secret);
        let ask = world.post(&format!("{ALPHA}/introspect")).header("authorization", &basic);
        ask.header("accept", accept).form(&form).send().await
    };
    for (token, active) in [(access, true), ("x.y.z", false)] {
        let plain = asked(token, "application/json").await;
        let signed = asked(token, SIGNED).await;
        assert_eq!((signed.status.as_u16(), signed.header("content-type")), (200, SIGNED));
        let (alg, claims) = verified(&world, &signed.text).await;
        assert_eq!((alg.as_str(), claims.typ.as_deref()), ("RS256", Some("token-introspection+jwt")));
        assert_eq!(claims.claims["token_introspection"], plain.json());
        assert_eq!(claims.claims["token_introspection"]["active"], active);
        assert_eq!(
            (claims.str("iss"), claims.str("aud")),
            (Some(issuer(&world).as_str()), Some(shop.id.as_str()))
        );
        assert_eq!(claims.int("iat"), Some(world.authority().now().s()));
        for name in ["sub", "exp"] {
            assert!(!claims.claims.contains_key(name), "{name}");
        }
        assert_eq!(asked(&signed.text, "application/json").await.json(), json!({"active": false}));
    }
    let wrong = world.post(&format!("{ALPHA}/introspect")).header("accept", SIGNED).form(&[("token", "x")]);
    let wrong = wrong.send().await;
    assert_eq!((wrong.status.as_u16(), wrong.header("content-type")), (401, "application/json"));
}

fn basic(id: &str, secret: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

/// Goal: S-INT-5: the other mounts sign, too, in their own words.
#[tokio::test]
async fn every_mount_signs_introspection() {
    let world = World::start().await;
    let basic = basic(world.data.app.id.as_str(), world.data.secret(&world.data.app));
    let base = &world.config().public.url;
    for path in [format!("/{}/as", world.data.realm.id), "/am/oauth2/realms/root/realms/alpha".to_owned()] {
        let ask = world.post(&format!("{path}/introspect?_prettyPrint=true")).header("authorization", &basic);
        let signed = ask.header("accept", SIGNED).form(&[("token", "x.y.z")]).send().await;
        assert_eq!((signed.status.as_u16(), signed.header("content-type")), (200, SIGNED), "{path}");
        let (_, claims) = verified(&world, &signed.text).await;
        assert_eq!(claims.str("iss"), Some(format!("{base}{path}").as_str()));
        assert_eq!(claims.claims["token_introspection"], json!({"active": false}));
    }
}
