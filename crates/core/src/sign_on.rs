//! What a proven identity leads to: a new session, a renewed one, or the same id begun anew after a reset.
//!
//! `opening` puts these decisions together for an engine. Whether one factor is enough is decided here, for every channel.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::assurance::{Assurance, RECOVERY_CODE, assurance_of_all};
use crate::directory::{Limits, Proof, Quota, User};
use crate::ended::EndedSessions;
use crate::ids::{Locator, RealmId};
use crate::origin::Channel;
use crate::outage::Unwritten;
use crate::second_factor::Spending;
use crate::session::{Around, Device, Generations, Method, NotLive, Session, State, Verdict, verdict};
use crate::session_id::{Incarnation, SessionId};
use crate::time::Timestamp;
use crate::token::{SessionSecret, SessionToken};

/// Somebody proved who they are: open, renew or begin anew.
#[derive(Clone, Debug)]
pub struct SignOnOrder {
    /// The realm in which they sign on.
    pub realm: RealmId,
    /// Who it is, and what was known of them when they proved it.
    pub proof: Proof,
    /// The limits of the session.
    pub limits: Limits,
    /// How many live sessions the user may have, if there is a limit.
    pub quota: Option<Quota>,
    /// The channel.
    pub channel: Channel,
    /// How they proved it by a first factor; none where only the second one is given.
    pub method: Option<Cow<'static, str>>,
    /// When they proved the first factor, where somebody else says so; none is now.
    pub authenticated_at: Option<Timestamp>,
    /// The recovery code that is used up by it. Alone it is the second step of a session, and begins none.
    pub spends: Option<Spending>,
    /// The level that is wanted even where the rule asks for less.
    pub level: Assurance,
    /// Whether a session may begin half signed on where the level is not reached; else nothing is opened.
    pub may_be_half: bool,
    /// The user agent.
    pub device: Device,
    /// The token that the user agent carries, if its session is to go on when it is the same user's.
    pub previous: Option<SessionToken>,
    /// Whether a session that goes on keeps its token or gets the new one.
    pub keep_token: bool,
    /// The secret of the new token.
    pub secret: SessionSecret,
    /// The incarnation of a new session.
    pub incarnation: Incarnation,
}

/// The session that a sign-on led to.
#[derive(Clone, Debug)]
pub struct SignedOn {
    /// As it was committed.
    pub session: Session,
    /// The user's record as it is with that.
    pub user: User,
    /// How it came about.
    pub how: How,
    /// What ended to make room for it.
    pub ended: Vec<EndedSessions>,
}

/// How a sign-on got its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A new one was opened.
    Opened,
    /// The live one goes on.
    Renewed,
    /// The reset one begins anew under its old id.
    Revived,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub(crate) enum SignOnDecision {
    /// A new session in a free place, born under these generations in this state: see [`SignOnOrder::born`].
    Open(Generations, State),
    /// This session goes on, as changed.
    GoOn(Box<Session>, How),
}

/// Why nobody was signed on.
#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// The user is gone.
    #[error("no such user in this realm")]
    UnknownUser,
    /// The user may not sign on.
    #[error("the user is disabled or locked")]
    Disabled,
    /// All sessions of the user or the realm were ended after the identity was proven: prove it again.
    #[error("the proof of identity is older than an ending of all sessions of the user or the realm")]
    Superseded,
    /// One factor was given and the user has a second one, which is asked for.
    #[error("a second factor is asked for")]
    SecondFactor,
    /// A second factor is asked for, and the user has none.
    #[error("the user has no second factor, and one is asked for")]
    NotEnrolled,
    /// The code was used before, or there is no session whose second step it could be.
    #[error("the recovery code opens nothing")]
    Code,
    /// The user has as many sessions as one can have (HOME-LIMITS).
    #[error("the user has too many sessions")]
    TooMany,
    /// The user has as many sessions as the quota allows.
    #[error("the user has reached the quota of sessions")]
    Quota,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// Decides a sign-on from the facts inside the transaction.
///
/// `previous` is the session whose token the order carries, with its last activity, if its secret matches.
pub(crate) fn decide_sign_on(
    order: &SignOnOrder,
    user: &User,
    around: Around,
    previous: Option<(&Session, Timestamp)>,
    now: Timestamp,
) -> Result<SignOnDecision, SignOnError> {
    if user.realm != order.realm || user.id != order.proof.user {
        return Err(SignOnError::UnknownUser);
    }
    if !user.may_sign_on(now) {
        return Err(SignOnError::Disabled);
    }
    // ENDED-STAYS-ENDED: a sign-on that races an ending of all sessions is refused, not born live.
    let generations = around.generations;
    if generations != order.proof.generations {
        return Err(SignOnError::Superseded);
    }
    let mine = previous.filter(|(session, _)| session.user == user.id && session.realm == order.realm);
    let decision = match mine {
        Some((session, seen_at)) => match verdict(session, seen_at, around, now) {
            Verdict::Live | Verdict::Not(NotLive::HalfSignedOn) => {
                SignOnDecision::GoOn(Box::new(order.renewed(session, now)), How::Renewed)
            }
            Verdict::Not(NotLive::Reset) if now < session.expires_at && session.born == generations => {
                SignOnDecision::GoOn(Box::new(order.revived(session, generations, now)), How::Revived)
            }
            Verdict::Not(_) => SignOnDecision::Open(generations, State::SignedOn),
        },
        None => SignOnDecision::Open(generations, State::SignedOn),
    };
    let second_step = matches!(decision, SignOnDecision::GoOn(_, How::Renewed));
    if order.method.is_none() && !second_step {
        return Err(SignOnError::Code);
    }
    decision.reaching(order, user, around)
}

impl SignOnDecision {
    /// The same, if the level that is asked for is reached, or the session may begin half signed on.
    fn reaching(self, order: &SignOnOrder, user: &User, around: Around) -> Result<Self, SignOnError> {
        let half = self.assurance(order) < order.level.max(around.level);
        if half && !order.may_be_half {
            let enrolled = user.assurance() == Assurance::Two;
            return Err(if enrolled { SignOnError::SecondFactor } else { SignOnError::NotEnrolled });
        }
        let state = if half { State::HalfSignedOn } else { State::SignedOn };
        Ok(match self {
            Self::Open(generations, _) => Self::Open(generations, state),
            Self::GoOn(session, how) => Self::GoOn(Box::new(Session { state, ..*session }), how),
        })
    }

    fn assurance(&self, order: &SignOnOrder) -> Assurance {
        match self {
            Self::Open(..) => order.assurance(),
            Self::GoOn(session, _) => session.assurance(),
        }
    }

    /// Whether nothing of it is live before the second factor is given.
    pub(crate) fn is_half(&self) -> bool {
        let state = match self {
            Self::Open(_, state) => *state,
            Self::GoOn(session, _) => session.state,
        };
        state == State::HalfSignedOn
    }
}

/// The user's record with the code of the order used up; none where the order uses none.
pub(crate) fn decide_spending(
    order: &SignOnOrder,
    user: &User,
    now: Timestamp,
) -> Result<Option<User>, SignOnError> {
    let Some(code) = order.spends else { return Ok(None) };
    let codes = user.recovery_codes.as_ref().and_then(|codes| codes.spent(code, now));
    let codes = codes.ok_or(SignOnError::Code)?;
    let version = user.version.next();
    Ok(Some(User { recovery_codes: Some(codes), version, updated_at: now, ..user.clone() }))
}

impl SignOnOrder {
    /// How the identity was proven, first factor first.
    fn methods(&self) -> impl Iterator<Item = Cow<'static, str>> {
        let code = self.spends.map(|_| Cow::Borrowed(RECOVERY_CODE));
        self.method.clone().into_iter().chain(code)
    }

    /// When the user authenticated last: a code is given now.
    fn authenticated_at(&self, now: Timestamp) -> Timestamp {
        self.authenticated_at.filter(|_| self.spends.is_none()).map_or(now, |at| at.min(now))
    }

    fn assurance(&self) -> Assurance {
        let methods: Vec<_> = self.methods().collect();
        assurance_of_all(methods.iter().map(AsRef::as_ref))
    }

    /// The new session, in the place that the engine found.
    pub(crate) fn born(&self, id: SessionId, locator: Locator, born: Generations, now: Timestamp) -> Session {
        let methods = self.methods().map(|name| Method { name, at: now }).collect();
        Session {
            id,
            locator,
            incarnation: self.incarnation,
            realm: self.realm,
            user: self.proof.user,
            token_hash: self.secret.hash(),
            epoch: 0,
            state: State::SignedOn,
            reset_by: None,
            born,
            opened_at: now,
            authenticated_at: self.authenticated_at(now),
            seen_at: now,
            idle: self.limits.idle,
            expires_at: now.plus(self.limits.absolute),
            methods,
            channel: self.channel.clone(),
            device: self.device.clone().into(),
            properties: BTreeMap::new(),
            participants: 0,
        }
    }

    /// The live session after the same user proved the identity again: same id, same epoch, limits anew.
    fn renewed(&self, session: &Session, now: Timestamp) -> Session {
        let mut next = session.clone();
        next.authenticated_at = session.authenticated_at.max(self.authenticated_at(now));
        next.seen_at = now;
        next.expires_at = now.plus(self.limits.absolute);
        for name in self.methods() {
            next.proven_by(Method { name, at: now });
        }
        if !self.keep_token {
            next.token_hash = self.secret.hash();
        }
        next
    }

    /// The reset session begun anew: same id, the epoch that the reset raised, always a new token.
    fn revived(&self, session: &Session, born: Generations, now: Timestamp) -> Session {
        Session {
            epoch: session.epoch,
            reset_by: session.reset_by.clone(),
            opened_at: session.opened_at,
            ..self.born(session.id, session.locator, born, now).with_incarnation(session.incarnation)
        }
    }
}

/// How many authentication events a session remembers (HOME-LIMITS).
const METHODS_MAX: usize = 16;

impl Session {
    /// One more proof of who its user is. Of the many that one session may see the newest of each kind stay.
    pub(crate) fn proven_by(&mut self, method: Method) {
        self.methods.push(method);
        while self.methods.len() > METHODS_MAX {
            let repeated =
                |n: &usize| self.methods[n + 1..].iter().any(|later| later.name == self.methods[*n].name);
            let oldest = (0..self.methods.len()).find(repeated).unwrap_or(0);
            self.methods.remove(oldest);
        }
    }

    fn with_incarnation(mut self, incarnation: Incarnation) -> Self {
        self.incarnation = incarnation;
        self
    }
}
