//! The idle limit, which Kratos does not have: what a session that has one says, and when it is over.
//!
//! The recordings are of sessions without one.

use adieu_authority::Span;
use adieu_testkit::World;
use adieu_testkit::world::profile_config;

/// Goal: contract kratos.md 10: with an idle limit `expires_at` stays what it was and whoami just answers 401; activity begins the
/// time anew.
#[tokio::test]
async fn an_idle_session_is_over_before_the_moment_that_it_names() {
    let mut config = profile_config("main");
    config.kratos.session_idle_s = 3600;
    let world = World::with_config(config).await;
    let token = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let whoami = async || world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    let expires_at = whoami().await.json()["expires_at"].clone();
    assert_eq!(expires_at, "2026-11-21T09:14:07.312Z");
    for _ in 0..3 {
        world.clock().advance(Span::from_s(3590));
        assert_eq!(whoami().await.json()["expires_at"], expires_at);
    }
    world.clock().advance(Span::from_s(3600));
    assert_eq!(whoami().await.status, 401);
}
