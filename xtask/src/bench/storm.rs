//! `cargo xtask bench storm`: what checks and endings wait for while far more people sign on than the machine can hash passwords for.
//!
//! The storm comes from a process of its own, with right passwords, from many addresses; hashing costs what it costs by default. The same
//! checks and endings are measured before it, in quiet.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::bench::callers::checks_during;
use crate::bench::flood::{AUTHENTICATE, Place, WARM_UP};
use crate::bench::pace::BenchPace;
use crate::bench::report::{BenchReport, RatioLimit};
use crate::bench::series::{Series, now};
use crate::http::{Connection, ask_with};

/// Endings in quiet, and as many in the storm; and how long after each other they come.
const ENDINGS: usize = 150;
const QUICK_ENDINGS: usize = 60;
const PAUSE: Duration = Duration::from_millis(50);
/// The p99 in the storm may be so many times that in quiet.
const ALLOWED: f64 = 2.0;

/// What wrk runs: three people with right passwords, from more addresses than a limit of tries is for.
const PEOPLE: &str = r#"
local people = { { "bob", "Builder-tools-22" }, { "alice", "Rabbit-hole-11" }, { "bobby", "Tables-dropped-33" } }
local function headers(n)
  local one = people[n % #people + 1]
  return "198.51." .. (math.floor(n / 250) % 250) .. "." .. (n % 250 + 1), one[1], one[2]
end
"#;

/// Measures in quiet, then in the storm.
pub(crate) fn storm(binary: &Path, pace: BenchPace, report: &mut BenchReport) -> Result<()> {
    let place = Place::open(binary)?;
    let count = pace.either(ENDINGS, QUICK_ENDINGS);
    let checked = sign_on(&place)?;
    let tokens = (0..2 * count).map(|_| sign_on(&place)).collect::<Result<Vec<_>>>()?;
    let (quiet, storm) = tokens.split_at(count);
    let (quiet_checks, quiet_endings) = checks_during(place.public, &checked, || endings(&place, quiet))?;
    let attacker = place.attack(PEOPLE)?;
    std::thread::sleep(WARM_UP);
    let (checks, ended) = checks_during(place.public, &checked, || endings(&place, storm))?;
    place.give_up(attacker)?;

    report.times(&format!("Checks and {count} endings while people sign on over 300 connections"));
    for (what, quiet, storm) in [("a check", &quiet_checks, &checks), ("an ending", &quiet_endings, &ended)] {
        report.unit(&format!("{what} in quiet"), quiet);
        let cells =
            [("p50_ms", format!("{:.2}", storm.at(0.5))), ("p99_ms", format!("{:.2}", storm.at(0.99)))];
        let ratio = storm.at(0.99) / quiet.at(0.99);
        report.row(&format!("{what} in the storm; ratio of p99"), &cells, ratio, RatioLimit::AtMost(ALLOWED));
    }
    Ok(())
}

/// A session of Carol's, who is not in the storm.
fn sign_on(place: &Place) -> Result<String> {
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-openam-username", "carol"),
        ("x-openam-password", "Singing-choir-44"),
        ("accept-api-version", "resource=2.0, protocol=1.0"),
    ];
    let (status, text) = ask_with(place.public, "POST", AUTHENTICATE, &headers, Some(&json!({})))?;
    ensure!(status == 200, "{status} {text}");
    let answer: Value = serde_json::from_str(&text)?;
    Ok(answer["tokenId"].as_str().context("a token")?.to_owned())
}

/// How long the answers to the endings of these sessions took.
fn endings(place: &Place, tokens: &[String]) -> Result<Series> {
    let (mut connection, mut ms) = (Connection::open(place.public)?, Vec::new());
    for token in tokens {
        std::thread::sleep(PAUSE);
        let began = now();
        let body = json!({"session_token": token});
        let (status, text) = connection.ask("DELETE", "/self-service/logout/api", &[], Some(&body))?;
        ms.push(began.elapsed().as_secs_f64() * 1000.0);
        ensure!(status == 204, "{status} {text}");
    }
    Ok(Series::of(ms))
}
