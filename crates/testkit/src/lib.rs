//! What tests of adieu are made with; beside the house, and only tests import it.
//!
//! `world` is the whole house in this process with a frozen clock; `replay` speaks recorded scenarios to a server and
//! names every difference; `powercut` takes back what a killed process had not synced.

pub mod ambient;
pub mod powercut;
pub mod replay;
pub mod world;

pub use world::{Reply, World};
