//! `adieu move`: a whole installation from a data folder into a PostgreSQL database, or back.
//!
//! Nobody is signed off, and nothing that is owed is lost.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adieu_authority::InstallationKey;
use adieu_store_postgres::Options;
use adieu_store_records::MovedCounts;
use adieu_store_sqlite::Folder;
use anyhow::{Context, Result, bail};
use clap::Args;

use super::failure::{CommandFailure, ExitStatus};
use super::shown::say;
use super::{configured, runtime};
use crate::config::{Config, StoreConfig};
use crate::engine::moving::{MoveParts, into_database, into_folder};
use crate::real::{SystemClock, SystemEntropy};

/// Carry a whole installation from a data folder into a PostgreSQL database, or back.
///
/// Everything goes over: users, sessions, grants, sign-ons under way, consents, clients, keys, and what applications are still to be told.
/// Nobody is signed off. No server may run on either side; the target must be empty. One side is a folder and the other one an address
/// (postgres://…); beside store.url the configuration says what else the database needs (store.password_file, store.ca_file,
/// store.key_file). Afterwards nobody serves from where it was moved away: it is marked, and stays as it was. If it is interrupted, give the same command again.
#[derive(Args)]
pub struct MoveCommand {
    /// The TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder or the database where it is.
    #[arg(long, value_name = "FOLDER|URL")]
    from: PathBuf,
    /// The empty or missing folder, or the empty database, where it is to be.
    #[arg(long, value_name = "FOLDER|URL")]
    to: PathBuf,
}

/// A side of a move.
enum Side {
    Folder(PathBuf),
    Database { options: Options, shown: String },
}

impl Side {
    fn of(text: &Path, config: &Config) -> Result<Self> {
        // As `store.url` takes it: an address, or `host=/run/postgresql dbname=adieu`.
        let is_address = |text: &&str| {
            text.starts_with("postgres://") || text.starts_with("postgresql://") || text.starts_with("host=")
        };
        let Some(url) = text.to_str().filter(is_address) else {
            let folder = std::path::absolute(text).with_context(|| text.display().to_string())?;
            return Ok(Self::Folder(folder));
        };
        let store = StoreConfig { url: url.into(), ..config.store.clone() };
        let options = store.options().context("an address is wanted")?;
        let shown = options.address()?.shown;
        Ok(Self::Database { options, shown })
    }

    fn shown(&self) -> String {
        match self {
            Self::Folder(folder) => format!("data folder {}", folder.display()),
            Self::Database { shown, .. } => shown.clone(),
        }
    }
}

/// `move`.
pub fn move_installation(order: MoveCommand) -> Result<()> {
    let config = configured(order.config.as_deref())?;
    let (from, to) = (Side::of(&order.from, &config)?, Side::of(&order.to, &config)?);
    let (told_from, told_to) = (from.shown(), to.shown());
    let around = MoveParts { entropy: Arc::new(SystemEntropy), clock: Arc::new(SystemClock) };
    let named = config.store.installation_key()?;
    let runtime = runtime()?;
    let _within = runtime.enter();
    match (from, to) {
        (Side::Folder(from), Side::Database { options, .. }) => {
            let moved = into_database(&from, options, named.as_ref(), &around);
            say_moved(
                &moved.with_context(|| format!("from {told_from} to {told_to}"))?,
                &told_from,
                &told_to,
            );
            say!(
                "every node needs the installation key: copy installation.key from {} into its data folder, or name a copy by \
                 store.key_file",
                from.display()
            );
        }
        (Side::Database { options, .. }, Side::Folder(to)) => {
            let key = key_of(&config, named)?;
            let moved = into_folder(options, &to, &key, &around);
            say_moved(
                &moved.with_context(|| format!("from {told_from} to {told_to}"))?,
                &told_from,
                &told_to,
            );
            say!("serve it with data = \"{}\" and without store.url", to.display());
        }
        (Side::Folder(_), Side::Folder(_)) | (Side::Database { .. }, Side::Database { .. }) => {
            let text = "one of --from and --to is a data folder, and the other one an address (postgres://…); a data folder is moved by \
                moving its files, and a database by its own means";
            return Err(CommandFailure::new(ExitStatus::Usage, text).into());
        }
    }
    Ok(())
}

/// The installation key of a database, as a node of it would find it.
fn key_of(config: &Config, named: Option<InstallationKey>) -> Result<InstallationKey> {
    if let Some(key) = named {
        return Ok(key);
    }
    match Folder::kept_key(&config.data)? {
        Some(key) => Ok(key),
        None => bail!(
            "there is no installation key for the database: name it by store.key_file, or give the command with the configuration of a \
             node whose data folder has it"
        ),
    }
}

fn say_moved(counts: &MovedCounts, from: &str, to: &str) {
    let MovedCounts { users, sessions, not_ended, grants, receipts, owed } = counts;
    say!("moved from {from} to {to}");
    say!(
        "{users} users, {sessions} sessions ({not_ended} not ended by themselves), {grants} grants, {receipts} receipts ({owed} owed)"
    );
    say!("nobody was signed off; nobody serves from {from} any more");
}
