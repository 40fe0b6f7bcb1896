//! `adieu registration-token …`: what lets clients of a realm register themselves, made, listed and taken back.
//!
//! Requests to the native API, like all administration. A token is shown once, as `shown_once` says.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use http::Method;
use serde_json::json;

use crate::commands::api::{Api, Reach};
use crate::commands::people::{OfRealm, encoded, open, realm_id, text};
use crate::commands::shown_once::ShownOnce;
use crate::commands::{configured, runtime, shown};
use crate::config::seconds;
use crate::logging::note;

/// Tokens with which clients register themselves.
#[derive(Subcommand)]
pub enum RegistrationTokenCommand {
    /// Make one. Prints its name, and the token on standard error.
    Add {
        /// For how long it counts: with a unit (1h, 7d), or in seconds.
        #[arg(long, default_value = "24h", value_name = "TIME", value_parser = seconds)]
        life_s: u64,
        /// How many clients may register with it.
        #[arg(long, default_value_t = 1, value_name = "N")]
        clients: u32,
        /// Write the token into this new file, which only its owner may read.
        #[arg(long, value_name = "FILE")]
        secrets_to: Option<PathBuf>,
        /// Of which realm.
        #[command(flatten)]
        of: OfRealm,
    },
    /// List those of a realm.
    List {
        /// Of which realm.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Take one back. Clients that registered with it stay.
    Remove {
        /// Its name.
        token: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
}

/// `registration-token …`.
pub fn registration_token(command: RegistrationTokenCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            RegistrationTokenCommand::Add { life_s, clients, secrets_to, of } => {
                add((life_s, clients), secrets_to, of).await
            }
            RegistrationTokenCommand::List { of } => list(of).await,
            RegistrationTokenCommand::Remove { token, reach } => remove(&token, &reach).await,
        }
    })
}

async fn add((life_s, clients): (u64, u32), secrets_to: Option<PathBuf>, of: OfRealm) -> Result<()> {
    let config = configured(of.reach.config.as_deref())?;
    let api = Api::reach(&config, of.reach.server.as_deref()).await?;
    // Of a server elsewhere this configuration says nothing.
    if of.reach.server.is_none() && !config.openid.registration {
        note("no client can register with it yet: openid.registration is off in the configuration");
    }
    let json = of.reach.json;
    let mut secrets = ShownOnce::at(secrets_to.as_deref(), json)?;
    let path = format!("/v1/realms/{}/registration-tokens", realm_id(&api, &of.realm).await?);
    let body = json!({"life_s": life_s, "clients": clients});
    let mut made = api.ask(Method::POST, &path, Some(body)).await?;
    let id = text(&made, "id").to_owned();
    if let Some(token) = made["token"].as_str().map(str::to_owned)
        && secrets.take_of("registration token", &id, &token)?
        && let Some(made) = made.as_object_mut()
    {
        made.remove("token");
    }
    let until = text(&made, "expires_at").to_owned();
    shown::one(&made, json, || {
        format!("registration token {id} of realm {} counts for {clients} clients until {until}", of.realm)
    })
}

async fn list(of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/realms/{}/registration-tokens", realm_id(&api, &of.realm).await?);
    let (tokens, _) = api.list(&path, usize::MAX).await?;
    let columns = [("TOKEN", "/id"), ("CLIENTS LEFT", "/clients_left"), ("UNTIL", "/expires_at")];
    shown::list(&tokens, of.reach.json, &columns)
}

async fn remove(token: &str, reach: &Reach) -> Result<()> {
    let api = open(reach).await?;
    api.ask(Method::DELETE, &format!("/v1/registration-tokens/{}", encoded(token)), None).await?;
    shown::one(&json!({"id": token, "removed": true}), reach.json, || {
        format!("removed: registration token {token}")
    })
}
