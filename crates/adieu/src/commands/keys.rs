//! `adieu keys …`: the keys by which a realm signs, listed and rotated.
//!
//! Requests to the native API, like all administration; no private key is seen here.

use anyhow::Result;
use clap::Subcommand;
use http::Method;
use serde_json::json;

use crate::commands::people::{OfRealm, open, realm_id, text};
use crate::commands::{runtime, shown};

/// Signing keys.
#[derive(Subcommand)]
pub enum KeysCommand {
    /// List the keys of a realm, oldest first, and what each of them does.
    List {
        /// Whose keys.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Give a realm a next key. It is published before it signs, so that no token is refused; the one before verifies on.
    Rotate {
        /// Of which algorithm.
        #[arg(long, default_value = "RS256", value_name = "NAME", value_parser = ["RS256", "ES256", "EdDSA"])]
        algorithm: String,
        /// Whose key.
        #[command(flatten)]
        of: OfRealm,
    },
}

/// `keys …`.
pub fn keys(command: KeysCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            KeysCommand::List { of } => list(of).await,
            KeysCommand::Rotate { algorithm, of } => rotate(&algorithm, of).await,
        }
    })
}

async fn list(of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/realms/{}/keys", realm_id(&api, &of.realm).await?);
    let (keys, _) = api.list(&path, usize::MAX).await?;
    let columns =
        [("KID", "/kid"), ("ALGORITHM", "/algorithm"), ("STATE", "/state"), ("SIGNS FROM", "/signs_from")];
    shown::list(&keys, of.reach.json, &columns)
}

async fn rotate(algorithm: &str, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/realms/{}/keys", realm_id(&api, &of.realm).await?);
    let key = api.ask(Method::POST, &path, Some(json!({"algorithm": algorithm}))).await?;
    let (kid, from) = (text(&key, "kid"), text(&key, "signs_from"));
    shown::one(&key, of.reach.json, || {
        format!("{algorithm} key {kid} of realm {} is published and signs from {from}", of.realm)
    })
}
