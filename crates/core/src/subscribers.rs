//! Subscribers of a realm: who hears of every ending in it, where, and with which credential. Made, changed, removed.
//!
//! A credential is sealed by the keyring before it comes here, and only the keyring opens it (EMPTY-HANDS). Nothing here sends.
//! Decision 0038.

use std::fmt;

use crate::cause::Cause;
use crate::directory::{ClientAuth, DirectoryError, Realm, TakenMember};
use crate::ending_id::EndingPlace;
use crate::ids::RealmId;
use crate::receiver::SubscriberId;
use crate::record_fault::RecordFault;
use crate::redirect_uris::{is_encrypted_or_local, is_notice_address, is_web_address, web_origin};
use crate::time::Timestamp;
use crate::version::{RemovedVersions, Version};

/// How many subscribers a realm may have (HOME-LIMITS): each of them is told of every ending.
pub const SUBSCRIBERS_MAX: usize = 32;
/// The longest address, in bytes (HOME-LIMITS).
const ADDRESS_BYTES_MAX: usize = 2048;

/// A subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Its name.
    pub id: SubscriberId,
    /// The realm.
    pub realm: RealmId,
    /// What it is sent.
    pub kind: SubscriberKind,
    /// Where to.
    pub address: String,
    /// Whether it is told.
    pub enabled: bool,
    /// What proves to it that a notice is ours.
    pub credential: SealedCredential,
    /// The credential before, as long as it counts beside.
    pub previous: Option<PreviousCredential>,
    /// The first place of an ending of which it is told: what ended before it was made, or while it was switched off, is not told.
    pub told_from: EndingPlace,
    /// Rises with every change.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a subscriber is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriberKind {
    /// Calls as Standard Webhooks has them.
    Webhook {
        /// Only of endings with these causes; all if none is named.
        causes: Vec<Cause>,
    },
    /// Calls of Global Token Revocation: of all sessions of a user.
    GlobalTokenRevocation {
        /// How the user is named.
        subject: SubjectForm,
    },
}

impl SubscriberKind {
    /// The words of the kinds.
    pub const WORDS: [&'static str; 2] = ["webhook", "global_token_revocation"];

    /// The kind as one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => Self::WORDS[0],
            Self::GlobalTokenRevocation { .. } => Self::WORDS[1],
        }
    }
}

/// How a user is named to another system: a format of RFC 9493.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectForm {
    /// By an issuer and the user's id. Section 3.2.4
    IssSub {
        /// The issuer that the other system knows.
        issuer: String,
    },
    /// By e-mail address. Section 3.2.2
    Email,
    /// By the user's id. Section 3.2.6
    Opaque,
}

impl SubjectForm {
    /// The words of the formats.
    pub const WORDS: [&'static str; 3] = ["iss_sub", "email", "opaque"];

    /// The format as one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::IssSub { .. } => Self::WORDS[0],
            Self::Email => Self::WORDS[1],
            Self::Opaque => Self::WORDS[2],
        }
    }
}

/// A credential as it lies in the store: sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCredential(Vec<u8>);

impl SealedCredential {
    /// What was sealed, or stored.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store or to open.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A credential that counts beside the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousCredential {
    /// The credential.
    pub credential: SealedCredential,
    /// Until when.
    pub until: Timestamp,
}

impl Subscriber {
    /// The credentials that count, the present one first.
    pub fn credentials(&self, now: Timestamp) -> impl Iterator<Item = &SealedCredential> {
        let previous = self.previous.iter().filter(move |previous| now < previous.until);
        std::iter::once(&self.credential).chain(previous.map(|previous| &previous.credential))
    }

    /// Where its credential lies: what is sealed for it opens nowhere else.
    pub fn credential_place(realm: RealmId, id: &SubscriberId) -> String {
        format!("subscriber {realm} {id}")
    }

    /// Whether it is told of the ending at a place.
    pub fn is_told_of(&self, place: EndingPlace) -> bool {
        self.enabled && self.told_from <= place
    }
}

/// Judges where a subscriber is to be told, and as whom it is to know people. `before` is what it is now.
pub fn subscriber_is_sound(
    before: Option<&Subscriber>,
    kind: &SubscriberKind,
    address: &str,
) -> Result<(), RecordFault> {
    // Both prove themselves by a secret; a bearer token is sent as it is, and only TLS keeps it from others.
    let bearer = matches!(kind, SubscriberKind::GlobalTokenRevocation { .. });
    let kept = !bearer || is_encrypted_or_local(address);
    let fits = address.len() <= ADDRESS_BYTES_MAX && is_notice_address(address, ClientAuth::Basic) && kept;
    if !fits && before.is_none_or(|before| before.address != address) {
        return Err(RecordFault::SubscriberAddress);
    }
    match kind {
        SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::IssSub { issuer } }
            if issuer.len() > ADDRESS_BYTES_MAX || !is_web_address(issuer) =>
        {
            Err(RecordFault::SubscriberIssuer)
        }
        SubscriberKind::GlobalTokenRevocation { .. } | SubscriberKind::Webhook { .. } => Ok(()),
    }
}

/// Whether a subscriber takes its credential anew with this address: one that is sent as it is was brought for one scheme, host and port
/// (EMPTY-HANDS).
pub fn takes_credential_anew(before: &Subscriber, address: &str) -> bool {
    let is_sent = matches!(before.kind, SubscriberKind::GlobalTokenRevocation { .. });
    is_sent && web_origin(&before.address) != web_origin(address)
}

/// What is stored around a subscriber that is made, changed or removed.
#[derive(Clone, Debug)]
pub struct SubscriberFacts {
    /// What is stored under its name.
    pub stored: Option<Subscriber>,
    /// Its realm.
    pub realm: Option<Realm>,
    /// All of the realm.
    pub of_realm: Vec<Subscriber>,
    /// The versions of what was removed.
    pub removed: RemovedVersions,
    /// The place that the next ending gets.
    pub next_place: EndingPlace,
}

/// What the making or a change of a subscriber comes to. The realm is written with how many of them are told.
#[derive(Clone, Debug)]
pub struct SubscriberChanges {
    /// The record.
    pub subscriber: Subscriber,
    /// The realm, if it changes.
    pub realm: Option<Realm>,
    /// Whether it is told elsewhere than before, or no more: see [`ReceiverHealth::told_elsewhere`](crate::ReceiverHealth::told_elsewhere).
    pub told_elsewhere: bool,
}

/// What the removal of a subscriber comes to.
#[derive(Clone, Debug)]
pub struct SubscriberRemoval {
    /// The realm, if it changes.
    pub realm: Option<Realm>,
    /// What is to be remembered of the version of what was removed.
    pub removed: RemovedVersions,
}

impl SubscriberFacts {
    /// The realm once this subscriber is so, or gone.
    fn realm_with(&self, id: &SubscriberId, next: Option<&Subscriber>) -> Option<Realm> {
        let others = self.of_realm.iter().filter(|other| other.id != *id);
        let told = others.chain(next).filter(|one| one.enabled).count();
        let subscribers = u32::try_from(told).unwrap_or(u32::MAX);
        let realm = self.realm.as_ref().filter(|realm| realm.subscribers != subscribers)?;
        Some(Realm { subscribers, ..realm.clone() })
    }
}

/// Decides the making of a subscriber. It is told of what ends from now on.
pub fn decide_create_subscriber(
    facts: &SubscriberFacts,
    new: &Subscriber,
) -> Result<SubscriberChanges, DirectoryError> {
    if facts.realm.is_none() {
        return Err(DirectoryError::Unknown);
    }
    subscriber_is_sound(None, &new.kind, &new.address)?;
    if facts.stored.is_some() {
        return Err(DirectoryError::Taken(TakenMember::Id));
    }
    if facts.of_realm.len() >= SUBSCRIBERS_MAX {
        return Err(RecordFault::TooManySubscribers.into());
    }
    let subscriber =
        Subscriber { version: facts.removed.first_above(), told_from: facts.next_place, ..new.clone() };
    let realm = facts.realm_with(&new.id, Some(&subscriber));
    // One that was removed may have had its name.
    Ok(SubscriberChanges { subscriber, realm, told_elsewhere: true })
}

/// Decides a change of a subscriber. One that is switched on is told of what ends from then on. One of another kind is not the one that is
/// there: a credential counts for one kind only.
pub fn decide_edit_subscriber(
    facts: &SubscriberFacts,
    from: Version,
    next: &Subscriber,
) -> Result<SubscriberChanges, DirectoryError> {
    let same = |before: &&Subscriber| before.realm == next.realm && before.kind.word() == next.kind.word();
    let before = facts.stored.as_ref().filter(same);
    let before = before.ok_or(DirectoryError::Unknown)?;
    let version = before.version.after_change_from(from)?;
    subscriber_is_sound(Some(before), &next.kind, &next.address)?;
    if takes_credential_anew(before, &next.address) && before.credential == next.credential {
        return Err(RecordFault::SubscriberCredential.into());
    }
    let begins = next.enabled && !before.enabled;
    let told_from = if begins { facts.next_place } else { before.told_from };
    let subscriber = Subscriber { version, told_from, created_at: before.created_at, ..next.clone() };
    let realm = facts.realm_with(&next.id, Some(&subscriber));
    let told_elsewhere = before.enabled != next.enabled || before.address != next.address;
    Ok(SubscriberChanges { subscriber, realm, told_elsewhere })
}

/// Decides the removal of a subscriber. What it is owed still can be told to nobody: its receiver is told elsewhere from now on.
pub fn decide_remove_subscriber(
    facts: &SubscriberFacts,
    from: Option<Version>,
) -> Result<SubscriberRemoval, DirectoryError> {
    let before = facts.stored.as_ref().ok_or(DirectoryError::Unknown)?;
    if let Some(from) = from {
        before.version.is_still(from)?;
    }
    let realm = facts.realm_with(&before.id, None);
    Ok(SubscriberRemoval { realm, removed: facts.removed.with(before.version) })
}

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use super::*;

    fn place(line: u64) -> EndingPlace {
        EndingPlace::of(line, 0).expect("a place")
    }

    pub(crate) fn hook(id: &str) -> Subscriber {
        Subscriber {
            id: id.parse().expect("a name"),
            realm: RealmId::from_uuid(Uuid::from_u128(1)),
            kind: SubscriberKind::Webhook { causes: vec![] },
            address: "https://shop.example.test/hook".into(),
            enabled: true,
            credential: SealedCredential::from_bytes(vec![7]),
            previous: None,
            told_from: place(1),
            version: Version::FIRST,
            created_at: Timestamp::from_ms(1),
            updated_at: Timestamp::from_ms(1),
        }
    }

    fn facts(of_realm: Vec<Subscriber>, next: u64) -> SubscriberFacts {
        let realm = Realm {
            id: hook("any").realm,
            path: "/".into(),
            generation: 0,
            second_factor: Default::default(),
            subscribers: of_realm.iter().filter(|one| one.enabled).count() as u32,
            created_at: Timestamp::from_ms(0),
        };
        let removed = RemovedVersions::default();
        SubscriberFacts { stored: None, realm: Some(realm), of_realm, removed, next_place: place(next) }
    }

    /// Goal: what ended before somebody subscribed, or while they were switched off, is not told to them.
    #[test]
    fn a_subscriber_is_told_from_the_moment_it_is_made_or_switched_on() {
        let made = decide_create_subscriber(&facts(vec![], 5), &hook("audit")).expect("made");
        assert_eq!(made.realm.expect("counted").subscribers, 1);
        let made = made.subscriber;
        assert_eq!(
            (made.told_from, made.is_told_of(place(4)), made.is_told_of(place(5))),
            (place(5), false, true)
        );
        let edit = |before: &Subscriber, next: &Subscriber, at| {
            let facts = SubscriberFacts { stored: Some(before.clone()), ..facts(vec![before.clone()], at) };
            decide_edit_subscriber(&facts, before.version, next).expect("a change")
        };
        let off = edit(&made, &Subscriber { enabled: false, ..made.clone() }, 8);
        assert_eq!(off.realm.as_ref().map(|realm| realm.subscribers), Some(0));
        let off = off.subscriber;
        assert!(!off.is_told_of(place(9)) && off.told_from == place(5));
        let on = edit(&off, &Subscriber { enabled: true, ..off.clone() }, 12);
        assert_eq!(on.realm.as_ref().map(|realm| realm.subscribers), Some(1));
        let on = on.subscriber;
        assert_eq!((on.told_from, on.version.number()), (place(12), 3));
        let moved = edit(&on, &Subscriber { address: "https://b.test/".into(), ..on.clone() }, 20);
        assert!(moved.realm.is_none() && moved.told_elsewhere);
        assert_eq!(moved.subscriber.told_from, place(12));
        let on = moved.subscriber;
        let kind = SubscriberKind::Webhook { causes: vec![Cause::Idle] };
        assert!(!edit(&on, &Subscriber { kind, ..on.clone() }, 20).told_elsewhere);
    }

    /// Goal: EMPTY-HANDS: nobody who may change an address has the bearer token of another system sent to one of their own. Method: each
    /// part of an address changed, with the credential that is there and with another one.
    #[test]
    fn a_bearer_token_does_not_follow_the_address() {
        let kind = SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::Opaque };
        let address = "https://desk.example.test/gtr".to_owned();
        let before = Subscriber { kind, address, ..hook("desk") };
        let facts = SubscriberFacts { stored: Some(before.clone()), ..facts(vec![before.clone()], 1) };
        for (address, is_elsewhere) in [
            ("https://desk.example.test/other", false),
            ("https://DESK.example.test:443/gtr?a=b", false),
            ("https://desk.example.test:8443/gtr", true),
            ("https://desk.example.test.evil.test/gtr", true),
            ("https://evil.test/gtr", true),
            ("http://127.0.0.1:9/gtr", true),
        ] {
            let moved = Subscriber { address: address.into(), ..before.clone() };
            let edited = decide_edit_subscriber(&facts, before.version, &moved);
            let refused = matches!(edited, Err(DirectoryError::Fault(RecordFault::SubscriberCredential)));
            assert_eq!((refused, edited.is_ok()), (is_elsewhere, !is_elsewhere), "{address}");
            let anew = Subscriber { credential: SealedCredential::from_bytes(vec![8]), ..moved };
            assert!(decide_edit_subscriber(&facts, before.version, &anew).is_ok(), "{address}");
        }
        // What signs goes nowhere.
        let hook = hook("hook");
        let moved = Subscriber { address: "https://other.test/".into(), ..hook.clone() };
        let facts = SubscriberFacts { stored: Some(hook.clone()), ..facts };
        assert!(decide_edit_subscriber(&facts, hook.version, &moved).is_ok());
    }

    #[test]
    fn names_versions_and_the_bound_are_kept() {
        let taken = SubscriberFacts { stored: Some(hook("audit")), ..facts(vec![hook("audit")], 5) };
        let refused = decide_create_subscriber(&taken, &hook("audit"));
        assert!(matches!(refused, Err(DirectoryError::Taken(TakenMember::Id))), "{refused:?}");
        let full: Vec<_> = (0..SUBSCRIBERS_MAX).map(|n| hook(&format!("s{n}"))).collect();
        let refused = decide_create_subscriber(&facts(full, 5), &hook("audit"));
        let too_many = RecordFault::TooManySubscribers;
        assert!(matches!(refused, Err(DirectoryError::Fault(fault)) if fault == too_many), "{refused:?}");
        let nowhere = SubscriberFacts { realm: None, ..facts(vec![], 5) };
        assert!(matches!(decide_create_subscriber(&nowhere, &hook("audit")), Err(DirectoryError::Unknown)));
        let stale = decide_edit_subscriber(&taken, Version::from_stored(9), &hook("audit"));
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
        let stale = decide_remove_subscriber(&taken, Some(Version::from_stored(9)));
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
        let gone = decide_remove_subscriber(&taken, None).expect("removed");
        assert_eq!((gone.realm.expect("counted").subscribers, gone.removed.number()), (0, 1));
        assert!(matches!(decide_remove_subscriber(&facts(vec![], 5), None), Err(DirectoryError::Unknown)));
    }

    /// S-GTR-1: https; a bearer token goes through no network in clear text.
    #[test]
    fn an_address_is_one_that_notices_may_go_to() {
        let revocation = |address: &str, subject| Subscriber {
            kind: SubscriberKind::GlobalTokenRevocation { subject },
            address: address.into(),
            ..hook("other")
        };
        for (address, as_hook, with_bearer) in [
            ("https://shop.example.test/hook", true, true),
            ("http://shop.internal/hook", true, false),
            ("http://127.0.0.1:9/hook", true, true),
            ("http://localhost/hook", true, true),
            ("http://[::1]:80/hook", true, true),
            ("http://localhost.evil.test/hook", true, false),
            ("http://127.0.0.1.evil.test/hook", true, false),
            ("https://shop.example.test/hook#part", false, false),
            ("ftp://shop.example.test/", false, false),
            ("nonsense", false, false),
            ("", false, false),
        ] {
            let hook = Subscriber { address: address.into(), ..hook("hook") };
            assert_eq!(decide_create_subscriber(&facts(vec![], 1), &hook).is_ok(), as_hook, "{address}");
            let other = revocation(address, SubjectForm::Opaque);
            assert_eq!(decide_create_subscriber(&facts(vec![], 1), &other).is_ok(), with_bearer, "{address}");
        }
        let issuer = |issuer: &str| SubjectForm::IssSub { issuer: issuer.into() };
        for (subject, sound) in
            [(issuer("https://id.example.test"), true), (issuer(""), false), (issuer("id"), false)]
        {
            let other = revocation("https://other.example.test/gtr", subject);
            assert_eq!(decide_create_subscriber(&facts(vec![], 1), &other).is_ok(), sound, "{other:?}");
        }
    }

    #[test]
    fn the_credential_before_counts_until_its_time() {
        let until = Timestamp::from_ms(50);
        let previous = PreviousCredential { credential: SealedCredential::from_bytes(vec![6]), until };
        let both = Subscriber { previous: Some(previous), ..hook("audit") };
        let bytes = |ms| -> Vec<u8> {
            both.credentials(Timestamp::from_ms(ms)).map(|one| one.as_bytes()[0]).collect()
        };
        assert_eq!((bytes(49), bytes(50)), (vec![7, 6], vec![7]));
        assert!(!format!("{both:?}").contains('6'), "{both:?}");
    }
}
