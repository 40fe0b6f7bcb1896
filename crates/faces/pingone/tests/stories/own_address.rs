//! An environment that browsers see under an address of its own, beside others that they see under the common one.
//!
//! What names an address names the environment's; the management API stays where it is.

use adieu_face_pingone::{Settings, service};
use adieu_testkit::World;
use serde_json::Value;

use crate::fixture::{ALICE, API, AUTH, FaceFixture, claims, settings};

const OWN: &str = "https://login.alpha.test";

async fn fixture() -> FaceFixture {
    let world = World::start().await;
    let own_bases = [(world.data.realm.id, OWN.to_owned())].into();
    let service = service(world.authority().clone(), Settings { own_bases, ..settings() });
    FaceFixture { world, service }
}

async fn discovery(fixture: &FaceFixture, environment: &str) -> Value {
    fixture.get(&format!("/{environment}/as/.well-known/openid-configuration")).send().await.json()
}

/// Goal: issuer, links, redirects and tokens of an environment speak of its own address, and of no other's.
#[tokio::test]
async fn an_environment_may_have_an_address_of_its_own() {
    let fixture = fixture().await;
    let own = format!("{OWN}/{}/as", fixture.env());
    let body = discovery(&fixture, &fixture.env()).await;
    assert_eq!(body["issuer"], own);
    assert_eq!(body["authorization_endpoint"], format!("{own}/authorize"));
    let root = fixture.world.authority().root_realm().await.expect("a store").expect("the root realm");
    assert_eq!(discovery(&fixture, &root.id.to_string()).await["issuer"], format!("{AUTH}/{}/as", root.id));

    let sent = fixture.get(&fixture.authorize(&fixture.shop(), &[])).send().await;
    assert!(
        sent.location().starts_with(&format!("{OWN}/{}/signon/?flowId=", fixture.env())),
        "{}",
        sent.location()
    );
    let held = fixture.sign_on(ALICE).await;
    assert_eq!(claims(&held.id_token)["iss"], own);
    assert_eq!(claims(&held.access)["aud"][0], own);
    let manager = fixture.sign_on_to(&fixture.shop(), ALICE, None, "openid p1:delete:sessions").await;
    assert_eq!(claims(&manager.access)["aud"][0], API, "the management API is where it was");
    let off = fixture.get(&fixture.a("as/signoff")).cookie(&held.st).send().await;
    assert_eq!(off.location(), format!("{OWN}/{}/signon/#signedOff", fixture.env()));
    assert_eq!(fixture.introspect(&fixture.shop(), &held.access).await.json()["active"], false);
}

/// Goal: an address without TLS gets cookies that a browser keeps there, whatever the common address is.
#[tokio::test]
async fn its_cookies_follow_its_own_scheme() {
    let world = World::start().await;
    let own_bases = [(world.data.realm.id, "http://127.0.0.1:8080".to_owned())].into();
    let service = service(world.authority().clone(), Settings { own_bases, ..settings() });
    let fixture = FaceFixture { world, service };
    let flow = fixture.flow(&fixture.shop(), &[]).await;
    let reply = fixture.check(&flow, ALICE).send().await;
    let line = reply
        .headers
        .get_all("set-cookie")
        .iter()
        .find_map(|line| line.to_str().ok().filter(|l| l.starts_with("ST=")));
    let line = line.expect("a cookie");
    assert!(!line.contains("Secure") && line.contains("SameSite=Lax"), "{line}");
}
