//! Every way in which sessions end tells whoever took part: one row for each, in every dialect that has it.
//!
//! Alice has two sessions and Bob has one, and the shop takes part in all of them. What is done is a request of the dialect, and the
//! shop is sent the right tokens and no other. What takes more than one request, and what nobody asks for, is in `in_passing`.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use http::Method;
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{claims_of, tell, with_told_at};
use crate::one_session::Programs;

/// What the shop is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Told {
    /// That Alice's first session is over.
    First,
    /// That all of Alice's are.
    User,
    /// That all of everybody's are.
    Everyone,
    /// That each session is, by its name.
    EachSession,
    /// That both of Alice's are, by their names.
    BothOfUser,
    /// Nothing.
    Nothing,
}

/// Who has issued the shop's tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Provider {
    PingOne,
    Am,
    Native,
}

/// What is done: `side METHOD path`, headers, body; with names in braces for what the scene knows.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str, Told);

const WORKER: (&str, &str) = ("authorization", "Bearer {worker}");
const AM: (&str, &str) = ("accept-api-version", "resource=5.1, protocol=1.0");
const AM_ADMIN: (&str, &str) = ("iplanetdirectorypro", "{am_admin}");

const OF_PINGONE: &[Row] = &[
    ("public GET /{env}/as/signoff", &[("cookie", "ST={first}")], "", Told::First),
    ("public GET /{env}/as/signoff?id_token_hint={hint}", &[("cookie", "ST={first}")], "", Told::First),
    (
        "public POST /{env}/as/signoff",
        &[("cookie", "ST={first}"), ("origin", "http://127.0.0.1:4533")],
        "",
        Told::First,
    ),
    (
        "public GET /{env}/as/idpSignoff?id_token_hint={hint}",
        &[("accept", "application/json")],
        "",
        Told::First,
    ),
    (
        "public POST /v1/environments/{env}/sessions/{first_id}",
        &[WORKER, ("content-type", "application/vnd.pingidentity.sso.session.logout")],
        "",
        Told::First,
    ),
    ("public DELETE /v1/environments/{env}/users/{alice}/sessions/{first_id}", &[WORKER], "", Told::First),
    (
        "public POST /v1/environments/{env}/sessions/me",
        &[
            WORKER,
            ("cookie", "ST={first}"),
            ("content-type", "application/vnd.pingidentity.sso.session.logout"),
        ],
        "",
        Told::First,
    ),
    (
        "public DELETE /v1/environments/{env}/sessions/me",
        &[WORKER, ("cookie", "ST={first}")],
        "",
        Told::First,
    ),
    (
        "public PUT /v1/environments/{env}/users/{alice}/enabled",
        &[WORKER],
        r#"{"enabled":false}"#,
        Told::User,
    ),
    ("public PATCH /v1/environments/{env}/users/{alice}", &[WORKER], r#"{"enabled":false}"#, Told::User),
    (
        "public PUT /v1/environments/{env}/users/{alice}",
        &[WORKER],
        r#"{"username":"alice","email":"alice@example.test","enabled":false}"#,
        Told::User,
    ),
    (
        "public PUT /v1/environments/{env}/users/{alice}/password",
        &[WORKER, ("content-type", "application/vnd.pingidentity.password.set+json")],
        r#"{"value":"Another-horse-77","forceChange":false}"#,
        Told::User,
    ),
    ("public DELETE /v1/environments/{env}/users/{alice}", &[WORKER], "", Told::User),
    ("public DELETE /v1/environments/{env}/applications/{app}", &[WORKER], "", Told::EachSession),
];

const OF_AM: &[Row] = &[
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/?_action=logout",
        &[AM, ("iplanetdirectorypro", "{first}")],
        "",
        Told::First,
    ),
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/?_action=logout",
        &[AM, ("cookie", "iPlanetDirectoryPro={first}")],
        "",
        Told::First,
    ),
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/?_action=logout",
        &[AM],
        r#"{"tokenId":"{first}"}"#,
        Told::First,
    ),
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/?_action=logout",
        &[AM, AM_ADMIN],
        r#"{"tokenId":"{first}"}"#,
        Told::First,
    ),
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/{first}?_action=logout",
        &[AM, AM_ADMIN],
        "",
        Told::First,
    ),
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/?_action=logoutByHandle",
        &[AM, AM_ADMIN],
        r#"{"sessionHandles":["{handle}"]}"#,
        Told::First,
    ),
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/?_action=logoutByUser",
        &[AM, ("iplanetdirectorypro", "{first}")],
        r#"{"username":"alice"}"#,
        Told::User,
    ),
    (
        "public POST /am/json/realms/root/realms/alpha/sessions/?_action=logoutByUser",
        &[AM, AM_ADMIN],
        r#"{"username":"alice"}"#,
        Told::User,
    ),
];

const OF_AM_PROVIDER: &[Row] = &[
    (
        "public GET /am/oauth2/realms/root/realms/alpha/connect/endSession?id_token_hint={hint}",
        &[("cookie", "iPlanetDirectoryPro={first}")],
        "",
        Told::First,
    ),
    (
        "public GET /am/oauth2/realms/root/realms/alpha/connect/endSession?id_token_hint={hint}",
        &[],
        "",
        Told::First,
    ),
];

const OF_NATIVE_ISSUER: &[Row] = &[
    (
        "public GET /o/alpha/logout?id_token_hint={hint}",
        &[("cookie", "adieu_session={first}")],
        "",
        Told::First,
    ),
    (
        "public POST /o/alpha/logout",
        &[("cookie", "adieu_session={first}"), ("content-type", "application/x-www-form-urlencoded")],
        "id_token_hint={hint}",
        Told::First,
    ),
];

const OF_KRATOS: &[Row] = &[
    (
        "public GET /self-service/logout?token={logout_token}",
        &[("cookie", "ory_kratos_session={first}")],
        "",
        Told::First,
    ),
    ("public DELETE /self-service/logout/api", &[], r#"{"session_token":"{first}"}"#, Told::First),
    ("public DELETE /sessions/{first_id}", &[("x-session-token", "{second}")], "", Told::First),
    ("public DELETE /sessions", &[("x-session-token", "{second}")], "", Told::First),
    ("admin DELETE /admin/sessions/{first_id}", &[], "", Told::First),
    ("admin DELETE /admin/identities/{alice}/sessions", &[], "", Told::User),
    ("admin DELETE /admin/identities/{alice}", &[], "", Told::User),
    (
        "admin PATCH /admin/identities/{alice}",
        &[],
        r#"[{"op":"replace","path":"/state","value":"inactive"}]"#,
        Told::User,
    ),
    (
        "admin PATCH /admin/identities/{alice}",
        &[],
        r#"[{"op":"add","path":"/credentials/password","value":{"config":{"password":"Another-horse-77"}}}]"#,
        Told::User,
    ),
    (
        "admin PUT /admin/identities/{alice}",
        &[],
        r#"{"schema_id":"person","state":"inactive","traits":{"email":"alice@example.test","username":"alice","name":"Alice"}}"#,
        Told::User,
    ),
    (
        "admin PUT /admin/identities/{alice}",
        &[],
        r#"{"schema_id":"person","state":"active","traits":{"email":"alice@example.test","username":"alice","name":"Alice"},
            "credentials":{"password":{"config":{"password":"Another-horse-77"}}}}"#,
        Told::User,
    ),
];

const OF_NATIVE: &[Row] = &[
    ("admin POST /v1/endings", &[], r#"{"session":"{first_id}"}"#, Told::First),
    ("admin POST /v1/endings", &[], r#"{"user":"{alice}"}"#, Told::User),
    ("admin POST /v1/endings", &[], r#"{"user":"{alice}","except":"{second_id}"}"#, Told::First),
    ("admin POST /v1/endings", &[], r#"{"realm":"{env}"}"#, Told::Everyone),
    ("admin POST /v1/endings", &[], r#"{"client":"{app}"}"#, Told::EachSession),
    ("admin POST /v1/endings", &[], r#"{"user":"{alice}","dry_run":true}"#, Told::Nothing),
    ("admin PATCH /v1/users/{alice}", &[], r#"{"enabled":false}"#, Told::User),
    ("admin DELETE /v1/users/{alice}", &[], "", Told::User),
    ("admin PUT /v1/users/{alice}/password", &[], r#"{"password":"Another-horse-77"}"#, Told::User),
    // What proves more is taken away, and nothing ends: whoever signed on with it did.
    ("admin DELETE /v1/users/{alice}/recovery-codes", &[], "", Told::Nothing),
    ("admin PATCH /v1/clients/{app}", &[], r#"{"enabled":false}"#, Told::EachSession),
    ("admin PATCH /v1/clients/{app}", &[], r#"{"grant_types":["client_credentials"]}"#, Told::EachSession),
    ("admin DELETE /v1/clients/{app}", &[], "", Told::EachSession),
    ("admin POST /v1/clients/{app}/secret", &[], r#"{"end_grants":true}"#, Told::EachSession),
    ("admin POST /v1/clients/{app}/secret", &[], "{}", Told::Nothing),
    (
        "admin POST /v1/declaration",
        &[],
        r#"{"document":"[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'alice'\nenabled = false\n"}"#,
        Told::User,
    ),
    (
        "admin POST /v1/declaration",
        &[],
        r#"{"document":"[[realms]]\npath = '/alpha'\n[[realms.clients]]\nclient_id = '{app}'\nenabled = false\n"}"#,
        Told::EachSession,
    ),
];

/// Alice, Bob and the shop.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) receiver: Receiver,
    /// Session tokens: Alice's two, Bob's.
    pub(super) tokens: [String; 3],
    /// What the shop knows of these sessions.
    known: [Value; 3],
    hint: String,
}

impl Scene {
    pub(super) async fn with(provider: Provider, change: impl FnOnce(&mut adieu::config::Config)) -> Self {
        let mut config = profile_config("main");
        config.passwords.change_ends_sessions = true;
        change(&mut config);
        Self::of(World::with_config(config).await, provider).await
    }

    /// The same in a data folder, for stories of that folder.
    pub(super) async fn in_folder(
        provider: Provider,
        change: impl FnOnce(&mut adieu::config::Config),
    ) -> Self {
        let mut config = profile_config("main");
        config.passwords.change_ends_sessions = true;
        change(&mut config);
        Self::of(World::in_folder_with(config).await, provider).await
    }

    async fn of(world: World, provider: Provider) -> Self {
        let receiver = Receiver::start().await;
        let world = with_told_at(world, &receiver).await;
        let id = world.data.app.id.clone();
        world.edit_client(&id, |client| client.ends_by_id_token = true).await;
        let (mut tokens, mut known, mut hint) = (Vec::new(), Vec::new(), String::new());
        for who in ["user", "user", "user2"] {
            let programs = Programs::of(&world);
            let password = programs.pingone(&who.replace("user", "password")).to_owned();
            world.wait_s(1); // So that one of two is the older one.
            let token = world.sign_on_kratos(programs.pingone(who), &password).await;
            let id_token = issued(&world, provider, &token).await;
            known.push(claims_of(&id_token));
            if tokens.is_empty() {
                hint = id_token;
            }
            tokens.push(token);
        }
        let three = "three of each";
        Self {
            tokens: tokens.try_into().expect(three),
            known: known.try_into().expect(three),
            world,
            receiver,
            hint,
        }
    }

    /// The text with what the names in it stand for.
    async fn filled(&self, text: &str) -> String {
        let programs = Programs::of(&self.world);
        let mut text = text.to_owned();
        while let Some(name) = name_in(&text) {
            let value = match name.as_str() {
                "env" => programs.pingone("env_id").to_owned(),
                "app" => programs.pingone("app_client_id").to_owned(),
                "alice" => programs.pingone("user_id").to_owned(),
                "first" => self.tokens[0].clone(),
                "second" => self.tokens[1].clone(),
                "first_id" => self.session_id(0).await,
                "second_id" => self.session_id(1).await,
                "hint" => self.hint.clone(),
                "worker" => {
                    let pairs = [("grant_type", "client_credentials")];
                    let answer = programs.token_endpoint("worker", &pairs).send().await.json();
                    answer["access_token"].as_str().expect("a token").to_owned()
                }
                "am_admin" => self.am_administrator().await,
                "handle" => {
                    let path = "/am/json/realms/root/realms/alpha/sessions?_action=getSessionInfo";
                    let ask = self.world.post(path).header("iplanetdirectorypro", &self.tokens[0]);
                    let info = ask.header("accept-api-version", "resource=2.1").send().await.json();
                    info["sessionHandle"].as_str().expect("a handle").to_owned()
                }
                "logout_token" => {
                    let ask = self.world.get("/self-service/logout/browser");
                    let answer = ask.header("x-session-token", &self.tokens[0]).send().await.json();
                    answer["logout_token"].as_str().expect("a token").to_owned()
                }
                other => panic!("nobody knows {other}"),
            };
            text = text.replace(&format!("{{{name}}}"), &value);
        }
        text
    }

    pub(super) async fn session_id(&self, which: usize) -> String {
        let ask = self.world.get("/sessions/whoami").header("x-session-token", &self.tokens[which]);
        ask.send().await.json()["id"].as_str().expect("a session id").to_owned()
    }

    async fn am_administrator(&self) -> String {
        let variables = self.world.variables();
        let text = |name: &str| variables["am"][name].as_str().expect("a variable").to_owned();
        let ask = self.world.post("/am/json/realms/root/authenticate");
        let ask = ask.header("x-openam-username", &text("admin_user"));
        let ask = ask.header("x-openam-password", &text("admin_password"));
        let answer = ask.header("accept-api-version", "resource=2.0").json(&json!({})).send().await;
        answer.json()["tokenId"].as_str().expect("a tokenId").to_owned()
    }

    async fn carry_out(&self, (what, headers, body, _): &Row) -> Reply {
        let words: Vec<&str> = what.split(' ').collect();
        let [side, method, path] = words[..] else { panic!("{what}") };
        let (method, path) = (method.parse::<Method>().expect("a method"), self.filled(path).await);
        let mut ask = match side {
            "admin" => self.world.admin(method, &path),
            _ => self.world.ask(method, &path),
        };
        let mut typed = false;
        for (name, value) in *headers {
            typed |= *name == "content-type";
            ask = ask.header(name, &self.filled(value).await);
        }
        if !typed && (!body.is_empty() || what.contains("_action")) {
            ask = ask.header("content-type", "application/json");
        }
        let body = self.filled(body).await;
        ask.body(body).send().await
    }

    /// What the shop is sent now, as `alice first`, `alice *` and their like.
    pub(super) async fn told(&self) -> Vec<String> {
        while tell(&self.world).await > 0 {}
        let heard = self.receiver.heard();
        let told = heard.iter().map(|heard| {
            let claims = claims_of(heard.body.strip_prefix("logout_token=").expect("a token"));
            let of = |name: &str| self.known.iter().position(|known| known[name] == claims[name]);
            let who = ["alice", "alice", "bob"][of("sub").expect("somebody whom the shop knows")];
            if claims["sid"].is_null() {
                return format!("{who} *");
            }
            format!(
                "{who} {}",
                ["first", "second", "third"][of("sid").expect("a session that the shop knows")]
            )
        });
        let mut told: Vec<String> = told.collect();
        told.sort();
        told
    }
}

/// The first name in braces.
fn name_in(text: &str) -> Option<String> {
    text.split('{').skip(1).find_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let plain = name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
        (plain && !name.is_empty()).then(|| name.to_owned())
    })
}

/// An ID token of the shop, which takes part in a session by it.
async fn issued(world: &World, provider: Provider, token: &str) -> String {
    let programs = Programs::of(world);
    let (path, at, cookie) = match provider {
        Provider::PingOne => return programs.tokens(token).await.id,
        Provider::Am => (
            "/am/oauth2/realms/root/realms/alpha/authorize",
            "/am/oauth2/realms/root/realms/alpha/access_token",
            "iPlanetDirectoryPro",
        ),
        Provider::Native => ("/o/alpha/authorize", "/o/alpha/token", "adieu_session"),
    };
    let (client, to) = (programs.pingone("app_client_id"), programs.pingone("app_redirect_uri"));
    let query = format!("response_type=code&client_id={client}&redirect_uri={to}&scope=openid&prompt=none");
    let answer = world.get(&format!("{path}?{query}")).cookie(cookie, token).send().await;
    let code = answer.location().split(['?', '&']).find_map(|pair| pair.strip_prefix("code="));
    let code = code.unwrap_or_else(|| panic!("no code: {} {}", answer.location(), answer.text)).to_owned();
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", to)];
    let answer = world.post(at).header("authorization", &programs.basic("app")).form(&pairs).send().await;
    answer.json()["id_token"].as_str().unwrap_or_else(|| panic!("no token: {}", answer.text)).to_owned()
}

impl Told {
    pub(super) fn tokens(self) -> &'static [&'static str] {
        match self {
            Self::First => &["alice first"],
            Self::User => &["alice *"],
            Self::Everyone => &["alice *", "bob *"],
            Self::EachSession => &["alice first", "alice second", "bob third"],
            Self::BothOfUser => &["alice first", "alice second"],
            Self::Nothing => &[],
        }
    }
}

async fn each_tells(provider: Provider, rows: &[Row]) {
    let mut wrong = Vec::new();
    for row in rows {
        let scene = Scene::with(provider, |_| {}).await;
        let reply = scene.carry_out(row).await;
        let done = reply.status.is_success() || reply.status.is_redirection();
        let told = scene.told().await;
        if !done || told != row.3.tokens() {
            wrong.push(format!(
                "{} {}: {} {told:?}, not {:?}: {}",
                row.0, row.2, reply.status, row.3, reply.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Goal: S-BCL-6: whatever ends sessions through PingOne's dialect tells who took part, once and of the right thing.
#[tokio::test]
async fn whatever_pingone_ends_is_told() {
    each_tells(Provider::PingOne, OF_PINGONE).await;
}

/// Goal: S-BCL-6: the same through AM's dialect, and at its provider.
#[tokio::test]
async fn whatever_am_ends_is_told() {
    each_tells(Provider::PingOne, OF_AM).await;
    each_tells(Provider::Am, OF_AM_PROVIDER).await;
}

/// Goal: S-BCL-6: the same through Kratos' dialect.
#[tokio::test]
async fn whatever_kratos_ends_is_told() {
    each_tells(Provider::PingOne, OF_KRATOS).await;
}

/// Goal: S-BCL-6: the same through the native API and at a native issuer; what ends nothing tells nobody.
#[tokio::test]
async fn whatever_the_native_api_ends_is_told() {
    each_tells(Provider::PingOne, OF_NATIVE).await;
    each_tells(Provider::Native, OF_NATIVE_ISSUER).await;
}
