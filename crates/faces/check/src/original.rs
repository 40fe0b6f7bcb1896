//! The address that somebody was on the way to, for the way back after a sign-on.
//!
//! Only a trusted proxy is believed about it; the sign-on page decides whether it leads there. Traefik says it in
//! `X-Forwarded-…` headers, Envoy puts the path below ours.

use adieu_http_kit::client::Via;
use adieu_http_kit::form::append_query;
use http::header::{ACCEPT, HOST};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};

/// Longer addresses are not carried along; the sign-on then ends on its own page.
const ADDRESS_BYTES_MAX: usize = 2048;

/// Whether a browser wants a page to look at. Only such a request can be sent elsewhere: a script that follows would
/// take the sign-on page for its answer.
pub(crate) fn is_a_page(parts: &Parts) -> bool {
    let text = |name: &str| text(&parts.headers, name);
    let reads = match text("x-forwarded-method") {
        Some(method) => ["GET", "HEAD"].contains(&method),
        None => [Method::GET, Method::HEAD].contains(&parts.method),
    };
    reads && text(ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html"))
}

/// The sign-on address, with the way back if it is known.
pub(crate) fn sign_on_address(sign_on_url: &str, parts: &Parts, below: &str) -> String {
    match original(parts, below, sign_on_url.starts_with("https://")) {
        Some(back) => append_query(sign_on_url, "return_to", &back),
        None => sign_on_url.to_owned(),
    }
}

fn original(parts: &Parts, below: &str, https: bool) -> Option<String> {
    let via = parts.extensions.get::<Via>()?;
    let scheme = if via.https.unwrap_or(https) { "https" } else { "http" };
    let host = via.host.as_deref().or_else(|| text(&parts.headers, HOST.as_str()))?;
    let path = match text(&parts.headers, "x-forwarded-uri") {
        Some(path) => path.to_owned(),
        None if below.is_empty() => "/".to_owned(),
        None => parts.uri.query().map_or_else(|| below.to_owned(), |query| format!("{below}?{query}")),
    };
    let address = format!("{scheme}://{host}{path}");
    let sound = path.starts_with('/') && address.len() <= ADDRESS_BYTES_MAX;
    let parsed = address.parse::<Uri>().ok().filter(|_| sound)?;
    // What was put together must fall apart in the same way: no part may reach into another.
    parsed.authority().is_some_and(|all| all == host && !host.contains('@')).then_some(address)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SIGN_ON: &str = "https://id.test/login?x=1";

    fn parts(headers: &[(&str, &str)], via: Option<Via>) -> Parts {
        let mut request = Request::get("/ui/check-or-sign-on/b?c=d");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        if let Some(via) = via {
            parts.extensions.insert(via);
        }
        parts
    }

    fn via(https: Option<bool>, host: Option<&str>) -> Option<Via> {
        Some(Via { https, host: host.map(str::to_owned) })
    }

    #[test]
    fn the_way_back_is_what_a_trusted_proxy_says() {
        let traefik = [("x-forwarded-uri", "/a?b=c&d")];
        let back = |parts: &Parts| sign_on_address(SIGN_ON, parts, "/b");
        assert_eq!(
            back(&parts(&traefik, via(Some(false), Some("app.test:81")))),
            format!("{SIGN_ON}&return_to=http%3A%2F%2Fapp.test%3A81%2Fa%3Fb%3Dc%26d")
        );
        assert_eq!(
            back(&parts(&[("host", "app.test")], via(None, None))),
            format!("{SIGN_ON}&return_to=https%3A%2F%2Fapp.test%2Fb%3Fc%3Dd")
        );
        assert_eq!(back(&parts(&traefik, None)), SIGN_ON, "nobody trusted said so");
        assert_eq!(back(&parts(&[], via(None, None))), SIGN_ON, "no host");
    }

    #[test]
    fn odd_addresses_are_not_carried_along() {
        let long = format!("/{}", "a".repeat(3000));
        for uri in ["", "a", "@evil.test/", ":80", "http://evil.test/", "/a b", &long] {
            let odd = parts(&[("x-forwarded-uri", uri)], via(Some(true), Some("app.test")));
            assert_eq!(sign_on_address(SIGN_ON, &odd, ""), SIGN_ON, "{uri:.20}");
        }
        let odd = parts(&[("host", "user@evil.test")], via(None, None));
        assert_eq!(sign_on_address(SIGN_ON, &odd, ""), SIGN_ON);
    }

    #[test]
    fn only_a_page_that_is_read_is_sent_elsewhere() {
        for (headers, page) in [
            (&[("accept", "text/html,*/*")][..], true),
            (&[("accept", "text/html"), ("x-forwarded-method", "POST")], false),
            (&[("accept", "text/html"), ("x-forwarded-method", "HEAD")], true),
            (&[("accept", "application/json")], false),
            (&[("accept", "*/*")], false),
            (&[], false),
        ] {
            assert_eq!(is_a_page(&parts(headers, None)), page, "{headers:?}");
        }
    }
}
