//! Who may what in AM's dialect: every resource, action, query and page.
//!
//! Contract am.md 1.2. Each request is about a session of Alice's, whose name and token it brings where one may be named.

use adieu_testkit::rights::{Line, assert_complete, assert_kept};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::fixture::{ALICE, Ask, BOBBY, COOKIE, FaceFixture};
use crate::pages::{hidden, value_of};

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq)]
enum May {
    Anybody,
    /// Whoever has a live session.
    SignedOn,
    /// The user whose session it is, and administrators.
    Owner,
    Administrator,
    /// Administrators; whoever has no session is forbidden, too.
    OnlyAdministrator,
    /// A client with its secret.
    Client,
    /// Whoever has an access token of a user; a session is none.
    Bearer,
    /// Whoever sends the form back that this browser was given.
    OwnForm,
    /// The same of who has a session; for others there is nothing to do.
    SessionsForm,
}
use May::{
    Administrator, Anybody, Bearer, Client, OnlyAdministrator, OwnForm, Owner, SessionsForm, SignedOn,
};

/// The version of a resource that has the route.
type Who = (May, &'static str);

const TABLE: [Line<Who>; 42] = [
    ("POST", "/json/authenticate", (Anybody, "2.1")),
    ("GET", "/json/serverinfo/*", (Anybody, "1.1")),
    ("GET", "/json/serverinfo/cookieDomains", (Anybody, "1.1")),
    ("GET", "/json/serverinfo/version", (OnlyAdministrator, "1.1")),
    ("POST", "/json/users?_action=idFromSession", (SignedOn, "2.1")),
    ("POST", "/json/users?_action=validateGoto", (SignedOn, "2.1")),
    ("GET", "/json/sessions?_queryFilter=true", (Administrator, "2.1")),
    ("POST", "/json/sessions?_action=logout", (SignedOn, "2.1")),
    ("POST", "/json/sessions?_action=validate", (Anybody, "2.1")),
    ("POST", "/json/sessions?_action=getSessionInfo", (Owner, "2.1")),
    ("POST", "/json/sessions?_action=getSessionInfoAndResetIdleTime", (Owner, "5.1")),
    ("POST", "/json/sessions?_action=refresh", (Owner, "2.1")),
    ("POST", "/json/sessions?_action=getSessionProperties", (Owner, "2.1")),
    ("POST", "/json/sessions?_action=updateSessionProperties", (Owner, "2.1")),
    ("POST", "/json/sessions?_action=logoutByHandle", (Administrator, "2.1")),
    ("POST", "/json/sessions?_action=logoutByUser", (Owner, "5.1")),
    ("POST", "/json/sessions?_action=getPropertyNames", (SignedOn, "1.2")),
    ("POST", "/json/sessions?_action=getProperty", (Owner, "1.2")),
    ("POST", "/json/sessions?_action=setProperty", (Owner, "1.2")),
    ("POST", "/json/sessions?_action=deleteProperty", (Owner, "1.2")),
    ("POST", "/json/sessions?_action=getMaxIdle", (Owner, "1.2")),
    ("POST", "/json/sessions?_action=getTimeLeft", (Owner, "1.2")),
    ("POST", "/json/sessions?_action=getMaxTime", (Administrator, "1.2")),
    ("POST", "/json/sessions?_action=getMaxSessionTime", (Administrator, "1.2")),
    ("POST", "/json/sessions?_action=getIdle", (Administrator, "1.2")),
    ("POST", "/json/sessions?_action=isActive", (Administrator, "1.2")),
    ("GET HEAD", "/oauth2/.well-known/openid-configuration", (Anybody, "")),
    ("GET HEAD", "/oauth2/connect/jwk_uri", (Anybody, "")),
    ("GET POST", "/oauth2/authorize", (Anybody, "")),
    ("GET POST", "/oauth2/connect/endSession", (Anybody, "")),
    ("GET", "/oauth2/connect/checkSession", (Anybody, "")),
    ("POST", "/oauth2/access_token", (Client, "")),
    ("POST", "/oauth2/introspect", (Client, "")),
    ("GET", "/oauth2/tokeninfo", (Anybody, "")), // Whoever has the token that it asks about.
    ("POST", "/oauth2/token/revoke", (Client, "")),
    ("GET POST", "/oauth2/userinfo", (Bearer, "")),
    ("GET", "/XUI", (Anybody, "")),
    ("GET", "/UI/Login", (Anybody, "")),
    ("POST", "/UI/Login", (OwnForm, "")),
    ("GET", "/UI/Logout", (Anybody, "")),
    ("POST", "/UI/Logout", (SessionsForm, "")),
    ("GET", "/console", (Anybody, "")),
];

#[test]
fn the_table_names_every_route() {
    assert_complete(&TABLE, adieu_face_am::routes());
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Caller {
    Nobody,
    /// Somebody with a token that opens nothing.
    Stranger,
    Bobby,
    Alice,
    Admin,
    /// An application with its secret.
    Shop,
}
const CALLERS: [Caller; 6] =
    [Caller::Nobody, Caller::Stranger, Caller::Bobby, Caller::Alice, Caller::Admin, Caller::Shop];

fn refusal((may, _): Who, caller: Caller) -> Option<u16> {
    let nobody = matches!(caller, Caller::Nobody | Caller::Stranger | Caller::Shop);
    match may {
        Anybody => None,
        SignedOn => nobody.then_some(401),
        Owner | Administrator if nobody => Some(401),
        Owner => (caller == Caller::Bobby).then_some(403),
        Administrator => (caller != Caller::Admin).then_some(403),
        OnlyAdministrator => (caller != Caller::Admin).then_some(403),
        Client => (caller != Caller::Shop).then_some(400), // Quirk: AM calls it a bad request. Contract am.md 4
        Bearer => Some(401), // But for who has one: that is a story of the provider.
        // But for the browser of the next story.
        OwnForm => Some(403),
        SessionsForm => (!nobody).then_some(403),
    }
}

fn form(ask: Ask, body: &str) -> Ask {
    ask.header("Content-Type", "application/x-www-form-urlencoded").body(body.to_owned())
}

async fn ask(
    fixture: &FaceFixture,
    (method, path, (may, version)): Line<Who>,
    caller: Caller,
) -> (u16, String) {
    let theirs = fixture.sign_on(ALICE).await;
    let token = match caller {
        Caller::Nobody | Caller::Shop => None,
        Caller::Stranger => Some("AQIC5wM2LY4Sfcx-no-token-of-ours".to_owned()),
        Caller::Bobby => Some(fixture.sign_on(BOBBY).await),
        Caller::Alice => Some(fixture.sign_on(ALICE).await),
        Caller::Admin => Some(fixture.sign_on_admin().await),
    };
    // Who only needs a session of one's own names no other.
    let named = if may == Owner || may == Administrator { Some(&theirs) } else { token.as_ref() };
    let mut below = path.replace("/json/", "/json/realms/root/realms/alpha/");
    below = below.replace("/oauth2/", "/oauth2/realms/root/realms/alpha/");
    if let (Some(named), true) = (named, path.contains("?_action=")) {
        below = format!("{below}&tokenId={named}");
    }
    let mut ask = fixture.ask(method, &format!("/am{below}"));
    if !version.is_empty() {
        ask = ask.header("Accept-API-Version", &format!("resource={version}, protocol=1.0"));
    }
    if let Some(token) = &token {
        ask = ask.cookie(token);
    }
    if caller == Caller::Shop {
        let app = &fixture.world.data.app;
        let pair = format!("{}:{}", app.id, fixture.world.data.secret(app));
        ask = ask.header("Authorization", &format!("Basic {}", STANDARD.encode(pair)));
    }
    let reply = match (may, method) {
        (Client, _) => form(ask, "token=x&grant_type=refresh_token&refresh_token=x"),
        (OwnForm | SessionsForm, _) => form(ask, "IDToken1=alice"),
        (_, "GET") => ask,
        (_, _) if path.ends_with("updateSessionProperties") || path.ends_with("setProperty") => {
            ask.json(&json!({"favColor": "red"}))
        }
        (_, _) if path.ends_with("logoutByUser") => ask.json(&json!({"username": ALICE.0})),
        (_, _) => ask.json(&json!({})),
    };
    let reply = reply.send().await;
    (reply.status.as_u16(), reply.text)
}

/// Goal: no route lets in whom the table does not name: 401 for who has no live session, 403 for who has one and may not.
#[tokio::test]
async fn every_route_asks_who_may() {
    let fixture = FaceFixture::start().await;
    assert_kept(&TABLE, &CALLERS, refusal, async |line, caller| ask(&fixture, line, caller).await).await;
}

/// Goal: the browser that was given a form may send it back.
#[tokio::test]
async fn the_own_form_is_let_in() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    for (_, path, _) in TABLE.into_iter().filter(|(_, _, (may, _))| [OwnForm, SessionsForm].contains(may)) {
        let page = fixture.ask("GET", &format!("/am{path}")).cookie(&token).send().await;
        let cookies = match page.cookie("am-form") {
            Some(_) => format!("am-form={}; {COOKIE}={token}", value_of(&page, "am-form")),
            None => format!("{COOKIE}={token}"),
        };
        let ask = fixture.post(&format!("/am{path}")).header("Cookie", &cookies);
        let reply = form(ask, &format!("token={}", hidden(&page, "token"))).send().await;
        assert_ne!(reply.status, 403, "{path}: {}", reply.text);
    }
}
