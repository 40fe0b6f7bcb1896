//! Seeds that pass, one that is the same twice, and planted faults that are found.
//!
//! What finds faults is run for longer by `cargo xtask simulate`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use adieu_simulation::{Plant, simulate};

/// Seeds of a run of all tests.
const SEEDS: u64 = 300;
/// Within so many seeds every plant is found.
const PLANTED_SEEDS: u64 = 400;

/// Goal: no seed of the first some hundred breaks a promise. `TEST_SIMULATION_SEEDS` says how many.
#[test]
fn no_seed_breaks_a_promise() {
    let seeds = std::env::var("TEST_SIMULATION_SEEDS").ok();
    let seeds = seeds.map_or(SEEDS, |seeds| seeds.parse().expect("a number of seeds"));
    let next = AtomicU64::new(1);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > seeds {
                        break;
                    }
                    let report = simulate(seed, None).expect("a run");
                    assert!(report.violations.is_empty(), "{report}");
                }
            });
        }
    });
}

/// Goal: a seed that is printed can be looked into: what happens follows from it alone.
#[test]
fn a_seed_is_one_history() {
    for seed in 1..20 {
        let [one, other] = [(), ()].map(|()| simulate(seed, None).expect("a run"));
        assert_eq!(one.history_hash(), other.history_hash(), "seed {seed}");
        assert_eq!(one.acts, other.acts, "seed {seed}");
    }
    let other = |seed| simulate(seed, None).expect("a run").history_hash();
    assert_ne!(other(1), other(2));
}

/// Goal: a simulation that cannot find a fault is worth nothing.
#[test]
fn every_planted_fault_is_found() {
    thread::scope(|scope| {
        for plant in Plant::ALL {
            scope.spawn(move || {
                let found = (1..=PLANTED_SEEDS).any(|seed| {
                    let report = simulate(seed, Some(plant)).expect("a run");
                    !report.violations.is_empty()
                });
                assert!(found, "{} is not found within {PLANTED_SEEDS} seeds", plant.word());
            });
        }
    });
}
