//! Endings as they are found by the entries of their index, and what a question asks for.
//!
//! Nothing here is stored or read: an engine brings what lies where an entry leads.

use std::sync::Arc;

use crate::cause::Cause;
use crate::directory::User;
use crate::ending::Tombstone;
use crate::ending_entry::EndingEntry;
use crate::ending_id::EndingId;
use crate::ending_record::{EndScope, EndingRecord, MassEnding};
use crate::facts::is_shown;
use crate::ids::{ClientId, RealmId, UserId};
use crate::origin::Actor;
use crate::participant::{Participant, participants_of_epoch};
use crate::receipt::ReceiptStates;
use crate::session::Session;
use crate::session_id::SessionId;
use crate::time::Timestamp;

/// What an engine finds where an entry leads.
#[derive(Clone, Debug)]
pub enum EntryFacts {
    /// A session that goes on: its sign-on was reset.
    Stored(Arc<Session>, EntryAround),
    /// What is left of a session.
    Ended(Box<Tombstone>, EntryAround),
    /// The record of an ending of many, if it is there, and whose scope it is.
    Many {
        /// The realm of the scope.
        realm: RealmId,
        /// The user, if it is one's sessions that ended.
        user: Option<UserId>,
        /// The record.
        mass: Option<Box<MassEnding>>,
    },
}

/// What is kept beside a session that an entry names.
#[derive(Clone, Debug)]
pub struct EntryAround {
    /// Its user.
    pub user: Arc<User>,
    /// Who took part, in all epochs.
    pub participants: Vec<Participant>,
}

/// An ending as it is shown.
#[derive(Clone, Debug)]
pub struct FoundEnding {
    /// Its public name.
    pub id: EndingId,
    /// When it was written down. What time ended is written down by the sweep, later than it was over.
    pub written_at: Timestamp,
    /// The realm.
    pub realm: RealmId,
    /// What ended.
    pub reach: EndedReach,
    /// How; none if that is not known any more, because the session was reset again, or the disk was full.
    pub record: Option<Arc<EndingRecord>>,
    /// What became of its notices so far.
    pub told: ToldSoFar,
}

/// How many receipts of an ending there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiptCounts {
    /// By the number of the state. All of them, however many: an engine counts when it writes.
    pub by_state: [u64; 5],
}

/// What became of the notices of an ending so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToldSoFar {
    /// The receipts in each state.
    pub counts: ReceiptCounts,
    /// Whether all who are owed a notice have their receipts; else there will be more.
    pub complete: bool,
}

impl ToldSoFar {
    /// Whether nothing more comes of any of them.
    pub const fn is_settled(&self) -> bool {
        self.complete && self.counts.by_state[0] == 0
    }

    /// Whether a notice is in one of these states. One that is still to be made is pending.
    pub fn is_any(&self, states: ReceiptStates) -> bool {
        let [pending, ..] = ReceiptStates::EACH;
        let will_be = !self.complete && states.contains(pending);
        let counted = ReceiptStates::EACH.iter().zip(self.counts.by_state);
        will_be || counted.into_iter().any(|(state, count)| count > 0 && states.contains(*state))
    }
}

/// What an ending reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndedReach {
    /// One session.
    Session {
        /// Which.
        id: SessionId,
        /// Whose.
        user: UserId,
        /// Who took part in the epoch that ended.
        participants: Vec<Participant>,
    },
    /// One session of which nothing is shown any more: it was to be forgotten, or its user was removed.
    ForgottenSession,
    /// The sessions of a user.
    User {
        /// Whose.
        id: UserId,
        /// The session that lived on.
        spared: Option<SessionId>,
        /// Whether all that clients held in the user's name was revoked with them.
        with_grants: bool,
    },
    /// The sessions of the realm.
    Realm,
    /// What a client held because of sessions.
    Client(ClientId),
}

/// What is shown of an ending, but for its notices; none if nothing is left where its entry leads.
pub fn found_ending(
    id: EndingId,
    written_at: Timestamp,
    entry: &EndingEntry,
    facts: EntryFacts,
) -> Option<FoundEnding> {
    let (realm, reach, record) = match (entry, facts) {
        (EndingEntry::One { epoch, .. }, EntryFacts::Stored(session, around)) => {
            let record = reset_by(&session, *epoch)?;
            (session.realm, session_reach(&session, *epoch, false, around), record)
        }
        (EndingEntry::One { epoch, .. }, EntryFacts::Ended(tombstone, around)) => {
            let Tombstone { session, ending, forgotten } = *tombstone;
            // It was ended in this epoch, or reset in this one and ended in a later one.
            let record = if session.epoch == *epoch { Some(ending) } else { reset_by(&session, *epoch)? };
            (session.realm, session_reach(&session, *epoch, forgotten, around), record)
        }
        (EndingEntry::Many { scope, .. }, EntryFacts::Many { realm, user, mass }) => {
            let spared = mass.as_ref().and_then(|mass| mass.spared);
            let with_grants = mass.as_ref().is_some_and(|mass| mass.with_grants);
            let reach = match (scope, user) {
                (EndScope::User(_), user) => EndedReach::User { id: user?, spared, with_grants },
                (EndScope::Realm(_), _) => EndedReach::Realm,
                (EndScope::Client(client), _) => EndedReach::Client(client.clone()),
            };
            (realm, reach, mass.map(|mass| Arc::new(mass.record)))
        }
        (EndingEntry::One { .. }, EntryFacts::Many { .. })
        | (EndingEntry::Many { .. }, EntryFacts::Stored(..) | EntryFacts::Ended(..)) => return None,
    };
    Some(FoundEnding { id, written_at, realm, reach, record, told: ToldSoFar::default() })
}

/// How an epoch of a session was reset, as far as that is known: the session knows its last reset. None if the epoch did not
/// end.
fn reset_by(session: &Session, epoch: u32) -> Option<Option<Arc<EndingRecord>>> {
    (epoch < session.epoch).then(|| session.reset_record(epoch).cloned().map(Arc::new))
}

fn session_reach(session: &Session, epoch: u32, forgotten: bool, around: EntryAround) -> EndedReach {
    if forgotten || !is_shown(session, &around.user) {
        return EndedReach::ForgottenSession;
    }
    let participants = participants_of_epoch(&around.participants, epoch).cloned().collect();
    EndedReach::Session { id: session.id, user: session.user, participants }
}

/// Which endings a question asks for: all that every named thing holds for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndingFilter {
    /// In this realm.
    pub realm: Option<RealmId>,
    /// Of one session or all sessions of this user. An ending of a whole realm names no user.
    pub user: Option<UserId>,
    /// Of one session in which this client took part, or of all that it held. An ending of many sessions names no client.
    pub client: Option<ClientId>,
    /// For this cause.
    pub cause: Option<Cause>,
    /// By this one.
    pub actor: Option<Actor>,
    /// With a notice in one of these states.
    pub states: Option<ReceiptStates>,
    /// Written down then or later: a list ends at the first one that was written down earlier.
    pub since: Option<Timestamp>,
    /// Written down earlier.
    pub until: Option<Timestamp>,
}

impl EndingFilter {
    /// Whether a list of them is at its end where it comes, backwards, to what was written down at that moment.
    pub fn ends_at(&self, written_at: Timestamp) -> bool {
        self.since.is_some_and(|since| written_at < since)
    }

    /// Whether it asks for endings that were written down at that moment. An engine may ask it before it reads what an entry
    /// leads to.
    pub fn covers(&self, written_at: Timestamp) -> bool {
        !self.ends_at(written_at) && self.until.is_none_or(|until| written_at < until)
    }

    /// Whether it asks for an ending whose notices stand so. An engine asks it last, of what it asks for in any other way.
    pub fn asks_for_told(&self, told: &ToldSoFar) -> bool {
        self.states.is_none_or(|states| told.is_any(states))
    }

    /// Whether it asks for this ending, whatever became of its notices.
    pub fn asks_for(&self, found: &FoundEnding) -> bool {
        let record = found.record.as_deref();
        self.covers(found.written_at)
            && self.realm.is_none_or(|realm| realm == found.realm)
            && self.user.is_none_or(|user| found.reach.user() == Some(user))
            && self.client.as_ref().is_none_or(|client| found.reach.names_client(client))
            && self.cause.is_none_or(|cause| record.is_some_and(|record| record.cause == cause))
            && self.actor.as_ref().is_none_or(|actor| record.is_some_and(|record| record.actor == *actor))
    }
}

impl EndedReach {
    /// Whose session or sessions ended, if it was one user's and may be shown.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Session { user, .. } | Self::User { id: user, .. } => Some(*user),
            Self::ForgottenSession | Self::Realm | Self::Client(_) => None,
        }
    }

    fn names_client(&self, client: &ClientId) -> bool {
        match self {
            Self::Session { participants, .. } => participants.iter().any(|one| one.client == *client),
            Self::Client(id) => id == client,
            Self::ForgottenSession | Self::User { .. } | Self::Realm => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ending::{EndKind, EndOrder, EndTarget, Family, decide_ending};
    use crate::facts::tests::{facts, user};
    use crate::how_ended::EndedWith;
    use crate::origin::{Channel, Origin};
    use crate::participant::KnownAs;
    use crate::session::tests::plain;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn order(kind: EndKind) -> EndOrder {
        EndOrder {
            realm: None,
            target: EndTarget::One(plain().id),
            kind,
            cause: Cause::Administrator,
            spare: None,
            within: None,
            origin: Origin::of(Actor::Operator, Channel::named("test"), None),
        }
    }

    fn participant(client: &str, epoch: u32) -> Participant {
        Participant {
            client: client.parse().expect("a client"),
            client_generation: 0,
            epoch,
            known_as: KnownAs {
                issuer: String::new(),
                sub: String::new(),
                sid: String::new(),
                algorithm: String::new(),
            },
            joined_at: at(0),
            grants: Vec::new(),
        }
    }

    fn around() -> EntryAround {
        EntryAround {
            user: Arc::new(user()),
            participants: vec![participant("shop", 0), participant("wiki", 1)],
        }
    }

    fn found(entry: &EndingEntry, facts: EntryFacts) -> Option<FoundEnding> {
        found_ending(EndingId::from_bytes([9; 16]), at(7), entry, facts)
    }

    /// Goal: every ending has one entry, whoever is late or comes twice; what ended with others has theirs.
    #[test]
    fn the_first_burial_of_what_time_ended_has_an_entry_and_what_ended_with_others_has_none() {
        let decide = |moved: bool, with: EndedWith, now| {
            let mut facts = facts();
            if moved {
                Arc::make_mut(&mut facts.user).generation += 1;
            }
            decide_ending(&Family::of_session(&facts, with), &order(EndKind::End), now).expect("an ending")
        };
        let all = EndingRecord::ordered(&order(EndKind::End).origin, Cause::Administrator, None, at(50));
        let with = || EndedWith { user: Some(all.clone()), realm: None };
        let one = Some(EndingEntry::of_one(&plain(), false));
        for (moved, with, now, entry) in [
            (false, EndedWith::default(), 1, one.clone()),
            (false, EndedWith::default(), 5000, one.clone()), // It is idle at 100 s.
            (true, with(), 60, None),
            (true, with(), 5000, None), // All ended before it was idle.
            (true, EndedWith::default(), 60, None),
        ] {
            let ending = decide(moved, with, at(now));
            assert_eq!(ending.entry, entry, "moved: {moved}, at {now} s");
        }
        let mut late = all.clone();
        late.at = at(200);
        let ending = decide(true, EndedWith { user: Some(late), realm: None }, at(5000));
        assert_eq!(ending.entry, one, "it was idle before all ended");
    }

    /// Goal: a reset is found by its epoch, while the session goes on and when it has ended for good.
    #[test]
    fn an_entry_finds_the_ending_of_its_epoch() {
        let reset =
            decide_ending(&Family::of_session(&facts(), EndedWith::default()), &order(EndKind::Reset), at(1));
        let reset = reset.expect("a reset");
        let [crate::ending::EndingChange::Write(session)] = &reset.changes[..] else { panic!("{reset:?}") };
        let entry = reset.entry.clone().expect("an entry");
        let shown = found(&entry, EntryFacts::Stored(Arc::new(*session.clone()), around())).expect("shown");
        assert_eq!(shown.record.as_ref().expect("known").at, at(1));
        let clients = |found: &FoundEnding| match &found.reach {
            EndedReach::Session { participants, .. } => {
                participants.iter().map(|one| one.client.to_string()).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(clients(&shown), ["shop"]);
        let later = EndingEntry::of_one(session, false);
        assert!(found(&later, EntryFacts::Stored(Arc::new(*session.clone()), around())).is_none());
        let ending = Arc::new(EndingRecord::untold(Cause::Expired, at(9)));
        let tombstone = Tombstone { session: *session.clone(), ending, forgotten: false };
        let ended =
            |forgotten| EntryFacts::Ended(Box::new(Tombstone { forgotten, ..tombstone.clone() }), around());
        assert_eq!(found(&entry, ended(false)).expect("shown").record.expect("known").at, at(1));
        let second = found(&later, ended(false)).expect("shown");
        assert_eq!(
            (second.record.as_ref().expect("known").at, clients(&second)),
            (at(9), vec!["wiki".into()])
        );
        // What was forgotten shows how it ended, and neither which session it was nor whose.
        let forgotten = found(&later, ended(true)).expect("shown");
        assert_eq!((forgotten.reach.user(), forgotten.reach), (None, EndedReach::ForgottenSession));
    }

    /// Goal: a question that names several things asks for what all of them hold for.
    #[test]
    fn a_filter_asks_for_what_it_names() {
        let ending =
            Arc::new(EndingRecord::ordered(&order(EndKind::End).origin, Cause::Administrator, None, at(5)));
        let tombstone = Tombstone { session: plain(), ending, forgotten: false };
        let facts = EntryFacts::Ended(Box::new(tombstone), around());
        let one = found(&EndingEntry::of_one(&plain(), false), facts).expect("shown");
        let nothing = EndingFilter::default();
        let client = |id: &str| Some(id.parse().expect("a client"));
        let strange = RealmId::from_uuid(uuid::Uuid::from_u128(99));
        for (filter, asked) in [
            (nothing.clone(), true),
            (EndingFilter { realm: Some(plain().realm), ..nothing.clone() }, true),
            (EndingFilter { realm: Some(strange), ..nothing.clone() }, false),
            (EndingFilter { user: Some(plain().user), ..nothing.clone() }, true),
            (EndingFilter { client: client("shop"), ..nothing.clone() }, true),
            (EndingFilter { client: client("wiki"), ..nothing.clone() }, false), // It took part in another epoch.
            (EndingFilter { cause: Some(Cause::Administrator), ..nothing.clone() }, true),
            (EndingFilter { cause: Some(Cause::Idle), user: Some(plain().user), ..nothing.clone() }, false),
            (EndingFilter { actor: Some(Actor::Operator), ..nothing.clone() }, true),
            (EndingFilter { actor: Some(Actor::System), ..nothing.clone() }, false),
            (EndingFilter { since: Some(at(7)), until: Some(at(8)), ..nothing.clone() }, true),
            (EndingFilter { since: Some(at(8)), ..nothing.clone() }, false),
            (EndingFilter { until: Some(at(7)), ..nothing.clone() }, false),
        ] {
            assert_eq!(filter.asks_for(&one), asked, "{filter:?}");
        }
    }
}
