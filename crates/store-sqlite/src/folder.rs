//! The data folder: whose it is, who has it, and the installation key in it.
//!
//! `adieu.lock` is held while the store is open; `adieu.db` is the database (with its `-wal` and `-shm`);
//! `installation.key` holds 32 random bytes, readable by the owner only.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use adieu_core::{Entropy, InstallationKey};

use crate::error::OpenError;

pub(crate) const LOCK: &str = "adieu.lock";
pub(crate) const DATABASE: &str = "adieu.db";
pub(crate) const KEY: &str = "installation.key";
/// The folder in which a restore is made.
pub(crate) const DRAFT: &str = "restoring";

/// A data folder that this process has for itself.
pub struct Folder {
    path: PathBuf,
    key: InstallationKey,
    _lock: File,
}

impl Folder {
    /// Takes the folder; makes it, and a key in it, if it is new. Refuses a folder that is in use, that holds
    /// somebody else's files, or whose key is gone.
    pub fn open(path: &Path, entropy: &dyn Entropy) -> Result<Self, OpenError> {
        fs::create_dir_all(path).map_err(OpenError::io(path))?;
        refuse_foreign(path)?;
        let lock = lock(path)?;
        let key = key(path, entropy)?;
        Ok(Self { path: path.into(), key, _lock: lock })
    }

    /// The installation key.
    pub fn key(&self) -> &InstallationKey {
        &self.key
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

/// A folder is ours if it is empty or has our lock file.
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    let mut entries = fs::read_dir(path).map_err(OpenError::io(path))?;
    if entries.next().is_none() || path.join(LOCK).exists() {
        return Ok(());
    }
    let unfinished = path.join(DRAFT).is_dir();
    Err(if unfinished { OpenError::Unfinished(path.into()) } else { OpenError::Foreign(path.into()) })
}

/// Holds the folder for this process.
pub(crate) fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(OpenError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.into())),
        Err(TryLockError::Error(cause)) => Err(OpenError::Io { path, cause }),
    }
}

fn key(folder: &Path, entropy: &dyn Entropy) -> Result<InstallationKey, OpenError> {
    let path = folder.join(KEY);
    match fs::read(&path) {
        Ok(bytes) => {
            bytes.try_into().map(InstallationKey::from_bytes).map_err(|_| OpenError::KeyDamaged(path))
        }
        Err(cause) if cause.kind() == ErrorKind::NotFound => {
            if folder.join(DATABASE).exists() {
                return Err(OpenError::KeyLost(path));
            }
            make_key(folder, &path, entropy)
        }
        Err(cause) => Err(OpenError::Io { path, cause }),
    }
}

/// Writes the key under another name first, so that a crash never leaves half of one.
fn make_key(folder: &Path, path: &Path, entropy: &dyn Entropy) -> Result<InstallationKey, OpenError> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    let draft = folder.join("installation.key.new");
    let write = || {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(OpenError::io(path))?;
    Ok(InstallationKey::from_bytes(bytes))
}
