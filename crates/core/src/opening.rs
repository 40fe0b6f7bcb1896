//! Openings: all that one sign-on decides, in the order in which an engine learns the facts.
//!
//! An engine gathers [`OpeningFacts`] and calls [`decide_opening`]; tells [`Room`] of the user's other sessions if it wants
//! to know of them; carries out the endings that make room; finds a place for a new session; and writes what
//! [`Opening::finish`] gives. Nothing is refused once something was written.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::cause::Cause;
use crate::directory::{Beyond, Realm, User};
use crate::ending::{EndKind, EndOrder, EndTarget};
use crate::facts::SessionFacts;
use crate::ids::Locator;
use crate::origin::{Actor, Origin};
use crate::outline::SessionOutline;
use crate::session::{Around, Session, Verdict};
use crate::session_id::SessionId;
use crate::sign_on::{How, SignOnDecision, SignOnError, SignOnOrder, decide_sign_on, decide_spending};
use crate::time::Timestamp;

/// What is stored of those whom a sign-on names.
#[derive(Clone, Debug)]
pub struct OpeningFacts {
    /// The user of the proof.
    pub user: Option<Arc<User>>,
    /// The realm of the order.
    pub realm: Option<Arc<Realm>>,
    /// The session of the token that the order carries, whatever its secret.
    pub previous: Option<SessionFacts>,
}

/// A sign-on that is not refused for what it is. It may still be refused for want of room.
#[derive(Debug)]
pub struct Opening<'o> {
    order: &'o SignOnOrder,
    decision: SignOnDecision,
    user: Arc<User>,
    /// The user's record with the code of the order used up.
    spent: Option<User>,
    around: Around,
    now: Timestamp,
}

/// What a sign-on writes.
#[derive(Clone, Debug)]
pub struct OpeningOutcome {
    /// The session.
    pub session: Session,
    /// How it came about.
    pub how: How,
    /// The user's record as it is with that.
    pub user: User,
    /// Whether that record changed.
    pub user_changed: bool,
}

/// Decides a sign-on from the facts inside the transaction.
pub fn decide_opening<'o>(
    order: &'o SignOnOrder,
    facts: OpeningFacts,
    now: Timestamp,
) -> Result<Opening<'o>, SignOnError> {
    let (Some(user), Some(realm)) = (facts.user.filter(|user| !user.removed), facts.realm) else {
        return Err(SignOnError::UnknownUser);
    };
    let carried = |facts: &SessionFacts| {
        let token = order.previous.as_ref();
        token.is_some_and(|token| {
            token.id == facts.session.id && facts.session.token_hash.matches(&token.secret)
        })
    };
    let previous = facts.previous.filter(carried);
    let known = previous.as_ref().map(|facts| (&*facts.session, facts.seen_at));
    let decision = decide_sign_on(order, &user, realm.generation, known, now)?;
    let spent = decide_spending(order, &user, now)?;
    let around = Around::of_sessions(&user, realm.generation);
    Ok(Opening { order, decision, user, spent, around, now })
}

impl<'o> Opening<'o> {
    /// What has to be known of the user's other sessions.
    pub fn room(&self) -> Room<'o> {
        let going_on = match &self.decision {
            SignOnDecision::GoOn(session, _) => Some(session.id),
            SignOnDecision::Open(_) => None,
        };
        let Self { order, around, now, .. } = *self;
        Room { order, around, now, going_on, others: Vec::new(), needs_place: self.needs_place() }
    }

    /// Who signs on.
    pub const fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Whether a free place is needed: [`Opening::finish`] is told of one.
    pub const fn needs_place(&self) -> bool {
        matches!(self.decision, SignOnDecision::Open(_))
    }

    /// What is to be written, with the new session's id and place if it needs one.
    pub fn finish(self, place: Option<(SessionId, Locator)>) -> Result<OpeningOutcome, SignOnError> {
        let (session, how) = match self.decision {
            SignOnDecision::GoOn(session, how) => (*session, how),
            SignOnDecision::Open(born) => {
                let (id, place) = place.ok_or(SignOnError::TooMany)?;
                (self.order.born(id, place, born, self.now), How::Opened)
            }
        };
        let user_changed = self.spent.is_some();
        let user = self.spent.unwrap_or_else(|| User::clone(&self.user));
        Ok(OpeningOutcome { session, how, user, user_changed })
    }
}

/// Whether there is room for one more session of a user, and what has to end to make it.
///
/// The endings are part of the sign-on and carried out in its transaction, on the one road (ONE-ROAD): of two sign-ons at
/// once the later one counts the earlier.
#[derive(Debug)]
pub struct Room<'o> {
    order: &'o SignOnOrder,
    around: Around,
    now: Timestamp,
    going_on: Option<SessionId>,
    /// The others that are live.
    others: Vec<SessionOutline>,
    needs_place: bool,
}

impl Room<'_> {
    /// Whether the user's sessions have to be counted: then [`Room::count`] hears of every one that may be live.
    pub const fn wants_others(&self) -> bool {
        self.order.quota.is_some()
    }

    /// Hears of one of the user's sessions, live or not; breaks off when no other one can make a difference.
    pub fn count(&mut self, session: SessionOutline) -> ControlFlow<()> {
        let Some(quota) = self.order.quota else { return ControlFlow::Break(()) };
        if Some(session.id) != self.going_on && session.verdict(self.around, self.now) == Verdict::Live {
            self.others.push(session);
        }
        let full = self.others.len() >= quota.max.max(1) as usize;
        if full && quota.beyond == Beyond::Refuse {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// The orders that make room; `place_free` says whether the user has a place without a session.
    pub fn decide(mut self, place_free: bool) -> Result<Vec<EndOrder>, SignOnError> {
        let falling = self.falling()?;
        if self.needs_place && !place_free && falling == 0 {
            return Err(SignOnError::TooMany);
        }
        self.others.truncate(falling);
        let (channel, address) = (self.order.channel.clone(), self.order.device.address.clone());
        let origin = Origin::of(Actor::System, channel, address);
        let end = |session: SessionOutline| EndOrder {
            realm: None,
            target: EndTarget::One(session.id),
            kind: EndKind::End,
            cause: Cause::Quota,
            spare: None,
            within: None,
            origin: origin.clone(),
        };
        Ok(self.others.into_iter().map(end).collect())
    }

    /// How many of the others have to end, and puts those first.
    fn falling(&mut self) -> Result<usize, SignOnError> {
        let Some(quota) = self.order.quota else { return Ok(0) };
        let surplus = (self.others.len() + 1).saturating_sub(quota.max.max(1) as usize);
        if surplus == 0 {
            return Ok(0);
        }
        match quota.beyond {
            Beyond::Refuse => Err(SignOnError::Quota),
            Beyond::EndOldest => {
                self.others.sort_by_key(|session| (session.opened_at, session.id));
                Ok(surplus)
            }
            Beyond::EndNextExpiring => {
                self.others.sort_by_key(|session| (session.ends_at(), session.id));
                Ok(surplus)
            }
            Beyond::EndAll => Ok(self.others.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Limits, Proof, Quota};
    use crate::facts::tests::{facts, user};
    use crate::origin::Channel;
    use crate::session::Device;
    use crate::session_id::Incarnation;
    use crate::time::Span;
    use crate::token::SessionSecret;

    fn order(quota: Option<Quota>) -> SignOnOrder {
        let user = user();
        SignOnOrder {
            realm: user.realm,
            proof: Proof { user: user.id, generation: user.generation },
            limits: Limits { idle: None, absolute: Span::from_s(1000) },
            quota,
            channel: Channel::named("test"),
            method: "password".into(),
            spends: None,
            device: Device::default(),
            previous: None,
            keep_token: false,
            secret: SessionSecret::from_bytes([7; SessionSecret::LENGTH]),
            incarnation: Incarnation::from_bits(1),
        }
    }

    fn opening(order: &SignOnOrder) -> Opening<'_> {
        let realm = Realm {
            id: order.realm,
            path: "/".into(),
            generation: facts().realm_generation,
            created_at: Timestamp::from_ms(0),
        };
        let facts =
            OpeningFacts { user: Some(Arc::new(user())), realm: Some(Arc::new(realm)), previous: None };
        decide_opening(order, facts, Timestamp::from_ms(1000)).expect("a sign-on")
    }

    /// Other sessions, opened one after the other; all live.
    fn others(count: u8) -> impl Iterator<Item = SessionOutline> {
        (0..count).map(|n| SessionOutline {
            id: SessionId::from_bytes([n; 16]),
            opened_at: Timestamp::from_ms(n.into()),
            ..SessionOutline::from(&facts())
        })
    }

    /// Goal: HOME-LIMITS, without a refusal that has written something: whether there is a place is decided together
    /// with what ends, and the place of what ends is one.
    #[test]
    fn a_user_without_a_free_place_signs_on_only_if_something_ends() {
        let unlimited = order(None);
        let refused = opening(&unlimited).room().decide(false);
        assert!(matches!(refused, Err(SignOnError::TooMany)), "{refused:?}");
        assert_eq!(opening(&unlimited).room().decide(true).expect("a place").len(), 0);
        let one = order(Some(Quota { max: 1, beyond: Beyond::EndOldest }));
        let mut room = opening(&one).room();
        assert!(others(3).all(|other| room.count(other).is_continue()));
        assert_eq!(room.decide(false).expect("places").len(), 3);
    }

    /// Goal: who refuses at the quota counts no further than to it, however many there are.
    #[test]
    fn a_quota_that_refuses_is_counted_no_further_than_it_goes() {
        let order = order(Some(Quota { max: 2, beyond: Beyond::Refuse }));
        let mut room = opening(&order).room();
        let counted = others(100).take_while(|other| room.count(*other).is_continue()).count();
        assert_eq!(counted, 1, "the second one breaks it off");
        assert!(matches!(room.decide(true), Err(SignOnError::Quota)));
    }
}
