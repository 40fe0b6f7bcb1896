//! Who may do what in the management API, by role; the table of routes is `crate::rights`.
//!
//! Contract pingone.md 3.1, 3.3 and 3.5.

use adieu_authority::{Role, RoleAssignment, RoleScope};
use serde_json::json;

use super::{FORBIDDEN, NOBODY, Office, id, own};
use crate::fixture::{ALICE, CAROL, FaceFixture};
use crate::rights::{May, TABLE, filled};

/// Goal: no route lets anybody in without a role: no bearer is 401, a bad one too, and rights of another kind, of a user's
/// token or in another environment are 403.
#[tokio::test]
async fn every_route_asks_who_may() {
    let fixture = FaceFixture::open().await;
    let plain = fixture.client("plain", vec![]).await;
    let user = fixture.sign_on_to(&fixture.shop(), ALICE, None, "openid p1:read:sessions").await;
    let root = fixture.world.authority().root_realm().await.expect("a store").expect("the root realm");
    let invalid = Some(("INVALID_TOKEN", None));
    let of_roles = TABLE.into_iter().filter(|(_, path, may)| {
        matches!(may, May::Role | May::Root) && !path.contains("{session}") // Sessions: P-19.
    });
    for (methods, path, _) in of_roles {
        for env in [fixture.env(), root.id.to_string()] {
            let path = filled(&fixture, &path.replace("{env}", &env), NOBODY);
            for method in methods.split(' ') {
                let ask = || {
                    let ask = fixture.ask(method.parse().expect("a method"), &path);
                    ask.header("content-type", "application/json").body(r#"{"name":"x"}"#)
                };
                ask().send().await.assert_error(401, "ACCESS_FAILED", invalid);
                ask().bearer("x").send().await.assert_error(401, "ACCESS_FAILED", invalid);
                for bearer in [&plain, &user.access] {
                    let reply = ask().bearer(bearer).send().await;
                    assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text);
                    reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
                }
            }
        }
    }
}

/// Goal: a role gives its own rights and no others.
#[tokio::test]
async fn each_role_reaches_its_own_resources() {
    let fixture = FaceFixture::open().await;
    let of_realm = RoleScope::Realm(fixture.world.data.realm.id);
    let reads = ["users", "applications", "signOnPolicies", "ssoCookieSettings", "resources", "populations"];
    for (role, open) in [
        (Role::IdentityDataAdmin, "users populations"),
        (Role::IdentityDataReader, "users populations"),
        (Role::RealmAdmin, "applications signOnPolicies ssoCookieSettings resources populations"),
        (Role::ClientAdmin, "applications signOnPolicies resources populations"),
    ] {
        let name = format!("{role:?}");
        let bearer = fixture.client(&name, vec![RoleAssignment { role, scope: of_realm }]).await;
        for read in reads {
            let status = fixture.get(&fixture.m(read)).bearer(&bearer).send().await.status;
            assert_eq!(status == 200, open.split(' ').any(|one| one == read), "{name} {read} {status}");
        }
        let bob = fixture.m(&format!("users/{}", fixture.world.data.bob.id));
        let disable = fixture.ask("PUT".parse().expect("a method"), &format!("{bob}/enabled"));
        let disable = disable.bearer(&bearer).header("content-type", "application/json");
        let status = disable.body(r#"{"enabled":true}"#).send().await.status;
        assert_eq!(status == 200, role == Role::IdentityDataAdmin, "{name}");
        let sessions = fixture.get(&format!("{bob}/sessions")).bearer(&bearer).send().await.status;
        assert_eq!(sessions == 200, open.contains("users"), "{name}");
    }
    // Reading is not ending.
    let held = fixture.sign_on(ALICE).await;
    let reader = fixture
        .client("reader", vec![RoleAssignment { role: Role::IdentityDataReader, scope: of_realm }])
        .await;
    let path = fixture.m(&format!("users/{}/sessions/{}", fixture.world.data.alice.id, held.sid));
    assert_eq!(fixture.get(&path).bearer(&reader).send().await.status, 200);
    fixture.delete(&path).bearer(&reader).send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    fixture.assert_live(&held).await;
}

/// Roles are listed by the vendor's names under fixed ids; those without a meaning cannot be given.
#[tokio::test]
async fn roles_are_listed_and_only_meaningful_ones_given() {
    let office = Office::open().await;
    let roles = office.read("/v1/roles").await["_embedded"]["roles"].clone();
    let named = |name: &str| {
        let roles = roles.as_array().expect("a list");
        roles.iter().find(|role| role["name"] == name).expect("the role").clone()
    };
    let admin = named("Identity Data Admin");
    assert_eq!(admin["id"], "5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f01");
    assert_eq!(office.read(&own(&admin)).await, admin);
    office.ask("GET", &format!("/v1/roles/{NOBODY}")).send().await.assert_error(404, "NOT_FOUND", None);
    let alice = office.fixture.world.data.alice.id;
    let path = format!("users/{alice}/roleAssignments");
    let (env, population) = (office.fixture.env(), office.fixture.world.data.guests.id.to_string());
    let given = |role: &str, id: &str, kind: &str| json!({"role": {"id": named(role)["id"]}, "scope": {"id": id, "type": kind}});
    let made = office.create(&path, given("Identity Data Admin", &population, "POPULATION")).await;
    assert_eq!((&made["role"]["id"], &made["scope"]["id"]), (&admin["id"], &population.into()));
    assert_eq!((&made["environment"]["id"], &made["readOnly"]), (&env.clone().into(), &false.into()));
    office
        .refused("POST", &path, given("Help Desk Admin", &env, "ENVIRONMENT"), "INVALID_VALUE", "role")
        .await;
    office
        .refused("POST", &path, given("Environment Admin", &env, "POPULATION"), "INVALID_VALUE", "scope")
        .await;
    let again = given("Identity Data Admin", &office.fixture.world.data.guests.id.to_string(), "POPULATION");
    office.refused("POST", &path, again, "UNIQUENESS_VIOLATION", "role").await;
    assert_eq!(office.read(&path).await["size"], 1);
    office.delete(&own(&made)).await;
    // Nobody gives beyond the own reach: not in another environment, not what one's own role does not cover.
    let root = office.fixture.world.authority().root_realm().await.expect("a store").expect("the root realm");
    let beyond =
        office.send("POST", &path, given("Environment Admin", &root.id.to_string(), "ENVIRONMENT")).await;
    beyond.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    let nowhere = office.send("POST", &path, given("Identity Data Admin", NOBODY, "ENVIRONMENT")).await;
    nowhere.assert_error(403, "ACCESS_FAILED", FORBIDDEN); // It could come into being, with somebody there before it.
    let clerk = RoleScope::Population(office.fixture.world.data.population.id);
    let clerk = vec![RoleAssignment { role: Role::IdentityDataAdmin, scope: clerk }];
    let clerk = Office { bearer: office.fixture.client("clerk", clerk).await, fixture: office.fixture };
    let own_population = clerk.fixture.world.data.population.id.to_string();
    let (bob, carol) = (clerk.fixture.world.data.bob.id, clerk.fixture.world.data.guest.id);
    let path = format!("users/{bob}/roleAssignments");
    for (role, id, kind) in [
        ("Environment Admin", env.as_str(), "ENVIRONMENT"),
        ("Identity Data Admin", env.as_str(), "ENVIRONMENT"),
        ("Identity Data Admin", &clerk.fixture.world.data.guests.id.to_string(), "POPULATION"),
    ] {
        let reply = clerk.send("POST", &path, given(role, id, kind)).await;
        reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    }
    let reader = given("Identity Data Read Only", &own_population, "POPULATION");
    assert_eq!(clerk.send("POST", &path, reader.clone()).await.status, 201);
    let foreign = clerk.send("POST", &format!("users/{carol}/roleAssignments"), reader).await;
    foreign.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
}

/// Goal: nobody gains rights through somebody else's password, application or secret.
#[tokio::test]
async fn nobody_climbs_over_somebody_else() {
    let office = Office::open().await;
    let (fixture, realm) = (&office.fixture, office.fixture.world.data.realm.id);
    let population = RoleScope::Population(fixture.world.data.population.id);
    let clerk = fixture
        .client("clerk", vec![RoleAssignment { role: Role::IdentityDataAdmin, scope: population }])
        .await;
    let developer = RoleAssignment { role: Role::ClientAdmin, scope: RoleScope::Realm(realm) };
    let developer = fixture.client("developer", vec![developer]).await;
    let env = json!({"id": "5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f01"});
    let given = json!({"role": env, "scope": {"id": fixture.env(), "type": "ENVIRONMENT"}});
    let bob = fixture.world.data.bob.id;
    assert_eq!(office.send("POST", &format!("users/{bob}/roleAssignments"), given).await.status, 201);
    let body = r#"{"value":"Taken-over-99","username":"bob","email":"b@example.test","enabled":false}"#;
    for (method, rest, kind) in [
        ("PUT", "/password", "application/vnd.pingidentity.password.set+json"),
        ("PUT", "/enabled", "application/json"),
        ("PUT", "", "application/json"),
        ("PATCH", "", "application/json"),
        ("DELETE", "", "application/json"),
    ] {
        let path = fixture.m(&format!("users/{bob}{rest}"));
        let ask = fixture.ask(method.parse().expect("a method"), &path).bearer(&clerk);
        let reply = ask.header("content-type", kind).body(body).send().await;
        reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    }
    let worker = fixture.world.data.worker.id.clone();
    for (method, rest) in [("GET", "/secret"), ("POST", "/secret"), ("PUT", ""), ("DELETE", "")] {
        let path = fixture.m(&format!("applications/{worker}{rest}"));
        let ask = fixture.ask(method.parse().expect("a method"), &path).bearer(&developer);
        let reply = ask.header("content-type", "application/json").body("{}").send().await;
        reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    }
    let path = fixture.m(&format!("applications/{}/secret", fixture.shop().id));
    assert_eq!(fixture.get(&path).bearer(&developer).send().await.status, 200);
    // The roles of a worker made by a developer are the developer's, and no more.
    let developer = Office { bearer: developer, fixture: office.fixture };
    let worker = json!({"name": "W", "type": "WORKER", "protocol": "OPENID_CONNECT", "enabled": true,
        "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC"});
    let made = developer.create("applications", worker).await;
    let roles = developer.read(&format!("applications/{}/roleAssignments", id(&made))).await;
    assert_eq!(
        roles["_embedded"]["roleAssignments"][0]["role"]["id"],
        "5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f04"
    );
    assert_eq!(
        (&roles["size"], &roles["_embedded"]["roleAssignments"][0]["readOnly"]),
        (&1.into(), &true.into())
    );
}

/// P-16: whoever is limited to a population sees and changes its users only, and learns nothing of others.
#[tokio::test]
async fn a_population_is_all_that_its_administrator_sees() {
    let fixture = FaceFixture::open().await;
    let guests = fixture.world.data.guests.id;
    let scope = RoleScope::Population(guests);
    let bearer = fixture.client("clerk", vec![RoleAssignment { role: Role::IdentityDataAdmin, scope }]).await;
    let held = fixture.sign_on(CAROL).await;
    let clerk = Office { bearer, fixture };
    let users = clerk.read("users").await;
    assert_eq!((&users["count"], &users["_embedded"]["users"][0]["username"]), (&1.into(), &"carol".into()));
    let populations = clerk.read("populations").await;
    assert_eq!(populations["_embedded"]["populations"][0]["id"], guests.to_string());
    assert_eq!(populations["size"], 1);
    let (alice, carol) = (clerk.fixture.world.data.alice.id, clerk.fixture.world.data.guest.id);
    let other = clerk.fixture.world.data.population.id;
    for path in [
        format!("users/{alice}"),
        format!("users/{NOBODY}"),
        format!("users/{alice}/password"),
        format!("populations/{other}"),
        format!("populations/{NOBODY}"),
    ] {
        clerk.ask("GET", &path).send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    }
    let new =
        json!({"username": "dora", "email": "dora@example.test", "population": {"id": other.to_string()}});
    clerk.send("POST", "users", new).await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    let new =
        json!({"username": "dora", "email": "dora@example.test", "population": {"id": guests.to_string()}});
    clerk.create("users", new).await;
    let moved = json!({"population": {"id": other.to_string()}});
    let reply = clerk.send("PATCH", &format!("users/{carol}"), moved).await;
    reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
    clerk.fixture.assert_live(&held).await;
    assert_eq!(
        clerk.send("PUT", &format!("users/{carol}/enabled"), json!({"enabled": false})).await.status,
        200
    );
    clerk.fixture.assert_ended(&held).await;
}
