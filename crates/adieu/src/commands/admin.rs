//! `adieu user add`: enough administration to sign on.
//!
//! It opens the data folder itself, so the server must not be running; passwords never stand on the command line.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

use adieu_authority::{NewPerson, Role, RoleAssignment, RoleScope};
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
