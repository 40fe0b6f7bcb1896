//! The headers under which a page travels: a policy that allows the stylesheet and the form, and nothing else.
//!
//! Content Security Policy Level 3; the hash is that of the text between the style tags (§6.7.2).

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{GOES_ON, KEEPS_CODES, POSTS_ITSELF, STYLE};

static STYLE_HASH: LazyLock<String> = LazyLock::new(|| hash(STYLE));
static POSTS_HASH: LazyLock<String> = LazyLock::new(|| hash(POSTS_ITSELF));
static ONWARD_HASH: LazyLock<String> = LazyLock::new(|| hash(GOES_ON));
static CODES_HASH: LazyLock<String> = LazyLock::new(|| hash(KEEPS_CODES));

/// The hash of a text that stands in a page, as policies name it.
pub(crate) fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// How a policy names the place of an address that a form leads to: its origin. What has none that a policy can name, because its
/// host is an IPv6 address or it belongs to an application on this machine, is named by its scheme.
pub fn form_action_of(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once(':') else { return String::new() };
    let host = rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let named = |host: &&str| !host.is_empty() && !host.starts_with('[');
    match host.filter(named) {
        Some(host) if ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
            format!("{scheme}://{host}")
        }
        Some(_) | None => format!("{scheme}:"),
    }
}

/// The policy of a page whose forms may go to these places: `'self'`, or whole addresses.
///
/// Browsers hold a redirect after the form to the same list, so a sign-on that goes on to an application names that
/// application's address, too. An entry that could end the directive is left out.
pub fn csp(form_actions: &[&str]) -> String {
    policy("", form_actions)
}

/// Whether a text can be an entry of a directive, and no more than that.
fn is_plain(entry: &str) -> bool {
    !entry.is_empty() && entry.chars().all(|c| c.is_ascii_graphic() && !matches!(c, ';' | ','))
}

fn policy(further: &str, form_actions: &[&str]) -> String {
    let mut actions: Vec<&str> = form_actions.iter().filter(|action| is_plain(action)).copied().collect();
    if actions.is_empty() {
        actions.push("'none'");
    }
    format!(
        "default-src 'none'; style-src 'sha256-{}'; {further}form-action {}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH,
        actions.join(" ")
    )
}

/// All headers of a page but its status and cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageHeaders {
    /// The policy; [`csp`] makes one.
    pub content_security_policy: String,
    /// After how many seconds a browser goes where, if the page leads somewhere by itself.
    pub refresh: Option<String>,
    /// Whether the page's own origin is told where its forms come from; no other one ever is.
    pub says_origin_at_home: bool,
}

impl PageHeaders {
    /// Headers of a page whose forms may go to these places.
    pub fn new(form_actions: &[&str]) -> Self {
        Self::under(csp(form_actions))
    }

    /// Headers of a page that posts its form to this place by its script.
    pub(crate) fn posting_itself(form_action: &str) -> Self {
        let scripts = format!("script-src 'sha256-{}'; ", *POSTS_HASH);
        Self::under(policy(&scripts, &[form_action]))
    }

    /// Headers of a page with codes, whose script copies and prints them.
    pub fn keeping_codes(form_actions: &[&str]) -> Self {
        let scripts = format!("script-src 'sha256-{}'; ", *CODES_HASH);
        Self::under(policy(&scripts, form_actions))
    }

    /// Headers of a page that leads on to an address by itself, at once.
    pub fn leading_on(address: &str) -> Self {
        Self { refresh: Some(format!("0; url={address}")), ..Self::new(&[]) }
    }

    /// Headers of the page after a sign-off, with frames of these addresses.
    pub(crate) fn after_sign_off(frames: &[&str], goes_on: bool, refresh: Option<(u32, &str)>) -> Self {
        let mut origins: Vec<String> = Vec::new();
        for origin in frames.iter().map(|address| form_action_of(address)) {
            // A scheme alone would let any place be framed: what no policy can name is not.
            if !origins.contains(&origin) && origin.contains("://") && is_plain(&origin) {
                origins.push(origin);
            }
        }
        let mut further = String::new();
        if goes_on {
            further.push_str(&format!("script-src 'sha256-{}'; ", *ONWARD_HASH));
        }
        if !origins.is_empty() {
            further.push_str(&format!("frame-src {}; ", origins.join(" ")));
        }
        let refresh = refresh.map(|(after_s, address)| format!("{after_s}; url={address}"));
        Self { refresh, ..Self::under(policy(&further, &[])) }
    }

    const fn under(content_security_policy: String) -> Self {
        Self { content_security_policy, refresh: None, says_origin_at_home: false }
    }

    /// The same of a page whose form has no token and is told apart by where it comes from: by `no-referrer` browsers keep that for
    /// themselves (`Origin: null`, Fetch §3.2.5), and older ones have no `Sec-Fetch-Site`.
    #[must_use]
    pub fn saying_origin_at_home(self) -> Self {
        Self { says_origin_at_home: true, ..self }
    }

    /// Name and value of each, names in lower case.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let always = [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", &self.content_security_policy),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", if self.says_origin_at_home { "same-origin" } else { "no-referrer" }),
            // A page holds a flow or says who somebody was: neither belongs in a cache.
            ("cache-control", "no-store"),
        ];
        always.into_iter().chain(self.refresh.as_deref().map(|refresh| ("refresh", refresh)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StatusPage;

    #[test]
    fn the_policy_names_the_hash_of_the_stylesheet_that_stands_in_the_page() {
        let page = StatusPage { title: "x", message: "x", sign_off: None, links: &[] }.html();
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
    fn a_place_is_named_by_its_origin_or_by_its_scheme() {
        for (address, named) in [
            ("https://app.example.test/cb?x=1", "https://app.example.test"),
            ("http://127.0.0.1:61023/cb", "http://127.0.0.1:61023"),
            ("https://app.example.test?x", "https://app.example.test"),
            ("http://[::1]:8080/cb", "http:"),
            ("com.example.app:/back", "com.example.app:"),
            ("exp://native.example.test/--/cb", "exp:"),
            ("/console", ""),
        ] {
            assert_eq!(form_action_of(address), named, "{address}");
        }
    }

    /// H6-12: what has no origin that a policy can name is framed by no page, and opens none for others.
    #[test]
    fn a_scheme_alone_is_no_place_of_frames() {
        let headers = PageHeaders::after_sign_off(&["http://[::1]:8080/out", "app:/out"], false, None);
        assert!(!headers.content_security_policy.contains("frame-src"), "{headers:?}");
        let both = ["http://[::1]:8080/out", "https://shop.example.test/out"];
        let headers = PageHeaders::after_sign_off(&both, false, None);
        assert!(
            headers.content_security_policy.contains("frame-src https://shop.example.test; "),
            "{headers:?}"
        );
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
        let value = |name: &str| headers.pairs().find(|(k, _)| *k == name).map(|(_, v)| v.to_owned());
        assert_eq!(value("x-frame-options").as_deref(), Some("DENY"));
        assert_eq!(value("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(value("referrer-policy").as_deref(), Some("no-referrer"));
        assert_eq!(value("cache-control").as_deref(), Some("no-store"));
    }
}
