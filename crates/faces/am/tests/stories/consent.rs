//! Consent at AM's `authorize`: asked there, answered there, by people on the page and by AM's programs.
//!
//! The shop is an application of one's own until it is said to be somebody else's. Contract am.md 4.1.

use crate::fixture::{ALICE, Ask, BOBBY, COOKIE, FaceFixture, Reply};
use crate::pages::{form, hidden, submit, value_of};

const AUTHORIZE: &str = "/am/oauth2/realms/root/realms/alpha/authorize";
const CALLBACK: &str = "https://shop.example.test/callback";

/// The shop is somebody else's from now on.
async fn of_somebody_else(fixture: &FaceFixture) {
    let id = fixture.world.data.app.id.clone();
    fixture.world.edit_client(&id, |client| client.require_consent = true).await;
}

fn authorize(fixture: &FaceFixture, more: &str) -> Ask {
    let id = fixture.world.data.app.id.as_str();
    let query = format!("response_type=code&client_id={id}&redirect_uri={CALLBACK}&state=s1{more}");
    fixture.ask("GET", &format!("{AUTHORIZE}?{query}"))
}

/// What AM's programs post: the request, and the decision with the token of the session.
fn decided<'a>(fixture: &'a FaceFixture, decision: &'a str, csrf: &'a str) -> Vec<(&'a str, &'a str)> {
    let id = fixture.world.data.app.id.as_str();
    let mut fields = vec![("response_type", "code"), ("client_id", id), ("redirect_uri", CALLBACK)];
    fields.extend([("scope", "openid email"), ("state", "s1"), ("decision", decision), ("csrf", csrf)]);
    fields
}

/// The form of the page, with this answer.
pub(crate) async fn answered(fixture: &FaceFixture, page: &Reply, session: &str, decision: &str) -> Reply {
    let fields = page.text.split(r#"type="hidden" name=""#).skip(1);
    let names: Vec<_> = fields.map(|rest| rest.split('"').next().expect("a name")).collect();
    let values: Vec<_> = names.into_iter().map(|name| (name, hidden(page, name))).collect();
    let mut filled: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    filled.push(("decision", decision));
    form(fixture.post(AUTHORIZE).cookie(session), &filled).send().await
}

fn asks(page: &Reply, words: &str) {
    let asked = page.status == 200 && page.text.contains("Allow Shop?") && page.text.contains(words);
    assert!(asked, "{} {}", page.status, page.text);
}

fn leads_with(reply: &Reply, parameter: &str) {
    let location = reply.header("location");
    let there = reply.status == 302 && location.starts_with(CALLBACK) && location.contains(parameter);
    assert!(there, "{} {location} {}", reply.status, reply.text);
}

/// S-OP-4, S-OP-6, S-OP-20: Goal: somebody else's application is asked for on a page of this interface, once, and anew when it asks for more;
/// who does not agree sends no code; a withdrawal takes all of it back.
#[tokio::test]
async fn somebody_elses_application_gets_what_its_user_agrees_to() {
    let fixture = FaceFixture::start().await;
    of_somebody_else(&fixture).await;
    let session = fixture.sign_on(ALICE).await;
    let ask = async |more: &str| authorize(&fixture, more).cookie(&session).send().await;
    let page = ask("&scope=openid%20email").await;
    asks(&page, "Your e-mail address");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://shop.example.test;"), "{policy}");
    assert!(!page.text.contains(&session), "EMPTY-HANDS");
    leads_with(&ask("&scope=openid&prompt=none").await, "error=consent_required");
    leads_with(&answered(&fixture, &page, &session, "deny").await, "error=access_denied");
    asks(&ask("&scope=openid%20email").await, "Who you are here");
    leads_with(&answered(&fixture, &page, &session, "allow").await, "code=");
    leads_with(&answered(&fixture, &page, &session, "allow").await, "code="); // A form that is sent twice.
    leads_with(&ask("&scope=openid%20email&prompt=none").await, "code=");
    asks(&ask("&scope=openid%20phone").await, "Your phone number");
    let again = ask("&scope=openid&prompt=consent").await;
    asks(&again, "Who you are here");
    leads_with(&answered(&fixture, &again, &session, "allow").await, "code=");

    let (alice, client) = (fixture.world.data.alice.id, fixture.world.data.app.id.clone());
    assert!(fixture.authority().withdraw_consent(alice, &client).await.expect("an answer"));
    leads_with(&ask("&scope=openid&prompt=none").await, "error=consent_required");
}

/// S-OP-20: Goal: nobody else's page or browser decides: the form needs the session that was asked, and what only its user agent was shown.
#[tokio::test]
async fn a_decision_is_the_sessions_own() {
    let fixture = FaceFixture::start().await;
    of_somebody_else(&fixture).await;
    let (session, of_bobby) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    let page = authorize(&fixture, "&scope=openid%20email").cookie(&session).send().await;
    let own = hidden(&page, "csrf");
    for (cookie, csrf) in [(&session, ""), (&session, "x"), (&session, &of_bobby), (&of_bobby, &own)] {
        let ask = fixture.post(AUTHORIZE).cookie(cookie);
        assert_eq!(form(ask, &decided(&fixture, "allow", csrf)).send().await.status, 403, "{csrf}");
    }
    // A link decides nothing.
    let link = authorize(&fixture, &format!("&scope=openid&decision=allow&csrf={own}")).cookie(&session);
    asks(&link.send().await, "Who you are here");
    let nobody = form(fixture.post(AUTHORIZE), &decided(&fixture, "allow", &own)).send().await;
    let location = nobody.header("location");
    assert!(location.starts_with("/am/UI/Login?") && !location.contains("csrf"), "{location}");
    assert!(!location.contains("decision"), "{location}");
}

/// S-OP-6: Goal: a consent is to the name and the addresses that its page has shown: where the client changes them meanwhile, its user is shown
/// the new ones, and nothing is given for the old. Decision 0073, RFC 6749 §10.2
#[tokio::test]
async fn a_consent_is_to_what_its_page_has_shown() {
    let fixture = FaceFixture::start().await;
    of_somebody_else(&fixture).await;
    let session = fixture.sign_on(ALICE).await;
    let ask = async |more: &str| authorize(&fixture, more).cookie(&session).send().await;
    let page = ask("&scope=openid").await;
    asks(&page, "Who you are here");
    let id = fixture.world.data.app.id.clone();
    let renamed = fixture.world.edit_client(&id, |client| {
        client.name = "Nice notes".into();
    });
    renamed.await;
    let anew = answered(&fixture, &page, &session, "allow").await;
    assert!(anew.status == 200 && anew.text.contains("Allow Nice notes?"), "{}", anew.text);
    leads_with(&ask("&scope=openid&prompt=none").await, "error=consent_required");
    leads_with(&answered(&fixture, &anew, &session, "allow").await, "code=");
    leads_with(&ask("&scope=openid&prompt=none").await, "code=");
}

/// Goal: AM's programs allow by one POST, with the token of the session as `csrf`; the request stands in the form or in the address, and
/// `save_consent` changes nothing. Contract am.md 4.1, `POST /authorize`.
#[tokio::test]
async fn a_program_allows_with_the_token_of_the_session() {
    let fixture = FaceFixture::start().await;
    let session = fixture.sign_on(ALICE).await;
    let post = |path: &str| fixture.post(path).cookie(&session).token(&session);
    let own = form(post(AUTHORIZE), &decided(&fixture, "allow", &session)).send().await;
    leads_with(&own, "code="); // An application of one's own is not asked about.
    of_somebody_else(&fixture).await;
    leads_with(&form(post(AUTHORIZE), &decided(&fixture, "allow", &session)).send().await, "code=");
    let (alice, client) = (fixture.world.data.alice.id, fixture.world.data.app.id.clone());
    assert!(fixture.authority().withdraw_consent(alice, &client).await.expect("an answer"));

    let id = &fixture.world.data.app.id;
    let query = format!("response_type=code&client_id={id}&redirect_uri={CALLBACK}&scope=openid&state=s1");
    let fields = [("decision", "allow"), ("csrf", session.as_str()), ("save_consent", "on")];
    let beside = form(post(&format!("{AUTHORIZE}?{query}")), &fields).send().await;
    leads_with(&beside, "code=");
    leads_with(&authorize(&fixture, "&scope=openid&prompt=none").cookie(&session).send().await, "code=");
    let twice = [("decision", "allow"), ("decision", "deny"), ("csrf", session.as_str())];
    assert_eq!(form(post(&format!("{AUTHORIZE}?{query}")), &twice).send().await.status, 400);
}

/// Goal: whoever signs on for a request that asks for consent is asked then, `prompt=consent` included; another account may be used.
#[tokio::test]
async fn the_question_comes_after_the_sign_on() {
    let fixture = FaceFixture::start().await;
    let begun = authorize(&fixture, "&scope=openid%20offline_access&prompt=login%20consent").send().await;
    let address = begun.header("location").to_owned();
    assert!(address.starts_with("/am/UI/Login?"), "{address}");
    let page = fixture.ask("GET", &address).send().await;
    let signed_on = submit(&fixture, &page, ALICE).await;
    let session = value_of(&signed_on, COOKIE);
    let question = fixture.ask("GET", signed_on.header("location")).cookie(&session).send().await;
    asks(&question, "Access after you have signed off");
    let other = answered(&fixture, &question, &session, "other").await;
    assert!(other.header("location").starts_with("/am/UI/Login?ForceAuth=true"), "{}", other.text);
    let allowed = answered(&fixture, &question, &session, "allow").await;
    leads_with(&allowed, "scope=openid+offline_access");
}

/// Goal: S-OP-6: the page names every place that the consent counts for, since no other one is asked about later.
#[tokio::test]
async fn the_page_names_all_places_of_the_application() {
    let fixture = FaceFixture::start().await;
    of_somebody_else(&fixture).await;
    let session = fixture.sign_on(ALICE).await;
    let page = authorize(&fixture, "&scope=openid").cookie(&session).send().await;
    asks(&page, "The answer goes to shop.example.test.");
    assert!(!page.text.contains("other places"), "there is none: {}", page.text);
    let id = fixture.world.data.app.id.clone();
    let more = ["https://SHOP.example.test/b", "https://till.example.test/cb", "com.example.till:/cb"];
    fixture.world.edit_client(&id, |client| client.redirect_uris.extend(more.map(str::to_owned))).await;
    let page = authorize(&fixture, "&scope=openid").cookie(&session).send().await;
    let others = page.text.split("counts for the other places of Shop").nth(1).expect("they are named");
    assert!(
        others.contains(">till.example.test<")
            && others.contains(">a program on this device (com.example.till:)<"),
        "{others}"
    );
    assert!(!others.to_lowercase().contains(">shop.example.test<"), "{others}");
}

/// S-OP-9: Goal: a request that names its user is answered for nobody else: whoever signs on for it as somebody else brings the application
/// `login_required`, and is not shown the page for ever. OpenID Connect Core §3.1.2.2
#[tokio::test]
async fn a_request_for_one_user_is_answered_for_nobody_else() {
    let fixture = FaceFixture::start().await;
    let alice = fixture.world.data.alice.id;
    let claims = format!("%7B%22id_token%22:%7B%22sub%22:%7B%22value%22:%22{alice}%22%7D%7D%7D");
    let named = format!("&scope=openid&claims={claims}");
    let sign_on = async |session: Option<&str>, who| {
        let ask = authorize(&fixture, &named);
        let begun = session.into_iter().fold(ask, |ask, session| ask.cookie(session)).send().await;
        let address = begun.header("location").to_owned();
        assert!(address.starts_with("/am/UI/Login?"), "{address}");
        let page = fixture.ask("GET", &address).send().await;
        let signed_on = submit(&fixture, &page, who).await;
        let session = value_of(&signed_on, COOKIE);
        (fixture.ask("GET", signed_on.header("location")).cookie(&session).send().await, session)
    };
    let (refused, session) = sign_on(None, BOBBY).await;
    leads_with(&refused, "error=login_required");
    let (answer, _) = sign_on(Some(&session), ALICE).await;
    leads_with(&answer, "code=");
}
