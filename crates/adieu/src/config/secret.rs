//! Secrets in a configuration: read from it or from a file beside it, and never shown again (EMPTY-HANDS).
//!
//! Whoever prints a configuration sees stars.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize, Serializer};

/// A secret text.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stars())
    }
}

impl Secret {
    const fn stars(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "***" }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.stars())
    }
}

/// Shorter ones can be guessed; longer ones are no tokens.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=1024;

/// Why there is no credential: the key, and what would be right. Its value is never told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoCredential {
    /// `admin.token` or `admin.token_file`.
    pub key: &'static str,
    /// Why.
    pub reason: String,
}

impl fmt::Display for NoCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

impl std::error::Error for NoCredential {}

/// The credential of the admin listener, out of its file if one is named.
pub(super) fn credential(token: &Secret, file: &Path) -> Result<Option<Secret>, NoCredential> {
    let (credential, key) = match (token.0.is_empty(), file.as_os_str().is_empty()) {
        (true, true) => return Ok(None),
        (false, false) => {
            let reason = "admin.token is there, too: name one of them".into();
            return Err(NoCredential { key: "admin.token_file", reason });
        }
        (false, true) => (token.clone(), "admin.token"),
        (true, false) => {
            let key = "admin.token_file";
            let reason = |error| format!("{} can't be read: {error}", file.display());
            let text =
                std::fs::read_to_string(file).map_err(|error| NoCredential { key, reason: reason(error) })?;
            (Secret(text.trim().to_owned()), key)
        }
    };
    let sound = LENGTHS.contains(&credential.0.len()) && credential.0.bytes().all(|b| b.is_ascii_graphic());
    match sound {
        true => Ok(Some(credential)),
        false => {
            let reason =
                "16 to 1024 visible ASCII characters are wanted; `openssl rand -hex 32` makes some".into();
            Err(NoCredential { key, reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_comes_from_one_place_and_is_long_enough() {
        let folder = tempfile::tempdir().expect("a folder");
        let (good, short) = (folder.path().join("good"), folder.path().join("short"));
        std::fs::write(&good, "0123456789abcdef\n").expect("a file");
        std::fs::write(&short, "hunter2").expect("a file");
        let (none, nowhere) = (Secret::default(), Path::new(""));
        assert_eq!(credential(&none, nowhere), Ok(None));
        assert_eq!(credential(&none, &good), Ok(Some("0123456789abcdef".into())));
        assert_eq!(credential(&"fedcba9876543210".into(), nowhere), Ok(Some("fedcba9876543210".into())));
        for (token, file) in [
            (none.clone(), short.as_path()),
            (none.clone(), folder.path()),
            ("fedcba9876543210".into(), good.as_path()),
            ("with a blank in it".into(), nowhere),
        ] {
            let error = credential(&token, file).expect_err("no credential");
            let text = error.to_string();
            assert!(!text.contains("hunter2") && !text.contains("blank"), "{text}");
        }
    }

    #[test]
    fn nobody_sees_it() {
        let secret = Secret::from("0123456789abcdef");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).expect("text"), r#""***""#);
    }
}
