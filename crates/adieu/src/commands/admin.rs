//! `adieu user add` and `adieu worker add`: enough administration to sign on, and to go on over HTTP.
//!
//! It opens the data folder itself, so the server must not be running; passwords never stand on the command line.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

use adieu_authority::{ClientAuth, NewClient, NewPerson, Role, RoleAssignment, RoleScope};
use anyhow::{Context, Result, bail};

use crate::config::Config;
use crate::house::House;
use crate::provision;
use crate::real::{SystemClock, SystemEntropy};

/// A user to be made.
pub struct AddUser {
    /// The realm's path.
    pub realm: String,
    /// The name.
    pub username: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the user administers the realm.
    pub admin: bool,
}

pub(super) async fn add_user(config: Config, user: AddUser) -> Result<()> {
    let password = password()?;
    let house = House::open(&config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    let authority = &house.authority;
    let realm = authority
        .realm_at(&user.realm)
        .await?
        .with_context(|| format!("there is no realm {}", user.realm))?;
    let population = provision::default_population(authority, &realm).await?;
    let scope = RoleScope::Realm(realm.id);
    let roles =
        if user.admin { vec![RoleAssignment { role: Role::IdentityDataAdmin, scope }] } else { vec![] };
    let new = NewPerson {
        username: user.username,
        email: user.email,
        password: Some(password),
        roles,
        ..NewPerson::default()
    };
    let made = authority.create_user(&population, new).await?;
    println!("user {} ({}) of realm {} can sign on", made.username, made.id, realm.path);
    Ok(())
}

pub(super) async fn add_worker(config: Config, realm: &str, name: &str) -> Result<()> {
    let house = House::open(&config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    let authority = &house.authority;
    let realm = authority.realm_at(realm).await?.with_context(|| format!("there is no realm {realm}"))?;
    let scope = RoleScope::Realm(realm.id);
    let id = authority.draw_uuid().to_string();
    let new = NewClient {
        id: id.parse().context("a UUID is a client id")?,
        name: name.to_owned(),
        auth: ClientAuth::Basic,
        code: false,
        refresh: false,
        client_credentials: true,
        pkce_required: false,
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles: [Role::IdentityDataAdmin, Role::RealmAdmin]
            .map(|role| RoleAssignment { role, scope })
            .to_vec(),
    };
    let made = authority.create_client(realm.id, new).await?;
    let secret = authority.secret_of(&made).context("a worker has a secret")?;
    println!("environment {}\nclient_id {}\nclient_secret {secret}", realm.id, made.id);
    Ok(())
}

fn password() -> Result<String> {
    if let Ok(password) = std::env::var("ADIEU_PASSWORD") {
        return sound(password);
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("Password (shown as you type; use ADIEU_PASSWORD to avoid that): ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("standard input")?;
    sound(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn sound(password: String) -> Result<String> {
    if password.chars().count() < 8 {
        bail!("a password has at least 8 characters");
    }
    Ok(password)
}
