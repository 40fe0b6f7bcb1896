//! Asks other OpenID Providers: their metadata, their keys, what a code is worth; and judges what they say. Asks clients for the keys
//! that they publish.
//!
//! It returns facts. Every request is bounded in time, every answer in size, every provider in requests under way; no redirect is
//! followed, and where a request may go is the affair of `adieu-egress`. Nothing here knows a user or a session, opens a secret
//! or reads a clock. OpenID Connect Core 1.0, Discovery 1.0, Back-Channel Logout 1.0.

mod ask;
mod ask_places;
mod client_keys;
mod exchange;
mod fetches;
mod id_token;
mod known;
mod logout;
mod places;
mod provider;

pub use client_keys::{CLIENT_KEYS_AGE_MAX, PublishedClientKeys};
pub use places::ExchangePlace;
pub use provider::Upstreams;
