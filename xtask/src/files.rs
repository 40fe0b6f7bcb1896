//! The repository's own files: where it stands, and every Rust source in it.
//!
//! Reads only; build output and foreign code are left out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Folders that hold no source of ours.
const NOT_OURS: [&str; 4] = ["target", ".git", "node_modules", "data"];

/// One Rust source file.
pub(crate) struct SourceFile {
    /// Relative to the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
    }

    /// Whether its functions are tests in all but the attribute: the store's contract suite.
    pub(crate) fn is_suite(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "suite" | "suite.rs"))
    }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Reads one file of the repository.
pub(crate) fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| path.to_owned())
}

/// Every Rust source, by path.
pub(crate) fn sources() -> Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<SourceFile>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                collect(&entry.path(), &path, found)?;
            }
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).with_context(|| path.clone())?;
            found.push(SourceFile { path, text });
        }
    }
    Ok(())
}
