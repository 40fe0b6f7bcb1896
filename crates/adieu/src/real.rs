//! The real clock and the real source of randomness: the only ones in the workspace.
//!
//! Everybody else takes a `Clock` and an `Entropy`; `clippy.toml` sees to it.

use std::cell::RefCell;
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

/// The operating system's randomness, fetched in portions: a system call for every id would cost more than a check.
pub struct SystemEntropy;

/// Bytes of a portion; each thread has its own, and gives out none of them twice.
const PORTION: usize = 1024;

thread_local! {
    static PORTIONS: RefCell<Portion> = const { RefCell::new(Portion { bytes: [0; PORTION], left: 0 }) };
}

struct Portion {
    bytes: [u8; PORTION],
    left: usize,
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > PORTION {
            return from_system(bytes);
        }
        PORTIONS.with_borrow_mut(|portion| {
            if portion.left < bytes.len() {
                from_system(&mut portion.bytes);
                portion.left = PORTION;
            }
            let end = portion.left;
            let given = &mut portion.bytes[end - bytes.len()..end];
            bytes.copy_from_slice(given);
            given.fill(0); // What was given out is nobody else's to find.
            portion.left -= bytes.len();
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one real source of randomness")]
fn from_system(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has randomness once it has booted");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_are_given_out_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..1000 {
            assert!(seen.insert(drawn()));
        }
        let mut long = [0; 3 * PORTION];
        SystemEntropy.fill(&mut long);
        assert!(long.iter().any(|byte| *byte != 0));
    }

    fn drawn() -> [u8; 17] {
        let mut bytes = [0; 17];
        SystemEntropy.fill(&mut bytes);
        bytes
    }
}
