//! The whole server of the recordings, with this face in front of its authority under settings of a story's own.
//!
//! The world brings engine, people and a frozen clock; some more people are added. Nothing here checks anything.

use std::sync::Arc;

use adieu_authority::{Authority, NewPerson, Role, RoleAssignment, RoleScope, User};
use adieu_face_am::{Am, Settings, service};
use adieu_http_kit::origins::Origins;
use adieu_http_kit::service::FaceService;
use adieu_testkit::World;
use adieu_testkit::failing::FailingStore;
use adieu_testkit::world::profile_config;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

/// Name and password of everybody.
pub(crate) const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");
pub(crate) const BOBBY: (&str, &str) = ("bobby", "Tables-dropped-33");
pub(crate) const CAROL: (&str, &str) = ("carol", "Singing-choir-44");
pub(crate) const ADMIN: (&str, &str) = ("amadmin", "Golden-keys-66");
/// Administers `/alpha` only.
pub(crate) const WARDEN: (&str, &str) = ("warden", "Narrow-gates-77");

/// Name of cookie and header.
pub(crate) const COOKIE: &str = "iPlanetDirectoryPro";
/// Where sessions of the default tenant are.
pub(crate) const SESSIONS: &str = "/am/json/realms/root/realms/alpha/sessions";
/// Where one signs on to it.
pub(crate) const AUTHENTICATE: &str = "/am/json/realms/root/realms/alpha/authenticate";
/// Whose scripts may call.
pub(crate) const ORIGIN: &str = "http://app.example.org:3000";
/// The page where one does.
pub(crate) const LOGIN: &str = "/am/UI/Login";

/// The server.
pub(crate) struct FaceFixture {
    pub(crate) world: World,
    /// None while the server is down.
    router: Option<FaceService<Am>>,
    settings: Settings,
}

impl FaceFixture {
    pub(crate) async fn start() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::over(World::with_profile("am").await, settings).await
    }

    /// A server whose users are asked for a second factor where they have one.
    pub(crate) async fn with_second_factors() -> Self {
        let mut config = profile_config("am");
        config.sign_on.second_factor = "when_enrolled".into();
        Self::over(World::with_config(config).await, settings()).await
    }

    /// A server whose disk is nearly full.
    pub(crate) async fn with_pages(pages_max: u32) -> Self {
        let mut config = profile_config("am");
        config.keep.pages_max = pages_max;
        Self::over(World::with_config(config).await, settings()).await
    }

    /// A server where a user may have so many sessions.
    pub(crate) async fn with_quota(max: u64, beyond: &str) -> Self {
        let mut config = profile_config("am");
        config.am.sessions_max = max;
        config.am.sessions_beyond = beyond.into();
        Self::over(World::with_config(config).await, settings()).await
    }

    async fn over(world: World, settings: Settings) -> Self {
        people(world.authority()).await;
        let router = service(world.authority().clone(), settings.clone());
        Self { world, router: Some(router), settings }
    }

    pub(crate) fn authority(&self) -> &Authority {
        self.world.authority()
    }

    /// Drops the server and its memory, and opens the folder again.
    pub(crate) async fn crash_and_restart(&mut self) {
        self.router = None;
        self.world.crash_and_restart().await;
        self.router = Some(service(self.world.authority().clone(), self.settings.clone()));
    }

    /// Opens the server anew with a store that can be told to fail.
    pub(crate) async fn with_failing_store(&mut self) -> Arc<FailingStore> {
        self.router = None;
        let failing = self.world.with_failing_store().await;
        self.router = Some(service(self.world.authority().clone(), self.settings.clone()));
        failing
    }

    pub(crate) fn wait_s(&self, s: i64) {
        self.world.wait_s(s);
    }

    pub(crate) async fn user(&self, realm: &str, name: &str) -> User {
        let realm = self.authority().realm_at(realm).await.unwrap().unwrap();
        let user = self.authority().user_named(realm.id, name).await.unwrap().unwrap();
        User::clone(&user)
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        Ask {
            router: self.router.clone().unwrap(),
            request: Request::builder().method(method).uri(path),
            body: Body::empty(),
        }
    }

    pub(crate) fn post(&self, path: &str) -> Ask {
        self.ask("POST", path)
    }

    /// An action of `/alpha`'s sessions, in a version.
    pub(crate) fn action(&self, action: &str, version: &str) -> Ask {
        let version = format!("resource={version}, protocol=1.0");
        self.post(&format!("{SESSIONS}?_action={action}")).header("Accept-API-Version", &version)
    }

    /// Signs on at an `authenticate`; gives the token.
    pub(crate) async fn sign_on_at(&self, path: &str, (name, password): (&str, &str)) -> String {
        let reply = self.pair(path, (name, password)).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["tokenId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn sign_on(&self, who: (&str, &str)) -> String {
        self.sign_on_at(AUTHENTICATE, who).await
    }

    pub(crate) async fn sign_on_admin(&self) -> String {
        self.sign_on_at("/am/json/realms/root/authenticate", ADMIN).await
    }

    /// A sign-on with the pair in the headers.
    pub(crate) fn pair(&self, path: &str, (name, password): (&str, &str)) -> Ask {
        let ask = self.post(path).header("Accept-API-Version", "resource=2.0, protocol=1.0");
        ask.header("X-OpenAM-Username", name).header("X-OpenAM-Password", password)
    }

    /// Whether validate says that the token opens a live session, without counting as activity.
    pub(crate) async fn lives(&self, token: &str) -> bool {
        let ask = self.post(&format!("{SESSIONS}?_action=validate&refresh=false"));
        let ask = ask.header("Accept-API-Version", "resource=4.0");
        let reply = ask.json(&serde_json::json!({"tokenId": token})).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["valid"].as_bool().unwrap()
    }
}

/// The settings of most stories.
pub(crate) fn settings() -> Settings {
    Settings {
        goto_allowed: vec!["http://app.example.org:3000/".into()],
        cors_origins: Origins::read([ORIGIN]).expect("an origin"),
        session_properties: vec!["favColor".into(), "LoginLocation".into()],
        ..Settings::default()
    }
}

/// Whom the recordings and the stories know besides the people of the fixture: alice in `/`, carol in `/alpha/sub`, the
/// warden.
async fn people(authority: &Authority) {
    person(authority, "/", ALICE, vec![]).await;
    person(authority, "/alpha/sub", CAROL, vec![]).await;
    let alpha = authority.realm_at("/alpha").await.unwrap().unwrap();
    let role = RoleAssignment { role: Role::IdentityDataAdmin, scope: RoleScope::Realm(alpha.id) };
    person(authority, "/alpha", WARDEN, vec![role]).await;
}

async fn person(authority: &Authority, realm: &str, who: (&str, &str), roles: Vec<RoleAssignment>) {
    let realm = authority.realm_at(realm).await.unwrap().unwrap();
    if authority.user_named(realm.id, who.0).await.unwrap().is_some() {
        return;
    }
    let population = authority.populations(realm.id).await.unwrap().remove(0);
    let new =
        NewPerson { username: who.0.into(), password: Some(who.1.into()), roles, ..NewPerson::default() };
    authority.create_user(&population, new).await.unwrap();
}

/// A request in the making.
pub(crate) struct Ask {
    router: FaceService<Am>,
    request: http::request::Builder,
    body: Body,
}

impl Ask {
    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// The token in the header named like the cookie.
    #[must_use]
    pub(crate) fn token(self, token: &str) -> Self {
        self.header(COOKIE, token)
    }

    #[must_use]
    pub(crate) fn cookie(self, token: &str) -> Self {
        self.header("Cookie", &format!("{COOKIE}={token}"))
    }

    #[must_use]
    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    #[must_use]
    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let response = self.router.oneshot(self.request.body(self.body).unwrap()).await;
        let (parts, body) = response.unwrap_or_else(|never| match never {}).into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The line that sets or clears a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.all("set-cookie").into_iter().find(|line| line.starts_with(&format!("{name}=")))
    }

    /// The error's message, after a look at its shape.
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        let json = self.json();
        assert_eq!(json["code"], status);
        assert_eq!(json["reason"], self.status.canonical_reason().unwrap());
        json["message"].as_str().unwrap().to_owned()
    }
}
