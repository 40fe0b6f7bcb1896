//! Figures out of what programs print.
//!
//! A figure that is not found is an error, never nought.

use anyhow::{Context, Result};

/// A number behind a word in a program's output.
pub(crate) fn number_before(text: &str, words: &str) -> Result<f64> {
    let line = text
        .lines()
        .find(|line| line.contains(words))
        .with_context(|| format!("no `{words}` in:\n{text}"))?;
    let before = line.split(words).next().unwrap_or_default();
    before.split_whitespace().last().and_then(|n| n.parse().ok()).with_context(|| line.to_owned())
}
