//! `adieu export` and `adieu apply`: realms, populations, users and clients as a document.
//!
//! Both open the data folder themselves, so the server must not be running.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use adieu_authority::Authority;
use adieu_store_sqlite::OpenError;
use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{configured, runtime};
use crate::config::Config;
use crate::declared::document::{BYTES_MAX, Document};
use crate::declared::facts::Facts;
use crate::declared::plan::{Planned, plan};
use crate::declared::{carry, export as exported};
use crate::house;
use crate::real::{SystemClock, SystemEntropy};

/// Write realms, populations, users and clients as a document for `adieu apply`.
///
/// Passwords, secrets and sessions are not in it: a backup has those. The document goes to standard output. The server
/// must not be running.
#[derive(Args)]
pub struct Export {
    /// The TOML file, which names the data folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only the realm at this path.
    #[arg(long, value_name = "PATH")]
    realm: Option<String>,
}

/// Make realms, populations, users and clients as a document says.
///
/// Shows what changes (+ made, ~ changed, - removed), then makes it so; a second time there is nothing to change. What the
/// document does not mention stays as it is. docs/administration.md describes the document. The server must not be
/// running.
///
/// Exit status: 0 if all is as the document says, or would be; 1 if not, with the reason; with --detailed-exitcode, 5 if
/// --dry-run found something to change.
#[derive(Args)]
pub struct Apply {
    /// The document, TOML; `-` is standard input.
    #[arg(value_name = "DOCUMENT")]
    document: PathBuf,
    /// The TOML file, which names the data folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
}

/// `export`.
pub fn export(order: Export) -> Result<()> {
    let config = configured(order.config.as_deref())?;
    runtime()?.block_on(async {
        let authority = looked_into(&config)?;
        let facts = Facts::gather(&authority).await?;
        if let Some(path) = &order.realm {
            ensure!(facts.realms.iter().any(|of| of.realm.path == *path), "there is no realm {path}");
        }
        let text = exported::export(&facts, order.realm.as_deref()).text()?;
        // Not `print!`: a reader that stops early is no fault of ours.
        std::io::stdout().write_all(text.as_bytes()).context("standard output")
    })
}

/// `apply`.
pub fn apply(order: Apply) -> Result<ExitCode> {
    let config = configured(order.config.as_deref())?;
    let text = read(&order.document)?;
    let document = Document::parse(&text).context("the document can't be applied")?;
    runtime()?.block_on(async {
        let authority = if order.dry_run { looked_into(&config)? } else { opened(&config)? };
        let facts = Facts::gather(&authority).await?;
        let planned = plan(&facts, &document, order.prune, &mut || authority.draw_uuid())
            .context("the document can't be applied")?;
        show(&planned, order.dry_run);
        if order.dry_run {
            let changes = order.detailed_exitcode && !planned.is_empty();
            return Ok(if changes { ExitCode::from(5) } else { ExitCode::SUCCESS });
        }
        let variable = |name: &str| std::env::var(name).ok();
        let count = planned.len();
        for made in carry::carry(&authority, planned, &variable).await? {
            println!("secret of client {}: {}", made.client, made.secret);
        }
        if count > 0 {
            println!("done");
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn show(planned: &[Planned], dry_run: bool) {
    for Planned { line, .. } in planned {
        println!("{line}");
    }
    match (planned.len(), dry_run) {
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

/// The authority over a data folder that is there; nothing is made.
fn looked_into(config: &Config) -> Result<Authority> {
    let something = fs::read_dir(&config.data).is_ok_and(|mut entries| entries.next().is_some());
    ensure!(
        something,
        "there is no data folder {} yet: serve, or apply without --dry-run, makes one",
        config.data.display()
    );
    opened(config)
}

fn opened(config: &Config) -> Result<Authority> {
    let opened =
        house::authority(config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy), |store| store);
    opened.map_err(|error| match error.downcast_ref::<OpenError>() {
        Some(OpenError::InUse(data)) => anyhow::anyhow!(
            "a server has {}: stop it, give this command again, and start it; to look only, restore a backup into another \
             folder and name that one",
            data.display()
        ),
        Some(_) | None => error,
    })
}
