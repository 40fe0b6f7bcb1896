//! `cargo xtask bench check` and `bench end`: what a check and a durable ending cost, as multiples of doing nothing.
//!
//! Servers run on one core and the load on the other; CPU is what the operating system counts for the server's processes. The unit is
//! Debian's nginx answering `return 200`, in the same run; the same framework's static answer stands beside it. Rounds alternate; the
//! median counts.

use std::path::Path;

use anyhow::Result;

use crate::bench::load::{Load, Measured, measure};
use crate::bench::pace::BenchPace;
use crate::bench::report::{BenchReport, RatioLimit};
use crate::bench::servers::{ENDINGS, Nginx, Seeded, StaticAnswer, build_static_answer};

/// Callers at once.
const CALLERS: [u32; 3] = [1, 64, 256];
const NGINX: &str = "nginx `return 200`";
/// Endings of one measurement: more than any server here ends in its second, with one caller and with many.
const ENDINGS_EACH: [usize; 2] = [6_000, 45_000];

/// whoami, AM validate, introspection, the proxies' check; and the same of sessions that are over or never were.
pub(crate) fn check(binary: &Path, pace: BenchPace, report: &mut BenchReport) -> Result<()> {
    let (rounds, statics) = (pace.either(3, 2), build_static_answer()?);
    let (nginx, plain) = (Nginx::start()?, StaticAnswer::start(&statics)?);
    let seeded = Seeded::start(binary, 1_000)?;
    let checks = seeded.checks()?;
    for callers in pace.either(&CALLERS[..], &CALLERS[1..2]) {
        let mut table = Table::default();
        for _ in 0..rounds {
            table.add(NGINX, measure(&nginx.target(), &Load::get("/"), *callers, 3)?);
            table.add("static answer", measure(&plain.target(), &Load::get("/"), *callers, 3)?);
            for check in &checks {
                table.add(check.name, measure(&seeded.target(), &check.load, *callers, 3)?);
            }
        }
        table.begin(report, &format!("Checks, {callers} callers; medians of {rounds} rounds"));
        for name in [NGINX, "static answer"] {
            table.row(report, name, NGINX, RatioLimit::Any);
        }
        for check in &checks {
            // What is dearer with one caller is waiting, not work: goals are for many.
            let limit = if *callers == 1 { RatioLimit::Any } else { check.limit };
            table.row(report, check.name, check.unit.unwrap_or(NGINX), limit);
        }
    }
    Ok(())
}

/// A durable ending in each dialect.
pub(crate) fn end(binary: &Path, pace: BenchPace, report: &mut BenchReport) -> Result<()> {
    let (rounds, statics) = (pace.either(3, 1), build_static_answer()?);
    let (nginx, plain) = (Nginx::start()?, StaticAnswer::start(&statics)?);
    for callers in pace.either(&CALLERS[..], &CALLERS[2..]) {
        // Every request ends another session.
        let each = if *callers == 1 { ENDINGS_EACH[0] } else { ENDINGS_EACH[1] };
        let seeded = Seeded::start(binary, u32::try_from(each * rounds * ENDINGS.len())?)?;
        seeded.warm()?;
        let mut table = Table::default();
        for round in 0..rounds {
            table.add(NGINX, measure(&nginx.target(), &Load::get("/"), *callers, 2)?);
            table.add("static answer", measure(&plain.target(), &Load::get("/"), *callers, 2)?);
            for (n, dialect) in ENDINGS.into_iter().enumerate() {
                let load = seeded.endings(dialect, round * ENDINGS.len() + n, each)?;
                table.add(dialect, measure(&seeded.target(), &load, *callers, 1)?);
            }
        }
        table.begin(report, &format!("Durable endings, {callers} callers; medians of {rounds} rounds"));
        for name in [NGINX, "static answer"] {
            table.row(report, name, NGINX, RatioLimit::Any);
        }
        let limit = if *callers == 256 { RatioLimit::AtMost(3.5) } else { RatioLimit::Any };
        for dialect in ENDINGS {
            table.row(report, dialect, NGINX, limit);
        }
    }
    Ok(())
}

/// Figures by name.
#[derive(Default)]
struct Table(Vec<(&'static str, Vec<Measured>)>);

impl Table {
    fn add(&mut self, name: &'static str, measured: Measured) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rounds)) => rounds.push(measured),
            None => self.0.push((name, vec![measured])),
        }
    }

    fn begin(&self, report: &mut BenchReport, title: &str) {
        let columns = ["CPU µs/request", "× static answer", "requests/s", "p50", "p99", "not 2xx/3xx"];
        report.begin(title, &columns);
    }

    fn row(&self, report: &mut BenchReport, name: &str, unit: &str, limit: RatioLimit) {
        let rounds = self.rounds(name);
        let per_second = median(rounds.iter().map(|m| m.per_second));
        let last = |of: fn(&Measured) -> &String| rounds.last().map_or_else(String::new, |m| of(m).clone());
        let cells = [
            ("cpu_us", format!("{:.1}", self.cpu(name))),
            ("by_static_answer", format!("{:.2}", self.cpu(name) / self.cpu("static answer"))),
            ("per_second", format!("{per_second:.0}")),
            ("p50", last(|m| &m.p50)),
            ("p99", last(|m| &m.p99)),
            ("not_2xx", rounds.iter().map(|m| m.refused).sum::<u64>().to_string()),
        ];
        let what = if unit == NGINX { name.to_owned() } else { format!("{name}; × {unit}") };
        report.row(&what, &cells, self.cpu(name) / self.cpu(unit), limit);
    }

    fn rounds(&self, name: &str) -> &[Measured] {
        self.0.iter().find(|(known, _)| *known == name).map_or(&[], |(_, rounds)| rounds)
    }

    fn cpu(&self, name: &str) -> f64 {
        median(self.rounds(name).iter().map(|m| m.cpu_us))
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
