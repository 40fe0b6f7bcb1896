//! Quotas: what a sign-on does when its user has as many sessions as one may have.
//!
//! Contract am.md 5, 3.3; which session has to go is core's to decide.

use crate::fixture::{ALICE, AUTHENTICATE, COOKIE, FaceFixture};

/// Three sign-ons a minute apart, the first of them used in between; which of them live?
async fn three(beyond: &str) -> [bool; 3] {
    let fixture = FaceFixture::with_quota(2, beyond).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(fixture.sign_on(ALICE).await);
        fixture.wait_s(60);
        fixture.action("validate", "4.0").token(&tokens[0]).send().await;
    }
    [fixture.lives(&tokens[0]).await, fixture.lives(&tokens[1]).await, fixture.lives(&tokens[2]).await]
}

/// each of the three actions that make room ends what it says; the newest session lives in all of them.
#[tokio::test]
async fn room_is_made_as_configured() {
    assert_eq!(three("DESTROY_OLDEST_SESSION").await, [false, true, true]);
    assert_eq!(three("DESTROY_OLD_SESSIONS").await, [false, false, true]);
    // The first one was used last, so the second one would be idle before it.
    assert_eq!(three("DESTROY_NEXT_EXPIRING").await, [true, false, true]);
}

/// beyond the quota a sign-on is refused, whatever the way; an ending makes room, and a renewal needs none.
#[tokio::test]
async fn a_sign_on_beyond_may_be_refused() {
    let fixture = FaceFixture::with_quota(2, "DENY_ACCESS").await;
    let (one, two) = (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await);
    let refused = fixture.pair(AUTHENTICATE, ALICE).send().await;
    assert_eq!(refused.refused(401), "You have reached your session limit.");
    assert!(refused.cookie(COOKIE).is_none());
    let wrong = fixture.pair(AUTHENTICATE, (ALICE.0, "wrong")).send().await;
    assert_eq!(wrong.refused(401), "Login failure", "only who proves to be there hears of the limit");
    let forced = fixture.pair(&format!("{AUTHENTICATE}?ForceAuth=true"), ALICE).cookie(&two).send().await;
    assert_eq!(forced.status, 200, "the session that is upgraded takes no more room");
    let none = fixture.pair(&format!("{AUTHENTICATE}?noSession=true"), ALICE).send().await;
    assert_eq!(none.status, 200, "nor does none");
    fixture.action("logout", "4.0").token(&one).send().await;
    fixture.sign_on(ALICE).await;
    assert_eq!(fixture.pair(AUTHENTICATE, ALICE).send().await.status, 401);
}

/// a realm may have a quota of its own, and a user's sessions elsewhere do not count.
#[tokio::test]
async fn a_realm_has_its_own_quota() {
    let fixture = FaceFixture::start().await;
    for _ in 0..5 {
        fixture.sign_on(ALICE).await;
    }
    let there = "/am/json/realms/root/realms/quota/authenticate";
    fixture.sign_on_at(there, ALICE).await;
    fixture.sign_on_at(there, ALICE).await;
    assert_eq!(fixture.pair(there, ALICE).send().await.refused(401), "You have reached your session limit.");
}
