//! Keys of clients that stand at an address of theirs: asked for when something is signed, held for a while, asked for again for
//! a key that is not among them.
//!
//! The address is a little server of the tests' own on a real socket; the clock stands until a story moves it. RFC 7591 §2.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use adieu_authority::{Client, ClientAuth, JoseAlgorithm, read_client_jwks};
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use adieu_token::{Alg, SigningKey};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::{ALICE, ALPHA, Browser, CALLBACK, RelyingParty, issuer};
use crate::private_key_jwt::JWT_BEARER;

/// What a client publishes, and how often it was asked for.
#[derive(Clone)]
struct Published {
    at: SocketAddr,
    state: Arc<Mutex<(String, u32)>>,
}

impl Published {
    async fn of(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let published = Self { at, state: Arc::default() };
        published.publish(keys);
        let state = Arc::clone(&published.state);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let _ = stream.read(&mut head).await;
                let answer = {
                    let mut state = state.lock().expect("the state");
                    state.1 += 1;
                    state.0.clone()
                };
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
                let whole = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
                let _ = stream.write_all(whole.as_bytes()).await;
            }
        });
        published
    }

    fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public().jwk()).collect();
        self.say(&json!({"keys": keys}).to_string());
    }

    fn say(&self, text: &str) {
        self.state.lock().expect("the state").0 = text.to_owned();
    }

    fn asked(&self) -> u32 {
        self.state.lock().expect("the state").1
    }

    fn address(&self) -> String {
        format!("http://{}/keys", self.at)
    }
}

/// The shop signs with what stands there.
async fn shop_publishes(world: &World, at: &str) {
    let id = world.data.app.id.clone();
    let change = |client: &mut Client| {
        client.auth = ClientAuth::PrivateKey;
        client.client_credentials = true;
        client.signing.jwks_uri = Some(at.to_owned());
    };
    world.edit_client(&id, change).await;
}

fn key() -> SigningKey {
    SigningKey::generate(Alg::Es256).expect("a key")
}

/// A token in the shop's own name, by an assertion that is signed with this key.
async fn proves(world: &World, key: &SigningKey) -> Reply {
    let (now, id) = (world.authority().now().s(), world.data.app.id.as_str());
    let jti = world.authority().draw_uuid().to_string();
    let claims = json!({"iss": id, "sub": id, "aud": issuer(world), "iat": now, "exp": now + 60, "jti": jti});
    let assertion = key.sign(None, &claims).expect("a token");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", &assertion),
    ];
    world.post(&format!("{ALPHA}/token")).form(&form).send().await
}

/// Goal: S-CA-2: what stands at the address proves the client; it is asked for once in ten minutes, and once more for a key that is not
/// among them, but not more often than twice a minute; a key that is gone counts for ten minutes at most.
#[tokio::test]
async fn published_keys_are_held_and_asked_for_again() {
    let (world, first, next) = (World::start().await, key(), key());
    let published = Published::of(&[&first]).await;
    shop_publishes(&world, &published.address()).await;
    for _ in 0..3 {
        assert_eq!(proves(&world, &first).await.status, 200);
    }
    assert_eq!(published.asked(), 1);
    published.publish(&[&next]);
    world.wait_s(10);
    let later = proves(&world, &next).await;
    assert_eq!(
        (later.status.as_u16(), later.header("retry-after")),
        (503, "20"),
        "asked for a moment ago: {}",
        later.text
    );
    assert_eq!(published.asked(), 1);
    world.wait_s(20);
    assert_eq!(proves(&world, &next).await.status, 200);
    assert_eq!((proves(&world, &first).await.status.as_u16(), published.asked()), (401, 2));
    published.publish(&[&first]);
    world.wait_s(599);
    assert_eq!((proves(&world, &next).await.status.as_u16(), published.asked()), (200, 2));
    world.wait_s(1);
    assert_eq!((proves(&world, &next).await.status.as_u16(), published.asked()), (401, 3));
}

/// Goal: NO-FALSE-NO: where the address says nothing, nobody can tell, and it is said when to try again; what is there and is no set of
/// keys proves nobody. What was held counts on until it is too old.
#[tokio::test]
async fn an_address_that_says_nothing_is_no_refusal() {
    let (world, own) = (World::start().await, key());
    let published = Published::of(&[&own]).await;
    published.say("no JSON");
    shop_publishes(&world, &published.address()).await;
    let untold = proves(&world, &own).await;
    assert_eq!((untold.status.as_u16(), untold.header("retry-after")), (503, "1"), "{}", untold.text);
    assert_eq!(proves(&world, &own).await.status, 503);
    assert_eq!(published.asked(), 1, "a failure is not asked for again at once");
    world.wait_s(30);
    published.publish(&[&own]);
    assert_eq!(proves(&world, &own).await.status, 200);
    world.wait_s(599);
    published.say(&"x".repeat(300_000));
    assert_eq!(proves(&world, &own).await.status, 200);
    world.wait_s(1);
    assert_eq!(proves(&world, &own).await.status, 503);
    world.wait_s(30);
    published.say(r#"{"keys": [{"kty": "oct", "k": "AQAB"}]}"#);
    let refused = proves(&world, &own).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("invalid_client")));
}

/// Goal: a request object counts that is signed with a published key, and no other one.
#[tokio::test]
async fn a_request_is_signed_with_a_published_key() {
    let (world, own) = (World::start().await, key());
    let published = Published::of(&[&own]).await;
    let id = world.data.app.id.clone();
    world.edit_client(&id, |client| client.signing.jwks_uri = Some(published.address())).await;
    let (now, shop) = (world.authority().now().s(), RelyingParty::shop(&world));
    let object = json!({"iss": shop.id, "aud": issuer(&world), "exp": now + 60, "client_id": shop.id, "scope": "openid",
        "response_type": "code", "redirect_uri": CALLBACK, "state": "signed"});
    let address = |key: &SigningKey| {
        let object = key.sign(None, &object).expect("an object");
        format!("{ALPHA}/authorize?client_id={}&redirect_uri={CALLBACK}&request={object}", shop.id)
    };
    let mut browser = Browser::of(&world);
    let page = browser.get(&address(&own)).await;
    let answer = browser.sign_on(&page, ALICE).await;
    assert!(answer.location().contains("state=signed"), "{}", answer.location());
    let forged = browser.get(&address(&key())).await;
    assert!(forged.location().contains("error=invalid_request_object"), "{}", forged.location());
}

/// Goal: RFC 7591 §2: keys are given by value or by address, and the address is one of the web, encrypted beyond this machine; the native
/// API and a registration show it.
#[tokio::test]
async fn an_address_of_keys_is_judged_when_it_is_written() {
    let world = World::start().await;
    let path = format!("/v1/clients/{}", world.data.app.id);
    let change = async |change: Value| world.admin(Method::PATCH, &path).json(&change).send().await;
    let set = json!({"keys": [key().public().jwk()]});
    let at = "https://shop.example.test/keys";
    let both = change(json!({"jwks": set, "jwks_uri": at})).await;
    assert_eq!(both.status, 422);
    assert!(both.text.contains("exclude each other"), "{}", both.text);
    for bad in ["http://shop.example.test/keys", "https://shop.example.test/keys#x", "urn:x", ""] {
        assert_eq!(change(json!({"jwks_uri": bad})).await.status, 422, "{bad}");
    }
    let changed = change(json!({"jwks_uri": at})).await.json();
    assert_eq!((&changed["jwks_uri"], &changed["jwks"]), (&json!(at), &json!(null)));
    assert_eq!(change(json!({"jwks": set})).await.status, 422, "the other one has to go first");
    let exchanged = change(json!({"jwks": set, "jwks_uri": null})).await.json();
    assert!(exchanged["jwks_uri"].is_null() && exchanged["jwks"]["keys"].is_array(), "{exchanged}");
}

/// Goal: S-CA-2, S-OP-23, Registration 1.0 §2: what is signed by another algorithm than the one that the client registered for it is refused,
/// although it is by a key of the client's: by value and at an address.
#[tokio::test]
async fn what_is_signed_by_another_algorithm_is_refused() {
    let (world, es256) = (World::start().await, key());
    let eddsa = SigningKey::generate(Alg::EdDsa).expect("a key");
    let published = Published::of(&[&es256, &eddsa]).await;
    let id = world.data.app.id.clone();
    let set = json!({"keys": [es256.public().jwk(), eddsa.public().jwk()]});
    let shop = RelyingParty::shop(&world);
    let (now, aud) = (world.authority().now().s(), issuer(&world));
    let object = json!({"iss": shop.id, "aud": aud, "exp": now + 60, "client_id": shop.id, "scope": "openid",
        "response_type": "code", "redirect_uri": CALLBACK, "prompt": "none"});
    for by_value in [true, false] {
        world
            .edit_client(&id, |client| {
                client.auth = ClientAuth::PrivateKey;
                client.client_credentials = true;
                client.signing.jwks = by_value.then(|| read_client_jwks(&set).expect("keys"));
                client.signing.jwks_uri = (!by_value).then(|| published.address());
                client.signing.request_object = Some(JoseAlgorithm::Es256);
                client.signing.assertion = Some(JoseAlgorithm::EdDsa);
            })
            .await;
        let refused = proves(&world, &es256).await;
        let told = (refused.status.as_u16(), refused.json()["error"].clone());
        assert_eq!(told, (401, json!("invalid_client")), "{by_value}");
        assert_eq!(proves(&world, &eddsa).await.status, 200, "{by_value}");
        for (key, error) in [(&es256, "login_required"), (&eddsa, "invalid_request_object")] {
            let object = key.sign(None, &object).expect("an object");
            let address =
                format!("{ALPHA}/authorize?client_id={}&redirect_uri={CALLBACK}&request={object}", shop.id);
            let told = Browser::of(&world).get(&address).await;
            assert!(told.location().contains(&format!("error={error}")), "{by_value}: {}", told.location());
        }
    }
}

/// Goal: ONE-SLOW-HURTS-NONE: as many clients as want to let their addresses hang, and no other one is told to come again because of that.
#[tokio::test]
async fn addresses_that_hang_keep_no_other_client_waiting() {
    let (world, own) = (World::start().await, key());
    let published = Published::of(&[&own]).await;
    shop_publishes(&world, &published.address()).await;
    let hangs = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = hangs.local_addr().expect("an address");
    let clients = format!("/v1/realms/{}/clients", world.data.realm.id);
    let mut ids = Vec::new();
    for n in 0..20 {
        let new = json!({"client_name": "Hangs", "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "jwks_uri": format!("http://{at}/{n}")});
        let made = world.admin(Method::POST, &clients).json(&new).send().await;
        assert_eq!(made.status, 201, "{}", made.text);
        ids.push(made.json()["client_id"].as_str().expect("an id").to_owned());
    }
    let asking = async {
        let all = ids.iter().map(|id| {
            let assertion = own.sign(None, &json!({"iss": id, "sub": id})).expect("a token");
            let form = [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER)];
            let form = [&form[..], &[("client_assertion", &assertion)]].concat();
            let ask = world.post(&format!("{ALPHA}/token")).form(&form);
            async move { ask.send().await.status.as_u16() }
        });
        let all: Vec<u16> = futures_util::future::join_all(all).await;
        all
    };
    let honest = async {
        let mut connected = Vec::new();
        while connected.len() < ids.len() {
            connected.push(hangs.accept().await.expect("it is asked"));
        }
        let proven = proves(&world, &own).await.status.as_u16();
        drop((connected, hangs));
        proven
    };
    let (hung, proven) = tokio::join!(asking, honest);
    assert_eq!((proven, hung), (200, vec![503; 20]));
}
