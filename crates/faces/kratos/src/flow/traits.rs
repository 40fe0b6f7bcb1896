//! Traits in forms: the fields that a schema asks for, and the traits that a submission brings. Contract kratos.md 3.4 and 3.5.
//!
//! Whether traits are sound is the schema's business.

use adieu_authority::User;
use serde_json::{Map, Value, json};

use super::{Message, input};
use crate::schema::{Schema, TraitField};
use crate::submission::Submission;

/// What of traits is taken from a form, which anybody may fill in, and kept with its flow (HOME-LIMITS).
const TRAITS_BYTES_MAX: usize = 16 * 1024;
/// The name of all of them in JSON, and what stands before each name in a form.
const TRAITS: &str = "traits";

/// What a form says of single fields.
pub(crate) type FieldMessages = Vec<(String, Message)>;

/// The messages of one field.
pub(crate) fn said_of<'m>(all: &'m FieldMessages, field: &str) -> Vec<&'m Message> {
    all.iter().filter(|(name, _)| name == field).map(|(_, message)| message).collect()
}

/// The fields of all traits, filled in as far as they are known.
pub(crate) fn trait_nodes(
    schema: &Schema,
    (group, hidden): (&str, bool),
    known: &Value,
    said: &FieldMessages,
) -> Vec<Value> {
    let node = |field: TraitField<'_>| {
        let name = format!("{TRAITS}.{}", field.name);
        let mut attributes = json!({"name": name, "type": if hidden { "hidden" } else { field.kind() }});
        if let Some(value) = known.pointer(&field.pointer()).filter(|value| !value.is_null()) {
            attributes["value"] = value.clone();
        }
        if field.required && !hidden {
            attributes["required"] = true.into();
        }
        if let Some(autocomplete) = field.autocomplete().filter(|_| !hidden) {
            attributes["autocomplete"] = autocomplete.into();
        }
        let text = field.title.unwrap_or(&field.name);
        let context = json!({"name": name, "title": text});
        let label = json!({"label": {"id": 1_070_002, "text": text, "type": "info", "context": context}});
        input(group, attributes, &said_of(said, &name), label)
    };
    schema.fields().into_iter().map(node).collect()
}

/// The traits that the user has.
pub(crate) fn known_traits(user: &User) -> Value {
    serde_json::from_str(&user.traits).unwrap_or_default()
}

/// The traits that a submission brings; none where it brings none.
pub(crate) fn submitted_traits(
    submission: &Submission,
    schema: &Schema,
) -> Result<Option<Value>, Box<Message>> {
    let too_large =
        || Box::new(Message::unusable("That is too much for one form.", "the traits are too large"));
    if let Some(text) = submission.given(TRAITS) {
        if text.len() > TRAITS_BYTES_MAX {
            return Err(too_large());
        }
        return Ok(Some(serde_json::from_str(text).unwrap_or_else(|_| text.into())));
    }
    let mut traits = Value::Object(Map::new());
    let (mut any, mut bytes) = (false, 0);
    for field in schema.fields() {
        let Some(text) = submission.given(&format!("{TRAITS}.{}", field.name)) else { continue };
        any = true;
        bytes += text.len();
        if let Some(value) = field.value(text) {
            put(&mut traits, &field.name, value);
        }
    }
    if bytes > TRAITS_BYTES_MAX {
        return Err(too_large());
    }
    Ok(any.then_some(traits))
}

/// Puts a value at a path of names with dots between them.
fn put(traits: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        None => traits[path] = value,
        Some((first, rest)) => {
            if !traits[first].is_object() {
                traits[first] = json!({});
            }
            put(&mut traits[first], rest, value);
        }
    }
}

/// What is wrong with traits, field by field.
pub(crate) fn faults(schema: &Schema, traits: &Value) -> FieldMessages {
    let said = |(field, fault): (String, Option<String>)| {
        let name = format!("{TRAITS}.{field}");
        let message = match fault {
            None => Message::missing(&field),
            Some(fault) => Message::unsound(&fault),
        };
        (name, message)
    };
    schema.faults(traits).into_iter().map(said).collect()
}
