//! `cargo xtask fuzz`: every parser that sees bytes from outside, fed by LLVM's engine on stable Rust.
//!
//! The targets are instrumented by stable code generation options, in a target folder of their own. What the engine found
//! worth keeping lies in `fuzz/corpus`; what breaks a target is written to the target folder and fails the run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

use crate::packages::need;
use crate::{corpus, files};

/// The targets, as `fuzz/Cargo.toml` names them.
const TARGETS: [&str; 11] = [
    "headers",
    "forms",
    "return-to",
    "tokens",
    "hashes",
    "kratos",
    "am",
    "pingone",
    "managed",
    "admin",
    "native",
];
/// Coverage by counters at every edge, as the engine reads it.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table";
/// How long each target runs when nothing else is said.
const SECONDS: u32 = 60;
/// How long in a test run, in CI and elsewhere: long enough to try the kept corpus and to look around it.
const SECONDS_OF_A_TEST: u32 = 10;
/// Targets that run side by side in a test run.
const LANES_OF_A_TEST: usize = 2;
/// One input that takes longer hangs.
const HANGS_AFTER_S: u32 = 20;
/// The longest input.
const BYTES_MAX: u32 = 4096;

/// What to run, and for how long.
pub(crate) struct FuzzOptions {
    seconds: u32,
    targets: Vec<&'static str>,
    /// Whether what was found goes into the kept corpus.
    keep: bool,
    /// How many targets run side by side.
    lanes: usize,
}

impl FuzzOptions {
    fn all() -> Self {
        Self { seconds: SECONDS, targets: TARGETS.to_vec(), keep: false, lanes: 1 }
    }

    /// As a part of `cargo xtask test`. Longer runs are a command of their own.
    pub(crate) fn of_a_test() -> Self {
        Self { seconds: SECONDS_OF_A_TEST, lanes: LANES_OF_A_TEST, ..Self::all() }
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

/// Builds and runs them, as many side by side as wanted.
pub(crate) fn fuzz(wanted: &FuzzOptions) -> Result<()> {
    need("c++", "g++")?;
    let folder = files::root().join("target/fuzz");
    let binaries = build(&folder)?;
    println!(
        "fuzz: {} targets for {} s each, {} at a time",
        wanted.targets.len(),
        wanted.seconds,
        wanted.lanes
    );
    let waiting = Mutex::new(wanted.targets.iter());
    let lane = || {
        let mut failed = Vec::new();
        loop {
            // A line of its own: the lock is not held while the target runs.
            let next = waiting.lock().map_or(None, |mut waiting| waiting.next());
            let Some(target) = next else { return failed };
            let target = Target::new(&folder, &binaries, target);
            failed.extend(target.run(wanted).err().map(|error| format!("{error:#}")));
        }
    };
    let failed: Vec<String> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..wanted.lanes.max(1)).map(|_| scope.spawn(lane)).collect();
        lanes
            .into_iter()
            .flat_map(|lane| lane.join().unwrap_or_else(|_| vec!["a lane fell".into()]))
            .collect()
    });
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

fn build(folder: &Path) -> Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let host = host()?;
    let words = ["build", "--profile", "fuzz", "-p", "adieu-fuzz", "--target", &host];
    println!("$ cargo {}", words.join(" "));
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

/// A target, and the folders that it reads and writes.
struct Target {
    name: &'static str,
    binary: PathBuf,
    kept: PathBuf,
    grown: PathBuf,
    broken: PathBuf,
    merged: PathBuf,
}

impl Target {
    fn new(folder: &Path, binaries: &Path, name: &'static str) -> Self {
        let of = |kind: &str| folder.join(kind).join(name);
        let binary = binaries.join(format!("fuzz-{name}"));
        Self {
            name,
            binary,
            kept: of("kept"),
            grown: of("grown"),
            broken: of("broken"),
            merged: of("merged"),
        }
    }

    fn run(&self, wanted: &FuzzOptions) -> Result<()> {
        for folder in [&self.kept, &self.grown, &self.broken] {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let seeds = corpus::unpack(self.name, &self.kept)?;
        let limits = [
            format!("-max_total_time={}", wanted.seconds),
            format!("-timeout={HANGS_AFTER_S}"),
            "-rss_limit_mb=4096".to_owned(),
            format!("-max_len={BYTES_MAX}"),
            "-verbosity=0".to_owned(),
            "-print_final_stats=1".to_owned(),
            format!("-dict={}", files::root().join("fuzz/words.dict").display()),
            format!("-artifact_prefix={}/", self.broken.display()),
        ];
        let mut command = Command::new(&self.binary);
        let output =
            command.args(limits).args([&self.grown, &self.kept]).env("RUST_BACKTRACE", "1").output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "fuzz {}: {}; the input lies in {}\n{said}",
            self.name,
            output.status,
            self.broken.display()
        );
        let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let runs = runs.with_context(|| format!("fuzz {}: no figures\n{said}", self.name))?.trim();
        ensure!(runs != "0", "fuzz {}: it ran nothing", self.name);
        println!(
            "fuzz {}: {} s, {runs} inputs, {seeds} of them kept ones; nothing broke",
            self.name, wanted.seconds
        );
        if wanted.keep { self.keep() } else { Ok(()) }
    }

    /// Takes the smallest inputs that reach all that was reached, and keeps them.
    fn keep(&self) -> Result<()> {
        if self.merged.exists() {
            std::fs::remove_dir_all(&self.merged)?;
        }
        std::fs::create_dir_all(&self.merged)?;
        let folders = [&self.merged, &self.kept, &self.grown];
        let output = Command::new(&self.binary).args(["-merge=1", "-verbosity=0"]).args(folders).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "fuzz {}: not merged: {}\n{said}", self.name, output.status);
        let kept = corpus::pack(self.name, &self.merged)?;
        println!("fuzz {}: {kept} inputs are kept", self.name);
        Ok(())
    }
}
