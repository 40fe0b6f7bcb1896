//! What the sweep may take away.
//!
//! Expiry is decided at check time; the sweep only frees space. It removes nothing that a check would call live,
//! and nothing that a user could still begin anew.

use crate::ending::{EndKind, EndOrder, EndTarget};
use crate::origin::Origin;
use crate::session::{Around, NotLive, Session, Verdict, verdict};
use crate::time::Timestamp;

/// The order that removes a session which is over, if it is.
pub fn spent(session: &Session, seen_at: Timestamp, around: Around, now: Timestamp) -> Option<EndOrder> {
    let why = match verdict(session, seen_at, around, now) {
        Verdict::Live | Verdict::Not(NotLive::Disabled) => return None,
        Verdict::Not(NotLive::Reset) if now < session.expires_at => return None,
        Verdict::Not(why) => why,
    };
    Some(EndOrder {
        realm: None,
        target: EndTarget::One(session.id),
        kind: EndKind::End,
        cause: why.as_cause(),
        spare: None,
        origin: Origin::of_system(),
    })
}
