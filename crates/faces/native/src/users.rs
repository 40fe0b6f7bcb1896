//! Users: listed, made, read, changed, removed, given a password.
//!
//! What ends because of it ends in the same transaction (ONE-ROAD).

use std::future::ready;
use std::sync::Arc;

use adieu_authority::{
    AfterPassword, LockChange, NewPerson, Population, PopulationId, Realm, RoleAssignment, User, UserEdit,
    UserId, matched,
};
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{nullable, present, sound};
use crate::page::{self, ListPage};
use crate::problem::Problem;
use crate::roles::{self, RolesInput};
use crate::{input, realms, wire};

/// Longest names, in characters.
const NAME_MAX: usize = 255;
const EMAIL_MAX: usize = 320;

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let after: Option<UserId> = page.place(|text| text.parse().ok())?;
    let realm = realms::of(api, call).await?.id;
    if let Some(name) = call.query.text("name") {
        let user = api.authority.user_named(realm, name).await?;
        return Ok(page::shown(user.iter().map(|user| wire::user(user)).collect(), None));
    }
    if let Some(part) = call.query.text("contains") {
        sound("contains", part, NAME_MAX).map_err(Problem::in_query)?;
        let found = api.authority.users_with(realm, part, after, page.limit as usize).await?;
        let next = found.next.map(|id| id.to_string());
        return Ok(page::shown(found.users.iter().map(wire::user).collect(), next));
    }
    let mut users = api.authority.users(realm, after, page.limit + 1).await?;
    let more = users.len() > page.limit as usize;
    users.truncate(page.limit as usize);
    let next = users.last().filter(|_| more).map(|user| user.id.to_string());
    Ok(page::shown(users.iter().map(wire::user).collect(), next))
}

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    Ok(Done::Shown(wire::user(of(api, call).await?.as_ref())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    username: String,
    email: Option<String>,
    external_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    population: Option<String>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    locked: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    password: Option<String>,
    #[serde(default, deserialize_with = "present")]
    password_hash: Option<String>,
    #[serde(default, deserialize_with = "present")]
    traits: Option<Map<String, Value>>,
    metadata_public: Option<Map<String, Value>>,
    metadata_admin: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<RolesInput>,
}

pub(super) async fn make(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let realm = realms::of(api, call).await?;
    let new: NewUser = input::object(call, body).await?;
    names(Some(&new.username), new.email.as_deref(), new.external_id.as_deref())?;
    if new.password_hash.as_deref().is_some_and(|hash| !adieu_authority::is_known_hash(hash)) {
        return Err(Problem::invalid("password_hash: of no kind, or at a cost, that can be verified"));
    }
    let population = population(api, &realm, new.population.as_deref()).await?;
    let roles = roles::read(api, &new.roles.unwrap_or_default()).await?;
    let text = |map: Map<String, Value>| Value::Object(map).to_string();
    let person = NewPerson {
        username: new.username,
        email: new.email,
        external_id: new.external_id,
        disabled: new.enabled == Some(false),
        locked: new.locked == Some(true),
        password: new.password,
        password_hash: new.password_hash,
        traits: new.traits.map(text),
        metadata_public: new.metadata_public.map(text),
        metadata_admin: new.metadata_admin.map(text),
        roles,
    };
    let user = api.authority.create_user(&population, person).await?;
    Ok(Done::Made { at: format!("/v1/users/{}", user.id), shown: wire::user(&user) })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserChange {
    #[serde(default, deserialize_with = "present")]
    username: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    external_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    population: Option<String>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    locked: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    traits: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "nullable")]
    metadata_public: Option<Option<Map<String, Value>>>,
    #[serde(default, deserialize_with = "nullable")]
    metadata_admin: Option<Option<Map<String, Value>>>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<RolesInput>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

pub(super) async fn change(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let (user, origin) = (of(api, call).await?, call.origin());
    let change: UserChange = input::object(call, body).await?;
    let origin = origin.because(input::reason(change.reason.as_deref())?);
    let given = |text: &Option<Option<String>>| text.clone().flatten();
    let (email, external_id) = (given(&change.email), given(&change.external_id));
    names(change.username.as_deref(), email.as_deref(), external_id.as_deref())?;
    let population = match change.population.as_deref() {
        None => None,
        some => {
            let realm = api.authority.realm(user.realm).await?.ok_or_else(|| Problem::unknown("user"))?;
            Some(population(api, &realm, some).await?.id)
        }
    };
    let roles = match &change.roles {
        None => None,
        Some(wanted) => Some(roles::read(api, wanted).await?),
    };
    let edit = change.edit(population, roles);
    let edited = api.authority.change_user(user.id, origin, |user| {
        let traits = edit.traits.clone().or_else(|| renamed(&user, &edit));
        ready(Ok::<_, Problem>(UserEdit { traits, ..edit.clone() }))
    });
    Ok(Done::Shown(wire::user(&edited.await?.user)))
}

impl UserChange {
    fn edit(self, population: Option<PopulationId>, roles: Option<Vec<RoleAssignment>>) -> UserEdit {
        let text = |map: Map<String, Value>| Value::Object(map).to_string();
        UserEdit {
            population,
            username: self.username.map(|name| name.trim().to_owned()),
            email: self.email,
            external_id: self.external_id,
            enabled: self.enabled,
            lock: self.locked.map(LockChange::of),
            traits: self.traits.map(text),
            metadata_public: self.metadata_public.map(|map| map.map(text)),
            metadata_admin: self.metadata_admin.map(|map| map.map(text)),
            roles,
            ..UserEdit::default()
        }
    }
}

/// Traits repeat name and address for a dialect that shows them from there: they follow where they did before.
fn renamed(user: &User, edit: &UserEdit) -> Option<String> {
    let before: Map<String, Value> = serde_json::from_str(&user.traits).ok()?;
    let mut traits = before.clone();
    let mut follow = |member: &str, old: Option<&str>, new: Option<&str>| {
        if old.is_some() && traits.get(member).and_then(Value::as_str).map(matched) == old.map(matched) {
            match new {
                Some(new) => traits.insert(member.into(), new.into()),
                None => traits.remove(member),
            };
        }
    };
    if let Some(name) = &edit.username {
        follow("username", Some(&user.username), Some(name));
    }
    if let Some(email) = &edit.email {
        follow("email", user.email.as_deref(), email.as_deref());
    }
    (traits != before).then(|| Value::Object(traits).to_string())
}

pub(super) async fn remove(api: &Face, call: &Call) -> Result<Done, Problem> {
    let id: UserId = input::named(call, "user")?;
    let origin = call.origin().because(input::queried_reason(call)?);
    api.authority.remove_user(id, origin).await?;
    Ok(Done::Nothing)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    password: String,
    #[serde(default, deserialize_with = "present")]
    end_sessions: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

/// The password and the ending of the sessions are one act. Where the caller does not say whether they end, the policy of the
/// realm does.
pub(super) async fn set_password(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let (user, origin) = (of(api, call).await?, call.origin());
    let new: NewPassword = input::object(call, body).await?;
    let origin = origin.because(input::reason(new.reason.as_deref())?);
    let hash = api.authority.hash_new_password(user.realm, &user.names(), &new.password).await?;
    let after_password = match new.end_sessions {
        None => AfterPassword::ByPolicy,
        Some(true) => AfterPassword::EndSessions,
        Some(false) => AfterPassword::KeepSessions,
    };
    let edit = UserEdit { password: Some(Some(hash)), after_password, ..UserEdit::default() };
    api.authority.edit_user(user.id, edit, origin).await?;
    Ok(Done::Nothing)
}

/// Unlocks the account and forgives failed sign-ons.
pub(super) async fn unlock(api: &Face, call: &Call) -> Result<Done, Problem> {
    let id: UserId = input::named(call, "user")?;
    api.authority.unlock_user(id, call.origin()).await?;
    Ok(Done::Nothing)
}

/// The user that the path names.
pub(super) async fn of(api: &Face, call: &Call) -> Result<Arc<User>, Problem> {
    let id: UserId = input::named(call, "user")?;
    api.authority.user(id).await?.ok_or_else(|| Problem::unknown("user"))
}

fn names(username: Option<&str>, email: Option<&str>, external_id: Option<&str>) -> Result<(), Problem> {
    let rules = [
        ("username", username, NAME_MAX),
        ("email", email, EMAIL_MAX),
        ("external_id", external_id, NAME_MAX),
    ];
    rules
        .into_iter()
        .try_for_each(|(member, text, most)| text.map_or(Ok(()), |text| sound(member, text, most)))
}

/// Takes the second factor away, for a user who has lost it.
pub(super) async fn drop_codes(api: &Face, call: &Call) -> Result<Done, Problem> {
    let user = of(api, call).await?;
    let origin = call.origin().because(input::queried_reason(call)?);
    api.authority.drop_recovery_codes(user.id, origin).await?;
    Ok(Done::Nothing)
}

/// The population of a name in the body, if it is one of the realm; its first one where none is named.
async fn population(api: &Face, realm: &Realm, id: Option<&str>) -> Result<Population, Problem> {
    let all = api.authority.populations(realm.id).await?;
    let found = match id {
        None => all.into_iter().next(),
        Some(id) => {
            let id: PopulationId = input::id("population", id)?;
            all.into_iter().find(|one| one.id == id)
        }
    };
    found.ok_or_else(|| Problem::invalid("population: none of this realm"))
}
