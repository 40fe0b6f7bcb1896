//! `adieu-simulation [--seeds N] [--first S] [--seed S] [--plant WORD] [--jobs N]`: what `cargo xtask simulate` builds and runs.
//!
//! Without `--seed` it runs many seeds and stops at the first that fails; with it, one, and prints what happened.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use adieu_simulation::{Plant, Report, simulate};
use anyhow::{Context as _, Result, bail};

const USAGE: &str = "[--seeds N] [--first S] [--seed S] [--plant WORD] [--jobs N]";

struct Options {
    first: u64,
    seeds: u64,
    only: Option<u64>,
    plant: Option<Plant>,
    jobs: usize,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match options(&words).and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(words: &[String]) -> Result<Options> {
    let mut options = Options { first: 1, seeds: 1000, only: None, plant: None, jobs: 1 };
    for pair in words.chunks(2) {
        let [name, value] = pair else { bail!("{USAGE}") };
        let number = || value.parse::<u64>().with_context(|| format!("{name} {value}"));
        match name.as_str() {
            "--seeds" => options.seeds = number()?,
            "--first" => options.first = number()?,
            "--seed" => options.only = Some(number()?),
            "--jobs" => options.jobs = usize::try_from(number()?)?.max(1),
            "--plant" => {
                let words = || Plant::ALL.map(Plant::word).join(", ");
                let plant = Plant::named(value).with_context(|| format!("plants: {}", words()))?;
                options.plant = Some(plant);
            }
            _ => bail!("{USAGE}"),
        }
    }
    Ok(options)
}

/// Whether no seed fails.
fn run(options: &Options) -> Result<bool> {
    if let Some(seed) = options.only {
        let report = simulate(seed, options.plant)?;
        print!("{report}");
        return Ok(report.violations.is_empty());
    }
    let began = now();
    let (next, acts, orders) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (stop, failed) = (AtomicBool::new(false), Mutex::new(None::<Report>));
    let fault = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let no = next.fetch_add(1, Ordering::Relaxed);
                    if no >= options.seeds {
                        break;
                    }
                    match simulate(options.first + no, options.plant) {
                        Ok(report) => {
                            acts.fetch_add(report.acts, Ordering::Relaxed);
                            orders.fetch_add(report.orders as u64, Ordering::Relaxed);
                            if !report.violations.is_empty() {
                                stop.store(true, Ordering::Relaxed);
                                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                                if failed.as_ref().is_none_or(|other| report.seed < other.seed) {
                                    *failed = Some(report);
                                }
                            }
                        }
                        Err(error) => {
                            stop.store(true, Ordering::Relaxed);
                            *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let seconds = began.elapsed().as_secs_f64();
    let acts = acts.into_inner();
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(report) = &failed {
        print!("{report}");
        println!("again: cargo xtask simulate --seed {}{}", report.seed, plant_words(options));
    }
    let done = next.into_inner().min(options.seeds);
    println!(
        "{done} seeds from {}: {acts} acts of the store, {} orders in {seconds:.1} s: {:.2} million acts a minute on {} core{}",
        options.first,
        orders.into_inner(),
        acts as f64 / seconds / 1e6 * 60.0,
        options.jobs,
        if options.jobs == 1 { "" } else { "s" },
    );
    Ok(failed.is_none())
}

fn plant_words(options: &Options) -> String {
    options.plant.map(|plant| format!(" --plant {}", plant.word())).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "how fast it is is measured in real time")]
fn now() -> Instant {
    Instant::now()
}
