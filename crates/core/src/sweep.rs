//! What the sweep may take away.
//!
//! Expiry is decided at check time; the sweep only frees space. It removes nothing that a check would call live,
//! and nothing that a user could still begin anew.

use crate::ending::{EndKind, EndOrder, EndTarget};
use crate::facts::SessionFacts;
use crate::origin::Origin;
use crate::session::{NotLive, Verdict};
use crate::time::{Span, Timestamp};

/// Up to which moments a sweep may take things away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepBounds {
    /// A flow or a grant whose last moment is this one or an earlier one: nothing of it can be live.
    pub expired: Timestamp,
    /// A tombstone whose session ended then or earlier.
    pub tombstones: Timestamp,
}

impl SweepBounds {
    /// The bounds of a sweep at `now` that leaves tombstones for so long.
    pub const fn at(now: Timestamp, tombstones_kept: Span) -> Self {
        let tombstones = Timestamp::from_ms(now.ms().saturating_sub(tombstones_kept.ms()));
        Self { expired: now, tombstones }
    }

    /// These bounds where nothing is to be taken away of which somebody is still to be told, since then.
    #[must_use]
    pub fn before(self, first_untold: Option<Timestamp>) -> Self {
        let bound = first_untold.map(|at| Timestamp::from_ms(at.ms() - 1));
        Self { tombstones: bound.map_or(self.tombstones, |bound| bound.min(self.tombstones)), ..self }
    }
}

/// The order that removes a session which is over, if it is.
pub fn spent(facts: &SessionFacts, now: Timestamp) -> Option<EndOrder> {
    let session = &facts.session;
    let why = match facts.verdict(now) {
        Verdict::Live | Verdict::Not(NotLive::Disabled | NotLive::HalfSignedOn) => return None,
        Verdict::Not(NotLive::Reset) if now < session.expires_at => return None,
        Verdict::Not(why) => why,
    };
    Some(EndOrder {
        realm: None,
        target: EndTarget::One(session.id),
        kind: EndKind::End,
        cause: why.as_cause(),
        spare: None,
        within: None,
        origin: Origin::of_system(),
    })
}
