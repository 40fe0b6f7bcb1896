//! New recovery codes, confirmed in the session that has shown them.
//!
//! The user's record and the session change together or not at all: no set counts that nobody has seen. Making a factor proves
//! nothing by itself; where a dialect is told that it does, a session that is live is proven in the same act. One that is half
//! signed on becomes live by a code alone, because that is where its token changes and the quota of sessions is asked for.

use crate::assurance::RECOVERY_CODE;
use crate::directory::User;
use crate::facts::SessionFacts;
use crate::outage::Unwritten;
use crate::second_factor::{CodeSet, RecoveryCodes};
use crate::session::{Method, NotLive, Session, Verdict};
use crate::session_id::SessionId;
use crate::time::Timestamp;

/// The user of a session makes a set of codes the second factor, in place of any other.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmCodesOrder {
    /// The session. Somebody who is half signed on may do so as long as there is no second factor: it is asked for, and this
    /// is how one is made.
    pub session: SessionId,
    /// The set.
    pub set: CodeSet,
    /// Whether the session, if it is live, counts as proven by the codes from then on. Else its user is asked for one of them.
    pub proves: bool,
}

/// Why a set of codes was not confirmed. Nothing of it was written, except where the store is in doubt.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The session is not live.
    #[error("no such live session")]
    NotLive,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// The user with the codes, in the next version, and the session as proven by them.
pub fn decide_confirm_codes(
    facts: Option<&SessionFacts>,
    order: ConfirmCodesOrder,
    now: Timestamp,
) -> Result<(User, Session), ConfirmError> {
    let there = facts.filter(|facts| facts.session.id == order.session && !facts.user.removed);
    let facts = there.ok_or(ConfirmError::NotLive)?;
    let verdict = facts.verdict(now);
    match verdict {
        Verdict::Live => {}
        Verdict::Not(NotLive::HalfSignedOn) if facts.user.recovery_codes.is_none() => {}
        Verdict::Not(_) => return Err(ConfirmError::NotLive),
    }
    let mut session = facts.as_seen();
    if order.proves && verdict == Verdict::Live {
        session.proven_by(Method { name: RECOVERY_CODE.into(), at: now });
    }
    let user = User {
        recovery_codes: Some(RecoveryCodes::unused(order.set)),
        version: facts.user.version.next(),
        updated_at: now,
        ..User::clone(&facts.user)
    };
    Ok((user, session))
}
