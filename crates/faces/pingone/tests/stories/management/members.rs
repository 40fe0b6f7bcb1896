//! What the vendor knows and is not kept here: taken where it says what is so anyway, refused by name where it would change
//! what happens, at every address that takes it.
//!
//! F-8, F-9, F-12. Contract pingone.md 4.2 to 4.4 and 5.6.

use serde_json::{Value, json};

use super::{NOBODY, Office, id, own};

/// One member of a resource: a value that would change what happens, and one that says what is so anyway.
struct Line {
    /// The member that the refusal names.
    target: &'static str,
    refused: Value,
    taken: Value,
}

fn line(target: &'static str, refused: Value, taken: Value) -> Line {
    Line { target, refused, taken }
}

fn users() -> Vec<Line> {
    vec![
        line("account", json!({"status": "ODD"}), json!({"status": "OK"})),
        line("account", json!({"unlockAt": "2030-01-01T00:00:00Z"}), json!({"canAuthenticate": true})),
        line("account", json!({"canAuthenticate": false}), json!({"canAuthenticate": true, "status": "OK"})),
        line("account", json!({"status": "LOCKED", "unlockAt": "soon"}), json!({"lockedAt": "x"})),
        line("enabled", json!("no"), json!(true)),
        line("lifecycle", json!({"status": "VERIFICATION_REQUIRED"}), json!({"status": "ACCOUNT_OK"})),
        line("mfaEnabled", json!(true), json!(false)),
        line("identityProvider", json!({"id": NOBODY}), json!({"type": "PING_ONE"})),
        line("identityProvider", json!({"type": "GOOGLE"}), json!({"id": null})),
        line("verifyStatus", json!("PASSED"), json!("NOT_INITIATED")),
        line("password", json!({"value": "Rabbit-hole-12"}), json!({})),
        line("username", json!("al\u{200b}ice"), json!("dora")),
        line("email", json!("a\u{202e}b@example.test"), json!("dora@example.test")),
        line("population", json!({"id": NOBODY}), json!(null)),
    ]
}

fn populations() -> Vec<Line> {
    vec![
        line("default", json!(true), json!(false)),
        line("passwordPolicy", json!({"id": NOBODY}), json!({"id": null})),
        line("alternativeIdentifiers", json!(["x"]), json!([])),
        line("preferredLanguage", json!("de"), json!("")),
        line("theme", json!({"id": NOBODY}), json!(null)),
    ]
}

fn applications() -> Vec<Line> {
    vec![
        line("accessControl", json!({"role": {"type": "ADMIN_USERS_ONLY"}}), json!({"role": null})),
        line("accessControl", json!({"group": {"type": "ANY_GROUP", "groups": [{"id": "x"}]}}), json!({})),
        line("additionalRefreshTokenReplayProtectionEnabled", json!(false), json!(true)),
        line("allowWildcardInRedirectUris", json!(true), json!(false)),
        line("bundleId", json!("com.example"), json!("")),
        line("cibaSignInPolicy", json!({"id": NOBODY}), json!(null)),
        line("deviceCustomVerificationUri", json!("https://a.test"), json!(null)),
        line("devicePathId", json!("x"), json!(null)),
        line("devicePollingInterval", json!(7), json!(5)),
        line("deviceTimeout", json!(60), json!(600)),
        line("jwks", json!("{}"), json!("")),
        line("jwksUrl", json!("http://a.test/jwks"), json!("https://a.test/jwks")),
        line("kerberos", json!({"gateways": [{"id": NOBODY}]}), json!({"gateways": []})),
        line("mobile", json!({"passcodeRefreshDuration": {"duration": 30}}), json!({})),
        line("opSessionCheckEnabled", json!(true), json!(false)),
        line("packageName", json!("com.example"), json!(null)),
        line("parRequirement", json!("REQUIRED"), json!("OPTIONAL")),
        line("parTimeout", json!(61), json!(60)),
        line("refreshTokenRollingDuration", json!(86400), json!(15_552_000)),
        line("refreshTokenRollingGracePeriodDuration", json!(60), json!(0)),
        line("requestScopesForMultipleResourcesEnabled", json!(true), json!(false)),
        line("requireSignedRequestObject", json!(true), json!(false)),
        line("signing", json!({"keyRotationPolicy": {"id": NOBODY}}), json!({"keyRotationPolicy": null})),
        line("supportUnsignedRequestObject", json!(true), json!(false)),
        line("grantTypes", json!(["IMPLICIT"]), json!(["AUTHORIZATION_CODE"])),
        line("responseTypes", json!(["TOKEN"]), json!(["CODE"])),
        line("pkceEnforcement", json!("MAYBE"), json!("REQUIRED")),
    ]
}

fn actions() -> Vec<Line> {
    vec![
        line("type", json!("MULTI_FACTOR_AUTHENTICATION"), json!("LOGIN")),
        line("condition", json!({"x": 1}), json!(null)),
        line("conditions", json!([{"x": 1}]), json!([])),
        line("registration", json!({"enabled": true}), json!({"enabled": false})),
        line("registration", json!({"externalHref": "https://a.test"}), json!({"population": {"id": null}})),
        line("recovery", json!({"enabled": true}), json!({"enabled": false})),
        line("socialProviders", json!([{"id": NOBODY}]), json!([])),
        line("enforceLockoutForIdentityProviders", json!(true), json!(false)),
    ]
}

impl Office {
    /// Every line at every one of these addresses, over a body that is taken; what was refused has changed nothing.
    async fn holds(&self, addresses: &[(&str, &str)], base: &Value, lines: &[Line]) {
        for Line { target, refused, taken } in lines {
            let with = |value: &Value| {
                let mut body = base.clone();
                body[*target] = value.clone();
                body
            };
            for (method, path) in addresses {
                let before = if *method == "POST" { Value::Null } else { self.read(path).await };
                let reply = self.send(method, path, with(refused)).await;
                assert_eq!(reply.status, 400, "{method} {path} {target} {refused}: {}", reply.text);
                assert_eq!(reply.json()["details"][0]["target"], *target, "{}", reply.text);
                if *method == "POST" {
                    let made = self.send(method, path, with(taken)).await;
                    assert_eq!(made.status, 201, "{method} {path} {target} {taken}: {}", made.text);
                    self.delete(&own(&made.json())).await;
                } else {
                    assert_eq!(self.read(path).await, before, "{method} {path} {target}");
                    let reply = self.send(method, path, with(taken)).await;
                    assert_eq!(reply.status, 200, "{method} {path} {target} {taken}: {}", reply.text);
                }
            }
        }
    }
}

/// Goal: F-8: nobody is told that something was done which was not, at any resource of the management API. What a resource says
/// of itself is taken back, and what nobody knows is ignored.
#[tokio::test]
async fn what_is_not_kept_is_refused_by_name_where_it_would_change_what_happens() {
    let office = Office::open().await;
    let user = json!({"username": "dora", "email": "dora@example.test", "unheardOf": {"x": 1}});
    office.holds(&[("POST", "users")], &user, &users()).await;
    let path = own(&office.create("users", user.clone()).await);
    office.holds(&[("PUT", &path), ("PATCH", &path)], &user, &users()).await;

    let population = json!({"name": "Crew", "unheardOf": 1});
    office.holds(&[("POST", "populations")], &population, &populations()).await;
    let path = own(&office.create("populations", population.clone()).await);
    office.holds(&[("PUT", &path)], &population, &populations()).await;

    let app = json!({
        "name": "Till", "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": ["AUTHORIZATION_CODE"], "unheardOf": 1,
    });
    office.holds(&[("POST", "applications")], &app, &applications()).await;
    let path = own(&office.create("applications", app.clone()).await);
    office.holds(&[("PUT", &path)], &app, &applications()).await;

    let policy = office.create("signOnPolicies", json!({"name": "Counter"})).await;
    let collection = format!("{}/actions", own(&policy));
    let action = json!({"type": "LOGIN", "priority": 1, "unheardOf": 1});
    office.holds(&[("POST", &collection)], &action, &actions()).await;
    let path = own(&office.create(&collection, action.clone()).await);
    office.holds(&[("PUT", &path)], &action, &actions()).await;
    let default = [line("default", json!(true), json!(false))];
    office.holds(&[("PUT", &own(&policy))], &json!({"name": "Counter"}), &default).await;
}

/// Goal: whatever a resource says of itself can be written back as it is, and changes nothing.
#[tokio::test]
async fn what_was_read_can_be_written_back() {
    let office = Office::open().await;
    let alice = format!("users/{}", office.fixture.world.data.alice.id);
    let app = format!("applications/{}", office.fixture.shop().id);
    let default = format!("populations/{}", office.fixture.world.data.population.id);
    let env = format!("/v1/environments/{}", office.fixture.env());
    let locked = json!({"account": {"status": "LOCKED", "unlockAt": "2027-01-01T00:00:00Z"}});
    assert_eq!(office.send("PATCH", &alice, locked).await.status, 200);
    for path in [&alice, &app, &default, &env] {
        let before = office.read(path).await;
        let reply = office.send("PUT", path, before.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, before), "{path}: {}", reply.text);
    }
}

/// F-11. Goal: what is made can be replaced at its own address, by whoever may make it; the rest of it stays.
#[tokio::test]
async fn what_is_made_can_be_replaced_at_its_address() {
    let office = Office::open().await;
    let data = &office.fixture.world.data;
    let (alice, guests) = (format!("users/{}/population", data.alice.id), data.guests.id.to_string());
    assert_eq!(office.read(&alice).await["id"], data.population.id.to_string());
    let moved = office.send("PUT", &alice, json!({"id": guests})).await;
    assert_eq!((moved.status.as_u16(), &moved.json()["id"]), (200, &guests.clone().into()), "{}", moved.text);
    assert_eq!(office.read(&format!("users/{}", data.alice.id)).await["population"]["id"], guests);
    office.refused("PUT", &alice, json!({"id": NOBODY}), "INVALID_VALUE", "id").await;
    office.refused("PUT", &alice, json!({}), "REQUIRED_VALUE", "id").await;

    let resources = office.read("resources").await["_embedded"]["resources"].clone();
    let scopes = office.read(&format!("{}/scopes", own(&resources[1]))).await["_embedded"]["scopes"].clone();
    let grant =
        |scope: &Value| json!({"resource": {"id": resources[1]["id"]}, "scopes": [{"id": scope["id"]}]});
    let shop = office.fixture.shop();
    let made = office.create(&format!("applications/{}/grants", shop.id), grant(&scopes[0])).await;
    let replaced = office.send("PUT", &own(&made), grant(&scopes[1])).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text);
    assert_eq!(replaced.json()["scopes"], grant(&scopes[1])["scopes"]);
    assert_eq!((office.read(&own(&made)).await["createdAt"].clone()), made["createdAt"]);
    let client = async || {
        let id = shop.id.parse().expect("an id");
        let client = office.fixture.world.authority().client(data.realm.id, &id).await.expect("a store");
        client.expect("the shop").api_scopes.clone()
    };
    assert_eq!(client().await, ["p1:delete:sessions"], "what was granted before is not any more");
    office.delete(&own(&made)).await;
    assert!(client().await.is_empty());
    let gone = office.send("PUT", &own(&made), grant(&scopes[1])).await;
    gone.assert_error(404, "NOT_FOUND", None);
    assert!(client().await.is_empty(), "what is not there is not replaced");

    let policies = [
        office.create("signOnPolicies", json!({"name": "Counter"})).await,
        office.create("signOnPolicies", json!({"name": "Desk"})).await,
    ];
    let assign =
        |policy: &Value, priority: u32| json!({"signOnPolicy": {"id": id(policy)}, "priority": priority});
    let assignments = format!("applications/{}/signOnPolicyAssignments", shop.id);
    let made = office.create(&assignments, assign(&policies[0], 1)).await;
    let other = office.create(&assignments, assign(&policies[1], 2)).await;
    office
        .refused("PUT", &own(&other), assign(&policies[0], 2), "UNIQUENESS_VIOLATION", "signOnPolicy")
        .await;
    let later = office.send("PUT", &own(&made), assign(&policies[0], 3)).await.json();
    assert_eq!(later["priority"], 3);
    let held = office.fixture.sign_on(crate::fixture::ALICE).await;
    assert_eq!(crate::fixture::claims(&held.access)["acr"], "Desk", "the first by priority names sign-ons");

    let actions = format!("{}/actions", own(&policies[0]));
    let made = office.create(&actions, json!({"type": "LOGIN", "priority": 1})).await;
    let later = office.send("PUT", &own(&made), json!({"type": "LOGIN", "priority": 7})).await.json();
    assert_eq!((&later["priority"], &later["id"]), (&json!(7), &made["id"]));
    for path in [format!("{actions}/{NOBODY}"), format!("{assignments}/{NOBODY}")] {
        let body = json!({"type": "LOGIN", "priority": 1, "signOnPolicy": {"id": id(&policies[0])}});
        office.send("PUT", &path, body).await.assert_error(404, "NOT_FOUND", None);
    }

    let env = format!("/v1/environments/{}", office.fixture.env());
    let before = office.read(&env).await;
    let mut named = before.clone();
    named["name"] = "Our shop".into();
    named["icon"] = "https://a.test/icon.png".into();
    let renamed = office.send("PUT", &env, named.clone()).await.json();
    assert_eq!((&renamed["name"], &renamed["icon"]), (&named["name"], &named["icon"]));
    named["region"] = if before["region"] == "EU" { "NA" } else { "EU" }.into();
    office.refused("PUT", &env, named, "INVALID_VALUE", "region").await;
    assert_eq!(office.fixture.sign_on(crate::fixture::BOB).await.sid.len(), 36, "it serves as before");
}
