//! A million sessions of ten thousand people end at once, and fifty applications are told of each of these people.
//!
//! The order is answered like any other ending; checks are watched while the applications are told; what is not told after a minute is
//! there for all to see.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::callers::checks_during;
use crate::bench::notify::receivers::Receivers;
use crate::bench::notify::site::{Site, WARMING};
use crate::bench::report::{BenchReport, RatioLimit};
use crate::bench::series::now;
use crate::bench::servers::{measured_profile, seed_with};
use crate::http::json as asked;

const SESSIONS: usize = 1_000_000;
const PEOPLE: usize = 10_000;
const APPLICATIONS: usize = 50;
/// Endings of one session each that the ending of all is measured against.
const SINGLE: usize = 50;
/// How long checks are asked for in quiet, and while applications are told.
const QUIET: Duration = Duration::from_secs(20);
const TELLING: Duration = Duration::from_secs(60);
/// How often progress is asked for.
const LOOK: Duration = Duration::from_secs(10);

/// Measures, and prints the table.
pub(crate) fn million(binary: &Path, program: &Path, report: &mut BenchReport) -> Result<()> {
    let mut receivers = Receivers::start_aside(program, APPLICATIONS)?;
    let site = Site::open(binary, "million", &receivers.ports, "RS256")?;
    let site = site.again_after(binary, |folder| {
        let numbers = [SESSIONS, PEOPLE, APPLICATIONS].map(|number| number.to_string());
        let words = ["--sessions", &numbers[0], "--users", &numbers[1], "--applications", &numbers[2]];
        seed_with(binary, &measured_profile(), folder, &words)
    })?;
    let tokens = std::fs::read_to_string(site.folder().join("tokens"))?;
    let (quiet, ()) = checks_during(site.public, &site.alices(0)?, || {
        std::thread::sleep(QUIET);
        Ok(())
    })?;
    let before = site.memory_mib("VmRSS")?;
    // At once before: what the first write after a pause costs is in none of them.
    let single = site.single_endings(tokens.lines().take(WARMING + SINGLE))?;
    receivers.last_of(WARMING + SINGLE)?;

    let began = now();
    let (ended, _) = site.end_realm()?;
    let took = began.elapsed().as_secs_f64() * 1000.0;
    let ending = format!("/v1/endings/{}?limit=1", ended["id"].as_str().context("an ending")?);
    println!("\n| Seconds | notices taken by the receivers | told | pending | all receipts made | memory |");
    println!("|---|---|---|---|---|---|");
    let mut taken = 0;
    let mut look = |elapsed: Duration| -> Result<()> {
        taken += receivers.forget();
        let shown = asked(site.admin, "GET", &ending, None)?["notices"].clone();
        let (counts, all) = (&shown["counts"], &shown["complete"]);
        let (told, pending) = (&counts["confirmed"], &counts["pending"]);
        println!(
            "| {} | {taken} | {told} | {pending} | {all} | {} MiB |",
            elapsed.as_secs(),
            site.memory_mib("VmRSS")?
        );
        Ok(())
    };
    let telling = || watch(now(), TELLING, &mut look);
    let (telling, ()) = checks_during(site.public, &site.alices(0)?, telling)?;
    let rest = asked(site.admin, "GET", &ending, None)?;
    ensure!(rest["notices"]["settled"] == false, "all were told within a minute: {rest}");

    report
        .times(&format!("{SESSIONS} sessions of {PEOPLE} people at {APPLICATIONS} applications end at once"));
    report.unit("the answer to the ending of one session", &single);
    let ratio = took / single.at(0.5);
    report.figure("the answer to the ending of all", &format!("{took:.2}"), ratio, RatioLimit::AtMost(3.0));
    report.unit("a check in quiet", &quiet);
    let ratio = telling.at(0.99) / quiet.at(0.99);
    report.figure(
        "a check's p99 while they are told",
        &format!("{:.2}", telling.at(0.99)),
        ratio,
        RatioLimit::AtMost(2.0),
    );
    report.series("the same, medians", &telling, &quiet, RatioLimit::AtMost(2.0));
    println!(
        "\nMemory: {before} MiB before, {} MiB after, {} MiB at most.",
        site.memory_mib("VmRSS")?,
        site.memory_mib("VmHWM")?
    );
    Ok(())
}

fn watch(began: Instant, time: Duration, look: &mut impl FnMut(Duration) -> Result<()>) -> Result<()> {
    while began.elapsed() < time {
        std::thread::sleep(LOOK.min(time.saturating_sub(began.elapsed())));
        look(began.elapsed())?;
    }
    Ok(())
}
