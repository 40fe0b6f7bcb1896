//! The server that a target's requests are sent to, and what in it templates may be about.
//!
//! One for the whole run of a target, set anew when requests have left much behind or have taken away what others need.

use std::cell::RefCell;

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::runtime::Runtime;

/// Requests that one server answers; then another takes its place.
const REQUESTS_MAX: u32 = 20_000;
const AUTHENTICATE: &str = "/am/json/realms/root/realms/alpha/authenticate";

/// A server, and words for things in it.
pub struct Stage {
    runtime: Runtime,
    world: World,
    asked: u32,
    names: Vec<(&'static str, String)>,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

/// Does something on the stage, on which everything that has a name is there.
pub fn on_stage(act: impl FnOnce(&Stage)) {
    STAGE.with_borrow_mut(|slot| {
        let kept = slot.take().filter(|stage| stage.asked < REQUESTS_MAX && stage.is_whole());
        let stage = slot.insert(kept.unwrap_or_else(Stage::set));
        stage.asked += 1;
        act(stage);
    });
}

impl Stage {
    fn set() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let world = runtime.block_on(World::start());
        let names = runtime.block_on(names(&world));
        Self { runtime, world, asked: 0, names }
    }

    /// The server.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Runs to its end what is to be waited for.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// A name that nobody has yet.
    pub fn fresh(&self, name: &str) -> String {
        format!("{name}-{}", self.asked)
    }

    /// A text in which names stand for what they name.
    pub fn named(&self, text: &str) -> String {
        if !text.contains('<') {
            return text.to_owned();
        }
        self.names.iter().fold(text.to_owned(), |text, (name, what)| text.replace(name, what))
    }

    /// Whether the sessions still live, and so their users are there and enabled; and the client that administers, too.
    fn is_whole(&self) -> bool {
        let live = |name: &str| {
            let ask = self.world.get("/sessions/whoami").header("x-session-token", &self.named(name));
            self.wait(ask.send()).status == 200
        };
        let reads = || {
            let ask = self.world.get(&self.named("/v1/environments/<realm>")).bearer(&self.named("<worker>"));
            self.wait(ask.send()).status == 200
        };
        live("<session>") && reads()
    }
}

async fn names(world: &World) -> Vec<(&'static str, String)> {
    let data = &world.data;
    let (session, sid) = alice(world).await;
    let flow = read(&world.get("/self-service/login/api").send().await, "id");
    let realm = data.realm.id.to_string();
    let redirect = &data.app.redirect_uris[0];
    let authorize = format!(
        "/{realm}/as/authorize?client_id={}&response_type=code&redirect_uri={redirect}&response_mode=pi.flow",
        data.app.id
    );
    let direct = read(&world.get(&authorize).send().await, "id");
    let attempt =
        read(&world.post(AUTHENTICATE).header("content-type", "application/json").send().await, "authId");
    vec![
        ("<realm>", realm),
        ("<population>", data.population.id.to_string()),
        ("<alice>", data.alice.id.to_string()),
        ("<app>", data.app.id.to_string()),
        ("<secret>", basic(data.app.id.as_str(), data.secret(&data.app))),
        ("<worker>", worker(world).await),
        ("<amadmin>", signed_on(world, "/am/json/authenticate", ("amadmin", "Golden-keys-66")).await),
        ("<session>", session),
        ("<sid>", sid),
        ("<flow>", flow),
        ("<direct>", direct),
        ("<attempt>", attempt),
    ]
}

async fn signed_on(world: &World, channel: &str, (name, password): (&str, &str)) -> String {
    let ask = world.post(channel).header("content-type", "application/json");
    let ask = ask.header("x-openam-username", name).header("x-openam-password", password);
    read(&ask.send().await, "tokenId")
}

/// A session of Alice's: its token and its id.
async fn alice(world: &World) -> (String, String) {
    let token = signed_on(world, AUTHENTICATE, ("alice", "Rabbit-hole-11")).await;
    let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    (token, read(&whoami, "id"))
}

/// A token of the client that administers the realm.
async fn worker(world: &World) -> String {
    let data = &world.data;
    let ask = world.ask(Method::POST, &format!("/{}/as/token", data.realm.id));
    let credential = basic(data.worker.id.as_str(), data.secret(&data.worker));
    let ask = ask.header("authorization", &format!("Basic {credential}"));
    read(&ask.form(&[("grant_type", "client_credentials")]).send().await, "access_token")
}

fn basic(id: &str, secret: &str) -> String {
    STANDARD.encode(format!("{id}:{secret}"))
}

fn read(reply: &Reply, member: &str) -> String {
    let value: Value = reply.json();
    value[member].as_str().unwrap_or_else(|| panic!("no {member}: {}", reply.text)).to_owned()
}
