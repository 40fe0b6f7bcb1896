//! What a generation belongs to, as a key of rows.
//!
//! Nothing here reads or writes one.

use adieu_core::{EndScope, RealmId, UserKey};
use uuid::Uuid;

/// A scope as a key: a letter and the id. All of a scope follow each other by generation.
pub fn scope_key(scope: &EndScope) -> Vec<u8> {
    let (letter, id) = match scope {
        EndScope::User(key) => (b'u', key.number().to_be_bytes().to_vec()),
        EndScope::Realm(id) => (b'r', id.uuid().as_bytes().to_vec()),
        EndScope::Client(id) => (b'c', id.as_str().as_bytes().to_vec()),
    };
    [vec![letter], id].concat()
}

/// The scope of a key.
pub fn scope_of(key: &[u8]) -> Option<EndScope> {
    let (letter, id) = key.split_first()?;
    match letter {
        b'u' => UserKey::from_stored(u64::from_be_bytes(id.try_into().ok()?)).map(EndScope::User),
        b'r' => Uuid::from_slice(id).ok().map(|id| EndScope::Realm(RealmId::from_uuid(id))),
        b'c' => str::from_utf8(id).ok()?.parse().ok().map(EndScope::Client),
        _ => None,
    }
}
