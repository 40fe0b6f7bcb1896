//! The page in a frame of an application that asks whether the session of its browser is the same still.
//!
//! It shows nothing and asks no server: its script reads one cookie, which says nothing, and answers the page around it. Pages of every
//! origin may frame it, because only whoever was given a `session_state` can ask. OpenID Connect Session Management 1.0 section 3.2.

use std::sync::LazyLock;

use askama::Template;

use crate::CHECKS_SESSION;
use crate::headers::hash;
use crate::pages::rendered;

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let script = hash(CHECKS_SESSION);
    format!("default-src 'none'; script-src 'sha256-{script}'; form-action 'none'; base-uri 'none'")
});

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "check_session.html")]
pub struct CheckSessionFrame<'a> {
    /// The name of the cookie.
    pub cookie: &'a str,
}

impl CheckSessionFrame<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }

    /// Its headers, names in lower case.
    pub fn headers() -> [(&'static str, &'static str); 6] {
        [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", POLICY.as_str()),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            // It is a page of every application's, also of one that embeds nothing else.
            ("cross-origin-resource-policy", "cross-origin"),
            ("cache-control", "public, max-age=300"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_script_that_stands_in_the_page() {
        let html = CheckSessionFrame { cookie: "\"><script>x</script>" }.html();
        assert_eq!(html.matches("<script>").count(), 1, "{html}");
        let script = html.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next());
        let policy = format!("; script-src 'sha256-{}'; ", hash(script.expect("a script")));
        let headers = CheckSessionFrame::headers();
        assert!(headers[1].1.contains(&policy), "{headers:?}");
        assert!(headers.iter().all(|(name, _)| *name != "x-frame-options"));
        assert!(!headers[1].1.contains("frame-ancestors"));
    }
}
