//! The schemas of what there is to be, as a document: read, planned, and the plan carried out.
//!
//! The words of the document itself are described in docs/administration.md.

use serde_json::{Value, json};

use super::schemas::{flag, object, reason, uuid, word};

/// The document, the orders, and what comes of them.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let document = json!({"type": "string", "description": "TOML, as docs/administration.md describes it; at most 64 MiB."});
    let password = |place: &'static str| {
        let secret = json!({"type": "string", "minLength": 1, "maxLength": 1024, "writeOnly": true});
        object(vec![(place, word()), ("password", secret)])
    };
    let passwords = json!({
        "type": "array", "items": {"oneOf": [password("env"), password("file")]},
        "description": "First passwords and secrets of subscribers, by the variable or file in which the document says that they lie. Nothing is looked up here. A dry run with them says what is wrong with them; without, it looks at the changes only.",
    });
    let secret = object(vec![("client_id", word()), ("client_secret", word())]);
    let of_subscriber = object(vec![("id", word()), ("secret", word())]);
    let order = vec![
        ("document", document.clone()),
        ("prune?", flag()),
        ("dry_run?", flag()),
        ("passwords?", passwords.clone()),
        ("reason?", reason()),
    ];
    let changes = json!({
        "type": "array", "items": word(),
        "description": "What was changed, or would be: `+ user alice in /alpha`, one line each.",
    });
    let left = json!({"type": "integer", "minimum": 0, "description": "Changes that are still to be made."});
    let secrets_left = json!({
        "type": "integer", "minimum": 0,
        "description": "Secrets that come with the changes that are still to be made: none needs a place for them where it is 0.",
    });
    let plan = json!({
        "description": "The plan of what is left, to be carried out under its own path; null if nothing is left.",
        "anyOf": [uuid(), {"type": "null"}],
    });
    vec![
        ("Declaration", object(vec![("document", document)])),
        ("DeclareOrder", object(order)),
        ("CarryOutOrder", object(vec![("passwords?", passwords), ("reason?", reason())])),
        (
            "Declared",
            object(vec![
                ("changes", changes),
                ("left", left),
                ("plan", plan),
                (
                    "secrets",
                    json!({"type": "array", "items": secret, "description": "Of clients that were made."}),
                ),
                (
                    "subscriber_secrets",
                    json!({"type": "array", "items": of_subscriber, "description": "Of subscribers that were made: those that were drawn."}),
                ),
                ("secrets_left", secrets_left),
            ]),
        ),
    ]
}
