//! `adieu export` and `adieu apply`: realms, populations, users and clients as a document.
//!
//! Requests to the native API, like all administration. What is applied is the plan that was shown.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use adieu_http_kit::form::append_query;
use adieu_provisioning::document::{BYTES_MAX, Declaration};
use adieu_provisioning::secrets::{Own, Secrets, Source};
use anyhow::{Context, Result, ensure};
use clap::Args;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Api, Reach};
use super::endings::with_reason;
use super::shown::{print, progress, say};
use super::shown_once::ShownOnce;
use super::{configured, runtime};

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
    /// Show what would change, and change nothing. First passwords are looked up and held to the rules of their realms, too.
    #[arg(long)]
    dry_run: bool,
    /// Remove users, clients and populations that the document does not have, from the lists that it has. Removing a user
    /// ends the user's sessions.
    #[arg(long)]
    prune: bool,
    /// Why, in at most 256 characters; kept with what ends because of it.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// With --dry-run: exit status 5 if there is something to change.
    #[arg(long, requires = "dry_run")]
    detailed_exitcode: bool,
    /// Write the secrets of clients and subscribers that are made into this new file, which only its owner may read. Else they are
    /// shown once on standard error, and with --json in the answer. Where none is made, the file may be there, and stays as it is.
    #[arg(long, value_name = "FILE")]
    secrets_to: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

const DECLARATION: &str = "/v1/declaration";

/// `export`.
pub fn export(order: ExportCommand) -> Result<()> {
    let config = configured(order.reach.config.as_deref())?;
    runtime()?.block_on(async {
        let api = Api::reach(&config, order.reach.server.as_deref()).await?;
        let path =
            order.realm.as_ref().map_or(DECLARATION.into(), |path| append_query(DECLARATION, "realm", path));
        let answer = api.get(&path).await?;
        let document = answer["document"].as_str().context("the server sends no document")?;
        let text =
            if order.reach.json { format!("{}\n", json!({"document": document})) } else { document.into() };
        print(&text)
    })
}

/// `apply`.
pub fn apply(order: ApplyCommand) -> Result<ExitCode> {
    let config = configured(order.reach.config.as_deref())?;
    let text = read(&order.document)?;
    let document = Declaration::parse(&text);
    let document =
        document.with_context(|| format!("the document {} can't be applied", order.document.display()))?;
    runtime()?.block_on(async {
        let api = Api::reach(&config, order.reach.server.as_deref()).await?;
        let turn = json!({"passwords": passwords(&document)});
        let mut body = json!({"document": text, "prune": order.prune, "dry_run": true});
        body["passwords"] = turn["passwords"].clone();
        let plan = asked(&api, DECLARATION, body).await?;
        if !order.reach.json {
            show(&plan.changes, order.dry_run);
        }
        if order.dry_run {
            if order.reach.json {
                print(&format!("{}\n", json!(plan)))?;
            }
            let changes = order.detailed_exitcode && plan.left > 0;
            return Ok(if changes { ExitCode::from(5) } else { ExitCode::SUCCESS });
        }
        // Whoever applies at every change names a file each time, and needs none where no secret is made.
        let file = order.secrets_to.as_deref().filter(|_| plan.secrets_left.is_none_or(|left| left > 0));
        let secrets = ShownOnce::at(file, order.reach.json)?;
        let mut done = Done { secrets, step: Step::default() };
        let end = done.carry_out(&api, plan, &with_reason(turn, order.reason.as_deref())).await;
        // What was done is done, and told, also where a later step was refused.
        if order.reach.json {
            print(&format!("{}\n", json!(done.step)))?;
            return end.map(|()| ExitCode::SUCCESS);
        }
        end?;
        if !done.step.changes.is_empty() {
            say!("done");
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What was done so far.
struct Done {
    secrets: ShownOnce,
    step: Step,
}

impl Done {
    /// The plan that was shown, turn after turn, until nothing is left of it. What was done is in here, however it ends, and
    /// secrets are told as soon as they are there.
    async fn carry_out(&mut self, api: &Api, shown: Step, turn: &Value) -> Result<()> {
        let shows_progress = std::io::stderr().is_terminal();
        let mut next = shown.plan;
        while let Some(plan) = next {
            let step = asked(api, &format!("{DECLARATION}/{plan}"), turn.clone()).await?;
            let done = &mut self.step;
            done.changes.extend(step.changes);
            for mut made in step.secrets {
                if self.secrets.take("client", &made.client_id, &made.client_secret)? {
                    made.client_secret.clear();
                }
                done.secrets.push(made);
            }
            for mut made in step.subscriber_secrets {
                if self.secrets.take("subscriber", &made.id, &made.secret)? {
                    made.secret.clear();
                }
                done.subscriber_secrets.push(made);
            }
            next = step.plan;
            if shows_progress && next.is_some() {
                let made = done.changes.len();
                progress(&format!("{made} of {} made…", made + step.left));
            }
        }
        Ok(())
    }
}

async fn asked(api: &Api, path: &str, body: Value) -> Result<Step> {
    let answer = api.ask(Method::POST, path, Some(body)).await?;
    serde_json::from_value(answer).context("the server answers something else")
}

fn show(changes: &[String], dry_run: bool) {
    for line in changes {
        say!("{line}");
    }
    match (changes.len(), dry_run) {
        (0, _) => say!("nothing to change"),
        (count, true) => say!("{count} to change; nothing was changed"),
        (count, false) => say!("{count} to change"),
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

/// What one turn comes to, as the API says it.
#[derive(Default, Serialize, Deserialize)]
struct Step {
    changes: Vec<String>,
    left: usize,
    secrets: Vec<ClientSecret>,
    #[serde(default)]
    subscriber_secrets: Vec<SubscriberSecret>,
    /// How many secrets come with what is left; none where a server of before does not say it.
    #[serde(default, skip_serializing)]
    secrets_left: Option<usize>,
    /// The plan of what is left.
    #[serde(skip_serializing)]
    plan: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ClientSecret {
    client_id: String,
    /// Empty where it was told elsewhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    client_secret: String,
}

#[derive(Serialize, Deserialize)]
struct SubscriberSecret {
    id: String,
    /// Empty where it was told elsewhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    secret: String,
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
