//! What programs of the three dialects do around an exit: sign on, check, get tokens, try to use them.
//!
//! They know addresses, names and passwords, and nothing of the server's insides.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::commands::demo::people::{Credential, People};
use crate::commands::demo::talk::{DemoRequest, Talk, encode};

/// A dialect by which somebody signs on.
#[derive(Clone, Copy, Debug)]
pub(super) enum DemoDialect {
    PingOne,
    Am,
    Kratos,
}

impl DemoDialect {
    /// As people write it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PingOne => "PingOne",
            Self::Am => "AM",
            Self::Kratos => "Kratos",
        }
    }
}

/// Programs of all dialects, with what they know.
pub(super) struct Programs {
    pub(super) talk: Talk,
    pub(super) people: People,
}

/// Tokens that an application holds because of a session.
pub(super) struct DemoTokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Programs {
    pub(super) fn environment(&self) -> &str {
        &self.people.environment
    }

    /// Signs Alice on in a dialect; gives her session token.
    pub(super) async fn sign_on(&self, dialect: DemoDialect) -> Result<String> {
        match dialect {
            DemoDialect::PingOne => self.sign_on_pingone().await,
            DemoDialect::Am => self.sign_on_am().await,
            DemoDialect::Kratos => self.sign_on_kratos().await,
        }
    }

    fn authorize(&self, application: &Credential, more: &str) -> String {
        let client = &application.id;
        let to = encode(self.people.redirect_uri);
        let environment = self.environment();
        format!(
            "/{environment}/as/authorize?response_type=code&client_id={client}&redirect_uri={to}&scope=openid&response_mode=pi.flow{more}"
        )
    }

    async fn sign_on_pingone(&self) -> Result<String> {
        let flow = self
            .talk
            .ask(DemoRequest::new(Method::GET, self.authorize(&self.people.application, "")))
            .await?
            .json()?;
        let id = flow["id"].as_str().context("a flow")?;
        let credentials = json!({"username": self.people.username, "password": self.people.password});
        let say = DemoRequest::new(Method::POST, format!("/{}/flows/{id}", self.environment()))
            .header("content-type", "application/vnd.pingidentity.usernamePassword.check+json")
            .body(credentials.to_string());
        let heard = self.talk.ask(say).await?;
        heard.cookie("ST").with_context(|| format!("no cookie ST: {} {}", heard.status, heard.text))
    }

    async fn sign_on_am(&self) -> Result<String> {
        let say = DemoRequest::new(Method::POST, "/am/json/realms/root/realms/alpha/authenticate")
            .header("accept-api-version", "resource=2.0, protocol=1.0")
            .header("x-openam-username", self.people.username)
            .header("x-openam-password", self.people.password.as_str())
            .json(&json!({}));
        let heard = self.talk.ask(say).await?;
        heard.json()?["tokenId"].as_str().map(str::to_owned).context("no tokenId")
    }

    async fn sign_on_kratos(&self) -> Result<String> {
        let flow = self.talk.ask(DemoRequest::new(Method::GET, "/self-service/login/api")).await?.json()?;
        let id = flow["id"].as_str().context("a flow")?;
        let body = json!({"method": "password", "identifier": self.people.username,
            "password": self.people.password});
        let say = DemoRequest::new(Method::POST, format!("/self-service/login?flow={id}")).json(&body);
        let heard = self.talk.ask(say).await?;
        heard.json()?["session_token"].as_str().map(str::to_owned).context("no session_token")
    }

    /// What each dialect says of a session: PingOne, AM, Kratos.
    pub(super) async fn live(&self, token: &str) -> Result<[bool; 3]> {
        Ok([self.live_pingone(token).await?, self.live_am(token).await?, self.live_kratos(token).await?])
    }

    async fn live_pingone(&self, token: &str) -> Result<bool> {
        let say = DemoRequest::new(Method::GET, self.authorize(&self.people.application, "&prompt=none"))
            .header("cookie", format!("ST={token}"));
        let heard = self.talk.ask(say).await?;
        match heard.status {
            200 => Ok(heard.json()?["status"] == "COMPLETED"),
            400 if heard.json()?["details"][0]["code"] == "login_required" => Ok(false),
            _ => bail!("PingOne can not tell: {} {}", heard.status, heard.text),
        }
    }

    async fn live_am(&self, token: &str) -> Result<bool> {
        let say =
            DemoRequest::new(Method::POST, "/am/json/realms/root/realms/alpha/sessions/?_action=validate")
                .header("accept-api-version", "resource=3.1, protocol=1.0")
                .json(&json!({"tokenId": token}));
        let heard = self.talk.ask(say).await?;
        heard.json()?["valid"]
            .as_bool()
            .with_context(|| format!("AM can not tell: {} {}", heard.status, heard.text))
    }

    async fn live_kratos(&self, token: &str) -> Result<bool> {
        let heard = self
            .talk
            .ask(DemoRequest::new(Method::GET, "/sessions/whoami").header("x-session-token", token))
            .await?;
        match heard.status {
            200 => Ok(true),
            401 => Ok(false),
            _ => bail!("Kratos can not tell: {} {}", heard.status, heard.text),
        }
    }

    /// Lets the application get tokens in the session, by the browser's cookie.
    pub(super) async fn tokens(&self, token: &str) -> Result<DemoTokens> {
        self.tokens_of(&self.people.application, token).await
    }

    /// The same for any application.
    pub(super) async fn tokens_of(&self, application: &Credential, token: &str) -> Result<DemoTokens> {
        let say = DemoRequest::new(Method::GET, self.authorize(application, ""))
            .header("cookie", format!("ST={token}"));
        let flow = self.talk.ask(say).await?.json()?;
        let code = flow["authorizeResponse"]["code"].as_str().context("no code")?;
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.people.redirect_uri),
        ];
        let heard = self.token_endpoint(application, &pairs).await?;
        ensure!(heard.0 == 200, "no tokens: {} {}", heard.0, heard.1);
        let text = |name: &str| heard.1[name].as_str().map(str::to_owned).context("a token");
        Ok(DemoTokens { access: text("access_token")?, refresh: text("refresh_token")? })
    }

    /// A worker's token, for the management API.
    pub(super) async fn worker_token(&self) -> Result<String> {
        let (status, answer) =
            self.token_endpoint(&self.people.worker, &[("grant_type", "client_credentials")]).await?;
        ensure!(status == 200, "no worker token: {status} {answer}");
        answer["access_token"].as_str().map(str::to_owned).context("a token")
    }

    async fn token_endpoint(&self, client: &Credential, pairs: &[(&str, &str)]) -> Result<(u16, Value)> {
        let say = DemoRequest::new(Method::POST, format!("/{}/as/token", self.environment())).form(pairs);
        let heard = self.talk.ask(say.header("authorization", basic(client))).await?;
        Ok((heard.status, heard.json()?))
    }

    /// Whether introspection calls the access token active, and whether the refresh token buys a new one.
    pub(super) async fn usable(&self, tokens: &DemoTokens) -> Result<[bool; 2]> {
        let say = DemoRequest::new(Method::POST, format!("/{}/as/introspect", self.environment()))
            .form(&[("token", &tokens.access)])
            .header("authorization", basic(&self.people.application));
        let active =
            self.talk.ask(say).await?.json()?["active"].as_bool().context("introspection can not tell")?;
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
        let (status, answer) = self.token_endpoint(&self.people.application, &pairs).await?;
        match status {
            200 => Ok([active, true]),
            400 if answer["error"] == "invalid_grant" => Ok([active, false]),
            _ => bail!("the token endpoint can not tell: {status} {answer}"),
        }
    }
}

fn basic(client: &Credential) -> String {
    let pair = format!("{}:{}", encode(&client.id), encode(&client.secret));
    format!("Basic {}", STANDARD.encode(pair))
}
