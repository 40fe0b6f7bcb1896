//! The pages: a person signs on and off with a browser, and nobody else does it for them.
//!
//! The cookies of the form are kept by hand, as a browser would.

use adieu_face_am::Settings;

use crate::fixture::{ALICE, Ask, COOKIE, FaceFixture, LOGIN, Reply, settings};

const LOGOUT: &str = "/am/UI/Logout";

pub(crate) fn hidden(page: &Reply, name: &str) -> String {
    let start = format!(r#"name="{name}" value=""#);
    let rest = page.text.split_once(&start).unwrap_or_else(|| panic!("no field {name}: {}", page.text)).1;
    rest.split('"').next().unwrap().replace("&#38;", "&")
}

pub(crate) fn value_of(page: &Reply, cookie: &str) -> String {
    page.cookie(cookie).unwrap().split(['=', ';']).nth(1).unwrap().to_owned()
}

pub(crate) fn form(ask: Ask, fields: &[(&str, &str)]) -> Ask {
    let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let body: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
    ask.header("Content-Type", "application/x-www-form-urlencoded").body(body.join("&"))
}

pub(crate) async fn submit(fixture: &FaceFixture, page: &Reply, (name, password): (&str, &str)) -> Reply {
    let ask = fixture.post(LOGIN).header("Cookie", &format!("am-form={}", value_of(page, "am-form")));
    let (token, realm, goto) = (hidden(page, "token"), hidden(page, "realm"), hidden(page, "goto"));
    let fields =
        [("IDToken1", name), ("IDToken2", password), ("token", &token), ("realm", &realm), ("goto", &goto)];
    form(ask, &fields).send().await
}

/// Goal: F-32: who tries too often keeps the form, and reads when to try again.
#[tokio::test]
async fn who_tries_too_often_keeps_the_form() {
    let fixture = FaceFixture::start().await;
    let mut page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    for _ in 0..10 {
        let failed = submit(&fixture, &page, (ALICE.0, "wrong")).await;
        page = failed_with_cookie(shown_after(&fixture, failed, &page).await, &page);
    }
    let often = submit(&fixture, &page, ALICE).await;
    assert_eq!((often.status.as_u16(), often.header("retry-after")), (303, ""), "the page says when");
    let often = shown_after(&fixture, often, &page).await;
    assert!(often.text.contains("Please try again in 31 seconds."), "{}", often.text);
    assert!(often.text.contains(r#"value="alice""#) && !hidden(&often, "token").is_empty());
}

/// Goal: from the page to the goal and back out again, in a browser that keeps cookies.
#[tokio::test]
async fn a_person_signs_on_and_off() {
    let fixture = FaceFixture::start().await;
    let page =
        fixture.ask("GET", &format!("{LOGIN}?realm=/alpha&goto=http://app.example.org:3000/in")).send().await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://app.example.org:3000;"), "{policy}");
    assert!(page.cookie("am-form").unwrap().ends_with("; Path=/am/; HttpOnly; SameSite=Lax"));

    // F-59: the form leads to an address that can be asked for again, with realm and goal, and it says once what was wrong.
    let failed = submit(&fixture, &page, (ALICE.0, "wrong")).await;
    assert_eq!(
        (failed.status.as_u16(), failed.header("location")),
        (303, "/am/UI/Login?realm=%2Falpha&goto=http%3A%2F%2Fapp.example.org%3A3000%2Fin")
    );
    let failed = shown_after(&fixture, failed, &page).await;
    assert!(failed.text.contains("Name or password is wrong.") && failed.text.contains(r#"value="alice""#));
    assert!(!failed.text.contains("wrong\"") && failed.cookie(COOKIE).is_none());

    let done = submit(&fixture, &failed_with_cookie(failed, &page), ALICE).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "http://app.example.org:3000/in"));
    let token = value_of(&done, COOKIE);
    assert!(fixture.lives(&token).await);

    let again = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).cookie(&token).send().await;
    assert_eq!((again.status.as_u16(), again.header("location")), (303, "/am/console"), "signed on already");
    let home = fixture.ask("GET", "/am/console").cookie(&token).send().await;
    assert!(home.text.contains("signed on as alice"));

    let asked = fixture.ask("GET", LOGOUT).cookie(&token).send().await;
    assert!(asked.text.contains("Sign off?"));
    assert!(fixture.lives(&token).await, "a link alone ends nothing");
    let fields = [("token", hidden(&asked, "token"))];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let off = form(fixture.post(LOGOUT).cookie(&token).header("X-Requested-With", "x"), &fields).send().await;
    assert_eq!(off.status, 200);
    assert!(off.text.contains("You are signed off"));
    assert!(off.cookie(COOKIE).unwrap().contains("01 Jan 1970"));
    assert!(!fixture.lives(&token).await);
    let home = fixture.ask("GET", "/am/console").cookie(&token).send().await;
    assert_eq!((home.status.as_u16(), home.header("location")), (303, LOGIN));
}

/// Goal: whoever signs off at the address without a realm signs on again to the realm of the session that ended; where there was none, the
/// front page has all realms.
#[tokio::test]
async fn whoever_signed_off_signs_on_to_the_same_realm_again() {
    let front_page = Some("https://id.example.test/".to_owned());
    let fixture = FaceFixture::with(Settings { front_page, ..settings() }).await;
    let page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    let token = value_of(&submit(&fixture, &page, ALICE).await, COOKIE);
    let asked = fixture.ask("GET", LOGOUT).cookie(&token).send().await;
    assert_eq!(hidden(&asked, "realm"), "/alpha", "it is the realm of the session");
    let csrf = hidden(&asked, "token");
    for (fields, again) in [(2, true), (1, false)] {
        let fields = &[("token", csrf.as_str()), ("realm", "/alpha")][..fields];
        let off =
            form(fixture.post(LOGOUT).cookie(&token).header("X-Requested-With", "x"), fields).send().await;
        assert!(off.text.contains("You are signed off"), "{}", off.text);
        assert_eq!(off.text.contains("/am/UI/Login?realm=%2Falpha\">Sign on again<"), again, "{}", off.text);
        assert_eq!(off.text.contains("https://id.example.test/\">Front page<"), !again, "{}", off.text);
        assert_eq!(off.text.contains("Nobody is signed on in this browser"), !again, "{}", off.text);
    }
}

/// The page to which a failed form leads, in the same browser.
async fn shown_after(fixture: &FaceFixture, failed: Reply, page: &Reply) -> Reply {
    assert_eq!(failed.status, 303, "{}", failed.text);
    let cookies = format!("am-form={}; am-form-said={}", value_of(page, "am-form"), said_value(&failed));
    let shown = fixture.ask("GET", failed.header("location")).header("Cookie", &cookies).send().await;
    assert!(shown.status == 200 && shown.cookie("am-form-said").unwrap().contains("01 Jan 1970"));
    shown
}

fn said_value(failed: &Reply) -> String {
    let line = failed.cookie("am-form-said").unwrap();
    line.split_once('=').unwrap().1.split(';').next().unwrap().to_owned()
}

/// The failed page keeps the browser's cookie; it is handed out again with it.
fn failed_with_cookie(mut failed: Reply, page: &Reply) -> Reply {
    assert_eq!(value_of(&failed, "am-form"), value_of(page, "am-form"), "two forms can be open");
    failed.headers.insert("set-cookie", page.headers["set-cookie"].clone());
    failed
}

/// Goal: no other site signs a browser on or off: the form's cookie, the form's token and the session's own must fit.
#[tokio::test]
async fn a_foreign_form_does_nothing() {
    let fixture = FaceFixture::start().await;
    let page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    let (token, cookie) = (hidden(&page, "token"), value_of(&page, "am-form"));
    let pair = [("IDToken1", ALICE.0), ("IDToken2", ALICE.1), ("realm", "/alpha")];
    let other = fixture.ask("GET", LOGIN).send().await;
    for (cookie, token) in [
        (String::new(), token.as_str()),
        (cookie.clone(), ""),
        (cookie.clone(), "x"),
        (value_of(&other, "am-form"), token.as_str()),
    ] {
        let ask = fixture.post(LOGIN).header("Cookie", &format!("am-form={cookie}"));
        let fields: Vec<_> = pair.into_iter().chain([("token", token)]).collect();
        let reply = form(ask, &fields).send().await;
        assert_eq!(reply.status, 403);
        assert!(reply.cookie(COOKIE).is_none());
    }
    let (mine, others) = (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await);
    let foreign = fixture.ask("GET", LOGOUT).cookie(&others).send().await;
    for token in ["", "x", &hidden(&foreign, "token")] {
        let reply = form(fixture.post(LOGOUT).cookie(&mine), &[("token", token)]).send().await;
        assert_eq!(reply.status, 403);
    }
    assert!(fixture.lives(&mine).await && fixture.lives(&others).await);
}

/// Goal: bad methods, types, sizes, realms and goals are answered with a page that may not be framed or cached.
#[tokio::test]
async fn odd_requests_are_answered_with_pages() {
    let fixture = FaceFixture::start().await;
    for (method, path, status) in [
        ("GET", "/am", 404),
        ("GET", "/am/nothing", 404),
        ("GET", "/am/UI/Login?realm=/nowhere", 400),
        ("GET", "/am/UI/Login?realm=/&realm=/alpha", 400),
        ("DELETE", LOGIN, 405),
        ("POST", "/am/console", 405),
        ("POST", LOGIN, 415),
        ("POST", LOGOUT, 415),
        ("GET", "/am/XUI/", 200),
        ("HEAD", "/am/XUI/?realm=/alpha/sub", 200),
        ("GET", LOGOUT, 200),
    ] {
        let reply = fixture.ask(method, path).send().await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(reply.header("x-frame-options"), "DENY");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("allow").is_empty(), status != 405);
    }
    let named = fixture.ask("DELETE", &format!("{LOGIN}?realm=/alpha")).send().await;
    assert!(named.text.contains("/am/UI/Login?realm=%2Falpha\">Sign on<"), "{}", named.text);
    let large = "a".repeat(70_000);
    let ask = fixture.post(LOGIN).header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(ask.body(large).send().await.status, 413);
    let page = fixture.ask("GET", &format!("{LOGIN}?goto=https://evil.test/")).send().await;
    assert_eq!(hidden(&page, "goto"), "", "a goal that is not allowed is not carried along");
    assert!(!page.header("content-security-policy").contains("evil"));
}

/// Goal: behind https the form's cookie goes over https only.
#[tokio::test]
async fn the_forms_cookie_is_secure_where_the_others_are() {
    let fixture = FaceFixture::with(Settings { cookies_secure: true, ..settings() }).await;
    let page = fixture.ask("GET", LOGIN).send().await;
    assert!(page.cookie("__Host-am-form").unwrap().ends_with("; Path=/; HttpOnly; Secure; SameSite=Lax"));
}

/// Goal: F-56, one form gives one session, however often the browser that was shown it sends it.
#[tokio::test]
async fn one_form_gives_one_session() {
    let fixture = FaceFixture::start().await;
    let page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    let (one, other) = tokio::join!(submit(&fixture, &page, ALICE), submit(&fixture, &page, ALICE));
    let again = submit(&fixture, &page, ALICE).await;
    assert_eq!((one.status.as_u16(), other.status.as_u16(), again.status.as_u16()), (303, 303, 303));
    let token = value_of(&one, COOKIE);
    assert_eq!((value_of(&other, COOKIE), value_of(&again, COOKIE)), (token.clone(), token.clone()));
    assert!(fixture.lives(&token).await);
}
