//! The credential of the admin listener: nothing but its health answers without it, each path in its own words.
//!
//! Through the real admin router; that the listener can't leave loopback without one is tested beside the configuration.

use std::collections::BTreeSet;

use adieu::config::Config;
use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use axum::http::Method;
use serde_json::json;

const TOKEN: &str = "a-token-of-32-visible-characters";

/// Every route of the native API. A new one stops the test below until it stands here.
const NATIVE: [(&str, &str); 53] = [
    ("GET", "/v1/openapi.json"),
    ("GET", "/v1/realms"),
    ("POST", "/v1/realms"),
    ("GET", "/v1/realms/{realm}"),
    ("GET", "/v1/realms/{realm}/populations"),
    ("GET", "/v1/realms/{realm}/keys"),
    ("POST", "/v1/realms/{realm}/keys"),
    ("GET", "/v1/realms/{realm}/users"),
    ("POST", "/v1/realms/{realm}/users"),
    ("GET", "/v1/users/{user}"),
    ("PATCH", "/v1/users/{user}"),
    ("DELETE", "/v1/users/{user}"),
    ("PUT", "/v1/users/{user}/password"),
    ("POST", "/v1/users/{user}/unlock"),
    ("DELETE", "/v1/users/{user}/recovery-codes"),
    ("GET", "/v1/realms/{realm}/clients"),
    ("POST", "/v1/realms/{realm}/clients"),
    ("GET", "/v1/clients/{client}"),
    ("PATCH", "/v1/clients/{client}"),
    ("POST", "/v1/clients/{client}/secret"),
    ("DELETE", "/v1/clients/{client}"),
    ("GET", "/v1/users/{user}/consents"),
    ("DELETE", "/v1/users/{user}/consents/{client}"),
    ("GET", "/v1/realms/{realm}/registration-tokens"),
    ("POST", "/v1/realms/{realm}/registration-tokens"),
    ("DELETE", "/v1/registration-tokens/{token}"),
    ("GET", "/v1/realms/{realm}/subscribers"),
    ("POST", "/v1/realms/{realm}/subscribers"),
    ("GET", "/v1/subscribers/{subscriber}"),
    ("PATCH", "/v1/subscribers/{subscriber}"),
    ("POST", "/v1/subscribers/{subscriber}/secret"),
    ("DELETE", "/v1/subscribers/{subscriber}"),
    ("GET", "/v1/realms/{realm}/upstreams"),
    ("POST", "/v1/realms/{realm}/upstreams"),
    ("GET", "/v1/upstreams/{upstream}"),
    ("PATCH", "/v1/upstreams/{upstream}"),
    ("DELETE", "/v1/upstreams/{upstream}"),
    ("POST", "/v1/upstreams/{upstream}/links"),
    ("GET", "/v1/users/{user}/upstream-links"),
    ("DELETE", "/v1/users/{user}/upstream-links"),
    ("GET", "/v1/realms/{realm}/sessions"),
    ("GET", "/v1/users/{user}/sessions"),
    ("GET", "/v1/sessions/{session}"),
    ("POST", "/v1/endings"),
    ("GET", "/v1/endings"),
    ("GET", "/v1/endings/{ending}"),
    ("GET", "/v1/endings/{ending}/events"),
    ("POST", "/v1/endings/{ending}/retry"),
    ("POST", "/v1/endings/{ending}/give-up"),
    ("GET", "/v1/receivers"),
    ("GET", "/v1/declaration"),
    ("POST", "/v1/declaration"),
    ("POST", "/v1/declaration/{plan}"),
];

/// Others of the listener: Kratos' admin API, its redirects, metrics, and paths that are none.
const OTHERS: [(&str, &str); 9] = [
    ("GET", "/admin/sessions"),
    ("POST", "/admin/identities"),
    ("DELETE", "/sessions/00000000-0000-4000-8000-000000000000"),
    ("GET", "/version"),
    ("GET", "/metrics"),
    ("GET", "/metrics/prometheus"),
    ("GET", "/admin/self-service/login/browser"),
    ("GET", "//health/alive"),
    ("GET", "/nothing"),
];

fn with_token() -> Config {
    let mut config = profile_config("main");
    config.admin.token = TOKEN.into();
    config
}

#[test]
fn every_native_route_is_in_the_table() {
    let routes: BTreeSet<String> =
        adieu_face_native::routes().map(|(method, path)| format!("{method} {path}")).collect();
    let table = NATIVE.iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(routes, table);
}

async fn ask(world: &World, (method, path): (&str, &str), authorization: Option<&str>) -> Reply {
    let filled =
        |part: &str| if part.starts_with('{') { world.data.realm.id.to_string() } else { part.into() };
    let path: Vec<String> = path.split('/').map(filled).collect();
    let ask = world.admin(method.parse().expect("a method"), &path.join("/"));
    let ask = match authorization {
        Some(value) => ask.header("authorization", value),
        None => ask,
    };
    ask.send().await
}

/// Goal: without the token, or with another one, every route is 401 in its dialect's words; with it, none is.
#[tokio::test]
async fn nothing_answers_without_the_token() {
    let world = World::with_config(with_token()).await;
    let good = format!("Bearer {TOKEN}");
    let wrong = ["Bearer a-token-of-32-visible-characterS", &format!("Basic {TOKEN}"), TOKEN, "Bearer "];
    for route in NATIVE.into_iter().chain(OTHERS) {
        for authorization in std::iter::once(None).chain(wrong.into_iter().map(Some)) {
            let reply = ask(&world, route, authorization).await;
            assert_eq!(reply.status, 401, "{route:?} {authorization:?}: {}", reply.text);
            assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"adieu\"");
            let body = reply.json();
            if route.1.starts_with("/v1/") {
                assert_eq!(body["type"], "urn:adieu:problem:unauthorized");
                assert_eq!(reply.header("content-type"), "application/problem+json");
            } else {
                assert_eq!(
                    (&body["error"]["code"], &body["error"]["status"]),
                    (&json!(401), &json!("Unauthorized"))
                );
            }
        }
        assert_ne!(ask(&world, route, Some(&good)).await.status, 401, "{route:?}");
    }
}

/// Goal: whoever watches over the server needs no credential for its health.
#[tokio::test]
async fn health_answers_everybody() {
    let world = World::with_config(with_token()).await;
    for path in ["/health/alive", "/health/ready"] {
        assert_eq!(world.admin(Method::GET, path).send().await.status, 200, "{path}");
    }
    let open = World::start().await;
    assert_eq!(open.admin(Method::GET, "/v1/realms").send().await.status, 200, "none is configured");
}

/// Goal: without a credential no page in a browser of this machine administers anything: neither one that names the address,
/// nor one whose own name leads here. Programs are not asked who they are.
#[tokio::test]
async fn pages_of_other_sites_are_not_answered_without_a_token() {
    let world = World::start().await;
    let ask = |headers: &[(&str, &str)]| {
        let ask = world.admin(Method::GET, "/v1/realms");
        headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send()
    };
    for ours in [
        &[][..],
        &[("host", "127.0.0.1:4434")],
        &[("host", "[::1]:4434")],
        &[("host", "localhost:4434")],
        &[("host", "LOCALHOST"), ("sec-fetch-site", "same-origin")],
        &[("host", "127.0.0.1:4434"), ("sec-fetch-site", "none")],
    ] {
        assert_eq!(ask(ours).await.status, 200, "{ours:?}");
    }
    for strange in [
        &[("host", "rebound.example.test:4434")][..],
        &[("host", "127.0.0.1.example.test")],
        &[("host", "0.0.0.0:4434")],
        &[("host", "192.0.2.1:4434")],
        &[("host", "[::ffff:127.0.0.1]:4434")],
        &[("host", "127.0.0.1:4434"), ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(ask(strange).await.status, 421, "{strange:?}");
    }
    for open in ["/health/ready", "/metrics", "/metrics/prometheus"] {
        let probe = world.admin(Method::GET, open).header("host", "probe.example.test");
        assert_ne!(probe.send().await.status, 421, "how it is may be asked under any name");
    }
    let mut config = profile_config("main");
    config.admin.url = "https://id-admin.example.test:4434".into();
    let named = World::with_config(config).await;
    let reply =
        named.admin(Method::GET, "/v1/realms").header("host", "id-admin.example.test:4434").send().await;
    assert_eq!(reply.status, 200);
    let guarded = World::with_config(with_token()).await;
    let reply = guarded.admin(Method::GET, "/v1/realms").header("host", "rebound.example.test").send().await;
    assert_eq!(reply.status, 401, "with a token the token decides");
}

/// Goal: S-6, no page makes or ends anything at the listener that has no credential, and neither does one of another port of this
/// machine; a program, and a page of the listener itself, does. No answer lets a page of another origin read it.
#[tokio::test]
async fn no_page_of_another_origin_changes_anything_without_a_token() {
    let mut config = profile_config("main");
    config.admin.url = "https://id-admin.example.test".into();
    let world = World::with_config(config).await;
    let changes = [
        (Method::POST, "/admin/identities"),
        (Method::POST, "/v1/endings"),
        (Method::DELETE, "/admin/identities/00000000-0000-4000-8000-000000000000/sessions"),
        (Method::PATCH, "/admin/sessions/00000000-0000-4000-8000-000000000000/extend"),
    ];
    let own = "127.0.0.1:4434";
    for (method, path) in changes {
        let ask = |headers: &[(&str, &str)]| {
            let ask = world.admin(method.clone(), path).json(&json!({}));
            headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send()
        };
        for strange in [
            &[("host", own), ("origin", "https://evil.example.test")][..],
            &[("host", own), ("origin", "null")],
            &[("host", own), ("origin", "http://127.0.0.1:8080")],
            &[("host", own), ("origin", "http://localhost:4434")],
            &[("host", own), ("origin", "")],
            &[("host", own), ("origin", "http://127.0.0.1:4434"), ("origin", "https://evil.example.test")],
            &[("host", own), ("sec-fetch-site", "same-site")],
            &[("host", own), ("sec-fetch-site", "cross-site")],
            &[("host", own), ("origin", "http://127.0.0.1:4434"), ("sec-fetch-site", "same-site")],
        ] {
            assert_eq!(ask(strange).await.status, 421, "{method} {path} {strange:?}");
        }
        for ours in [
            &[][..],
            &[("host", own)],
            &[("host", own), ("origin", "http://127.0.0.1:4434"), ("sec-fetch-site", "same-origin")],
            &[("host", own), ("sec-fetch-site", "none")],
            &[("host", "id-admin.example.test"), ("origin", "https://id-admin.example.test")],
            &[("host", own), ("origin", "https://id-admin.example.test")],
        ] {
            assert_ne!(ask(ours).await.status, 421, "{method} {path} {ours:?}");
        }
    }
    let beside = world.admin(Method::GET, "/admin/identities").header("origin", "http://127.0.0.1:8080");
    let reply = beside.header("host", own).header("sec-fetch-site", "same-site").send().await;
    assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (200, ""));
}

/// Goal: S-6, what a page can send without asking first (no type, text, a form) is 400 in Kratos' words and changes nothing,
/// whoever sends it.
#[tokio::test]
async fn a_body_of_another_type_makes_nothing() {
    let world = World::start().await;
    let body = json!({"schema_id": "default", "traits": {"email": "stranger@example.test"}}).to_string();
    for path in ["/admin/identities", "/admin/sessions"] {
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            let ask = world.admin(Method::POST, path).body(body.clone());
            let ask = kind.into_iter().fold(ask, |ask, kind| ask.header("content-type", kind));
            let reply = ask.send().await;
            assert_eq!(
                (reply.status.as_u16(), &reply.json()["error"]["code"]),
                (400, &json!(400)),
                "{kind:?}"
            );
        }
    }
    let made = world.admin(Method::GET, "/admin/identities?credentials_identifier=stranger@example.test");
    assert_eq!(made.send().await.json(), json!([]));
}
