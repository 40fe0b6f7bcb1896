//! A user with a long history: what is live is on every list, in every dialect.
//!
//! The history is made by the store; the dialects are asked as their own programs ask.

use adieu_authority::{SessionToken, UserId};
use adieu_testkit::World;
use adieu_testkit::crash::dialects::{Addressee, DialectClient, DialectExit, InProcess, Left};
use adieu_testkit::crowd::come_and_go;
use http::Method;

/// Goal: F-5: a session that is live is on every list of live sessions after 10,050 sign-ons and sign-offs of its user, and
/// is ended by its id.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_session_is_on_every_list_after_ten_thousand_that_came_and_went() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let known = world.variables();
    let text = |dialect: &str, name: &str| known[dialect][name].as_str().expect("a variable").to_owned();
    let (name, password) = (text("pingone", "user"), text("pingone", "password"));
    let token = world.sign_on_kratos(&name, &password).await;
    let session = SessionToken::parse(&token).expect("a token of ours").id.to_string();
    let id: UserId = text("pingone", "user_id").parse().expect("an id");
    let user = world.authority().user(id).await.expect("an answer").expect("a user");
    come_and_go(store.as_ref(), &user, 10_050, world.authority().now()).await;
    let mine = world.sign_on_kratos(&name, &password).await;

    let environment = text("pingone", "env_id");
    let dialects = DialectClient::new(known.clone());
    let worker = dialects.worker(&InProcess::of(&world)).await.expect("a worker token");
    let am = "/am/json/sessions?_queryFilter=username%20eq%20%22alice%22%20and%20realm%20eq%20%22%2Falpha%22";
    let signed_on = world
        .post("/am/json/realms/root/authenticate")
        .header("accept-api-version", "resource=2.0, protocol=1.0")
        .header("x-openam-username", &text("am", "admin_user"))
        .header("x-openam-password", &text("am", "admin_password"));
    let signed_on = signed_on.send().await;
    let admin = signed_on.json()["tokenId"].as_str().expect("a token").to_owned();
    for (channel, list) in [
        ("native", world.admin(Method::GET, &format!("/v1/users/{id}/sessions?live=true&limit=2"))),
        ("Kratos, admin", world.admin(Method::GET, &format!("/admin/identities/{id}/sessions?active=true"))),
        ("Kratos", world.get("/sessions").header("x-session-token", &mine)),
        (
            "PingOne",
            world.get(&format!("/v1/environments/{environment}/users/{id}/sessions")).bearer(&worker),
        ),
    ] {
        let reply = list.send().await;
        assert!(reply.text.contains(&session), "{channel}: {}", reply.text);
    }
    let listed = world.get(am).header("iplanetDirectoryPro", &admin);
    let listed = listed.header("accept-api-version", "resource=4.0, protocol=2.1").send().await;
    assert_eq!(listed.json()["resultCount"], 2, "AM: {}", listed.text);

    let whom = Addressee { token: token.clone(), session, user: id.to_string() };
    let left = dialects.end(&InProcess::of(&world), DialectExit::PingOneDelete, &whom, &worker).await;
    assert_eq!(left, Ok(Left::Ended));
    let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    assert_eq!(whoami.status, 401);
}
