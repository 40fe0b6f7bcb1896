//! Refresh tokens whose answer was lost, and a storm of tokens that spends none.
//!
//! S-TOK-4 and S-TOK-5; RFC 9700 section 4.14.2.

use adieu_authority::{Alg, Signer};
use adieu_testkit::failing::Failure;

use crate::fixture::{ALICE, App, FaceFixture, Reply};
use crate::outages::failing;

const INACTIVE: &str = r#"{"active":false}"#;

fn refresh_of(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["refresh_token"].as_str().expect("a refresh token").to_owned()
}

impl FaceFixture {
    async fn refresh_to(&self, app: &App, token: &str, scope: &str) -> Reply {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        self.token(app, &form).await
    }

    async fn is_good(&self, app: &App, token: &str) -> bool {
        self.introspect(app, token).await.text != INACTIVE
    }

    /// Reserves every place among the signatures that wait, until they are dropped.
    async fn all_places(&self) -> Vec<Signer> {
        let (authority, realm) = (self.world.authority(), &self.world.data.realm);
        let mut places = Vec::new();
        while let Ok(place) = authority.signer(realm).await {
            places.push(place);
        }
        places
    }
}

/// Goal: an answer that was lost on the wire signs nobody off: the same token gives the same successor, whose tokens are good.
#[tokio::test]
async fn a_lost_answer_is_given_again() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let first = fixture.refresh(&app, &held.refresh).await;
    fixture.world.wait_s(9);
    let again = fixture.refresh(&app, &held.refresh).await;
    assert_eq!(refresh_of(&first), refresh_of(&again));
    for reply in [&first, &again] {
        assert!(fixture.is_good(&app, reply.json()["access_token"].as_str().expect("a token")).await);
    }
    let next = refresh_of(&fixture.refresh(&app, &refresh_of(&again)).await);
    assert!(fixture.is_good(&app, &next).await);
}

/// Goal: two requests of one client that meet both get the same successor.
#[tokio::test]
async fn two_at_once_get_the_same_successor() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let (one, two) = tokio::join!(fixture.refresh(&app, &held.refresh), fixture.refresh(&app, &held.refresh));
    assert_eq!(refresh_of(&one), refresh_of(&two));
    assert!(fixture.is_good(&app, &refresh_of(&one)).await);
}

/// Goal: every other use of a replaced token is theft, and revokes the grant: after its successor was used, later, or from
/// another client's hand.
#[tokio::test]
async fn every_other_use_of_a_replaced_token_is_theft() {
    for n in 0..3 {
        let fixture = FaceFixture::open().await;
        let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
        let mut last = refresh_of(&fixture.refresh(&app, &held.refresh).await);
        let mut thief = app.clone();
        match n {
            0 => last = refresh_of(&fixture.refresh(&app, &last).await),
            1 => fixture.world.wait_s(10),
            _ => thief = fixture.billing(),
        }
        fixture.refresh(&thief, &held.refresh).await.assert_oauth(400, "invalid_grant");
        fixture.refresh(&app, &last).await.assert_oauth(400, "invalid_grant");
        assert!(!fixture.is_good(&app, &held.access).await, "{n}");
        assert!(fixture.is_signed_on(&held.st).await, "the session stays");
    }
}

/// Goal: RFC 6749 section 6: a repeated token leads to no more scopes than its first use could have, and asking for more
/// spends nothing.
#[tokio::test]
async fn a_repeated_token_widens_no_scope() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let held = fixture.sign_on_to(&app, ALICE, None, "openid profile").await;
    let next = refresh_of(&fixture.refresh(&app, &held.refresh).await);
    for wider in ["openid email", "openid p1:read:sessions", "openid profile p1:delete:sessions"] {
        fixture.refresh_to(&app, &held.refresh, wider).await.assert_oauth(400, "invalid_scope");
        assert!(fixture.is_good(&app, &next).await, "{wider}");
    }
    let fewer = fixture.refresh_to(&app, &held.refresh, "openid").await;
    assert_eq!((refresh_of(&fewer), fewer.json()["scope"].as_str()), (next.clone(), Some("openid")));
    fixture.refresh_to(&app, &next, "openid email").await.assert_oauth(400, "invalid_scope");
    let after = fixture.refresh(&app, &next).await;
    assert!(fixture.is_good(&app, &refresh_of(&after)).await);
    assert_eq!(after.json()["scope"], "openid profile", "the grant keeps its scopes");
}

/// Goal: a stolen token gives itself away whatever it is presented for: the scopes wanted with it spare no grant.
#[tokio::test]
async fn theft_is_theft_with_any_scope() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let held = fixture.sign_on_to(&app, ALICE, None, "openid profile").await;
    let next = refresh_of(&fixture.refresh(&app, &held.refresh).await);
    fixture.world.wait_s(10);
    fixture.refresh_to(&app, &held.refresh, "openid email").await.assert_oauth(400, "invalid_grant");
    fixture.refresh(&app, &next).await.assert_oauth(400, "invalid_grant");
}

/// Goal: a commit that is in doubt, or an outage, is repeated and costs no sign-on.
#[tokio::test]
async fn an_answer_in_doubt_is_repeated() {
    for failure in [Failure::LandedInDoubt, Failure::LostInDoubt, Failure::NotTaken] {
        let (fixture, store) = failing().await;
        let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
        store.fail(failure);
        assert_eq!(fixture.refresh(&app, &held.refresh).await.status, 503, "{failure:?}");
        store.fail(Failure::None);
        let next = refresh_of(&fixture.refresh(&app, &held.refresh).await);
        assert!(fixture.is_good(&app, &next).await, "{failure:?}");
    }
}

/// Goal: a storm of tokens spends no code and no refresh token: the place among the signatures is taken first.
/// Method: all places are reserved, then free again.
#[tokio::test]
async fn a_full_signing_pool_spends_nothing() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let path = fixture.authorize(&app, &[("response_mode", "pi.flow")]);
    let reply = fixture.get(&path).cookie(&held.st).send().await.json();
    let code = reply["authorizeResponse"]["code"].as_str().expect("a code").to_owned();
    let places = fixture.all_places().await;
    assert!(places.len() > 100);
    for reply in [fixture.refresh(&app, &held.refresh).await, fixture.redeem(&app, &code).await] {
        assert_eq!(
            (reply.status.as_u16(), reply.header("retry-after").is_empty()),
            (503, false),
            "{}",
            reply.text
        );
    }
    drop(places);
    fixture.world.wait_s(11); // The old token was not replaced: it is no repetition that helps here.
    assert_eq!(fixture.redeem(&app, &code).await.status, 200);
    let next = refresh_of(&fixture.refresh(&app, &held.refresh).await);
    assert!(fixture.is_good(&app, &next).await);
}

/// Goal: NO-FALSE-NO: whoever floods a dialect with names of keys that nobody has is told "cannot tell" and not "no"
/// beyond a bound, and a good token is good meanwhile.
#[tokio::test]
async fn a_flood_of_unknown_keys_is_503_and_harms_no_good_token() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let path = fixture.a("as/userinfo");
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let stranger = adieu_token::SigningKey::generate(Alg::EdDsa).expect("a key");
        let token =
            stranger.sign(Some("at+jwt"), &serde_json::json!({"exp": 9_999_999_999_i64})).expect("a token");
        let reply = fixture.get(&path).bearer(&token).send().await;
        statuses.push(reply.status.as_u16());
        if reply.status == 503 {
            assert!(!reply.header("retry-after").is_empty());
            let reply = fixture.introspect(&app, &token).await;
            assert_eq!(reply.status, 503, "{}", reply.text);
        }
        assert!(fixture.is_good(&app, &held.access).await);
        assert_eq!(fixture.get(&path).bearer(&held.access).send().await.status, 200);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 503, 503, 503, 503]);
}
