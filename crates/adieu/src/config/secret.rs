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

/// The credential of the admin listener, out of its file if one is named.
pub(super) fn credential(token: &Secret, file: &Path) -> Result<Option<Secret>, String> {
    let (credential, key) = match (token.0.is_empty(), file.as_os_str().is_empty()) {
        (true, true) => return Ok(None),
        (false, false) => return Err("admin.token, admin.token_file: name one of them".into()),
        (false, true) => (token.clone(), "admin.token"),
        (true, false) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("admin.token_file = {}: {error}", file.display()))?;
            (Secret(text.trim().to_owned()), "admin.token_file")
        }
    };
    let sound = LENGTHS.contains(&credential.0.len()) && credential.0.bytes().all(|b| b.is_ascii_graphic());
    if sound {
        Ok(Some(credential))
    } else {
        Err(format!("{key}: 16 to 1024 visible ASCII characters; `openssl rand -hex 32` makes some"))
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
            assert!(!error.contains("hunter2") && !error.contains("blank"), "{error}");
        }
    }

    #[test]
    fn nobody_sees_it() {
        let secret = Secret::from("0123456789abcdef");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).expect("text"), r#""***""#);
    }
}
