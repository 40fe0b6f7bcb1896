//! The embedded engine: one process, one folder, SQLite in WAL mode with every commit synced.
//!
//! One writer thread owns the writing connection; everything that arrived during the last commit is the next commit,
//! so there is no timer (decision 0003). Checks read an in-process map that is exact, because this process is the only
//! writer: it is updated after the commit and before the answer. The engine decides nothing: core does, inside the
//! transaction.

mod acts;
pub mod backup;
mod batch;
mod cache;
mod error;
mod folder;
mod hooks;
mod key_check;
mod moments_cursor;
pub mod moving;
mod queue;
mod readers;
mod rows;
mod schema;
mod shared;
mod stale;
mod writer;

use std::sync::{Arc, Mutex, OnceLock};

use adieu_core::{EndingIdCipher, InstallationKey, RealmId, SessionIdCipher};
use adieu_store::Health;

pub use error::OpenError;
pub use folder::Folder;
#[cfg(feature = "hooks")]
pub use hooks::HookPoint;

use crate::cache::Caches;
use crate::key_check::KeyVerdict;
use crate::moments_cursor::MomentsCursor;
use crate::readers::Readers;
use crate::shared::Shared;
use crate::writer::Writer;

/// How an embedded store is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Sessions kept in memory; beyond it some are dropped and read again when asked for.
    pub sessions_cached_max: usize,
    /// The largest size of the database, in pages of 4 KiB; none is SQLite's own limit.
    pub pages_max: Option<u32>,
    /// Called when the store can't write any more although nothing is wrong with the disk: a fault of the program that no
    /// order is to blame for. Whoever serves ends the process here, so that it is started anew.
    pub when_writer_lost: fn(),
    /// Whether a key of the installation opens a sealed signing key: by that a database of an older version is judged, which keeps
    /// no value of its key. The engine can't open what is sealed; without this such keys say nothing.
    pub opens_signing_key: Option<OpensSigningKey>,
}

/// Whether a key of the installation opens the signing key of a realm that has this name and is sealed like this.
pub type OpensSigningKey = fn(&InstallationKey, RealmId, &str, &[u8]) -> bool;

impl Default for Options {
    fn default() -> Self {
        Self {
            sessions_cached_max: 2_000_000,
            pages_max: None,
            when_writer_lost: || {},
            opens_signing_key: None,
        }
    }
}

/// The embedded store. Clones are handles of the same one.
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    /// Dropped before the folder: what waits is still committed and answered.
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    /// Where the walk over the tombstones stands.
    sweep_cursor: Arc<Mutex<i64>>,
    /// How far the list of the sweep has been looked through for sessions of whose end somebody is told since they began.
    moments_cursor: Arc<Mutex<MomentsCursor>>,
    /// How far the sweep has looked through the receivers.
    swept_receiver: Arc<Mutex<Option<adieu_core::Receiver>>>,
    /// Held for as long as the store is open: a second process is refused.
    folder: Arc<Folder>,
}

impl SqliteStore {
    /// Opens the store in a folder, makes or migrates its schema, and starts its threads. Loads nothing: the map
    /// fills on demand, so opening takes the same time for any number of sessions.
    pub fn open(folder: Folder, options: Options) -> Result<Self, OpenError> {
        let path = folder.database();
        let shared = Arc::new(Shared {
            cipher: SessionIdCipher::new(folder.key()),
            ending_cipher: EndingIdCipher::new(folder.key()),
            caches: Caches::new(options.sessions_cached_max),
            health: Health::default(),
            uncommitted: adieu_store::FaultLines::default(),
            telling_since: OnceLock::new(),
            #[cfg(feature = "hooks")]
            hooks: hooks::Hooks::default(),
        });
        let connection = open_writing(&folder, options)?;
        let readers = Readers::start(&path, &shared)?;
        let writer = Writer::start(connection, &shared, options.when_writer_lost)?;
        let (writer, readers) = (Arc::new(writer), Arc::new(readers));
        Ok(Self {
            shared,
            writer,
            readers,
            sweep_cursor: Arc::default(),
            moments_cursor: Arc::default(),
            swept_receiver: Arc::default(),
            folder: Arc::new(folder),
        })
    }
}

#[cfg(feature = "hooks")]
impl SqliteStore {
    /// From now on `hook` is called at every place, on the thread that comes by.
    pub fn hold_with(&self, hook: impl Fn(HookPoint) + Send + Sync + 'static) {
        self.shared.hooks.set(Arc::new(hook));
    }
}

fn open_writing(folder: &Folder, options: Options) -> Result<rusqlite::Connection, OpenError> {
    let mut connection = schema::connect(&folder.database(), schema::Mode::Writing)?;
    let keeps = match schema::number_of(&connection) {
        Ok(found) => {
            schema::is_known(found)?;
            let verdict = key_check::judge(&connection, folder.key(), options.opens_signing_key);
            match verdict.map_err(OpenError::Database)? {
                KeyVerdict::Fits => true,
                KeyVerdict::Differs => {
                    return Err(OpenError::KeyOfAnother(folder.path().join(folder::KEY)));
                }
                // To keep the value of a wrong key would refuse the right one for ever.
                KeyVerdict::Unknown => false,
            }
        }
        // A new one, or one of somebody else, which is refused next.
        Err(_) => true,
    };
    schema::migrate(&mut connection)?;
    if keeps {
        key_check::keep(&connection, folder.key()).map_err(OpenError::Database)?;
    }
    if let Some(pages) = options.pages_max {
        connection.pragma_update(None, "max_page_count", pages).map_err(OpenError::Database)?;
    }
    Ok(connection)
}
