//! Consent and what it gives: asked for, remembered, withdrawn; access that outlives the session, which needs it.
//!
//! The shop is an application of one's own until it is said to be somebody else's.

use adieu_authority::{Actor, Channel, Origin, Span};
use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use serde_json::Value;

use crate::fixture::{
    ALICE, ALPHA, BOB, Browser, CALLBACK, RelyingParty, flow, form, param, signed_on, with_dora,
};

const ALLOW: &[(&str, &str)] = &[("choice", "allow")];
const DENY: &[(&str, &str)] = &[("choice", "deny")];

/// The shop is somebody else's from now on.
async fn of_somebody_else(world: &World) {
    world.edit_client(&world.data.app.id.clone(), |client| client.require_consent = true).await;
}

fn error(answer: &Reply) -> Option<String> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    param(answer.location(), "error")
}

fn asks(page: &Reply, words: &str) {
    let asked = page.status == 200 && page.text.contains("Allow Shop?") && page.text.contains(words);
    assert!(asked, "{} {}", page.status, page.text);
}

/// A sign-on with offline access, and its tokens.
async fn offline<'w>(shop: &RelyingParty<'w>) -> (Browser<'w>, Value) {
    let mut browser = Browser::of(shop.world);
    let page = browser.get(&shop.authorize("&scope=openid%20offline_access&prompt=consent")).await;
    let question = browser.sign_on(&page, ALICE).await;
    asks(&question, "Access after you have signed off");
    let tokens = shop.tokens(&browser.submit(&question, ALLOW).await).await;
    (browser, tokens)
}

async fn enabled(world: &World, enabled: bool) {
    let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
    world.authority().set_enabled(world.data.alice.id, enabled, origin).await.expect("a change");
}

async fn refreshed(shop: &RelyingParty<'_>, tokens: &Value) -> Reply {
    let token = tokens["refresh_token"].as_str().expect("a refresh token");
    shop.post("token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// Goal: S-OP-4, S-OP-6: somebody else's application is asked for once, and anew when it asks for more; nobody is asked without a page;
/// who does not agree sends no code; `prompt=consent` asks whoever has agreed. Module `oidcc-prompt-none-logged-in`.
#[tokio::test]
async fn somebody_elses_application_gets_what_its_user_agrees_to() {
    let world = World::start().await;
    of_somebody_else(&world).await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid%20email")).await;
    let question = browser.sign_on(&page, ALICE).await;
    asks(&question, "Your e-mail address");
    assert!(question.header("content-security-policy").contains("frame-ancestors 'none'"));
    let silent = browser.get(&shop.authorize("&scope=openid&prompt=none")).await;
    assert_eq!(error(&silent).as_deref(), Some("consent_required"));
    assert_eq!(error(&browser.submit(&question, DENY).await).as_deref(), Some("access_denied"));
    let agreed = browser.submit(&question, ALLOW).await;
    let tokens = shop.tokens(&agreed).await;
    assert_eq!(tokens["scope"], "openid email");
    shop.tokens(&browser.submit(&question, ALLOW).await).await; // A form that is sent twice.

    for covered in ["&scope=openid&prompt=none", "&scope=openid%20email"] {
        shop.code(&browser.get(&shop.authorize(covered)).await);
    }
    asks(&browser.get(&shop.authorize("&scope=openid%20phone")).await, "Your phone number");
    asks(&browser.get(&shop.authorize("&scope=openid&prompt=consent")).await, "Who you are here");
    let by_name = r#"&scope=openid%20email&claims={"userinfo":{"email":null,"gender":null}}"#;
    let by_name = by_name.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
    let question = browser.get(&shop.authorize(&by_name)).await;
    asks(&question, "From your account: gender");
    assert!(!question.text.contains("account: email"), "a scope gives it");
    shop.code(&browser.submit(&question, ALLOW).await);
    shop.code(&browser.get(&shop.authorize(&format!("{by_name}&prompt=none"))).await);

    let forged = Browser::of(&world).submit(&question, ALLOW).await;
    assert!(forged.location().contains("/o/alpha/authorize?"), "{} {}", forged.status, forged.text);
}

/// Goal: S-OP-6: whose session has ended while the question was read signs on again, whatever the answer was, and is asked again.
#[tokio::test]
async fn a_question_outlives_its_session() {
    let world = World::start().await;
    of_somebody_else(&world).await;
    for choice in [ALLOW, DENY] {
        let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
        let page = browser.get(&shop.authorize("&scope=openid&prompt=consent")).await;
        let question = browser.sign_on(&page, ALICE).await;
        asks(&question, "Who you are here");
        enabled(&world, false).await;
        enabled(&world, true).await;
        let answer = browser.submit(&question, choice).await;
        let again = browser.get(answer.location()).await;
        asks(&browser.sign_on(&again, ALICE).await, "Who you are here");
    }
}

/// Goal: S-OP-6: a consent is to the name and the addresses that its page has shown, and to what it asked: where the client changes them
/// meanwhile, or the form comes with another request, the user is asked that, and nothing is given for the old. Decision 0073, RFC 6749 §10.2
#[tokio::test]
async fn a_consent_is_to_what_its_page_has_shown() {
    let world = World::start().await;
    of_somebody_else(&world).await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let question = browser.sign_on(&page, ALICE).await;
    asks(&question, "Who you are here");
    let (action, fields) = form(&question);
    let wider = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.replace("scope=openid", "scope=openid%20email")));
    let wider: Vec<_> = wider.collect();
    let mut wider: Vec<_> = wider.iter().map(|(name, value)| (*name, value.as_str())).collect();
    wider.extend(ALLOW);
    asks(&browser.post(&action, &wider).await, "Your e-mail address");

    let id = world.data.app.id.clone();
    let renamed = world.edit_client(&id, |client| {
        client.name = "Nice notes".into();
        client.redirect_uris.push("https://evil.example.test/cb".into());
    });
    renamed.await;
    let anew = browser.submit(&question, ALLOW).await;
    assert!(anew.status == 200 && anew.text.contains("Allow Nice notes?"), "{} {}", anew.status, anew.text);
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("consent_required"));
    shop.code(&browser.submit(&anew, ALLOW).await);
    shop.code(&browser.get(&shop.authorize("&scope=openid&prompt=none")).await);
}

/// Goal: S-TOK-9: access that outlives the session is given where its user agreed to it, and else left out without an error. Modules
/// `oidcc-refresh-token` and `oidcc-scope-all` ask for it so.
#[tokio::test]
async fn offline_access_needs_consent() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let tokens = flow(&world, "&scope=openid%20offline_access").await;
    assert_eq!(tokens["scope"], "openid");
    let page = Browser::of(&world).get(&shop.authorize("&scope=offline_access")).await;
    assert_eq!(error(&page).as_deref(), Some("invalid_scope"), "it asks for nothing else");

    let (mut browser, tokens) = offline(&shop).await;
    assert_eq!(tokens["scope"], "openid offline_access");
    let rotated = refreshed(&shop, &tokens).await;
    assert_eq!((rotated.status.as_u16(), &rotated.json()["scope"]), (200, &tokens["scope"]));
    let again = browser.get(&shop.authorize("&scope=openid%20offline_access&prompt=none")).await;
    assert_eq!(shop.tokens(&again).await["scope"], "openid offline_access", "it is remembered");
    world.edit_client(&world.data.app.id.clone(), |client| client.refresh = false).await;
    let again = browser.get(&shop.authorize("&scope=openid%20offline_access&prompt=consent")).await;
    let tokens = shop.tokens(&browser.submit(&again, ALLOW).await).await;
    assert_eq!((&tokens["scope"], tokens.get("refresh_token")), (&"openid".into(), None));
}

/// Goal: S-TOK-11, S-BCL-22: what was granted for the session dies with it, offline access lives on, for userinfo, introspection and
/// refresh alike; a user who is disabled has neither.
#[tokio::test]
async fn offline_access_outlives_its_session_and_not_its_user() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, tokens) = offline(&shop).await;
    let bound = shop.tokens(&browser.get(&shop.authorize("&scope=openid&prompt=none")).await).await;
    let hint = tokens["id_token"].as_str().expect("a text");
    browser.get(&format!("{ALPHA}/logout?id_token_hint={hint}")).await;
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
    assert_eq!(refreshed(&shop, &bound).await.status, 400);
    assert_eq!(shop.userinfo(&bound).await.status, 401);
    assert_eq!(shop.userinfo(&tokens).await.status, 200);
    let next = refreshed(&shop, &tokens).await.json();
    assert!(next.get("id_token").is_none(), "there is no session that it could speak of: {next}");
    let inspected = shop.post("introspect", &[("token", next["refresh_token"].as_str().unwrap())]).await;
    assert_eq!(inspected.json()["active"], true);
    enabled(&world, false).await;
    assert_eq!(shop.userinfo(&next).await.status, 401);
    assert_eq!(refreshed(&shop, &next).await.status, 400);
    enabled(&world, true).await;
    assert_eq!(refreshed(&shop, &next).await.status, 400, "ENDED-STAYS-ENDED");
}

/// Goal: S-TOK-7: offline access has an absolute end, however often it is refreshed.
#[tokio::test]
async fn offline_access_ends_for_good() {
    let mut config = profile_config("main");
    config.tokens.offline_s = 5000;
    let world = World::with_config(config).await;
    world.edit_client(&world.data.app.id.clone(), |client| client.refresh_life = Span::from_s(3000)).await;
    let shop = RelyingParty::shop(&world);
    let (_, mut tokens) = offline(&shop).await;
    for _ in 0..2 {
        world.wait_s(2400);
        let next = refreshed(&shop, &tokens).await;
        assert_eq!(next.status, 200, "{}", next.text);
        tokens = next.json();
    }
    world.wait_s(300);
    assert_eq!(refreshed(&shop, &tokens).await.status, 400);
    assert_eq!(shop.userinfo(&tokens).await.status, 401);
}

/// Goal: ASVS 10.7.3: users see what they have allowed and withdraw it; all that the application holds is dead at once, and it is asked
/// for anew. Nobody else's form does that.
#[tokio::test]
async fn a_user_withdraws_what_was_allowed() {
    let world = World::start().await;
    of_somebody_else(&world).await;
    let shop = RelyingParty::shop(&world);
    let list = format!("{ALPHA}/applications");
    let nobody = Browser::of(&world).get(&list).await;
    assert!(nobody.text.contains("Nobody is signed on"), "{}", nobody.text);

    let (mut browser, tokens) = offline(&shop).await;
    assert_eq!(shop.userinfo(&tokens).await.status, 200);
    let page = browser.get(&list).await;
    // Whoever keeps a cookie of its own is not told: a notice speaks of sessions, and this one lives.
    let until = "gets nothing more from here, and may show you as signed on until it asks";
    for words in ["Shop", "Who you are here", "Access after you have signed off", "Withdraw from Shop", until]
    {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let mut other = Browser::of(&world);
    assert_eq!(other.submit(&page, &[("application", &shop.id)]).await.status, 403);
    let mut of_bob = signed_on_as_bob(&world).await;
    assert_eq!(of_bob.submit(&page, &[("application", &shop.id)]).await.status, 403);

    let done = browser.submit(&page, &[("application", &shop.id)]).await;
    assert_eq!(done.status, 303);
    let page = browser.get(done.location()).await;
    assert!(page.text.contains("It is withdrawn.") && !page.text.contains("Shop"), "{}", page.text);
    assert_eq!(shop.userinfo(&tokens).await.status, 401);
    assert_eq!(refreshed(&shop, &tokens).await.status, 400);
    let inspected = shop.post("introspect", &[("token", tokens["access_token"].as_str().unwrap())]).await;
    assert_eq!(inspected.text, r#"{"active":false}"#);
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("consent_required"), "the session lives");
    let question = browser.get(&shop.authorize("&scope=openid")).await;
    let anew = shop.tokens(&browser.submit(&question, ALLOW).await).await;
    assert_eq!(shop.userinfo(&anew).await.status, 200);
    assert_eq!(shop.userinfo(&tokens).await.status, 401, "ENDED-STAYS-ENDED");
}

async fn signed_on_as_bob(world: &World) -> Browser<'_> {
    let mut browser = Browser::of(world);
    let page = browser.get(&RelyingParty::shop(world).authorize("&scope=openid")).await;
    browser.sign_on(&page, BOB).await;
    browser
}

/// Goal: what an application of one's own got without asking is revoked with what it was allowed, too.
#[tokio::test]
async fn a_withdrawal_means_what_was_granted_without_asking_too() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, _) = signed_on(&shop, ALICE).await;
    let before = shop.tokens(&browser.get(&shop.authorize("&scope=openid")).await).await;
    let question = browser.get(&shop.authorize("&scope=openid&prompt=consent")).await;
    shop.code(&browser.submit(&question, ALLOW).await);
    let client = world.data.app.id.clone();
    assert!(world.authority().withdraw_consent(world.data.alice.id, &client).await.expect("an answer"));
    assert_eq!(shop.userinfo(&before).await.status, 401);
    assert!(!world.authority().withdraw_consent(world.data.alice.id, &client).await.expect("an answer"));
}

/// Goal: the rule is one at all addresses of a realm: whoever has agreed at one of them has agreed at all, and a withdrawal means all.
#[tokio::test]
async fn what_is_agreed_to_counts_at_the_addresses_of_other_dialects() {
    let world = World::start().await;
    of_somebody_else(&world).await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid%20offline_access")).await;
    let question = browser.sign_on(&page, ALICE).await;
    let token = browser.cookie("adieu_session").expect("a cookie").to_owned();
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={CALLBACK}&scope=openid%20offline_access&state=s",
        shop.id
    );
    let at_pingone = format!("/{}/as/authorize?{query}", world.data.realm.id);
    let at_am = format!("/am/oauth2/realms/root/realms/alpha/authorize?{query}");
    let others = [("ST", &at_pingone), ("iPlanetDirectoryPro", &at_am)];
    let silently = async |cookie: &str, address: &str| {
        let answer = world.get(&format!("{address}&prompt=none")).cookie(cookie, &token).send().await;
        assert!(answer.status == 302 && answer.location().starts_with(CALLBACK), "{}", answer.text);
        answer.location().to_owned()
    };
    for (cookie, address) in others {
        let refused = silently(cookie, address).await;
        assert_eq!(param(&refused, "error").as_deref(), Some("consent_required"), "{refused}");
    }
    shop.code(&browser.submit(&question, ALLOW).await);
    for (cookie, address) in others {
        let answer = silently(cookie, address).await;
        assert!(param(&answer, "code").is_some(), "{answer}");
    }
    let answer = silently("iPlanetDirectoryPro", &at_am).await;
    assert_eq!(param(&answer, "scope").as_deref(), Some("openid offline_access"));
    let client = world.data.app.id.clone();
    assert!(world.authority().withdraw_consent(world.data.alice.id, &client).await.expect("an answer"));
    for (cookie, address) in others {
        let refused = silently(cookie, address).await;
        assert_eq!(param(&refused, "error").as_deref(), Some("consent_required"), "{refused}");
    }
    asks(&world.get(&at_am).cookie("iPlanetDirectoryPro", &token).send().await, "Who you are here");
}

/// Goal: an account that has allowed as many applications as it can is told so, at all three mounts.
#[tokio::test]
async fn one_application_too_many_is_said() {
    let world = World::start().await;
    of_somebody_else(&world).await;
    world.fill_consents(world.data.alice.id).await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let question = browser.sign_on(&page, ALICE).await;
    let refused = browser.submit(&question, ALLOW).await;
    let query = format!("response_type=code&client_id={}&redirect_uri={CALLBACK}&scope=openid", shop.id);
    let at_am = browser.get(&format!("/am/oauth2/realms/root/realms/alpha/authorize?{query}")).await;
    let at_am = browser.submit(&at_am, &[("decision", "allow")]).await;
    let begun = browser.get(&format!("/{}/as/authorize?{query}", world.data.realm.id)).await;
    let at_pingone = browser.get(begun.location()).await;
    let at_pingone = browser.submit(&at_pingone, ALLOW).await;
    for (refused, status) in [(refused, 409), (at_am, 409), (at_pingone, 400)] {
        assert_eq!(refused.status, status, "{}", refused.text);
        assert!(refused.text.contains("Withdraw one of them first."), "{}", refused.text);
    }
}
