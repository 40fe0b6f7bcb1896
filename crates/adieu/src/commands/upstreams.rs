//! `adieu upstream …`: other OpenID Providers that users of a realm sign on through, and who of them is which user.
//!
//! Requests to the native API, like all administration. A secret comes from a file or standard input, never from the command line.

use std::io::Read;
use std::path::{Path, PathBuf};

use adieu_http_kit::form::append_query;
use anyhow::{Context, Result};
use clap::Subcommand;
use http::Method;
use serde_json::{Map, Value, json};

use crate::commands::api::Api;
use crate::commands::confirm::Confirmation;
use crate::commands::people::{OfRealm, encoded, open, realm_id, say_more, text, user_id, whom};
use crate::commands::shown::say;
use crate::commands::{configured, runtime, shown};

/// The longest file with a secret.
const SECRET_BYTES_MAX: u64 = 4096;

/// Upstream providers.
#[derive(Subcommand)]
pub enum UpstreamCommand {
    /// Let the users of a realm sign on through another OpenID Provider. Prints the addresses to be registered there.
    Add(AddUpstream),
    /// List the upstream providers of a realm, by name.
    List {
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Show one, without its secret, with the addresses to be registered there.
    Show {
        /// Its name.
        name: String,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Give one the secret that the provider has for this client, in place of the one that it has, if any.
    SetSecret {
        /// Its name.
        name: String,
        /// The file with the secret in its first line; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        secret_file: PathBuf,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Let nobody sign on through one, for the present. Sessions live on.
    Disable {
        /// Its name.
        name: String,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Let users sign on through one again.
    Enable {
        /// Its name.
        name: String,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Say who a person of the provider is here: whoever it calls SUB signs on as this user.
    Link {
        /// Its name.
        name: String,
        /// What the provider calls the person, as `sub` of its ID tokens.
        sub: String,
        /// The user: username, e-mail address or id.
        user: String,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// List who of upstream providers is a user.
    Links {
        /// The user: username, e-mail address or id.
        user: String,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Say that a person of the provider is this user no more. Sessions live on.
    Unlink {
        /// Its name.
        name: String,
        /// What the provider calls the person.
        sub: String,
        /// The user: username, e-mail address or id.
        user: String,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Remove one. Sessions that came through it live on, and are not ended by it any more.
    Remove {
        /// Its name.
        name: String,
        /// Whether it is done without a question.
        #[command(flatten)]
        confirmation: Confirmation,
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
}

/// A provider to add.
#[derive(clap::Args)]
pub struct AddUpstream {
    /// Its name in addresses and commands: small letters, digits and hyphens.
    name: String,
    /// Its issuer identifier, exactly as it names itself.
    issuer: String,
    /// As which client it knows this installation.
    client_id: String,
    /// The file with the client's secret in its first line; `-` is standard input. Without it the client has PKCE alone.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Its name on the button; else the name.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// What it is asked for besides `openid`; several times for several. Without it: profile and email.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Make a user for whoever signs on there and is nobody here.
    #[arg(long)]
    creates_users: bool,
    /// The claim that becomes such a user's name.
    #[arg(long, value_name = "CLAIM", default_value = "preferred_username")]
    username_claim: String,
    /// The claim that becomes such a user's e-mail address, where the claim of that name with `_verified` says so.
    #[arg(long, value_name = "CLAIM", default_value = "email")]
    email_claim: String,
    /// Which realm is meant.
    #[command(flatten)]
    of: OfRealm,
}

/// `upstream …`.
pub fn upstream(command: UpstreamCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            UpstreamCommand::Add(new) => add(new).await,
            UpstreamCommand::List { of } => list(of).await,
            UpstreamCommand::Show { name, of } => show(&name, of).await,
            UpstreamCommand::SetSecret { name, secret_file, of } => set_secret(&name, &secret_file, of).await,
            UpstreamCommand::Disable { name, of } => enable(&name, false, of).await,
            UpstreamCommand::Enable { name, of } => enable(&name, true, of).await,
            UpstreamCommand::Link { name, sub, user, of } => link(&name, &sub, &user, of).await,
            UpstreamCommand::Links { user, of } => links(&user, of).await,
            UpstreamCommand::Unlink { name, sub, user, of } => unlink(&name, &sub, &user, of).await,
            UpstreamCommand::Remove { name, confirmation, of } => remove(&name, &confirmation, of).await,
        }
    })
}

async fn add(new: AddUpstream) -> Result<()> {
    let api = open(&new.of.reach).await?;
    let path = format!("/v1/realms/{}/upstreams", realm_id(&api, &new.of.realm).await?);
    let made = api.ask(Method::POST, &path, Some(new.body()?)).await?;
    let without = match &new.secret_file {
        Some(_) => String::new(),
        None => format!(
            "; it has no secret: where the provider wants one, `adieu upstream set-secret {}`",
            new.name
        ),
    };
    shown::one(&made, new.of.reach.json, || {
        format!("users of realm {} may sign on through {}{without}", new.of.realm, new.name)
    })?;
    addresses(&made, &new.of)
}

impl AddUpstream {
    fn body(&self) -> Result<Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("name", self.name.as_str().into());
        put("issuer", self.issuer.as_str().into());
        put("client_id", self.client_id.as_str().into());
        if let Some(file) = &self.secret_file {
            put("client_secret", secret(file)?.into());
        }
        if let Some(title) = &self.title {
            put("title", title.as_str().into());
        }
        if !self.scope.is_empty() {
            put("scopes", json!(self.scope));
        }
        put("creates_users", self.creates_users.into());
        put("username_claim", self.username_claim.as_str().into());
        put("email_claim", self.email_claim.as_str().into());
        Ok(Value::Object(body))
    }
}

fn secret(file: &Path) -> Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| file.display().to_string())?)
    };
    source.take(SECRET_BYTES_MAX).read_to_string(&mut text).with_context(|| file.display().to_string())?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// What is registered at the provider: addresses below the public one of the configuration at hand.
fn addresses(provider: &Value, of: &OfRealm) -> Result<()> {
    if of.reach.json {
        return Ok(());
    }
    let base = format!("{}{}", configured(of.reach.config.as_deref())?.public.url, text(provider, "path"));
    say!("register at the provider:");
    for (what, end) in [
        ("redirect_uri", "callback"),
        ("backchannel_logout_uri", "backchannel-logout"),
        ("frontchannel_logout_uri", "frontchannel-logout"),
    ] {
        say!("  {what:<24} {base}/{end}");
    }
    Ok(())
}

const COLUMNS: [(&str, &str); 5] = [
    ("NAME", "/name"),
    ("ISSUER", "/issuer"),
    ("CLIENT", "/client_id"),
    ("MAKES USERS", "/creates_users"),
    ("ENABLED", "/enabled"),
];

async fn list(of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/realms/{}/upstreams", realm_id(&api, &of.realm).await?);
    let (all, more) = api.list(&path, usize::MAX).await?;
    shown::list(&all, of.reach.json, &COLUMNS)?;
    say_more(more);
    Ok(())
}

async fn show(name: &str, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let provider = api.get(&path_of(&api, name, &of).await?).await?;
    shown::members(&provider, of.reach.json)?;
    addresses(&provider, &of)
}

async fn enable(name: &str, enabled: bool, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = path_of(&api, name, &of).await?;
    let changed = api.ask(Method::PATCH, &path, Some(json!({"enabled": enabled}))).await?;
    let how = if enabled { "may sign on through it" } else { "sign on through it no more" };
    shown::one(&changed, of.reach.json, || format!("upstream provider {name}: users {how}"))
}

async fn set_secret(name: &str, file: &Path, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = path_of(&api, name, &of).await?;
    let changed = api.ask(Method::PATCH, &path, Some(json!({"client_secret": secret(file)?}))).await?;
    shown::one(&changed, of.reach.json, || {
        format!("upstream provider {name}: it has that secret from now on")
    })
}

async fn link(name: &str, sub: &str, user: &str, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let who = whom(&api, &of.realm, user).await?;
    let id = &who.id;
    let path = format!("{}/links", path_of(&api, name, &of).await?);
    api.ask(Method::POST, &path, Some(json!({"sub": sub, "user": id}))).await?;
    shown::one(&json!({"upstream": name, "sub": sub, "user": id}), of.reach.json, || {
        format!("whoever {name} calls {sub} signs on as {who}")
    })
}

async fn links(user: &str, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let id = user_id(&api, &of.realm, user).await?;
    let links = api.get(&format!("/v1/users/{id}/upstream-links")).await?;
    let links = links["items"].as_array().cloned().unwrap_or_default();
    shown::list(&links, of.reach.json, &[("ISSUER", "/issuer"), ("SUB", "/sub")])
}

async fn unlink(name: &str, sub: &str, user: &str, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let who = whom(&api, &of.realm, user).await?;
    let id = &who.id;
    let provider = api.get(&path_of(&api, name, &of).await?).await?;
    let path = append_query(&format!("/v1/users/{id}/upstream-links"), "issuer", text(&provider, "issuer"));
    api.ask(Method::DELETE, &append_query(&path, "sub", sub), None).await?;
    shown::one(&json!({"upstream": name, "sub": sub, "user": id, "removed": true}), of.reach.json, || {
        format!("whoever {name} calls {sub} is {who} no more")
    })
}

async fn remove(name: &str, confirmation: &Confirmation, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = path_of(&api, name, &of).await?;
    api.get(&path).await?;
    confirmation.of(&format!("remove upstream provider {name} of realm {}", of.realm))?;
    api.ask(Method::DELETE, &path, None).await?;
    shown::one(&json!({"name": name, "removed": true}), of.reach.json, || {
        format!("removed: upstream provider {name}")
    })
}

async fn path_of(api: &Api, name: &str, of: &OfRealm) -> Result<String> {
    let realm = realm_id(api, &of.realm).await?;
    Ok(format!("/v1/upstreams/{}", encoded(&format!("{realm}.{name}"))))
}
