//! When the users of sessions were last seen, as far as this node knows and the database does not yet.
//!
//! It is written down in batches, once the grain of a session has passed; what is lost with the process is no more than that.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_core::{Session, SessionId, Timestamp};
use tokio::sync::watch;

/// Sessions whose activity is remembered (HOME-LIMITS); beyond it some of it is forgotten, as in a crash.
const REMEMBERED_MAX: usize = 1_000_000;

/// What is known of activity.
#[derive(Default)]
pub(crate) struct SeenActivity {
    seen: Mutex<HashMap<u128, Seen>>,
    /// How many writes of it are on their way.
    on_the_way: watch::Sender<usize>,
}

#[derive(Clone, Copy)]
struct Seen {
    at: Timestamp,
    /// What was given to be written.
    given: Timestamp,
}

/// Forgets a sixteenth: less than the grain of each of them is lost.
fn forget_some(all: &mut HashMap<u128, Seen>) {
    let some: Vec<u128> = all.keys().take(REMEMBERED_MAX / 16).copied().collect();
    for id in some {
        all.remove(&id);
    }
}

impl SeenActivity {
    fn lock(&self) -> MutexGuard<'_, HashMap<u128, Seen>> {
        // Times are whole, whoever panicked.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last activity that is known here.
    pub(crate) fn seen_at(&self, id: SessionId) -> Option<Timestamp> {
        self.lock().get(&id.number()).map(|seen| seen.at)
    }

    /// Notes activity of a session; true for the one caller who is to have it written down.
    pub(crate) fn note(&self, session: &Session, at: Timestamp) -> bool {
        let mut all = self.lock();
        if all.len() >= REMEMBERED_MAX {
            forget_some(&mut all);
        }
        match all.entry(session.id.number()) {
            Entry::Vacant(place) => {
                let given = session.seen_at;
                let is_due = at.since(given) >= session.seen_grain();
                place.insert(Seen { at: at.max(given), given: if is_due { at } else { given } });
                is_due
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.at = known.at.max(at);
                known.given = known.given.max(session.seen_at);
                let is_due = at.since(known.given) >= session.seen_grain();
                if is_due {
                    known.given = at;
                }
                is_due
            }
        }
    }

    /// Forgets what was given to be written and is older than a moment. It is not forgotten as soon as it is written: whoever has read
    /// the row before that still compares with it (NO-FALSE-NO).
    pub(crate) fn forget_before(&self, moment: Timestamp) {
        self.lock().retain(|_, seen| seen.at >= moment || seen.given < seen.at);
    }

    /// A write of activity begins, or is done.
    pub(crate) fn count_writes(&self, by: isize) {
        self.on_the_way.send_modify(|count| *count = count.saturating_add_signed(by));
    }

    /// Waits until no write of activity is on its way.
    pub(crate) async fn all_written(&self) {
        // The sender is here as long as this is.
        let _ = self.on_the_way.subscribe().wait_for(|count| *count == 0).await;
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}
