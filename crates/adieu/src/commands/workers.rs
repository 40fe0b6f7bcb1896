//! `adieu worker add`: the first program that may administer over HTTP; over HTTP only an administrator could make it.
//!
//! The secret is shown once: on standard error, or in a file that is named.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use http::Method;
use serde_json::json;

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
}

/// `worker …`.
pub fn worker(WorkerCommand::Add { name, secrets_to, of }: WorkerCommand) -> Result<()> {
    runtime()?.block_on(async {
        let api = open(&of.reach)?;
        let mut secrets = ShownOnce::at(secrets_to.as_deref(), of.reach.json)?;
        let realm = realm_id(&api, &of.realm).await?;
        let roles = ["identity_data_admin", "realm_admin"].map(|role| json!({"role": role, "realm": realm}));
        let body = json!({"client_name": name, "grant_types": ["client_credentials"], "roles": roles});
        let path = format!("/v1/realms/{realm}/clients");
        let mut made = api.ask(Method::POST, &path, Some(body)).await?;
        let id = text(&made, "client_id").to_owned();
        if secrets.take(&id, text(&made, "client_secret"))?
            && let Some(made) = made.as_object_mut()
        {
            made.remove("client_secret");
        }
        shown::lines(&made, of.reach.json, &[("environment", &realm), ("client_id", &id)])
    })
}
