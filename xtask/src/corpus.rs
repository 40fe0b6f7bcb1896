//! What the fuzzing engine found worth keeping: one text file a target, an input a line, odd bytes escaped.
//!
//! So that it is read, compared and merged like any other text. The engine itself wants a folder of files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::files;

/// How much of a target's inputs is kept, the shortest first.
const BYTES_MAX: usize = 64_000;

fn file(target: &str) -> PathBuf {
    files::root().join("fuzz/corpus").join(format!("{target}.txt"))
}

/// Writes the kept inputs of a target into an empty folder; gives their number.
pub(crate) fn unpack(target: &str, folder: &Path) -> Result<usize> {
    let path = file(target);
    let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
    for old in fs::read_dir(folder)? {
        fs::remove_file(old?.path())?;
    }
    for (number, line) in text.lines().enumerate() {
        let input = unescaped(line).with_context(|| format!("{}:{}", path.display(), number + 1))?;
        fs::write(folder.join(format!("{number:05}")), input)?;
    }
    Ok(text.lines().count())
}

/// Keeps the inputs of a folder; gives their number.
pub(crate) fn pack(target: &str, folder: &Path) -> Result<usize> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        inputs.push(fs::read(entry?.path())?);
    }
    inputs.retain(|input| !input.is_empty());
    inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    let mut text = String::new();
    let mut kept = 0;
    for input in &inputs {
        let line = input.escape_ascii().to_string();
        if text.len() + line.len() >= BYTES_MAX {
            break;
        }
        text = text + &line + "\n";
        kept += 1;
    }
    let path = file(target);
    fs::create_dir_all(path.parent().context("a folder")?)?;
    fs::write(path, text)?;
    Ok(kept)
}

/// The inverse of [`slice::escape_ascii`].
fn unescaped(line: &str) -> Result<Vec<u8>> {
    let mut input = Vec::new();
    let mut bytes = line.bytes();
    while let Some(byte) = bytes.next() {
        input.push(match byte {
            b'\\' => match bytes.next().context("a backslash at the end")? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => {
                    let mut digit = || {
                        let byte = bytes.next().context("two digits")?;
                        char::from(byte)
                            .to_digit(16)
                            .and_then(|digit| u8::try_from(digit).ok())
                            .context("a digit")
                    };
                    digit()? * 16 + digit()?
                }
                other => other,
            },
            other => other,
        });
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back() {
        let all: Vec<u8> = (0..=255).collect();
        let line = all.escape_ascii().to_string();
        assert!(!line.contains('\n') && line.is_ascii());
        assert_eq!(unescaped(&line).unwrap(), all);
        for bad in ["\\", "\\x4", "\\x4g"] {
            assert!(unescaped(bad).is_err(), "{bad}");
        }
    }
}
