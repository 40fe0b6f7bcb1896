//! Who gets JSON, who gets a page.
//!
//! The negotiation is the one Kratos uses, with its literal comparison of media types, because published clients depend
//! on it: `*/*` is a browser. Contracts kratos.md 0.3 (tests N and J) and pingone.md P-32.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};

use crate::media;

const HTML: &str = "text/html";
const JSON: &str = "application/json";

/// Plain negotiation between a page and JSON: Kratos' "N". A page wins ties and the absence of `Accept`.
#[must_use]
pub fn prefers_json(headers: &HeaderMap) -> bool {
    let ranges: Vec<Range<'_>> =
        headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).flat_map(ranges).collect();
    // An offer is weighed by quality, then by how exactly a range names it; the first of two equals stays.
    let weight = |offer: &str| {
        ranges
            .iter()
            .filter(|range| range.quality > 0.0)
            .filter_map(|range| Some((range.quality, exactness(range.value, offer)?)))
            .fold((0.0, 0), |best, next| if next > best { next } else { best })
    };
    weight(JSON) > weight(HTML)
}

/// Plain negotiation, or a body declared as JSON: Kratos' "J".
#[must_use]
pub fn wants_json(headers: &HeaderMap) -> bool {
    // Quirk: the Content-Type counts on a GET too, and only without parameters. Contract kratos.md 0.3.
    headers.get(CONTENT_TYPE).is_some_and(|value| value == JSON) || prefers_json(headers)
}

/// Every media range is `application/json`; false without `Accept`. PingOne, P-32.
#[must_use]
pub fn only_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(ACCEPT).iter().peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            line.to_str().is_ok_and(|line| {
                line.split(',').all(|range| media::essence(range).eq_ignore_ascii_case(JSON))
            })
        })
}

/// Whether HTML is named among what the client reads, at a weight above zero: browsers name it when they go to a page. `*/*` names
/// nothing; programs say that.
#[must_use]
pub fn names_html(headers: &HeaderMap) -> bool {
    names(headers, HTML)
}

/// Whether a media type is named among what the client reads, at a weight above zero.
#[must_use]
pub fn names(headers: &HeaderMap, media_type: &str) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let wanted = |range: &str| {
        let weight = range.split(';').skip(1).find_map(|parameter| {
            let (name, weight) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then_some(weight)
        });
        weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
    };
    lines
        .flat_map(|line| line.split(','))
        .any(|range| media::essence(range).eq_ignore_ascii_case(media_type) && wanted(range))
}

struct Range<'a> {
    value: &'a str,
    quality: f32,
}

/// 3 for the very name, 2 for `type/*`, 1 for `*/*`.
fn exactness(range: &str, offer: &str) -> Option<u8> {
    if range == offer {
        return Some(3);
    }
    if range == "*/*" {
        return Some(1);
    }
    let kind = range.strip_suffix('*').filter(|kind| kind.ends_with('/'))?;
    offer.starts_with(kind).then_some(2)
}

/// The media ranges of a line. What is not understood ends the line, the range at fault included.
// Quirk: a parameter other than `q` is such a fault, hence `application/json; charset=utf-8` is a browser.
fn ranges(line: &str) -> impl Iterator<Item = Range<'_>> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest.take()?.trim_start();
        let (value, tail) = text.split_at(text.find(|c| !in_token(c)).unwrap_or(text.len()));
        let mut tail = tail.trim_start();
        let mut quality = 1.0;
        if let Some(parameter) = tail.strip_prefix(';') {
            let number = parameter.trim_start().strip_prefix("q=")?;
            let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
            quality = number[..end].parse().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
            tail = number[end..].trim_start();
        }
        rest = tail.strip_prefix(',');
        (!value.is_empty()).then_some(Range { value, quality })
    })
}

fn in_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(accept: &[&str], content_type: Option<&str>) -> HeaderMap {
        let accept = accept.iter().map(|line| (ACCEPT, *line));
        let lines = accept.chain(content_type.map(|value| (CONTENT_TYPE, value)));
        lines.map(|(name, value)| (name, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn every_row_of_the_contract() {
        for (accept, json) in [
            ("application/json", true),
            ("application/json, text/plain, */*", true),
            ("*/*", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("text/html, application/json", false),
            ("application/json, text/html", false),
            ("text/html;q=0.5, application/json", true),
            ("application/*", true),
            ("application/json; charset=utf-8", false),
            ("application/vnd.api+json", false),
            ("text/plain", false),
            ("garbage", false),
            ("", false),
        ] {
            let headers = with(&[accept], None);
            assert_eq!(prefers_json(&headers), json, "N {accept:?}");
            assert_eq!(wants_json(&headers), json, "J {accept:?}");
        }
        assert!(!prefers_json(&HeaderMap::new()));
        assert!(!wants_json(&HeaderMap::new()));
    }

    #[test]
    fn weights_count_and_exact_beats_wildcard() {
        for (accept, json) in [
            ("text/*, application/json", true),
            ("text/html, application/*", false),
            ("text/html;q=0.8,application/json;q=0.9", true),
            ("text/html ; q=0.9 , application/json ; q=0.8", false),
            ("application/json;q=0", false),
            ("text/html;q=0, */*", false), // Quirk: a weight of zero excludes nothing, it is not looked at.
            ("application/json;q=0.1", true),
            ("*/*;q=0.9, application/json;q=0.1", false),
            ("APPLICATION/JSON", false),
            ("application/json;q=2", false),
            ("application/json;q=x", false),
            ("text/html;level=1, application/json", false),
            ("application/json, text/html;level=1", true),
            (",application/json", false),
        ] {
            assert_eq!(prefers_json(&with(&[accept], None)), json, "{accept:?}");
        }
        assert!(
            prefers_json(&with(&["garbage;x=y", "application/json"], None)),
            "the next line still counts"
        );
    }

    #[test]
    fn a_json_body_is_a_json_request_unless_it_has_parameters() {
        let html = &["text/html"][..];
        assert!(wants_json(&with(html, Some("application/json"))));
        assert!(!prefers_json(&with(html, Some("application/json"))));
        assert!(!wants_json(&with(html, Some("application/json; charset=utf-8"))));
        assert!(!wants_json(&with(html, Some("Application/JSON"))));
    }

    #[test]
    fn a_page_is_named_and_weighs_something() {
        for (accept, named) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML ; Q=0.1", true),
            ("text/html;level=1;q=0.5", true),
            ("application/json, text/html;q=0", false),
            ("text/html; q=0.000", false),
            ("text/html;q=x", false),
            ("text/htmlx, application/json", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(names_html(&with(&[accept], None)), named, "{accept:?}");
        }
        assert!(names_html(&with(&["application/json", "text/html"], None)));
        assert!(!names_html(&HeaderMap::new()));
    }

    #[test]
    fn only_json_means_nothing_else() {
        assert!(only_json(&with(&["application/json"], None)));
        assert!(only_json(&with(&["application/json;q=0.9, Application/JSON"], None)));
        assert!(only_json(&with(&["application/json", "application/json"], None)));
        assert!(!only_json(&with(&["application/json, */*"], None)));
        assert!(!only_json(&with(&["application/json", "text/html"], None)));
        assert!(!only_json(&with(&["*/*"], None)));
        assert!(!only_json(&with(&[""], None)));
        assert!(!only_json(&HeaderMap::new()));
    }
}
