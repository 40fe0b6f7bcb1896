//! The whole server in this process: real routers, an engine (`engines` says which) beside a temporary folder, a frozen clock.
//!
//! A crash drops every task and all memory and keeps only the folder and the database.

mod wire;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use crate::data::{TestData, make_data};
use crate::engines::{OwnDatabase, beside};
use adieu::assembled::AssembledServer;
pub use adieu::config::Config;
use adieu_authority::Authority;
use adieu_core::{Channel, Client, ClientId, Clock, Entropy, Origin, Span};
use adieu_http_kit::client::Peer;
use adieu_store::Store;
use adieu_store_sqlite::OpenError;
use adieu_store_sqlite::backup::{Existing, restore};
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use crate::failing::FailingStore;
use crate::time_and_entropy::{FrozenClock, SeededEntropy};

pub use wire::WorldWire;

/// Every place that logs has a listener. A place that was reached first without a listener may be remembered as
/// unwanted just while another test begins to read its own lines, which then miss it.
fn log_everything() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry())
            .expect("the only one for all threads");
    });
}

/// A server with people in it.
pub struct World {
    config: Config,
    folder: tempfile::TempDir,
    database: OwnDatabase,
    clock: Arc<FrozenClock>,
    entropy: Arc<SeededEntropy>,
    server: Option<AssembledServer>,
    peer: Option<Peer>,
    /// The people and clients.
    pub data: TestData,
}

impl World {
    /// A server as the profile `main` of the recordings configures it.
    pub async fn start() -> Self {
        Self::with_profile("main").await
    }

    /// A server of one of the profiles beside the recordings.
    pub async fn with_profile(profile: &str) -> Self {
        Self::with_config(profile_config(profile)).await
    }

    /// A server with a configuration of one's own.
    pub async fn with_config(mut config: Config) -> Self {
        let database = OwnDatabase::of(&mut config).await;
        Self::over(config, database).await
    }

    /// A server whose store is its data folder, for stories of that folder.
    pub async fn in_folder() -> Self {
        Self::in_folder_with(profile_config("main")).await
    }

    /// The same with a configuration of one's own.
    pub async fn in_folder_with(config: Config) -> Self {
        Self::over(config, OwnDatabase::none()).await
    }

    /// A server on a PostgreSQL database of its own, for stories of nodes that share one.
    pub async fn on_database() -> Self {
        let mut config = profile_config("main");
        let database = OwnDatabase::made_for(&mut config).await;
        Self::over(config, database).await
    }

    /// The database of [`World::on_database`].
    pub fn database(&self) -> &OwnDatabase {
        &self.database
    }

    /// Another node on the database of this one, with the key of this one and the same time.
    pub async fn another_node(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = |folder: &Path| folder.join("installation.key");
        std::fs::copy(key(self.folder()), key(folder.path())).expect("nodes share one key");
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::new(SeededEntropy::new(8)));
        let parts = (Arc::clone(&clock) as _, Arc::clone(&entropy) as _);
        let server = open_when_free(&self.config, folder.path(), parts, |store| store).await;
        let (config, data) = (self.config.clone(), self.data.clone());
        let database = OwnDatabase::none();
        Self { config, folder, database, clock, entropy, server: Some(server), peer: None, data }
    }

    async fn over(config: Config, database: OwnDatabase) -> Self {
        log_everything();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(FrozenClock::new());
        let entropy = Arc::new(SeededEntropy::new(7));
        let parts = (Arc::clone(&clock) as _, Arc::clone(&entropy) as _);
        let server = open_when_free(&config, folder.path(), parts, |store| store).await;
        let data = make_data(&server.authority, &config).await.expect("the data");
        Self { config, folder, database, clock, entropy, server: Some(server), peer: None, data }
    }

    /// The server.
    pub fn server(&self) -> &AssembledServer {
        self.server.as_ref().expect("the server stands between crashes")
    }

    /// The authority inside.
    pub fn authority(&self) -> &Authority {
        &self.server().authority
    }

    /// How the server is configured.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The clock.
    pub fn clock(&self) -> &FrozenClock {
        &self.clock
    }

    /// The clock, for whoever outlives this borrow.
    pub fn shared_clock(&self) -> Arc<FrozenClock> {
        Arc::clone(&self.clock)
    }

    /// Lets seconds pass.
    pub fn wait_s(&self, s: i64) {
        self.clock.advance(Span::from_s(s));
    }

    /// Drops the server and everything in memory, and opens the folder again.
    pub async fn crash_and_restart(&mut self) {
        self.server = None;
        self.server = Some(self.opened(|store| store).await);
    }

    /// Stops the server and starts it again with another configuration.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.crash_and_restart().await;
    }

    /// Drops the server, its folder and everything in memory, and goes on from a backup.
    pub async fn restored_from(&mut self, backup: &Path) {
        self.server = None;
        self.folder = tempfile::tempdir().expect("a temporary folder");
        restore(backup, self.folder.path(), Existing::Keep, self.clock.now()).expect("a restore");
        self.server = Some(self.opened(|store| store).await);
    }

    /// Stops the server; nobody serves until [`World::goes_on_in`].
    pub fn stops(&mut self) {
        self.server = None;
    }

    /// Goes on with another data folder and another configuration, whose store has the people of this one.
    pub async fn goes_on_in(&mut self, folder: tempfile::TempDir, change: impl FnOnce(&mut Config)) {
        self.folder = folder;
        self.restart_with(change).await;
    }

    /// Opens the server anew with a store that can be told to fail.
    pub async fn with_failing_store(&mut self) -> Arc<FailingStore> {
        self.server = None;
        let mut failing = None;
        let between = |store| {
            let store = Arc::new(FailingStore::over(store));
            failing = Some(Arc::clone(&store));
            store as Arc<dyn Store>
        };
        self.server = Some(self.opened(between).await);
        failing.expect("the server has a store")
    }

    async fn opened(&self, between: impl FnMut(Arc<dyn Store>) -> Arc<dyn Store>) -> AssembledServer {
        let parts = (Arc::clone(&self.clock) as _, Arc::clone(&self.entropy) as _);
        open_when_free(&self.config, self.folder.path(), parts, between).await
    }

    /// From now on requests come from this address; before that, from none.
    pub fn requests_come_from(&mut self, peer: Peer) {
        self.peer = Some(peer);
    }

    /// A GET on the public side.
    pub fn get(&self, path: &str) -> WorldRequest {
        self.ask(Method::GET, path)
    }

    /// A POST on the public side.
    pub fn post(&self, path: &str) -> WorldRequest {
        self.ask(Method::POST, path)
    }

    /// A DELETE on the public side.
    pub fn delete(&self, path: &str) -> WorldRequest {
        self.ask(Method::DELETE, path)
    }

    /// Any request on the public side.
    pub fn ask(&self, method: Method, path: &str) -> WorldRequest {
        let mut ask = WorldRequest::to(self.server(), method, path);
        if let Some(peer) = self.peer {
            ask.request = ask.request.extension(peer);
        }
        ask
    }

    /// Any request on the admin side.
    pub fn admin(&self, method: Method, path: &str) -> WorldRequest {
        WorldRequest { admin: true, ..self.ask(method, path) }
    }

    /// Signs on natively through Kratos' dialect; gives the session token.
    pub async fn sign_on_kratos(&self, name: &str, password: &str) -> String {
        let flow = self.get("/self-service/login/api").send().await.json();
        let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
        let body = serde_json::json!({"method": "password", "identifier": name, "password": password});
        let reply = self.post(&path).header("accept", "application/json").json(&body).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["session_token"].as_str().expect("a token").to_owned()
    }

    /// Changes a client of the server's realm, as an administrator would.
    pub async fn edit_client(&self, id: &ClientId, change: impl FnMut(&mut Client) + Send) -> Client {
        let origin = Origin::of_holder(Channel::named("test"), None);
        let changed = self.authority().edit_client(self.data.realm.id, id, origin, change);
        changed.await.expect("the client changes")
    }

    /// What scenario and client programs need to know.
    pub fn variables(&self) -> Value {
        self.data.variables(&self.config)
    }
}

/// How often a folder is tried that a forked program may keep from us for a moment: some seconds.
const TRIES_MAX: usize = 200_000;

/// The server of a folder that this process has closed or that a program has left. Other tests of this process start programs,
/// and a program that was forked has the lock of every open folder as well, until it has become what it is to be.
pub async fn open_when_free(
    config: &Config,
    folder: &Path,
    (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    mut between: impl FnMut(Arc<dyn Store>) -> Arc<dyn Store>,
) -> AssembledServer {
    for _ in 0..TRIES_MAX {
        let (clock, entropy) = (Arc::clone(&clock), Arc::clone(&entropy));
        let opening = AssembledServer::open_behind(config, folder, clock, entropy, &mut between);
        let opened = if config.store.options().is_some() { beside(opening).await } else { opening.await };
        match opened {
            Err(error) if matches!(error.downcast_ref(), Some(OpenError::InUse(_))) => {
                std::thread::yield_now()
            }
            opened => return opened.expect("the server opens"),
        }
    }
    panic!("{} stays in use", folder.display());
}

/// Begins to record metrics in this process; a face's tests have no other way to the binary's library.
pub fn record_metrics() {
    adieu::metering::install();
}

/// The configuration of a profile, with hashing at its cheapest.
pub fn profile_config(profile: &str) -> Config {
    let path = profiles().join(format!("{profile}.toml"));
    let mut config = adieu::config::load(Some(&path), []).expect("a sound profile");
    config.passwords.memory_kib = 64;
    config
}

/// The folder of the profiles.
pub fn profiles() -> PathBuf {
    crate::replay::contracts_folder().join("profiles")
}

/// A request in the making.
pub struct WorldRequest {
    server: AssembledServer,
    admin: bool,
    request: axum::http::request::Builder,
    body: Body,
}

impl WorldRequest {
    /// Any request on the public side of a server.
    pub fn to(server: &AssembledServer, method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path);
        Self { server: server.clone(), admin: false, request, body: Body::empty() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Adds headers of any bytes that a header may have.
    #[must_use]
    pub fn headers(mut self, headers: &HeaderMap) -> Self {
        for (name, value) in headers {
            self.request = self.request.header(name, value);
        }
        self
    }

    /// Comes from this address.
    #[must_use]
    pub fn from_address(mut self, address: &str) -> Self {
        let address = address.parse().expect("an IP address");
        self.request = self.request.extension(Peer(SocketAddr::new(address, 48_386)));
        self
    }

    /// Adds what a listener knows of the request.
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, known: T) -> Self {
        self.request = self.request.extension(known);
        self
    }

    /// Adds a cookie.
    #[must_use]
    pub fn cookie(self, name: &str, value: &str) -> Self {
        let pair = format!("{name}={value}");
        self.header("cookie", &pair)
    }

    /// Adds a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        let value = format!("Bearer {token}");
        self.header("authorization", &value)
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        let body = value.to_string();
        self.header("content-type", "application/json").body(body)
    }

    /// Sends a form.
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let body: Vec<_> = pairs.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        self.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"))
    }

    /// Sends this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it, through the real routers.
    pub async fn send(self) -> Reply {
        let request = self.request.body(self.body).expect("a sound request");
        let AssembledServer { public, admin, .. } = &self.server;
        let response = if self.admin { admin.begin(request).await } else { public.begin(request).await };
        Reply::of(response.unwrap_or_else(|never| match never {})).await
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 16 * 1024 * 1024).await.expect("a body");
        Self {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where it sends a browser.
    pub fn location(&self) -> &str {
        self.header(header::LOCATION.as_str())
    }

    /// The line that sets a cookie.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        let start = format!("{name}=");
        lines.into_iter().find(|line| line.starts_with(&start))
    }

    /// The value that a cookie is set to.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let line = self.set_cookie(name)?;
        line[name.len() + 1..].split(';').next()
    }
}
