//! Headers: cookies, bearer and basic credentials, media types, what a client can read, who a proxy speaks for.
//!
//! One header map of arbitrary values; what is read of it lies in it.
#![no_main]

use std::net::SocketAddr;

use adieu_http_kit::forwarded::{Style, Trusted, origin};
use adieu_http_kit::{accept, auth, cookies, encoded_words, media};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, FORWARDED};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const PROXIED: HeaderName = HeaderName::from_static("x-forwarded-for");

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        for name in [ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, FORWARDED, PROXIED] {
            headers.append(name, value.clone());
        }
    }
    for name in ["ST", "iPlanetDirectoryPro", ""] {
        let first = cookies::first(&headers, name);
        assert_eq!(first, cookies::all(&headers, name).next());
        let _ = cookies::first_any_case(&headers, name);
    }
    let _ = auth::bearer(&headers).map(encoded_words::decode);
    let _ = auth::basic(&headers);
    assert!(accept::wants_json(&headers) || !accept::prefers_json(&headers));
    let _ = (accept::only_json(&headers), media::is(&headers, "application/json"));
    let stranger: SocketAddr = ([192, 0, 2, 1], 4711).into();
    let nobody = Trusted::parse(&[]).expect("an empty list");
    for style in [Style::Forwarded, Style::XForwarded] {
        let (peer, via) = origin(stranger, &headers, &nobody, style);
        assert!(peer.0 == stranger && via.is_none(), "a stranger speaks for nobody");
        let proxies = Trusted::parse(&["192.0.2.0/24".to_owned()]).expect("a network");
        let _ = origin(stranger, &headers, &proxies, style);
    }
});
