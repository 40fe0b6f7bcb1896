//! `cargo xtask bench check|end`: what a check and a durable ending cost, as multiples of doing nothing; and
//! `cargo xtask bench compare OLDER`, as multiples of what they cost in an older binary. `cargo xtask bench flood`: who can sign
//! on in a flood. `cargo xtask bench notify`: how soon applications hear of an ending.
//!
//! Servers run on one core and the load on the other; CPU is what the operating system counts for the server's processes.
//! Every figure is a ratio to Debian's nginx answering `return 200` and to the same framework's static answer in the same
//! run, because machines are shared and noisy. Rounds alternate; the median counts.

mod compare;
mod figures;
mod flood;
mod load;
mod notify;
mod servers;

use anyhow::{Result, bail};

use crate::builds::shipped;
use crate::packages::need;

use load::{Load, Measured, measure};
use servers::{Nginx, Seeded, StaticAnswer};

const ROUNDS: usize = 3;
const CALLERS: u32 = 64;

/// Runs the one that is named first.
pub(crate) fn bench(words: &[&str]) -> Result<()> {
    for (program, package) in [("nginx", "nginx-light"), ("wrk", "wrk"), ("taskset", "util-linux")] {
        need(program, package)?;
    }
    let binary = shipped()?;
    match *words {
        ["notify", ref rest @ ..] => notify::notify(&binary, rest),
        ["check"] => check(&binary, &servers::build_static_answer()?),
        ["end"] => end(&binary, &servers::build_static_answer()?),
        ["flood"] => flood::flood(&binary),
        ["compare", older, ref rest @ ..] => compare::compare(older.as_ref(), &binary, rest),
        _ => bail!(
            "cargo xtask bench check|end|flood, bench compare OLDER [WORD…], \
             bench notify [ten|answers|many|million]"
        ),
    }
}

/// whoami, AM validate, PingOne introspection.
fn check(binary: &std::path::Path, statics: &std::path::Path) -> Result<()> {
    let nginx = Nginx::start()?;
    let plain = StaticAnswer::start(statics)?;
    let seeded = Seeded::start(binary, 1_000)?;
    let checks = seeded.checks()?;
    let mut table = Table::default();
    for _ in 0..ROUNDS {
        table.add("nginx `return 200`", measure(&nginx.target(), &Load::get("/"), CALLERS)?);
        table.add("static answer", measure(&plain.target(), &Load::get("/"), CALLERS)?);
        for (name, load) in &checks {
            table.add(name, measure(&seeded.target(), load, CALLERS)?);
        }
    }
    table.print(&format!("Checks, {CALLERS} callers"), "static answer");
    Ok(())
}

/// A durable ending in each dialect at 1, 64 and 256 callers.
fn end(binary: &std::path::Path, statics: &std::path::Path) -> Result<()> {
    for callers in [1, 64, 256] {
        let nginx = Nginx::start()?;
        let plain = StaticAnswer::start(statics)?;
        let mut table = Table::default();
        for _ in 0..ROUNDS {
            table.add("nginx `return 200`", measure(&nginx.target(), &Load::get("/"), callers)?);
            table.add("static answer", measure(&plain.target(), &Load::get("/"), callers)?);
            // Every request ends another session: a fresh server with enough of them for each dialect.
            let sessions = if callers == 1 { 12_000 } else { 150_000 };
            for dialect in servers::ENDINGS {
                let seeded = Seeded::start(binary, sessions)?;
                seeded.warm()?;
                table.add(dialect, measure(&seeded.target(), &seeded.endings(dialect)?, callers)?);
            }
        }
        table.print(&format!("Durable endings, {callers} callers"), "static answer");
    }
    Ok(())
}

/// Figures by name, in the order of their first appearance.
#[derive(Default)]
struct Table(Vec<(String, Vec<Measured>)>);

impl Table {
    fn add(&mut self, name: &str, measured: Measured) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, rounds)) => rounds.push(measured),
            None => self.0.push((name.to_owned(), vec![measured])),
        }
    }

    fn print(&self, title: &str, unit: &str) {
        let cpu = |name: &str| {
            let rounds = self.0.iter().find(|(known, _)| known.starts_with(name)).map(|(_, rounds)| rounds);
            rounds.map_or(f64::NAN, |rounds| median(rounds.iter().map(|m| m.cpu_us)))
        };
        println!("\n{title}; medians of {ROUNDS} rounds\n");
        println!(
            "| What | CPU µs/request | × nginx | × static answer | requests/s | p50 | p99 | not 2xx/3xx |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for (name, rounds) in &self.0 {
            let own = median(rounds.iter().map(|m| m.cpu_us));
            println!(
                "| {name} | {own:.1} | {:.2} | {:.2} | {:.0} | {} | {} | {} |",
                own / cpu("nginx"),
                own / cpu(unit),
                median(rounds.iter().map(|m| m.per_second)),
                rounds.last().map_or("", |m| m.p50.as_str()),
                rounds.last().map_or("", |m| m.p99.as_str()),
                rounds.iter().map(|m| m.refused).sum::<u64>(),
            );
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
