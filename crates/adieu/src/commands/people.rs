//! `adieu user …` and `adieu realm …`: requests to the native API, and their answers for people and programs.
//!
//! Passwords never stand on the command line.

use std::fmt;
use std::io::{BufRead, IsTerminal};

use adieu_authority::UserId;
use adieu_http_kit::form::append_query;
use anyhow::{Context, Result};
use clap::Subcommand;
use http::Method;
use serde_json::{Value, json};

use crate::commands::api::{Api, Reach};
use crate::commands::clients::removed;
use crate::commands::confirm::Confirmation;
use crate::commands::failure::{CommandFailure, ExitStatus};
use crate::commands::roles_shown::with_roles_in_words;
use crate::commands::{configured, ids, runtime, shown};
use crate::logging::note;

/// Users.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make a user. The password is read from the environment variable ADIEU_PASSWORD or from standard input.
    Add {
        /// The name to sign on with.
        username: String,
        /// An e-mail address, which works as a name as well.
        #[arg(long)]
        email: Option<String>,
        /// Make the user an administrator (Identity Data Admin) of the realm.
        #[arg(long)]
        admin: bool,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Set a password, read like that of `add`, and end the user's sessions.
    Passwd {
        /// Name, e-mail address or id.
        user: String,
        /// Leave the sessions that are live.
        #[arg(long)]
        keep_sessions: bool,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Let nobody sign on as a user, and end all their sessions for good.
    Disable {
        /// Name, e-mail address or id.
        user: String,
        /// Why: up to 256 characters, kept with the sessions that end.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Let a user sign on again. Sessions that ended stay ended.
    Enable {
        /// Name, e-mail address or id.
        user: String,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Lift the lock of an account, and forgive its failed sign-ons: its user may try again at once.
    Unlock {
        /// Name, e-mail address or id.
        user: String,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Show one user.
    Show {
        /// Name, e-mail address or id.
        user: String,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Take the recovery codes away from a user who has lost them. Sessions live on.
    ResetCodes {
        /// Name, e-mail address or id.
        user: String,
        /// Why: up to 256 characters.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// Delete a user and end all their sessions; nothing of them is shown any more.
    Delete {
        /// Name, e-mail address or id.
        user: String,
        /// Why: up to 256 characters, kept with the sessions that end.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Whether it is done without a question.
        #[command(flatten)]
        confirmation: Confirmation,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
    /// List the users of a realm.
    List {
        /// Only the user with this name or e-mail address.
        #[arg(long, conflicts_with = "contains")]
        name: Option<String>,
        /// Only users with this in their name or e-mail address.
        #[arg(long, value_name = "TEXT")]
        contains: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = ids::limit)]
        limit: usize,
        /// Whose user is meant.
        #[command(flatten)]
        of: OfRealm,
    },
}

/// Realms.
#[derive(Subcommand)]
pub enum RealmCommand {
    /// Make a realm, with a first population.
    Add {
        /// Its path, such as /alpha.
        path: String,
        /// Its id; random if none is given.
        #[arg(long, value_name = "UUID", value_parser = ids::realm)]
        id: Option<String>,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// List the realms.
    List {
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
}

/// Whose user is meant, and how the API is reached.
#[derive(clap::Args)]
pub struct OfRealm {
    /// The realm's path.
    #[arg(long, default_value = "/alpha", value_name = "PATH")]
    pub realm: String,
    #[command(flatten)]
    pub(super) reach: Reach,
}

/// `user …`.
pub fn user(command: UserCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            UserCommand::Add { username, email, admin, of } => add(username, email, admin, of).await,
            UserCommand::Passwd { user, keep_sessions, of } => passwd(&user, keep_sessions, of).await,
            UserCommand::Disable { user, reason, of } => enable(&user, false, reason, of).await,
            UserCommand::Enable { user, of } => enable(&user, true, None, of).await,
            UserCommand::Unlock { user, of } => unlock(&user, of).await,
            UserCommand::Show { user, of } => show(&user, of).await,
            UserCommand::ResetCodes { user, reason, of } => reset_codes(&user, reason.as_deref(), of).await,
            UserCommand::Delete { user, reason, confirmation, of } => {
                delete(&user, reason.as_deref(), &confirmation, of).await
            }
            UserCommand::List { name, contains, limit, of } => {
                list([("name", name), ("contains", contains)], limit, of).await
            }
        }
    })
}

/// `realm …`.
pub fn realm(command: RealmCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            RealmCommand::Add { path, id, reach } => add_realm(&path, id, &reach).await,
            RealmCommand::List { reach } => {
                let (realms, _) = open(&reach).await?.list("/v1/realms", usize::MAX).await?;
                shown::list(&realms, reach.json, &[("PATH", "/path"), ("ID", "/id"), ("MADE", "/created_at")])
            }
        }
    })
}

async fn add_realm(path: &str, id: Option<String>, reach: &Reach) -> Result<()> {
    let mut body = json!({"path": path});
    if let Some(id) = id {
        body["id"] = id.into();
    }
    let made = open(reach).await?.ask(Method::POST, "/v1/realms", Some(body)).await?;
    shown::one(&made, reach.json, || format!("realm {} ({})", text(&made, "path"), text(&made, "id")))
}

/// The API of the installation that is there; none is made.
pub(super) async fn open(reach: &Reach) -> Result<Api> {
    let config = configured(reach.config.as_deref())?;
    Api::reach(&config, reach.server.as_deref()).await
}

async fn add(username: String, email: Option<String>, admin: bool, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let person = PersonToMake { username, email, admin, password: password()? };
    let user = person.made(&api, &of.realm).await?;
    let (name, id) = (text(&user, "username"), text(&user, "id"));
    shown::one(&user, of.reach.json, || format!("user {name} ({id}) of realm {} can sign on", of.realm))
}

/// A user to make.
pub(super) struct PersonToMake {
    pub(super) username: String,
    pub(super) email: Option<String>,
    /// Whether the user administers the users of the realm.
    pub(super) admin: bool,
    pub(super) password: String,
}

impl PersonToMake {
    /// Makes the user in the realm at a path.
    pub(super) async fn made(&self, api: &Api, realm: &str) -> Result<Value> {
        let realm = realm_id(api, realm).await?;
        let roles =
            if self.admin { vec![json!({"role": "identity_data_admin", "realm": realm})] } else { vec![] };
        let body = json!({"username": self.username, "email": self.email, "password": self.password, "roles": roles});
        api.ask(Method::POST, &format!("/v1/realms/{realm}/users"), Some(body)).await
    }
}

async fn passwd(user: &str, keep_sessions: bool, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let password = password()?;
    let who = whom(&api, &of.realm, user).await?;
    let id = &who.id;
    let body = json!({"password": password, "end_sessions": !keep_sessions});
    api.ask(Method::PUT, &format!("/v1/users/{id}/password"), Some(body)).await?;
    let what = if keep_sessions { "sessions live on" } else { "all sessions are ended" };
    shown::one(&json!({"id": id, "sessions_ended": !keep_sessions}), of.reach.json, || {
        format!("user {who} has a new password; {what}")
    })
}

async fn enable(user: &str, enabled: bool, reason: Option<String>, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let id = user_id(&api, &of.realm, user).await?;
    let mut body = json!({"enabled": enabled});
    if let Some(reason) = reason {
        body["reason"] = reason.into();
    }
    let now = api.ask(Method::PATCH, &format!("/v1/users/{id}"), Some(body)).await?;
    let what = match (enabled, now["locked_at"].as_str()) {
        (false, _) => "can't sign on; all sessions are ended".to_owned(),
        (true, None) => "can sign on".to_owned(),
        (true, Some(_)) => {
            let until =
                now["locked_until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
            format!("is enabled, but the account is locked{until}: `adieu user unlock` lifts that")
        }
    };
    shown::one(&now, of.reach.json, || format!("user {} ({id}) {what}", text(&now, "username")))
}

async fn unlock(user: &str, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let who = whom(&api, &of.realm, user).await?;
    let id = &who.id;
    api.ask(Method::POST, &format!("/v1/users/{id}/unlock"), None).await?;
    shown::one(&json!({"id": id, "unlocked": true}), of.reach.json, || {
        format!("user {who} may try to sign on again")
    })
}

async fn show(user: &str, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let id = user_id(&api, &of.realm, user).await?;
    let shown = api.get(&format!("/v1/users/{id}")).await?;
    let shown = if of.reach.json { shown } else { with_roles_in_words(&api, shown).await };
    shown::members(&shown, of.reach.json)
}

async fn reset_codes(user: &str, reason: Option<&str>, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let who = whom(&api, &of.realm, user).await?;
    let id = &who.id;
    removed(&api, &format!("/v1/users/{id}/recovery-codes"), reason).await?;
    shown::one(&json!({"id": id, "recovery_codes": false}), of.reach.json, || {
        format!("user {who} has no recovery codes any more")
    })
}

async fn delete(user: &str, reason: Option<&str>, confirmation: &Confirmation, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let id = user_id(&api, &of.realm, user).await?;
    let path = format!("/v1/users/{id}");
    let known = api.get(&path).await?;
    let name = text(&known, "username");
    confirmation.of(&format!("delete user {name} ({id}) and end all their sessions"))?;
    removed(&api, &path, reason).await?;
    shown::one(&json!({"id": id, "deleted": true}), of.reach.json, || format!("deleted: user {name} ({id})"))
}

async fn list(query: [(&str, Option<String>); 2], limit: usize, of: OfRealm) -> Result<()> {
    let api = open(&of.reach).await?;
    let mut path = format!("/v1/realms/{}/users", realm_id(&api, &of.realm).await?);
    for (name, value) in &query {
        if let Some(value) = value {
            path = append_query(&path, name, value);
        }
    }
    let (users, more) = api.list(&path, limit).await?;
    let columns = [
        ("USERNAME", "/username"),
        ("EMAIL", "/email"),
        ("ENABLED", "/enabled"),
        ("LOCKED", "/locked_at"),
        ("ID", "/id"),
    ];
    shown::list(&users, of.reach.json, &columns)?;
    say_more(more);
    Ok(())
}

/// On standard error, so that a program's output stays whole.
pub(super) fn say_more(more: bool) {
    if more {
        note("there are more; --limit says how many are listed");
    }
}

/// The id of the realm at a path.
pub(super) async fn realm_id(api: &Api, path: &str) -> Result<String> {
    let found = api.get(&append_query("/v1/realms", "path", path)).await?;
    let id = found["items"][0]["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| CommandFailure::not_found(format!("there is no realm {path}")).into())
}

/// The user whom a command is about.
pub(super) struct Whom {
    pub(super) id: String,
    /// None of one who is gone.
    username: Option<String>,
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.username {
            Some(name) => write!(f, "{name} ({})", self.id),
            None => f.write_str(&self.id),
        }
    }
}

impl Whom {
    /// The user of this id, unless its text is the name of another.
    fn unless_it_is(self, named: Option<Self>) -> Result<Self, CommandFailure> {
        let Some(other) = named.filter(|named| named.id != self.id) else { return Ok(self) };
        let says = format!(
            "{} means two users: it is the id of {self}, and the name of the user with the id {}; say the first by name or \
             e-mail address, or the other by that id",
            self.id, other.id
        );
        Err(CommandFailure::new(ExitStatus::Usage, says))
    }

    fn of(user: &Value) -> Option<Self> {
        let username = user["username"].as_str().map(str::to_owned);
        Some(Self { id: user["id"].as_str()?.to_owned(), username })
    }
}

/// The user whom a text names: by username, e-mail address or id. One that means two users, because the name of one is the id of the
/// other, means nobody.
pub(super) async fn whom(api: &Api, realm: &str, user: &str) -> Result<Whom> {
    let Ok(id) = user.parse::<UserId>() else {
        let found = named(api, &realm_id(api, realm).await?, user).await?;
        return found
            .ok_or_else(|| CommandFailure::not_found(format!("realm {realm} has no user {user}")).into());
    };
    let username = match api.get(&format!("/v1/users/{id}")).await {
        Ok(own) => own["username"].as_str().map(str::to_owned),
        // One who is gone has a history, and what is asked next says what else there is to say.
        Err(_) => None,
    };
    let own = Whom { id: id.to_string(), username };
    let other = match realm_id(api, realm).await {
        Ok(realm) => named(api, &realm, user).await?,
        Err(_) => None,
    };
    Ok(own.unless_it_is(other)?)
}

async fn named(api: &Api, realm_id: &str, name: &str) -> Result<Option<Whom>> {
    let path = append_query(&format!("/v1/realms/{realm_id}/users"), "name", name);
    Ok(Whom::of(&api.get(&path).await?["items"][0]))
}

/// The id of a user, who may be named by it.
pub(super) async fn user_id(api: &Api, realm: &str, user: &str) -> Result<String> {
    Ok(whom(api, realm, user).await?.id)
}

/// A part of a path.
pub(super) fn encoded(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(super) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or("-")
}

/// The password of the variable, of the terminal, or of the first line of standard input. An empty one is none.
pub(super) fn password() -> Result<String> {
    let (password, whence) = given_password()?;
    if password.is_empty() {
        let text = format!("no password was given: {whence} is empty");
        return Err(CommandFailure::new(ExitStatus::Usage, text).into());
    }
    Ok(password)
}

fn given_password() -> Result<(String, &'static str)> {
    if let Ok(password) = std::env::var("ADIEU_PASSWORD") {
        return Ok((password, "ADIEU_PASSWORD"));
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let typed =
            rpassword::prompt_password("Password (not shown as you type): ").context("the terminal")?;
        return Ok((typed, "what was typed"));
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("standard input")?;
    Ok((line.trim_end_matches(['\r', '\n']).to_owned(), "the first line of standard input"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, name: &str) -> Whom {
        Whom { id: id.into(), username: Some(name.into()) }
    }

    /// Goal: nobody is hit because somebody else is called like their id.
    #[test]
    fn a_text_that_means_two_users_means_nobody() {
        let (bobs, theirs) = ("a7741d75-2d06-4fe4-8a78-c90eea91ac10", "0f3c7a10-5d1e-4b52-9a0e-7f0d2f1b6c11");
        let bob = user(bobs, "bob").unless_it_is(None).expect("one user");
        assert_eq!(bob.to_string(), format!("bob ({bobs})"));
        assert!(user(bobs, bobs).unless_it_is(Some(user(bobs, bobs))).is_ok(), "called like themselves");
        let refused = bob.unless_it_is(Some(user(theirs, bobs))).err().expect("a failure").to_string();
        assert!(refused.contains(&format!("bob ({bobs})")) && refused.contains(theirs), "{refused}");
    }
}
