//! One session through all dialects: begun in each dialect, ended by each exit, over a crash.
//!
//! The programs here know only what a program of their dialect knows: addresses, cookies, headers.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest};
use serde_json::{Value, json};

const AM: &str = "/am/json/realms/root/realms/alpha";

/// A dialect by which Alice signs on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    PingOne,
    Am,
    Kratos,
}

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    PingOneSignOff,
    PingOneReset,
    PingOneDelete,
    AmLogout,
    KratosLogout,
}

pub(crate) const DIALECTS: [Dialect; 3] = [Dialect::PingOne, Dialect::Am, Dialect::Kratos];
pub(crate) const EXITS: [Exit; 5] =
    [Exit::PingOneSignOff, Exit::PingOneReset, Exit::PingOneDelete, Exit::AmLogout, Exit::KratosLogout];

pub(crate) struct Programs<'a> {
    world: &'a World,
    known: Value,
}

/// What the application holds because of the session.
pub(crate) struct Tokens {
    access: String,
    pub(crate) refresh: String,
    pub(crate) id: String,
}

impl<'a> Programs<'a> {
    pub(crate) fn of(world: &'a World) -> Self {
        Self { known: world.variables(), world }
    }

    pub(crate) fn pingone(&self, name: &str) -> &str {
        self.known["pingone"][name].as_str().expect("a variable")
    }

    fn authorize(&self, more: &str) -> WorldRequest {
        let (environment, client) = (self.pingone("env_id"), self.pingone("app_client_id"));
        let to = self.pingone("app_redirect_uri");
        self.world.get(&format!(
            "/{environment}/as/authorize?response_type=code&client_id={client}&redirect_uri={to}&scope=openid&response_mode=pi.flow{more}"
        ))
    }

    pub(crate) async fn sign_on(&self, dialect: Dialect) -> String {
        let (name, password) = (self.pingone("user"), self.pingone("password"));
        match dialect {
            Dialect::Kratos => self.world.sign_on_kratos(name, password).await,
            Dialect::Am => {
                let ask = self.world.post(&format!("{AM}/authenticate"));
                let ask = ask.header("x-openam-username", name).header("x-openam-password", password);
                let reply = ask.header("accept-api-version", "resource=2.0").json(&json!({})).send().await;
                reply.json()["tokenId"].as_str().expect("a tokenId").to_owned()
            }
            Dialect::PingOne => {
                let flow = self.authorize("").send().await.json();
                let path =
                    format!("/{}/flows/{}", self.pingone("env_id"), flow["id"].as_str().expect("a flow"));
                let check = "application/vnd.pingidentity.usernamePassword.check+json";
                let body = json!({"username": name, "password": password}).to_string();
                let reply = self.world.post(&path).header("content-type", check).body(body).send().await;
                reply.cookie("ST").expect("a cookie ST").to_owned()
            }
        }
    }

    /// What every carrier of every dialect says of the token.
    pub(crate) async fn accepted(&self, token: &str) -> Vec<(&'static str, bool)> {
        let info = format!("{AM}/sessions?_action=getSessionInfo");
        let am = || self.world.post(&info).header("accept-api-version", "resource=4.0");
        let whoami = || self.world.get("/sessions/whoami");
        let validate = self.world.post(&format!("{AM}/sessions?_action=validate"));
        let validate = validate.header("accept-api-version", "resource=3.1").json(&json!({"tokenId": token}));
        let silent = self.authorize("&prompt=none").cookie("ST", token).send().await;
        let silent = match silent.status.as_u16() {
            200 => true,
            400 => {
                assert_eq!(silent.json()["details"][0]["code"], "login_required", "{}", silent.text);
                false
            }
            other => panic!("PingOne can not tell: {other} {}", silent.text),
        };
        let mut said = vec![
            ("PingOne cookie", silent),
            ("AM body", validate.send().await.json()["valid"].as_bool().expect("a verdict")),
        ];
        for (carrier, ask) in [
            ("AM header", am().header("iplanetdirectorypro", token)),
            ("AM cookie", am().cookie("iPlanetDirectoryPro", token)),
            ("Kratos header", whoami().header("x-session-token", token)),
            ("Kratos cookie", whoami().cookie("ory_kratos_session", token)),
            ("Kratos bearer", whoami().bearer(token)),
        ] {
            let status = ask.send().await.status.as_u16();
            assert!([200, 401].contains(&status), "{carrier}: {status}");
            said.push((carrier, status == 200));
        }
        said
    }

    pub(crate) fn basic(&self, client: &str) -> String {
        use base64::Engine;
        let id = self.pingone(&format!("{client}_client_id"));
        let secret = self.pingone(&format!("{client}_client_secret"));
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        format!("Basic {pair}")
    }

    pub(crate) fn token_endpoint(&self, client: &str, pairs: &[(&str, &str)]) -> WorldRequest {
        let ask = self.world.post(&format!("/{}/as/token", self.pingone("env_id")));
        ask.header("authorization", &self.basic(client)).form(pairs)
    }

    pub(crate) async fn tokens(&self, session: &str) -> Tokens {
        let flow = self.authorize("").cookie("ST", session).send().await.json();
        let code = flow["authorizeResponse"]["code"].as_str().expect("a code").to_owned();
        let to = self.pingone("app_redirect_uri").to_owned();
        let pairs =
            [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", to.as_str())];
        let answer = self.token_endpoint("app", &pairs).send().await.json();
        let text =
            |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token"), id: text("id_token") }
    }

    pub(crate) async fn assert_tokens_are_dead(&self, tokens: &Tokens) {
        let ask = self.world.post(&format!("/{}/as/introspect", self.pingone("env_id")));
        let ask = ask.header("authorization", &self.basic("app")).form(&[("token", &tokens.access)]);
        assert_eq!(ask.send().await.text, r#"{"active":false}"#);
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
        let reply = self.token_endpoint("app", &pairs).send().await;
        assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (400, &json!("invalid_grant")));
    }

    pub(crate) async fn end(&self, exit: Exit, token: &str) -> Reply {
        let environment = self.pingone("env_id");
        let whoami = self.world.get("/sessions/whoami").header("x-session-token", token).send().await.json();
        let session = whoami["id"].as_str().expect("a session id");
        let worker =
            self.token_endpoint("worker", &[("grant_type", "client_credentials")]).send().await.json();
        let worker = worker["access_token"].as_str().expect("a worker token");
        let (ask, expected) = match exit {
            Exit::PingOneSignOff => {
                (self.world.get(&format!("/{environment}/as/signoff")).cookie("ST", token), 302)
            }
            Exit::PingOneReset => {
                let ask = self.world.post(&format!("/v1/environments/{environment}/sessions/{session}"));
                let kind = "application/vnd.pingidentity.sso.session.logout";
                (ask.header("content-type", kind).bearer(worker), 204)
            }
            Exit::PingOneDelete => {
                let user = self.pingone("user_id");
                let path = format!("/v1/environments/{environment}/users/{user}/sessions/{session}");
                (self.world.delete(&path).bearer(worker), 204)
            }
            Exit::AmLogout => {
                let ask = self.world.post(&format!("{AM}/sessions/?_action=logout"));
                let version = "resource=3.1, protocol=1.0";
                (ask.header("iplanetDirectoryPro", token).header("accept-api-version", version), 200)
            }
            Exit::KratosLogout => {
                let ask = self.world.get("/self-service/logout/browser").header("x-session-token", token);
                let logout = ask.send().await.json();
                let path = format!(
                    "/auth/self-service/logout?token={}",
                    logout["logout_token"].as_str().expect("one")
                );
                (self.world.get(&path).cookie("ory_kratos_session", token), 303)
            }
        };
        let reply = ask.send().await;
        assert_eq!(reply.status.as_u16(), expected, "{exit:?}: {}", reply.text);
        reply
    }
}

/// Goal: ONE-SESSION, K-18: one session is the same session in every dialect, and an ending through any exit is an ending
/// in all of them, of its tokens as well (P-65's other half), and outlives a crash (ENDED-IS-DURABLE, NO-STALE-YES).
/// Method: 3 dialects × 5 exits; after each ending and again after a crash, every carrier of every dialect is asked.
#[tokio::test]
async fn whoever_begins_it_and_whoever_ends_it_everybody_knows() {
    let mut world = World::start().await;
    for dialect in DIALECTS {
        for exit in EXITS {
            let programs = Programs::of(&world);
            let token = programs.sign_on(dialect).await;
            let tokens = programs.tokens(&token).await;
            for (carrier, live) in programs.accepted(&token).await {
                assert!(live, "{dialect:?}, before {exit:?}: {carrier} does not take the token");
            }
            programs.end(exit, &token).await;
            for crash in [false, true] {
                if crash {
                    world.crash_and_restart().await;
                }
                let programs = Programs::of(&world);
                for (carrier, live) in programs.accepted(&token).await {
                    assert!(
                        !live,
                        "{dialect:?}, after {exit:?}, crash {crash}: {carrier} still takes the token"
                    );
                }
                programs.assert_tokens_are_dead(&tokens).await;
            }
        }
    }
}
