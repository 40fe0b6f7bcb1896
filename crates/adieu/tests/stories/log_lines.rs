//! What the log says at its default level: who signed on and who failed to, from where; and what a reference on a page refers to.
//!
//! The server is the one in this process; its lines are read as the program writes them.

use std::io;
use std::sync::{Arc, Mutex};

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use axum::http::Method;
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::two_factors::{Alice, NAME, PASSWORD, WAYS, Way};

/// Lines of this thread, from the moment it is made.
#[derive(Clone, Default)]
pub(crate) struct LogLines(Arc<Mutex<Vec<u8>>>);

impl io::Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for LogLines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl LogLines {
    /// At the level that a configuration without the key `log` has.
    pub(crate) fn begin() -> (Self, DefaultGuard) {
        Self::at(&adieu::config::Config::default().log)
    }

    fn at(level: &str) -> (Self, DefaultGuard) {
        let lines = Self::default();
        let log = tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new(level));
        let log = log.with_writer(lines.clone()).finish();
        (lines, tracing::subscriber::set_default(log))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("whole").clone()).expect("text")
    }

    /// The fields of the lines with this message, and forgets all lines.
    pub(crate) fn take(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        self.0.lock().expect("whole").clear();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let fields = lines.map(|mut line| line["fields"].take());
        fields.filter(|fields| fields["message"] == message).collect()
    }
}

const FROM: &str = "192.0.2.7";
const AM: &str = "/am/json/realms/root/realms/alpha/authenticate";

async fn am(world: &World, name: &str, password: &str) -> u16 {
    let ask = world.post(AM).header("x-openam-username", name).header("x-openam-password", password);
    let ask = ask.header("accept-api-version", "resource=2.0, protocol=1.0").from_address(FROM);
    ask.send().await.status.as_u16()
}

async fn kratos(world: &World, name: &str, password: &str) -> u16 {
    let flow = world.get("/self-service/login/api").from_address(FROM).send().await.json();
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": name, "password": password});
    let ask = world.post(&path).header("accept", "application/json").json(&body).from_address(FROM);
    ask.send().await.status.as_u16()
}

async fn pingone(world: &World, name: &str, password: &str) -> u16 {
    let (env, app) = (world.data.realm.id, &world.data.app);
    let to = world.variables()["pingone"]["app_redirect_uri"].as_str().expect("an address").to_owned();
    let query = format!("response_type=code&client_id={}&redirect_uri={to}&scope=openid", app.id);
    let flow = world.get(&format!("/{env}/as/authorize?{query}&response_mode=pi.flow")).send().await.json();
    let path = format!("/{env}/flows/{}", flow["id"].as_str().expect("a flow"));
    let body = json!({"username": name, "password": password}).to_string();
    let ask = world.post(&path).from_address(FROM).body(body);
    let ask = ask.header("content-type", "application/vnd.pingidentity.usernamePassword.check+json");
    ask.send().await.status.as_u16()
}

/// Goal: F-37: every failed sign-on is one line at the default level, at every channel, with the user whom the name means, channel,
/// address and reason, and without anything that was typed; every sign-on is one line with its address.
#[tokio::test]
async fn every_failed_sign_on_is_one_line() {
    let world = World::start().await;
    let (lines, _log) = LogLines::begin();
    let alice = world.data.alice.id.to_string();
    for channel in ["am", "kratos", "pingone"] {
        // Somebody typed a password into the field of the name.
        for (name, password, user) in
            [(NAME, "hunter2-typed", alice.as_str()), ("Rabbit-hole-11", "typed-too", "")]
        {
            let status = match channel {
                "am" => am(&world, name, password).await,
                "kratos" => kratos(&world, name, password).await,
                _ => pingone(&world, name, password).await,
            };
            assert!([400, 401].contains(&status), "{channel}: {status}");
            let text = lines.text();
            for typed in [name, password].iter().filter(|typed| **typed != NAME) {
                assert!(!text.contains(*typed), "{channel}: {text}");
            }
            let found = lines.take("sign-on failed");
            let [line] = found.as_slice() else { panic!("{channel}: {text}") };
            let said = ["user", "channel", "reason"].map(|name| line[name].as_str().expect("text"));
            assert_eq!(said, [user, channel, "wrong_credentials"]);
            assert!(line["address"].as_str().expect("text").starts_with(FROM), "{line}");
            assert_eq!(line["realm"], world.data.realm.id.to_string());
        }
        let status = match channel {
            "am" => am(&world, NAME, PASSWORD).await,
            "kratos" => kratos(&world, NAME, PASSWORD).await,
            _ => pingone(&world, NAME, PASSWORD).await,
        };
        assert_eq!(status, 200, "{channel}");
        let found = lines.take("signed on");
        let [line] = found.as_slice() else { panic!("{channel}: {found:?}") };
        assert!(line["address"].as_str().expect("text").starts_with(FROM), "{line}");
    }
}

/// Goal: F-37: who is refused untried, may not sign on or gives a wrong code is told apart in the log.
#[tokio::test]
async fn the_line_says_why_a_sign_on_failed() {
    let alice = Alice::with_codes().await;
    let world = &alice.world;
    let (lines, _log) = LogLines::begin();
    for way in WAYS.into_iter().filter(|way| *way != Way::AmHeaders) {
        let half = alice.password(way).await;
        if half.token.is_none() {
            assert_eq!(lines.take("sign-on waits for the second factor").len(), 1, "{way:?}");
        }
        lines.take("");
        alice.second(&half, "00000000000000").await;
        let found = lines.take("sign-on failed");
        let [line] = found.as_slice() else { panic!("{way:?}: {found:?}") };
        assert_eq!(
            (&line["reason"], &line["user"]),
            (&json!("wrong_code"), &json!(world.data.alice.id.to_string()))
        );
    }
    let bob = format!("/v1/users/{}", world.data.bob.id);
    let disabled = world.admin(Method::PATCH, &bob).json(&json!({"enabled": false})).send().await;
    assert_eq!(disabled.status, 200, "{}", disabled.text);
    lines.take("");
    am(world, "bob", "Builder-tools-22").await;
    assert_eq!(lines.take("sign-on failed")[0]["reason"], "disabled");
    for _ in 0..10 {
        am(world, "nobody", "wrong").await;
    }
    lines.take("");
    assert_eq!(am(world, "nobody", "wrong").await, 429);
    assert_eq!(lines.take("sign-on failed")[0]["reason"], "limited");
}

/// Goal: F-37: whoever is asked about a reference that a page shows finds it in the log of the default level.
#[tokio::test]
async fn every_reference_on_a_page_is_in_the_log() {
    let world = World::start().await;
    let (lines, _log) = LogLines::begin();
    let env = world.data.realm.id;
    let page = world
        .ask(Method::GET, &format!("/{env}/as/authorize?client_id=nobody"))
        .header("accept", "text/html");
    found(&lines, &page.send().await);
    let json = world.get(&format!("/{env}/as/nothing")).send().await;
    assert!(lines.text().contains(json.json()["id"].as_str().expect("an id")), "{}", json.text);

    let refused = world
        .get("/self-service/login/browser?return_to=https://elsewhere.test/")
        .header("accept", "text/html");
    let refused = refused.send().await;
    assert_eq!(refused.status, 303, "{}", refused.text);
    let (_, id) = refused.location().split_once("id=").expect("an id");
    let page = world.get(&format!("/self-service/ui/error?id={id}")).send().await;
    assert!(page.text.contains(id));
    found(&lines, &page);
    let made_up = world.get("/self-service/ui/error?id=3f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90").send().await;
    assert!(!made_up.text.contains("Reference"), "{}", made_up.text);
}

/// The reference of a page is in one of the lines.
fn found(lines: &LogLines, page: &Reply) {
    let (_, rest) = page.text.split_once("Reference</dt><dd>").unwrap_or_else(|| panic!("{}", page.text));
    let (reference, _) = rest.split_once("</dd>").expect("it ends");
    assert!(lines.text().contains(reference), "{reference}: {}", lines.text());
}

/// Goal: whoever turns the switch sees what was asked and answered, on both listeners, and nothing that a caller keeps secret.
#[tokio::test]
async fn at_debug_each_request_is_a_line() {
    let world = World::start().await;
    let (lines, _log) = LogLines::at("debug");
    world.get("/o/alpha/authorize?client_id=hunter2").send().await;
    let [line] = &lines.take("answered")[..] else { panic!("one line") };
    assert_eq!((&line["channel"], &line["path"]), (&json!("openid"), &json!("/o/alpha/authorize")), "{line}");
    assert!(line["status"].as_u64().is_some_and(|status| status >= 400), "{line}");
    world.get("/ory_st_hunter2hunter2hunter2hunter2").header("cookie", "ST=hunter2").send().await;
    world.admin(Method::GET, "/v1/realms?path=/hunter2").send().await;
    assert!(!lines.text().contains("hunter2"), "{}", lines.text());
    let found = lines.take("answered");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found[1]["channel"], &found[1]["status"]), (&json!("native"), &json!(200)));
    drop(_log);
    let (lines, _log) = LogLines::begin();
    world.get("/o/alpha/authorize").send().await;
    assert!(lines.take("answered").is_empty());
}
