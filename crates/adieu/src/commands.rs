//! What the command line's words do.
//!
//! Each word reads its configuration, starts a runtime and does one thing; nothing here knows a dialect.

mod admin;
mod apply;
mod backup;
mod demo;
mod seed;
mod server;

use std::path::Path;

use anyhow::{Context, Result};

pub use admin::AddUser;
pub use apply::{Apply, Export, apply, export};
pub use backup::{Backup, Restore, backup, restore};
pub use seed::Seed;

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

/// `user add`.
pub fn add_user(file: Option<&Path>, user: AddUser) -> Result<()> {
    let config = configured(file)?;
    runtime()?.block_on(admin::add_user(config, user))
}

/// `worker add`.
pub fn add_worker(file: Option<&Path>, realm: &str, name: &str) -> Result<()> {
    let config = configured(file)?;
    runtime()?.block_on(admin::add_worker(config, realm, name))
}

/// `cast`.
pub fn cast(file: Option<&Path>) -> Result<()> {
    let config = configured(file)?;
    let cast = runtime()?.block_on(demo::provision(&config))?;
    println!("{:#}", cast.variables(&config));
    Ok(())
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
