//! The crate `ory-kratos-client` against adieu: only the base paths are ours.
//!
//! It sends `Accept: */*`, which Kratos takes for a browser. It can read no sign-on flow, whoever answers: its
//! `UiNodeAttributes` takes the word `node_type` away from the attributes that want it. So a flow is asked for here, as every
//! program on this crate has to, and the crate does the rest. `VARS` has the variables of the server, `BELOW` what stands
//! behind its public base path.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail, ensure};
use ory_kratos_client::apis::configuration::Configuration;
use ory_kratos_client::apis::frontend_api as frontend;
use ory_kratos_client::apis::identity_api as identities;
use ory_kratos_client::apis::{Error, ResponseContent};
use ory_kratos_client::models;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

/// What a scenario has to know of a server.
struct Known {
    /// Where people are served, and where administrators are.
    public: Configuration,
    admin: Configuration,
    vars: Value,
}

impl Known {
    fn at(vars: &Value, below: &str) -> Result<Self> {
        let base = |name: &str| vars[name].as_str().map(str::to_owned).context("a base path");
        let configuration = |base_path| Configuration { base_path, ..Configuration::default() };
        let public = configuration(base("public")? + below);
        Ok(Self { public, admin: configuration(base("admin")?), vars: vars.clone() })
    }

    fn text(&self, name: &str) -> String {
        self.vars[name].as_str().unwrap_or_default().to_owned()
    }

    async fn sign_on(&self, who: &str) -> Result<(String, models::Session)> {
        let password = self.text(&format!("{who}_password"));
        native_sign_on(&self.public, self.text(who), password).await
    }

    async fn is_live(&self, token: &str) -> Result<bool> {
        match frontend::to_session(&self.public, Some(token), None, None).await {
            Ok(session) => Ok(session.active == Some(true)),
            Err(error) if status(&error)? == 401 => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The status of a call that was answered; anything else is no refusal.
fn status<T>(error: &Error<T>) -> Result<u16> {
    match error {
        Error::ResponseError(ResponseContent { status, .. }) => Ok(status.as_u16()),
        other => bail!("not an answer: {other}"),
    }
}

fn refused<T, E>(answer: Result<T, Error<E>>, expected: u16) -> Result<()> {
    let Err(error) = answer else { bail!("the call was not refused") };
    let status = status(&error)?;
    ensure!(status == expected, "{status} instead of {expected}");
    Ok(())
}

fn by_password(identifier: String, password: String) -> models::UpdateLoginFlowWithPasswordMethod {
    models::UpdateLoginFlowWithPasswordMethod::new(identifier, "password".into(), password)
}

/// What the crate cannot read.
async fn json(at: &Configuration, path: &str) -> Result<Value> {
    let address = format!("{}{path}", at.base_path);
    let text = at.client.get(address).header("accept", "application/json").send().await?.text().await?;
    serde_json::from_str(&text).with_context(|| text.clone())
}

async fn native_sign_on(
    at: &Configuration,
    identifier: String,
    password: String,
) -> Result<(String, models::Session)> {
    let flow = json(at, "/self-service/login/api").await?;
    let body = models::UpdateLoginFlowBody::Password(Box::new(by_password(identifier, password)));
    let id = flow["id"].as_str().context("a flow")?;
    let done = frontend::update_login_flow(at, id, body, None, None).await;
    let done = done.map_err(|error| match error {
        Error::ResponseError(answer) => anyhow::anyhow!("{}: {}", answer.status, answer.content),
        other => other.into(),
    })?;
    Ok((done.session_token.context("a token")?, *done.session))
}

fn native_logout(token: &str) -> models::PerformNativeLogoutBody {
    models::PerformNativeLogoutBody::new(token.to_owned())
}

async fn a_wrong_password_is_refused(known: &Known) -> Result<()> {
    let wrong = native_sign_on(&known.public, known.text("alice"), "not the password".into()).await;
    let Err(error) = wrong else { bail!("it signed on") };
    ensure!(error.to_string().starts_with("400"), "{error}");
    Ok(())
}

async fn a_native_session_lives_from_sign_on_to_logout(known: &Known) -> Result<()> {
    let (token, session) = known.sign_on("alice").await?;
    let seen = frontend::to_session(&known.public, Some(&token), None, None).await?;
    ensure!(seen.id == session.id, "another session");
    frontend::perform_native_logout(&known.public, native_logout(&token)).await?;
    ensure!(!known.is_live(&token).await?, "it is live after its logout");
    frontend::perform_native_logout(&known.public, native_logout(&token)).await.context("a second logout")?;
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    refused(frontend::perform_native_logout(&known.public, native_logout(&forged)).await, 403)
}

async fn sessions_are_listed_for_their_user_and_end_for_nobody_else(known: &Known) -> Result<()> {
    let (mine, _) = known.sign_on("alice").await?;
    let (other, of_other) = known.sign_on("alice").await?;
    let (bobs, of_bob) = known.sign_on("bob").await?;
    let listed = frontend::list_my_sessions(&known.public, None, None, None, None, Some(&mine), None).await?;
    let ids: Vec<&str> = listed.iter().map(|session| session.id.as_str()).collect();
    ensure!(ids.contains(&of_other.id.as_str()), "the other one is not in the list");
    ensure!(!ids.contains(&of_bob.id.as_str()), "another user's session is in the list");
    frontend::disable_my_session(&known.public, &of_bob.id, Some(&mine), None).await?;
    ensure!(known.is_live(&bobs).await?, "a user ended another one's session");
    frontend::disable_my_session(&known.public, &of_other.id, Some(&mine), None).await?;
    ensure!(!known.is_live(&other).await? && known.is_live(&mine).await?, "the wrong one was ended");
    refused(frontend::list_my_sessions(&known.public, None, None, None, None, Some(&other), None).await, 401)
}

/// A browser: it keeps cookies, and notes the page that it is sent to. No page need be there.
struct Browser {
    at: Configuration,
    shown: Arc<Mutex<String>>,
}

impl Browser {
    fn new(known: &Known) -> Result<Self> {
        let shown = Arc::new(Mutex::new(String::new()));
        let address = Arc::clone(&shown);
        let policy = Policy::custom(move |attempt| {
            attempt.url().as_str().clone_into(&mut address.lock().expect("no panic"));
            attempt.stop()
        });
        let client = reqwest::Client::builder().cookie_store(true).redirect(policy).build()?;
        Ok(Self { at: Configuration { client, ..known.public.clone() }, shown })
    }

    fn shown(&self) -> String {
        self.shown.lock().expect("no panic").clone()
    }

    async fn sign_on(&self, identifier: String, password: String) -> Result<()> {
        let page =
            frontend::create_browser_login_flow(&self.at, None, None, None, None, None, None, None, None);
        ensure!(matches!(page.await, Err(Error::Serde(_))), "a browser is sent to a page");
        let shown = self.shown();
        let id = shown.split("flow=").nth(1).context("the page's address names its flow")?;
        let flow = json(&self.at, &format!("/self-service/login/flows?id={id}")).await?;
        let named = |node: &&Value| node["attributes"]["name"] == "csrf_token";
        let node = flow["ui"]["nodes"].as_array().and_then(|nodes| nodes.iter().find(named));
        let csrf_token = node.context("a token")?["attributes"]["value"].as_str().map(str::to_owned);
        let form =
            models::UpdateLoginFlowWithPasswordMethod { csrf_token, ..by_password(identifier, password) };
        let body = models::UpdateLoginFlowBody::Password(Box::new(form));
        let done = frontend::update_login_flow(&self.at, id, body, None, None).await;
        ensure!(matches!(done, Err(Error::Serde(_))), "a browser is sent to a page: {done:?}");
        Ok(())
    }

    async fn whoami(&self) -> Result<models::Session, Error<frontend::ToSessionError>> {
        frontend::to_session(&self.at, None, None, None).await
    }
}

async fn a_browser_signs_on_and_off(known: &Known) -> Result<()> {
    let (hers, his) = (Browser::new(known)?, Browser::new(known)?);
    hers.sign_on(known.text("alice"), known.text("alice_password")).await?;
    his.sign_on(known.text("bob"), known.text("bob_password")).await?;
    let seen = hers.whoami().await?;
    ensure!(seen.identity.context("an identity")?.traits.unwrap_or_default()["email"] == known.text("alice"));
    let logout = frontend::create_browser_logout_flow(&hers.at, None, None).await?;
    let token = Some(logout.logout_token.as_str());
    let stolen = frontend::update_logout_flow(&his.at, token, None, None).await;
    // To the client a redirect is an answer like any other; what a browser is shown tells them apart.
    ensure!(stolen.is_ok() && his.shown().contains("/error?id="), "{}", his.shown());
    ensure!(
        hers.whoami().await.is_ok() && his.whoami().await.is_ok(),
        "another user's logout token did something"
    );
    frontend::update_logout_flow(&hers.at, token, None, None)
        .await
        .context("a logout follows its redirect")?;
    ensure!(!hers.shown().contains("/error"), "{}", hers.shown());
    refused(hers.whoami().await, 401)?;
    let again = frontend::create_browser_logout_flow(&hers.at, None, None).await;
    ensure!(again.is_err() && hers.shown().contains("/error?id="), "a logout without a session");
    ensure!(his.whoami().await.is_ok(), "another one's session went along");
    Ok(())
}

async fn an_administrator_makes_and_ends(known: &Known) -> Result<()> {
    let (at, email) = (&known.admin, format!("made-by-rust-{}@example.test", std::process::id()));
    let password = "correct-horse-battery-9";
    let config: models::IdentityWithCredentialsPasswordConfig =
        serde_json::from_value(json!({ "password": password }))?;
    let mut credentials = models::IdentityWithCredentials::new();
    credentials.password =
        Some(Box::new(models::IdentityWithCredentialsPassword { config: Some(Box::new(config)) }));
    let mut wanted = models::CreateIdentityBody::new("person".into(), json!({ "email": email }));
    wanted.credentials = Some(Box::new(credentials));
    let made = identities::create_identity(at, Some(wanted.clone())).await?;
    refused(identities::create_identity(at, Some(wanted)).await, 409)?;
    let (token, session) = native_sign_on(&known.public, email, password.into()).await?;
    let all = identities::list_sessions(at, Some(500), None, Some(true), None).await?;
    ensure!(all.iter().any(|one| one.id == session.id), "it is not in the administrators' list");
    let theirs = identities::list_identity_sessions(at, &made.id, None, None, None, None, None).await?;
    ensure!(theirs.len() == 1 && theirs[0].id == session.id, "{theirs:?}");
    identities::disable_session(at, &session.id).await?;
    ensure!(!known.is_live(&token).await?, "it is live after an administrator ended it");
    ensure!(
        identities::get_session(at, &session.id, None).await?.active == Some(false),
        "it is shown as live"
    );
    identities::delete_identity(at, &made.id).await?;
    refused(identities::get_identity(at, &made.id, None).await, 404)
}

async fn all(vars: &Value) -> Result<()> {
    let known = Known::at(vars, &std::env::var("BELOW").unwrap_or_default())?;
    let said = |name: &str| println!("ok  {name}");
    a_wrong_password_is_refused(&known).await.context("a wrong password")?;
    said("a wrong password is refused");
    a_native_session_lives_from_sign_on_to_logout(&known).await.context("a native session")?;
    said("a native session lives from sign-on to logout");
    sessions_are_listed_for_their_user_and_end_for_nobody_else(&known).await.context("lists")?;
    said("sessions are listed for their user and end for nobody else");
    a_browser_signs_on_and_off(&known).await.context("a browser")?;
    said("a browser signs on and off");
    an_administrator_makes_and_ends(&known).await.context("an administrator")?;
    said("an administrator makes an identity and ends its session");
    Ok(())
}

fn main() -> Result<()> {
    let vars: Value = serde_json::from_str(&std::env::var("VARS").context("VARS")?)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(all(&vars["kratos"]))
}
