//! A folder of its own that holds a consistent copy of a data folder, taken while the server runs.
//!
//! The copy is one read transaction of a second process, so writers never wait for it. Whatever was acknowledged before
//! it began is in it. The manifest is written last: a folder without one is no backup. Going back is [`restore`].

mod manifest;
mod restore;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use adieu_core::{InstallationKey, Timestamp};
use sha2::{Digest, Sha256};

use crate::error::OpenError;
use crate::folder::{COPY, DATABASE, KEY, mark_as_copy};
use crate::key_check::KeyVerdict;
use crate::{key_check, schema};

use manifest::{ListedFile, Manifest};
pub(crate) use restore::{DataPlace, Draft};
pub use restore::{Existing, Restored, restore};

/// What an installation key has.
const KEY_BYTES: u64 = 32;

/// Why there is no backup, or why one was not restored. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error("{0} is no data folder: name the one that the server serves from (`data` in the configuration)")]
    NoData(PathBuf),
    /// The folder to write into holds something.
    #[error("{0} is not empty: name a new folder for each backup")]
    TargetTaken(PathBuf),
    /// The folder to restore from has no manifest that can be read.
    #[error("{0} is no finished backup: name a folder that `adieu backup` made and did not report as failed")]
    NotABackup(PathBuf),
    /// The backup was written by a later version.
    #[error(
        "the backup was made by adieu {version}, whose format this version does not know: restore it with that one"
    )]
    TooNew {
        /// The version that made it.
        version: String,
    },
    /// A file is not what was backed up.
    #[error("{path} is not what was backed up ({what}): use another backup")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The data folder holds something.
    #[error("{0} is not empty: add --replace to move what it holds aside, or name another data folder")]
    DataTaken(PathBuf),
    /// Another restore works on the same folder.
    #[error("{0} is being restored by another process: wait for that one")]
    UnderWay(PathBuf),
    /// The data folder is in use, somebody else's, or the database can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// SQLite refused.
    #[error("the database can't be copied: {0}; if the disk is full, make space and try again")]
    Database(#[from] rusqlite::Error),
    /// The operating system refused.
    #[error("{path}: {cause}; check that the folder exists, is writable and has space")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl BackupError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { path, cause }
    }
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Bytes of all files.
    pub bytes: u64,
    /// The number of the database's schema.
    pub schema: i64,
}

/// Copies the data folder into `to`, which must be empty or missing. A server may be serving from it meanwhile.
pub fn back_up(data: &Path, to: &Path, now: Timestamp) -> Result<BackedUp, BackupError> {
    for needed in [DATABASE, KEY] {
        if !data.join(needed).is_file() {
            return Err(BackupError::NoData(data.into()));
        }
    }
    let made = make_empty(to)?;
    let done = fill(data, to, now);
    if done.is_err() {
        // Best effort: without its manifest what stays is no backup anyway.
        for file in [manifest::FILE, DATABASE, KEY, COPY] {
            let _ = fs::remove_file(to.join(file));
        }
        if made {
            let _ = fs::remove_dir(to);
        }
    }
    done
}

/// The folder, readable by its owner only, empty; says whether it was made.
fn make_empty(folder: &Path) -> Result<bool, BackupError> {
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(0) => Ok(false),
        Ok(_) => Err(BackupError::TargetTaken(folder.into())),
        Err(cause) if cause.kind() == ErrorKind::NotFound => {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(BackupError::io(folder)).map(|()| true)
        }
        Err(cause) => Err(BackupError::Io { path: folder.into(), cause }),
    }
}

fn fill(data: &Path, to: &Path, now: Timestamp) -> Result<BackedUp, BackupError> {
    mark_as_copy(to).map_err(BackupError::io(to))?;
    let schema = copy_database(&data.join(DATABASE), &to.join(DATABASE))?;
    let key = copy(&data.join(KEY), &to.join(KEY))?;
    if key.bytes != KEY_BYTES {
        return Err(OpenError::KeyDamaged(data.join(KEY)).into());
    }
    let copied = schema::connect(&to.join(DATABASE), schema::Mode::Reading)?;
    if key_check::judge(&copied, &key_at(&to.join(KEY))?, None)? == KeyVerdict::Differs {
        // What was backed up with another key could not be used.
        return Err(OpenError::KeyOfAnother(data.join(KEY)).into());
    }
    drop(copied);
    let database = digest(&to.join(DATABASE))?;
    let bytes = key.bytes + database.bytes;
    Manifest::of(schema, now, vec![database, key]).write(to)?;
    sync_folder(to)?;
    // The entry of the folder itself lies in its parent.
    sync_folder(&parent(to))?;
    Ok(BackedUp { bytes, schema })
}

/// One read transaction writes a fresh database, without the remains of deleted rows that free pages hold.
fn copy_database(from: &Path, to: &Path) -> Result<i64, BackupError> {
    new_file(to)?; // SQLite takes an empty file as it is, with the owner's rights only.
    let source = schema::connect(from, schema::Mode::Reading)?;
    let schema = schema::number_of(&source)?;
    let Some(name) = to.to_str() else {
        let cause = io::Error::new(ErrorKind::InvalidInput, "the name is not UTF-8");
        return Err(BackupError::Io { path: to.into(), cause });
    };
    source.execute("VACUUM INTO ?1", [name])?;
    sync_file(to)?;
    Ok(schema)
}

/// The key in a file.
fn key_at(path: &Path) -> Result<InstallationKey, BackupError> {
    let bytes = fs::read(path).map_err(BackupError::io(path))?;
    let bytes = bytes.try_into().map_err(|_| OpenError::KeyDamaged(path.into()))?;
    Ok(InstallationKey::from_bytes(bytes))
}

pub(crate) fn new_file(path: &Path) -> Result<File, BackupError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(BackupError::io(path))
}

/// Copies a file, synced, and says what was copied.
fn copy(from: &Path, to: &Path) -> Result<ListedFile, BackupError> {
    let mut target = new_file(to)?;
    let listed = read_through(from, &mut target, to)?;
    target.sync_all().map_err(BackupError::io(to))?;
    Ok(listed)
}

fn digest(path: &Path) -> Result<ListedFile, BackupError> {
    read_through(path, &mut io::sink(), path)
}

/// Reads a file piece by piece: a database may be larger than memory.
fn read_through(from: &Path, into: &mut dyn Write, to: &Path) -> Result<ListedFile, BackupError> {
    let mut source = File::open(from).map_err(BackupError::io(from))?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = source.read(&mut piece).map_err(BackupError::io(from))?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        into.write_all(&piece[..read]).map_err(BackupError::io(to))?;
        bytes += read as u64;
    }
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ListedFile { name, bytes, sha256 })
}

pub(crate) fn sync_file(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(BackupError::io(path))
}

pub(crate) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    sync_file(path)
}

/// Where a folder's own entry lies.
fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.into(),
        Some(_) | None => ".".into(),
    }
}
