//! What a half signed on session may do, what becomes of what it held, and how old a proof may be.
//!
//! The people and their ways are those of `two_factors`.

use adieu_authority::{Check, Span};
use adieu_testkit::world::Reply;
use axum::http::Method;
use serde_json::{Value, json};

use crate::two_factors::{AM, Alice, NAME, PASSWORD, WAYS, Way, session_of, text};

const AM_COOKIE: &str = "iPlanetDirectoryPro";
const TOKEN: &str = "x-session-token";

/// Goal: F-1: what an application holds is worth nothing while its session lacks the second factor, and is worth as much as
/// before once it was given: access token, refresh token and code alike.
/// Method: alice makes a second factor while an application has tokens of her session, and gives it later.
#[tokio::test]
async fn what_applications_hold_waits_for_the_second_factor() {
    let alice = Alice::without_codes("when_enrolled").await;
    let session = alice.world.sign_on_kratos(NAME, PASSWORD).await;
    let tokens = alice.redeem(&alice.code_of(&session).await).await.json();
    let (access, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    let code = alice.code_of(&session).await;
    alice.confirm(session_of(&session)).await;
    alice.expect_not_live("the session that made the factor", &session).await;
    assert_eq!(alice.introspect(access).await, json!({"active": false}));
    assert_eq!(alice.introspect(refresh).await, json!({"active": false}));
    let refused = alice.refresh(refresh).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_grant")));
    let refused = alice.redeem(&code).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_grant")));
    let userinfo =
        |token: &str| alice.world.get(&format!("/{}/as/userinfo", alice.pingone("env_id"))).bearer(token);
    assert_eq!(userinfo(access).send().await.status, 401);
    let id = session_of(&session);
    assert_eq!(alice.as_worker(Method::GET, &format!("sessions/{id}")).await.status, 404);
    let listed = alice.as_worker(Method::GET, &format!("users/{}/sessions", alice.pingone("user_id"))).await;
    assert_eq!(listed.json()["count"], 0, "{}", listed.text);
    let native = alice.world.admin(Method::GET, &format!("/v1/sessions/{id}")).send().await.json();
    assert_eq!(native["state"], "half_signed_on");

    let whole = second_step(&alice, &session).await;
    alice.expect_live("both factors", &whole).await;
    assert_eq!(userinfo(access).send().await.status, 200);
    assert_eq!(alice.introspect(access).await["active"], true);
    assert_eq!(alice.refresh(refresh).await.status, 200);
    assert_eq!(alice.as_worker(Method::GET, &format!("sessions/{id}")).await.status, 200);
}

/// Goal: S-10: a token is renewed whenever privilege rises: after the second step, after `refresh=true`, and in other dialects; the
/// old one is dead at every check. Making a factor raises nothing.
#[tokio::test]
async fn a_token_does_not_outlive_a_rise_of_privilege() {
    let alice = Alice::without_codes("when_enrolled").await;
    let enrolled = alice.world.sign_on_kratos(NAME, PASSWORD).await;
    alice.confirm(session_of(&enrolled)).await;
    alice.expect_not_live("the token that made the factor and did not give it", &enrolled).await;
    let whole = second_step(&alice, &enrolled).await;
    assert_ne!(whole, enrolled);
    assert_eq!(session_of(&whole), session_of(&enrolled), "the session goes on");
    alice.expect_not_live("the token of one factor", &enrolled).await;
    assert!(matches!(alice.check(&enrolled).await, Check::Not(_)), "it is not even half signed on");
    alice.expect_live("the token of both", &whole).await;

    let flow =
        alice.world.get("/self-service/login/api?refresh=true").header(TOKEN, &whole).send().await.json();
    let ask = alice.world.post(&format!("/self-service/login?flow={}", text(&flow["id"])));
    let body = json!({"method": "password", "identifier": NAME, "password": PASSWORD});
    let answer = ask.header(TOKEN, &whole).header("accept", "application/json").json(&body).send().await;
    let renewed = text(&answer.json()["session_token"]).to_owned();
    assert_ne!(renewed, whole);
    alice.expect_not_live("the token of before", &whole).await;
    alice.expect_live("both factors were given in this session", &renewed).await;

    let half = alice.world.sign_on_kratos(NAME, PASSWORD).await;
    let [authorize, _] = alice.authorize("&response_mode=pi.flow");
    let flow = authorize.cookie("ST", &half).send().await.json();
    let asked = alice.pingone_step(text(&flow["id"]), "usernamePassword", &credentials()).await.json();
    assert_eq!(asked["status"], "OTP_REQUIRED");
    let done = alice.pingone_step(text(&flow["id"]), "otp", &json!({"otp": alice.code()})).await;
    let token = done.cookie("ST").expect("a token").to_owned();
    assert_ne!(token, half);
    alice.expect_live("both, at PingOne", &token).await;
}

/// Goal: S-15: what changes anything asks for the level that whoami asks for.
#[tokio::test]
async fn half_signed_on_is_not_enough_to_change_anything() {
    let alice = Alice::with_codes().await;
    let whole = alice.sign_on(Way::AmCallbacks).await;
    let half = alice.world.sign_on_kratos(NAME, PASSWORD).await;
    let world = &alice.world;
    let other = session_of(&whole);
    for (what, ask) in [
        ("lists sessions", world.get("/sessions")),
        ("ends all others", world.delete("/sessions")),
        ("ends one other", world.delete(&format!("/sessions/{other}"))),
        ("settings", world.get("/self-service/settings/api")),
    ] {
        let refused = ask.header(TOKEN, &half).send().await;
        assert_eq!(
            (refused.status.as_u16(), refused.header("ory-error-id")),
            (403, "session_aal2_required"),
            "{what}"
        );
        let to = refused.json()["redirect_browser_to"].clone();
        assert!(text(&to).ends_with("/self-service/login/browser?aal=aal2"), "{to}");
    }
    let flow = world.get("/self-service/settings/api").header(TOKEN, &whole).send().await.json();
    let submit =
        world.post(&format!("/self-service/settings?flow={}", text(&flow["id"]))).header(TOKEN, &half);
    let body = json!({"method": "lookup_secret", "lookup_secret_disable": true});
    assert_eq!(submit.json(&body).send().await.status, 403, "a flow of hers, and half of her");
    for action in ["logoutByUser", "getSessionInfoAndResetIdleTime", "updateSessionProperties", "refresh"] {
        let ask = world.post(&format!("{AM}/sessions?_action={action}"));
        let ask = ask.header("accept-api-version", "resource=5.1").header(AM_COOKIE, &half);
        assert_eq!(ask.json(&json!({"username": NAME})).send().await.status, 401, "{action}");
    }
    alice.expect_live("nothing was ended", &whole).await;
}

/// Goal: S-15, K-28: signing oneself off always works, by every exit that a program has.
#[tokio::test]
async fn half_signed_on_is_enough_to_sign_off() {
    let alice = Alice::with_codes().await;
    let world = &alice.world;
    let over = async |exit: &str, token: &str, reply: Reply, status: u16| {
        assert_eq!(reply.status.as_u16(), status, "{exit}: {}", reply.text);
        assert!(matches!(alice.check(token).await, Check::Not(_)), "{exit} has ended nothing");
    };
    let half = async || alice.world.sign_on_kratos(NAME, PASSWORD).await;

    let token = half().await;
    let body = json!({"session_token": token});
    let reply = world.ask(Method::DELETE, "/self-service/logout/api").json(&body).send().await;
    over("Kratos, native", &token, reply, 204).await;

    let token = half().await;
    let logout = world.get("/self-service/logout/browser").cookie("ory_kratos_session", &token).send().await;
    let path = format!("/self-service/logout?token={}", text(&logout.json()["logout_token"]));
    let reply = world.get(&path).cookie("ory_kratos_session", &token).send().await;
    over("Kratos, browser", &token, reply, 303).await;

    let logout =
        || world.post(&format!("{AM}/sessions?_action=logout")).header("accept-api-version", "resource=3.1");
    let token = half().await;
    let reply = logout().header(AM_COOKIE, &token).send().await;
    over("AM, header", &token, reply, 200).await;
    let token = half().await;
    let reply = logout().json(&json!({"tokenId": token})).send().await;
    over("AM, body", &token, reply, 200).await;

    let token = half().await;
    let page = world.get("/am/UI/Logout?realm=/alpha").cookie(AM_COOKIE, &token).send().await;
    let field = page.text.split(r#"name="token" value=""#).nth(1).and_then(|rest| rest.split('"').next());
    let fields = [("token", field.expect("a form")), ("realm", "/alpha")];
    let reply = world.post("/am/UI/Logout").cookie(AM_COOKIE, &token).form(&fields).send().await;
    over("AM, page", &token, reply, 200).await;

    let token = half().await;
    let signoff = format!("/{}/as/signoff", alice.pingone("env_id"));
    over("PingOne", &token, world.get(&signoff).cookie("ST", &token).send().await, 302).await;

    let token = half().await;
    let path = format!("users/{}/sessions/{}", alice.pingone("user_id"), session_of(&token));
    over("PingOne, by an administrator", &token, alice.as_worker(Method::DELETE, &path).await, 204).await;
}

/// Goal: S-28: whoever ends the own other sessions, or changes the second factor, has proven who they are a short while ago, at
/// every dialect; then it works again. Signing off needs no proof.
#[tokio::test]
async fn other_sessions_end_after_a_fresh_proof_only() {
    let alice = Alice::without_codes("when_enrolled").await;
    let world = &alice.world;
    let (own, other) =
        (world.sign_on_kratos(NAME, PASSWORD).await, world.sign_on_kratos(NAME, PASSWORD).await);
    let tokens = scoped_tokens(&alice, &own).await;
    let access = text(&tokens["access_token"]).to_owned();
    let flow = world.get("/self-service/settings/api").header(TOKEN, &own).send().await.json();
    world.clock().advance(Span::from_s(600));

    for path in ["/sessions".to_owned(), format!("/sessions/{}", session_of(&other))] {
        let late = world.delete(&path).header(TOKEN, &own).send().await;
        assert_eq!((late.status.as_u16(), late.header("ory-error-id")), (403, "session_refresh_required"));
        let to = late.json()["redirect_browser_to"].clone();
        assert!(text(&to).ends_with("/self-service/login/browser?refresh=true"), "{to}");
    }
    let ask = world.post(&format!("/self-service/settings?flow={}", text(&flow["id"]))).header(TOKEN, &own);
    let body = json!({"method": "lookup_secret", "lookup_secret_regenerate": true});
    assert_eq!(ask.json(&body).send().await.header("ory-error-id"), "session_refresh_required");
    let by_user = || {
        let ask = world.post(&format!("{AM}/sessions?_action=logoutByUser"));
        ask.header("accept-api-version", "resource=5.1").json(&json!({"username": NAME}))
    };
    assert_eq!(by_user().header(AM_COOKIE, &own).send().await.status, 403);
    let path = format!(
        "/v1/environments/{}/users/{}/sessions/{}",
        alice.pingone("env_id"),
        alice.pingone("user_id"),
        session_of(&other)
    );
    let late = world.delete(&path).bearer(&access).send().await;
    assert_eq!(late.status, 401, "{}", late.text);
    let says = late.header("www-authenticate");
    assert!(says.contains(r#"error="insufficient_user_authentication", max_age="600""#), "{says}");
    alice.expect_live("nothing was ended", &other).await;

    let flow = world.get("/self-service/login/api?refresh=true").header(TOKEN, &own).send().await.json();
    let ask = world.post(&format!("/self-service/login?flow={}", text(&flow["id"]))).header(TOKEN, &own);
    let body = json!({"method": "password", "identifier": NAME, "password": PASSWORD});
    let own = text(&ask.json(&body).send().await.json()["session_token"]).to_owned();
    assert_eq!(world.delete(&path).bearer(&access).send().await.status, 204, "the session is proven afresh");
    alice.expect_not_live("it was ended", &other).await;
    let third = world.sign_on_kratos(NAME, PASSWORD).await;
    assert_eq!(world.delete("/sessions").header(TOKEN, &own).send().await.status, 200);
    alice.expect_not_live("it was ended", &third).await;
    world.clock().advance(Span::from_s(600));
    let signoff = format!("/{}/as/signoff", alice.pingone("env_id"));
    world.get(&signoff).cookie("ST", &own).send().await;
    alice.expect_not_live("who signs off needs no fresh proof", &own).await;
}

/// Goal: S-28: every dialect that refuses an old proof says by its own words how to give a new one, and that way leads on: AM by
/// `ForceAuth`, PingOne by `max_age`, OpenID by `max_age` and `prompt=login` at both issuers.
#[tokio::test]
async fn a_fresh_proof_is_offered_in_every_dialect() {
    let alice = Alice::without_codes("when_enrolled").await;
    let world = &alice.world;
    let (own, other) =
        (world.sign_on_kratos(NAME, PASSWORD).await, world.sign_on_kratos(NAME, PASSWORD).await);
    let access = text(&scoped_tokens(&alice, &own).await["access_token"]).to_owned();
    world.clock().advance(Span::from_s(601));

    // PingOne: what the challenge names is asked of its issuer (RFC 9470 §4), which asks for the password.
    let path = format!(
        "/v1/environments/{}/users/{}/sessions/{}",
        alice.pingone("env_id"),
        alice.pingone("user_id"),
        session_of(&other)
    );
    let late = world.delete(&path).bearer(&access).send().await;
    let says = late.header("www-authenticate");
    let max_age = says.split("max_age=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a time");
    let scopes = "%20p1:delete:sessions%20p1:read:sessions";
    let again = format!("{scopes}&max_age={max_age}&response_mode=pi.flow");
    let [authorize, _] = alice.authorize(&again);
    let flow = authorize.cookie("ST", &own).send().await.json();
    assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED", "{flow}");
    let step = world.post(&format!("/{}/flows/{}", alice.pingone("env_id"), text(&flow["id"])));
    let step = step.header("content-type", "application/vnd.pingidentity.usernamePassword.check+json");
    let done = step.cookie("ST", &own).body(credentials().to_string()).send().await; // As its browser sends it.
    assert_eq!(done.json()["status"], "COMPLETED", "{}", done.text);
    let renewed = done.cookie("ST").expect("a token").to_owned();
    let access = text(&scoped_tokens(&alice, &renewed).await["access_token"]).to_owned();
    assert_eq!(world.delete(&path).bearer(&access).send().await.status, 204);
    alice.expect_not_live("it was ended", &other).await;

    // AM: the parameter that the refusal names.
    let third = world.sign_on_kratos(NAME, PASSWORD).await;
    world.clock().advance(Span::from_s(601));
    let by_user = |token: &str| {
        let ask = world.post(&format!("{AM}/sessions?_action=logoutByUser")).header(AM_COOKIE, token);
        ask.header("accept-api-version", "resource=5.1").json(&json!({"username": NAME}))
    };
    let late = by_user(&renewed).send().await;
    assert_eq!((late.status.as_u16(), &late.json()["detail"]), (403, &json!({"ForceAuth": true})));
    let ask = world.post(&format!("{AM}/authenticate?ForceAuth=true")).header(AM_COOKIE, &renewed);
    let ask = ask.header("accept-api-version", "resource=2.1").header("x-openam-username", NAME);
    let proven = ask.header("x-openam-password", PASSWORD).json(&json!({})).send().await;
    let forced = text(&proven.json()["tokenId"]).to_owned();
    assert_eq!(session_of(&forced), session_of(&renewed), "the session goes on");
    let page = world.get("/am/UI/Login?realm=/alpha&ForceAuth=true").cookie(AM_COOKIE, &forced).send().await;
    assert_eq!(page.status, 200, "who is signed on is asked on the page, too");
    for (issuer, cookie) in [("PingOne", "ST"), ("AM", AM_COOKIE)] {
        for (wish, answered) in [("", true), ("&prompt=login", false), ("&max_age=0", false)] {
            let [pingone, am] = alice.authorize(wish);
            let authorize = if issuer == "PingOne" { pingone } else { am };
            let location = authorize.cookie(cookie, &forced).send().await.location().to_owned();
            assert_eq!(location.contains("code="), answered, "{issuer} {wish}: {location}");
        }
    }
    assert_eq!(by_user(&forced).send().await.status, 200);
    alice.expect_not_live("all were ended", &third).await;
}

/// Goal: F-1: a realm that requires a second factor lets nobody in by one, not even who has none yet; at Kratos' settings one is
/// made, and then given.
#[tokio::test]
async fn a_realm_may_require_a_second_factor_of_everybody() {
    let alice = Alice::without_codes("required").await;
    let world = &alice.world;
    let ask = world.post(&format!("{AM}/authenticate")).header("accept-api-version", "resource=2.1");
    let ask = ask.header("x-openam-username", NAME).header("x-openam-password", PASSWORD).json(&json!({}));
    let refused = ask.send().await;
    assert_eq!((refused.status.as_u16(), refused.cookie(AM_COOKIE)), (401, None), "{}", refused.text);
    let [authorize, _] = alice.authorize("&response_mode=pi.flow");
    let flow = authorize.send().await.json();
    let refused = alice.pingone_step(text(&flow["id"]), "usernamePassword", &credentials()).await;
    assert_eq!((refused.status.as_u16(), refused.cookie("ST")), (400, None));
    assert_eq!(refused.json()["details"][0]["code"], "ACCOUNT_NOT_USABLE");

    let half = world.sign_on_kratos(NAME, PASSWORD).await;
    alice.expect_not_live("one factor", &half).await;
    let whoami = world.get("/sessions/whoami").header(TOKEN, &half).send().await.json();
    let to = text(&whoami["redirect_browser_to"]).to_owned();
    assert!(to.ends_with("/self-service/settings/browser"), "{to}");
    let flow = world.get("/self-service/settings/api").header(TOKEN, &half).send().await.json();
    let press = async |button: &str| {
        let ask =
            world.post(&format!("/self-service/settings?flow={}", text(&flow["id"]))).header(TOKEN, &half);
        ask.json(&json!({"method": "lookup_secret", button: true})).send().await
    };
    let made = press("lookup_secret_regenerate").await.json();
    let codes = made["ui"]["nodes"].as_array().expect("nodes").iter();
    let codes = codes.filter(|node| node["attributes"]["id"] == "lookup_secret_codes");
    let secrets = codes.map(|node| node["attributes"]["text"]["context"]["secrets"].clone()).next();
    let code = text(&secrets.expect("codes")[0]["context"]["secret"]).to_owned();
    assert_eq!(press("lookup_secret_confirm").await.status, 200);
    alice.expect_not_live("made, and not given", &half).await;
    let again = press("lookup_secret_regenerate").await;
    assert_eq!(again.status, 403, "who has a factor and did not give it makes no other one");
    let whole = step_with(&alice, &half, &code).await;
    alice.expect_live("made and given", &whole).await;
}

/// Goal: a rule that an operator makes stricter counts after the next start for every session that is there.
#[tokio::test]
async fn the_rule_is_the_configurations_at_every_start() {
    let mut alice = Alice::without_codes("when_enrolled").await;
    let session = alice.world.sign_on_kratos(NAME, PASSWORD).await;
    alice.expect_live("one factor is all there is", &session).await;
    alice.world.restart_with(|config| config.realms[0].second_factor = Some("required".into())).await;
    alice.expect_not_live("two are required now", &session).await;
    alice.world.restart_with(|config| config.realms[0].second_factor = Some("never".into())).await;
    alice.expect_live("one is enough now", &session).await;
}

fn credentials() -> Value {
    json!({"username": NAME, "password": PASSWORD})
}

/// The second step of a half signed on session, natively at Kratos; gives its new token.
async fn second_step(alice: &Alice, half: &str) -> String {
    let code = alice.code().to_owned();
    step_with(alice, half, &code).await
}

async fn step_with(alice: &Alice, half: &str, code: &str) -> String {
    let flow = alice.world.get("/self-service/login/api?aal=aal2").header(TOKEN, half).send().await.json();
    let ask =
        alice.world.post(&format!("/self-service/login?flow={}", text(&flow["id"]))).header(TOKEN, half);
    let body = json!({"method": "lookup_secret", "lookup_secret": code});
    let answer = ask.header("accept", "application/json").json(&body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    text(&answer.json()["session_token"]).to_owned()
}

/// Tokens that may end the user's own sessions.
async fn scoped_tokens(alice: &Alice, session: &str) -> Value {
    let [authorize, _] = alice.authorize("%20p1:delete:sessions%20p1:read:sessions");
    let reply = authorize.cookie("ST", session).send().await;
    let code =
        reply.location().split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).map(str::to_owned);
    alice.redeem(&code.expect("a code")).await.json()
}

/// Goal: ENDED-STAYS-ENDED, a first factor is worth nothing any more once all sessions of its user or its realm were ended, or its
/// user has another password: the code that is given late opens nothing at any dialect, and the next sign-on begins anew.
/// Method: five ways to sign on, each stopped at its second step by each of the acts; another password keeps sessions here.
#[tokio::test]
async fn a_first_factor_does_not_outlive_an_ending_or_its_password() {
    let alice = Alice::with_codes_where(|config| config.passwords.change_ends_sessions = false).await;
    let user = alice.world.data.alice.id;
    let realm = alice.world.data.realm.id;
    let ending = |target: Value| alice.world.admin(Method::POST, "/v1/endings").json(&target);
    let password = json!({"password": PASSWORD});
    let set_password =
        || alice.world.admin(Method::PUT, &format!("/v1/users/{user}/password")).json(&password);
    for act in ["all sessions of the realm", "all sessions of the user", "the same password set anew"] {
        for way in WAYS.into_iter().filter(|way| *way != Way::Kratos) {
            let half = alice.password(way).await;
            let done = match act {
                "all sessions of the realm" => ending(json!({"realm": realm.to_string()})),
                "all sessions of the user" => ending(json!({"user": user.to_string()})),
                _ => set_password(),
            };
            let done = done.send().await;
            assert!(done.status.is_success(), "{act}: {}", done.text);
            let late = alice.second(&half, alice.unused_code()).await;
            let opened = ["ST", AM_COOKIE].iter().any(|cookie| late.cookie(cookie).is_some());
            assert!(!opened && !late.text.contains("tokenId"), "{way:?} after {act}: {}", late.text);
        }
    }
    alice.sign_on(Way::AmCallbacks).await;
}
