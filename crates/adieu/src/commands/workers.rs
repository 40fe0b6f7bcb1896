//! `adieu worker …`: programs that administer over HTTP, in their own name. Over HTTP only an administrator could make the first.
//!
//! The secret is shown once: on standard error, or in a file that is named.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Subcommand;
use http::Method;
use serde_json::{Value, json};

use crate::commands::api::Reach;
use crate::commands::clients;
use crate::commands::confirm::Confirmation;
use crate::commands::failure::CommandFailure;
use crate::commands::people::{OfRealm, open, realm_id, text};
use crate::commands::shown_once::ShownOnce;
use crate::commands::{runtime, shown};

/// Workers.
#[derive(Subcommand)]
pub enum WorkerCommand {
    /// Make a worker that administers a realm and its users; in the realm `/` it administers all of them. Prints its
    /// client id, and its secret on standard error.
    Add {
        /// What people call it.
        name: String,
        /// Write the secret into this new file, which only its owner may read.
        #[arg(long, value_name = "FILE")]
        secrets_to: Option<PathBuf>,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// List the workers of a realm: clients that act in their own name and may administer.
    List {
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Remove a worker; its tokens are worth nothing any more.
    Remove {
        /// Its client id.
        client: String,
        /// Why: up to 256 characters, kept with what ends.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Whether it is done without a question.
        #[command(flatten)]
        confirmation: Confirmation,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
}

/// `worker …`.
pub fn worker(command: WorkerCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            WorkerCommand::Add { name, secrets_to, of } => add(&name, secrets_to.as_deref(), of).await,
            WorkerCommand::List { of } => list(of).await,
            WorkerCommand::Remove { client, reason, confirmation, reach } => {
                remove(&client, reason.as_deref(), &confirmation, &reach).await
            }
        }
    })
}

async fn add(name: &str, secrets_to: Option<&Path>, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let realm = realm_id(&api, &of.realm).await?;
    // Clients may share a name; of two workers nobody could tell which one is which.
    let (clients, _) = api.list(&format!("/v1/realms/{realm}/clients"), usize::MAX).await?;
    if let Some(known) = clients.iter().find(|client| is_worker(client) && client["client_name"] == name) {
        bail!(
            "realm {} has a worker {name} already: its client id is {}",
            of.realm,
            text(known, "client_id")
        );
    }
    let mut secrets = ShownOnce::at(secrets_to, of.reach.json)?;
    let roles = ["identity_data_admin", "realm_admin"].map(|role| json!({"role": role, "realm": realm}));
    let body = json!({"client_name": name, "grant_types": ["client_credentials"], "roles": roles});
    let made = api.ask(Method::POST, &format!("/v1/realms/{realm}/clients"), Some(body)).await?;
    let (made, id) = clients::without_secret(made, &mut secrets)?;
    shown::lines(&made, of.reach.json, &[("environment", &realm), ("client_id", &id)])
}

async fn list(of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/realms/{}/clients", realm_id(&api, &of.realm).await?);
    let (mut all, _) = api.list(&path, usize::MAX).await?;
    all.retain(is_worker);
    shown::list(&all, of.reach.json, &clients::COLUMNS)
}

/// An ordinary client is no worker, and is left alone.
async fn remove(
    client: &str,
    reason: Option<&str>,
    confirmation: &Confirmation,
    reach: &Reach,
) -> Result<()> {
    let known = open(reach).await?.get(&clients::path_of(client)).await?;
    if !is_worker(&known) {
        let text = format!("{client} is no worker but a client: `adieu client remove` removes it");
        return Err(CommandFailure::not_found(text).into());
    }
    clients::remove(client, reason, confirmation, reach).await
}

fn is_worker(client: &Value) -> bool {
    let acts =
        client["grant_types"].as_array().is_some_and(|types| types.contains(&"client_credentials".into()));
    acts && client["roles"].as_array().is_some_and(|roles| !roles.is_empty())
}
