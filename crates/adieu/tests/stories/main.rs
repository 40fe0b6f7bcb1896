//! Stories about the whole server, in this process and as its own.
//!
//! One binary for all of them.

mod admin_credential;
mod administration;
mod both_win;
mod clients;
mod commands;
mod configurations;
mod cookies_of_one_name;
mod crash;
mod crowd;
mod crowded;
mod first_worker;
mod forward_auth;
mod half_signed_on;
mod headers;
mod installations;
mod issuers;
mod locked;
mod log_lines;
mod long_history;
mod metrics;
mod no_false_no;
mod old_addresses;
mod one_browser;
mod one_session;
mod operator;
mod origins;
mod packaging;
mod participants;
mod passwords;
mod provisioning;
mod quickstart;
mod race;
mod recorded_over_tcp;
mod reload;
mod response_modes;
mod restored;
mod running;
mod schemathesis;
mod serving;
mod shared_browser;
mod shipped;
mod throttle;
mod two_factors;
mod who_and_why;
