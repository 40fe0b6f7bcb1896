//! The JSON object of a request, read member by member.
//!
//! Unknown members are ignored, `null` counts as absent, and whatever does not fit is named in the answer. Contract
//! pingone.md 5.6.

use adieu_authority::Span;
use adieu_http_kit::json::{self, JsonError};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::problem::Problem;

/// How long a text may be where nothing else is said (HOME-LIMITS).
const TEXT_CHARS_MAX: usize = 1024;
/// How many texts a list may have.
const LIST_MAX: usize = 100;

/// A JSON object.
pub(crate) struct Input(Map<String, Value>);

impl Input {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        match json::read(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Err(JsonError::Repeated(name)) => Err(Problem::Twice(name)),
            Ok(_) | Err(JsonError::Trailing | JsonError::Syntax(_)) => Err(Problem::Malformed),
        }
    }

    /// What stands there; `null` is nothing.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether the member was given at all, `null` included.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= TEXT_CHARS_MAX => Ok(Some(text)),
            Some(_) => Err(Problem::invalid(name, "A text of at most 1024 characters is wanted.")),
        }
    }

    /// A text that must be there and say something.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Problem> {
        let text = self.text(name)?.map(str::trim).filter(|text| !text.is_empty());
        text.ok_or(Problem::required(name))
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Problem::invalid(name, "`true` or `false` is wanted.")),
        }
    }

    /// A span in seconds, from one second to ten years.
    pub(crate) fn seconds(&self, name: &'static str) -> Result<Option<Span>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let seconds = value.as_i64().filter(|s| (1..=10 * 366 * 24 * 3600).contains(s));
        let seconds = seconds.ok_or(Problem::invalid(name, "A number of seconds is wanted."))?;
        Ok(Some(Span::from_s(seconds)))
    }

    /// A list of texts; an absent one is empty.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<String>, Problem> {
        let wrong = || Problem::invalid(name, "A list of at most 100 texts is wanted.");
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let list = value.as_array().filter(|list| list.len() <= LIST_MAX).ok_or_else(wrong)?;
        let text = |item: &Value| item.as_str().filter(|t| t.len() <= 2048).map(str::to_owned);
        list.iter().map(|item| text(item).ok_or_else(wrong)).collect()
    }

    /// The members of an object inside.
    pub(crate) fn object(&self, name: &'static str) -> Result<Option<Self>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self(members.clone()))),
            Some(_) => Err(Problem::invalid(name, "An object is wanted.")),
        }
    }

    /// The `id` of an object inside, as text.
    pub(crate) fn id_of(&self, name: &'static str) -> Result<Option<String>, Problem> {
        let Some(object) = self.object(name)? else { return Ok(None) };
        match object.value("id") {
            Some(Value::String(id)) if id.len() <= 64 => Ok(Some(id.clone())),
            Some(_) => Err(Problem::invalid(name, "An id is wanted.")),
            None => Err(Problem::required(name)),
        }
    }

    /// The same, as a UUID that must be there.
    pub(crate) fn uuid_of(&self, name: &'static str) -> Result<Uuid, Problem> {
        let id = self.id_of(name)?.ok_or(Problem::required(name))?;
        adieu_core::ids::parse_uuid(&id).map_err(|_| Problem::invalid(name, "An id is wanted."))
    }

    /// The members of these names as they were given.
    pub(crate) fn some_of(&self, names: &[&str]) -> Map<String, Value> {
        let kept = names.iter().filter_map(|name| Some(((*name).to_owned(), self.value(name)?.clone())));
        kept.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_what_they_should_be_or_named() {
        let read = |text: &str| Input::read(text.as_bytes());
        assert!(read("[]").is_err() && read("x").is_err() && read("").is_err());
        assert!(matches!(read(r#"{"a":{"b":1,"b":1}}"#), Err(Problem::Twice(name)) if name == "b"));
        let input = read(r#"{"a":"x","n":null,"f":true,"l":["p","q"],"o":{"id":"i"},"s":3600,"e":" "}"#);
        let Ok(input) = input else { panic!("no object") };
        assert_eq!(input.text("a").ok(), Some(Some("x")));
        assert_eq!((input.text("n").ok(), input.names("n")), (Some(None), true));
        assert_eq!(input.flag("f").ok(), Some(Some(true)));
        assert_eq!(input.texts("l").ok().map(|l| l.len()), Some(2));
        assert_eq!(input.id_of("o").ok(), Some(Some("i".to_owned())));
        assert_eq!(input.seconds("s").ok(), Some(Some(Span::from_s(3600))));
        assert!(input.required("e").is_err() && input.required("n").is_err() && input.required("a").is_ok());
        assert!(input.text("f").is_err() && input.flag("a").is_err() && input.texts("a").is_err());
        assert!(input.seconds("a").is_err() && input.object("a").is_err() && input.uuid_of("o").is_err());
    }
}
