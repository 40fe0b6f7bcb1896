//! What a page of a flow has led to, and what has been proven on it, is its own browser's: nobody gets it by the flow's id, by a link, or
//! by a cookie that was known before.
//!
//! The attacker is another browser, or one that has seen the cookie and the token before the sign-on. Decisions 0112 and 0113.

use adieu_authority::SessionToken;
use adieu_http_kit::form::Params;

use crate::fixture::{ALICE, APPS, AUTH, BOB, FaceFixture, Reply};
use crate::pages::{form_cookie, hidden, opened};

/// A browser in front of the pages, with the form that it is shown.
#[derive(Clone)]
struct Shown {
    cookie: String,
    flow: String,
    token: String,
}

impl Shown {
    fn on(page: &Reply) -> Self {
        assert_eq!(page.status, 200, "{} {}", page.location(), page.text);
        Self {
            cookie: form_cookie(page),
            flow: hidden(&page.text, "flowId"),
            token: hidden(&page.text, "token"),
        }
    }

    /// Sends the form, filled in like this.
    async fn sends(&self, fixture: &FaceFixture, filled: &[(&str, &str)]) -> Reply {
        self.sends_with(fixture, &self.cookie, filled).await
    }

    async fn sends_with(&self, fixture: &FaceFixture, cookie: &str, filled: &[(&str, &str)]) -> Reply {
        let own = [("flowId", self.flow.as_str()), ("token", self.token.as_str())];
        let form = [&own, filled].concat();
        fixture.post(&fixture.a("signon/")).header("cookie", cookie).form(&form).send().await
    }
}

/// What a link to the page of a flow shows in a new browser, which keeps its cookies and goes where it is led.
async fn by_link(fixture: &FaceFixture, flow: &str, more: &str) -> Reply {
    let link = fixture.a(&format!("signon/?flowId={flow}&at=auth{more}"));
    let led = fixture.get(&link).send().await;
    assert_eq!(led.status, 302, "the page of another browser was shown: {}", led.text);
    let own = led.location().strip_prefix(AUTH).expect("our address").to_owned();
    assert!(!own.contains(flow), "{own}");
    fixture.get(&own).header("cookie", &form_cookie(&led)).send().await
}

fn is_nobody(reply: &Reply) {
    assert!(reply.status.as_u16() >= 400 && reply.cookie("ST").is_none(), "{} {}", reply.status, reply.text);
}

/// Goal: P-39, S-OP-20: whoever signs on by a link to somebody else's flow does so in a flow of their own, which goes on to the application;
/// nothing comes of it for the browser that the flow was begun in.
#[tokio::test]
async fn a_sign_on_by_a_link_is_nobody_elses() {
    let fixture = FaceFixture::open().await;
    let attacker = Shown::on(&opened(&fixture, &[("state", "x")]).await);
    let victim = Shown::on(&by_link(&fixture, &attacker.flow, "").await);
    let done = victim.sends(&fixture, &[("username", "alice"), ("password", ALICE.1)]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let st = done.cookie("ST").expect("a token").to_owned();
    let resume = done.location().strip_prefix(AUTH).expect("our address").to_owned();
    for form in [&attacker, &Shown { cookie: attacker.cookie.clone(), ..victim.clone() }] {
        for filled in [&[][..], &[("username", "alice"), ("password", "")], &[("code", "")]] {
            let reply = form.sends(&fixture, filled).await;
            assert!(reply.cookie("ST").is_none(), "{} {}", reply.status, reply.text);
        }
    }
    is_nobody(&fixture.get(&resume).header("cookie", &attacker.cookie).send().await);
    let code = fixture.get(&resume).cookie(&st).send().await;
    assert!(code.location().ends_with("&state=x") && code.location().contains("code="), "{}", code.text);
}

/// Goal: S-OP-20: whoever knew cookie, flow and token of before the sign-on does not get the session by them: what the form has proven has
/// to be proven again, and is guessed at once only.
#[tokio::test]
async fn what_was_known_before_a_sign_on_buys_nothing() {
    let fixture = FaceFixture::open().await;
    let known = Shown::on(&opened(&fixture, &[]).await);
    let typed = [("username", "alice"), ("password", ALICE.1)];
    let done = known.sends(&fixture, &typed).await;
    let st = done.cookie("ST").expect("a token").to_owned();
    // The very same form again, as a double click sends it, goes on.
    assert_eq!(known.sends(&fixture, &typed).await.cookie("ST"), Some(st.as_str()));
    for filled in [&[][..], &[("username", "alice"), ("password", "guessed")], &typed] {
        is_nobody(&known.sends(&fixture, filled).await);
    }
    assert!(fixture.is_signed_on(&st).await);
}

/// Goal: S-OP-20: the cookie of before changes with the sign-on; a form that another tab has shown until then is asked for again, with the
/// name that was typed, and goes through.
#[tokio::test]
async fn the_forms_cookie_changes_with_the_sign_on() {
    let fixture = FaceFixture::open().await;
    let one = Shown::on(&opened(&fixture, &[]).await);
    let request = fixture.authorize(&fixture.shop(), &[("state", "two")]);
    let begun = fixture.get(&request).header("cookie", &one.cookie).send().await;
    assert_eq!(form_cookie(&begun), one.cookie, "two forms can be open");
    let path = begun.location().strip_prefix(APPS).expect("our page").to_owned();
    let page = fixture.get(&format!("{path}&at=auth")).header("cookie", &one.cookie).send().await;
    let two = Shown::on(&page);
    let done = one.sends(&fixture, &[("username", "alice"), ("password", ALICE.1)]).await;
    let renewed = form_cookie(&done);
    assert_ne!(renewed, one.cookie);
    let again = two.sends_with(&fixture, &renewed, &[("username", "bob"), ("password", BOB.1)]).await;
    assert!(again.cookie("ST").is_none() && again.text.contains("Please send it again"), "{}", again.text);
    assert!(again.text.contains("value=\"bob\"") && !again.text.contains(BOB.1), "{}", again.text);
    let form = Shown {
        cookie: form_cookie(&again),
        flow: hidden(&again.text, "flowId"),
        token: hidden(&again.text, "token"),
    };
    let sent = form.sends(&fixture, &[("username", "bob"), ("password", BOB.1)]).await;
    let st = sent.cookie("ST").expect("a token").to_owned();
    let resume = sent.location().strip_prefix(AUTH).expect("our address").to_owned();
    let code = fixture.get(&resume).cookie(&st).send().await;
    assert!(code.location().contains("code=") && code.location().ends_with("&state=two"), "{}", code.text);
}

/// Goal: S-OP-20: a consent that was given by a link is nobody else's either, and a form of it that comes again leads the very session on
/// that has agreed, and gives no session to anybody.
#[tokio::test]
async fn a_consent_is_nobody_elses() {
    let fixture = FaceFixture::open().await;
    let id = fixture.world.data.app.id.clone();
    fixture.world.edit_client(&id, |client| client.require_consent = true).await;
    let attacker = Shown::on(&opened(&fixture, &[("prompt", "consent")]).await);
    fixture.world.wait_s(1);
    let st = fixture.sign_on_to(&fixture.billing(), ALICE, None, "openid").await.st;
    // The link completes nobody else's flow by the session that the browser has: it goes on with one of its own.
    let link = fixture.a(&format!("signon/?flowId={}&at=auth&from=upstream", attacker.flow));
    let led = fixture.get(&link).cookie(&st).send().await;
    assert!(!led.location().contains(&attacker.flow), "{}", led.location());
    let own = led.location().strip_prefix(AUTH).expect("our address").to_owned();
    let both = format!("{}; ST={st}", form_cookie(&led));
    let gone_on = fixture.get(&own).header("cookie", &both).send().await;
    let resume = gone_on.location().strip_prefix(AUTH).expect("our address").to_owned();
    assert!(resume.contains("as/resume?flowId=") && !resume.contains(&attacker.flow), "{resume}");
    let asked = fixture.get(&resume).cookie(&st).send().await;
    let page = fixture.get(&format!("{}&at=auth", asked.location().strip_prefix(APPS).expect("our page")));
    let question = page.cookie(&st).send().await;
    let form = Shown::on(&question);
    let shown = hidden(&question.text, "adieu_shown");
    let allow = [("adieu_shown", shown.as_str()), ("choice", "allow")];
    let own = format!("{}; ST={st}", form.cookie);
    let allowed = form.sends_with(&fixture, &own, &allow).await;
    assert_eq!(allowed.status, 303, "{}", allowed.text);
    assert!(fixture.get(&resume).cookie(&st).send().await.location().contains("code="));
    for (form, cookie) in [(&attacker, &attacker.cookie), (&form, &form.cookie)] {
        let reply = form.sends_with(&fixture, cookie, &allow).await;
        assert!(reply.cookie("ST").is_none() && !reply.location().contains("resume"), "{}", reply.location());
    }
    let again = form.sends_with(&fixture, &own, &allow).await;
    assert_eq!((again.status.as_u16(), again.location()), (303, allowed.location()));
    assert!(again.cookie("ST").is_none(), "it carries its session already");
}

/// Goal: S-OP-8: a password that was given on a page counts in its browser alone: neither another browser's page nor a program gives the
/// code for it.
#[tokio::test]
async fn a_first_factor_counts_in_its_browser() {
    let fixture = FaceFixture::with_second_factors().await;
    let world = &fixture.world;
    let set = world.authority().draw_code_set();
    let codes = world.authority().recovery_codes(world.data.alice.id, set);
    let first = SessionToken::parse(&world.sign_on_kratos(ALICE.0, ALICE.1).await).expect("a token").id;
    world.authority().confirm_recovery_codes(first, set, false).await.expect("a live session");

    let victim = Shown::on(&opened(&fixture, &[]).await);
    let given = victim.sends(&fixture, &[("username", "alice"), ("password", ALICE.1)]).await;
    assert_eq!((given.status.as_u16(), given.cookie("ST")), (303, None), "{}", given.text);
    // A double click leads to the same page, and spends no try of the code, of which there are ten.
    for _ in 0..11 {
        let twin = victim.sends(&fixture, &[("username", "alice"), ("password", ALICE.1)]).await;
        assert_eq!((twin.status.as_u16(), twin.location()), (303, given.location()), "{}", twin.text);
    }
    let elsewhere = by_link(&fixture, &victim.flow, "").await;
    assert!(elsewhere.text.contains("name=\"password\""), "nobody has signed on there: {}", elsewhere.text);
    let path = fixture.a(&format!("flows/{}", victim.flow));
    let otp = || {
        let ask = fixture.post(&path).header("content-type", "application/vnd.pingidentity.otp.check+json");
        ask.body(serde_json::json!({"otp": codes[0]}).to_string())
    };
    otp().send().await.assert_error(401, "ACCESS_FAILED", Some(("INVALID_TOKEN", None)));
    fixture.get(&path).send().await.assert_error(401, "ACCESS_FAILED", Some(("INVALID_TOKEN", None)));

    let there = given.location().strip_prefix(AUTH).expect("our address").to_owned();
    let page = fixture.get(&there).header("cookie", &victim.cookie).send().await;
    assert!(page.text.contains("recovery code"), "{}", page.text);
    let form = Shown::on(&page);
    let done = form.sends(&fixture, &[("code", &codes[0])]).await;
    let st = done.cookie("ST").expect("a token").to_owned();
    assert_eq!(form.sends(&fixture, &[("code", &codes[0])]).await.cookie("ST"), Some(st.as_str()));
    for filled in [&[("code", "")][..], &[("code", &codes[1])]] {
        is_nobody(&form.sends(&fixture, filled).await);
    }
}

/// Goal: a browser that keeps no cookie is not led in a circle, and a flow that answers with JSON has no page.
#[tokio::test]
async fn a_browser_without_cookies_is_led_once() {
    let fixture = FaceFixture::open().await;
    let begun = opened(&fixture, &[]).await;
    let link = fixture.a(&format!("signon/?flowId={}&at=auth", hidden(&begun.text, "flowId")));
    let led = fixture.get(&link).send().await;
    let again = fixture.get(led.location().strip_prefix(AUTH).expect("our address"));
    let stays = again.header("accept", "text/html").send().await;
    assert!(stays.status == 403 && stays.text.contains("That form is too old"), "{}", stays.text);
    let direct = fixture.flow(&fixture.shop(), &[]).await;
    let page = fixture.get(&fixture.a(&format!("signon/?flowId={direct}&at=auth"))).send().await;
    page.assert_error(404, "NOT_FOUND", None);
}

/// Goal: S-OP-20: a request by a form of another site, with which no cookie comes, takes the place of no cookie that the browser has: the forms
/// of its other tabs stay good, and the page makes the flow its own.
#[tokio::test]
async fn a_form_of_another_site_leaves_the_browsers_cookie() {
    let fixture = FaceFixture::open().await;
    let one = Shown::on(&opened(&fixture, &[]).await);
    let request = fixture.authorize(&fixture.shop(), &[("state", "posted")]);
    let (path, query) = request.split_once('?').expect("a query");
    let params = Params::parse(query);
    let fields: Vec<_> = params.iter().collect();
    let begun = fixture.post(path).form(&fields).send().await;
    assert!(begun.headers.get("set-cookie").is_none(), "{:?}", begun.headers);
    let page = begun.location().strip_prefix(APPS).expect("our page").to_owned();
    let led = fixture.get(&format!("{page}&at=auth")).header("cookie", &one.cookie).send().await;
    let own = led.location().strip_prefix(AUTH).expect("our address").to_owned();
    let two = Shown::on(&fixture.get(&own).header("cookie", &one.cookie).send().await);
    assert_eq!(two.cookie, one.cookie);
    let done = two.sends(&fixture, &[("username", "alice"), ("password", ALICE.1)]).await;
    assert!(done.cookie("ST").is_some(), "{} {}", done.status, done.text);
}

/// Goal: decision 0114: a flow that is to prove a session anew binds nobody once that session is over: who signed it off on the page, or whose
/// time is over, leaves the page to whoever signs on there.
#[tokio::test]
async fn a_flow_whose_session_is_over_is_open_to_others() {
    let fixture = FaceFixture::open().await;
    let st = fixture.sign_on(ALICE).await.st;
    let begun =
        fixture.get(&fixture.authorize(&fixture.shop(), &[("prompt", "login")])).cookie(&st).send().await;
    let path = begun.location().strip_prefix(APPS).expect("our page").to_owned();
    let both = format!("{}; ST={st}", form_cookie(&begun));
    let page = fixture.get(&format!("{path}&at=auth")).header("cookie", &both).send().await;
    assert!(page.text.contains("signed on as alice"), "{}", page.text);
    let form = Shown::on(&page);
    let off = fixture.get(&fixture.a(&format!("as/signoff?flowId={}", form.flow))).cookie(&st).send().await;
    assert!(off.location().contains(&format!("signon/?flowId={}", form.flow)), "{}", off.location());
    let done = form.sends(&fixture, &[("username", "bob"), ("password", BOB.1)]).await;
    let bob = done.cookie("ST").expect("a token").to_owned();
    let resume = done.location().strip_prefix(AUTH).expect("our address").to_owned();
    assert!(fixture.get(&resume).cookie(&bob).send().await.location().contains("code="));
    let nowhere =
        fixture.get(&fixture.a("as/signoff?flowId=9e52b4fc-bdbc-4027-b440-167e858e02d9")).send().await;
    assert!(nowhere.location().ends_with("/signon/#signedOff"), "{}", nowhere.location());
}

/// Goal: decision 0113: a browser that has signed on in another tab goes on with the same request by its session, as at the other mounts; not
/// where a new proof is asked for.
#[tokio::test]
async fn another_tab_goes_on_with_the_session() {
    let fixture = FaceFixture::open().await;
    for (more, goes_on) in [(&[][..], true), (&[("prompt", "login")], false)] {
        let one = Shown::on(&opened(&fixture, more).await);
        fixture.world.wait_s(1);
        let request = fixture.authorize(&fixture.shop(), &[]);
        let begun = fixture.get(&request).header("cookie", &one.cookie).send().await;
        let path = begun.location().strip_prefix(APPS).expect("our page").to_owned();
        let two =
            Shown::on(&fixture.get(&format!("{path}&at=auth")).header("cookie", &one.cookie).send().await);
        let done = two.sends(&fixture, &[("username", "alice"), ("password", ALICE.1)]).await;
        let both = format!("{}; ST={}", form_cookie(&done), done.cookie("ST").expect("a token"));
        let link = fixture.a(&format!("signon/?flowId={}&at=auth", one.flow));
        let led = fixture.get(&link).header("cookie", &both).send().await;
        let own = led.location().strip_prefix(AUTH).expect("our address").to_owned();
        let then = fixture.get(&own).header("cookie", &both).send().await;
        assert_eq!(then.location().contains("as/resume"), goes_on, "{} {}", then.location(), then.text);
    }
}
