//! The installation key and what is derived from it.
//!
//! What a dialect must show again (logout tokens, session handles, CSRF values) is derived and never stored
//! (EMPTY-HANDS): HMAC-SHA-256 of the installation key, a purpose, a public id and a version.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::{ClientId, RealmId};

/// 32 random bytes that belong to one installation; kept beside the data, never inside an answer.
#[derive(Clone)]
pub struct InstallationKey([u8; 32]);

/// What a derived value is for. Two purposes never share a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// The cipher of public session ids.
    SessionIds,
    /// The anti-forgery token that ends one session from a browser.
    LogoutToken,
    /// The mask and seal of anti-forgery cookies.
    AntiForgery,
    /// Seals of short-lived sign-on attempts that travel through a client.
    Attempt,
    /// The seal of private signing keys at rest.
    SigningKeys,
    /// Secrets of clients that we made.
    ClientSecret,
    /// The seal of names by which a session can be ended and never used.
    SessionHandle,
    /// Codes that a user keeps as a second proof of identity.
    RecoveryCode,
    /// Codes by which an administrator lets somebody in who can't sign on.
    RecoveryPass,
    /// Addresses that do the same.
    RecoveryLink,
    /// Refresh tokens that follow others.
    RefreshToken,
    /// The names of sessions that each client has for itself.
    ClientSids,
    /// The seal of what proves this installation to other providers.
    UpstreamSecrets,
    /// The seal of what proves this installation to systems that are told of endings.
    ReceiverTokens,
    /// The seal of what signs calls to web hooks.
    WebHookSecrets,
    /// The seal of the sessions that forms led to.
    FormUses,
    /// Hashes of what such forms have proven.
    FormProofs,
    /// What a database keeps of the key that it belongs to.
    KeyCheck,
    /// The cipher of public ids of endings.
    EndingIds,
    /// The seal of what is kept of sign-ons and the like that are not finished.
    FlowBodies,
    /// The nonce and the PKCE verifier of a sign-on through an upstream provider.
    UpstreamSignOn,
    /// What lets clients register themselves, and change themselves later.
    Registration,
}

impl Purpose {
    /// The word that goes into the derivation; never changes, or old values die.
    const fn word(self) -> &'static str {
        match self {
            Self::SessionIds => "session-ids",
            Self::LogoutToken => "logout-token",
            Self::AntiForgery => "anti-forgery",
            Self::Attempt => "attempt",
            Self::SigningKeys => "signing-keys",
            Self::ClientSecret => "client-secret",
            Self::SessionHandle => "session-handle",
            Self::RecoveryCode => "recovery-code",
            Self::RecoveryPass => "recovery-pass",
            Self::RecoveryLink => "recovery-link",
            Self::RefreshToken => "refresh-token",
            Self::ClientSids => "client-sids",
            Self::UpstreamSecrets => "upstream-secrets",
            Self::ReceiverTokens => "receiver-tokens",
            Self::WebHookSecrets => "web-hook-secrets",
            Self::FormUses => "form-uses",
            Self::FormProofs => "form-proofs",
            Self::KeyCheck => "key-check",
            Self::EndingIds => "ending-ids",
            Self::FlowBodies => "flow-bodies",
            Self::UpstreamSignOn => "upstream-sign-on",
            Self::Registration => "registration",
        }
    }
}

impl InstallationKey {
    /// The key as it was drawn or read.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key itself, for whoever lays it beside the data of its installation.
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// A key for one purpose.
    pub fn derive(&self, purpose: Purpose) -> [u8; 32] {
        self.derive_for(purpose, &[], 0)
    }

    /// A value for one purpose, one public id and one version of it.
    pub fn derive_for(&self, purpose: Purpose, public_id: &[u8], version: u64) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        let word = purpose.word().as_bytes();
        mac.update(&[word.len() as u8]); // Lengths first: no two inputs run together.
        mac.update(word);
        mac.update(&(public_id.len() as u64).to_be_bytes());
        mac.update(public_id);
        mac.update(&version.to_be_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The same as 32 letters and digits (190 bits), for values that people and URLs carry.
    pub fn derive_text(&self, purpose: Purpose, public_id: &[u8], version: u64) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let bytes = self.derive_for(purpose, public_id, version);
        bytes.iter().map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()])).collect()
    }

    /// The secret of a client in one of its versions.
    pub fn client_secret(&self, realm: RealmId, client: &ClientId, version: u64) -> String {
        self.derive_text(Purpose::ClientSecret, format!("{realm} {client}").as_bytes(), version)
    }
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_ids_and_versions_never_share_a_value() {
        let key = InstallationKey::from_bytes([1; 32]);
        let values = [
            key.derive_for(Purpose::LogoutToken, b"a", 0),
            key.derive_for(Purpose::LogoutToken, b"b", 0),
            key.derive_for(Purpose::LogoutToken, b"a", 1),
            key.derive_for(Purpose::AntiForgery, b"a", 0),
            key.derive(Purpose::LogoutToken),
            InstallationKey::from_bytes([2; 32]).derive(Purpose::LogoutToken),
        ];
        for (i, one) in values.iter().enumerate() {
            for other in &values[i + 1..] {
                assert_ne!(one, other);
            }
        }
        assert_eq!(key.derive_text(Purpose::LogoutToken, b"a", 0).len(), 32);
    }

    /// Goal: EMPTY-HANDS, the key does not show itself.
    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", InstallationKey::from_bytes([65; 32])), "InstallationKey(***)");
    }
}
