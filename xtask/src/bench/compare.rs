//! What checks and endings cost beside an older binary: pairs in turn, and the ratio of each pair.
//!
//! Both servers stand beside each other on one core and only one of them works at a time, so that a machine that gets slower
//! does so for both. Nothing is asked for that an older binary may not know: their people are those of `seed`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bench::load::{Load, cpu_of_a_second, run_through};
use crate::bench::servers::{
    BenchTarget, ENDINGS, SERVER_CORE, ending, measured_profile, seed, validate, whoami,
};
use crate::contract_server::{ContractServer, Pinned};

/// Pairs of each kind of request.
const PAIRS: usize = 30;
/// Endings of one measurement: fewer than any server here ends in a second.
const ENDINGS_EACH: usize = 12_000;
/// In a sorted list of [`PAIRS`] ratios the true median lies between these two with a probability of 95.7 % (binomial).
const INTERVAL: (usize, usize) = (9, 20);
/// Below what the interval has to end.
const ALLOWED: f64 = 1.05;
/// The id of `/alpha` in development, where the measured profile runs.
const ENVIRONMENT: &str = "a1fa0000-0000-4000-8000-000000000001";

/// A binary at work on a folder of its own.
struct Side {
    server: ContractServer,
    address: String,
    folder: PathBuf,
    tokens: Vec<String>,
}

impl Side {
    fn start(binary: &Path, name: &str, sessions: usize) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("adieu-compare-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let count = u32::try_from(sessions)?;
        let config = known_config(binary, &folder)?;
        seed(binary, &config, &folder, count)?;
        let text = fs::read_to_string(folder.join("tokens"))?;
        let tokens: Vec<String> = text.lines().map(str::to_owned).collect();
        ensure!(tokens.len() == sessions, "{} of {sessions} sessions were seeded", tokens.len());
        let data = folder.join("data");
        let (server, addresses, _) =
            ContractServer::bare(binary, &config, Some(&data), Pinned::To(SERVER_CORE))?;
        let side = Self { server, address: format!("http://{}", addresses.public), folder, tokens };
        // All of them are in memory, as those in use are.
        run_through(&side.target(), &whoami("{}").each_line_of(side.folder.join("tokens")), count)?;
        Ok(side)
    }

    fn target(&self) -> BenchTarget {
        BenchTarget { address: self.address.clone(), pid: self.server.pid() }
    }

    /// The load that ends the sessions of one measurement.
    fn endings(&self, dialect: &str, part: usize) -> Result<Load> {
        let tokens = self.tokens.chunks(ENDINGS_EACH).nth(part).context("too few sessions were seeded")?;
        let file = self.folder.join(format!("tokens-{part}"));
        fs::write(&file, tokens.join("\n"))?;
        Ok(ending(dialect, ENVIRONMENT)?.each_line_of(file))
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The measured configuration as far as a binary knows it: an older one refuses keys that came later.
fn known_config(binary: &Path, folder: &Path) -> Result<PathBuf> {
    let mut table: toml::Table = fs::read_to_string(measured_profile())?.parse()?;
    let path = folder.join("config.toml");
    loop {
        fs::write(&path, table.to_string())?;
        let said = Command::new(binary).args(["check-config", "--config"]).arg(&path).output()?;
        let text = String::from_utf8_lossy(&said.stderr);
        let Some((_, rest)) = text.split_once("unknown key `") else {
            ensure!(said.status.success(), "adieu check-config: {text}");
            return Ok(path);
        };
        let key = rest.split('`').next().unwrap_or_default();
        ensure!(removed(&mut table, key), "adieu check-config refuses what is not there: {text}");
        println!("the older binary goes without `{key}`");
    }
}

fn removed(table: &mut toml::Table, key: &str) -> bool {
    match key.split_once('.') {
        Some((section, rest)) => match table.get_mut(section) {
            Some(toml::Value::Table(inner)) => removed(inner, rest),
            _ => false,
        },
        None => table.remove(key).is_some(),
    }
}

/// Kinds of requests that end nothing.
const CHECKS: [&str; 2] = ["Kratos whoami", "AM validate"];

/// Prints the ratio of the newer binary's cost to the older one's for each kind of request whose name has one of the words in it;
/// without words, for all.
pub(crate) fn compare(older: &Path, newer: &Path, words: &[&str]) -> Result<()> {
    let wanted = |name: &&str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let checks: Vec<_> = CHECKS.into_iter().filter(wanted).collect();
    let endings: Vec<_> = ENDINGS.into_iter().filter(wanted).collect();
    ensure!(!checks.is_empty() || !endings.is_empty(), "kinds of requests: {CHECKS:?}, {ENDINGS:?}");
    // One part more than is ended: the checks ask for its sessions.
    let sessions = (PAIRS * endings.len() + 1) * ENDINGS_EACH;
    let (older, newer) = (Side::start(older, "older", sessions)?, Side::start(newer, "newer", sessions)?);
    head();
    for name in checks {
        let load = if name == CHECKS[0] { whoami } else { validate };
        let cost = |side: &Side, _| cpu_of_a_second(&side.target(), &load(&side.tokens[sessions - 1]));
        print(name, &pairs(&older, &newer, cost)?);
    }
    for (n, dialect) in endings.into_iter().enumerate() {
        let cost =
            |side: &Side, pair| cpu_of_a_second(&side.target(), &side.endings(dialect, n * PAIRS + pair)?);
        print(dialect, &pairs(&older, &newer, cost)?);
    }
    Ok(())
}

fn head() {
    println!("| What | older, CPU µs | newer, CPU µs | ratio | 95 % of its median | below {ALLOWED} |");
    println!("|---|---|---|---|---|---|");
}

/// The costs of both, in turn, and which of them goes first in turn as well.
fn pairs(older: &Side, newer: &Side, cost: impl Fn(&Side, usize) -> Result<f64>) -> Result<Vec<(f64, f64)>> {
    (0..PAIRS)
        .map(|pair| {
            if pair % 2 == 0 {
                let first = cost(older, pair)?;
                Ok((first, cost(newer, pair)?))
            } else {
                let first = cost(newer, pair)?;
                Ok((cost(older, pair)?, first))
            }
        })
        .collect()
}

fn print(name: &str, pairs: &[(f64, f64)]) {
    let median = |values: Vec<f64>| (values[PAIRS / 2 - 1] + values[PAIRS / 2]) / 2.0;
    let (older, newer) = pairs.iter().copied().unzip();
    let ratios = sorted(pairs.iter().map(|(older, newer)| newer / older).collect());
    let (low, high) = (ratios[INTERVAL.0], ratios[INTERVAL.1]);
    println!(
        "| {name} | {:.2} | {:.2} | {:.3} | {low:.3} to {high:.3} | {} |",
        median(sorted(older)),
        median(sorted(newer)),
        median(ratios),
        if high < ALLOWED { "met" } else { "missed" },
    );
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}
