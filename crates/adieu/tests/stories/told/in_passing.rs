//! What ends sessions in passing is told like any other ending: quotas, settings, recovery, time, a restore.
//!
//! The rows of single requests are in `triggers`.

use std::time::Duration;

use adieu::serve::{Bound, Serving};
use adieu_core::{Clock, Span};
use adieu_store_sqlite::backup::back_up;
use http::Method;
use serde_json::{Value, json};

use super::triggers::{Provider, Scene, Told};
use crate::one_session::{Dialect, Programs};

/// How soon a client hears that time has ended a session.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

impl Scene {
    async fn expect(&self, what: &str, told: Told) {
        assert_eq!(self.told().await, told.tokens(), "{what}");
    }

    async fn settings(&self, which: usize, body: Value) {
        let token = &self.tokens[which];
        let flow = self.world.get("/self-service/settings/api").header("x-session-token", token);
        let flow = flow.send().await.json();
        let path = format!("/self-service/settings?flow={}", flow["id"].as_str().expect("a flow"));
        let done = self.world.post(&path).header("x-session-token", token).json(&body).send().await;
        assert_eq!(done.status, 200, "{}", done.text);
    }

    /// What time has ended and clients share.
    async fn expire(&self) -> u32 {
        let mut ended = 0;
        loop {
            let swept = self.world.authority().expire_shared().await.expect("a batch");
            ended += swept.sessions;
            if !swept.more {
                return ended;
            }
        }
    }
}

/// Goal: S-BCL-6: whoever has one session too many is told of at the clients of those that had to go, in every dialect that keeps a
/// quota.
#[tokio::test]
async fn a_quota_tells() {
    let kratos = Scene::with(Provider::PingOne, |config| config.kratos.login_ends_others = true).await;
    // Alice's second sign-on has ended her first, with that one's client in it.
    kratos.expect("kratos", Told::First).await;
    for (words, told) in [
        ("DESTROY_OLDEST_SESSION", Told::First),
        ("DESTROY_OLD_SESSIONS", Told::BothOfUser),
        ("DENY_ACCESS", Told::Nothing),
    ] {
        let scene = Scene::with(Provider::PingOne, |config| {
            config.am.sessions_max = 2;
            config.am.sessions_beyond = words.into();
        });
        let scene = scene.await;
        let ask = scene.world.post("/am/json/realms/root/realms/alpha/authenticate");
        let ask = ask.header("x-openam-username", "alice").header("x-openam-password", "Rabbit-hole-11");
        ask.header("accept-api-version", "resource=2.0").json(&json!({})).send().await;
        scene.expect(words, told).await;
    }
    let pingone = Scene::with(Provider::PingOne, |config| config.pingone.sessions_max = 2).await;
    Programs::of(&pingone.world).sign_on(Dialect::PingOne).await;
    pingone.expect("pingone", Told::First).await;
}

/// Goal: S-BCL-6: what users end of their own in passing: by another password, by the offer that comes with it, by recovery, on the
/// page of a sign-off.
#[tokio::test]
async fn what_users_end_in_passing_is_told() {
    let scene = Scene::with(Provider::PingOne, |_| {}).await;
    scene.settings(1, json!({"method": "password", "password": "Another-horse-77"})).await;
    scene.expect("another password", Told::First).await;

    let scene = Scene::with(Provider::PingOne, |_| {}).await;
    scene.settings(1, json!({"end_other_sessions": true})).await;
    scene.expect("other sessions", Told::First).await;

    let scene = Scene::with(Provider::PingOne, |config| config.kratos.recovery_ends_others = true).await;
    let order = json!({"identity_id": scene.world.data.alice.id.to_string()});
    let told = scene.world.admin(Method::POST, "/admin/recovery/code").json(&order).send().await.json();
    let flow = told["recovery_link"].as_str().and_then(|link| link.split("flow=").nth(1)).expect("a flow");
    let ask = scene.world.post(&format!("/self-service/recovery?flow={flow}"));
    let code = json!({"method": "code", "code": told["recovery_code"]});
    ask.header("accept", "application/json").json(&code).send().await;
    scene.expect("recovery", Told::BothOfUser).await;

    let scene = Scene::with(Provider::PingOne, |config| config.public.front_page = true).await;
    let cookie = format!("ory_kratos_session={}", scene.tokens[0]);
    let page = scene.world.get("/").header("accept", "text/html").header("cookie", &cookie).send().await;
    let (_, rest) = page.text.split_once("name=\"token\" value=\"").expect("a form");
    let token = rest.split('"').next().expect("a value");
    let off = scene.world.post("/ui/sign-off").header("cookie", &cookie).form(&[("token", token)]).send();
    assert_eq!(off.await.status, 200);
    scene.expect("the page of a sign-off", Told::First).await;
}

/// Goal: S-BCL-6: an application that is switched off through PingOne is told of each session in which it held something.
#[tokio::test]
async fn an_application_that_is_switched_off_is_told() {
    let scene = Scene::with(Provider::PingOne, |_| {}).await;
    let programs = Programs::of(&scene.world);
    let pairs = [("grant_type", "client_credentials")];
    let worker = programs.token_endpoint("worker", &pairs).send().await.json();
    let worker = worker["access_token"].as_str().expect("a token");
    let (environment, app) = (programs.pingone("env_id"), programs.pingone("app_client_id"));
    let path = format!("/v1/environments/{environment}/applications/{app}");
    let mut application = scene.world.get(&path).bearer(worker).send().await.json();
    application["enabled"] = false.into();
    let done = scene.world.ask(Method::PUT, &path).bearer(worker).json(&application).send().await;
    assert_eq!(done.status, 200, "{}", done.text);
    scene.expect("switched off", Told::EachSession).await;
}

/// Goal: S-BCL-6: a restored server tells the clients of all sessions that it knew of.
#[tokio::test]
async fn a_restore_tells_all_that_it_knew() {
    let mut scene = Scene::in_folder(Provider::PingOne, |_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    back_up(scene.world.folder(), &backup, scene.world.clock().now()).expect("a backup");
    scene.world.wait_s(1);
    scene.world.restored_from(&backup).await;
    scene.expect("restored", Told::Everyone).await;
}

/// Goal: S-BCL-6, NO-FALSE-NO: idle or expired, a session is told of at its moment and not by the sweep of the hour; one that was used
/// again just before lives on.
#[tokio::test]
async fn time_tells_at_its_moment() {
    let idle = |config: &mut adieu::config::Config| config.kratos.session_idle_s = 1_800;
    let scene = Scene::with(Provider::PingOne, idle).await;
    // Each sign-on was a second after the one before.
    scene.world.wait_s(1_797);
    // Bob and one of Alice's sessions are at work.
    for which in [1, 2] {
        scene.session_id(which).await;
    }
    assert_eq!(scene.expire().await, 0);
    scene.world.wait_s(1);
    assert_eq!(scene.expire().await, 1);
    scene.expect("idle", Told::First).await;
    scene.session_id(1).await;
    let newest = scene.world.admin(Method::GET, "/v1/endings?limit=1").send().await.json();
    assert_eq!(newest["items"][0]["ending"]["cause"], "idle", "{newest}");

    let scene = Scene::with(Provider::PingOne, |config| config.kratos.session_lifetime_s = 3_600).await;
    scene.world.clock().advance(Span::from_ms(3_597_999));
    assert_eq!(scene.expire().await, 0);
    scene.world.clock().advance(Span::from_ms(1));
    assert_eq!(scene.expire().await, 1);
    scene.world.wait_s(2);
    assert_eq!(scene.expire().await, 2);
    scene.expect("expired", Told::EachSession).await;
}

/// Goal: the server looks by itself, and in time. Method: the clock stands while it serves, and is moved to the moment at which all
/// sessions are idle.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_of_what_is_idle_within_ten_seconds() {
    let scene = Scene::with(Provider::PingOne, |config| {
        config.kratos.session_idle_s = 1_800;
        config.public.listen = ([127, 0, 0, 1], 0).into();
        config.admin.listen = ([127, 0, 0, 1], 0).into();
    });
    let scene = scene.await;
    let config = scene.world.config().clone();
    let bound = Bound::bind(&config).await.expect("free ports");
    let serving = Serving::new(bound, scene.world.server(), &config).expect("sound");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(async move { serving.run(&config, stopped).await });
    scene.world.wait_s(1_800);
    let told = async {
        while scene.receiver.heard().len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TOLD_WITHIN, told).await.expect("it is told in time");
    let _ = stop.send(true);
    serving.await.expect("it stops").expect("and well");
}
