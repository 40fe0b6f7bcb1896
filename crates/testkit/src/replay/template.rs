//! Fills `{{name}}` and its kin in any string of a request.
//!
//! Known: `{{name}}`, `{{name|url}}`, `{{name|b64}}`, `{{$uuid}}`, `{{$hex32}}`, `{{$now}}`. A name without a value is
//! an error, never an empty string.

use std::{
    collections::{BTreeMap, hash_map::RandomState},
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
    time::SystemTime,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use serde_json::{Map, Value};
use time::{OffsetDateTime, macros::format_description};

/// Variables by name; captured ones may be any JSON value.
pub(super) type Vars = BTreeMap<String, Value>;

/// Everything but the unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');

static HOLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{([^{}]+)\}\}").expect("a constant pattern that the tests compile"));

/// Fills one string.
pub(super) fn fill(text: &str, vars: &Vars, now: SystemTime) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for hole in HOLE.captures_iter(text) {
        let (Some(whole), Some(inner)) = (hole.get(0), hole.get(1)) else { continue };
        out.push_str(&text[end..whole.start()]);
        out.push_str(&value_of(inner.as_str(), vars, now)?);
        end = whole.end();
    }
    out.push_str(&text[end..]);
    Ok(out)
}

/// Fills every string of a JSON value, names of members included.
pub(super) fn fill_json(value: &Value, vars: &Vars, now: SystemTime) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, vars, now)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|v| fill_json(v, vars, now)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => Value::Object(fill_map(members, vars, now)?),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// Fills names and values of one object.
pub(super) fn fill_map(
    members: &Map<String, Value>,
    vars: &Vars,
    now: SystemTime,
) -> Result<Map<String, Value>, String> {
    members.iter().map(|(k, v)| Ok((fill(k, vars, now)?, fill_json(v, vars, now)?))).collect()
}

/// A form in the order of its members.
pub(super) fn form(members: &Map<String, Value>) -> String {
    let word = |text: &str| url_encoded(text).replace("%20", "+");
    let pairs = members.iter().map(|(k, v)| format!("{}={}", word(k), word(&plain(v))));
    pairs.collect::<Vec<_>>().join("&")
}

/// A JSON value as a plain word: strings without their quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encoded, all but the unreserved characters.
pub(super) fn url_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn value_of(inner: &str, vars: &Vars, now: SystemTime) -> Result<String, String> {
    let (name, how) = inner.split_once('|').unwrap_or((inner, ""));
    let value = match name {
        "$uuid" => uuid_of(&hex32()),
        "$hex32" => hex32(),
        "$now" => OffsetDateTime::from(now)
            .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
            .map_err(|e| e.to_string())?,
        _ => plain(vars.get(name).ok_or_else(|| format!("variable {name} is not set"))?),
    };
    match how {
        "" => Ok(value),
        "url" => Ok(url_encoded(&value)),
        "b64" => Ok(STANDARD.encode(value)),
        _ => Err(format!("no such filter: {inner}")),
    }
}

/// 32 hexadecimal digits that no earlier run has used. Uniqueness is all that is asked of them.
fn hex32() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

/// A random UUID's grammar (version 4) around 32 digits.
fn uuid_of(hex: &str) -> String {
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
