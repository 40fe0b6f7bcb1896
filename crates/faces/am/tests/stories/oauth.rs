//! The OpenID Provider under AM's paths: what its document names is there, and an ending reaches what it gave out.
//!
//! Nothing here looks into tokens further than a client does. Contract am.md 4.

use adieu_authority::{Client, ClientAuth};
use adieu_face_am::Settings;
use adieu_testkit::failing::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::ending::companion;
use crate::fixture::{ALICE, Ask, BOBBY, CAROL, COOKIE, FaceFixture, ORIGIN, Reply, settings};
use crate::pages::{form, hidden, submit, value_of};

const ALPHA: &str = "/am/oauth2/realms/root/realms/alpha";
const CALLBACK: &str = "https://shop.example.test/callback";
const BYE: &str = "https://shop.example.test/bye";

/// The shop, as a client of the provider.
struct Shop<'h> {
    fixture: &'h FaceFixture,
    id: String,
    basic: String,
}

impl<'h> Shop<'h> {
    fn of(fixture: &'h FaceFixture) -> Self {
        let app = &fixture.world.data.app;
        let pair = format!("{}:{}", app.id.as_str(), fixture.world.data.secret(app));
        let basic = format!("Basic {}", STANDARD.encode(pair));
        Self { fixture, id: app.id.to_string(), basic }
    }

    fn authorize(&self, more: &str) -> Ask {
        let id = &self.id;
        let query = format!("response_type=code&client_id={id}&redirect_uri={CALLBACK}&scope=openid{more}");
        self.fixture.ask("GET", &format!("{ALPHA}/authorize?{query}"))
    }

    /// A form, with the shop's secret.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let ask = self.fixture.post(&format!("{ALPHA}/{path}")).header("Authorization", &self.basic);
        form(ask, fields).send().await
    }

    /// The tokens that a session of AM is worth.
    async fn tokens(&self, session: &str) -> Value {
        let answer = self.authorize("&state=st1&nonce=n1").cookie(session).send().await;
        self.redeemed(&answer).await
    }

    async fn redeemed(&self, answer: &Reply) -> Value {
        let location = answer.header("location");
        assert_eq!(answer.status, 302, "{}", answer.text);
        assert!(location.starts_with(&format!("{CALLBACK}?code=")), "{location}");
        assert!(location.contains(&format!("&client_id={}", self.id)), "{location}");
        let code = location.split(['=', '&']).nth(1).unwrap();
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        let reply = self.post("access_token", &fields).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("cache-control")),
            (200, "no-store"),
            "{}",
            reply.text
        );
        reply.json()
    }

    async fn is_active(&self, token: &Value) -> bool {
        let reply = self.post("introspect", &[("token", text(token))]).await;
        reply.json()["active"].as_bool().unwrap()
    }

    async fn end_session(&self, query: &str) -> Reply {
        self.fixture.ask("GET", &format!("{ALPHA}/connect/endSession{query}")).send().await
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn oauth_error(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert!(reply.header("content-type").starts_with("application/json"));
    text(&reply.json()["error"]).to_owned()
}

/// however a path spells the realm, the document names one issuer; `/json` in the place of `/oauth2` is served, and so
/// is all that the document names.
#[tokio::test]
async fn discovery_names_what_is_there() {
    let fixture = FaceFixture::start().await;
    for path in [ALPHA, "/am/oauth2/alpha", "/am/oauth2/realms/root/realms/ALPHA"] {
        let reply = fixture.ask("GET", &format!("{path}/.well-known/openid-configuration")).send().await;
        assert_eq!(text(&reply.json()["issuer"]), format!("http://127.0.0.1:4433{ALPHA}"), "{path}");
    }
    let reply = fixture.ask("GET", "/am/oauth2/.well-known/openid-configuration?realm=/alpha").send().await;
    let document = reply.json();
    let issuer = text(&document["issuer"]).to_owned();
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = text(value).strip_prefix("http://127.0.0.1:4433").unwrap();
            assert!(path.starts_with(ALPHA), "{path}");
            let answer = fixture.ask("PATCH", path).send().await;
            assert_eq!(answer.status, 405, "{name} is there: {}", answer.text);
            assert!(!answer.header("allow").is_empty());
        }
    }
    let keys = fixture.ask("GET", &format!("{ALPHA}/connect/jwk_uri")).send().await.json();
    assert_eq!(keys["keys"][0]["kty"], "RSA");
    let token = fixture.sign_on(ALICE).await;
    let sessions = issuer.replace("http://127.0.0.1:4433", "").replace("/oauth2", "/json") + "/sessions/";
    let ask = fixture.post(&format!("{sessions}?_action=logout")).token(&token);
    assert_eq!(ask.header("Accept-API-Version", "resource=2.1, protocol=1.0").send().await.status, 200);
    let unknown = "/am/oauth2/realms/root/realms/nowhere/.well-known/openid-configuration";
    fixture.ask("GET", unknown).send().await.refused(404);
    fixture.ask("GET", &format!("{ALPHA}/device/code")).send().await.refused(404);
    let origin = fixture.ask("GET", &format!("{ALPHA}/.well-known/openid-configuration"));
    let allowed = origin.header("Origin", ORIGIN).send().await;
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
}

/// S-TOK-14: Goal: tokens that a session was worth are good as long as it lives, for AM's clients too.
#[tokio::test]
async fn tokens_die_with_the_session() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    let session = fixture.sign_on(ALICE).await;
    let tokens = shop.tokens(&session).await;
    assert!(shop.is_active(&tokens["access_token"]).await);
    let bearer = format!("Bearer {}", text(&tokens["access_token"]));
    let who = || fixture.ask("GET", &format!("{ALPHA}/userinfo")).header("Authorization", &bearer).send();
    assert_eq!(text(&who().await.json()["sub"]), fixture.world.data.alice.id.to_string());
    assert_eq!(fixture.action("logout", "3.1").token(&session).send().await.status, 200);
    assert!(!shop.is_active(&tokens["access_token"]).await);
    let refused = who().await;
    assert_eq!(oauth_error(&refused, 401), "invalid_token");
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens["refresh_token"]))];
    assert_eq!(oauth_error(&shop.post("access_token", &fields).await, 400), "invalid_grant");
    let silent = shop.authorize("&prompt=none&state=s").cookie(&session).send().await;
    assert!(silent.header("location").contains("error=login_required"), "{}", silent.header("location"));
}

/// Goal: a token is told about by AM's own words: the user by name beside the subject of all tokens, and at `tokeninfo` to
/// whoever has it; the nonce comes back beside the tokens of a code, and only of a code.
#[tokio::test]
async fn a_token_is_told_about_in_am_words() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    let tokens = shop.tokens(&fixture.sign_on(ALICE).await).await;
    assert_eq!(tokens["nonce"], "n1");
    let access = text(&tokens["access_token"]);
    let told = shop.post("introspect", &[("token", access)]).await.json();
    assert_eq!((&told["user_id"], &told["token_type"]), (&json!("alice"), &json!("Bearer")));
    assert_eq!(told["sub"], fixture.world.data.alice.id.to_string(), "one subject in all tokens");
    let refresh = text(&tokens["refresh_token"]);
    let told = shop.post("introspect", &[("token", refresh)]).await.json();
    assert_eq!((&told["user_id"], told.get("token_type")), (&json!("alice"), None));
    let ask = |query: &str| fixture.ask("GET", &format!("{ALPHA}/tokeninfo{query}"));
    let by_query = ask(&format!("?access_token={access}")).send().await;
    let by_header = ask("").header("Authorization", &format!("Bearer {access}")).send().await;
    for told in [by_query, by_header] {
        assert_eq!(told.header("cache-control"), "no-store");
        let told = told.json();
        assert_eq!((&told["client_id"], &told["realm"]), (&shop.id.as_str().into(), &json!("/alpha")));
        assert_eq!((&told["scope"], &told["openid"]), (&json!(["openid"]), &json!("")));
        assert_eq!(told["expires_in"].as_i64(), tokens["expires_in"].as_i64());
    }
    assert_eq!(oauth_error(&ask("").send().await, 400), "invalid_request");
    assert_eq!(oauth_error(&ask(&format!("?access_token={refresh}")).send().await, 401), "invalid_token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert!(shop.post("access_token", &fields).await.json().get("nonce").is_none());
}

/// Goal: scopes may only shrink, when a refresh token is repeated too, and asking for more spends nothing.
#[tokio::test]
async fn a_refresh_token_widens_no_scope() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    let tokens = shop.tokens(&fixture.sign_on(ALICE).await).await;
    let first = text(&tokens["refresh_token"]);
    let refresh = async |token: &str, scope: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        shop.post("access_token", &fields).await
    };
    assert_eq!(oauth_error(&refresh(first, "openid strange").await, 400), "invalid_scope");
    let next = refresh(first, "openid").await.json();
    assert_eq!(oauth_error(&refresh(first, "openid strange").await, 400), "invalid_scope");
    assert_eq!(refresh(first, "openid").await.json()["refresh_token"], next["refresh_token"]);
    assert_eq!(refresh(text(&next["refresh_token"]), "openid").await.status, 200);
}

/// Goal: who is not signed on signs on at the page and comes back with a code, and browsers let the form lead there.
#[tokio::test]
async fn a_sign_on_leads_back_to_the_client() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    // A session of another realm, and one that is too old for the request, are none.
    let elsewhere =
        fixture.sign_on_at("/am/json/realms/root/realms/alpha/realms/sub/authenticate", CAROL).await;
    let old = fixture.sign_on(ALICE).await;
    for (session, more) in [("", "&state=s"), (&elsewhere, ""), (&old, "&prompt=login"), (&old, "&max_age=0")]
    {
        let asked = shop.authorize(more).cookie(session).send().await;
        assert_eq!(asked.status, 302);
        let page = fixture.ask("GET", asked.header("location")).cookie(session).send().await;
        assert_eq!(page.status, 200, "the form, whoever is signed on already");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("form-action 'self' https://shop.example.test;"), "{policy}");
        let done = submit(&fixture, &page, ALICE).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, hidden(&page, "goto").as_str()));
        let again = fixture.ask("GET", done.header("location")).cookie(&value_of(&done, COOKIE)).send().await;
        assert!(shop.is_active(&shop.redeemed(&again).await["access_token"]).await);
    }
}

/// S-OP-18: Goal: nothing is redirected to an address that is not the client's.
#[tokio::test]
async fn nothing_leads_to_strangers() {
    let fixture = FaceFixture::start().await;
    let session = fixture.sign_on(ALICE).await;
    let id = fixture.world.data.app.id.to_string();
    for query in [
        "response_type=code&client_id=nobody&redirect_uri=https://evil.test/".to_owned(),
        format!("response_type=code&client_id={id}&redirect_uri=https://evil.test/"),
        format!("response_type=code&client_id={id}&client_id=x&redirect_uri={CALLBACK}"),
        format!("response_type=code&client_id={id}"),
    ] {
        let reply = fixture.ask("GET", &format!("{ALPHA}/authorize?{query}")).cookie(&session).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{query}");
        assert!(
            reply.text.contains("/am/UI/Login?realm=%2Falpha\""),
            "the way on leads to its realm: {}",
            reply.text
        );
        let goto = format!("{ALPHA}/authorize?{query}").replace('&', "%26");
        let page = fixture.ask("GET", &format!("/am/UI/Login?realm=/alpha&goto={goto}")).send().await;
        assert!(!page.header("content-security-policy").contains("evil"), "{query}");
    }
}

/// the ID token names the session, and its signature counts; a second time is answered like the first.
#[tokio::test]
async fn an_id_token_ends_its_session() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    let (session, other) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    let tokens = shop.tokens(&session).await;
    let hint = text(&tokens["id_token"]);
    assert_eq!(oauth_error(&shop.end_session("").await, 400), "bad_request");
    let tampered = format!("{}AAAA", &hint[..hint.len() - 4]);
    for bad in ["garbage", &tampered, text(&tokens["access_token"])] {
        assert_eq!(shop.end_session(&format!("?id_token_hint={bad}")).await.status, 400, "{bad}");
    }
    assert!(fixture.lives(&session).await, "what proves nothing ends nothing");
    for _ in 0..2 {
        let ask = fixture.ask("GET", &format!("{ALPHA}/connect/endSession?id_token_hint={hint}"));
        let reply = ask.cookie(&session).send().await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
        assert!(reply.cookie(COOKIE).unwrap().contains("01 Jan 1970"), "its cookie goes along");
        assert!(!fixture.lives(&session).await);
    }
    let id = adieu_authority::SessionToken::parse(&session).unwrap().id;
    let record = fixture.authority().session_record(id).await.unwrap().unwrap();
    let actor = &record.fate.ending().unwrap().actor;
    assert!(matches!(actor, adieu_authority::Actor::Client(_)), "who has the ID token ended it: {actor}");
    let back = format!("?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=s%201");
    let reply = shop.end_session(&back).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (302, format!("{BYE}?state=s+1").as_str()));
    let ask = fixture.ask("GET", &format!("{ALPHA}/connect/endSession?id_token_hint={hint}"));
    assert!(ask.cookie(&other).send().await.cookie(COOKIE).is_none(), "the cookie of somebody else stays");
    assert!(fixture.lives(&other).await);
}

/// Goal: F-3: an application's hint and the cookies may name several sessions of one user: the request ends them all.
#[tokio::test]
async fn the_session_of_the_hint_ends_besides_those_of_the_cookies() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    let sessions = [fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await];
    let [first, second, third] = &sessions;
    let elsewhere = fixture.sign_on(ALICE).await;
    let tokens = shop.tokens(first).await;
    let path = format!("{ALPHA}/connect/endSession?id_token_hint={}", text(&tokens["id_token"]));
    let cookies = format!("{COOKIE}={second}; {COOKIE}={third}");
    let reply = fixture.ask("GET", &path).header("Cookie", &cookies).send().await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    assert!(reply.cookie(COOKIE).unwrap().contains("01 Jan 1970"));
    for session in &sessions {
        assert!(!fixture.lives(session).await);
    }
    assert!(fixture.lives(&elsewhere).await);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens["refresh_token"]))];
    assert_eq!(oauth_error(&shop.post("access_token", &fields).await, 400), "invalid_grant");
}

/// Goal: F-3, F-4: an ID token ends what the cookies of other dialects carry, if it is its user's and AM's own cookie opens nothing.
#[tokio::test]
async fn an_id_token_ends_what_another_dialects_cookie_carries() {
    let fixture = FaceFixture::with(Settings { companions: companion(), ..settings() }).await;
    let shop = Shop::of(&fixture);
    let named = fixture.sign_on(ALICE).await;
    let hint = text(&shop.tokens(&named).await["id_token"]).to_owned();
    let path = format!("{ALPHA}/connect/endSession?id_token_hint={hint}");
    let send = async |cookies: String| fixture.ask("GET", &path).header("Cookie", &cookies).send().await;
    let of_bob = fixture.sign_on(BOBBY).await;
    let reply = send(format!("ory_kratos_session={of_bob}")).await;
    assert!(fixture.lives(&of_bob).await && reply.all("set-cookie").is_empty(), "it is of somebody else");
    for own in [String::new(), format!("{COOKIE}={named}; ")] {
        let beside = fixture.sign_on(ALICE).await;
        let reply = send(format!("{own}ory_kratos_session={beside}")).await;
        assert!(reply.cookie("ory_kratos_session").unwrap().contains("01 Jan 1970"), "{own}");
        assert!(!fixture.lives(&beside).await, "{own}");
    }
    let (bobs, beside) = (fixture.sign_on(BOBBY).await, fixture.sign_on(ALICE).await);
    send(format!("{COOKIE}={bobs}; ory_kratos_session={beside}")).await;
    assert!(
        fixture.lives(&bobs).await && fixture.lives(&beside).await,
        "AM's own cookie says who is signed on"
    );
}

/// S-FCL-3: the page after it has a frame for what other dialects' cookies carried, too.
#[tokio::test]
async fn a_browser_tells_the_applications_of_another_dialects_cookie() {
    let fixture = FaceFixture::with(Settings { companions: companion(), ..settings() }).await;
    let shop = Shop::of(&fixture);
    let id = fixture.world.data.app.id.clone();
    let change = |client: &mut Client| {
        client.frontchannel_logout_uri = Some(format!("{CALLBACK}/front"));
        client.frontchannel_logout_session_required = true;
    };
    fixture.world.edit_client(&id, change).await;
    let (named, beside) = (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await);
    let hint = text(&shop.tokens(&named).await["id_token"]).to_owned();
    shop.tokens(&beside).await;
    let ask = fixture.ask("GET", &format!("{ALPHA}/connect/endSession?id_token_hint={hint}"));
    let cookie = format!("ory_kratos_session={beside}");
    let answering = ask.header("Cookie", &cookie).header("Accept", "text/html").send();
    let (reply, _) = adieu_authority::noting_endings(answering).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.text.matches("<iframe").count(), 2, "{}", reply.text);
    assert!(!fixture.lives(&named).await && !fixture.lives(&beside).await);
}

/// S-17: where the installation says so, an ID token alone ends nothing; with a cookie of its user it does, and so do those of a
/// client of which it is said.
#[tokio::test]
async fn an_installation_may_ask_for_more_than_an_id_token() {
    let fixture = FaceFixture::with(Settings { ends_by_id_token: false, ..settings() }).await;
    let shop = Shop::of(&fixture);
    let (session, other) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    let hint = text(&shop.tokens(&session).await["id_token"]).to_owned();
    let query = format!("?id_token_hint={hint}");
    assert_eq!(oauth_error(&shop.end_session(&query).await, 400), "unauthorized_client");
    let ask = |cookie: &str| fixture.ask("GET", &format!("{ALPHA}/connect/endSession{query}")).cookie(cookie);
    assert_eq!(oauth_error(&ask(&other).send().await, 400), "unauthorized_client");
    assert!(fixture.lives(&session).await && fixture.lives(&other).await);
    assert_eq!(ask(&session).send().await.status, 204);
    assert!(!fixture.lives(&session).await);
    let hint = text(&shop.tokens(&other).await["id_token"]).to_owned();
    let id = fixture.world.data.app.id.clone();
    fixture.world.edit_client(&id, |client: &mut Client| client.ends_by_id_token = true).await;
    assert_eq!(shop.end_session(&format!("?id_token_hint={hint}")).await.status, 204);
    assert!(!fixture.lives(&other).await);
}

/// an address that is not registered is refused, and by then the session has ended.
#[tokio::test]
async fn an_unregistered_address_is_refused_after_the_ending() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    let session = fixture.sign_on(BOBBY).await;
    let tokens = shop.tokens(&session).await;
    let hint = text(&tokens["id_token"]);
    let reply =
        shop.end_session(&format!("?id_token_hint={hint}&post_logout_redirect_uri=https://evil.test/")).await;
    assert_eq!(oauth_error(&reply, 400), "redirect_uri_mismatch");
    assert!(!fixture.lives(&session).await);
}

/// whoever holds a token may revoke it; a public client by its name alone, and what is no token counts as revoked.
#[tokio::test]
async fn tokens_are_revoked() {
    let fixture = FaceFixture::start().await;
    let shop = Shop::of(&fixture);
    let session = fixture.sign_on(ALICE).await;
    let access = shop.tokens(&session).await["access_token"].clone();
    for token in [text(&access), text(&access), "never-issued"] {
        let reply = shop.post("token/revoke", &[("token", token)]).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "{}"));
    }
    assert!(!shop.is_active(&access).await);
    assert!(fixture.lives(&session).await);
    let missing = shop.post("token/revoke", &[("x", "1")]).await;
    assert_eq!(oauth_error(&missing, 400), "invalid_request");
    assert_eq!(missing.json()["error_description"], "Missing parameter: token");
    let revoke = || fixture.post(&format!("{ALPHA}/token/revoke"));
    let wrong = revoke().header("Authorization", &format!("Basic {}", STANDARD.encode("shop:nope")));
    let wrong = form(wrong, &[("token", "x")]).send().await;
    assert_eq!(oauth_error(&wrong, 401), "invalid_client");
    assert!(wrong.header("www-authenticate").starts_with("Basic"));
    assert_eq!(oauth_error(&form(revoke(), &[("token", "x")]).send().await, 400), "invalid_client");
    let not_a_form = revoke().json(&json!({"token": "x"})).send().await;
    assert_eq!(oauth_error(&not_a_form, 400), "invalid_request");
    let id = &fixture.world.data.app_two.id;
    let change = |client: &mut Client| client.auth = ClientAuth::None;
    fixture.world.edit_client(id, change).await;
    for token in ["never-issued", text(&access)] {
        let fields = [("client_id", id.as_str()), ("token", token)];
        let reply = form(revoke(), &fields).send().await;
        let expected = if token == "never-issued" { 200 } else { 400 };
        assert_eq!(reply.status, expected, "another client's token is refused: {}", reply.text);
    }
}

/// NO-FALSE-NO: what cannot be told is 503 here, too; never a code, never "not active", never a sign-on page.
#[tokio::test]
async fn what_cannot_be_told_is_503() {
    let mut fixture = FaceFixture::start().await;
    let session = fixture.sign_on(ALICE).await;
    let hint = Shop::of(&fixture).tokens(&session).await["id_token"].clone();
    fixture.with_failing_store().await.fail(Failure::Everything);
    let shop = Shop::of(&fixture);
    for reply in [
        shop.authorize("").cookie(&session).send().await,
        shop.post("introspect", &[("token", "x")]).await,
        fixture.ask("GET", &format!("{ALPHA}/tokeninfo?access_token=a.b.c")).send().await,
        shop.post("access_token", &[("grant_type", "client_credentials")]).await,
        shop.end_session(&format!("?id_token_hint={}", text(&hint))).await,
    ] {
        assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"), "{}", reply.text);
    }
}
