//! What looking at the front page does, and what it shows: no activity, nothing that a program would not hear, no dead cookie
//! instead of a live session.

use adieu_testkit::World;
use serde_json::json;

use crate::{ALICE, form_token, front, sign_off, verdicts, world, world_where};

const DEAD: usize = 9;

async fn dead_and_live(world: &World) -> (String, String) {
    let mut cookies = Vec::new();
    for _ in 0..DEAD {
        let dead = world.sign_on_kratos(ALICE.0, ALICE.1).await;
        let end = world.delete("/self-service/logout/api").json(&json!({"session_token": dead}));
        assert_eq!(end.send().await.status, 204);
        cookies.push(format!("ory_kratos_session={dead}"));
    }
    let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    cookies.push(format!("ory_kratos_session={live}"));
    (cookies.join("; "), live)
}

/// Goal: F-4: however many dead cookies a browser sends before a live one, the page shows the live session and ends it.
#[tokio::test]
async fn dead_cookies_hide_no_live_session() {
    let world = world().await;
    let (cookies, live) = dead_and_live(&world).await;
    let page = front(&world, &cookies).await;
    assert!(page.text.contains("signed on as alice"), "{}", page.text);
    let off = sign_off(&world, &cookies, &form_token(&page)).await;
    assert_eq!(off.status, 200, "{}", off.text);
    assert_eq!(world.get("/sessions/whoami").bearer(&live).send().await.status, 401);
}

/// Goal: whoever only looks at the front page is not active: the idle limit of the session passes all the same.
#[tokio::test]
async fn looking_is_no_activity() {
    let world = world_where(|config| config.kratos.session_idle_s = 600).await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let cookies = format!("ory_kratos_session={token}");
    for _ in 0..5 {
        world.wait_s(110);
        assert_eq!(verdicts(&front(&world, &cookies).await), [3, 0, 0]);
    }
    world.wait_s(110);
    assert!(front(&world, &cookies).await.text.contains("Nobody is signed on"));
    assert_eq!(world.get("/sessions/whoami").bearer(&token).send().await.status, 401);
}

/// Goal: the page shows what a program hears of PingOne about a session that is over: 401, and no status that it never answers.
#[tokio::test]
async fn an_ended_session_is_what_pingone_says_of_it() {
    let world = world().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let cookies = format!("ory_kratos_session={token}");
    let off = sign_off(&world, &cookies, &form_token(&front(&world, &cookies).await)).await;
    assert!(off.text.contains("ACCESS_FAILED") && !off.text.contains("<pre>404"), "{}", off.text);
    assert_eq!(verdicts(&off), [0, 3, 0]);
}

/// Goal: NO-FALSE-NO: a dialect that does not serve the session's realm is not said to call a live session dead.
#[tokio::test]
async fn a_dialect_of_another_realm_is_not_asked() {
    let world = world().await;
    let ask = world.post("/am/json/realms/root/authenticate").header("accept-api-version", "resource=2.0");
    let ask = ask.header("x-openam-username", ALICE.0).header("x-openam-password", ALICE.1);
    let token = ask.json(&json!({})).send().await.json()["tokenId"].as_str().expect("a token").to_owned();
    let page = front(&world, &format!("iPlanetDirectoryPro={token}")).await;
    assert_eq!(verdicts(&page), [2, 0, 0], "{}", page.text);
    assert!(!page.text.contains("Kratos"), "{}", page.text);
}

/// Goal: the front page's links lead to documents that are there, under the issuer's own name, in whatever realm.
#[tokio::test]
async fn the_documents_are_there() {
    for realm in ["/alpha", "/"] {
        let world = world_where(|config| config.kratos.realm = realm.into()).await;
        let page = front(&world, "").await;
        let base = world.config().public.url.clone();
        let links = page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let links: Vec<String> = links
            .filter(|link| link.contains("openid-configuration"))
            .map(|link| link.replace("&#47;", "/"))
            .collect();
        assert_eq!(links.len(), 3, "{realm}: {}", page.text);
        for link in links {
            let issuer = link.strip_suffix("/.well-known/openid-configuration").expect("a document");
            let path = link.strip_prefix(&base).expect("it is ours");
            assert_eq!(world.get(path).send().await.json()["issuer"], issuer, "{realm}");
        }
    }
}

/// Goal: S-15: whoever has given one factor of two can sign off, at the front page and at Kratos' own.
#[tokio::test]
async fn the_half_signed_on_have_a_way_off() {
    for at_kratos in [false, true] {
        let world = world_where(|config| config.sign_on.second_factor = "required".into()).await;
        let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
        let cookies = format!("ory_kratos_session={token}");
        let page = match at_kratos {
            false => front(&world, &cookies).await,
            true => world.get("/self-service/ui/status").header("cookie", &cookies).send().await,
        };
        assert!(page.text.contains("One more step"), "{}", page.text);
        let form = form_token(&page);
        let off = match at_kratos {
            false => sign_off(&world, &cookies, &form).await,
            true => {
                let path = format!("/self-service/logout?token={form}");
                world.get(&path).header("cookie", &cookies).send().await
            }
        };
        assert_eq!(off.status, if at_kratos { 303 } else { 200 }, "{}", off.text);
        assert!(front(&world, &cookies).await.text.contains("Nobody is signed on"));
    }
}

/// Goal: ONE-SESSION: AM takes its cookie in any letter case, so the front page does, too, and its sign-off ends what is in it. Kratos and
/// PingOne tell names apart as browsers do, and so does every reader of their cookies: the page, the native issuers, the proxies' check.
#[tokio::test]
async fn a_cookie_in_other_letters_is_seen_as_its_dialect_sees_it() {
    let world = world().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let asked = "/o/alpha/logout";
    for name in ["ORY_KRATOS_SESSION", "st", "St-No-Ss"] {
        let cookies = format!("{name}={token}");
        assert!(front(&world, &cookies).await.text.contains("Nobody is signed on"), "{name}");
        let checked = world.get("/ui/check").header("cookie", &cookies).send().await;
        let issuer = world.get(asked).header("cookie", &cookies).send().await;
        assert!(
            checked.status == 401 && issuer.text.contains("You are signed off"),
            "{name}: {}",
            issuer.text
        );
        assert_eq!(
            world.get("/sessions/whoami").header("cookie", &cookies).send().await.status,
            401,
            "{name}"
        );
    }
    let cookies = format!("iplanetdirectorypro={token}");
    assert_eq!(world.get("/ui/check").header("cookie", &cookies).send().await.status, 200);
    let issuer = world.get(asked).header("cookie", &cookies).send().await;
    assert!(issuer.text.contains("Sign off?"), "{}", issuer.text);
    let page = front(&world, &cookies).await;
    assert!(page.text.contains("signed on as alice"), "{}", page.text);
    assert_eq!(sign_off(&world, &cookies, &form_token(&page)).await.status, 200);
    assert_eq!(world.get("/sessions/whoami").bearer(&token).send().await.status, 401);
}

/// Goal: a browser that is signed on to two realms sees both, and signs off of each by itself: what the cookies carry of the other one
/// lives, and its cookie stays.
#[tokio::test]
async fn a_browser_signed_on_to_two_realms_sees_and_ends_each() {
    let world = world().await;
    let ask = world.post("/am/json/realms/root/authenticate").header("accept-api-version", "resource=2.0");
    let ask = ask.header("x-openam-username", ALICE.0).header("x-openam-password", ALICE.1);
    let at_root = ask.json(&json!({})).send().await.json()["tokenId"].as_str().expect("a token").to_owned();
    let at_alpha = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let cookies = format!("ory_kratos_session={at_alpha}; iPlanetDirectoryPro={at_root}");
    let page = front(&world, &cookies).await;
    assert!(page.text.contains("signed on to 2 realms"), "{}", page.text);
    assert_eq!(verdicts(&page), [5, 0, 0], "{}", page.text);
    assert!(
        page.text.contains("Sign off of /alpha") && page.text.contains("Sign off of /<"),
        "{}",
        page.text
    );
    let off = sign_off(&world, &cookies, &form_token(&page)).await;
    assert!(off.text.contains("still signed on to another realm"), "{}", off.text);
    assert_eq!(off.cookie("ory_kratos_session"), Some(""));
    assert_eq!(off.cookie("iPlanetDirectoryPro"), None, "it carries the session of the other realm");
    assert_eq!(world.get("/sessions/whoami").bearer(&at_alpha).send().await.status, 401);
    let rest = front(&world, &cookies).await;
    assert!(
        rest.text.contains("signed on as alice") && rest.text.contains("Sign off everywhere"),
        "{}",
        rest.text
    );
    let off = sign_off(&world, &cookies, &form_token(&rest)).await;
    assert_eq!(off.cookie("iPlanetDirectoryPro"), Some(""), "{}", off.text);
    assert!(front(&world, &cookies).await.text.contains("Nobody is signed on"));
}
