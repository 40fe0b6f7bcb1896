//! Secrets of clients and subscribers that a command makes: shown once, and not lost because a reader went away.
//!
//! They go into a file that is named, made before the first change and readable by its owner only; else to standard error, or
//! with `--json` into the JSON, which programs read whole. What is lost nevertheless is replaced by another secret.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::logging::note;

/// Where they go.
pub(super) enum ShownOnce {
    /// A line each, the id and the secret.
    File { file: File, path: PathBuf, lines: usize },
    /// A line each, for whoever gave the command.
    StandardError,
    /// The answer to the command has them.
    Answer,
}

impl ShownOnce {
    /// A new file, if one is named; what is there is never written over.
    pub(super) fn at(path: Option<&Path>, json: bool) -> Result<Self> {
        let Some(path) = path else { return Ok(if json { Self::Answer } else { Self::StandardError }) };
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("--secrets-to {}: a new file is wanted", path.display()))?;
        Ok(Self::File { file, path: path.to_owned(), lines: 0 })
    }

    /// Takes one secret, durably where it is a file; says whether the answer need not have it.
    pub(super) fn take(&mut self, kind: &str, id: &str, secret: &str) -> Result<bool> {
        self.take_of(&format!("secret of {kind}"), id, secret)
    }

    /// The same of another secret, which is called so.
    pub(super) fn take_of(&mut self, what: &str, id: &str, secret: &str) -> Result<bool> {
        match self {
            Self::File { file, path, lines } => {
                let written = writeln!(file, "{id} {secret}").and_then(|()| file.sync_all());
                if let Err(error) = written {
                    // A disk that is full must not cost the secret.
                    note(&format!("{what} {id}: {secret} (shown this once)"));
                    return Err(error).with_context(|| path.display().to_string());
                }
                *lines += 1;
                Ok(true)
            }
            Self::StandardError => {
                note(&format!("{what} {id}: {secret} (shown this once)"));
                Ok(true)
            }
            Self::Answer => Ok(false),
        }
    }
}

/// A file that took nothing goes.
impl Drop for ShownOnce {
    fn drop(&mut self) {
        if let Self::File { path, lines: 0, .. } = self {
            let _ = std::fs::remove_file(path); // An empty file that stays is no harm.
        }
    }
}
