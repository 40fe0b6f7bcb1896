//! http-kit: the grammar of HTTP that every dialect needs, said once.
//!
//! Headers, cookies, forms, bodies, dates and return addresses go in and out as values. There are no session rules
//! here, no store, no routes (how a table of them is read, yes) and no status codes: a face decides what a refusal means.
//! Nothing reads the clock.

pub mod accept;
pub mod auth;
pub mod body;
pub mod browser_state;
pub mod client;
pub mod companion;
pub mod cookies;
pub mod dates;
pub mod encoded_words;
pub mod form;
pub mod form_browser;
pub mod forwarded;
pub mod media;
pub mod multipart;
pub mod origins;
pub mod return_to;
pub mod said;
pub mod self_service;
pub mod service;
pub mod sign_off;
pub mod table;
pub mod upstream_paths;

/// JSON bodies.
pub use adieu_json as json;
