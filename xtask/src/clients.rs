//! Programs and published packages that tests call: installed once, into the target folder.
//!
//! Only through the ordinary clients of their registries; a package that can't be had fails the run by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::files;
use crate::packages::{need, need_postgres};

/// Programs, and the Debian packages they come in.
const PROGRAMS: [(&str, &str); 14] = [
    ("c++", "g++"), // The fuzzing engine.
    ("cc", "gcc"),  // aws-lc, SQLite, and the power cut below it.
    ("curl", "curl"),
    ("jq", "jq"), // The shell blocks of docs/quickstart.md.
    ("openssl", "openssl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("go", "golang-go"), // The languages of the founding samples.
    ("ruby", "ruby"),
    ("javac", "default-jdk-headless"),
    ("mvn", "maven"),
    ("chromium", "chromium"), // The browser of a published client.
    ("nginx", "nginx-light"), // A proxy that asks before it lets a request through.
];

/// The packages for Node and their exact versions; the founding samples name one of them.
const NODE_PACKAGES: (&str, &[&str]) = ("clients/packages.json", &[]);
/// What the samples for Node in docs/ name, in a folder of its own as in a reader's: beside others they get a second copy of a package
/// whose objects are known by their class.
const SAMPLE_PACKAGES: (&str, &[&str]) = ("clients/samples.json", &[]);
/// An application for Node in a folder of its own; what it would like to have besides is left out, as it is large and unused.
const UI_PACKAGES: (&str, &[&str]) =
    ("clients/kratos/ui.json", &["--omit=optional", "--omit=peer", "--legacy-peer-deps"]);
/// The packages for Python, and the folder that each list goes into; the founding samples name one of the first,
/// docs/quickstart.md three.
const PYTHON_PACKAGES: [(&str, &str); 2] =
    [("clients/packages.txt", "python"), ("clients/schemathesis.txt", "schemathesis")];
/// Programs for our own checks that come as packages for Python; they go into a folder of their own.
const TOOLS: (&str, &str) = ("clients/tools.txt", "tools");
/// The version of the program that makes Debian packages.
const CARGO_DEB: &str = "clients/cargo-deb.txt";
/// The packages for Java that the founding samples and docs/quickstart.md name.
const JAVA_PACKAGES: &str = "clients/packages.xml";
/// A program on a published crate; its lock file has the exact versions.
const RUST_PROGRAM: &str = "clients/kratos/rust/Cargo.toml";

/// Installs what is missing; gives the folder that the tests look into.
pub(crate) fn install() -> Result<PathBuf> {
    for (program, package) in PROGRAMS {
        need(program, package)?;
    }
    need_postgres()?;
    let folder = files::root().join("target/clients");
    std::fs::create_dir_all(&folder)?;
    node_packages(&folder, NODE_PACKAGES)?;
    node_packages(&folder.join("samples"), SAMPLE_PACKAGES)?;
    node_packages(&folder.join("ui"), UI_PACKAGES)?;
    for list in PYTHON_PACKAGES {
        listed_for_python(&folder, list)?;
    }
    install_tools()?;
    noted(&folder, JAVA_PACKAGES, "java.xml", java_packages)?;
    rust_program(&folder)?;
    Ok(folder)
}

/// Installs the programs for our own checks; gives their folder. Once they are there no network is asked.
pub(crate) fn install_tools() -> Result<PathBuf> {
    need("python3", "python3")?;
    let folder = files::root().join("target/clients");
    std::fs::create_dir_all(&folder)?;
    listed_for_python(&folder, TOOLS)?;
    Ok(folder.join(TOOLS.1))
}

fn listed_for_python(folder: &Path, (list, name): (&str, &str)) -> Result<()> {
    noted(folder, list, &format!("{name}.txt"), |folder| python_packages(&folder.join(name), list))
}

/// Installs the program that makes Debian packages; gives where it is. Without its parts for other formats and in the profile that
/// builds sooner: it runs for a second.
pub(crate) fn install_cargo_deb() -> Result<PathBuf> {
    let folder = files::root().join("target/clients");
    std::fs::create_dir_all(&folder)?;
    noted(&folder, CARGO_DEB, "cargo-deb.txt", |folder| {
        let version = files::read(CARGO_DEB)?;
        let words =
            ["install", "cargo-deb", "--locked", "--debug", "--no-default-features", "--force", "--version"];
        run(Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
            .args(words)
            .arg(version.trim())
            .arg("--root")
            .arg(folder.join("cargo-deb")))
    })?;
    Ok(folder.join("cargo-deb/bin/cargo-deb"))
}

/// Installs what a list names, unless a note says that the same list has been installed.
fn noted(folder: &Path, list: &str, note: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let (wanted, note) = (files::read(list)?, folder.join(note));
    if std::fs::read_to_string(&note).ok().as_ref() == Some(&wanted) {
        return Ok(());
    }
    install(folder)?;
    std::fs::write(&note, &wanted).with_context(|| note.display().to_string())
}

/// Installs the packages of a list for Python into a folder of their own.
fn python_packages(folder: &Path, list: &str) -> Result<()> {
    if !succeeds(Command::new("python3").args(["-m", "pip", "--version"])) {
        need("pip3", "python3-pip")?;
    }
    let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target"];
    run(Command::new("python3").args(words).arg(folder).arg("-r").arg(files::root().join(list)))
}

/// What an earlier list named goes with its folder: all that lies in it is on the samples' class path.
fn java_packages(folder: &Path) -> Result<()> {
    let jars = folder.join("java");
    if jars.exists() {
        std::fs::remove_dir_all(&jars).with_context(|| jars.display().to_string())?;
    }
    run(Command::new("mvn")
        .args(["--quiet", "--batch-mode", "dependency:copy-dependencies", "--file"])
        .arg(files::root().join(JAVA_PACKAGES))
        .arg(format!("-DoutputDirectory={}", jars.display())))
}

/// Installs the packages for Node whose exact version is not there.
fn node_packages(folder: &Path, (list, flags): (&'static str, &[&str])) -> Result<()> {
    let wanted: BTreeMap<String, String> = serde_json::from_str(&files::read(list)?).context(list)?;
    let installed = |name: &str, version: &str| {
        let text = std::fs::read_to_string(folder.join("node_modules").join(name).join("package.json"));
        let package = text.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        // Some say it with a `v` before it.
        package.is_some_and(|package| {
            package["version"].as_str().is_some_and(|said| said.trim_start_matches('v') == version)
        })
    };
    if wanted.iter().all(|(name, version)| installed(name, version)) {
        return Ok(());
    }
    // All of them at once: the client removes what a later call does not name.
    let words = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact", "--prefix"];
    let packages = wanted.iter().map(|(name, version)| format!("{name}@{version}"));
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    run(Command::new("npm").args(words).arg(folder).args(flags).args(packages))
}

/// Outside the workspace, so that its packages and ours choose their versions and features apart.
fn rust_program(folder: &Path) -> Result<()> {
    run(Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(files::root().join(RUST_PROGRAM))
        .arg("--target-dir")
        .arg(folder.join("rust")))
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
