//! Consent in PingOne's flow: asked on its page once somebody is signed on, before the flow gives its code.
//!
//! The shop is an application of one's own until it is said to be somebody else's. Contract pingone.md 4.5 to 4.7.

use crate::fixture::{ALICE, APPS, AUTH, App, BOB, FaceFixture, Reply};
use crate::pages::hidden;

/// The shop is somebody else's from now on.
async fn of_somebody_else(fixture: &FaceFixture) -> App {
    let id = fixture.world.data.app.id.clone();
    fixture.world.edit_client(&id, |client| client.require_consent = true).await;
    fixture.shop()
}

/// A path of this server, from an address that leads to it.
fn path(reply: &Reply) -> String {
    let to = reply.location();
    let path = to.strip_prefix(AUTH).or_else(|| to.strip_prefix(APPS));
    path.unwrap_or_else(|| panic!("{} {to} {}", reply.status, reply.text)).to_owned()
}

/// The page that an authorize request comes to in a browser with this session.
async fn page(fixture: &FaceFixture, app: &App, more: &[(&str, &str)], st: &str) -> Reply {
    let begun = fixture.get(&fixture.authorize(app, more)).cookie(st).send().await;
    let moved = fixture.get(&path(&begun)).cookie(st).send().await;
    fixture.get(&path(&moved)).cookie(st).send().await
}

fn asks(page: &Reply, words: &str) {
    let asked = page.status == 200 && page.text.contains("Allow Shop?") && page.text.contains(words);
    assert!(asked, "{} {}", page.status, page.text);
}

/// The form of the page, with this answer.
async fn answered(fixture: &FaceFixture, page: &Reply, st: &str, choice: &str) -> Reply {
    let line = page.set_cookie("__Host-adieu-signon").expect("a cookie");
    let cookie = format!("{}; ST={st}", line.split(';').next().expect("a pair"));
    let (flow, token) = (hidden(&page.text, "flowId"), hidden(&page.text, "token"));
    let form = [("flowId", flow.as_str()), ("token", token.as_str()), ("choice", choice)];
    fixture.post(&fixture.a("signon/")).header("cookie", &cookie).form(&form).send().await
}

/// The answer that the application gets in the end.
async fn allowed(fixture: &FaceFixture, page: &Reply, st: &str) -> String {
    let answer = answered(fixture, page, st, "allow").await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    fixture.get(&path(&answer)).cookie(st).send().await.location().to_owned()
}

/// S-OP-4, S-OP-6, S-OP-20: Goal: somebody else's application is asked for on the page of the flow, once, and anew when it asks for more;
/// who does not agree sends no code; a withdrawal takes all of it back.
#[tokio::test]
async fn somebody_elses_application_gets_what_its_user_agrees_to() {
    let fixture = FaceFixture::open().await;
    let st = fixture.sign_on(ALICE).await.st;
    let app = of_somebody_else(&fixture).await;
    let silent = fixture.authorize(&app, &[("scope", "openid"), ("prompt", "none")]);
    let refused = fixture.get(&silent).cookie(&st).send().await;
    assert!(refused.location().contains("error=consent_required"), "{}", refused.location());

    let question = page(&fixture, &app, &[("scope", "openid email"), ("state", "s1")], &st).await;
    asks(&question, "Your e-mail address");
    let policy = question.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains(&format!("form-action 'self' {AUTH} https://shop.example.test;")), "{policy}");
    let denied = answered(&fixture, &question, &st, "deny").await;
    assert!(denied.location().starts_with(&format!("{}?error=access_denied", app.redirect)));
    assert!(denied.location().ends_with("&state=s1"), "{}", denied.location());
    let code = allowed(&fixture, &question, &st).await;
    assert!(code.starts_with(&format!("{}?code=", app.redirect)) && code.ends_with("&state=s1"), "{code}");
    assert!(fixture.get(&silent).cookie(&st).send().await.location().contains("code="));
    asks(&page(&fixture, &app, &[("scope", "openid phone")], &st).await, "Your phone number");
    let again = page(&fixture, &app, &[("scope", "openid"), ("prompt", "consent")], &st).await;
    asks(&again, "Who you are here");
    assert!(allowed(&fixture, &again, &st).await.contains("code="));

    let (alice, client) = (fixture.world.data.alice.id, fixture.world.data.app.id.clone());
    assert!(fixture.world.authority().withdraw_consent(alice, &client).await.expect("an answer"));
    let refused = fixture.get(&silent).cookie(&st).send().await;
    assert!(refused.location().contains("error=consent_required"), "{}", refused.location());
}

/// P-43: Goal: whoever signs on by the page or by a page of the application's own is asked before the code; offline access is given with
/// that. A second click on the button leads on as the first one did.
#[tokio::test]
async fn the_question_comes_before_the_code() {
    let fixture = FaceFixture::open().await;
    let app = of_somebody_else(&fixture).await;
    let more = [("scope", "openid offline_access")];
    let begun = fixture.get(&fixture.authorize(&app, &more)).send().await;
    let flow = begun.location().split("flowId=").nth(1).expect("a flow").to_owned();
    let checked = fixture.check(&flow, ALICE).send().await;
    assert_eq!(checked.json()["status"], "COMPLETED");
    let st = checked.cookie("ST").expect("a token").to_owned();
    let resume = fixture.a(&format!("as/resume?flowId={flow}"));
    let to_page = fixture.get(&resume).cookie(&st).send().await;
    let moved = fixture.get(&path(&to_page)).cookie(&st).send().await;
    let question = fixture.get(&path(&moved)).cookie(&st).send().await;
    asks(&question, "Access after you have signed off");

    let (one, other) = tokio::join!(
        answered(&fixture, &question, &st, "allow"),
        answered(&fixture, &question, &st, "allow")
    );
    assert_eq!((one.status.as_u16(), one.location()), (303, other.location()), "{}", other.text);
    let code = fixture.get(&path(&one)).cookie(&st).send().await;
    let code = code.location().split(['=', '&']).nth(1).expect("a code").to_owned();
    let tokens = fixture.redeem(&app, &code).await.json();
    assert_eq!(tokens["scope"], "openid offline_access");
    let late = answered(&fixture, &question, &st, "allow").await;
    let again = fixture.get(&path(&late)).cookie(&st).send().await;
    assert!(again.location().starts_with(&format!("{}?code=", app.redirect)), "{}", again.text);
}

/// S-OP-20: Goal: nobody else's browser and no other site decides, and another account may be used instead.
#[tokio::test]
async fn a_decision_is_the_sessions_own() {
    let fixture = FaceFixture::open().await;
    let (st, of_bob) = (fixture.sign_on(ALICE).await.st, fixture.sign_on(BOB).await.st);
    let app = of_somebody_else(&fixture).await;
    let question = page(&fixture, &app, &[("scope", "openid")], &st).await;
    assert_eq!(answered(&fixture, &question, &of_bob, "allow").await.status, 401);
    let (flow, token) = (hidden(&question.text, "flowId"), hidden(&question.text, "token"));
    let form = [("flowId", flow.as_str()), ("token", token.as_str()), ("choice", "allow")];
    let forged = fixture.post(&fixture.a("signon/")).cookie(&st).form(&form).send().await;
    assert_eq!(forged.status, 403, "the cookie of the form is not there");
    let resumed = fixture.get(&fixture.a(&format!("as/resume?flowId={flow}"))).cookie(&of_bob).send().await;
    assert_eq!(resumed.status, 401);

    let other = answered(&fixture, &question, &st, "other").await;
    let form = fixture.get(&path(&other)).cookie(&st).send().await;
    assert!(form.text.contains("Username or e-mail address"), "{}", form.text);
    let checked = fixture.check(&flow, BOB).cookie(&st).send().await;
    let bob = checked.cookie("ST").expect("a token").to_owned();
    let to_page = fixture.get(&fixture.a(&format!("as/resume?flowId={flow}"))).cookie(&bob).send().await;
    let question = fixture.get(&path(&fixture.get(&path(&to_page)).cookie(&bob).send().await));
    let question = question.cookie(&bob).send().await;
    assert!(question.text.contains("signed on as bob"), "{}", question.text);
    assert!(allowed(&fixture, &question, &bob).await.contains("code="));
}

/// Goal: a `pi.flow` has no page: the application is told what is missing, with a live session and after a sign-on alike.
#[tokio::test]
async fn a_direct_flow_is_told_that_consent_is_missing() {
    let fixture = FaceFixture::open().await;
    let st = fixture.sign_on(ALICE).await.st;
    let app = of_somebody_else(&fixture).await;
    let direct = [("response_mode", "pi.flow"), ("scope", "openid")];
    let reply = fixture.get(&fixture.authorize(&app, &direct)).cookie(&st).send().await;
    reply.assert_error(400, "INVALID_REQUEST", Some(("consent_required", None)));
    let flow = fixture.flow(&app, &[("scope", "openid")]).await;
    let checked = fixture.check(&flow, BOB).send().await;
    let bob = checked.cookie("ST").expect("a token").to_owned();
    let resumed = fixture.get(&fixture.a(&format!("as/resume?flowId={flow}"))).cookie(&bob).send().await;
    resumed.assert_error(400, "INVALID_REQUEST", Some(("consent_required", None)));
    let question = page(&fixture, &app, &[("scope", "openid")], &st).await;
    allowed(&fixture, &question, &st).await;
    let reply = fixture.get(&fixture.authorize(&app, &direct)).cookie(&st).send().await;
    assert!(reply.json()["authorizeResponse"]["code"].is_string(), "{}", reply.text);
}

/// Goal: S-OP-6: the page names every place that the consent counts for, since no other one is asked about later.
#[tokio::test]
async fn the_page_names_all_places_of_the_application() {
    let fixture = FaceFixture::open().await;
    let st = fixture.sign_on(ALICE).await.st;
    let app = of_somebody_else(&fixture).await;
    let id = fixture.world.data.app.id.clone();
    let more = ["https://till.example.test/cb", "com.example.till:/cb"];
    let add = |client: &mut adieu_authority::Client| client.redirect_uris.extend(more.map(str::to_owned));
    fixture.world.edit_client(&id, add).await;
    let question = page(&fixture, &app, &[("scope", "openid")], &st).await;
    asks(&question, "The answer goes to shop.example.test.");
    let others = question.text.split("counts for the other places of Shop").nth(1).expect("they are named");
    assert!(others.contains(">till.example.test<") && others.contains(">com.example.till<"), "{others}");
    assert!(!others.contains(">shop.example.test<"), "{others}");
}
