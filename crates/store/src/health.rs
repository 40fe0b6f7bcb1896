//! Whether the store can write: what hindered the last write, and when it was last tried.
//!
//! Nobody's order is refused because of what stands here. The clock is the caller's.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use adieu_core::{Hindrance, Span, Timestamp};

/// How often whoever asks about the store has something written. In between, the last answer holds: who asks without end costs no
/// more than that.
const TRIED_EVERY: Span = Span::from_s(5);
/// What the column of hindrances says when there is none.
const UNHINDERED: u8 = u8::MAX;

/// How a store is. Every engine that can be hindered has one.
pub struct Health {
    /// The place of the hindrance in [`Hindrance::ALL`].
    hindrance: AtomicU8,
    tried_ms: AtomicI64,
}

impl Default for Health {
    fn default() -> Self {
        Self { hindrance: AtomicU8::new(UNHINDERED), tried_ms: AtomicI64::new(i64::MIN) }
    }
}

impl Health {
    /// What hindered the last write, if it was not written.
    pub fn hindrance(&self) -> Option<Hindrance> {
        Hindrance::ALL.get(usize::from(self.hindrance.load(Ordering::Relaxed))).copied()
    }

    /// A write was hindered.
    pub fn hinder(&self, hindrance: Hindrance) {
        let place = (0..).zip(Hindrance::ALL).find(|(_, other)| *other == hindrance);
        self.hindrance.store(place.map_or(UNHINDERED, |(place, _)| place), Ordering::Relaxed);
    }

    /// A write was made that takes more room than an order does.
    pub fn recover(&self) {
        self.hindrance.store(UNHINDERED, Ordering::Relaxed);
    }

    /// Whether it is time to try again: true for one caller.
    pub fn is_to_be_tried(&self, now: Timestamp) -> bool {
        let tried = self.tried_ms.load(Ordering::Relaxed);
        // A clock that was put back is no reason to wait for it.
        let due = tried == i64::MIN || (now.ms() - tried).abs() >= TRIED_EVERY.ms();
        due && self.tried_ms.compare_exchange(tried, now.ms(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: whoever asks again and again has little written, and hears what hindered the last write until one is made.
    #[test]
    fn it_is_tried_now_and_then_and_the_last_answer_holds_meanwhile() {
        let (health, at) = (Health::default(), |s: i64| Timestamp::from_ms(s * 1000));
        assert!(health.is_to_be_tried(at(0)) && !health.is_to_be_tried(at(4)));
        assert!(health.is_to_be_tried(at(5)) && !health.is_to_be_tried(at(5)));
        assert!(health.is_to_be_tried(at(-100)));
        for hindrance in Hindrance::ALL {
            health.hinder(hindrance);
            assert_eq!(health.hindrance(), Some(hindrance));
        }
        health.recover();
        assert_eq!(health.hindrance(), None);
    }
}
