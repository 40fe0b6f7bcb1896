//! Applications over HTTP: made, read, replaced, their secrets and grants.
//!
//! Contract pingone.md 4.3.

use adieu_authority::{Client, JoseAlgorithm};
use serde_json::{Value, json};

use super::{Office, id, own};
use crate::fixture::{ALICE, App};

fn shop() -> Value {
    json!({
        "name": "Till", "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_POST", "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
        "responseTypes": ["CODE"], "redirectUris": ["https://till.example.test/cb"],
        "postLogoutRedirectUris": ["https://till.example.test/bye"], "idpSignoff": true,
        "pkceEnforcement": "S256_REQUIRED", "refreshTokenDuration": 7200, "description": "A till",
        "corsSettings": {"behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": ["https://till.example.test"]},
    })
}

/// What is written is read back, and rules follow it: how it proves itself, where it may redirect.
#[tokio::test]
async fn an_application_is_made_and_works() {
    let office = Office::open().await;
    let made = office.create("applications", shop()).await;
    for (name, value) in shop().as_object().expect("an object") {
        assert_eq!(&made[name], value, "{name}");
    }
    let path = own(&made);
    let secret =
        office.read(&format!("{path}/secret")).await["secret"].as_str().expect("a secret").to_owned();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", &id(&made)),
        ("client_secret", &secret),
    ];
    office
        .fixture
        .post(&office.fixture.a("as/token"))
        .form(&form)
        .send()
        .await
        .assert_oauth(400, "invalid_grant");
    let authorize = format!(
        "{}?{}",
        office.fixture.a("as/authorize"),
        crate::fixture::encoded(&[
            ("client_id", id(&made).as_str()),
            ("response_type", "code"),
            ("redirect_uri", "https://till.example.test/cb"),
            ("code_challenge", &"a".repeat(43)),
            ("code_challenge_method", "S256"),
        ])
    );
    assert_eq!(office.fixture.get(&authorize).send().await.status, 302);
    let listed = office.read("applications").await;
    let names = |list: &Value| list["_embedded"]["applications"].as_array().expect("a list").len();
    assert_eq!(names(&listed), 6);

    let mut next = shop();
    for gone in
        ["description", "corsSettings", "refreshTokenDuration", "idpSignoff", "pkceEnforcement", "enabled"]
    {
        next.as_object_mut().expect("an object").remove(gone);
    }
    let replaced = office.send("PUT", &path, next).await.json();
    assert!(replaced.get("description").is_none() && replaced.get("corsSettings").is_none());
    assert_eq!((&replaced["refreshTokenDuration"], &replaced["enabled"]), (&2_592_000.into(), &false.into()));
    assert_eq!(replaced["createdAt"], made["createdAt"]);
    office
        .fixture
        .post(&office.fixture.a("as/token"))
        .form(&form)
        .send()
        .await
        .assert_oauth(401, "invalid_client");
    office.delete(&path).await;
    assert_eq!(names(&office.read("applications").await), 5);
}

/// Goal: S-CA-2: an application that signs brings its public keys, as the text that the vendor makes of them.
#[tokio::test]
async fn an_application_that_signs_brings_its_keys() {
    let office = Office::open().await;
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let jwks = json!({"keys": [
        {"kty": "OKP", "use": "sig", "alg": "EdDSA", "kid": "k1", "crv": "Ed25519", "x": x}
    ]});
    let mut new = shop();
    new["tokenEndpointAuthMethod"] = "PRIVATE_KEY_JWT".into();
    new["jwks"] = jwks.to_string().into();
    let made = office.create("applications", new.clone()).await;
    assert_eq!((&made["tokenEndpointAuthMethod"], &made["jwks"]), (&json!("PRIVATE_KEY_JWT"), &new["jwks"]));
    let replaced = office.send("PUT", &own(&made), new.clone()).await.json();
    assert_eq!(replaced["jwks"], new["jwks"]);
    for bad in [json!(""), json!("x"), json!(r#"{"keys":[{"kty":"oct","k":"AQAB"}]}"#)] {
        new["jwks"] = bad.clone();
        let refused = office.send("PUT", &own(&made), new.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["details"][0]["target"]),
            (400, &json!("jwks")),
            "{bad}"
        );
    }
}

/// Keys may stand at an address in their place, which is the vendor's `jwksUrl`; both together are refused.
#[tokio::test]
async fn an_application_that_signs_publishes_its_keys() {
    let office = Office::open().await;
    let mut new = shop();
    new["tokenEndpointAuthMethod"] = "PRIVATE_KEY_JWT".into();
    new["jwksUrl"] = "https://till.example.test/keys".into();
    let made = office.create("applications", new.clone()).await;
    assert_eq!((&made["jwksUrl"], &made["jwks"]), (&new["jwksUrl"], &Value::Null));
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    new["jwks"] = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}).to_string().into();
    let refused = office.send("PUT", &own(&made), new.clone()).await;
    refused.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("jwksUrl"))));
    new.as_object_mut().expect("an object").remove("jwksUrl");
    let replaced = office.send("PUT", &own(&made), new).await.json();
    assert_eq!(
        (&replaced["jwksUrl"], replaced["jwks"].is_string()),
        (&Value::Null, true),
        "absent members are cleared"
    );
}

/// Where an application hears of endings, and what else the vendor has no member for, is said by the native API or a document; a change by
/// the vendor's API loses none of it, and may not contradict it.
#[tokio::test]
async fn what_the_vendor_has_no_member_for_is_kept() {
    let office = Office::open().await;
    let made = office.create("applications", shop()).await;
    let client = id(&made).parse().expect("an id");
    let world = &office.fixture.world;
    let said = |client: &mut Client| {
        client.backchannel_logout_uri = Some("https://till.example.test/back".into());
        client.backchannel_logout_session_required = true;
        client.frontchannel_logout_uri = Some("https://till.example.test/front".into());
        client.frontchannel_logout_session_required = true;
        client.require_consent = true;
        client.signing.id_token = JoseAlgorithm::Es256;
    };
    let before = world.edit_client(&client, said).await;
    let mut next = shop();
    next["name"] = "Counter".into();
    assert_eq!(office.send("PUT", &own(&made), next.clone()).await.status, 200);
    let rotated = office.send("POST", &format!("{}/secret", own(&made)), json!({})).await;
    assert!(rotated.status.is_success(), "{}", rotated.text);
    let after = world.authority().client(before.realm, &client).await.expect("an answer").expect("there");
    let kept = |client: &Client| {
        let back = (client.backchannel_logout_uri.clone(), client.backchannel_logout_session_required);
        let front = (client.frontchannel_logout_uri.clone(), client.frontchannel_logout_session_required);
        (back, front, client.require_consent, client.signing.clone())
    };
    assert_eq!((after.name.as_str(), kept(&after)), ("Counter", kept(&before)));
    next["redirectUris"] = json!(["https://elsewhere.example.test/cb"]);
    let refused = office.send("PUT", &own(&made), next).await;
    refused.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("redirectUris"))));
}

/// Whatever an application would rely on in vain is refused by name.
#[tokio::test]
async fn what_does_not_exist_here_is_refused() {
    let office = Office::open().await;
    for (name, value, code) in [
        ("name", Value::Null, "REQUIRED_VALUE"),
        ("type", json!("TOASTER"), "INVALID_VALUE"),
        ("protocol", json!("SAML"), "INVALID_VALUE"),
        ("tokenEndpointAuthMethod", json!("CLIENT_SECRET_JWT"), "INVALID_VALUE"),
        ("grantTypes", json!(["IMPLICIT"]), "INVALID_VALUE"),
        ("responseTypes", json!(["TOKEN"]), "INVALID_VALUE"),
        ("redirectUris", json!(["javascript:alert(1)"]), "INVALID_VALUE"),
        ("redirectUris", json!("https://a.test"), "INVALID_VALUE"),
        ("postLogoutRedirectUris", json!(["/relative"]), "INVALID_VALUE"),
        ("loginPageUrl", json!("data:text/html,x"), "INVALID_VALUE"),
        ("loginPageUrl", json!("com.example.app:/in"), "INVALID_VALUE"),
        ("homePageUrl", json!("javascript:alert(1)"), "INVALID_VALUE"),
        ("homePageUrl", json!("https://user@app.test/"), "INVALID_VALUE"),
        ("initiateLoginUri", json!("JavaScript://app.test/%0aalert(1)"), "INVALID_VALUE"),
        ("targetLinkUri", json!("vbscript:x"), "INVALID_VALUE"),
        ("icon", json!({"id": "i", "href": "javascript:alert(1)"}), "INVALID_VALUE"),
        ("pkceEnforcement", json!("MAYBE"), "INVALID_VALUE"),
        ("refreshTokenDuration", json!(0), "INVALID_VALUE"),
        ("corsSettings", json!({"behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": ["*"]}), "INVALID_VALUE"),
        (
            "corsSettings",
            json!({"behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": ["https://a@b"]}),
            "INVALID_VALUE",
        ),
        (
            "corsSettings",
            json!({"behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": ["https://\"x"]}),
            "INVALID_VALUE",
        ),
        (
            "corsSettings",
            json!({"behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": ["https://a.test:443"]}),
            "INVALID_VALUE",
        ),
        ("idpSignoff", json!("yes"), "INVALID_VALUE"),
    ] {
        let mut bad = shop();
        bad[name] = value;
        office.refused("POST", "applications", bad, code, name).await;
    }
}

/// A member that stands twice is refused by its name.
#[tokio::test]
async fn a_member_that_stands_twice_is_refused() {
    let office = Office::open().await;
    for (path, body, name) in [
        ("applications", r#"{"name":"A","type":"WORKER","name":"B"}"#, "name"),
        ("users", r#"{"username":"a","name":{"given":"A","given":"B"}}"#, "given"),
    ] {
        let ask = office.ask("POST", path).header("content-type", "application/json");
        let reply = ask.body(body.to_owned()).send().await;
        reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some(name))));
    }
}

/// The secret is exchanged: the new one works, the one before does not, after a restart either.
#[tokio::test]
async fn a_secret_is_exchanged_for_another() {
    let mut office = Office::open().await;
    let shop = office.fixture.shop();
    let path = format!("applications/{}/secret", shop.id);
    assert_eq!(office.read(&path).await["secret"], shop.secret.as_str());
    let reply = office.ask("POST", &path).send().await;
    let secret = reply.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!((reply.status.as_u16(), reply.header("cache-control").contains("no-store")), (200, true));
    assert_ne!(secret, shop.secret);
    office.fixture.crash_and_restart().await;
    assert_eq!(office.read(&path).await["secret"], secret.as_str());
    office.fixture.refresh(&shop, "x").await.assert_oauth(401, "invalid_client");
    let renewed = App { secret, ..shop };
    office.fixture.refresh(&renewed, "x").await.assert_oauth(400, "invalid_grant");
    let public = json!({"name": "Spa", "type": "SINGLE_PAGE_APP", "protocol": "OPENID_CONNECT", "enabled": true,
        "tokenEndpointAuthMethod": "NONE", "grantTypes": ["AUTHORIZATION_CODE"]});
    let made = office.create("applications", public).await;
    office.ask("GET", &format!("{}/secret", own(&made))).send().await.assert_error(404, "NOT_FOUND", None);
}

/// The secret before counts until the time that is asked for and no longer; what cannot be meant is refused, and while it counts
/// no other rotation cuts that short unless it says nothing of an earlier secret.
#[tokio::test]
async fn a_secret_counts_beside_the_next_one_until_its_time() {
    let office = Office::open().await;
    let first = office.fixture.shop();
    let path = format!("applications/{}/secret", first.id);
    let works = async |secret: &str| {
        let app = App { secret: secret.to_owned(), ..office.fixture.shop() };
        office.fixture.refresh(&app, "x").await.status == 400 // The client is known, the token is not.
    };
    let now = office.fixture.world.authority().now();
    let until = |s: i64| adieu_http_kit::dates::rfc3339_s(now.ms() + s * 1000);
    for bad in [
        json!({"previous": {"expiresAt": "soon"}}),
        json!({"previous": {"expiresAt": 60}}),
        json!({"previous": {"expiresAt": until(-60)}}),
        json!({"previous": {"expiresAt": until(31 * 24 * 3600)}}),
        json!({"previous": "x"}),
    ] {
        let reply = office.send("POST", &path, bad.clone()).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (400, &"INVALID_DATA".into()), "{bad}");
    }
    assert!(works(&first.secret).await, "nothing was exchanged");
    let overlap = || json!({"previous": {"expiresAt": until(60)}});
    let second = office.send("POST", &path, overlap()).await.json();
    let secret = second["secret"].as_str().expect("a secret").to_owned();
    assert!(second["previous"]["expiresAt"].is_string() && second["previous"].get("secret").is_none());
    assert_eq!(office.read(&path).await, second);
    let again = office.send("POST", &path, overlap()).await;
    again.assert_error(400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", Some("previous"))));
    assert!(works(&first.secret).await && works(&secret).await);
    office.fixture.world.wait_s(60);
    assert!(!works(&first.secret).await && works(&secret).await);
    assert!(office.read(&path).await.get("previous").is_none());
}

/// What is kept beside an application goes with it, or stays with it.
#[tokio::test]
async fn an_application_goes_with_what_is_kept_beside_it_or_stays() {
    let mut office = Office::open().await;
    let made = office.create("applications", shop()).await;
    let resources = office.read("resources").await["_embedded"]["resources"].clone();
    let scopes = office.read(&format!("{}/scopes", own(&resources[1]))).await["_embedded"]["scopes"].clone();
    let grant = json!({"resource": {"id": resources[1]["id"]}, "scopes": [{"id": scopes[0]["id"]}]});
    office.create(&format!("{}/grants", own(&made)), grant).await;
    let kept = async |office: &Office| {
        let world = &office.fixture.world;
        let mut kept = Vec::new();
        for kind in ["pingone.application", "pingone.application-grant"] {
            let all = world.authority().documents(world.data.realm.id, kind, 100).await.expect("documents");
            kept.extend(all.into_iter().filter(|one| one.id.starts_with(&id(&made))).map(|one| one.kind));
        }
        kept
    };
    assert_eq!(kept(&office).await, ["pingone.application", "pingone.application-grant"]);
    office.delete(&own(&made)).await;
    office.fixture.crash_and_restart().await;
    assert_eq!(kept(&office).await, [""; 0]);
}

/// A worker has its maker's roles unless it is not to; roles given and taken count at the next call.
#[tokio::test]
async fn a_workers_roles_count_at_the_call() {
    let office = Office::open().await;
    let worker = |inherits: bool| {
        json!({"name": "W", "type": "WORKER", "protocol": "OPENID_CONNECT", "enabled": true,
            "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "assignActorRoles": inherits})
    };
    for inherits in [true, false] {
        let made = office.create("applications", worker(inherits)).await;
        assert_eq!(made["grantTypes"], json!(["CLIENT_CREDENTIALS"]));
        let secret = office.read(&format!("{}/secret", own(&made))).await;
        let token = office.fixture.own_token(&id(&made), secret["secret"].as_str().expect("a secret")).await;
        let users = office.fixture.m("users");
        let may = async || office.fixture.get(&users).bearer(&token).send().await.status == 200;
        assert_eq!(may().await, inherits);
        let path = format!("{}/roleAssignments", own(&made));
        let role = json!({"role": {"id": "5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f02"},
            "scope": {"id": office.fixture.env(), "type": "ENVIRONMENT"}});
        let given = office.create(&path, role).await;
        assert!(may().await);
        office.delete(&own(&given)).await;
        assert_eq!(may().await, inherits);
    }
}

/// The two resources exist by name; an application is granted their scopes.
#[tokio::test]
async fn resources_and_grants_exist() {
    let office = Office::open().await;
    let resources = office.read("resources").await["_embedded"]["resources"].clone();
    let names: Vec<_> =
        resources.as_array().expect("a list").iter().map(|one| one["name"].as_str()).collect();
    assert_eq!(names, [Some("openid"), Some("PingOne API")]);
    assert_eq!(office.read(&own(&resources[1])).await, resources[1]);
    let scopes = office.read(&format!("{}/scopes", own(&resources[1]))).await["_embedded"]["scopes"].clone();
    assert_eq!(scopes[0]["name"], "p1:read:sessions");
    let path = format!("applications/{}/grants", office.fixture.shop().id);
    let grant = json!({"resource": {"id": resources[1]["id"]}, "scopes": [{"id": scopes[0]["id"]}]});
    let made = office.create(&path, grant.clone()).await;
    assert_eq!(made["scopes"], grant["scopes"]);
    office.refused("POST", &path, grant, "UNIQUENESS_VIOLATION", "resource").await;
    let foreign = json!({"resource": {"id": resources[0]["id"]}, "scopes": [{"id": scopes[0]["id"]}]});
    office.refused("POST", &path, foreign, "INVALID_VALUE", "scopes").await;
    assert_eq!(office.read(&path).await["size"], 1);
    office.delete(&own(&made)).await;
}

/// S14: an application with a sign-on page of its own gets the browser back there after a sign-off with its hint.
#[tokio::test]
async fn a_sign_off_leads_to_the_applications_own_page() {
    let office = Office::open().await;
    let app = office.fixture.shop();
    let mut described = shop();
    described["tokenEndpointAuthMethod"] = "CLIENT_SECRET_BASIC".into();
    described["pkceEnforcement"] = "OPTIONAL".into();
    described["redirectUris"] = json!([app.redirect]);
    described["loginPageUrl"] = "https://till.example.test/in?x=1".into();
    let reply = office.send("PUT", &format!("applications/{}", app.id), described).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let held = office.fixture.sign_on(ALICE).await;
    let path = format!("{}?id_token_hint={}", office.fixture.a("as/signoff"), held.id_token);
    let reply = office.fixture.get(&path).cookie(&held.st).send().await;
    assert_eq!(
        reply.location(),
        format!("https://till.example.test/in?x=1&environmentId={}", office.fixture.env())
    );
    office.fixture.assert_ended(&held).await;
}
