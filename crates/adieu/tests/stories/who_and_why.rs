//! Every ending says who, why and through which channel, whatever ended it; the native API shows it.
//!
//! The dialects are asked as their own programs ask; who is told reads `GET /v1/sessions/{session}` and, by the id that the
//! answer named, `GET /v1/endings/{ending}`.

use adieu_authority::NewPerson;
use adieu_http_kit::client::Peer;
use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest};
use http::Method;
use serde_json::{Value, json};

use crate::one_session::{Dialect, Exit, Programs};
use crate::response_modes::Issuer;

/// A way to end Alice's session.
#[derive(Clone, Copy, Debug)]
enum Way {
    Exit(Exit),
    AmLogoutByUser,
    KratosNativeLogout,
    KratosOthers,
    KratosAdminSession,
    KratosAdminDisabled,
    KratosAdminBatch,
    KratosAdminPassword,
    KratosOwnPassword,
    PingOneByIdToken,
    PingOneDisabled,
    PingOnePassword,
    OpenIdLogout,
    FrontPage,
    NativeSession,
    NativeUser,
    NativeAllButOne,
    NativeRealm,
    NativeDisabled,
    NativePassword,
    NativeApply,
    Time,
}

/// What is to be told: the cause, the kind of the actor with its name in the data, the channel, the reason.
type Told = (&'static str, (&'static str, Option<&'static str>), &'static str, Option<&'static str>);

const ALICE: (&str, Option<&str>) = ("user", Some("user_id"));
const WORKER: (&str, Option<&str>) = ("client", Some("worker_client_id"));
const APPLICATION: (&str, Option<&str>) = ("client", Some("app_client_id"));
const OPERATOR: (&str, Option<&str>) = ("operator", None);
/// From where all requests come.
const ADDRESS: &str = "192.0.2.9:4711";
const REASON: &str = "Alice's laptop was stolen";

const WAYS: [(Way, Told); 26] = [
    (Way::Exit(Exit::PingOneSignOff), ("sign_off", ALICE, "pingone", None)),
    (Way::Exit(Exit::PingOneReset), ("administrator", WORKER, "pingone", None)),
    (Way::Exit(Exit::PingOneDelete), ("administrator", WORKER, "pingone", None)),
    (Way::Exit(Exit::AmLogout), ("sign_off", ALICE, "am", None)),
    (Way::Exit(Exit::KratosLogout), ("sign_off", ALICE, "kratos", None)),
    (Way::AmLogoutByUser, ("sign_off", ALICE, "am", None)),
    (Way::KratosNativeLogout, ("sign_off", ALICE, "kratos", None)),
    (Way::KratosOthers, ("sign_off", ALICE, "kratos", None)),
    (Way::KratosAdminSession, ("administrator", OPERATOR, "kratos", None)),
    (Way::KratosAdminDisabled, ("user_disabled", OPERATOR, "kratos", None)),
    (Way::KratosAdminBatch, ("administrator", OPERATOR, "kratos", None)),
    (Way::KratosAdminPassword, ("password_changed", OPERATOR, "kratos", None)),
    (Way::KratosOwnPassword, ("password_changed", ALICE, "kratos", None)),
    (Way::PingOneByIdToken, ("sign_off", APPLICATION, "pingone", None)),
    (Way::PingOneDisabled, ("user_disabled", WORKER, "pingone", None)),
    (Way::PingOnePassword, ("password_changed", WORKER, "pingone", None)),
    (Way::OpenIdLogout, ("sign_off", ALICE, "openid", None)),
    (Way::FrontPage, ("sign_off", ALICE, "pages", None)),
    (Way::NativeSession, ("administrator", OPERATOR, "native", Some(REASON))),
    (Way::NativeUser, ("administrator", OPERATOR, "native", Some(REASON))),
    (Way::NativeAllButOne, ("administrator", OPERATOR, "native", Some(REASON))),
    (Way::NativeRealm, ("administrator", OPERATOR, "native", Some(REASON))),
    (Way::NativeDisabled, ("user_disabled", OPERATOR, "native", Some(REASON))),
    (Way::NativePassword, ("password_changed", OPERATOR, "native", Some(REASON))),
    (Way::NativeApply, ("user_disabled", OPERATOR, "native", Some(REASON))),
    (Way::Time, ("expired", ("system", None), "system", None)),
];

struct Scene<'a> {
    world: &'a World,
    programs: Programs<'a>,
}

impl<'a> Scene<'a> {
    fn of(world: &'a World) -> Self {
        Self { world, programs: Programs::of(world) }
    }

    async fn id(&self, token: &str) -> String {
        let whoami = self.world.get("/sessions/whoami").header("x-session-token", token).send().await.json();
        whoami["id"].as_str().expect("a session id").to_owned()
    }

    async fn shown(&self, id: &str) -> Value {
        sound(self.world.admin(Method::GET, &format!("/v1/sessions/{id}"))).await.json()
    }

    async fn end(&self, way: Way, token: &str, id: &str) -> Option<Reply> {
        let (world, user) = (self.world, self.programs.pingone("user_id"));
        let native = |method, path: &str, body: Value| sound(world.admin(method, path).json(&body));
        let ending = |target: Value| {
            let mut order = target;
            order["reason"] = REASON.into();
            native(Method::POST, "/v1/endings", order)
        };
        Some(match way {
            Way::Exit(exit) => self.programs.end(exit, token).await,
            Way::Time => {
                world.wait_s(2 * 24 * 3600);
                return None;
            }
            Way::AmLogoutByUser => {
                let path = "/am/json/realms/root/realms/alpha/sessions/?_action=logoutByUser";
                let ask = world.post(path).header("iplanetdirectorypro", token);
                let ask = ask.header("accept-api-version", "resource=5.1, protocol=1.0");
                sound(ask.json(&json!({"username": self.programs.pingone("user")}))).await
            }
            Way::KratosNativeLogout => {
                let ask = world.delete("/self-service/logout/api");
                sound(ask.json(&json!({"session_token": token}))).await
            }
            Way::KratosOthers => {
                let other = self.programs.sign_on(Dialect::Kratos).await;
                sound(world.delete("/sessions").header("x-session-token", &other)).await
            }
            Way::KratosAdminSession => {
                sound(world.admin(Method::DELETE, &format!("/admin/sessions/{id}"))).await
            }
            Way::KratosAdminDisabled => {
                let change = json!([{"op": "replace", "path": "/state", "value": "inactive"}]);
                native(Method::PATCH, &format!("/admin/identities/{user}"), change).await
            }
            Way::KratosAdminBatch => {
                let batch = json!({"action": "disable", "sessions": [id]});
                native(Method::POST, "/admin/sessions", batch).await
            }
            Way::KratosAdminPassword => {
                let path = format!("/admin/identities/{user}");
                let now = sound(world.admin(Method::GET, &path)).await.json();
                let config = json!({"config": {"password": self.programs.pingone("password")}});
                let next = json!({
                    "schema_id": now["schema_id"], "traits": now["traits"], "state": "active",
                    "credentials": {"password": config},
                });
                native(Method::PUT, &path, next).await
            }
            Way::KratosOwnPassword => {
                let own = self.programs.sign_on(Dialect::Kratos).await;
                let flow = sound(world.get("/self-service/settings/api").header("x-session-token", &own));
                let flow = flow.await.json()["id"].as_str().expect("a flow").to_owned();
                let ask = world.post(&format!("/self-service/settings?flow={flow}"));
                let body = json!({"method": "password", "password": "Another-rabbit-hole-12"});
                sound(ask.header("x-session-token", &own).json(&body)).await
            }
            Way::PingOnePassword => {
                let path = format!("/users/{user}/password");
                let kind = "application/vnd.pingidentity.password.set+json";
                let body = json!({"value": self.programs.pingone("password")}).to_string();
                let ask = self.managed(Method::PUT, &path).await;
                sound(ask.header("content-type", kind).body(body)).await
            }
            Way::OpenIdLogout => {
                let ask = Issuer::Native.authorize(world, "");
                let answer = Issuer::Native.signed_on(ask, token).send().await;
                let code = answer.location().split(['=', '&']).nth(1).expect("a code").to_owned();
                let tokens = sound_reply(Issuer::Native.redeem(world, &code).await).json();
                let hint = tokens["id_token"].as_str().expect("an ID token");
                let ask = world.get(&format!("{}/logout?id_token_hint={hint}", Issuer::Native.base(world)));
                sound(Issuer::Native.signed_on(ask, token)).await
            }
            Way::FrontPage => {
                let front =
                    sound(world.get("/").header("accept", "text/html").cookie("ory_kratos_session", token));
                let page = front.await.text;
                let (_, rest) = page.split_once("name=\"token\" value=\"").expect("a form");
                let form = [("token", rest.split('"').next().expect("a value"))];
                sound(world.post("/ui/sign-off").cookie("ory_kratos_session", token).form(&form)).await
            }
            Way::PingOneByIdToken => {
                let client = format!("/v1/clients/{}", self.programs.pingone("app_client_id"));
                native(Method::PATCH, &client, json!({"ends_by_id_token": true})).await;
                let hint = self.programs.tokens(token).await.id;
                let environment = self.programs.pingone("env_id");
                let path = format!("/{environment}/as/idpSignoff?id_token_hint={hint}");
                sound(world.get(&path).header("accept", "application/json")).await
            }
            Way::PingOneDisabled => {
                let ask = self.managed(Method::PUT, &format!("/users/{user}/enabled")).await;
                sound(ask.json(&json!({"enabled": false}))).await
            }
            Way::NativeSession => ending(json!({"session": id})).await,
            Way::NativeUser => ending(json!({"user": user})).await,
            Way::NativeAllButOne => {
                let other = self.programs.sign_on(Dialect::Kratos).await;
                ending(json!({"user": user, "except": self.id(&other).await})).await
            }
            Way::NativeRealm => ending(json!({"realm": self.programs.pingone("env_id")})).await,
            Way::NativeDisabled => {
                native(
                    Method::PATCH,
                    &format!("/v1/users/{user}"),
                    json!({"enabled": false, "reason": REASON}),
                )
                .await
            }
            Way::NativePassword => {
                let password = json!({"password": self.programs.pingone("password"), "reason": REASON});
                native(Method::PUT, &format!("/v1/users/{user}/password"), password).await
            }
            Way::NativeApply => {
                let alice = self.programs.pingone("user");
                let users = format!("[[realms.users]]\nusername = '{alice}'\nenabled = false\n");
                let document = format!("[[realms]]\npath = '/alpha'\n{users}");
                let order = json!({"document": document, "reason": REASON});
                native(Method::POST, "/v1/declaration", order).await
            }
        })
    }

    /// A request of an administrator's program to PingOne's management API.
    async fn managed(&self, method: Method, path: &str) -> WorldRequest {
        let pairs = [("grant_type", "client_credentials")];
        let worker = self.programs.token_endpoint("worker", &pairs).send().await.json();
        let path = format!("/v1/environments/{}{path}", self.programs.pingone("env_id"));
        self.world.ask(method, &path).bearer(worker["access_token"].as_str().expect("a token"))
    }

    /// The ending of an id, as it is shown.
    async fn ending(&self, id: &str) -> Value {
        sound(self.world.admin(Method::GET, &format!("/v1/endings/{id}"))).await.json()
    }

    fn expected(&self, told: Told) -> Value {
        let (cause, (kind, name), channel, reason) = told;
        let id = name.map(|name| self.programs.pingone(name));
        // Nobody sends what time ends.
        let address = (kind != "system").then_some(ADDRESS);
        json!({
            "cause": cause, "actor": {"kind": kind, "id": id}, "channel": channel, "reason": reason,
            "address": address,
        })
    }
}

async fn sound(ask: WorldRequest) -> Reply {
    sound_reply(ask.send().await)
}

fn sound_reply(reply: Reply) -> Reply {
    assert!(reply.status.is_success(), "{} {}", reply.status, reply.text);
    reply
}

/// Goal: every ending says who, why, through which channel, from where and when, in every dialect and of every kind; what ended
/// with others says so as well, over a crash and when the sweep has taken its row. And whoever took part has a receipt.
#[tokio::test]
async fn every_ending_says_who_and_why() {
    let mut config = adieu_testkit::world::profile_config("main");
    config.passwords.change_ends_sessions = true;
    config.public.front_page = true;
    let mut world = World::with_config(config).await;
    world.requests_come_from(Peer(ADDRESS.parse().expect("an address")));
    for (way, told) in WAYS {
        let scene = Scene::of(&world);
        let token = scene.programs.sign_on(Dialect::Kratos).await;
        let id = scene.id(&token).await;
        scene.programs.tokens(&token).await;
        assert_eq!(scene.shown(&id).await["ending"], Value::Null, "{way:?}: live");
        let reply = scene.end(way, &token, &id).await;

        let mut first = scene.shown(&id).await["ending"].clone();
        let ending = reply.map(|reply| reply.header("adieu-ending").to_owned());
        for _ in 0..2 {
            let shown = Scene::of(&world).shown(&id).await;
            assert_ne!(shown["state"], "live", "{way:?}");
            assert_eq!(shown["ending"], first, "{way:?}: nothing changes it");
            world.crash_and_restart().await;
            while world.authority().sweep().await.expect("a sweep").more {}
        }
        // Its answer named the ending; what time ends is answered to nobody, and stands in the index all the same.
        let mut newest = world.admin(Method::GET, "/v1/endings?limit=1").send().await.json();
        let ending = ending.unwrap_or_else(|| newest["items"][0]["id"].as_str().expect("one").to_owned());
        world.server().outbox(world.config()).expect("an outbox").tell_due().await.expect("a round");
        let mut found = Scene::of(&world).ending(&ending).await;
        // The application has no address, and its receipt says so: whatever ends a session, who took part is found.
        let [notices, _] = [&mut found, &mut newest["items"][0]].map(|shown| {
            shown.as_object_mut().and_then(|shown| shown.shift_remove("notices")).expect("notices")
        });
        let counted = (&notices["complete"], &notices["counts"]["cannot_be_told"]);
        assert_eq!(counted, (&json!(true), &json!(1)), "{way:?}: {notices}");
        assert_eq!((&found, &found["ending"]), (&newest["items"][0], &first), "{way:?}");
        let one = found["reach"] == "session";
        assert!(!one || found["session"] == id, "{way:?}: {found}");
        let at = first.as_object_mut().and_then(|ending| ending.remove("at"));
        assert!(at.is_some_and(|at| at.is_string()), "{way:?}: {first}");
        let scene = Scene::of(&world);
        assert_eq!(first, scene.expected(told), "{way:?}");
        let again = json!({"enabled": true});
        let path = format!("/v1/users/{}", scene.programs.pingone("user_id"));
        sound(world.admin(Method::PATCH, &path).json(&again)).await;
        if matches!(way, Way::KratosOwnPassword) {
            let password = json!({"password": scene.programs.pingone("password")});
            sound(world.admin(Method::PUT, &format!("{path}/password")).json(&password)).await;
        }
    }
}

/// Goal: a user who is removed takes their sessions along, and the ending stays: who removed them, why, by which channel.
#[tokio::test]
async fn the_removal_of_a_user_says_who_and_why() {
    let mut world = World::start().await;
    world.requests_come_from(Peer(ADDRESS.parse().expect("an address")));
    let scene = Scene::of(&world);
    let reason = REASON.replace(' ', "%20").replace('\'', "%27");
    for (n, (channel, actor, reason)) in
        [("native", OPERATOR, Some(reason.as_str())), ("kratos", OPERATOR, None), ("pingone", WORKER, None)]
            .into_iter()
            .enumerate()
    {
        let (name, password) = (format!("dora{n}"), "Explores-all-88");
        let new =
            NewPerson { username: name.clone(), password: Some(password.into()), ..NewPerson::default() };
        let dora = world.authority().create_user(&world.data.population, new).await.expect("a user").id;
        let token = world.sign_on_kratos(&name, password).await;
        let id = scene.id(&token).await;
        let ask = match (channel, reason) {
            ("native", Some(reason)) => {
                world.admin(Method::DELETE, &format!("/v1/users/{dora}?reason={reason}"))
            }
            ("kratos", _) => world.admin(Method::DELETE, &format!("/admin/identities/{dora}")),
            _ => scene.managed(Method::DELETE, &format!("/users/{dora}")).await,
        };
        let reply = sound(ask).await;
        let gone = world.admin(Method::GET, &format!("/v1/sessions/{id}")).send().await;
        assert_eq!(gone.status, 404, "{channel}: it is shown to nobody");
        let mut found = scene.ending(reply.header("adieu-ending")).await;
        assert_eq!((&found["reach"], &found["user"]), (&json!("total"), &json!(dora.to_string())), "{found}");
        found["ending"].as_object_mut().and_then(|ending| ending.remove("at")).expect("a time");
        let told = ("user_removed", actor, channel, reason.map(|_| REASON));
        assert_eq!(found["ending"], scene.expected(told), "{channel}");
    }
}

/// Goal: what time and quotas end says so, and is nobody's act: idle sessions, and the oldest of too many.
#[tokio::test]
async fn what_idleness_and_a_quota_end_says_so() {
    let mut config = adieu_testkit::world::profile_config("main");
    config.kratos.session_idle_s = 3600;
    config.am.sessions_max = 1;
    let mut world = World::with_config(config).await;
    world.requests_come_from(Peer(ADDRESS.parse().expect("an address")));
    let scene = Scene::of(&world);
    let told = async |id: &str| {
        let mut ending = scene.shown(id).await["ending"].clone();
        ending.as_object_mut().and_then(|ending| ending.remove("at")).expect("a time");
        ending
    };
    let first = scene.id(&scene.programs.sign_on(Dialect::Am).await).await;
    let second = scene.id(&scene.programs.sign_on(Dialect::Am).await).await;
    let by_quota = json!({
        "cause": "quota", "actor": {"kind": "system", "id": null}, "channel": "am", "reason": null,
        "address": ADDRESS,
    });
    assert_eq!(told(&first).await, by_quota);
    assert_eq!(scene.shown(&second).await["state"], "live");

    let idle = scene.id(&scene.programs.sign_on(Dialect::Kratos).await).await;
    world.wait_s(3600);
    assert_eq!(told(&idle).await, scene.expected(("idle", ("system", None), "system", None)));
}

/// Goal: what a client held ends by whatever switches it off or removes it, and the answer names that ending, too; a change that
/// ends nothing names none.
#[tokio::test]
async fn a_change_of_a_client_that_ends_something_names_the_ending() {
    let world = World::start().await;
    let scene = Scene::of(&world);
    let pairs = [("grant_type", "client_credentials")];
    let worker = scene.programs.token_endpoint("worker", &pairs).send().await.json();
    let worker = worker["access_token"].as_str().expect("a token").to_owned();
    let (app, two) = (scene.programs.pingone("app_client_id"), world.data.app_two.id.to_string());
    let native = |method, path: String, body: Value| world.admin(method, &path).json(&body);
    let path = format!("/v1/clients/{app}");
    let declare = |enabled: bool| {
        let client = format!("[[realms.clients]]\nclient_id = 'till'\nenabled = {enabled}\n");
        let document = format!("[[realms]]\npath = '/alpha'\n{client}grant_types = ['client_credentials']\n");
        native(Method::POST, "/v1/declaration".into(), json!({"document": document}))
    };
    let pingone = |method| {
        let environment = scene.programs.pingone("env_id");
        world.ask(method, &format!("/v1/environments/{environment}/applications/{two}")).bearer(&worker)
    };
    let mut application = sound(pingone(Method::GET)).await.json();
    application["enabled"] = false.into();
    let silent = [
        native(Method::PATCH, path.clone(), json!({"client_name": "Shop"})),
        native(Method::POST, format!("{path}/secret"), json!({})),
        declare(true),
    ];
    for ask in silent {
        assert!(sound(ask).await.headers.get("adieu-ending").is_none());
    }
    let off =
        |path: &str| native(Method::PATCH, path.to_owned(), json!({"enabled": false, "reason": REASON}));
    let telling = [
        (
            native(Method::POST, format!("{path}/secret"), json!({"end_grants": true})),
            app,
            "native",
            OPERATOR,
        ),
        (off(&path), app, "native", OPERATOR),
        (world.admin(Method::DELETE, &path), app, "native", OPERATOR),
        (declare(false), "till", "native", OPERATOR),
        (pingone(Method::PUT).json(&application), &*two, "pingone", WORKER),
        (pingone(Method::DELETE), &*two, "pingone", WORKER),
    ];
    for (n, (ask, client, channel, (actor, _))) in telling.into_iter().enumerate() {
        let reply = sound(ask).await;
        let found = scene.ending(reply.header("adieu-ending")).await;
        assert_eq!((&found["reach"], &found["client"]), (&"client".into(), &client.into()), "{n}: {found}");
        let (told, by) = (&found["ending"]["channel"], &found["ending"]["actor"]["kind"]);
        assert_eq!((told, by), (&channel.into(), &actor.into()), "{n}: {found}");
    }
}
