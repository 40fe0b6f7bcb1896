//! `cargo xtask fuzz`: every parser that sees bytes from outside, fed by LLVM's engine on stable Rust.
//!
//! The targets are instrumented by stable code generation options, in a target folder of their own. What the engine found
//! worth keeping lies in `fuzz/corpus`; what breaks a target is written to the target folder and fails the run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::check::need;
use crate::files;

/// The targets, as `fuzz/Cargo.toml` names them.
const TARGETS: [&str; 8] = ["headers", "forms", "return-to", "tokens", "kratos", "am", "pingone", "admin"];
/// Coverage by counters at every edge, as the engine reads it.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table";
/// How long each target runs when nothing else is said.
const SECONDS: u32 = 60;
/// One input that takes longer hangs.
const HANGS_AFTER_S: u32 = 20;

/// What to run, and for how long.
pub(crate) struct Wanted {
    seconds: u32,
    targets: Vec<&'static str>,
    /// Whether what was found goes into the kept corpus.
    keep: bool,
}

impl Wanted {
    /// Every target, for the usual time.
    pub(crate) fn all() -> Self {
        Self { seconds: SECONDS, targets: TARGETS.to_vec(), keep: false }
    }

    /// `[--seconds N] [--keep] [TARGET…]`
    pub(crate) fn read(words: &[&str]) -> Result<Self> {
        let mut wanted = Self { targets: Vec::new(), ..Self::all() };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            match word {
                "--seconds" => wanted.seconds = words.next().context("--seconds N")?.parse()?,
                "--keep" => wanted.keep = true,
                name => match TARGETS.iter().find(|known| **known == name) {
                    Some(known) => wanted.targets.push(known),
                    None => bail!("no target is called {name}; there are {}", TARGETS.join(", ")),
                },
            }
        }
        if wanted.targets.is_empty() {
            wanted.targets = TARGETS.to_vec();
        }
        Ok(wanted)
    }
}

/// Builds and runs them, one after the other.
pub(crate) fn fuzz(wanted: &Wanted) -> Result<()> {
    need("c++", "g++")?;
    let folder = files::root().join("target/fuzz");
    let binaries = build(&folder)?;
    for target in &wanted.targets {
        run(&folder, &binaries.join(format!("fuzz-{target}")), target, wanted)?;
    }
    Ok(())
}

fn build(folder: &Path) -> Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let host = host()?;
    let words = ["build", "--profile", "fuzz", "-p", "adieu-fuzz", "--target", &host];
    let status = Command::new(cargo)
        .args(words)
        .env("CARGO_TARGET_DIR", folder)
        .env("RUSTFLAGS", INSTRUMENTED)
        .current_dir(files::root())
        .status()?;
    ensure!(status.success(), "cargo {}: {status}", words.join(" "));
    Ok(folder.join(host).join("fuzz"))
}

/// The machine's own target: named, so that build scripts are left as they are.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

fn run(folder: &Path, binary: &Path, target: &str, wanted: &Wanted) -> Result<()> {
    let kept = files::root().join("fuzz/corpus").join(target);
    let (grown, broken) = (folder.join("grown").join(target), folder.join("broken").join(target));
    for folder in [&kept, &grown, &broken] {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    println!("fuzz {target}: {} s", wanted.seconds);
    let limits = [
        format!("-max_total_time={}", wanted.seconds),
        format!("-timeout={HANGS_AFTER_S}"),
        "-rss_limit_mb=4096".to_owned(),
        "-max_len=4096".to_owned(),
        "-verbosity=0".to_owned(),
        format!("-artifact_prefix={}/", broken.display()),
    ];
    let status =
        Command::new(binary).args(limits).arg(&grown).arg(&kept).env("RUST_BACKTRACE", "1").status()?;
    ensure!(status.success(), "fuzz {target}: {status}; the input lies in {}", broken.display());
    if wanted.keep {
        let status =
            Command::new(binary).arg("-merge=1").arg("-verbosity=0").arg(&kept).arg(&grown).status()?;
        ensure!(status.success(), "fuzz {target}: the corpus was not merged: {status}");
    }
    Ok(())
}
