//! Words and figures of a document that are written and read alike.
//!
//! Plans read them, exports write them.

use adieu_authority::{Role, Span};

/// The word of a role.
pub(crate) const fn role_word(role: Role) -> &'static str {
    match role {
        Role::IdentityDataAdmin => "identity-data-admin",
        Role::IdentityDataReader => "identity-data-reader",
        Role::RealmAdmin => "realm-admin",
        Role::ClientAdmin => "client-admin",
    }
}

/// Every role there is.
pub(crate) const ROLES: [Role; 4] =
    [Role::IdentityDataAdmin, Role::IdentityDataReader, Role::RealmAdmin, Role::ClientAdmin];

/// The word for clients that any origin may ask for.
pub(crate) const ANY_ORIGIN: &str = "*";

/// A life in whole seconds, as a document says it.
pub(crate) fn seconds(life: Span) -> u32 {
    u32::try_from(life.ms() / 1000).unwrap_or(u32::MAX)
}
