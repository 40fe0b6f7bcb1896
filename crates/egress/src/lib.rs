//! Where this server may connect to on behalf of others, and the one HTTP client that goes nowhere else.
//!
//! Names are resolved once, judged, and connected to as they were judged. No redirect is followed, no proxy is asked, every
//! connection has its time. Whoever sends says what is sent and how much of an answer is read; nothing here is logged but a
//! missing list of authorities.

mod addresses;
mod client;
mod rule;

pub use client::{ClientFault, EgressClient, address_was_refused, certificate_was_refused};
pub use rule::AddressRule;
