//! Realms, populations, users and clients as a document: `adieu export` writes it, `adieu apply` makes it so.
//!
//! [`plan`] is pure: facts and a document in, changes out. Only [`carry`] touches anything, and it goes through the
//! authority like everybody else. A command does it over the data folder, or asks the native API of the server that has it.

pub mod apply;
pub mod carry;
pub mod client_words;
pub mod document;
pub mod error;
pub mod export;
pub mod facts;
pub mod names;
pub mod plan;
mod reading;
pub mod secrets;
pub mod subscriber_words;
mod words;
