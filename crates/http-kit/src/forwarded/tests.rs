//! Stories of proxies, honest ones and forged ones.
//!
//! `10.0.0.0/8` and `2001:db8:aaaa::/48` are our own proxies throughout; everybody else is a stranger.

use http::header::HeaderValue;

use super::*;

fn trusted() -> Trusted {
    Trusted::parse(&["10.0.0.0/8".into(), "2001:db8:aaaa::/48".into()]).unwrap()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn seen(peer: &str, lines: &[(&'static str, &str)], style: Style) -> (String, Option<Via>) {
    let (peer, via) = origin(peer.parse().unwrap(), &headers(lines), &trusted(), style);
    (peer.to_string(), via)
}

/// Through one proxy of ours at 10.0.0.1, by the older headers.
fn x(lines: &[(&'static str, &str)]) -> (String, Via) {
    let (peer, via) = seen("10.0.0.1:5000", lines, Style::XForwarded);
    (peer, via.expect("a proxy"))
}

/// The same, by `Forwarded`.
fn rfc(value: &str) -> (String, Via) {
    let (peer, via) = seen("10.0.0.1:5000", &[("forwarded", value)], Style::Forwarded);
    (peer, via.expect("a proxy"))
}

fn via(https: Option<bool>, host: &str) -> Via {
    Via { https, host: (!host.is_empty()).then(|| host.to_owned()), ..Via::default() }
}

/// F-30: method and address of a request that is asked about are believed in the one style that has them, and said once.
#[test]
fn a_request_that_is_asked_about_is_described_once() {
    let said = [("x-forwarded-method", "OPTIONS"), ("x-forwarded-uri", "/a?b=c")];
    let (_, described) = x(&said);
    assert_eq!((described.method.as_deref(), described.uri.as_deref()), (Some("OPTIONS"), Some("/a?b=c")));
    let twice = [said.as_slice(), &[("x-forwarded-method", "POST"), ("x-forwarded-uri", "/d")]].concat();
    let (_, described) = x(&twice);
    assert_eq!((described.method, described.uri), (None, None));
    let (_, other_style) = seen("10.0.0.1:5000", &said, Style::Forwarded);
    assert_eq!(other_style, Some(Via::default()));
    assert_eq!(seen("192.0.2.9:5000", &said, Style::XForwarded).1, None);
}

/// H6-9: what a client wrote on the left, whatever bytes, does not hide what our proxies wrote after it.
#[test]
fn each_entry_is_read_alone() {
    let raw = |name: &'static str, value: &[u8], style| {
        let mut headers = HeaderMap::new();
        headers.append(name, HeaderValue::from_bytes(value).unwrap());
        let (peer, via) = origin("10.0.0.1:5000".parse().unwrap(), &headers, &trusted(), style);
        (peer.to_string(), via.expect("a proxy"))
    };
    let (peer, _) = raw("x-forwarded-for", b"\xff, 203.0.113.9", Style::XForwarded);
    assert_eq!(peer, "203.0.113.9");
    let (peer, said) = raw("forwarded", b"for=\"\xe4, for=203.0.113.9;proto=https", Style::Forwarded);
    assert_eq!((peer.as_str(), said.https), ("203.0.113.9", Some(true)));
    let (_, said) = raw("x-forwarded-proto", b"\x80,https", Style::XForwarded);
    assert_eq!(said.https, Some(true));
    let (_, said) = raw("x-forwarded-host", b"\xff,id.example.test", Style::XForwarded);
    assert_eq!(said.host.as_deref(), Some("id.example.test"));
    let (peer, _) = raw("x-forwarded-for", b"1.1.1.1, \xff", Style::XForwarded);
    assert_eq!(peer, "10.0.0.1:5000", "what the proxy wrote cannot be read");
}

#[test]
fn a_stranger_speaks_for_nobody() {
    let forged = [
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=1.1.1.1;proto=https"),
    ];
    for style in [Style::XForwarded, Style::Forwarded] {
        assert_eq!(seen("203.0.113.9:80", &forged, style), ("203.0.113.9:80".into(), None));
        assert_eq!(seen("[2001:db8::1]:80", &forged, style), ("[2001:db8::1]:80".into(), None));
    }
}

#[test]
fn a_trusted_proxy_is_believed_in_its_own_headers_only() {
    let both = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=1.1.1.1;proto=https;host=evil.test")];
    assert_eq!(seen("10.0.0.1:5000", &both, Style::XForwarded), ("203.0.113.9".into(), Some(via(None, ""))));
    let both = [("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-host", "e")];
    assert_eq!(seen("10.0.0.1:5000", &both, Style::Forwarded), ("203.0.113.9".into(), Some(via(None, ""))));
}

#[test]
fn the_rightmost_stranger_is_the_client() {
    for (value, expect) in [
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9,10.0.0.2 , 10.9.9.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9:4711"),
        ("2001:db8::7, 2001:db8:aaaa::1", "2001:db8::7"),
        ("[2001:db8::7]:4711", "[2001:db8::7]:4711"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"), // From inside: the first that somebody saw.
    ] {
        assert_eq!(x(&[("x-forwarded-for", value)]).0, expect, "{value}");
    }
    // Lines of the same name are one list.
    let lines = [("x-forwarded-for", "1.1.1.1, 203.0.113.9"), ("x-forwarded-for", "10.0.0.2")];
    assert_eq!(x(&lines).0, "203.0.113.9");
    // A listener on both families shows the proxy as a mapped address.
    let mapped = seen("[::ffff:10.0.0.1]:5", &[("x-forwarded-for", "203.0.113.9")], Style::XForwarded);
    assert_eq!(mapped.0, "203.0.113.9");
}

#[test]
fn what_can_not_be_read_ends_the_reading() {
    for value in
        ["", ",", "unknown", "_hidden", "203.0.113.9:port", "203.0.113.999", "1.1.1.1,", "[::1", "\u{e4}"]
    {
        assert_eq!(x(&[("x-forwarded-for", value)]).0, "10.0.0.1:5000", "{value:?}");
    }
    assert_eq!(x(&[("x-forwarded-for", "1.1.1.1, unknown, 10.0.0.2")]).0, "10.0.0.2");
    assert_eq!(x(&[]).0, "10.0.0.1:5000");
    let long = vec!["10.0.0.2"; 100].join(", ");
    assert_eq!(x(&[("x-forwarded-for", &format!("203.0.113.9, {long}"))]).0, "10.0.0.2");
}

#[test]
fn scheme_and_host_are_those_nearest_to_the_client_that_a_proxy_of_ours_wrote() {
    let said = |list: &str, proto: &str, host: &str| {
        let lines = [("x-forwarded-for", list), ("x-forwarded-proto", proto), ("x-forwarded-host", host)];
        x(&lines).1
    };
    let one = "203.0.113.9";
    let two = "203.0.113.9, 10.0.0.2";
    assert_eq!(said(one, "https", "app.test:8443"), via(Some(true), "app.test:8443"));
    assert_eq!(said(one, "HTTP", "[2001:db8::1]"), via(Some(false), "[2001:db8::1]"));
    assert_eq!(said(one, "https, http", "evil.test, app.test"), via(Some(false), "app.test"));
    assert_eq!(said(two, "https, http", "app.test, inner.test"), via(Some(true), "app.test"));
    assert_eq!(said(two, "https", "app.test"), via(Some(true), "app.test"));
    assert_eq!(said("", "https", ""), via(Some(true), ""));
    assert_eq!(said(one, "gopher", "a b"), via(None, ""));
    assert_eq!(said(one, "", "user@app.test"), via(None, ""));
    assert_eq!(said(one, "", &"a".repeat(300)), via(None, ""));
}

#[test]
fn elements_of_the_standard_header() {
    assert_eq!(
        rfc(r#"for=1.1.1.1, For="[2001:db8::7]:4711";Proto=https;host="app.test:8443";by=_x"#),
        ("[2001:db8::7]:4711".into(), via(Some(true), "app.test:8443"))
    );
    let chain = "for=203.0.113.9;proto=https;host=app.test, for=10.0.0.2;proto=http";
    assert_eq!(rfc(chain), ("203.0.113.9".into(), via(Some(true), "app.test")));
    let silent_edge = "for=203.0.113.9, for=10.0.0.2;proto=https;host=app.test";
    assert_eq!(rfc(silent_edge), ("203.0.113.9".into(), via(Some(true), "app.test")));
    assert_eq!(rfc("for=1.1.1.1, for=unknown;proto=https"), ("10.0.0.1:5000".into(), via(Some(true), "")));
    assert_eq!(rfc("proto=https"), ("10.0.0.1:5000".into(), via(Some(true), "")));
}

#[test]
fn an_open_quotation_mark_swallows_nothing() {
    assert_eq!(rfc(r#"for="x, for=203.0.113.9"#).0, "203.0.113.9");
    assert_eq!(rfc(r#"for=1.1.1.1, for="203.0.113.9"#).0, "10.0.0.1:5000");
    for value in [
        r#"for="203.0.113.9\""#,
        r#"for="a"b""#,
        "for",
        "for=203.0.113.9;for=1.1.1.1",
        "for=203.0.113.9;",
        "for=_hidden",
        "",
    ] {
        assert_eq!(rfc(value).0, "10.0.0.1:5000", "{value}");
    }
}

#[test]
fn networks_are_addresses_or_prefixes() {
    let one = Trusted::parse(&["192.0.2.1".into()]).unwrap();
    assert!(one.contains("192.0.2.1".parse().unwrap()) && !one.contains("192.0.2.2".parse().unwrap()));
    assert!(one.contains("::ffff:192.0.2.1".parse().unwrap()));
    assert!(Trusted::parse(&[]).unwrap().is_empty());
    for bad in ["", "proxy.test", "10.0.0.0/33", "10.0.0.0/", "10.0/8"] {
        assert_eq!(Trusted::parse(&[bad.into()]), Err(NoNetwork(bad.into())));
    }
}
