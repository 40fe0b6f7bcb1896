//! A record that one dialect keeps for its clients, and that no rule of the house reads.
//!
//! Whoever wrote it is the only one who understands it.

use adieu_core::RealmId;

/// A document of a realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The realm.
    pub realm: RealmId,
    /// Its kind, in its owner's words.
    pub kind: String,
    /// Its name among those of its kind.
    pub id: String,
    /// Its text.
    pub body: String,
}
