//! JSON members by their names in any letter case, as Go's decoder takes them (F-34).
//!
//! The texts that users of Kratos know are in small letters; what a client writes otherwise is the same member. A member that is
//! written exactly so counts before the others. Free values (traits, metadata) are not touched.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// Renames the members of an object to these names, whatever case they were written in.
fn fold(object: &mut Map<String, Value>, names: &[&str]) {
    let others: Vec<String> = object.keys().filter(|key| !names.contains(&key.as_str())).cloned().collect();
    for other in others {
        let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(&other)) else { continue };
        let value = object.shift_remove(&other).unwrap_or_default();
        object.entry(*name).or_insert(value);
    }
}

/// The same for the object at a path inside a value, if there is one; an array's objects are meant one by one.
pub(crate) fn fold_at(value: &mut Value, path: &[&str], names: &[&str]) {
    match (value, path) {
        (Value::Object(object), []) => fold(object, names),
        (Value::Object(object), [first, rest @ ..]) => {
            if let Some(inner) = object.get_mut(*first) {
                fold_at(inner, rest, names);
            }
        }
        (Value::Array(items), path) => items.iter_mut().for_each(|item| fold_at(item, path, names)),
        _ => {}
    }
}

/// Members whose values are free: what names stand in them is their owner's business.
const FREE: [&str; 5] = ["traits", "metadata_public", "metadata_admin", "transient_payload", "value"];

/// A name that stands twice in an object, in two letter cases, where members are matched in any.
pub(crate) fn repeated(value: &Value) -> Option<&str> {
    match value {
        Value::Object(object) => {
            let mut seen = HashSet::new();
            object.iter().find_map(|(name, inner)| {
                let folded = name.to_ascii_lowercase();
                let inner = if FREE.contains(&folded.as_str()) { None } else { repeated(inner) };
                if seen.insert(folded) { inner } else { Some(name) }
            })
        }
        Value::Array(items) => items.iter().find_map(repeated),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The member of an object, in any letter case.
pub(crate) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let folded = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    object.get(name).or_else(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_in_two_letter_cases_is_repeated_but_in_free_values() {
        for (value, name) in [
            (json!({"State": 1, "state": 2}), Some("state")),
            (json!([{"op": 1, "value": {"A": 1, "a": 2}, "OP": 2}]), Some("OP")),
            (json!({"credentials": {"password": {"Config": 1, "config": 2}}}), Some("config")),
            (json!({"Traits": {"Name": 1, "name": 2}, "metadata_public": {"A": 1, "a": 2}}), None),
        ] {
            assert_eq!(repeated(&value), name, "{value}");
        }
    }

    #[test]
    fn names_are_matched_in_any_letter_case() {
        let Value::Object(object) =
            json!({"Traits": {"Name": 1}, "STATE": "active", "state": "inactive", "other": 2})
        else {
            unreachable!("it is written as an object");
        };
        assert_eq!(member(&object, "traits"), Some(&json!({"Name": 1})));
        let mut body = json!({"List": [Value::Object(object)]});
        fold_at(&mut body, &[], &["list"]);
        fold_at(&mut body, &["list"], &["traits", "state"]);
        assert_eq!(body, json!({"list": [{"other": 2, "state": "inactive", "traits": {"Name": 1}}]}));
    }
}
