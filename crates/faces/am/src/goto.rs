//! Where a `goto` may lead: a path of this host, or an address that the configuration allows.
//!
//! Everything else counts as not said. Contract am.md 3.3, last paragraph.

use adieu_http_kit::return_to::AllowList;
use url::Url;

/// Longest `goto` looked at: an authorize request with all that it may carry, percent-encoded.
const BYTES_MAX: usize = 16 * 1024;

/// The rules.
pub(crate) struct Goto {
    allowed: AllowList,
    /// The list's own default; never used, because only whole addresses are put to it.
    nowhere: Url,
}

impl Goto {
    pub(crate) fn new(allowed: &[String]) -> Self {
        let (allowed, dropped) = AllowList::new(allowed);
        for entry in dropped {
            tracing::warn!(entry = entry.entry, why = %entry.why, "an entry of am.goto_allowed is not used");
        }
        let nowhere = Url::parse("http://invalid.invalid/").expect("a constant address");
        Self { allowed, nowhere }
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
        let goto = Goto::new(&["https://app.example.test/".to_owned(), "not an address".to_owned()]);
        for good in ["/", "/enduser/?realm=/alpha", "https://app.example.test/x?y=1#z"] {
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
        ] {
            assert_eq!(goto.check(bad), None, "{bad:?}");
        }
    }
}
