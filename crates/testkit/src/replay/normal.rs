//! Replaces what cannot be equal in two runs: values of variables, UUIDs, times, dates, long opaque words.
//!
//! Two of the patterns look behind and ahead, which the regex engine does not; they are written out by hand.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use super::template::{Vars, url_encoded};

/// Shorter values would be found by chance in other words.
const VALUE_CHARS_MIN: usize = 4;
/// From here on a word with a digit in it is taken for a random one.
const OPAQUE_BYTES_MIN: usize = 24;

static ORY: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|[^A-Za-z0-9])ory_[a-z]{2}_[A-Za-z0-9_.-]{24,}"));
static PAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(page_token=)[^&>"\s]+"#));
static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})")
});
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, ",
        r"[0-9]{2}[ -][A-Z][a-z][a-z][ -][0-9]{2,4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
    ))
});

/// The replacements of one run.
pub(super) struct Normal {
    /// Longest first, so that no value is cut by a shorter one.
    known: Vec<(String, String)>,
}

impl Normal {
    pub(super) fn new(vars: &Vars) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => None,
        };
        let mut pairs: Vec<(String, &String)> = vars
            .iter()
            .filter_map(|(name, value)| text(value).map(|value| (value, name)))
            .filter(|(value, _)| value.chars().count() >= VALUE_CHARS_MIN)
            .collect();
        pairs.sort_by_key(|(value, name)| (std::cmp::Reverse(value.chars().count()), *name));
        let mut known = Vec::with_capacity(pairs.len());
        for (value, name) in pairs {
            let encoded = url_encoded(&value);
            let differs = encoded != value;
            known.push((value, format!("<{name}>")));
            if differs {
                known.push((encoded, format!("<{name}|url>")));
            }
        }
        Self { known }
    }

    /// The text with its replacements.
    pub(super) fn of(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (value, name) in &self.known {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), name);
            }
        }
        let kept = |c: &Captures<'_>, word: &str| format!("{}{word}", &c[1]);
        let text = ORY.replace_all(&text, |c: &Captures<'_>| kept(c, "<opaque>"));
        let text = PAGE.replace_all(&text, |c: &Captures<'_>| kept(c, "<page-token>"));
        let text = UUID.replace_all(&text, "<uuid>");
        let text = TIME.replace_all(&text, "<time>");
        let text = DATE.replace_all(&text, "<date>");
        without_opaque_words(&text)
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern that the tests compile")
}

/// Replaces `[A-Za-z0-9_*.+/-]{24,}={0,2}` that holds a digit, follows none of `[A-Za-z0-9_<-]` and is followed by
/// none of `[A-Za-z0-9>]`.
fn without_opaque_words(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        match opaque_end(bytes, at) {
            Some(end) => {
                out.push_str(&text[copied..at]);
                out.push_str("<opaque>");
                (at, copied) = (end, end);
            }
            None => at += 1,
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// Where the opaque word that begins at `at` ends; `None` if none does. Words are ASCII, so both ends are borders
/// of characters.
fn opaque_end(bytes: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|i| bytes[i]);
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'<' | b'-')) {
        return None;
    }
    let run = bytes[at..].iter().take_while(|b| in_word(**b)).count();
    let has_digit = bytes[at..].iter().take_while(|b| in_word(**b) || **b == b'=').any(u8::is_ascii_digit);
    if run < OPAQUE_BYTES_MIN || !has_digit {
        return None;
    }
    let stops = |end: &usize| !bytes.get(*end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'>');
    let padding = bytes[at + run..].iter().take(2).take_while(|b| **b == b'=').count();
    let longest_first = (OPAQUE_BYTES_MIN..=run + padding).rev().map(|length| at + length);
    longest_first.into_iter().find(stops)
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'*' | b'.' | b'+' | b'/' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let vars = Vars::from([("user".into(), "ada@example.test".into()), ("no".into(), "abc".into())]);
        assert_eq!(Normal::new(&vars).of(text), expect);
    }

    #[test]
    fn what_differs_between_runs_is_replaced_and_nothing_else() {
        check("ada@example.test abc", "<user> abc");
        check("x=ada%40example.test", "x=<user|url>");
        check("ory_st_abcdefghijklmnopqrstuvwx.", "<opaque>");
        check("b3599397-2C61-47f2-b262-2efe1b473f10!", "<uuid>!");
        check("at 2026-11-20T21:24:47.848678778Z", "at <time>");
        check("Fri, 20 Nov 2026 20:24:47 GMT", "<date>");
        check("page_token=eyJ&x", "page_token=<page-token>&x");
        check(
            "an ordinary-sentence-without-any-number stays",
            "an ordinary-sentence-without-any-number stays",
        );
        check("\"abcdefghijklmnopqrstuvw1==\"", "\"<opaque>\"");
        check("<abcdefghijklmnopqrstuvw1>", "<abcdefghijklmnopqrstuvw1>");
        check("abcdefghijklmnopqrstuvw1/>", "<opaque>/>");
        check("short1", "short1");
    }
}
