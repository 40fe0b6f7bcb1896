//! A provider that says what it is told to: ID tokens that must not be taken, answers that are too long, none at all.
//!
//! It has keys of its own and counts what it is asked.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use adieu_authority::{NewUpstream, UpstreamEdit, UpstreamSecret};
use adieu_core::Clock;
use adieu_testkit::World;
use adieu_testkit::world::profile_config;
use adieu_token::{Alg, KeySet, SigningKey};
use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Browser;

/// Where its metadata are.
pub(crate) const DOCUMENT: &str = "/.well-known/openid-configuration";

/// What is answered.
#[derive(Clone)]
pub(crate) enum Says {
    Json(Value),
    Status(u16),
    Redirect(String),
    Hang,
    Endless,
    /// An ID token of these claims, whose nonce is the code.
    TokenOfCode(Value),
}

/// The provider.
#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) issuer: String,
    pub(crate) key: SigningKey,
    said: Arc<Mutex<BTreeMap<String, Says>>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Scripted {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("its address"));
        let key = SigningKey::generate(Alg::Es256).expect("a key");
        let this = Self { issuer, key, said: Arc::default(), asked: Arc::default() };
        this.says_metadata(json!({}));
        this.says("/jwks", Says::Json(KeySet::of([this.key.public()]).jwks()));
        let serving = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    let answer = service_fn(move |request| serving.clone().answer(request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
        });
        this
    }

    async fn answer(
        self,
        request: hyper::Request<hyper::body::Incoming>,
    ) -> Result<hyper::Response<Body>, Infallible> {
        let path = request.uri().path().to_owned();
        let header =
            |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let authorization = header("authorization").to_owned();
        let body = axum::body::to_bytes(Body::new(request.into_body()), 1 << 20).await.expect("a body");
        let body = format!("{authorization} {}", String::from_utf8_lossy(&body));
        self.asked.lock().expect("a lock").push((path.clone(), body.clone()));
        let says = self.said.lock().expect("a lock").get(&path).cloned().unwrap_or(Says::Status(404));
        let mut response = hyper::Response::new(Body::empty());
        match says {
            Says::Json(value) => *response.body_mut() = Body::from(value.to_string()),
            Says::Status(code) => *response.status_mut() = code.try_into().expect("a status"),
            Says::Redirect(to) => {
                *response.status_mut() = hyper::StatusCode::FOUND;
                response.headers_mut().insert("location", to.parse().expect("an address"));
            }
            Says::Hang => std::future::pending().await,
            Says::TokenOfCode(mut claims) => {
                let code = body.split(['&', ' ']).find_map(|pair| pair.strip_prefix("code="));
                claims["nonce"] = code.expect("a code").into();
                let token = self.signed(Some("JWT"), &claims);
                *response.body_mut() = Body::from(json!({"id_token": token}).to_string());
            }
            Says::Endless => *response.body_mut() = Body::from(vec![b' '; 3 << 20]),
        }
        Ok(response)
    }

    pub(crate) fn says(&self, path: &str, says: Says) {
        self.said.lock().expect("a lock").insert(path.to_owned(), says);
    }

    pub(crate) fn says_metadata(&self, more: Value) {
        let mut document = json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{}/authorize", self.issuer),
            "token_endpoint": format!("{}/token", self.issuer),
            "jwks_uri": format!("{}/jwks", self.issuer),
            "userinfo_endpoint": format!("{}/userinfo", self.issuer),
        });
        for (name, value) in more.as_object().expect("members") {
            document[name] = value.clone();
        }
        self.says(DOCUMENT, Says::Json(document));
    }

    /// How often it was asked for this, and with what.
    pub(crate) fn asked(&self, path: &str) -> Vec<String> {
        let asked = self.asked.lock().expect("a lock");
        asked.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn signed(&self, typ: Option<&str>, claims: &Value) -> String {
        self.key.sign(typ, claims).expect("a token")
    }
}

/// Our server before a scripted provider, through which unknown people become users.
pub(crate) struct Before {
    pub(crate) ours: World,
    pub(crate) provider: Scripted,
}

impl Before {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut adieu_testkit::world::Config)) -> Self {
        let mut config = profile_config("main");
        change(&mut config);
        let (ours, provider) = (World::with_config(config).await, Scripted::start().await);
        let new = NewUpstream {
            name: "corp".into(),
            title: "Corp".into(),
            issuer: provider.issuer.clone(),
            client_id: "adieu".into(),
            edit: UpstreamEdit {
                secret: Some(Some(UpstreamSecret("s3cret:with%odd&letters".into()))),
                creates_users: Some(true),
                ..UpstreamEdit::default()
            },
        };
        ours.authority().create_upstream(&ours.data.realm, new).await.expect("a provider");
        Self { ours, provider }
    }

    pub(crate) fn at(&self, endpoint: &str) -> String {
        format!("{}/o/alpha/upstream/corp/{endpoint}", self.ours.config().public.url)
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.ours.clock().now().s()
    }

    /// The claims of a good ID token for a person and a session, but for the nonce.
    pub(crate) fn claims(&self, sub: &str, sid: &str) -> Value {
        let now = self.now_s();
        json!({
            "iss": self.provider.issuer, "aud": "adieu", "sub": sub, "sid": sid, "iat": now, "exp": now + 300,
            "preferred_username": sub, "email": format!("{sub}@corp.test"), "email_verified": true,
        })
    }

    /// Begins in a browser; gives the state and the nonce that the provider is sent.
    pub(crate) async fn begun(&self, browser: &mut Browser<'_>) -> (String, String) {
        let there = browser.once(&format!("{}?return_to=/after", self.at("begin")), None).await;
        assert_eq!(there.status, 303, "{}", there.text);
        let part = |name: &str| {
            let found = there.location().split(['?', '&']).find_map(|pair| pair.strip_prefix(name));
            found.expect("a parameter").to_owned()
        };
        (part("state="), part("nonce="))
    }

    /// Signs on with an ID token of these claims and the nonce that was asked for; gives the status of the answer.
    pub(crate) async fn signed_on(&self, browser: &mut Browser<'_>, mut claims: Value) -> (u16, String) {
        let (state, nonce) = self.begun(browser).await;
        if claims.get("nonce").is_none() {
            claims["nonce"] = nonce.into();
        }
        let token = self.provider.signed(Some("JWT"), &claims);
        self.provider.says(
            "/token",
            Says::Json(json!({"id_token": token, "access_token": "at", "token_type": "Bearer"})),
        );
        let back = format!("{}?code=c&state={state}", self.at("callback"));
        let reply = browser.once(&back, None).await;
        (reply.status.as_u16(), reply.text)
    }
}

/// Goal: an ID token is taken if all of it is right, and refused for each thing that is not; nobody is signed on then.
#[tokio::test]
async fn an_id_token_is_judged_claim_by_claim() {
    let before = Before::start().await;
    let mut browser = Browser::of(&[&before.ours]);
    let now = before.now_s();
    for (name, value) in [
        ("iss", json!("https://other.test")),
        ("aud", json!("other")),
        ("aud", json!(["adieu", "other"])), // without azp
        ("azp", json!("other")),
        ("exp", json!(now - 61)),
        ("exp", json!(null)),
        ("iat", json!(now + 61)),
        ("iat", json!(now - 601)),
        ("nonce", json!("another")),
        ("nonce", json!(null)),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sid", json!(7)),
    ] {
        let mut claims = before.claims("dora", "s1");
        claims[name] = value.clone();
        let (status, text) = before.signed_on(&mut browser, claims).await;
        assert_eq!(status, 502, "{name} {value}: {text}");
        assert!(browser.cookie(&before.ours, "adieu_session").is_none(), "{name} {value}");
    }
    let stranger = SigningKey::generate(Alg::Es256).expect("a key");
    let (state, nonce) = before.begun(&mut browser).await;
    let mut claims = before.claims("dora", "s1");
    claims["nonce"] = nonce.into();
    let token = stranger.sign(Some("JWT"), &claims).expect("a token");
    before.provider.says("/token", Says::Json(json!({"id_token": token})));
    let reply = browser.once(&format!("{}?code=c&state={state}", before.at("callback")), None).await;
    assert_eq!(reply.status, 502, "a key of somebody else");

    let mut claims = before.claims("dora", "s1");
    claims["aud"] = json!(["adieu", "other"]);
    claims["azp"] = json!("adieu");
    let (status, text) = before.signed_on(&mut browser, claims).await;
    assert_eq!(status, 303, "{text}");
    let user =
        before.ours.authority().user_named(before.ours.data.realm.id, "dora").await.expect("an answer");
    assert_eq!(user.expect("a user").email.as_deref(), Some("dora@corp.test"));
    let asked = before.provider.asked("/token");
    let asked = asked.last().expect("a request");
    // RFC 6749 §2.3.1: s3cret%3Awith%25odd%26letters
    assert!(asked.starts_with("Basic YWRpZXU6czNjcmV0JTNBd2l0aCUyNW9kZCUyNmxldHRlcnM="), "{asked}");
    assert!(asked.contains("grant_type=authorization_code") && asked.contains("code_verifier="), "{asked}");

    let mut claims = before.claims("emil", "s2");
    claims["email_verified"] = json!(false);
    assert_eq!(before.signed_on(&mut browser, claims).await.0, 303);
    let user =
        before.ours.authority().user_named(before.ours.data.realm.id, "emil").await.expect("an answer");
    assert_eq!(user.expect("a user").email, None, "nobody has verified that address");
}

/// Goal: names that the ID token lacks are asked of the userinfo endpoint, which must speak of the same person.
#[tokio::test]
async fn names_come_from_the_userinfo_endpoint_where_the_id_token_has_none() {
    let before = Before::start().await;
    let mut browser = Browser::of(&[&before.ours]);
    let bare = |sub: &str| {
        let mut claims = before.claims(sub, "s1");
        for name in ["preferred_username", "email", "email_verified"] {
            claims.as_object_mut().expect("members").remove(name);
        }
        claims
    };
    before.provider.says("/userinfo", Says::Json(json!({"sub": "mallory", "preferred_username": "alice"})));
    assert_eq!(before.signed_on(&mut browser, bare("u-1")).await.0, 502);
    before.provider.says("/userinfo", Says::Json(json!({"sub": "u-1", "preferred_username": "dora"})));
    assert_eq!(before.signed_on(&mut browser, bare("u-1")).await.0, 303);
    assert!(before.provider.asked("/userinfo").iter().all(|asked| asked.starts_with("Bearer at")));
    let user =
        before.ours.authority().user_named(before.ours.data.realm.id, "dora").await.expect("an answer");
    assert!(user.is_some());
}

/// Goal: keys are asked for anew for a name that is not among them, and not for every token that invents one; metadata are asked for
/// once in ten minutes.
#[tokio::test]
async fn keys_are_looked_at_again_boundedly() {
    let mut before = Before::start().await;
    let mut browser = Browser::of(&[&before.ours]);
    assert_eq!(before.signed_on(&mut browser, before.claims("dora", "s1")).await.0, 303);
    assert_eq!((before.provider.asked("/jwks").len(), before.provider.asked(DOCUMENT).len()), (1, 1));
    before.provider.key = SigningKey::generate(Alg::EdDsa).expect("a key");
    assert_eq!(before.signed_on(&mut browser, before.claims("dora", "s1")).await.0, 502);
    assert_eq!(before.provider.asked("/jwks").len(), 1, "they were read a moment ago");
    before.ours.wait_s(30);
    before.provider.says("/jwks", Says::Json(KeySet::of([before.provider.key.public()]).jwks()));
    assert_eq!(before.signed_on(&mut browser, before.claims("dora", "s1")).await.0, 303);
    assert_eq!((before.provider.asked("/jwks").len(), before.provider.asked(DOCUMENT).len()), (2, 1));
    before.ours.wait_s(600);
    assert_eq!(before.signed_on(&mut browser, before.claims("dora", "s1")).await.0, 303);
    while before.provider.asked(DOCUMENT).len() < 2 {
        tokio::task::yield_now().await; // Nobody waits for what is renewed meanwhile.
    }
}

/// Goal: answers that are none, too long, elsewhere or another issuer's are refused in plain words.
#[tokio::test]
async fn what_a_provider_must_not_say_is_refused() {
    let before = Before::start().await;
    let mut browser = Browser::of(&[&before.ours]);
    let begin = format!("{}?return_to=/after", before.at("begin"));
    for says in [
        Says::Status(500),
        Says::Redirect(format!("{}/jwks", before.provider.issuer)),
        Says::Endless,
        Says::Json(json!([])),
        Says::Json(json!({"issuer": before.provider.issuer})),
    ] {
        before.ours.wait_s(5); // Until then a failure is everybody's answer.
        before.provider.says(DOCUMENT, says);
        let reply = browser.once(&begin, None).await;
        assert_eq!(reply.status, 502, "{}", reply.text);
    }
    assert!(before.provider.asked("/jwks").is_empty(), "no redirect is followed");
    for document in [json!({"issuer": "https://other.test"}), json!({"token_endpoint": "ftp://x/token"})] {
        before.ours.wait_s(5);
        before.provider.says_metadata(document);
        assert_eq!(browser.once(&begin, None).await.status, 502);
    }
    assert_eq!(before.provider.asked(DOCUMENT).len(), 7, "each was read");
    before.provider.says_metadata(json!({}));
    assert_eq!(browser.once(&begin, None).await.status, 502, "a failure is the answer for a moment");
    before.ours.wait_s(5);
    let (state, _) = before.begun(&mut browser).await;
    before.provider.says("/token", Says::Status(400));
    let reply = browser.once(&format!("{}?code=c&state={state}", before.at("callback")), None).await;
    assert_eq!(reply.status, 502);
}

/// Goal: a provider in a private network is not asked unless the configuration allows it.
#[tokio::test]
async fn a_provider_in_a_private_network_is_not_asked() {
    let before = Before::start_with(|config| {
        config.development = false;
        config.admin.token = "a-token-of-32-visible-characters".into();
    })
    .await;
    let mut browser = Browser::of(&[&before.ours]);
    let reply = browser.once(&format!("{}?return_to=/", before.at("begin")), None).await;
    assert_eq!(reply.status, 502, "{}", reply.text);
    assert!(before.provider.asked(DOCUMENT).is_empty());
}

/// Goal: an address is taken that its own document calls verified, and no other claim for it. OpenID Connect Core §5.1
#[tokio::test]
async fn an_address_is_taken_with_the_word_for_it_and_no_other() {
    let before = Before::start().await;
    let (ours, realm) = (before.ours.authority(), before.ours.data.realm.id);
    let mut browser = Browser::of(&[&before.ours]);
    let address = async |name: &str| {
        let user = ours.user_named(realm, name).await.expect("an answer");
        user.expect("a user").email.clone()
    };
    let mut mixed = before.claims("mixed", "s1");
    mixed["email"] = json!("boss@corp.test");
    for name in ["preferred_username", "email_verified"] {
        mixed.as_object_mut().expect("members").remove(name);
    }
    let own = json!({
        "sub": "mixed", "preferred_username": "mixed", "email": "own@corp.test", "email_verified": true,
    });
    before.provider.says("/userinfo", Says::Json(own));
    assert_eq!(before.signed_on(&mut browser, mixed).await.0, 303);
    assert_eq!(address("mixed").await.as_deref(), Some("own@corp.test"));

    let edit = UpstreamEdit { email_claim: Some(Some("upn".into())), ..UpstreamEdit::default() };
    ours.edit_upstream((realm, "corp"), None, edit).await.expect("a change");
    for (name, verified, expect) in
        [("mallory", json!(null), None), ("emil", json!(true), Some("emil@upn.test"))]
    {
        let mut claims = before.claims(name, "s1");
        claims["upn"] = format!("{name}@upn.test").into();
        claims["upn_verified"] = verified;
        assert_eq!(before.signed_on(&mut browser, claims).await.0, 303);
        assert_eq!(address(name).await.as_deref(), expect);
    }
}
