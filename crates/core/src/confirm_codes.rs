//! New recovery codes, confirmed in the session that has shown them.
//!
//! The user's record and the session change together or not at all: no set counts that nobody has seen. Making a factor proves
//! nothing by itself; where a dialect is told that it does, the session is proven in the same act.

use crate::assurance::RECOVERY_CODE;
use crate::directory::User;
use crate::facts::SessionFacts;
use crate::outage::Unwritten;
use crate::second_factor::{CodeSet, RecoveryCodes};
use crate::session::{Method, NotLive, Session, State, Verdict};
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
    /// Whether the session counts as proven by the codes from then on. Else its user is asked for one of them.
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
    let may = |facts: &&SessionFacts| match facts.verdict(now) {
        Verdict::Live => !facts.user.removed,
        Verdict::Not(NotLive::HalfSignedOn) => !facts.user.removed && facts.user.recovery_codes.is_none(),
        Verdict::Not(_) => false,
    };
    let live = facts.filter(may);
    let facts = live.filter(|facts| facts.session.id == order.session).ok_or(ConfirmError::NotLive)?;
    let mut session = facts.as_seen();
    if order.proves {
        session.proven_by(Method { name: RECOVERY_CODE.into(), at: now });
        session.state = State::SignedOn;
    }
    let user = User {
        recovery_codes: Some(RecoveryCodes::unused(order.set)),
        version: facts.user.version.next(),
        updated_at: now,
        ..User::clone(&facts.user)
    };
    Ok((user, session))
}
