//! Pushed authorization requests: who may push one, and who may use it, and how often.
//!
//! RFC 9126, standards.md 2.7.

use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use adieu_testkit::world::profile_config;
use serde_json::json;

use crate::fixture::{ALICE, ALPHA, Browser, CALLBACK, RelyingParty, claims, issuer, param, signed_on};

fn request<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let own = [("response_type", "code"), ("redirect_uri", CALLBACK), ("scope", "openid"), ("state", "s1")];
    [own.as_slice(), more].concat()
}

fn referring(id: &str, reference: &str) -> String {
    format!("{ALPHA}/authorize?client_id={id}&request_uri={}", reference.replace(':', "%3A"))
}

/// Goal: S-PAR-1, S-CA-5: a client that proves itself pushes a request; the browser refers to it until it is used, once, by that
/// client and nobody else.
#[tokio::test]
async fn a_pushed_request_is_used_once_by_its_client() {
    let world = World::start().await;
    let (shop, billing) = (RelyingParty::shop(&world), RelyingParty::of(&world, &world.data.app_two));
    let pushed = shop.post("par", &request(&[("nonce", "n1"), ("prompt", "login")])).await;
    assert_eq!(
        (pushed.status.as_u16(), pushed.header("cache-control")),
        (201, "no-store"),
        "{}",
        pushed.text
    );
    let told = pushed.json();
    let reference = told["request_uri"].as_str().expect("a reference");
    assert!(
        reference.starts_with("urn:ietf:params:oauth:request_uri:") && told["expires_in"] == 600,
        "{told}"
    );

    let mut browser = Browser::of(&world);
    let foreign = browser.get(&referring(&billing.id, reference)).await;
    assert_eq!((foreign.status.as_u16(), foreign.location()), (400, ""));
    let address = referring(&shop.id, reference);
    for _ in 0..2 {
        assert_eq!(browser.get(&address).await.status, 200, "a page may be loaded again");
    }
    let page = browser.get(&format!("{address}&scope=profile&state=forged")).await;
    let answer = browser.sign_on(&page, ALICE).await;
    assert_eq!(
        param(answer.location(), "state").as_deref(),
        Some("s1"),
        "what the browser adds counts for nothing"
    );
    let tokens = shop.tokens(&answer).await;
    assert_eq!((&tokens["scope"], &claims(&tokens["id_token"])["nonce"]), (&json!("openid"), &json!("n1")));
    let used = browser.get(&address).await;
    assert_eq!((used.status.as_u16(), used.location()), (400, ""), "it is used up");
    assert!(used.text.contains("request_uri is unknown, was used, or is too old"), "{}", used.text);
}

/// Goal: S-OP-8, S-PAR-1, S-TOK-12: what may be repeated may be repeated in what is pushed. Each resource that is named is judged.
#[tokio::test]
async fn a_pushed_request_may_name_resources() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let own = issuer(&world);
    let elsewhere = [("resource", own.as_str()), ("resource", "https://b.example.test")];
    let refused = shop.post("par", &request(&elsewhere)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_target")));
    let pushed = shop.post("par", &request(&[("resource", &own), ("resource", &own)])).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text);
    let reference = pushed.json()["request_uri"].as_str().expect("a reference").to_owned();
    assert_eq!(Browser::of(&world).get(&referring(&shop.id, &reference)).await.status, 200);
}

/// Goal: S-PAR-1: what could not be asked cannot be pushed either, and what is too old is gone.
#[tokio::test]
async fn what_is_not_right_cannot_be_pushed() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    for (more, error) in [
        (("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        (("request", "x.y.z"), "request_not_supported"),
        (("response_mode", "web_message"), "invalid_request"),
        (("scope", "profile"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
    ] {
        let refused = shop.post("par", &request(&[more])).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!(error)), "{more:?}");
    }
    let elsewhere = [("response_type", "code"), ("redirect_uri", "https://evil.test/")];
    assert_eq!(shop.post("par", &elsewhere).await.json()["error"], "invalid_request");
    let unproven = world.post(&format!("{ALPHA}/par")).form(&[("client_id", shop.id.as_str())]).send().await;
    assert_eq!((unproven.status.as_u16(), &unproven.json()["error"]), (401, &json!("invalid_client")));

    let told = shop.post("par", &request(&[])).await.json();
    world.wait_s(601);
    let address = referring(&shop.id, told["request_uri"].as_str().expect("a reference"));
    assert_eq!(Browser::of(&world).get(&address).await.status, 400);
    for name in ["x", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let address = referring(&shop.id, &format!("urn:ietf:params:oauth:request_uri:{name}"));
        assert_eq!(Browser::of(&world).get(&address).await.status, 400, "{name}");
    }
}

/// Goal: S-PAR-2: an issuer may take pushed requests only, and says so; what a browser brings itself is refused, and told to the client.
#[tokio::test]
async fn an_issuer_may_take_pushed_requests_only() {
    let mut config = profile_config("main");
    config.openid.require_pushed_requests = true;
    let world = World::with_config(config).await;
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    assert_eq!(document["require_pushed_authorization_requests"], true);
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let plain = browser.get(&shop.authorize("&scope=openid")).await;
    assert_eq!(param(plain.location(), "error").as_deref(), Some("invalid_request"), "{}", plain.text);
    let told = shop.post("par", &request(&[])).await.json();
    let page = browser.get(&referring(&shop.id, told["request_uri"].as_str().expect("a reference"))).await;
    shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    assert_eq!(
        browser.get(&shop.authorize("&scope=openid")).await.status,
        303,
        "a live session changes nothing"
    );
}

/// Goal: S-PAR-1, F-32: a double click on a page of a pushed request leads on both times: the browser drops the first answer. Nobody else,
/// and no address that is entered again, gets a second code.
#[tokio::test]
async fn a_form_of_a_pushed_request_may_be_sent_twice() {
    let world = World::start().await;
    world.edit_client(&world.data.app.id.clone(), |client| client.require_consent = true).await;
    let (shop, mut browser) = (RelyingParty::shop(&world), Browser::of(&world));
    let told = shop.post("par", &request(&[("prompt", "select_account")])).await.json();
    let address = referring(&shop.id, told["request_uri"].as_str().expect("a reference"));
    let sign_on = browser.get(&address).await;
    // The second click goes out with the cookies of the first one.
    let (mut other, mut second_click) = (browser.twin(), browser.twin());
    let question = browser.sign_on(&sign_on, ALICE).await;
    assert!(question.text.contains("Allow Shop?"), "{}", question.text);
    let (allow, first) = ([("choice", "allow")], browser.submit(&question, &[("choice", "allow")]).await);
    let second = browser.submit(&question, &allow).await;
    assert_ne!(shop.code(&first), shop.code(&second));
    shop.tokens(&second).await;
    assert_eq!(browser.get(&address).await.status, 400, "it is used up");
    // The sign-on form, too: its session has used the request meanwhile.
    let again = second_click.sign_on(&sign_on, ALICE).await;
    assert_eq!(param(again.location(), "state").as_deref(), Some("s1"), "{} {}", again.status, again.text);
    let (bob, password) = crate::fixture::BOB;
    let fields = [("username", bob), ("password", password)];
    let (_, stranger) = (other.get(&address).await, other.submit(&sign_on, &fields).await);
    assert_eq!(stranger.status, 400, "{}", stranger.text);

    // The question who it shall be.
    let told = shop.post("par", &request(&[("prompt", "select_account")])).await.json();
    let address = referring(&shop.id, told["request_uri"].as_str().expect("a reference"));
    let chooser = browser.get(&address).await;
    assert!(chooser.text.contains("Go on to Shop?"), "{}", chooser.text);
    let go_on = [("choice", "go-on")];
    let (first, second) = (browser.submit(&chooser, &go_on).await, browser.submit(&chooser, &go_on).await);
    assert_ne!(shop.code(&first), shop.code(&second));
    assert_eq!(browser.get(&address).await.status, 400);
}

/// Goal: RFC 9126 §2.2: of those who use a pushed request at once one gets a code.
#[tokio::test]
async fn of_many_that_use_a_pushed_request_at_once_one_gets_a_code() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (browser, _) = signed_on(&shop, ALICE).await;
    let told = shop.post("par", &request(&[])).await.json();
    let address = referring(&shop.id, told["request_uri"].as_str().expect("a reference"));
    let mut browsers: Vec<_> = (0..8).map(|_| browser.twin()).collect();
    let answers = futures_util::future::join_all(browsers.iter_mut().map(|one| one.get(&address))).await;
    let codes = answers.iter().filter(|answer| param(answer.location(), "code").is_some()).count();
    let refused = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((codes, refused), (1, 7));
}

/// Goal: HOME-LIMITS, RFC 9126: whoever is told to come again comes with the same pushed request, until there is a code.
/// Method: the store takes nothing for a while, or confirms nothing.
#[tokio::test]
async fn a_pushed_request_is_not_used_up_without_a_code() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, _) = signed_on(&shop, ALICE).await;
    for failure in [Failure::NotTaken, Failure::LandedInDoubt] {
        let told = shop.post("par", &request(&[])).await.json();
        let address = referring(&shop.id, told["request_uri"].as_str().expect("a reference"));
        store.fail(failure);
        let later = browser.get(&address).await;
        assert_eq!(
            (later.status.as_u16(), later.header("retry-after")),
            (503, "1"),
            "{failure:?} {}",
            later.text
        );
        store.fail(Failure::None);
        shop.tokens(&browser.get(&address).await).await;
        assert_eq!(browser.get(&address).await.status, 400, "it is used up");
    }
    // The code is written, and what comes after it is not.
    for writes in [1, 2] {
        let told = shop.post("par", &request(&[])).await.json();
        let address = referring(&shop.id, told["request_uri"].as_str().expect("a reference"));
        store.take_only(writes);
        assert_eq!(browser.get(&address).await.status, 503, "{writes}");
        store.take_all();
        shop.tokens(&browser.get(&address).await).await;
        assert_eq!(browser.get(&address).await.status, 400, "{writes}");
    }
}
