//! A deterministic simulation of an installation: several nodes over one store, on one virtual clock, from one seed.
//!
//! The engine is the one in memory, the authority, the outbox and core are the real ones; what is simulated is everything
//! between and around them: time, delay, loss, crashes, receivers, callers. A history of what callers and receivers saw is
//! written down and judged by the promises. Only tests and `cargo xtask simulate` use it. Decision 0065.

mod callers;
mod checker;
mod dice;
mod driver;
mod facts;
mod history;
mod network;
mod notes;
mod orders;
mod plant;
mod receivers;
mod report;
mod rules;
mod stepped;
mod world;

pub use plant::Plant;
pub use report::{Report, simulate};
