//! A million sessions of ten thousand people end at once, and fifty applications are told of each of these people.
//!
//! The order is answered like any other ending; checks are watched while the applications are told; what is not told after a minute is
//! there for all to see.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::bench::notify::receivers::Receivers;
use crate::bench::notify::series::{RatioLimit, Series, figure, head, now, row, unit};
use crate::bench::notify::site::{Site, WARMING};
use crate::bench::servers::{measured_profile, seed_with};
use crate::http::{Connection, json as asked};

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
/// Programs that ask for checks, and how long each waits between two.
const CALLERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(2);

/// Measures, and prints the table.
pub(crate) fn million(binary: &Path, program: &Path) -> Result<()> {
    let mut receivers = Receivers::start_aside(program, APPLICATIONS)?;
    let site = Site::open(binary, "million", &receivers.ports, "RS256")?;
    let site = site.again_after(binary, |folder| {
        let numbers = [SESSIONS, PEOPLE, APPLICATIONS].map(|number| number.to_string());
        let words = ["--sessions", &numbers[0], "--users", &numbers[1], "--applications", &numbers[2]];
        seed_with(binary, &measured_profile(), folder, &words)
    })?;
    let tokens = std::fs::read_to_string(site.folder().join("tokens"))?;
    let quiet = checks(&site, &site.alices(0)?, QUIET, |_| Ok(()))?;
    let before = memory_mib(&site)?;
    // At once before: what the first write after a pause costs is in none of them.
    let single = single_endings(&site, tokens.lines().take(WARMING + SINGLE))?;
    receivers.last_of(WARMING + SINGLE)?;

    let began = now();
    let (ended, _) = site.end_realm()?;
    let took = began.elapsed().as_secs_f64() * 1000.0;
    let ending = format!("/v1/endings/{}?limit=1", ended["id"].as_str().context("an ending")?);
    println!("\n| Seconds | notices taken by the receivers | told | pending | all receipts made | memory |");
    println!("|---|---|---|---|---|---|");
    let mut taken = 0;
    let telling = checks(&site, &site.alices(0)?, TELLING, |elapsed| {
        taken += receivers.forget();
        let shown = asked(site.admin, "GET", &ending, None)?["notices"].clone();
        let (counts, all) = (&shown["counts"], &shown["complete"]);
        let (told, pending) = (&counts["confirmed"], &counts["pending"]);
        println!(
            "| {} | {taken} | {told} | {pending} | {all} | {} MiB |",
            elapsed.as_secs(),
            memory_mib(&site)?
        );
        Ok(())
    })?;
    let rest = asked(site.admin, "GET", &ending, None)?;
    ensure!(rest["notices"]["settled"] == false, "all were told within a minute: {rest}");

    head(&format!("{SESSIONS} sessions of {PEOPLE} people at {APPLICATIONS} applications end at once"));
    unit("the answer to the ending of one session", &single);
    let ratio = took / single.at(0.5);
    figure("the answer to the ending of all", &format!("{took:.2}"), ratio, RatioLimit::AtMost(3.0));
    unit("a check in quiet", &quiet);
    let ratio = telling.at(0.99) / quiet.at(0.99);
    figure(
        "a check's p99 while they are told",
        &format!("{:.2}", telling.at(0.99)),
        ratio,
        RatioLimit::AtMost(2.0),
    );
    row("the same, medians", &telling, &quiet, RatioLimit::AtMost(2.0));
    println!(
        "\nMemory: {before} MiB before, {} MiB after, {} MiB at most.",
        memory_mib(&site)?,
        peak_mib(&site)?
    );
    Ok(())
}

/// How long the answers to endings of one session took that an administrator orders, as the ending of all is ordered.
fn single_endings<'a>(site: &Site, tokens: impl Iterator<Item = &'a str>) -> Result<Series> {
    let (mut public, mut admin) = (Connection::open(site.public)?, Connection::open(site.admin)?);
    let mut ms = Vec::new();
    for (number, token) in tokens.enumerate() {
        let (status, text) = public.ask("GET", "/sessions/whoami", &[("x-session-token", token)], None)?;
        ensure!(status == 200, "{status} {text}");
        let session: Value = serde_json::from_str(&text)?;
        let order = json!({"session": session["id"]});
        let began = now();
        let (status, text) = admin.ask("POST", "/v1/endings", &[], Some(&order))?;
        ensure!(status == 200, "{status} {text}");
        if number >= WARMING {
            ms.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(Series::of(ms))
}

/// How long checks of a session took that some programs asked for meanwhile; `look` is called now and then.
fn checks(
    site: &Site,
    token: &str,
    time: Duration,
    mut look: impl FnMut(Duration) -> Result<()>,
) -> Result<Series> {
    let (began, over) = (now(), AtomicBool::new(false));
    let ask = || -> Result<Vec<f64>> {
        let (mut connection, mut ms) = (Connection::open(site.public)?, Vec::new());
        while !over.load(Ordering::Relaxed) {
            let asked = now();
            let answer = connection.ask("GET", "/sessions/whoami", &[("x-session-token", token)], None)?;
            ms.push(asked.elapsed().as_secs_f64() * 1000.0);
            ensure!(answer.0 == 200, "{answer:?}");
            std::thread::sleep(PAUSE);
        }
        Ok(ms)
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(ask)).collect();
        let looked = watch(began, time, &mut look);
        over.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for caller in callers {
            match caller.join() {
                Ok(ms) => all.extend(ms?),
                Err(_) => bail!("a caller panicked"),
            }
        }
        looked.map(|()| Series::of(all))
    })
}

fn watch(began: Instant, time: Duration, look: &mut impl FnMut(Duration) -> Result<()>) -> Result<()> {
    while began.elapsed() < time {
        std::thread::sleep(LOOK.min(time.saturating_sub(began.elapsed())));
        look(began.elapsed())?;
    }
    Ok(())
}

/// The memory that the server has now.
fn memory_mib(site: &Site) -> Result<u64> {
    status_mib(site, "VmRSS:")
}

/// The most that it had.
fn peak_mib(site: &Site) -> Result<u64> {
    status_mib(site, "VmHWM:")
}

fn status_mib(site: &Site, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", site.server.pid()))?;
    let kib = status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    Ok(kib.context("no such line of status")?.parse::<u64>()? / 1024)
}
