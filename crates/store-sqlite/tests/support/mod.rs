//! This engine as the suite and the engine's own tests open it: in a temporary folder, with chance from a seed.
//!
//! A crash is a copy of the folder's files: what the operating system has of them when the process dies.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adieu_core::{Entropy, NIL, Session, Timestamp};
use adieu_store::suite::{Chance, Engine};
use adieu_store::{Flow, Store};
use adieu_store_sqlite::{Folder, OpenError, Options, SqliteStore};

/// An embedded store's folder.
pub(crate) struct Sqlite {
    folder: tempfile::TempDir,
}

/// Chance from a seed, as the folder draws it.
pub(crate) struct Seeded(pub(crate) Chance);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.bytes::<1>()[0]);
    }
}

impl Sqlite {
    /// The data folder in it.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Opens the store there.
    pub(crate) fn open_with(&self, options: Options) -> Result<SqliteStore, OpenError> {
        open(&self.path(), options)
    }
}

/// Opens the store of a folder.
pub(crate) fn open(path: &Path, options: Options) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(Folder::open(path, &Seeded(Chance::of(3)))?, options)
}

impl Engine for Sqlite {
    async fn fresh() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.open_with(Options::default()).expect("the store opens"))
    }

    async fn open_beside(&self) -> Option<Arc<dyn Store>> {
        assert!(self.open_with(Options::default()).is_err(), "a second store on one folder");
        None
    }

    /// This engine's one writer takes its work in order: activity is written when a later write is acknowledged.
    async fn activity_is_written(&self, store: &Arc<dyn Store>) {
        let (realm, kind) = (NIL.parse().expect("an id"), "test".to_owned());
        let expires_at = Timestamp::from_ms(i64::MAX);
        let flow = Flow { id: [1; 16], realm, kind, expires_at, body: Vec::new() };
        store.put_flow(flow).await.expect("a write");
    }

    /// Beside the store's writer, which has nothing to do meanwhile.
    async fn fill_slots(&self, _: &Arc<dyn Store>, like: &Session, slots: RangeInclusive<u32>) {
        let db = rusqlite::Connection::open(self.path().join("adieu.db")).expect("the database");
        let columns = "incarnation, token_hash, state, epoch, user_generation, realm_generation, seen_at, expires_at, idle,
            assurance, detail, due_hour, shared_due";
        let first = like.locator.user_key().slot(0).expect("a slot").number() as i64;
        let sql = format!(
            "WITH RECURSIVE slot(n) AS (SELECT ?2 UNION ALL SELECT n + 1 FROM slot WHERE n < ?3)
            INSERT INTO session(locator, {columns}) SELECT ?4 + n, {columns} FROM slot JOIN session ON locator = ?1"
        );
        let from = like.locator.number() as i64;
        db.execute(&sql, [from, (*slots.start()).into(), (*slots.end()).into(), first]).expect("copies");
    }

    async fn after_crash(&self) -> Self {
        let fresh = Self::fresh().await;
        std::fs::create_dir(fresh.path()).expect("a folder");
        // The shared memory of the dead process is worth nothing; the rest is what the disk has.
        for name in ["adieu.lock", "installation.key", "adieu.db", "adieu.db-wal"] {
            let from = self.path().join(name);
            if from.exists() {
                std::fs::copy(from, fresh.path().join(name)).expect("a copy");
            }
        }
        fresh
    }
}
