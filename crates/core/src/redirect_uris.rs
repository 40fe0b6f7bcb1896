//! Addresses to which a browser is sent with an answer: which may be registered, and which of them a request means.
//!
//! One rule for redirect addresses and for those after a sign-off, at every channel. Nothing here is fetched or resolved.
//! RFC 6749 §3.1.2, RFC 8252 §7 and §8.4, RFC 9700 §2.1 and §4.1.

use crate::directory::ClientAuth;

/// The longest address that may be registered, in bytes (HOME-LIMITS).
const BYTES_MAX: usize = 2048;

/// Whether a browser may be sent to this address: absolute, without a fragment, and nothing that a browser would run.
///
/// `https` and `http` need a host and name nobody. Of schemes that belong to an application only those with a dot count,
/// because they can be somebody's own (RFC 8252 §7.1); that leaves out `javascript`, `data` and all others that browsers know.
pub fn is_redirect_uri(text: &str) -> bool {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['#', '"', '<', '>', '\\']);
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    plain && text.len() <= BYTES_MAX && is_scheme(scheme) && has_place(scheme, rest)
}

/// Whether a person may be shown this address as a link: one of the web, with a host and nobody's name.
pub fn is_web_address(text: &str) -> bool {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let scheme = address.split(':').next().unwrap_or_default();
    ["https", "http"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
        && is_redirect_uri(address)
        && text.len() <= BYTES_MAX
        && fragment.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\".contains(&byte))
}

/// Whether a client that proves itself like this may be told at this address that sessions are over: one of the web, without
/// a fragment; without TLS only a confidential client (OpenID Connect Back-Channel Logout 1.0 section 2.2). Whether it leads into
/// a private network is judged when it is called.
pub fn is_notice_address(text: &str, auth: ClientAuth) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    let encrypted = scheme.eq_ignore_ascii_case("https");
    is_web_address(text) && !text.contains('#') && (encrypted || auth != ClientAuth::None)
}

/// Whether the keys of a client may be asked for at this address: one of the web, without a fragment; without TLS on this machine only
/// (RFC 7591 section 2). Whether it leads into a private network is judged when it is asked.
pub fn is_keys_address(text: &str) -> bool {
    let encrypted = text.split(':').next().unwrap_or_default().eq_ignore_ascii_case("https");
    is_web_address(text) && !text.contains('#') && (encrypted || Loopback::read(text).is_some())
}

/// Whether a browser may tell a client with these redirect addresses at this one that its session is over: an address of the web,
/// without a fragment, of the scheme, host and port of one of them (OpenID Connect Front-Channel Logout 1.0 section 2). An IPv6
/// address is none: the policy of the page that frames it has no way to name it (Content Security Policy Level 3 section 2.3.1).
pub fn is_frame_address(text: &str, redirect_uris: &[String]) -> bool {
    let known = |origin: &String| redirect_uris.iter().any(|uri| web_origin(uri).as_ref() == Some(origin));
    let framed = |origin: &String| !origin.contains("://[") && known(origin);
    is_web_address(text) && !text.contains('#') && web_origin(text).is_some_and(|origin| framed(&origin))
}

/// The origin of an address of the web, as browsers write it: in small letters, without a port that goes without saying. None for
/// other schemes, whose origins browsers keep to themselves. RFC 6454 section 6.2
pub fn web_origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let implied = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if !is_authority(authority) {
        return None;
    }
    let (host, port) = host_and_port(authority);
    let host = host.to_ascii_lowercase();
    let port = port.map(|port| port.trim_start_matches('0')).filter(|port| *port != implied);
    Some(port.map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}")))
}

/// Whether an address leads to one host, as its certificate says.
pub fn is_https(address: &str) -> bool {
    address.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))
}

/// Whether nobody on the way reads what is sent to this address of the web: by TLS, or because it stays on this machine.
pub fn is_encrypted_or_local(address: &str) -> bool {
    let Some(origin) = web_origin(address) else { return false };
    origin.strip_prefix("http://").is_none_or(is_local)
}

fn is_local(authority: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].contains(&host_and_port(authority).0)
}

/// Where an address leads, in as few words as say it to people: its host, with the port if it is neither the web's own nor one of this
/// machine, where programs take any (RFC 8252 §7.3); or a program, by its scheme, which any program of the device may take and which may look like a host (RFC 8252 §8.6).
pub fn redirect_place(address: &str) -> String {
    match web_origin(address) {
        Some(origin) => {
            let place = origin.split_once("://").map_or(origin.as_str(), |(_, place)| place);
            if is_local(place) { host_and_port(place).0.to_owned() } else { place.to_owned() }
        }
        None => {
            let (scheme, _) = address.split_once(':').unwrap_or((address, ""));
            format!("a program on this device ({}:)", scheme.to_ascii_lowercase())
        }
    }
}

/// The scheme of an address that leads to a program of the device and not to the web.
pub fn private_scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':').filter(|_| web_origin(address).is_none())?;
    Some(scheme)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn has_place(scheme: &str, rest: &str) -> bool {
    if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") {
        return rest.strip_prefix("//").is_some_and(|rest| is_authority(authority(rest)));
    }
    scheme.contains('.') && !rest.is_empty()
}

/// What stands before the path.
fn authority(rest: &str) -> &str {
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// A host, perhaps with a port, and no name of a user.
fn is_authority(text: &str) -> bool {
    let (host, port) = host_and_port(text);
    let named = match host.strip_prefix('[') {
        Some(v6) => v6.strip_suffix(']').is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok()),
        // No escapes, which two readers may read as two hosts, and no pattern: an address is compared as it stands.
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    named && port.is_none_or(is_port)
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether a request that names `asked` means the address that was `registered`: the same text, or the same address of this
/// machine at any port, where a program listens at the port that it got (RFC 8252 §7.3). The name `localhost` is no such
/// address, because it may lead elsewhere (§8.3).
fn means_redirect_uri(registered: &str, asked: &str) -> bool {
    registered == asked
        || Loopback::read(registered)
            .is_some_and(|registered| Loopback::read(asked).is_some_and(|asked| asked == registered))
}

/// Whether a code may be sent to this address of a request, by those that its client has registered. An address that was
/// registered before there was a rule is judged at its use, too.
pub fn may_redirect_to(registered: &[String], asked: &str) -> bool {
    is_redirect_uri(asked) && registered.iter().any(|known| means_redirect_uri(known, asked))
}

/// The same of the address after a sign-off, which is compared as exact text. RP-Initiated Logout 1.0 §2
pub fn may_return_to(registered: &[String], asked: &str) -> bool {
    is_redirect_uri(asked) && registered.iter().any(|known| known == asked)
}

/// An address of this machine, but for its port.
#[derive(PartialEq, Eq)]
struct Loopback<'a> {
    host: &'a str,
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let after = text.strip_prefix("http://")?;
        let authority = authority(after);
        let (host, port) = host_and_port(authority);
        let ours = ["127.0.0.1", "[::1]"].contains(&host) && port.is_none_or(is_port);
        ours.then(|| Self { host, rest: &after[authority.len()..] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Registration 1.0 §9.1: whoever is asked sees where the answer goes.
    #[test]
    fn a_place_is_a_host_or_the_scheme_of_an_application() {
        for (address, place) in [
            ("https://till.example.test/cb?x=https://bank.test", "till.example.test"),
            ("https://TILL.example.test:8443/cb", "till.example.test:8443"),
            ("HTTP://127.0.0.1:8080/cb", "127.0.0.1"),
            ("http://[::1]:80/", "[::1]"),
            ("com.example.app:/cb", "a program on this device (com.example.app:)"),
            ("com.example.app://bank.test/cb", "a program on this device (com.example.app:)"),
            ("Bank.test:/cb", "a program on this device (bank.test:)"),
        ] {
            assert_eq!(redirect_place(address), place);
            assert_eq!(is_https(address), address.starts_with("https:"));
        }
    }

    /// S-BCL-3, S-BCL-4.
    #[test]
    fn endings_are_told_at_addresses_of_the_web_and_without_tls_to_confidential_clients_only() {
        for (uri, public, confidential) in [
            ("https://shop.example.test/logout?a=b", true, true),
            ("http://shop.example.test/logout", false, true),
            ("HTTPS://shop.example.test/", true, true),
            ("https://shop.example.test/#x", false, false),
            ("https:///logout", false, false),
            ("com.example.app:/out", false, false),
            ("/logout", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_notice_address(uri, ClientAuth::None), public, "{uri}");
            assert_eq!(is_notice_address(uri, ClientAuth::Basic), confidential, "{uri}");
        }
    }

    /// S-FCL-2.
    #[test]
    fn a_browser_tells_endings_at_an_origin_of_the_client_only() {
        let registered = [
            "https://shop.example.test/cb".to_owned(),
            "http://127.0.0.1:8080/cb".into(),
            "com.example.shop:/".into(),
        ];
        for (uri, fits) in [
            ("https://shop.example.test/out", true),
            ("https://SHOP.example.test:443/out?a=b", true),
            ("http://127.0.0.1:8080/", true),
            ("http://127.0.0.1:8081/", false),
            ("http://shop.example.test/out", false),
            ("https://shop.example.test:8443/out", false),
            ("https://evil.example.test/out", false),
            ("https://shop.example.test/out#here", false),
            ("https://shop.example.test@evil.test/", false),
            ("com.example.shop:/out", false),
            ("/out", false),
            ("", false),
        ] {
            assert_eq!(is_frame_address(uri, &registered), fits, "{uri}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (address, origin) in [
            ("https://Shop.Example.test/cb?x", Some("https://shop.example.test")),
            ("https://shop.example.test:443", Some("https://shop.example.test")),
            ("http://shop.example.test:080/", Some("http://shop.example.test")),
            ("http://[::1]:8080/cb", Some("http://[::1]:8080")),
            ("https://user@shop.example.test/", None),
            ("com.example.shop://back", None),
        ] {
            assert_eq!(web_origin(address).as_deref(), origin, "{address}");
        }
    }

    /// S-RPI-20: S-20, F-18.
    #[test]
    fn addresses_are_absolute_and_nothing_that_a_browser_runs() {
        for good in [
            "https://app.example.test/cb?x=1",
            "http://127.0.0.1:8080/",
            "http://[::1]/cb",
            "https://app.example.test",
            "com.example.app:/back",
            "org.forgerock.demo://oauth2redirect",
        ] {
            assert!(is_redirect_uri(good), "{good}");
        }
        let long = format!("https://app.example.test/{}", "x".repeat(BYTES_MAX));
        for bad in [
            "",
            "nonsense",
            "/cb",
            "//app.example.test/cb",
            "javascript:alert(1)",
            "JavaScript:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://app.example.test/1",
            "myapp://cb",
            "com.example.app:",
            "https:///cb",
            "https:cb",
            "https://",
            "https://user@app.example.test/",
            "https://*.example.test/",
            "https://%6a.example.test/",
            "https://app.example.test,b.test/",
            "https://app.example.test:0/",
            "https://app.example.test:x/",
            "https://[::g]/",
            "https://app.example.test/#here",
            "https://app.example.test/\\",
            "ht tp://a",
            "1a.b://c",
            &long,
        ] {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
    }

    /// S-20: what was registered before there was a rule leads nowhere.
    #[test]
    fn an_old_address_that_a_browser_would_run_is_not_followed() {
        let registered = ["javascript:alert(1)".to_owned(), "https://app.example.test/cb".to_owned()];
        assert!(!may_redirect_to(&registered, "javascript:alert(1)"));
        assert!(!may_return_to(&registered, "javascript:alert(1)"));
        assert!(may_redirect_to(&registered, "https://app.example.test/cb"));
        assert!(may_return_to(&registered, "https://app.example.test/cb"));
        assert!(!may_return_to(&registered, "https://app.example.test/other"));
    }

    /// F-27: a program on this machine listens at the port that it got.
    #[test]
    fn an_address_of_this_machine_is_meant_at_any_port() {
        for (registered, asked, expect) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:61023/cb", true),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1:61023/cb", true),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]/cb?x=1", "http://[::1]:61023/cb?x=1", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:61023/other", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:61023/cb?x=1", false),
            ("http://127.0.0.1/cb", "http://[::1]:61023/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1@evil.test/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:61023/cb", false),
            ("http://localhost/cb", "http://localhost:61023/cb", false),
            ("http://localhost/cb", "http://localhost/cb", true),
            ("https://app.test/cb", "https://app.test:8443/cb", false),
        ] {
            assert_eq!(means_redirect_uri(registered, asked), expect, "{registered} {asked}");
        }
    }
}
