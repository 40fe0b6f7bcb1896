//! Secrets at rest: sealed for one purpose and one place.
//!
//! Sealed are private signing keys and the credentials that must be shown to others, so that a hash will not do (EMPTY-HANDS).
//! What was sealed for one purpose or place opens for no other: moved to another row it is worth nothing.

use adieu_core::{InstallationKey, Purpose, RealmId};
use adieu_token::sealed;

pub use adieu_token::sealed::Unopenable;

use crate::held::place;
use crate::ring::Keyring;

/// What a secret is sealed for. Each has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPurpose {
    /// A private signing key of a realm.
    SigningKey,
    /// What proves this installation to another provider.
    UpstreamSecret,
    /// What proves this installation to another system that is told of endings.
    ReceiverToken,
    /// What signs calls to a web hook.
    WebHookSecret,
    /// What is kept of a sign-on or the like that is not finished.
    FlowBody,
    /// The session that a form led to.
    FormUse,
}

impl SealPurpose {
    const fn derivation(self) -> Purpose {
        match self {
            Self::SigningKey => Purpose::SigningKeys,
            Self::UpstreamSecret => Purpose::UpstreamSecrets,
            Self::ReceiverToken => Purpose::ReceiverTokens,
            Self::WebHookSecret => Purpose::WebHookSecrets,
            Self::FlowBody => Purpose::FlowBodies,
            Self::FormUse => Purpose::FormUses,
        }
    }
}

impl Keyring {
    /// Seals a secret. `place` names where it will lie: the kind of record and its id.
    pub fn seal(&self, purpose: SealPurpose, place: &str, secret: &[u8]) -> Vec<u8> {
        let nonce = adieu_core::entropy::draw(self.inner.entropy.as_ref());
        sealed::seal(&self.sealing_key(purpose), nonce, secret, place.as_bytes())
    }

    /// Opens what was sealed for the same purpose and place.
    pub fn open(&self, purpose: SealPurpose, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Unopenable> {
        sealed::open(&self.sealing_key(purpose), sealed, place.as_bytes())
    }

    /// Whether a key of the installation opens the signing key of a realm that has this name and is sealed like this: tells which
    /// installation a database belongs to, before there is a keyring over it.
    pub fn opens_signing_key(key: &InstallationKey, realm: RealmId, kid: &str, sealed: &[u8]) -> bool {
        let sealing_key = key.derive(SealPurpose::SigningKey.derivation());
        sealed::open(&sealing_key, sealed, place(realm, kid).as_bytes()).is_ok()
    }

    fn sealing_key(&self, purpose: SealPurpose) -> [u8; 32] {
        self.inner.key.derive(purpose.derivation())
    }
}
