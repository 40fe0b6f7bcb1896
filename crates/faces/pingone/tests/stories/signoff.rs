//! Sign-off: who is signed off, who is not, and where the browser goes.
//!
//! Contract pingone.md 1.1 to 1.8; what is refused must have ended nothing.

use adieu_authority::{Client, ClientAuth, DirectoryError, NewClient, RecordFault};
use adieu_face_pingone::{Settings, service};
use http::Method;

use crate::fixture::{ALICE, APPS, AUTH, BOB, FaceFixture, Held, encoded, settings};

const BYE: &str = "https://shop.example.test/bye";

fn signoff(fixture: &FaceFixture, pairs: &[(&str, &str)]) -> String {
    if pairs.is_empty() {
        fixture.a("as/signoff")
    } else {
        format!("{}?{}", fixture.a("as/signoff"), encoded(pairs))
    }
}

/// Asserts that a sign-off was refused with JSON and ended nothing.
async fn assert_refused(fixture: &FaceFixture, held: &Held, pairs: &[(&str, &str)], target: &str) {
    let reply = fixture
        .get(&signoff(fixture, pairs))
        .cookie(&held.st)
        .header("accept", "application/json")
        .send()
        .await;
    reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some(target))));
    assert_eq!(reply.location(), "");
    assert!(reply.set_cookie("ST").is_none());
    fixture.assert_live(held).await;
}

/// Goal: exit 1 as written: the session is over for every token and the cookie, durably.
/// Method: P-1, P-6, then P-2 to P-4 before and after a crash (P-5).
#[tokio::test]
async fn a_sign_off_ends_the_session_and_outlives_a_crash() {
    let mut fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let other = fixture.sign_on(BOB).await;
    fixture.assert_live(&held).await;

    let reply = fixture.get(&fixture.a("as/signoff")).cookie(&held.st).send().await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.location(), format!("{APPS}/{}/signon/#signedOff", fixture.env()));
    assert_eq!(reply.text, "");
    assert_eq!(reply.header("cache-control"), "no-cache, no-store, must-revalidate");
    for (name, rest) in [("ST", "; SameSite=None"), ("ST-NO-SS", "")] {
        let line = format!(
            "{name}=; Path=/{}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure{rest}",
            fixture.env()
        );
        assert_eq!(reply.set_cookie(name), Some(line.as_str()));
    }
    fixture.assert_ended(&held).await;
    fixture.crash_and_restart().await;
    fixture.assert_ended(&held).await;
    fixture.assert_live(&other).await;
}

/// P-65: one sign-off ends what both applications hold.
#[tokio::test]
async fn one_sign_off_ends_what_two_applications_hold() {
    let fixture = FaceFixture::open().await;
    let shop = fixture.sign_on(ALICE).await;
    let path = fixture.authorize(&fixture.billing(), &[]);
    let reply = fixture.get(&path).cookie(&shop.st).send().await;
    let code =
        reply.location().split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    let billing = fixture.held(&fixture.billing(), &shop.st, code).await;
    assert_eq!(billing.sid, shop.sid);
    assert_eq!(fixture.introspect(&fixture.billing(), &billing.access).await.json()["active"], true);

    assert_eq!(fixture.get(&fixture.a("as/signoff")).cookie(&shop.st).send().await.status, 302);
    fixture.assert_ended(&shop).await;
    for token in [&billing.access, &billing.refresh] {
        assert_eq!(fixture.introspect(&fixture.billing(), token).await.text, r#"{"active":false}"#);
    }
    fixture.refresh(&fixture.billing(), &billing.refresh).await.assert_oauth(400, "invalid_grant");
}

/// P-22: an expired hint still counts. P-26: address and state.
#[tokio::test]
async fn an_expired_hint_of_the_same_user_leads_to_the_registered_address() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    fixture.world.wait_s(7200);
    let pairs = [
        ("id_token_hint", held.id_token.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", "x y"),
        ("client_id", &fixture.shop().id),
        ("ui_locales", "fr"),
    ];
    let reply = fixture.get(&signoff(&fixture, &pairs)).cookie(&held.st).send().await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, "https://shop.example.test/bye?state=x+y"));
    assert!(!fixture.is_signed_on(&held.st).await);

    let held = fixture.sign_on(ALICE).await;
    let hinted = signoff(&fixture, &[("id_token_hint", &held.id_token)]);
    let reply = fixture.get(&hinted).cookie(&held.st).send().await;
    assert_eq!(reply.location(), format!("{APPS}/{}/signon/#signedOff", fixture.env()));
}

/// Goal: F-3: an application's hint and the cookie may name two sessions of one user: the request ends both, and those of others live.
#[tokio::test]
async fn the_session_of_the_hint_ends_besides_that_of_the_cookie() {
    let fixture = FaceFixture::open().await;
    let (first, second) = (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await);
    let (third, bob) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOB).await);
    let pairs = [("id_token_hint", first.id_token.as_str()), ("post_logout_redirect_uri", BYE)];
    let reply = fixture.get(&signoff(&fixture, &pairs)).cookie(&second.st).send().await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, BYE));
    fixture.assert_ended(&first).await;
    fixture.assert_ended(&second).await;
    fixture.assert_live(&third).await;
    fixture.assert_live(&bob).await;
    // The first one is over by now: the hint still names an application whose address is followed.
    let reply = fixture.get(&signoff(&fixture, &pairs)).cookie(&third.st).send().await;
    assert_eq!(reply.location(), BYE);
    fixture.assert_ended(&third).await;
}

/// Goal: F-4: a browser whose cookies carry several sessions is signed off from all of them, whatever their order and their name.
#[tokio::test]
async fn a_sign_off_ends_what_every_cookie_carries() {
    let fixture = FaceFixture::open().await;
    let (dead, one, other) =
        (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await, fixture.sign_on(BOB).await);
    assert_eq!(fixture.get(&fixture.a("as/signoff")).cookie(&dead.st).send().await.status, 302);
    let cookies = format!("ST={}; ST={}; ST-NO-SS={}", dead.st, one.st, other.st);
    let silent = fixture.authorize(&fixture.shop(), &[("prompt", "none")]);
    let reply = fixture.get(&silent).header("cookie", &cookies).send().await;
    assert!(reply.location().contains("code="), "the first live one counts: {}", reply.location());
    let reply = fixture.get(&fixture.a("as/signoff")).header("cookie", &cookies).send().await;
    assert_eq!(reply.status, 302);
    fixture.assert_ended(&one).await;
    fixture.assert_ended(&other).await;
}

/// P-23, P-25, and a `client_id` that is not the hint's.
#[tokio::test]
async fn a_hint_of_another_user_issuer_or_key_ends_nothing() {
    let fixture = FaceFixture::open().await;
    let (held, bob) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOB).await);
    assert_refused(&fixture, &held, &[("id_token_hint", &bob.id_token)], "id_token_hint").await;

    let (signed, signature) = held.id_token.rsplit_once('.').expect("three parts");
    let forged = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    for bad in [forged.as_str(), "x", "a.b.c", &held.access, &held.refresh] {
        assert_refused(&fixture, &held, &[("id_token_hint", bad)], "id_token_hint").await;
    }
    // The same keys under another name: a hint of another issuer.
    let elsewhere = Settings { auth_base: "https://login.other.test".into(), ..settings() };
    let other =
        FaceFixture { service: service(fixture.world.authority().clone(), elsewhere), world: fixture.world };
    let foreign = other.sign_on(ALICE).await;
    let fixture =
        FaceFixture { service: service(other.world.authority().clone(), settings()), world: other.world };
    assert_refused(&fixture, &held, &[("id_token_hint", &foreign.id_token)], "id_token_hint").await;

    let pairs =
        [("id_token_hint", held.id_token.as_str()), ("client_id", "a1fa0000-0000-4000-8000-0000000000c3")];
    assert_refused(&fixture, &held, &pairs, "client_id").await;
}

/// P-24: a hint of an application that is disabled or gone.
#[tokio::test]
async fn a_hint_of_a_disabled_or_deleted_application_ends_nothing() {
    let fixture = FaceFixture::open().await;
    let shop_held = fixture.sign_on(ALICE).await;
    let billing = fixture.sign_on_to(&fixture.billing(), ALICE, None, "openid").await;
    let authority = fixture.world.authority().clone();
    fixture.world.edit_client(&fixture.world.data.app_two.id, |client| client.enabled = false).await;
    assert_refused(&fixture, &shop_held, &[("id_token_hint", &billing.id_token)], "id_token_hint").await;
    let origin = adieu_authority::Origin::of_holder(adieu_authority::Channel::named("test"), None);
    authority.remove_client(&fixture.world.data.app_two.id, origin).await.expect("a change");
    assert_refused(&fixture, &shop_held, &[("id_token_hint", &billing.id_token)], "id_token_hint").await;
}

/// P-27: only exactly registered addresses, with and without hint; and P-26: the address's own query stays.
#[tokio::test]
async fn only_exactly_registered_addresses_are_followed() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    for bad in [
        "https://shop.example.test/bye/",
        "https://shop.example.test/Bye",
        "https://SHOP.example.test/bye",
        "https://shop.example.test/bye?x=1",
        "https://evil.test/",
        "//evil.test",
        "javascript:alert(1)",
        "https://billing.example.test/bye\r\nSet-Cookie: x=y",
    ] {
        assert_refused(&fixture, &held, &[("post_logout_redirect_uri", bad)], "post_logout_redirect_uri")
            .await;
        let hinted = [("post_logout_redirect_uri", bad), ("id_token_hint", held.id_token.as_str())];
        assert_refused(&fixture, &held, &hinted, "post_logout_redirect_uri").await;
    }
    // Registered, but not for the hint's application.
    let other = [
        ("post_logout_redirect_uri", "https://billing.example.test/bye"),
        ("id_token_hint", held.id_token.as_str()),
    ];
    assert_refused(&fixture, &held, &other, "post_logout_redirect_uri").await;

    let address = "https://shop.example.test/bye?keep=1";
    let more = |client: &mut Client| client.post_logout_redirect_uris.push(address.into());
    fixture.world.edit_client(&fixture.world.data.app.id, more).await;
    let pairs = [("post_logout_redirect_uri", "https://shop.example.test/bye?keep=1"), ("state", "s")];
    let reply = fixture.get(&signoff(&fixture, &pairs)).cookie(&held.st).send().await;
    assert_eq!(reply.location(), "https://shop.example.test/bye?keep=1&state=s");
}

/// P-28: without a hint any enabled application's address counts, a disabled one's does not.
#[tokio::test]
async fn without_a_hint_any_enabled_applications_address_counts() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let billing = "https://billing.example.test/bye";
    fixture.world.edit_client(&fixture.world.data.app_two.id, |client| client.enabled = false).await;
    assert_refused(&fixture, &held, &[("post_logout_redirect_uri", billing)], "post_logout_redirect_uri")
        .await;
    fixture.world.edit_client(&fixture.world.data.app_two.id, |client| client.enabled = true).await;
    let path = signoff(&fixture, &[("post_logout_redirect_uri", billing)]);
    assert_eq!(fixture.get(&path).cookie(&held.st).send().await.location(), billing);
    fixture.assert_ended(&held).await;
}

/// P-29: address and state of 8192 characters or more.
#[tokio::test]
async fn an_address_and_state_that_are_too_long_end_nothing() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let state = "s".repeat(8192 - BYE.len());
    let pairs = [("post_logout_redirect_uri", BYE), ("state", state.as_str())];
    let form = fixture.post(&fixture.a("as/signoff")).cookie(&held.st).header("accept", "application/json");
    let reply = form.form(&pairs).send().await;
    reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("post_logout_redirect_uri"))));
    fixture.assert_live(&held).await;
    let pairs = [("post_logout_redirect_uri", BYE), ("state", &state[1..])];
    let reply = fixture.post(&fixture.a("as/signoff")).cookie(&held.st).form(&pairs).send().await;
    assert_eq!(reply.status, 302);
    fixture.assert_ended(&held).await;
}

/// P-30: without a live session the answer is the same, as often as one asks; and so for tokens of elsewhere.
#[tokio::test]
async fn who_is_not_signed_on_is_signed_off_all_the_same() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let there = format!("{APPS}/{}/signon/#signedOff", fixture.env());
    for _ in 0..2 {
        assert_eq!(fixture.get(&fixture.a("as/signoff")).send().await.location(), there);
    }
    for token in ["x", "", "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90", &held.st[1..]] {
        let reply = fixture.get(&fixture.a("as/signoff")).cookie(token).send().await;
        assert_eq!((reply.status.as_u16(), reply.location()), (302, there.as_str()), "{token:?}");
        assert!(reply.set_cookie("ST").is_some());
    }
    // Another environment does not end it.
    let root = fixture.world.authority().root_realm().await.expect("a store").expect("the root realm");
    let reply = fixture.get(&format!("/{}/as/signoff", root.id)).cookie(&held.st).send().await;
    assert_eq!(reply.location(), format!("{APPS}/{}/signon/#signedOff", root.id));
    fixture.assert_live(&held).await;
    // With a valid hint and no cookie nothing is ended by the hint alone.
    let hinted = signoff(&fixture, &[("id_token_hint", &held.id_token), ("post_logout_redirect_uri", BYE)]);
    assert_eq!(fixture.get(&hinted).send().await.location(), BYE);
    fixture.assert_live(&held).await;
}

/// P-31: a post with an empty body, with a form, and with a form over a query.
#[tokio::test]
async fn a_post_signs_off_like_a_get() {
    let fixture = FaceFixture::open().await;
    let there = format!("{APPS}/{}/signon/#signedOff", fixture.env());
    let held = fixture.sign_on(ALICE).await;
    let reply = fixture.post(&fixture.a("as/signoff")).cookie(&held.st).send().await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, there.as_str()));
    fixture.assert_ended(&held).await;

    let held = fixture.sign_on(ALICE).await;
    let bad = fixture.post(&fixture.a("as/signoff")).cookie(&held.st).header("accept", "application/json");
    let reply = bad.form(&[("post_logout_redirect_uri", "https://evil.test/")]).send().await;
    reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("post_logout_redirect_uri"))));
    fixture.assert_live(&held).await;
    let path = signoff(&fixture, &[("post_logout_redirect_uri", "https://evil.test/")]);
    let form = [("post_logout_redirect_uri", BYE), ("state", "x y")];
    let reply = fixture.post(&path).cookie(&held.st).form(&form).send().await;
    assert_eq!(reply.location(), "https://shop.example.test/bye?state=x+y", "the form wins");
    fixture.assert_ended(&held).await;
}

/// A browser is shown a page that names the problem and offers a way out; a program gets JSON.
#[tokio::test]
async fn a_refused_sign_off_is_a_page_for_people() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let path = signoff(&fixture, &[("post_logout_redirect_uri", "https://evil.test/")]);
    for accept in ["text/html,*/*", "*/*"] {
        let reply = fixture.get(&path).cookie(&held.st).header("accept", accept).send().await;
        assert_eq!(reply.status, 400);
        assert!(reply.header("content-type").starts_with("text/html"));
        assert!(reply.text.contains(reply.header("correlation-id")), "{}", reply.text);
        assert!(reply.text.contains(&format!("action=\"{AUTH}/{}/as/signoff\"", fixture.env())));
        assert!(reply.header("content-security-policy").contains(AUTH));
    }
    let nobody = fixture.get(&path).header("accept", "text/html").send().await;
    assert!(!nobody.text.contains("as/signoff"), "there is nothing to sign off: {}", nobody.text);
    fixture.assert_live(&held).await;
}

/// A look is no sign-off, and neither is a request that is not understood.
#[tokio::test]
async fn odd_requests_sign_nobody_off() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let path = fixture.a("as/signoff");
    for method in [Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let reply = fixture.ask(method.clone(), &path).cookie(&held.st).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, POST"), "{method}");
    }
    for name in ["id_token_hint", "post_logout_redirect_uri", "state", "client_id"] {
        let doubled = signoff(&fixture, &[(name, "x"), (name, "x")]);
        let reply = fixture.get(&doubled).cookie(&held.st).header("accept", "application/json").send().await;
        reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some(name))));
    }
    let json = fixture.post(&path).cookie(&held.st).header("content-type", "application/json").body("{}");
    json.send().await.assert_error(415, "INVALID_REQUEST", None);
    let large = fixture.post(&path).cookie(&held.st).form(&[("state", &"s".repeat(70_000))]).send().await;
    large.assert_error(413, "INVALID_REQUEST", None);
    for bad in ["/x/as/signoff", "/6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90/as/signoff", "/%ff/as/signoff"] {
        fixture.get(bad).cookie(&held.st).send().await.assert_error(404, "NOT_FOUND", None);
    }
    fixture.get(&format!("{path}/")).cookie(&held.st).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.assert_live(&held).await;
}

/// Any carrier takes any of our credentials, and the second cookie is read when the first is not there.
#[tokio::test]
async fn a_prefixed_token_and_the_second_cookie_sign_off_too() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let line = format!("ST-NO-SS={}", held.st);
    assert_eq!(fixture.get(&fixture.a("as/signoff")).header("cookie", &line).send().await.status, 302);
    fixture.assert_ended(&held).await;
    let held = fixture.sign_on(ALICE).await;
    let prefixed = format!("ory_st_{}", held.st);
    assert_eq!(fixture.get(&fixture.a("as/signoff")).cookie(&prefixed).send().await.status, 302);
    fixture.assert_ended(&held).await;
}

/// S-20: an address that no header can carry is registered for nobody, and a request for it ends nothing.
#[tokio::test]
async fn an_address_that_no_header_can_carry_is_refused() {
    let fixture = FaceFixture::open().await;
    let odd = "https://odd.example.test/\u{e4}\n";
    let new = NewClient {
        id: "odd".parse().expect("an id"),
        name: "Odd".into(),
        auth: ClientAuth::Basic,
        code: true,
        refresh: false,
        client_credentials: false,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec![odd.into()],
        post_logout_redirect_uris: vec![odd.into()],
        roles: vec![],
    };
    let made = fixture.world.authority().create_client(fixture.world.data.realm.id, new).await;
    assert!(matches!(made, Err(DirectoryError::Fault(RecordFault::RedirectUri))), "{made:?}");
    let held = fixture.sign_on(ALICE).await;
    assert_refused(&fixture, &held, &[("post_logout_redirect_uri", odd)], "post_logout_redirect_uri").await;
}

/// Goal: ONE-SESSION: a session that began in Kratos' dialect gives a code here and is signed off here.
#[tokio::test]
async fn a_session_of_another_channel_is_signed_off_here() {
    let fixture = FaceFixture::open().await;
    let token = fixture.world.sign_on_kratos("alice@example.test", ALICE.1).await;
    assert!(fixture.is_signed_on(&token).await);
    assert_eq!(fixture.get(&fixture.a("as/signoff")).cookie(&token).send().await.status, 302);
    assert!(!fixture.is_signed_on(&token).await);
    let whoami = fixture.world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    assert_eq!(whoami.status, 401);
}
