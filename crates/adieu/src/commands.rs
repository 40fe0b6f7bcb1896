//! What the command line's words do.
//!
//! Each word reads its configuration, starts a runtime and does one thing; nothing here knows a dialect. Administration is
//! requests to the native API (`api`).

mod api;
mod apply;
mod backup;
mod demo;
mod endings;
mod failure;
mod keys;
mod people;
mod seed;
mod server;
mod service_manager;
mod shown;
mod workers;

use std::path::Path;

use anyhow::{Context, Result};

pub use apply::{ApplyCommand, ExportCommand, apply, export};
pub use backup::{Backup, Restore, backup, restore};
pub use endings::{EndCommand, SessionsCommand, end, sessions};
pub use failure::exit_code;
pub use keys::{KeysCommand, keys};
pub use people::{RealmCommand, UserCommand, realm, user};
pub use seed::Seed;
pub use workers::{WorkerCommand, worker};

use crate::config::{Config, load};
use crate::logging::Log;

/// `serve`.
pub fn serve(file: Option<&Path>) -> Result<()> {
    let config = configured(file)?;
    let log = Log::to_stderr(&config.log);
    let file = file.map(Path::to_owned);
    runtime()?.block_on(server::run(config, log, move || configured(file.as_deref())))
}

/// `demo`.
pub fn demo(port: u16, exit: bool) -> Result<()> {
    runtime()?.block_on(demo::run(port, exit))
}

/// `check-config`.
pub fn check_config(file: Option<&Path>) -> Result<()> {
    let config = configured(file)?;
    println!("# This configuration is sound. With its defaults it is:\n");
    print!("{}", toml::to_string(&config)?);
    Ok(())
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

fn configured(file: Option<&Path>) -> Result<Config> {
    // `ADIEU_PASSWORD` is a secret for one command and no configuration.
    let environment = std::env::vars().filter(|(name, _)| name != "ADIEU_PASSWORD");
    Ok(load(file, environment)?)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime could not start")
}
