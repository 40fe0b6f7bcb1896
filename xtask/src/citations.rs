//! Which checks a text cites: `P-7`, `S-OP-7`, and ranges such as `P-2 to P-4`.
//!
//! Look-alikes (`SHA-1`) are none. Whether a cited check exists is not asked here.

use std::{collections::BTreeSet, fmt};

use crate::checks::SERIES;

/// A check: the series of its dialect or standard, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CheckId {
    pub(crate) series: &'static str,
    pub(crate) number: u32,
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.series, self.number)
    }
}

/// Words between two ids that mean everything between them.
const RANGES: [&str; 5] = ["to", "–", "…", "..", "..="];

/// Elliptic curves are called like checks.
const CURVES: [CheckId; 3] = [
    CheckId { series: "P", number: 256 },
    CheckId { series: "P", number: 384 },
    CheckId { series: "P", number: 521 },
];

/// All checks that a text cites.
pub(crate) fn cited(text: &str) -> BTreeSet<CheckId> {
    let mut found = BTreeSet::new();
    let mut before: Option<(CheckId, usize)> = None;
    for (at, _) in text.char_indices().filter(|(_, c)| matches!(c, 'P' | 'A' | 'K' | 'S')) {
        let Some((id, end)) = id_at(text, at) else { continue };
        found.insert(id);
        if let Some((first, first_end)) = before.filter(|(first, _)| first.series == id.series)
            && RANGES.contains(&text[first_end..at].trim_matches([' ', '`']))
        {
            found.extend((first.number..id.number).map(|number| CheckId { number, ..id }));
        }
        before = Some((id, end));
    }
    found
}

fn id_at(text: &str, at: usize) -> Option<(CheckId, usize)> {
    if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
        return None; // SHA-1, X-A-2
    }
    let (series, rest) = SERIES.iter().find_map(|(series, _)| {
        let rest = text[at..].strip_prefix(series)?.strip_prefix('-')?;
        rest.starts_with(|c: char| c.is_ascii_digit()).then_some((*series, rest))
    })?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..digits].parse().ok()?;
    if rest[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let id = CheckId { series, number };
    (!CURVES.contains(&id)).then_some((id, at + series.len() + 1 + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let found: Vec<String> = cited(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn ids_and_ranges_are_cited_and_look_alikes_are_not() {
        check("P-8, P-2 to P-4.", &["P-2", "P-3", "P-4", "P-8"]);
        check("`K-1`…`K-3` and A-7", &["A-7", "K-1", "K-2", "K-3"]);
        check("K-1, K-3; K-5 to A-2", &["A-2", "K-1", "K-3", "K-5"]);
        check("S-RPI-2 to S-RPI-4, S-28; S-OP-1", &["S-OP-1", "S-RPI-2", "S-RPI-3", "S-RPI-4"]);
        check("SHA-1 P-256 X-A-2 P-x A-1x", &[]);
    }
}
