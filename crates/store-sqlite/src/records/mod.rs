//! The JSON of detail columns, translated by hand from and to core's facts.
//!
//! Domain types do not serialize: renaming a field of core never changes what lies on disk. Short names, because
//! every session carries them.

mod clients;
mod ending_lines;
mod endings;
mod grants;
mod participants;
mod people;
mod receipts;
mod scopes;
mod sessions;
mod subscribers;

use adieu_core::TokenHash;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Damaged;

pub(crate) use clients::{ClientColumns, ClientDetail};
pub(crate) use ending_lines::{append_entry, entries};
pub(crate) use endings::MassDetail;
pub(crate) use grants::GrantDetail;
pub(crate) use participants::ParticipantDetail;
pub(crate) use people::{PopulationDetail, UserColumns, UserDetail};
pub(crate) use receipts::{HealthDetail, ReceiptColumns, ReceiptDetail};
pub(crate) use scopes::{scope_key, scope_of};
pub(crate) use sessions::{Opened, SessionDetail, TombstoneDetail};
pub(crate) use subscribers::{SubscriberColumns, SubscriberDetail};

pub(crate) fn to_json(record: &impl Serialize) -> String {
    serde_json::to_string(record).expect("records have text keys and finite numbers")
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|_| Damaged::row(what))
}

pub(crate) fn hash(bytes: Vec<u8>) -> rusqlite::Result<TokenHash> {
    bytes.try_into().map(TokenHash::from_bytes).map_err(|_| Damaged::row("token hash"))
}

pub(super) fn hex(hash: TokenHash) -> String {
    hash.to_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

pub(super) fn unhex(text: &str) -> rusqlite::Result<TokenHash> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(|n| digit(n * 2)).collect();
    bytes.ok_or_else(|| Damaged::row("hash")).and_then(hash)
}
