//! Dates as the dialects write them, from seconds or milliseconds since 1970.
//!
//! Written by hand because they stand on the path of every check; tests compare with the `time` crate. Years outside 0
//! to 9999 have no form in RFC 3339 and are cut to its first and last moment. Nothing here reads the clock.

const DAY_S: i64 = 86_400;
/// 0000-01-01T00:00:00Z.
const FIRST_S: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z.
const LAST_S: i64 = 253_402_300_799;

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `2026-11-20T20:21:31.009Z`: always three digits of a second.
#[must_use]
pub fn rfc3339_ms(unix_ms: i64) -> String {
    let (seconds, ms) = split(unix_ms);
    let mut text = date_time(seconds);
    text.push('.');
    text.push(digit(ms / 100));
    push_two(&mut text, ms);
    text.push('Z');
    text
}

/// `2026-11-20T20:21:31Z`: milliseconds are cut off.
#[must_use]
pub fn rfc3339_s(unix_ms: i64) -> String {
    let mut text = date_time(split(unix_ms).0);
    text.push('Z');
    text
}

/// `2026-11-20T20:21:31.12Z`: no zeros at the end of the fraction and no empty fraction, as Go writes it.
#[must_use]
pub fn rfc3339_trimmed(unix_ms: i64) -> String {
    let (seconds, ms) = split(unix_ms);
    let mut text = date_time(seconds);
    if ms != 0 {
        text.push('.');
        text.push(digit(ms / 100));
        if ms % 100 != 0 {
            text.push(digit(ms / 10));
        }
        if ms % 10 != 0 {
            text.push(digit(ms));
        }
    }
    text.push('Z');
    text
}

/// `Thu, 01 Jan 1970 00:00:00 GMT`. RFC 9110 §5.6.7
#[must_use]
pub fn http_date(unix_s: i64) -> String {
    let civil = Civil::of(unix_s.clamp(FIRST_S, LAST_S));
    let mut text = String::with_capacity(29);
    text.push_str(WEEKDAYS[civil.weekday]);
    text.push_str(", ");
    push_two(&mut text, civil.day);
    text.push(' ');
    text.push_str(MONTHS[civil.month_index]);
    text.push(' ');
    push_four(&mut text, civil.year);
    text.push(' ');
    push_time(&mut text, civil.second_of_day);
    text.push_str(" GMT");
    text
}

fn split(unix_ms: i64) -> (i64, i64) {
    let unix_ms = unix_ms.clamp(FIRST_S * 1000, LAST_S * 1000 + 999);
    (unix_ms.div_euclid(1000), unix_ms.rem_euclid(1000))
}

fn date_time(unix_s: i64) -> String {
    let civil = Civil::of(unix_s);
    let mut text = String::with_capacity(24);
    push_four(&mut text, civil.year);
    text.push('-');
    push_two(&mut text, i64::try_from(civil.month_index).expect("an index below 12") + 1);
    text.push('-');
    push_two(&mut text, civil.day);
    text.push('T');
    push_time(&mut text, civil.second_of_day);
    text
}

fn push_time(text: &mut String, second_of_day: i64) {
    push_two(text, second_of_day / 3600);
    text.push(':');
    push_two(text, second_of_day / 60 % 60);
    text.push(':');
    push_two(text, second_of_day % 60);
}

/// The last four digits.
fn push_four(text: &mut String, number: i64) {
    push_two(text, number / 100);
    push_two(text, number);
}

/// The last two digits. Divisors are constants here: a division by any other number costs as much as the rest of a date.
fn push_two(text: &mut String, number: i64) {
    text.push(digit(number / 10));
    text.push(digit(number));
}

/// The last digit of a number that is not negative.
fn digit(number: i64) -> char {
    char::from(b'0' + u8::try_from(number % 10).unwrap_or_default())
}

struct Civil {
    year: i64,
    month_index: usize,
    day: i64,
    weekday: usize,
    second_of_day: i64,
}

impl Civil {
    /// The date of a moment. Counts in eras of 400 years that begin with a March, so that the leap day comes last:
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    fn of(unix_s: i64) -> Self {
        let days = unix_s.div_euclid(DAY_S);
        let from_era_zero = days + 719_468;
        let era = from_era_zero.div_euclid(146_097);
        let day_of_era = from_era_zero.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months_since_march = (5 * day_of_year + 2) / 153;
        let month_index = (months_since_march + 2) % 12;
        Self {
            year: year_of_era + era * 400 + i64::from(month_index < 2),
            month_index: usize::try_from(month_index).expect("a remainder of 12"),
            day: day_of_year - (153 * months_since_march + 2) / 5 + 1,
            weekday: usize::try_from(days.rem_euclid(7)).expect("a remainder of 7"),
            second_of_day: unix_s.rem_euclid(DAY_S),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::format_description::well_known::{Rfc2822, Rfc3339};

    use super::*;

    #[test]
    fn the_forms() {
        let ms = 1_795_206_091_120;
        assert_eq!(rfc3339_ms(ms), "2026-11-20T20:21:31.120Z");
        assert_eq!(rfc3339_s(ms), "2026-11-20T20:21:31Z");
        assert_eq!(rfc3339_trimmed(ms), "2026-11-20T20:21:31.12Z");
        assert_eq!(rfc3339_trimmed(ms - 20), "2026-11-20T20:21:31.1Z");
        assert_eq!(rfc3339_trimmed(ms - 120), "2026-11-20T20:21:31Z");
        assert_eq!(rfc3339_trimmed(ms - 111), "2026-11-20T20:21:31.009Z");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(10), "Thu, 01 Jan 1970 00:00:10 GMT");
        assert_eq!(http_date(ms / 1000), "Fri, 20 Nov 2026 20:21:31 GMT");
    }

    #[test]
    fn before_1970_and_at_the_ends() {
        assert_eq!(rfc3339_ms(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(rfc3339_ms(i64::MIN), "0000-01-01T00:00:00.000Z");
        assert_eq!(rfc3339_ms(i64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(http_date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(http_date(i64::MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
    }

    #[test]
    fn leap_days() {
        assert_eq!(rfc3339_s(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339_s(4_107_542_400_000), "2100-03-01T00:00:00Z");
        assert_eq!(rfc3339_s(4_107_456_000_000), "2100-02-28T00:00:00Z");
    }

    /// Goal: every day of the calendar agrees with the `time` crate. Method: a step of a little over a day.
    #[test]
    fn the_time_crate_agrees() {
        for step in 0..3_640_000_i64 {
            let unix_s = FIRST_S + step * 86_711;
            if unix_s > LAST_S {
                break;
            }
            let civil = Civil::of(unix_s);
            let theirs = OffsetDateTime::from_unix_timestamp(unix_s).unwrap();
            assert_eq!(
                (civil.year, civil.month_index + 1, civil.day),
                (i64::from(theirs.year()), usize::from(u8::from(theirs.month())), i64::from(theirs.day())),
                "{unix_s}"
            );
            if step % 1000 == 0 && theirs.year() >= 1900 {
                assert_eq!(rfc3339_trimmed(unix_s * 1000), theirs.format(&Rfc3339).unwrap());
                assert_eq!(http_date(unix_s), theirs.format(&Rfc2822).unwrap().replace("+0000", "GMT"));
            }
        }
    }
}
