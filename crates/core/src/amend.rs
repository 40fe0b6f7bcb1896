//! Changes to a live session that neither begin nor end it.
//!
//! They are decided inside the transaction like endings, so none of them can bring a session back that was ended a
//! moment before (ENDED-STAYS-ENDED).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::facts::SessionFacts;
use crate::outage::Unwritten;
use crate::session::{Method, Session, Verdict};
use crate::session_id::SessionId;
use crate::time::Timestamp;

/// A change to one live session.
#[derive(Clone, Debug)]
pub struct AmendOrder {
    /// Which session.
    pub session: SessionId,
    /// What changes.
    pub amendment: Amendment,
}

/// What changes.
#[derive(Clone, Debug)]
pub enum Amendment {
    /// These properties get these values.
    Properties(BTreeMap<String, String>),
    /// The session is over only then.
    ExpiresAt(Timestamp),
    /// Its user proved who they are in this way, too.
    Proven(Cow<'static, str>),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AmendError {
    /// The session is not live.
    #[error("no such live session")]
    NotLive,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// The session as amended, if it is live.
pub fn decide_amend(
    facts: Option<&SessionFacts>,
    order: &AmendOrder,
    now: Timestamp,
) -> Result<Session, AmendError> {
    let lives =
        |facts: &&SessionFacts| facts.session.id == order.session && facts.verdict(now) == Verdict::Live;
    let facts = facts.filter(lives).ok_or(AmendError::NotLive)?;
    let mut next = facts.as_seen();
    match &order.amendment {
        Amendment::Properties(values) => next.properties.extend(values.clone()),
        Amendment::ExpiresAt(at) => next.expires_at = *at,
        Amendment::Proven(method) => next.proven_by(Method { name: method.clone(), at: now }),
    }
    Ok(next)
}
