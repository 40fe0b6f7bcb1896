//! The people and clients of the stories and the contract scenarios: the same ones everywhere, with published passwords.
//!
//! Made through the authority like anybody else. Idempotent: who is there stays as they are.

use adieu::config::Config;
use adieu::provision;
use adieu_authority::{
    Authority, Client, ClientAuth, ClientId, DirectoryError, NewClient, NewPerson, PersonError, Population,
    Realm, Role, RoleAssignment, RoleScope, User,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};

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

/// Ids of clients that dialects know by UUID.
const WORKER: &str = "a1fa0000-0000-4000-8000-0000000000c1";
const APP: &str = "a1fa0000-0000-4000-8000-0000000000c2";
const APP_TWO: &str = "a1fa0000-0000-4000-8000-0000000000c3";
const OIDC: &str = "a1fa0000-0000-4000-8000-0000000000c4";
const SPA: &str = "a1fa0000-0000-4000-8000-0000000000c5";

/// Everybody, and what a client program has to know of them.
#[derive(Clone)]
pub struct TestData {
    /// The realm that all three dialects share.
    pub realm: Realm,
    /// Its first population: everybody but [`TestData::guest`].
    pub population: Population,
    /// Its second population.
    pub guests: Population,
    /// Alice.
    pub alice: User,
    /// Bob.
    pub bob: User,
    /// Carol, who is alone in the second population.
    pub guest: User,
    /// A client in its own name, administrator of the realm and of its users.
    pub worker: Client,
    /// An application.
    pub app: Client,
    /// Another one.
    pub app_two: Client,
    secrets: Vec<(String, String)>,
}

/// Makes the data in the realms of the configuration.
pub async fn make_data(authority: &Authority, config: &Config) -> Result<TestData> {
    let realm = at(authority, "/alpha").await?;
    let root = at(authority, "/").await?;
    let population = provision::default_population(authority, &realm).await?;
    let guests = guests(authority, &realm).await?;
    let alice = person(authority, &population, &ALICE, vec![]).await?;
    let bob = person(authority, &population, &BOB, vec![]).await?;
    person(authority, &population, &BOBBY, vec![]).await?;
    let guest = person(authority, &guests, &CAROL, vec![]).await?;
    let in_root = provision::default_population(authority, &root).await?;
    person(authority, &in_root, &ROOT_USER, vec![]).await?;
    person(authority, &in_root, &ALICE, vec![]).await?; // A namesake: the recorded AM knew its users in both.
    let everywhere = RoleAssignment { role: Role::IdentityDataAdmin, scope: RoleScope::Realm(root.id) };
    person(authority, &in_root, &ADMIN, vec![everywhere]).await?;
    for other in &config.realms {
        if other.path != "/alpha" {
            let realm = at(authority, &other.path).await?;
            let there = provision::default_population(authority, &realm).await?;
            let who = if other.path == "/alpha/sub" { &CAROL } else { &ALICE };
            person(authority, &there, who, vec![]).await?;
        }
    }
    let of_realm = |role| RoleAssignment { role, scope: RoleScope::Realm(realm.id) };
    let roles = vec![of_realm(Role::IdentityDataAdmin), of_realm(Role::RealmAdmin)];
    let worker = client(authority, &realm, worker(roles)?).await?;
    let app = client(authority, &realm, application(APP, "Shop")?).await?;
    let app_two = client(authority, &realm, application(APP_TWO, "Billing")?).await?;
    let oidc = client(authority, &realm, application(OIDC, "Wiki")?).await?;
    client(authority, &realm, in_a_browser()?).await?;
    let secrets = [&worker, &app, &app_two, &oidc]
        .map(|client| (client.id.to_string(), authority.secret_of(client).unwrap_or_default()))
        .to_vec();
    Ok(TestData { realm, population, guests, alice, bob, guest, worker, app, app_two, secrets })
}

async fn at(authority: &Authority, path: &str) -> Result<Realm> {
    let realm = authority.realm_at(path).await?;
    realm.map(|realm| Realm::clone(&realm)).with_context(|| format!("realm {path} is not configured"))
}

async fn guests(authority: &Authority, realm: &Realm) -> Result<Population> {
    match authority.populations(realm.id).await?.into_iter().nth(1) {
        Some(population) => Ok(population),
        None => Ok(authority.create_population(realm, "Guests").await?),
    }
}

async fn person(
    authority: &Authority,
    population: &Population,
    who: &Person,
    roles: Vec<RoleAssignment>,
) -> Result<User> {
    if let Some(user) = authority.user_named(population.realm, who.name).await? {
        return Ok(User::clone(&user));
    }
    let email = format!("{}@example.test", who.name);
    let traits = json!({"email": email, "username": who.name, "name": who.shown});
    let new = NewPerson {
        username: who.name.into(),
        email: Some(email),
        password: Some(who.password.into()),
        traits: Some(traits.to_string()),
        metadata_public: Some(json!({"team": "blue"}).to_string()),
        metadata_admin: Some(json!({"note": "internal"}).to_string()),
        roles,
        ..NewPerson::default()
    };
    match authority.create_user(population, new).await {
        Ok(user) => Ok(user),
        Err(error @ (PersonError::Directory(_) | PersonError::Password(_) | PersonError::Weak(_))) => {
            Err(error).with_context(|| who.name)
        }
    }
}

async fn client(authority: &Authority, realm: &Realm, new: NewClient) -> Result<Client> {
    if let Some(client) = authority.client(realm.id, &new.id).await? {
        return Ok(Client::clone(&client));
    }
    let made: Result<Client, DirectoryError> = authority.create_client(realm.id, new).await;
    Ok(made?)
}

fn id(text: &str) -> Result<ClientId> {
    text.parse().map_err(|_| anyhow::anyhow!("{text} is no client id"))
}

fn worker(roles: Vec<RoleAssignment>) -> Result<NewClient> {
    Ok(NewClient {
        id: id(WORKER)?,
        name: "Worker".into(),
        auth: ClientAuth::Basic,
        code: false,
        refresh: false,
        client_credentials: true,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles,
    })
}

fn application(uuid: &str, name: &str) -> Result<NewClient> {
    let host = name.to_lowercase();
    Ok(NewClient {
        id: id(uuid)?,
        name: name.into(),
        auth: ClientAuth::Basic,
        code: true,
        refresh: true,
        client_credentials: false,
        pkce_required: false,
        api_scopes: ["p1:read:sessions", "p1:delete:sessions"].map(str::to_owned).to_vec(),
        redirect_uris: vec![redirect_uri(name)],
        post_logout_redirect_uris: vec![format!("https://{host}.example.test/bye")],
        roles: vec![],
    })
}

/// The shop as a page in the browser, which proves itself to nobody.
fn in_a_browser() -> Result<NewClient> {
    Ok(NewClient { id: id(SPA)?, auth: ClientAuth::None, api_scopes: vec![], ..application(SPA, "Shop")? })
}

fn redirect_uri(name: &str) -> String {
    format!("https://{}.example.test/callback", name.to_lowercase())
}

impl TestData {
    /// The secret of one of the clients.
    pub fn secret(&self, client: &Client) -> &str {
        let found = self.secrets.iter().find(|(id, _)| *id == client.id.as_str());
        found.map_or("", |(_, secret)| secret.as_str())
    }

    /// What programs that drive the server need to know, dialect by dialect.
    pub fn variables(&self, config: &Config) -> Value {
        let (public, admin) = (config.public.url.as_str(), config.admin.url.as_str());
        let ui = config.kratos.default_return_url.trim_end_matches('/');
        let secret_of = |id: &str| {
            self.secrets
                .iter()
                .find(|(known, _)| known == id)
                .map(|(_, secret)| secret.as_str())
                .unwrap_or_default()
        };
        let address = |who: &Person| format!("{}@example.test", who.name);
        json!({
            "kratos": {
                "public": config.kratos_url(), "admin": admin, "ui": ui,
                "alice": address(&ALICE), "alice_password": ALICE.password,
                "bob": address(&BOB), "bob_password": BOB.password,
            },
            "am": {
                "public": format!("{public}/am"), "cookie": config.am.cookie_name, "base_dn": config.am.base_dn,
                "user": ALICE.name, "password": ALICE.password, "user_capitals": ALICE.name.to_uppercase(),
                "user2": BOBBY.name, "password2": BOBBY.password,
                "user3": CAROL.name, "password3": CAROL.password,
                "root_user": ROOT_USER.name, "root_password": ROOT_USER.password,
                "admin_user": ADMIN.name, "admin_password": ADMIN.password,
                "rp_client": APP, "rp_secret": secret_of(APP), "spa_client": SPA,
                "redirect_uri": redirect_uri("Shop"), "post_logout_uri": "https://shop.example.test/bye",
                "origin": "http://app.example.org:3000",
            },
            "pingone": {
                "auth": public, "api": format!("{public}/v1"), "env_id": self.realm.id.to_string(),
                "user": ALICE.name, "password": ALICE.password, "user_id": self.alice.id.to_string(),
                "user2": BOB.name, "password2": BOB.password, "user2_id": self.bob.id.to_string(),
                "population_id": self.population.id.to_string(),
                "worker_client_id": WORKER, "worker_client_secret": secret_of(WORKER),
                "app_client_id": APP, "app_client_secret": secret_of(APP), "app_redirect_uri": redirect_uri("Shop"),
                "app2_client_id": APP_TWO, "app2_client_secret": secret_of(APP_TWO),
                "app2_redirect_uri": redirect_uri("Billing"),
            },
            "oidc": {
                "issuer": format!("{public}/{}/as", self.realm.id), "client_id": OIDC,
                "client_secret": secret_of(OIDC), "redirect_uri": redirect_uri("Wiki"),
            },
        })
    }
}
