//! Stories about PingOne's dialect, told to the real router over the embedded engine.
//!
//! Each check of the contract (`P-…`) is cited by the test that asserts it.

mod consent;
mod errors;
mod fixture;
mod flows;
mod founding;
mod headers;
mod idp_signoff;
mod lists;
mod management;
mod other_browsers;
mod outages;
mod own_address;
mod pages;
mod published_client;
mod repeats;
mod revocation;
mod rights;
mod sessions;
mod signoff;
mod signoff_asks;
mod tokens;
