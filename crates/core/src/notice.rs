//! Notices: who is told of an ending, and what each is told.
//!
//! A notice is one fact for one client: all sessions of a user are over there, or one session is. Nothing here sends
//! anything or knows in which form it is sent. OpenID Connect Back-Channel Logout 1.0 sections 2.2 and 2.4, decision 0027.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::cause::Cause;
use crate::directory::Client;
use crate::ending_record::{EndScope, EndingRecord, MassEnding};
use crate::how_ended::how_ended;
use crate::ids::{ClientId, Locator, RealmId};
use crate::participant::{Participant, participants_of_epoch};
use crate::session_record::KeptSession;
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

/// What tells the notices of one ending to one client apart: of one subject there is one notice, however often an engine
/// comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKey([u8; 16]);

impl SubjectKey {
    /// The key of a client that cannot be told, of whatever.
    pub const NOBODY: Self = Self([0; 16]);

    /// A key as stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The key of a subject.
    pub fn of(subject: &NoticeSubject) -> Self {
        let mut digest = Sha256::new();
        for part in [&subject.issuer, &subject.sub, subject.sid.as_ref().unwrap_or(&String::new())] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest = digest.finalize();
        Self(std::array::from_fn(|n| digest[n]))
    }
}

/// A notice that a client is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedNotice {
    /// Who is told.
    pub client: ClientId,
    /// Of what; none if the client cannot be told, because it has no address or nobody knows how it knows the session.
    pub subject: Option<NoticeSubject>,
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
        let subject = (wish != NoticeWish::NotAtAll && !known.issuer.is_empty()).then(|| NoticeSubject {
            issuer: known.issuer.clone(),
            sub: known.sub.clone(),
            sid: by_session.then(|| known.sid.clone()),
            algorithm: known.algorithm.clone(),
        });
        let key = subject.as_ref().map_or(SubjectKey::NOBODY, SubjectKey::of);
        if seen.insert((one.client.clone(), key)) {
            owed.push(OwedNotice { client: one.client.clone(), subject });
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
    let (session, ending) = match kept {
        KeptSession::Stored(facts, with) => {
            let ending = how_ended(&facts.session, facts.seen_at, facts.around(), with, now);
            (&*facts.session, ending)
        }
        KeptSession::Ended(tombstone, _) => (&tombstone.session, Some((*tombstone.ending).clone())),
    };
    let told = |one: &Participant| match &mass.scope {
        EndScope::Client(client) => {
            let over_before = ending.as_ref().is_some_and(|ending| ending.at <= mass.record.at);
            one.client == *client && one.client_generation < mass.generation && !over_before
        }
        EndScope::User(_) | EndScope::Realm(_) => {
            // A tombstone of a full disk is without reason and address.
            let same = ending.as_ref().is_some_and(|ending| {
                let of = |record: &EndingRecord| {
                    (record.at, record.cause, record.actor.clone(), record.channel.clone())
                };
                of(ending) == of(&mass.record)
            });
            same && mass.spared != Some(session.id) && mass.scope.reaches(session.locator, session.realm)
        }
    };
    participants_of_epoch(&participants, session.epoch).filter(|one| told(one)).cloned().collect()
}

impl MassEnding {
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
        let said = |one: OwedNotice| match one.subject {
            None => format!("{} -", one.client),
            Some(subject) => {
                format!("{} {} {}", one.client, subject.sub, subject.sid.as_deref().unwrap_or("*"))
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
        assert_eq!(owed, [OwedNotice { client: old[0].client.clone(), subject: None }]);
    }

    #[test]
    fn one_client_at_two_issuers_is_told_by_both() {
        let two = [participant("shop", "s1", "https://a.test"), participant("shop", "s1", "https://b.test")];
        let owed = decide_notices(NoticeReach::User, &two, &[], |_| NoticeWish::Either);
        assert_eq!(owed.len(), 2);
        let keys: HashSet<_> =
            owed.iter().filter_map(|one| one.subject.as_ref()).map(SubjectKey::of).collect();
        assert_eq!(keys.len(), 2);
        let joined = |sub: &str, sid: &str| NoticeSubject {
            issuer: String::new(),
            sub: sub.into(),
            sid: Some(sid.into()),
            algorithm: String::new(),
        };
        assert_ne!(SubjectKey::of(&joined("ab", "c")), SubjectKey::of(&joined("a", "bc")));
    }
}
