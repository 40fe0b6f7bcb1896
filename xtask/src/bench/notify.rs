//! `cargo xtask bench notify`: how soon applications hear of an ending, and what that costs whoever asked for it.
//!
//! Receivers are a process of its own on loopback (`benches/notices`), which also runs what notices are measured against: the same
//! number of signed posts behind two commits, and nothing else. Every figure is a ratio to that in the same run. The parts are
//! `ten`, `answers`, `many` and `million`, all of them if none is named.

mod million;
mod receivers;
pub(super) mod site;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::bench::pace::BenchPace;
use crate::builds::{BuildProfile, built};

use crate::bench::report::{BenchReport, RatioLimit};
use crate::bench::series::Series;
use receivers::{Receivers, bare};
use site::{Site, WARMING};

/// Notices of the long run, to so many receivers.
const MANY: usize = 10_000;
const RECEIVERS: usize = 100;

/// Measures, and prints the tables.
pub(crate) fn notify(binary: &Path, words: &[&str], pace: BenchPace, report: &mut BenchReport) -> Result<()> {
    let all = ["ten", "answers", "many", "million"];
    // A million is not told of in two minutes.
    let parts = if words.is_empty() { pace.either(&all[..], &all[..3]) } else { words };
    let known = words.len() <= 1 && parts.iter().all(|part| all.contains(part));
    ensure!(known, "cargo xtask bench notify [ten|answers|many|million] [--quick]");
    let (program, rounds) = (built("adieu-bench-notices", BuildProfile::Dist)?, pace.either(100, 30));
    for part in parts {
        match *part {
            "ten" => ten(binary, &program, rounds, report)?,
            "answers" => answers(binary, &program, rounds, report)?,
            "many" => many(binary, &program, pace.either(3, 1), report)?,
            _ => million::million(binary, &program, report)?,
        }
    }
    Ok(())
}

/// From the answer to the last confirmation of ten receivers, and of nine while the tenth hangs.
fn ten(binary: &Path, program: &Path, rounds: usize, report: &mut BenchReport) -> Result<()> {
    for (algorithm, last, others_at_most) in [
        ("RS256", RatioLimit::AtMost(1.5), RatioLimit::AtMost(1.2)),
        ("ES256", RatioLimit::Any, RatioLimit::Any),
    ] {
        report.times(&format!("Ten receivers, {algorithm}; {rounds} endings"));
        let mut all = Receivers::start(program, 10, 0)?;
        let before = bare_rounds(program, algorithm, rounds, &all.ports)?;
        let site = Site::open(binary, "ten", &all.ports, algorithm)?;
        let told = site.told(&mut all, rounds, 10)?;
        let after = bare_rounds(program, algorithm, rounds, &all.ports)?;
        let alone = Series::of(before.into_iter().chain(after).collect());
        report.unit("bare: two commits, ten signed posts", &alone);
        report.series("from the answer to the last of ten confirmations", &told, &alone, last);
        drop(site);
        let mut nine = Receivers::start(program, 10, 1)?;
        let site = Site::open(binary, "nine", &nine.ports, algorithm)?;
        let others = site.told(&mut nine, rounds, 9)?;
        report.series("the same of nine, while the tenth hangs; × ten", &others, &told, others_at_most);
    }
    Ok(())
}

/// The bare loop of ten posts, without the rounds in which connections are made.
fn bare_rounds(program: &Path, algorithm: &str, rounds: usize, ports: &[u16]) -> Result<Vec<f64>> {
    Ok(bare(program, algorithm, 10, WARMING + rounds / 2, ports)?.split_off(WARMING))
}

/// The answer to whoever ends a session, by how many are told.
fn answers(binary: &Path, program: &Path, rounds: usize, report: &mut BenchReport) -> Result<()> {
    report.times(&format!("The answer to an ending; {rounds} endings of each kind, in turn"));
    let mut receivers = Receivers::start(program, RECEIVERS, 0)?;
    let site = Site::open(binary, "answers", &receivers.ports, "RS256")?;
    let [none, one, all] = site.answers(&mut receivers, [0, 1, RECEIVERS], rounds)?;
    report.unit("nobody is told", &none);
    report.series("one is told", &one, &none, RatioLimit::AtMost(1.1));
    report.series(&format!("{RECEIVERS} are told"), &all, &none, RatioLimit::AtMost(1.1));
    Ok(())
}

/// Ten thousand notices to a hundred receivers.
fn many(binary: &Path, program: &Path, runs: usize, report: &mut BenchReport) -> Result<()> {
    report.times(&format!("{MANY} notices to {RECEIVERS} receivers; medians of {runs} runs"));
    for (algorithm, limit) in [("RS256", RatioLimit::AtLeast(0.7)), ("ES256", RatioLimit::Any)] {
        let mut receivers = Receivers::start(program, RECEIVERS, 0)?;
        let site = Site::open(binary, "many", &receivers.ports, algorithm)?;
        let people = site.people(MANY / RECEIVERS)?;
        let (mut alone, mut told) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            alone.extend(bare(program, algorithm, MANY, 1, &receivers.ports)?);
            told.push(site.many(&mut receivers, &people)?);
        }
        let per_second = |ms: Vec<f64>| MANY as f64 / Series::of(ms).at(0.5) * 1000.0;
        let (alone, told) = (per_second(alone), per_second(told));
        let unit = format!("the bare loop, {algorithm}");
        report.figure(&unit, &format!("{alone:.0} a second"), 1.0, RatioLimit::Any);
        let what = format!("from the answer to the last confirmation, {algorithm}");
        report.figure(&what, &format!("{told:.0} a second"), told / alone, limit);
    }
    Ok(())
}
