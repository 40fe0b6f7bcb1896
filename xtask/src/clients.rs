//! Programs and published packages that tests call: installed once, into the target folder.
//!
//! Only through the ordinary clients of their registries; a package that can't be had fails the run by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::check::need;
use crate::files;

/// Programs, and the Debian packages they come in.
const PROGRAMS: [(&str, &str); 8] = [
    ("c++", "g++"), // The fuzzing engine.
    ("cc", "gcc"),  // aws-lc, SQLite, and the power cut below it.
    ("curl", "curl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"), // The browser of a published client.
    ("nginx", "nginx-light"), // A proxy that asks before it lets a request through.
];

/// The packages for Node and their exact versions; the founding samples name one of them.
const NODE_PACKAGES: &str = "clients/packages.json";
/// The packages for Python, and the folder that each list goes into; the founding samples name one of the first.
const PYTHON_PACKAGES: [(&str, &str); 2] =
    [("clients/packages.txt", "python"), ("clients/schemathesis.txt", "schemathesis")];

/// Installs what is missing; gives the folder that the tests look into.
pub(crate) fn install() -> Result<PathBuf> {
    for (program, package) in PROGRAMS {
        need(program, package)?;
    }
    let folder = files::root().join("target/clients");
    std::fs::create_dir_all(&folder)?;
    node_packages(&folder)?;
    for (list, name) in PYTHON_PACKAGES {
        python_packages(&folder, list, name)?;
    }
    Ok(folder)
}

/// Installs the packages of a list for Python into a folder of their own, if it was another list that is there.
fn python_packages(folder: &Path, list: &str, name: &str) -> Result<()> {
    let (wanted, noted) = (files::read(list)?, folder.join(format!("{name}.txt")));
    if std::fs::read_to_string(&noted).ok().as_ref() == Some(&wanted) {
        return Ok(());
    }
    if !succeeds(Command::new("python3").args(["-m", "pip", "--version"])) {
        need("pip3", "python3-pip")?;
    }
    let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target"];
    run(Command::new("python3").args(words).arg(folder.join(name)).arg("-r").arg(files::root().join(list)))?;
    std::fs::write(noted, wanted)?;
    Ok(())
}

/// Installs the packages for Node whose exact version is not there.
fn node_packages(folder: &Path) -> Result<()> {
    let wanted: BTreeMap<String, String> =
        serde_json::from_str(&files::read(NODE_PACKAGES)?).context(NODE_PACKAGES)?;
    let installed = |name: &str, version: &str| {
        let text = std::fs::read_to_string(folder.join("node_modules").join(name).join("package.json"));
        let package = text.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        package.is_some_and(|package| package["version"] == version)
    };
    if wanted.iter().all(|(name, version)| installed(name, version)) {
        return Ok(());
    }
    // All of them at once: the client removes what a later call does not name.
    let words = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact", "--prefix"];
    let packages = wanted.iter().map(|(name, version)| format!("{name}@{version}"));
    run(Command::new("npm").args(words).arg(folder).args(packages))
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
