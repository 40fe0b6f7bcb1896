//! Dates as the dialects write them, from seconds or milliseconds since 1970, and read where a question names one.
//!
//! Written by hand because they stand on the path of every check; tests compare with the `time` crate. Years outside 0
//! to 9999 have no form in RFC 3339 and are cut to its first and last moment. Nothing here reads the clock, and nothing allocates.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

const DAY_S: i64 = 86_400;
/// 0000-01-01T00:00:00Z.
const FIRST_S: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z.
const LAST_S: i64 = 253_402_300_799;

const WEEKDAYS: [[u8; 3]; 7] = [*b"Thu", *b"Fri", *b"Sat", *b"Sun", *b"Mon", *b"Tue", *b"Wed"];
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov",
    *b"Dec",
];

/// A date as text. It takes the place of a `String` and needs no memory of its own.
#[derive(Clone, Copy)]
pub struct DateText {
    bytes: [u8; LONGEST],
    length: usize,
}

/// `Thu, 01 Jan 1970 00:00:00 GMT`.
const LONGEST: usize = 29;

impl DateText {
    fn of<const N: usize>(written: [u8; N]) -> Self {
        let mut bytes = [0; LONGEST];
        bytes[..N].copy_from_slice(&written);
        Self { bytes, length: N }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }
}

/// The numbers of two digits.
const PAIRS: [[u8; 2]; 100] = {
    let (mut pairs, mut n) = ([[b'0'; 2]; 100], 0);
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// The last two digits. Divisors are constants here: a division by any other number costs as much as the rest of a date.
fn two(number: u32) -> [u8; 2] {
    PAIRS[(number % 100) as usize]
}

impl AsRef<[u8]> for DateText {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Deref for DateText {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(self.as_ref()).expect("digits and names of days")
    }
}

impl fmt::Display for DateText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl fmt::Debug for DateText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl Serialize for DateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl From<DateText> for serde_json::Value {
    fn from(date: DateText) -> Self {
        Self::from(&*date)
    }
}

/// `2026-11-20T20:21:31.009Z`: always three digits of a second.
#[must_use]
pub fn rfc3339_ms(unix_ms: i64) -> DateText {
    let (seconds, ms) = split(unix_ms);
    let mut text = date_time(seconds);
    let [tens, ones] = two(ms);
    for byte in [b'.', two(ms / 100)[1], tens, ones, b'Z'] {
        text.push(byte);
    }
    text
}

/// `2026-11-20T20:21:31Z`: milliseconds are cut off.
#[must_use]
pub fn rfc3339_s(unix_ms: i64) -> DateText {
    let mut text = date_time(split(unix_ms).0);
    text.push(b'Z');
    text
}

/// `2026-11-20T20:21:31.12Z`: no zeros at the end of the fraction and no empty fraction, as Go writes it.
#[must_use]
pub fn rfc3339_trimmed(unix_ms: i64) -> DateText {
    let (seconds, ms) = split(unix_ms);
    let mut text = date_time(seconds);
    if ms != 0 {
        let [tens, ones] = two(ms);
        text.push(b'.');
        text.push(two(ms / 100)[1]);
        if (tens, ones) != (b'0', b'0') {
            text.push(tens);
        }
        if ones != b'0' {
            text.push(ones);
        }
    }
    text.push(b'Z');
    text
}

/// `Thu, 01 Jan 1970 00:00:00 GMT`. RFC 9110 §5.6.7
#[must_use]
pub fn http_date(unix_s: i64) -> DateText {
    let civil = Civil::of(unix_s.clamp(FIRST_S, LAST_S));
    let [a, b, c] = WEEKDAYS[civil.weekday as usize];
    let [d, e, f] = MONTHS[civil.month_index as usize];
    let ([g, h], [i, j], [k, l]) = (two(civil.day), two(civil.year / 100), two(civil.year));
    let [m, n, o, p, q, r, s, t] = time_of_day(civil.second_of_day);
    DateText::of([
        a, b, c, b',', b' ', g, h, b' ', d, e, f, b' ', i, j, k, l, b' ', m, n, o, p, q, r, s, t, b' ', b'G',
        b'M', b'T',
    ])
}

/// Reads a moment as RFC 3339 writes it, with any offset; of its fraction three digits count, and a leap second is the next one.
/// None if it is none.
#[must_use]
pub fn read_rfc3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let (time, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (whole, fraction) = time.split_once('.').map_or((time, None), |(whole, part)| (whole, Some(part)));
    let [hour, minute, second] = numbers(whole, ':', [2, 2, 2])?;
    let days = days_of_month(year, usize::try_from(month).ok()?.checked_sub(1)?)?;
    let sound = (1..=days).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    let offset_s = match zone.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, offset) => {
            let [hours, minutes] = numbers(offset, ':', [2, 2])?;
            let offset_s = (hours * 60 + minutes) * 60;
            (hours < 24 && minutes < 60).then_some(if sign == "-" { -offset_s } else { offset_s })?
        }
    };
    let seconds = days_since_1970(year, month, day) * DAY_S + (hour * 60 + minute) * 60 + second - offset_s;
    let ms = fraction.map_or(Some(0), milliseconds)?;
    sound.then(|| seconds * 1000 + ms)
}

/// Numbers of so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let (mut parts, mut numbers) = (text.split(between), [0; N]);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        let only_digits = part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| only_digits)?;
    }
    parts.next().is_none().then_some(numbers)
}

/// The first three digits of a fraction.
fn milliseconds(fraction: &str) -> Option<i64> {
    let only_digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    format!("{fraction:0<3}").get(..3)?.parse().ok().filter(|_| only_digits)
}

fn days_of_month(year: i64, month_index: usize) -> Option<i64> {
    const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    Some(DAYS.get(month_index)? + i64::from(leap && month_index == 1))
}

/// The inverse of [`Civil::of`], from the same text: `days_from_civil`.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Whole seconds, and the milliseconds of the one that has begun.
fn split(unix_ms: i64) -> (i64, u32) {
    let unix_ms = unix_ms.clamp(FIRST_S * 1000, LAST_S * 1000 + 999);
    (unix_ms.div_euclid(1000), u32::try_from(unix_ms.rem_euclid(1000)).expect("a remainder of 1000"))
}

fn date_time(unix_s: i64) -> DateText {
    let civil = Civil::of(unix_s);
    let ([a, b], [c, d], [e, f], [g, h]) =
        (two(civil.year / 100), two(civil.year), two(civil.month_index + 1), two(civil.day));
    let [i, j, k, l, m, n, o, p] = time_of_day(civil.second_of_day);
    DateText::of([a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, k, l, m, n, o, p])
}

fn time_of_day(second: u32) -> [u8; 8] {
    let ([a, b], [c, d], [e, f]) = (two(second / 3600), two(second / 60 % 60), two(second % 60));
    [a, b, b':', c, d, b':', e, f]
}

/// A date between the first and the last moment. Its numbers are short and have no sign, because those divide fastest.
struct Civil {
    year: u32,
    month_index: u32,
    day: u32,
    weekday: u32,
    second_of_day: u32,
}

/// Days of an era of 400 years.
const ERA_DAYS: u32 = 146_097;
/// Days from 1st March of the year -400 to 1970.
const FROM_ERA_S: i64 = (719_468 + ERA_DAYS as i64) * DAY_S;

impl Civil {
    /// The date of a moment. Counts in eras of 400 years that begin with a March, so that the leap day comes last, and from the one
    /// before the first moment, so that nothing is below zero:
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    fn of(unix_s: i64) -> Self {
        let since = u64::try_from(unix_s + FROM_ERA_S).expect("no moment before the first one");
        let days = u32::try_from(since / DAY_S.unsigned_abs()).expect("no moment behind the last one");
        let second_of_day = (since % DAY_S.unsigned_abs()) as u32;
        let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months_since_march = (5 * day_of_year + 2) / 153;
        let month_index = (months_since_march + 2) % 12;
        Self {
            year: year_of_era + era * 400 + u32::from(month_index < 2) - 400,
            month_index,
            day: day_of_year - (153 * months_since_march + 2) / 5 + 1,
            // That day was a Wednesday; the names begin with the Thursday of 1970.
            weekday: (days + 6) % 7,
            second_of_day,
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
        assert_eq!(&*rfc3339_ms(ms), "2026-11-20T20:21:31.120Z");
        assert_eq!(&*rfc3339_s(ms), "2026-11-20T20:21:31Z");
        assert_eq!(&*rfc3339_trimmed(ms), "2026-11-20T20:21:31.12Z");
        assert_eq!(&*rfc3339_trimmed(ms - 20), "2026-11-20T20:21:31.1Z");
        assert_eq!(&*rfc3339_trimmed(ms - 120), "2026-11-20T20:21:31Z");
        assert_eq!(&*rfc3339_trimmed(ms - 111), "2026-11-20T20:21:31.009Z");
        assert_eq!(&*http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(&*http_date(10), "Thu, 01 Jan 1970 00:00:10 GMT");
        assert_eq!(&*http_date(ms / 1000), "Fri, 20 Nov 2026 20:21:31 GMT");
    }

    #[test]
    fn before_1970_and_at_the_ends() {
        assert_eq!(&*rfc3339_ms(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(&*rfc3339_ms(i64::MIN), "0000-01-01T00:00:00.000Z");
        assert_eq!(&*rfc3339_ms(i64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(&*http_date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(&*http_date(i64::MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
    }

    #[test]
    fn leap_days() {
        assert_eq!(&*rfc3339_s(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(&*rfc3339_s(4_107_542_400_000), "2100-03-01T00:00:00Z");
        assert_eq!(&*rfc3339_s(4_107_456_000_000), "2100-02-28T00:00:00Z");
    }

    /// Goal: what is written is read, at any day, and nothing that is no moment is.
    #[test]
    fn moments_are_read() {
        for step in 0..36_000_i64 {
            let ms = FIRST_S * 1000 + step * 8_671_000_123;
            assert_eq!(read_rfc3339(&rfc3339_ms(ms)), Some(ms), "{}", rfc3339_ms(ms));
        }
        for (text, ms) in [
            ("2026-11-20T20:21:31Z", 1_795_206_091_000),
            ("2026-11-20t20:21:31.1239z", 1_795_206_091_123),
            ("2026-11-20T21:51:31.5+01:30", 1_795_206_091_500),
            ("2026-11-20T15:21:31-05:00", 1_795_206_091_000),
            ("2028-02-29T00:00:00Z", 1_835_395_200_000),
        ] {
            assert_eq!(read_rfc3339(text), Some(ms), "{text}");
        }
        for text in [
            "",
            "T",
            "2026-11-20",
            "2026-11-20T20:21:31",
            "2026-11-20T20:21Z",
            "2026-13-01T00:00:00Z",
            "2027-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-11-00T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T20:21:31.Z",
            "2026-11-20T20:21:31Zx",
            "2026-11-20T20:21:31+1:00",
            "+026-11-20T20:21:31Z",
            "2026-11-20T20:21:31+99:00",
            "2026-11-20T20:21:3éZ",
            "2026-11-20T20:21:31é",
        ] {
            assert_eq!(read_rfc3339(text), None, "{text}");
        }
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
                (i64::from(civil.year), civil.month_index + 1, civil.day),
                (i64::from(theirs.year()), u32::from(u8::from(theirs.month())), u32::from(theirs.day())),
                "{unix_s}"
            );
            if step % 1000 == 0 && theirs.year() >= 1900 {
                assert_eq!(*rfc3339_trimmed(unix_s * 1000), theirs.format(&Rfc3339).unwrap());
                assert_eq!(*http_date(unix_s), theirs.format(&Rfc2822).unwrap().replace("+0000", "GMT"));
            }
        }
    }
}
