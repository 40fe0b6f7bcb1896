//! What a `User-Agent` says about browser, system and device; for display only.
//!
//! It knows the few families that people recognise, and calls everything else by its first word or `Other`. Nothing is
//! ever decided by it.

/// A user agent taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agent<'a> {
    pub(crate) browser: &'a str,
    pub(crate) browser_version: Option<&'a str>,
    pub(crate) system: &'a str,
    pub(crate) system_version: Option<&'a str>,
    pub(crate) device: &'static str,
}

/// The mark of a browser, its name, and the mark before its version. The first that is found counts: they all
/// pretend to be one another, the newest ones last.
const BROWSERS: [(&str, &str, &str); 6] = [
    ("Edg/", "Edge", "Edg/"),
    ("OPR/", "Opera", "OPR/"),
    ("Firefox/", "Firefox", "Firefox/"),
    ("HeadlessChrome/", "Chrome", "HeadlessChrome/"),
    ("Chrome/", "Chrome", "Chrome/"),
    ("Safari/", "Safari", "Version/"),
];

/// The mark of a system, its name, the mark before its version, and the device it runs on.
const SYSTEMS: [(&str, &str, &str, &str); 6] = [
    ("iPhone", "iOS", "iPhone OS ", "iPhone"),
    ("iPad", "iOS", "CPU OS ", "iPad"),
    ("Android", "Android", "Android ", "Android"),
    ("Windows", "Windows", "Windows NT ", "PC"),
    ("Mac OS X", "Mac OS X", "Mac OS X ", "Mac"),
    ("Linux", "Linux", "", "PC"),
];

impl<'a> Agent<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let (browser, browser_version) = match BROWSERS.iter().find(|(mark, ..)| text.contains(mark)) {
            Some((_, name, version)) => (*name, after(text, version)),
            None => product(text),
        };
        let (system, system_version, device) = match SYSTEMS.iter().find(|(mark, ..)| text.contains(mark)) {
            Some((_, name, "", device)) => (*name, None, *device),
            Some((_, name, version, device)) => (*name, after(text, version), *device),
            None => ("Other", None, "Other"),
        };
        Self { browser, browser_version, system, system_version, device }
    }
}

/// The version that follows a mark.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_')).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|version| !version.is_empty())
}

/// The first product: `curl/8.9.1`.
fn product(text: &str) -> (&str, Option<&str>) {
    let first = text.split(' ').next().unwrap_or_default();
    match first.split_once('/') {
        Some((name, version)) if !name.is_empty() => (name, Some(version).filter(|v| !v.is_empty())),
        None if !first.is_empty() => (first, None),
        Some(_) | None => ("Other", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, browser: (&str, Option<&str>), system: (&str, Option<&str>), device: &str) {
        let agent = Agent::of(text);
        assert_eq!((agent.browser, agent.browser_version), browser, "{text}");
        assert_eq!(
            (agent.system, agent.system_version, agent.device),
            (system.0, system.1, device),
            "{text}"
        );
    }

    #[test]
    fn the_families_that_people_recognise() {
        check("curl/8.9.1", ("curl", Some("8.9.1")), ("Other", None), "Other");
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
            ("Safari", Some("17.4")),
            ("Mac OS X", Some("10_15_7")),
            "Mac",
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.1",
            ("Edge", Some("130.0.1")),
            ("Windows", Some("10.0")),
            "PC",
        );
    }

    #[test]
    fn rubbish_is_other() {
        for text in ["", " ", "/", "/1"] {
            check(text, ("Other", None), ("Other", None), "Other");
        }
        check("x", ("x", None), ("Other", None), "Other");
        check("\u{fffd}/\u{e4} Linux", ("\u{fffd}", Some("\u{e4}")), ("Linux", None), "PC");
    }
}
