//! Ids and limits on the command line: one that can be nobody's is wrong usage, and not something that was not found.
//!
//! They stay texts: the API reads them again.

use std::str::FromStr;

use adieu_authority::{EndingId, RealmId, ReceiptState, ReceiptStates, SessionId};
use adieu_http_kit::dates;

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

/// A moment: a date and time as RFC 3339 has it, or a date alone, which is its first moment in UTC.
pub(super) fn moment(text: &str) -> Result<String, String> {
    let whole = if text.contains(['T', 't']) { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let wanted = "a date, or a date and time with its zone, is wanted: 2026-11-30 or 2026-11-30T08:00:00Z";
    dates::read_rfc3339(&whole).map(|_| whole).ok_or_else(|| wanted.to_owned())
}

/// States of notices, with commas.
pub(super) fn states(text: &str) -> Result<String, String> {
    let wanted = || format!("one of {}, or several with commas, is wanted", ReceiptState::WORDS.join(", "));
    ReceiptStates::read(text).map(|_| text.to_owned()).ok_or_else(wanted)
}

/// The id of a realm.
pub(super) fn realm(text: &str) -> Result<String, String> {
    sound::<RealmId>(text, "the id of a realm is a UUID")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_first_moment() {
        assert_eq!(moment("2026-11-30").as_deref(), Ok("2026-11-30T00:00:00Z"));
        assert_eq!(moment("2026-11-30T08:00:00+01:00").as_deref(), Ok("2026-11-30T08:00:00+01:00"));
        for wrong in ["yesterday", "2026-13-01", "2026-11-30T08:00:00", "30.11.2026", ""] {
            assert!(moment(wrong).is_err_and(|wanted| wanted.contains("2026-11-30T08:00:00Z")), "{wrong}");
        }
    }

    #[test]
    fn states_are_read_by_their_words() {
        assert!(states("pending").is_ok() && states("pending,refused,given_up,cannot_be_told").is_ok());
        for wrong in ["", "told", "pending,", "pending, refused"] {
            assert!(states(wrong).is_err_and(|wanted| wanted.contains("cannot_be_told")), "{wrong}");
        }
    }
}
