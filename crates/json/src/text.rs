//! JSON that is put together by hand, where a serializer costs too much: on the path of a check.
//!
//! Whoever writes it answers for its form: names, commas and braces stand in the caller's text. Strings are escaped as `serde_json`
//! escapes them, which a test holds beside it.

use serde::Serialize;

/// A JSON text in the making.
#[derive(Debug, Default)]
pub struct JsonText(Vec<u8>);

impl JsonText {
    /// Nothing yet, with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Appends JSON, or a part of it, as it is.
    pub fn put(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    /// Appends a string in which nothing is to be escaped: an id, a date, a word of our own.
    pub fn plain(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        debug_assert!(is_plain(text), "it has something to escape: {:?}", String::from_utf8_lossy(text));
        self.0.reserve(text.len() + 2);
        self.0.push(b'"');
        self.0.extend_from_slice(text);
        self.0.push(b'"');
    }

    /// Appends a string.
    pub fn text(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            self.plain(text);
        } else {
            self.value(text);
        }
    }

    /// Appends any value that has a form in JSON; `null` for one that has none.
    pub fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        let whole = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(whole);
            self.put("null");
        }
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Whether a string needs no escape. All of it is looked at, without a way out in between: so many bytes are compared at once.
fn is_plain(text: &[u8]) -> bool {
    !text.iter().fold(false, |found, byte| found | (*byte < b' ') | (*byte == b'"') | (*byte == b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a string is written as the library writes it, whatever stands in it.
    #[test]
    fn strings_are_escaped_as_the_library_escapes_them() {
        let all: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        let each = all.chars().map(|c| format!("a{c}é"));
        for text in each.chain([all.clone(), String::new(), "\u{1f600}\u{2028}".into(), "plain".repeat(50)]) {
            let mut json = JsonText::default();
            json.text(&text);
            assert_eq!(json.into_bytes(), serde_json::to_vec(&text).expect("a string is JSON"), "{text:?}");
        }
    }

    #[test]
    fn parts_stand_one_behind_the_other() {
        let mut json = JsonText::with_capacity(64);
        json.put("{\"id\":");
        json.plain("7f");
        json.put(",\"n\":");
        json.value(&[1, 2]);
        json.put("}");
        assert_eq!(json.into_bytes(), br#"{"id":"7f","n":[1,2]}"#);
    }
}
