//! Codes and refresh tokens: every rule with its odd cases.
//!
//! Facts are made by hand; nothing here is stored.

use super::*;
use uuid::Uuid;

fn hash(n: u8) -> TokenHash {
    TokenHash::from_bytes([n; 32])
}

fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(s * 1000)
}

fn client(name: &str) -> ClientId {
    name.parse().expect("a client id")
}

const ISSUER: &str = "https://id.example.test/as";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // RFC 7636 appendix B
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) fn code() -> Grant {
    Grant {
        id: GrantId::from_number(7),
        realm: RealmId::from_uuid(Uuid::from_u128(1)),
        issuer: Some(ISSUER.into()),
        client: client("shop"),
        client_generation: 3,
        user: UserId::from_uuid(Uuid::from_u128(2)),
        user_generation: 1,
        offline_generation: None,
        session: SessionId::from_bytes([1; 16]),
        epoch: 2,
        consent: None,
        offline_until: None,
        scope: "openid".into(),
        nonce: None,
        claims: None,
        auth_time: at(0),
        redirect_uri: Some("https://shop.test/cb".into()),
        challenge: Some(CHALLENGE.into()),
        code: hash(1),
        code_expires_at: at(60),
        redeemed: false,
        refresh: None,
        revoked: false,
        revoked_tokens: vec![],
        expires_at: at(60),
    }
}

fn around() -> GrantAround {
    GrantAround { session_epoch: Some(2), client_generation: Some(3), offline: None, consent: None }
}

fn redeem() -> RedeemOrder {
    RedeemOrder {
        grant: GrantId::from_number(7),
        code: hash(1),
        client: client("shop"),
        issuer: ISSUER.into(),
        redirect_uri: Some("https://shop.test/cb".into()),
        verifier: Some(VERIFIER.into()),
        refresh: Some(Refresh { family: hash(10), current: hash(11), replaced: None, expires_at: at(1000) }),
        expires_at: at(1000),
        may_have: may_have(),
    }
}

fn may_have() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).into()
}

fn redeemed() -> Grant {
    decide_redeem(&code(), around(), &redeem(), at(1)).outcome.expect("a good code")
}

fn rotate(family: u8, current: u8, next: u8) -> RotateOrder {
    RotateOrder {
        grant: GrantId::from_number(7),
        family: hash(family),
        current: hash(current),
        client: client("shop"),
        issuer: ISSUER.into(),
        scope: None,
        may_have: may_have(),
        next: hash(next),
        life: Span::from_s(1000),
        grace: Span::from_s(10),
    }
}

#[test]
fn a_code_buys_tokens_once_and_its_second_use_takes_them_away() {
    let grant = redeemed();
    assert!(grant.is_live(around(), at(2)));
    let again = decide_redeem(&grant, around(), &redeem(), at(2));
    assert!(matches!(again.outcome, Err(GrantError::Replayed)));
    assert!(again.write.expect("a change").revoked);
}

/// S-OP-13
#[test]
fn a_code_is_refused_when_any_of_its_conditions_fails() {
    use GrantFault::{Expired, OfAnother, Over, RedirectUri, Unknown, Verifier};
    let refused = |change: &dyn Fn(&mut Grant, &mut GrantAround, &mut RedeemOrder), now, expect| {
        let (mut grant, mut world, mut order) = (code(), around(), redeem());
        change(&mut grant, &mut world, &mut order);
        let decision = decide_redeem(&grant, world, &order, at(now));
        assert!(decision.write.is_none());
        let outcome = decision.outcome;
        assert!(matches!(outcome, Err(GrantError::Invalid(fault)) if fault == expect), "{outcome:?}");
    };
    refused(&|_, _, o| o.code = hash(2), 1, Unknown);
    refused(&|_, _, o| o.client = client("thief"), 1, OfAnother);
    refused(&|_, _, o| o.redirect_uri = None, 1, RedirectUri);
    refused(&|_, _, o| o.redirect_uri = Some("https://shop.test/cb/".into()), 1, RedirectUri);
    refused(&|_, _, o| o.verifier = None, 1, Verifier);
    refused(&|_, _, o| o.verifier = Some("x".repeat(43)), 1, Verifier);
    refused(&|g, _, _| g.challenge = None, 1, Verifier); // A verifier without a challenge.
    refused(&|_, w, _| w.session_epoch = None, 1, Over);
    refused(&|_, w, _| w.session_epoch = Some(3), 1, Over);
    refused(&|_, w, _| w.client_generation = Some(4), 1, Over);
    refused(&|_, w, _| w.client_generation = None, 1, Over);
    refused(&|_, _, _| {}, 60, Expired);
}

#[test]
fn a_refresh_token_rotates_and_an_old_one_revokes_the_family() {
    let grant = redeemed();
    let next = decide_rotate(&grant, around(), &rotate(10, 11, 12), at(5)).outcome.expect("a good token");
    assert!(next.refresh.expect("refresh").current.same(&hash(12)));
    let old = decide_rotate(&next, around(), &rotate(10, 11, 13), at(6));
    assert!(old.write.expect("a change").revoked);
    let stranger = decide_rotate(&next, around(), &rotate(99, 12, 13), at(6));
    assert!(stranger.write.is_none(), "whoever does not know the family revokes nothing");
}

/// Goal: S-18: a code or a refresh token of one issuer buys nothing at another one of the realm, and is not spent there.
#[test]
fn a_grant_counts_at_the_issuer_that_gave_it() {
    let elsewhere = || "https://id.example.test/am/oauth2/realms/root".to_owned();
    let code_elsewhere =
        decide_redeem(&code(), around(), &RedeemOrder { issuer: elsewhere(), ..redeem() }, at(1));
    assert!(code_elsewhere.write.is_none() && matches!(code_elsewhere.outcome, Err(GrantError::Invalid(_))));
    let order = RotateOrder { issuer: elsewhere(), ..rotate(10, 11, 12) };
    let refreshed = decide_rotate(&redeemed(), around(), &order, at(5));
    assert!(refreshed.write.is_none() && matches!(refreshed.outcome, Err(GrantError::Invalid(_))));
    let old = Grant { issuer: None, ..redeemed() };
    assert!(decide_rotate(&old, around(), &order, at(5)).outcome.is_ok(), "of before issuers were kept");
}

/// Goal: S-TOK-5: an answer that was lost can be asked for again; S-TOK-4: whatever else a replaced token is presented for
/// is theft.
#[test]
fn a_replaced_token_leads_to_its_successor_again_for_a_short_time() {
    let next = decide_rotate(&redeemed(), around(), &rotate(10, 11, 12), at(5)).outcome.expect("a token");
    let decide = |grant: &Grant, order: &RotateOrder, s| decide_rotate(grant, around(), order, at(s));
    for s in [5, 14] {
        let again = decide(&next, &rotate(10, 11, 12), s);
        assert!(again.write.is_none());
        assert!(again.outcome.expect("the same").refresh.expect("refresh").current.same(&hash(12)));
    }
    let stolen = |grant: &Grant, order: &RotateOrder, s| {
        let decision = decide(grant, order, s);
        assert!(matches!(decision.outcome, Err(GrantError::Replayed)), "{order:?} at {s}");
        assert!(decision.write.expect("a change").revoked);
    };
    stolen(&next, &rotate(10, 11, 12), 15);
    stolen(&next, &RotateOrder { grace: Span::from_s(0), ..rotate(10, 11, 12) }, 5);
    stolen(&next, &RotateOrder { client: client("thief"), ..rotate(10, 11, 12) }, 6);
    stolen(&next, &rotate(10, 11, 99), 6); // It would lead elsewhere.
    stolen(&next, &rotate(10, 9, 12), 6);
    let used = decide(&next, &rotate(10, 12, 13), 6).outcome.expect("a token");
    stolen(&used, &rotate(10, 11, 12), 7);
    assert!(decide(&used, &rotate(10, 12, 13), 7).outcome.is_ok(), "the last one may be repeated in turn");
    // A grant that died meanwhile gives nothing, and there is nothing to take away.
    let gone = GrantAround { session_epoch: None, ..around() };
    let dead = decide_rotate(&next, gone, &rotate(10, 11, 12), at(6));
    assert!(dead.write.is_none() && matches!(dead.outcome, Err(GrantError::Invalid(_))));
    let taken = Grant { revoked: true, ..next.clone() };
    assert!(decide(&taken, &rotate(10, 11, 12), 6).outcome.is_err());
}

/// Goal: RFC 6749 §6: scopes may only shrink, with the live token and with the one it has just replaced; a refusal spends
/// nothing.
#[test]
fn scopes_may_only_shrink() {
    let first = Grant { scope: "openid profile".into(), ..redeemed() };
    let next = decide_rotate(&first, around(), &rotate(10, 11, 12), at(5)).outcome.expect("a token");
    let wanting = |scope: &str, order: RotateOrder| RotateOrder { scope: Some(scope.into()), ..order };
    for (grant, order) in
        [(&first, rotate(10, 11, 12)), (&next, rotate(10, 11, 12)), (&next, rotate(10, 12, 13))]
    {
        for wider in ["openid email", "email", "open", "openid profile email", "OpenID", "openid\tprofile"] {
            let decision = decide_rotate(grant, around(), &wanting(wider, order.clone()), at(6));
            assert!(matches!(decision.outcome, Err(GrantError::Scope)), "{wider}: {order:?}");
            assert!(decision.write.is_none(), "{wider}: {order:?}");
        }
        for narrower in ["openid", "profile  openid", "openid profile"] {
            let after = decide_rotate(grant, around(), &wanting(narrower, order.clone()), at(6)).outcome;
            assert_eq!(after.expect("a token").scope, "openid profile", "the grant keeps its scopes");
        }
    }
}

/// Goal: a code or a token that leads to nothing which its client may have now is not spent, and is good for what it may have later.
#[test]
fn where_no_scope_is_left_nothing_is_spent() {
    let of_another = vec!["email".to_owned()];
    let bare = RedeemOrder { may_have: of_another.clone(), ..redeem() };
    let fresh = Grant { scope: "openid profile".into(), ..code() };
    let next = decide_rotate(&redeemed(), around(), &rotate(10, 11, 12), at(5)).outcome.expect("a token");
    let next = Grant { scope: "openid profile".into(), ..next };
    let rotated = |current, scope: Option<&str>, may_have: &Vec<String>| {
        let (scope, may_have) = (scope.map(str::to_owned), may_have.clone());
        decide_rotate(
            &next,
            around(),
            &RotateOrder { scope, may_have, ..rotate(10, current, current + 1) },
            at(6),
        )
    };
    let none = [
        decide_redeem(&fresh, around(), &bare, at(1)),
        rotated(11, None, &of_another),
        rotated(12, None, &of_another),
        rotated(12, Some("profile"), &vec!["openid".to_owned()]),
        rotated(12, Some(""), &may_have()),
    ];
    for decision in none {
        assert!(
            decision.write.is_none() && matches!(decision.outcome, Err(GrantError::Scope)),
            "{decision:?}"
        );
    }
    assert!(decide_redeem(&fresh, around(), &redeem(), at(1)).outcome.is_ok());
    assert!(rotated(12, None, &vec!["openid".to_owned()]).outcome.is_ok());
    let wrong = RedeemOrder { verifier: None, ..bare };
    assert!(matches!(decide_redeem(&fresh, around(), &wrong, at(1)).outcome, Err(GrantError::Invalid(_))));
}

/// Goal: the wanted scopes are looked at last: theft is theft, and a dead grant or another client is told nothing of them.
#[test]
fn wanted_scopes_hide_no_theft_and_tell_no_stranger() {
    let next = decide_rotate(&redeemed(), around(), &rotate(10, 11, 12), at(5)).outcome.expect("a token");
    let wider = |current, next| RotateOrder { scope: Some("email".into()), ..rotate(10, current, next) };
    let late = decide_rotate(&next, around(), &wider(11, 12), at(15));
    assert!(matches!(late.outcome, Err(GrantError::Replayed)) && late.write.expect("a change").revoked);
    let stranger = RotateOrder { client: client("thief"), ..wider(12, 13) };
    let gone = GrantAround { session_epoch: None, ..around() };
    for (world, order) in [(around(), stranger), (gone, wider(12, 13))] {
        let decision = decide_rotate(&next, world, &order, at(6));
        assert!(
            decision.write.is_none() && matches!(decision.outcome, Err(GrantError::Invalid(_))),
            "{order:?}"
        );
    }
}

/// S-TOK-7
#[test]
fn a_refresh_token_dies_with_session_epoch_and_client() {
    let dead = [
        GrantAround { session_epoch: None, ..around() },
        GrantAround { session_epoch: Some(3), ..around() },
        GrantAround { client_generation: Some(4), ..around() },
    ];
    for world in dead {
        let decision = decide_rotate(&redeemed(), world, &rotate(10, 11, 12), at(5));
        assert!(matches!(decision.outcome, Err(GrantError::Invalid(_))), "{world:?}");
    }
    assert!(decide_rotate(&redeemed(), around(), &rotate(10, 11, 12), at(1000)).outcome.is_err());
}

/// Goal: what a client has bought may outlive the session, a code never does, and neither the client nor its time.
#[test]
fn tokens_may_be_let_outlive_their_session_and_codes_may_not() {
    let offline = Some(Offline { user_from: 1, generation: Some(7) });
    let gone = GrantAround { session_epoch: None, offline, ..around() };
    let outliving = |grant: Grant| Grant { offline_generation: Some(7), ..grant };
    assert!(decide_redeem(&outliving(code()), gone, &redeem(), at(1)).outcome.is_err());
    let redeemed = || outliving(redeemed());
    assert!(redeemed().is_live(gone, at(2)));
    assert!(decide_rotate(&redeemed(), gone, &rotate(10, 11, 12), at(5)).outcome.is_ok());
    assert!(!redeemed().is_live(gone, at(1000)));
    assert!(!redeemed().is_live(GrantAround { client_generation: Some(4), ..gone }, at(2)));
    assert!(!Grant { revoked: true, ..redeemed() }.is_live(gone, at(2)));
}

/// Goal: ENDED-STAYS-ENDED: what was not let outlive its session when it was issued, or was so before that was taken back, is not
/// brought back by what the client may now; neither is what the user's total ending revoked.
#[test]
fn what_is_allowed_later_brings_back_nothing() {
    let offline = |user_from, generation| GrantAround {
        session_epoch: None,
        offline: Some(Offline { user_from, generation }),
        ..around()
    };
    for issued_in in [None, Some(7)] {
        let grant = Grant { offline_generation: issued_in, ..redeemed() };
        for generation in [0, 6, 7, 8] {
            assert_eq!(grant.is_live(offline(1, Some(generation)), at(2)), issued_in == Some(generation));
            assert!(!grant.is_live(offline(2, Some(generation)), at(2)), "the user's ended");
        }
        assert!(grant.is_live(around(), at(2)), "its session lives");
    }
}

/// Goal: RFC 7009 §2.1: a refresh token takes its grant with it, an access token itself only, and both only from
/// the hand of their client.
#[test]
fn a_revoked_token_takes_what_it_stands_for() {
    use crate::revoke::{RevokeOrder, TokenToRevoke, decide_revoke};
    use crate::revoked_token::{RevokedToken, is_revoked};
    let token = |n| RevokedToken { token: Uuid::from_u128(n), until: at(500) };
    let order = |who: &str, token| RevokeOrder { grant: GrantId::from_number(7), client: client(who), token };
    let revoke = |grant: &Grant, order| decide_revoke(grant, &order, at(3)).outcome;
    let family = TokenToRevoke::Refresh(hash(10));
    assert!(revoke(&redeemed(), order("shop", family)).expect("done").revoked);
    assert!(revoke(&redeemed(), order("thief", family)).is_err());
    assert!(revoke(&redeemed(), order("shop", TokenToRevoke::Refresh(hash(99)))).is_err());
    let mut grant = redeemed();
    for n in 0..32 {
        grant = revoke(&grant, order("shop", TokenToRevoke::Access(token(n)))).expect("done");
        assert!(!grant.revoked && is_revoked(&grant.revoked_tokens, Uuid::from_u128(n)));
    }
    assert!(revoke(&grant, order("thief", TokenToRevoke::Access(token(40)))).is_err());
    assert!(revoke(&grant, order("thief", TokenToRevoke::All)).is_err());
    assert!(revoke(&grant, order("shop", TokenToRevoke::All)).expect("done").revoked);
    assert!(
        revoke(&grant, order("shop", TokenToRevoke::Access(token(40)))).expect("done").revoked,
        "no room"
    );
}

#[test]
fn opaque_tokens_read_back_and_rubbish_does_not() {
    let text = opaque(GrantId::from_number(9), &[&[1; 16], &[2; 16]]);
    let (id, [family, current]) = read_opaque::<2>(&text).expect("our token");
    assert_eq!(id, GrantId::from_number(9));
    assert!(family.same(&TokenHash::of(&[1; 16])) && current.same(&TokenHash::of(&[2; 16])));
    assert!(read_opaque::<1>(&text).is_none());
    for bad in ["", "x", "ü", "____________________________________"] {
        assert!(read_opaque::<1>(bad).is_none(), "{bad}");
    }
}

/// S-TOK-11: what its user agreed to lives on after its session, and not after its user, the consent or its absolute end.
#[test]
fn offline_access_outlives_its_session_and_nothing_else() {
    let number = Version::from_stored(4);
    let code = Grant { consent: Some(number), offline_until: Some(at(500)), ..code() };
    let standing = GrantAround { consent: Some(number), ..around() };
    let bought = decide_redeem(&code, standing, &redeem(), at(1)).outcome.expect("a good code");
    let ends = |grant: &Grant| (grant.expires_at, grant.refresh.map(|refresh| refresh.expires_at));
    assert_eq!(ends(&bought), (at(500), Some(at(500))), "S-TOK-7: the end is absolute");
    let offline = Some(Offline { user_from: 0, generation: None });
    let alone = GrantAround { session_epoch: None, offline, ..standing };
    assert!(bought.is_live(alone, at(2)) && !code.is_live(alone, at(2)), "a code needs its session");
    let rotated = decide_rotate(&bought, alone, &rotate(10, 11, 12), at(400)).outcome.expect("a good token");
    assert_eq!(ends(&rotated), (at(500), Some(at(500))), "no refresh moves it");
    assert!(!rotated.is_live(alone, at(500)));
    for dead in [
        GrantAround { offline: None, ..alone },
        GrantAround {
            offline: Some(Offline { user_from: bought.user_generation + 1, generation: None }),
            ..alone
        },
        GrantAround { consent: None, ..standing },
        GrantAround { consent: Some(Version::from_stored(5)), ..standing },
        GrantAround { client_generation: Some(9), ..alone },
    ] {
        assert!(!bought.is_live(dead, at(2)), "{dead:?}");
    }
    let bound = Grant { offline_until: None, ..bought };
    assert!(bound.is_live(standing, at(2)) && !bound.is_live(alone, at(2)));
}
