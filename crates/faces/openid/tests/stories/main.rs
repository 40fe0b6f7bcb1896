//! Stories of the native OpenID issuers: what the specifications say, and what the certification plans look at.
//!
//! Through the real dispatcher over the embedded engine; only the clock stands still.

mod fixture;
mod logout;
mod rights;
mod sign_on;
