//! Encoded words: text outside ASCII in a header value, as AM's clients send user names and passwords.
//!
//! A word that is broken or in a charset we do not know stays as it was: the value is then simply a wrong password.
//! RFC 2047 sections 2, 4 and 6.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The value with its encoded words decoded. White space between two of them is dropped.
#[must_use]
pub fn decode(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, candidate) = rest.split_at(start);
        if let Some((word, tail)) = first_word(candidate) {
            if !(after_word && before.chars().all(|c| c == ' ' || c == '\t')) {
                text.push_str(before);
            }
            text.push_str(&word);
            (rest, after_word) = (tail, true);
        } else {
            text.push_str(&rest[..start + 2]);
            (rest, after_word) = (&candidate[2..], false);
        }
    }
    text.push_str(rest);
    text
}

/// The encoded word at the start of the text, and what follows it.
fn first_word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (body, tail) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(body).ok()?,
        "Q" | "q" => q_decoded(body)?,
        _ => return None,
    };
    let charset = charset.split('*').next().unwrap_or(charset); // RFC 2231 §5: a language may follow.
    let text = match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" => String::from_utf8(bytes).ok()?,
        "iso-8859-1" => bytes.into_iter().map(char::from).collect(),
        _ => return None,
    };
    Some((text, tail))
}

fn q_decoded(body: &str) -> Option<Vec<u8>> {
    let mut bytes = body.bytes();
    let mut decoded = Vec::with_capacity(body.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'_' => b' ',
            b'=' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b' ' => return None,
            other => other,
        });
    }
    Some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_stay() {
        for value in ["", "demo", "a=b?c", "=?", "=?=", "?=", "pass=?word", "Ch4ng3!t"] {
            assert_eq!(decode(value), value);
        }
    }

    #[test]
    fn both_encodings_are_read() {
        assert_eq!(decode("=?UTF-8?B?asO8cmdlbg==?="), "jürgen");
        assert_eq!(decode("=?utf-8?q?j=C3=BCrgen_x?="), "jürgen x");
        assert_eq!(decode("=?ISO-8859-1?Q?j=FCrgen?="), "jürgen");
        assert_eq!(decode("=?US-ASCII*en?Q?a?="), "a");
    }

    #[test]
    fn words_join_over_white_space_only() {
        assert_eq!(decode("=?UTF-8?B?YQ==?= \t =?UTF-8?B?Yg==?="), "ab");
        assert_eq!(decode("=?UTF-8?B?YQ==?= x =?UTF-8?B?Yg==?= z"), "a x b z");
        assert_eq!(decode("x =?UTF-8?B?YQ==?="), "x a");
    }

    #[test]
    fn broken_words_stay_as_they_are() {
        for value in [
            "=?UTF-8?B?!!?=",
            "=?UTF-8?B?YQ==",
            "=?UTF-8?X?YQ==?=",
            "=?KOI8-R?B?YQ==?=",
            "=?UTF-8?Q?=C3?=",
            "=?UTF-8?Q?=zz?=",
            "=?UTF-8?B?/w==?=",
        ] {
            assert_eq!(decode(value), value);
        }
        assert_eq!(decode("=?x =?UTF-8?B?YQ==?="), "=?x a");
    }
}
