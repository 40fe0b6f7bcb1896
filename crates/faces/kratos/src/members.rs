//! JSON members by their names in any letter case, as Go's decoder takes them (F-34).
//!
//! The texts that users of Kratos know are in small letters; what a client writes otherwise is the same member. A member that is
//! written exactly so counts before the others. Free values (traits, metadata) are not touched.

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
