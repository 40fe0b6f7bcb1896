//! Subscribers, but for their credentials, which are sealed and stand in columns.
//!
//! A word of a newer version is damage here: who is told what is never guessed.

use adieu_core::{
    Cause, EndingPlace, PreviousCredential, RealmId, SealedCredential, SubjectForm, Subscriber, SubscriberId,
    SubscriberKind, Timestamp, Version,
};
use serde::{Deserialize, Serialize};

use crate::Damaged;

/// What of a subscriber is not in columns.
#[derive(Serialize, Deserialize)]
pub struct SubscriberDetail {
    kind: String,
    address: String,
    enabled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// Until when the credential before counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    from_line: u64,
    from_entry: u32,
    created_at: i64,
    updated_at: i64,
}

/// What of a subscriber stands in columns.
pub struct SubscriberColumns {
    /// Its id.
    pub id: SubscriberId,
    /// Its realm.
    pub realm: RealmId,
    /// Its version.
    pub version: Version,
    /// Its sealed credential.
    pub sealed: Vec<u8>,
    /// The credential before.
    pub sealed_before: Option<Vec<u8>>,
}

impl SubscriberDetail {
    /// As it is written.
    pub fn of(one: &Subscriber) -> Self {
        let (causes, subject) = match &one.kind {
            SubscriberKind::Webhook { causes } => {
                (causes.iter().map(|cause| cause.word().to_owned()).collect(), None)
            }
            SubscriberKind::GlobalTokenRevocation { subject } => (Vec::new(), Some(subject)),
        };
        Self {
            kind: one.kind.word().into(),
            address: one.address.clone(),
            enabled: one.enabled,
            causes,
            subject: subject.map(|subject| subject.word().into()),
            issuer: match subject {
                Some(SubjectForm::IssSub { issuer }) => Some(issuer.clone()),
                Some(SubjectForm::Email | SubjectForm::Opaque) | None => None,
            },
            until: one.previous.as_ref().map(|previous| previous.until.ms()),
            from_line: one.told_from.line(),
            from_entry: one.told_from.entry(),
            created_at: one.created_at.ms(),
            updated_at: one.updated_at.ms(),
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, columns: SubscriberColumns) -> Result<Subscriber, Damaged> {
        let damaged = || Damaged("subscriber");
        let [hook, revocation] = SubscriberKind::WORDS;
        let [iss_sub, email, opaque] = SubjectForm::WORDS;
        let kind = if self.kind == hook {
            SubscriberKind::Webhook { causes: self.causes.iter().map(|word| Cause::read(word)).collect() }
        } else if self.kind == revocation {
            let subject = match (self.subject.as_deref(), self.issuer) {
                (Some(word), Some(issuer)) if word == iss_sub => SubjectForm::IssSub { issuer },
                (Some(word), None) if word == email => SubjectForm::Email,
                (Some(word), None) if word == opaque => SubjectForm::Opaque,
                _ => return Err(damaged()),
            };
            SubscriberKind::GlobalTokenRevocation { subject }
        } else {
            return Err(damaged());
        };
        let before = columns.sealed_before.zip(self.until);
        let previous = before.map(|(sealed, until)| PreviousCredential {
            credential: SealedCredential::from_bytes(sealed),
            until: Timestamp::from_ms(until),
        });
        Ok(Subscriber {
            id: columns.id,
            realm: columns.realm,
            kind,
            address: self.address,
            enabled: self.enabled,
            credential: SealedCredential::from_bytes(columns.sealed),
            previous,
            told_from: EndingPlace::of(self.from_line, self.from_entry).ok_or_else(damaged)?,
            version: columns.version,
            created_at: Timestamp::from_ms(self.created_at),
            updated_at: Timestamp::from_ms(self.updated_at),
        })
    }
}
