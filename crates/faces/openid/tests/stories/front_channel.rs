//! Front-channel logout: the page after a sign-off tells the applications that registered an address, each by a frame.
//!
//! What a real browser makes of it is asked of one in `clients/front-channel.cjs`. standards.md 1.3.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use serde_json::{Value, json};

use crate::fixture::{
    ALICE, ALPHA, BYE, Browser, CALLBACK, LOGOUT, RelyingParty, attribute, claims, form, issuer, param,
    signed_on, state,
};
use crate::session_op::am_token;

const OUT: &str = "https://shop.example.test/out?a=b";
/// Nobody listens there.
const BACK: &str = "http://127.0.0.1:9/out";

/// A server whose shop is told by the browser; with `named` it is told issuer and session.
async fn framed(named: bool) -> World {
    let world = World::start().await;
    let id = world.data.app.id.clone();
    let told = |client: &mut adieu_authority::Client| {
        client.frontchannel_logout_uri = Some(OUT.into());
        client.frontchannel_logout_session_required = named;
    };
    world.edit_client(&id, told).await;
    world
}

/// The addresses of the frames of a page.
fn frames(page: &Reply) -> Vec<String> {
    page.text.split("<iframe ").skip(1).map(|frame| attribute(frame, "src")).collect()
}

/// What the page says of an application.
fn verdict(page: &Reply, name: &str) -> Option<String> {
    let (_, rest) = page.text.split_once(&format!(r#"<span class="dialect">{name}</span>"#))?;
    let (_, rest) = rest.split_once("<span class=\"verdict ")?;
    rest.split(['>', '<']).nth(1).map(str::to_owned)
}

/// S-FCL-1
#[tokio::test]
async fn oidcc_frontchannel_logout_discovery_endpoint_verification() {
    let world = World::start().await;
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    for name in ["frontchannel_logout_supported", "frontchannel_logout_session_supported"] {
        assert_eq!(document[name], true, "{name}");
    }
    assert_eq!(document["end_session_endpoint"], format!("{}{LOGOUT}", world.config().public.url));
}

/// S-FCL-3: a browser in which nobody is signed on tells the applications of the session that a hint ends; the second time there is
/// nothing to tell.
#[tokio::test]
async fn a_hint_that_is_enough_is_told_by_frames() {
    let world = framed(true).await;
    let id = world.data.app.id.clone();
    world.edit_client(&id, |client| client.ends_by_id_token = true).await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let mut another = Browser::of(&world);
    for told in [1, 0] {
        let done = another.get(&format!("{LOGOUT}?id_token_hint={hint}")).await;
        assert!(done.text.contains("You are signed off"), "{}", done.text);
        assert_eq!(frames(&done).len(), told, "{}", done.text);
        assert!(shop.silently(&mut browser).await.is_some());
    }
}

/// S-FCL-3, S-FCL-4, S-FCL-5, S-RPI-10, S-RPI-14: the one who asks is told as well, the policy names its origin and no other one, and
/// the way on has the state and nothing else.
#[tokio::test]
async fn oidcc_frontchannel_rp_initiated_logout() {
    let world = framed(true).await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let query = format!("id_token_hint={hint}&post_logout_redirect_uri={BYE}&state={}", state());
    let page = browser.get(&format!("{LOGOUT}?{query}")).await;
    assert_eq!((page.status.as_u16(), page.location()), (200, ""), "{}", page.text);
    let [frame] = &frames(&page)[..] else { panic!("{}", page.text) };
    let (address, query) = frame.split_once("&iss=").expect("more than was registered");
    assert_eq!((address, query.split('&').count()), (OUT, 2), "{frame}");
    let told = claims(&Value::from(hint));
    assert_eq!(param(frame, "iss"), Some(issuer(&world)));
    assert_eq!(param(frame, "sid").as_deref(), told["sid"].as_str());
    let policy = page.header("content-security-policy");
    assert!(policy.contains("; frame-src https://shop.example.test; "), "{policy}");
    let there = format!("{BYE}?state={}", state().replace('~', "%7E"));
    assert_eq!(page.header("refresh"), format!("3; url={there}"));
    let (_, link) = page.text.split_once("<a id=\"onward\"").expect("a link for whoever waits no longer");
    assert_eq!(attribute(link, "href"), there);
    assert_eq!(verdict(&page, "Shop").as_deref(), Some("told by your browser"));
    assert!(page.text.contains("may show you as signed on still"), "S-FCL-6: {}", page.text);
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
}

/// Goal: S-FCL-4: who did not ask for issuer and session gets neither; one frame is enough for one address.
#[tokio::test]
async fn an_address_is_called_as_it_was_registered() {
    let world = framed(false).await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let page = browser.get(&format!("{LOGOUT}?id_token_hint={hint}")).await;
    assert_eq!(frames(&page), [OUT]);
    assert_eq!(page.header("refresh"), "", "nobody waits for anything");
    assert!(!page.text.contains("<script"));
}

/// Goal: whoever is signed off already tells nobody anew, and who took part in nothing has no frames.
#[tokio::test]
async fn only_what_ends_is_told() {
    let world = framed(true).await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let address = format!("{LOGOUT}?id_token_hint={hint}&post_logout_redirect_uri={BYE}");
    assert_eq!(frames(&browser.get(&address).await).len(), 1);
    let again = browser.get(&address).await;
    assert_eq!((again.status.as_u16(), again.location()), (303, BYE));

    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let question = world.get(LOGOUT).cookie("adieu_session", &token).send().await;
    let (_, hidden) = form(&question);
    let fields: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let form = world.post("/o/alpha/sign-off").cookie("adieu_session", &token).form(&fields);
    let sent = form.send().await;
    let to = sent.location().strip_prefix(&world.config().public.url).expect("our page").to_owned();
    let page = world.get(&to).send().await;
    assert!(page.text.contains("You are signed off") && frames(&page).is_empty(), "{}", page.text);
}

/// Goal: an application of another mount of the same session is told as it knows the session: by the issuer of its tokens.
#[tokio::test]
async fn who_signed_on_elsewhere_is_told_in_its_own_words() {
    let world = framed(true).await;
    let shop = RelyingParty::shop(&world);
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let base = "/am/oauth2/realms/root/realms/alpha";
    let query = format!("response_type=code&scope=openid&client_id={}&redirect_uri={CALLBACK}", shop.id);
    let coded = world.get(&format!("{base}/authorize?{query}")).cookie("iPlanetDirectoryPro", &token);
    assert!(param(coded.send().await.location(), "code").is_some());
    let question = world.get(LOGOUT).cookie("adieu_session", &token).send().await;
    let (_, hidden) = form(&question);
    let fields: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let page = world.post("/o/alpha/sign-off").cookie("adieu_session", &token).form(&fields).send().await;
    let issuer = format!("{}{base}", world.config().public.url);
    assert_eq!(param(&frames(&page)[0], "iss"), Some(issuer));
}

/// S-FCL-8, RP-Initiated Logout 1.0 section 2: the page says what became of each application, is made anew without a script while somebody
/// is being told, and says no more to whoever comes too late or makes the address up.
#[tokio::test]
async fn the_page_says_who_was_told() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let id = world.data.app.id.clone();
    world.edit_client(&id, |client| client.backchannel_logout_uri = Some(BACK.into())).await;
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let page = browser.get(&format!("{LOGOUT}?id_token_hint={hint}")).await;
    assert_eq!(verdict(&page, "Shop").as_deref(), Some("still being told"));
    let (after, address) = page.header("refresh").split_once("; url=").expect("it is made anew");
    assert_eq!(after, "2");

    world.server().outbox(world.config()).expect("an outbox").tell_due().await.expect("a round");
    let mut stranger = Browser::of(&world);
    let later = stranger.get(address).await;
    assert_eq!(verdict(&later, "Shop").as_deref(), Some("still being told"));
    assert_eq!(later.header("refresh"), page.header("refresh"));
    let ending = page.header("adieu-ending");
    let given_up = world.admin(http::Method::POST, &format!("/v1/endings/{ending}/give-up")).json(&json!({}));
    assert_eq!(given_up.send().await.status, 200);
    let at_last = stranger.get(address).await;
    assert_eq!(verdict(&at_last, "Shop").as_deref(), Some("could not be told"));
    assert_eq!(at_last.header("refresh"), "");

    let made_up = stranger.get(&address.replace(&ending[..8], "00000000")).await;
    assert_eq!((made_up.status.as_u16(), verdict(&made_up, "Shop")), (200, None));
    world.wait_s(601);
    assert_eq!(verdict(&stranger.get(address).await, "Shop"), None);
}

/// Goal: `connect/endSession` of AM's issuer shows a browser the page with the frames, and answers a program as AM does; its sign-off page
/// tells by frames, too.
#[tokio::test]
async fn other_sign_offs_tell_by_frames() {
    let world = framed(true).await;
    let shop = RelyingParty::shop(&world);
    let base = "/am/oauth2/realms/root/realms/alpha";
    let query = format!("response_type=code&scope=openid&client_id={}&redirect_uri={CALLBACK}", shop.id);
    for (accept, status, count) in [("text/html,*/*;q=0.8", 200, 1), ("application/json", 302, 0)] {
        let (mut browser, _) = signed_on(&shop, ALICE).await;
        let answer = browser.get(&format!("{base}/authorize?{query}")).await;
        let hint = am_token(&world, &answer).await;
        let token = browser.cookie("adieu_session").expect("a cookie");
        let end =
            format!("{base}/connect/endSession?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=x");
        let ended =
            world.get(&end).cookie("iPlanetDirectoryPro", token).header("accept", accept).send().await;
        assert_eq!(
            (ended.status.as_u16(), frames(&ended).len()),
            (status, count),
            "{accept}: {}",
            ended.text
        );
        let there = format!("{BYE}?state=x");
        let goes_on = if count == 0 { ended.location() } else { ended.header("refresh") };
        assert!(goes_on.ends_with(&there), "{goes_on}");
        assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
    }

    let (browser, _) = signed_on(&shop, ALICE).await;
    let token = browser.cookie("adieu_session").expect("a cookie");
    let question = world.get("/am/UI/Logout?realm=/alpha").cookie("iPlanetDirectoryPro", token).send().await;
    let (action, hidden) = form(&question);
    let fields: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let page = world.post(&action).cookie("iPlanetDirectoryPro", token).form(&fields).send().await;
    assert_eq!(frames(&page).len(), 1, "{}", page.text);
    assert_eq!(verdict(&page, "Shop").as_deref(), Some("told by your browser"));
}

/// S-FCL-3: a browser that signs off at PingOne's mount or at Kratos is told by frames on its way; a program is redirected or answered as
/// each documents.
#[tokio::test]
async fn sign_offs_that_redirect_tell_by_frames_first() {
    let world = framed(true).await;
    let shop = RelyingParty::shop(&world);
    for (accept, count) in [("text/html,*/*;q=0.8", 1), ("*/*", 0)] {
        for dialect in ["PingOne", "Kratos"] {
            let (mut browser, _) = signed_on(&shop, ALICE).await;
            let token = browser.cookie("adieu_session").expect("a cookie").to_owned();
            let (path, name) = match dialect {
                "PingOne" => (
                    format!("/{}/as/signoff?post_logout_redirect_uri={BYE}&state=x", world.data.realm.id),
                    "ST",
                ),
                _ => {
                    let made = world.get("/self-service/logout/browser").cookie("ory_kratos_session", &token);
                    let made = made.send().await.json();
                    let token = made["logout_token"].as_str().expect("a token");
                    (format!("/self-service/logout?token={token}"), "ory_kratos_session")
                }
            };
            let ended = world.get(&path).cookie(name, &token).header("accept", accept).send().await;
            assert_eq!(frames(&ended).len(), count, "{dialect}, {accept}: {}", ended.text);
            assert_eq!(ended.status.is_redirection(), count == 0, "{dialect}");
            let goes_on = if count == 0 { ended.location() } else { ended.header("refresh") };
            let there = if dialect == "PingOne" { format!("{BYE}?state=x") } else { String::new() };
            assert!(!goes_on.is_empty() && goes_on.ends_with(&there), "{dialect}: {goes_on}");
            assert!(!ended.header("adieu-ending").is_empty() && !ended.header("set-cookie").is_empty());
            assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"), "{dialect}");
        }
    }
}

/// S-RPI-11: whichever page signed off, it leads to one and the same page while somebody is still being told: by itself, by a link, and at an
/// address that can be asked for again.
#[tokio::test]
async fn every_page_after_a_sign_off_is_made_anew_while_somebody_is_told() {
    let mut config = profile_config("main");
    config.public.front_page = true;
    let world = World::with_config(config).await;
    let shop = RelyingParty::shop(&world);
    let id = world.data.app.id.clone();
    world.edit_client(&id, |client| client.backchannel_logout_uri = Some(BACK.into())).await;
    for way in ["AM's page", "AM's endSession", "front page"] {
        let (mut browser, _) = signed_on(&shop, ALICE).await;
        let token = browser.cookie("adieu_session").expect("a cookie").to_owned();
        let page = match way {
            "AM's page" => {
                let ask = world.get("/am/UI/Logout").cookie("iPlanetDirectoryPro", &token);
                let (action, hidden) = form(&ask.send().await);
                let fields: Vec<(&str, &str)> =
                    hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                world.post(&action).cookie("iPlanetDirectoryPro", &token).form(&fields).send().await
            }
            "AM's endSession" => {
                let base = "/am/oauth2/realms/root/realms/alpha";
                let query =
                    format!("response_type=code&scope=openid&client_id={}&redirect_uri={CALLBACK}", shop.id);
                let answer = browser.get(&format!("{base}/authorize?{query}")).await;
                let hint = am_token(&world, &answer).await;
                let end = world.get(&format!("{base}/connect/endSession?id_token_hint={hint}"));
                end.cookie("iPlanetDirectoryPro", &token).header("accept", "text/html").send().await
            }
            _ => {
                let front =
                    world.get("/").cookie("iPlanetDirectoryPro", &token).header("accept", "text/html");
                let (action, hidden) = form(&front.send().await);
                let fields: Vec<(&str, &str)> =
                    hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                world.post(&action).cookie("iPlanetDirectoryPro", &token).form(&fields).send().await
            }
        };
        assert_eq!(verdict(&page, "Shop").as_deref(), Some("still being told"), "{way}: {}", page.text);
        // What only the front page says stays until somebody has read it.
        let by_itself = way != "front page";
        let address = &attribute(page.text.split("id=\"onward\"").nth(1).unwrap_or_default(), "href");
        let refresh = if by_itself { format!("2; url={address}") } else { String::new() };
        assert_eq!(page.header("refresh"), refresh, "{way}");
        assert!(
            address.starts_with(&format!("{}{ALPHA}/signed-off?of=", world.config().public.url)),
            "{address}"
        );
        assert!(page.text.contains("Look again"), "{way}: {}", page.text);
        world.server().outbox(world.config()).expect("an outbox").tell_due().await.expect("a round");
        let later = Browser::of(&world).get(address).await;
        assert_eq!(verdict(&later, "Shop").as_deref(), Some("still being told"), "{way}");
        assert_eq!(later.header("refresh"), format!("2; url={address}"), "{way}");
    }
}

/// Goal: no page after a sign-off is a dead end, and none speaks of a session that was not there.
#[tokio::test]
async fn the_page_after_a_sign_off_leads_on() {
    let world = World::start().await;
    for address in [LOGOUT, "/o/alpha/signed-off", "/o/alpha/signed-off?of=made-up"] {
        let page = Browser::of(&world).get(address).await;
        assert!(page.text.contains("You are signed off"), "{address}: {}", page.text);
        assert!(page.text.contains("Nobody is signed on in this browser"), "{address}: {}", page.text);
        assert!(
            page.text.contains("/am/UI/Login?realm=%2Falpha\">Sign on again<"),
            "{address}: {}",
            page.text
        );
    }
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let page = browser.get(&format!("{LOGOUT}?id_token_hint={hint}")).await;
    assert!(
        page.text.contains("Your session has ended") && page.text.contains("Sign on again"),
        "{}",
        page.text
    );
    // The sign-on that it leads to knows the realm.
    let sign_on = browser.get("/am/UI/Login?realm=%2Falpha").await;
    assert!(sign_on.status == 200 && sign_on.text.contains("/alpha"), "{}", sign_on.text);
}
