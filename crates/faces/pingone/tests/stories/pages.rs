//! The sign-on page and the page one lands on.
//!
//! What a template shows is pages-kit's affair; here is what the pages do.

use crate::fixture::{ALICE, APPS, AUTH, FaceFixture, Reply};

/// P-32: the landing page is 200 HTML, and 204 for who reads JSON alone.
#[tokio::test]
async fn the_landing_page_honours_accept() {
    let fixture = FaceFixture::open().await;
    let path = fixture.a("signon/");
    for accept in ["*/*", "text/html", "application/json, text/plain, */*"] {
        let reply = fixture.get(&path).header("accept", accept).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "text/html; charset=utf-8"));
        assert_eq!(reply.header("x-frame-options"), "DENY");
    }
    assert_eq!(fixture.get(&path).send().await.status, 200);
    let reply = fixture.get(&path).header("accept", "application/json").send().await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str(), reply.header("content-type")), (204, "", ""));
    let moved = fixture.get(&fixture.a("as/signon")).send().await;
    assert_eq!((moved.status.as_u16(), moved.location()), (302, format!("{APPS}{path}").as_str()));
    fixture.get("/6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90/signon/").send().await.assert_error(
        404,
        "NOT_FOUND",
        None,
    );
}

/// The value of a hidden field.
pub(crate) fn hidden(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\"")).expect("the field");
    rest.split('"').next().expect("a value").to_owned()
}

/// The pair of the cookie by which the form knows its browser.
pub(crate) fn form_cookie(reply: &Reply) -> String {
    let line = reply.set_cookie("__Host-adieu-signon").unwrap_or_else(|| panic!("no cookie: {}", reply.text));
    line.split(';').next().expect("a pair").to_owned()
}

/// The page of an authorize request of the shop, in a new browser.
pub(crate) async fn opened(fixture: &FaceFixture, more: &[(&str, &str)]) -> Reply {
    let begun = fixture.get(&fixture.authorize(&fixture.shop(), more)).send().await;
    let moved = fixture.get(begun.location().strip_prefix(APPS).expect("our page")).send().await;
    let page = fixture.get(moved.location().strip_prefix(AUTH).expect("our address"));
    page.header("cookie", &form_cookie(&begun)).send().await
}

/// P-39: a person signs on through the page, a wrong password first.
#[tokio::test]
async fn a_person_signs_on_through_the_page() {
    let fixture = FaceFixture::open().await;
    let begun = fixture
        .get(&fixture.authorize(&fixture.shop(), &[("login_hint", "<alice>"), ("state", "x")]))
        .send()
        .await;
    let first = begun.location().strip_prefix(APPS).expect("our page").to_owned();
    // The page stands where its cookies belong.
    let moved = fixture.get(&first).send().await;
    assert_eq!(moved.status, 302);
    let path = moved.location().strip_prefix(AUTH).expect("our address").to_owned();
    let page = fixture.get(&path).header("cookie", &form_cookie(&begun)).send().await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Shop") && !page.text.contains("<alice>"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains(&format!("form-action 'self' {AUTH} https://shop.example.test;")), "{policy}");
    let cookie = form_cookie(&page);
    let (flow, token) = (hidden(&page.text, "flowId"), hidden(&page.text, "token"));
    let submit = |password: &str, token: &str, cookie: &str| {
        let form =
            [("flowId", flow.as_str()), ("token", token), ("username", "alice"), ("password", password)];
        fixture.post(&fixture.a("signon/")).header("cookie", cookie).form(&form).send()
    };
    // Another site has neither the cookie nor the value that goes with it.
    for (token, cookie) in
        [("", cookie.as_str()), ("x", &cookie), (&token, ""), (&token, "__Host-adieu-signon=other")]
    {
        submit(ALICE.1, token, cookie).await.assert_error(
            403,
            "ACCESS_FAILED",
            Some(("INSUFFICIENT_PERMISSIONS", None)),
        );
    }
    let wrong = submit("wrong", &token, &cookie).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("Name or password is wrong.") && wrong.set_cookie("ST").is_none());
    let done = submit(ALICE.1, &token, &cookie).await;
    assert_eq!(done.status, 303);
    let st = done.cookie("ST").expect("a token").to_owned();
    let resume = done.location().strip_prefix(AUTH).expect("our address").to_owned();
    let code = fixture.get(&resume).cookie(&st).send().await;
    assert!(code.location().starts_with(&format!("{}?code=", fixture.shop().redirect)));
    fixture.get(&path).send().await.assert_error(404, "NOT_FOUND", None);
    let gone = fixture.get(&path).header("accept", "text/html").send().await;
    assert!(gone.status == 404 && gone.text.contains(gone.header("correlation-id")));
}

/// F-32: who tries too often keeps the form, and reads when to try again.
#[tokio::test]
async fn who_tries_too_often_keeps_the_form() {
    let fixture = FaceFixture::open().await;
    let page = opened(&fixture, &[]).await;
    let cookie = form_cookie(&page);
    let (flow, token) = (hidden(&page.text, "flowId"), hidden(&page.text, "token"));
    let form = [("flowId", flow.as_str()), ("token", &token), ("username", "alice"), ("password", "wrong")];
    let submit = || fixture.post(&fixture.a("signon/")).header("cookie", &cookie).form(&form).send();
    for _ in 0..10 {
        assert_eq!(submit().await.status, 400);
    }
    let often = submit().await;
    assert_eq!((often.status.as_u16(), often.header("retry-after")), (429, "30"), "P-64");
    assert!(often.text.contains("Please try again in 31 seconds."), "{}", often.text);
    assert!(often.text.contains("value=\"alice\"") && hidden(&often.text, "flowId") == flow);
}

#[tokio::test]
async fn bad_requests_to_the_page() {
    let fixture = FaceFixture::open().await;
    let path = fixture.a("signon/");
    for query in ["?flowId=x", "?flowId=6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90"] {
        fixture.get(&format!("{path}{query}")).send().await.assert_error(404, "NOT_FOUND", None);
        fixture.post(&format!("{path}{query}")).send().await.assert_error(404, "NOT_FOUND", None);
    }
    let doubled = fixture.get(&format!("{path}?flowId=x&flowId=y")).send().await;
    doubled.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("flowId"))));
    let json = fixture.post(&path).header("content-type", "application/json").body("{}").send().await;
    json.assert_error(415, "INVALID_REQUEST", None);
    let large = fixture.post(&path).form(&[("username", &"x".repeat(70_000))]).send().await;
    large.assert_error(413, "INVALID_REQUEST", None);
}

/// P-39, F-54: a form that is sent twice, as a double click does, leads on to the application both times, with one session; nobody
/// else's browser is led anywhere by it.
#[tokio::test]
async fn a_form_that_is_sent_twice_leads_on() {
    let fixture = FaceFixture::open().await;
    let page = opened(&fixture, &[("state", "x")]).await;
    let cookie = form_cookie(&page);
    let (flow, token) = (hidden(&page.text, "flowId"), hidden(&page.text, "token"));
    let form =
        [("flowId", flow.as_str()), ("token", token.as_str()), ("username", "alice"), ("password", ALICE.1)];
    let submit = || fixture.post(&fixture.a("signon/")).header("cookie", &cookie).form(&form).send();
    let (one, other) = tokio::join!(submit(), submit());
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (303, 303), "{}", other.text);
    assert_eq!((one.cookie("ST"), one.location()), (other.cookie("ST"), other.location()));
    let resume = one.location().strip_prefix(AUTH).expect("our address").to_owned();
    let st = one.cookie("ST").expect("a token").to_owned();
    let code = || async {
        let reply = fixture.get(&resume).cookie(&st).send().await;
        assert!(
            reply.location().starts_with(&format!("{}?code=", fixture.shop().redirect)),
            "{}",
            reply.text
        );
    };
    code().await;
    fixture.get(&resume).cookie(&st).send().await.assert_error(404, "NOT_FOUND", None);
    // The answer was lost when the code had been given already.
    let late = submit().await;
    assert_eq!((late.status.as_u16(), late.cookie("ST")), (303, one.cookie("ST")));
    code().await;
    let strange = fixture.post(&fixture.a("signon/")).header("cookie", "__Host-adieu-signon=x").form(&form);
    strange.send().await.assert_error(404, "NOT_FOUND", None);
}
