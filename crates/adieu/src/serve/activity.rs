//! What happens on a connection: how much was asked, how much of it is being answered, and since when it keeps us waiting.
//!
//! It keeps us waiting while nothing was asked, and while all that was asked lacks the rest of its body. It counts and says so; what
//! follows from it is decided elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::serve::places::Moments;

/// What happens on one connection.
#[derive(Clone)]
pub(super) struct Activity(Arc<Counts>);

struct Counts {
    asked: AtomicUsize,
    answered: AtomicUsize,
    /// How many of them lack bytes of their body that somebody reads.
    lacking: AtomicUsize,
    waits_since: AtomicU64,
    moments: Arc<Moments>,
}

impl Activity {
    /// A connection that begins now.
    pub(super) fn since(moments: Arc<Moments>) -> Self {
        let waits_since = moments.next().into();
        let (asked, answered, lacking) = (0.into(), 0.into(), 0.into());
        Self(Arc::new(Counts { asked, answered, lacking, waits_since, moments }))
    }

    /// Something was asked.
    pub(super) fn begin(&self) {
        if self.in_flight() == 0 {
            // If it lacks its body, it keeps us waiting since now, however often a byte comes.
            self.0.waits_since.store(self.0.moments.next(), Ordering::Relaxed);
        }
        self.0.asked.fetch_add(1, Ordering::SeqCst);
    }

    /// Something was answered, or nobody waits for it any more.
    pub(super) fn end(&self) {
        self.0.waits_since.store(self.0.moments.next(), Ordering::Relaxed);
        self.0.answered.fetch_add(1, Ordering::SeqCst);
        self.0.moments.tell();
    }

    pub(super) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    pub(super) fn in_flight(&self) -> usize {
        let answered = self.0.answered.load(Ordering::SeqCst);
        self.asked().saturating_sub(answered)
    }

    /// The body of something that was asked lacks bytes that somebody reads.
    pub(super) fn lacks_body(&self) {
        self.0.lacking.fetch_add(1, Ordering::SeqCst);
        self.0.moments.tell();
    }

    /// They came, or nobody reads them any more.
    pub(super) fn lacks_body_no_more(&self) {
        self.0.lacking.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether nothing can be answered before the other side says more.
    pub(super) fn keeps_us_waiting(&self) -> bool {
        self.in_flight() <= self.0.lacking.load(Ordering::SeqCst)
    }

    /// The moment since which it keeps us waiting, if it does.
    pub(super) fn waits_since(&self) -> u64 {
        self.0.waits_since.load(Ordering::Relaxed)
    }
}
