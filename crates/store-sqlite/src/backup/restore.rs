//! Puts a backup in the place of a data folder, with nothing alive in it.
//!
//! ENDED-STAYS-ENDED: a backup knows nothing of what ended after it, so all generations rise before anybody can open the
//! folder (decision 0009). It is made whole beside its place and renamed; what marks a folder as ours is written last.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use adieu_core::Timestamp;
use rusqlite::Connection;

use super::manifest::Manifest;
use super::{BackupError, Holds, copy, holds, new_file, parent, sync_file, sync_folder};
use crate::error::OpenError;
use crate::folder::{self, DATABASE, KEY, LOCK};
use crate::schema;

/// What becomes of a data folder that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The restore is refused.
    Keep,
    /// It is moved aside, and stays there.
    MoveAside,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was asked for.
    pub taken_at: Timestamp,
    /// The version that made it.
    pub version: String,
    /// Where the earlier data folder lies now.
    pub moved_to: Option<PathBuf>,
}

/// Restores a backup as the data folder. No session and no grant of it lives: everybody signs on anew.
pub fn restore(
    from: &Path,
    data: &Path,
    existing: Existing,
    now: Timestamp,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(from)?;
    if manifest.schema > schema::known() {
        return Err(BackupError::TooNew { version: manifest.version });
    }
    let place = Place::of(data)?;
    let aside = place.make_way(existing)?;
    let draft = Draft::begin(&place)?;
    draft.copy(from, &manifest)?;
    draft.end_everything(now)?;
    draft.seal()?;
    let moved_to = place.take(&draft, aside, now)?;
    let taken_at = Timestamp::from_ms(manifest.taken_at_ms);
    Ok(Restored { taken_at, version: manifest.version, moved_to })
}

/// Where a data folder lies, or will.
struct Place {
    data: PathBuf,
    name: String,
}

impl Place {
    fn of(data: &Path) -> Result<Self, BackupError> {
        // A link stays where it is: what it leads to is replaced.
        let data = match fs::canonicalize(data) {
            Ok(real) => real,
            Err(cause) if cause.kind() == ErrorKind::NotFound => data.into(),
            Err(cause) => return Err(BackupError::Io { path: data.into(), cause }),
        };
        match data.file_name().and_then(|name| name.to_str()) {
            Some(name) => Ok(Self { name: name.to_owned(), data }),
            None => Err(BackupError::Nameless(data)),
        }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        parent(&self.data).join(format!("{}.{ending}", self.name))
    }

    /// Whether the folder may be replaced; what holds something is held, so that no server serves from it meanwhile.
    fn make_way(&self, existing: Existing) -> Result<Option<File>, BackupError> {
        match holds(&self.data)? {
            Holds::NotThere | Holds::Nothing => Ok(None),
            Holds::Something => {
                folder::refuse_foreign(&self.data)?;
                let held = folder::lock(&self.data)?;
                match existing {
                    Existing::Keep => Err(BackupError::DataTaken(self.data.clone())),
                    Existing::MoveAside => Ok(Some(held)),
                }
            }
        }
    }

    /// Renames the finished draft into its place. The earlier folder stays locked until it is out of the way.
    fn take(
        &self,
        draft: &Draft,
        aside: Option<File>,
        now: Timestamp,
    ) -> Result<Option<PathBuf>, BackupError> {
        let moved_to = aside.is_some().then(|| self.beside(&format!("replaced-{}", now.ms())));
        if let Some(moved_to) = &moved_to {
            fs::rename(&self.data, moved_to).map_err(|cause| self.fixed(cause))?;
        }
        fs::rename(&draft.path, &self.data).map_err(|cause| self.fixed(cause))?;
        sync_folder(&parent(&self.data))?;
        Ok(moved_to)
    }

    fn fixed(&self, cause: std::io::Error) -> BackupError {
        match cause.kind() {
            ErrorKind::CrossesDevices | ErrorKind::ResourceBusy => BackupError::Fixed(self.data.clone()),
            _ => BackupError::Io { path: self.data.clone(), cause },
        }
    }
}

/// The folder as it is being made, under another name. Until it is sealed nobody can open it as a data folder.
struct Draft {
    path: PathBuf,
    _lock: File,
}

impl Draft {
    /// Begins anew, without what an earlier attempt has left.
    fn begin(place: &Place) -> Result<Self, BackupError> {
        let path = place.beside("restoring");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(BackupError::io(&path))?;
        let lock = File::open(&path).map_err(BackupError::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::UnderWay(place.data.clone())),
            Err(TryLockError::Error(cause)) => return Err(BackupError::Io { path, cause }),
        }
        // The mark first: at no moment is half of a folder one that opens.
        for name in [LOCK, KEY, DATABASE, "adieu.db-wal", "adieu.db-shm", "adieu.db-journal"] {
            match fs::remove_file(path.join(name)) {
                Err(cause) if cause.kind() != ErrorKind::NotFound => {
                    return Err(BackupError::Io { path: path.join(name), cause });
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(Self { path, _lock: lock })
    }

    /// Copies the files and compares what was copied with the manifest.
    fn copy(&self, from: &Path, manifest: &Manifest) -> Result<(), BackupError> {
        for name in [KEY, DATABASE] {
            let copied = copy(&from.join(name), &self.path.join(name))?;
            if manifest.listed(name) != Some(&copied) {
                return Err(damaged(&from.join(name), "its size or checksum"));
            }
        }
        Ok(())
    }

    /// ENDED-STAYS-ENDED: in one transaction every generation rises above all that the original may have reached, so that
    /// no session, grant or token of it is of the present one. Unfinished flows go, lest one is finished a second time.
    fn end_everything(&self, now: Timestamp) -> Result<(), BackupError> {
        let path = self.path.join(DATABASE);
        let mut db =
            schema::connect(&path, schema::Mode::Writing).map_err(|error| unreadable(&path, error))?;
        check(&db, &path)?;
        schema::migrate(&mut db)?;
        let transaction = db.transaction()?;
        for table in ["realm", "user", "client"] {
            let raise = format!("UPDATE {table} SET generation = max(generation + 1, ?1)");
            transaction.execute(&raise, [now.ms()])?;
        }
        transaction.execute("DELETE FROM flow", [])?;
        transaction.commit()?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        db.close().map_err(|(_, error)| error)?;
        sync_file(&path)
    }

    /// Writes the mark of a folder that opens.
    fn seal(&self) -> Result<(), BackupError> {
        sync_folder(&self.path)?;
        new_file(&self.path.join(LOCK))?;
        sync_folder(&self.path)
    }
}

/// A database whose pages and indexes are whole.
fn check(db: &Connection, path: &Path) -> Result<(), BackupError> {
    let found = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damaged(path, &found)),
        Err(error) => Err(damaged(path, &error.to_string())),
    }
}

fn unreadable(path: &Path, error: OpenError) -> BackupError {
    match error {
        OpenError::Database(cause) => damaged(path, &cause.to_string()),
        other => other.into(),
    }
}

fn damaged(path: &Path, what: &str) -> BackupError {
    BackupError::Damaged { path: path.into(), what: what.into() }
}

#[cfg(test)]
mod tests;
