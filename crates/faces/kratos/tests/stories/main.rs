//! Stories about Kratos' door, told through the whole house: real routers, the embedded engine, a frozen clock.

mod exit_five;
mod recorded;
