//! Programs and published packages that tests call: installed once, into the target folder.
//!
//! Only through the ordinary clients of their registries; a package that can't be had fails the run by name.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::check::need;
use crate::files;

/// Programs, and the Debian packages they come in.
const PROGRAMS: [(&str, &str); 5] = [
    ("cc", "gcc"), // aws-lc, SQLite, and the power cut below it.
    ("curl", "curl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
];

/// Packages of npm: the one that the founding samples for Node name, and the vendor's browser client.
const NODE: [(&str, &str); 2] = [("request", "2.88.2"), ("@forgerock/oidc-client", "2.1.0")];
/// The package that the founding samples for Python name.
const PYTHON_REQUESTS: &str = "requests";

/// Installs what is missing; gives the folder that the tests look into.
pub(crate) fn install() -> Result<PathBuf> {
    for (program, package) in PROGRAMS {
        need(program, package)?;
    }
    let folder = files::root().join("target/clients");
    std::fs::create_dir_all(&folder)?;
    for (name, version) in NODE {
        if !folder.join("node_modules").join(name).join("package.json").is_file() {
            let words = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"];
            run(Command::new("npm").args(words).arg(&folder).arg(format!("{name}@{version}")))?;
        }
    }
    let python = folder.join("python");
    if !python.join("requests/__init__.py").is_file() {
        if !succeeds(Command::new("python3").args(["-m", "pip", "--version"])) {
            need("pip3", "python3-pip")?;
        }
        let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"];
        run(Command::new("python3").args(words).arg(&python).arg(PYTHON_REQUESTS))?;
    }
    Ok(folder)
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}").replace('"', "");
    println!("$ {shown}");
    let status = command.status().with_context(|| shown.clone())?;
    ensure!(status.success(), "{shown}: {status}");
    Ok(())
}
