//! JSON texts: one value, in which no object has two members of one name.
//!
//! Of such members readers take the first or the last as they like, so a proxy that looks at a body and the server that acts on it
//! would read different things (RFC 8259 §4).
//! Bodies of requests and texts in documents are read here; nothing here knows either. What is written by hand is in `text`.

mod text;

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

pub use text::JsonText;

/// Characters of a repeated name that are shown again.
const NAME_CHARS_MAX: usize = 64;

/// Why a text is no JSON that is taken.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// An object has two members of this name, which is cut if it is long.
    #[error("the member `{0}` stands there twice")]
    Repeated(String),
    /// Something stands behind the JSON.
    #[error("something stands behind the JSON")]
    Trailing,
    /// It is no JSON.
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
}

impl JsonError {
    /// That a member of this name is repeated.
    #[must_use]
    pub fn repeated(name: &str) -> Self {
        Self::Repeated(name.chars().take(NAME_CHARS_MAX).collect())
    }
}

/// Reads a whole text.
///
/// # Errors
/// If it is no JSON, something stands behind it, or an object has two members of one name.
pub fn read(bytes: &[u8]) -> Result<Value, JsonError> {
    read_as(bytes, RepeatedMembers::default())
}

/// The same for texts of clients that write a member twice: it is taken if it says the same again.
///
/// # Errors
/// As [`read`].
pub fn read_agreeing(bytes: &[u8]) -> Result<Value, JsonError> {
    read_as(bytes, RepeatedMembers { same: true, found: None })
}

fn read_as(bytes: &[u8], mut repeats: RepeatedMembers) -> Result<Value, JsonError> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Distinct(&mut repeats).deserialize(&mut parser);
    if let Some(name) = repeats.found {
        return Err(JsonError::Repeated(name));
    }
    let value = value?;
    parser.end().map_err(|_| JsonError::Trailing)?;
    Ok(value)
}

/// What is known of repeated members.
#[derive(Default)]
struct RepeatedMembers {
    /// Whether one that says the same again is taken.
    same: bool,
    /// The name of the first one that is not taken.
    found: Option<String>,
}

/// Reads any value. Where a name is repeated that may not be, it is written down, and reading stops.
struct Distinct<'a>(&'a mut RepeatedMembers);

impl<'de> DeserializeSeed<'de> for Distinct<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Distinct<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Distinct(&mut *self.0))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Distinct(&mut *self.0))?;
            if object.get(&name).is_some_and(|before| !self.0.same || *before != value) {
                self.0.found = Some(name.chars().take(NAME_CHARS_MAX).collect());
                return Err(A::Error::custom("a member is repeated"));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a text is read as `serde_json` reads it, in the same order of members, or not at all.
    #[test]
    fn a_text_is_read_as_it_is_written() {
        for text in [
            r#"{"b":1,"a":[null,true,-2,1.5,18446744073709551615,"x\u00e4\n",{"b":{}}],"":""}"#,
            "[]",
            " 7 ",
            "\"a\"",
            "[1e2,{\"a\":1},{\"a\":1}]",
        ] {
            let expect: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(read(text.as_bytes()).expect("JSON").to_string(), expect.to_string());
        }
        let deep = "[".repeat(100_000);
        for bad in ["", "{", "x", "{'a':1}", "\"\\ud800\"", "{\"a\"}", &deep] {
            assert!(matches!(read(bad.as_bytes()), Err(JsonError::Syntax(_))), "{bad:.10}");
        }
        assert!(matches!(read(b"{} {}"), Err(JsonError::Trailing)));
    }

    /// Goal: a repeated member is named, however deep it stands and however it is spelled.
    #[test]
    fn a_repeated_member_is_named() {
        for (text, name) in [
            (r#"{"a":1,"b":2,"a":1}"#, "a"),
            (r#"{"x":[{"y":{"z":1,"z":2}}]}"#, "z"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"":1,"":2} x"#, ""),
        ] {
            match read(text.as_bytes()) {
                Err(JsonError::Repeated(found)) => assert_eq!(found, name, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        let agreeing = read_agreeing(br#"{"a":"x","b":1,"a":"x"}"#).expect("it says the same");
        assert_eq!(agreeing.to_string(), r#"{"a":"x","b":1}"#);
        let other = read_agreeing(br#"{"a":"x","b":1,"a":"y"}"#);
        assert!(matches!(other, Err(JsonError::Repeated(name)) if name == "a"));
        let long = format!(r#"{{"{0}":1,"{0}":2}}"#, "n".repeat(100));
        assert!(matches!(read(long.as_bytes()), Err(JsonError::Repeated(name)) if name.len() == 64));
    }
}
