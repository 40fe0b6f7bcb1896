//! Consent in PingOne's flow: asked on its page once somebody is signed on, before the flow gives its code.
//!
//! The shop is an application of one's own until it is said to be somebody else's. Contract pingone.md 4.5 to 4.7.

use crate::fixture::{ALICE, APPS, AUTH, App, BOB, FaceFixture, Reply};
use crate::pages::{form_cookie, hidden};

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
    let [flow, token, shown] = ["flowId", "token", "adieu_shown"].map(|name| hidden(&page.text, name));
    let form = [("flowId", flow.as_str()), ("token", &token), ("adieu_shown", &shown), ("choice", choice)];
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
    // Whoever goes back and answers otherwise is taken at that word.
    let denied = answered(&fixture, &question, &st, "deny").await;
    assert!(
        denied.location().starts_with(&format!("{}?error=access_denied", app.redirect)),
        "{}",
        denied.location()
    );
    let other = answered(&fixture, &question, &st, "other").await;
    assert!(other.location().contains("/signon/?flowId="), "{} {}", other.status, other.location());
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

/// S-OP-6: Goal: whose session has ended while the question was read signs on again, whatever the answer was, and is asked again.
#[tokio::test]
async fn a_question_outlives_its_session() {
    let fixture = FaceFixture::open().await;
    let sessions = [fixture.sign_on(ALICE).await.st, fixture.sign_on(ALICE).await.st];
    let app = of_somebody_else(&fixture).await;
    for (st, choice) in sessions.into_iter().zip(["allow", "deny"]) {
        let question = page(&fixture, &app, &[("scope", "openid")], &st).await;
        asks(&question, "Who you are here");
        assert_eq!(fixture.get(&fixture.a("as/signoff")).cookie(&st).send().await.status, 302);
        let answer = answered(&fixture, &question, &st, choice).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let form = fixture.get(&path(&answer)).header("cookie", &form_cookie(&question)).send().await;
        assert!(form.text.contains("Username or e-mail address"), "{} {}", form.status, form.text);
    }
}

/// S-OP-20: Goal: the form that one user was shown decides nothing for another one who has signed on in the flow meanwhile.
#[tokio::test]
async fn a_form_is_for_the_user_who_was_shown_it() {
    let fixture = FaceFixture::open().await;
    let st = fixture.sign_on(ALICE).await.st;
    let app = of_somebody_else(&fixture).await;
    let question = page(&fixture, &app, &[("scope", "openid")], &st).await;
    let flow = hidden(&question.text, "flowId");
    assert_eq!(answered(&fixture, &question, &st, "other").await.status, 303);
    let checked = fixture.check(&flow, BOB).cookie(&st).send().await;
    let bob = checked.cookie("ST").expect("a token").to_owned();
    let anew = answered(&fixture, &question, &bob, "allow").await;
    assert!(anew.location().contains("/signon/?flowId="), "{} {}", anew.status, anew.location());
    let shown = fixture.get(&path(&anew)).cookie(&bob).send().await;
    assert!(shown.text.contains("signed on as bob"), "{}", shown.text);
    assert!(allowed(&fixture, &shown, &bob).await.contains("code="));
}

/// S-OP-6: Goal: a consent is to the name and the addresses that its page has shown: where the client changes them meanwhile, its user is shown
/// the new ones, and nothing is given for the old. Decision 0073, RFC 6749 §10.2
#[tokio::test]
async fn a_consent_is_to_what_its_page_has_shown() {
    let fixture = FaceFixture::open().await;
    let st = fixture.sign_on(ALICE).await.st;
    let app = of_somebody_else(&fixture).await;
    let id = fixture.world.data.app.id.clone();
    let question = page(&fixture, &app, &[("scope", "openid")], &st).await;
    asks(&question, "Who you are here");
    let renamed = fixture.world.edit_client(&id, |client| {
        client.name = "Nice notes".into();
        client.redirect_uris.push("https://evil.example.test/cb".into());
    });
    renamed.await;
    let again = answered(&fixture, &question, &st, "allow").await;
    assert!(again.status == 303 && again.location().contains("/signon/?flowId="), "{}", again.location());
    let silent = fixture.authorize(&app, &[("scope", "openid"), ("prompt", "none")]);
    let refused = fixture.get(&silent).cookie(&st).send().await;
    assert!(refused.location().contains("error=consent_required"), "{}", refused.location());
    let anew = fixture.get(&path(&again)).cookie(&st).send().await;
    assert!(anew.text.contains("Allow Nice notes?"), "{}", anew.text);
    assert!(allowed(&fixture, &anew, &st).await.contains("code="));
}

/// S-OP-3: Goal: an address that is taken away from the client while a flow is under way gets nothing any more, neither a code nor a word.
#[tokio::test]
async fn an_address_that_was_taken_away_gets_nothing() {
    let fixture = FaceFixture::open().await;
    let st = fixture.sign_on(ALICE).await.st;
    let app = of_somebody_else(&fixture).await;
    let id = fixture.world.data.app.id.clone();
    let question = page(&fixture, &app, &[("scope", "openid")], &st).await;
    let flow = hidden(&question.text, "flowId");
    fixture.world.edit_client(&id, |client| client.redirect_uris = vec!["https://other.test/".into()]).await;
    for choice in ["allow", "deny"] {
        let refused = answered(&fixture, &question, &st, choice).await;
        assert!(refused.status == 400 && refused.text.contains("redirect URI"), "{}", refused.text);
    }
    let resumed = fixture.get(&fixture.a(&format!("as/resume?flowId={flow}"))).cookie(&st).send().await;
    assert!(resumed.status == 400 && resumed.text.contains("redirect URI"), "{}", resumed.text);
    // A browser is shown a page for it, also where the whole application is switched off.
    fixture.world.edit_client(&id, |client| client.enabled = false).await;
    let resume = fixture.get(&fixture.a(&format!("as/resume?flowId={flow}"))).cookie(&st);
    let resumed = resume.header("accept", "text/html").send().await;
    assert!(resumed.status == 401 && resumed.text.contains("<html"), "{}", resumed.text);
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
    assert!(
        others.contains(">till.example.test<")
            && others.contains(">a program on this device (com.example.till:)<"),
        "{others}"
    );
    assert!(!others.contains(">shop.example.test<"), "{others}");
}

/// S-OP-9: Goal: a request that names its user is answered for nobody else, neither on the page nor by a page of the application's own: the
/// application hears `login_required`. OpenID Connect Core §3.1.2.2
#[tokio::test]
async fn a_request_for_one_user_is_answered_for_nobody_else() {
    let fixture = FaceFixture::open().await;
    let app = fixture.shop();
    let sub = fixture.world.data.alice.id.to_string();
    let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{sub}"}}}}}}"#);
    let named = [("scope", "openid"), ("claims", claims.as_str())];
    let resume = |flow: &str| fixture.a(&format!("as/resume?flowId={flow}"));
    let begun = async || {
        let begun = fixture.get(&fixture.authorize(&app, &named)).send().await;
        begun.location().split("flowId=").nth(1).expect("a flow").to_owned()
    };
    for (who, answer) in [(BOB, "?error=login_required"), (ALICE, "?code=")] {
        let flow = begun().await;
        let checked = fixture.check(&flow, who).send().await;
        let st = checked.cookie("ST").expect("a token").to_owned();
        let resumed = fixture.get(&resume(&flow)).cookie(&st).send().await;
        assert!(resumed.location().starts_with(&format!("{}{answer}", app.redirect)), "{}", resumed.text);
        let again = fixture.get(&resume(&flow)).cookie(&st).send().await;
        assert_eq!(again.status, 404, "the flow is over");
    }
    let flow = fixture.flow(&app, &named).await;
    let checked = fixture.check(&flow, BOB).send().await;
    let st = checked.cookie("ST").expect("a token").to_owned();
    let resumed = fixture.get(&resume(&flow)).cookie(&st).send().await;
    resumed.assert_error(400, "INVALID_REQUEST", Some(("login_required", None)));
}
