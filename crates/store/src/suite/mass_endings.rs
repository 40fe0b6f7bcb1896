//! Promises about endings of many sessions at once: one write, whatever the count.
//!
//! Generations carry them, so that no order of arrival and no clock can bring a session back.

use adieu_core::{
    Actor, Cause, Channel, EndOrder, EndTarget, Ended, EndingRecord, NotLive, Origin, PopulationId, RealmId,
    SignOnError, Span,
};

use crate::suite::fixture::{IDLE, at};
use crate::suite::{Engine, Fixture, OpenedSession};

/// Goal: NO-STALE-YES for all sessions of a user, and nobody else's; signing on again works at once.
pub async fn all_sessions_of_a_user_end_together<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let mut hers = Vec::new();
    for _ in 0..5 {
        hers.push(fixture.sign_on(&ada, at(0)).await);
    }
    let his = fixture.sign_on(&bob, at(0)).await;
    let Ok(Ended::Now(closed)) = fixture.end(EndTarget::User(ada.id), at(1)).await else {
        panic!("not ended")
    };
    assert_eq!((closed.realm, closed.user, closed.session), (fixture.realm, Some(ada.id), None));
    for held in &hers {
        assert_eq!(fixture.expect_dead(held, at(1)).await, NotLive::Generation);
        assert!(matches!(fixture.end(held.presented(), at(2)).await, Ok(Ended::Before)));
        fixture.expect_dead(held, at(2)).await;
    }
    fixture.expect_live(&his, at(2)).await;
    let again = fixture.sign_on(&ada, at(3)).await;
    fixture.expect_live(&again, at(3)).await;
    for held in &hers {
        fixture.expect_dead(held, at(3)).await;
    }
}

/// Goal: an ending says how many live sessions it ended, by what is so in its own transaction: none that was over before.
pub async fn an_ending_counts_the_live_sessions_that_it_ends<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let live = async |target: EndTarget, now| match fixture.end(target, now).await {
        Ok(Ended::Now(ended)) => ended.live,
        other => panic!("{other:?}"),
    };
    let mut hers = Vec::new();
    for _ in 0..6 {
        hers.push(fixture.sign_on(&ada, at(0)).await);
    }
    assert_eq!(live(hers[0].presented(), at(1)).await, Some(1));
    fixture.reset(&hers[1], at(1)).await.expect("a reset");
    let but = || EndTarget::UserBut { user: ada.id, keep: hers[2].session.id };
    assert_eq!(live(but(), at(1)).await, Some(3), "one was signed off, one was reset, one is kept");
    assert_eq!(live(but(), at(1)).await, Some(0), "nothing is left to end");
    assert_eq!(live(EndTarget::User(ada.id), at(1)).await, Some(1));
    fixture.sign_on(&ada, at(1)).await;
    let late = at(1).plus(IDLE);
    assert_eq!(live(EndTarget::User(ada.id), late).await, Some(0), "time had ended it");
    fixture.sign_on(&ada, late).await;
    assert_eq!(live(EndTarget::Realm(fixture.realm), late).await, None, "a realm's are not counted");
}

/// Goal: a realm's sessions end together, and no other realm's.
pub async fn all_sessions_of_a_realm_end_together<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (realm, population) =
        (RealmId::from_uuid(fixture.chance.uuid()), PopulationId::from_uuid(fixture.chance.uuid()));
    fixture.found("/village", realm, population).await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let villager = adieu_core::User { realm, population, ..fixture.nobody_yet("carol") };
    let carol = fixture.store.create_user(adieu_core::NewUser { user: villager }).await.expect("a user");
    let (hers, his) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&bob, at(0)).await);
    let apart = fixture.sign_on(&carol, at(0)).await;
    assert!(matches!(fixture.end(EndTarget::Realm(fixture.realm), at(1)).await, Ok(Ended::Now(_))));
    for held in [&hers, &his] {
        assert_eq!(fixture.expect_dead(held, at(1)).await, NotLive::Generation);
    }
    fixture.expect_live(&apart, at(1)).await;
    let again = fixture.sign_on(&bob, at(2)).await;
    fixture.expect_live(&again, at(2)).await;
    assert!(matches!(fixture.end(EndTarget::User(bob.id), at(3)).await, Ok(Ended::Now(_))));
    for held in [&hers, &his, &again] {
        fixture.expect_dead(held, at(4)).await;
    }
}

/// Goal: "all but mine" never makes mine look ended, and ends all the others.
pub async fn all_but_one_spares_that_one<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mine = fixture.sign_on(&ada, at(0)).await;
    let mut others: Vec<OpenedSession> = Vec::new();
    for n in 1..6 {
        others.push(fixture.sign_on(&ada, at(n)).await);
        let order = EndTarget::UserBut { user: ada.id, keep: mine.session.id };
        assert!(matches!(fixture.end(order, at(n)).await, Ok(Ended::Now(_))));
        fixture.expect_live(&mine, at(n)).await;
        for other in &others {
            fixture.expect_dead(other, at(n)).await;
        }
    }
    let fixture = fixture.after_crash().await;
    fixture.expect_live(&mine, at(6)).await;
    for other in &others {
        fixture.expect_dead(other, at(6)).await;
    }
    fixture.end(EndTarget::User(ada.id), at(7)).await.expect("an ending");
    fixture.expect_dead(&mine, at(7)).await;
}

/// Goal: ENDED-STAYS-ENDED, sparing revives nothing: not what is over, and not somebody else's.
pub async fn all_but_one_spares_nothing_that_is_not_live_or_not_theirs<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let his = fixture.sign_on(&bob, at(0)).await;
    let ended = fixture.sign_on(&ada, at(0)).await;
    let reset = fixture.sign_on(&ada, at(0)).await;
    let superseded = fixture.sign_on(&ada, at(0)).await;
    let idle = fixture.sign_on(&ada, at(0)).await;
    fixture.end(ended.presented(), at(1)).await.expect("an ending");
    fixture.reset(&reset, at(1)).await.expect("a reset");
    fixture.end(EndTarget::User(ada.id), at(2)).await.expect("an ending");
    for (keep, now) in [(&his, 3), (&ended, 3), (&reset, 3), (&superseded, 3), (&idle, 1000)] {
        let other = fixture.sign_on(&ada, at(now)).await;
        let order = EndTarget::UserBut { user: ada.id, keep: keep.session.id };
        assert!(matches!(fixture.end(order, at(now)).await, Ok(Ended::Now(_))));
        for held in [&ended, &reset, &superseded, &idle, &other] {
            fixture.expect_dead(held, at(now)).await;
        }
    }
    fixture.expect_live(&his, at(4)).await;
    fixture.end(EndTarget::User(bob.id), at(5)).await.expect("an ending");
    fixture.expect_dead(&his, at(5)).await;
}

/// Goal: ENDED-STAYS-ENDED: a password that was proven before the mass ending opens nothing after it.
pub async fn a_sign_on_that_races_a_mass_ending_is_refused<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let order = |target| (fixture.order(&ada), fixture.order(&ada), target);
    let (proven, renewing, target) = order(EndTarget::User(ada.id));
    let renewing = adieu_core::SignOnOrder { previous: Some(held.token.clone()), ..renewing };
    fixture.end(target, at(1)).await.expect("an ending");
    for late in [proven, renewing] {
        let refused = fixture.store.open_session(late, at(2)).await;
        assert!(matches!(refused, Err(SignOnError::Superseded)), "{refused:?}");
    }
    fixture.expect_dead(&held, at(2)).await;
}

/// Goal: what ended with others is found soon, in bounded steps: long before its own time has passed it is no session any
/// more but what is left of one, and nothing that lives is touched. A crash between any two steps loses none.
pub async fn what_ended_with_others_is_found_soon<E: Engine>() {
    for realm in [false, true] {
        let mut fixture = Fixture::<E>::new().await;
        let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
        let orders = (0..700).map(|_| fixture.store.open_session(fixture.order(&ada), at(0)));
        let mut ended = Vec::new();
        for opened in futures_util::future::join_all(orders).await {
            ended.push(opened.expect("a sign-on").session.id);
        }
        let his = fixture.sign_on(&bob, at(0)).await;
        let target = if realm { EndTarget::Realm(fixture.realm) } else { EndTarget::User(ada.id) };
        fixture.end(target, at(1)).await.expect("an ending");
        let hers = fixture.sign_on(&ada, at(2)).await;
        let (mut steps, mut found) = (0, 0);
        loop {
            // Two at once do no harm.
            let sweep = || fixture.store.sweep(at(3), Span::from_s(1000));
            let (one, two) = futures_util::future::join(sweep(), sweep()).await;
            let (one, two) = (one.expect("a sweep"), two.expect("a sweep"));
            (steps, found) = (steps + 1, found + one.sessions + two.sessions);
            assert!(one.sessions <= 1000 && two.sessions <= 1000);
            if !one.more && !two.more {
                break;
            }
            fixture = fixture.after_crash().await;
        }
        assert!(steps > 1, "it is bounded");
        assert_eq!(found, 700 + u32::from(realm), "each once");
        for id in ended {
            assert!(fixture.session_by_id(id, at(4)).await.is_none(), "no session any more");
            let record = fixture.store.session_record(id, at(4)).await.expect("an answer").expect("kept");
            assert_eq!(record.fate.ending().expect("it is known").at, at(1));
        }
        fixture.expect_live(&hers, at(4)).await;
        if realm {
            fixture.expect_dead(&his, at(4)).await;
        } else {
            fixture.expect_live(&his, at(4)).await;
        }
    }
}

/// What is told of how a session ended.
async fn told<E: Engine>(fixture: &Fixture<E>, held: &OpenedSession, s: i64) -> EndingRecord {
    let record =
        fixture.store.session_record(held.session.id, at(s)).await.expect("an answer").expect("kept");
    record.fate.ending().expect("it ended, and that is known").clone()
}

/// Goal: a session that ended with others tells when, why, by whom, through which channel and from where, and that stays
/// so when others end later, when it is ended by name, over a crash and when the sweep has passed.
pub async fn a_session_that_ended_with_others_tells_how<E: Engine>() {
    for n in 0..4 {
        let fixture = Fixture::<E>::new().await;
        let ada = fixture.user("ada").await;
        let (first, swept) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
        let spared = fixture.sign_on(&ada, at(0)).await;
        let shop: Actor = Actor::Client("shop".parse().expect("a client"));
        let origin = Origin::of(shop.clone(), Channel::named("other"), Some("192.0.2.9:1".into()));
        let origin = origin.because(Some("a laptop was lost".parse().expect("a reason")));
        let target = match n {
            0 => Some(EndTarget::User(ada.id)),
            1 => Some(EndTarget::UserBut { user: ada.id, keep: spared.session.id }),
            2 => Some(EndTarget::Realm(fixture.realm)),
            _ => None,
        };
        let cause = match target {
            Some(target) => {
                let order = EndOrder { origin: origin.clone(), ..fixture.ending(target) };
                let Ok(Ended::Now(ended)) = fixture.store.end(order, at(5)).await else {
                    panic!("not ended")
                };
                assert_eq!(ended.record.reason, origin.reason);
                Cause::Administrator
            }
            None => {
                let edit = adieu_core::UserEdit { enabled: Some(false), ..Default::default() };
                let order = fixture.edit_order(ada.id, edit).await;
                let order = adieu_core::EditUserOrder { origin: origin.clone(), ..order };
                fixture.store.edit_user(order, at(5)).await.expect("disabled");
                Cause::UserDisabled
            }
        };
        let expect = EndingRecord {
            at: at(5),
            cause,
            actor: shop,
            reason: origin.reason.clone(),
            channel: origin.channel.clone(),
            address: origin.address.clone(),
        };
        assert_eq!(told(&fixture, &first, 6).await, expect);
        fixture.end(EndTarget::Realm(fixture.realm), at(7)).await.expect("an ending");
        fixture.end(EndTarget::User(ada.id), at(8)).await.expect("an ending");
        assert!(matches!(fixture.end(first.presented(), at(9)).await, Ok(Ended::Before)));
        let fixture = fixture.after_crash().await;
        while fixture.store.sweep(at(10_000), Span::from_s(1_000_000)).await.expect("a sweep").more {}
        for held in [&first, &swept] {
            assert_eq!(told(&fixture, held, 10_001).await, expect, "{n}");
        }
        if n == 1 {
            assert_eq!(
                told(&fixture, &spared, 10_001).await.at,
                at(7),
                "what was spared ended with the next"
            );
        }
    }
}

/// Goal: time that ran out before others ended is what ended a session, whoever asks late.
pub async fn what_time_has_ended_did_not_end_with_others<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    fixture.end(EndTarget::User(ada.id), at(2000)).await.expect("an ending");
    let ending = told(&fixture, &held, 2001).await;
    assert_eq!((ending.at, ending.cause, ending.actor), (at(1000), Cause::Idle, Actor::System));
}
