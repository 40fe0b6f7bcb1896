//! A data folder that is moved away: its rows in one snapshot, and the mark that nobody serves from it any more.
//!
//! But for the mark, and a schema that is brought up, nothing is written.

use std::path::{Path, PathBuf};

use adieu_core::{Entropy, InstallationKey};
use adieu_store_records::{MOVED_ROWS, MovedKind, MovedOrder, MovedRow, MovedTable, MovedValue};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::{MoveError, standing};
use crate::error::Damaged;
use crate::{Folder, OpensSigningKey, Options, folder, open_writing, rows};

/// A data folder whose rows are read.
pub struct FolderSource {
    db: Connection,
    folder: Folder,
}

impl FolderSource {
    /// Takes the folder as a server would, so that none serves from it meanwhile, and brings its schema up as a start would. One that is
    /// marked as moved is taken, too: a move that was broken off may be given again.
    ///
    /// # Errors
    /// If there is no installation in it, it is in use, can't be opened, or tells nobody of its endings.
    pub fn open(
        path: &Path,
        entropy: &dyn Entropy,
        opens_signing_key: OpensSigningKey,
    ) -> Result<Self, MoveError> {
        let folder = Folder::open_to_move(path, entropy)?;
        if Folder::is_untold(path) {
            return Err(MoveError::Trial(path.into()));
        }
        let options = Options { opens_signing_key: Some(opens_signing_key), ..Options::default() };
        let db = open_writing(&folder, options)?;
        db.execute_batch("BEGIN")?;
        Ok(Self { db, folder })
    }

    /// The installation key.
    pub fn key(&self) -> &InstallationKey {
        self.folder.key()
    }

    /// Where its numbers of lines stand, and how far receipts were made.
    ///
    /// # Errors
    /// If the database can't be read.
    pub fn order(&self) -> Result<MovedOrder, MoveError> {
        let told = rows::told_up_to(&self.db)?;
        Ok(MovedOrder { told, next: told.line.max(rows::newest_line(&self.db)? + 1) })
    }

    /// Gives the rows of a table, a few at a time.
    ///
    /// # Errors
    /// If the database can't be read, a value is of another kind than all versions write, or `take` fails.
    pub fn read<E: From<MoveError>>(
        &self,
        table: &MovedTable,
        mut take: impl FnMut(Vec<MovedRow>) -> Result<(), E>,
    ) -> Result<(), E> {
        let here = standing(table);
        let columns: Vec<&str> = table.columns.iter().map(|(name, _)| here.read(name)).collect();
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            here.table,
            columns[..table.ordered_by].join(", ")
        );
        let read = |error: rusqlite::Error| E::from(MoveError::from(error));
        let mut statement = self.db.prepare(&sql).map_err(read)?;
        let mut found = statement.query([]).map_err(read)?;
        let mut batch = Vec::new();
        while let Some(row) = found.next().map_err(read)? {
            batch.push(moved_row(table, row).map_err(read)?);
            if batch.len() == MOVED_ROWS {
                take(std::mem::take(&mut batch))?;
            }
        }
        if batch.is_empty() { Ok(()) } else { take(batch) }
    }

    /// Marks the folder, durably, as one that nobody serves from any more.
    ///
    /// # Errors
    /// If the folder can't be written.
    pub fn mark(&self) -> Result<(), MoveError> {
        Ok(folder::mark_as_moved(self.folder.path())?)
    }

    /// Where the installation key lies.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join(folder::KEY)
    }
}

fn moved_row(table: &MovedTable, row: &Row<'_>) -> rusqlite::Result<MovedRow> {
    let columns = table.columns.iter().enumerate();
    columns.map(|(at, (name, kind))| moved_value(row.get_ref(at)?, *kind, name)).collect()
}

fn moved_value(value: ValueRef<'_>, kind: MovedKind, name: &'static str) -> rusqlite::Result<MovedValue> {
    match (value, kind) {
        (ValueRef::Null, _) => Ok(MovedValue::Null),
        (ValueRef::Integer(number), MovedKind::Int) => Ok(MovedValue::Int(number)),
        (ValueRef::Text(_), MovedKind::Text) => Ok(MovedValue::Text(value.as_str()?.to_owned())),
        (ValueRef::Blob(bytes), MovedKind::Bytes) => Ok(MovedValue::Bytes(bytes.to_vec())),
        _ => Err(Damaged::row(name)),
    }
}
