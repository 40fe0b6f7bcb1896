//! What of a session says whether it is live and how old it is: enough to count many of them without reading them.
//!
//! The rule is the one of `session::verdict`.

use crate::assurance::Assurance;
use crate::facts::SessionFacts;
use crate::ids::Locator;
use crate::session::{Around, Generations, State, Verdict, nearer_limit, verdict_of};
use crate::session_id::SessionId;
use crate::time::{Span, Timestamp};

/// The outline of a stored session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOutline {
    /// Its public name.
    pub id: SessionId,
    /// Where it lies.
    pub locator: Locator,
    /// Signed on or reset.
    pub state: State,
    /// How far its user has proven who they are.
    pub assurance: Assurance,
    /// The generations it was born under.
    pub born: Generations,
    /// When it began.
    pub opened_at: Timestamp,
    /// Its last activity: what is written down, or a later one that the engine knows of.
    pub seen_at: Timestamp,
    /// Its idle limit.
    pub idle: Option<Span>,
    /// When it is over in any case.
    pub expires_at: Timestamp,
}

impl SessionOutline {
    /// When the session is over if nothing more happens.
    pub fn ends_at(&self) -> Timestamp {
        nearer_limit(self.idle, self.expires_at, self.seen_at)
    }

    /// Whether the session is live.
    pub fn verdict(&self, around: Around, now: Timestamp) -> Verdict {
        verdict_of((self.state, self.assurance), self.born, (self.ends_at(), self.expires_at), around, now)
    }
}

/// Whether a stored session counts among the live ones when all are counted: by what its own row says, which knows nothing of
/// endings of many and of users who are disabled. Those sessions have an end in their rows once they are walked over.
pub fn counts_as_live(
    state: State,
    idle: Option<Span>,
    (seen_at, expires_at): (Timestamp, Timestamp),
    now: Timestamp,
) -> bool {
    state == State::SignedOn && now < nearer_limit(idle, expires_at, seen_at)
}

impl From<&SessionFacts> for SessionOutline {
    fn from(facts: &SessionFacts) -> Self {
        let session = &facts.session;
        Self {
            id: session.id,
            locator: session.locator,
            state: session.state,
            assurance: session.assurance(),
            born: session.born,
            opened_at: session.opened_at,
            seen_at: facts.seen_at,
            idle: session.idle,
            expires_at: session.expires_at,
        }
    }
}
