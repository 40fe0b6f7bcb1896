//! What this engine promises beside the suite: lost answers, mass endings under load, keys of another installation.

#[path = "../support/mod.rs"]
mod support;

mod lost_answers;
mod opening;
mod proxy;
mod under_load;
