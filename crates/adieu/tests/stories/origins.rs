//! Pages of other origins, as a configuration lets them call: by name, by a pattern, as everybody.
//!
//! Two dialects have such a list, and one rule.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use axum::http::Method;

/// Where each of the two dialects is asked.
const PATHS: [&str; 2] = ["/sessions/whoami", "/am/json/realms/root/realms/alpha/serverinfo/*"];

async fn world(patterns: &[&str]) -> World {
    let mut config = profile_config("main");
    let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    (config.kratos.cors_origins, config.am.cors_origins) = (patterns.clone(), patterns);
    World::with_config(config).await
}

fn told(reply: &Reply) -> (Option<&str>, bool) {
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
    let credentials = header("access-control-allow-credentials") == Some("true");
    (header("access-control-allow-origin"), credentials)
}

/// Goal: F-22: a wildcard lets in what is below its domain, with credentials; nobody else.
#[tokio::test]
async fn a_wildcard_is_a_part_of_a_name() {
    let world = world(&["https://*.wild.example.test/", "https://app.example.test:443"]).await;
    for path in PATHS {
        for origin in
            ["https://a.wild.example.test", "https://a.b.wild.example.test", "https://app.example.test"]
        {
            let reply = world.get(path).header("origin", origin).send().await;
            assert_eq!(told(&reply), (Some(origin), true), "{path}");
            let asks = world.ask(Method::OPTIONS, path).header("origin", origin);
            let asks = asks.header("access-control-request-method", "GET").send().await;
            assert_eq!(told(&asks), (Some(origin), true), "{path}");
        }
        for origin in [
            "https://wild.example.test",
            "http://a.wild.example.test",
            "https://a.wild.example.test.evil.test",
        ] {
            let reply = world.get(path).header("origin", origin).send().await;
            assert_eq!(told(&reply), (None, false), "{path}: {origin}");
        }
    }
}

/// Goal: F-22: everybody is let in without credentials, and no origin is repeated to them.
#[tokio::test]
async fn everybody_gets_no_credentials() {
    let world = world(&["*"]).await;
    for path in PATHS {
        for origin in ["https://evil.test", "null"] {
            let reply = world.get(path).header("origin", origin).send().await;
            assert_eq!(told(&reply), (Some("*"), false), "{path}");
        }
    }
}
