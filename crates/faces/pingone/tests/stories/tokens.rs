//! The token endpoint, introspection, keys and discovery.
//!
//! Contract pingone.md 3.4 and 4.8; standards.md 2.2 to 2.5.

use adieu_authority::{Alg, Cause, EndKind, EndOrder, EndTarget, Origin};
use http::Method;

use crate::fixture::{ALICE, API, AUTH, App, FaceFixture, claims, encoded};

/// P-20: a client in its own name gets a token without user and session.
#[tokio::test]
async fn a_worker_gets_a_token_in_its_own_name() {
    let fixture = FaceFixture::open().await;
    let client = &fixture.world.data.worker;
    let app = App {
        id: client.id.to_string(),
        secret: fixture.world.data.secret(client).into(),
        redirect: String::new(),
    };
    let reply = fixture.token(&app, &[("grant_type", "client_credentials")]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(body.as_object().expect("an object").len(), 3, "{body}");
    let claims = claims(body["access_token"].as_str().expect("a token"));
    assert!(claims.get("sub").is_none() && claims.get("sid").is_none(), "{claims}");
    assert_eq!(claims["iss"], format!("{AUTH}/{}/as", fixture.env()));
    assert_eq!((&claims["client_id"], &claims["env"]), (&app.id.as_str().into(), &fixture.env().into()));
    assert_eq!(claims["aud"], serde_json::json!([API]));
    // A secret with the characters that a form encodes: id and secret are decoded before they are compared.
    let odd = fixture.post(&fixture.a("as/token")).basic(&app.id.replace('-', "%2D"), &app.secret);
    assert_eq!(odd.form(&[("grant_type", "client_credentials")]).send().await.status, 200);
}

/// S-CA-4: P-21, and every other way in which a client does not prove itself as configured.
#[tokio::test]
async fn a_client_that_does_not_prove_itself_gets_nothing() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let wrong = App { secret: "wrong".into(), ..app.clone() };
    let form = [("grant_type", "client_credentials")];
    let reply = fixture.token(&wrong, &form).await;
    reply.assert_oauth(401, "invalid_client");
    let text = reply.json()["error_description"].as_str().expect("a text").to_owned();
    assert!(
        text.starts_with("Request denied: Unsupported authentication method (Correlation ID: "),
        "{text}"
    );
    assert!(reply.header("www-authenticate").starts_with("Basic"));
    let unknown = App { id: "nobody".into(), ..app.clone() };
    fixture.token(&unknown, &form).await.assert_oauth(401, "invalid_client");
    // In the form, though it is to use Basic; both at once; nothing at all.
    let post = [("grant_type", "client_credentials"), ("client_id", &app.id), ("client_secret", &app.secret)];
    fixture.post(&fixture.a("as/token")).form(&post).send().await.assert_oauth(401, "invalid_client");
    fixture.token(&app, &post).await.assert_oauth(400, "invalid_request");
    fixture.post(&fixture.a("as/token")).form(&form).send().await.assert_oauth(401, "invalid_client");
    let broken = fixture.post(&fixture.a("as/token")).header("authorization", "Basic !!!").form(&form);
    broken.send().await.assert_oauth(401, "invalid_client");
    fixture.world.edit_client(&fixture.world.data.app.id, |client| client.enabled = false).await;
    fixture.token(&app, &form).await.assert_oauth(401, "invalid_client");
}

#[tokio::test]
async fn bad_requests_to_the_token_endpoint() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "")], "invalid_request"),
        (vec![("grant_type", "password"), ("username", "alice")], "unsupported_grant_type"),
        (vec![("grant_type", "client_credentials")], "unauthorized_client"),
        (vec![("grant_type", "authorization_code")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "x")], "invalid_grant"),
        (vec![("grant_type", "authorization_code"), ("code", "x"), ("code", "y")], "invalid_request"),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (
            vec![("grant_type", "refresh_token"), ("refresh_token", "x"), ("other", "1"), ("other", "1")],
            "invalid_request",
        ),
        (
            vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", "x"),
                ("resource", "1"),
                ("resource", "2"),
            ],
            "invalid_grant",
        ),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "\u{0}x")], "invalid_grant"),
        (vec![("grant_type", "refresh_token"), ("grant_type", "refresh_token")], "invalid_request"),
    ] {
        fixture.token(&app, &form).await.assert_oauth(400, error);
    }
    let json =
        fixture.post(&fixture.a("as/token")).header("content-type", "application/json").body("{\"a\":1}");
    json.send().await.assert_oauth(415, "invalid_request");
    let large = fixture.post(&fixture.a("as/token")).form(&[("code", &"x".repeat(70_000))]).send().await;
    large.assert_oauth(413, "invalid_request");
    for (path, allow) in [("as/token", "POST"), ("as/introspect", "POST"), ("as/jwks", "GET, HEAD")] {
        let reply = fixture.ask(Method::PUT, &fixture.a(path)).send().await;
        reply.assert_error(405, "INVALID_REQUEST", None);
        assert_eq!(reply.header("allow"), allow);
    }
    fixture.post("/6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90/as/token").send().await.assert_error(
        404,
        "NOT_FOUND",
        None,
    );
}

/// A code buys tokens once; its second use takes them away (RFC 6749 §4.1.2).
#[tokio::test]
async fn a_code_used_twice_takes_its_tokens_away() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let path = fixture.authorize(&app, &[("response_mode", "pi.flow")]);
    let reply = fixture.get(&path).cookie(&held.st).send().await.json();
    let code = reply["authorizeResponse"]["code"].as_str().expect("a code");
    fixture.redeem(&fixture.billing(), code).await.assert_oauth(400, "invalid_grant");
    let bought = fixture.held(&app, &held.st, code).await;
    fixture.redeem(&app, code).await.assert_oauth(400, "invalid_grant");
    assert_eq!(fixture.introspect(&app, &bought.access).await.text, r#"{"active":false}"#);
    fixture.refresh(&app, &bought.refresh).await.assert_oauth(400, "invalid_grant");
    fixture.assert_live(&held).await;

    let reply = fixture.get(&path).cookie(&held.st).send().await.json();
    let code = reply["authorizeResponse"]["code"].as_str().expect("a code").to_owned();
    fixture.world.wait_s(61);
    fixture.redeem(&app, &code).await.assert_oauth(400, "invalid_grant");
}

/// A code of a session that ended meanwhile buys nothing.
#[tokio::test]
async fn an_unredeemed_code_dies_with_its_session() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let path = fixture.authorize(&app, &[("response_mode", "pi.flow")]);
    let reply = fixture.get(&path).cookie(&held.st).send().await.json();
    fixture.get(&fixture.a("as/signoff")).cookie(&held.st).send().await;
    let code = reply["authorizeResponse"]["code"].as_str().expect("a code");
    fixture.redeem(&app, code).await.assert_oauth(400, "invalid_grant");
}

/// S-TOK-3, S-TOK-6: Refresh tokens rotate; an old one takes the family away; scopes may only shrink.
#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_takes_the_family_away() {
    let fixture = FaceFixture::open().await;
    let (app, held) =
        (fixture.shop(), fixture.sign_on_to(&fixture.shop(), ALICE, None, "openid profile").await);
    let more = [("grant_type", "refresh_token"), ("refresh_token", &held.refresh), ("scope", "openid email")];
    fixture.token(&app, &more).await.assert_oauth(400, "invalid_scope");
    let less = [("grant_type", "refresh_token"), ("refresh_token", &held.refresh), ("scope", "profile")];
    let first = fixture.token(&app, &less).await.json();
    assert_eq!(first["scope"], "profile");
    assert!(first.get("id_token").is_none());
    let first = first["refresh_token"].as_str().expect("a token").to_owned();
    fixture.world.wait_s(10);
    let second = fixture.refresh(&app, &first).await.json();
    assert_eq!(second["scope"], "openid profile", "the grant keeps its scopes");
    let (before, after) = (claims(&held.id_token), claims(second["id_token"].as_str().expect("an ID token")));
    assert_eq!((&before["sid"], &before["auth_time"]), (&after["sid"], &after["auth_time"]));
    assert!(after["iat"].as_i64() > before["iat"].as_i64() && after.get("nonce").is_none());
    let current = second["refresh_token"].as_str().expect("a token").to_owned();
    fixture.refresh(&fixture.billing(), &current).await.assert_oauth(400, "invalid_grant");
    assert_eq!(fixture.introspect(&app, &current).await.json()["sid"], held.sid.as_str());
    assert_eq!(fixture.introspect(&app, &first).await.text, r#"{"active":false}"#);

    fixture.world.wait_s(10); // Before, it might be an answer that was lost.
    fixture.refresh(&app, &first).await.assert_oauth(400, "invalid_grant");
    fixture.refresh(&app, &current).await.assert_oauth(400, "invalid_grant");
    for token in [held.access.as_str(), &current] {
        assert_eq!(fixture.introspect(&app, token).await.text, r#"{"active":false}"#);
    }
    assert!(fixture.is_signed_on(&held.st).await, "the session stays");
}

/// S-INT-1 to S-INT-4: Introspection says what the token says, and nothing private; what is not active is one answer.
#[tokio::test]
async fn introspection() {
    let fixture = FaceFixture::open().await;
    let (app, held) = (fixture.shop(), fixture.sign_on(ALICE).await);
    let reply = fixture.introspect(&app, &held.access).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    assert_eq!(body["active"], true);
    assert_eq!((&body["sid"], &body["client_id"]), (&held.sid.as_str().into(), &app.id.as_str().into()));
    assert_eq!(body["sub"], fixture.world.data.alice.id.to_string());
    assert!(body.get("gid").is_none() && body.get("cgn").is_none(), "{body}");

    for bad in ["x", "a.b.c", &held.id_token, &held.st, &format!("{}x", held.access), &"x".repeat(9000)] {
        assert_eq!(fixture.introspect(&app, bad).await.text, r#"{"active":false}"#, "{bad}");
    }
    let form = [("token", held.access.as_str())];
    fixture.post(&fixture.a("as/introspect")).form(&form).send().await.assert_oauth(401, "invalid_client");
    let wrong = App { secret: "wrong".into(), ..app.clone() };
    fixture.introspect(&wrong, &held.access).await.assert_oauth(401, "invalid_client");
    fixture.introspect(&app, "").await.assert_oauth(400, "invalid_request");
    let doubled = encoded(&[("token", &held.access), ("token", &held.access)]);
    let ask = fixture.post(&fixture.a("as/introspect")).basic(&app.id, &app.secret);
    let ask = ask.header("content-type", "application/x-www-form-urlencoded").body(doubled);
    ask.send().await.assert_oauth(400, "invalid_request");
    let text = fixture
        .post(&fixture.a("as/introspect"))
        .basic(&app.id, &app.secret)
        .header("content-type", "text/plain");
    text.body("token=x").send().await.assert_oauth(415, "invalid_request");

    fixture.world.wait_s(3600);
    assert_eq!(fixture.introspect(&app, &held.access).await.text, r#"{"active":false}"#, "expired");
    assert_eq!(fixture.introspect(&app, &held.refresh).await.json()["active"], true);
}

/// A client whose grants were all ended holds nothing any more, and its users stay signed on.
#[tokio::test]
async fn the_end_of_a_clients_grants_ends_its_tokens_only() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let order = EndOrder {
        realm: Some(fixture.world.data.realm.id),
        target: EndTarget::Grants(fixture.world.data.app.id.clone()),
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: Origin::of_holder(adieu_authority::Channel::named("test"), None),
    };
    fixture.world.authority().end(order).await.expect("an ending");
    assert_eq!(fixture.introspect(&fixture.shop(), &held.access).await.text, r#"{"active":false}"#);
    fixture.refresh(&fixture.shop(), &held.refresh).await.assert_oauth(400, "invalid_grant");
    assert!(fixture.is_signed_on(&held.st).await);
}

/// P-38: discovery says where everything is; the keys are those that sign, also after a restart.
#[tokio::test]
async fn discovery_and_keys() {
    let mut fixture = FaceFixture::open().await;
    let reply = fixture.get(&fixture.a("as/.well-known/openid-configuration")).send().await;
    assert_eq!(reply.header("content-type"), "application/json");
    let (issuer, body) = (format!("{AUTH}/{}/as", fixture.env()), reply.json());
    assert_eq!(body["issuer"], issuer);
    assert_eq!(body["end_session_endpoint"], format!("{issuer}/signoff"));
    // S-BCL-1, S-BCL-2.
    for member in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
        assert_eq!(body[member], true, "{member}");
    }
    assert_eq!(body["jwks_uri"], format!("{issuer}/jwks"));
    assert_eq!(
        body["response_modes_supported"],
        serde_json::json!(["pi.flow", "query", "fragment", "form_post"])
    );
    assert_eq!(body["code_challenge_methods_supported"], serde_json::json!(["S256"]));

    let keys = fixture.get(&fixture.a("as/jwks")).send().await.json();
    let held = fixture.sign_on(ALICE).await;
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(keys["keys"][0]["alg"], "RS256");
    assert!(keys["keys"][0].get("d").is_none());
    assert_eq!(fixture.ask(Method::HEAD, &fixture.a("as/jwks")).send().await.status, 200);
    fixture.crash_and_restart().await;
    assert_eq!(fixture.get(&fixture.a("as/jwks")).send().await.json(), keys);
    assert_eq!(fixture.introspect(&fixture.shop(), &held.access).await.json()["active"], true);
}

/// Of many who ask first, all see the same key.
#[tokio::test]
async fn many_first_users_of_a_realm_make_one_key() {
    let fixture = FaceFixture::open().await;
    let root = fixture.world.authority().root_realm().await.expect("a store").expect("the root realm");
    let path = format!("/{}/as/jwks", root.id);
    let (one, two, three) =
        tokio::join!(fixture.get(&path).send(), fixture.get(&path).send(), fixture.get(&path).send());
    assert_eq!(one.json()["keys"].as_array().map(Vec::len), Some(1));
    assert!(one.text == two.text && two.text == three.text);
}

/// S-DISC-5: A retired key still verifies: tokens live on, and a hint signed with it counts (contract pingone.md 1.3, rule 8).
#[tokio::test]
async fn a_retired_key_still_verifies() {
    let mut fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    fixture.world.wait_s(1);
    let realm = fixture.world.data.realm.clone();
    let rotated = fixture.world.authority().rotate_key(&realm, Alg::Rs256).await.expect("a new key");
    assert_eq!(
        fixture.sign_on(ALICE).await.header(),
        held.header(),
        "the new key is published and does not sign yet"
    );
    fixture.world.wait_s(rotated.signs_from.since(rotated.created_at).s());
    for restarted in [false, true] {
        if restarted {
            fixture.crash_and_restart().await;
        }
        let keys = fixture.get(&fixture.a("as/jwks")).send().await.json();
        assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2));
        fixture.assert_live(&held).await;
        let fresh = fixture.sign_on(ALICE).await;
        assert_ne!(fresh.header(), held.header(), "the new key signs");
        fixture.assert_live(&fresh).await;
    }
    let path = format!("{}?id_token_hint={}", fixture.a("as/signoff"), held.id_token);
    assert_eq!(fixture.get(&path).cookie(&held.st).send().await.status, 302);
    fixture.assert_ended(&held).await;
}
