//! Openings: all that one sign-on decides, in the order in which an engine learns the facts.
//!
//! An engine gathers [`OpeningFacts`] and calls [`decide_opening`]; tells [`Room`] of the user's other sessions if it wants
//! to know of them; carries out the endings that make room; finds a place for a new session; and writes what
//! [`Opening::finish`] gives. Nothing is refused once something was written.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::cause::Cause;
use crate::directory::{Beyond, Quota, Realm, User};
use crate::ending::{EndKind, EndOrder, EndTarget};
use crate::facts::{RealmAround, SessionFacts};
use crate::free_place::FreePlace;
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
    /// The limit of the user's live sessions; a session that is not live ends no other one for its sake.
    quota: Option<Quota>,
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
    let around = Around::of_sessions(&user, RealmAround::from(realm.as_ref()));
    let decision = decide_sign_on(order, &user, around, known, now)?;
    let spent = decide_spending(order, &user, now)?;
    let quota = order.quota.filter(|_| !decision.is_half());
    Ok(Opening { order, decision, quota, user, spent, around, now })
}

impl<'o> Opening<'o> {
    /// What has to be known of the user's other sessions.
    pub fn room(&self) -> Room<'o> {
        let going_on = match &self.decision {
            SignOnDecision::GoOn(session, _) => Some(session.id),
            SignOnDecision::Open(..) => None,
        };
        let Self { order, quota, around, now, .. } = *self;
        Room { order, quota, around, now, going_on, others: Vec::new() }
    }

    /// Who signs on.
    pub const fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Whether a free place is needed: [`Room::decide`] is told of one.
    pub const fn needs_place(&self) -> bool {
        matches!(self.decision, SignOnDecision::Open(..))
    }

    /// What is to be written, with the new session's id and place if it needs one.
    pub fn finish(self, place: Option<(SessionId, Locator)>) -> Result<OpeningOutcome, SignOnError> {
        let (session, how) = match self.decision {
            SignOnDecision::GoOn(session, how) => (*session, how),
            SignOnDecision::Open(born, state) => {
                let (id, place) = place.ok_or(SignOnError::TooMany)?;
                (Session { state, ..self.order.born(id, place, born, self.now) }, How::Opened)
            }
        };
        let user_changed = self.spent.is_some() || !self.user.signed_on_since;
        let user = self.spent.unwrap_or_else(|| User::clone(&self.user));
        let user = User { signed_on_since: true, ..user };
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
    quota: Option<Quota>,
    around: Around,
    now: Timestamp,
    going_on: Option<SessionId>,
    /// The others that are live.
    others: Vec<SessionOutline>,
}

/// How there is room for one more session.
#[derive(Debug)]
pub struct RoomMade {
    /// What ends first.
    pub endings: Vec<EndOrder>,
    /// Where the new session lies, if it needs a place.
    pub place: Option<Locator>,
}

impl Room<'_> {
    /// Whether the user's sessions have to be counted: then [`Room::count`] hears of every one that may be live.
    pub const fn wants_others(&self) -> bool {
        self.quota.is_some()
    }

    /// Hears of one of the user's sessions, live or not; breaks off when no other one can make a difference.
    pub fn count(&mut self, session: SessionOutline) -> ControlFlow<()> {
        let Some(quota) = self.quota else { return ControlFlow::Break(()) };
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

    /// What has to end, and where the new session lies; `free` is what was found for one that needs a place.
    ///
    /// Where no place is free, it takes one of what ends; not one of which somebody is still to be told: clients took part in it, or the realm has subscribers.
    pub fn decide(mut self, free: Option<FreePlace>) -> Result<RoomMade, SignOnError> {
        let falling = self.falling()?;
        self.others.truncate(falling);
        let place = match free {
            None => None,
            Some(FreePlace::At(place)) => Some(place),
            Some(FreePlace::None { shared }) => {
                let untold = |place: &Locator| self.around.is_subscribed || shared.contains(place);
                let mut places = self.others.iter().map(|session| session.locator);
                Some(places.find(|place| !untold(place)).ok_or(SignOnError::TooMany)?)
            }
        };
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
        Ok(RoomMade { endings: self.others.into_iter().map(end).collect(), place })
    }

    /// How many of the others have to end, and puts those first.
    fn falling(&mut self) -> Result<usize, SignOnError> {
        let Some(quota) = self.quota else { return Ok(0) };
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
    use crate::assurance::{Assurance, SecondFactorRule};
    use crate::directory::{Limits, Proof};
    use crate::facts::tests::{facts, user};
    use crate::origin::Channel;
    use crate::second_factor::{CodeSet, RecoveryCodes, Spending};
    use crate::session::{Device, Method, State};
    use crate::session_id::Incarnation;
    use crate::time::Span;
    use crate::token::{SessionSecret, SessionToken};

    fn order(quota: Option<Quota>) -> SignOnOrder {
        let user = user();
        SignOnOrder {
            realm: user.realm,
            proof: Proof { user: user.id, generations: facts().around().generations },
            limits: Limits { idle: None, absolute: Span::from_s(1000) },
            quota,
            channel: Channel::named("test"),
            method: Some("password".into()),
            authenticated_at: None,
            spends: None,
            level: Assurance::One,
            may_be_half: false,
            device: Device::default(),
            previous: None,
            keep_token: false,
            secret: SessionSecret::from_bytes([7; SessionSecret::LENGTH]),
            incarnation: Incarnation::from_bits(1),
        }
    }

    fn opening(order: &SignOnOrder) -> Opening<'_> {
        opening_of(order, user(), SecondFactorRule::default(), None).expect("a sign-on")
    }

    fn opening_of(
        order: &SignOnOrder,
        user: User,
        second_factor: SecondFactorRule,
        previous: Option<SessionFacts>,
    ) -> Result<Opening<'_>, SignOnError> {
        let realm = Realm {
            id: order.realm,
            path: "/".into(),
            generation: facts().realm.generation,
            second_factor,
            subscribers: 0,
            created_at: Timestamp::from_ms(0),
        };
        let facts = OpeningFacts { user: Some(Arc::new(user)), realm: Some(Arc::new(realm)), previous };
        decide_opening(order, facts, Timestamp::from_ms(1000))
    }

    const SET: CodeSet = CodeSet::from_bytes([7; 16]);

    fn enrolled() -> User {
        User { recovery_codes: Some(RecoveryCodes::unused(SET)), ..user() }
    }

    /// What comes of an order: the state of the session, and how far it is proven.
    fn outcome(
        order: &SignOnOrder,
        user: User,
        rule: SecondFactorRule,
    ) -> Result<(State, Assurance), String> {
        let opening = opening_of(order, user, rule, None).map_err(|error| error.to_string())?;
        let place = facts().session.locator;
        let done = opening.finish(Some((SessionId::from_bytes([1; 16]), place))).expect("a session");
        Ok((done.session.state, done.session.assurance()))
    }

    /// Goal: F-1: one factor opens nothing where two are asked for, whichever channel forgets to ask; both open a live session.
    #[test]
    fn one_factor_is_not_enough_where_two_are_asked_for() {
        use SecondFactorRule::{Never, Required, WhenEnrolled};
        let one = order(None);
        let both = SignOnOrder { spends: Some(Spending { set: SET, place: 0 }), ..one.clone() };
        let wanted = SignOnOrder { level: Assurance::Two, ..one.clone() };
        let whole = |level| Ok((State::SignedOn, level));
        let asked = || Err(SignOnError::SecondFactor.to_string());
        let missing = || Err(SignOnError::NotEnrolled.to_string());
        for (order, user, rule, expect) in [
            (&one, user(), Never, whole(Assurance::One)),
            (&one, user(), WhenEnrolled, whole(Assurance::One)),
            (&one, user(), Required, missing()),
            (&one, enrolled(), Never, whole(Assurance::One)),
            (&one, enrolled(), WhenEnrolled, asked()),
            (&one, enrolled(), Required, asked()),
            (&both, enrolled(), Never, whole(Assurance::Two)),
            (&both, enrolled(), WhenEnrolled, whole(Assurance::Two)),
            (&both, enrolled(), Required, whole(Assurance::Two)),
            (&wanted, enrolled(), Never, asked()),
            (&wanted, user(), WhenEnrolled, missing()),
        ] {
            let codes = user.recovery_codes.is_some();
            assert_eq!(outcome(order, user, rule), expect, "{rule:?}, codes: {codes}");
            let may_be_half = SignOnOrder { may_be_half: true, ..order.clone() };
            let user = if codes { enrolled() } else { super::tests::user() };
            let half = expect.or(Ok((State::HalfSignedOn, Assurance::One)));
            assert_eq!(outcome(&may_be_half, user, rule), half, "{rule:?}, codes: {codes}");
        }
    }

    /// Goal: a code alone is the second step of a session that is there, and makes a half signed on one live.
    #[test]
    fn a_code_alone_is_a_second_step() {
        let token = SessionToken {
            id: facts().session.id,
            secret: SessionSecret::from_bytes([9; SessionSecret::LENGTH]),
        };
        let mut half = facts();
        let session = Arc::make_mut(&mut half.session);
        session.token_hash = token.secret.hash();
        session.state = State::HalfSignedOn;
        session.methods = vec![Method { name: "password".into(), at: Timestamp::from_ms(0) }];
        half.user = Arc::new(enrolled());
        let spends = Some(Spending { set: SET, place: 0 });
        let alone = SignOnOrder { method: None, spends, ..order(None) };
        let refused = opening_of(&alone, enrolled(), SecondFactorRule::default(), Some(half.clone()));
        assert!(matches!(refused, Err(SignOnError::Code)), "it names no session");
        let step = SignOnOrder { previous: Some(token), ..alone };
        let opening = opening_of(&step, enrolled(), SecondFactorRule::default(), Some(half)).expect("a step");
        let done = opening.finish(None).expect("a session");
        assert_eq!((done.session.state, done.session.assurance()), (State::SignedOn, Assurance::Two));
        assert!(done.session.token_hash.matches(&step.secret), "S-10: privilege rose, so the token is new");
    }

    /// Goal: a user who has given no more than a password ends no session by signing on beyond the quota.
    #[test]
    fn a_half_signed_on_session_makes_no_room_for_itself() {
        let one = SignOnOrder { may_be_half: true, ..order(Some(Quota { max: 1, beyond: Beyond::EndAll })) };
        let half = opening_of(&one, enrolled(), SecondFactorRule::default(), None).expect("half signed on");
        assert!(!half.room().wants_others());
        assert_eq!(half.room().decide(free()).expect("room").endings.len(), 0);
    }

    fn free() -> Option<FreePlace> {
        Some(FreePlace::At(facts().session.locator))
    }

    /// Other sessions, opened one after the other; all live.
    fn others(count: u8) -> impl Iterator<Item = SessionOutline> {
        (0..count).map(|n| SessionOutline {
            id: SessionId::from_bytes([n; 16]),
            locator: user().key.slot(n.into()).expect("a slot"),
            opened_at: Timestamp::from_ms(n.into()),
            ..SessionOutline::from(&facts())
        })
    }

    /// Goal: HOME-LIMITS, without a refusal that has written something: whether there is a place is decided together
    /// with what ends, and the place of what ends is one; NOTICE-WITH-ENDING: but not where clients are still to be told.
    #[test]
    fn a_user_without_a_free_place_signs_on_only_if_something_ends() {
        let slot = |n| user().key.slot(n).expect("a slot");
        let none =
            |shared: &[u32]| Some(FreePlace::None { shared: shared.iter().map(|n| slot(*n)).collect() });
        let unlimited = order(None);
        let refused = opening(&unlimited).room().decide(none(&[]));
        assert!(matches!(refused, Err(SignOnError::TooMany)), "{refused:?}");
        let made = opening(&unlimited).room().decide(free()).expect("a place");
        assert_eq!((made.endings.len(), made.place), (0, Some(facts().session.locator)));
        let one = order(Some(Quota { max: 1, beyond: Beyond::EndOldest }));
        for (shared, place) in [(&[][..], Some(0)), (&[0, 1], Some(2)), (&[0, 1, 2], None)] {
            let mut room = opening(&one).room();
            assert!(others(3).all(|other| room.count(other).is_continue()));
            match (room.decide(none(shared)), place) {
                (Ok(made), Some(place)) => {
                    assert_eq!((made.endings.len(), made.place), (3, Some(slot(place))));
                }
                (made, place) => {
                    assert!(matches!(made, Err(SignOnError::TooMany)) && place.is_none(), "{made:?}");
                }
            }
        }
    }

    /// Goal: who refuses at the quota counts no further than to it, however many there are.
    #[test]
    fn a_quota_that_refuses_is_counted_no_further_than_it_goes() {
        let order = order(Some(Quota { max: 2, beyond: Beyond::Refuse }));
        let mut room = opening(&order).room();
        let counted = others(100).take_while(|other| room.count(*other).is_continue()).count();
        assert_eq!(counted, 1, "the second one breaks it off");
        assert!(matches!(room.decide(free()), Err(SignOnError::Quota)));
    }
}
