//! Which checks a text cites: `P-7`, and ranges such as `P-2 to P-4`.
//!
//! Look-alikes (`SHA-1`) are none. Whether a cited check exists is not asked here.

use std::collections::BTreeSet;

/// A check: its dialect's letter and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CheckId {
    pub(crate) letter: char,
    pub(crate) number: u32,
}

/// Words between two ids that mean everything between them.
const RANGES: [&str; 5] = ["to", "–", "…", "..", "..="];

/// Elliptic curves are called like checks.
const CURVES: [CheckId; 3] = [
    CheckId { letter: 'P', number: 256 },
    CheckId { letter: 'P', number: 384 },
    CheckId { letter: 'P', number: 521 },
];

/// All checks that a text cites.
pub(crate) fn cited(text: &str) -> BTreeSet<CheckId> {
    let mut found = BTreeSet::new();
    let mut before: Option<(CheckId, usize)> = None;
    for (at, letter) in text.char_indices().filter(|(_, c)| matches!(c, 'P' | 'A' | 'K')) {
        let Some((id, end)) = id_at(text, at, letter) else { continue };
        found.insert(id);
        if let Some((first, first_end)) = before.filter(|(first, _)| first.letter == letter)
            && RANGES.contains(&text[first_end..at].trim_matches([' ', '`']))
        {
            found.extend((first.number..id.number).map(|number| CheckId { letter, number }));
        }
        before = Some((id, end));
    }
    found
}

fn id_at(text: &str, at: usize, letter: char) -> Option<(CheckId, usize)> {
    if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
        return None; // SHA-1, X-A-2
    }
    let rest = text[at + 1..].strip_prefix('-')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..digits].parse().ok()?;
    if rest[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let id = CheckId { letter, number };
    (!CURVES.contains(&id)).then_some((id, at + 2 + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let found: Vec<String> =
            cited(text).iter().map(|id| format!("{}-{}", id.letter, id.number)).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn ids_and_ranges_are_cited_and_look_alikes_are_not() {
        check("P-8, P-2 to P-4.", &["P-2", "P-3", "P-4", "P-8"]);
        check("`K-1`…`K-3` and A-7", &["A-7", "K-1", "K-2", "K-3"]);
        check("K-1, K-3; K-5 to A-2", &["A-2", "K-1", "K-3", "K-5"]);
        check("SHA-1 P-256 X-A-2 P-x A-1x", &[]);
    }
}
