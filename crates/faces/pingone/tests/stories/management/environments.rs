//! Environments and populations over HTTP, and the setting of the cookie.
//!
//! Contract pingone.md 4.2 and 2.6; P-63.

use adieu_authority::{Role, RoleAssignment, RoleScope};
use serde_json::json;

use super::{FORBIDDEN, Office, id, own};
use crate::fixture::ALICE;

impl Office {
    /// The same office with a worker that administers the whole installation.
    async fn of_root(self) -> Self {
        let authority = self.fixture.world.authority();
        let root = authority.root_realm().await.expect("a store").expect("the root realm");
        let roles = [Role::RealmAdmin, Role::IdentityDataAdmin];
        let roles = roles.map(|role| RoleAssignment { role, scope: RoleScope::Realm(root.id) });
        let bearer = self.fixture.client("root-admin", roles.to_vec()).await;
        Self { bearer, ..self }
    }
}

/// An environment is made with its population and serves at once; only who administers the installation makes one.
#[tokio::test]
async fn an_environment_is_made_and_serves() {
    let office = Office::open().await;
    let new = json!({"name": "My Shop", "type": "SANDBOX", "region": "EU", "license": {"id": super::NOBODY}});
    office.send("POST", "/v1/environments", new.clone()).await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    let seen = office.read("/v1/environments").await;
    assert_eq!(
        (&seen["size"], &seen["_embedded"]["environments"][0]["id"]),
        (&1.into(), &office.fixture.env().into())
    );
    let office = office.of_root().await;
    let made = office.create("/v1/environments", new.clone()).await;
    assert_eq!(
        (&made["status"], &made["type"], &made["region"]),
        (&"ACTIVE".into(), &"SANDBOX".into(), &"EU".into())
    );
    assert_eq!(made["createdAt"], "2026-11-20T09:14:07.312Z");
    office.refused("POST", "/v1/environments", new.clone(), "UNIQUENESS_VIOLATION", "name").await;
    for (name, value, code) in [
        ("type", json!("X"), "INVALID_VALUE"),
        ("region", json!(null), "REQUIRED_VALUE"),
        ("license", json!(null), "REQUIRED_VALUE"),
    ] {
        let mut bad = new.clone();
        bad[name] = value;
        office.refused("POST", "/v1/environments", bad, code, name).await;
    }
    let populations = office.read(&format!("{}/populations", own(&made))).await;
    assert_eq!(populations["_embedded"]["populations"][0]["default"], true);
    let issuer = office
        .fixture
        .get(&format!("/{}/as/.well-known/openid-configuration", id(&made)))
        .send()
        .await
        .json();
    assert_eq!(issuer["issuer"], format!("{}/{}/as", crate::fixture::AUTH, id(&made)));
    assert!(office.read("/v1/environments").await["size"].as_u64() > Some(2));
}

/// Populations come, change and go; the default one and one with users stay.
#[tokio::test]
async fn populations_come_and_go() {
    let office = Office::open().await;
    let made = office.create("populations", json!({"name": "Staff", "description": "Us"})).await;
    assert_eq!(
        (&made["name"], &made["default"], &made["userCount"]),
        (&"Staff".into(), &false.into(), &0.into())
    );
    office.refused("POST", "populations", json!({"name": "Staff"}), "UNIQUENESS_VIOLATION", "name").await;
    office.refused("POST", "populations", json!({}), "REQUIRED_VALUE", "name").await;
    let replaced = office.send("PUT", &own(&made), json!({"name": "Crew"})).await.json();
    assert_eq!((&replaced["name"], replaced.get("description")), (&"Crew".into(), None));
    office.delete(&own(&made)).await;
    for (population, count) in
        [(&office.fixture.world.data.guests, 1), (&office.fixture.world.data.population, 3)]
    {
        let path = format!("populations/{}", population.id);
        assert_eq!(office.read(&path).await["userCount"], count);
        let reply = office.ask("DELETE", &path).send().await;
        reply.assert_error(400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", Some("id"))));
    }
}

/// P-63: the cookie that the setting makes fleeting has neither `Max-Age` nor `Expires`, and outlasts a restart as such.
#[tokio::test]
async fn the_cookie_can_be_made_to_end_with_the_browser() {
    let mut office = Office::open().await;
    let line = async |office: &Office| {
        let flow = office.fixture.flow(&office.fixture.shop(), &[]).await;
        let reply = office.fixture.check(&flow, ALICE).send().await;
        ["ST", "ST-NO-SS"].map(|name| reply.set_cookie(name).expect("a cookie").to_owned())
    };
    assert!(line(&office).await.iter().all(|line| line.contains("Max-Age=2592000")));
    const MEMBER: &str = "useNonPersistentSessionTokenCookie";
    assert_eq!(office.read("ssoCookieSettings").await[MEMBER], false);
    let reply = office.send("POST", "ssoCookieSettings", json!({MEMBER: true})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()[MEMBER]), (200, &true.into()));
    office.fixture.crash_and_restart().await;
    for line in line(&office).await {
        assert!(!line.contains("Max-Age") && !line.contains("Expires"), "{line}");
        assert!(line.contains("; HttpOnly; Secure"), "{line}");
    }
    office.refused("POST", "ssoCookieSettings", json!({}), "REQUIRED_VALUE", MEMBER).await;
    office.send("PUT", "ssoCookieSettings", json!({MEMBER: false})).await;
    assert!(line(&office).await[0].contains("Expires="));
}
