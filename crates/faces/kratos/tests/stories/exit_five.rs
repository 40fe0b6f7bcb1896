//! The thinnest thread through all floors: a native sign-on, the check, exit 5, a crash.
//!
//! Its story is the first that this server could tell.

use adieu_testkit::World;

/// Goal: K-19 and ENDED-STAYS-ENDED, a session that was ended before a crash stays ended after it; ENDED-IS-DURABLE.
/// Method: the real router in this process, the embedded engine in a temporary folder, a frozen clock.
#[tokio::test]
async fn a_session_that_alice_ended_stays_ended_over_a_crash() {
    let mut world = World::start().await;
    let ended = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let kept = world.sign_on_kratos("alice@example.test", "Rabbit-hole-11").await;

    let reply = world.get("/self-service/logout/browser").header("x-session-token", &ended).send().await;
    let token = reply.json()["logout_token"].as_str().expect("a logout token").to_owned();
    let path = format!("/self-service/logout?token={token}");
    let reply =
        world.get(&path).header("x-session-token", &ended).header("accept", "application/json").send().await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));

    for crash in [false, true] {
        if crash {
            world.crash_and_restart().await;
        }
        let whoami = world.get("/sessions/whoami").header("x-session-token", &ended).send().await;
        assert_eq!(whoami.status, 401, "after a crash: {crash}");
        let whoami = world.get("/sessions/whoami").header("x-session-token", &kept).send().await;
        assert_eq!(whoami.status, 200, "the other session lives; after a crash: {crash}");
    }
}
