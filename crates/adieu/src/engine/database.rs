//! The installation in a PostgreSQL database, and the key that all its nodes share.
//!
//! The key is made once, by the first node on an empty database, and only where none is named. A node that has none, or another one, is
//! refused: with another key nothing that is sealed opens, and no session is found.

use std::path::Path;
use std::sync::Arc;

use adieu_authority::{Entropy, InstallationKey};
use adieu_store_postgres::{FoundDatabase, OpenError, Options, PostgresStore};
use adieu_store_sqlite::Folder;
use anyhow::{Result, bail};

use crate::config::Config;
use crate::engine::OpenedStore;

/// Opens the installation in the database, and makes it where there is none.
pub(super) async fn open(
    config: &Config,
    options: Options,
    folder: &Path,
    entropy: &Arc<dyn Entropy>,
) -> Result<OpenedStore> {
    let known = key(config, folder)?;
    let has_folder = Folder::is_made(folder).is_ok();
    if known.is_none() || has_folder {
        let found = PostgresStore::look(options.clone(), known.as_ref(), Arc::clone(entropy)).await?;
        match (found, &known) {
            (FoundDatabase::Nothing, _) if has_folder => bail!(
                "the database is empty, and the data folder {} has an installation of its own: name another folder (data), or \
                 leave out store.url",
                folder.display()
            ),
            (FoundDatabase::Installation, None) => bail!(
                "there is an installation, and this node has no key for it: all nodes share one. Copy installation.key of another \
                 node into {}, or name it by store.key_file",
                folder.display()
            ),
            _ => {}
        }
    }
    let (key, is_new) = match known {
        Some(key) => (key, false),
        None => (Folder::make_key(folder, entropy.as_ref())?, true),
    };
    let opened = PostgresStore::open(options, &key, Arc::clone(entropy)).await;
    if is_new && matches!(opened, Err(OpenError::KeyOfAnother | OpenError::MayNotMake(_))) {
        // Another node was first, or nothing was made. This key is of nothing.
        let _ = Folder::discard_key(folder);
    }
    Ok(OpenedStore { store: Arc::new(opened?), key, untold: false })
}

/// Whether there is an installation, whose key is the one that this node has.
pub(super) async fn look(
    config: &Config,
    options: Options,
    folder: &Path,
    entropy: &Arc<dyn Entropy>,
) -> Result<bool> {
    let key = key(config, folder)?;
    let found = PostgresStore::look(options, key.as_ref(), Arc::clone(entropy)).await?;
    Ok(found == FoundDatabase::Installation)
}

/// The key of this node: the one that is named, or that of the data folder.
fn key(config: &Config, folder: &Path) -> Result<Option<InstallationKey>> {
    match config.store.installation_key()? {
        Some(key) => Ok(Some(key)),
        None => Ok(Folder::kept_key(folder)?),
    }
}
