//! A password for somebody who has none yet, to be read off a screen and typed.
//!
//! It is kept nowhere and shown once.

use adieu_authority::Entropy;

/// Letters and digits that nobody takes for others.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A password of 100 random bits, in groups that can be typed.
pub(super) fn drawn(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 20];
    entropy.fill(&mut bytes);
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let groups: Vec<String> = bytes.chunks(5).map(|group| group.iter().map(letter).collect()).collect();
    groups.join("-")
}
