//! A password for somebody who has none yet, to be read off a screen and typed.
//!
//! It is kept nowhere and shown once.

use adieu_authority::{Entropy, PasswordRules};

/// Letters and digits that nobody takes for others.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Letters in a group.
const GROUP: usize = 5;

/// A password of at least 100 random bits, in groups that can be typed, as long as the rules want it.
pub(super) fn drawn(entropy: &dyn Entropy, rules: PasswordRules) -> String {
    let groups = (rules.length_min as usize).div_ceil(GROUP).max(4);
    let mut bytes = vec![0; groups * GROUP];
    entropy.fill(&mut bytes);
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let groups: Vec<String> = bytes.chunks(GROUP).map(|group| group.iter().map(letter).collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::SystemEntropy;

    #[test]
    fn a_drawn_password_is_long_and_new() {
        let rules = PasswordRules::default();
        let (one, other) = (drawn(&SystemEntropy, rules), drawn(&SystemEntropy, rules));
        assert_eq!((one.len(), one.split('-').count()), (23, 4));
        assert_ne!(one, other);
        let long = PasswordRules { length_min: 128, ..rules };
        assert!(drawn(&SystemEntropy, long).len() >= 128, "as long as the realm wants it");
    }
}
