//! `adieu client …`: applications and programs, in the words of RFC 7591: made, listed, shown, given another secret, removed.
//!
//! A secret is shown once, as `shown_once` says; it never stands on the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use http::Method;
use serde_json::{Map, Value, json};

use crate::commands::api::{Api, Reach};
use crate::commands::confirm::Confirmation;
use crate::commands::people::{OfRealm, encoded, open, realm_id, say_more, text};
use crate::commands::roles_shown::with_roles_in_words;
use crate::commands::shown_once::ShownOnce;
use crate::commands::{ids, runtime, shown};
use crate::config::seconds;
use adieu_http_kit::form::append_query;

const AUTH_METHODS: [&str; 4] = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
const GRANT_TYPES: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];

/// Clients.
#[derive(Subcommand)]
pub enum ClientCommand {
    /// Make a client. Prints its id, and its secret on standard error.
    Add(Box<AddClient>),
    /// List the clients of a realm, by id.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = ids::limit)]
        limit: usize,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Show one client, without its secret.
    Show {
        /// Its id.
        client: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// Give a client another secret.
    RotateSecret(Rotation),
    /// Remove a client, and end everything that it holds.
    Remove {
        /// Its id.
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

/// A client to make.
#[derive(clap::Args)]
pub struct AddClient {
    /// What people call it.
    name: String,
    /// Its id; random if none is given.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// How it proves itself at the token endpoint.
    #[arg(long, default_value = "client_secret_basic", value_name = "METHOD", value_parser = AUTH_METHODS)]
    auth: String,
    /// What it may ask for; several times for several.
    #[arg(long, default_values = ["authorization_code", "refresh_token"], value_name = "TYPE", value_parser = GRANT_TYPES)]
    grant_type: Vec<String>,
    /// Where codes may be sent; several times for several.
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where a browser may be sent after a sign-off; several times for several.
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// Where it is told that sessions are over, by OpenID Connect's back-channel logout.
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// Name the session in each notice to it, also where all sessions of a user ended.
    #[arg(long, requires = "backchannel_logout_uri")]
    backchannel_logout_session_required: bool,
    /// Where a browser tells it that its session is over, by OpenID Connect's front-channel logout; of the origin of a redirect address.
    #[arg(long, value_name = "URI")]
    frontchannel_logout_uri: Option<String>,
    /// Have the browser tell it the issuer and the session.
    #[arg(long, requires = "frontchannel_logout_uri")]
    frontchannel_logout_session_required: bool,
    /// Its public keys: a file with a JWK Set, or one JWK.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Where its public keys stand, in place of a file: an https address.
    #[arg(long, value_name = "URI", conflicts_with = "jwks")]
    jwks_uri: Option<String>,
    /// By what its ID tokens and logout tokens are signed.
    #[arg(long, default_value = "RS256", value_name = "ALG", value_parser = ["RS256", "ES256", "EdDSA"])]
    id_token_alg: String,
    /// Sign userinfo for it by this algorithm; without it, userinfo is plain JSON.
    #[arg(long, value_name = "ALG", value_parser = ["RS256", "ES256", "EdDSA"])]
    userinfo_alg: Option<String>,
    /// Take its request objects with this algorithm only; without it, with that of each of its keys.
    #[arg(long, value_name = "ALG", value_parser = ["RS256", "ES256", "EdDSA"])]
    request_object_alg: Option<String>,
    /// Take its assertions (private_key_jwt) with this algorithm only; without it, with that of each of its keys.
    #[arg(long, value_name = "ALG", value_parser = ["RS256", "ES256", "EdDSA"])]
    assertion_alg: Option<String>,
    /// It is somebody else's: users are asked before it gets anything of them.
    #[arg(long)]
    require_consent: bool,
    /// A scope of a dialect's API that it is granted; several times for several.
    #[arg(long, value_name = "SCOPE")]
    api_scope: Vec<String>,
    /// A scope that it asks users for (openid, email, …): it gets no other; several times for several. Without it, whatever it asks for.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Let it do without PKCE.
    #[arg(long)]
    without_pkce: bool,
    /// Write the secret into this new file, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    secrets_to: Option<PathBuf>,
    /// Which realm is meant.
    #[command(flatten)]
    of: OfRealm,
}

/// Another secret.
#[derive(clap::Args)]
pub struct Rotation {
    /// The client's id.
    client: String,
    /// For how long the secret before counts beside the new one (1h, 7d, or seconds), at most ninety days. Without it none counts, and the
    /// command is refused while an earlier one does; 0 ends that one, too.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    overlap_s: Option<u64>,
    /// End everything that the client holds, at once.
    #[arg(long, conflicts_with = "overlap_s")]
    end_grants: bool,
    /// Why: up to 256 characters, kept with what ends.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Write the secret into this new file, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    secrets_to: Option<PathBuf>,
    /// How the API is reached.
    #[command(flatten)]
    reach: Reach,
}

/// `client …`.
pub fn client(command: ClientCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            ClientCommand::Add(new) => add(*new).await,
            ClientCommand::List { limit, of } => list(limit, of).await,
            ClientCommand::Show { client, reach } => show(&client, &reach).await,
            ClientCommand::RotateSecret(rotation) => rotate(rotation).await,
            ClientCommand::Remove { client, reason, confirmation, reach } => {
                remove(&client, reason.as_deref(), &confirmation, &reach).await
            }
        }
    })
}

async fn add(new: AddClient) -> Result<()> {
    let api = open(&new.of.reach).await?;
    let json = new.of.reach.json;
    let mut secrets = ShownOnce::at(new.secrets_to.as_deref(), json)?;
    let path = format!("/v1/realms/{}/clients", realm_id(&api, &new.of.realm).await?);
    let made = api.ask(Method::POST, &path, Some(new.body()?)).await?;
    let (made, id) = without_secret(made, &mut secrets)?;
    shown::one(&made, json, || format!("client {} ({id}) of realm {}", new.name, new.of.realm))
}

impl AddClient {
    fn body(&self) -> Result<Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("client_name", self.name.as_str().into());
        if let Some(id) = &self.id {
            put("client_id", id.as_str().into());
        }
        put("token_endpoint_auth_method", self.auth.as_str().into());
        put("grant_types", json!(self.grant_type));
        put("redirect_uris", json!(self.redirect_uri));
        put("post_logout_redirect_uris", json!(self.post_logout_redirect_uri));
        if let Some(uri) = &self.backchannel_logout_uri {
            put("backchannel_logout_uri", uri.as_str().into());
            put("backchannel_logout_session_required", self.backchannel_logout_session_required.into());
        }
        if let Some(uri) = &self.frontchannel_logout_uri {
            put("frontchannel_logout_uri", uri.as_str().into());
            put("frontchannel_logout_session_required", self.frontchannel_logout_session_required.into());
        }
        if let Some(file) = &self.jwks {
            put("jwks", jwks_of(file)?);
        }
        if let Some(uri) = &self.jwks_uri {
            put("jwks_uri", uri.as_str().into());
        }
        put("id_token_signed_response_alg", self.id_token_alg.as_str().into());
        if let Some(alg) = &self.userinfo_alg {
            put("userinfo_signed_response_alg", alg.as_str().into());
        }
        if let Some(alg) = &self.request_object_alg {
            put("request_object_signing_alg", alg.as_str().into());
        }
        if let Some(alg) = &self.assertion_alg {
            put("token_endpoint_auth_signing_alg", alg.as_str().into());
        }
        put("api_scopes", json!(self.api_scope));
        if !self.scope.is_empty() {
            put("scope", self.scope.join(" ").into());
        }
        put("pkce_required", (!self.without_pkce).into());
        put("require_consent", self.require_consent.into());
        Ok(Value::Object(body))
    }
}

/// The JWK Set of a file; a key alone is a set of one. Whether it is taken is for the API to say.
fn jwks_of(file: &Path) -> Result<Value> {
    let cannot = || format!("the keys in {} cannot be read", file.display());
    let text = std::fs::read(file).with_context(cannot)?;
    let read: Value = serde_json::from_slice(&text).with_context(cannot)?;
    Ok(if read.get("kty").is_some() { json!({"keys": [read]}) } else { read })
}

/// What was made without the secret in it, which goes where it is to be shown; and the client's id.
pub(super) fn without_secret(mut made: Value, secrets: &mut ShownOnce) -> Result<(Value, String)> {
    let id = text(&made, "client_id").to_owned();
    if let Some(secret) = made["client_secret"].as_str().map(str::to_owned)
        && secrets.take("client", &id, &secret)?
        && let Some(made) = made.as_object_mut()
    {
        made.remove("client_secret");
    }
    Ok((made, id))
}

async fn list(limit: usize, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/realms/{}/clients", realm_id(&api, &of.realm).await?);
    let (clients, more) = api.list(&path, limit).await?;
    shown::list(&clients, of.reach.json, &COLUMNS)?;
    say_more(more);
    Ok(())
}

pub(super) const COLUMNS: [(&str, &str); 4] =
    [("CLIENT", "/client_id"), ("NAME", "/client_name"), ("ENABLED", "/enabled"), ("MADE", "/created_at")];

async fn show(client: &str, reach: &Reach) -> Result<()> {
    let api = open(reach).await?;
    let shown = api.get(&path_of(client)).await?;
    let shown = if reach.json { shown } else { with_roles_in_words(&api, shown).await };
    shown::members(&shown, reach.json)
}

async fn rotate(rotation: Rotation) -> Result<()> {
    let Rotation { client, overlap_s, end_grants, reason, secrets_to, reach } = rotation;
    let api = open(&reach).await?;
    let mut secrets = ShownOnce::at(secrets_to.as_deref(), reach.json)?;
    let mut body = json!({"end_grants": end_grants});
    if let Some(overlap_s) = overlap_s {
        body["overlap_s"] = overlap_s.into();
    }
    if let Some(reason) = reason {
        body["reason"] = reason.into();
    }
    let made = api.ask(Method::POST, &format!("{}/secret", path_of(&client)), Some(body)).await?;
    let (made, id) = without_secret(made, &mut secrets)?;
    shown::one(&made, reach.json, || match text(&made, "previous_secret_until") {
        "-" => format!("client {id} has another secret; the one before is worth nothing any more"),
        until => format!("client {id} has another secret; the one before counts until {until}"),
    })
}

pub(super) async fn remove(
    client: &str,
    reason: Option<&str>,
    confirmation: &Confirmation,
    reach: &Reach,
) -> Result<()> {
    let api = open(reach).await?;
    let path = path_of(client);
    let known = api.get(&path).await?;
    confirmation.of(&format!(
        "remove client {} ({client}) and end everything that it holds",
        text(&known, "client_name")
    ))?;
    removed(&api, &path, reason).await?;
    shown::one(&json!({"client_id": client, "removed": true}), reach.json, || {
        format!("removed: client {client}")
    })
}

/// Removes what is at that path, for that reason.
pub(super) async fn removed(api: &Api, path: &str, reason: Option<&str>) -> Result<()> {
    let path = reason.map_or_else(|| path.to_owned(), |reason| append_query(path, "reason", reason));
    api.ask(Method::DELETE, &path, None).await.map(drop)
}

pub(super) fn path_of(client: &str) -> String {
    format!("/v1/clients/{}", encoded(client))
}
