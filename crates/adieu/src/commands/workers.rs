//! `adieu worker add`: the first program that may administer over HTTP; over HTTP only an administrator could make it.
//!
//! The secret is printed once and shown nowhere else.

use anyhow::Result;
use clap::Subcommand;
use http::Method;
use serde_json::json;

use crate::commands::people::{OfRealm, open_or_make, realm_id, text};
use crate::commands::{runtime, shown};

/// Workers.
#[derive(Subcommand)]
pub enum WorkerCommand {
    /// Make a worker that administers a realm and its users; in the realm `/` it administers all of them. Prints its
    /// client id and its secret.
    Add {
        /// What people call it.
        name: String,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
}

/// `worker …`.
pub fn worker(WorkerCommand::Add { name, of }: WorkerCommand) -> Result<()> {
    runtime()?.block_on(async {
        let api = open_or_make(&of.reach).await?;
        let realm = realm_id(&api, &of.realm).await?;
        let roles = ["identity_data_admin", "realm_admin"].map(|role| json!({"role": role, "realm": realm}));
        let body = json!({"client_name": name, "grant_types": ["client_credentials"], "roles": roles});
        let path = format!("/v1/realms/{realm}/clients");
        let made = api.ask(Method::POST, &path, Some(body)).await?;
        let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
        shown::lines(
            &made,
            of.reach.json,
            &[("environment", &realm), ("client_id", id), ("client_secret", secret)],
        )
    })
}
