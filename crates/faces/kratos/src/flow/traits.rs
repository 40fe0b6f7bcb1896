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
/// The part of the settings in which users change their traits. What a user came without may stay away there.
const PROFILE: &str = "profile";

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
        if field.required && !hidden && (group != PROFILE || attributes.get("value").is_some()) {
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
    fields_shown(schema, known).into_iter().map(node).collect()
}

/// The fields that a form can show: an object or a list, as another dialect keeps a name, has no place in one.
pub(crate) fn fields_shown<'s>(schema: &'s Schema, known: &Value) -> Vec<TraitField<'s>> {
    let fields = schema.fields().into_iter();
    fields.filter(|field| !known.pointer(&field.pointer()).is_some_and(has_parts)).collect()
}

fn has_parts(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// The traits that the user has.
pub(crate) fn known_traits(user: &User) -> Value {
    serde_json::from_str(&user.traits).unwrap_or_default()
}

/// The traits that a submission brings.
pub(crate) enum SubmittedTraits {
    /// All of them, as JSON.
    Whole(Value),
    /// What the fields of a form say, by their names; an empty one says none.
    Fields(Vec<(String, Option<Value>)>),
}

impl SubmittedTraits {
    /// The traits as they are to be: what a form does not say, or can not show, stays as it is.
    pub(crate) fn over(&self, known: &Value) -> Value {
        let fields = match self {
            Self::Whole(traits) => return traits.clone(),
            Self::Fields(fields) => fields,
        };
        let mut traits = if known.is_object() { known.clone() } else { json!({}) };
        for (name, value) in fields.iter().filter(|(name, _)| !at(known, name).is_some_and(has_parts)) {
            match value {
                Some(value) => put(&mut traits, name, value.clone()),
                None => take(&mut traits, name),
            }
        }
        traits
    }

    /// What a form says of members that it can not show: whoever fills in one without having seen it would destroy it.
    pub(crate) fn unshown(&self, known: &Value) -> Option<Message> {
        let Self::Fields(fields) = self else { return None };
        let (name, _) =
            fields.iter().find(|(name, value)| value.is_some() && at(known, name).is_some_and(has_parts))?;
        Some(Message::unsound(&format!("{name} has parts, which this form can not change")))
    }
}

/// The traits that a submission brings; none where it brings none.
pub(crate) fn submitted_traits(
    submission: &Submission,
    schema: &Schema,
) -> Result<Option<SubmittedTraits>, Box<Message>> {
    let too_large =
        || Box::new(Message::unusable("That is too much for one form.", "the traits are too large"));
    if let Some(text) = submission.given(TRAITS) {
        if text.len() > TRAITS_BYTES_MAX {
            return Err(too_large());
        }
        let traits = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        return Ok(Some(SubmittedTraits::Whole(traits)));
    }
    let given = |field: &TraitField<'_>| {
        let text = submission.given(&format!("{TRAITS}.{}", field.name))?;
        Some((text.len(), (field.name.clone(), field.value(text))))
    };
    let (bytes, fields): (Vec<usize>, Vec<_>) = schema.fields().iter().filter_map(given).unzip();
    if bytes.iter().sum::<usize>() > TRAITS_BYTES_MAX {
        return Err(too_large());
    }
    Ok(Some(fields).filter(|fields| !fields.is_empty()).map(SubmittedTraits::Fields))
}

fn at<'t>(traits: &'t Value, path: &str) -> Option<&'t Value> {
    path.split('.').try_fold(traits, |value, name| value.get(name))
}

/// Takes the value at a path away, and what is empty because of it.
fn take(traits: &mut Value, path: &str) {
    let Some(object) = traits.as_object_mut() else { return };
    match path.split_once('.') {
        None => drop(object.shift_remove(path)),
        Some((first, rest)) => {
            let Some(inner) = object.get_mut(first) else { return };
            take(inner, rest);
            if inner.as_object().is_some_and(Map::is_empty) {
                object.shift_remove(first);
            }
        }
    }
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
pub(crate) fn faults(schema: &Schema, before: Option<&Value>, traits: &Value) -> FieldMessages {
    let said = |(field, fault): (String, Option<String>)| {
        let name = format!("{TRAITS}.{field}");
        let message = match fault {
            None => Message::missing(&field),
            Some(fault) => Message::unsound(&fault),
        };
        (name, message)
    };
    schema.faults(before, traits).into_iter().map(said).collect()
}
