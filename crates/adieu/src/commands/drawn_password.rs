//! A password for somebody who has none yet, to be read off a screen and typed.
//!
//! It is kept nowhere and shown once.

use adieu_authority::{Entropy, PasswordRules, TYPED_LETTERS};

/// Letters in a group.
const GROUP: usize = 5;

/// A password of at least 99 random bits, in groups that can be typed, as long as the rules want it.
pub(super) fn drawn(entropy: &dyn Entropy, rules: PasswordRules) -> String {
    let groups = (rules.length_min as usize).div_ceil(GROUP).max(4);
    // Two bytes a letter: all letters are as likely as each other, to one in two thousand.
    let mut bytes = vec![0; groups * GROUP * 2];
    entropy.fill(&mut bytes);
    let number = |pair: &[u8]| usize::from(u16::from_be_bytes([pair[0], pair[1]]));
    let letter = |pair: &[u8]| char::from(TYPED_LETTERS[number(pair) % TYPED_LETTERS.len()]);
    let groups: Vec<String> =
        bytes.chunks(GROUP * 2).map(|group| group.chunks(2).map(letter).collect()).collect();
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
        let typed =
            |password: &str| password.bytes().all(|byte| byte == b'-' || TYPED_LETTERS.contains(&byte));
        assert!((0..100).all(|_| typed(&drawn(&SystemEntropy, rules))), "the letters of recovery codes, too");
        let long = PasswordRules { length_min: 128, ..rules };
        assert!(drawn(&SystemEntropy, long).len() >= 128, "as long as the realm wants it");
    }
}
