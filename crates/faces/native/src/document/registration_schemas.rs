//! The schemas of tokens with which clients register themselves.
//!
//! What such a client says of itself is no part of this API: RFC 7591 has it.

use serde_json::{Value, json};

use super::schemas::{object, page, time, uuid, word};

/// All of them by name.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let clients = json!({"type": "integer", "minimum": 1, "maximum": 10_000, "description": "How many clients may register with it; 1."});
    let life = json!({"type": "integer", "minimum": 1, "maximum": 31_622_400, "description": "For how many seconds it counts; a day."});
    let token = || {
        vec![
            ("id", word()),
            ("realm", uuid()),
            ("clients_left", json!({"type": "integer", "minimum": 0})),
            ("created_at", time()),
            ("expires_at", time()),
        ]
    };
    let mut made = token();
    made.push(("token", json!({"type": "string", "description": "Shown here and nowhere else."})));
    vec![
        ("RegistrationToken", object(token())),
        ("MadeRegistrationToken", object(made)),
        ("RegistrationTokens", page("RegistrationToken")),
        ("NewRegistrationToken", object(vec![("life_s?", life), ("clients?", clients)])),
    ]
}
