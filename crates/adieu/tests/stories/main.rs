//! Stories about the whole house, in this process and as its own.
//!
//! One binary for all of them.

mod crash;
mod crowd;
mod first_worker;
mod no_false_no;
mod one_session;
mod race;
mod recorded_over_tcp;
mod throttle;
