//! `_fields`: which members of something read a client wants to see.
//!
//! A comma list of JSON pointers; what it names and is not there is left out. Contract am.md 0.7; A-41.

use serde_json::{Map, Value};

use crate::call::Call;

/// The wanted members; none means all.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<Vec<String>>);

impl Fields {
    pub(crate) fn of(call: &Call) -> Self {
        let pointers = call.params.all("_fields").flat_map(|list| list.split(',')).map(str::trim);
        Self(pointers.filter(|pointer| !matches!(*pointer, "" | "/")).map(steps).collect())
    }

    /// The object with these members only, in the order in which they were asked for.
    pub(crate) fn of_object(&self, whole: Map<String, Value>) -> Map<String, Value> {
        if self.0.is_empty() {
            return whole;
        }
        let mut picked = Map::new();
        for steps in &self.0 {
            pick(&whole, steps, &mut picked);
        }
        picked
    }
}

fn steps(pointer: &str) -> Vec<String> {
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

fn pick(whole: &Map<String, Value>, steps: &[String], picked: &mut Map<String, Value>) {
    let Some((first, rest)) = steps.split_first() else { return };
    let Some(value) = whole.get(first) else { return };
    match value {
        _ if rest.is_empty() => {
            picked.insert(first.clone(), value.clone());
        }
        Value::Object(inner) if is_there(inner, rest) => {
            let below = picked.entry(first.clone()).or_insert_with(|| Map::new().into());
            if let Value::Object(below) = below {
                pick(inner, rest, below);
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Null => {}
    }
}

fn is_there(object: &Map<String, Value>, steps: &[String]) -> bool {
    let Some((first, rest)) = steps.split_first() else { return true };
    match object.get(first) {
        Some(Value::Object(inner)) => is_there(inner, rest),
        Some(_) => rest.is_empty(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(list: &str, expect: &Value) {
        let fields = Fields(list.split(',').filter(|part| !part.is_empty()).map(steps).collect());
        let Value::Object(whole) = json!({"a": 1, "b": {"c": 2, "d": {"e": 3, "f": 5}}, "x/y": 4, "l": [1]})
        else {
            panic!("an object")
        };
        assert_eq!(Value::Object(fields.of_object(whole)).to_string(), expect.to_string(), "{list}");
    }

    #[test]
    fn members_are_picked_by_pointer_and_in_order() {
        check("", &json!({"a": 1, "b": {"c": 2, "d": {"e": 3, "f": 5}}, "x/y": 4, "l": [1]}));
        check("x~1y,a", &json!({"x/y": 4, "a": 1}));
        check("/b/d/e", &json!({"b": {"d": {"e": 3}}}));
        check("b/d/e,b/c,b/d/f", &json!({"b": {"d": {"e": 3, "f": 5}, "c": 2}}));
        check("b/d,b/d/e,b/d/nope", &json!({"b": {"d": {"e": 3, "f": 5}}}));
        check("b/c,b/d", &json!({"b": {"c": 2, "d": {"e": 3, "f": 5}}}));
        check("nope,b/nope,a/nope,l/0", &json!({}));
    }
}
