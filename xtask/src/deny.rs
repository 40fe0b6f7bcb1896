//! What stands below the product: licences, sources and packages that are kept out, as `deny.toml` has it; and known
//! vulnerabilities, for whoever has a network.
//!
//! The tool is installed like the other programs that tests call; it reads `Cargo.lock` and changes nothing.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{clients, files};

/// Everything that is said by the lock file and the packages themselves.
pub(crate) fn deny() -> Result<()> {
    run(&[
        "--offline",
        "--locked",
        "--log-level",
        "error",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ])
}

/// Known vulnerabilities and withdrawn versions: asks a database that is fetched.
pub(crate) fn advisories() -> Result<()> {
    run(&["--locked", "check", "advisories"])
}

fn run(words: &[&str]) -> Result<()> {
    let tool = clients::install_tools()?.join("bin/cargo-deny");
    println!("$ cargo deny {}", words.join(" "));
    let status = Command::new(&tool).args(words).current_dir(files::root()).status();
    let status = status.with_context(|| tool.display().to_string())?;
    ensure!(status.success(), "cargo deny: {status}");
    Ok(())
}
