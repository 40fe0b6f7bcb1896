//! The filters of lists of users: `eq`, `sw`, `and`, `or` and brackets, of SCIM's grammar.
//!
//! Texts are compared as names are: without regard to letter case, composed. RFC 7644 §3.4.2.2, contract pingone.md 4.2.

use adieu_authority::User;
use adieu_core::names::matched;
use serde_json::Value;

use super::json::attributes;
use crate::problem::Problem;

/// How long a filter may be, and how deep (HOME-LIMITS).
const BYTES_MAX: usize = 2048;
const DEPTH_MAX: usize = 16;

/// A condition on users.
#[derive(Debug, PartialEq)]
pub(super) enum UserFilter {
    All(Vec<UserFilter>),
    Any(Vec<UserFilter>),
    Is(String, Operator, String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Equal,
    Starts,
}

/// Attributes that may be asked for.
const KNOWN: [&str; 12] = [
    "id",
    "username",
    "email",
    "externalid",
    "enabled",
    "population.id",
    "name.given",
    "name.family",
    "name.formatted",
    "nickname",
    "title",
    "accountid",
];

impl UserFilter {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = Problem::Invalid {
            code: "INVALID_FILTER",
            target: "filter",
            message: "The filter is not understood: `eq`, `sw`, `and`, `or` and brackets are.",
        };
        let parsed = || {
            let mut words = Words { rest: Some(text).filter(|text| text.len() <= BYTES_MAX)? };
            let filter = any(&mut words, 0)?;
            words.next_word().is_none().then_some(filter)
        };
        parsed().ok_or(wrong)
    }

    pub(super) fn matches(&self, user: &User) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.matches(user)),
            Self::Any(all) => all.iter().any(|one| one.matches(user)),
            Self::Is(attribute, operator, wanted) => attribute_of(user, attribute).is_some_and(|found| {
                let found = matched(&found);
                match operator {
                    Operator::Equal => found == *wanted,
                    Operator::Starts => found.starts_with(wanted),
                }
            }),
        }
    }

    /// The name that a user must have to be meant, if the filter asks for just that.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Is(attribute, Operator::Equal, name) if attribute == "username" || attribute == "email" => {
                Some(name)
            }
            Self::All(_) | Self::Any(_) | Self::Is(..) => None,
        }
    }
}

fn attribute_of(user: &User, attribute: &str) -> Option<String> {
    match attribute {
        "id" => Some(user.id.to_string()),
        "username" => Some(user.username.clone()),
        "email" => user.email.clone(),
        "externalid" => user.external_id.clone(),
        "enabled" => Some(user.enabled.to_string()),
        "population.id" => Some(user.population.to_string()),
        _ => {
            let attributes = Value::Object(attributes(&user.traits));
            let found = attribute.split('.').try_fold(&attributes, |value, part| match part {
                "accountid" => value.get("accountId"),
                part => value.get(part),
            });
            found.and_then(Value::as_str).map(str::to_owned)
        }
    }
}

fn any(words: &mut Words<'_>, depth: usize) -> Option<UserFilter> {
    let mut parts = vec![all(words, depth)?];
    while words.take_word("or") {
        parts.push(all(words, depth)?);
    }
    if parts.len() == 1 { parts.pop() } else { Some(UserFilter::Any(parts)) }
}

fn all(words: &mut Words<'_>, depth: usize) -> Option<UserFilter> {
    let mut parts = vec![one(words, depth)?];
    while words.take_word("and") {
        parts.push(one(words, depth)?);
    }
    if parts.len() == 1 { parts.pop() } else { Some(UserFilter::All(parts)) }
}

fn one(words: &mut Words<'_>, depth: usize) -> Option<UserFilter> {
    match words.next_word()? {
        Word::Open if depth < DEPTH_MAX => {
            let inner = any(words, depth + 1)?;
            matches!(words.next_word()?, Word::Close).then_some(inner)
        }
        Word::Plain(attribute) => {
            let attribute = attribute.to_ascii_lowercase();
            let attribute = KNOWN.contains(&attribute.as_str()).then_some(attribute)?;
            let operator = match words.next_word()? {
                Word::Plain(word) if word.eq_ignore_ascii_case("eq") => Operator::Equal,
                Word::Plain(word) if word.eq_ignore_ascii_case("sw") => Operator::Starts,
                Word::Open | Word::Close | Word::Plain(_) | Word::Quoted(_) => return None,
            };
            let value = match words.next_word()? {
                Word::Quoted(text) => matched(&text),
                Word::Plain(word @ ("true" | "false")) => word.to_owned(),
                Word::Open | Word::Close | Word::Plain(_) => return None,
            };
            Some(UserFilter::Is(attribute, operator, value))
        }
        Word::Open | Word::Close | Word::Quoted(_) => None,
    }
}

enum Word<'t> {
    Open,
    Close,
    Plain(&'t str),
    Quoted(String),
}

struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    fn next_word(&mut self) -> Option<Word<'t>> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '(' => {
                self.rest = &self.rest[1..];
                Some(Word::Open)
            }
            ')' => {
                self.rest = &self.rest[1..];
                Some(Word::Close)
            }
            '"' => {
                // A JSON text, as RFC 7644 has it.
                let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
                let text = texts.next()?.ok()?;
                self.rest = &self.rest[texts.byte_offset()..];
                Some(Word::Quoted(text))
            }
            _ => {
                let end = self.rest.find([' ', '(', ')', '"']).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                Some(Word::Plain(word))
            }
        }
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let before = self.rest;
        let found = matches!(self.next_word(), Some(Word::Plain(word)) if word.eq_ignore_ascii_case(wanted));
        if !found {
            self.rest = before;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(attribute: &str, operator: Operator, value: &str) -> UserFilter {
        UserFilter::Is(attribute.into(), operator, value.into())
    }

    #[test]
    fn filters_bind_and_before_or_and_brackets_first() {
        use Operator::{Equal, Starts};
        let parse = |text: &str| UserFilter::parse(text).ok();
        assert_eq!(parse(r#"username eq "Ada""#), Some(is("username", Equal, "ada")));
        assert_eq!(
            parse(r#"username sw "a" and enabled eq true or (email eq "\"x")"#),
            Some(UserFilter::Any(vec![
                UserFilter::All(vec![is("username", Starts, "a"), is("enabled", Equal, "true")]),
                is("email", Equal, "\"x"),
            ]))
        );
        for bad in [
            "",
            "x",
            "username",
            "username eq",
            "username co \"a\"",
            "shoe eq \"a\"",
            "username eq a",
            "(username eq \"a\"",
            "username eq \"a\" and",
            "username eq \"a\" \"b\"",
            "username eq \"a",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&("(".repeat(40) + r#"username eq "a""# + &")".repeat(40))), None);
        assert_eq!(parse(&format!("username eq \"{}\"", "a".repeat(BYTES_MAX))), None);
    }
}
