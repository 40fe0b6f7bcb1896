//! The request that a proxy asks about: what kind it is, and where it was on the way to, for the way back after a sign-on.
//!
//! Only a trusted proxy is believed about it; the sign-on page decides whether it leads there. Traefik says it in
//! `X-Forwarded-…` headers, Envoy puts the path below ours.

use adieu_http_kit::accept;
use adieu_http_kit::client::Via;
use adieu_http_kit::form::append_query;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};

/// Longer addresses are not carried along; the sign-on then ends on its own page.
const ADDRESS_BYTES_MAX: usize = 2048;

/// The header in which proxies say the method of the request that they ask about.
const METHOD: &str = "x-forwarded-method";

/// Whether a browser goes to a page. Only such a request can be sent elsewhere: a script that follows would take the sign-on page
/// for its answer, and what a form has posted would be lost.
pub(crate) fn is_a_page(parts: &Parts) -> bool {
    let text = |name: &str| text(&parts.headers, name);
    // A caller that names another method loses the address that the 401 would have had, and gains nothing by it.
    let mut said = parts.headers.get_all(METHOD).iter();
    let reads = [Method::GET, Method::HEAD].contains(&parts.method)
        && said.all(|method| ["GET", "HEAD"].iter().any(|reading| method == reading));
    // Browsers say what a request is for (Fetch Metadata §2.2), and libraries for scripts have their own word.
    let goes = text("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    let script = text("x-requested-with").is_some_and(|with| with.eq_ignore_ascii_case("XMLHttpRequest"));
    reads && goes && !script && accept::names_html(&parts.headers)
}

/// Whether a browser asks if a page of another origin may send a request. It carries no credential and reads nothing. Fetch §3.3.2
///
/// The request itself has to be such a question, or a trusted proxy that always asks by `GET` says so, where the installation has
/// such proxies (`said_by_proxy`): one that keeps the method hands on a client's header as it is.
pub(crate) fn is_preflight(parts: &Parts, said_by_proxy: bool) -> bool {
    let said = || parts.extensions.get::<Via>()?.method.as_deref();
    let by_proxy =
        || said_by_proxy && parts.method == Method::GET && said() == Some(Method::OPTIONS.as_str());
    let asks = [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD].iter().all(|name| parts.headers.contains_key(name));
    asks && (parts.method == Method::OPTIONS || by_proxy())
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
    let path = match &via.uri {
        Some(path) => path.clone(),
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
        Some(Via { https, host: host.map(str::to_owned), ..Via::default() })
    }

    /// A trusted proxy that says this of the request it asks about.
    fn saying(method: Option<&str>, uri: Option<&str>) -> Option<Via> {
        let (method, uri) = (method.map(str::to_owned), uri.map(str::to_owned));
        Some(Via { https: Some(false), host: Some("app.test:81".into()), method, uri })
    }

    #[test]
    fn the_way_back_is_what_a_trusted_proxy_says() {
        let back = |parts: &Parts| sign_on_address(SIGN_ON, parts, "/b");
        assert_eq!(
            back(&parts(&[], saying(None, Some("/a?b=c&d")))),
            format!("{SIGN_ON}&return_to=http%3A%2F%2Fapp.test%3A81%2Fa%3Fb%3Dc%26d")
        );
        assert_eq!(
            back(&parts(&[("host", "app.test")], via(None, None))),
            format!("{SIGN_ON}&return_to=https%3A%2F%2Fapp.test%2Fb%3Fc%3Dd")
        );
        let forged = [("host", "app.test"), ("x-forwarded-uri", "/a?b=c&d")];
        assert_eq!(back(&parts(&forged, None)), SIGN_ON, "nobody trusted said so");
        assert!(back(&parts(&forged, via(None, None))).ends_with("%2Fb%3Fc%3Dd"), "the proxy did not say so");
        assert_eq!(back(&parts(&[], via(None, None))), SIGN_ON, "no host");
    }

    #[test]
    fn odd_addresses_are_not_carried_along() {
        let long = format!("/{}", "a".repeat(3000));
        for uri in ["", "a", "@evil.test/", ":80", "http://evil.test/", "/a b", &long] {
            let odd = parts(&[], saying(None, Some(uri)));
            assert_eq!(sign_on_address(SIGN_ON, &odd, ""), SIGN_ON, "{uri:.20}");
        }
        let odd = parts(&[("host", "user@evil.test")], via(None, None));
        assert_eq!(sign_on_address(SIGN_ON, &odd, ""), SIGN_ON);
    }

    /// F-30: a client's own word for its method counts nowhere.
    #[test]
    fn a_preflight_is_one_by_its_own_method_or_by_a_proxys_word() {
        let asks = [("origin", "https://app.test"), ("access-control-request-method", "POST")];
        let forged = [asks[0], asks[1], ("x-forwarded-method", "OPTIONS")];
        let proxy = |method| saying(Some(method), None);
        for (method, headers, via, by_proxy, passes) in [
            (Method::OPTIONS, &asks[..], None, false, true),
            (Method::OPTIONS, &asks[..], via(None, None), true, true),
            (Method::GET, &asks[..], proxy("OPTIONS"), true, true),
            (Method::GET, &asks[..], proxy("OPTIONS"), false, false), // It keeps the method: this is a client's word.
            (Method::POST, &asks[..], proxy("OPTIONS"), true, false), // Likewise.
            (Method::GET, &asks[..], proxy("POST"), true, false),
            (Method::GET, &asks[..], via(None, None), true, false),
            (Method::GET, &forged[..], via(None, None), true, false), // Another style, or two lines.
            (Method::GET, &forged[..], None, true, false),            // Nobody trusted.
            (Method::OPTIONS, &asks[..1], None, false, false),        // It asks for no method.
        ] {
            let mut asked = parts(headers, via);
            asked.method = method;
            assert_eq!(is_preflight(&asked, by_proxy), passes, "{asked:?}, {by_proxy}");
        }
    }

    #[test]
    fn only_a_page_that_is_read_is_sent_elsewhere() {
        for (headers, page) in [
            (&[("accept", "text/html,*/*")][..], true),
            (&[("accept", "text/html"), ("x-forwarded-method", "POST")], false),
            (&[("accept", "text/html"), ("x-forwarded-method", "HEAD")], true),
            (&[("accept", "text/html"), ("sec-fetch-mode", "navigate")], true),
            (&[("accept", "text/html"), ("x-requested-with", "com.example.app")], true),
            (&[("accept", "text/html"), ("sec-fetch-mode", "cors")], false),
            (&[("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")], false),
            (&[("accept", "application/json, text/html;q=0")], false),
            (&[("accept", "application/json")], false),
            (&[("accept", "*/*")], false),
            (&[], false),
        ] {
            assert_eq!(is_a_page(&parts(headers, None)), page, "{headers:?}");
        }
    }
}
