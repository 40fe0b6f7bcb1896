//! Stories about the whole house, in this process and as its own.
//!
//! One binary for all of them.

mod one_session;
mod recorded_over_tcp;
