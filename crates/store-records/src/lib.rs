//! The records that engines keep: what of a session, user, client, grant, receipt or line of endings does not stand in columns.
//!
//! One format for all engines, so that an installation moves from one to another record by record. Records are translated by hand
//! from and to core's facts: domain types do not serialize, and renaming a field of core never changes what lies on disk. Short names,
//! because every session carries them. Nothing here reads or writes a database.

mod clients;
mod ending_lines;
mod endings;
mod grants;
mod moving;
mod participants;
mod people;
mod receipts;
mod scopes;
mod sessions;
mod subscribers;

use adieu_core::TokenHash;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use clients::{ClientColumns, ClientDetail};
pub use ending_lines::{append_entry, entries};
pub use endings::MassDetail;
pub use grants::GrantDetail;
pub use moving::{
    MOVED_ROWS, MOVED_TABLES, MovedCounts, MovedKind, MovedOrder, MovedRow, MovedTable, MovedValue,
};
pub use participants::ParticipantDetail;
pub use people::{PopulationDetail, UserColumns, UserDetail};
pub use receipts::{HealthDetail, ReceiptColumns, ReceiptDetail};
pub use scopes::{scope_key, scope_of};
pub use sessions::{Opened, SessionDetail, TombstoneDetail};
pub use subscribers::{SubscriberColumns, SubscriberDetail};

/// A stored value that no version of ours writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored {0} can't be read: restore from a backup")]
pub struct Damaged(pub &'static str);

/// The text of a record.
pub fn to_json(record: &impl Serialize) -> String {
    serde_json::to_string(record).expect("records have text keys and finite numbers")
}

/// The record of a text; `what` names it where it can't be read.
pub fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Damaged> {
    serde_json::from_str(text).map_err(|_| Damaged(what))
}

/// The hash of a token, as it stands in a column.
pub fn hash(bytes: Vec<u8>) -> Result<TokenHash, Damaged> {
    bytes.try_into().map(TokenHash::from_bytes).map_err(|_| Damaged("token hash"))
}

pub(crate) fn hex(hash: TokenHash) -> String {
    hash.to_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Result<TokenHash, Damaged> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(|n| digit(n * 2)).collect();
    bytes.ok_or(Damaged("hash")).and_then(hash)
}
