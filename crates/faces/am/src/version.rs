//! `Accept-API-Version`: which version of a resource serves a request, and which protocol it speaks.
//!
//! Pure grammar and choice; what a refusal looks like is `error.rs`. Contract am.md 0.5.

use http::{HeaderMap, HeaderName};

use crate::settings::VersionDefault;

const HEADER: HeaderName = HeaderName::from_static("accept-api-version");

/// `major.minor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(pub(crate) u32, pub(crate) u32);

/// A version that a resource has, with its words for `Content-API-Version`.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) version: ApiVersion,
    pub(crate) header: &'static str,
}

/// What a request asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedVersion {
    pub(crate) resource: Option<ApiVersion>,
    pub(crate) protocol: Option<ApiVersion>,
}

/// Why a request's words about versions cannot be followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableVersion {
    /// The header cannot be read.
    #[error("Version string is in an invalid format: {0}")]
    Malformed(String),
    /// A protocol we do not speak, by its major number.
    #[error("Unsupported major version: {0}")]
    ProtocolMajor(ApiVersion),
    /// A protocol we do not speak, by its minor number.
    #[error("Unsupported minor version: {0}")]
    ProtocolMinor(ApiVersion),
}

/// The version that serves a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub(crate) registered: &'static Registered,
    /// Whether the request asked for it, or was given it for want of a word.
    pub(crate) asked: bool,
}

/// Why no version serves a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unserved {
    /// The resource has no such version.
    NoSuch,
    /// The request names none, and this installation wants one.
    NotNamed,
}

impl Served {
    /// Whether the served version is of this major number or a later one.
    pub(crate) fn since(self, major: u32) -> bool {
        self.registered.version.0 >= major
    }
}

impl AskedVersion {
    /// Reads the header. An empty one counts as none.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, UnusableVersion> {
        let mut lines = headers.get_all(HEADER).iter().map(|v| String::from_utf8_lossy(v.as_bytes()));
        let Some(mut text) = lines.next() else { return Ok(Self::default()) };
        for line in lines {
            text.to_mut().push(',');
            text.to_mut().push_str(&line);
        }
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let wanted = Self::parse(&text).ok_or_else(|| UnusableVersion::Malformed(text.into_owned()))?;
        match wanted.protocol {
            Some(protocol) if !(1..=2).contains(&protocol.0) => Err(UnusableVersion::ProtocolMajor(protocol)),
            // AIC knows 2.2; 1.1 is served like 1.0.
            Some(protocol) if protocol.1 > protocol.0 => Err(UnusableVersion::ProtocolMinor(protocol)),
            Some(_) | None => Ok(wanted),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut wanted = Self::default();
        for part in text.split(',') {
            let (name, version) = part.trim().split_once('=')?;
            let slot = match name {
                "resource" => &mut wanted.resource,
                "protocol" => &mut wanted.protocol,
                _ => return None,
            };
            if slot.replace(ApiVersion::parse(version)?).is_some() {
                return None;
            }
        }
        Some(wanted)
    }

    /// The highest registered version of the same major number that is not older than the asked one.
    pub(crate) fn serve(
        self,
        registered: &'static [Registered],
        default: VersionDefault,
    ) -> Result<Served, Unserved> {
        let Some(wanted) = self.resource else {
            let registered = match default {
                VersionDefault::Latest => registered.last(),
                VersionDefault::Oldest => registered.first(),
                VersionDefault::None => None,
            };
            let registered = registered.ok_or(Unserved::NotNamed)?;
            return Ok(Served { registered, asked: false });
        };
        let fits = |r: &&Registered| r.version.0 == wanted.0 && r.version.1 >= wanted.1;
        let registered = registered.iter().rev().find(fits).ok_or(Unserved::NoSuch)?;
        Ok(Served { registered, asked: true })
    }

    /// Whether the caller speaks at least this protocol. One who does not say speaks the newest.
    pub(crate) fn protocol_since(self, version: ApiVersion) -> bool {
        self.protocol.is_none_or(|protocol| protocol >= version)
    }
}

impl ApiVersion {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Some(Self(number(major)?, number(minor)?))
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Digits only; more of them than any version has are still a number, which nothing has.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    static SESSIONS: [Registered; 3] = [
        Registered { version: ApiVersion(1, 2), header: "resource=1.2" },
        Registered { version: ApiVersion(3, 2), header: "resource=3.2" },
        Registered { version: ApiVersion(5, 1), header: "resource=5.1" },
    ];

    fn wanted(lines: &[&str]) -> Result<AskedVersion, UnusableVersion> {
        let headers = lines.iter().map(|line| (HEADER, HeaderValue::from_str(line).unwrap()));
        AskedVersion::of(&headers.collect())
    }

    fn served(line: &str) -> Result<ApiVersion, Unserved> {
        wanted(&[line])
            .unwrap()
            .serve(&SESSIONS, VersionDefault::Latest)
            .map(|served| served.registered.version)
    }

    #[test]
    fn the_parts_stand_in_any_order_and_either_may_be_missing() {
        let both = AskedVersion { resource: Some(ApiVersion(3, 1)), protocol: Some(ApiVersion(1, 0)) };
        for line in
            ["resource=3.1, protocol=1.0", "protocol=1.0,resource=3.1", " protocol=1 ,  resource=3.1 "]
        {
            assert_eq!(wanted(&[line]), Ok(both), "{line}");
        }
        assert_eq!(wanted(&["resource=3.1"]), Ok(AskedVersion { protocol: None, ..both }));
        assert_eq!(wanted(&["resource=3.1", "protocol=1.0"]), Ok(both), "two lines are one");
        for none in [&[][..], &[""], &["  "]] {
            assert_eq!(wanted(none), Ok(AskedVersion::default()));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for line in [
            "resource=abc",
            "resource=",
            "colour=1.0",
            "1.0",
            "resource=2.0.0",
            "resource=-2.0",
            "resource",
            "resource=2.0, resource=1.2",
            "resource=2.0,",
            "Resource=2.0",
            "resource=2. 0",
            "resource=+2",
            ",",
        ] {
            assert_eq!(wanted(&[line]), Err(UnusableVersion::Malformed(line.into())), "{line}");
        }
    }

    #[test]
    fn protocols_end_at_two_point_two() {
        for good in ["1.0", "2.0", "2.1", "2.2", "1"] {
            assert!(wanted(&[&format!("protocol={good}")]).is_ok(), "{good}");
        }
        assert_eq!(wanted(&["protocol=3.0"]), Err(UnusableVersion::ProtocolMajor(ApiVersion(3, 0))));
        assert_eq!(wanted(&["protocol=0.1"]), Err(UnusableVersion::ProtocolMajor(ApiVersion(0, 1))));
        assert_eq!(wanted(&["protocol=1.5"]), Err(UnusableVersion::ProtocolMinor(ApiVersion(1, 5))));
    }

    /// the highest minor number of the asked major one, never a lower one.
    #[test]
    fn a_minor_version_is_served_by_a_later_one() {
        assert_eq!(served("resource=3.1"), Ok(ApiVersion(3, 2)));
        assert_eq!(served("resource=1"), Ok(ApiVersion(1, 2)));
        for none in ["resource=3.3", "resource=42.0", "resource=2.0", "resource=99999999999.0"] {
            assert_eq!(served(none), Err(Unserved::NoSuch), "{none}");
        }
    }

    #[test]
    fn who_names_no_version_gets_the_default() {
        let by = |default| {
            AskedVersion::default().serve(&SESSIONS, default).map(|served| served.registered.version)
        };
        assert_eq!(by(VersionDefault::Latest), Ok(ApiVersion(5, 1)));
        assert_eq!(by(VersionDefault::Oldest), Ok(ApiVersion(1, 2)));
        assert_eq!(by(VersionDefault::None), Err(Unserved::NotNamed));
    }
}
