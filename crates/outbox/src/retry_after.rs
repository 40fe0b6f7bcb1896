//! For how long a receiver asks to be left alone: `Retry-After`, in seconds or as a date.
//!
//! RFC 9110 sections 10.2.3 and 5.6.7, with the two obsolete forms of a date. Anything else says nothing.

use std::time::UNIX_EPOCH;

use adieu_core::{Span, Timestamp};

/// What the header's value asks for.
pub(crate) fn read(value: &str, now: Timestamp) -> Option<Span> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit ask for longer than anybody waits.
        return Some(Span::from_s(value.parse().unwrap_or(i64::MAX / 1000)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let since_1970 = date.duration_since(UNIX_EPOCH).ok()?;
    let at = Timestamp::from_ms(i64::try_from(since_1970.as_millis()).ok()?);
    Some(at.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_nothing_else() {
        let now = Timestamp::from_ms(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        for (value, expect) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("99999999999999999999", Some(i64::MAX / 1000)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:40:37 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:50:37 CET", None),
            ("Sun, 06 Nov 1994 08:50:37", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(read(value, now), expect.map(Span::from_s), "{value:?}");
        }
    }
}
