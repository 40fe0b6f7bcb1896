//! Carries a whole installation from one engine into the other, table by table (decision 0099).
//!
//! Nobody serves the source meanwhile, and nobody does afterwards: it is marked before what was moved can be served. So no session is
//! ended at one of two and lives on at the other (ENDED-STAYS-ENDED).

use std::path::Path;
use std::sync::Arc;

use adieu_authority::{Clock, Entropy, InstallationKey};
use adieu_keyring::Keyring;
use adieu_store_postgres::Options;
use adieu_store_postgres::moving::{DatabaseSource, DatabaseTarget};
use adieu_store_records::{MOVED_TABLES, MovedCounts};
use adieu_store_sqlite::moving::{FolderSource, FolderTarget};
use anyhow::{Error, Result, bail};
use tokio::runtime::Handle;

/// What a move draws and tells the time by.
pub(crate) struct MoveParts {
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A data folder into a database. `named` is the installation key that the configuration names, if it does.
pub(crate) fn into_database(
    from: &Path,
    to: Options,
    named: Option<&InstallationKey>,
    around: &MoveParts,
) -> Result<MovedCounts> {
    let source = FolderSource::open(from, around.entropy.as_ref(), Keyring::opens_signing_key)?;
    if named.is_some_and(|named| named.to_bytes() != source.key().to_bytes()) {
        bail!(
            "the configuration names an installation key (store.key, store.key_file), and it is not that of the folder: name {}; \
             nothing was changed",
            source.key_file().display()
        );
    }
    let waiting = Handle::current();
    let target = DatabaseTarget::begin(to, source.key(), Arc::clone(&around.entropy));
    let target = waiting.block_on(target)?;
    let mut counts = MovedCounts::default();
    for table in MOVED_TABLES {
        source.read(table, |rows| -> Result<()> {
            counts.count(table, &rows);
            Ok(waiting.block_on(target.write(table, &rows))?)
        })?;
    }
    waiting.block_on(target.complete(source.order()?))?;
    // First nobody serves there any more, and then somebody may serve here.
    source.mark()?;
    waiting.block_on(target.commit())?;
    Ok(counts)
}

/// A database into a data folder.
pub(crate) fn into_folder(
    from: Options,
    to: &Path,
    key: &InstallationKey,
    around: &MoveParts,
) -> Result<MovedCounts> {
    let waiting = Handle::current();
    let source = DatabaseSource::open(from, key, Arc::clone(&around.entropy));
    let mut source = waiting.block_on(source)?;
    let filled = FolderTarget::begin(to, key).map_err(Error::from).and_then(|mut target| {
        let counts = waiting.block_on(fill(&source, &mut target))?;
        waiting.block_on(source.is_alone())?;
        Ok((target, counts))
    });
    match filled {
        Ok((target, counts)) => {
            target.put_in_place(around.clock.now())?;
            Ok(counts)
        }
        Err(error) => {
            // Best effort: the mark's text says what to do with it.
            let _ = waiting.block_on(source.unmark());
            Err(error)
        }
    }
}

async fn fill(source: &DatabaseSource, target: &mut FolderTarget) -> Result<MovedCounts> {
    let mut counts = MovedCounts::default();
    for table in MOVED_TABLES {
        source.begin_table(table).await?;
        loop {
            let rows = source.next_rows(table).await?;
            if rows.is_empty() {
                break;
            }
            counts.count(table, &rows);
            target.write(table, &rows)?;
        }
    }
    target.complete(source.order().await?)?;
    Ok(counts)
}
