//! The database that many nodes share: its address, and the installation key that they have in common.
//!
//! Addresses may hold passwords, so they are secrets here and never shown. Nothing here connects.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adieu_authority::InstallationKey;
use adieu_store_postgres::{OpenError, Options, StoreAddress};
use serde::{Deserialize, Serialize};

use crate::config::Secret;

/// The database that many nodes share.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Its address; empty is the data folder.
    pub url: Secret,
    /// The file that holds the password; empty is none.
    pub password_file: PathBuf,
    /// The certificates that it has to prove to be one of; empty is none.
    pub ca_file: PathBuf,
    /// The installation key in hexadecimal digits.
    pub key: Secret,
    /// The file that holds it; empty is none.
    pub key_file: PathBuf,
    /// Connections that write.
    pub writers: u32,
    /// Connections that read.
    pub readers: u32,
    /// Seconds in which a host must answer.
    pub connect_timeout_s: u64,
    /// Seconds that a statement may take.
    pub statement_timeout_s: u64,
    /// Seconds that a batch waits for another one.
    pub lock_timeout_s: u64,
}

/// Why there is no installation key: the key of the configuration, and what would be right. Its value is never told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKey {
    /// `store.key` or `store.key_file`.
    pub key: &'static str,
    /// Why.
    pub reason: String,
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

impl std::error::Error for NoKey {}

/// What is wanted of a key.
const WANTED: &str = "64 hexadecimal digits are wanted; `openssl rand -hex 32` makes some";

impl StoreConfig {
    /// How the database is opened; none if the data folder is the store.
    pub fn options(&self) -> Option<Options> {
        let file = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
        (!self.url.reveal().is_empty()).then(|| Options {
            password_file: file(&self.password_file).map(|path| within_reach(&path)),
            roots: file(&self.ca_file),
            writers: self.writers,
            readers: self.readers,
            connect_timeout: Duration::from_secs(self.connect_timeout_s),
            statement_timeout: Duration::from_secs(self.statement_timeout_s),
            lock_timeout: Duration::from_secs(self.lock_timeout_s),
            ..Options::of(self.url.reveal())
        })
    }

    /// What the address says; none if the data folder is the store.
    pub(crate) fn address(&self) -> Option<Result<StoreAddress, OpenError>> {
        self.options().map(|options| options.address())
    }

    /// The installation key that is named, if one is.
    pub fn installation_key(&self) -> Result<Option<InstallationKey>, NoKey> {
        let (key, bytes) = match (self.key.reveal(), self.key_file.as_os_str().is_empty()) {
            ("", true) => return Ok(None),
            (text, true) => ("store.key", of_digits(text)),
            (_, false) => ("store.key_file", of_file(&self.key_file)?),
        };
        let bytes = bytes.ok_or_else(|| NoKey { key, reason: WANTED.into() })?;
        Ok(Some(InstallationKey::from_bytes(bytes)))
    }
}

/// The file itself where it can be read, else what a service manager gives under its name (systemd's `LoadCredential=`).
pub(super) fn within_reach(file: &Path) -> PathBuf {
    let given = || {
        let folder = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?);
        Some(folder.join(file.file_name()?)).filter(|given| given.is_file())
    };
    let read = std::fs::File::open(file).is_ok();
    if read { file.to_owned() } else { given().unwrap_or_else(|| file.to_owned()) }
}

/// The key in a file: in digits, or the `installation.key` of another node as it is.
fn of_file(file: &Path) -> Result<Option<[u8; 32]>, NoKey> {
    let read = std::fs::read(within_reach(file)).map_err(|error| NoKey {
        key: "store.key_file",
        reason: format!("{} can't be read: {error}", file.display()),
    })?;
    Ok(read.as_slice().try_into().ok().or_else(|| of_digits(std::str::from_utf8(&read).ok()?)))
}

fn of_digits(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let digits = text.is_ascii() && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let pairs = digits.then(|| text.as_bytes().chunks(2));
    let read = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs?.map(read).collect();
    (text.len() == 64).then_some(bytes?.try_into().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installation_key_comes_from_one_place_and_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        let digits = "0123456789abcdefABCDEF".repeat(3)[..64].to_owned();
        std::fs::write(&file, format!("{digits}\n")).expect("a file");
        let key = |key: &str, key_file: &Path| {
            let store =
                StoreConfig { key: key.into(), key_file: key_file.to_owned(), ..StoreConfig::default() };
            store.installation_key()
        };
        let nowhere = Path::new("");
        assert!(key("", nowhere).expect("none is named").is_none());
        assert!(key("", &file).expect("a key").is_some() && key(&digits, nowhere).expect("a key").is_some());
        for (text, from) in [("hunter2", nowhere), (&digits[1..], nowhere), ("", folder.path())] {
            let Err(refused) = key(text, from) else { panic!("{text} is no key") };
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
        std::fs::write(&file, [0xff; 32]).expect("a file");
        let of_node = key("", &file).expect("installation.key of a node").expect("a key");
        let same = |key: &InstallationKey| key.derive_text(adieu_core::Purpose::AntiForgery, b"x", 0);
        assert_eq!(same(&of_node), same(&InstallationKey::from_bytes([0xff; 32])));
        std::fs::write(&file, [0xff; 33]).expect("a file");
        let Err(refused) = key("", &file) else { panic!("too long") };
        assert_eq!((refused.key, refused.reason.as_str()), ("store.key_file", WANTED));
    }
}
