//! The headers under which a page travels: a policy that allows the stylesheet and the form, and nothing else.
//!
//! Content Security Policy Level 3; the hash is that of the text between the style tags (§6.7.2).

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::STYLE;

static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// The policy of a page whose forms may go to these places: `'self'`, or whole addresses.
///
/// Browsers hold a redirect after the form to the same list, so a sign-on that goes on to an application names that
/// application's address, too. An entry that could end the directive is left out.
pub fn csp(form_actions: &[&str]) -> String {
    let safe = |action: &&&str| {
        !action.is_empty() && action.chars().all(|c| c.is_ascii_graphic() && !matches!(c, ';' | ','))
    };
    let mut actions: Vec<&str> = form_actions.iter().filter(safe).copied().collect();
    if actions.is_empty() {
        actions.push("'none'");
    }
    format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action {}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH,
        actions.join(" ")
    )
}

/// All headers of a page but its status and cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageHeaders {
    /// The policy; [`csp`] makes one.
    pub content_security_policy: String,
}

impl PageHeaders {
    /// Headers of a page whose forms may go to these places.
    pub fn new(form_actions: &[&str]) -> Self {
        Self { content_security_policy: csp(form_actions) }
    }

    /// Name and value of each, names in lower case.
    pub fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", &self.content_security_policy),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            // A page holds a flow or says who somebody was: neither belongs in a cache.
            ("cache-control", "no-store"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StatusPage;

    #[test]
    fn the_policy_names_the_hash_of_the_stylesheet_that_stands_in_the_page() {
        let page = StatusPage { title: "x", message: "x" }.html();
        let (_, rest) = page.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        let hash = STANDARD.encode(Sha256::digest(style));
        assert_eq!(
            csp(&["'self'", "https://app.example.org/cb"]),
            format!(
                "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self' https://app.example.org/cb; \
                 frame-ancestors 'none'; base-uri 'none'"
            )
        );
        assert!(csp(&[]).contains("form-action 'none';"));
    }

    #[test]
    fn an_address_cannot_add_a_directive() {
        let policy = csp(&[
            "https://a.test/;script-src *",
            "https://b.test/ 'unsafe-inline'",
            "x,y",
            "https://c.test",
        ]);
        assert!(policy.contains("form-action https://c.test; frame-ancestors"), "{policy}");
    }

    #[test]
    fn a_page_may_not_be_framed_sniffed_cached_or_told_of() {
        let headers = PageHeaders::new(&["'self'"]);
        let value =
            |name: &str| headers.pairs().into_iter().find(|(k, _)| *k == name).map(|(_, v)| v.to_owned());
        assert_eq!(value("x-frame-options").as_deref(), Some("DENY"));
        assert_eq!(value("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(value("referrer-policy").as_deref(), Some("no-referrer"));
        assert_eq!(value("cache-control").as_deref(), Some("no-store"));
    }
}
