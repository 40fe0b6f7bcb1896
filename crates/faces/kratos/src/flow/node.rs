//! The nodes of a form. Contract kratos.md 3.2; the order of their members and their label numbers are wire facts.
//!
//! Which nodes a form has is its flow's business.

use serde_json::{Value, json};

use super::{Head, Message};

/// What stands beside a field.
pub(crate) fn label(id: u32, text: &str) -> Value {
    json!({"label": {"id": id, "text": text, "type": "info"}})
}

/// A field: `attributes` without the two that all have.
pub(crate) fn input(group: &str, mut attributes: Value, messages: &[&Message], meta: Value) -> Value {
    attributes["disabled"] = false.into();
    attributes["node_type"] = "input".into();
    json!({"type": "input", "group": group, "attributes": attributes, "messages": messages, "meta": meta})
}

/// The field with the anti-forgery token.
pub(crate) fn csrf_node(head: &Head) -> Value {
    let attributes = json!({"name": "csrf_token", "type": "hidden", "value": head.csrf, "required": true});
    input("default", attributes, &[], json!({}))
}

/// A button.
pub(crate) fn submit(group: &str, name: &str, value: &str, meta: Value) -> Value {
    input(group, json!({"name": name, "type": "submit", "value": value}), &[], meta)
}

/// A text to be read.
pub(crate) fn text(group: &str, id: &str, text: Value, meta: Value) -> Value {
    let attributes = json!({"text": text, "id": id, "node_type": "text"});
    json!({"type": "text", "group": group, "attributes": attributes, "messages": [], "meta": meta})
}
