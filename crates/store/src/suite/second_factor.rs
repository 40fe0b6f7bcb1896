//! Recovery codes: spent in the transaction of the sign-on that they are the second step of.
//!
//! What a code looks like is no engine's business: it knows their places in a set.

use adieu_core::{
    Assurance, CodeSet, ConfirmCodesOrder, ConfirmError, How, RECOVERY_CODE, RecoveryCodes, SignOnError,
    SignOnOrder, Spending, User, UserEdit,
};

use super::{Engine, Fixture, OpenedSession, at};

const SET: CodeSet = CodeSet::from_bytes([7; 16]);

/// Gives a user a set of codes of which nothing is used.
async fn with_codes<E: Engine>(fixture: &Fixture<E>, user: &User) -> User {
    let edit = UserEdit { recovery_codes: Some(Some(RecoveryCodes::unused(SET))), ..UserEdit::default() };
    fixture.edit(user.id, edit, at(0)).await.expect("an edit").user
}

fn second_step<E: Engine>(fixture: &Fixture<E>, user: &User, held: &OpenedSession, place: u8) -> SignOnOrder {
    SignOnOrder {
        method: RECOVERY_CODE.into(),
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
    assert_eq!(one.session.assurance(), Assurance::One);
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
    let quota = Some(adieu_core::Quota { max: 1, beyond: adieu_core::Beyond::Refuse });
    let order = SignOnOrder { quota, ..second_step(&fixture, &ada, &mine, 0) };
    let refused = fixture.store.open_session(order, at(2)).await;
    assert!(matches!(refused, Err(SignOnError::Quota)), "{refused:?}");
    let codes = fixture.read(&ada).await.recovery_codes.expect("codes");
    assert!(codes.used.is_empty(), "{codes:?}");
    let unchanged = fixture.session_by_id(mine.session.id, at(3)).await.expect("there").session;
    assert_eq!(unchanged.methods, mine.session.methods);
    fixture.expect_live(&mine, at(3)).await;
    fixture.expect_live(&other, at(3)).await;
    let (done, _) = fixture.signed_on(second_step(&fixture, &ada, &mine, 0), at(4)).await;
    assert_eq!(done.session.id, mine.session.id, "the code still counts");
}

/// Goal: whoever has seen new codes is not asked for one at once, and no set counts that nobody has seen.
pub async fn codes_are_confirmed_together_with_their_session_or_not_at_all<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (one, two) = (fixture.sign_on(&ada, at(1)).await, fixture.sign_on(&ada, at(1)).await);
    let three = fixture.sign_on(&ada, at(1)).await;
    fixture.end(two.presented(), at(2)).await.expect("an ending");
    fixture.reset(&three, at(2)).await.expect("a reset");
    let confirm = |session| {
        let order = ConfirmCodesOrder { session, set: SET };
        fixture.store.confirm_recovery_codes(order, at(3))
    };
    for over in [&two, &three] {
        let refused = confirm(over.session.id).await;
        assert!(matches!(refused, Err(ConfirmError::NotLive)), "{refused:?}");
        assert!(fixture.read(&ada).await.recovery_codes.is_none(), "a refused act has written nothing");
    }
    let confirmed = confirm(one.session.id).await.expect("a live session");
    assert_eq!(
        (confirmed.recovery_codes, confirmed.version),
        (Some(RecoveryCodes::unused(SET)), ada.version.next())
    );
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.read(&ada).await.recovery_codes, Some(RecoveryCodes::unused(SET)));
    let session = fixture.session_by_id(one.session.id, at(4)).await.expect("it is there").session;
    assert_eq!(session.assurance(), Assurance::Two);
    fixture.expect_live(&one, at(4)).await;
}
