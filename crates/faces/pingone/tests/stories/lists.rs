//! Which sessions a user is shown to have, in which order, and the session of the cookie.
//!
//! Contract pingone.md 2.1 to 2.3.

use serde_json::Value;

use crate::fixture::{ALICE, BOB, FaceFixture, Held, RESET};

const FORBIDDEN: Option<(&str, Option<&str>)> = Some(("INSUFFICIENT_PERMISSIONS", None));
const INVALID_TOKEN: Option<(&str, Option<&str>)> = Some(("INVALID_TOKEN", None));
const OWN: &str = "openid p1:read:sessions p1:delete:sessions";
const MONTH_S: i64 = 30 * 24 * 3600;

async fn listed(fixture: &FaceFixture) -> Vec<Value> {
    let path = fixture.m(&format!("users/{}/sessions", fixture.world.data.alice.id));
    let reply = fixture.get(&path).bearer(&fixture.worker().await).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["_embedded"]["sessions"].as_array().expect("a list").clone()
}

async fn sids(fixture: &FaceFixture) -> Vec<String> {
    listed(fixture).await.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

/// Signs on a number of times, a second apart.
async fn sign_ons(fixture: &FaceFixture, count: usize) -> Vec<Held> {
    let mut all = Vec::new();
    for _ in 0..count {
        fixture.world.wait_s(1);
        all.push(fixture.sign_on(ALICE).await);
    }
    all
}

/// P-48: the eleventh sign-on ends the oldest session, for good and with its tokens; nobody else's is touched.
#[tokio::test]
async fn the_eleventh_sign_on_ends_the_oldest_session() {
    let mut fixture = FaceFixture::open().await;
    let bob = fixture.sign_on(BOB).await;
    let all = sign_ons(&fixture, 10).await;
    fixture.assert_live(&all[0]).await;
    let last = sign_ons(&fixture, 1).await.remove(0);
    let listed = sids(&fixture).await;
    assert_eq!(listed.len(), 10);
    assert_eq!((listed[0].as_str(), listed.contains(&all[0].sid)), (last.sid.as_str(), false));
    fixture.assert_ended(&all[0]).await;
    fixture.crash_and_restart().await;
    fixture.assert_ended(&all[0]).await;
    for held in [&all[1], &last, &bob] {
        fixture.assert_live(held).await;
    }
}

/// P-49: newest first, with the expired ones until live ones push them out, swept or not; E2 does not know them.
#[tokio::test]
async fn expired_sessions_stay_listed_until_they_are_pushed_out() {
    let fixture = FaceFixture::open().await;
    let old = sign_ons(&fixture, 3).await;
    fixture.world.wait_s(MONTH_S);
    let new = sign_ons(&fixture, 2).await;
    let order = [&new[1], &new[0], &old[2], &old[1], &old[0]].map(|held| held.sid.clone());
    assert_eq!(sids(&fixture).await, order);
    let worker = fixture.worker().await;
    let of_env = fixture.m(&format!("sessions/{}", old[0].sid));
    fixture.get(&of_env).bearer(&worker).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.world.authority().sweep().await.expect("a sweep");
    assert_eq!(sids(&fixture).await, order, "swept or not");

    // A deleted and a signed-off one are gone at once; a deleted expired one as well.
    let user = fixture.world.data.alice.id;
    for sid in [&new[0].sid, &old[1].sid] {
        let path = fixture.m(&format!("users/{user}/sessions/{sid}"));
        assert_eq!(fixture.delete(&path).bearer(&worker).send().await.status, 204);
        fixture.delete(&path).bearer(&worker).send().await.assert_error(404, "NOT_FOUND", None);
    }
    assert_eq!(sids(&fixture).await, [&new[1], &old[2], &old[0]].map(|held| held.sid.clone()));
    let more = sign_ons(&fixture, 8).await;
    let listed = sids(&fixture).await;
    assert_eq!((listed.len(), listed.last()), (10, Some(&old[2].sid)), "the oldest is pushed out");
    let by_id = fixture.m(&format!("users/{user}/sessions/{}", old[0].sid));
    assert_eq!(
        fixture.get(&by_id).bearer(&worker).send().await.status,
        200,
        "and found by its id all the same"
    );
    fixture.get(&fixture.a("as/signoff")).cookie(&more[0].st).send().await;
    assert_eq!(sids(&fixture).await.last(), Some(&old[0].sid), "there is room again");
    sign_ons(&fixture, 2).await;
    let listed = sids(&fixture).await;
    assert_eq!((listed.len(), listed.last()), (10, Some(&new[1].sid)), "live ones come first");
}

/// P-50: a session under the path of a user whose it is not is not found, to read and to delete.
#[tokio::test]
async fn a_session_is_known_under_its_own_user_only() {
    let fixture = FaceFixture::open().await;
    let (worker, held) = (fixture.worker().await, fixture.sign_on(ALICE).await);
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.world.data.bob.id, held.sid));
    fixture.get(&path).bearer(&worker).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.delete(&path).bearer(&worker).send().await.assert_error(404, "NOT_FOUND", None);
    fixture.assert_live(&held).await;
}

/// P-51: with the cookie the session reads as by its id, and is reset; an administrator's bearer or its own does.
#[tokio::test]
async fn the_session_of_the_cookie_is_read_and_reset() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let me = fixture.m("sessions/me");
    let held = fixture.sign_on_to(&fixture.shop(), ALICE, None, OWN).await;
    let by_id =
        fixture.get(&fixture.m(&format!("sessions/{}", held.sid))).bearer(&worker).send().await.json();
    for bearer in [&worker, &held.access] {
        let reply = fixture.get(&me).bearer(bearer).cookie(&held.st).send().await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, by_id.clone()));
    }
    let reset = |kind: &'static str| fixture.post(&me).bearer(&held.access).header("content-type", kind);
    reset("application/json").cookie(&held.st).send().await.assert_error(415, "INVALID_REQUEST", None);
    let reply = reset(RESET).cookie(&held.st).send().await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    fixture.assert_ended(&held).await;
    let other = fixture.sign_on(ALICE).await;
    let reply =
        fixture.post(&me).bearer(&worker).cookie(&other.st).header("content-type", RESET).send().await;
    assert_eq!(reply.status, 204);
    fixture.assert_ended(&other).await;
}

/// P-51: without a bearer, a right or a usable cookie there is nothing; one's current session is signed off, not deleted.
#[tokio::test]
async fn the_session_of_the_cookie_is_for_those_who_may() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let me = fixture.m("sessions/me");
    let own = fixture.sign_on_to(&fixture.shop(), ALICE, None, OWN).await;
    let other = fixture.sign_on(ALICE).await;
    let bob = fixture.sign_on(BOB).await;
    fixture.get(&me).cookie(&own.st).send().await.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
    for st in ["x", ""] {
        let reply = fixture.get(&me).bearer(&worker).cookie(st).send().await;
        reply.assert_error(401, "ACCESS_FAILED", INVALID_TOKEN);
    }
    let reply = fixture.get(&me).bearer(&own.access).cookie(&bob.st).send().await;
    reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    let reset = fixture.post(&me).bearer(&own.access).cookie(&other.st).header("content-type", RESET);
    reset.send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    let current = fixture.delete(&me).bearer(&own.access).cookie(&own.st).send().await;
    current.assert_error(400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", Some("sessionId"))));
    for held in [&own, &other, &bob] {
        fixture.assert_live(held).await;
    }
    assert_eq!(fixture.delete(&me).bearer(&own.access).cookie(&other.st).send().await.status, 204);
    fixture.assert_ended(&other).await;
    assert_eq!(fixture.delete(&me).bearer(&worker).cookie(&bob.st).send().await.status, 204);
    fixture.assert_ended(&bob).await;
    // A session comes of a sign-on: none is made or changed here.
    for (method, path, allow) in [
        ("PUT", me.clone(), "GET, POST, DELETE"),
        ("POST", fixture.m("sessions"), ""),
        ("GET", fixture.m("sessions"), ""),
    ] {
        let reply = fixture.ask(method.parse().expect("a method"), &path).bearer(&worker).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, allow), "{method} {path}");
    }
}

/// P-52: every session object has its members, and times have three digits behind the point.
#[tokio::test]
async fn session_objects_have_their_members() {
    let fixture = FaceFixture::open().await;
    let (worker, held) = (fixture.worker().await, fixture.sign_on(ALICE).await);
    let user = fixture.world.data.alice.id;
    let mut objects = listed(&fixture).await;
    for path in [format!("users/{user}/sessions/{}", held.sid), format!("sessions/{}", held.sid)] {
        objects.push(fixture.get(&fixture.m(&path)).bearer(&worker).send().await.json());
    }
    objects.push(fixture.get(&fixture.m("sessions/me")).bearer(&worker).cookie(&held.st).send().await.json());
    assert_eq!(objects.len(), 4);
    for one in objects {
        assert_eq!(
            (&one["id"], &one["environment"]["id"]),
            (&held.sid.clone().into(), &fixture.env().into())
        );
        for at in [&one["createdAt"], &one["activeAt"], &one["lastSignOn"]["at"]] {
            let at = at.as_str().expect("a time");
            assert_eq!(
                (at.len(), at.as_bytes()[10], at.as_bytes()[19], at.as_bytes()[23]),
                (24, b'T', b'.', b'Z')
            );
        }
        for link in ["self", "environment", "user"] {
            assert!(
                one["_links"][link]["href"].as_str().is_some_and(|url| url.starts_with("https://")),
                "{link}"
            );
        }
    }
}

/// P-53: introspecting or refreshing a token of the session is activity; reading the session is none.
#[tokio::test]
async fn using_a_token_is_activity() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let active = async || listed(&fixture).await[0]["activeAt"].as_str().expect("a time").to_owned();
    let opened = active().await;
    fixture.world.wait_s(61);
    assert_eq!(active().await, opened, "Q-16");
    fixture.introspect(&fixture.shop(), &held.access).await;
    let introspected = active().await;
    assert!(introspected > opened, "{introspected}");
    fixture.world.wait_s(61);
    fixture.refresh(&fixture.shop(), &held.refresh).await;
    assert!(active().await > introspected);
}
