//! Sessions under a user and under the environment: who may read, delete and reset them.
//!
//! Contract pingone.md 2.2, 2.3 and 3.5.

use adieu_authority::{Client, ClientAuth, NewClient, NewPerson, Role, RoleAssignment, RoleScope};
use http::Method;

use crate::fixture::{ALICE, API, App, BOB, CAROL, FaceFixture, RESET, claims};

const FORBIDDEN: Option<(&str, Option<&str>)> = Some(("INSUFFICIENT_PERMISSIONS", None));
const INVALID_TOKEN: Option<(&str, Option<&str>)> = Some(("INVALID_TOKEN", None));
const OWN: &str = "openid p1:read:sessions p1:delete:sessions";

impl FaceFixture {
    pub(crate) async fn client(&self, id: &str, roles: Vec<RoleAssignment>) -> String {
        let realm = self.world.data.realm.id;
        let new = NewClient {
            id: id.parse().expect("an id"),
            name: id.into(),
            auth: ClientAuth::Basic,
            code: false,
            refresh: false,
            client_credentials: true,
            pkce_required: false,
            api_scopes: vec![],
            redirect_uris: vec![],
            post_logout_redirect_uris: vec![],
            roles,
        };
        let client = self.world.authority().create_client(realm, new).await.expect("a client");
        let secret = self.world.authority().secret_of(&client).expect("a secret");
        self.own_token(id, &secret).await
    }

    fn alice(&self) -> String {
        self.world.data.alice.id.to_string()
    }

    fn bob(&self) -> String {
        self.world.data.bob.id.to_string()
    }

    fn carol(&self) -> String {
        self.world.data.guest.id.to_string()
    }

    /// U1, as ids.
    async fn listed(&self, bearer: &str, user: &str) -> Vec<String> {
        let reply = self.get(&self.m(&format!("users/{user}/sessions"))).bearer(bearer).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let sessions = reply.json()["_embedded"]["sessions"].as_array().expect("a list").clone();
        sessions.iter().map(|session| session["id"].as_str().expect("an id").to_owned()).collect()
    }

    fn reset(&self, session: &str, bearer: &str) -> crate::fixture::Ask {
        self.post(&self.m(&format!("sessions/{session}"))).bearer(bearer).header("content-type", RESET)
    }
}

/// Goal: exit 3 as written. P-7 to P-9: an administrator sees the session and deletes it; it is over and no longer listed.
#[tokio::test]
async fn an_administrator_deletes_one_session_of_one_user() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let (held, other) = (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await);
    assert_eq!(fixture.listed(&worker, &fixture.alice()).await.len(), 2);
    assert!(fixture.listed(&worker, &fixture.alice()).await.contains(&held.sid), "P-7");
    assert_eq!(claims(&held.access)["sid"], held.sid.as_str());

    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.alice(), held.sid));
    let reply = fixture.delete(&path).bearer(&worker).send().await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "P-8");
    assert_eq!(fixture.listed(&worker, &fixture.alice()).await, [other.sid.as_str()], "P-9");
    fixture.assert_ended(&held).await;
    fixture.assert_live(&other).await;
    for again in [fixture.delete(&path), fixture.get(&path)] {
        again.bearer(&worker).send().await.assert_error(404, "NOT_FOUND", None);
    }
}

/// The session object, in both families, and the list around it. P-7.
#[tokio::test]
async fn a_session_is_shown_as_contracted() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let flow = fixture.flow(&fixture.shop(), &[]).await;
    let check = fixture.check(&flow, ALICE).header("user-agent", "curl/8.9.1");
    let sid = check.send().await.json()["session"]["id"].as_str().expect("a session").to_owned();
    let (env, alice) = (fixture.env(), fixture.alice());
    let path = fixture.m(&format!("users/{alice}/sessions/{sid}"));
    let shown = fixture.get(&path).bearer(&worker).header("accept", "application/json").send().await;
    assert_eq!(shown.header("content-type"), "application/json");
    let at = "2026-11-20T09:14:07.312Z";
    let policy = shown.json()["lastSignOn"]["policy"].clone();
    assert_eq!(policy["type"], "PINGONE");
    let expected = serde_json::json!({
        "_links": {
            "self": {"href": format!("{API}/v1/environments/{env}/users/{alice}/sessions/{sid}")},
            "environment": {"href": format!("{API}/v1/environments/{env}")},
            "user": {"href": format!("{API}/v1/environments/{env}/users/{alice}")},
        },
        "id": sid,
        "environment": {"id": env},
        "user": {"id": alice},
        "createdAt": at,
        "activeAt": at,
        "idleTimeoutInMinutes": 43200,
        "userAgent": "curl/8.9.1",
        "browser": {"name": "curl", "version": "8.9.1"},
        "operatingSystem": {"name": "Other"},
        "device": {"type": "Other"},
        "lastSignOn": {
            "at": at,
            "authenticators": ["pwd"],
            "withAuthenticator": {"pwd": {"at": at, "policy": policy}},
            "policy": policy,
        },
    });
    assert_eq!(shown.json(), expected);
    let list = fixture
        .get(&fixture.m(&format!("users/{alice}/sessions?limit=1")))
        .bearer(&worker)
        .send()
        .await
        .json();
    assert_eq!(list["_links"]["self"]["href"], format!("{API}/v1/environments/{env}/users/{alice}/sessions"));
    assert_eq!(
        (&list["_embedded"]["sessions"][0], &list["count"], &list["size"]),
        (&expected, &1.into(), &1.into())
    );
    let of_env = fixture.get(&fixture.m(&format!("sessions/{sid}"))).bearer(&worker).send().await.json();
    assert_eq!(of_env["_links"]["self"]["href"], format!("{API}/v1/environments/{env}/sessions/{sid}"));
    assert_eq!(fixture.listed(&worker, &fixture.bob()).await, Vec::<String>::new());
    let other = fixture
        .get(&fixture.m(&format!("users/{}/sessions/{sid}", fixture.bob())))
        .bearer(&worker)
        .send()
        .await;
    other.assert_error(404, "NOT_FOUND", None);
}

/// Goal: exit 2 as written. P-10, P-11: the sign-on is over, the id stays, and what was issued before stays dead.
#[tokio::test]
async fn a_reset_ends_the_sign_on_and_keeps_the_id() {
    let mut fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let held = fixture.sign_on(ALICE).await;
    let reply = fixture.reset(&held.sid, &worker).send().await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "P-10");
    fixture.assert_ended(&held).await;
    assert_eq!(fixture.listed(&worker, &fixture.alice()).await, Vec::<String>::new());
    let shown = fixture.get(&fixture.m(&format!("sessions/{}", held.sid))).bearer(&worker).send().await;
    assert_eq!(shown.status, 200, "Q-5");
    assert!(shown.json().get("user").is_none() && shown.json()["lastSignOn"].is_null());
    assert_eq!(fixture.reset(&held.sid, &worker).send().await.status, 204, "again");

    fixture.crash_and_restart().await;
    let again = fixture.sign_on_to(&fixture.shop(), ALICE, Some(&held.st), "openid").await;
    assert_eq!(again.sid, held.sid, "the same session");
    assert_ne!(again.st, held.st);
    fixture.assert_live(&again).await;
    for token in [&held.access, &held.refresh] {
        assert_eq!(fixture.introspect(&fixture.shop(), token).await.text, r#"{"active":false}"#, "P-11");
    }
    assert!(!fixture.is_signed_on(&held.st).await);
}

/// P-12, P-13: the media type is the order.
#[tokio::test]
async fn the_order_to_reset_stands_in_the_media_type() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let held = fixture.sign_on(ALICE).await;
    let path = fixture.m(&format!("sessions/{}", held.sid));
    for kind in ["application/json", "application/vnd.pingidentity.sso.session", "", "text/plain"] {
        let reply = fixture.post(&path).bearer(&worker).header("content-type", kind).send().await;
        reply.assert_error(415, "INVALID_REQUEST", None);
    }
    fixture.post(&path).bearer(&worker).send().await.assert_error(415, "INVALID_REQUEST", None);
    fixture.assert_live(&held).await;
    for kind in [format!("{RESET}; charset=utf-8"), RESET.to_uppercase()] {
        let reply =
            fixture.post(&path).bearer(&worker).header("content-type", &kind).body("ignored").send().await;
        assert_eq!(reply.status, 204, "{kind}");
    }
    fixture.assert_ended(&held).await;
}

/// P-14, P-15: users read and delete their own sessions, never the current one, and never anybody else's.
#[tokio::test]
async fn users_delete_their_own_other_sessions() {
    let fixture = FaceFixture::open().await;
    let own = fixture.sign_on_to(&fixture.shop(), ALICE, None, OWN).await;
    let (other, bob) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOB).await);
    assert_eq!(fixture.listed(&own.access, &fixture.alice()).await.len(), 2);
    let delete = |user: &str, sid: &str| {
        fixture.delete(&fixture.m(&format!("users/{user}/sessions/{sid}"))).bearer(&own.access).send()
    };
    let reply = delete(&fixture.alice(), &own.sid).await;
    reply.assert_error(400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", Some("sessionId"))));
    fixture.assert_live(&own).await;
    delete(&fixture.bob(), &bob.sid).await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    delete(&fixture.bob(), &own.sid).await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    fixture.assert_live(&bob).await;
    assert_eq!(delete(&fixture.alice(), &other.sid).await.status, 204, "P-15");
    fixture.assert_ended(&other).await;
    fixture.reset(&own.sid, &own.access).send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    fixture.assert_live(&own).await;
    // Without the scope, nothing.
    let read_only = fixture.sign_on_to(&fixture.shop(), ALICE, None, "openid p1:read:sessions").await;
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.alice(), own.sid));
    fixture.delete(&path).bearer(&read_only.access).send().await.assert_error(
        403,
        "ACCESS_FAILED",
        FORBIDDEN,
    );
    assert_eq!(fixture.get(&path).bearer(&read_only.access).send().await.status, 200);
    // A token that is not for this API, and one whose session is over.
    let plain = fixture.sign_on(ALICE).await;
    fixture.get(&path).bearer(&plain.access).send().await.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
    fixture.get(&fixture.a("as/signoff")).cookie(&read_only.st).send().await;
    fixture.get(&path).bearer(&read_only.access).send().await.assert_error(
        401,
        "ACCESS_FAILED",
        INVALID_TOKEN,
    );
}

/// Decision 0117: what a client may no more have of its users it has no more by the tokens that it holds, whichever way it was narrowed.
#[tokio::test]
async fn a_narrowed_client_does_no_more_with_the_tokens_that_it_holds() {
    let fixture = FaceFixture::open().await;
    let own = fixture.sign_on_to(&fixture.shop(), ALICE, None, OWN).await;
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.alice(), own.sid));
    let scopes = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let id = fixture.world.data.app.id.clone();
    for (named, granted, counts) in [
        (Some("openid"), OWN, "openid"),
        (Some("openid p1:read:sessions"), OWN, "openid p1:read:sessions"),
        (None, "p1:delete:sessions", "openid p1:delete:sessions"),
        (None, OWN, OWN),
    ] {
        fixture
            .world
            .edit_client(&id, |client| {
                client.user_scopes = named.map(scopes);
                client.api_scopes = scopes(granted).into_iter().filter(|scope| scope != "openid").collect();
            })
            .await;
        let may = counts.contains("p1:read:sessions");
        let reply = fixture.get(&path).bearer(&own.access).send().await;
        assert_eq!(reply.status.as_u16(), if may { 200 } else { 403 }, "{counts}: {}", reply.text);
        let told = fixture.introspect(&fixture.shop(), &own.access).await.json();
        assert_eq!((&told["active"], &told["scope"]), (&true.into(), &counts.into()), "{told}");
    }
}

/// A user with the role acts by it, through a token that carries the scope; but not on the session in use (P-14).
#[tokio::test]
async fn a_user_with_the_role_acts_by_it() {
    let fixture = FaceFixture::open().await;
    let authority = fixture.world.authority();
    let scope = RoleScope::Population(fixture.world.data.population.id);
    let new = NewPerson {
        username: "clara".into(),
        password: Some("Clerk-of-works-77".into()),
        roles: vec![RoleAssignment { role: Role::IdentityDataAdmin, scope }],
        ..NewPerson::default()
    };
    authority.create_user(&fixture.world.data.population, new).await.expect("a user");
    let clara = fixture.sign_on_to(&fixture.shop(), ("clara", "Clerk-of-works-77"), None, OWN).await;
    let (alice, carol) = (fixture.sign_on(ALICE).await, fixture.sign_on(CAROL).await);
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.carol(), carol.sid));
    fixture.delete(&path).bearer(&clara.access).send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.alice(), alice.sid));
    assert_eq!(fixture.delete(&path).bearer(&clara.access).send().await.status, 204);
    fixture.assert_ended(&alice).await;
    let own = claims(&clara.access)["sub"].as_str().expect("a user").to_owned();
    let path = fixture.m(&format!("users/{own}/sessions/{}", clara.sid));
    let reply = fixture.delete(&path).bearer(&clara.access).send().await;
    reply.assert_error(400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", Some("sessionId"))));
    fixture.assert_live(&clara).await;
}

/// P-16, P-17: a role on a population reaches its users, and tells nothing about anybody else.
#[tokio::test]
async fn a_role_on_a_population_reaches_its_users_only() {
    let fixture = FaceFixture::open().await;
    let scope = RoleScope::Population(fixture.world.data.guests.id);
    let clerk = fixture.client("clerk", vec![RoleAssignment { role: Role::IdentityDataAdmin, scope }]).await;
    let (carol, alice) = (fixture.sign_on(CAROL).await, fixture.sign_on(ALICE).await);
    assert_eq!(fixture.listed(&clerk, &fixture.carol()).await, [carol.sid.as_str()]);

    let nobody = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
    let mut answers = vec![];
    for (user, session) in [
        (fixture.alice(), alice.sid.as_str()),
        (nobody.into(), alice.sid.as_str()),
        (fixture.alice(), nobody),
        (nobody.into(), nobody),
    ] {
        let (list, one) = (
            fixture.m(&format!("users/{user}/sessions")),
            fixture.m(&format!("users/{user}/sessions/{session}")),
        );
        let of_env = fixture.m(&format!("sessions/{session}"));
        for ask in [
            fixture.get(&list),
            fixture.get(&one),
            fixture.delete(&one),
            fixture.get(&of_env),
            fixture.post(&of_env).header("content-type", RESET),
        ] {
            let reply = ask.bearer(&clerk).send().await;
            reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
            let mut body = reply.json();
            body["id"] = "".into();
            answers.push(body.to_string());
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "identical: {answers:?}");
    fixture.assert_live(&alice).await;
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.carol(), carol.sid));
    assert_eq!(fixture.delete(&path).bearer(&clerk).send().await.status, 204);
    fixture.assert_ended(&carol).await;
    let held = fixture.sign_on(CAROL).await;
    assert_eq!(fixture.reset(&held.sid, &clerk).send().await.status, 204);
}

/// P-18: no bearer, a garbage one, an expired one, and other tokens of ours.
#[tokio::test]
async fn a_bad_bearer_is_401() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let held = fixture.sign_on(ALICE).await;
    let path = fixture.m(&format!("users/{}/sessions", fixture.alice()));
    let reply = fixture.get(&path).send().await;
    reply.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    let cut = &worker[..worker.len() - 4];
    for bad in ["x", "a.b.c", cut, &held.id_token, &held.refresh, &held.st] {
        fixture.get(&path).bearer(bad).send().await.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
    }
    let basic = fixture.get(&path).basic("a", "b").send().await;
    basic.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
    assert_eq!(fixture.get(&path).bearer(&worker).send().await.status, 200);
    fixture.world.wait_s(3600);
    fixture.get(&path).bearer(&worker).send().await.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
}

/// P-19: a worker without roles may do none of it; what its roles are is asked at the call.
#[tokio::test]
async fn a_worker_without_roles_may_do_nothing() {
    let fixture = FaceFixture::open().await;
    let plain = fixture.client("plain", vec![]).await;
    let held = fixture.sign_on(ALICE).await;
    let (list, one) = (
        fixture.m(&format!("users/{}/sessions", fixture.alice())),
        fixture.m(&format!("users/{}/sessions/{}", fixture.alice(), held.sid)),
    );
    let of_env = fixture.m(&format!("sessions/{}", held.sid));
    for ask in [
        fixture.get(&list),
        fixture.get(&one),
        fixture.delete(&one),
        fixture.get(&of_env),
        fixture.post(&of_env).header("content-type", RESET),
    ] {
        ask.bearer(&plain).send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    }
    fixture.assert_live(&held).await;
    let (id, scope) = ("plain".parse().expect("an id"), RoleScope::Realm(fixture.world.data.realm.id));
    let more = |client: &mut Client| {
        client.roles.push(RoleAssignment { role: Role::IdentityDataAdmin, scope });
    };
    fixture.world.edit_client(&id, more).await;
    assert_eq!(fixture.get(&list).bearer(&plain).send().await.status, 200);
}

/// P-57: an unknown environment is 403, an unknown session 404, another method 405 with `Allow`; HEAD is none.
#[tokio::test]
async fn unknown_environments_sessions_and_methods() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let held = fixture.sign_on(ALICE).await;
    let nobody = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
    let elsewhere = format!("/v1/environments/{nobody}/sessions/{}", held.sid);
    fixture.get(&elsewhere).bearer(&worker).send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    fixture.get(&elsewhere).send().await.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
    // Another environment that exists, where the caller has no rights.
    let root = fixture.world.authority().root_realm().await.expect("a store").expect("the root realm");
    let other = format!("/v1/environments/{}/sessions/{}", root.id, held.sid);
    fixture.get(&other).bearer(&worker).send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);

    let (alice, of) = (fixture.alice(), |rest: &str| fixture.m(rest));
    for path in [
        of(&format!("sessions/{nobody}")),
        of("sessions/x"),
        of(&format!("users/{nobody}/sessions")),
        of("users/x/sessions"),
        of(&format!("users/{alice}/sessions/{nobody}")),
        of(&format!("users/{alice}/sessions/")),
        of("nothing"),
        "/v1/environments/x/sessions/y".into(),
        format!("/environments/{}/sessions/{}", fixture.env(), held.sid),
    ] {
        fixture.get(&path).bearer(&worker).send().await.assert_error(404, "NOT_FOUND", None);
    }
    fixture.reset(nobody, &worker).send().await.assert_error(404, "NOT_FOUND", None);
    for (path, allow) in [
        (of(&format!("users/{alice}/sessions")), "GET"),
        (of(&format!("users/{alice}/sessions/{}", held.sid)), "GET, DELETE"),
        (of(&format!("sessions/{}", held.sid)), "GET, POST"),
    ] {
        for method in [Method::PUT, Method::PATCH, Method::HEAD] {
            let reply = fixture.ask(method, &path).bearer(&worker).send().await;
            assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, allow));
        }
    }
    fixture.assert_live(&held).await;
    let upper = of(&format!("users/{}/sessions/{}", alice.to_uppercase(), held.sid.to_uppercase()));
    assert_eq!(fixture.delete(&upper).bearer(&worker).send().await.status, 204, "either letter case");
}

/// An expired session is still listed, not found in the environment, and can be deleted.
#[tokio::test]
async fn an_expired_session_is_listed_until_it_is_deleted() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    fixture.world.wait_s(30 * 24 * 3600);
    let worker = fixture.worker().await;
    assert_eq!(fixture.listed(&worker, &fixture.alice()).await, [held.sid.as_str()]);
    let of_env = fixture.m(&format!("sessions/{}", held.sid));
    fixture.get(&of_env).bearer(&worker).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.reset(&held.sid, &worker).send().await.assert_error(404, "NOT_FOUND", None);
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.alice(), held.sid));
    assert_eq!(fixture.get(&path).bearer(&worker).send().await.status, 200);
    assert_eq!(fixture.delete(&path).bearer(&worker).send().await.status, 204);
    assert_eq!(fixture.listed(&worker, &fixture.alice()).await, Vec::<String>::new());
}

/// An administrator of the installation acts in every environment; its own client belongs to the root.
#[tokio::test]
async fn a_worker_of_the_root_environment_acts_in_all() {
    let fixture = FaceFixture::open().await;
    let authority = fixture.world.authority();
    let root = authority.root_realm().await.expect("a store").expect("the root realm");
    let new = NewClient {
        id: "root-worker".parse().expect("an id"),
        name: "Root".into(),
        auth: ClientAuth::Post,
        code: false,
        refresh: false,
        client_credentials: true,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles: vec![RoleAssignment { role: Role::IdentityDataAdmin, scope: RoleScope::Realm(root.id) }],
    };
    let client = authority.create_client(root.id, new).await.expect("a client");
    let secret = authority.secret_of(&client).expect("a secret");
    let app = App { id: "root-worker".into(), secret, redirect: String::new() };
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
    ];
    let reply = fixture.post(&format!("/{}/as/token", root.id)).form(&form).send().await;
    let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
    let held = fixture.sign_on(ALICE).await;
    assert_eq!(fixture.listed(&token, &fixture.alice()).await, [held.sid.as_str()]);
}
