//! What looking at the front page does, and what it shows: no activity, nothing that a program would not hear, no dead cookie
//! instead of a live session.

use adieu_testkit::World;
use serde_json::json;

use crate::{ALICE, form_token, front, sign_off, world};

const DEAD: usize = 9;

async fn dead_and_live(world: &World) -> (String, String) {
    let mut cookies = Vec::new();
    for _ in 0..DEAD {
        let dead = world.sign_on_kratos(ALICE.0, ALICE.1).await;
        let end = world.delete("/self-service/logout/api").json(&json!({"session_token": dead}));
        assert_eq!(end.send().await.status, 204);
        cookies.push(format!("ory_kratos_session={dead}"));
    }
    let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    cookies.push(format!("ory_kratos_session={live}"));
    (cookies.join("; "), live)
}

/// Goal: F-4: however many dead cookies a browser sends before a live one, the page shows the live session and ends it.
#[tokio::test]
async fn dead_cookies_hide_no_live_session() {
    let world = world().await;
    let (cookies, live) = dead_and_live(&world).await;
    let page = front(&world, &cookies).await;
    assert!(page.text.contains("signed on as alice"), "{}", page.text);
    let off = sign_off(&world, &cookies, &form_token(&page)).await;
    assert_eq!(off.status, 200, "{}", off.text);
    assert_eq!(world.get("/sessions/whoami").bearer(&live).send().await.status, 401);
}
