//! What the pulse of a node has found out: which other nodes are dead, whether the database answers, and how large it is (decision 0058).
//!
//! Nothing here speaks to the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_core::{Entropy, entropy};
use tokio::sync::watch;

use crate::error::OpenError;

/// After how long without a beat a node is taken for dead, in milliseconds of the database's clock: several beats, so that one that is
/// late does no harm. Whoever is taken for dead and lives loses its lists of lines, which costs it another try of a batch, and what it is
/// telling may be told once more.
pub(crate) const DEAD_MS: i64 = 5_000;
/// Milliseconds of the database's clock.
pub(crate) const NOW_MS: &str = "CAST(extract(epoch FROM current_timestamp) * 1000 AS bigint)";

/// What the pulse of a node says of others, and of the database.
pub(crate) struct Vitals {
    /// The name of this node among all that live: more than 1, at most 62 bits.
    pub(crate) node: u64,
    away: watch::Sender<bool>,
    dead: Mutex<Vec<u64>>,
    bytes: AtomicU64,
}

impl Vitals {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let drawn = u64::from_be_bytes(entropy::draw::<8>(entropy)) >> 2;
        let (away, _) = watch::channel(false);
        Self { node: drawn.max(2), away, dead: Mutex::default(), bytes: AtomicU64::new(0) }
    }

    /// Whether the database did not answer when it was last asked.
    pub(crate) fn is_away(&self) -> bool {
        *self.away.borrow()
    }

    /// Waits until the database does not answer.
    pub(crate) async fn until_away(away: &mut watch::Receiver<bool>) {
        if away.wait_for(|away| *away).await.is_err() {
            // Nobody looks any more.
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.away.subscribe()
    }

    /// Other nodes that live no more.
    pub(crate) fn dead(&self) -> Vec<u64> {
        self.lock().clone()
    }

    /// How large the database was when it was last looked at.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn say_dead(&self, dead: Vec<u64>) {
        *self.lock() = dead;
    }

    pub(crate) fn say_bytes(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        // A list is whole, whoever panicked.
        self.dead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Orders are refused, because the installation was moved away while this node had no word of the database.
    pub(crate) fn say_moved(&self) {
        if self.turns(true) {
            tracing::error!("{}; orders are refused", OpenError::Moved);
        }
    }

    /// Has it be away, or not; says whether it was otherwise.
    fn turns(&self, away: bool) -> bool {
        self.away.send_if_modified(|known| std::mem::replace(known, away) != away)
    }

    pub(crate) fn say_away(&self, away: bool) {
        let changed = self.turns(away);
        if changed && away {
            tracing::error!("the database does not answer: orders are refused until it does");
        } else if changed {
            tracing::info!("the database answers again");
        }
    }
}
