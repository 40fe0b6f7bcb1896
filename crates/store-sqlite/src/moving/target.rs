//! A data folder into which an installation is moved: made whole in a folder inside its place, as a restore does, and then moved up.
//!
//! A move that is broken off leaves a folder that nobody opens; the same move may be given again.

use std::io::Write;
use std::path::Path;

use adieu_core::{InstallationKey, Timestamp};
use adieu_store_records::{MOVED_TABLES, MovedOrder, MovedRow, MovedTable, MovedValue};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::{MoveError, standing};
use crate::backup::{BackupError, DataPlace, Draft, Existing, new_file, sync_file, sync_folder};
use crate::folder::{DATABASE, KEY};
use crate::rows::EndingLine;
use crate::{key_check, rows, schema};

/// A data folder that is being filled.
pub struct FolderTarget {
    place: DataPlace,
    draft: Draft,
    /// Gone once all of it is written.
    db: Option<Connection>,
    done: bool,
}

/// What is made of the sessions: in which lists they are, and when they are looked at. Each hour has numbers of its own, and each
/// entry in it the next one.
const LISTS: [&str; 5] = [
    "INSERT INTO recent SELECT unhex(replace(detail ->> 'r', '-', '')) AS realm, detail ->> 'o' AS opened_at, locator
        FROM session ORDER BY realm, opened_at, locator",
    "INSERT INTO user_recent SELECT locator >> 17 AS key, detail ->> 'o' AS opened_at, locator
        FROM session ORDER BY key, opened_at, locator",
    "INSERT INTO user_live SELECT locator >> 17 AS key, user_generation, detail ->> 'o' AS opened_at, locator
        FROM session WHERE state != 2 ORDER BY key, user_generation, opened_at, locator",
    "INSERT INTO due SELECT (due_hour << 31) + row_number() OVER (PARTITION BY due_hour ORDER BY locator) - 1, locator
        FROM session WHERE state != 2",
    "INSERT INTO shared_due SELECT shared_due, locator FROM session
        WHERE state != 2 AND shared_due IS NOT NULL ORDER BY shared_due, locator",
];

impl FolderTarget {
    /// Begins in a folder that is empty or missing, or in which a move was broken off.
    ///
    /// # Errors
    /// If the folder holds something, another process works on it, or it can't be written.
    pub fn begin(path: &Path, key: &InstallationKey) -> Result<Self, MoveError> {
        let place = DataPlace::of(path, Existing::Keep)?;
        let draft = Draft::begin(&place).inspect_err(|_| place.leave())?;
        let mut target = Self { place, draft, db: None, done: false };
        // Once more, now that nobody else works here.
        target.place.allowed(Existing::Keep)?;
        target.make(key)?;
        Ok(target)
    }

    fn make(&mut self, key: &InstallationKey) -> Result<(), MoveError> {
        let file = self.draft.path.join(KEY);
        let written = |cause| BackupError::Io { path: file.clone(), cause };
        let mut kept = new_file(&file)?;
        kept.write_all(&key.to_bytes()).and_then(|()| kept.sync_all()).map_err(written)?;
        let path = self.draft.path.join(DATABASE);
        new_file(&path)?; // SQLite takes an empty file as it is, with the owner's rights only.
        let mut db = schema::connect(&path, schema::Mode::Writing)?;
        // All of it is synced once, at the end: until then nobody opens it.
        db.pragma_update(None, "synchronous", "OFF")?;
        schema::migrate(&mut db)?;
        key_check::keep(&db, key)?;
        for table in MOVED_TABLES {
            db.execute(&format!("DELETE FROM {}", standing(table).table), [])?; // Rows that migrations make.
        }
        self.db = Some(db);
        Ok(())
    }

    /// Writes rows of a table.
    ///
    /// # Errors
    /// If the database can't be written.
    pub fn write(&mut self, table: &MovedTable, moved: &[MovedRow]) -> Result<(), MoveError> {
        let here = standing(table);
        let columns = table.columns.iter().map(|(name, _)| here.written(name));
        let columns: Vec<(usize, &str)> =
            columns.enumerate().filter_map(|(at, name)| Some((at, name?))).collect();
        let names: Vec<&str> = columns.iter().map(|(_, name)| *name).collect();
        let sql = format!(
            "INSERT INTO {}({}) VALUES ({})",
            here.table,
            names.join(", "),
            vec!["?"; names.len()].join(", ")
        );
        let transaction = self.db_mut().transaction()?;
        {
            let mut statement = transaction.prepare_cached(&sql)?;
            for row in moved {
                statement.execute(params_from_iter(columns.iter().map(|(at, _)| Column(&row[*at]))))?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Makes what is made anew, and numbers that go on behind those that were given; syncs all of it.
    ///
    /// # Errors
    /// If the folder can't be written.
    pub fn complete(&mut self, order: MovedOrder) -> Result<(), MoveError> {
        let db = self.db_mut();
        for list in LISTS {
            db.execute(list, [])?;
        }
        rows::write_told_up_to(db, order.told)?;
        let last = order.next.saturating_sub(1);
        if rows::newest_line(db)? < last {
            // Numbers go on behind the newest line: this one holds the place, and says of no ending.
            let sql = "SELECT coalesce(max(at), 0) FROM ending_line";
            let at = Timestamp::from_ms(db.query_row(sql, [], |row| row.get(0))?);
            rows::write_line(db, &EndingLine { number: last, at, body: Vec::new() })?;
        }
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        if let Some(db) = self.db.take() {
            db.close().map_err(|(_, error)| error)?;
        }
        sync_file(&self.draft.path.join(DATABASE))?;
        sync_folder(&self.draft.path)?;
        Ok(self.place.give(&self.draft)?)
    }

    /// Moves what is complete into its place, where a server may take it. A crash on the way leaves a folder that nobody opens, or a whole
    /// one.
    ///
    /// # Errors
    /// If the folder can't be written: then nobody can tell.
    pub fn put_in_place(mut self, now: Timestamp) -> Result<(), MoveError> {
        self.done = true; // From here on nothing is taken back.
        let (steps, _) = self.place.steps(&self.draft, now, None);
        for step in steps {
            self.place.take(step)?;
        }
        self.draft.discard();
        Ok(())
    }

    fn db_mut(&mut self) -> &mut Connection {
        self.db.as_mut().expect("it is open until all is written")
    }
}

impl Drop for FolderTarget {
    fn drop(&mut self) {
        if !self.done {
            self.db = None;
            self.draft.discard();
            self.place.leave();
        }
    }
}

/// A value as a parameter.
struct Column<'a>(&'a MovedValue);

impl ToSql for Column<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self.0 {
            MovedValue::Int(number) => number.to_sql(),
            MovedValue::Text(text) => text.to_sql(),
            MovedValue::Bytes(bytes) => bytes.to_sql(),
            MovedValue::Null => rusqlite::types::Null.to_sql(),
        }
    }
}
