//! Where a `goto` may lead: a path of this host, an address of it, or an address that the configuration allows.
//!
//! Everything else counts as not said. Contract am.md 3.3, last paragraph.

use adieu_http_kit::return_to::AllowList;
use url::Url;

/// Longest `goto` looked at: an authorize request with all that it may carry, percent-encoded.
const BYTES_MAX: usize = 16 * 1024;

/// The rules.
pub(crate) struct Goto {
    /// Scheme, host and port of this installation.
    own: String,
    allowed: AllowList,
    /// The list's own default; never used, because only whole addresses are put to it.
    nowhere: Url,
}

impl Goto {
    /// The rules; `own` is the address of this installation, which needs no list (F-28).
    pub(crate) fn new(own: &str, allowed: &[String]) -> Self {
        let own = Url::parse(own).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let (allowed, dropped) = AllowList::new(allowed.iter().map(String::as_str).chain([own.as_str()]));
        for entry in dropped {
            tracing::warn!(entry = entry.entry, why = %entry.why, "an entry of am.goto_allowed is not used");
        }
        let nowhere = Url::parse("http://invalid.invalid/").expect("a constant address");
        Self { own, allowed, nowhere }
    }

    /// The address, if it may be gone to.
    pub(crate) fn check(&self, goto: &str) -> Option<String> {
        if goto.is_empty() || goto.len() > BYTES_MAX {
            return None;
        }
        if is_path(goto) {
            return Some(goto.to_owned());
        }
        if !goto.contains("://") {
            return None;
        }
        self.allowed.check(goto, &self.nowhere).ok().map(|address| address.as_str().to_owned())
    }
}

impl Goto {
    /// The path of an address that may be gone to, if it is one of this host.
    pub(crate) fn path_here<'g>(&self, goto: &'g str) -> Option<&'g str> {
        let path = goto.strip_prefix(self.own.as_str()).unwrap_or(goto);
        path.starts_with('/').then_some(path)
    }
}

/// A path of this host: no browser reads another host or a header line in it.
fn is_path(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'/')
        && bytes.next() != Some(b'/')
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_and_allowed_addresses_are_followed() {
        let allowed = ["https://app.example.test/".to_owned(), "not an address".to_owned()];
        let goto = Goto::new("https://id.example.test:8443", &allowed);
        let own = "https://id.example.test:8443/am/oauth2/authorize?x=1";
        for good in ["/", "/enduser/?realm=/alpha", "https://app.example.test/x?y=1#z", own] {
            assert_eq!(goto.check(good).as_deref(), Some(good));
        }
        let long = format!("/{}", "a".repeat(BYTES_MAX));
        for bad in [
            "",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "https://evil.test/",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x",
            "/a b",
            "x",
            "https://app.example.test@evil.test/",
            &long,
            "/\t/evil.test",
            "https:/app.example.test/",
            "https://id.example.test/",
            "http://id.example.test:8443/",
            "https://id.example.test:8443.evil.test/",
            "https://id.example.test:8443@evil.test/",
        ] {
            assert_eq!(goto.check(bad), None, "{bad:?}");
        }
        assert_eq!(goto.path_here(own), Some("/am/oauth2/authorize?x=1"));
        assert_eq!(goto.path_here("https://app.example.test/x"), None);
    }
}
