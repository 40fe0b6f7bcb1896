//! What a page has to say after its form failed: the browser is sent on to an address that it can ask for again (post, redirect, get),
//! and carries the words along in a cookie.
//!
//! Only the text of the cookie's value is here. It names the page that it is for, and a proof that the caller derives from that;
//! nothing is stored.

use crate::form::{Params, append_query};

/// For so long it is said, in seconds: the browser comes at once.
const LIFE_S: i64 = 60;

/// What is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Why the form failed.
    pub words: String,
    /// The name that was typed.
    pub name: String,
}

impl Said {
    /// The value of a cookie that says this from now on. `proof` derives a text from another.
    #[must_use]
    pub fn to_value(&self, now_s: i64, proof: impl FnOnce(&str) -> String) -> String {
        let until = (now_s + LIFE_S).to_string();
        let pairs = [("w", self.words.as_str()), ("n", &self.name), ("u", &until)];
        let query =
            pairs.iter().fold(String::new(), |query, (name, value)| append_query(&query, name, value));
        let text = query.trim_start_matches('?');
        format!("{}.{text}", proof(text))
    }

    /// What such a cookie says, if it is ours and of now.
    #[must_use]
    pub fn read(value: &str, now_s: i64, proof: impl FnOnce(&str) -> String) -> Option<Self> {
        let (given, text) = value.split_once('.')?;
        let params = Params::parse(text);
        let until: i64 = params.first("u")?.parse().ok()?;
        let said = Self { words: params.first("w")?.to_owned(), name: params.first("n")?.to_owned() };
        (given == proof(text) && now_s < until).then_some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_read_for_a_while_and_from_nobody_else() {
        let proof = |text: &str| format!("p{}", text.len());
        let said = Said { words: "Name or password is wrong.".into(), name: "ä=&; b".into() };
        let value = said.to_value(1000, proof);
        assert!(value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)), "{value}");
        assert_eq!(Said::read(&value, 1059, proof), Some(said));
        assert_eq!(Said::read(&value, 1060, proof), None);
        assert_eq!(Said::read(&value, 1000, |text| format!("q{}", text.len())), None);
        assert_eq!(Said::read("", 0, proof), None);
    }
}
