//! How things look in the API, and what bodies may say. Translated by hand: no rule of the house depends on it.
//!
//! No secret and no hash of one is ever shown, nor the free properties of a session.

use adieu_authority::{
    Actor, Cause, Client, Fate, NotLive, Population, Realm, SessionRecord, Timestamp, User,
};
use adieu_http_kit::dates;
use adieu_provisioning::client_words::{AuthMethod, GrantType};
use serde_json::{Value, json};

use crate::roles;

pub(super) fn at(time: Timestamp) -> Value {
    dates::rfc3339_ms(time.ms()).into()
}

pub(super) fn realm(realm: &Realm) -> Value {
    json!({"id": realm.id.to_string(), "path": realm.path, "created_at": at(realm.created_at)})
}

pub(super) fn population(population: &Population) -> Value {
    json!({
        "id": population.id.to_string(), "realm": population.realm.to_string(), "name": population.name,
        "description": population.description, "created_at": at(population.created_at),
        "updated_at": at(population.updated_at),
    })
}

pub(super) fn user(user: &User) -> Value {
    json!({
        "id": user.id.to_string(), "realm": user.realm.to_string(), "population": user.population.to_string(),
        "username": user.username, "email": user.email, "external_id": user.external_id,
        "enabled": user.enabled, "has_password": user.password.is_some(), "roles": roles::shown(&user.roles),
        "traits": stored(Some(&user.traits)), "metadata_public": stored(user.metadata_public.as_deref()),
        "metadata_admin": stored(user.metadata_admin.as_deref()), "created_at": at(user.created_at),
        "updated_at": at(user.updated_at),
    })
}

/// JSON that was stored as text.
fn stored(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// A client, in the words of RFC 7591 where that has one.
pub(super) fn client(client: &Client) -> Value {
    json!({
        "client_id": client.id.to_string(), "realm": client.realm.to_string(), "client_name": client.name,
        "enabled": client.enabled, "token_endpoint_auth_method": AuthMethod::from(client.auth),
        "grant_types": GrantType::all_of(client), "pkce_required": client.pkce_required,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "origins": client.origins, "offline_access": client.outlives_session,
        "ends_by_id_token": client.ends_by_id_token, "access_life_s": client.access_life.s(),
        "refresh_life_s": client.refresh_life.s(), "roles": roles::shown(&client.roles),
        "created_at": at(client.created_at), "updated_at": at(client.updated_at),
    })
}

/// A session with what became of it.
pub(super) fn session(one: &SessionRecord) -> Value {
    let session = &one.session;
    // A reset session is nobody's until the same user signs on with it again.
    let nobody = one.fate == Fate::Over(NotLive::Reset);
    let user = json!({"id": one.user.id.to_string(), "username": one.user.username});
    let (state, why, by, ended_at) = fate(&one.fate);
    let methods = session.methods.iter().map(|done| json!({"name": done.name, "at": at(done.at)}));
    json!({
        "id": session.id.to_string(), "realm": session.realm.to_string(),
        "user": if nobody { Value::Null } else { user }, "state": state, "why": why, "by": by,
        "ended_at": ended_at, "epoch": session.epoch, "channel": session.channel.0,
        "opened_at": at(session.opened_at), "authenticated_at": at(session.authenticated_at),
        "seen_at": at(one.seen_at), "expires_at": at(session.expires_at),
        "idle_s": session.idle.map(|idle| idle.s()), "methods": methods.collect::<Vec<_>>(),
        "device": {
            "address": session.device.address, "user_agent": session.device.user_agent,
            "location": session.device.location,
        },
        "clients": session.participants.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// State, reason, who did it, and when.
fn fate(fate: &Fate) -> (&'static str, Value, Value, Value) {
    match fate {
        Fate::Live => ("live", Value::Null, Value::Null, Value::Null),
        Fate::Over(NotLive::Reset) => ("over", "reset".into(), Value::Null, Value::Null),
        Fate::Over(why) => ("over", why.as_cause().word().into(), Value::Null, Value::Null),
        Fate::Ended { at: when, cause } => ("ended", cause.word().into(), actor(cause), at(*when)),
    }
}

fn actor(cause: &Cause) -> Value {
    match cause {
        Cause::Administrator(Actor::Client(id)) => json!({"client": id.to_string()}),
        Cause::Administrator(Actor::User(id)) => json!({"user": id.to_string()}),
        Cause::Administrator(Actor::Operator) => json!({"operator": true}),
        Cause::SignOff
        | Cause::UserDisabled
        | Cause::UserRemoved
        | Cause::Quota
        | Cause::PasswordChanged
        | Cause::Idle
        | Cause::Expired
        | Cause::EndedWithOthers
        | Cause::Other => Value::Null,
    }
}
