//! The world around a grant, and when one may be issued.
//!
//! A grant needs its client, and its session or the right to outlive that. What is done with a grant that is there is
//! decided in `grant` and `revoke`.

use std::sync::Arc;

use crate::consent::Consent;
use crate::directory::{Client, User};
use crate::facts::SessionFacts;
use crate::grant::{Grant, GrantAround, GrantError, GrantFault, Offline};
use crate::participant::{IssueOrder, Participant, ParticipantFacts, decide_joining};
use crate::session::{Session, Verdict};
use crate::time::Timestamp;
use crate::version::Version;

/// What is stored of those whom a grant names.
#[derive(Clone, Debug)]
pub struct GrantFacts {
    /// Its session.
    pub session: Option<SessionFacts>,
    /// Its client, unless that was removed.
    pub client: Option<Client>,
    /// Its user.
    pub user: Option<Arc<User>>,
    /// The user's consent to the client; it is asked for where the grant carries the number of one.
    pub consent: Option<Consent>,
}

impl GrantFacts {
    fn live_session(&self, now: Timestamp) -> Option<&SessionFacts> {
        self.session.as_ref().filter(|facts| facts.verdict(now) == Verdict::Live)
    }
}

/// The world around a grant. A disabled client counts as none, and so does a session that is not live; what a client has
/// bought may outlive the session, but no user who is disabled or removed.
pub fn grant_around(facts: &GrantFacts, now: Timestamp) -> GrantAround {
    let live = facts.live_session(now).map(|facts| &*facts.session);
    GrantAround::of(live, facts.client.as_ref(), facts.user.as_deref(), facts.consent.as_ref())
}

impl GrantAround {
    /// The world around a grant, by its session if that is live, its client, its user and the user's consent to the client. The
    /// user makes a difference only where the grant may outlive its session, the consent where it carries the number of one.
    pub fn of(
        live: Option<&Session>,
        client: Option<&Client>,
        user: Option<&User>,
        consent: Option<&Consent>,
    ) -> Self {
        let client = client.filter(|client| client.enabled);
        Self {
            session_epoch: live.map(|session| session.epoch),
            client_generation: client.map(|client| client.generation),
            offline: client.zip(user).and_then(|(client, user)| Offline::of(client, user)),
            consent: consent_of(consent, client),
        }
    }
}

/// The number of a consent, if it stands for the client.
pub fn consent_of(consent: Option<&Consent>, client: Option<&Client>) -> Option<Version> {
    let stands = |consent: &&Consent| client.is_some_and(|client| consent.stands_for(client));
    consent.filter(stands).map(|consent| consent.number)
}

/// A grant that is issued.
#[derive(Clone, Debug)]
pub struct Issue {
    /// The grant, as it is to be stored.
    pub grant: Grant,
    /// The client as a participant of the session.
    pub participant: Participant,
    /// The session with the client as one more participant, if it was none.
    pub session: Option<Session>,
}

/// Decides the issue of a grant, which needs a live session; `taken` says whether a grant has its number already.
pub fn decide_issue(
    order: &IssueOrder,
    facts: &GrantFacts,
    participants: &ParticipantFacts,
    taken: bool,
    now: Timestamp,
) -> Result<Issue, GrantError> {
    let grant = &order.grant;
    let live = facts.live_session(now).filter(|_| grant.is_live(grant_around(facts, now), now));
    match live {
        // 63 random bits met: the caller draws again.
        Some(_) if taken => Err(GrantError::Invalid(GrantFault::Unknown)),
        Some(live) => {
            let (participant, session) = decide_joining(&live.as_seen(), order, participants, now)?;
            let client = facts.client.as_ref().filter(|client| client.outlives_session);
            let grant = Grant {
                user_generation: live.session.born.user,
                offline_generation: client.map(|client| client.offline_generation),
                ..grant.clone()
            };
            Ok(Issue { grant, participant, session })
        }
        None => Err(GrantError::Invalid(GrantFault::Over)),
    }
}
