//! One browser, several sessions: who comes next takes it over, a sign-off ends what it takes away, and what belongs to another realm
//! is left alone.
//!
//! The browser is that of `one_browser`: it sends cookies where they belong.

use adieu_authority::SessionToken;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use serde_json::json;

use crate::one_browser::{ALICE, Jar, open_dialects, sign_off, sign_on_as, with_all_cookies};
use crate::one_session::{DIALECTS, Dialect, Programs};

const BOB: (&str, &str) = ("bob", "Builder-tools-22");
const NAMES: [&str; 4] = ["ory_kratos_session", "iPlanetDirectoryPro", "ST", "ST-NO-SS"];
const ROOT: &str = "/am/json/realms/root";

/// What a cookie of this name has behind any dialect's prefix.
fn token(jar: &Jar, name: &str) -> String {
    let (.., value) = jar.0.iter().rfind(|(known, ..)| known == name).expect("a cookie");
    SessionToken::parse(value).expect("a token").reveal()
}

async fn is_live(world: &World, token: &str) -> bool {
    world.get("/sessions/whoami").bearer(token).send().await.status == 200
}

/// Goal: F-2, F-4: whoever signs on in a browser that somebody else has left takes it over: the session of before ends, no cookie
/// of it stays, and after the sign-off nobody is signed on in any dialect.
#[tokio::test]
async fn who_comes_next_takes_the_browser_over() {
    let world = World::with_config(with_all_cookies()).await;
    for before in DIALECTS {
        for next in DIALECTS {
            let mut jar = Jar::default();
            sign_on_as(&world, &mut jar, before, ALICE).await;
            let alices = token(&jar, "ST");
            assert!(NAMES.iter().all(|name| token(&jar, name) == alices), "{before:?}");
            sign_on_as(&world, &mut jar, next, BOB).await;
            let bobs = token(&jar, "ST");
            assert!(NAMES.iter().all(|name| token(&jar, name) == bobs), "{before:?}, then {next:?}");
            assert!(!is_live(&world, &alices).await && is_live(&world, &bobs).await, "{before:?}, {next:?}");
            sign_off(&world, &mut jar, next).await;
            assert!(open_dialects(&world, &mut jar).await.is_empty(), "{before:?}, then {next:?}");
            assert!(NAMES.iter().all(|name| !jar.has(name)), "{before:?}, then {next:?}");
        }
    }
}

/// Goal: F-2, F-4: a sign-off that takes the cookie of another dialect away ends the session in it, too.
/// Method: a session for each cookie; PingOne's cookies are sent to its own address alone.
#[tokio::test]
async fn a_sign_off_ends_what_it_takes_away() {
    let world = World::with_config(with_all_cookies()).await;
    let environment = format!("/{}", Programs::of(&world).pingone("env_id"));
    for off in DIALECTS {
        let mut jar = Jar::default();
        let mut tokens = Vec::new();
        for name in NAMES {
            let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
            let path = if name.starts_with("ST") { environment.clone() } else { "/".into() };
            jar.0.push((name.into(), path, token.clone()));
            tokens.push(token);
        }
        sign_off(&world, &mut jar, off).await;
        assert!(NAMES.iter().all(|name| !jar.has(name)), "{off:?}");
        let seen = if matches!(off, Dialect::PingOne) { 4 } else { 2 };
        for (name, token) in NAMES.iter().zip(&tokens).take(seen) {
            assert!(!is_live(&world, token).await, "{off:?}: {name}");
        }
    }
}

/// Goal: F-2: a sign-off at AM whose session is over already leaves no session cookie of any dialect in the browser, and ends what
/// another one of them still carried.
#[tokio::test]
async fn a_sign_off_with_a_dead_cookie_leaves_no_cookie() {
    let world = World::with_config(with_all_cookies()).await;
    for carried_elsewhere in [false, true] {
        let mut jar = Jar::default();
        sign_on_as(&world, &mut jar, Dialect::Am, ALICE).await;
        let dead = token(&jar, "ST");
        let logout = world.ask(http::Method::DELETE, "/self-service/logout/api");
        assert_eq!(logout.json(&json!({"session_token": dead})).send().await.status, 204);
        let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
        if carried_elsewhere {
            let kratos = jar.0.iter_mut().find(|(name, ..)| name == "ory_kratos_session");
            kratos.expect("a cookie").2.clone_from(&live);
        }
        assert!(is_live(&world, &live).await);
        let path = "/am/json/realms/root/realms/alpha/sessions?_action=logout";
        let ask = world.post(path).header("accept-api-version", "resource=3.1").json(&json!({}));
        assert_eq!(jar.send(path, ask).await.status, 401);
        assert!(NAMES.iter().all(|name| !jar.has(name)), "{carried_elsewhere}");
        assert_eq!(is_live(&world, &live).await, !carried_elsewhere);
    }
}

/// Goal: F-4: a sign-on leaves no session live whose cookie it overwrites, its own user's included: nobody could use or end it any more.
/// Method: a session for each cookie; PingOne's cookies are sent to its own address alone.
#[tokio::test]
async fn a_sign_on_leaves_no_session_that_it_overwrites() {
    let world = World::with_config(with_all_cookies()).await;
    let environment = format!("/{}", Programs::of(&world).pingone("env_id"));
    for on in DIALECTS {
        let mut jar = Jar::default();
        let mut before = Vec::new();
        for name in NAMES {
            let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
            let path = if name.starts_with("ST") { environment.clone() } else { "/".into() };
            jar.0.push((name.into(), path, token.clone()));
            before.push(SessionToken::parse(&token).expect("a token").reveal());
        }
        sign_on_as(&world, &mut jar, on, ALICE).await;
        let now = token(&jar, "ST");
        assert!(NAMES.iter().all(|name| token(&jar, name) == now) && is_live(&world, &now).await, "{on:?}");
        let seen = if matches!(on, Dialect::PingOne) { 4 } else { 2 };
        for (name, token) in NAMES.iter().zip(&before).take(seen) {
            assert!(*token == now || !is_live(&world, token).await, "{on:?}: {name}");
        }
    }
}

async fn of_root(world: &World, cookie: &str) -> Reply {
    let ask = world.post(&format!("{ROOT}/sessions?_action=getSessionInfo")).header("cookie", cookie);
    ask.header("accept-api-version", "resource=4.0").json(&json!({})).send().await
}

/// Goal: F-4: a sign-on and a sign-off leave the cookie of another dialect alone while it carries a session of another realm.
#[tokio::test]
async fn what_belongs_to_another_realm_is_left_alone() {
    let world = World::with_config(with_all_cookies()).await;
    for dialect in [Dialect::Kratos, Dialect::PingOne] {
        let mut jar = Jar::default();
        let path = format!("{ROOT}/authenticate");
        let ask = world.post(&path).header("accept-api-version", "resource=2.0");
        let ask = ask.header("x-openam-username", ALICE.0).header("x-openam-password", ALICE.1);
        assert_eq!(jar.send(&path, ask.json(&json!({}))).await.status, 200);
        assert!(!jar.has("ory_kratos_session"), "Kratos serves one realm");
        let at_root = token(&jar, "iPlanetDirectoryPro");
        sign_on_as(&world, &mut jar, dialect, BOB).await;
        assert_eq!(token(&jar, "iPlanetDirectoryPro"), at_root, "{dialect:?}");
        assert!(token(&jar, "ST") != at_root && token(&jar, "ory_kratos_session") != at_root);
        sign_off(&world, &mut jar, dialect).await;
        assert!(!jar.has("ory_kratos_session"), "{dialect:?}");
        let info = of_root(&world, &format!("iPlanetDirectoryPro={at_root}")).await;
        assert_eq!((info.status.as_u16(), token(&jar, "iPlanetDirectoryPro")), (200, at_root), "{dialect:?}");
    }
}

/// Goal: F-4: a cookie that another dialect set before it was given a domain is deleted by every sign-on and sign-off.
#[tokio::test]
async fn another_dialects_cookie_of_before_the_domain_goes() {
    let mut config = with_all_cookies();
    config.public.url = "https://id.example.test".into();
    (config.kratos.url, config.kratos.cookie_domain) = (String::new(), "example.test".into());
    config.am.cookie_domains = vec!["example.test".into()];
    let world = World::with_config(config).await;
    let path = "/am/json/realms/root/realms/alpha/authenticate";
    let ask = world.post(path).header("x-openam-username", ALICE.0).header("x-openam-password", ALICE.1);
    let on = ask.header("accept-api-version", "resource=2.0").json(&json!({})).send().await;
    assert_eq!(on.status, 200, "{}", on.text);
    let token = on.json()["tokenId"].as_str().expect("a token").to_owned();
    let lines = |reply: &Reply| -> Vec<String> {
        let all = reply.headers.get_all("set-cookie").iter();
        let all = all.map(|line| line.to_str().expect("ASCII").to_owned());
        all.filter(|line| line.starts_with("ory_kratos_session=")).collect()
    };
    let set = lines(&on);
    assert!(set.len() == 2, "{set:?} {:?}", on.headers);
    assert!(set[0].contains("1970") && !set[0].contains("Domain"), "{set:?}");
    assert!(set[1].contains("Domain=example.test"), "{set:?}");
    let off = world.post("/am/json/realms/root/realms/alpha/sessions?_action=logout");
    let off = off.header("cookie", &format!("iPlanetDirectoryPro={token}"));
    let off = lines(&off.header("accept-api-version", "resource=3.1").json(&json!({})).send().await);
    assert!(off.iter().any(|line| line.contains("1970") && !line.contains("Domain")), "{off:?}");
    assert!(off.iter().any(|line| line.contains("1970") && line.contains("Domain=example.test")), "{off:?}");
}

const AM_PAGE: &str = "/am/UI/Logout";

/// Alice at AM whose session is over, beside a live one in Kratos' cookie; gives the live one.
async fn dead_at_am_live_at_kratos(world: &World, jar: &mut Jar) -> String {
    sign_on_as(world, jar, Dialect::Am, ALICE).await;
    let logout = world.ask(http::Method::DELETE, "/self-service/logout/api");
    assert_eq!(logout.json(&json!({"session_token": token(jar, "ST")})).send().await.status, 204);
    let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let kratos = jar.0.iter_mut().find(|(name, ..)| name == "ory_kratos_session");
    kratos.expect("a cookie").2.clone_from(&live);
    live
}

/// Goal: F-2, F-4: AM's sign-off page says "signed off" only where nobody is signed on: beside a dead cookie of its own it asks, and
/// ends, the session of another dialect's cookie.
#[tokio::test]
async fn the_page_of_am_signs_off_what_another_cookie_carries() {
    let world = World::with_config(with_all_cookies()).await;
    let mut jar = Jar::default();
    let live = dead_at_am_live_at_kratos(&world, &mut jar).await;
    let path = format!("{AM_PAGE}?realm=/alpha");
    let asked = jar.send(&path, world.get(&path)).await;
    assert!(asked.text.contains("Sign off?") && is_live(&world, &live).await, "{}", asked.text);
    let (_, rest) = asked.text.split_once("name=\"token\" value=\"").expect("a form");
    let form = rest.split('"').next().expect("a value");
    let refused = world.post(AM_PAGE).form(&[("token", "x"), ("realm", "/alpha")]);
    assert_eq!(jar.send(AM_PAGE, refused).await.status, 403);
    assert!(is_live(&world, &live).await);
    let off = jar.send(AM_PAGE, world.post(AM_PAGE).form(&[("token", form), ("realm", "/alpha")])).await;
    assert!(off.status == 200 && off.text.contains("You are signed off"), "{}", off.text);
    assert!(!is_live(&world, &live).await && NAMES.iter().all(|name| !jar.has(name)));
}

/// Goal: F-2: where nothing that the browser carries is live, AM's page takes all cookies away.
#[tokio::test]
async fn the_page_of_am_leaves_no_dead_cookie() {
    let world = World::with_config(with_all_cookies()).await;
    let mut jar = Jar::default();
    let live = dead_at_am_live_at_kratos(&world, &mut jar).await;
    let logout = world.ask(http::Method::DELETE, "/self-service/logout/api");
    assert_eq!(logout.json(&json!({"session_token": live})).send().await.status, 204);
    let path = format!("{AM_PAGE}?realm=/alpha");
    let off = jar.send(&path, world.get(&path)).await;
    assert!(off.text.contains("You are signed off"), "{}", off.text);
    assert!(NAMES.iter().all(|name| !jar.has(name)));
}

/// Goal: F-4: a logout at AM that names a session is no sign-off of its browser: with a dead cookie it is refused and ends nothing.
#[tokio::test]
async fn a_refused_logout_of_a_named_session_ends_nothing() {
    let world = World::with_config(with_all_cookies()).await;
    let mut jar = Jar::default();
    let live = dead_at_am_live_at_kratos(&world, &mut jar).await;
    let bobs = world.sign_on_kratos(BOB.0, BOB.1).await;
    let path = "/am/json/realms/root/realms/alpha/sessions?_action=logout";
    let ask = world.post(path).header("accept-api-version", "resource=3.1");
    assert_eq!(jar.send(path, ask.json(&json!({"tokenId": bobs}))).await.status, 401);
    assert!(is_live(&world, &live).await && is_live(&world, &bobs).await);
}

/// A browser whose cookie of one dialect is dead or absent, beside a live session in another dialect's; gives the live one.
async fn signed_on_elsewhere(world: &World, jar: &mut Jar, own: &str, other: &str, dead: bool) -> String {
    if dead {
        sign_on_as(world, jar, Dialect::Am, ALICE).await;
        let logout = world.ask(http::Method::DELETE, "/self-service/logout/api");
        assert_eq!(logout.json(&json!({"session_token": token(jar, "ST")})).send().await.status, 204);
        jar.0.retain(|(name, ..)| name == own);
    }
    let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    jar.0.push((other.into(), "/".into(), live.clone()));
    live
}

/// Goal: F-2, F-4: a sign-off at Kratos ends what the browser is signed on with in the realm, where its own cookie is dead or absent, too;
/// it asks for the token of that very session, and a program's header counts alone.
#[tokio::test]
async fn kratos_signs_off_what_another_cookie_carries() {
    let world = World::with_config(with_all_cookies()).await;
    for dead in [true, false] {
        let mut jar = Jar::default();
        let (own, other) = ("ory_kratos_session", "iPlanetDirectoryPro");
        let live = signed_on_elsewhere(&world, &mut jar, own, other, dead).await;
        let made = world.get("/self-service/logout/browser").header("x-session-token", "ory_st_x");
        let made = made.header("accept", "application/json");
        assert_eq!(jar.send("/self-service/logout/browser", made).await.status, 401, "a program's");
        let path = "/self-service/logout?token=ory_lo_x";
        assert_eq!(jar.get(&world, path).await.status, 403, "{dead}");
        assert!(is_live(&world, &live).await, "{dead}");
        sign_off(&world, &mut jar, Dialect::Kratos).await;
        assert!(!is_live(&world, &live).await, "{dead}");
        assert!(NAMES.iter().all(|name| !jar.has(name)), "{dead}");
        assert_eq!(jar.get(&world, "/self-service/logout/browser").await.status, 401, "{dead}");
    }
}

/// Goal: F-2, F-4: so does a logout at AM in a browser without a cookie of AM's; a page of another site cannot cause it.
#[tokio::test]
async fn am_signs_off_what_another_cookie_carries() {
    let world = World::with_config(with_all_cookies()).await;
    let path = "/am/json/realms/root/realms/alpha/sessions?_action=logout";
    let mut jar = Jar::default();
    let (own, other) = ("iPlanetDirectoryPro", "ory_kratos_session");
    let live = signed_on_elsewhere(&world, &mut jar, own, other, false).await;
    assert_eq!(jar.send(path, world.post(path)).await.status, 401);
    assert!(is_live(&world, &live).await && jar.has("ory_kratos_session"), "no header of a page of its own");
    let named = world.post(path).header("accept-api-version", "resource=3.1").json(&json!({"tokenId": "x"}));
    assert_eq!(jar.send(path, named).await.status, 401);
    assert!(is_live(&world, &live).await, "another session was named");
    let ask = world.post(path).header("accept-api-version", "resource=3.1").json(&json!({}));
    assert_eq!(jar.send(path, ask).await.status, 401, "as recorded, without a caller");
    assert!(!is_live(&world, &live).await);
    assert!(NAMES.iter().all(|name| !jar.has(name)));
    let ask = world.post(path).header("accept-api-version", "resource=3.1").json(&json!({}));
    assert!(jar.send(path, ask).await.headers.get("set-cookie").is_none(), "nothing is left to take away");
}

/// Goal: PingOne's page without a flow says "signed off" of nobody who is signed on, and leads off.
#[tokio::test]
async fn the_page_of_pingone_looks_first() {
    let world = World::with_config(with_all_cookies()).await;
    let mut jar = Jar::default();
    sign_on_as(&world, &mut jar, Dialect::PingOne, ALICE).await;
    let environment = Programs::of(&world).pingone("env_id").to_owned();
    let path = format!("/{environment}/signon/");
    let on = jar.send(&path, world.get(&path).header("accept", "text/html")).await;
    assert!(on.text.contains("signed on as alice") && !on.text.contains("signed off"), "{}", on.text);
    assert!(on.text.contains(&format!("/{environment}/as/signoff\"")), "{}", on.text);
    sign_off(&world, &mut jar, Dialect::PingOne).await;
    let off = jar.send(&path, world.get(&path).header("accept", "text/html")).await;
    assert!(off.text.contains("You are signed off"), "{}", off.text);
}
