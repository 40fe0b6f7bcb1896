//! testkit: what tests of adieu are made with; beside the house, and only tests import it.
//!
//! `replay` speaks recorded scenarios to a server and names every difference; `powercut` takes back what a killed
//! process had not synced.

pub mod powercut;
pub mod replay;
