//! The keys of an installation: what realms sign with, and what seals secrets at rest.
//!
//! Tokens are signed here and verified here. Private keys leave this room sealed or not at
//! all. Nothing here knows what a token says, who may ask for one, or HTTP.

mod held;
mod keys;
mod ring;
mod rotate;
mod seal;
mod sign;
mod verify;

pub use held::{KEYS_AGE_MAX, LOOKUPS_MAX};
pub use keys::{KeyStage, RealmKey, RealmKeys};
pub use ring::{Keyring, KeyringParts};
pub use rotate::PUBLISHED_BEFORE;
pub use seal::{SealPurpose, Unopenable};
pub use sign::Signer;
