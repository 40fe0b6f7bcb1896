//! The schemas of endings that were, and what a question about them may name.
//!
//! What is shown and asked is in `endings::found`; tests hold the two against each other.

use adieu_authority::{Cause, ReceiptState};
use serde_json::{Value, json};

use super::notice_schemas;
use super::schemas::{
    client_id, ending_record, flag, list, named, nullable, object, reason, time, uuid, word,
};
use crate::endings::found::REACHES;

/// A part of the question, by its name in the query.
pub(super) fn queried(name: &str) -> (Value, &'static str) {
    match name {
        "realm" => (uuid(), "Only endings in this realm."),
        "user" => (
            uuid(),
            "Only endings of one session or all sessions of this user. Those of a whole realm name no user.",
        ),
        "client" => (
            client_id(),
            "Only endings of a session in which this client took part, and of all that it held. Those of many sessions name no \
             client.",
        ),
        "cause" => {
            (json!({"type": "string", "enum": Cause::ALL.map(Cause::word)}), "Only endings for this cause.")
        }
        "actor" => (
            json!({
                "type": "string",
                "pattern": "^(operator|system|other|user:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|client:[!-~]{1,255})$",
            }),
            "Only endings by this one: `operator`, `system`, `other`, or `user:` or `client:` and an id.",
        ),
        "state" => {
            let word = ReceiptState::WORDS.join("|");
            (
                json!({"type": "string", "pattern": format!("^({word})(,({word}))*$")}),
                "Only endings with a notice in this state, or in one of several with commas. A notice that is still to be made is pending.",
            )
        }
        "since" => (time(), "Only endings that were written down then or later."),
        _ => (time(), "Only endings that were written down earlier."),
    }
}

/// What an order to end something says.
pub(super) fn order() -> Value {
    let of = |target: Vec<(&'static str, Value)>| {
        let always = [("dry_run?", flag()), ("wait_s?", notice_schemas::wait()), ("reason?", reason())];
        object(target.into_iter().chain(always).collect())
    };
    let without = || ("grants?", json!({"const": false}));
    let grants = json!({
        "type": "boolean",
        "description": "Whether all that clients hold in the user's name ends, too, also what outlives its session.",
    });
    json!({
        "oneOf": [
            of(vec![("session", uuid()), without()]), of(vec![("realm", uuid()), without()]),
            of(vec![("client", client_id()), without()]), of(vec![("user", uuid()), ("except", uuid()), without()]),
            of(vec![("user", uuid()), ("grants?", grants)]),
        ],
    })
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let participant = object(vec![
        ("client", word()),
        ("joined_at", time()),
        ("issuer", word()),
        ("sub", word()),
        ("sid", word()),
    ]);
    let reach = json!({
        "type": "string", "enum": REACHES,
        "description": "What ended. Of a `forgotten_session` it is shown to nobody which one it was, nor whose. \
            `total`: all sessions of a user, and all that clients held in the user's name, also what outlives its session.",
    });
    let looked = json!({
        "type": ["string", "null"], "format": "date-time",
        "description": "When the oldest ending that this page looked at was written down; null if it looked at none.",
    });
    let found = vec![
        ("id", uuid()),
        ("written_at", time()),
        ("realm", uuid()),
        ("reach", reach),
        ("ending", ending_record()),
        ("session", nullable(uuid())),
        ("user", nullable(uuid())),
        ("client", nullable(word())),
        ("spared", nullable(uuid())),
        ("participants", list(participant, 1024)),
    ];
    let with = |notices: &str| found.iter().cloned().chain([("notices", named(notices))]).collect();
    let (told, found) = (with("Notices"), with("NoticeNumbers"));
    let next =
        json!({"type": ["string", "null"], "description": "The cursor of the next page; null at the end."});
    let page = object(vec![
        ("items", json!({"type": "array", "items": named("FoundEnding")})),
        ("next", next),
        ("looked_back_to", looked),
    ]);
    vec![("FoundEnding", object(found)), ("FoundEndings", page), ("ToldEnding", object(told))]
}
