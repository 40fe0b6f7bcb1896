//! The engine that keeps the installation, as the configuration names it: the data folder, or a PostgreSQL database (`engine::database`).
//!
//! Only here is it decided which one, and everybody who opens an installation comes by.

mod database;
pub(crate) mod moving;

use std::path::Path;
use std::sync::Arc;

use adieu_authority::{Entropy, InstallationKey, Store};
use adieu_keyring::Keyring;
use adieu_store_sqlite::{Folder, OpenError, Options, SqliteStore};
use anyhow::{Context, Result, bail};

use crate::config::Config;

/// An installation that is open.
pub(crate) struct OpenedStore {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) key: InstallationKey,
    /// Whether nobody is told of what ends in it: it was restored, and has not taken the place of the one that was backed up.
    pub(crate) untold: bool,
}

/// Opens the installation; makes it if there is none. The folder is the data folder of this process.
pub(crate) async fn open(config: &Config, folder: &Path, entropy: &Arc<dyn Entropy>) -> Result<OpenedStore> {
    // What is wrong with the folder or the database is said of it, and nothing else is.
    let opened = match config.store.options() {
        Some(options) => database::open(config, options, folder, entropy).await,
        None => Folder::open(folder, entropy.as_ref())
            .map_err(anyhow::Error::from)
            .and_then(|folder| over(folder, config)),
    };
    opened.with_context(|| place(config, folder))
}

/// Opens the installation that is there; none if a server has it to itself. Makes none.
pub(crate) async fn open_made(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<Option<OpenedStore>> {
    if config.store.options().is_some() {
        is_made(config, entropy).await?;
        return open(config, &config.data, entropy).await.map(Some);
    }
    match Folder::open_made(&config.data, entropy.as_ref()) {
        Ok(folder) => over(folder, config).map(Some),
        Err(OpenError::InUse(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Says if there is no installation.
pub(crate) async fn is_made(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<()> {
    if has_installation(config, entropy).await? {
        return Ok(());
    }
    match config.store.options() {
        Some(_) => bail!(
            "there is no installation in {}: `adieu serve` or `adieu init` makes one",
            place(config, &config.data)
        ),
        None => Err(OpenError::Missing(config.data.clone()).into()),
    }
}

/// Whether there is an installation.
pub(crate) async fn has_installation(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<bool> {
    if let Some(options) = config.store.options() {
        let found = database::look(config, options, &config.data, entropy).await;
        return found.with_context(|| place(config, &config.data));
    }
    match Folder::is_made(&config.data) {
        Ok(()) => Ok(true),
        Err(OpenError::Missing(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Refuses what only a data folder can do, and says what is done instead.
pub(crate) fn of_folder(config: &Config, instead: &str) -> Result<()> {
    if config.store.options().is_none() {
        return Ok(());
    }
    bail!("the installation is in {}, and not in a data folder: {instead}", place(config, &config.data))
}

/// Where the installation is, as it is told to people.
pub(crate) fn place(config: &Config, folder: &Path) -> String {
    match config.store.address() {
        Some(Ok(address)) => address.shown,
        Some(Err(_)) => "store.url".into(),
        None => format!("data folder {}", folder.display()),
    }
}

/// The same within a sentence.
pub(crate) fn told(config: &Config) -> String {
    match config.store.options() {
        Some(_) => place(config, &config.data),
        None => config.data.display().to_string(),
    }
}

fn over(folder: Folder, config: &Config) -> Result<OpenedStore> {
    let (key, untold) = (folder.key().clone(), Folder::is_untold(folder.path()));
    Ok(OpenedStore { store: Arc::new(SqliteStore::open(folder, options(config))?), key, untold })
}

/// How the embedded store is opened.
fn options(config: &Config) -> Options {
    Options {
        sessions_cached_max: config.keep.sessions_cached_max,
        pages_max: (config.keep.pages_max > 0).then_some(config.keep.pages_max),
        // A server that can't write must not look well: whoever started it starts it again.
        when_writer_lost: || std::process::abort(),
        opens_signing_key: Some(Keyring::opens_signing_key),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    const ABORTS: &str = "ADIEU_TEST_ABORTS";

    /// Goal: a server that can't write any more ends, by a signal that service
    /// managers take for a failure (the unit starts it again). Method: this test as a process of its own.
    #[test]
    fn a_server_whose_writer_is_lost_ends() {
        if std::env::var_os(ABORTS).is_some() {
            (options(&Config::default()).when_writer_lost)();
            return;
        }
        let this = std::env::current_exe().expect("a test binary");
        let words = ["--exact", "engine::tests::a_server_whose_writer_is_lost_ends"];
        let ended = Command::new(this).args(words).env(ABORTS, "").output().expect("it starts");
        assert_eq!(ended.status.signal(), Some(6), "SIGABRT: {ended:?}");
    }
}
