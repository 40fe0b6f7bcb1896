//! This engine as the suite opens it: a database of its own on the server of this test binary, with chance from a seed.
//!
//! A crash is a copy of the database at that moment: what a node had told it, and no goodbye.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adieu_core::{Entropy, InstallationKey, Session};
use adieu_store::Store;
use adieu_store::suite::{Chance, Engine};
use adieu_store_postgres::{Options, PostgresStore};
use adieu_testkit_postgres::Server;

/// A database, and the stores that are open on it.
pub(crate) struct Postgres {
    pub(crate) database: String,
    open: Mutex<Vec<PostgresStore>>,
}

/// Chance from a seed; each store has its own.
pub(crate) struct Seeded(Chance);

/// Chance of its own: a copy of a database knows what the stores of the first one drew.
pub(crate) fn seeded() -> Seeded {
    static SEED: AtomicU64 = AtomicU64::new(0);
    Seeded(Chance::of(SEED.fetch_add(1 << 32, Ordering::Relaxed)))
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.bytes::<1>()[0]);
    }
}

impl Postgres {
    pub(crate) fn of(database: String) -> Self {
        Self { database, open: Mutex::default() }
    }

    /// Opens one more store on the database.
    pub(crate) async fn open_one(&self) -> PostgresStore {
        self.open_at(|database| Server::shared().url(database), |_| {}).await
    }

    /// Opens one more store at an address of the database, with other options.
    pub(crate) async fn open_at(
        &self,
        url: impl FnOnce(&str) -> String,
        change: impl FnOnce(&mut Options),
    ) -> PostgresStore {
        let mut options = Options::of(url(&self.database));
        change(&mut options);
        let key = InstallationKey::from_bytes([7; 32]);
        let store = PostgresStore::open(options, &key, Arc::new(seeded())).await.expect("the store opens");
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(store.clone());
        store
    }
}

impl Engine for Postgres {
    async fn fresh() -> Self {
        Self::of(Server::shared().fresh_database().await)
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.open_one().await)
    }

    async fn open_beside(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(self.open_one().await))
    }

    async fn activity_is_written(&self, _: &Arc<dyn Store>) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for store in open {
            store.activity_written().await;
        }
    }

    async fn fill_slots(&self, _: &Arc<dyn Store>, like: &Session, slots: RangeInclusive<u32>) {
        let columns = "user_key, realm, incarnation, token_hash, state, epoch, user_generation, realm_generation, opened_at,
            seen_at, expires_at, idle, assurance, due_hour, shared_due, hidden, detail";
        let first = like.locator.user_key().slot(0).expect("a slot").number() as i64;
        let sql = format!(
            "INSERT INTO session(locator, {columns}) SELECT $1 + n, {columns} FROM generate_series($2::bigint, $3::bigint) n
                JOIN session ON locator = $4"
        );
        let (from, to) = (i64::from(*slots.start()), i64::from(*slots.end()));
        let client = Server::shared().on(&self.database).await;
        client.execute(&sql, &[&first, &from, &to, &(like.locator.number() as i64)]).await.expect("copies");
    }

    async fn after_crash(&self) -> Self {
        Self::of(Server::shared().copied_database(&self.database).await)
    }
}
