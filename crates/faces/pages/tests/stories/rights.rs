//! Who may do what here: everybody may look, and only the browser that holds a session ends it.
//!
//! The table names every route; no other site's form does anything.

use adieu_face_pages::{FRONT, SIGN_OFF, routes};
use adieu_testkit::rights::assert_complete;

use crate::{form_token, front, sign_off, world};

/// Whom a route serves.
#[derive(Clone, Copy, Debug)]
enum Serves {
    Everybody,
    TheHolder,
}

#[test]
fn the_table_names_every_route() {
    let table = [
        ("GET HEAD", FRONT, Serves::Everybody),
        ("GET HEAD", SIGN_OFF, Serves::Everybody),
        ("POST", SIGN_OFF, Serves::TheHolder),
    ];
    assert_complete(&table, routes());
}

/// Goal: no other site and nobody without the session ends it: the form of another session, of none, or sent in another way.
#[tokio::test]
async fn only_the_browser_that_was_shown_the_form_signs_off() {
    let world = world().await;
    let mine = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let others = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let cookie = |token: &str| format!("ory_kratos_session={token}");
    let foreign = form_token(&front(&world, &cookie(&others)).await);
    let own = form_token(&front(&world, &cookie(&mine)).await);
    for token in ["", "x", foreign.as_str()] {
        let refused = sign_off(&world, &cookie(&mine), token).await;
        assert_eq!(refused.status, 403, "{token}: {}", refused.text);
        assert!(refused.text.contains("href=\"/\""), "it leads back");
    }
    let elsewhere = sign_off(&world, "ory_kratos_session=x", &own).await;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.location()), (303, "/"));
    let json = world.post("/ui/sign-off").header("cookie", &cookie(&mine));
    assert_eq!(json.json(&serde_json::json!({"token": own})).send().await.status, 400);
    for method in ["PUT", "DELETE"] {
        let ask = world.ask(method.parse().expect("a method"), "/ui/sign-off");
        let reply = ask.header("cookie", &cookie(&mine)).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, HEAD, POST"));
    }
    for token in [mine, others] {
        assert_eq!(world.get("/sessions/whoami").bearer(&token).send().await.status, 200);
    }
}
