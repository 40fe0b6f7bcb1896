//! Secrets in a configuration: read from it or from a file beside it, and never shown again (EMPTY-HANDS).
//!
//! Whoever prints a configuration sees stars.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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
    let given = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    credential_beside(token, file, given.as_deref())
}

/// The same, beside the folder of what a service manager has given to this process.
fn credential_beside(
    token: &Secret,
    file: &Path,
    given: Option<&Path>,
) -> Result<Option<Secret>, NoCredential> {
    let (credential, key) = match (token.0.is_empty(), file.as_os_str().is_empty()) {
        (true, true) => return Ok(None),
        (false, false) => {
            let reason = "admin.token is there, too: name one of them".into();
            return Err(NoCredential { key: "admin.token_file", reason });
        }
        (false, true) => (token.clone(), "admin.token"),
        (true, false) => {
            let key = "admin.token_file";
            let text = std::fs::read_to_string(file).or_else(|error| {
                let given = given.and_then(|folder| given_text(folder, file));
                given.ok_or_else(|| NoCredential { key, reason: unreadable(file, &error) })
            })?;
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

/// What a service manager gives under the name of a file that only root may read (systemd's `LoadCredential=`). It gives a
/// blank where there was no such file. A file that can be read is taken itself: another one of the same name may have been given.
fn given_text(folder: &Path, file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(file.file_name()?)).ok()?;
    (!text.trim().is_empty()).then_some(text)
}

fn unreadable(file: &Path, error: &std::io::Error) -> String {
    let hint = match error.kind() {
        ErrorKind::PermissionDenied => {
            "; a unit of systemd gives it to the server by `LoadCredential=` (docs/serving.md)"
        }
        _ => "",
    };
    format!("{} can't be read: {error}{hint}", file.display())
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

    /// Goal: a file that only root may read serves a user that exists only while the service runs.
    #[test]
    fn what_a_service_manager_gives_counts_in_place_of_a_file_out_of_reach() {
        let folder = tempfile::tempdir().expect("a folder");
        let (given, none) = (folder.path(), Secret::default());
        let read =
            |file: &str, given: Option<&Path>| credential_beside(&none, &folder.path().join(file), given);
        std::fs::write(given.join("admin.token"), "0123456789abcdef\n").expect("a file");
        std::fs::write(given.join("other"), "fedcba9876543210\n").expect("a file");
        let sound = Ok(Some("0123456789abcdef".into()));
        assert_eq!(read("out-of-reach/admin.token", Some(given)), sound);
        assert!(read("out-of-reach/admin.token", None).is_err());
        assert_eq!(read("other", Some(&given.join("out-of-reach"))), Ok(Some("fedcba9876543210".into())));
        // A file that can be read is the one that is meant, whatever was given under its name.
        let own = given.join("own");
        std::fs::create_dir(&own).expect("a folder");
        std::fs::write(own.join("admin.token"), "fedcba9876543210\n").expect("a file");
        assert_eq!(read("own/admin.token", Some(given)), Ok(Some("fedcba9876543210".into())));
        // What the unit has given for a file that is not there.
        std::fs::write(given.join("admin.token"), "\n").expect("a file");
        let error = read("out-of-reach/admin.token", Some(given)).expect_err("refused");
        assert!(error.reason.contains("No such file"), "{error}");
        let denied = unreadable(Path::new("/x"), &ErrorKind::PermissionDenied.into());
        assert!(denied.contains("LoadCredential="), "{denied}");
    }

    #[test]
    fn nobody_sees_it() {
        let secret = Secret::from("0123456789abcdef");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).expect("text"), r#""***""#);
    }
}
