//! Stories of the AM face: the recorded scenarios, and what the contract says beyond them.
//!
//! Everything goes through the real router over the embedded engine; only the clock stands still.

#![expect(clippy::unwrap_used, reason = "helpers of tests, like tests, may stop where they stand")]

mod addresses;
mod callers;
mod consent;
mod ending;
mod fixture;
mod handles;
mod info;
mod known_before;
mod oauth;
mod outage;
mod overtaken;
mod pages;
mod properties;
mod queries;
mod quotas;
mod recorded;
mod refusals;
mod rights;
mod serverinfo;
mod sign_on;
mod signed_requests;
mod upgrade;
mod users;
mod validate;
