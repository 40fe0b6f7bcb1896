//! The way of a person: from an application to the page and back, by every turn that it may take.
//!
//! What tokens say further is looked at by the modules of the certification plans.

use adieu_authority::SessionToken;
use adieu_testkit::World;
use adieu_testkit::world::profile_config;

use crate::fixture::{ALICE, ALPHA, BOB, Browser, CALLBACK, RelyingParty, claims, form, param, signed_on};

/// Goal: S-OP-1, S-OP-3, S-OP-11, S-OP-17, S-OP-20: who is not signed on signs on at the page and comes back with a code; the
/// answer names the issuer; who is signed on is answered at once; nobody is sent to an address that is not registered.
#[tokio::test]
async fn a_person_signs_on_and_comes_back() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid&state=a%26b+c&login_hint=alice")).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"), "{}", page.text);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' https://shop.example.test; frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(page.text.contains("value=\"alice\"") && page.text.contains("Shop"), "{}", page.text);
    assert!(page.headers.get("access-control-allow-origin").is_none());

    // F-59: the form leads to an address that can be asked for again, and it says once what was wrong.
    let request = shop.authorize("&scope=openid&state=a%26b+c&login_hint=alice");
    let wrong = browser.submit_and_follow(&page, &[("username", "alice"), ("password", "no")]).await;
    assert!(wrong.text.contains("Name or password is wrong."), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"alice\"") && browser.cookie("adieu_form_said").is_none());
    assert!(!browser.get(&request).await.text.contains("is wrong"));
    let (address, _) = form(&page);
    let back = browser.get(&address).await;
    assert!(back.status == 303 && back.location().ends_with(&request), "{}", back.location());
    let answer = browser.sign_on(&wrong, ALICE).await;
    assert_eq!(param(answer.location(), "state").as_deref(), Some("a&b c"));
    let issuer = format!("{}{ALPHA}", world.config().public.url);
    assert_eq!(param(answer.location(), "iss").as_ref(), Some(&issuer));
    let tokens = shop.tokens(&answer).await;
    assert_eq!(claims(&tokens["id_token"])["iss"], issuer.as_str());
    assert!(claims(&tokens["id_token"]).get("env").is_none(), "that is PingOne's");

    let again = browser.get(&shop.authorize("&scope=openid")).await;
    shop.code(&again);
    let elsewhere =
        format!("{ALPHA}/authorize?response_type=code&client_id={}&redirect_uri=https://evil.test/", shop.id);
    for address in [elsewhere.as_str(), &format!("{ALPHA}/authorize?client_id=x&redirect_uri={CALLBACK}")] {
        let refused = browser.get(address).await;
        assert_eq!((refused.status.as_u16(), refused.location()), (400, ""), "{address}");
        assert!(refused.header("content-type").starts_with("text/html"));
    }
}

/// Goal: ONE-SESSION: a sign-on at the issuer is one in every dialect, a sign-on in another dialect counts at the issuer, and
/// sessions of one realm are none in another.
#[tokio::test]
async fn one_session_for_all() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    browser.sign_on(&page, ALICE).await;
    let token = browser.cookie("adieu_session").expect("a cookie").to_owned();
    assert_eq!(world.get("/sessions/whoami").cookie("ory_kratos_session", &token).send().await.status, 200);
    let there = world.get(&shop.authorize("&scope=openid&prompt=none")).cookie("iPlanetDirectoryPro", &token);
    shop.code(&there.send().await);

    let of_kratos = world.sign_on_kratos(BOB.0, BOB.1).await;
    let here =
        world.get(&shop.authorize("&scope=openid&prompt=none")).cookie("ory_kratos_session", &of_kratos);
    let tokens = shop.tokens(&here.send().await).await;
    assert_eq!(claims(&tokens["id_token"])["sub"], world.data.bob.id.to_string());
    let root = format!("/o/_/authorize?response_type=code&client_id={}&redirect_uri={CALLBACK}", shop.id);
    let nowhere = world.get(&root).cookie("adieu_session", &token).send().await;
    assert_eq!(nowhere.status, 400, "the shop is no client of the root realm: {}", nowhere.text);
}

/// Goal: ONE-SLOW-HURTS-NONE: whoever signs on while the server is busy keeps the form and the name, and signs on by it a moment later.
#[tokio::test]
async fn a_busy_server_keeps_the_form() {
    let mut config = profile_config("main");
    config.passwords.memory_kib = 32 * 1024;
    config.passwords.passes = 4;
    config.passwords.workers = 1;
    let world = World::with_config(config).await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    tokio::time::pause(); // The runtime waits for the hash alone: the time that it may take passes at once.
    let busy = browser.submit(&page, &[("username", ALICE.0), ("password", ALICE.1)]).await;
    tokio::time::resume();
    assert_eq!(
        (busy.status.as_u16(), busy.header("retry-after")),
        (303, ""),
        "the page says when: {}",
        busy.text
    );
    let again = browser.get(busy.location()).await;
    assert!(again.text.contains("The server is busy. Try again in a moment."), "{}", again.text);
    assert!(again.text.contains("value=\"alice\"") && !again.text.contains(ALICE.1));
    let answer = browser.sign_on(&again, ALICE).await;
    shop.code(&answer);
}

/// Goal: the form of the page cannot be sent by another site, nor by a browser that was not shown it.
#[tokio::test]
async fn a_form_is_for_the_browser_that_was_shown_it() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let mut another = Browser::of(&world);
    let forged = another.submit(&page, &[("username", ALICE.0), ("password", ALICE.1)]).await;
    assert_eq!(forged.status, 403);
    assert!(another.cookie("adieu_session").is_none());
    let (action, _) = form(&page);
    let bare = browser.post(&action, &[("username", ALICE.0), ("password", ALICE.1)]).await;
    assert_eq!(bare.status, 403);
}

/// Goal: S-OP-5, S-OP-7: `prompt=login` and `max_age` are met by a sign-on for this very request, once and for a short time, and
/// nobody can claim that by an address.
#[tokio::test]
async fn a_sign_on_counts_for_the_request_that_asked_for_it() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    browser.sign_on(&page, ALICE).await;
    world.wait_s(5);
    let address = shop.authorize("&scope=openid&prompt=login&max_age=0");
    let page = browser.get(&address).await;
    assert_eq!(page.status, 200, "it is asked for again");
    let sent = browser.submit(&page, &[("username", ALICE.0), ("password", ALICE.1)]).await;
    let marked = sent.location().to_owned();
    shop.code(&browser.get(&marked).await);
    let mark = marked.rsplit_once('=').expect("a mark").1;
    let other = shop.authorize("&scope=openid&prompt=login&state=x");
    for forged in [format!("{other}&adieu_signed_on={mark}"), format!("{address}&adieu_signed_on=x")] {
        assert_eq!(browser.get(&forged).await.status, 200, "a page: {forged}");
    }
    world.wait_s(301);
    assert_eq!(browser.get(&marked).await.status, 200, "too long ago");
}

/// Goal: S-OP-6: `prompt=consent` and `select_account` ask whoever is signed on; they agree, take another account, or do not go on.
#[tokio::test]
async fn who_is_signed_on_is_asked_where_the_request_says_so() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid%20email&prompt=consent")).await;
    let question = browser.sign_on(&page, ALICE).await;
    assert_eq!(question.status, 200, "{}", question.text);
    assert!(question.text.contains("Your e-mail address"), "{}", question.text);
    let denied = browser.submit(&question, &[("choice", "deny")]).await;
    assert_eq!(param(denied.location(), "error").as_deref(), Some("access_denied"));
    shop.code(&browser.submit(&question, &[("choice", "allow")]).await);

    let question = browser.get(&shop.authorize("&scope=openid&prompt=select_account")).await;
    assert!(question.text.contains("You are signed on as alice"), "{}", question.text);
    shop.code(&browser.submit(&question, &[("choice", "go-on")]).await);
    let page = browser.submit(&question, &[("choice", "other")]).await;
    let tokens = shop.tokens(&browser.sign_on(&page, BOB).await).await;
    assert_eq!(claims(&tokens["id_token"])["sub"], world.data.bob.id.to_string());
    let stale = browser.submit(&question, &[("choice", "go-on")]).await;
    assert_eq!(stale.status, 403, "that question was alice's");

    let both = browser.get(&shop.authorize("&scope=openid&prompt=none%20consent")).await;
    assert_eq!(param(both.location(), "error").as_deref(), Some("invalid_request"));
}

/// Goal: S-OP-6: whoever takes another account and mistypes reads so on the form, and is not put back as the one before, whose consent or
/// choice would be given for them; a request that may ask nobody is answered all the same.
#[tokio::test]
async fn a_form_that_failed_is_shown_whoever_is_signed_on() {
    let world = World::start().await;
    world.edit_client(&world.data.app.id.clone(), |client| client.require_consent = true).await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    for prompt in ["select_account", "consent"] {
        let address = shop.authorize(&format!("&scope=openid%20email&prompt={prompt}"));
        let mut page = browser.get(&address).await;
        if page.text.contains("name=\"username\"") {
            page = browser.sign_on(&page, ALICE).await;
        }
        assert!(page.text.contains("signed on as alice"), "{prompt}: {}", page.text);
        let form = browser.submit(&page, &[("choice", "other")]).await;
        let wrong = [("username", BOB.0), ("password", "not-his-password")];
        let again = browser.submit_and_follow(&form, &wrong).await;
        assert!(again.text.contains("Name or password is wrong."), "{prompt}: {}", again.text);
        assert!(
            again.text.contains("value=\"bob\"") && !again.text.contains("value=\"allow\""),
            "{}",
            again.text
        );
        let question = browser.sign_on(&again, BOB).await;
        assert!(question.text.contains("signed on as bob"), "{prompt}: {}", question.text);
        browser = Browser::of(&world);
    }
    // What failed is said once, and to nobody who may not be asked.
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let failed = browser.submit(&page, &[("username", BOB.0), ("password", "not-his-password")]).await;
    let silent = browser.get(&shop.authorize("&scope=openid&prompt=none")).await;
    assert_eq!(param(silent.location(), "error").as_deref(), Some("login_required"));
    assert!(browser.get(failed.location()).await.text.contains("Name or password is wrong."));
    assert!(!browser.get(failed.location()).await.text.contains("Name or password is wrong."));
}

/// Goal: S-OP-8: who has a second factor is asked for it on the page after the password; there is no session before both were given, a
/// wrong code is asked for again, and the tokens say what was proven.
#[tokio::test]
async fn the_second_factor_is_asked_for_after_the_first() {
    let mut config = profile_config("main");
    config.sign_on.second_factor = "when_enrolled".into();
    let world = World::with_config(config).await;
    let set = world.authority().draw_code_set();
    let codes = world.authority().recovery_codes(world.data.alice.id, set);
    let first = SessionToken::parse(&world.sign_on_kratos(ALICE.0, ALICE.1).await).expect("a token").id;
    world.authority().confirm_recovery_codes(first, set, false).await.expect("a live session");

    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid&acr_values=2")).await;
    let code_page = browser.submit(&page, &[("username", ALICE.0), ("password", ALICE.1)]).await;
    assert_eq!((code_page.status.as_u16(), browser.cookie("adieu_session")), (200, None));
    let again = browser.submit(&code_page, &[("code", "x")]).await;
    assert_eq!((again.status.as_u16(), browser.cookie("adieu_session")), (401, None));
    let used = browser.submit_and_follow(&code_page, &[("code", &codes[0])]).await;
    assert!(used.text.contains("That took too long"), "what was proven counts once: {}", used.text);
    let sent = browser.submit(&again, &[("code", &codes[0])]).await;
    let tokens = shop.tokens(&browser.get(sent.location()).await).await;
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["acr"], id["amr"].as_array().map(Vec::len)), (&"2".into(), Some(3)), "{id}");
}

/// Goal: S-OP-20, F-56, one form gives one session, however often the browser that was shown it sends it.
#[tokio::test]
async fn one_form_gives_one_session() {
    let world = World::start().await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let fields = [("username", ALICE.0), ("password", ALICE.1)];
    let (mut twin, mut third) = (browser.twin(), browser.twin());
    let (one, other) = tokio::join!(browser.submit(&page, &fields), twin.submit(&page, &fields));
    let again = third.submit(&page, &fields).await;
    assert_eq!((one.status.as_u16(), other.status.as_u16(), again.status.as_u16()), (303, 303, 303));
    let token = browser.cookie("adieu_session").expect("a cookie").to_owned();
    assert_eq!((twin.cookie("adieu_session"), third.cookie("adieu_session")), (Some(&*token), Some(&*token)));
    assert_eq!(world.authority().count_live_sessions(world.data.alice.id).await.expect("read"), 1);
}

/// Goal: S-OP-9: a request that names its user is answered for nobody else: whoever signs on for it as somebody else brings the application
/// `login_required`, and is not shown the page for ever. OpenID Connect Core §3.1.2.2
#[tokio::test]
async fn a_request_for_one_user_is_answered_for_nobody_else() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (_, hint) = signed_on(&shop, BOB).await;
    let claims =
        format!("%7B%22id_token%22:%7B%22sub%22:%7B%22value%22:%22{}%22%7D%7D%7D", world.data.bob.id);
    for named in [format!("&claims={claims}"), format!("&id_token_hint={hint}")] {
        let request = shop.authorize(&format!("&scope=openid&state=s1{named}"));
        let mut browser = Browser::of(&world);
        let page = browser.get(&request).await;
        let refused = browser.sign_on(&page, ALICE).await;
        assert_eq!(param(refused.location(), "error").as_deref(), Some("login_required"), "{}", refused.text);
        assert_eq!(param(refused.location(), "state").as_deref(), Some("s1"));
        // Whoever was signed on before may be somebody else by now.
        let page = browser.get(&request).await;
        assert_eq!(page.status, 200, "{}", page.location());
        shop.code(&browser.sign_on(&page, BOB).await);
    }
}

/// Goal: who builds an application reads what is missing, and is not told that something is wrong that was not there.
#[tokio::test]
async fn what_is_missing_is_called_so() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    for (query, says) in [
        ("scope=openid&response_type=code".to_owned(), "The parameter client_id is missing."),
        ("client_id=nobodys".into(), "The client_id is not that of an application of this realm."),
        (format!("client_id={}&response_type=code", shop.id), "The parameter redirect_uri is missing."),
        (
            format!("client_id={}&redirect_uri=https://else.example.test/", shop.id),
            "The redirect_uri is not registered for the application.",
        ),
    ] {
        let page = Browser::of(&world).get(&format!("{ALPHA}/authorize?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.text.contains(says), "{query}: {}", page.text);
    }
}
