//! Tokens that are revoked, tokens that outlive their session, and what userinfo tells.
//!
//! Contract pingone.md 1.7 and 4.8.

use adieu_authority::{Cause, Client, ClientAuth, EndKind, EndOrder, EndTarget, Origin};

use crate::fixture::{ALICE, App, FaceFixture, Reply, claims};

const INACTIVE: &str = r#"{"active":false}"#;

impl FaceFixture {
    async fn revoke(&self, app: &App, token: &str) -> Reply {
        self.post(&self.a("as/revoke")).basic(&app.id, &app.secret).form(&[("token", token)]).send().await
    }

    async fn is_active(&self, app: &App, token: &str) -> bool {
        self.introspect(app, token).await.json()["active"] == true
    }

    async fn change(&self, app: &App, change: impl FnMut(&mut Client) + Send) {
        let id = app.id.parse().expect("an id");
        self.world.edit_client(&id, change).await;
    }
}

/// S-REV-4: P-55: an access token is revoked at once and durably; session, refresh token and other tokens live on.
#[tokio::test]
async fn an_access_token_is_revoked_alone() {
    let mut fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let fresh = fixture.refresh(&app, &held.refresh).await.json();
    let (access, refresh) =
        (fresh["access_token"].as_str().expect("a token"), fresh["refresh_token"].as_str());
    let reply = fixture.revoke(&app, &held.access).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    for restarted in [false, true] {
        if restarted {
            fixture.crash_and_restart().await;
        }
        assert_eq!(fixture.introspect(&app, &held.access).await.text, INACTIVE);
        assert!(fixture.is_active(&app, access).await && fixture.is_signed_on(&held.st).await);
        assert!(fixture.is_active(&app, refresh.expect("a token")).await);
        assert_eq!(fixture.revoke(&app, &held.access).await.status, 200, "again");
    }
    let userinfo = fixture.get(&fixture.a("as/userinfo")).bearer(&held.access).send().await;
    assert_eq!(userinfo.status, 401);
}

/// S-REV-5: P-55: a refresh token takes its grant's tokens with it, a rotated one as well; the session lives.
#[tokio::test]
async fn a_refresh_token_is_revoked_with_its_grant() {
    for rotated in [false, true] {
        let mut fixture = FaceFixture::open().await;
        let app = fixture.shop();
        let held = fixture.sign_on(ALICE).await;
        let other = fixture.sign_on_to(&fixture.billing(), ALICE, Some(&held.st), "openid").await;
        let access = match rotated {
            false => held.access.clone(),
            true => {
                let fresh = fixture.refresh(&app, &held.refresh).await.json();
                fresh["access_token"].as_str().expect("a token").to_owned()
            }
        };
        assert_eq!(fixture.revoke(&app, &held.refresh).await.status, 200);
        fixture.crash_and_restart().await;
        for token in [&held.access, &access, &held.refresh] {
            assert_eq!(fixture.introspect(&app, token).await.text, INACTIVE);
        }
        fixture.refresh(&app, &held.refresh).await.assert_oauth(400, "invalid_grant");
        assert!(
            fixture.is_signed_on(&other.st).await
                && fixture.is_active(&fixture.billing(), &other.access).await
        );
    }
}

/// P-55, Q-20: a client revokes what it holds in its own name, token by token.
#[tokio::test]
async fn a_worker_revokes_its_own_token() {
    let mut fixture = FaceFixture::open().await;
    let client = &fixture.world.data.worker;
    let app = App {
        id: client.id.to_string(),
        secret: fixture.world.data.secret(client).into(),
        redirect: String::new(),
    };
    let (one, two) = (fixture.worker().await, fixture.worker().await);
    assert_eq!(fixture.revoke(&app, &one).await.status, 200);
    // A change of the client's record brings nothing back.
    let before = fixture.world.data.worker.clone();
    fixture.world.edit_client(&before.id, |client| *client = before.clone()).await;
    fixture.crash_and_restart().await;
    let path = fixture.m(&format!("users/{}/sessions", fixture.world.data.alice.id));
    let invalid = Some(("INVALID_TOKEN", None));
    fixture.get(&path).bearer(&one).send().await.assert_error(401, "ACCESS_FAILED", invalid);
    assert_eq!(fixture.get(&path).bearer(&two).send().await.status, 200);
    assert_eq!(fixture.introspect(&app, &one).await.text, INACTIVE);
}

/// S-REV-1 to S-REV-3: RFC 7009 §2: rubbish counts as revoked, another client's token is refused, and a client proves itself.
#[tokio::test]
async fn what_cannot_be_revoked() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    for token in ["x", "a.b.c", &held.id_token, &held.st, &held.access[..held.access.len() - 2]] {
        assert_eq!(fixture.revoke(&app, token).await.status, 200, "{token}");
    }
    for token in [&held.access, &held.refresh] {
        fixture.revoke(&fixture.billing(), token).await.assert_oauth(400, "unauthorized_client");
    }
    let wrong = App { secret: "wrong".into(), ..app.clone() };
    fixture.revoke(&wrong, &held.access).await.assert_oauth(401, "invalid_client");
    let none = fixture.post(&fixture.a("as/revoke")).basic(&app.id, &app.secret).form(&[("a", "b")]);
    none.send().await.assert_oauth(400, "invalid_request");
    let get = fixture.get(&fixture.a("as/revoke")).send().await;
    assert_eq!((get.status.as_u16(), get.header("allow")), (405, "POST"));
    fixture.assert_live(&held).await;
    // A public client says its name.
    fixture.change(&app, |client| client.auth = ClientAuth::None).await;
    let form = [("token", held.access.as_str()), ("client_id", app.id.as_str())];
    assert_eq!(fixture.post(&fixture.a("as/revoke")).form(&form).send().await.status, 200);
    // It proves itself by a secret again, and not by one that was taken away.
    fixture.change(&app, |client| client.auth = ClientAuth::Basic).await;
    fixture.introspect(&app, &held.access).await.assert_oauth(401, "invalid_client");
    let (authority, id) = (fixture.world.authority(), app.id.parse().expect("an id"));
    let client = authority.any_client(&id).await.expect("an answer").expect("a client");
    let secret = authority.secret_of(&client).expect("a secret");
    assert_eq!(fixture.introspect(&App { secret, ..app }, &held.access).await.text, INACTIVE);
}

/// S-TOK-11, S-BCL-22: P-54: with the switch, unexpired tokens live on after the sign-off, and only they; other applications' die.
#[tokio::test]
async fn tokens_may_outlive_their_session() {
    let mut fixture = FaceFixture::open().await;
    let (shop, billing) = (fixture.shop(), fixture.billing());
    fixture.change(&billing, |client| client.outlives_session = true).await;
    let held = fixture.sign_on(ALICE).await;
    let other = fixture.sign_on_to(&billing, ALICE, Some(&held.st), "openid p1:read:sessions").await;
    let plain = fixture.sign_on_to(&billing, ALICE, Some(&other.st), "openid").await;
    let path = fixture.authorize(&billing, &[("response_mode", "pi.flow")]);
    let reply = fixture.get(&path).cookie(&plain.st).send().await.json();
    let code = reply["authorizeResponse"]["code"].as_str().expect("a code").to_owned();
    fixture.get(&fixture.a("as/signoff")).cookie(&plain.st).send().await;
    fixture.crash_and_restart().await;

    assert_eq!(fixture.introspect(&shop, &held.access).await.text, INACTIVE, "the others' die");
    fixture.refresh(&shop, &held.refresh).await.assert_oauth(400, "invalid_grant");
    for token in [&plain.access, &plain.refresh, &other.access] {
        assert!(fixture.is_active(&billing, token).await);
    }
    assert!(!fixture.is_signed_on(&plain.st).await, "the session does not");
    fixture.redeem(&billing, &code).await.assert_oauth(400, "invalid_grant");
    let fresh = fixture.refresh(&billing, &plain.refresh).await.json();
    assert!(fresh.get("id_token").is_none(), "no session, no token that speaks of one: {fresh}");
    assert!(fixture.is_active(&billing, fresh["access_token"].as_str().expect("a token")).await);
    let userinfo = fixture.get(&fixture.a("as/userinfo")).bearer(&plain.access).send().await;
    assert_eq!(userinfo.json()["sub"], claims(&plain.access)["sub"]);
    // Here nobody acts in the name of who signed off, least of all with the rights of the application.
    let path = fixture.m(&format!("users/{}/sessions", fixture.world.data.alice.id));
    let invalid = Some(("INVALID_TOKEN", None));
    fixture.get(&path).bearer(&other.access).send().await.assert_error(401, "ACCESS_FAILED", invalid);
    fixture.world.wait_s(3600);
    assert!(!fixture.is_active(&billing, &plain.access).await, "until they expire");
}

/// S-TOK-11: P-54: nothing outlives its user, its client, or the switch, and none of it comes back with them (ENDED-STAYS-ENDED).
#[tokio::test]
async fn nothing_outlives_its_user_its_client_or_the_switch() {
    let origin = || Origin::of_holder(adieu_authority::Channel::named("test"), None);
    for n in 0..4 {
        let fixture = FaceFixture::open().await;
        let (shop, authority) = (fixture.shop(), fixture.world.authority());
        fixture.change(&shop, |client| client.outlives_session = true).await;
        let held = fixture.sign_on(ALICE).await;
        fixture.get(&fixture.a("as/signoff")).cookie(&held.st).send().await;
        assert!(fixture.is_active(&shop, &held.access).await);
        let alice = fixture.world.data.alice.id;
        match n {
            0 => {
                for enabled in [false, true] {
                    drop(authority.set_enabled(alice, enabled, origin()).await.expect("changed"));
                }
            }
            1 => drop(authority.remove_user(alice, origin()).await.expect("removed")),
            2 => {
                for may in [false, true] {
                    fixture.change(&shop, |client| client.outlives_session = may).await;
                }
            }
            _ => {
                let order = EndOrder {
                    realm: None,
                    target: EndTarget::Grants(shop.id.parse().expect("an id")),
                    kind: EndKind::End,
                    cause: Cause::SignOff,
                    spare: None,
                    within: None,
                    origin: origin(),
                };
                drop(authority.end(order).await.expect("ended"));
            }
        }
        for token in [&held.access, &held.refresh] {
            assert_eq!(fixture.introspect(&shop, token).await.text, INACTIVE, "{n}");
        }
        fixture.refresh(&shop, &held.refresh).await.assert_oauth(400, "invalid_grant");
    }
}

/// Userinfo: the subject always, the rest by scope; 401 and 403 say why in their header (RFC 6750 §3.1).
#[tokio::test]
async fn userinfo_tells_what_the_scopes_allow() {
    let fixture = FaceFixture::open().await;
    let userinfo = fixture.a("as/userinfo");
    let bare = fixture.sign_on(ALICE).await;
    let sub = claims(&bare.access)["sub"].clone();
    let told = fixture.get(&userinfo).bearer(&bare.access).send().await;
    assert_eq!((told.status.as_u16(), told.json()), (200, serde_json::json!({"sub": sub})));
    assert_eq!(told.header("cache-control"), "no-store");
    let held = fixture.sign_on_to(&fixture.shop(), ALICE, None, "openid profile email").await;
    let told = fixture.post(&userinfo).bearer(&held.access).send().await.json();
    assert_eq!(
        (&told["sub"], &told["preferred_username"], &told["name"], &told["email"]),
        (&sub, &"alice".into(), &"Alice".into(), &"alice@example.test".into())
    );
    let worker = fixture.worker().await;
    for (bearer, status, challenge) in [
        (None, 401, "Bearer"),
        (Some("x"), 401, "Bearer error=\"invalid_token\""),
        (Some(held.id_token.as_str()), 401, "Bearer error=\"invalid_token\""),
        (Some(worker.as_str()), 401, "Bearer error=\"invalid_token\""),
    ] {
        let mut ask = fixture.get(&userinfo);
        if let Some(bearer) = bearer {
            ask = ask.bearer(bearer);
        }
        let reply = ask.send().await;
        assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (status, challenge));
    }
    let email = fixture.sign_on_with_code(&fixture.shop(), "email").await;
    let reply = fixture.get(&userinfo).bearer(&email).send().await;
    reply.assert_oauth(403, "insufficient_scope");
    fixture.get(&fixture.a("as/signoff")).cookie(&held.st).send().await;
    assert_eq!(fixture.get(&userinfo).bearer(&held.access).send().await.status, 401, "contract 1.7");
}

impl FaceFixture {
    /// The access token of a sign-on without an ID token.
    async fn sign_on_with_code(&self, app: &App, scope: &str) -> String {
        self.sign_on_to(app, ALICE, None, scope).await.access
    }
}
