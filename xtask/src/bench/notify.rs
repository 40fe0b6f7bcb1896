//! `cargo xtask bench notify`: how soon applications hear of an ending, and what that costs whoever asked for it.
//!
//! Receivers are a process of its own on loopback (`benches/notices`), which also runs what notices are measured against: the same
//! number of signed posts behind two commits, and nothing else. Every figure is a ratio to that in the same run. The parts are
//! `ten`, `answers`, `many` and `million`, all of them if none is named.

mod million;
mod receivers;
mod series;
mod site;

use std::path::Path;

use anyhow::{Result, bail};

use crate::builds::{BuildProfile, built};

use receivers::{Receivers, bare};
use series::{RatioLimit, Series, figure, head, row, unit};
use site::{Site, WARMING};

/// Endings of one kind; the median and the 99th percentile count.
const ROUNDS: usize = 100;
/// Notices of the long run, to so many receivers, and how often it is run.
const MANY: usize = 10_000;
const RECEIVERS: usize = 100;
const LONG_RUNS: usize = 3;

/// Measures, and prints the tables.
pub(crate) fn notify(binary: &Path, words: &[&str]) -> Result<()> {
    let program = || built("adieu-bench-notices", BuildProfile::Dist);
    match words {
        ["ten"] => ten(binary, &program()?),
        ["answers"] => answers(binary, &program()?),
        ["many"] => many(binary, &program()?),
        ["million"] => million::million(binary, &program()?),
        [] => {
            let program = program()?;
            ten(binary, &program)?;
            answers(binary, &program)?;
            many(binary, &program)?;
            million::million(binary, &program)
        }
        _ => bail!("cargo xtask bench notify [ten|answers|many|million]"),
    }
}

/// From the answer to the last confirmation of ten receivers, and of nine while the tenth hangs.
fn ten(binary: &Path, program: &Path) -> Result<()> {
    for (algorithm, last, others_at_most) in [
        ("RS256", RatioLimit::AtMost(1.5), RatioLimit::AtMost(1.2)),
        ("ES256", RatioLimit::Any, RatioLimit::Any),
    ] {
        head(&format!("Ten receivers, {algorithm}; {ROUNDS} endings"));
        let mut all = Receivers::start(program, 10, 0)?;
        let before = bare_rounds(program, algorithm, &all.ports)?;
        let site = Site::open(binary, "ten", &all.ports, algorithm)?;
        let told = site.told(&mut all, ROUNDS, 10)?;
        let after = bare_rounds(program, algorithm, &all.ports)?;
        let alone = Series::of(before.into_iter().chain(after).collect());
        unit("bare: two commits, ten signed posts", &alone);
        row("from the answer to the last of ten confirmations", &told, &alone, last);
        drop(site);
        let mut nine = Receivers::start(program, 10, 1)?;
        let site = Site::open(binary, "nine", &nine.ports, algorithm)?;
        let others = site.told(&mut nine, ROUNDS, 9)?;
        row("the same of nine, while the tenth hangs; × ten", &others, &told, others_at_most);
    }
    Ok(())
}

/// The bare loop of ten posts, without the rounds in which connections are made.
fn bare_rounds(program: &Path, algorithm: &str, ports: &[u16]) -> Result<Vec<f64>> {
    Ok(bare(program, algorithm, 10, WARMING + ROUNDS / 2, ports)?.split_off(WARMING))
}

/// The answer to whoever ends a session, by how many are told.
fn answers(binary: &Path, program: &Path) -> Result<()> {
    head(&format!("The answer to an ending; {ROUNDS} endings of each kind, in turn"));
    let mut receivers = Receivers::start(program, RECEIVERS, 0)?;
    let site = Site::open(binary, "answers", &receivers.ports, "RS256")?;
    let [none, one, all] = site.answers(&mut receivers, [0, 1, RECEIVERS], ROUNDS)?;
    unit("nobody is told", &none);
    row("one is told", &one, &none, RatioLimit::AtMost(1.1));
    row(&format!("{RECEIVERS} are told"), &all, &none, RatioLimit::AtMost(1.1));
    Ok(())
}

/// Ten thousand notices to a hundred receivers.
fn many(binary: &Path, program: &Path) -> Result<()> {
    head(&format!("{MANY} notices to {RECEIVERS} receivers; medians of {LONG_RUNS} runs"));
    for (algorithm, limit) in [("RS256", RatioLimit::AtLeast(0.7)), ("ES256", RatioLimit::Any)] {
        let mut receivers = Receivers::start(program, RECEIVERS, 0)?;
        let site = Site::open(binary, "many", &receivers.ports, algorithm)?;
        let people = site.people(MANY / RECEIVERS)?;
        let (mut alone, mut told) = (Vec::new(), Vec::new());
        for _ in 0..LONG_RUNS {
            alone.extend(bare(program, algorithm, MANY, 1, &receivers.ports)?);
            told.push(site.many(&mut receivers, &people)?);
        }
        let per_second = |ms: Vec<f64>| MANY as f64 / Series::of(ms).at(0.5) * 1000.0;
        let (alone, told) = (per_second(alone), per_second(told));
        println!("| the bare loop, {algorithm} | {alone:.0} a second | | 1 | | |");
        let what = format!("from the answer to the last confirmation, {algorithm}");
        figure(&what, &format!("{told:.0} a second"), told / alone, limit);
    }
    Ok(())
}
