//! One order at a time: what is written, what is answered, what is refused.
//!
//! Histories of many are the model's affair.

use super::*;
use crate::origin::{Actor, Reason};
use crate::rights::Standing;

fn one(change: impl FnOnce(&mut Session)) -> Family {
    let mut session = plain();
    change(&mut session);
    let generations = Generations { user: 4, realm: 5 };
    let around = Around { generations, user_enabled: true, level: Assurance::One, is_subscribed: false };
    let with = Box::default();
    Family::One {
        seen_at: session.seen_at,
        session: Arc::new(session),
        around,
        with,
        forgotten: false,
        population: home(),
    }
}

fn home() -> PopulationId {
    PopulationId::from_uuid(uuid::Uuid::from_u128(70))
}

fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(s * 1000)
}

/// Goal: S-15: whoever is half signed on can always sign off; the session ends like a live one and is not swept before.
#[test]
fn a_half_signed_on_session_ends_like_a_live_one() {
    let session = plain();
    let token = PresentedToken { id: session.id, hash: session.token_hash };
    let half = one(|session| session.state = State::HalfSignedOn);
    for target in [EndTarget::Token(token), EndTarget::One(session.id)] {
        let ending = decide_ending(&half, &order(target, EndKind::End), at(1)).expect("an ending");
        assert!(matches!(ending.outcome, Ended::Now(_)));
        assert!(matches!(&ending.changes[..], [EndingChange::Bury(_)]));
    }
    let mut facts = crate::facts::tests::facts();
    std::sync::Arc::make_mut(&mut facts.session).state = State::HalfSignedOn;
    assert!(spent(&facts, at(1)).is_none());
    assert!(spent(&facts, at(100)).is_some(), "it is idle then like any other");
}

/// Goal: ONE-ROAD, the first ending buries the session with its cause, and the second says "before".
#[test]
fn a_session_ends_once_and_is_remembered() {
    let order = order(EndTarget::One(plain().id), EndKind::End);
    let first = decide_ending(&one(|_| {}), &order, at(1)).expect("an ending");
    let [EndingChange::Bury(tombstone)] = &first.changes[..] else { panic!("one burial: {first:?}") };
    let ending = &tombstone.ending;
    assert_eq!((ending.cause, ending.at), (Cause::SignOff, at(1)));
    assert_eq!(ending.actor, Actor::User(plain().user), "whoever holds its token is its user");
    assert!(matches!(first.outcome, Ended::Now(_)));
    let again = decide_ending(&Family::Past(tombstone.clone(), Some(home())), &order, at(2)).expect("again");
    assert!(again.changes.is_empty() && matches!(again.outcome, Ended::Before));
}

/// Goal: what was forgotten answers neither its token nor its user, and is gone for good like any other.
#[test]
fn a_forgotten_session_answers_to_its_bare_id_only() {
    let id = plain().id;
    let forget = order(EndTarget::One(id), EndKind::Forget);
    let ending = decide_ending(&one(|_| {}), &forget, at(1)).expect("an ending");
    let [EndingChange::Bury(tombstone)] = &ending.changes[..] else { panic!("one burial: {ending:?}") };
    assert!(tombstone.forgotten && matches!(ending.outcome, Ended::Now(_)));
    let past = Family::Past(tombstone.clone(), Some(home()));
    let token = PresentedToken { id, hash: plain().token_hash };
    let user = plain().user;
    for target in [EndTarget::Token(token), EndTarget::OneOf { user, session: id }] {
        let refused = decide_ending(&past, &order(target.clone(), EndKind::End), at(2));
        assert!(matches!(refused, Err(EndError::UnknownSession)), "{target:?}");
    }
    let again = decide_ending(&past, &forget, at(2)).expect("again");
    assert!(again.changes.is_empty() && matches!(again.outcome, Ended::Before));
    // One that was only ended is forgotten later.
    let Family::Past(mut ended, _) = past else { unreachable!("it is one") };
    ended.forgotten = false;
    let later = decide_ending(&Family::Past(ended, Some(home())), &forget, at(3)).expect("later");
    assert!(matches!(&later.changes[..], [EndingChange::Bury(t)] if t.forgotten), "{later:?}");
}

#[test]
fn a_session_that_ran_out_is_buried_with_its_own_cause() {
    let order = order(EndTarget::One(plain().id), EndKind::End);
    for (seen, now, cause) in [(0, 100, Cause::Idle), (0, 1000, Cause::Idle), (950, 1000, Cause::Expired)] {
        let ending = decide_ending(&one(|s| s.seen_at = at(seen)), &order, at(now)).expect("an ending");
        assert!(matches!(ending.outcome, Ended::Before));
        assert!(
            matches!(&ending.changes[..], [EndingChange::Bury(t)] if t.ending.cause == cause),
            "{ending:?}"
        );
    }
}

#[test]
fn what_the_order_does_not_mean_is_unknown() {
    let stranger = UserId::from_uuid(Uuid::from_u128(99));
    let other_realm = Some(RealmId::from_uuid(Uuid::from_u128(77)));
    let id = plain().id;
    let wrong = PresentedToken { id, hash: TokenHash::from_bytes([9; 32]) };
    let orders = [
        order(EndTarget::One(SessionId::from_bytes([2; 16])), EndKind::End),
        order(EndTarget::OneOf { user: stranger, session: id }, EndKind::End),
        order(EndTarget::Token(wrong), EndKind::End),
        EndOrder { realm: other_realm, ..order(EndTarget::One(id), EndKind::End) },
    ];
    for order in orders {
        let refused = decide_ending(&one(|_| {}), &order, at(1));
        assert!(matches!(refused, Err(EndError::UnknownSession)), "{order:?}");
    }
}

#[test]
fn the_callers_own_session_can_be_spared() {
    let order = EndOrder { spare: Some(plain().id), ..order(EndTarget::One(plain().id), EndKind::End) };
    assert!(matches!(decide_ending(&one(|_| {}), &order, at(1)), Err(EndError::CallersOwn)));
}

#[test]
fn a_reset_keeps_the_id_raises_the_epoch_and_forgets_the_sign_on() {
    let order = order(EndTarget::One(plain().id), EndKind::Reset);
    let family = one(|s| {
        s.participants = 1;
        s.properties.insert("colour".into(), "red".into());
    });
    let ending = decide_ending(&family, &order, at(1)).expect("a reset");
    let [EndingChange::Write(next)] = &ending.changes[..] else { panic!("one write: {ending:?}") };
    assert_eq!((next.id, next.epoch, next.state), (plain().id, 1, State::Reset));
    assert!(next.participants == 0 && next.properties.is_empty());
    let Ended::Now(closed) = ending.outcome else { panic!("now") };
    assert_eq!(closed.participants, 1, "whoever took part is told");
    let again = decide_ending(&one(|s| s.state = State::Reset), &order, at(2)).expect("again");
    assert!(again.changes.is_empty() && matches!(again.outcome, Ended::Before));
}

/// Goal: each kind of ending of many leaves one record of who, why and from where, under the generation that it begins.
#[test]
fn an_ending_of_many_has_one_record() {
    let (key, id) = (UserKey::from_random(9), plain().user);
    let client: ClientId = "shop".parse().expect("a client");
    let families = [
        (
            Family::User {
                key,
                id,
                realm: realm(),
                population: home(),
                generation: 4,
                keep: None,
                live: 3,
                signed_on_since: true,
            },
            EndScope::User(key),
        ),
        (Family::Realm { id: realm(), generation: 4 }, EndScope::Realm(realm())),
        (
            Family::Client { id: client.clone(), realm: realm(), generation: 4 },
            EndScope::Client(client.clone()),
        ),
    ];
    let reason: Option<Reason> = Some("a laptop was lost".parse().expect("a reason"));
    let origin = Origin::of(Actor::Operator, Channel::named("test"), Some("192.0.2.7".into()));
    let origin = origin.because(reason.clone());
    for (family, scope) in families {
        let counted = matches!(family, Family::User { .. }).then_some(3);
        let order = EndOrder {
            cause: Cause::Administrator,
            origin: origin.clone(),
            ..order(EndTarget::User(id), EndKind::End)
        };
        let ending = decide_ending(&family, &order, at(7)).expect("an ending");
        let [_, EndingChange::Record(mass)] = &ending.changes[..] else { panic!("a record: {ending:?}") };
        assert_eq!((&mass.scope, mass.generation), (&scope, 5));
        let record = &mass.record;
        assert_eq!((record.at, record.cause, &record.actor), (at(7), Cause::Administrator, &Actor::Operator));
        assert_eq!((&record.reason, record.address.as_deref()), (&reason, Some("192.0.2.7")));
        let Ended::Now(ended) = &ending.outcome else { panic!("now") };
        assert_eq!((&*ended.record, ended.live), (record, counted));
    }
}

/// Goal: whoever ends or sweeps a session that ended with others keeps the record of what ended it.
#[test]
fn a_session_that_ended_with_others_is_buried_with_their_record() {
    let record = EndingRecord {
        at: at(3),
        cause: Cause::UserDisabled,
        actor: Actor::Client("worker".parse().expect("a client")),
        reason: Some("left the company".parse().expect("a reason")),
        channel: Channel::named("another"),
        address: None,
    };
    let moved = |with| {
        let generations = Generations { user: 9, realm: 5 };
        let around = Around { generations, user_enabled: false, level: Assurance::One, is_subscribed: false };
        let session = Arc::new(plain());
        Family::One {
            session,
            seen_at: at(0),
            around,
            with: Box::new(with),
            forgotten: false,
            population: home(),
        }
    };
    let order = order(EndTarget::One(plain().id), EndKind::End);
    let buried = |family: &Family| {
        let ending = decide_ending(family, &order, at(50)).expect("an ending");
        assert!(matches!(ending.outcome, Ended::Before));
        let [EndingChange::Bury(tombstone)] = &ending.changes[..] else { panic!("one burial: {ending:?}") };
        tombstone.ending.clone()
    };
    assert_eq!(buried(&moved(EndedWith { user: Some(record.clone()), realm: None })), Arc::new(record));
    let untold = buried(&moved(EndedWith::default()));
    assert_eq!((untold.cause, untold.actor.clone()), (Cause::EndedWithOthers, Actor::Other));
}

/// Goal: a reset session that goes for good is remembered with its reset, which ended it.
#[test]
fn a_reset_session_is_buried_with_the_record_of_its_reset() {
    let reset = order(EndTarget::One(plain().id), EndKind::Reset);
    let ending = decide_ending(&one(|_| {}), &reset, at(1)).expect("a reset");
    let [EndingChange::Write(next)] = &ending.changes[..] else { panic!("one write: {ending:?}") };
    let swept = one(|session| *session = *next.clone());
    let end = EndOrder { cause: Cause::Expired, ..order(EndTarget::One(plain().id), EndKind::End) };
    let ending = decide_ending(&swept, &end, at(5000)).expect("an ending");
    let [EndingChange::Bury(tombstone)] = &ending.changes[..] else { panic!("one burial: {ending:?}") };
    assert_eq!((tombstone.ending.at, tombstone.ending.cause), (at(1), Cause::SignOff));
}

/// Goal: a role over a population ends sessions of the users in it when the order is carried out, and of no others; users
/// end their own.
#[test]
fn a_right_reaches_whoever_is_in_its_population_by_then() {
    let away = PopulationId::from_uuid(uuid::Uuid::from_u128(71));
    let order = |standing, own| EndOrder {
        within: Some(UserReach { standing, own }),
        ..order(EndTarget::One(plain().id), EndKind::End)
    };
    let over = |population| Standing::OfPopulations(vec![population]);
    let user = Family::User {
        key: UserKey::from_random(1),
        id: plain().user,
        realm: realm(),
        population: home(),
        generation: 4,
        keep: None,
        live: 0,
        signed_on_since: false,
    };
    let buried = decide_ending(&one(|_| {}), &order(Standing::OfRealm, None), at(1)).expect("an ending");
    let [EndingChange::Bury(tombstone)] = &buried.changes[..] else { panic!("one burial: {buried:?}") };
    let past = Family::Past(tombstone.clone(), Some(home()));
    for family in [one(|_| {}), user, past] {
        for (order, reached) in [
            (order(over(home()), None), true),
            (order(over(away), None), false),
            (order(Standing::Nobody, None), false),
            (order(Standing::OfRealm, None), true),
            (order(over(away), Some(plain().user)), true),
        ] {
            let decided = decide_ending(&family, &order, at(2));
            let refused = matches!(decided, Err(EndError::OutOfReach));
            assert_eq!(refused, !reached, "{:?} {decided:?}", order.within);
        }
    }
    let whole =
        decide_ending(&Family::Realm { id: realm(), generation: 4 }, &order(over(home()), None), at(1));
    assert!(matches!(whole, Err(EndError::OutOfReach)), "{whole:?}");
}
