//! Promises about codes and refresh tokens: bought once, bound to session, epoch and client.
//!
//! Times, secrets and conditions are judged by core; here is that the engine asks, writes and remembers.

use adieu_core::{
    Client, EndTarget, Ended, Grant, GrantAround, GrantError, GrantId, IssueOrder, KnownAs, RedeemOrder,
    Refresh, RevokeOrder, RevokedToken, RotateOrder, Span, Timestamp, TokenHash, TokenToRevoke, is_revoked,
};
use uuid::Uuid;

use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture, OpenedSession};

pub(super) fn hash(n: u8) -> TokenHash {
    TokenHash::from_bytes([n; 32])
}

const ISSUER: &str = "https://id.example.test/as";

/// A code that is not issued yet.
pub(super) fn code<E>(fixture: &Fixture<E>, held: &OpenedSession, client: &Client) -> Grant {
    Grant {
        id: GrantId::from_random(fixture.chance.number()),
        realm: held.session.realm,
        issuer: Some(ISSUER.into()),
        client: client.id.clone(),
        client_generation: client.generation,
        user: held.session.user,
        user_generation: held.session.born.user,
        offline_generation: None,
        session: held.session.id,
        epoch: held.session.epoch,
        consent: None,
        offline_until: None,
        scope: "openid".into(),
        nonce: Some("n".into()),
        claims: Some("userinfo.name".into()),
        auth_time: held.session.authenticated_at,
        redirect_uri: None,
        challenge: None,
        code: hash(1),
        code_expires_at: at(60),
        redeemed: false,
        refresh: None,
        revoked: false,
        revoked_tokens: vec![],
        expires_at: at(60),
    }
}

/// The order to issue a grant.
pub(super) fn issue(grant: Grant) -> IssueOrder {
    let known_as = KnownAs {
        issuer: ISSUER.into(),
        sub: grant.user.to_string(),
        sid: grant.session.to_string(),
        algorithm: "RS256".into(),
    };
    IssueOrder { grant, known_as }
}

pub(super) fn redeem(grant: &Grant) -> RedeemOrder {
    RedeemOrder {
        grant: grant.id,
        code: hash(1),
        client: grant.client.clone(),
        issuer: ISSUER.into(),
        redirect_uri: None,
        verifier: None,
        refresh: Some(Refresh { family: hash(2), current: hash(3), replaced: None, expires_at: at(900) }),
        expires_at: at(900),
        may_have: vec!["openid".into()],
    }
}

pub(super) fn rotate(grant: &Grant, current: u8, next: u8) -> RotateOrder {
    RotateOrder {
        grant: grant.id,
        family: hash(2),
        current: hash(current),
        client: grant.client.clone(),
        issuer: ISSUER.into(),
        scope: None,
        may_have: vec!["openid".into()],
        next: hash(next),
        life: Span::from_s(900),
        grace: Span::from_s(10),
    }
}

/// A session, a client and a grant whose code was redeemed.
pub(super) async fn bought<E: Engine>(fixture: &Fixture<E>) -> (OpenedSession, Client, Grant) {
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let shop = fixture.client("shop").await;
    let grant = code(fixture, &held, &shop);
    fixture.store.issue(issue(grant.clone()), at(1)).await.expect("a code");
    let grant = fixture.store.redeem(redeem(&grant), at(2)).await.expect("tokens");
    (held, shop, grant)
}

async fn read<E: Engine>(fixture: &Fixture<E>, grant: &Grant) -> Grant {
    let found = fixture.store.grant(grant.id).get().await.expect("an answer");
    Grant::clone(&found.expect("the grant is there"))
}

fn invalid<T: std::fmt::Debug>(answer: Result<T, GrantError>) {
    assert!(matches!(answer, Err(GrantError::Invalid(_))), "{answer:?}");
}

fn wider<T: std::fmt::Debug>(answer: Result<T, GrantError>) {
    assert!(matches!(answer, Err(GrantError::Scope)), "{answer:?}");
}

fn replayed<T: std::fmt::Debug>(answer: Result<T, GrantError>) {
    assert!(matches!(answer, Err(GrantError::Replayed)), "{answer:?}");
}

/// Goal: no code without a live session in its epoch and an enabled client of this generation.
pub async fn a_code_needs_a_live_session_and_a_live_client<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let shop = fixture.client("shop").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let good = || code(&fixture, &held, &shop);
    invalid(fixture.store.issue(issue(Grant { epoch: 1, ..good() }), at(1)).await);
    invalid(fixture.store.issue(issue(Grant { client_generation: 1, ..good() }), at(1)).await);
    invalid(
        fixture
            .store
            .issue(issue(Grant { client: "nobodys".parse().expect("an id"), ..good() }), at(1))
            .await,
    );
    invalid(fixture.store.issue(issue(good()), at(60)).await);
    let first = good();
    fixture.store.issue(issue(first.clone()), at(1)).await.expect("a code");
    invalid(fixture.store.issue(issue(first.clone()), at(1)).await); // The number is taken; the first one is untouched.
    assert!(!read(&fixture, &first).await.revoked);
    fixture.change_client(&shop.id, |client| client.enabled = false).await;
    invalid(fixture.store.issue(issue(good()), at(2)).await);
    fixture.change_client(&shop.id, |client| client.enabled = true).await;
    invalid(fixture.store.issue(issue(good()), at(2)).await); // What was granted before it was switched off stays dead.
    let shop = fixture.stored_client(&shop.id).await;
    fixture.store.issue(issue(code(&fixture, &held, &shop)), at(2)).await.expect("a code");
    fixture.end(held.presented(), at(3)).await.expect("an ending");
    invalid(fixture.store.issue(issue(good()), at(4)).await);
    let nothing = fixture.store.grant(good().id).get().await.expect("an answer");
    assert!(nothing.is_none());
}

/// Goal: RFC 6749 §4.1.2: the second use takes away what the first has bought.
pub async fn a_code_buys_once_and_its_second_use_revokes<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (_, _, grant) = bought(&fixture).await;
    assert!(grant.redeemed && !grant.revoked);
    assert_eq!(format!("{grant:?}"), format!("{:?}", read(&fixture, &grant).await));
    replayed(fixture.store.redeem(redeem(&grant), at(3)).await);
    assert!(read(&fixture, &grant).await.revoked);
    invalid(fixture.store.rotate(rotate(&grant, 3, 4), at(4)).await);
    let fixture = fixture.after_crash().await;
    assert!(read(&fixture, &grant).await.revoked);
    let unknown = Grant { id: GrantId::from_random(fixture.chance.number()), ..grant };
    invalid(fixture.store.redeem(redeem(&unknown), at(5)).await);
    invalid(fixture.store.rotate(rotate(&unknown, 3, 4), at(5)).await);
}

/// Goal: RFC 9700 §4.14.2: a stolen refresh token is worth one use at most.
pub async fn a_refresh_token_rotates_and_an_old_one_revokes<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (_, _, grant) = bought(&fixture).await;
    let stranger = RotateOrder { family: hash(9), ..rotate(&grant, 3, 4) };
    invalid(fixture.store.rotate(stranger, at(3)).await);
    for n in 3..20 {
        let next = fixture.store.rotate(rotate(&grant, n, n + 1), at(i64::from(n))).await.expect("a token");
        assert!(next.refresh.expect("refresh").current.same(&hash(n + 1)));
    }
    replayed(fixture.store.rotate(rotate(&grant, 10, 21), at(21)).await);
    assert!(read(&fixture, &grant).await.revoked);
    invalid(fixture.store.rotate(rotate(&grant, 20, 21), at(22)).await);
}

/// Goal: S-TOK-5: a refresh token whose answer was lost leads to the same successor, also after a crash and for two at once;
/// S-TOK-4: not once the successor is used, and not later.
pub async fn a_lost_answer_is_asked_for_again<E: Engine>() {
    for late in [false, true] {
        let fixture = Fixture::<E>::new().await;
        let (_, _, grant) = bought(&fixture).await;
        let again = || fixture.store.rotate(rotate(&grant, 3, 4), at(5));
        let (one, two) = futures_util::future::join(again(), again()).await;
        for answer in [one, two, again().await] {
            assert!(answer.expect("a token").refresh.expect("refresh").current.same(&hash(4)));
        }
        let fixture = fixture.after_crash().await;
        assert!(fixture.store.rotate(rotate(&grant, 3, 4), at(14)).await.is_ok(), "it outlives a crash");
        if !late {
            fixture.store.rotate(rotate(&grant, 4, 5), at(14)).await.expect("the successor is used");
        }
        replayed(fixture.store.rotate(rotate(&grant, 3, 4), at(if late { 15 } else { 14 })).await);
        assert!(read(&fixture.after_crash().await, &grant).await.revoked);
    }
}

/// Goal: RFC 6749 §6: neither the live refresh token nor a repeated one widens scopes, and asking for more writes nothing.
pub async fn scopes_only_shrink_and_asking_for_more_spends_nothing<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (_, _, grant) = bought(&fixture).await;
    let wanting = |scope: &str, current, next| {
        let order = RotateOrder { scope: Some(scope.into()), ..rotate(&grant, current, next) };
        fixture.store.rotate(order, at(5))
    };
    let narrowed = Grant { id: GrantId::from_number(8), ..grant.clone() };
    let code = Grant { redeemed: false, refresh: None, ..narrowed };
    fixture.store.issue(issue(code.clone()), at(3)).await.expect("a code");
    let order = RedeemOrder { may_have: vec!["email".into()], ..redeem(&code) };
    wider(fixture.store.redeem(order, at(4)).await);
    fixture.store.redeem(redeem(&code), at(4)).await.expect("it is not spent");
    let before = format!("{:?}", read(&fixture, &grant).await);
    wider(wanting("openid email", 3, 4).await);
    assert_eq!(before, format!("{:?}", read(&fixture, &grant).await));
    wanting("openid", 3, 4).await.expect("a token");
    let rotated = format!("{:?}", read(&fixture, &grant).await);
    wider(wanting("openid email", 3, 4).await);
    let again = wanting("openid", 3, 4).await.expect("the same");
    assert!(again.refresh.expect("refresh").current.same(&hash(4)));
    wider(wanting("email", 4, 5).await);
    let narrowed = RotateOrder { may_have: vec!["email".into()], ..rotate(&grant, 4, 5) };
    wider(fixture.store.rotate(narrowed, at(5)).await);
    assert_eq!(rotated, format!("{:?}", read(&fixture, &grant).await));
    let next = wanting("openid", 4, 5).await.expect("the successor is good");
    assert!(next.refresh.expect("refresh").current.same(&hash(5)) && !next.revoked);
}

/// Goal: what a client holds dies with each of the three things it is bound to, without a write to it.
pub async fn a_grant_dies_with_its_session_epoch_and_client<E: Engine>() {
    for n in 0..5 {
        let fixture = Fixture::<E>::new().await;
        let (held, shop, grant) = bought(&fixture).await;
        let lives = async |now: Timestamp| {
            let session = fixture.session_by_id(held.session.id, now).await;
            let session_epoch =
                session.filter(|l| l.verdict == adieu_core::Verdict::Live).map(|l| l.session.epoch);
            let client = fixture.store.client(&shop.id).get().await.expect("an answer");
            let client_generation = client.filter(|c| c.enabled).map(|c| c.generation);
            let around = GrantAround { session_epoch, client_generation, offline: None, consent: None };
            read(&fixture, &grant).await.is_live(around, now)
        };
        assert!(lives(at(3)).await);
        match n {
            0 => drop(fixture.end(held.presented(), at(4)).await.expect("an ending")),
            1 => drop(fixture.reset(&held, at(4)).await.expect("a reset")),
            2 => drop(fixture.end(EndTarget::User(held.session.user), at(4)).await.expect("an ending")),
            3 => {
                let ended = fixture.end(EndTarget::Grants(shop.id.clone()), at(4)).await;
                assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");
                fixture.expect_live(&held, at(4)).await; // The client's tokens end, the session does not.
            }
            _ => drop(fixture.remove_client(&shop.id, None).await.expect("removed")),
        }
        assert!(!lives(at(5)).await, "{n}");
        invalid(fixture.store.rotate(rotate(&grant, 3, 4), at(5)).await);
        if n == 4 {
            let back = Client { secret_version: shop.secret_version + 1, ..shop.clone() };
            fixture.store.create_client(back.into()).await.expect("a client");
            assert!(!lives(at(6)).await, "a client that comes back does not bring its grants");
        }
    }
}

/// Goal: RFC 7009: what a client revokes stays revoked, whatever is written beside it; the rest is untouched.
pub async fn a_revoked_token_stays_revoked_and_nothing_else_is<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (held, shop, grant) = bought(&fixture).await;
    let token = |n| RevokedToken { token: uuid(n), until: at(900) };
    let order =
        |client: &str, token| RevokeOrder { grant: grant.id, client: client.parse().expect("an id"), token };
    let other = fixture.store.revoke(order("other", TokenToRevoke::Access(token(1))), at(3)).await;
    invalid(other);
    invalid(fixture.store.revoke(order("shop", TokenToRevoke::Refresh(hash(9))), at(3)).await);
    fixture.store.revoke(order("shop", TokenToRevoke::Access(token(1))), at(3)).await.expect("revoked");
    fixture.store.rotate(rotate(&grant, 3, 4), at(4)).await.expect("a token");
    fixture.store.revoke_own(shop.id.clone(), token(2), at(4)).await.expect("revoked");
    fixture.change_client(&shop.id, |client| client.name = "Another".into()).await;
    let fixture = fixture.after_crash().await;
    let after = read(&fixture, &grant).await;
    assert!(
        is_revoked(&after.revoked_tokens, uuid(1))
            && !is_revoked(&after.revoked_tokens, uuid(2))
            && !after.revoked
    );
    let client = fixture.store.client(&shop.id).get().await.expect("an answer").expect("the client");
    assert!(is_revoked(&client.revoked_tokens, uuid(2)) && !is_revoked(&client.revoked_tokens, uuid(1)));
    invalid(fixture.store.revoke_own("nobodys".parse().expect("an id"), token(1), at(5)).await);
    fixture.store.revoke(order("shop", TokenToRevoke::Refresh(hash(2))), at(5)).await.expect("revoked");
    invalid(fixture.store.rotate(rotate(&grant, 4, 5), at(6)).await);
    fixture.expect_live(&held, at(6)).await;
    assert!(read(&fixture.after_crash().await, &grant).await.revoked);
}

/// Goal: where a client may outlive the session, its refresh tokens do; its codes do not, and nothing outlives the user.
pub async fn what_outlives_its_session_does_not_outlive_its_user<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (held, shop, grant) = bought_to_outlive(&fixture).await;
    let unredeemed = code(&fixture, &held, &shop);
    fixture.store.issue(issue(unredeemed.clone()), at(3)).await.expect("a code");
    fixture.end(held.presented(), at(4)).await.expect("an ending");
    invalid(fixture.store.redeem(redeem(&unredeemed), at(5)).await);
    invalid(fixture.store.issue(issue(code(&fixture, &held, &shop)), at(5)).await);
    fixture.store.rotate(rotate(&grant, 3, 4), at(6)).await.expect("a token");
    let edit = adieu_core::UserEdit { enabled: Some(false), ..Default::default() };
    fixture.edit(held.session.user, edit, at(7)).await.expect("disabled");
    invalid(fixture.store.rotate(rotate(&grant, 4, 5), at(8)).await);
    let edit = adieu_core::UserEdit { enabled: Some(true), ..Default::default() };
    fixture.edit(held.session.user, edit, at(9)).await.expect("enabled");
    invalid(fixture.store.rotate(rotate(&grant, 4, 5), at(10)).await); // Re-enabling brings nothing back.
    invalid(fixture.after_crash().await.store.rotate(rotate(&grant, 4, 5), at(11)).await);
}

/// Goal: ENDED-STAYS-ENDED: a grant that ended with its session, or when its client's were bound to theirs again, lives no more when the
/// client's may outlive them afterwards; what is granted then does.
pub async fn what_may_outlive_its_session_later_brings_back_nothing<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let outlive = async |fixture: &Fixture<E>, may| {
        fixture.change_client(&"shop".parse().expect("an id"), |client| client.outlives_session = may).await
    };
    let (held, shop, bound) = bought(&fixture).await;
    outlive(&fixture, true).await;
    let outliving = code(&fixture, &held, &shop);
    fixture.store.issue(issue(outliving.clone()), at(3)).await.expect("a code");
    fixture.store.redeem(redeem(&outliving), at(3)).await.expect("tokens");
    fixture.store.rotate(rotate(&bound, 3, 4), at(4)).await.expect("its session lives");
    fixture.end(held.presented(), at(5)).await.expect("an ending");
    let fixture = fixture.after_crash().await;
    invalid(fixture.store.rotate(rotate(&bound, 4, 5), at(6)).await);
    fixture.store.rotate(rotate(&outliving, 3, 4), at(6)).await.expect("it lives on");
    outlive(&fixture, false).await;
    invalid(fixture.store.rotate(rotate(&outliving, 4, 5), at(7)).await);
    outlive(&fixture, true).await;
    for grant in [&bound, &outliving] {
        invalid(fixture.store.rotate(rotate(grant, 4, 5), at(8)).await);
    }
}

/// A grant that may outlive its session.
async fn bought_to_outlive<E: Engine>(fixture: &Fixture<E>) -> (OpenedSession, Client, Grant) {
    let (held, shop, _) = bought(fixture).await;
    fixture.change_client(&shop.id, |client| client.outlives_session = true).await;
    let grant = code(fixture, &held, &shop);
    fixture.store.issue(issue(grant.clone()), at(1)).await.expect("a code");
    fixture.store.redeem(redeem(&grant), at(2)).await.expect("tokens");
    (held, shop, grant)
}

/// Goal: S-GTR-4, S-GTR-5: what outlives its session lives on after all sessions of its user have ended, and ends with an order that
/// means all that was granted, and with no later one; what is granted afterwards is good.
pub async fn what_outlives_its_session_ends_where_all_grants_are_meant<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (held, shop, grant) = bought_to_outlive(&fixture).await;
    fixture.end(EndTarget::User(held.session.user), at(4)).await.expect("an ending");
    fixture.store.rotate(rotate(&grant, 3, 4), at(5)).await.expect("it lives on");
    fixture.end(EndTarget::UserAndGrants(held.session.user), at(6)).await.expect("an ending");
    invalid(fixture.store.rotate(rotate(&grant, 4, 5), at(7)).await);

    let ada = fixture.store.user(held.session.user).get().await.expect("an answer").expect("the user");
    let later = fixture.sign_on(&ada, at(8)).await;
    let code = code(&fixture, &later, &shop);
    fixture.store.issue(issue(code.clone()), at(9)).await.expect("a code");
    let bought = fixture.store.redeem(redeem(&code), at(10)).await.expect("tokens");
    assert_eq!(bought.user_generation, later.session.born.user);
    fixture.end(EndTarget::User(held.session.user), at(11)).await.expect("an ending");
    fixture.store.rotate(rotate(&code, 3, 4), at(12)).await.expect("it lives on");
    assert!(read(&fixture.after_crash().await, &grant).await.user_generation < bought.user_generation);
}

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}
