//! Ids and limits on the command line: one that can be nobody's is wrong usage, and not something that was not found.
//!
//! They stay texts: the API reads them again.

use std::str::FromStr;

use adieu_authority::{EndingId, RealmId, SessionId};

fn sound<Id: FromStr>(text: &str, wanted: &str) -> Result<String, String> {
    text.parse::<Id>().map(|_| text.to_owned()).map_err(|_| wanted.to_owned())
}

/// The id of a session.
pub(super) fn session(text: &str) -> Result<String, String> {
    sound::<SessionId>(
        text,
        "the id of a session is a UUID: `adieu sessions list` shows those that there are",
    )
}

/// The id of an ending.
pub(super) fn ending(text: &str) -> Result<String, String> {
    sound::<EndingId>(text, "that is no id of an ending: `adieu endings list` shows those that there are")
}

/// How many are listed at most.
pub(super) fn limit(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|limit| *limit > 0)
        .ok_or_else(|| "a whole number from 1 on is wanted".to_owned())
}

/// The id of a realm.
pub(super) fn realm(text: &str) -> Result<String, String> {
    sound::<RealmId>(text, "the id of a realm is a UUID")
}
