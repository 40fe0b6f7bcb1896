//! Programs that steps need: installed where we may, named with their package where we may not.
//!
//! Nothing is passed over in silence.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Sees to it that a program is there: installs its package when we may, else says exactly what to install.
pub(crate) fn need(program: &str, package: &str) -> Result<()> {
    need_somewhere(program, package, &|| on_path(program))
}

/// The same of PostgreSQL's server: Debian puts it where no path leads.
pub(crate) fn need_postgres() -> Result<()> {
    let is_there = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        on_path("initdb") || versions.into_iter().any(|version| version.path().join("bin/initdb").is_file())
    };
    need_somewhere("initdb", "postgresql", &is_there)
}

fn need_somewhere(program: &str, package: &str, is_there: &dyn Fn() -> bool) -> Result<()> {
    if is_there() {
        return Ok(());
    }
    let install = format!("apt-get install -y --no-install-recommends {package}");
    if !is_root() || !on_path("apt-get") {
        bail!("`{program}` is missing; on Debian: sudo {install}");
    }
    println!("$ {install}");
    let script = format!("export DEBIAN_FRONTEND=noninteractive; apt-get update && {install}");
    let status = Command::new("sh").args(["-c", &script]).status().context("sh")?;
    ensure!(status.success() && is_there(), "`{program}` is still missing after: {install}");
    Ok(())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian puts servers where only root's path leads.
    std::env::split_paths(&path).chain(["/usr/sbin".into()]).any(|folder| folder.join(program).is_file())
}

/// Whether we run as root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of our own entry in /proc is the user we run as.
    Path::new("/proc/self").metadata().is_ok_and(|entry| entry.uid() == 0)
}
