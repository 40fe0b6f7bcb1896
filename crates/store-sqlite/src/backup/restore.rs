//! Puts a backup in the place of a data folder, with nothing alive in it.
//!
//! ENDED-STAYS-ENDED: a backup knows nothing of what ended after it, so all generations rise before anybody can open the
//! folder (decision 0009). It is made whole in a folder inside its place and moved up; what marks a folder as ours goes first
//! and comes last.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};

use adieu_core::{Actor, Cause, Channel, EndScope, EndingEntry, EndingRecord, MassEnding, Origin, Timestamp};
use rusqlite::Connection;

use super::manifest::Manifest;
use super::{BackupError, KEY_BYTES, copy, key_at, make_empty, new_file, sync_file, sync_folder};
use crate::error::OpenError;
use crate::folder::{self, ASIDE, COPY, DATABASE, DRAFT, KEY, LOCK, MOVED, UNTOLD, mark_as_copy};
use crate::key_check::KeyVerdict;
use crate::rows::EndingLine;
use crate::{key_check, rows, schema};
use adieu_store_records::append_entry;

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
    /// Where the files of the earlier data folder lie now.
    pub moved_to: Option<PathBuf>,
}

/// The files of a data folder, in the order in which they go. Without the first one no folder opens.
const FILES: [&str; 8] =
    [LOCK, DATABASE, "adieu.db-wal", "adieu.db-shm", "adieu.db-journal", KEY, UNTOLD, MOVED];

/// Restores a backup as the data folder. No session and no grant of it lives: everybody signs on anew. Applications are told of
/// that once the folder has taken the place of the one that was backed up ([`Folder::take_over`](crate::Folder::take_over)).
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
    let place = DataPlace::of(data, existing)?;
    let draft = Draft::begin(&place)?;
    // Once more, now that no other restore works here.
    let _held = place.allowed(existing)?;
    let done = draft.make(from, &manifest, now).and_then(|()| place.give(&draft));
    if let Err(error) = done {
        draft.discard();
        place.leave();
        return Err(error);
    }
    let (steps, moved_to) = place.steps(&draft, now, Some(UNTOLD));
    for step in steps {
        place.take(step)?;
    }
    draft.discard();
    let taken_at = Timestamp::from_ms(manifest.taken_at_ms);
    Ok(Restored { taken_at, version: manifest.version, moved_to })
}

/// Where a data folder lies, or will. Only what is in it changes, because it may be a mount point.
pub(crate) struct DataPlace {
    data: PathBuf,
    /// Whether this restore has made the folder.
    made: bool,
}

/// One step of the change from the earlier files to the restored ones.
pub(crate) enum PlaceStep {
    /// Makes the folder for the earlier files.
    Folder(PathBuf),
    /// Moves a file within the data folder.
    Move { from: PathBuf, to: PathBuf },
    /// Makes what was done in a folder durable, before what comes next is done.
    Sync(PathBuf),
    /// Marks the folder with an empty file: as one whose server tells nobody, then as one that opens.
    Mark(&'static str),
}

impl DataPlace {
    /// The place, if it may be restored to. It is made if it is missing.
    pub(crate) fn of(data: &Path, existing: Existing) -> Result<Self, BackupError> {
        let mut place = Self { data: data.into(), made: false };
        if data.exists() {
            place.allowed(existing)?;
        } else {
            place.made = make_empty(data)?;
        }
        Ok(place)
    }

    /// Whether what the folder holds may be replaced. It is held, so that no server serves from it meanwhile.
    pub(crate) fn allowed(&self, existing: Existing) -> Result<Option<File>, BackupError> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.data).map_err(BackupError::io(&self.data))? {
            let entry = entry.map_err(BackupError::io(&self.data))?;
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
        let whole = names.contains(DATABASE) && names.contains(KEY);
        if names.contains(LOCK) || (whole && !names.contains(DRAFT) && !names.contains(COPY)) {
            let held = folder::lock(&self.data)?;
            return match existing {
                Existing::Keep => Err(BackupError::DataTaken(self.data.clone())),
                Existing::MoveAside => Ok(Some(held)),
            };
        }
        // Empty, or left by a restore that was interrupted: that one is gone on with.
        let interrupted = names.contains(DRAFT);
        let ours = |name: &String| name == DRAFT || name.starts_with(ASIDE) || FILES.contains(&name.as_str());
        if names.is_empty() || (interrupted && names.iter().all(ours)) {
            return Ok(None);
        }
        Err(OpenError::Foreign(self.data.clone()).into())
    }

    /// How the files of a draft come into the place of the earlier ones, with a mark if there is one. A crash between any two steps leaves a folder that
    /// opens whole or not at all, and loses nothing.
    pub(crate) fn steps(
        &self,
        draft: &Draft,
        now: Timestamp,
        mark: Option<&'static str>,
    ) -> (Vec<PlaceStep>, Option<PathBuf>) {
        let there: Vec<&str> = FILES.into_iter().filter(|name| self.data.join(name).exists()).collect();
        let aside = self.data.join(format!("{ASIDE}{}", now.ms()));
        let mut steps = Vec::new();
        if !there.is_empty() {
            steps.push(PlaceStep::Folder(aside.clone()));
        }
        for name in &there {
            steps.push(PlaceStep::Move { from: self.data.join(name), to: aside.join(name) });
            if *name == LOCK {
                steps.push(PlaceStep::Sync(self.data.clone()));
            }
        }
        if !there.is_empty() {
            steps.push(PlaceStep::Sync(aside.clone()));
        }
        for name in [KEY, DATABASE] {
            steps.push(PlaceStep::Move { from: draft.path.join(name), to: self.data.join(name) });
        }
        let sync = || PlaceStep::Sync(self.data.clone());
        steps.extend(mark.map(PlaceStep::Mark));
        steps.extend([sync(), PlaceStep::Mark(LOCK), sync()]);
        (steps, (!there.is_empty()).then_some(aside))
    }

    pub(crate) fn take(&self, step: PlaceStep) -> Result<(), BackupError> {
        match step {
            PlaceStep::Folder(path) => {
                let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
                made.and_then(|()| mark_as_copy(&path)).map_err(BackupError::io(&path))?;
                self.own(&path.join(COPY))?;
                self.own(&path)
            }
            PlaceStep::Move { from, to } => fs::rename(&from, &to).map_err(BackupError::io(&to)),
            PlaceStep::Sync(path) => sync_folder(&path),
            PlaceStep::Mark(name) => {
                let path = self.data.join(name);
                new_file(&path)?.sync_all().map_err(BackupError::io(&path))?;
                self.own(&path)
            }
        }
    }

    /// The restored files belong to whom the folder belongs to, also where root restores for a service.
    pub(crate) fn give(&self, draft: &Draft) -> Result<(), BackupError> {
        [KEY, DATABASE].iter().try_for_each(|name| self.own(&draft.path.join(name)))
    }

    fn own(&self, path: &Path) -> Result<(), BackupError> {
        let give = || {
            let (folder, file) = (fs::metadata(&self.data)?, fs::metadata(path)?);
            if folder.uid() == file.uid() {
                return Ok(());
            }
            chown(path, Some(folder.uid()), Some(folder.gid()))
        };
        give().map_err(BackupError::io(path))
    }

    /// Takes away a folder that was made for nothing. Best effort: it is empty.
    pub(crate) fn leave(&self) {
        if self.made {
            let _ = fs::remove_dir(&self.data);
        }
    }
}

/// The folder in which the restored files are made. While it is all there is, nobody can open the data folder.
pub(crate) struct Draft {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl Draft {
    /// Begins anew, without what an earlier attempt has left.
    pub(crate) fn begin(place: &DataPlace) -> Result<Self, BackupError> {
        let path = place.data.join(DRAFT);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(BackupError::io(&path))?;
        let lock = File::open(&path).map_err(BackupError::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::UnderWay(place.data.clone())),
            Err(TryLockError::Error(cause)) => return Err(BackupError::Io { path, cause }),
        }
        for name in FILES {
            match fs::remove_file(path.join(name)) {
                Err(cause) if cause.kind() != ErrorKind::NotFound => {
                    return Err(BackupError::Io { path: path.join(name), cause });
                }
                Ok(()) | Err(_) => {}
            }
        }
        mark_as_copy(&path).map_err(BackupError::io(&path))?;
        Ok(Self { path, _lock: lock })
    }

    fn make(&self, from: &Path, manifest: &Manifest, now: Timestamp) -> Result<(), BackupError> {
        self.copy(from, manifest)?;
        self.end_everything(manifest.schema, now)?;
        sync_folder(&self.path)
    }

    /// Takes the folder away. Best effort: what stays is taken away by the next restore, and no server looks at it.
    pub(crate) fn discard(&self) {
        // The mark goes last.
        for name in FILES.into_iter().chain([COPY]) {
            let _ = fs::remove_file(self.path.join(name));
        }
        let _ = fs::remove_dir(&self.path);
    }

    /// Copies the files and compares what was copied with the manifest.
    fn copy(&self, from: &Path, manifest: &Manifest) -> Result<(), BackupError> {
        for name in [KEY, DATABASE] {
            plain_file(&from.join(name))?;
            let copied = copy(&from.join(name), &self.path.join(name))?;
            if manifest.listed(name) != Some(&copied) {
                return Err(damaged(&from.join(name), "its size or checksum"));
            }
            if name == KEY && copied.bytes != KEY_BYTES {
                return Err(damaged(&from.join(name), "no installation key has as many bytes"));
            }
        }
        Ok(())
    }

    /// ENDED-STAYS-ENDED: in one transaction every generation rises above all that the original may have reached, so that
    /// no session, grant or token of it is of the present one. Unfinished flows go, lest one is finished a second time.
    fn end_everything(&self, number: i64, now: Timestamp) -> Result<(), BackupError> {
        let path = self.path.join(DATABASE);
        let mut db =
            schema::connect(&path, schema::Mode::Writing).map_err(|error| unreadable(&path, error))?;
        check(&db, &path)?;
        if schema::number_of(&db)? != number {
            return Err(damaged(&path, "its schema is not the one that the backup names"));
        }
        schema::migrate(&mut db).map_err(|error| unreadable(&path, error))?;
        if !schema::is_whole(&db)? {
            return Err(damaged(&path, "its tables are not those of a data folder"));
        }
        if key_check::judge(&db, &key_at(&self.path.join(KEY))?, None)? == KeyVerdict::Differs {
            return Err(damaged(&self.path.join(KEY), "it is not the key of the database beside it"));
        }
        let transaction = db.transaction()?;
        for table in ["realm", "user", "client"] {
            let raise = format!("UPDATE {table} SET generation = max(generation + 1, ?1)");
            transaction.execute(&raise, [now.ms()])?;
        }
        record(&transaction, now)?;
        transaction.execute("DELETE FROM flow", [])?;
        transaction.commit()?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        db.close().map_err(|(_, error)| error)?;
        sync_file(&path)
    }
}

/// How all of it ended, for each realm and each client, with a line of endings. A user's sessions find it at their realm.
fn record(db: &Connection, now: Timestamp) -> Result<(), BackupError> {
    let (mut body, at) = (Vec::new(), now);
    let origin = Origin::of(Actor::Operator, Channel::named("command"), None);
    for realm in rows::realms(db)? {
        let clients = rows::clients(db, realm.id)?.into_iter();
        let clients = clients.map(|client| (EndScope::Client(client.id), client.generation));
        for (scope, generation) in clients.chain([(EndScope::Realm(realm.id), realm.generation)]) {
            let record = EndingRecord::ordered(&origin, Cause::Restored, None, now);
            let mass = MassEnding::whole(scope, generation, record);
            rows::write_mass_ending(db, &mass, false)?;
            append_entry(&mut body, &EndingEntry::of_many(&mass));
        }
    }
    // Above all numbers that the original may have given since the backup, so that its ids name nothing here.
    let micros = u64::try_from(now.ms()).unwrap_or(0) * 1000;
    let number = (rows::newest_line(db)? + 1).max(micros);
    Ok(rows::write_line(db, &EndingLine { number, at, body })?)
}

/// A file that can be read to its end: nothing else is opened, for it may never answer, or lead elsewhere.
fn plain_file(path: &Path) -> Result<(), BackupError> {
    let kind = fs::symlink_metadata(path).map_err(BackupError::io(path))?.file_type();
    if kind.is_file() { Ok(()) } else { Err(damaged(path, "it is no file of its own")) }
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
