//! Stories of the front page: who is signed on, what every dialect says, and off everywhere by one button.
//!
//! Through the real dispatcher over the embedded engine; only the clock stands still.

mod looking;
mod rights;

use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use adieu_testkit::world::{Config, Reply, profile_config};

const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");
const HTML: &str = "text/html,application/xhtml+xml";

pub(crate) async fn world() -> World {
    world_where(|_| {}).await
}

/// The same, where the configuration says something else.
pub(crate) async fn world_where(change: impl FnOnce(&mut Config)) -> World {
    let mut config = profile_config("main");
    config.public.front_page = true;
    config.kratos.set_all_cookies = true;
    config.am.set_all_cookies = true;
    config.pingone.set_all_cookies = true;
    for url in [
        &mut config.kratos.login_ui_url,
        &mut config.kratos.error_ui_url,
        &mut config.kratos.default_return_url,
    ] {
        url.clear();
    }
    change(&mut config);
    World::with_config(config).await
}

pub(crate) async fn front(world: &World, cookies: &str) -> Reply {
    let ask = world.get("/").header("accept", HTML);
    if cookies.is_empty() { ask } else { ask.header("cookie", cookies) }.send().await
}

/// The value of the form's hidden field.
pub(crate) fn form_token(page: &Reply) -> String {
    let (_, rest) = page.text.split_once("name=\"token\" value=\"").expect("a form");
    rest.split('"').next().expect("a value").to_owned()
}

async fn sign_off(world: &World, cookies: &str, token: &str) -> Reply {
    world.post("/ui/sign-off").header("cookie", cookies).form(&[("token", token)]).send().await
}

fn verdicts(page: &Reply) -> [usize; 3] {
    [">live<", ">not live<", ">cannot tell<"].map(|words| page.text.matches(words).count())
}

/// Goal: who opens the server's address in a browser sees a page that leads on, and not what an API says of unknown paths.
#[tokio::test]
async fn nobody_is_signed_on_and_the_page_leads_to_the_sign_on() {
    let world = world().await;
    let base = world.config().public.url.clone();
    let page = front(&world, "").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("Nobody is signed on"), "{}", page.text);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; "));
    assert_eq!((page.header("cache-control"), page.header("x-frame-options")), ("no-store", "DENY"));
    let (_, way) = page.text.split_once("<p class=\"go\"><a href=\"").expect("a way on");
    let way = way.split('"').next().expect("an address").replace("&#38;", "&");
    let path = way.strip_prefix(&base).expect("it is ours");
    let begun = world.get(path).header("accept", HTML).send().await;
    assert!(begun.location().contains("/self-service/ui/login?flow="), "{}", begun.location());
    let dead = front(&world, "ory_kratos_session=x; iPlanetDirectoryPro=y; ST=z").await;
    assert!(dead.text.contains("Nobody is signed on"), "{}", dead.text);
    let head = world.ask("HEAD".parse().expect("a method"), "/").send().await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
}

/// Goal: programs that ask for JSON, and installations that want none, have what Kratos has there.
#[tokio::test]
async fn programs_and_installations_without_the_page_have_what_is_recorded() {
    let world = world().await;
    let nothing = |reply: Reply| (reply.status.as_u16(), reply.text);
    let expected = (404, "404 page not found\n".to_owned());
    assert_eq!(nothing(world.get("/").header("accept", "application/json").send().await), expected);
    assert_eq!(nothing(World::start().await.get("/").header("accept", HTML).send().await), expected);
}

/// Goal: no address is a dead end for people: a browser that comes to a wrong one is shown the way to the front page; programs, and
/// installations without the page, have what is recorded.
#[tokio::test]
async fn a_wrong_address_leads_people_on() {
    let world = world().await;
    let front = format!("{}/\">Front page<", world.config().public.url);
    for path in ["/nowhere", "/auth/nowhere", "/o/alpha", "/o/alpha/", "/o/alpha/nothing", "/o"] {
        let page = world.get(path).header("accept", HTML).send().await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type")),
            (404, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(page.text.contains(&front), "{path}: {}", page.text);
        for accept in ["*/*", "application/json"] {
            let program = world.get(path).header("accept", accept).send().await;
            assert!(program.status == 404 && !program.text.contains("<html"), "{path}: {}", program.text);
        }
    }
    let without = World::start().await.get("/nowhere").header("accept", HTML).send().await;
    assert_eq!((without.status.as_u16(), without.text.as_str()), (404, "404 page not found\n"));
}

/// Goal: ONE-SESSION: the page shows what every dialect says of the session; one button ends it in all of them, and the page after
/// it asks them again.
#[tokio::test]
async fn one_session_is_seen_in_every_dialect_and_signed_off_everywhere() {
    let world = world().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let cookies = format!("ory_kratos_session={token}");
    let page = front(&world, &cookies).await;
    assert!(page.text.contains("signed on as alice"), "{}", page.text);
    assert_eq!(verdicts(&page), [3, 0, 0], "{}", page.text);
    let secret = token.trim_start_matches("ory_st_");
    assert!(!page.text.contains(secret), "EMPTY-HANDS: no page shows a token");

    let off = sign_off(&world, &cookies, &form_token(&page)).await;
    assert_eq!(off.status, 200, "{}", off.text);
    assert!(off.text.contains("You are signed off") && off.text.contains("Sign on again"), "{}", off.text);
    assert_eq!(verdicts(&off), [0, 3, 0], "{}", off.text);
    for name in ["ory_kratos_session", "iPlanetDirectoryPro", "ST"] {
        assert_eq!(off.cookie(name), Some(""), "{name}: {:?}", off.headers);
    }
    assert_eq!(world.get("/sessions/whoami").bearer(&token).send().await.status, 401);
    assert!(front(&world, &cookies).await.text.contains("Nobody is signed on"));
    let again = sign_off(&world, &cookies, "x").await;
    assert_eq!((again.status.as_u16(), again.location()), (303, "/"), "nothing is left to end");
}

/// Goal: F-4: whatever sessions a browser carries in its cookies are over, not only the one that is shown.
#[tokio::test]
async fn every_session_of_the_browser_ends() {
    let world = world().await;
    let (shown, beside) =
        (world.sign_on_kratos(ALICE.0, ALICE.1).await, world.sign_on_kratos(ALICE.0, ALICE.1).await);
    let cookies =
        format!("ory_kratos_session={shown}; iPlanetDirectoryPro=am*{}", &beside["ory_st_".len()..]);
    let page = front(&world, &cookies).await;
    assert_eq!(sign_off(&world, &cookies, &form_token(&page)).await.status, 200);
    for token in [shown, beside] {
        assert_eq!(world.get("/sessions/whoami").bearer(&token).send().await.status, 401);
    }
}

/// Goal: NO-FALSE-NO: with the store away the page says that it cannot tell, and ends nothing.
#[tokio::test]
async fn what_nobody_knows_is_not_said() {
    let mut world = world().await;
    let store = world.with_failing_store().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let cookies = format!("ory_kratos_session={token}");
    let form = form_token(&front(&world, &cookies).await);
    store.fail(Failure::Everything);
    for reply in [front(&world, &cookies).await, sign_off(&world, &cookies, &form).await] {
        assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"), "{}", reply.text);
        assert!(!reply.text.contains("Nobody is signed on") && !reply.text.contains("signed off"));
    }
    store.fail(Failure::None);
    assert_eq!(verdicts(&front(&world, &cookies).await), [3, 0, 0]);
}

/// Goal: a sign-on may lead back to the front page, and by that to nothing else of this server.
#[tokio::test]
async fn a_flow_may_lead_to_the_front_page_and_to_nothing_below() {
    let world = world().await;
    let base = world.config().public.url.clone();
    for (to, allowed) in [
        ("/", true),
        ("", true),
        ("/?x=1", false),
        ("/#x", false),
        ("/admin", false),
        ("/am/UI/Logout", false),
        ("/ui/sign-off", false),
    ] {
        let path = format!(
            "/self-service/login/browser?return_to={base}{}",
            to.replace('#', "%23").replace('?', "%3F")
        );
        let begun = world.get(&path).header("accept", HTML).send().await;
        assert_eq!(begun.location().contains("/ui/login?flow="), allowed, "{to}: {}", begun.location());
    }
    let without = World::start().await;
    let path = format!("/self-service/login/browser?return_to={}/", without.config().public.url);
    let begun = without.get(&path).header("accept", "application/json").send().await;
    assert_eq!(begun.status, 400, "where there is no front page, nothing leads to it");
}

/// Goal: a page of another site signs nobody off, not even with the form's own token; the page itself does, whatever it says of itself.
#[tokio::test]
async fn a_page_of_another_site_signs_nobody_off() {
    let world = world().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let cookies = format!("ory_kratos_session={token}");
    let form = form_token(&front(&world, &cookies).await);
    let send = async |headers: &[(&str, &str)], form: &str| {
        let ask = world.post("/ui/sign-off").header("cookie", &cookies).header("host", "id.example.test");
        let ask = headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
        ask.form(&[("token", form)]).send().await
    };
    for strange in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://id.example.test")],
        &[("origin", "https://evil.example.test")],
        &[("origin", "nonsense")],
    ] {
        let reply = send(strange, &form).await;
        assert_eq!(reply.status, 403, "{strange:?}: {}", reply.text);
        assert_eq!(world.get("/sessions/whoami").bearer(&token).send().await.status, 200, "{strange:?}");
    }
    for own in [
        &[("sec-fetch-site", "same-origin"), ("origin", "null")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://id.example.test")],
        &[("origin", "null")],
        &[],
    ] {
        assert!(send(own, "x").await.text.contains("made for another session"), "the token is asked for");
    }
    let off = send(&[("sec-fetch-site", "same-origin"), ("origin", "https://id.example.test")], &form).await;
    assert_eq!(off.status, 200, "{}", off.text);
}
