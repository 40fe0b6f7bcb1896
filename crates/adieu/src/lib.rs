//! The binary's library: configuration, wiring, serving and the commands.
//!
//! Here, and only here, the rooms of the server meet: an engine becomes the store of the authority, the faces get the
//! authority and their settings, the dispatcher gets the faces.
#![warn(clippy::print_stdout, clippy::print_stderr)] // They panic where a reader has gone away.

mod admin;
pub mod assembled;
pub mod commands;
mod companions;
pub mod config;
mod dialects;
pub mod dispatch;
mod endings_told;
mod engine;
mod faces;
mod guard;
pub mod logging;
pub mod metering;
pub mod provision;
pub mod real;
pub mod reload;
pub mod serve;
mod services;
mod tls;
mod upstreams;
