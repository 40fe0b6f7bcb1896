//! A user with a second factor at every dialect: how each asks for it, and what each says of a session that lacks it.
//!
//! The programs here know what a program of their dialect knows. The codes are alice's own.

use adieu::config::Config;
use adieu_authority::{Assurance, Check, CodeSet, SessionId, SessionToken};
use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest, profile_config};
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub(crate) const AM: &str = "/am/json/realms/root/realms/alpha";
const AM_OAUTH: &str = "/am/oauth2/realms/root/realms/alpha";
const AM_COOKIE: &str = "iPlanetDirectoryPro";
const LOGIN: &str = "/am/UI/Login";
pub(crate) const NAME: &str = "alice";
pub(crate) const PASSWORD: &str = "Rabbit-hole-11";
const JSON: &str = "application/json";

/// How alice signs on: by which dialect's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Kratos,
    AmHeaders,
    AmCallbacks,
    AmPage,
    PingOneFlow,
    PingOnePage,
}

pub(crate) const WAYS: [Way; 6] =
    [Way::Kratos, Way::AmHeaders, Way::AmCallbacks, Way::AmPage, Way::PingOneFlow, Way::PingOnePage];

/// What is left after the password: what to go on with, and a session token where the dialect gives one.
pub(crate) struct HalfWay {
    way: Way,
    /// An `authId`, a flow or a page with its cookie, as the way has it.
    at: String,
    page: Option<Reply>,
    pub(crate) token: Option<String>,
}

/// Alice, her codes, and a server as it is by default.
pub(crate) struct Alice {
    pub(crate) world: World,
    known: Value,
    pub(crate) codes: Vec<String>,
    set: CodeSet,
    used: std::cell::Cell<usize>,
}

impl Alice {
    /// With recovery codes that she has confirmed.
    pub(crate) async fn with_codes() -> Self {
        Self::with_codes_where(|_| {}).await
    }

    /// The same, where the configuration says something else.
    pub(crate) async fn with_codes_where(change: impl FnOnce(&mut Config)) -> Self {
        let alice = Self::without_codes_where("when_enrolled", change).await;
        let first = alice.world.sign_on_kratos(NAME, PASSWORD).await;
        alice.confirm(session_of(&first)).await;
        alice
    }

    /// Without any, in a realm of this rule.
    pub(crate) async fn without_codes(rule: &str) -> Self {
        Self::without_codes_where(rule, |_| {}).await
    }

    /// The same, where the configuration says something else.
    pub(crate) async fn without_codes_where(rule: &str, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = profile_config("main");
        config.kratos.login_keeps_token = false;
        config.kratos.enrolling_proves = false;
        config.sign_on.recent_s = 600;
        config.sign_on.second_factor = rule.into();
        change(&mut config);
        let world = World::with_config(config).await;
        let set = world.authority().draw_code_set();
        let codes = world.authority().recovery_codes(world.data.alice.id, set);
        Self { known: world.variables(), world, codes, set, used: std::cell::Cell::new(0) }
    }

    /// Her codes are confirmed in a session of hers.
    pub(crate) async fn confirm(&self, session: SessionId) {
        let done = self.world.authority().confirm_recovery_codes(session, self.set, false).await;
        done.expect("a live session");
    }

    /// A code that was not used yet, and will be given again.
    pub(crate) fn unused_code(&self) -> &str {
        &self.codes[self.used.get()]
    }

    /// The next code that was not given yet.
    pub(crate) fn code(&self) -> &str {
        let at = self.used.get();
        self.used.set(at + 1);
        &self.codes[at]
    }

    pub(crate) fn pingone(&self, name: &str) -> &str {
        self.known["pingone"][name].as_str().expect("a variable")
    }

    fn redirect(&self) -> &str {
        self.pingone("app_redirect_uri")
    }

    fn query(&self, more: &str) -> String {
        let (client, to) = (self.pingone("app_client_id"), self.redirect());
        format!("response_type=code&client_id={client}&redirect_uri={to}&scope=openid{more}")
    }

    /// An authorize request at PingOne's issuer, and at AM's.
    pub(crate) fn authorize(&self, more: &str) -> [WorldRequest; 2] {
        let pingone = format!("/{}/as/authorize?{}", self.pingone("env_id"), self.query(more));
        [self.world.get(&pingone), self.world.get(&format!("{AM_OAUTH}/authorize?{}", self.query(more)))]
    }

    fn am(&self, path: &str) -> WorldRequest {
        self.world.post(&format!("{AM}/{path}")).header("accept-api-version", "resource=4.0")
    }

    fn authenticate(&self) -> WorldRequest {
        self.world.post(&format!("{AM}/authenticate")).header("accept-api-version", "resource=2.1")
    }

    /// Name and password, by that way.
    pub(crate) async fn password(&self, way: Way) -> HalfWay {
        let half = |at: &Value| HalfWay { way, at: text(at).to_owned(), page: None, token: None };
        match way {
            Way::Kratos => {
                let token = self.world.sign_on_kratos(NAME, PASSWORD).await;
                let flow = self.world.get("/self-service/login/api?aal=aal2");
                let flow = flow.header("x-session-token", &token).send().await.json();
                HalfWay { token: Some(token), ..half(&flow["id"]) }
            }
            Way::AmHeaders => {
                let ask = self.authenticate().header("x-openam-username", NAME);
                let asked = ask.header("x-openam-password", PASSWORD).json(&json!({})).send().await;
                assert_eq!(asked.status, 200, "{}", asked.text);
                HalfWay { token: asked.cookie(AM_COOKIE).map(str::to_owned), ..half(&asked.json()["authId"]) }
            }
            Way::AmCallbacks => {
                let mut asked = self.authenticate().json(&json!({})).send().await.json();
                asked["callbacks"][0]["input"][0]["value"] = NAME.into();
                asked["callbacks"][1]["input"][0]["value"] = PASSWORD.into();
                let asked = self.authenticate().json(&asked).send().await.json();
                assert_eq!(asked["callbacks"][0]["type"], "PasswordCallback", "{asked}");
                assert!(asked.get("tokenId").is_none(), "{asked}");
                half(&asked["authId"])
            }
            Way::AmPage => {
                let page = self.world.get(&format!("{LOGIN}?realm=/alpha")).send().await;
                let page = self.am_form(&page, &[("IDToken1", NAME), ("IDToken2", PASSWORD)]).await;
                assert_eq!((page.status.as_u16(), page.cookie(AM_COOKIE)), (200, None));
                HalfWay { page: Some(page), ..half(&"".into()) }
            }
            Way::PingOneFlow => {
                let [authorize, _] = self.authorize("&response_mode=pi.flow");
                let id = text(&authorize.send().await.json()["id"]).to_owned();
                let body = json!({"username": NAME, "password": PASSWORD});
                let asked = self.pingone_step(&id, "usernamePassword", &body).await;
                let flow = asked.json();
                assert_eq!((asked.status.as_u16(), &flow["status"]), (200, &json!("OTP_REQUIRED")), "{flow}");
                assert!(flow["_links"]["otp.check"]["href"].is_string() && flow.get("session").is_none());
                HalfWay { token: asked.cookie("ST").map(str::to_owned), ..half(&flow["id"]) }
            }
            Way::PingOnePage => {
                let [authorize, _] = self.authorize("");
                let begun = authorize.send().await;
                let page = self.world.get(self.below(begun.location())).header("accept", "text/html");
                let page = page.header("cookie", &form_cookie(&begun)).send().await;
                let fields = [("username", NAME), ("password", PASSWORD)];
                let sent = self.pingone_form(&page, &fields).await;
                assert_eq!((sent.status.as_u16(), sent.cookie("ST")), (303, None), "{}", sent.text);
                let cookie = form_cookie(&page);
                let code_page =
                    self.world.get(self.below(sent.location())).header("cookie", &cookie).send().await;
                HalfWay { page: Some(code_page), at: cookie, ..half(&"".into()) }
            }
        }
    }

    /// The code, where the password led; gives the answer.
    pub(crate) async fn second(&self, half: &HalfWay, code: &str) -> Reply {
        match half.way {
            Way::Kratos => {
                let body = json!({"method": "lookup_secret", "lookup_secret": code});
                let ask = self.world.post(&format!("/self-service/login?flow={}", half.at));
                let token = half.token.as_deref().expect("a token");
                ask.header("x-session-token", token).header("accept", JSON).json(&body).send().await
            }
            Way::AmHeaders | Way::AmCallbacks => {
                let callback =
                    json!({"type": "PasswordCallback", "input": [{"name": "IDToken1", "value": code}]});
                let body = json!({"authId": half.at, "callbacks": [callback]});
                self.authenticate().json(&body).send().await
            }
            Way::AmPage => {
                let page = half.page.as_ref().expect("a page");
                let auth_id = field(page, "authId");
                self.am_form(page, &[("IDToken3", code), ("authId", &auth_id)]).await
            }
            Way::PingOneFlow => self.pingone_step(&half.at, "otp", &json!({"otp": code})).await,
            Way::PingOnePage => {
                let page = half.page.as_ref().expect("a page");
                self.pingone_form(page, &[("code", code)]).await
            }
        }
    }

    /// The token in the answer to a whole sign-on.
    pub(crate) fn token_in(&self, way: Way, answer: &Reply) -> String {
        let token = match way {
            Way::Kratos => text(&answer.json()["session_token"]).to_owned(),
            Way::AmHeaders | Way::AmCallbacks => text(&answer.json()["tokenId"]).to_owned(),
            Way::AmPage => answer.cookie(AM_COOKIE).unwrap_or_else(|| panic!("{}", answer.text)).to_owned(),
            Way::PingOneFlow | Way::PingOnePage => {
                answer.cookie("ST").unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
            }
        };
        assert!(!token.is_empty(), "{way:?}: {}", answer.text);
        token
    }

    /// Signs on with both factors.
    pub(crate) async fn sign_on(&self, way: Way) -> String {
        let half = self.password(way).await;
        let answer = self.second(&half, self.code()).await;
        self.token_in(way, &answer)
    }

    pub(crate) async fn pingone_step(&self, flow: &str, action: &str, body: &Value) -> Reply {
        let ask = self.world.post(&format!("/{}/flows/{flow}", self.pingone("env_id")));
        let kind = format!("application/vnd.pingidentity.{action}.check+json");
        ask.header("content-type", &kind).body(body.to_string()).send().await
    }

    async fn am_form(&self, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let cookie = page.cookie("am-form").expect("the form's cookie").to_owned();
        let carried = ["token", "realm", "goto"].map(|name| (name, field(page, name)));
        let carried = carried.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = carried.chain(fields.iter().copied()).collect();
        self.world.post(LOGIN).cookie("am-form", &cookie).form(&fields).send().await
    }

    async fn pingone_form(&self, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let carried = ["flowId", "token"].map(|name| (name, field(page, name)));
        let carried = carried.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = carried.chain(fields.iter().copied()).collect();
        let ask = self.world.post(&format!("/{}/signon/", self.pingone("env_id")));
        ask.header("cookie", &form_cookie(page)).form(&fields).send().await
    }

    fn below<'a>(&self, address: &'a str) -> &'a str {
        address.strip_prefix(&self.world.config().public.url).unwrap_or(address)
    }

    async fn open(&self, address: &str) -> Reply {
        self.world.get(self.below(address)).header("accept", "text/html").send().await
    }

    /// What every check says of a token: whether it calls the session live.
    pub(crate) async fn checks(&self, token: &str) -> Vec<(&'static str, bool)> {
        let mut said = Vec::new();
        for (check, ask) in [
            ("whoami", self.world.get("/sessions/whoami").header("x-session-token", token)),
            ("whoami, cookie", self.world.get("/sessions/whoami").cookie("ory_kratos_session", token)),
            ("/ui/check", self.world.get("/ui/check").bearer(token)),
            ("getSessionInfo", self.am("sessions?_action=getSessionInfo").header(AM_COOKIE, token)),
            (
                "idFromSession",
                self.world.post(&format!("{AM}/users?_action=idFromSession")).header(AM_COOKIE, token),
            ),
        ] {
            let status = ask.send().await.status.as_u16();
            assert!([200, 401, 403].contains(&status), "{check}: {status}");
            said.push((check, status == 200));
        }
        let validate = self.am("sessions?_action=validate").json(&json!({"tokenId": token})).send().await;
        said.push(("validate", validate.json()["valid"] == true));
        let issuers = [("PingOne's authorize", "ST"), ("AM's authorize", AM_COOKIE)];
        for ((check, cookie), ask) in issuers.into_iter().zip(self.authorize("&prompt=none")) {
            let reply = ask.cookie(cookie, token).send().await;
            let location = reply.location();
            assert!(
                location.contains("code=") || location.contains("error=login_required"),
                "{check}: {location}"
            );
            said.push((check, location.contains("code=")));
        }
        said
    }

    pub(crate) async fn expect_live(&self, what: &str, token: &str) {
        for (check, live) in self.checks(token).await {
            assert!(live, "{what}: {check} does not call the session live");
        }
    }

    pub(crate) async fn expect_not_live(&self, what: &str, token: &str) {
        for (check, live) in self.checks(token).await {
            assert!(!live, "{what}: {check} calls the session live");
        }
    }

    fn basic(&self, client: &str) -> String {
        let id = self.pingone(&format!("{client}_client_id"));
        let secret = self.pingone(&format!("{client}_client_secret"));
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }

    pub(crate) async fn at_pingone(&self, endpoint: &str, client: &str, form: &[(&str, &str)]) -> Reply {
        let ask = self.world.post(&format!("/{}/as/{endpoint}", self.pingone("env_id")));
        ask.header("authorization", &self.basic(client)).form(form).send().await
    }

    /// A code at PingOne's issuer, for a live session.
    pub(crate) async fn code_of(&self, token: &str) -> String {
        let [authorize, _] = self.authorize("");
        let reply = authorize.cookie("ST", token).send().await;
        code_in(reply.location())
    }

    pub(crate) async fn redeem(&self, code: &str) -> Reply {
        let to = self.redirect().to_owned();
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &to)];
        self.at_pingone("token", "app", &form).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.at_pingone("token", "app", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub(crate) async fn introspect(&self, token: &str) -> Value {
        self.at_pingone("introspect", "app", &[("token", token)]).await.json()
    }

    pub(crate) async fn worker(&self) -> String {
        let answer = self.at_pingone("token", "worker", &[("grant_type", "client_credentials")]).await.json();
        text(&answer["access_token"]).to_owned()
    }

    pub(crate) async fn as_worker(&self, method: Method, path: &str) -> Reply {
        let path = format!("/v1/environments/{}/{path}", self.pingone("env_id"));
        self.world.ask(method, &path).bearer(&self.worker().await).send().await
    }

    /// How far the session of a token is proven, in core's own words.
    pub(crate) async fn check(&self, token: &str) -> Check {
        let token = SessionToken::parse(token).expect("a token");
        self.world.authority().check(&token, false).get().await.expect("an answer")
    }
}

pub(crate) fn session_of(token: &str) -> SessionId {
    SessionToken::parse(token).expect("a token").id
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn code_in(location: &str) -> String {
    let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code="));
    code.unwrap_or_else(|| panic!("no code: {location}")).to_owned()
}

/// A hidden field of a page.
fn field(page: &Reply, name: &str) -> String {
    let start = format!(r#"name="{name}" value=""#);
    let (_, rest) = page.text.split_once(&start).unwrap_or_else(|| panic!("no field {name}: {}", page.text));
    rest.split('"').next().unwrap_or_default().replace("&#38;", "&")
}

/// The cookie that a form of PingOne's page is bound to.
fn form_cookie(page: &Reply) -> String {
    let line = page.headers.get("set-cookie").expect("the form's cookie").to_str().expect("text");
    line.split(';').next().unwrap_or_default().to_owned()
}

pub(crate) fn claims(jwt: &str) -> Value {
    let body = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).expect("a body")).expect("base64url");
    serde_json::from_slice(&body).expect("claims")
}

/// Goal: F-1, S-5: nobody signs on by the password alone whose user has a second factor, whichever dialect is asked, and no check
/// of any dialect calls a half signed on session live; with the code every check does.
/// Method: six ways to sign on by eight checks; a wrong code in between opens nothing.
#[tokio::test]
async fn whoever_has_a_second_factor_is_asked_for_it_everywhere() {
    let alice = Alice::with_codes().await;
    for way in WAYS {
        let half = alice.password(way).await;
        assert_eq!(
            half.token.is_some(),
            way == Way::Kratos,
            "{way:?}: only Kratos has half signed on sessions"
        );
        if let Some(token) = &half.token {
            alice.expect_not_live("the password alone", token).await;
        }
        if !matches!(way, Way::AmHeaders | Way::AmCallbacks | Way::AmPage) {
            let wrong = alice.second(&half, "aaaaaaaa").await;
            assert!(
                wrong.status.is_client_error() && wrong.cookie("ST").is_none(),
                "{way:?}: {}",
                wrong.text
            );
        }
        let answer = alice.second(&half, alice.code()).await;
        let token = alice.token_in(way, &answer);
        alice.expect_live(&format!("{way:?}"), &token).await;
        let Check::Live(live) = alice.check(&token).await else { panic!("{way:?}: not live") };
        assert_eq!(live.session.assurance(), Assurance::Two);
    }
}

/// Goal: F-1: what was proven is told: `acr` and `amr` in ID tokens, access tokens and introspection, AM's session info.
#[tokio::test]
async fn what_was_proven_is_told() {
    let alice = Alice::without_codes("when_enrolled").await;
    let one = alice.world.sign_on_kratos(NAME, PASSWORD).await;
    let level = async |token: &str| {
        let ask = alice.am("sessions?_action=getSessionInfo").header(AM_COOKIE, token);
        ask.send().await.json()["properties"]["AuthLevel"].clone()
    };
    let told = async |token: &str| {
        let tokens = alice.redeem(&alice.code_of(token).await).await.json();
        let introspected = alice.introspect(text(&tokens["access_token"])).await;
        assert_eq!(introspected["active"], true);
        let id = claims(text(&tokens["id_token"]));
        assert_eq!((&id["acr"], &id["amr"]), (&introspected["acr"], &introspected["amr"]));
        (id["acr"].clone(), id["amr"].clone())
    };
    assert_eq!(told(&one).await, (json!("Single_Factor"), json!(["pwd"])));
    assert_eq!(level(&one).await, "0");
    alice.confirm(session_of(&one)).await;
    let two = alice.sign_on(Way::PingOneFlow).await;
    assert_eq!(told(&two).await, (json!("Multi_Factor"), json!(["pwd", "otp", "mfa"])));
    assert_eq!(level(&two).await, "1");
    let [_, at_am] = alice.authorize("");
    let code = code_in(at_am.cookie(AM_COOKIE, &two).send().await.location());
    let to = alice.redirect().to_owned();
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", to.as_str())];
    let ask =
        alice.world.post(&format!("{AM_OAUTH}/access_token")).header("authorization", &alice.basic("app"));
    let tokens = ask.form(&form).send().await.json();
    assert_eq!(claims(text(&tokens["id_token"]))["acr"], "1");
}

/// Goal: RFC 9470, S-IPS-2: a request that wants two factors is never answered with one: who has none is told so, who has one is
/// asked for it, even where the realm asks nobody.
#[tokio::test]
async fn a_request_that_wants_two_factors_gets_two_or_none() {
    let alice = Alice::without_codes("never").await;
    let one = alice.world.sign_on_kratos(NAME, PASSWORD).await;
    let wants = |level: &str| alice.authorize(&format!("&acr_values={level}"));
    for (cookie, ask) in ["ST", AM_COOKIE].into_iter().zip(wants("Multi_Factor%201")) {
        let refused = ask.cookie(cookie, &one).send().await;
        let location = refused.location();
        assert!(location.contains("error=unmet_authentication_requirements"), "{location}");
    }
    for (cookie, ask) in ["ST", AM_COOKIE].into_iter().zip(wants("Single_Factor%200%20odd")) {
        assert!(ask.cookie(cookie, &one).send().await.location().contains("code="));
    }
    alice.confirm(session_of(&one)).await;
    alice.expect_live("one factor is enough in this realm", &one).await;
    for (cookie, ask) in ["ST", AM_COOKIE].into_iter().zip(wants("Multi_Factor%201&prompt=none")) {
        let refused = ask.cookie(cookie, &one).send().await;
        assert!(refused.location().contains("error=login_required"), "{}", refused.location());
    }
    let [pingone, am] = wants("Multi_Factor%201&response_mode=pi.flow");
    let flow = pingone.cookie("ST", &one).send().await.json();
    assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED", "{flow}");
    drop(am);
    let [_, am] = wants("1");
    let page = alice.open(am.cookie(AM_COOKIE, &one).send().await.location()).await;
    let page = alice.am_form(&page, &[("IDToken1", NAME), ("IDToken2", PASSWORD)]).await;
    let auth_id = field(&page, "authId");
    let done = alice.am_form(&page, &[("IDToken3", alice.code()), ("authId", &auth_id)]).await;
    let token = done.cookie(AM_COOKIE).expect("a token").to_owned();
    let back = alice.world.get(alice.below(done.location())).cookie(AM_COOKIE, &token).send().await;
    assert!(back.location().contains("code="), "{}", back.location());
}
