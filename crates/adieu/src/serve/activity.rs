//! What happens on a connection: how much was asked, how much of it is being answered, since when nothing is.
//!
//! It counts and says so; what follows from it is decided elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::serve::places::Moments;

/// What happens on one connection.
#[derive(Clone)]
pub(super) struct Activity(Arc<Counts>);

struct Counts {
    asked: AtomicUsize,
    answered: AtomicUsize,
    waits_since: AtomicU64,
    moments: Arc<Moments>,
}

impl Activity {
    /// A connection that begins now.
    pub(super) fn since(moments: Arc<Moments>) -> Self {
        let waits_since = moments.next().into();
        Self(Arc::new(Counts { asked: 0.into(), answered: 0.into(), waits_since, moments }))
    }

    /// Something was asked.
    pub(super) fn begin(&self) {
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

    /// The moment since which nothing is being answered, if nothing is.
    pub(super) fn waits_since(&self) -> u64 {
        self.0.waits_since.load(Ordering::Relaxed)
    }
}
