//! What a backup says of itself: who made it, when, and what its files were.
//!
//! The sums find damage, not malice: whoever can write the folder can write the manifest.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use adieu_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, new_file};
pub(super) use crate::folder::MANIFEST as FILE;
use crate::folder::{DATABASE, KEY};

const DRAFT: &str = "manifest.json.new";
/// The format that this version writes and knows.
const FORMAT: u32 = 1;
/// A manifest has a few hundred bytes; more is somebody else's file.
const BYTES_MAX: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// The version of the program that made it.
    pub(super) version: String,
    /// The number of the database's schema.
    pub(super) schema: i64,
    /// Milliseconds since 1970 at which it was asked for.
    pub(super) taken_at_ms: i64,
    files: Vec<ListedFile>,
}

/// One file.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
pub(super) struct ListedFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// What every format must have, so that a newer one is told from rubbish.
#[derive(Deserialize)]
struct Any {
    format: u32,
    version: String,
}

impl Manifest {
    pub(super) fn of(schema: i64, now: Timestamp, files: Vec<ListedFile>) -> Self {
        let version = env!("CARGO_PKG_VERSION").into();
        Self { format: FORMAT, version, schema, taken_at_ms: now.ms(), files }
    }

    /// Writes it under another name first, so that there is never half of one.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let (draft, path) = (folder.join(DRAFT), folder.join(FILE));
        let text = serde_json::to_vec_pretty(self).expect("a manifest has no map keys that JSON lacks");
        let mut file = new_file(&draft)?;
        let written = file.write_all(&text).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&draft, &path)).map_err(BackupError::io(path))
    }

    /// Reads the manifest of a backup; refuses later formats and lists that are not ours.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let foreign = || BackupError::NotABackup(folder.into());
        let mut text = Vec::new();
        // Nothing that leads elsewhere or never answers is opened.
        let kind = fs::symlink_metadata(folder.join(FILE)).map_err(|_| foreign())?;
        if !kind.is_file() {
            return Err(foreign());
        }
        let file = File::open(folder.join(FILE)).map_err(|_| foreign())?;
        file.take(BYTES_MAX).read_to_end(&mut text).map_err(|_| foreign())?;
        let any: Any = serde_json::from_slice(&text).map_err(|_| foreign())?;
        if any.format != FORMAT {
            return Err(BackupError::TooNew { version: any.version });
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(|_| foreign())?;
        let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        // Names are paths to be written: exactly ours, so that none leads elsewhere.
        if names == [DATABASE, KEY] { Ok(manifest) } else { Err(foreign()) }
    }

    /// What a file was when it was backed up.
    pub(super) fn listed(&self, name: &str) -> Option<&ListedFile> {
        self.files.iter().find(|file| file.name == name)
    }
}
