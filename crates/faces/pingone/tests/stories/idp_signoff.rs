//! Sign-off by an ID token alone, for applications that allow it.
//!
//! Contract pingone.md 1.5 and 1.4, S11.

use adieu_authority::Client;
use http::Method;

use crate::house::{ALICE, APPS, AUTH, App, BOB, Door, Held, Reply, encoded};

const BYE: &str = "https://shop.example.test/bye";

async fn idp_signoff(door: &Door, pairs: &[(&str, &str)], accept: &str) -> Reply {
    let path = format!("{}?{}", door.a("as/idpSignoff"), encoded(pairs));
    door.get(&path).header("accept", accept).send().await
}

/// Lets these applications be signed off by their ID tokens.
async fn allow(door: &Door, apps: &[App]) {
    for app in apps {
        let id = app.id.parse().expect("an id");
        let change = |client: &mut Client| client.ends_by_id_token = true;
        door.world.edit_client(&id, change).await;
    }
}

async fn allowed() -> (Door, Held) {
    let door = Door::open().await;
    allow(&door, &[door.shop()]).await;
    let held = door.sign_on(ALICE).await;
    (door, held)
}

/// P-33, P-34: no cookie is needed; the answer is 204 to programs, the sign-on address to browsers, and the same again
/// when the session is gone.
#[tokio::test]
async fn a_hint_alone_ends_its_session() {
    for (accept, status, location) in [("application/json", 204, false), ("*/*", 302, true)] {
        let (door, held) = allowed().await;
        let bob = door.sign_on(BOB).await;
        for _ in 0..2 {
            let reply = idp_signoff(&door, &[("id_token_hint", &held.id_token)], accept).await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (status, ""));
            let signon = format!("{AUTH}/{}/as/signon", door.env());
            assert_eq!(reply.location(), if location { signon.as_str() } else { "" });
            door.assert_ended(&held).await;
        }
        door.assert_live(&bob).await;
    }
    let (door, _) = allowed().await;
    let moved = door.get(&door.a("as/signon")).send().await;
    assert_eq!(moved.location(), format!("{APPS}/{}/signon/", door.env()));
}

/// P-33: a registered address is followed with its state, an expired hint counts, and the cookie goes with its session.
#[tokio::test]
async fn a_hint_leads_to_the_registered_address() {
    let (door, held) = allowed().await;
    let other = door.sign_on(ALICE).await;
    door.world.wait_s(3601);
    let pairs =
        [("id_token_hint", held.id_token.as_str()), ("post_logout_redirect_uri", BYE), ("state", "x y")];
    let path = format!("{}?{}", door.a("as/idpSignoff"), encoded(&pairs));
    let reply = door.get(&path).cookie(&other.st).send().await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, "https://shop.example.test/bye?state=x+y"));
    assert!(reply.set_cookie("ST").is_none(), "the cookie's own session lives");
    assert!(!door.is_signed_on(&held.st).await && door.is_signed_on(&other.st).await);
    let path = format!("{}?{}", door.a("as/idpSignoff"), encoded(&[("id_token_hint", &other.id_token)]));
    let reply = door.get(&path).cookie(&other.st).send().await;
    assert_eq!(reply.cookie("ST"), Some(""));
    assert!(!door.is_signed_on(&other.st).await);
}

/// P-35: refused, and nothing ended: without the switch, without a hint, with a bad one, or to another address.
#[tokio::test]
async fn what_is_not_allowed_ends_nothing() {
    let door = Door::open().await;
    let held = door.sign_on(ALICE).await;
    let json = "application/json";
    let hint = ("id_token_hint", held.id_token.as_str());
    let reply = idp_signoff(&door, &[hint], json).await;
    reply.assert_error(403, "ACCESS_FAILED", Some(("INSUFFICIENT_PERMISSIONS", None)));
    door.assert_live(&held).await;

    allow(&door, &[door.shop()]).await;
    let missing = Some(("REQUIRED_VALUE", Some("id_token_hint")));
    idp_signoff(&door, &[], json).await.assert_error(400, "INVALID_DATA", missing);
    for (pairs, target) in [
        (vec![("id_token_hint", "x")], "id_token_hint"),
        (vec![("id_token_hint", held.access.as_str())], "id_token_hint"),
        (vec![hint, ("client_id", "other")], "client_id"),
        (vec![hint, ("post_logout_redirect_uri", "https://evil.example.test/")], "post_logout_redirect_uri"),
    ] {
        let reply = idp_signoff(&door, &pairs, json).await;
        reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some(target))));
        assert_eq!(reply.location(), "");
    }
    let page = idp_signoff(&door, &[], "text/html").await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains(&page.header("correlation-id").to_owned()), "a page for people");
    let post = door.ask(Method::POST, &door.a("as/idpSignoff")).send().await;
    assert_eq!((post.status.as_u16(), post.header("allow")), (405, "GET"));
    door.assert_live(&held).await;
}

/// S11: sign-off without a cookie ends the hint's session where the application allows that, and no session elsewhere.
#[tokio::test]
async fn a_sign_off_without_a_cookie_falls_back_to_the_hint() {
    let door = Door::open().await;
    let held = door.sign_on(ALICE).await;
    let path = format!("{}?{}", door.a("as/signoff"), encoded(&[("id_token_hint", &held.id_token)]));
    assert_eq!(door.get(&path).send().await.status, 302);
    door.assert_live(&held).await;
    allow(&door, &[door.shop()]).await;
    assert_eq!(door.get(&path).send().await.status, 302);
    door.assert_ended(&held).await;
}

/// the endpoint is named in discovery only where no enabled application would be refused at it.
#[tokio::test]
async fn discovery_names_it_where_it_works_for_all() {
    let door = Door::open().await;
    let named = async || {
        let path = door.a("as/.well-known/openid-configuration");
        door.get(&path).send().await.json().get("ping_end_idp_session_endpoint").cloned()
    };
    assert_eq!(named().await, None);
    let authority = door.world.authority();
    let realm = door.world.data.realm.id;
    for client in authority.clients(realm).await.expect("clients").iter().filter(|client| client.code) {
        assert_eq!(named().await, None);
        let change = |client: &mut Client| client.ends_by_id_token = true;
        door.world.edit_client(&client.id, change).await;
    }
    assert_eq!(named().await, Some(format!("{AUTH}/{}/as/idpSignoff", door.env()).into()));
}
