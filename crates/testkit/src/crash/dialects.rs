//! What programs of the three dialects send to sign on, to check and to end: as their documents write it.
//!
//! The way there is an [`Ear`]: the server in this process, or a server over HTTP. Nothing here knows the server's
//! insides; an answer that no document has is [`Trouble::Odd`].

use std::future::Future;

use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::World;

const AM: &str = "/am/json/realms/root/realms/alpha";

/// A request.
#[derive(Clone, Debug)]
pub struct Say {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
}

/// Why there is no answer that a document has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The connection broke: whether the order was done is in doubt.
    Lost,
    /// 503: it could not tell, or not do it.
    Unavailable,
    /// Anything else.
    Odd(String),
}

/// The way to a server.
pub trait Ear: Clone + Send + Sync + 'static {
    /// Asks and listens.
    fn ask(&self, say: Say) -> impl Future<Output = Result<Heard, Trouble>> + Send;
}

/// A dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PingOne.
    PingOne,
    /// ForgeRock / Ping AM.
    Am,
    /// Ory Kratos.
    Kratos,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PingOne, Self::Am, Self::Kratos];
}

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialectExit {
    /// PingOne's sign-off by the browser's cookie.
    PingOneSignOff,
    /// PingOne's reset by the session's id.
    PingOneReset,
    /// PingOne's deletion of one session of one user.
    PingOneDelete,
    /// AM's logout by the session's token.
    AmLogout,
    /// Kratos' logout of a browser.
    KratosBrowser,
    /// Kratos' logout of a native program.
    KratosNative,
}

impl DialectExit {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PingOneSignOff,
        Self::PingOneReset,
        Self::PingOneDelete,
        Self::AmLogout,
        Self::KratosBrowser,
        Self::KratosNative,
    ];

    /// Whose it is.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::PingOneSignOff | Self::PingOneReset | Self::PingOneDelete => Dialect::PingOne,
            Self::AmLogout => Dialect::Am,
            Self::KratosBrowser | Self::KratosNative => Dialect::Kratos,
        }
    }
}

/// What an exit answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is ended.
    Ended,
    /// There is no such live session.
    NotThere,
}

/// A session by what its exits need to know.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// Its token.
    pub token: String,
    /// Its id.
    pub session: String,
    /// Its user's id.
    pub user: String,
}

/// What programs know: the variables of the data.
#[derive(Clone, Debug)]
pub struct DialectClient {
    known: Value,
}

impl DialectClient {
    /// Programs that know these variables.
    pub fn new(known: Value) -> Self {
        Self { known }
    }

    fn pingone(&self, name: &str) -> &str {
        self.known["pingone"][name].as_str().unwrap_or_default()
    }

    /// Signs on; gives the token. `None` is a refusal of these credentials.
    pub async fn sign_on(
        &self,
        ear: &impl Ear,
        dialect: Dialect,
        name: &str,
        password: &str,
    ) -> Result<Option<String>, Trouble> {
        match dialect {
            Dialect::Kratos => sign_on_kratos(ear, name, password).await,
            Dialect::Am => {
                let say = post(format!("{AM}/authenticate"), json!({}))
                    .with("x-openam-username", name)
                    .with("x-openam-password", password)
                    .with("accept-api-version", "resource=2.0, protocol=1.0");
                let heard = ear.ask(say).await?;
                match heard.status {
                    200 => heard.text_at("tokenId").map(Some),
                    401 => Ok(None),
                    _ => Err(heard.odd()),
                }
            }
            Dialect::PingOne => {
                let flow = ear.ask(self.authorize("")).await?.expect(200)?.text_at("id")?;
                let path = format!("/{}/flows/{flow}", self.pingone("env_id"));
                let say = post(path, json!({"username": name, "password": password}))
                    .with("content-type", "application/vnd.pingidentity.usernamePassword.check+json");
                let heard = ear.ask(say).await?;
                match heard.status {
                    200 => heard.cookie("ST").map(Some).ok_or_else(|| heard.odd()),
                    400 => Ok(None),
                    _ => Err(heard.odd()),
                }
            }
        }
    }

    fn authorize(&self, more: &str) -> Say {
        let (environment, client) = (self.pingone("env_id"), self.pingone("app_client_id"));
        let to = self.pingone("app_redirect_uri");
        get(format!(
            "/{environment}/as/authorize?response_type=code&client_id={client}&redirect_uri={to}&scope=openid&response_mode=pi.flow{more}"
        ))
    }

    /// Whether the session of that token is live, in the words of one dialect.
    pub async fn live(&self, ear: &impl Ear, dialect: Dialect, token: &str) -> Result<bool, Trouble> {
        match dialect {
            Dialect::Kratos => {
                let heard = ear.ask(get("/sessions/whoami").with("x-session-token", token)).await?;
                match heard.status {
                    200 => Ok(true),
                    401 => Ok(false),
                    _ => Err(heard.odd()),
                }
            }
            Dialect::Am => {
                let say = post(format!("{AM}/sessions/?_action=validate"), json!({"tokenId": token}))
                    .with("accept-api-version", "resource=3.1, protocol=1.0");
                let heard = ear.ask(say).await?.expect(200)?;
                heard.json()["valid"].as_bool().ok_or_else(|| heard.odd())
            }
            Dialect::PingOne => {
                let say = self.authorize("&prompt=none").with("cookie", &format!("ST={token}"));
                let heard = ear.ask(say).await?;
                match heard.status {
                    200 if heard.json()["status"] == "COMPLETED" => Ok(true),
                    400 if heard.json()["details"][0]["code"] == "login_required" => Ok(false),
                    _ => Err(heard.odd()),
                }
            }
        }
    }

    /// A worker's token, for the management API.
    pub async fn worker(&self, ear: &impl Ear) -> Result<String, Trouble> {
        let pair = format!("{}:{}", self.pingone("worker_client_id"), self.pingone("worker_client_secret"));
        let path = format!("/{}/as/token", self.pingone("env_id"));
        let say = Say { body: "grant_type=client_credentials".into(), ..post(path, json!({})) }
            .with("content-type", "application/x-www-form-urlencoded")
            .with("authorization", &format!("Basic {}", STANDARD.encode(pair)));
        ear.ask(say).await?.expect(200)?.text_at("access_token")
    }

    /// Leaves through an exit.
    pub async fn end(
        &self,
        ear: &impl Ear,
        exit: DialectExit,
        whom: &Addressee,
        worker: &str,
    ) -> Result<Left, Trouble> {
        let Addressee { token, session, user } = whom;
        let environment = self.pingone("env_id");
        let (say, ended, not_there) = match exit {
            DialectExit::PingOneSignOff => {
                let say = get(format!("/{environment}/as/signoff")).with("cookie", &format!("ST={token}"));
                (say, 302, 0)
            }
            DialectExit::PingOneReset => {
                let say = post(format!("/v1/environments/{environment}/sessions/{session}"), Value::Null)
                    .with("content-type", "application/vnd.pingidentity.sso.session.logout");
                (
                    Say { body: String::new(), ..say }.with("authorization", &format!("Bearer {worker}")),
                    204,
                    404,
                )
            }
            DialectExit::PingOneDelete => {
                let path = format!("/v1/environments/{environment}/users/{user}/sessions/{session}");
                let say = Say { method: Method::DELETE, ..get(path) };
                (say.with("authorization", &format!("Bearer {worker}")), 204, 404)
            }
            DialectExit::AmLogout => {
                let say = post(format!("{AM}/sessions/?_action=logout"), json!({}))
                    .with("iplanetdirectorypro", token)
                    .with("accept-api-version", "resource=3.1, protocol=1.0");
                (say, 200, 401)
            }
            DialectExit::KratosNative => {
                let say = post("/self-service/logout/api", json!({"session_token": token}));
                (Say { method: Method::DELETE, ..say }, 204, 403)
            }
            DialectExit::KratosBrowser => {
                let create = get("/self-service/logout/browser").with("accept", "application/json");
                let heard = ear.ask(create.with("x-session-token", token)).await?;
                if heard.status == 401 {
                    return Ok(Left::NotThere);
                }
                let logout = heard.expect(200)?.text_at("logout_token")?;
                let say = get(format!("/auth/self-service/logout?token={logout}"));
                let say = say.with("x-session-token", token).with("accept", "application/json");
                (say, 204, 401)
            }
        };
        let heard = ear.ask(say).await?;
        match heard.status {
            status if status == ended => Ok(Left::Ended),
            status if status == not_there => Ok(Left::NotThere),
            _ => Err(heard.odd()),
        }
    }
}

async fn sign_on_kratos(ear: &impl Ear, name: &str, password: &str) -> Result<Option<String>, Trouble> {
    let flow = ear.ask(get("/self-service/login/api")).await?.expect(200)?.text_at("id")?;
    let body = json!({"method": "password", "identifier": name, "password": password});
    let heard = ear.ask(post(format!("/self-service/login?flow={flow}"), body)).await?;
    match heard.status {
        200 => heard.text_at("session_token").map(Some),
        400 => Ok(None),
        _ => Err(heard.odd()),
    }
}

fn get(path: impl Into<String>) -> Say {
    Say { method: Method::GET, path: path.into(), headers: vec![], body: String::new() }
}

fn post(path: impl Into<String>, body: Value) -> Say {
    let say = Say { method: Method::POST, body: body.to_string(), ..get(path) };
    say.with("content-type", "application/json")
}

impl Say {
    /// The same with another header, or another value of it.
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Heard {
    fn expect(self, status: u16) -> Result<Self, Trouble> {
        if self.status == status { Ok(self) } else { Err(self.odd()) }
    }

    fn odd(&self) -> Trouble {
        match self.status {
            503 if self.headers.contains_key("retry-after") => Trouble::Unavailable,
            status => Trouble::Odd(format!("{status} {}", self.text)),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    fn text_at(&self, member: &str) -> Result<String, Trouble> {
        self.json()[member].as_str().map(str::to_owned).ok_or_else(|| self.odd())
    }

    /// The value that a cookie is set to.
    fn cookie(&self, name: &str) -> Option<String> {
        let start = format!("{name}=");
        let lines = self.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
        let line = lines.into_iter().find(|line| line.starts_with(&start))?;
        Some(line[start.len()..].split(';').next()?.to_owned())
    }
}

/// The server of a [`World`], without the network between.
#[derive(Clone)]
pub struct InProcess(adieu::assembled::AssembledServer);

impl InProcess {
    /// The server as it stands now.
    pub fn of(world: &World) -> Self {
        Self(world.server().clone())
    }
}

impl Ear for InProcess {
    async fn ask(&self, say: Say) -> Result<Heard, Trouble> {
        let mut ask = crate::world::WorldRequest::to(&self.0, say.method, &say.path).body(say.body);
        for (name, value) in &say.headers {
            ask = ask.header(name, value);
        }
        let reply = ask.send().await;
        Ok(Heard { status: reply.status.as_u16(), headers: reply.headers, text: reply.text })
    }
}
