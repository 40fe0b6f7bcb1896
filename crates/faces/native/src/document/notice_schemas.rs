//! The schemas of notices: where clients are told, what became of each notice, how receivers do.
//!
//! What is shown is in `notices`; tests hold the two against each other.

use adieu_authority::{NoticeAnswer, NoticeWait, ReceiptState, SubscriberKind};
use serde_json::{Value, json};

use super::schemas::{client_id, list, named, nullable, object, time, uuid, word};
use crate::notices::{CLIENT, RECEIPTS_MAX, WAIT_S_MAX};

/// What a client's record says of it.
pub(super) fn of_clients() -> Vec<(&'static str, Value)> {
    let address = json!({
        "type": ["string", "null"], "minLength": 1, "maxLength": 2048, "pattern": "^[!\"$-~]+$",
        "description": "Where it is told that sessions are over, by a signed token in a form: https, or http of a client with a \
            secret. Null is nowhere.",
    });
    let by_session = json!({
        "type": "boolean",
        "description": "Each notice to it names the session, also where all sessions of a user ended.",
    });
    let frame = json!({
        "type": ["string", "null"], "minLength": 1, "maxLength": 2048, "pattern": "^[!\"$-~]+$",
        "description": "Where the browser in which somebody ends their session tells it so, in a frame: of the origin of one of \
            its `redirect_uris`. Null is nowhere.",
    });
    let named = flag("That address gets the issuer and the session, as `iss` and `sid`.");
    vec![
        ("backchannel_logout_uri?", address),
        ("backchannel_logout_session_required?", by_session),
        ("frontchannel_logout_uri?", frame),
        ("frontchannel_logout_session_required?", named),
    ]
}

/// How long an order to end waits for its receivers.
pub(super) fn wait() -> Value {
    json!({
        "type": "integer", "minimum": 0, "maximum": WAIT_S_MAX,
        "description": "Answer when everybody who is told has answered, or after so many seconds; the ending is durable \
            before. Without it `notices` is null.",
    })
}

fn subscriber() -> Value {
    json!({"type": ["string", "null"], "description": "Its name, if it is a subscriber. Either this or `client` is null."})
}

/// What kind of receiver it is; of a subscriber that was removed that may be unknown.
fn kind(may_be_unknown: bool) -> Value {
    let [hook, revocation] = SubscriberKind::WORDS;
    let unknown = may_be_unknown.then_some(Value::Null);
    let words: Vec<Value> = [CLIENT, hook, revocation].map(Value::from).into_iter().chain(unknown).collect();
    json!({"enum": words})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn flag(about: &str) -> Value {
    json!({"type": "boolean", "description": about})
}

/// What a receipt waits for.
fn waits() -> Value {
    let words: Vec<Value> =
        NoticeWait::WORDS.iter().map(|word| (*word).into()).chain([Value::Null]).collect();
    json!({
        "enum": words,
        "description": "What it waits for while it is pending: `being_told`: for the answer; `due`: for its turn; `later`: for \
            `next_try_at`; `ailing`: for its receiver, which has failed since `ailing_since` and is asked sparingly; `held`: for the data folder, which was \
            restored to be tried, to take over. Null once it is settled.",
    })
}

fn receivers() -> [Value; 2] {
    let receiver = object(vec![
        ("client", nullable(client_id())),
        ("subscriber", subscriber()),
        ("kind", kind(true)),
        (
            "address",
            json!({
                "type": ["string", "null"],
                "description": "Where it is told; null where it was told before and is not any more.",
            }),
        ),
        (
            "ailing",
            flag("It has failed for a quarter of an hour and is asked sparingly until its first success."),
        ),
        (
            "asked_again_at",
            json!({
                "type": ["string", "null"], "format": "date-time",
                "description": "When an ailing one is asked again; null where that is due, and of all others.",
            }),
        ),
        ("pending", count()),
        ("failing_since", nullable(time())),
        ("failures", count()),
        ("last_success_at", nullable(time())),
        ("last_latency_ms", json!({"type": ["integer", "null"]})),
        ("last_failure_at", nullable(time())),
        ("last_failure", nullable(word())),
    ]);
    let page = object(vec![
        ("items", json!({"type": "array", "items": named("Receiver")})),
        (
            "next",
            json!({"type": ["string", "null"], "description": "The cursor of the next page; null at the end."}),
        ),
    ]);
    [receiver, page]
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let state = json!({
        "type": "string", "enum": ReceiptState::WORDS,
        "description": "`refused`: the receiver answered that the message is wrong for it, and is not asked again. `given_up`: it was \
            tried for a day, or somebody gave it up. `cannot_be_told`: it has no address, or knows people by what this one has not.",
    });
    let outcome = json!({
        "type": "string",
        "enum": [
            "status", "timed_out", "unreachable", "certificate_refused", "address_refused", "no_address", "not_composed",
        ],
        "description": "`certificate_refused`: the certificate is of no trusted authority, out of date or another host's, and nothing was \
            sent. `address_refused`: the address leads into a private network.",
    });
    debug_assert_eq!(NoticeAnswer::TimedOut.word(), "timed_out");
    let answer = object(vec![
        ("at", time()),
        ("outcome", outcome),
        ("status", json!({"type": ["integer", "null"]})),
        ("said", json!({"type": ["string", "null"], "description": "The first 2 KiB of what it said."})),
    ]);
    let receipt = object(vec![
        ("client", nullable(client_id())),
        ("subscriber", subscriber()),
        ("kind", kind(false)),
        ("state", state),
        ("issuer", nullable(word())),
        ("sub", nullable(word())),
        (
            "sid",
            json!({"type": ["string", "null"], "description": "Null where all sessions of the user are meant."}),
        ),
        ("tries", count()),
        ("waits", waits()),
        (
            "next_try_at",
            json!({
                "type": ["string", "null"], "format": "date-time",
                "description": "When it is tried next, or its ailing receiver is asked again: never a moment that is past.",
            }),
        ),
        ("ailing_since", nullable(time())),
        ("settled_at", nullable(time())),
        (
            "after_ms",
            json!({"type": ["integer", "null"], "description": "When it was confirmed, in milliseconds after the ending."}),
        ),
        ("last_answer", nullable(answer)),
    ]);
    let counts = object(ReceiptState::WORDS.map(|word| (word, count())).to_vec());
    let next = json!({"type": ["string", "null"], "description": "The cursor of the next receipts; null at the end."});
    let numbers = vec![
        ("complete", flag("Whether all who are told have their receipts; else there will be more.")),
        ("settled", flag("Whether nothing more comes of any of them.")),
        ("counts", counts),
    ];
    let receipts = [("receipts", list(named("Receipt"), RECEIPTS_MAX as usize)), ("next", next)];
    let notices = object(numbers.iter().cloned().chain(receipts).collect());
    let [receiver, page] = receivers();
    vec![
        ("Receipt", receipt),
        ("Notices", notices),
        ("NoticeNumbers", object(numbers)),
        ("Retold", object(vec![("ending", uuid()), ("notices", count())])),
        ("Receiver", receiver),
        ("Receivers", page),
    ]
}
