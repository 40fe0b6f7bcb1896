//! Stories of the check that proxies ask: every carrier, three answers, no way around a realm.
//!
//! Through the real dispatcher over the embedded engine; only the clock stands still.

mod rights;

use adieu_http_kit::client::Via;
use adieu_http_kit::forwarded::{Style, Trusted, origin};
use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use adieu_testkit::world::Reply;
use http::{HeaderMap, Method};

const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");

async fn check(world: &World, headers: &[(&str, &str)]) -> Reply {
    let ask = world.get("/ui/check");
    headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send().await
}

async fn end(world: &World, token: &str) {
    let body = serde_json::json!({"session_token": token});
    let reply = world.delete("/self-service/logout/api").json(&body).send().await;
    assert_eq!(reply.status, 204, "{}", reply.text);
}

/// Goal: ONE-SESSION: every carrier of every dialect lets the session through, under any method and any path below, and
/// says whose it is; once it is ended, none does.
#[tokio::test]
async fn any_carrier_takes_the_session_until_it_ends() {
    let world = World::start().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let carriers = [
        ("x-session-token", token.clone()),
        ("authorization", format!("Bearer {token}")),
        ("iplanetdirectorypro", token.clone()),
        ("cookie", format!("ory_kratos_session={token}")),
        ("cookie", format!("chx_auth_cookie={token}")),
        ("cookie", format!("other=1; iplanetdirectorypro=am*{}", token.trim_start_matches("ory_st_"))),
        ("cookie", format!("ST={token}")),
        ("cookie", format!("ST-NO-SS={token}")),
    ];
    let user = world.data.alice.id.to_string();
    for (name, value) in &carriers {
        let reply = check(&world, &[(name, value)]).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""), "{name}: {value}");
        assert_eq!(reply.header("x-adieu-user"), user);
        assert_eq!((reply.header("x-adieu-username"), reply.header("x-adieu-realm")), ("alice", "/alpha"));
        assert_eq!(reply.header("x-adieu-session").len(), 36);
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    for method in [Method::POST, Method::HEAD, Method::OPTIONS, Method::DELETE, Method::PUT] {
        let ask = world.ask(method.clone(), "/ui/check/self-service/logout?token=x").bearer(&token);
        assert_eq!(ask.send().await.status, 200, "{method}");
    }
    end(&world, &token).await;
    for (name, value) in &carriers {
        let reply = check(&world, &[(name, value)]).await;
        assert_eq!(reply.status, 401, "{name}: {value}");
        assert_eq!(reply.header("x-adieu-user"), "");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"adieu\"");
    }
}

/// Goal: what is no session of ours lets nobody through, and does not hide one that is.
#[tokio::test]
async fn other_peoples_tokens_do_not_matter() {
    let world = World::start().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let dead = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    end(&world, &dead).await;
    for nothing in [&[][..], &[("authorization", "Bearer a.b.c")], &[("cookie", "ST=x; ory_kratos_session=")]]
    {
        assert_eq!(check(&world, nothing).await.status, 401, "{nothing:?}");
    }
    let cookie = format!("ory_kratos_session={dead}; ST={token}");
    let both = [("authorization", "Bearer of-the-application"), ("cookie", cookie.as_str())];
    assert_eq!(check(&world, &both).await.status, 200);
}

/// Goal: a session of another realm opens nothing.
#[tokio::test]
async fn a_session_of_another_realm_is_not_live_here() {
    let mut config = adieu_testkit::world::profile_config("main");
    config.check.realm = "/".into();
    let world = World::with_config(config).await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    assert_eq!(world.get("/sessions/whoami").bearer(&token).send().await.status, 200);
    assert_eq!(check(&world, &[("x-session-token", &token)]).await.status, 401);
}

/// Goal: NO-FALSE-NO: with the store away it is 503 with `Retry-After`, for live sessions and ended ones, and never 401
/// or 200; no other credential speaks in the place of one that can't be judged.
#[tokio::test]
async fn what_nobody_knows_is_no_no() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let ended = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    end(&world, &ended).await;
    store.fail(Failure::Everything);
    for path in ["/ui/check", "/ui/check-or-sign-on"] {
        for token in [&live, &ended] {
            let reply = world.get(path).header("accept", "text/html").bearer(token).send().await;
            assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"), "{path}");
            assert_eq!(reply.header("cache-control"), "no-store");
        }
    }
    store.fail(Failure::None);
    assert_eq!(check(&world, &[("x-session-token", &live)]).await.status, 200);
    assert_eq!(check(&world, &[("x-session-token", &ended)]).await.status, 401);
}

/// Goal: asking is activity: a user at work behind a proxy does not become idle.
#[tokio::test]
async fn a_check_keeps_a_session_from_idling() {
    let mut config = adieu_testkit::world::profile_config("main");
    config.kratos.session_idle_s = 600;
    let world = World::with_config(config).await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    for _ in 0..3 {
        world.wait_s(590);
        assert_eq!(check(&world, &[("x-session-token", &token)]).await.status, 200);
    }
    world.wait_s(601);
    assert_eq!(check(&world, &[("x-session-token", &token)]).await.status, 401);
}

/// Goal: a browser is sent to sign on, a program is told 401; who is signed on passes either way.
#[tokio::test]
async fn a_browser_is_sent_to_sign_on() {
    let world = World::start().await;
    let ask = |accept: &'static str| world.get("/ui/check-or-sign-on/a").header("accept", accept);
    let reply = ask("text/html").send().await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.location(), format!("{}/self-service/login/browser", world.config().public.url));
    assert_eq!(ask("application/json").send().await.status, 401);
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    assert_eq!(ask("text/html").bearer(&token).send().await.status, 200);
}

/// Goal: F-29, F-31: a browser on the way to a page gets the address of the sign-on with its 401, with the way back encoded; scripts
/// and forms get neither that nor a redirect.
/// Method: as nginx asks, and as Traefik does.
#[tokio::test]
async fn only_a_browsers_navigation_has_somewhere_to_go() {
    let world = World::start().await;
    let page = [("accept", "text/html,*/*;q=0.8"), ("sec-fetch-mode", "navigate")];
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let uri = Some("/secret?x=1&y=2".into());
        let via = Via { https: Some(false), host: Some("app.test:81".into()), uri, ..Via::default() };
        let ask = world.get(path).extension(via);
        headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value))
    };
    let there = format!(
        "{}/self-service/login/browser?return_to=http%3A%2F%2Fapp.test%3A81%2Fsecret%3Fx%3D1%26y%3D2",
        world.config().public.url
    );
    for (path, status) in [("/ui/check", 401), ("/ui/check-or-sign-on", 302)] {
        let reply = ask(path, &[page[0], page[1], ("x-forwarded-method", "GET")]).send().await;
        assert_eq!((reply.status.as_u16(), reply.location()), (status, there.as_str()), "{path}");
        for script in [
            [("accept", "text/html"), ("sec-fetch-mode", "cors")],
            [("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")],
            [("accept", "application/json, text/html;q=0"), ("sec-fetch-mode", "navigate")],
            [("accept", "text/html"), ("x-forwarded-method", "POST")],
        ] {
            let reply = ask(path, &script).send().await;
            assert_eq!((reply.status.as_u16(), reply.location()), (401, ""), "{path}: {script:?}");
        }
    }
}

/// Goal: F-30: where the installation says so, a browser's question before a request of another origin passes, as nobody's; the
/// request itself does not.
#[tokio::test]
async fn a_preflight_passes_where_that_is_said() {
    let asks = [("origin", "https://app.test"), ("access-control-request-method", "POST")];
    for pass in [false, true] {
        let mut config = adieu_testkit::world::profile_config("main");
        config.check.preflights_pass = pass;
        let world = World::with_config(config).await;
        let preflight = world.ask(Method::OPTIONS, "/ui/check/secret");
        let reply = asks.iter().fold(preflight, |ask, (name, value)| ask.header(name, value)).send().await;
        assert_eq!(reply.status.as_u16(), if pass { 200 } else { 401 });
        for name in ["user", "username", "session", "realm"] {
            let value = reply.headers.get(format!("x-adieu-{name}"));
            assert_eq!(
                value.map(|value| value.is_empty()),
                pass.then_some(true),
                "{name}: nothing of a client's stays"
            );
        }
        let posted = world.post("/ui/check/secret").header("origin", "https://app.test");
        assert_eq!(posted.send().await.status, 401);
        let forged = [asks.as_slice(), &[("x-forwarded-method", "OPTIONS")]].concat();
        assert_eq!(check(&world, &forged).await.status, 401, "nobody trusted says so");
    }
}

/// Goal: F-30: behind no proxy does a client's own `X-Forwarded-Method` open the check, whatever Envoy hands on; where nginx or Traefik
/// writes it, a preflight passes.
/// Method: requests as they come from a trusted proxy, in both styles, through the reading of its headers.
#[tokio::test]
async fn a_clients_own_word_opens_nothing() {
    let asks = [("origin", "https://app.test"), ("access-control-request-method", "POST")];
    let trusted = Trusted::parse(&["127.0.0.9".into()]).expect("an address");
    for (by_proxy, style, said, passes) in [
        (false, Style::XForwarded, &["OPTIONS"][..], false),
        (false, Style::Forwarded, &["OPTIONS"], false),
        (true, Style::Forwarded, &["OPTIONS"], false),
        (true, Style::XForwarded, &["OPTIONS", "POST"], false),
        (true, Style::XForwarded, &["POST", "OPTIONS"], false),
        (true, Style::XForwarded, &["POST"], false),
        (true, Style::XForwarded, &["OPTIONS"], true),
    ] {
        let mut config = adieu_testkit::world::profile_config("main");
        (config.check.preflights_pass, config.check.method_forwarded) = (true, by_proxy);
        let world = World::with_config(config).await;
        let mut headers = HeaderMap::new();
        for method in said {
            headers.append("x-forwarded-method", method.parse().expect("a value"));
        }
        let peer = "127.0.0.9:5000".parse().expect("an address");
        let (_, via) = origin(peer, &headers, &trusted, style);
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let ask = world.ask(method.clone(), "/ui/check/secret").headers(&headers);
            let ask = asks.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
            let reply = ask.extension(via.clone().expect("a proxy")).send().await;
            let status = if passes && method == Method::GET { 200 } else { 401 };
            assert_eq!(reply.status, status, "{method} {by_proxy} {style:?} {said:?}");
        }
    }
}

/// Goal: who has a second factor and gave one lets nothing through; both let it through, in whatever dialect they were given.
#[tokio::test]
async fn a_second_factor_is_asked_for() {
    let world = World::start().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let authority = world.authority();
    let set = authority.draw_code_set();
    let session = token.trim_start_matches("ory_st_");
    let session = adieu_authority::SessionToken::parse(session).expect("a token");
    authority.confirm_recovery_codes(session.id, set, true).await.expect("codes");
    assert_eq!(check(&world, &[("x-session-token", &token)]).await.status, 200, "both were given");
    let half = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let refused = check(&world, &[("x-session-token", &half)]).await;
    assert_eq!(refused.status, 401);
    let says = refused.header("www-authenticate");
    assert!(says.contains("error=\"insufficient_user_authentication\""), "{says}");
    let cookie = format!("ory_kratos_session={half}; ST={token}");
    assert_eq!(check(&world, &[("cookie", &cookie)]).await.status, 200, "another session speaks for it");
    let page =
        world.get("/ui/check-or-sign-on").header("accept", "text/html").cookie("ory_kratos_session", &half);
    let sent = page.send().await;
    assert_eq!((sent.status.as_u16(), sent.location().is_empty()), (302, false));
    let login = world.get("/self-service/login/browser").header("accept", "application/json");
    let flow = login.cookie("ory_kratos_session", &half).send().await.json();
    assert_eq!(flow["requested_aal"], "aal2", "the sign-on asks for the other half");
}
