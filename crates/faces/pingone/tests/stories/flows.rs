//! Authorize, flows and resume: how a code comes about, and how it does not.
//!
//! Contract pingone.md 4.5 to 4.7, and the clients of standards.md 2.1.

use adieu_authority::{ClientAuth, NewClient};
use adieu_face_pingone::Settings;
use adieu_http_kit::companion::{Companion, Companions, CookieRealms};
use adieu_http_kit::cookies::SessionCookieName;
use http::Method;

use crate::fixture::{ALICE, APPS, AUTH, App, BOB, CHECK, FaceFixture, claims, encoded, settings};

/// P-39: without a session the browser is sent to the page of a new flow.
#[tokio::test]
async fn without_a_session_the_browser_is_sent_to_the_page() {
    let fixture = FaceFixture::open().await;
    let page = format!("{APPS}/{}/signon/?flowId=", fixture.env());
    for path in [fixture.authorize(&fixture.shop(), &[]), fixture.authorize(&fixture.shop(), &[("odd", "1")])]
    {
        let reply = fixture.get(&path).send().await;
        assert_eq!(reply.status, 302);
        assert!(reply.location().starts_with(&page), "{}", reply.location());
        assert_eq!(reply.location().len(), page.len() + 36);
        assert!(reply.set_cookie("ST").is_none(), "Q-22");
    }
    let form = [("client_id", fixture.shop().id), ("redirect_uri", fixture.shop().redirect)];
    let form =
        [("client_id", form[0].1.as_str()), ("redirect_uri", form[1].1.as_str()), ("response_type", "code")];
    let reply = fixture.post(&fixture.a("as/authorize")).form(&form).send().await;
    assert!(reply.location().starts_with(&page));
}

/// P-40 to P-43 and P-45: the whole way with `pi.flow`, and silently afterwards.
#[tokio::test]
async fn the_way_with_pi_flow() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let pairs = [("response_mode", "pi.flow"), ("state", "s t"), ("nonce", "n")];
    let reply =
        fixture.get(&fixture.authorize(&app, &pairs)).header("accept", "application/json").send().await;
    let flow = reply.json();
    let id = flow["id"].as_str().expect("an id");
    let url = format!("{AUTH}/{}/flows/{id}", fixture.env());
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED");
    assert_eq!(flow["resumeUrl"], format!("{AUTH}/{}/as/resume?flowId={id}", fixture.env()));
    assert_eq!(flow["_links"]["usernamePassword.check"]["href"], url);
    assert_eq!(flow["createdAt"], "2026-11-20T09:14:07.312Z");
    assert_eq!(flow["expiresAt"], "2026-11-20T09:29:07.312Z");
    assert!(flow.get("session").is_none());
    let read = fixture.get(&fixture.a(&format!("flows/{id}"))).bearer("ignored").send().await;
    assert_eq!(read.json(), flow);

    let done = fixture.check(id, ALICE).send().await;
    assert_eq!((done.status.as_u16(), &done.json()["status"]), (200, &"COMPLETED".into()));
    let line = format!(
        "; Path=/{}; Expires=Sun, 20 Dec 2026 09:14:07 GMT; Max-Age=2592000; HttpOnly; Secure",
        fixture.env()
    );
    let st = done.cookie("ST").expect("a token").to_owned();
    assert_eq!(done.set_cookie("ST"), Some(format!("ST={st}{line}; SameSite=None").as_str()), "P-41");
    assert_eq!(done.set_cookie("ST-NO-SS"), Some(format!("ST-NO-SS={st}{line}").as_str()));

    let resume = fixture.a(&format!("as/resume?flowId={id}"));
    for bad in [fixture.get(&resume), fixture.get(&resume).cookie(&fixture.sign_on(BOB).await.st)] {
        bad.send().await.assert_error(401, "ACCESS_FAILED", Some(("INVALID_TOKEN", None)));
    }
    let resumed = fixture.get(&resume).cookie(&st).send().await.json();
    assert_eq!(resumed["authorizeResponse"]["state"], "s t");
    let held = fixture.held(&app, &st, resumed["authorizeResponse"]["code"].as_str().expect("a code")).await;
    assert_eq!(done.json()["session"]["id"], held.sid.as_str());
    let id_token = claims(&held.id_token);
    assert_eq!((&id_token["nonce"], &id_token["aud"]), (&"n".into(), &app.id.as_str().into()));

    let silent = fixture.get(&fixture.authorize(&app, &pairs)).cookie(&st).send().await.json();
    assert_eq!(silent["status"], "COMPLETED", "P-45");
    assert_eq!(silent["authorizeResponse"]["state"], "s t");
    let code = silent["authorizeResponse"]["code"].as_str().expect("a code");
    assert_eq!(fixture.held(&app, &st, code).await.sid, held.sid);
}

/// P-43: in the redirect mode the code goes to the registered address, with state and issuer.
#[tokio::test]
async fn the_way_with_a_redirect() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let begun = fixture.get(&fixture.authorize(&app, &[("state", "x")])).send().await;
    let id = begun.location().rsplit('=').next().expect("a flow").to_owned();
    let resume = fixture.a(&format!("as/resume?flowId={id}"));
    let early = fixture.get(&resume).send().await;
    assert_eq!(early.location(), begun.location(), "a flow that waits leads back to its page");
    let st = fixture.check(&id, ALICE).send().await.cookie("ST").expect("a token").to_owned();
    let reply = fixture.get(&resume).cookie(&st).send().await;
    assert_eq!(reply.status, 302);
    let (address, query) = reply.location().split_once('?').expect("a query");
    assert_eq!(address, app.redirect);
    let iss = encoded(&[("iss", &format!("{AUTH}/{}/as", fixture.env()))]);
    assert!(query.starts_with("code=") && query.ends_with(&format!("&{iss}&state=x")), "{query}");
}

/// P-42: a wrong password and an unknown user are the same answer, and the flow goes on.
#[tokio::test]
async fn wrong_credentials_are_one_answer() {
    let fixture = FaceFixture::open().await;
    let id = fixture.flow(&fixture.shop(), &[]).await;
    let (mut texts, mut left) = (vec![], vec![]);
    for who in [("alice", "wrong"), ("nobody", "wrong"), ("bob", ALICE.1), ("alice", &"x".repeat(2000))] {
        let reply = fixture.check(&id, who).send().await;
        reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("password"))));
        assert!(reply.set_cookie("ST").is_none());
        let mut body = reply.json();
        body["id"] = "".into();
        // The name counts, known or not: the second try of one has one less.
        left.push(body["details"][0]["innerError"]["failuresRemaining"].take());
        texts.push(body.to_string());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(left, [9, 9, 9, 8]);
    assert_eq!(fixture.check(&id, ALICE).send().await.status, 200);
}

/// P-44: a flow is finished once, and not after fifteen minutes without work on it.
#[tokio::test]
async fn a_flow_is_finished_once_and_in_time() {
    let fixture = FaceFixture::open().await;
    let id = fixture.flow(&fixture.shop(), &[]).await;
    let st = fixture.check(&id, ALICE).send().await.cookie("ST").expect("a token").to_owned();
    fixture.check(&id, ALICE).cookie(&st).send().await.assert_error(404, "NOT_FOUND", None);
    let resume = fixture.a(&format!("as/resume?flowId={id}"));
    assert_eq!(fixture.get(&resume).cookie(&st).send().await.status, 200);
    fixture.get(&resume).cookie(&st).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.get(&fixture.a(&format!("flows/{id}"))).cookie(&st).send().await.assert_error(
        404,
        "NOT_FOUND",
        None,
    );

    let id = fixture.flow(&fixture.shop(), &[]).await;
    fixture.world.wait_s(899);
    assert_eq!(fixture.get(&fixture.a(&format!("flows/{id}"))).send().await.status, 200);
    fixture.world.wait_s(1);
    fixture.get(&fixture.a(&format!("flows/{id}"))).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.check(&id, ALICE).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.get(&fixture.a(&format!("as/resume?flowId={id}"))).send().await.assert_error(
        404,
        "NOT_FOUND",
        None,
    );
}

/// Two who send the same credentials at once: one flow, one completion.
#[tokio::test]
async fn of_two_at_once_one_completes_the_flow() {
    let fixture = FaceFixture::open().await;
    let id = fixture.flow(&fixture.shop(), &[]).await;
    let (one, two) = tokio::join!(fixture.check(&id, ALICE).send(), fixture.check(&id, ALICE).send());
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort();
    assert_eq!(statuses, [200, 404]);
}

/// P-46: nobody is asked anything, in both modes.
#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let pairs = [("prompt", "none"), ("response_mode", "pi.flow")];
    let reply = fixture.post(&fixture.authorize(&app, &pairs)).send().await;
    reply.assert_error(400, "INVALID_REQUEST", Some(("login_required", None)));
    let reply = fixture.get(&fixture.authorize(&app, &[("prompt", "none"), ("state", "q")])).send().await;
    assert_eq!(reply.status, 302);
    let start = format!("{}?error=login_required&", app.redirect);
    assert!(reply.location().starts_with(&start) && reply.location().ends_with("&state=q"));
}

/// P-47: a sign-on gives a new token, the same session, and the old token is dead; so is it when somebody else signs on.
#[tokio::test]
async fn every_completed_flow_gives_a_new_token() {
    let fixture = FaceFixture::open().await;
    let first = fixture.sign_on(ALICE).await;
    let second = fixture.sign_on_to(&fixture.shop(), ALICE, Some(&first.st), "openid").await;
    assert_ne!(first.st, second.st);
    assert_eq!(first.sid, second.sid);
    assert!(!fixture.is_signed_on(&first.st).await);
    fixture.assert_live(&second).await;

    let bob = fixture.sign_on_to(&fixture.shop(), BOB, Some(&second.st), "openid").await;
    assert_ne!(bob.sid, second.sid);
    fixture.assert_ended(&second).await;
    fixture.assert_live(&bob).await;
}

/// `prompt=login` and `max_age` ask again; the flow belongs to the session that is there.
#[tokio::test]
async fn a_flow_that_asks_again_belongs_to_its_session() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let app = fixture.shop();
    fixture.world.wait_s(100);
    for (pairs, asks) in [
        ([("prompt", "login")], true),
        ([("max_age", "99")], true),
        ([("max_age", "0")], true),
        ([("max_age", "100")], false),
        ([("prompt", "consent")], true),
    ] {
        let reply = fixture.get(&fixture.authorize(&app, &pairs)).cookie(&held.st).send().await;
        assert_eq!(reply.location().contains("/signon/?flowId="), asks, "{pairs:?} {}", reply.location());
    }
    let pairs = [("prompt", "login"), ("response_mode", "pi.flow")];
    let flow = fixture.get(&fixture.authorize(&app, &pairs)).cookie(&held.st).send().await.json();
    let id = flow["id"].as_str().expect("a flow");
    assert_eq!(flow["session"]["id"], held.sid.as_str());
    fixture.check(id, ALICE).send().await.assert_error(401, "ACCESS_FAILED", Some(("INVALID_TOKEN", None)));
    let reply = fixture.check(id, ALICE).cookie(&held.st).send().await;
    assert_eq!(reply.json()["session"]["id"], held.sid.as_str());
    // A hint of somebody else is not answered by Alice's session.
    let bob = fixture.sign_on(BOB).await;
    let hinted = [("id_token_hint", bob.id_token.as_str()), ("prompt", "none")];
    let st = reply.cookie("ST").expect("a token");
    let reply = fixture.get(&fixture.authorize(&app, &hinted)).cookie(st).send().await;
    assert!(reply.location().contains("error=login_required"));
}

/// Nothing is redirected to where nobody registered it; what is told is told to the client.
#[tokio::test]
async fn bad_authorize_requests() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let other = |id: &str, redirect: &str| App { id: id.into(), redirect: redirect.into(), ..app.clone() };
    for (path, target) in [
        (fixture.authorize(&other("nobody", &app.redirect), &[]), "client_id"),
        (fixture.authorize(&other("", &app.redirect), &[]), "client_id"),
        (fixture.authorize(&other(&app.id, "https://evil.test/"), &[]), "redirect_uri"),
        (fixture.authorize(&other(&app.id, &format!("{}/", app.redirect)), &[]), "redirect_uri"),
        (fixture.authorize(&other(&app.id, ""), &[]), "redirect_uri"),
        (fixture.authorize(&app, &[("client_id", &app.id)]), "client_id"),
        (fixture.authorize(&app, &[("redirect_uri", "https://evil.test/")]), "redirect_uri"),
        (fixture.authorize(&app, &[("state", "1"), ("state", "2")]), "state"),
    ] {
        let reply = fixture.get(&path).send().await;
        reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some(target))));
        assert_eq!(reply.location(), "");
        let page = fixture.get(&path).header("accept", "text/html").send().await;
        assert!(page.status == 400 && page.header("content-type").starts_with("text/html"));
    }
    let long = "x".repeat(3000);
    for (pairs, error) in [
        (vec![("response_mode", "web_message")], "invalid_request"),
        (vec![("code_challenge", "x")], "invalid_request"),
        (vec![("code_challenge", &long[..43]), ("code_challenge_method", "plain")], "invalid_request"),
        (vec![("scope", "strange")], "invalid_scope"),
        (vec![("scope", &long)], "invalid_request"),
        (vec![("nonce", "1"), ("nonce", "2")], "invalid_request"),
        (vec![("max_age", "-1")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("request", "x")], "request_not_supported"),
        (vec![("request_uri", "x")], "request_uri_not_supported"),
        (vec![("id_token_hint", "x")], "invalid_request"),
        (vec![("state", &long)], "invalid_request"),
    ] {
        let reply = fixture.get(&fixture.authorize(&app, &pairs)).send().await;
        let start = format!("{}?error={error}&", app.redirect);
        assert!(reply.location().starts_with(&start), "{pairs:?}: {}", reply.location());
    }
    for (kind, error) in [("token", "unsupported_response_type"), ("", "invalid_request")] {
        let pairs =
            [("client_id", app.id.as_str()), ("redirect_uri", &app.redirect), ("response_type", kind)];
        let reply = fixture.get(&format!("{}?{}", fixture.a("as/authorize"), encoded(&pairs))).send().await;
        assert!(reply.location().starts_with(&format!("{}?error={error}&", app.redirect)));
    }
    let large = fixture.post(&fixture.a("as/authorize")).form(&[("state", &"s".repeat(70_000))]).send().await;
    large.assert_error(413, "INVALID_REQUEST", None);
    let json = fixture.post(&fixture.a("as/authorize")).header("content-type", "application/json").body("{}");
    json.send().await.assert_error(415, "INVALID_REQUEST", None);
}

/// Odd requests to a flow leave it as it was.
#[tokio::test]
async fn bad_requests_to_a_flow() {
    let fixture = FaceFixture::open().await;
    let id = fixture.flow(&fixture.shop(), &[]).await;
    let path = fixture.a(&format!("flows/{id}"));
    let send = |kind: &str, body: &str| {
        fixture.post(&path).header("content-type", kind).body(body.to_owned()).send()
    };
    for kind in
        ["application/json", "application/x-www-form-urlencoded", "application/vnd.pingidentity.x+json"]
    {
        send(kind, "{}").await.assert_error(415, "INVALID_REQUEST", None);
    }
    fixture.post(&path).send().await.assert_error(415, "INVALID_REQUEST", None);
    for body in ["", "x", "[]", "null", r#"{"username":1,"password":"x"}"#, "\"x\""] {
        send(CHECK, body).await.assert_error(400, "INVALID_REQUEST", None);
    }
    let twice = r#"{"username":"a","username":"b"}"#;
    send(CHECK, twice).await.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("username"))));
    for (body, target) in [
        ("{}", "username"),
        (r#"{"username":" ","password":"x"}"#, "username"),
        (r#"{"username":"alice"}"#, "password"),
        (r#"{"username":"alice","password":null}"#, "password"),
    ] {
        let reply = send(CHECK, body).await;
        reply.assert_error(400, "INVALID_DATA", Some(("REQUIRED_VALUE", Some(target))));
    }
    send(CHECK, &" ".repeat(70_000)).await.assert_error(413, "INVALID_REQUEST", None);
    for bad in ["x", "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90", "6f0d8a513c1e4b7a9d528e2b4f7c1a90"] {
        fixture.get(&fixture.a(&format!("flows/{bad}"))).send().await.assert_error(404, "NOT_FOUND", None);
        let path = fixture.a(&format!("as/resume?flowId={bad}"));
        fixture.get(&path).send().await.assert_error(404, "NOT_FOUND", None);
    }
    let root = fixture.world.authority().root_realm().await.expect("a store").expect("the root realm");
    fixture.get(&format!("/{}/flows/{id}", root.id)).send().await.assert_error(404, "NOT_FOUND", None);
    let none = fixture.get(&fixture.a("as/resume")).send().await;
    none.assert_error(400, "INVALID_DATA", Some(("REQUIRED_VALUE", Some("flowId"))));
    let head = fixture.ask(Method::HEAD, &fixture.a(&format!("as/resume?flowId={id}"))).send().await;
    assert_eq!((head.status.as_u16(), head.header("allow")), (405, "GET"));
    assert_eq!(fixture.check(&id.to_uppercase(), ALICE).send().await.status, 200, "either letter case");
}

/// A user who is disabled is told so only with the right password, and gets no session.
#[tokio::test]
async fn a_disabled_user_gets_no_session() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let origin = adieu_authority::Origin::of_holder(adieu_authority::Channel::named("test"), None);
    let alice = fixture.world.data.alice.id;
    fixture.world.authority().set_enabled(alice, false, origin).await.expect("a change");
    fixture.assert_ended(&held).await;
    let id = fixture.flow(&fixture.shop(), &[]).await;
    let reply = fixture.check(&id, ALICE).send().await;
    reply.assert_error(400, "REQUEST_FAILED", Some(("ACCOUNT_NOT_USABLE", None)));
    let reply = fixture.check(&id, ("alice", "wrong")).send().await;
    reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("password"))));
}

/// S-CA-3, S-OP-15: A public client must use PKCE, and needs no redirect address in `pi.flow`.
#[tokio::test]
async fn a_public_client_uses_pkce() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use sha2::Digest as _;
    let fixture = FaceFixture::open().await;
    let new = NewClient {
        id: "spa".parse().expect("an id"),
        name: "Page".into(),
        auth: ClientAuth::None,
        code: true,
        refresh: false,
        client_credentials: false,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec!["https://spa.example.test/cb".into()],
        post_logout_redirect_uris: vec![],
        roles: vec![],
    };
    fixture.world.authority().create_client(fixture.world.data.realm.id, new).await.expect("a client");
    let app = App { id: "spa".into(), secret: String::new(), redirect: "https://spa.example.test/cb".into() };
    let refused = fixture.get(&fixture.authorize(&app, &[])).send().await;
    assert!(refused.location().contains("error=invalid_request"));

    let verifier = "v".repeat(64);
    let challenge = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&verifier));
    let pairs = [
        ("client_id", "spa"),
        ("response_type", "code"),
        ("response_mode", "pi.flow"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let path = format!("{}?{}", fixture.a("as/authorize"), encoded(&pairs));
    let held = fixture.sign_on(ALICE).await;
    let code = async || {
        let reply = fixture.get(&path).cookie(&held.st).send().await.json();
        reply["authorizeResponse"]["code"].as_str().expect("a code").to_owned()
    };
    let redeem = async |code: &str, verifier: Option<&str>| {
        let mut form = vec![("grant_type", "authorization_code"), ("client_id", "spa"), ("code", code)];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        fixture.post(&fixture.a("as/token")).form(&form).send().await
    };
    redeem(&code().await, None).await.assert_oauth(400, "invalid_grant");
    redeem(&code().await, Some(&"w".repeat(64))).await.assert_oauth(400, "invalid_grant");
    let reply = redeem(&code().await, Some(&verifier)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.json().get("refresh_token").is_none());
}

/// Cookies over plain http, and other dialects' cookies beside ours: set and cleared together.
#[tokio::test]
async fn cookies_over_plain_http_and_of_other_dialects() {
    let other = Companion {
        name: SessionCookieName::exact("other_session"),
        path: "/".into(),
        prefix: "ory_st_".into(),
        secure: false,
        same_site: None,
        life_s: None,
        domain: None,
        realms: CookieRealms::ALL,
    };
    let settings = Settings { cookies_secure: false, companions: Companions::new(vec![other]), ..settings() };
    let fixture = FaceFixture::with(settings).await;
    let id = fixture.flow(&fixture.shop(), &[]).await;
    let reply = fixture.check(&id, ALICE).send().await;
    let st = reply.cookie("ST").expect("a token");
    assert!(reply.set_cookie("ST").is_some_and(|line| line.ends_with("; HttpOnly; SameSite=Lax")));
    assert_eq!(
        reply.set_cookie("other_session"),
        Some(format!("other_session=ory_st_{st}; Path=/; HttpOnly").as_str())
    );
    let reply = fixture.get(&fixture.a("as/signoff")).cookie(st).send().await;
    assert_eq!(reply.cookie("other_session"), Some(""));
    assert_eq!(reply.cookie("ST"), Some(""));
}
