//! The channel in front of a world, with three public addresses that differ, and how people walk through it.
//!
//! Nothing here asserts a check of the contract by itself but what is named so.

use adieu_face_pingone::{PingOne, Settings, service};
use adieu_http_kit::service::FaceService;
use adieu_testkit::World;
use adieu_testkit::world::profile_config;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderName, LOCATION, SET_COOKIE};
use http::{Method, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const AUTH: &str = "https://auth.adieu.test";
pub(crate) const API: &str = "https://api.adieu.test";
pub(crate) const APPS: &str = "https://apps.adieu.test";
pub(crate) const CHECK: &str = "application/vnd.pingidentity.usernamePassword.check+json";
pub(crate) const RESET: &str = "application/vnd.pingidentity.sso.session.logout";
pub(crate) const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");
pub(crate) const BOB: (&str, &str) = ("bob", "Builder-tools-22");
pub(crate) const CAROL: (&str, &str) = ("carol", "Singing-choir-44");

pub(crate) fn settings() -> Settings {
    Settings {
        auth_base: AUTH.into(),
        api_base: API.into(),
        apps_base: APPS.into(),
        cookies_secure: true,
        own_bases: std::collections::BTreeMap::new(),
        cookie_life_s: 2_592_000,
        upstream_base: None,
        front_page: None,
        self_service: None,
        sign_off_asks: false,
        companions: adieu_http_kit::companion::Companions::default(),
    }
}

/// A world seen through PingOne's channel.
pub(crate) struct FaceFixture {
    pub(crate) world: World,
    pub(crate) service: FaceService<PingOne>,
}

/// What somebody holds after a sign-on.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) st: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) id_token: String,
    pub(crate) sid: String,
}

impl Held {
    /// The header of the access token, which names the key.
    pub(crate) fn header(&self) -> &str {
        self.access.split('.').next().expect("a header")
    }
}

/// An application with its secret.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) redirect: String,
}

/// A channel of another world.
async fn nowhere() -> FaceService<PingOne> {
    service(World::start().await.authority().clone(), settings())
}

impl FaceFixture {
    pub(crate) async fn open() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let world = World::start().await;
        let service = service(world.authority().clone(), settings);
        Self { world, service }
    }

    /// One whose users are asked for a second factor where they have one.
    pub(crate) async fn with_second_factors() -> Self {
        let mut config = profile_config("main");
        config.sign_on.second_factor = "when_enrolled".into();
        let world = World::with_config(config).await;
        let service = service(world.authority().clone(), settings());
        Self { world, service }
    }

    pub(crate) async fn crash_and_restart(&mut self) {
        // The old channel must be gone before the folder is opened again.
        drop(std::mem::replace(&mut self.service, nowhere().await));
        self.world.crash_and_restart().await;
        self.service = service(self.world.authority().clone(), settings());
    }

    pub(crate) fn env(&self) -> String {
        self.world.data.realm.id.to_string()
    }

    /// An authentication address below the environment.
    pub(crate) fn a(&self, rest: &str) -> String {
        format!("/{}/{rest}", self.env())
    }

    /// A management address below the environment.
    pub(crate) fn m(&self, rest: &str) -> String {
        format!("/v1/environments/{}/{rest}", self.env())
    }

    pub(crate) fn shop(&self) -> App {
        let client = &self.world.data.app;
        let redirect = client.redirect_uris[0].clone();
        App { id: client.id.to_string(), secret: self.world.data.secret(client).to_owned(), redirect }
    }

    pub(crate) fn billing(&self) -> App {
        let client = &self.world.data.app_two;
        let redirect = client.redirect_uris[0].clone();
        App { id: client.id.to_string(), secret: self.world.data.secret(client).to_owned(), redirect }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask {
        let request = Request::builder().method(method).uri(path);
        Ask { service: self.service.clone(), request, body: Body::empty() }
    }

    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask {
        self.ask(Method::POST, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask {
        self.ask(Method::DELETE, path)
    }

    /// The address of an authorize request.
    pub(crate) fn authorize(&self, app: &App, more: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("client_id", app.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", app.redirect.as_str()),
        ];
        pairs.extend(more);
        format!("{}?{}", self.a("as/authorize"), encoded(&pairs))
    }

    /// A flow in the way that answers with JSON; gives its id.
    pub(crate) async fn flow(&self, app: &App, more: &[(&str, &str)]) -> String {
        let mut pairs = vec![("response_mode", "pi.flow")];
        pairs.extend(more);
        let reply = self.get(&self.authorize(app, &pairs)).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["id"].as_str().expect("a flow").to_owned()
    }

    /// Sends credentials to a flow.
    pub(crate) fn check(&self, flow: &str, who: (&str, &str)) -> Ask {
        let body = serde_json::json!({"username": who.0, "password": who.1}).to_string();
        self.post(&self.a(&format!("flows/{flow}"))).header("content-type", CHECK).body(body)
    }

    /// Signs on to the shop, in a browser that is new.
    pub(crate) async fn sign_on(&self, who: (&str, &str)) -> Held {
        self.sign_on_to(&self.shop(), who, None, "openid").await
    }

    /// Signs on to an application, perhaps in a browser that carries a token.
    pub(crate) async fn sign_on_to(
        &self,
        app: &App,
        who: (&str, &str),
        st: Option<&str>,
        scope: &str,
    ) -> Held {
        let flow = self.flow(app, &[("scope", scope)]).await;
        let mut check = self.check(&flow, who);
        if let Some(st) = st {
            check = check.cookie(st);
        }
        let reply = check.send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let st = reply.cookie("ST").expect("a token").to_owned();
        let resumed = self.get(&self.a(&format!("as/resume?flowId={flow}"))).cookie(&st).send().await;
        assert_eq!(resumed.status, 200, "{}", resumed.text);
        let code = resumed.json()["authorizeResponse"]["code"].as_str().expect("a code").to_owned();
        self.held(app, &st, &code).await
    }

    /// What a code buys.
    pub(crate) async fn held(&self, app: &App, st: &str, code: &str) -> Held {
        let reply = self.redeem(app, code).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let tokens = reply.json();
        let text = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        let (access, id_token) = (text("access_token"), text("id_token"));
        let sid = claims(&access)["sid"].as_str().expect("a session").to_owned();
        Held { st: st.to_owned(), access, refresh: text("refresh_token"), id_token, sid }
    }

    pub(crate) async fn redeem(&self, app: &App, code: &str) -> Reply {
        let form =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", app.redirect.as_str())];
        self.token(app, &form).await
    }

    pub(crate) async fn refresh(&self, app: &App, token: &str) -> Reply {
        self.token(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub(crate) async fn token(&self, app: &App, form: &[(&str, &str)]) -> Reply {
        self.post(&self.a("as/token")).basic(&app.id, &app.secret).form(form).send().await
    }

    pub(crate) async fn introspect(&self, app: &App, token: &str) -> Reply {
        let form = [("token", token)];
        self.post(&self.a("as/introspect")).basic(&app.id, &app.secret).form(&form).send().await
    }

    /// The worker's own token.
    pub(crate) async fn worker(&self) -> String {
        let client = &self.world.data.worker;
        self.own_token(client.id.as_str(), self.world.data.secret(client)).await
    }

    pub(crate) async fn own_token(&self, id: &str, secret: &str) -> String {
        let form = [("grant_type", "client_credentials")];
        let reply = self.post(&self.a("as/token")).basic(id, secret).form(&form).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Whether the cookie still gives a code without asking.
    pub(crate) async fn is_signed_on(&self, st: &str) -> bool {
        let path = self.authorize(&self.shop(), &[("prompt", "none")]);
        self.get(&path).cookie(st).send().await.location().contains("code=")
    }

    /// P-2 to P-4: nothing of it is live any more.
    pub(crate) async fn assert_ended(&self, held: &Held) {
        let again = self.get(&self.authorize(&self.shop(), &[])).cookie(&held.st).send().await;
        assert!(again.location().starts_with(&format!("{APPS}/{}/signon/?flowId=", self.env())), "P-2");
        for token in [&held.access, &held.refresh] {
            let reply = self.introspect(&self.shop(), token).await;
            assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, r#"{"active":false}"#), "P-3");
        }
        let reply = self.refresh(&self.shop(), &held.refresh).await;
        assert_eq!(reply.status, 400, "P-4");
        assert_eq!(reply.json()["error"], "invalid_grant", "P-4");
    }

    /// Everything of it is live.
    pub(crate) async fn assert_live(&self, held: &Held) {
        assert!(self.is_signed_on(&held.st).await);
        assert_eq!(self.introspect(&self.shop(), &held.access).await.json()["active"], true);
    }
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("claims")
}

pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    let all = pairs
        .iter()
        .fold(String::new(), |all, (name, value)| adieu_http_kit::form::append_query(&all, name, value));
    all.trim_start_matches('?').to_owned()
}

/// A request in the making.
pub(crate) struct Ask {
    service: FaceService<PingOne>,
    request: http::request::Builder,
    body: Body,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With this session token.
    pub(crate) fn cookie(self, st: &str) -> Self {
        self.header("cookie", &format!("ST={st}"))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
    }

    pub(crate) fn form(self, pairs: &[(&str, &str)]) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(encoded(pairs))
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let request = self.request.body(self.body).expect("a sound request");
        let response = self.service.oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_ne!(parts.status, 406, "P-58");
        assert!(parts.status != 500, "{text}");
        Reply { status: parts.status, headers: parts.headers, text }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    pub(crate) fn header(&self, name: impl Into<String>) -> &str {
        let name: HeaderName = name.into().parse().expect("a name");
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    pub(crate) fn set_cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        let start = format!("{name}=");
        lines.into_iter().find(|line| line.starts_with(&start))
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.set_cookie(name)?[name.len() + 1..].split(';').next()
    }

    /// Asserts PingOne's error shape (P-56).
    pub(crate) fn assert_error(&self, status: u16, code: &str, detail: Option<(&str, Option<&str>)>) {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(self.header("correlation-id"), body["id"], "P-56");
        assert_eq!(body["id"].as_str().map(str::len), Some(36), "P-56");
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "P-56");
        match detail {
            Some((code, target)) => {
                assert_eq!(body["details"][0]["code"], code, "{body}");
                assert_eq!(body["details"][0]["target"].as_str(), target, "{body}");
            }
            None => assert!(body.get("details").is_none(), "{body}"),
        }
    }

    /// Asserts OAuth's error shape.
    pub(crate) fn assert_oauth(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["error"], error, "{body}");
        let correlation = format!("(Correlation ID: {})", self.header("correlation-id"));
        assert!(
            body["error_description"].as_str().is_some_and(|text| text.ends_with(&correlation)),
            "{body}"
        );
    }
}
