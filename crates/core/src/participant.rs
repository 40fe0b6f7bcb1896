//! Participants: the clients that took part in a session, with what is needed to tell each that the session is over.
//!
//! They are records beside the session, one for each client and epoch, written with the grant that makes the client take
//! part, and kept for as long as anything of the session is. Nothing here tells anybody.

use crate::grant::{Grant, GrantError, GrantId};
use crate::ids::ClientId;
use crate::session::Session;
use crate::time::Timestamp;

/// How many clients may take part in one epoch of a session (HOME-LIMITS): each of them is to be told of its ending.
pub const PARTICIPANTS_MAX: u32 = 256;
/// How many participants a session may have in all its epochs.
pub const PARTICIPANTS_OF_ALL_EPOCHS_MAX: u32 = 1024;
/// How many grants a participant remembers: the newest.
const GRANTS_MAX: usize = 16;

/// A client's part in one epoch of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The client.
    pub client: ClientId,
    /// The client's generation when it was last granted something.
    pub client_generation: u64,
    /// The epoch of the session.
    pub epoch: u32,
    /// How the client knows the session.
    pub known_as: KnownAs,
    /// When it joined.
    pub joined_at: Timestamp,
    /// What it holds because of the session: its grants, the newest last.
    pub grants: Vec<GrantId>,
}

/// How a client knows a session and its user: from the tokens that it was given, and as a notice would have to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAs {
    /// The issuer; empty if the client took part before that was written down.
    pub issuer: String,
    /// The user.
    pub sub: String,
    /// The session.
    pub sid: String,
    /// The algorithm by which its ID tokens are signed, as JOSE names it.
    pub algorithm: String,
}

/// A grant to be issued, and how its client will know the session.
#[derive(Clone, Debug)]
pub struct IssueOrder {
    /// The grant.
    pub grant: Grant,
    /// How the client will know the session.
    pub known_as: KnownAs,
}

/// What is stored of the participants of a session, for one more grant of a client.
#[derive(Clone, Debug, Default)]
pub struct ParticipantFacts {
    /// The client, if it takes part in this epoch already.
    pub own: Option<Participant>,
    /// How many there are in all epochs.
    pub of_all_epochs: u32,
}

impl ParticipantFacts {
    /// The facts about a client, out of all participants of a session.
    pub fn among(all: &[Participant], session: &Session, client: &ClientId) -> Self {
        let own = participants_of_epoch(all, session.epoch).find(|one| one.client == *client);
        Self { own: own.cloned(), of_all_epochs: all.len() as u32 }
    }
}

/// Those of all participants of a session who took part in one epoch.
pub fn participants_of_epoch(
    all: &[Participant],
    epoch: u32,
) -> impl DoubleEndedIterator<Item = &Participant> {
    all.iter().filter(move |one| one.epoch == epoch)
}

/// The client as a participant once it has the grant, and the session if its count of participants changes.
pub(crate) fn decide_joining(
    session: &Session,
    order: &IssueOrder,
    facts: &ParticipantFacts,
    now: Timestamp,
) -> Result<(Participant, Option<Session>), GrantError> {
    let grant = &order.grant;
    let (joined_at, mut grants) = match &facts.own {
        Some(own) if own.client_generation == grant.client_generation => (own.joined_at, own.grants.clone()),
        Some(own) => (own.joined_at, Vec::new()), // What it held has ended.
        None => (now, Vec::new()),
    };
    let joins = facts.own.is_none();
    let full =
        session.participants >= PARTICIPANTS_MAX || facts.of_all_epochs >= PARTICIPANTS_OF_ALL_EPOCHS_MAX;
    if joins && full {
        return Err(GrantError::TooManyParticipants);
    }
    grants.push(grant.id);
    let surplus = grants.len().saturating_sub(GRANTS_MAX);
    grants.drain(..surplus);
    let participant = Participant {
        client: grant.client.clone(),
        client_generation: grant.client_generation,
        epoch: session.epoch,
        known_as: order.known_as.clone(),
        joined_at,
        grants,
    };
    let joined = joins.then(|| Session { participants: session.participants + 1, ..session.clone() });
    Ok((participant, joined))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::tests::code;
    use crate::session::tests::plain;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn order(n: u64) -> IssueOrder {
        let known_as = KnownAs {
            issuer: "https://id.example.test".into(),
            sub: "user".into(),
            sid: "session".into(),
            algorithm: "RS256".into(),
        };
        IssueOrder { grant: Grant { id: GrantId::from_number(n), ..code() }, known_as }
    }

    /// Goal: a client joins once and keeps when it did; of its many grants the newest are remembered, and none of an
    /// earlier generation.
    #[test]
    fn a_client_joins_once_and_holds_its_newest_grants() {
        let none = ParticipantFacts::default();
        let (mut own, joined) = decide_joining(&plain(), &order(0), &none, at(1)).expect("room");
        assert_eq!(joined.expect("it joins").participants, 1);
        for n in 1..40 {
            let facts = ParticipantFacts { own: Some(own), of_all_epochs: 1 };
            let (next, joined) = decide_joining(&plain(), &order(n), &facts, at(2)).expect("room");
            assert!(joined.is_none() && next.joined_at == at(1));
            own = next;
        }
        let numbers: Vec<u64> = own.grants.iter().map(|grant| grant.number()).collect();
        assert_eq!(numbers, (24..40).collect::<Vec<_>>());
        own.client_generation -= 1;
        let facts = ParticipantFacts { own: Some(own), of_all_epochs: 1 };
        let (next, _) = decide_joining(&plain(), &order(99), &facts, at(3)).expect("room");
        assert_eq!((next.grants.len(), next.joined_at), (1, at(1)));
    }

    /// Goal: HOME-LIMITS: one more client than a session has room for is refused, and those who take part go on.
    #[test]
    fn one_client_too_many_is_refused() {
        let full = Session { participants: PARTICIPANTS_MAX, ..plain() };
        let none = ParticipantFacts { own: None, of_all_epochs: PARTICIPANTS_MAX };
        let refused = decide_joining(&full, &order(1), &none, at(1));
        assert!(matches!(refused, Err(GrantError::TooManyParticipants)), "{refused:?}");
        let (own, _) =
            decide_joining(&plain(), &order(0), &ParticipantFacts::default(), at(1)).expect("room");
        let inside = ParticipantFacts { own: Some(own), of_all_epochs: PARTICIPANTS_MAX };
        assert!(decide_joining(&full, &order(1), &inside, at(2)).is_ok());
        let many = ParticipantFacts { own: None, of_all_epochs: PARTICIPANTS_OF_ALL_EPOCHS_MAX };
        let refused = decide_joining(&plain(), &order(1), &many, at(1));
        assert!(matches!(refused, Err(GrantError::TooManyParticipants)), "{refused:?}");
    }
}
