//! RP-initiated logout at a native issuer: when it asks, when it redirects, and when it does neither.
//!
//! Which applications are told is not looked at here. standards.md 1.1.

use adieu_testkit::World;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::fixture::{
    ALICE, ALPHA, BOB, BYE, Browser, CALLBACK, LOGOUT, RelyingParty, claims, form, param, signed_on, state,
};

/// Goal: S-RPI-1, S-RPI-2, S-RPI-9, S-RPI-14: with the hint of this very session it is over at once, by GET and by POST, and the
/// browser goes to the registered address with the state as it was sent, or with none.
#[tokio::test]
async fn a_hint_of_this_session_ends_it_at_once() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    for posts in [false, true] {
        for state in [Some(state()), None] {
            let (mut browser, hint) = signed_on(&shop, ALICE).await;
            let token = browser.cookie("adieu_session").expect("a cookie").to_owned();
            let state_param = state.as_ref().map(|state| format!("&state={state}")).unwrap_or_default();
            let query = format!("id_token_hint={hint}&post_logout_redirect_uri={BYE}{state_param}");
            let answer = if posts {
                let decoded = state.as_ref().map(|state| state.replace("%26", "&"));
                let mut fields = vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE)];
                fields.extend(decoded.as_deref().map(|state| ("state", state)));
                browser.post(LOGOUT, &fields).await
            } else {
                browser.get(&format!("{LOGOUT}?{query}")).await
            };
            assert_eq!(answer.status, 303, "{}", answer.text);
            let expected = match &state {
                Some(state) => format!("{BYE}?state={}", state.replace('~', "%7E")),
                None => BYE.to_owned(),
            };
            assert_eq!(answer.location(), expected);
            assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
            let whoami = world.get("/sessions/whoami").cookie("ory_kratos_session", &token).send().await;
            assert_eq!(whoami.status, 401, "it is over in every dialect");
        }
    }
}

/// Goal: S-RPI-7, S-RPI-8, S-RPI-17, S-RPI-18, S-RPI-21: without a hint it asks, and nothing has ended until its user says so; then
/// there is a page, and no redirect.
#[tokio::test]
async fn without_a_hint_it_asks() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    for query in ["", "?state=x", "?ui_locales=xx-YY", &format!("?post_logout_redirect_uri={BYE}&state=x")] {
        let (mut browser, _) = signed_on(&shop, ALICE).await;
        let question = browser.get(&format!("{LOGOUT}{query}")).await;
        assert_eq!((question.status.as_u16(), question.location()), (200, ""), "{query}");
        assert!(question.text.contains("Sign off?"), "{}", question.text);
        assert_eq!(shop.silently(&mut browser).await, None, "{query}: nothing has ended");
        let forged = browser.post(&format!("{ALPHA}/sign-off"), &[("token", "x")]).await;
        assert_eq!(forged.status, 403);
        let done = browser.submit_and_follow(&question, &[]).await;
        assert_eq!((done.status.as_u16(), done.location()), (200, ""), "{query}");
        assert!(done.text.contains("You are signed off"), "{}", done.text);
        assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"), "{query}");
    }
}

/// Goal: S-RPI-13: a client that is named vouches for its address, but only once its user has said yes.
#[tokio::test]
async fn a_named_client_vouches_for_its_address() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, _) = signed_on(&shop, ALICE).await;
    let query = format!("client_id={}&post_logout_redirect_uri={BYE}&state=s1", shop.id);
    let question = browser.get(&format!("{LOGOUT}?{query}")).await;
    assert!(question.text.contains("Shop asks you to sign off"), "{}", question.text);
    let policy = question.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://shop.example.test;"), "{policy}");
    let done = browser.submit(&question, &[]).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, &*format!("{BYE}?state=s1")));
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
}

/// Goal: S-RPI-3, S-RPI-6, S-RPI-12, S-RPI-15: what is not right ends nothing and leads nowhere, and there is a way to sign off all
/// the same.
#[tokio::test]
async fn what_is_not_right_ends_nothing_and_leads_nowhere() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let billing = RelyingParty::of(&world, &world.data.app_two);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let mut parts: Vec<&str> = hint.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let unsigned = format!("{none}.{}.", parts[1]);
    let other =
        URL_SAFE_NO_PAD.encode(claims(&Value::from(hint.clone())).to_string().replace(ALPHA, "/o/beta"));
    parts[1] = &other;
    let altered = parts.join(".");
    let with = |hint: &str, more: &str| format!("{LOGOUT}?id_token_hint={hint}{more}");
    for address in [
        with(&hint, "&post_logout_redirect_uri=https://evil.test/"),
        with(&hint, &format!("&post_logout_redirect_uri={BYE}?foo=bar")),
        with(&hint, &format!("&post_logout_redirect_uri={BYE}/")),
        with(&hint, "&post_logout_redirect_uri=https://SHOP.example.test/bye"),
        with(&hint, &format!("&client_id={}&post_logout_redirect_uri={BYE}", billing.id)),
        with(&unsigned, &format!("&post_logout_redirect_uri={BYE}")),
        with(&altered, &format!("&post_logout_redirect_uri={BYE}")),
        with("x", ""),
        with(&hint, &format!("&id_token_hint={hint}")),
        format!("{LOGOUT}?client_id=nobody"),
    ] {
        let refused = browser.get(&address).await;
        assert_eq!((refused.status.as_u16(), refused.location()), (400, ""), "{address}");
        assert!(form(&refused).0.ends_with("/o/alpha/sign-off"), "{}", refused.text);
        assert_eq!(shop.silently(&mut browser).await, None, "{address}: the session lives");
    }
    let refused = browser.get(&with("x", "")).await;
    let done = browser.submit_and_follow(&refused, &[]).await;
    assert!(done.text.contains("You are signed off"), "{}", done.text);
}

/// Goal: S-RPI-4, S-RPI-5: an expired hint of this session counts; one of another session or user does not end it unasked.
#[tokio::test]
async fn a_hint_counts_for_its_own_session() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (_, of_another) = signed_on(&shop, ALICE).await;
    let (_, of_bob) = signed_on(&shop, BOB).await;
    let (mut browser, own) = signed_on(&shop, ALICE).await;
    for hint in [&of_another, &of_bob] {
        let query = format!("id_token_hint={hint}&post_logout_redirect_uri={BYE}");
        let question = browser.get(&format!("{LOGOUT}?{query}")).await;
        assert_eq!(question.status, 200, "{}", question.text);
        assert_eq!(shop.silently(&mut browser).await, None);
    }
    let expires = claims(&Value::from(own.clone()))["exp"].as_i64().expect("a time");
    world.wait_s(expires - claims(&Value::from(own.clone()))["iat"].as_i64().expect("a time") - 60);
    assert_eq!(shop.silently(&mut browser).await, None, "activity keeps the session");
    world.wait_s(120);
    let done = browser.get(&format!("{LOGOUT}?id_token_hint={own}&post_logout_redirect_uri={BYE}")).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, BYE), "{}", done.text);
}

/// F-3: an application's hint may speak of another session of the user: nothing ends unasked, and both end after the yes.
#[tokio::test]
async fn the_session_of_the_hint_ends_besides_that_of_the_cookie() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut elsewhere, of_another) = signed_on(&shop, ALICE).await;
    let (mut of_bob, hint_of_bob) = signed_on(&shop, BOB).await;
    for (hint, ends) in [(&hint_of_bob, false), (&of_another, true)] {
        let (mut browser, _) = signed_on(&shop, ALICE).await;
        let question = browser.get(&format!("{LOGOUT}?id_token_hint={hint}")).await;
        assert_eq!(shop.silently(&mut elsewhere).await, None, "nobody has said yes");
        let done = browser.submit_and_follow(&question, &[]).await;
        assert!(done.text.contains("You are signed off"), "{}", done.text);
        assert!(shop.silently(&mut browser).await.is_some());
        assert_eq!(shop.silently(&mut elsewhere).await.is_some(), ends);
    }
    assert_eq!(shop.silently(&mut of_bob).await, None, "a session of somebody else lives");
}

/// Goal: S-RPI-16: who is signed off already is signed off, and goes where a hint vouches for.
#[tokio::test]
async fn a_second_time_is_no_error() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let address = format!("{LOGOUT}?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=x");
    for _ in 0..2 {
        let answer = browser.get(&address).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, &*format!("{BYE}?state=x")));
    }
    let page = browser.get(LOGOUT).await;
    assert!(page.text.contains("You are signed off"), "{}", page.text);
}

/// Goal: S-RPI-22: a form of another site comes without a cookie; the browser comes again by an address of ours, and its session is
/// found.
#[tokio::test]
async fn a_form_of_another_site_finds_the_session() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a&b")];
    let hop = browser.post_from_elsewhere(LOGOUT, &fields).await;
    assert_eq!(hop.status, 303, "{}", hop.text);
    assert!(!hop.location().contains(&hint), "the hint is in no address");
    let done = browser.get(hop.location()).await;
    assert_eq!((done.status.as_u16(), param(done.location(), "state").as_deref()), (303, Some("a&b")));
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));

    let (mut browser, _) = signed_on(&shop, ALICE).await;
    let hop = browser.post_from_elsewhere(LOGOUT, &[]).await;
    let question = browser.get(hop.location()).await;
    assert!(question.text.contains("Sign off?"), "without a hint it asks: {}", question.text);
    let unknown = browser.get(&format!("{LOGOUT}?ticket=AAAAAAAAAAAAAAAAAAAAAA")).await;
    assert!(unknown.text.contains("Sign off?"), "{}", unknown.text);
}

/// Goal: S-BCL-12: each client knows the session by a name of its own, the same in everything that it is told, and a hint leads back to
/// the session by it.
#[tokio::test]
async fn each_client_has_its_own_name_of_the_session() {
    let world = World::start().await;
    let back = |client: &mut adieu_authority::Client| client.redirect_uris = vec![CALLBACK.into()];
    world.edit_client(&world.data.app_two.id.clone(), back).await;
    let (shop, billing) = (RelyingParty::shop(&world), RelyingParty::of(&world, &world.data.app_two));
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let own = claims(&Value::from(hint.clone()));
    let answer = browser.get(&billing.authorize("&scope=openid&prompt=none")).await;
    let tokens = billing.tokens(&answer).await;
    let other = claims(&tokens["id_token"]);
    assert_eq!(own["sub"], other["sub"]);
    assert_ne!(own["sid"], other["sid"]);
    for told in [claims(&tokens["access_token"]), introspected(&billing, &tokens).await] {
        assert_eq!(told["sid"], other["sid"], "{told}");
    }
    let token = browser.cookie("adieu_session").expect("a cookie");
    let whoami = world.get("/sessions/whoami").cookie("ory_kratos_session", token).send().await.json();
    assert!(whoami["id"].is_string() && whoami["id"] != own["sid"] && whoami["id"] != other["sid"]);

    let hint = tokens["id_token"].as_str().expect("a token");
    let done = browser.get(&format!("{LOGOUT}?id_token_hint={hint}")).await;
    assert!(done.text.contains("You are signed off"), "the hint speaks of this session: {}", done.text);
    assert_eq!(introspected(&billing, &tokens).await["active"], false);
}

async fn introspected(of: &RelyingParty<'_>, tokens: &Value) -> Value {
    let token = tokens["access_token"].as_str().expect("a token");
    of.post("introspect", &[("token", token)]).await.json()
}

/// Goal: "only here" leaves one application: what it holds is dead, and the session lives everywhere else.
#[tokio::test]
async fn one_application_can_be_left_alone() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    for target in [format!("&post_logout_redirect_uri={BYE}&state=x"), String::new()] {
        let question = browser.get(&format!("{LOGOUT}?client_id={}{target}", shop.id)).await;
        assert!(question.text.contains(">Only at Shop</button>"), "{}", question.text);
        let left = browser.submit(&question, &[("reach", "here")]).await;
        match target.is_empty() {
            false => assert_eq!((left.status.as_u16(), left.location()), (303, &*format!("{BYE}?state=x"))),
            true => assert!(left.text.contains("You are still signed on"), "{}", left.text),
        }
        assert_eq!(introspected(&shop, &tokens).await["active"], false);
        let refresh = tokens["refresh_token"].as_str().expect("a token");
        let again = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        assert_eq!(shop.post("token", &again).await.json()["error"], "invalid_grant");
        assert_eq!(left.header("adieu-ending"), "", "it is no ending");
        assert_eq!(shop.silently(&mut browser).await, None, "the session lives");
    }
    let nobody = browser.get(LOGOUT).await;
    assert!(!nobody.text.contains("Only at"), "nobody asks who could be left alone: {}", nobody.text);
}

/// Goal: F-58, the page after a sign-off says what is so, and its address can be entered again: it asks for no form.
#[tokio::test]
async fn the_page_after_a_sign_off_can_be_read_again() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, _) = signed_on(&shop, ALICE).await;
    let on = browser.get("/o/alpha/signed-off").await;
    assert!(
        on.text.contains("You are signed on as alice") && !on.text.contains("You are signed off"),
        "{}",
        on.text
    );
    let question = browser.get(LOGOUT).await;
    let sent = browser.submit(&question, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let page = sent.location().to_owned();
    for _ in 0..2 {
        let off = browser.get(&page).await;
        assert!(off.status == 200 && off.text.contains("You are signed off"), "{}", off.text);
    }
    let form_address = browser.get("/o/alpha/sign-off").await;
    assert_eq!(form_address.status, 303);
    let off = browser.get(form_address.location()).await;
    assert!(off.text.contains("You are signed off"), "{}", off.text);
}

/// Goal: S-RPI-14: a state that is longer than we pass on is refused, and nobody is sent back without it; the user may sign off all the same.
#[tokio::test]
async fn a_state_that_is_too_long_is_refused() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let query = |length| {
        let state = "s".repeat(length);
        format!("{LOGOUT}?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state={state}")
    };
    let refused = browser.get(&query(2049)).await;
    assert_eq!((refused.status.as_u16(), refused.location()), (400, ""), "{}", refused.text);
    assert!(refused.text.contains("is too long") && refused.text.contains("Sign off"), "{}", refused.text);
    assert_eq!(shop.silently(&mut browser).await, None, "nothing has ended");
    let done = browser.get(&query(2048)).await;
    assert_eq!(done.location().len(), BYE.len() + "?state=".len() + 2048);
}
