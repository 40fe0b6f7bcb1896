//! Replays recorded conversations and names every difference: `contracts/README.md` says what is compared.
//!
//! The runner knows no server. It speaks through a [`Wire`]: a router in this process with a frozen clock, or
//! [`TcpWire`] for a real one. It follows no redirects and keeps no connection; nothing here reads the clock
//! except for `{{$now}}` and for real waits.

mod compare;
mod cookies;
mod json;
mod normal;
mod run;
mod scenario;
mod tcp;
mod template;
mod wire;

#[cfg(test)]
mod tests;

pub use run::{ReplayFailure, ReplayReport, run};
pub use scenario::{Scenario, contracts_folder, due, load_folder, waiting};
pub use tcp::TcpWire;
pub use wire::{BoxFuture, Wire, WireRequest, WireResponse};
