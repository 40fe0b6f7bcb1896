//! Promises about what became of sessions, and about how many a user may have.
//!
//! What was ended is remembered as it was, for as long as tombstones are kept; what was forgotten is shown to nobody.

use adieu_core::{
    Actor, Beyond, Cause, Channel, EndError, EndKind, EndOrder, EndTarget, Ended, NotLive, Quota,
    SignOnError, SignOnOrder,
};

use crate::suite::fixture::{IDLE, at};
use crate::suite::{Engine, Fixture};
use adieu_core::{Fate, SessionRecord};

/// Goal: whoever asks later is told what the session was, when it ended and why; also after a crash.
pub async fn an_ended_session_is_remembered_as_it_was<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let session_record = async |fixture: &Fixture<E>, s| {
        fixture.store.session_record(held.session.id, at(s)).await.expect("an answer").expect("it is kept")
    };
    assert_eq!(session_record(&fixture, 1).await.fate, Fate::Live);
    let idle = session_record(&fixture, IDLE.s() + 1).await.fate;
    assert!(matches!(idle, Fate::Over(NotLive::Idle, _)));
    let ending = idle.ending().expect("time tells");
    assert_eq!((ending.at, ending.cause, &ending.actor), (at(IDLE.s()), Cause::Idle, &Actor::System));
    fixture.end(held.presented(), at(2)).await.expect("an ending");
    let check = |remembered: SessionRecord| {
        let Fate::Ended(ending) = &remembered.fate else { panic!("{:?}", remembered.fate) };
        assert_eq!((ending.at, ending.cause), (at(2), Cause::Administrator));
        assert_eq!((&ending.actor, &ending.channel), (&Actor::Operator, &Channel::named("side")));
        let session = &remembered.session;
        assert_eq!((session.id, session.opened_at), (held.session.id, at(0)));
        assert_eq!(session.methods, held.session.methods);
        assert_eq!(session.device, held.session.device);
        assert_eq!(session.expires_at, held.session.expires_at);
        assert_eq!(remembered.user.id, ada.id);
    };
    check(session_record(&fixture, 3).await);
    let fixture = fixture.after_crash().await;
    check(session_record(&fixture, 4).await);
    let never = adieu_core::SessionId::from_bytes(fixture.chance.bytes());
    assert!(fixture.store.session_record(never, at(4)).await.expect("an answer").is_none());
}

/// Goal: what was forgotten is gone for whoever asks, one session or all of a user's, and stays dead.
pub async fn what_was_forgotten_is_shown_to_nobody<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut held = Vec::new();
    for s in 0..4 {
        held.push(fixture.sign_on(&ada, at(s)).await);
    }
    let forget = |target| EndOrder { kind: EndKind::Forget, ..fixture.ending(target) };
    let shown = async |s| {
        let listed = fixture.sessions(&ada, None, at(s)).await;
        listed.iter().map(|one| one.session.opened_at.since(at(0)).s()).collect::<Vec<_>>()
    };
    fixture.end(held[1].presented(), at(10)).await.expect("an ending");
    assert_eq!(shown(10).await, [3, 2, 1, 0], "an ended one is shown with the others");
    for n in [0, 1] {
        fixture.store.end(forget(EndTarget::One(held[n].session.id)), at(11)).await.expect("an ending");
        assert!(fixture.store.session_record(held[n].session.id, at(11)).await.expect("an answer").is_none());
        let unknown = fixture.end(held[n].presented(), at(11)).await;
        assert!(matches!(unknown, Err(EndError::UnknownSession)), "{unknown:?}");
    }
    assert_eq!(shown(11).await, [3, 2]);
    fixture.store.end(forget(EndTarget::User(ada.id)), at(12)).await.expect("an ending");
    assert_eq!(shown(12).await, [0; 0]);
    let later = fixture.sign_on(&ada, at(13)).await;
    assert_eq!(shown(13).await, [13], "what comes afterwards is shown");
    for old in &held {
        fixture.expect_dead(old, at(14)).await;
        let unknown = fixture.end(old.presented(), at(14)).await;
        assert!(matches!(unknown, Err(EndError::UnknownSession)), "{unknown:?}");
    }
    fixture.expect_live(&later, at(14)).await;
}

/// Goal: HOME-LIMITS: at the quota a sign-on is refused or makes room, and other users' sessions are left alone.
pub async fn a_quota_is_kept_in_the_way_it_asks_for<E: Engine>() {
    let cases = [
        (Beyond::EndOldest, vec![1, 2, 9]),
        (Beyond::EndNextExpiring, vec![0, 2, 9]),
        (Beyond::EndAll, vec![9]),
        (Beyond::Refuse, vec![0, 1, 2]),
    ];
    for (beyond, left) in cases {
        let fixture = Fixture::<E>::new().await;
        let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
        let his = fixture.sign_on(&bob, at(0)).await;
        let mut held = Vec::new();
        for s in 0..3 {
            held.push(fixture.sign_on(&ada, at(s)).await);
        }
        fixture.store.check(&held[0].token, true, at(5)).get().await.expect("an answer");
        let gone = fixture.sign_on(&ada, at(3)).await;
        fixture.end(gone.presented(), at(4)).await.expect("an ending");
        let order = SignOnOrder { quota: Some(Quota { max: 3, beyond }), ..fixture.order(&ada) };
        let refused = fixture.store.open_session(order, at(9)).await;
        assert_eq!(matches!(refused, Err(SignOnError::Quota)), beyond == Beyond::Refuse, "{refused:?}");
        let mut live = fixture.live_sessions(&ada, at(9)).await;
        live.reverse();
        let live: Vec<_> = live.iter().map(|one| one.session.opened_at.since(at(0)).s()).collect();
        assert_eq!(live, left, "{beyond:?}");
        fixture.expect_live(&his, at(9)).await;
        if let Ok(done) = refused {
            assert_eq!(done.ended.len(), 4 - left.len());
            let fallen = done.ended[0].session.expect("one session");
            let fate =
                fixture.store.session_record(fallen, at(9)).await.expect("an answer").expect("kept").fate;
            let ending = fate.ending().expect("it ended");
            assert_eq!((ending.at, ending.cause, &ending.actor), (at(9), Cause::Quota, &Actor::System));
            assert!(matches!(fixture.end(EndTarget::One(fallen), at(9)).await, Ok(Ended::Before)));
        }
    }
}

/// Goal: of many sign-ons at once no more live than the quota allows: each counts those before it.
pub async fn sign_ons_at_once_count_each_other<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let quota = Some(Quota { max: 1, beyond: Beyond::EndAll });
    let orders = (0..20).map(|_| {
        let order = SignOnOrder { quota, ..fixture.order(&ada) };
        fixture.store.open_session(order, at(1))
    });
    for opened in futures_util::future::join_all(orders).await {
        opened.expect("a sign-on");
    }
    assert_eq!(fixture.live_sessions(&ada, at(1)).await.len(), 1);
}
