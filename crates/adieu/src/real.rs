//! The real clock and the real source of randomness: the only ones in the house.
//!
//! Everybody else takes a `Clock` and an `Entropy`; `clippy.toml` sees to it.

use std::time::{SystemTime, UNIX_EPOCH};

use adieu_authority::{Clock, Entropy, Timestamp};

/// The operating system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one real clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one real source of randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has randomness once it has booted");
    }
}
