//! `cargo xtask bench NAME`: what adieu costs and how soon it answers, each figure as a ratio to something measured in the same run,
//! because machines are shared and noisy.
//!
//! Each prints tables, and at its end one line of JSON with every ratio, what it may be, and whether that is met. `--quick` takes at
//! most two minutes, and says less surely.

mod callers;
mod compare;
mod cpu;
mod end_all;
mod figures;
mod flood;
mod footprint;
mod load;
mod lone;
mod memory;
mod notify;
mod pace;
mod report;
mod series;
mod servers;
mod storm;

use anyhow::{Result, bail};

use crate::builds::shipped;
use crate::packages::need;

use pace::BenchPace;
use report::BenchReport;

/// Runs the one that is named first.
pub(crate) fn bench(words: &[&str]) -> Result<()> {
    for (program, package) in [("nginx", "nginx-light"), ("wrk", "wrk"), ("taskset", "util-linux")] {
        need(program, package)?;
    }
    let binary = shipped()?;
    let pace = BenchPace::of(words);
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "--quick").collect();
    let measured = |name, measure: &dyn Fn(&mut BenchReport) -> Result<()>| {
        let mut report = BenchReport::of(name);
        measure(&mut report).map(|()| report.end())
    };
    match *words {
        ["check"] => measured("check", &|report| cpu::check(&binary, pace, report)),
        ["end"] => measured("end", &|report| {
            lone::lone(&binary, report)?;
            cpu::end(&binary, pace, report)
        }),
        ["end-all"] => measured("end-all", &|report| end_all::end_all(&binary, pace, report)),
        ["storm"] => measured("storm", &|report| storm::storm(&binary, pace, report)),
        ["footprint"] => measured("footprint", &|report| footprint::footprint(&binary, pace, report)),
        ["notify", ref rest @ ..] => {
            measured("notify", &|report| notify::notify(&binary, rest, pace, report))
        }
        ["flood"] => flood::flood(&binary),
        ["compare", older, ref rest @ ..] => compare::compare(older.as_ref(), &binary, rest),
        _ => bail!(
            "cargo xtask bench check|end|end-all|storm|footprint|notify [ten|answers|many|million] [--quick], \
             bench flood, bench compare OLDER [WORD…]"
        ),
    }
}
