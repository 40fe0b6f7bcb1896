//! `cargo xtask simulate [--seeds N] [--first S] [--seed S] [--plant WORD] [--jobs N]`: installations on one virtual clock, seed
//! after seed.
//!
//! The simulation is a program of its own, built with optimisations; here is only that it is built and run. What it draws and what
//! it checks stands in `docs/simulation.md`.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::builds::{BuildProfile, built};

/// Builds the simulation and runs it.
pub(crate) fn simulate(words: &[&str]) -> Result<()> {
    let program = built("adieu-simulation", BuildProfile::Release)?;
    let status = Command::new(program).args(words).status().context("adieu-simulation")?;
    ensure!(status.success(), "simulate: {status}");
    Ok(())
}
