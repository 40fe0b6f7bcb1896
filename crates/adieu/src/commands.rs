//! What the command line's words do.
//!
//! Each word reads its configuration, starts a runtime and does one thing; nothing here knows a dialect. Administration is
//! requests to the native API (`api`). Only `serve`, `demo`, `restore`, `move` and `init` make an installation.

mod api;
mod apply;
mod backup;
mod clients;
mod confirm;
mod consents;
mod demo;
mod drawn_password;
mod endings;
mod failure;
mod found_endings;
mod ids;
mod init;
mod keys;
mod moving;
mod people;
mod receipts;
mod receivers;
mod registration_tokens;
mod roles_shown;
mod seed;
mod server;
mod service_manager;
mod shown;
mod shown_once;
mod subscribers;
mod upstreams;
mod workers;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adieu_authority::Entropy;
use adieu_store_sqlite::{Folder, OpenError};
use anyhow::{Context, Result, bail};

pub use apply::{ApplyCommand, ExportCommand, apply, export};
pub use backup::{Backup, Restore, TakeOver, backup, restore, take_over};
pub use clients::{ClientCommand, client};
pub use consents::{ConsentCommand, consent};
pub use demo::DemoCommand;
pub use endings::{EndCommand, SessionsCommand, end, sessions};
pub use failure::exit_code;
use failure::{CommandFailure, ExitStatus};
pub use found_endings::{EndingsCommand, endings};
pub use init::{InitCommand, init};
pub use keys::{KeysCommand, keys};
pub use moving::{MoveCommand, move_installation};
pub use people::{RealmCommand, UserCommand, realm, user};
pub use receivers::{ReceiversCommand, receivers};
pub use registration_tokens::{RegistrationTokenCommand, registration_token};
pub use seed::Seed;
pub use subscribers::{SubscriberCommand, subscriber};
pub use upstreams::{UpstreamCommand, upstream};
pub use workers::{WorkerCommand, worker};

use crate::config::{Config, JudgedConfig, judge};
use crate::engine;
use crate::logging::{Log, note};
use crate::real::SystemEntropy;

/// `serve`.
pub fn serve(file: Option<&Path>) -> Result<()> {
    let file = located(file)?;
    let sound = judged(file.as_deref())?;
    let log = Log::to_stderr(&sound.config.log);
    tracing::info!("{}", told(file.as_deref()));
    let config = with_warnings(sound);
    runtime()?.block_on(server::run(config, log, move || judged(file.as_deref()).map(with_warnings)))
}

/// `demo`.
pub fn demo(order: DemoCommand) -> Result<()> {
    runtime()?.block_on(demo::run(order))
}

/// `check-config`.
pub fn check_config(file: Option<&Path>) -> Result<()> {
    let file = located(file)?;
    note(&told(file.as_deref()));
    let judged = judged(file.as_deref())?;
    for warning in &judged.warnings {
        note(&format!("warning: {warning}"));
    }
    let config = &judged.config;
    check_key(&judged)?;
    let text = toml::to_string(config)?;
    shown::print(&format!("# This configuration is sound. With its defaults it is:\n\n{text}"))
}

/// Says if the installation is there and its key is not the one that is at hand.
fn check_key(judged: &JudgedConfig) -> Result<()> {
    let config = &judged.config;
    let data = config.data.display();
    if config.store.options().is_some() {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        return match runtime()?.block_on(engine::has_installation(config, &entropy)) {
            // The database may be away just now, or let this machine not in.
            Err(error) if exit_code(&error) == ExitStatus::CannotTell as u8 => {
                note(&format!("the database is not looked at: {}", failure::told(&error)));
                Ok(())
            }
            looked => looked.map(drop),
        };
    }
    match Folder::check_key(&config.data) {
        Ok(()) => Ok(()),
        // Whoever checks a configuration need not be who serves with it.
        Err(OpenError::Io { cause, .. }) if cause.kind() == ErrorKind::PermissionDenied => {
            note(&format!("the key in {data} is not looked at: {cause}"));
            Ok(())
        }
        Err(error) => {
            let (folder, reason) = (data.to_string(), failure::told(&error.into()));
            Err(judged.fault("data", &folder, &reason).into())
        }
    }
}

/// `completions`.
pub fn completions(shell: clap_complete::Shell, line: &mut clap::Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, line, "adieu", &mut script);
    shown::print(&String::from_utf8_lossy(&script))
}

/// `seed`.
pub fn seed(file: Option<&Path>, seed: Seed) -> Result<()> {
    let config = configured(file)?;
    runtime()?.block_on(seed::run(config, seed))
}

/// Says why a command did not do its work.
pub fn complain(error: &anyhow::Error) {
    note(&failure::told(error));
}

/// Where the configuration of an installed server lies.
const INSTALLED: &str = "/etc/adieu/adieu.toml";

/// What `init` writes if nothing else is said, beside whoever gives the command.
const BESIDE: &str = "adieu.toml";

/// The file of the configuration: the one that is named, that of `ADIEU_CONFIG`, that of an installed server if it is there.
/// One that only lies in the folder at hand is never taken: where none of those is there, the command is refused; beside one of
/// them it is passed over (decision 0021).
fn located(named: Option<&Path>) -> Result<Option<PathBuf>> {
    let variable = || std::env::var_os("ADIEU_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let installed = || is_there(INSTALLED).then(|| INSTALLED.into());
    let file = named.map(Path::to_owned).or_else(variable).or_else(installed);
    if file.is_none() && is_there(BESIDE) {
        let file = std::path::absolute(BESIDE).unwrap_or_else(|_| BESIDE.into());
        let text = format!(
            "no configuration is named, and {BESIDE} lies in this folder: say `--config {BESIDE}`, or for all commands \
             `export ADIEU_CONFIG={}` (`--config /dev/null` is none)",
            file.display()
        );
        return Err(CommandFailure::new(ExitStatus::Usage, text).into());
    }
    Ok(file)
}

/// Whether there is a file. One that can't be looked at is there: that it can't be read is said, and not passed over.
fn is_there(file: &str) -> bool {
    let missing =
        |error: &std::io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    !std::fs::metadata(file).is_err_and(|error| missing(&error))
}

fn told(file: Option<&Path>) -> String {
    match file {
        Some(file) => format!("the configuration is {}", file.display()),
        None => "no configuration is named or installed: every key has its default, or its variable".into(),
    }
}

fn configured(named: Option<&Path>) -> Result<Config> {
    read(located(named)?.as_deref())
}

fn read(file: Option<&Path>) -> Result<Config> {
    judged(file).map(|judged| judged.config)
}

/// The configuration with what is doubtful in it, which a start and a check tell, and no other command.
fn judged(file: Option<&Path>) -> Result<JudgedConfig> {
    let mut judged = judge(file, environment(std::env::vars_os())?)?;
    // What is told of the folder says where it is, whoever reads it.
    let data = &mut judged.config.data;
    *data = std::path::absolute(&*data).with_context(|| format!("data = {}", data.display()))?;
    Ok(judged)
}

/// The configuration alone; what is doubtful in it goes into the log.
fn with_warnings(judged: JudgedConfig) -> Config {
    for warning in &judged.warnings {
        tracing::warn!("{warning}");
    }
    judged.config
}

/// Variables as text. Those of others may be anything.
fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<(String, String)>> {
    let mut ours = Vec::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with("ADIEU_")) else { continue };
        let Ok(value) = value.into_string() else { bail!("{name}: its value is not UTF-8") };
        ours.push((name.to_owned(), value));
    }
    Ok(ours)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime could not start")
}
