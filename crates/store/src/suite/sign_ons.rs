//! Promises about signing on: opened, renewed, begun anew, refused.
//!
//! How an identity was proven is not known here; the order says what was known of the user at that time.

use adieu_core::{
    EndTarget, Generations, How, NotLive, Proof, RealmId, SessionToken, SignOnError, State, UserId,
};

use crate::suite::fixture::{ABSOLUTE, at};
use crate::suite::{Engine, Fixture, OpenedSession};
use adieu_core::Check;

/// Goal: what was opened is what every check finds.
pub async fn a_sign_on_opens_a_session_that_every_check_calls_live<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (done, token) = fixture.signed_on(fixture.order(&ada), at(1)).await;
    assert_eq!(done.how, How::Opened);
    assert_eq!(done.user.id, ada.id);
    let Check::Live(live) = fixture.check(&token, at(2)).await else { panic!("not live") };
    let (written, read) = (&done.session, live.session.as_ref());
    assert_eq!(format!("{written:?}"), format!("{read:?}"), "a check finds what was written");
    assert_eq!((read.epoch, read.state, read.opened_at), (0, State::SignedOn, at(1)));
    assert_eq!((read.expires_at, read.born), (at(1).plus(ABSOLUTE), Generations::default()));
    assert_eq!((live.user.id, live.seen_at), (ada.id, at(1)));
    fixture.expect_live(&OpenedSession { session: done.session, token }, at(2)).await;
}

/// Goal: the same user agent, the same session, limits anew; a token that was replaced is dead at once.
pub async fn a_sign_on_with_a_live_session_renews_it<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let first = fixture.sign_on(&ada, at(0)).await;
    let order = adieu_core::SignOnOrder { previous: Some(first.token.clone()), ..fixture.order(&ada) };
    let (done, token) = fixture.signed_on(order, at(100)).await;
    assert_eq!((done.how, done.session.id), (How::Renewed, first.session.id));
    assert_eq!((done.session.epoch, done.session.opened_at), (0, at(0)));
    assert_eq!((done.session.authenticated_at, done.session.methods.len()), (at(100), 2));
    assert_eq!(done.session.expires_at, at(100).plus(ABSOLUTE));
    fixture.expect_live(&OpenedSession { session: done.session, token }, at(101)).await;
    assert_eq!(fixture.expect_dead(&first, at(101)).await, NotLive::Unknown);
}

/// Goal: a user whom somebody else has seen authenticate did so then and not now; a session that goes on keeps the later proof, and
/// limits begin with the sign-on.
pub async fn a_sign_on_by_the_word_of_somebody_else_is_as_old_as_that_says<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let order = |at_s: i64, previous: Option<SessionToken>| adieu_core::SignOnOrder {
        authenticated_at: Some(at(at_s)),
        previous,
        ..fixture.order(&ada)
    };
    let (first, token) = fixture.signed_on(order(-500, None), at(100)).await;
    assert_eq!((first.session.authenticated_at, first.session.signed_on_at()), (at(-500), at(100)));
    assert_eq!((first.session.opened_at, first.session.expires_at), (at(100), at(100).plus(ABSOLUTE)));
    let Check::Live(read) = fixture.check(&token, at(101)).await else { panic!("not live") };
    assert_eq!((read.session.authenticated_at, read.session.signed_on_at()), (at(-500), at(100)));
    let (again, token) = fixture.signed_on(order(50, Some(token)), at(200)).await;
    assert_eq!((again.how, again.session.authenticated_at), (How::Renewed, at(50)));
    let (older, token) = fixture.signed_on(order(-900, Some(token)), at(300)).await;
    assert_eq!((older.session.authenticated_at, older.session.signed_on_at()), (at(50), at(300)));
    let (ahead, _) = fixture.signed_on(order(9_999, Some(token)), at(400)).await;
    assert_eq!(ahead.session.authenticated_at, at(400), "never later than now");
}

/// Goal: where a dialect keeps the token, it stays the session's, and the new secret opens nothing.
pub async fn a_sign_on_may_keep_its_token<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let first = fixture.sign_on(&ada, at(0)).await;
    let order = adieu_core::SignOnOrder {
        previous: Some(first.token.clone()),
        keep_token: true,
        ..fixture.order(&ada)
    };
    let (done, fresh) = fixture.signed_on(order, at(100)).await;
    assert_eq!((done.how, done.session.id), (How::Renewed, first.session.id));
    fixture.expect_live(&OpenedSession { session: done.session, token: first.token }, at(101)).await;
    assert!(matches!(fixture.check(&fresh, at(101)).await, Check::Not(NotLive::Unknown)));
}

/// Goal: ENDED-STAYS-ENDED over a reset: the id comes back in the next epoch with another token, the dead token never.
pub async fn a_reset_session_begins_anew_for_its_own_user_only<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let first = fixture.sign_on(&ada, at(0)).await;
    fixture.reset(&first, at(1)).await.expect("a reset");
    let with = |user| adieu_core::SignOnOrder {
        previous: Some(first.token.clone()),
        keep_token: true, // A revived session never keeps it.
        ..fixture.order(user)
    };
    let (other, _) = fixture.signed_on(with(&bob), at(2)).await;
    assert_eq!(other.how, How::Opened);
    assert_ne!(other.session.id, first.session.id);
    let (again, token) = fixture.signed_on(with(&ada), at(3)).await;
    assert_eq!((again.how, again.session.id, again.session.epoch), (How::Revived, first.session.id, 1));
    assert_eq!((again.session.opened_at, again.session.authenticated_at), (at(0), at(3)));
    fixture.expect_live(&OpenedSession { session: again.session, token }, at(4)).await;
    assert_eq!(fixture.expect_dead(&first, at(4)).await, NotLive::Unknown);
}

/// Goal: ENDED-STAYS-ENDED, no sign-on brings back a session that was ended or has expired.
pub async fn a_sign_on_with_a_session_that_is_over_opens_another<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let ended = fixture.sign_on(&ada, at(0)).await;
    let expired = fixture.sign_on(&ada, at(0)).await;
    fixture.end(ended.presented(), at(1)).await.expect("an ending");
    for (old, now) in [(&ended, at(2)), (&expired, at(2000))] {
        let order = adieu_core::SignOnOrder { previous: Some(old.token.clone()), ..fixture.order(&ada) };
        let (done, token) = fixture.signed_on(order, now).await;
        assert_eq!(done.how, How::Opened);
        assert_ne!(done.session.id, old.session.id);
        fixture.expect_live(&OpenedSession { session: done.session, token }, now).await;
        fixture.expect_dead(old, now).await;
    }
}

/// Goal: a planted token gives no user another user's session, and takes none away.
pub async fn a_sign_on_with_somebody_elses_token_leaves_that_session_alone<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let hers = fixture.sign_on(&ada, at(0)).await;
    let forged = SessionToken { id: hers.session.id, secret: fixture.order(&ada).secret };
    for (who, previous) in [(&bob, hers.token.clone()), (&ada, forged)] {
        let order = adieu_core::SignOnOrder { previous: Some(previous), ..fixture.order(who) };
        let (done, _) = fixture.signed_on(order, at(1)).await;
        assert_eq!(done.how, How::Opened);
        assert_ne!(done.session.id, hers.session.id);
        fixture.expect_live(&hers, at(1)).await;
    }
}

/// Goal: whoever may not sign on gets the reason, and nothing is written.
pub async fn refused_sign_ons_write_nothing<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let stranger = UserId::from_uuid(fixture.chance.uuid());
    let unknown = adieu_core::SignOnOrder {
        proof: Proof { user: stranger, generations: Generations::default() },
        ..fixture.order(&ada)
    };
    let elsewhere =
        adieu_core::SignOnOrder { realm: RealmId::from_uuid(fixture.chance.uuid()), ..fixture.order(&ada) };
    for order in [unknown, elsewhere] {
        let refused = fixture.store.open_session(order, at(1)).await;
        assert!(matches!(refused, Err(SignOnError::UnknownUser)), "{refused:?}");
    }
    for target in [EndTarget::User(ada.id), EndTarget::Realm(fixture.realm)] {
        let proven = fixture.order_now(&ada).await;
        fixture.end(target, at(2)).await.expect("an ending");
        let late = fixture.store.open_session(proven, at(3)).await;
        assert!(matches!(late, Err(SignOnError::Superseded)), "{late:?}");
    }
    fixture.enable(ada.id, false, at(4)).await;
    let disabled = fixture.store.open_session(fixture.order_now(&ada).await, at(5)).await;
    assert!(matches!(disabled, Err(SignOnError::Disabled)), "{disabled:?}");
    assert_eq!(fixture.store.count_sessions(ada.id).await.expect("a count"), 0);
}

/// Goal: ENDED-STAYS-ENDED when places are used again: each use has its own name.
pub async fn a_place_that_is_used_again_never_answers_to_an_old_name<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut past = Vec::new();
    for n in 0..20 {
        let held = fixture.sign_on(&ada, at(n)).await;
        fixture.expect_live(&held, at(n)).await;
        for old in &past {
            assert_eq!(fixture.expect_dead(old, at(n)).await, NotLive::Unknown);
            assert!(fixture.session_by_id(old.session.id, at(n)).await.is_none());
            assert!(matches!(fixture.end(old.presented(), at(n)).await, Ok(adieu_core::Ended::Before)));
        }
        fixture.expect_live(&held, at(n)).await;
        fixture.end(held.presented(), at(n)).await.expect("an ending");
        past.push(held);
    }
}
