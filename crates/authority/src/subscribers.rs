//! Subscribers of realms: made, changed, given another credential, removed.
//!
//! Credentials are sealed here before they are stored; a web hook's secret is shown once, when it is drawn (EMPTY-HANDS).

use adieu_core::{
    DirectoryError, EndingPlace, Outage, PreviousCredential, RealmId, SealedCredential, Span, Subscriber,
    SubscriberId, SubscriberKind, Timestamp, Version,
};
use adieu_keyring::SealPurpose;
use adieu_token::web_hook::HookSecret;

use crate::Authority;
use crate::attempts::{Attempts, unread};

/// The longest bearer token, in bytes (HOME-LIMITS).
const BEARER_BYTES_MAX: usize = 4096;
/// Bytes of a web hook's secret that is drawn.
const DRAWN_BYTES: usize = 32;

/// A subscriber to be made.
#[derive(Clone)]
pub struct NewSubscriber {
    /// Its name.
    pub id: SubscriberId,
    /// What it is sent.
    pub kind: SubscriberKind,
    /// Where to.
    pub address: String,
    /// Whether it is told.
    pub enabled: bool,
    /// The credential, if the caller brings it. A web hook's is drawn if not.
    pub credential: Option<String>,
}

/// A subscriber, and the secret that was drawn for it: to be shown once.
#[derive(Clone)]
pub struct WithSecret {
    /// The subscriber.
    pub subscriber: Subscriber,
    /// The secret; none if the caller brought it.
    pub secret: Option<String>,
}

/// Why a subscriber was not made or did not get another credential.
#[derive(Debug, thiserror::Error)]
pub enum SubscriberError {
    /// The secret that was brought is no secret of a web hook.
    #[error("a web hook's secret is whsec_ and 24 to 64 bytes in base64")]
    HookSecret,
    /// The token that was brought is none, or none was.
    #[error("the bearer token of another system is brought along: 1 to 4096 letters, digits and -._~+/=")]
    BearerToken,
    /// A web hook's secret is no part of a change.
    #[error("a web hook's secret is changed by a rotation: it may count beside the next one")]
    HookSecretStays,
    /// What is sent as it is takes effect at once: two of them can't count side by side.
    #[error("a bearer token has no overlap: the other system says which it takes")]
    NoOverlap,
    /// An earlier secret counts beside the present one until then.
    #[error("an earlier secret counts beside the present one still")]
    EarlierCounts {
        /// Until when.
        until: Timestamp,
    },
    /// The directory refused it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// How a subscriber gets another credential.
#[derive(Clone, Default)]
pub struct CredentialRotation {
    /// The credential, if the caller brings it.
    pub credential: Option<String>,
    /// For how long the one before counts beside it; zero ends all earlier ones, and without it the rotation is refused while an earlier
    /// one counts.
    pub overlap: Option<Span>,
}

impl Authority {
    /// The subscriber of that name, whichever realm it belongs to.
    pub async fn subscriber(&self, id: &SubscriberId) -> Result<Option<Subscriber>, Outage> {
        self.store().subscriber(id).await
    }

    /// The subscribers of a realm, by name.
    pub async fn subscribers(&self, realm: RealmId) -> Result<Vec<Subscriber>, Outage> {
        self.store().subscribers(realm).await
    }

    /// Makes a subscriber; it is told of what ends from now on.
    pub async fn create_subscriber(
        &self,
        realm: RealmId,
        new: NewSubscriber,
    ) -> Result<WithSecret, SubscriberError> {
        let (credential, secret) = self.sealed(realm, &new.id, &new.kind, new.credential.as_deref())?;
        let now = self.now();
        let draft = Subscriber {
            id: new.id,
            realm,
            kind: new.kind,
            address: new.address,
            enabled: new.enabled,
            credential,
            previous: None,
            told_from: EndingPlace::of(0, 0).expect("the first place"),
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
        };
        let subscriber = self.store().create_subscriber(draft).await?;
        Ok(WithSecret { subscriber, secret })
    }

    /// Changes members of a subscriber; it is asked again where somebody else came before. Name, realm, kind and credential are not for
    /// the change to set. Another system may get the bearer token that is brought, and has to where its address leads to another place.
    pub async fn edit_subscriber(
        &self,
        id: &SubscriberId,
        brought: Option<&str>,
        mut change: impl FnMut(&mut Subscriber) + Send,
    ) -> Result<Subscriber, SubscriberError> {
        let mut attempts = Attempts::begin();
        loop {
            let before = self.read_subscriber(id).await?;
            match self.changed_subscriber(&before, brought, &mut change).await {
                Err(SubscriberError::Directory(DirectoryError::Stale)) => attempts.again()?,
                done => return done,
            }
        }
    }

    /// Changes members of a subscriber from a version that the caller has read, or not at all.
    pub async fn edit_subscriber_from(
        &self,
        id: &SubscriberId,
        from: Version,
        brought: Option<&str>,
        mut change: impl FnMut(&mut Subscriber) + Send,
    ) -> Result<Subscriber, SubscriberError> {
        let before = self.read_subscriber(id).await?;
        before.version.is_still(from)?;
        self.changed_subscriber(&before, brought, &mut change).await
    }

    /// Gives a subscriber another credential. What is sent from now on proves itself by it, and until the overlap is over by the one
    /// before, too.
    pub async fn rotate_credential(
        &self,
        id: &SubscriberId,
        rotation: CredentialRotation,
    ) -> Result<WithSecret, SubscriberError> {
        let mut attempts = Attempts::begin();
        loop {
            let (before, now) = (self.read_subscriber(id).await?, self.now());
            let bearer = matches!(before.kind, SubscriberKind::GlobalTokenRevocation { .. });
            let overlap = rotation.overlap.filter(|overlap| *overlap > Span::from_s(0));
            if bearer && overlap.is_some() {
                return Err(SubscriberError::NoOverlap);
            }
            let earlier = before.previous.as_ref().filter(|earlier| now < earlier.until);
            if let Some(earlier) = earlier
                && rotation.overlap != Some(Span::from_s(0))
            {
                return Err(SubscriberError::EarlierCounts { until: earlier.until });
            }
            let brought = rotation.credential.as_deref();
            let (credential, secret) = self.sealed(before.realm, id, &before.kind, brought)?;
            let previous = overlap.map(|overlap| PreviousCredential {
                credential: before.credential.clone(),
                until: now.plus(overlap),
            });
            let next = Subscriber { credential, previous, updated_at: now, ..before.clone() };
            match self.store().edit_subscriber(before.version, next).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(WithSecret { subscriber: done?, secret }),
            }
        }
    }

    /// Removes a subscriber; what it is owed still is told to nobody.
    pub async fn remove_subscriber(&self, id: &SubscriberId) -> Result<(), DirectoryError> {
        self.store().remove_subscriber(id, None).await
    }

    /// The same, if the record is still in the version that the caller has read.
    pub async fn remove_subscriber_from(
        &self,
        id: &SubscriberId,
        from: Version,
    ) -> Result<(), DirectoryError> {
        self.store().remove_subscriber(id, Some(from)).await
    }

    async fn read_subscriber(&self, id: &SubscriberId) -> Result<Subscriber, DirectoryError> {
        self.subscriber(id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)
    }

    async fn changed_subscriber(
        &self,
        before: &Subscriber,
        brought: Option<&str>,
        change: &mut (impl FnMut(&mut Subscriber) + Send),
    ) -> Result<Subscriber, SubscriberError> {
        let mut next = before.clone();
        change(&mut next);
        let credential = match (&before.kind, brought) {
            (_, None) => before.credential.clone(),
            (SubscriberKind::Webhook { .. }, Some(_)) => return Err(SubscriberError::HookSecretStays),
            (kind, brought) => self.sealed(before.realm, &before.id, kind, brought)?.0,
        };
        let next = Subscriber {
            id: before.id.clone(),
            realm: before.realm,
            credential,
            previous: before.previous.clone(),
            updated_at: self.now(),
            ..next
        };
        Ok(self.store().edit_subscriber(before.version, next).await?)
    }

    /// A credential as it is stored, and the text to be shown if it was drawn.
    fn sealed(
        &self,
        realm: RealmId,
        id: &SubscriberId,
        kind: &SubscriberKind,
        brought: Option<&str>,
    ) -> Result<(SealedCredential, Option<String>), SubscriberError> {
        let (purpose, plain, shown) = match kind {
            SubscriberKind::Webhook { .. } => {
                let drawn = || HookSecret::from_bytes(self.draw::<DRAWN_BYTES>().to_vec());
                let secret = brought.map_or_else(drawn, HookSecret::read);
                let secret = secret.map_err(|_| SubscriberError::HookSecret)?;
                let shown = brought.is_none().then(|| secret.text());
                (SealPurpose::WebHookSecret, secret.as_bytes().to_vec(), shown)
            }
            SubscriberKind::GlobalTokenRevocation { .. } => {
                let token = brought.filter(|token| is_bearer_token(token));
                let token = token.ok_or(SubscriberError::BearerToken)?;
                (SealPurpose::ReceiverToken, token.as_bytes().to_vec(), None)
            }
        };
        let place = Subscriber::credential_place(realm, id);
        let sealed = self.inner.keyring.seal(purpose, &place, &plain);
        Ok((SealedCredential::from_bytes(sealed), shown))
    }
}

/// RFC 6750 section 2.1: `b64token`.
fn is_bearer_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    text.len() <= BEARER_BYTES_MAX && !body.is_empty() && body.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_has_the_form_of_its_rfc() {
        for (text, fits) in [
            ("abc.DEF-_~+/09==", true),
            ("", false),
            ("==", false),
            ("a=b", false),
            ("a b", false),
            ("a\r\nX: y", false),
            ("\u{e4}", false),
        ] {
            assert_eq!(is_bearer_token(text), fits, "{text:?}");
        }
        assert!(is_bearer_token(&"a".repeat(4096)) && !is_bearer_token(&"a".repeat(4097)));
    }
}
