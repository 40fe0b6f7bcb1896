//! `adieu backup`, `adieu restore` and `adieu take-over`: the data folder as a whole.
//!
//! A backup reads beside a running server and takes nothing away from it; a restore wants the folder for itself, and as a trial
//! tells nobody until it takes over.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use adieu_authority::Clock;
use adieu_http_kit::dates::rfc3339_s;
use adieu_store_sqlite::{Folder, backup as folder};
use anyhow::Result;
use clap::Args;

use super::configured;
use super::confirm::{Confirmation, asked};
use super::shown::{progress, say};
use crate::engine;
use crate::logging::note;
use crate::real::SystemClock;

/// Copy the data folder into a new folder.
///
/// The server may be running: the copy is one consistent moment of the database, with every ending that was acknowledged
/// before it began, and no request waits for it. It holds password hashes and the installation key: keep it as you keep
/// the data folder. Take a new folder for each backup.
#[derive(Args)]
pub struct Backup {
    /// The TOML file, which names the data folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder to make; it must be empty or missing.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// Put a backup in the place of the data folder.
///
/// The server must not be running. Nobody is signed on afterwards: a backup does not know what ended after it, so all its
/// sessions, grants and tokens are ended before the folder can be opened. Users, passwords, clients with their secrets,
/// realms and signing keys are as they were at the time of the backup; users who were disabled or deleted since are not.
/// Its server tells every application that everybody is signed off. Beside an installation that goes on, where a backup is only
/// tried, say --trial: its users would be signed off. On a terminal you are asked. If it is interrupted, give the same command
/// again.
#[derive(Args)]
pub struct Restore {
    /// The TOML file, which names the data folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder that `adieu backup` made.
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Move the files of a data folder that holds something aside, into a folder inside it.
    #[arg(long)]
    replace: bool,
    /// It takes the place of the installation that was backed up: applications are told that nobody is signed on. So it is
    /// where nobody is at a terminal.
    #[arg(long)]
    takes_over: bool,
    /// Try it beside the installation that goes on: applications are told of nothing until `adieu take-over`.
    #[arg(long, conflicts_with = "takes_over")]
    trial: bool,
}

/// Let a data folder that was restored as a trial take the place of the installation that was backed up.
///
/// Until then its server tells no application of any ending, because the installation that was backed up goes on.
/// From then on every application is told that everybody whom the backup knew is signed off, and of all that ended since. The
/// server may be running.
#[derive(Args)]
pub struct TakeOver {
    /// The TOML file, which names the data folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// What is done instead where the installation is in a database.
const BACKED_UP_THERE: &str = "back the database up by its own means (pg_basebackup with its log, or pg_dump), and keep the \
     installation key with it; without the key a backup opens nothing";
const NOTHING_RESTORED: &str = "nothing was restored there that waits to take over";
const RESTORED_THERE: &str = "bring the database back by its own means; what was backed up with it is as it was then, so end all \
     sessions afterwards (`adieu end`), because what ended since would live again";

/// The data folder, where the installation is in one.
fn folder_of(config: Option<&Path>, instead: &str) -> Result<PathBuf> {
    let config = configured(config)?;
    engine::of_folder(&config, instead)?;
    note(&format!("the installation in {}", config.data.display()));
    Ok(config.data)
}

/// `backup`.
pub fn backup(order: Backup) -> Result<()> {
    let data = folder_of(order.config.as_deref(), BACKED_UP_THERE)?;
    let made = watched(&order.to, || folder::back_up(&data, &order.to, SystemClock.now()))?;
    say!("backed up {} to {}, {} bytes", data.display(), order.to.display(), made.bytes);
    Ok(())
}

/// `restore`.
pub fn restore(order: Restore) -> Result<()> {
    let data = folder_of(order.config.as_deref(), RESTORED_THERE)?;
    let takes_over = order.takes_over()?;
    let existing = if order.replace { folder::Existing::MoveAside } else { folder::Existing::Keep };
    let made = watched(&data, || folder::restore(&order.from, &data, existing, SystemClock.now()))?;
    let taken = rfc3339_s(made.taken_at.ms());
    say!("restored {} as of {taken}, backed up by adieu {}", data.display(), made.version);
    say!("nobody is signed on: all sessions, grants and tokens of that time are ended");
    if takes_over {
        Folder::take_over(&data)?;
        say!("applications are told so as soon as it is served from");
    } else {
        say!(
            "applications are not told so until `adieu take-over`; its server tells them of nothing meanwhile"
        );
    }
    if let Some(aside) = made.moved_to {
        say!("the earlier files lie in {}", aside.display());
    }
    Ok(())
}

impl Restore {
    /// Whether applications are told. Who answers nothing on a terminal only tries it.
    fn takes_over(&self) -> Result<bool> {
        if self.takes_over || self.trial || !std::io::stdin().is_terminal() {
            return Ok(!self.trial);
        }
        asked(
            "tell every application that nobody is signed on, because this takes the place of what was backed up",
        )
    }
}

/// `take-over`.
pub fn take_over(order: &TakeOver) -> Result<()> {
    let data = folder_of(order.config.as_deref(), NOTHING_RESTORED)?;
    Folder::is_made(&data)?;
    if !Folder::is_untold(&data) {
        say!("nothing to do: its applications are told of endings");
        return Ok(());
    }
    order.confirmation.of("tell every application that everybody whom the backup knew is signed off")?;
    Folder::take_over(&data)?;
    say!("its applications are told of endings from now on");
    Ok(())
}

/// How often a person is told how far it is.
const WORD_EVERY: Duration = Duration::from_secs(1);

/// Does the work; if somebody watches, says meanwhile how much lies in the folder.
fn watched<T>(folder: &Path, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while waiting.recv_timeout(WORD_EVERY) == Err(RecvTimeoutError::Timeout) {
                progress(&format!("{} MiB…", size_of(folder) >> 20));
            }
        });
        let result = work();
        drop(done);
        result
    })
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|about| about.len()).sum()
}
