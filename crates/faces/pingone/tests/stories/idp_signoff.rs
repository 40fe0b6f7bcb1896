//! Sign-off by an ID token alone, for applications that allow it.
//!
//! Contract pingone.md 1.5 and 1.4, S11.

use adieu_authority::Client;
use http::Method;

use crate::fixture::{ALICE, APPS, AUTH, App, BOB, FaceFixture, Held, Reply, encoded};

const BYE: &str = "https://shop.example.test/bye";

async fn idp_signoff(fixture: &FaceFixture, pairs: &[(&str, &str)], accept: &str) -> Reply {
    let path = format!("{}?{}", fixture.a("as/idpSignoff"), encoded(pairs));
    fixture.get(&path).header("accept", accept).send().await
}

/// Lets these applications be signed off by their ID tokens.
async fn allow(fixture: &FaceFixture, apps: &[App]) {
    for app in apps {
        let id = app.id.parse().expect("an id");
        let change = |client: &mut Client| client.ends_by_id_token = true;
        fixture.world.edit_client(&id, change).await;
    }
}

async fn allowed() -> (FaceFixture, Held) {
    let fixture = FaceFixture::open().await;
    allow(&fixture, &[fixture.shop()]).await;
    let held = fixture.sign_on(ALICE).await;
    (fixture, held)
}

/// P-33, P-34: no cookie is needed; the answer is 204 to programs, the sign-on address to browsers, and the same again
/// when the session is gone.
#[tokio::test]
async fn a_hint_alone_ends_its_session() {
    for (accept, status, location) in [("application/json", 204, false), ("*/*", 302, true)] {
        let (fixture, held) = allowed().await;
        let bob = fixture.sign_on(BOB).await;
        for _ in 0..2 {
            let reply = idp_signoff(&fixture, &[("id_token_hint", &held.id_token)], accept).await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (status, ""));
            let signon = format!("{AUTH}/{}/as/signon", fixture.env());
            assert_eq!(reply.location(), if location { signon.as_str() } else { "" });
            fixture.assert_ended(&held).await;
        }
        fixture.assert_live(&bob).await;
    }
    let (fixture, _) = allowed().await;
    let moved = fixture.get(&fixture.a("as/signon")).send().await;
    assert_eq!(moved.location(), format!("{APPS}/{}/signon/", fixture.env()));
}

/// P-33: a registered address is followed with its state, an expired hint counts, and the cookie goes with its session.
#[tokio::test]
async fn a_hint_leads_to_the_registered_address() {
    let (fixture, held) = allowed().await;
    let other = fixture.sign_on(ALICE).await;
    fixture.world.wait_s(3601);
    let pairs =
        [("id_token_hint", held.id_token.as_str()), ("post_logout_redirect_uri", BYE), ("state", "x y")];
    let path = format!("{}?{}", fixture.a("as/idpSignoff"), encoded(&pairs));
    let reply = fixture.get(&path).cookie(&other.st).send().await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, "https://shop.example.test/bye?state=x+y"));
    assert!(reply.set_cookie("ST").is_none(), "the cookie's own session lives");
    assert!(!fixture.is_signed_on(&held.st).await && fixture.is_signed_on(&other.st).await);
    let path = format!("{}?{}", fixture.a("as/idpSignoff"), encoded(&[("id_token_hint", &other.id_token)]));
    let reply = fixture.get(&path).cookie(&other.st).send().await;
    assert_eq!(reply.cookie("ST"), Some(""));
    assert!(!fixture.is_signed_on(&other.st).await);
}

/// P-35: refused, and nothing ended: without the switch, without a hint, with a bad one, or to another address.
#[tokio::test]
async fn what_is_not_allowed_ends_nothing() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let json = "application/json";
    let hint = ("id_token_hint", held.id_token.as_str());
    let reply = idp_signoff(&fixture, &[hint], json).await;
    reply.assert_error(403, "ACCESS_FAILED", Some(("INSUFFICIENT_PERMISSIONS", None)));
    fixture.assert_live(&held).await;

    allow(&fixture, &[fixture.shop()]).await;
    let missing = Some(("REQUIRED_VALUE", Some("id_token_hint")));
    idp_signoff(&fixture, &[], json).await.assert_error(400, "INVALID_DATA", missing);
    for (pairs, target) in [
        (vec![("id_token_hint", "x")], "id_token_hint"),
        (vec![("id_token_hint", held.access.as_str())], "id_token_hint"),
        (vec![hint, ("client_id", "other")], "client_id"),
        (vec![hint, ("post_logout_redirect_uri", "https://evil.example.test/")], "post_logout_redirect_uri"),
    ] {
        let reply = idp_signoff(&fixture, &pairs, json).await;
        reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some(target))));
        assert_eq!(reply.location(), "");
    }
    let page = idp_signoff(&fixture, &[], "text/html").await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains(&page.header("correlation-id").to_owned()), "a page for people");
    let post = fixture.ask(Method::POST, &fixture.a("as/idpSignoff")).send().await;
    assert_eq!((post.status.as_u16(), post.header("allow")), (405, "GET"));
    fixture.assert_live(&held).await;
}

/// S11: sign-off without a cookie ends the hint's session where the application allows that, and no session elsewhere.
#[tokio::test]
async fn a_sign_off_without_a_cookie_falls_back_to_the_hint() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let path = format!("{}?{}", fixture.a("as/signoff"), encoded(&[("id_token_hint", &held.id_token)]));
    assert_eq!(fixture.get(&path).send().await.status, 302);
    fixture.assert_live(&held).await;
    allow(&fixture, &[fixture.shop()]).await;
    assert_eq!(fixture.get(&path).send().await.status, 302);
    fixture.assert_ended(&held).await;
}

/// the endpoint is named in discovery only where no enabled application would be refused at it.
#[tokio::test]
async fn discovery_names_it_where_it_works_for_all() {
    let fixture = FaceFixture::open().await;
    let named = async || {
        let path = fixture.a("as/.well-known/openid-configuration");
        fixture.get(&path).send().await.json().get("ping_end_idp_session_endpoint").cloned()
    };
    assert_eq!(named().await, None);
    let authority = fixture.world.authority();
    let realm = fixture.world.data.realm.id;
    for client in authority.clients(realm).await.expect("clients").iter().filter(|client| client.code) {
        assert_eq!(named().await, None);
        let change = |client: &mut Client| client.ends_by_id_token = true;
        fixture.world.edit_client(&client.id, change).await;
    }
    assert_eq!(named().await, Some(format!("{AUTH}/{}/as/idpSignoff", fixture.env()).into()));
}
