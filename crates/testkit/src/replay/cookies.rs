//! Set-Cookie lines taken apart, and a jar that sends them back by path.
//!
//! Only as much of a browser as the scenarios need: no domains, no clock. A cookie is cleared when it says so.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

static YEAR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:19|20)\d\d\b").expect("a constant pattern that the tests compile"));

/// One Set-Cookie line.
pub(super) struct Cookie<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// By lower-case name.
    pub(super) attributes: BTreeMap<String, &'a str>,
}

impl<'a> Cookie<'a> {
    pub(super) fn parse(line: &'a str) -> Self {
        let mut parts = line.split(';').map(|part| {
            let part = part.trim();
            part.split_once('=').unwrap_or((part, ""))
        });
        let (name, value) = parts.next().unwrap_or_default();
        Self { name, value, attributes: parts.map(|(k, v)| (k.to_lowercase(), v)).collect() }
    }

    /// Whether the line removes the cookie: a life of nothing, or an end before 2020.
    pub(super) fn cleared(&self) -> bool {
        let age = self.attributes.get("max-age").map_or("1", |v| v.trim_start());
        if age.starts_with(['0', '-']) {
            return true;
        }
        let expires = self.attributes.get("expires").copied().unwrap_or_default();
        YEAR.find(expires).and_then(|y| y.as_str().parse::<u16>().ok()).is_some_and(|year| year < 2020)
    }
}

/// Cookies of one user agent: name, path and value, in the order of their first coming.
#[derive(Default)]
pub(super) struct Jar(Vec<(String, String, String)>);

impl Jar {
    /// The Cookie header for a path; `None` when no cookie belongs there.
    pub(super) fn header(&self, path: &str) -> Option<String> {
        let belongs = |at: &str| path == at || path.starts_with(&format!("{}/", at.trim_end_matches('/')));
        let sent =
            self.0.iter().filter(|(_, at, _)| belongs(at)).map(|(name, _, value)| format!("{name}={value}"));
        Some(sent.collect::<Vec<_>>().join("; ")).filter(|line| !line.is_empty())
    }

    /// Takes one Set-Cookie line.
    pub(super) fn take(&mut self, line: &str) {
        let cookie = Cookie::parse(line);
        let path = cookie.attributes.get("path").copied().filter(|p| !p.is_empty()).unwrap_or("/");
        let known = self.0.iter().position(|(name, at, _)| name == cookie.name && at == path);
        match (known, cookie.cleared()) {
            (Some(at), true) => drop(self.0.remove(at)),
            (None, true) => {}
            (Some(at), false) => cookie.value.clone_into(&mut self.0[at].2),
            (None, false) => self.0.push((cookie.name.into(), path.into(), cookie.value.into())),
        }
    }
}
