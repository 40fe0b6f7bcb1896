//! `adieu consent …`: what users have allowed to clients, and its withdrawal.
//!
//! Requests to the native API, as all administration is.

use anyhow::Result;
use clap::Subcommand;
use http::Method;
use serde_json::json;

use crate::commands::people::{OfRealm, encoded, open, say_more, user_id, whom};
use crate::commands::{runtime, shown};

/// Consents.
#[derive(Subcommand)]
pub enum ConsentCommand {
    /// List what a user has allowed to which clients.
    List {
        /// Name, e-mail address or id.
        user: String,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Withdraw what a user has allowed to a client, and end all that the client holds of the user. Sessions live on.
    Withdraw {
        /// Name, e-mail address or id.
        user: String,
        /// The client's id.
        client: String,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
}

const COLUMNS: [(&str, &str); 4] =
    [("CLIENT", "/client_id"), ("NAME", "/client_name"), ("SCOPES", "/scopes"), ("GIVEN", "/given_at")];

/// `consent …`.
pub fn consent(command: ConsentCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            ConsentCommand::List { user, limit, of } => list(&user, limit, &of).await,
            ConsentCommand::Withdraw { user, client, of } => withdraw(&user, &client, &of).await,
        }
    })
}

async fn list(user: &str, limit: usize, of: &OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/users/{}/consents", user_id(&api, &of.realm, user).await?);
    let (consents, more) = api.list(&path, limit.max(1)).await?;
    shown::list(&consents, of.reach.json, &COLUMNS)?;
    say_more(more);
    Ok(())
}

async fn withdraw(user: &str, client: &str, of: &OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let whom = whom(&api, &of.realm, user).await?;
    let path = format!("/v1/users/{}/consents", whom.id);
    api.ask(Method::DELETE, &format!("{path}/{}", encoded(client)), None).await?;
    shown::one(&json!({"user_id": whom.id, "client_id": client, "withdrawn": true}), of.reach.json, || {
        format!("withdrawn from client {client}: what user {whom} had allowed")
    })
}
