//! A proof that is not older than an application says: the provider is asked for it, and its word for when is looked at.
//!
//! OpenID Connect Core §3.1.2.1 and §3.1.3.7 (12), (13); decision 0069.

use adieu_core::SessionToken;
use serde_json::{Value, json};

use super::browser::{field, link};
use super::scripted::{Before, Says};
use super::{Browser, Pair, authorize};
use crate::one_session::Programs;

const BUTTON: &str = "Sign on with Corp";

/// A parameter of an address.
fn part(address: &str, name: &str) -> Option<String> {
    let query = address.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned)
}

impl Before {
    /// Comes back from where the browser was sent, as somebody who signed on there so many seconds ago, if that is said.
    async fn came_back(&self, browser: &mut Browser<'_>, there: &str, ago_s: Option<i64>) -> (u16, String) {
        let mut claims = self.claims("dora", "s1");
        claims["nonce"] = part(there, "nonce").expect("a nonce").into();
        if let Some(ago_s) = ago_s {
            claims["auth_time"] = (self.now_s() - ago_s).into();
        }
        let token = self.provider.signed(Some("JWT"), &claims);
        self.provider.says("/token", Says::Json(json!({"id_token": token})));
        let state = part(there, "state").expect("a state");
        let reply = browser.once(&format!("{}?code=c&state={state}", self.at("callback")), None).await;
        let location = reply.headers.get("location").and_then(|value| value.to_str().ok());
        (reply.status.as_u16(), location.unwrap_or(&reply.text).to_owned())
    }

    /// How many seconds ago the user of the browser's session authenticated.
    async fn proof_age_s(&self, browser: &Browser<'_>) -> i64 {
        let token = browser.cookie(&self.ours, "adieu_session").expect("a session");
        let id = SessionToken::parse(token).expect("a token").id;
        let found = self.ours.authority().session_record(id).await.expect("an answer").expect("a session");
        self.now_s() - found.session.authenticated_at.s()
    }

    async fn pushed(&self, more: &[(&str, &str)]) -> String {
        let programs = Programs::of(&self.ours);
        let (id, redirect) = (programs.pingone("app_client_id"), "https://shop.example.test/callback");
        let mut form = vec![
            ("response_type", "code"),
            ("client_id", id),
            ("redirect_uri", redirect),
            ("scope", "openid"),
        ];
        form.extend_from_slice(more);
        let reply = self
            .ours
            .post("/o/alpha/par")
            .header("authorization", &programs.basic("app"))
            .form(&form)
            .send()
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let reference = reply.json()["request_uri"].as_str().expect("a reference").to_owned();
        format!("{}/o/alpha/authorize?client_id={id}&request_uri={reference}", self.ours.config().public.url)
    }
}

/// Goal: S-OP-5, S-OP-7: `prompt=login` and `max_age`, said openly or in a pushed request, are said to the provider; a proof that is too
/// old, or of no age, is none; one that will do is as old as the provider says.
#[tokio::test]
async fn a_proof_that_is_asked_for_is_asked_of_the_provider() {
    let before = Before::start().await;
    let open = authorize(&before.ours);
    for (request, prompt, max_age, enough_s) in [
        (format!("{open}&prompt=login"), Some("login"), "0", 30),
        (format!("{open}&max_age=0"), Some("login"), "0", 30),
        (format!("{open}&max_age=90"), None, "90", 80),
        (before.pushed(&[("prompt", "login")]).await, Some("login"), "0", 30),
    ] {
        let mut browser = Browser::of(&[&before.ours]);
        let page = browser.go(&request).await;
        let begin = link(&page.reply.text, BUTTON);
        for (ago_s, taken) in [(None, false), (Some(2 * 86_400), false), (Some(enough_s), true)] {
            let there = browser.once(&begin, None).await.location().to_owned();
            assert_eq!(part(&there, "prompt").as_deref(), prompt, "{request}");
            assert_eq!(part(&there, "max_age").as_deref(), Some(max_age), "{request}");
            let (status, to) = before.came_back(&mut browser, &there, ago_s).await;
            assert_eq!(status == 303, taken, "{request} {ago_s:?}: {to}");
            assert_eq!(browser.cookie(&before.ours, "adieu_session").is_some(), taken, "{request} {ago_s:?}");
            if taken {
                let seen = browser.go(&to).await;
                assert!(seen.at().starts_with("https://shop.example.test/callback?code="), "{seen:?}");
                let expect = if max_age == "0" { 0 } else { enough_s };
                assert_eq!(before.proof_age_s(&browser).await, expect, "{request}");
            }
        }
    }
}

/// Goal: S-OP-7: where no proof is asked for, a session is as old as the provider says, so that a later `max_age` is not met by it; and
/// the request that it was begun for is answered.
#[tokio::test]
async fn a_session_is_as_old_as_the_proof_that_led_to_it() {
    let before = Before::start().await;
    let mut browser = Browser::of(&[&before.ours]);
    let page = browser.go(&format!("{}&prompt=select_account", authorize(&before.ours))).await;
    let there = browser.once(&link(&page.reply.text, BUTTON), None).await.location().to_owned();
    assert_eq!((part(&there, "prompt"), part(&there, "max_age")), (None, None));
    let (status, to) = before.came_back(&mut browser, &there, Some(7200)).await;
    assert_eq!(status, 303, "{to}");
    let seen = browser.go(&to).await;
    assert!(seen.at().starts_with("https://shop.example.test/callback?code="), "{seen:?}");
    assert_eq!(before.proof_age_s(&browser).await, 7200);
    let asked = browser.go(&format!("{}&max_age=3600", authorize(&before.ours))).await;
    assert!(asked.reply.text.contains("name=\"password\""), "{asked:?}");
    let begin = format!("{}?return_to=/x&max_age=soon", before.at("begin"));
    assert_eq!(browser.once(&begin, None).await.status, 400);
}

/// An installation with a provider, and a request for a flow of PingOne's that asks for a new proof.
async fn with_a_flow_of_pingone() -> (Before, String) {
    let before = Before::start_with(|config| {
        config.openid.set_all_cookies = true;
        config.pingone.set_all_cookies = true;
    })
    .await;
    let (ours, base) = (Programs::of(&before.ours), before.ours.config().public.url.clone());
    let (environment, client) = (ours.pingone("env_id"), ours.pingone("app_client_id"));
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri=https://shop.example.test/callback&scope=openid&prompt=login"
    );
    let request = format!("{base}/{environment}/as/authorize?{query}");
    (before, request)
}

/// Goal: S-OP-5: a flow of PingOne's that asks for a new proof is not completed without one, whatever its browser leaves out on the way, or
/// asks for in its place.
#[tokio::test]
async fn a_flow_of_pingone_that_asks_for_a_new_proof_gets_one() {
    let (before, request) = with_a_flow_of_pingone().await;
    for (in_its_place, ago_s, completed) in [
        ("", None, false),
        ("", Some(7200), false),
        ("&max_age=999999999", Some(2 * 86_400), false),
        ("&max_age=60", Some(9), false),
        ("&max_age=0", Some(9), true),
    ] {
        let mut browser = Browser::of(&[&before.ours]);
        let page = browser.go(&request).await;
        let begin = link(&page.reply.text, BUTTON);
        assert!(begin.ends_with("&max_age=0"), "{begin}");
        let begin = begin.replace("&max_age=0", in_its_place);
        let there = browser.once(&begin, None).await.location().to_owned();
        let (status, to) = before.came_back(&mut browser, &there, ago_s).await;
        assert_eq!(status, 303, "{to}");
        let seen = browser.go(&to).await;
        let code = seen.at().starts_with("https://shop.example.test/callback?code=");
        assert_eq!(code, completed, "{in_its_place} {ago_s:?}: {:?}", seen.way);
        assert_eq!(seen.reply.text.contains("name=\"password\""), !completed, "{in_its_place} {ago_s:?}");
    }
}

/// Goal: S-OP-5: AM's page that asks somebody who is signed on for a new proof lets nobody go on who brings none from a provider, whatever
/// the browser leaves out on the way.
#[tokio::test]
async fn a_page_of_am_that_asks_for_a_new_proof_gets_one() {
    let (before, request) = with_a_flow_of_pingone().await;
    let (base, query) = (&before.ours.config().public.url, request.split_once('?').expect("a query").1);
    let request = format!("{base}/am/oauth2/realms/root/realms/alpha/authorize?{query}");
    for (in_its_place, ago_s, goes_on) in [
        ("", None, false),
        ("", Some(7200), false),
        ("&max_age=60", Some(9), false),
        ("&max_age=0", Some(9), true),
    ] {
        let mut browser = Browser::of(&[&before.ours]);
        let token = before.ours.sign_on_kratos("alice", "Rabbit-hole-11").await;
        for cookie in ["iPlanetDirectoryPro", "adieu_session", "ory_kratos_session"] {
            browser.keep(&before.ours, cookie, &token);
        }
        let page = browser.go(&request).await;
        let begin = link(&page.reply.text, BUTTON);
        assert!(begin.ends_with("&max_age=0"), "{begin}");
        let begin = begin.replace("&max_age=0", in_its_place);
        let there = browser.once(&begin, None).await.location().to_owned();
        let (status, to) = before.came_back(&mut browser, &there, ago_s).await;
        assert_eq!(status, 303, "{to}");
        let seen = browser.go(&to).await;
        let code = seen.at().starts_with("https://shop.example.test/callback?code=");
        assert_eq!(code, goes_on, "{in_its_place} {ago_s:?}: {:?}", seen.way);
        assert_eq!(seen.reply.text.contains("name=\"IDToken2\""), !goes_on, "{in_its_place} {ago_s:?}");
    }
}

/// Goal: S-OP-5: whoever signs on anew through a provider as somebody else, in a flow of PingOne's that began in another one's session, goes on
/// to the application, as by a password.
#[tokio::test]
async fn a_flow_of_pingone_goes_on_for_somebody_else() {
    let (before, request) = with_a_flow_of_pingone().await;
    let mut browser = Browser::of(&[&before.ours]);
    let token = before.ours.sign_on_kratos("alice", "Rabbit-hole-11").await;
    for cookie in ["ST", "adieu_session", "ory_kratos_session"] {
        browser.keep(&before.ours, cookie, &token);
    }
    let page = browser.go(&request).await;
    let there = browser.once(&link(&page.reply.text, BUTTON), None).await.location().to_owned();
    let (status, to) = before.came_back(&mut browser, &there, Some(1)).await;
    assert_eq!(status, 303, "{to}");
    let seen = browser.go(&to).await;
    let code = seen.at().starts_with("https://shop.example.test/callback?code=");
    assert!(code, "{:?} {}", seen.way, seen.reply.text);
}

/// Goal: pages of AM and Kratos that ask for a new proof send on that wish, and others do not.
#[tokio::test]
async fn pages_of_am_and_kratos_send_on_the_wish_for_a_new_proof() {
    let before = Before::start_with(|config| {
        config.openid.set_all_cookies = true;
        config.am.set_all_cookies = true;
        config.kratos.set_all_cookies = true;
        config.kratos.login_ui_url = String::new();
    })
    .await;
    let base = before.ours.config().public.url.clone();
    let mut browser = Browser::of(&[&before.ours]);
    let wish = async |browser: &mut Browser<'_>, address: &str| {
        let page = browser.go(address).await;
        part(&link(&page.reply.text, BUTTON), "max_age")
    };
    let (am, kratos) =
        (format!("{base}/am/UI/Login?realm=/alpha"), format!("{base}/self-service/login/browser"));
    let client = Programs::of(&before.ours).pingone("app_client_id").to_owned();
    let openid = format!(
        "{base}/am/oauth2/realms/root/realms/alpha/authorize?response_type=code&client_id={client}&redirect_uri=https://shop.example.test/callback&scope=openid&state=s"
    );
    for (address, expect) in [
        (am.clone(), None),
        (format!("{am}&ForceAuth=true"), Some("0")),
        (kratos.clone(), None),
        (openid.clone(), None),
        (format!("{openid}&prompt=login"), Some("0")),
        (format!("{openid}&max_age=60"), Some("60")),
    ] {
        assert_eq!(wish(&mut browser, &address).await.as_deref(), expect, "{address}");
    }
    let token = before.ours.sign_on_kratos("alice", "Rabbit-hole-11").await;
    browser.keep(&before.ours, "ory_kratos_session", &token);
    browser.keep(&before.ours, "iPlanetDirectoryPro", &token);
    for address in [format!("{am}&ForceAuth=true"), format!("{kratos}?refresh=true")] {
        assert_eq!(wish(&mut browser, &address).await.as_deref(), Some("0"), "{address}");
    }
}

/// Goal: two servers of ours: who is signed on upstream is asked for the password there once more, and our application learns when that
/// was.
#[tokio::test]
async fn who_is_signed_on_upstream_signs_on_there_anew() {
    let pair = Pair::start(true).await;
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    pair.wait_s(600);
    let page = browser.go(&format!("{}&prompt=login", authorize(&pair.ours))).await;
    let asked = browser.go(&link(&page.reply.text, "Sign on with Corp &#38; Co")).await;
    assert!(asked.at().starts_with(&pair.issuer()), "{:?}", asked.way);
    let text = &asked.reply.text;
    let (token, request) = (field(text, "token"), field(text, "request"));
    let form =
        [("token", &*token), ("request", &*request), ("username", "dora"), ("password", "Painted-doors-77")];
    let done = browser.post(&format!("{}/sign-on", pair.issuer()), &form).await;
    assert!(done.at().starts_with("https://shop.example.test/callback?code="), "{:?}", done.way);
    let token = browser.cookie(&pair.ours, "adieu_session").expect("a session");
    let whoami: Value =
        pair.ours.get("/sessions/whoami").header("x-session-token", token).send().await.json();
    assert!(whoami["authenticated_at"].is_string(), "{whoami}");
}
