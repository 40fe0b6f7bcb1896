//! What this engine promises beside the suite: lost answers, mass endings under load, keys of another installation.
//!
//! Each test has a database of its own.

#[path = "../support/mod.rs"]
mod support;

mod lanes;
mod leases;
mod lost_answers;
mod moving;
mod opening;
mod outages;
mod proxy;
mod under_load;
