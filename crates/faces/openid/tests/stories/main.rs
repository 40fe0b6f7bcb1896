//! Stories of the native OpenID issuers: what the specifications say, and what the certification plans look at.
//!
//! Through the real dispatcher over the embedded engine; only the clock stands still.

mod basic_op;
mod basic_op_claims;
mod config_op;
mod consent;
mod fixture;
mod front_channel;
mod global_revocation;
mod logout;
mod pushed;
mod rights;
mod rp_initiated_op;
mod session_op;
mod sign_on;
mod tokens;
