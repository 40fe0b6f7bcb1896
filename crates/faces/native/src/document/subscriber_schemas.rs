//! The schemas of subscribers.
//!
//! What is shown is in `subscribers`; tests hold the two against each other.

use adieu_authority::{Cause, SubjectForm, SubscriberKind};
use serde_json::{Value, json};

use super::schemas::{flag, named, nullable, object, time, uuid};
use crate::subscribers::OVERLAP_S_MAX;

fn name() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$"})
}

fn address() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 2048, "pattern": "^[!\"$-~]+$",
        "description": "https; of a webhook http, too, and of another system http on the server's own machine.",
    })
}

fn causes() -> Value {
    let words = Cause::ALL.map(Cause::word);
    json!({
        "type": "array", "items": {"enum": words}, "uniqueItems": true,
        "description": "A webhook is told of endings with these causes only; empty is all.",
    })
}

fn format() -> Value {
    json!({
        "type": "string", "enum": SubjectForm::WORDS,
        "description": "How another system knows people: a format of RFC 9493.",
    })
}

fn issuer() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 2048,
        "description": "The issuer that another system knows; with `iss_sub`, and with no other format.",
    })
}

fn secret() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 4096, "writeOnly": true,
        "description": "Of a webhook: `whsec_` and 24 to 64 bytes in base64; drawn where none is brought. Of another system: its bearer token, \
            which is always brought.",
    })
}

fn change() -> Vec<(&'static str, Value)> {
    let secret = json!({
        "type": "string", "minLength": 1, "maxLength": 4096, "writeOnly": true,
        "description": "The bearer token of another system; an address of another scheme, host or port takes it anew. A webhook's \
            secret is changed by a rotation.",
    });
    vec![
        ("address?", address()),
        ("enabled?", flag()),
        ("causes?", causes()),
        ("subject_format?", format()),
        ("issuer?", nullable(issuer())),
        ("secret?", secret),
    ]
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let kind = json!({
        "type": "string", "enum": SubscriberKind::WORDS,
        "description": "`webhook`: signed calls as Standard Webhooks has them, of every ending. `global_token_revocation`: calls to another \
            system, of users all of whose sessions ended.",
    });
    let subscriber = || {
        vec![
            ("id", name()),
            ("realm", uuid()),
            ("kind", kind.clone()),
            ("address", address()),
            ("enabled", flag()),
            ("causes", nullable(causes())),
            (
                "subject_format",
                json!({"enum": [SubjectForm::WORDS[0], SubjectForm::WORDS[1], SubjectForm::WORDS[2], null]}),
            ),
            ("issuer", nullable(issuer())),
            ("previous_secret_until", nullable(time())),
            ("created_at", time()),
            ("updated_at", time()),
        ]
    };
    let mut made = subscriber();
    made.push((
        "secret",
        json!({"type": ["string", "null"], "description": "Shown here and nowhere else; null if it was brought along."}),
    ));
    let page = object(vec![
        ("items", json!({"type": "array", "items": named("Subscriber")})),
        (
            "next",
            json!({"type": ["string", "null"], "description": "The cursor of the next page; null at the end."}),
        ),
    ]);
    let new = vec![
        ("id?", name()),
        ("kind", kind.clone()),
        ("address", address()),
        ("enabled?", flag()),
        ("causes?", causes()),
        ("subject_format?", format()),
        ("issuer?", issuer()),
        ("secret?", secret()),
    ];
    let overlap = json!({
        "type": "integer", "minimum": 0, "maximum": OVERLAP_S_MAX,
        "description": "For how long the secret before counts beside the new one, in seconds; of a webhook only. Said as 0, it ends an earlier one \
            that counts still, too.",
    });
    vec![
        ("Subscriber", object(subscriber())),
        ("MadeSubscriber", object(made)),
        ("Subscribers", page),
        ("NewSubscriber", object(new)),
        ("SubscriberChange", object(change())),
        ("SubscriberSecret", object(vec![("secret?", secret()), ("overlap_s?", overlap)])),
    ]
}
