//! The people and clients of the contract scenarios in a running server, made over its native API; and what programs
//! that drive the server have to know of them.
//!
//! Their passwords are published: no server that anybody else can reach is given them. The tests' own world has the same
//! people (`adieu_testkit`).

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use toml::{Table, toml};

use crate::http::{ask, json};

/// Names and passwords; none is a part of another, so that recordings can be compared.
struct Person {
    name: &'static str,
    shown: &'static str,
    password: &'static str,
}

const ALICE: Person = Person { name: "alice", shown: "Alice", password: "Rabbit-hole-11" };
const BOB: Person = Person { name: "bob", shown: "Bob", password: "Builder-tools-22" };
const BOBBY: Person = Person { name: "bobby", shown: "Robert", password: "Tables-dropped-33" };
const CAROL: Person = Person { name: "carol", shown: "Carol", password: "Singing-choir-44" };
const ROOT_USER: Person = Person { name: "groundling", shown: "Gus", password: "Water-level-55" };
const ADMIN: Person = Person { name: "amadmin", shown: "Administrator", password: "Golden-keys-66" };
const EVERYBODY: [&Person; 6] = [&ALICE, &BOB, &BOBBY, &CAROL, &ROOT_USER, &ADMIN];

/// The realm that all three dialects share.
const REALM: &str = "/alpha";

/// Ids of clients that dialects know by UUID.
const WORKER: &str = "a1fa0000-0000-4000-8000-0000000000c1";
const APP: &str = "a1fa0000-0000-4000-8000-0000000000c2";
const APP_TWO: &str = "a1fa0000-0000-4000-8000-0000000000c3";
const OIDC: &str = "a1fa0000-0000-4000-8000-0000000000c4";
const SPA: &str = "a1fa0000-0000-4000-8000-0000000000c5";

impl Person {
    fn address(&self) -> String {
        format!("{}@example.test", self.name)
    }

    /// As a document declares them.
    fn declared(&self) -> Table {
        let traits = json!({"email": self.address(), "username": self.name, "name": self.shown});
        toml! {
            metadata_public = "{\"team\":\"blue\"}"
            metadata_admin = "{\"note\":\"internal\"}"
        }
        .into_iter()
        .chain([
            ("username".into(), self.name.into()),
            ("email".into(), self.address().into()),
            ("traits".into(), traits.to_string().into()),
            ("password_env".into(), self.name.to_uppercase().into()),
        ])
        .collect()
    }
}

/// Makes everybody who is not there yet, and tells what programs need to know. Secrets of clients are told when they are
/// made and never again; `before` is what was told then.
pub(crate) fn make(admin: SocketAddr, config: &Table, before: Option<&Value>) -> Result<Value> {
    let realms = json(admin, "GET", "/v1/realms?limit=500", None)?;
    let paths = realms["items"].as_array().into_iter().flatten().filter_map(|realm| realm["path"].as_str());
    let document = Table::from_iter([("realms".to_owned(), paths.map(declared).collect::<Vec<_>>().into())]);
    let passwords = EVERYBODY.map(|who| json!({"env": who.name.to_uppercase(), "password": who.password}));
    let order = json!({"document": document.to_string(), "passwords": passwords});
    let mut step = json(admin, "POST", "/v1/declaration", Some(&order))?;
    let mut made = step["secrets"].as_array().cloned().unwrap_or_default();
    while let Some(plan) = step["plan"].as_str() {
        let turn = json!({"passwords": order["passwords"]});
        step = json(admin, "POST", &format!("/v1/declaration/{plan}"), Some(&turn))?;
        made.extend(step["secrets"].as_array().cloned().unwrap_or_default());
    }
    variables(admin, config, &Secrets { made, before })
}

/// A realm with its people.
fn declared(path: &str) -> toml::Value {
    let mut realm = match path {
        REALM => shared(),
        "/" => {
            let mut admin = ADMIN.declared();
            admin.insert("roles".into(), vec![toml! { role = "identity-data-admin" }].into());
            // A namesake of Alice: the recorded AM knew its users in both.
            toml::Table::from_iter([(
                "users".to_owned(),
                vec![ROOT_USER.declared(), ALICE.declared(), admin].into(),
            )])
        }
        "/alpha/sub" => Table::from_iter([("users".to_owned(), vec![CAROL.declared()].into())]),
        _ => Table::from_iter([("users".to_owned(), vec![ALICE.declared()].into())]),
    };
    realm.insert("path".into(), path.into());
    realm.into()
}

fn shared() -> Table {
    let mut carol = CAROL.declared();
    carol.insert("population".into(), "Guests".into());
    let users = vec![ALICE.declared(), BOB.declared(), BOBBY.declared(), carol];
    let worker = toml! {
        client_id = WORKER
        client_name = "Worker"
        grant_types = ["client_credentials"]
        roles = [{ role = "identity-data-admin" }, { role = "realm-admin" }]
    };
    let mut in_a_browser = application(SPA, "Shop");
    in_a_browser.insert("token_endpoint_auth_method".into(), "none".into());
    let clients = vec![
        worker,
        application(APP, "Shop"),
        application(APP_TWO, "Billing"),
        application(OIDC, "Wiki"),
        in_a_browser,
    ];
    let populations = toml! {
        [[populations]]
        name = "Default"
        [[populations]]
        name = "Guests"
    };
    populations
        .into_iter()
        .chain([("users".to_owned(), users.into()), ("clients".to_owned(), clients.into())])
        .collect()
}

fn application(id: &str, name: &str) -> Table {
    let after = format!("https://{}.example.test/bye", name.to_lowercase());
    Table::from_iter([
        ("client_id".to_owned(), id.into()),
        ("client_name".to_owned(), name.into()),
        ("grant_types".to_owned(), vec!["authorization_code", "refresh_token"].into()),
        ("pkce_required".to_owned(), false.into()),
        ("api_scopes".to_owned(), vec!["p1:read:sessions", "p1:delete:sessions"].into()),
        ("redirect_uris".to_owned(), vec![redirect_uri(name)].into()),
        ("post_logout_redirect_uris".to_owned(), vec![after].into()),
    ])
}

fn redirect_uri(name: &str) -> String {
    format!("https://{}.example.test/callback", name.to_lowercase())
}

/// Secrets of clients: told now, or before.
struct Secrets<'a> {
    made: Vec<Value>,
    before: Option<&'a Value>,
}

impl Secrets<'_> {
    fn of(&self, client: &str, (dialect, name): (&str, &str)) -> Result<String> {
        let told = self.made.iter().find(|made| made["client_id"] == client);
        let told = told.and_then(|made| made["client_secret"].as_str());
        let before = self.before.and_then(|before| before[dialect][name].as_str());
        told.or(before).map(str::to_owned).with_context(|| {
            format!(
                "client {client} was made by an earlier start, and its secret was shown then: give the file of \
                 that start to --vars, or an empty folder to --data"
            )
        })
    }
}

/// What programs that drive the server need to know, dialect by dialect.
fn variables(admin: SocketAddr, config: &Table, secrets: &Secrets<'_>) -> Result<Value> {
    let text = |section: &str, key: &str| config[section][key].as_str().unwrap_or_default();
    let (public, kratos) = (text("public", "url"), text("kratos", "url"));
    let realm = one(admin, &format!("/v1/realms?path={REALM}"))?;
    let user = |who: &Person| one(admin, &format!("/v1/realms/{realm}/users?name={}", who.name));
    let population = one(admin, &format!("/v1/realms/{realm}/populations"))?;
    let app_secret = secrets.of(APP, ("pingone", "app_client_secret"))?;
    Ok(json!({
        "kratos": {
            "public": if kratos.is_empty() { public } else { kratos }, "admin": text("admin", "url"),
            "ui": text("kratos", "default_return_url").trim_end_matches('/'),
            "alice": ALICE.address(), "alice_password": ALICE.password,
            "bob": BOB.address(), "bob_password": BOB.password,
        },
        "am": {
            "public": format!("{public}/am"), "cookie": text("am", "cookie_name"), "base_dn": text("am", "base_dn"),
            "user": ALICE.name, "password": ALICE.password, "user_capitals": ALICE.name.to_uppercase(),
            "user2": BOBBY.name, "password2": BOBBY.password,
            "user3": CAROL.name, "password3": CAROL.password,
            "root_user": ROOT_USER.name, "root_password": ROOT_USER.password,
            "admin_user": ADMIN.name, "admin_password": ADMIN.password,
            "rp_client": APP, "rp_secret": app_secret, "spa_client": SPA,
            "redirect_uri": redirect_uri("Shop"), "post_logout_uri": "https://shop.example.test/bye",
            "origin": "http://app.example.org:3000",
        },
        "pingone": {
            "auth": public, "api": format!("{public}/v1"), "env_id": realm,
            "user": ALICE.name, "password": ALICE.password, "user_id": user(&ALICE)?,
            "user2": BOB.name, "password2": BOB.password, "user2_id": user(&BOB)?,
            "population_id": population,
            "worker_client_id": WORKER,
            "worker_client_secret": secrets.of(WORKER, ("pingone", "worker_client_secret"))?,
            "app_client_id": APP, "app_client_secret": app_secret, "app_redirect_uri": redirect_uri("Shop"),
            "app2_client_id": APP_TWO,
            "app2_client_secret": secrets.of(APP_TWO, ("pingone", "app2_client_secret"))?,
            "app2_redirect_uri": redirect_uri("Billing"),
        },
        "oidc": {
            "issuer": format!("{public}/{realm}/as"), "client_id": OIDC,
            "client_secret": secrets.of(OIDC, ("oidc", "client_secret"))?, "redirect_uri": redirect_uri("Wiki"),
        },
    }))
}

/// The id of the first thing of a list.
fn one(admin: SocketAddr, list: &str) -> Result<String> {
    let found = json(admin, "GET", list, None)?;
    found["items"][0]["id"].as_str().map(str::to_owned).with_context(|| format!("{list} is empty"))
}

/// Whether the server answers that it is ready.
pub(crate) fn is_ready(admin: SocketAddr) -> bool {
    ask(admin, "GET", "/health/ready", None).is_ok_and(|(status, _)| status == 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_realm_has_somebody_and_only_the_shared_one_has_clients() {
        for (path, users) in [(REALM, 4), ("/", 3), ("/alpha/sub", 1), ("/quota", 1)] {
            let realm = declared(path);
            assert_eq!(realm["users"].as_array().unwrap().len(), users, "{path}");
            assert_eq!(realm.get("clients").is_some(), path == REALM, "{path}");
        }
    }

    #[test]
    fn a_secret_is_told_once_and_remembered_in_the_file_of_that_start() {
        let made = vec![json!({"client_id": WORKER, "client_secret": "new"})];
        let before = json!({"pingone": {"worker_client_secret": "old", "app_client_secret": "kept"}});
        let secrets = Secrets { made, before: Some(&before) };
        assert_eq!(secrets.of(WORKER, ("pingone", "worker_client_secret")).unwrap(), "new");
        assert_eq!(secrets.of(APP, ("pingone", "app_client_secret")).unwrap(), "kept");
        let nobody = secrets.of(OIDC, ("oidc", "client_secret")).unwrap_err().to_string();
        assert!(nobody.contains("--vars"), "{nobody}");
    }
}
