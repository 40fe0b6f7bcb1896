//! The data folder: whose it is, who has it, and the installation key in it.
//!
//! `adieu.lock` is held while the store is open; `adieu.db` is the database (with its `-wal` and `-shm`);
//! `installation.key` holds 32 random bytes, readable by the owner only.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use adieu_core::{Entropy, InstallationKey};

use crate::error::OpenError;
use crate::key_check::{self, KeyVerdict};
use crate::schema;

pub(crate) const LOCK: &str = "adieu.lock";
pub(crate) const DATABASE: &str = "adieu.db";
pub(crate) const KEY: &str = "installation.key";
/// The folder in which a restore is made.
pub(crate) const DRAFT: &str = "restoring";
/// Stands in every folder that holds a database and its key and must not be served from: what was ended since it was made
/// would live again (ENDED-STAYS-ENDED). It is there before either of them.
pub(crate) const COPY: &str = "adieu.copy";

/// Stands in a data folder that was restored and has not taken the place of the one that was backed up: its server tells nobody
/// of endings (decision 0086).
pub(crate) const UNTOLD: &str = "adieu.untold";

/// Stands in a data folder whose installation was moved into another store (decision 0099).
pub(crate) const MOVED: &str = "adieu.moved";

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
        make(path, sync).map_err(OpenError::io(path))?;
        refuse_foreign(path)?;
        let folder = Self::take(path, entropy)?;
        // Looked at once nobody else can put it there.
        refuse_moved(path)?;
        owners_only(&path.join(DATABASE))?;
        Ok(folder)
    }

    /// Takes the folder for a move if an installation is in it, also if one has begun before.
    pub(crate) fn open_to_move(path: &Path, entropy: &dyn Entropy) -> Result<Self, OpenError> {
        has_installation(path)?;
        Self::take(path, entropy)
    }

    fn take(path: &Path, entropy: &dyn Entropy) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let key = key(path, entropy)?;
        Ok(Self { path: path.into(), key, _lock: lock })
    }

    /// Takes the folder if an installation is in it, and makes nothing.
    pub fn open_made(path: &Path, entropy: &dyn Entropy) -> Result<Self, OpenError> {
        Self::is_made(path)?;
        Self::open(path, entropy)
    }

    /// Says if there is no installation in the folder, or why nobody serves from it.
    pub fn is_made(path: &Path) -> Result<(), OpenError> {
        has_installation(path)?;
        refuse_moved(path)
    }

    /// Says if the key in the folder is missing, damaged, or not that of the database beside it. Takes nothing and makes nothing; a
    /// folder without an installation is sound.
    ///
    /// # Errors
    /// If the installation in it could not be opened because of its key, or the folder can't be looked into.
    pub fn check_key(path: &Path) -> Result<(), OpenError> {
        match Self::is_made(path) {
            Err(OpenError::Missing(_)) => return Ok(()),
            made => made?,
        }
        let key = kept_key(&path.join(KEY))?.ok_or_else(|| OpenError::KeyLost(path.join(KEY)))?;
        // What can't be read beside whoever has the folder says nothing of the key.
        let verdict = schema::connect_untouched(&path.join(DATABASE))
            .and_then(|database| key_check::judge(&database, &key, None));
        match verdict {
            Ok(KeyVerdict::Differs) => Err(OpenError::KeyOfAnother(path.join(KEY))),
            Ok(KeyVerdict::Fits | KeyVerdict::Unknown) | Err(_) => Ok(()),
        }
    }

    /// Whether the folder was restored and has not taken the place of the one that was backed up. What can't be looked at has not:
    /// telling nobody can be made good.
    pub fn is_untold(path: &Path) -> bool {
        path.join(UNTOLD).try_exists().unwrap_or(true)
    }

    /// Lets the folder take the place of the one that was backed up, durably; says if it had not. A server may have the folder.
    ///
    /// # Errors
    /// If there is no installation in it, or it can't be written.
    pub fn take_over(path: &Path) -> Result<bool, OpenError> {
        Self::is_made(path)?;
        match fs::remove_file(path.join(UNTOLD)) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
            gone => gone.and_then(|()| sync(path)).map(|()| true).map_err(OpenError::io(path)),
        }
    }

    /// The key that lies in a folder, if one does: also where the database is elsewhere.
    ///
    /// # Errors
    /// If it is damaged or can't be read.
    pub fn kept_key(path: &Path) -> Result<Option<InstallationKey>, OpenError> {
        kept_key(&path.join(KEY))
    }

    /// Makes a key in a folder without one, for a database that is elsewhere.
    ///
    /// # Errors
    /// If the folder can't be written.
    pub fn make_key(path: &Path, entropy: &dyn Entropy) -> Result<InstallationKey, OpenError> {
        make(path, sync).map_err(OpenError::io(path))?;
        make_key(path, &path.join(KEY), entropy)
    }

    /// Takes a key away again with which nothing was made.
    ///
    /// # Errors
    /// If there is none, or the folder can't be written.
    pub fn discard_key(path: &Path) -> std::io::Result<()> {
        fs::remove_file(path.join(KEY))
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

/// A backup's list of its files.
pub(crate) const MANIFEST: &str = "manifest.json";
/// How folders begin that hold what was there before a restore.
pub(crate) const ASIDE: &str = "replaced-";

/// Makes the folder, readable by its owner only, if it is not there. Its name, and that of each folder made on the way to
/// it, is synced in the folder that holds it: else a power cut could take away all that was synced inside
/// (ENDED-IS-DURABLE).
fn make(path: &Path, sync: impl FnMut(&Path) -> std::io::Result<()>) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| is_missing(folder)).collect();
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().map(holder).try_for_each(sync)
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && !folder.is_dir()
}

/// The folder in which this one's name stands.
fn holder(folder: &Path) -> &Path {
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the database's file before SQLite does: it has password hashes, and SQLite would let everybody read it. The log and
/// its index get the same mode as the file.
fn owners_only(database: &Path) -> Result<(), OpenError> {
    let mut file = OpenOptions::new();
    file.create(true).truncate(false).write(true).mode(0o600);
    file.open(database).map(|_| ()).map_err(OpenError::io(database))
}

/// A folder is ours if it is empty, has our lock file, or has our database with its key: whoever moved a data folder may have
/// left the lock file behind. A backup, the draft of a restore and what a broken-off restore has set aside are no data folders.
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    let has = |name: &str| path.join(name).exists();
    let mut entries = fs::read_dir(path).map_err(OpenError::io(path))?;
    if entries.next().is_none() || has(LOCK) {
        return Ok(());
    }
    if has(DRAFT) {
        return Err(OpenError::Unfinished(path.into()));
    }
    if has(COPY) || has(MANIFEST) || is_set_aside(path) {
        return Err(OpenError::Copy(path.into()));
    }
    if has(DATABASE) && has(KEY) { Ok(()) } else { Err(OpenError::Foreign(path.into())) }
}

/// Says if there is no installation in the folder.
fn has_installation(path: &Path) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(OpenError::Missing(path.into())),
        about => about.map(drop).map_err(OpenError::io(path))?,
    }
    refuse_foreign(path)?;
    if path.join(DATABASE).exists() { Ok(()) } else { Err(OpenError::Missing(path.into())) }
}

/// Refuses a folder whose installation was moved away. What can't be looked at was: two that serve the same can't be made good.
fn refuse_moved(path: &Path) -> Result<(), OpenError> {
    let moved = path.join(MOVED).try_exists().unwrap_or(true);
    if moved { Err(OpenError::Moved(path.into())) } else { Ok(()) }
}

/// Marks a folder, durably, as one whose installation was moved away. A mark of before may not have reached the disk: it is made anew.
pub(crate) fn mark_as_moved(folder: &Path) -> Result<(), OpenError> {
    let path = folder.join(MOVED);
    let text = b"`adieu move` has carried what is in this folder over: nobody serves from it.\n";
    let made = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path);
    let durable = made.and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()));
    durable.and_then(|()| sync(folder)).map_err(OpenError::io(path))
}

/// Whether a restore has made this folder for what was there before it.
fn is_set_aside(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(ASIDE))
}

/// Marks a folder as one that nobody serves from, before anything else is in it.
pub(crate) fn mark_as_copy(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(COPY);
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(
        b"The database in this folder is a copy. `adieu restore` puts one in the place of a data folder.\n",
    )?;
    file.sync_all()?;
    sync(folder)
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
    match kept_key(&path)? {
        Some(key) => Ok(key),
        None if folder.join(DATABASE).exists() => Err(OpenError::KeyLost(path)),
        None => make_key(folder, &path, entropy),
    }
}

/// The key in a file, if there is one.
fn kept_key(path: &Path) -> Result<Option<InstallationKey>, OpenError> {
    match fs::read(path) {
        Ok(bytes) => match bytes.try_into() {
            Ok(bytes) => Ok(Some(InstallationKey::from_bytes(bytes))),
            Err(_) => Err(OpenError::KeyDamaged(path.into())),
        },
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(OpenError::Io { path: path.into(), cause }),
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
        sync(folder)
    };
    write().map_err(OpenError::io(path))?;
    Ok(InstallationKey::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: ENDED-IS-DURABLE: no power cut takes a new data folder away with all that was synced in it: every folder in which
    /// a new name stands is synced, the nearest first.
    #[test]
    fn every_folder_that_holds_a_new_name_is_synced() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("var/lib/adieu");
        for expect in [vec![root.path().join("var/lib"), root.path().join("var"), root.path().into()], vec![]]
        {
            let mut synced = Vec::new();
            let note = |folder: &Path| {
                assert!(path.is_dir(), "synced before all of it is there");
                synced.push(folder.to_path_buf());
                Ok(())
            };
            make(&path, note).expect("a folder");
            assert_eq!(synced, expect);
        }
    }
}
