//! The ids under which a caller's own systems know a request: cleaned, echoed, and logged.
//!
//! Without one the answer carries ours. Contract pingone.md 5.2: P-59.

use http::header::{HeaderMap, HeaderName, HeaderValue};

const TRANSACTION: HeaderName = HeaderName::from_static("x-ping-external-transaction-id");
const SESSION: HeaderName = HeaderName::from_static("x-ping-external-session-id");
/// The longest id that is taken (HOME-LIMITS).
const CHARS_MAX: usize = 256;

/// What a request brought of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct External {
    pub(crate) transaction: Option<String>,
    session: Option<String>,
}

impl External {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let read = |name| headers.get(name).map(|value: &HeaderValue| cleaned(value.as_bytes()));
        let given = |text: &String| !text.is_empty();
        Self { transaction: read(TRANSACTION).filter(given), session: read(SESSION).filter(given) }
    }

    /// Echoes them; `own` stands for a transaction that was not named.
    pub(crate) fn echo(&self, own: &str, headers: &mut HeaderMap) {
        let transaction = self.transaction.as_deref().unwrap_or(own);
        for (name, text) in [(TRANSACTION, Some(transaction)), (SESSION, self.session.as_deref())] {
            if let Some(Ok(value)) = text.map(|text| HeaderValue::from_bytes(text.as_bytes())) {
                headers.insert(name, value);
            }
        }
    }
}

/// Letters, marks, digits and some signs stay; everything else becomes `_`.
fn cleaned(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let clean = |c: char| if is_kept(c) { c } else { '_' };
    text.chars().take(CHARS_MAX).map(clean).collect()
}

fn is_kept(c: char) -> bool {
    c.is_alphanumeric() || "._-/@=#+".contains(c) || is_mark(c)
}

/// The marks that are written over letters: the blocks of combining characters.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_cleaned_and_cut() {
        assert_eq!(cleaned(b"a b"), "a_b");
        assert_eq!(cleaned("Zo\u{308}e/1@x=#+._-,;\"".as_bytes()), "Zo\u{308}e/1@x=#+._-___");
        assert_eq!(cleaned(b"a\xff"), "a_");
        assert_eq!(cleaned(&[b'a'; 300]).len(), 256);
    }
}
