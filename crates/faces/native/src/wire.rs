//! How things look in the API, and what bodies may say. Translated by hand: no rule of core depends on it.
//!
//! No secret and no hash of one is ever shown, nor the free properties of a session.

use adieu_authority::{
    Actor, Client, EndingRecord, Fate, JoseAlgorithm, NotLive, Participant, Population, Realm, SessionRecord,
    Timestamp, User, shown_client_jwks,
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
        "enabled": user.enabled, "locked_at": user.lock.map(|lock| at(lock.at)),
        "locked_until": user.lock.and_then(|lock| lock.until).map(at), "has_password": user.password.is_some(), "roles": roles::shown(&user.roles),
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
        "api_scopes": client.api_scopes, "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "require_consent": client.require_consent,
        "scope": client.user_scopes.as_ref().map(|scopes| scopes.join(" ")),
        "origins": client.origins, "offline_access": client.outlives_session,
        "ends_by_id_token": client.ends_by_id_token, "backchannel_logout_uri": client.backchannel_logout_uri,
        "backchannel_logout_session_required": client.backchannel_logout_session_required,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "frontchannel_logout_session_required": client.frontchannel_logout_session_required,
        "jwks": shown_client_jwks(&client.signing), "jwks_uri": client.signing.jwks_uri,
        "id_token_signed_response_alg": client.signing.id_token.name(),
        "userinfo_signed_response_alg": client.signing.userinfo.map(JoseAlgorithm::name),
        "request_object_signing_alg": client.signing.request_object.map(JoseAlgorithm::name),
        "token_endpoint_auth_signing_alg": client.signing.assertion.map(JoseAlgorithm::name),
        "access_life_s": client.access_life.s(),
        "refresh_life_s": client.refresh_life.s(), "roles": roles::shown(&client.roles),
        "previous_secret_until": client.previous_secret.map(|previous| at(previous.until)),
        "created_at": at(client.created_at), "updated_at": at(client.updated_at),
    })
}

/// A session with what became of it.
pub(super) fn session(one: &SessionRecord) -> Value {
    let session = &one.session;
    // A reset session is nobody's until the same user signs on with it again.
    let nobody = matches!(one.fate, Fate::Over(NotLive::Reset, _));
    let user = json!({"id": one.user.id.to_string(), "username": one.user.username});
    let methods = session.methods.iter().map(|done| json!({"name": done.name, "at": at(done.at)}));
    json!({
        "id": session.id.to_string(), "realm": session.realm.to_string(),
        "user": if nobody { Value::Null } else { user }, "state": state(&one.fate),
        "ending": ending(one.fate.ending()), "epoch": session.epoch, "channel": session.channel.0,
        "opened_at": at(session.opened_at), "authenticated_at": at(session.authenticated_at),
        "seen_at": at(one.seen_at), "expires_at": at(session.expires_at),
        "idle_s": session.idle.map(|idle| idle.s()), "methods": methods.collect::<Vec<_>>(),
        "device": {
            "address": session.device.address, "user_agent": session.device.user_agent,
            "location": session.device.location,
        },
        "clients": one.clients.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// What became of a session. Whether the sweep has passed makes no difference.
fn state(fate: &Fate) -> &'static str {
    match fate {
        Fate::Live => "live",
        Fate::Over(NotLive::Reset, _) => "reset",
        Fate::Over(NotLive::HalfSignedOn, _) => "half_signed_on",
        Fate::Over(..) | Fate::Ended(_) => "ended",
    }
}

/// How something ended: when, why, who, through which channel, from where; null if nothing is known.
pub(super) fn ending(record: Option<&EndingRecord>) -> Value {
    let Some(record) = record else { return Value::Null };
    json!({
        "at": at(record.at), "cause": record.cause.word(), "actor": actor(&record.actor),
        "reason": record.reason.as_ref().map(ToString::to_string), "channel": record.channel.0,
        "address": record.address,
    })
}

/// A client that took part in a session, with the names by which it knows the session and its user.
pub(super) fn participant(one: &Participant) -> Value {
    let known = &one.known_as;
    json!({
        "client": one.client.to_string(), "joined_at": at(one.joined_at), "issuer": known.issuer,
        "sub": known.sub, "sid": known.sid,
    })
}

fn actor(actor: &Actor) -> Value {
    match actor {
        Actor::User(id) => json!({"kind": "user", "id": id.to_string()}),
        Actor::Client(id) => json!({"kind": "client", "id": id.to_string()}),
        Actor::Operator => json!({"kind": "operator", "id": null}),
        Actor::System => json!({"kind": "system", "id": null}),
        Actor::Other => json!({"kind": "other", "id": null}),
    }
}
