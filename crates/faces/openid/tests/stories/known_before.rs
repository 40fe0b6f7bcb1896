//! What was known of a browser before a sign-on buys nothing after it: neither its cookie, nor the token of its form, nor an attempt.
//!
//! The attacker is another browser that has the victim's cookie of before, and no other. Decision 0112.

use adieu_authority::SessionToken;
use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};

use crate::fixture::{ALICE, BOB, Browser, RelyingParty, form};

const COOKIE: &str = "adieu_form";

/// The form of a page with other fields than it has.
async fn sent(browser: &mut Browser<'_>, page: &Reply, fields: &[(&str, &str)]) -> Reply {
    let (action, hidden) = form(page);
    let kept = |name: &str| name != "attempt";
    let hidden: Vec<_> = hidden.iter().filter(|(name, _)| kept(name)).collect();
    let own = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<_> = own.chain(fields.iter().copied()).collect();
    browser.post(&action, &all).await
}

fn is_nobody(browser: &Browser<'_>, reply: &Reply) {
    assert_eq!(browser.cookie("adieu_session"), None, "{} {}", reply.status, reply.text);
}

/// Goal: S-OP-20: whoever knew the browser's cookie before its user signed on gets no session by it: a made-up attempt, another password or
/// none leads nowhere, and after a guess the form itself does not either.
#[tokio::test]
async fn a_cookie_of_before_the_sign_on_buys_nothing() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let mut attacker = browser.twin();
    let known = attacker.cookie(COOKIE).expect("a cookie").to_owned();
    browser.sign_on(&page, ALICE).await;
    assert_ne!(browser.cookie(COOKIE), Some(known.as_str()), "it changes with the sign-on");
    for fields in [
        &[("attempt", "AAAAAAAAAAAAAAAAAAAAAA"), ("code", "")][..],
        &[("attempt", "x"), ("code", "")],
        &[("username", ALICE.0), ("password", "guessed")],
        &[],
    ] {
        let reply = sent(&mut attacker, &page, fields).await;
        is_nobody(&attacker, &reply);
    }
    assert_eq!(world.authority().count_live_sessions(world.data.alice.id).await.expect("read"), 1);
}

/// Goal: S-OP-8: the code is proven again as the password is, and what was proven before it counts in its own browser alone.
#[tokio::test]
async fn a_second_factor_is_its_browsers_own() {
    let mut config = profile_config("main");
    config.sign_on.second_factor = "when_enrolled".into();
    let world = World::with_config(config).await;
    let set = world.authority().draw_code_set();
    let codes = world.authority().recovery_codes(world.data.alice.id, set);
    let first = SessionToken::parse(&world.sign_on_kratos(ALICE.0, ALICE.1).await).expect("a token").id;
    world.authority().confirm_recovery_codes(first, set, false).await.expect("a live session");

    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let mut attacker = browser.twin();
    let asked = browser.submit(&page, &[("username", ALICE.0), ("password", ALICE.1)]).await;
    let (_, hidden) = form(&asked);
    let attempt = hidden.iter().find(|(name, _)| name == "attempt").expect("an attempt").1.clone();
    // Another browser has seen the attempt, and has a form of its own.
    let mut other = Browser::of(&world);
    let own_page = other.get(&shop.authorize("&scope=openid")).await;
    let reply = sent(&mut other, &own_page, &[("attempt", &attempt), ("code", &codes[0])]).await;
    is_nobody(&other, &reply);

    let (mut one, mut twin) = (browser.twin(), browser.twin());
    let fields = [("code", codes[0].as_str())];
    let (first, again) = tokio::join!(one.submit(&asked, &fields), twin.submit(&asked, &fields));
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (303, 303), "{}", again.text);
    assert!(one.cookie("adieu_session").is_some());
    assert_eq!(one.cookie("adieu_session"), twin.cookie("adieu_session"), "a double click");
    for fields in [
        &[("attempt", attempt.as_str()), ("code", "")][..],
        &[("attempt", "AAAAAAAAAAAAAAAAAAAAAA"), ("code", &codes[0])],
        &[("attempt", &attempt), ("code", &codes[1])],
        // The password alone does not lead to the session of both factors.
        &[("username", ALICE.0), ("password", ALICE.1)],
    ] {
        let reply = sent(&mut attacker, &page, fields).await;
        is_nobody(&attacker, &reply);
    }
}

/// Goal: decision 0050: the same form once more, with the cookies of its first answer, leads on as a double click does: its user has pressed the
/// button again while the application was slow. No other session, and no other code, comes of it.
#[tokio::test]
async fn a_form_that_comes_after_its_answer_leads_on() {
    let mut config = profile_config("main");
    config.sign_on.second_factor = "when_enrolled".into();
    let world = World::with_config(config).await;
    let set = world.authority().draw_code_set();
    let codes = world.authority().recovery_codes(world.data.alice.id, set);
    let first = SessionToken::parse(&world.sign_on_kratos(ALICE.0, ALICE.1).await).expect("a token").id;
    world.authority().confirm_recovery_codes(first, set, false).await.expect("a live session");
    let shop = RelyingParty::shop(&world);
    let live = async |user| world.authority().count_live_sessions(user).await.expect("read");

    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid&prompt=login")).await;
    let bob = [("username", BOB.0), ("password", BOB.1)];
    for _ in 0..2 {
        let sent = browser.submit(&page, &bob).await;
        shop.code(&browser.get(sent.location()).await);
    }
    assert_eq!(live(world.data.bob.id).await, 1);

    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let asked = browser.submit(&page, &[("username", ALICE.0), ("password", ALICE.1)]).await;
    for _ in 0..2 {
        let sent = browser.submit(&asked, &[("code", &codes[0])]).await;
        shop.code(&browser.get(sent.location()).await);
    }
    assert_eq!(live(world.data.alice.id).await, 1, "the one of before waits for its second factor");
}

/// Goal: S-OP-20: a form that another tab has shown until the sign-on is asked for again, with the name that was typed, where the request wants
/// a sign-on; and goes through then.
#[tokio::test]
async fn a_form_of_before_the_sign_on_is_asked_for_again() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let other_tab = browser.get(&shop.authorize("&scope=openid&prompt=login&state=two")).await;
    browser.sign_on(&page, ALICE).await;
    let again = browser.submit_and_follow(&other_tab, &[("username", BOB.0), ("password", BOB.1)]).await;
    assert!(again.text.contains("Please send it again"), "{}", again.text);
    assert!(again.text.contains("value=\"bob\"") && !again.text.contains(BOB.1), "{}", again.text);
    let tokens = shop.tokens(&browser.sign_on(&again, BOB).await).await;
    assert_eq!(crate::fixture::claims(&tokens["id_token"])["sub"], world.data.bob.id.to_string());
}
