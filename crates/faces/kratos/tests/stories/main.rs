//! Stories about Kratos' dialect, told through the whole server: real routers, the embedded engine, a frozen clock.
//!
//! One binary for all of them.

mod admin;
mod bad_input;
mod browser;
mod exit_five;
mod flow_lives;
mod idle;
mod known_before;
mod pages;
mod recorded;
mod recovery;
mod registration;
mod rights;
mod second_factor;
mod settings;
mod tokenize;
mod verified;
