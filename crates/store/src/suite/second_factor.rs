//! Recovery codes: spent in the transaction of the sign-on that they are the second step of.
//!
//! What a code looks like is no engine's business: it knows their places in a set.

use adieu_core::{
    Assurance, CodeSet, ConfirmCodesOrder, ConfirmError, DirectoryError, Ended, Fate, How, NotLive, RealmId,
    RecoveryCodes, SecondFactorRule, SignOnError, SignOnOrder, Spending, State, User, UserEdit,
};

use super::{Engine, Fixture, OpenedSession, at};
use crate::SessionQuery;

const SET: CodeSet = CodeSet::from_bytes([7; 16]);

/// Gives a user a set of codes of which nothing is used.
async fn with_codes<E: Engine>(fixture: &Fixture<E>, user: &User) -> User {
    let edit = UserEdit { recovery_codes: Some(Some(RecoveryCodes::unused(SET))), ..UserEdit::default() };
    fixture.edit(user.id, edit, at(0)).await.expect("an edit").user
}

fn second_step<E: Engine>(fixture: &Fixture<E>, user: &User, held: &OpenedSession, place: u8) -> SignOnOrder {
    SignOnOrder {
        method: None,
        spends: Some(Spending { set: SET, place }),
        previous: Some(held.token.clone()),
        keep_token: true,
        ..fixture.order(user)
    }
}

/// Goal: a code proves something once, whatever happens after its answer (ENDED-IS-DURABLE, of a code).
pub async fn a_code_is_spent_once_and_a_crash_does_not_bring_it_back<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let ada = with_codes(&fixture, &ada).await;
    let (one, two) = (fixture.sign_on(&ada, at(1)).await, fixture.sign_on(&ada, at(1)).await);
    assert_eq!((one.session.assurance(), one.session.state), (Assurance::One, State::HalfSignedOn));
    assert_eq!(fixture.expect_dead(&one, at(2)).await, NotLive::HalfSignedOn);
    let done = fixture.store.open_session(second_step(&fixture, &ada, &one, 3), at(2)).await.expect("a step");
    assert_eq!(
        (done.how, done.session.id, done.session.assurance()),
        (How::Renewed, one.session.id, Assurance::Two)
    );
    assert_eq!(done.user.recovery_codes.as_ref().and_then(|codes| codes.used_at(3)), Some(at(2)));
    let again = fixture.store.open_session(second_step(&fixture, &ada, &two, 3), at(3)).await;
    assert!(matches!(again, Err(SignOnError::Code)), "{again:?}");
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.read(&ada).await.recovery_codes.and_then(|codes| codes.used_at(3)), Some(at(2)));
    let late = fixture.store.open_session(second_step(&fixture, &ada, &two, 3), at(4)).await;
    assert!(matches!(late, Err(SignOnError::Code)), "{late:?}");
    let other =
        fixture.store.open_session(second_step(&fixture, &ada, &two, 4), at(5)).await.expect("another code");
    assert_eq!(other.session.assurance(), Assurance::Two);
}

/// Goal: a code is the second step of a live session of its own user, and of nothing else; a refused one is not used up.
pub async fn a_code_begins_no_session_and_revives_none<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let ada = with_codes(&fixture, &ada).await;
    let (over, reset, his) = (
        fixture.sign_on(&ada, at(1)).await,
        fixture.sign_on(&ada, at(1)).await,
        fixture.sign_on(&bob, at(1)).await,
    );
    fixture.end(over.presented(), at(2)).await.expect("an ending");
    fixture.reset(&reset, at(2)).await.expect("a reset");
    let nothing = SignOnOrder { previous: None, ..second_step(&fixture, &ada, &over, 0) };
    for order in [
        nothing,
        second_step(&fixture, &ada, &over, 0),
        second_step(&fixture, &ada, &reset, 0),
        second_step(&fixture, &ada, &his, 0),
        second_step(&fixture, &bob, &his, 0),
    ] {
        let refused = fixture.store.open_session(order, at(3)).await;
        assert!(matches!(refused, Err(SignOnError::Code)), "{refused:?}");
    }
    let codes = fixture.read(&ada).await.recovery_codes.expect("codes");
    assert!(codes.used.is_empty(), "{codes:?}");
    assert_eq!(
        fixture.store.count_sessions(ada.id).await.expect("a count"),
        2,
        "the ended one and the reset one"
    );
}

/// Goal: a sign-on that the quota refuses has written nothing: its code is not spent, and nobody's session has changed.
pub async fn a_code_is_not_spent_by_a_sign_on_that_the_quota_refuses<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = with_codes(&fixture, &fixture.user("ada").await).await;
    let (mine, other) = (fixture.sign_on(&ada, at(1)).await, fixture.sign_on(&ada, at(1)).await);
    fixture.store.open_session(second_step(&fixture, &ada, &other, 1), at(1)).await.expect("a step");
    let quota = Some(adieu_core::Quota { max: 1, beyond: adieu_core::Beyond::Refuse });
    let order = SignOnOrder { quota, ..second_step(&fixture, &ada, &mine, 0) };
    let refused = fixture.store.open_session(order, at(2)).await;
    assert!(matches!(refused, Err(SignOnError::Quota)), "{refused:?}");
    let codes = fixture.read(&ada).await.recovery_codes.expect("codes");
    assert_eq!(codes.used_at(0), None, "{codes:?}");
    let unchanged = fixture.session_by_id(mine.session.id, at(3)).await.expect("there").session;
    assert_eq!(unchanged.methods, mine.session.methods);
    assert_eq!(fixture.expect_dead(&mine, at(3)).await, NotLive::HalfSignedOn);
    fixture.expect_live(&other, at(3)).await;
    let (done, _) = fixture.signed_on(second_step(&fixture, &ada, &mine, 0), at(4)).await;
    assert_eq!(done.session.id, mine.session.id, "the code still counts");
}

/// Goal: F-1: what one factor opened is live nowhere once two are asked for: no list counts it and it gets no grants. It can be
/// ended, and the second step makes it live.
pub async fn a_half_signed_on_session_is_live_nowhere<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = with_codes(&fixture, &fixture.user("ada").await).await;
    let (held, other) = (fixture.sign_on(&ada, at(1)).await, fixture.sign_on(&ada, at(1)).await);
    let live = |now| fixture.store.count_live_sessions(ada.id, now);
    assert_eq!(fixture.expect_dead(&held, at(2)).await, NotLive::HalfSignedOn);
    assert_eq!(live(at(2)).await.expect("a count"), 0);
    let query = SessionQuery { after: None, most: 10, live: Some(true) };
    assert!(fixture.store.user_sessions(ada.id, query, at(2)).await.expect("a list").sessions.is_empty());
    let record = fixture.store.session_record(held.session.id, at(2)).await.expect("read").expect("kept");
    assert_eq!(record.fate, Fate::Over(NotLive::HalfSignedOn, None));
    fixture.store.open_session(second_step(&fixture, &ada, &held, 0), at(3)).await.expect("a step");
    fixture.expect_live(&held, at(3)).await;
    assert_eq!(live(at(3)).await.expect("a count"), 1);
    assert!(
        matches!(fixture.end(other.presented(), at(4)).await, Ok(Ended::Now(_))),
        "S-15: it can sign off"
    );
    // Whatever the rule and the user are by then, only the second factor makes live what began half signed on.
    let third = fixture.sign_on(&ada, at(5)).await;
    let edit = UserEdit { recovery_codes: Some(None), ..UserEdit::default() };
    fixture.edit(ada.id, edit, at(6)).await.expect("an edit");
    let rule =
        fixture.store.set_second_factor_rule(ada.realm, SecondFactorRule::Never).await.expect("a realm");
    assert_eq!(rule.second_factor, SecondFactorRule::Never);
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.expect_dead(&third, at(7)).await, NotLive::HalfSignedOn);
    fixture.expect_live(&held, at(7)).await;
}

/// Goal: the rule of a realm is asked at every check: one that is made stricter or laxer counts for sessions that are there.
pub async fn the_rule_of_a_realm_counts_at_once<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(1)).await;
    let set = |rule| fixture.store.set_second_factor_rule(ada.realm, rule);
    fixture.expect_live(&held, at(2)).await;
    set(SecondFactorRule::Required).await.expect("a realm");
    assert_eq!(fixture.expect_dead(&held, at(3)).await, NotLive::HalfSignedOn);
    let refused = SignOnOrder { may_be_half: false, ..fixture.order(&ada) };
    let refused = fixture.store.open_session(refused, at(3)).await;
    assert!(matches!(refused, Err(SignOnError::NotEnrolled)), "{refused:?}");
    set(SecondFactorRule::Never).await.expect("a realm");
    fixture.expect_live(&held, at(4)).await;
    let nowhere = RealmId::from_uuid(fixture.chance.uuid());
    let unknown = fixture.store.set_second_factor_rule(nowhere, SecondFactorRule::Never).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
}

/// Goal: S-10: making a factor proves nothing by itself; where it is to, that is written with it. No set counts that nobody has
/// seen.
pub async fn codes_are_confirmed_together_with_their_session_or_not_at_all<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (one, two) = (fixture.sign_on(&ada, at(1)).await, fixture.sign_on(&ada, at(1)).await);
    let three = fixture.sign_on(&ada, at(1)).await;
    fixture.end(two.presented(), at(2)).await.expect("an ending");
    fixture.reset(&three, at(2)).await.expect("a reset");
    let four = fixture.sign_on(&ada, at(2)).await;
    let confirm = |session, proves| {
        let order = ConfirmCodesOrder { session, set: SET, proves };
        fixture.store.confirm_recovery_codes(order, at(3))
    };
    for over in [&two, &three] {
        let refused = confirm(over.session.id, true).await;
        assert!(matches!(refused, Err(ConfirmError::NotLive)), "{refused:?}");
        assert!(fixture.read(&ada).await.recovery_codes.is_none(), "a refused act has written nothing");
    }
    let confirmed = confirm(one.session.id, true).await.expect("a live session");
    assert_eq!(
        (confirmed.recovery_codes, confirmed.version),
        (Some(RecoveryCodes::unused(SET)), ada.version.next())
    );
    assert_eq!(fixture.expect_dead(&four, at(3)).await, NotLive::HalfSignedOn);
    let refused = confirm(four.session.id, true).await;
    assert!(
        matches!(refused, Err(ConfirmError::NotLive)),
        "there is a factor, and it was not given: {refused:?}"
    );
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.read(&ada).await.recovery_codes, Some(RecoveryCodes::unused(SET)));
    let session = fixture.session_by_id(one.session.id, at(4)).await.expect("it is there").session;
    assert_eq!(session.assurance(), Assurance::Two);
    fixture.expect_live(&one, at(4)).await;
    let bob = fixture.user("bob").await;
    let his = fixture.sign_on(&bob, at(5)).await;
    let order = ConfirmCodesOrder { session: his.session.id, set: SET, proves: false };
    fixture.store.confirm_recovery_codes(order, at(5)).await.expect("a live session");
    assert_eq!(fixture.expect_dead(&his, at(6)).await, NotLive::HalfSignedOn);
}

/// Goal: S-10: making a factor makes no session live that is half signed on, wherever it proves something: the code does, which
/// changes the token and asks for the quota.
pub async fn a_half_signed_on_session_is_not_proven_by_making_a_factor<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let rule = fixture.store.set_second_factor_rule(fixture.realm, SecondFactorRule::Required).await;
    rule.expect("the realm is there");
    let half = fixture.sign_on(&ada, at(1)).await;
    let order = ConfirmCodesOrder { session: half.session.id, set: SET, proves: true };
    fixture.store.confirm_recovery_codes(order, at(2)).await.expect("she has no factor yet");
    assert_eq!(fixture.expect_dead(&half, at(3)).await, NotLive::HalfSignedOn);
}
