//! Stories of the native OpenID issuers: what the specifications say, and what the certification plans look at.
//!
//! Through the real dispatcher over the embedded engine; only the clock stands still.

mod basic_op;
mod basic_op_claims;
mod bounds;
mod config_op;
mod consent;
mod fixture;
mod front_channel;
mod global_revocation;
mod known_before;
mod logout;
mod own_word;
mod private_key_jwt;
mod published_keys;
mod pushed;
mod registration;
mod request_object;
mod rights;
mod rp_initiated_op;
mod session_op;
mod sign_on;
mod signed_answers;
mod tokens;
