//! How a check ends: with all its findings at once, or with one word that all is well.
//!
//! It finds nothing itself.

use anyhow::{Result, bail};

/// Fails with all findings at once; says that all is well otherwise.
pub(crate) fn verdict(name: &str, findings: &[String]) -> Result<()> {
    if findings.is_empty() {
        println!("{name}: ok");
        return Ok(());
    }
    bail!("{name}: {} to mend\n  {}", findings.len(), findings.join("\n  "))
}
