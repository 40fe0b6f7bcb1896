//! One exit, two applications that took part: both hear of it, one of them over a hard restart.
//!
//! The second application keeps its caller waiting until the server has been killed, so its first notice never arrives. The ending
//! is all that the server has then, and it is enough (NOTICE-WITH-ENDING).

use std::time::Duration;

use adieu_token::{KeySet, LogoutClaims, PublicKey};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;

use crate::commands::demo::applications::{Applications, DESK, SHOP};
use crate::commands::demo::exits::log_out_at_am;
use crate::commands::demo::people::Credential;
use crate::commands::demo::programs::{DemoDialect, Programs};
use crate::commands::demo::server::DemoServer;
use crate::commands::demo::talk::{DemoRequest, Talk};
use crate::commands::shown::say;

/// How long the demo waits for what takes milliseconds; where nodes share a database, what one that was killed had begun to tell is
/// another one's after half a minute, and two receivers may have to wait so.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(10);

/// Tells the story; `admin` asks the admin listener.
pub(super) async fn walk(
    programs: &Programs,
    admin: &Talk,
    applications: &mut Applications,
    server: &mut DemoServer,
) -> Result<()> {
    let token = programs.sign_on(DemoDialect::Am).await?;
    let people = &programs.people;
    for application in [&people.application, &people.desk] {
        programs.tokens_of(application, &token).await?;
    }
    say!("  signed on through AM; the shop and the desk got tokens by OpenID Connect");
    let ending = log_out_at_am(programs, &token).await?.header("adieu-ending").to_owned();
    ensure!(!ending.is_empty(), "no Adieu-Ending");
    let path = format!("/v1/endings/{ending}");
    let told = receipts(admin, &path, |receipts| state(receipts, &people.application) == "confirmed").await?;
    say!("  the shop: {}", line(&told, &people.application));
    tokio::time::timeout(PATIENCE, applications.desk_is_asked())
        .await
        .context("the desk was not asked")??;
    say!("  the desk was asked and does not answer; kill -9 before it does, and a new start");
    server.kill_and_restart().await?;
    ensure!(applications.tokens(DESK).is_empty(), "the desk was told before it could be");
    applications.open_desk();
    let settled = receipts(admin, &path, |receipts| state(receipts, &people.desk) == "confirmed").await?;
    say!("  → GET {path}");
    for (name, application) in [("shop", &people.application), ("desk", &people.desk)] {
        say!("  the {name}: {}", line(&settled, application));
    }
    let keys = keys(programs).await?;
    for (path, application) in [(SHOP, &people.application), (DESK, &people.desk)] {
        let tokens = applications.tokens(path);
        let token = tokens.first().context("a token")?;
        let claims = LogoutClaims::read(&keys.verify(token)?, &application.id).context("no logout token")?;
        ensure!(claims.logged_out.sub() == Some(people.user_id.as_str()), "another user was signed off");
    }
    Ok(())
}

/// The receipts of an ending, as soon as they are as they should be.
async fn receipts(admin: &Talk, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    let look = async {
        loop {
            let shown = admin.ask(DemoRequest::new(Method::GET, path)).await?.json()?;
            if wanted(&shown["notices"]["receipts"]) {
                return Ok(shown["notices"]["receipts"].clone());
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.context("an application was not told in time")?
}

/// What the receipts say of an application.
fn of<'a>(receipts: &'a Value, application: &Credential) -> Option<&'a Value> {
    receipts.as_array()?.iter().find(|receipt| receipt["client"] == application.id.as_str())
}

fn state<'a>(receipts: &'a Value, application: &Credential) -> &'a str {
    of(receipts, application).and_then(|receipt| receipt["state"].as_str()).unwrap_or("pending")
}

fn line(receipts: &Value, application: &Credential) -> String {
    let Some(receipt) = of(receipts, application) else { return "pending".into() };
    format!(
        "{}, {} ms after the ending, tries: {}",
        state(receipts, application),
        receipt["after_ms"],
        receipt["tries"]
    )
}

/// The keys that the issuer publishes.
async fn keys(programs: &Programs) -> Result<KeySet> {
    let path = format!("/{}/as/jwks", programs.environment());
    let set = programs.talk.ask(DemoRequest::new(Method::GET, path)).await?.json()?;
    let keys = set["keys"].as_array().context("keys")?.iter();
    Ok(KeySet::of(keys.filter_map(|key| PublicKey::from_jwk(key).ok())))
}
