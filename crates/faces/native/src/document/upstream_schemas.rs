//! The schemas of upstream providers.
//!
//! What is shown and read is in `upstreams`; tests hold the two against each other.

use serde_json::{Value, json};

use super::schemas::{flag, list, named, object, text, time, uuid, word};

fn sound() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-\\[\\]-~]+$"})
}

fn name() -> Value {
    json!({
        "type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$",
        "description": "Its name in addresses and commands; it never changes.",
    })
}

fn issuer() -> Value {
    json!({
        "type": "string", "maxLength": 512,
        "description": "Its issuer identifier, exactly as it names itself; it never changes.",
    })
}

fn about(mut schema: Value, words: &str) -> Value {
    schema["description"] = words.into();
    schema
}

fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// What may be said of one, and changed.
fn changeable() -> Vec<(&'static str, Value)> {
    let secret = json!({"type": ["string", "null"], "minLength": 1, "maxLength": 512, "pattern": "^[ -~]+$"});
    vec![
        ("client_secret?", about(secret, "What proves that; null for a client that has none.")),
        ("scopes?", list(sound(), 20)),
        ("creates_users?", about(flag(), "Whether somebody to whom no link leads becomes a user.")),
        ("username_claim?", about(sound(), "The claim that becomes such a user's name.")),
        ("email_claim?", or_null(sound())),
        ("enabled?", about(flag(), "Whether anybody signs on through it.")),
    ]
}

/// All of them.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let title = || about(text(64), "Its name on the button.");
    let client = || about(sound(), "As which client it knows this installation.");
    let mut new = vec![("name", name()), ("title?", title()), ("issuer", issuer()), ("client_id", client())];
    new.extend(changeable());
    let mut change = vec![("title?", title()), ("client_id?", client())];
    change.extend(changeable());
    let upstream = object(vec![
        ("id", about(word(), "The realm's id and, behind a dot, the name.")),
        ("realm", uuid()),
        ("name", name()),
        ("title", word()),
        ("issuer", issuer()),
        ("client_id", word()),
        ("has_secret", flag()),
        ("scopes", list(word(), 20)),
        ("creates_users", flag()),
        ("username_claim", word()),
        ("email_claim", json!({"type": ["string", "null"]})),
        ("enabled", flag()),
        (
            "path",
            about(
                word(),
                "Where its addresses begin, behind the public address; `/callback` behind it is registered at the provider.",
            ),
        ),
        ("created_at", time()),
        ("updated_at", time()),
    ]);
    let sub = || json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"});
    let link = object(vec![("issuer", word()), ("sub", sub())]);
    vec![
        ("Upstream", upstream),
        ("Upstreams", super::schemas::page("Upstream")),
        ("NewUpstream", object(new)),
        ("UpstreamChange", object(change)),
        ("NewUpstreamLink", object(vec![("sub", sub()), ("user", uuid())])),
        ("UpstreamLink", link),
        (
            "UpstreamLinks",
            object(vec![("items", list(named("UpstreamLink"), 16)), ("next", json!({"type": "null"}))]),
        ),
    ]
}
