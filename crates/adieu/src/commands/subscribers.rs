//! `adieu subscriber …`: who hears of every ending in a realm: made, listed, shown, given another secret, switched on and off, removed.
//!
//! A secret that is drawn is shown once, as `shown_once` says; one that is brought is read from a file or from standard input, and never
//! stands on the command line.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use http::Method;
use serde_json::{Map, Value, json};

use crate::commands::api::Reach;
use crate::commands::clients::removed;
use crate::commands::confirm::Confirmation;
use crate::commands::people::{OfRealm, encoded, open, realm_id, say_more, text};
use crate::commands::shown_once::ShownOnce;
use crate::commands::{runtime, shown};
use crate::config::seconds;

const KINDS: [&str; 2] = ["webhook", "global_token_revocation"];
const FORMATS: [&str; 3] = ["iss_sub", "email", "opaque"];
/// A file with a secret is no larger.
const SECRET_BYTES_MAX: u64 = 8192;

/// Subscribers.
#[derive(Subcommand)]
pub enum SubscriberCommand {
    /// Make a subscriber: it is told of what ends from then on. Prints a drawn secret on standard error.
    Add(AddSubscriber),
    /// List the subscribers of a realm, by name.
    List {
        /// Which realm is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Show one subscriber, without its secret.
    Show {
        /// Its name.
        subscriber: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// Have a subscriber told of what ends from now on.
    Enable {
        /// Its name.
        subscriber: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// Have a subscriber told of nothing more until it is enabled.
    Disable {
        /// Its name.
        subscriber: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// Give a subscriber another secret.
    RotateSecret(SubscriberRotation),
    /// Remove a subscriber; what it is owed still is told to nobody.
    Remove {
        /// Its name.
        subscriber: String,
        /// Whether it is done without a question.
        #[command(flatten)]
        confirmation: Confirmation,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
}

/// A subscriber to make.
#[derive(clap::Args)]
pub struct AddSubscriber {
    /// Its name: letters, digits, -, _ and ., unique in the installation.
    name: String,
    /// Where it is told: https; of a webhook http, too.
    #[arg(long, value_name = "URI")]
    address: String,
    /// What it is sent.
    #[arg(long, default_value = KINDS[0], value_name = "KIND", value_parser = KINDS)]
    kind: String,
    /// Only endings with this cause are told to a webhook; several times for several. Without it, all are.
    #[arg(long, value_name = "CAUSE")]
    cause: Vec<String>,
    /// How another system knows people: a format of RFC 9493.
    #[arg(long, value_name = "FORMAT", value_parser = FORMATS)]
    subject_format: Option<String>,
    /// The issuer that another system knows, with the format iss_sub.
    #[arg(long, value_name = "URI")]
    issuer: Option<String>,
    /// Read the secret from the first line of this file, - for standard input: a webhook's own, or another system's bearer token.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Write a drawn secret into this new file, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    secrets_to: Option<PathBuf>,
    /// Which realm is meant.
    #[command(flatten)]
    of: OfRealm,
}

/// Another secret.
#[derive(clap::Args)]
pub struct SubscriberRotation {
    /// The subscriber's name.
    subscriber: String,
    /// For how long the secret before counts beside the new one (1h, 7d, or seconds), at most ninety days; of a webhook only. Without it none counts, and
    /// the command is refused while an earlier one does; 0 ends that one, too.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    overlap_s: Option<u64>,
    /// Read the secret from the first line of this file, - for standard input.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Write a drawn secret into this new file, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    secrets_to: Option<PathBuf>,
    /// How the API is reached.
    #[command(flatten)]
    reach: Reach,
}

/// `subscriber …`.
pub fn subscriber(command: SubscriberCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            SubscriberCommand::Add(new) => add(new).await,
            SubscriberCommand::List { of } => list(of).await,
            SubscriberCommand::Show { subscriber, reach } => {
                shown::members(&open(&reach).await?.get(&path_of(&subscriber)).await?, reach.json)
            }
            SubscriberCommand::Enable { subscriber, reach } => switch(&subscriber, true, &reach).await,
            SubscriberCommand::Disable { subscriber, reach } => switch(&subscriber, false, &reach).await,
            SubscriberCommand::RotateSecret(rotation) => rotate(rotation).await,
            SubscriberCommand::Remove { subscriber, confirmation, reach } => {
                remove(&subscriber, &confirmation, &reach).await
            }
        }
    })
}

async fn add(new: AddSubscriber) -> Result<()> {
    let api = open(&new.of.reach).await?;
    let json = new.of.reach.json;
    let mut secrets = ShownOnce::at(new.secrets_to.as_deref(), json)?;
    let path = format!("/v1/realms/{}/subscribers", realm_id(&api, &new.of.realm).await?);
    let made = api.ask(Method::POST, &path, Some(new.body()?)).await?;
    let made = without_secret(made, &mut secrets)?;
    shown::one(&made, json, || {
        format!("{} {} of realm {} is told of what ends from now on", new.kind, new.name, new.of.realm)
    })
}

impl AddSubscriber {
    fn body(&self) -> Result<Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("id", self.name.as_str().into());
        put("kind", self.kind.as_str().into());
        put("address", self.address.as_str().into());
        if !self.cause.is_empty() {
            put("causes", json!(self.cause));
        }
        for (name, value) in [("subject_format", &self.subject_format), ("issuer", &self.issuer)] {
            if let Some(value) = value {
                put(name, value.as_str().into());
            }
        }
        if let Some(file) = &self.secret_file {
            put("secret", secret_in(file)?.into());
        }
        Ok(Value::Object(body))
    }
}

/// The first line of a file, or of standard input.
fn secret_in(file: &Path) -> Result<String> {
    let mut text = String::new();
    let about = || format!("--secret-file {}", file.display());
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(SECRET_BYTES_MAX).read_to_string(&mut text).with_context(about)?;
    } else {
        let opened = std::fs::File::open(file).with_context(about)?;
        opened.take(SECRET_BYTES_MAX).read_to_string(&mut text).with_context(about)?;
    }
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// What was made without the secret in it, which goes where it is to be shown.
fn without_secret(mut made: Value, secrets: &mut ShownOnce) -> Result<Value> {
    let id = text(&made, "id").to_owned();
    if let Some(secret) = made["secret"].as_str().map(str::to_owned)
        && secrets.take("subscriber", &id, &secret)?
        && let Some(made) = made.as_object_mut()
    {
        made.remove("secret");
    }
    Ok(made)
}

async fn list(of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let path = format!("/v1/realms/{}/subscribers", realm_id(&api, &of.realm).await?);
    let (subscribers, more) = api.list(&path, usize::MAX).await?;
    let columns =
        [("SUBSCRIBER", "/id"), ("KIND", "/kind"), ("ENABLED", "/enabled"), ("ADDRESS", "/address")];
    shown::list(&subscribers, of.reach.json, &columns)?;
    say_more(more);
    Ok(())
}

async fn switch(subscriber: &str, enabled: bool, reach: &Reach) -> Result<()> {
    let body = json!({"enabled": enabled});
    let changed = open(reach).await?.ask(Method::PATCH, &path_of(subscriber), Some(body)).await?;
    shown::one(&changed, reach.json, || match enabled {
        true => format!("subscriber {subscriber} is told of what ends from now on"),
        false => format!("subscriber {subscriber} is told of nothing"),
    })
}

async fn rotate(rotation: SubscriberRotation) -> Result<()> {
    let SubscriberRotation { subscriber, overlap_s, secret_file, secrets_to, reach } = rotation;
    let api = open(&reach).await?;
    let mut secrets = ShownOnce::at(secrets_to.as_deref(), reach.json)?;
    let mut body = json!({});
    if let Some(overlap_s) = overlap_s {
        body["overlap_s"] = overlap_s.into();
    }
    if let Some(file) = secret_file {
        body["secret"] = secret_in(&file)?.into();
    }
    let made = api.ask(Method::POST, &format!("{}/secret", path_of(&subscriber)), Some(body)).await?;
    let made = without_secret(made, &mut secrets)?;
    shown::one(&made, reach.json, || match text(&made, "previous_secret_until") {
        "-" => {
            format!("subscriber {subscriber} has another secret; the one before is worth nothing any more")
        }
        until => format!("subscriber {subscriber} has another secret; the one before counts until {until}"),
    })
}

async fn remove(subscriber: &str, confirmation: &Confirmation, reach: &Reach) -> Result<()> {
    let api = open(reach).await?;
    let path = path_of(subscriber);
    let known = api.get(&path).await?;
    confirmation
        .of(&format!("remove the {} {subscriber}, which is told of no more endings", text(&known, "kind")))?;
    removed(&api, &path, None).await?;
    shown::one(&json!({"id": subscriber, "removed": true}), reach.json, || {
        format!("removed: subscriber {subscriber}")
    })
}

fn path_of(subscriber: &str) -> String {
    format!("/v1/subscribers/{}", encoded(subscriber))
}
