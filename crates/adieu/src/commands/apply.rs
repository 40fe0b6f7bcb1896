//! `adieu export` and `adieu apply`: realms, populations, users and clients as a document.
//!
//! Over the data folder if it is free, else through the server that has it: one implementation, and the same words.

use std::fs::{self, File};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use adieu_authority::Authority;
use adieu_http_kit::form::append_query;
use adieu_provisioning::apply::{self as declared, Applied};
use adieu_provisioning::document::{BYTES_MAX, Declaration};
use adieu_provisioning::secrets::{Own, Secrets, Source};
use adieu_store_sqlite::OpenError;
use anyhow::{Context, Result, ensure};
use clap::Args;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Api, Reach};
use super::failure::CommandFailure;
use super::{configured, runtime};
use crate::assembled;
use crate::config::Config;
use crate::real::{SystemClock, SystemEntropy};

/// Write realms, populations, users and clients as a document for `adieu apply`.
///
/// Passwords, secrets and sessions are not in it: a backup has those. The document goes to standard output. The server may
/// be running.
#[derive(Args)]
pub struct ExportCommand {
    /// Only the realm at this path.
    #[arg(long, value_name = "PATH")]
    realm: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Make realms, populations, users and clients as a document says.
///
/// Shows what changes (+ made, ~ changed, - removed), then makes it so; a second time there is nothing to change. What the
/// document does not mention stays as it is. docs/administration.md describes the document. The server may be running; then
/// it makes the changes, and variables and files with first passwords are still those of this command.
///
/// Exit status: 0 if all is as the document says, or would be; 1 if not, with the reason; with --detailed-exitcode, 5 if
/// --dry-run found something to change.
#[derive(Args)]
pub struct ApplyCommand {
    /// The document, TOML; `-` is standard input.
    #[arg(value_name = "DOCUMENT")]
    document: PathBuf,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Remove users, clients and populations that the document does not have, from the lists that it has. Removing a user
    /// ends the user's sessions.
    #[arg(long)]
    prune: bool,
    /// With --dry-run: exit status 5 if there is something to change.
    #[arg(long, requires = "dry_run")]
    detailed_exitcode: bool,
    #[command(flatten)]
    reach: Reach,
}

const DECLARATION: &str = "/v1/declaration";
/// How long changes are made between two words about how far it is.
const TURN: Duration = Duration::from_secs(10);

/// `export`.
pub fn export(order: ExportCommand) -> Result<()> {
    let config = configured(order.reach.config.as_deref())?;
    runtime()?.block_on(async {
        let document = Place::there_already(&config, &order.reach)?.exported(order.realm.as_deref()).await?;
        let text = if order.reach.json { format!("{}\n", json!({"document": document})) } else { document };
        // Not `print!`: a reader that stops early is no fault of ours.
        std::io::stdout().write_all(text.as_bytes()).context("standard output")
    })
}

/// `apply`.
pub fn apply(order: ApplyCommand) -> Result<ExitCode> {
    let config = configured(order.reach.config.as_deref())?;
    let text = read(&order.document)?;
    let document = Declaration::parse(&text).context("the document can't be applied")?;
    let wanted = Wanted { text, document, prune: order.prune };
    runtime()?.block_on(async {
        let place = match order.dry_run {
            true => Place::there_already(&config, &order.reach)?,
            false => Place::open(&config, &order.reach)?,
        };
        let plan = place.applied(&wanted, true).await?;
        if !order.reach.json {
            show(&plan.changes, order.dry_run);
        }
        if order.dry_run {
            if order.reach.json {
                println!("{}", json!(plan));
            }
            let changes = order.detailed_exitcode && plan.left > 0;
            return Ok(if changes { ExitCode::from(5) } else { ExitCode::SUCCESS });
        }
        let done = make_all(&place, &wanted, plan.left).await?;
        if order.reach.json {
            println!("{}", json!(done));
            return Ok(ExitCode::SUCCESS);
        }
        for made in &done.secrets {
            println!("secret of client {}: {}", made.client_id, made.client_secret);
        }
        if !done.changes.is_empty() {
            println!("done");
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Turn after turn, until nothing is left.
async fn make_all(place: &Place, wanted: &Wanted, all: usize) -> Result<Step> {
    let shows_progress = std::io::stderr().is_terminal();
    let mut done = Step { left: all, ..Step::default() };
    while done.left > 0 {
        let step = place.applied(wanted, false).await?;
        done.left = step.left;
        done.changes.extend(step.changes);
        done.secrets.extend(step.secrets);
        if shows_progress && done.left > 0 {
            eprint!("\r{} of {} made…\r", done.changes.len(), done.changes.len() + done.left);
        }
    }
    Ok(done)
}

fn show(changes: &[String], dry_run: bool) {
    for line in changes {
        println!("{line}");
    }
    match (changes.len(), dry_run) {
        (0, _) => println!("nothing to change"),
        (count, true) => println!("{count} to change; nothing was changed"),
        (count, false) => println!("{count} to change"),
    }
}

fn read(path: &Path) -> Result<String> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| path.display().to_string())?)
    };
    let mut text = String::new();
    source.take(BYTES_MAX + 1).read_to_string(&mut text).with_context(|| path.display().to_string())?;
    ensure!(text.len() as u64 <= BYTES_MAX, "a document has at most {BYTES_MAX} bytes");
    Ok(text)
}

/// A document, and how it is meant.
struct Wanted {
    text: String,
    document: Declaration,
    prune: bool,
}

/// What one turn comes to, as the API says it.
#[derive(Default, Serialize, Deserialize)]
struct Step {
    changes: Vec<String>,
    left: usize,
    secrets: Vec<Made>,
}

#[derive(Serialize, Deserialize)]
struct Made {
    client_id: String,
    client_secret: String,
}

impl From<Applied> for Step {
    fn from(applied: Applied) -> Self {
        let made =
            |made: declared::Made| Made { client_id: made.client.to_string(), client_secret: made.secret };
        let secrets = applied.made.into_iter().map(made).collect();
        Self { changes: applied.changes, left: applied.left, secrets }
    }
}

/// Where the document is read and made so.
enum Place {
    /// The data folder, open.
    Here(Authority),
    /// The server that has it.
    There(Api),
}

impl Place {
    /// The data folder, made if it is missing, or the server that has it.
    fn open(config: &Config, reach: &Reach) -> Result<Self> {
        if let Some(url) = &reach.server {
            return Ok(Self::There(Api::at(config, url)?));
        }
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        match assembled::authority(config, &config.data, clock, entropy, |store| store) {
            Ok(authority) => Ok(Self::Here(authority)),
            Err(error) if matches!(error.downcast_ref(), Some(OpenError::InUse(_))) => {
                Ok(Self::There(Api::at(config, &config.admin.url)?))
            }
            Err(error) => Err(error),
        }
    }

    /// The same of a data folder that is there; nothing is made.
    fn there_already(config: &Config, reach: &Reach) -> Result<Self> {
        let something = fs::read_dir(&config.data).is_ok_and(|mut entries| entries.next().is_some());
        ensure!(
            something || reach.server.is_some(),
            "there is no data folder {} yet: serve, or apply without --dry-run, makes one",
            config.data.display()
        );
        Self::open(config, reach)
    }

    async fn exported(&self, realm: Option<&str>) -> Result<String> {
        match self {
            Self::Here(authority) => {
                let missing =
                    || CommandFailure::not_found(format!("there is no realm {}", realm.unwrap_or_default()));
                Ok(declared::exported(authority, realm).await?.ok_or_else(missing)?)
            }
            Self::There(api) => {
                let path = realm.map_or(DECLARATION.into(), |path| append_query(DECLARATION, "realm", path));
                let answer = api.get(&path).await?;
                answer["document"].as_str().map(str::to_owned).context("the server sends no document")
            }
        }
    }

    async fn applied(&self, wanted: &Wanted, dry_run: bool) -> Result<Step> {
        match self {
            Self::Here(authority) => {
                let Wanted { document, prune, .. } = wanted;
                let order = declared::Apply { document, prune: *prune, dry_run, secrets: &Own };
                let began = tokio::time::Instant::now();
                Ok(declared::apply(authority, order, || began.elapsed() < TURN).await?.into())
            }
            Self::There(api) => {
                let passwords = if dry_run { Vec::new() } else { passwords(&wanted.document) };
                let body = json!({
                    "document": wanted.text, "prune": wanted.prune, "dry_run": dry_run, "passwords": passwords,
                });
                let answer = api.ask(Method::POST, DECLARATION, Some(body)).await?;
                serde_json::from_value(answer).context("the server answers something else")
            }
        }
    }
}

/// What this command finds of the passwords that a document speaks of. What it does not find may not be needed: most users
/// have one already.
fn passwords(document: &Declaration) -> Vec<Value> {
    let found = |source: Source| {
        let password = Own.look_up(&source).ok()?;
        Some(match source {
            Source::Env(name) => json!({"env": name, "password": password}),
            Source::File(path) => json!({"file": path, "password": password}),
        })
    };
    document.sources().into_iter().filter_map(found).collect()
}
