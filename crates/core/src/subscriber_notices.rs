//! What subscribers are told: web hooks of every ending, other systems of all sessions of a user.
//!
//! One notice for one fact: what ended together is one notice to a web hook, however many sessions it was; another system is told once for
//! each user. Nothing here sends anything. Decision 0039; RFC 9493; draft-parecki-oauth-global-token-revocation section 3.

use std::sync::Arc;

use crate::directory::User;
use crate::ending::Tombstone;
use crate::ending_id::EndingPlace;
use crate::ending_record::{EndScope, EndingRecord, MassEnding};
use crate::ids::{ClientId, UserId};
use crate::notice::{NoticeMessage, OwedNotice};
use crate::receiver::Receiver;
use crate::session::Session;
use crate::session_id::SessionId;
use crate::subscribers::{SubjectForm, Subscriber, SubscriberKind};

/// What a web hook is told of an ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookEvent {
    /// What ended.
    pub reach: HookReach,
    /// How; none if that is not known any more. The address that it was ordered from is not told.
    pub record: Option<EndingRecord>,
}

/// What an ending reached, as a web hook is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookReach {
    /// One session.
    Session {
        /// Which.
        session: SessionId,
        /// Whose.
        user: UserId,
    },
    /// All sessions of a user.
    User {
        /// Whose.
        user: UserId,
        /// The one that lived on.
        spared: Option<SessionId>,
        /// Whether all that clients held in the user's name was revoked with them.
        with_grants: bool,
    },
    /// All sessions of the realm.
    Realm,
    /// What a client held because of sessions.
    Client(ClientId),
}

/// A user as another system knows them: a subject identifier of RFC 9493.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokedSubject {
    /// `iss_sub`.
    IssSub {
        /// The issuer.
        iss: String,
        /// The user's id.
        sub: String,
    },
    /// `email`.
    Email(String),
    /// `opaque`.
    Opaque(String),
}

impl HookEvent {
    fn new(reach: HookReach, record: Option<&EndingRecord>) -> Self {
        let record = record.map(|record| EndingRecord { address: None, ..record.clone() });
        Self { reach, record }
    }

    /// What is told of one session, with the record of the epoch that ended.
    pub fn of_session(session: &Session, record: Option<&EndingRecord>) -> Self {
        Self::new(HookReach::Session { session: session.id, user: session.user }, record)
    }

    /// What is told of an ending of many; `user` is whose sessions those were. None if that user is not known.
    pub fn of_many(mass: &MassEnding, user: Option<UserId>) -> Option<Self> {
        let reach = match &mass.scope {
            EndScope::User(_) => {
                HookReach::User { user: user?, spared: mass.spared, with_grants: mass.with_grants }
            }
            EndScope::Realm(_) => HookReach::Realm,
            EndScope::Client(client) => HookReach::Client(client.clone()),
        };
        Some(Self::new(reach, Some(&mass.record)))
    }
}

impl Session {
    /// How an epoch of this session was reset, as far as that is known: a session knows its last reset.
    pub fn reset_record(&self, epoch: u32) -> Option<&EndingRecord> {
        let last = epoch.checked_add(1) == Some(self.epoch);
        self.reset_by.as_deref().filter(|_| last)
    }
}

impl Tombstone {
    /// How an epoch of the session ended, as far as that is known.
    pub fn epoch_record(&self, epoch: u32) -> Option<&EndingRecord> {
        if self.session.epoch == epoch { Some(&self.ending) } else { self.session.reset_record(epoch) }
    }
}

impl MassEnding {
    /// Whether other systems are told to revoke what a user of it has: all sessions ended, none was spared, and it is no echo. So systems
    /// that tell each other come to an end.
    pub const fn revokes_elsewhere(&self) -> bool {
        !matches!(self.scope, EndScope::Client(_)) && self.spared.is_none() && !self.is_echo
    }
}

/// Decides which web hooks are told of an ending.
pub fn decide_hook_notices(
    subscribers: &[Subscriber],
    place: EndingPlace,
    event: &HookEvent,
) -> Vec<OwedNotice> {
    let cause = event.record.as_ref().map(|record| record.cause);
    let wants = |one: &&Subscriber| match &one.kind {
        SubscriberKind::Webhook { causes } => {
            // Of what ended nobody knows how, everybody is told: none is left out in silence.
            causes.is_empty() || cause.is_none_or(|cause| causes.contains(&cause))
        }
        SubscriberKind::GlobalTokenRevocation { .. } => false,
    };
    let told = subscribers.iter().filter(|one| one.is_told_of(place)).filter(wants);
    told.map(|one| OwedNotice {
        receiver: Receiver::Subscriber(one.id.clone()),
        message: Some(NoticeMessage::Hook(Arc::new(event.clone()))),
    })
    .collect()
}

/// Decides which other systems are told that all sessions of a user are over. One that knows people by what this user has not cannot be told.
pub fn decide_revocation_notices(
    subscribers: &[Subscriber],
    place: EndingPlace,
    user: &User,
) -> Vec<OwedNotice> {
    let subject = |form: &SubjectForm| match form {
        SubjectForm::IssSub { issuer } => {
            Some(RevokedSubject::IssSub { iss: issuer.clone(), sub: user.id.to_string() })
        }
        SubjectForm::Email => user.email.clone().map(RevokedSubject::Email),
        SubjectForm::Opaque => Some(RevokedSubject::Opaque(user.id.to_string())),
    };
    let told = subscribers.iter().filter(|one| one.is_told_of(place));
    told.filter_map(|one| match &one.kind {
        SubscriberKind::GlobalTokenRevocation { subject: form } => Some(OwedNotice {
            receiver: Receiver::Subscriber(one.id.clone()),
            message: subject(form).map(NoticeMessage::Revocation),
        }),
        SubscriberKind::Webhook { .. } => None,
    })
    .collect()
}

/// Whether any of them is told of users one by one: then an ending of a whole realm is walked over.
pub fn are_told_by_user(subscribers: &[Subscriber], place: EndingPlace) -> bool {
    subscribers
        .iter()
        .any(|one| one.is_told_of(place) && matches!(one.kind, SubscriberKind::GlobalTokenRevocation { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;
    use crate::facts::tests::user;
    use crate::origin::{Channel, Origin};
    use crate::session::tests::plain;
    use crate::subscribers::tests::hook;
    use crate::time::Timestamp;

    fn place() -> EndingPlace {
        EndingPlace::of(3, 0).expect("a place")
    }

    fn record(cause: Cause) -> EndingRecord {
        let origin = Origin::of_holder(Channel::named("test"), Some("192.0.2.1".into()));
        EndingRecord::ordered(&origin, cause, None, Timestamp::from_ms(5))
    }

    fn other(id: &str, subject: SubjectForm) -> Subscriber {
        Subscriber { kind: SubscriberKind::GlobalTokenRevocation { subject }, ..hook(id) }
    }

    /// Goal: a web hook hears of what it asks for, from when on it is told; another system hears of no ending by itself.
    #[test]
    fn web_hooks_are_told_of_what_they_ask_for() {
        let all = [
            hook("all"),
            Subscriber {
                kind: SubscriberKind::Webhook { causes: vec![Cause::Idle, Cause::Expired] },
                ..hook("time")
            },
            Subscriber { enabled: false, ..hook("off") },
            Subscriber { told_from: EndingPlace::of(4, 0).expect("a place"), ..hook("late") },
            other("other", SubjectForm::Opaque),
        ];
        let told = |record: Option<&EndingRecord>| -> Vec<String> {
            let event = HookEvent::of_session(&plain(), record);
            let notices = decide_hook_notices(&all, place(), &event);
            notices.into_iter().map(|notice| notice.receiver.to_string()).collect()
        };
        assert_eq!(told(Some(&record(Cause::SignOff))), ["subscriber all"]);
        assert_eq!(told(Some(&record(Cause::Idle))), ["subscriber all", "subscriber time"]);
        assert_eq!(told(None), ["subscriber all", "subscriber time"]);
        let event = HookEvent::of_session(&plain(), Some(&record(Cause::SignOff)));
        assert!(event.record.expect("known").address.is_none());
    }

    /// S-GTR-8: each format; who has no e-mail address cannot be named by one.
    #[test]
    fn other_systems_are_told_of_a_user_by_the_name_they_know() {
        let iss = "https://id.example.test".to_owned();
        let all = [
            hook("hook"),
            other("a", SubjectForm::IssSub { issuer: iss.clone() }),
            other("b", SubjectForm::Email),
            other("c", SubjectForm::Opaque),
        ];
        let sub = user().id.to_string();
        let told = |email: Option<&str>| -> Vec<_> {
            let user = User { email: email.map(str::to_owned), ..user() };
            decide_revocation_notices(&all, place(), &user).into_iter().map(|one| one.message).collect()
        };
        let revocation = |subject| Some(NoticeMessage::Revocation(subject));
        let by_id = revocation(RevokedSubject::IssSub { iss, sub: sub.clone() });
        let (opaque, email) = (revocation(RevokedSubject::Opaque(sub)), "ada@example.test");
        let by_mail = revocation(RevokedSubject::Email(email.into()));
        assert_eq!(told(Some(email)), [by_id.clone(), by_mail, opaque.clone()]);
        assert_eq!(told(None), [by_id, None, opaque]);
        assert!(are_told_by_user(&all, place()) && !are_told_by_user(&all[..1], place()));
    }

    #[test]
    fn what_ends_together_is_one_event() {
        let mass =
            |scope, spared| MassEnding { spared, ..MassEnding::whole(scope, 4, record(Cause::SignOff)) };
        let session = plain();
        let (key, spared) = (session.locator.user_key(), Some(session.id));
        let reach = |mass: &MassEnding| HookEvent::of_many(mass, Some(session.user)).expect("an event").reach;
        let of_user = mass(EndScope::User(key), spared);
        assert_eq!(reach(&of_user), HookReach::User { user: session.user, spared, with_grants: false });
        let total = MassEnding { with_grants: true, ..mass(EndScope::User(key), None) };
        assert_eq!(reach(&total), HookReach::User { user: session.user, spared: None, with_grants: true });
        assert!(HookEvent::of_many(&of_user, None).is_none());
        let client: ClientId = "shop".parse().expect("a client");
        let of_client = mass(EndScope::Client(client.clone()), None);
        assert_eq!(reach(&of_client), HookReach::Client(client));
        let (of_realm, of_all) =
            (mass(EndScope::Realm(session.realm), None), mass(EndScope::User(key), None));
        assert_eq!(reach(&of_realm), HookReach::Realm);
        let echo = MassEnding { is_echo: true, ..of_all.clone() };
        let revokes = [&of_user, &of_client, &of_realm, &of_all, &echo].map(MassEnding::revokes_elsewhere);
        assert_eq!(revokes, [false, false, true, true, false]);
    }
}
