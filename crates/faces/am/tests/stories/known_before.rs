//! What was known of a browser before a sign-on buys nothing after it: neither its cookie, nor the token of its form, nor an `authId`.
//!
//! The attacker has the victim's cookie of before, and no other. Decision 0112.

use serde_json::json;

use crate::fixture::{ALICE, AUTHENTICATE, COOKIE, FaceFixture, LOGIN, Reply};
use crate::pages::{form, hidden, submit, value_of};

/// The form of a page in the browser that has this cookie, with these fields.
async fn sent(fixture: &FaceFixture, page: &Reply, cookie: &str, fields: &[(&str, &str)]) -> Reply {
    let ask = fixture.post(LOGIN).header("Cookie", &format!("am-form={cookie}"));
    let token = hidden(page, "token");
    let own = [("token", token.as_str()), ("realm", "/alpha")];
    form(ask, &[&own, fields].concat()).send().await
}

fn is_nobody(reply: &Reply) {
    assert!(reply.cookie(COOKIE).is_none(), "{} {}", reply.status, reply.text);
}

/// An `authId` as anybody gets it.
async fn anonymous(fixture: &FaceFixture) -> String {
    let ask = fixture.post(AUTHENTICATE).header("Accept-API-Version", "resource=2.1, protocol=1.0");
    ask.send().await.json()["authId"].as_str().unwrap().to_owned()
}

/// Goal: whoever knew the browser's cookie before its user signed on gets no session by it: an `authId` of anybody's, another password or none
/// leads nowhere, and after a guess the form itself does not either.
#[tokio::test]
async fn a_cookie_of_before_the_sign_on_buys_nothing() {
    let fixture = FaceFixture::start().await;
    let page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    let known = value_of(&page, "am-form");
    let done = submit(&fixture, &page, ALICE).await;
    assert_eq!(done.status, 303);
    assert_ne!(value_of(&done, "am-form"), known, "it changes with the sign-on");
    let auth_id = anonymous(&fixture).await;
    for fields in [
        &[("authId", auth_id.as_str()), ("IDToken3", "")][..],
        &[("IDToken1", ALICE.0), ("IDToken2", "guessed")],
        &[],
    ] {
        is_nobody(&sent(&fixture, &page, &known, fields).await);
    }
    let after = value_of(&done, "am-form");
    let again = sent(&fixture, &page, &after, &[("IDToken1", ALICE.0), ("IDToken2", ALICE.1)]).await;
    is_nobody(&again);
    assert!(
        again.status == 303 && again.cookie("am-form-said").is_some(),
        "it is asked for again: {}",
        again.text
    );
}

/// Goal: decision 0050: the same form once more, with the cookies of its first answer, leads on as a double click does, and opens no other
/// session.
#[tokio::test]
async fn a_form_that_comes_after_its_answer_leads_on() {
    let fixture = FaceFixture::start().await;
    let page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    let done = submit(&fixture, &page, ALICE).await;
    let jar = format!("{}; {COOKIE}={}", value_of(&done, "am-form"), value_of(&done, COOKIE));
    let again = sent(&fixture, &page, &jar, &[("IDToken1", ALICE.0), ("IDToken2", ALICE.1)]).await;
    assert!(again.status == 303 && again.cookie("am-form-said").is_none(), "{} {}", again.status, again.text);
    assert!(!again.header("location").contains("UI/Login"), "{}", again.header("location"));
    let alice = fixture.user("/alpha", "alice").await;
    assert_eq!(fixture.authority().count_live_sessions(alice.id).await.unwrap(), 1);
}

/// Goal: S-OP-8: what has been proven on a page counts in its browser alone: neither another browser's page nor a program goes on with it,
/// nor a page with what a program has proven.
#[tokio::test]
async fn a_first_factor_counts_in_its_browser() {
    let fixture = FaceFixture::with_second_factors().await;
    let authority = fixture.authority();
    let alice = fixture.user("/alpha", "alice").await;
    let set = authority.draw_code_set();
    let codes = authority.recovery_codes(alice.id, set);
    let token = fixture.sign_on(ALICE).await;
    let session = adieu_authority::SessionToken::parse(&token).unwrap().id;
    authority.confirm_recovery_codes(session, set, false).await.unwrap();

    let page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    let cookie = value_of(&page, "am-form");
    let asked = submit(&fixture, &page, ALICE).await;
    let auth_id = hidden(&asked, "authId");
    let other = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha")).send().await;
    let code = [("authId", auth_id.as_str()), ("IDToken3", codes[0].as_str())];
    is_nobody(&sent(&fixture, &other, &value_of(&other, "am-form"), &code).await);
    let program = async |auth_id: &str| {
        let callback =
            json!({"type": "PasswordCallback", "input": [{"name": "IDToken1", "value": codes[0]}]});
        let ask = fixture.post(AUTHENTICATE).header("Accept-API-Version", "resource=2.1, protocol=1.0");
        ask.json(&json!({"authId": auth_id, "callbacks": [callback]})).send().await
    };
    assert_eq!(program(&auth_id).await.refused(401), "Session has timed out");
    let of_program =
        fixture.pair(AUTHENTICATE, ALICE).send().await.json()["authId"].as_str().unwrap().to_owned();
    let theirs = [("authId", of_program.as_str()), ("IDToken3", codes[0].as_str())];
    is_nobody(&sent(&fixture, &page, &cookie, &theirs).await);

    let (one, twin) =
        tokio::join!(sent(&fixture, &page, &cookie, &code), sent(&fixture, &page, &cookie, &code));
    assert_eq!((one.status.as_u16(), twin.status.as_u16()), (303, 303), "{}", twin.text);
    assert_eq!(value_of(&one, COOKIE), value_of(&twin, COOKIE), "a double click");
    for fields in [
        &[("authId", auth_id.as_str()), ("IDToken3", "")][..],
        &[("authId", &auth_id), ("IDToken3", &codes[0])],
        // The password alone does not lead to the session of both factors.
        &[("IDToken1", ALICE.0), ("IDToken2", ALICE.1)],
    ] {
        is_nobody(&sent(&fixture, &page, &cookie, fields).await);
    }
}

/// Goal: decision 0050: one form is one session, also where the browser carries a token of before that is dead, or dies by the first click.
#[tokio::test]
async fn a_double_click_beside_a_token_of_before_is_one_session() {
    for ended in [true, false] {
        let fixture = FaceFixture::start().await;
        let before = fixture.sign_on(ALICE).await;
        if ended {
            let off = fixture.post("/am/json/realms/root/realms/alpha/sessions/?_action=logout");
            let off = off.header("Accept-API-Version", "resource=3.1, protocol=1.0").header(COOKIE, &before);
            assert_eq!(off.send().await.status, 200);
        }
        let page = fixture.ask("GET", &format!("{LOGIN}?realm=/alpha&ForceAuth=true")).send().await;
        let jar = format!("{}; {COOKIE}={before}", value_of(&page, "am-form"));
        let pair = [("IDToken1", ALICE.0), ("IDToken2", ALICE.1)];
        let one = sent(&fixture, &page, &jar, &pair).await;
        let twin = sent(&fixture, &page, &jar, &pair).await;
        assert!(one.cookie(COOKIE).is_some(), "{} {}", one.status, one.text);
        assert_eq!(one.cookie(COOKIE), twin.cookie(COOKIE), "ended: {ended}");
    }
}

/// Goal: a form of another site, with which the browser sends no cookie, takes none away.
#[tokio::test]
async fn a_sign_off_without_cookies_takes_none_away() {
    let fixture = FaceFixture::start().await;
    for fields in [&[("token", "x"), ("realm", "/alpha")][..], &[("realm", "/alpha")]] {
        let off = form(fixture.post("/am/UI/Logout"), fields).send().await;
        // The browser comes again with its cookies, and is asked.
        assert!(
            off.status == 303 && off.header("location").contains("/am/UI/Logout?realm="),
            "{:?}",
            off.headers
        );
        assert!(off.headers.get("set-cookie").is_none(), "{:?}", off.headers);
    }
    let looked = fixture.ask("GET", "/am/UI/Logout?realm=/alpha").send().await;
    assert!(looked.headers.get("set-cookie").is_none(), "{:?}", looked.headers);
}
