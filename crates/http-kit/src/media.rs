//! Media types: what a `Content-Type` names, apart from its parameters.
//!
//! Type and subtype are compared without regard to letter case. Nothing is guessed from a body.
//! RFC 9110 section 8.3.1.

use http::header::{CONTENT_TYPE, HeaderMap};

/// A media type taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype` in small letters.
    pub essence: String,
    /// The parameters in their order: names in small letters, values without quotation marks.
    pub params: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a media type; `None` when it has no type and subtype.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, subtype) = essence(text).split_once('/')?;
        if [kind, subtype].iter().any(|part| part.is_empty() || part.contains([' ', '\t', '/', '"'])) {
            return None;
        }
        let params = parts(text).skip(1).filter_map(|param| {
            let (name, value) = param.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
        });
        Some(Self { essence: essence(text).to_ascii_lowercase(), params: params.collect() })
    }

    /// The first parameter of that name, given in small letters.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Whether the request's `Content-Type` is this one, whatever its parameters.
#[must_use]
pub fn is(headers: &HeaderMap, expected: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| essence(value).eq_ignore_ascii_case(expected))
}

/// What stands before the parameters, without spaces around it.
pub(crate) fn essence(text: &str) -> &str {
    text.split(';').next().unwrap_or(text).trim_matches([' ', '\t'])
}

/// Splits at `;`, but not between quotation marks.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let (was_escaped, ends) = (escaped, c == ';' && !quoted);
        escaped = quoted && c == '\\' && !was_escaped;
        quoted ^= c == '"' && !was_escaped;
        ends
    })
}

fn unquoted(value: &str) -> String {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        None => value.to_owned(),
        Some(inner) => {
            let mut escaped = false;
            let keep = |c: &char| {
                escaped = *c == '\\' && !escaped;
                !escaped
            };
            inner.chars().filter(keep).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn parameters_and_letter_case_do_not_matter() {
        let order = "application/vnd.pingidentity.session.revoke+json";
        for value in [order, &order.to_uppercase(), &format!(" {order} ;charset=UTF-8"), &format!("{order};")]
        {
            assert!(is(&with(value), order), "{value}");
        }
        for value in ["application/json", "", ";", "application/vnd.pingidentity.session.revoke"] {
            assert!(!is(&with(value), order), "{value}");
        }
        assert!(!is(&HeaderMap::new(), order));
    }

    #[test]
    fn parameters_are_taken_apart() {
        let media = MediaType::parse("Multipart/Form-Data; Boundary=\"a;b \\\"c\\\\\"; x=1;;y").unwrap();
        assert_eq!(media.essence, "multipart/form-data");
        assert_eq!(media.param("boundary"), Some("a;b \"c\\"));
        assert_eq!(media.param("x"), Some("1"));
        assert_eq!(media.param("y"), None);
    }

    #[test]
    fn what_is_no_media_type() {
        for text in ["", "json", "/", "a/", "/b", "a b/c", "a/b/c", "; charset=x"] {
            assert_eq!(MediaType::parse(text), None, "{text:?}");
        }
    }
}
