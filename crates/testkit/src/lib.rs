//! What tests of adieu are made with; beside the product, and only tests import it.
//!
//! `world` is the whole server in this process with a frozen clock; `replay` speaks recorded scenarios to a server and
//! names every difference; `crash` kills the real server in a storm and checks every answer it gave; `powercut` takes
//! back what a killed process had not synced; `failing` is a store that can be told to fail; `nodes` are several of us over
//! one store; `engines` says which engine keeps it; `rights` walks a face's table of
//! who may what.

mod consents;
pub mod crash;
pub mod crowd;
pub mod data;
pub mod engines;
pub mod failing;
pub mod nodes;
pub mod powercut;
pub mod replay;
pub mod rights;
pub mod time_and_entropy;
pub mod world;

pub use world::{Reply, World};
