//! Sign-off where `sign_off_asks` is set: the user is asked, and nobody is sent to an address that no application vouches for.
//!
//! The modules of the certification plan *RP-Initiated OP*, at PingOne's mount. standards.md 1.1 and 6.1; decision 0096.

use adieu_face_pingone::Settings;

use crate::fixture::{ALICE, APPS, AUTH, BOB, FaceFixture, Held, Reply, encoded, settings};
use crate::pages::hidden;

const BYE: &str = "https://shop.example.test/bye";

async fn strict() -> FaceFixture {
    FaceFixture::with(Settings { sign_off_asks: true, ..settings() }).await
}

async fn asked(fixture: &FaceFixture, held: &Held, pairs: &[(&str, &str)]) -> Reply {
    fixture.get(&format!("{}?{}", fixture.a("as/signoff"), encoded(pairs))).cookie(&held.st).send().await
}

/// The user's answer to the question.
async fn answered(fixture: &FaceFixture, held: &Held, page: &Reply, reach: &str) -> Reply {
    let names = ["token", "id_token_hint", "client_id", "post_logout_redirect_uri", "state"];
    let fields = names.iter().filter(|name| page.text.contains(&format!("name=\"{name}\"")));
    let fields: Vec<_> = fields.map(|name| (*name, hidden(&page.text, name))).collect();
    let mut form: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.push(("reach", reach));
    fixture.post(&fixture.a("as/signoff")).cookie(&held.st).form(&form).send().await
}

fn assert_question(page: &Reply) {
    assert_eq!(
        (page.status.as_u16(), page.location(), page.header("refresh")),
        (200, "", ""),
        "{}",
        page.text
    );
    assert!(page.text.contains("Sign off?") && page.text.contains("alice"), "{}", page.text);
    assert!(page.set_cookie("ST").is_none(), "nothing has ended");
}

/// Nothing ends before the answer; then the browser is on our own page.
async fn asks_and_stays(fixture: &FaceFixture, pairs: &[(&str, &str)]) {
    let held = fixture.sign_on(ALICE).await;
    let page = asked(fixture, &held, pairs).await;
    assert_question(&page);
    fixture.assert_live(&held).await;
    let done = answered(fixture, &held, &page, "everywhere").await;
    let own = format!("{APPS}/{}/signon/#signedOff", fixture.env());
    assert_eq!((done.status.as_u16(), done.location()), (302, own.as_str()), "{}", done.text);
    fixture.assert_ended(&held).await;
}

/// S-RPI-8, S-RPI-13, S-RPI-21: `-no-id-token-hint`, `-no-params`, `-only-state`.
#[tokio::test]
async fn without_a_hint_the_user_is_asked_and_nobody_is_sent_away() {
    let fixture = strict().await;
    asks_and_stays(&fixture, &[("post_logout_redirect_uri", BYE), ("state", "x")]).await;
    asks_and_stays(&fixture, &[("post_logout_redirect_uri", "https://elsewhere.example.test/")]).await;
    asks_and_stays(&fixture, &[]).await;
    asks_and_stays(&fixture, &[("state", "x")]).await;
}

/// S-RPI-9, S-RPI-14: a hint of this session ends it at once, and leads to its application's address with the state as it came.
#[tokio::test]
async fn a_hint_of_the_session_ends_it_at_once() {
    let fixture = strict().await;
    for (state, there) in [(Some("a b"), format!("{BYE}?state=a+b")), (None, BYE.to_owned())] {
        let held = fixture.sign_on(ALICE).await;
        let mut pairs = vec![("id_token_hint", held.id_token.as_str()), ("post_logout_redirect_uri", BYE)];
        pairs.extend(state.map(|state| ("state", state)));
        let reply = asked(&fixture, &held, &pairs).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (302, there.as_str()), "{}", reply.text);
        fixture.assert_ended(&held).await;
    }
    let held = fixture.sign_on(ALICE).await;
    let reply = asked(&fixture, &held, &[("id_token_hint", &held.id_token), ("state", "x")]).await;
    assert_eq!(reply.location(), format!("{APPS}/{}/signon/#signedOff", fixture.env()), "S-RPI-21");
    fixture.assert_ended(&held).await;
    let again =
        asked(&fixture, &held, &[("id_token_hint", &held.id_token), ("post_logout_redirect_uri", BYE)]).await;
    assert_eq!((again.status.as_u16(), again.location()), (302, BYE), "S-RPI-16");
}

/// S-RPI-8: a hint of another session, or of another user's, is asked about; F-3: of the same user it is meant as well.
#[tokio::test]
async fn a_hint_of_another_session_is_asked_about() {
    let fixture = strict().await;
    let (other, held, bob) =
        (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await, fixture.sign_on(BOB).await);
    for hint in [&bob, &other] {
        let pairs = [("id_token_hint", hint.id_token.as_str()), ("post_logout_redirect_uri", BYE)];
        let page = asked(&fixture, &held, &pairs).await;
        assert_question(&page);
        assert!(page.text.contains("Shop"), "who asks is named: {}", page.text);
        fixture.assert_live(&held).await;
    }
    let pairs = [("id_token_hint", other.id_token.as_str()), ("post_logout_redirect_uri", BYE)];
    let page = asked(&fixture, &held, &pairs).await;
    let done = answered(&fixture, &held, &page, "everywhere").await;
    assert_eq!((done.status.as_u16(), done.location()), (302, BYE));
    fixture.assert_ended(&held).await;
    fixture.assert_ended(&other).await;
    fixture.assert_live(&bob).await;
}

/// S-RPI-13: the named application vouches for its address, once the user has said yes; "only at" it leaves the session alone.
#[tokio::test]
async fn a_named_application_is_gone_to_after_the_answer() {
    let fixture = strict().await;
    let held = fixture.sign_on(ALICE).await;
    let (shop, billing) = (fixture.shop(), fixture.billing());
    let pairs = [("client_id", shop.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "x")];
    let page = asked(&fixture, &held, &pairs).await;
    assert_question(&page);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(&format!("form-action 'self' {AUTH} {APPS} https://shop.example.test;")),
        "{policy}"
    );
    let left = answered(&fixture, &held, &page, "here").await;
    assert_eq!((left.status.as_u16(), left.location()), (303, format!("{BYE}?state=x").as_str()));
    assert!(fixture.is_signed_on(&held.st).await, "the session lives");
    assert_eq!(
        fixture.introspect(&shop, &held.access).await.text,
        r#"{"active":false}"#,
        "the shop was left"
    );
    let done = answered(&fixture, &held, &page, "everywhere").await;
    assert_eq!((done.status.as_u16(), done.location()), (302, format!("{BYE}?state=x").as_str()));
    assert!(!fixture.is_signed_on(&held.st).await);
    let foreign = [("client_id", billing.id.as_str()), ("post_logout_redirect_uri", BYE)];
    assert_eq!(asked(&fixture, &held, &foreign).await.status, 400, "another one's address");
}

/// S-RPI-3, S-RPI-6, S-RPI-12, S-RPI-15: `-bad-post-logout-redirect-uri`, `-query-added-…`, `-modified-id-token-hint`, `-bad-id-token-hint`.
#[tokio::test]
async fn what_is_wrong_leads_nowhere_and_ends_nothing() {
    let fixture = strict().await;
    let held = fixture.sign_on(ALICE).await;
    let (claims, billing) = (held.id_token.split('.').nth(1).expect("claims"), fixture.billing());
    let hint = held.id_token.as_str();
    let (unsigned, query) = (format!("eyJhbGciOiJub25lIn0.{claims}."), format!("{BYE}?foo=bar"));
    for pairs in [
        [("id_token_hint", hint), ("post_logout_redirect_uri", "https://elsewhere.example.test/")],
        [("id_token_hint", hint), ("post_logout_redirect_uri", query.as_str())],
        [("id_token_hint", unsigned.as_str()), ("post_logout_redirect_uri", BYE)],
        [("id_token_hint", hint), ("client_id", billing.id.as_str())],
        [("client_id", "nobody"), ("post_logout_redirect_uri", BYE)],
    ] {
        let page = asked(&fixture, &held, &pairs).await;
        assert_eq!(
            (page.status.as_u16(), page.location(), page.header("refresh")),
            (400, "", ""),
            "{pairs:?}"
        );
        assert!(page.text.contains("as/signoff\""), "a way to sign off: {}", page.text);
        fixture.assert_live(&held).await;
    }
}

/// S-RPI-17: no other site makes the answer up, by whichever method; S-RPI-22: a form without cookies comes again by our address.
#[tokio::test]
async fn another_site_signs_nobody_off() {
    let fixture = strict().await;
    let (held, bob) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOB).await);
    let of_bob = fixture.get(&fixture.a("as/signoff")).cookie(&bob.st).send().await;
    let stolen = hidden(&of_bob.text, "token");
    for token in ["", "x", stolen.as_str()] {
        let form = [("token", token), ("reach", "everywhere")];
        let page = fixture.post(&fixture.a("as/signoff")).cookie(&held.st).form(&form).send().await;
        assert_question(&page);
    }
    let own = hidden(&asked(&fixture, &held, &[]).await.text, "token");
    assert_question(&asked(&fixture, &held, &[("token", &own), ("reach", "everywhere")]).await);
    fixture.assert_live(&held).await;

    let hop = fixture.post(&fixture.a("as/signoff")).form(&[("state", "a&b"), ("else", "x")]).send().await;
    let there = format!("{AUTH}/{}/as/signoff?ticket=", fixture.env());
    assert!(hop.status == 303 && hop.location().starts_with(&there), "{}", hop.location());
    assert!(hop.location().len() < there.len() + 30, "nothing of the form is in it: {}", hop.location());
    let path = hop.location().strip_prefix(AUTH).expect("our address").to_owned();
    assert_question(&fixture.get(&path).cookie(&held.st).send().await);
    let nobody = fixture.get(&path).send().await;
    assert_eq!(nobody.location(), format!("{APPS}/{}/signon/#signedOff", fixture.env()), "S-RPI-16");
    let again =
        fixture.post(&fixture.a("as/signoff")).form(&[("client_id", &*fixture.shop().id), ("state", "x")]);
    let again = again.send().await.location().strip_prefix(AUTH).expect("our address").to_owned();
    let page = fixture.get(&again).cookie(&held.st).send().await;
    assert_question(&page);
    assert!(page.text.contains("name=\"state\" value=\"x\""), "what the form said: {}", page.text);
    let long = fixture.post(&fixture.a("as/signoff")).form(&[("state", &*"%".repeat(7000))]).send().await;
    assert_eq!((long.status.as_u16(), long.location()), (400, ""), "HOME-LIMITS");
}

/// Decision 0096: where an application alone is left without an address, nobody is told that they are signed off.
#[tokio::test]
async fn who_leaves_one_application_is_told_that_they_are_still_signed_on() {
    let fixture = strict().await;
    let held = fixture.sign_on(ALICE).await;
    let page = asked(&fixture, &held, &[("client_id", &fixture.shop().id)]).await;
    let left = answered(&fixture, &held, &page, "here").await;
    assert_eq!((left.status.as_u16(), left.location()), (200, ""), "{}", left.text);
    assert!(
        left.text.contains("You are still signed on") && left.text.contains("Shop was left"),
        "{}",
        left.text
    );
    assert!(fixture.is_signed_on(&held.st).await, "the session lives");
    let token = fixture.introspect(&fixture.shop(), &held.access).await;
    assert_eq!(token.json()["active"], false, "what the application held is gone");
}

/// A program that reads JSON alone hears that somebody has to be asked, and takes no page for a success.
#[tokio::test]
async fn a_program_is_told_that_the_user_has_to_be_asked() {
    let fixture = strict().await;
    let held = fixture.sign_on(ALICE).await;
    let ask = fixture.get(&fixture.a("as/signoff")).cookie(&held.st).header("accept", "application/json");
    let told = ask.send().await;
    assert_eq!(
        (told.status.as_u16(), told.json()["details"][0]["target"].clone()),
        (400, "id_token_hint".into())
    );
    fixture.assert_live(&held).await;
    let path = format!("{}?{}", fixture.a("as/signoff"), encoded(&[("id_token_hint", &held.id_token)]));
    let hinted = fixture.get(&path).cookie(&held.st).header("accept", "application/json").send().await;
    assert_eq!(hinted.status, 302, "{}", hinted.text);
    fixture.assert_ended(&held).await;
}

/// S-RPI-22: a form of another site, with which the browser sends no cookie, makes it forget nothing, whatever it says of a token: the browser
/// comes again with what it has, and its user is asked.
#[tokio::test]
async fn a_form_without_cookies_takes_none_away() {
    let fixture = strict().await;
    let held = fixture.sign_on(ALICE).await;
    for form in [&[("token", "x")][..], &[("token", "x"), ("reach", "everywhere")], &[]] {
        let reply = fixture.post(&fixture.a("as/signoff")).form(form).send().await;
        assert_eq!((reply.status.as_u16(), reply.set_cookie("ST")), (303, None), "{form:?} {}", reply.text);
        let again = reply.location().strip_prefix(AUTH).expect("our address").to_owned();
        assert_question(&fixture.get(&again).cookie(&held.st).send().await);
    }
    fixture.assert_live(&held).await;
}
