//! Notices: who is told of an ending, and what each is told.
//!
//! A notice to a client is one fact: all sessions of a user are over there, or one session is; what subscribers are told is in
//! `subscriber_notices`. Nothing here sends anything or knows in which form it is sent. OpenID Connect Back-Channel Logout 1.0 sections 2.2 and
//! 2.4, decision 0027.

use std::collections::HashSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cause::Cause;
use crate::directory::Client;
use crate::ending_record::{EndScope, EndingRecord, MassEnding};
use crate::how_ended::how_ended;
use crate::ids::{ClientId, Locator, RealmId};
use crate::participant::{Participant, participants_of_epoch};
use crate::receiver::Receiver;
use crate::session::Session;
use crate::session_record::KeptSession;
use crate::subscriber_notices::{HookEvent, RevokedSubject};
use crate::time::Timestamp;

/// Of what a client is told, in the words in which it knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NoticeSubject {
    /// The issuer that the client knows.
    pub issuer: String,
    /// The user.
    pub sub: String,
    /// The session; none if all sessions of the user are over.
    pub sid: Option<String>,
    /// The algorithm by which the client's ID tokens are signed, as JOSE names it.
    pub algorithm: String,
}

/// What a receiver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeMessage {
    /// A client, by a logout token.
    Logout(NoticeSubject),
    /// A web hook.
    Hook(Arc<HookEvent>),
    /// Another system that is to revoke what a user has there.
    Revocation(RevokedSubject),
}

impl NoticeMessage {
    /// What a client is told.
    pub const fn logout(&self) -> Option<&NoticeSubject> {
        match self {
            Self::Logout(subject) => Some(subject),
            Self::Hook(_) | Self::Revocation(_) => None,
        }
    }
}

/// What tells the notices of one ending to one receiver apart: of one subject there is one notice, however often an engine
/// comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKey([u8; 16]);

impl SubjectKey {
    /// The key of a receiver that cannot be told, of whatever.
    pub const NOBODY: Self = Self([0; 16]);

    /// A key as stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The key of what a receiver is told. A web hook is told of an ending once.
    pub fn of(message: &NoticeMessage) -> Self {
        match message {
            NoticeMessage::Logout(NoticeSubject { issuer, sub, sid, algorithm: _ }) => {
                Self::digest([issuer, sub, sid.as_deref().unwrap_or_default()])
            }
            NoticeMessage::Hook(_) => Self::digest(["hook", "", ""]),
            NoticeMessage::Revocation(RevokedSubject::IssSub { iss, sub }) => {
                Self::digest(["iss_sub", iss, sub])
            }
            NoticeMessage::Revocation(RevokedSubject::Email(email)) => Self::digest(["email", email, ""]),
            NoticeMessage::Revocation(RevokedSubject::Opaque(id)) => Self::digest(["opaque", id, ""]),
        }
    }

    fn digest(parts: [&str; 3]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest = digest.finalize();
        Self(std::array::from_fn(|n| digest[n]))
    }
}

/// A notice that somebody is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedNotice {
    /// Who is told.
    pub receiver: Receiver,
    /// What; none if they cannot be told: a client without an address or of which nobody knows how it knows the session, a system that
    /// knows people by what this user has not.
    pub message: Option<NoticeMessage>,
}

/// How much of a user's sessions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeReach {
    /// Sessions by their names; others may be live.
    Session,
    /// All sessions of the user, but for one that may have been spared.
    User,
}

/// How a client wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeWish {
    /// It has no address.
    NotAtAll,
    /// Of a user or of a session.
    Either,
    /// Of each session.
    BySession,
}

impl Client {
    /// How it wants to be told that sessions are over.
    pub fn notice_wish(&self) -> NoticeWish {
        match (&self.backchannel_logout_uri, self.backchannel_logout_session_required) {
            (None, _) => NoticeWish::NotAtAll,
            (Some(_), false) => NoticeWish::Either,
            (Some(_), true) => NoticeWish::BySession,
        }
    }
}

/// Decides the notices for those who took part in what ended: one for each client where all sessions of a user end, without a
/// session's name; one for each session where the client registered that it needs the name, where it takes part in the session
/// that was spared, and where a session ended alone. `spared` are those who take part in the session that lives on.
pub fn decide_notices(
    reach: NoticeReach,
    participants: &[Participant],
    spared: &[Participant],
    wish: impl Fn(&ClientId) -> NoticeWish,
) -> Vec<OwedNotice> {
    let mut seen = HashSet::new();
    let mut owed = Vec::new();
    for one in participants {
        let wish = wish(&one.client);
        let known = &one.known_as;
        let lives_on = || spared.iter().any(|spared| spared.client == one.client);
        let by_session = reach == NoticeReach::Session || wish == NoticeWish::BySession || lives_on();
        let message = (wish != NoticeWish::NotAtAll && !known.issuer.is_empty()).then(|| {
            NoticeMessage::Logout(NoticeSubject {
                issuer: known.issuer.clone(),
                sub: known.sub.clone(),
                sid: by_session.then(|| known.sid.clone()),
                algorithm: known.algorithm.clone(),
            })
        });
        let key = message.as_ref().map_or(SubjectKey::NOBODY, SubjectKey::of);
        if seen.insert((one.client.clone(), key)) {
            owed.push(OwedNotice { receiver: Receiver::Client(one.client.clone()), message });
        }
    }
    owed
}

/// Who of those who took part in a session is told because of an ending of many; nobody if the session did not end with it.
///
/// What ended earlier was told then. Of an ending of what a client held, that client alone is told, of each session in which
/// it held something.
pub fn told_with_others(
    kept: &KeptSession,
    participants: Vec<Participant>,
    mass: &MassEnding,
    now: Timestamp,
) -> Vec<Participant> {
    let (session, ending) = kept.with_ending(now);
    let told = |one: &Participant| match &mass.scope {
        EndScope::Client(client) => {
            let over_before = ending.as_ref().is_some_and(|ending| ending.at <= mass.record.at);
            one.client == *client && one.client_generation < mass.generation && !over_before
        }
        EndScope::User(_) | EndScope::Realm(_) => mass.ended(session, ending.as_ref()),
    };
    participants_of_epoch(&participants, session.epoch).filter(|one| told(one)).cloned().collect()
}

impl KeptSession {
    /// The session, and how it ended if it did.
    fn with_ending(&self, now: Timestamp) -> (&Session, Option<EndingRecord>) {
        match self {
            Self::Stored(facts, with) => {
                let ending = how_ended(&facts.session, facts.seen_at, facts.around(), with, now);
                (&facts.session, ending)
            }
            Self::Ended(tombstone, _) => (&tombstone.session, Some((*tombstone.ending).clone())),
        }
    }

    /// Whether the session ended with others by this ending of many.
    pub fn ended_with_others(&self, mass: &MassEnding, now: Timestamp) -> bool {
        let (session, ending) = self.with_ending(now);
        mass.ended(session, ending.as_ref())
    }
}

impl MassEnding {
    /// Whether a session that ended so ended by it.
    fn ended(&self, session: &Session, ending: Option<&EndingRecord>) -> bool {
        // A tombstone of a full disk is without reason and address.
        let of =
            |record: &EndingRecord| (record.at, record.cause, record.actor.clone(), record.channel.clone());
        let same = ending.is_some_and(|ending| of(ending) == of(&self.record));
        same && self.spared != Some(session.id) && self.scope.reaches(session.locator, session.realm)
    }

    /// Whether somebody has to look for those who are told of it. A restore ends what clients held together with all sessions
    /// of their realm, which tells them.
    pub fn is_told(&self) -> bool {
        !matches!(self.scope, EndScope::Client(_)) || self.record.cause != Cause::Restored
    }
}

impl EndScope {
    /// Whether a session that lies there can be in this scope.
    fn reaches(&self, locator: Locator, realm: RealmId) -> bool {
        match self {
            Self::User(key) => locator.user_key() == *key,
            Self::Realm(id) => realm == *id,
            Self::Client(_) => true,
        }
    }

    /// How much of a user's sessions ends with it.
    pub const fn notice_reach(&self) -> NoticeReach {
        match self {
            Self::User(_) | Self::Realm(_) => NoticeReach::User,
            Self::Client(_) => NoticeReach::Session,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::participant::KnownAs;

    fn participant(client: &str, sid: &str, issuer: &str) -> Participant {
        Participant {
            client: client.parse().expect("a client"),
            client_generation: 0,
            epoch: 0,
            known_as: KnownAs {
                issuer: issuer.into(),
                sub: "ada".into(),
                sid: sid.into(),
                algorithm: "RS256".into(),
            },
            joined_at: Timestamp::from_ms(0),
            grants: Vec::new(),
        }
    }

    /// What is owed, as `client sub sid`, with `*` for every session and `-` for who cannot be told.
    fn owed(reach: NoticeReach, ended: &[(&str, &str)], spared: &[&str]) -> Vec<String> {
        let all = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(client, sid)| participant(client, sid, "https://id.test")).collect::<Vec<_>>()
        };
        let spared = all(&spared.iter().map(|client| (*client, "spared")).collect::<Vec<_>>());
        let wish = |client: &ClientId| match client.as_str() {
            "mute" => NoticeWish::NotAtAll,
            "strict" => NoticeWish::BySession,
            _ => NoticeWish::Either,
        };
        let said = |one: OwedNotice| match one.message.as_ref().and_then(NoticeMessage::logout) {
            None => format!("{} -", one.receiver),
            Some(subject) => {
                format!("{} {} {}", one.receiver, subject.sub, subject.sid.as_deref().unwrap_or("*"))
            }
        };
        decide_notices(reach, &all(ended), &spared, wish).into_iter().map(said).collect()
    }

    /// S-BCL-5, S-BCL-11; matrix 2.6.
    #[test]
    fn one_notice_for_one_fact() {
        use NoticeReach::{Session, User};
        let two = [("shop", "s1"), ("shop", "s2")];
        for (reach, ended, spared, expect) in [
            (Session, &[("shop", "s1")][..], &[][..], vec!["shop ada s1"]),
            (Session, &[("shop", "s1"), ("wiki", "s1")], &[], vec!["shop ada s1", "wiki ada s1"]),
            (User, &two, &[], vec!["shop ada *"]),
            (User, &[("strict", "s1"), ("strict", "s2")], &[], vec!["strict ada s1", "strict ada s2"]),
            // The session that lives on is known to the shop: "all of the user's" would end it there.
            (User, &two, &["shop"], vec!["shop ada s1", "shop ada s2"]),
            (User, &two, &["wiki"], vec!["shop ada *"]),
            (User, &[("mute", "s1"), ("mute", "s2"), ("shop", "s1")], &[], vec!["mute -", "shop ada *"]),
            (Session, &[("mute", "s1")], &[], vec!["mute -"]),
            (User, &[], &["shop"], vec![]),
        ] {
            assert_eq!(owed(reach, ended, spared), expect, "{reach:?} {ended:?} but {spared:?}");
        }
    }

    /// Goal: who took part before it was written down how it knows the session is named, and told nothing wrong.
    #[test]
    fn who_is_known_by_no_issuer_cannot_be_told() {
        let old = [participant("shop", "s1", "")];
        let owed = decide_notices(NoticeReach::Session, &old, &[], |_| NoticeWish::Either);
        assert_eq!(owed, [OwedNotice { receiver: Receiver::Client(old[0].client.clone()), message: None }]);
    }

    #[test]
    fn one_client_at_two_issuers_is_told_by_both() {
        let two = [participant("shop", "s1", "https://a.test"), participant("shop", "s1", "https://b.test")];
        let owed = decide_notices(NoticeReach::User, &two, &[], |_| NoticeWish::Either);
        assert_eq!(owed.len(), 2);
        let keys: HashSet<_> =
            owed.iter().filter_map(|one| one.message.as_ref()).map(SubjectKey::of).collect();
        assert_eq!(keys.len(), 2);
        let joined = |sub: &str, sid: &str| {
            NoticeMessage::Logout(NoticeSubject {
                issuer: String::new(),
                sub: sub.into(),
                sid: Some(sid.into()),
                algorithm: String::new(),
            })
        };
        assert_ne!(SubjectKey::of(&joined("ab", "c")), SubjectKey::of(&joined("a", "bc")));
    }
}
