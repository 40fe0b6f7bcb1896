//! A user as the wire has it, and the attributes that no rule reads.
//!
//! They are kept as the user's traits, which other dialects show in their own way. Contract pingone.md 4.2.

use adieu_authority::{SessionQuery, State, User, UserEdit, is_web_address, user_traits};
use serde_json::{Map, Value, json};

use crate::face::Face;
use crate::manage::input::Input;
use crate::problem::Problem;
use crate::session_json::{base, time};

/// What is kept of a user's attributes as it is given.
const KEPT: [&str; 12] = [
    "name",
    "nickname",
    "title",
    "type",
    "preferredLanguage",
    "locale",
    "timezone",
    "primaryPhone",
    "mobilePhone",
    "address",
    "photo",
    "accountId",
];
/// Sessions that are looked at for the last sign-on.
const LOOKED_MAX: u32 = 100;

pub(super) fn user(face: &Face, user: &User) -> Value {
    let base = base(face, user.realm);
    let mut shown = json!({
        "_links": {
            "self": {"href": format!("{base}/users/{}", user.id)},
            "environment": {"href": base},
            "population": {"href": format!("{base}/populations/{}", user.population)},
        },
        "id": user.id.to_string(),
        "environment": {"id": user.realm.to_string()},
        "account": super::account::json(user, face.authority().now()),
        "createdAt": time(user.created_at),
        "enabled": user.enabled,
        "lifecycle": {"status": "ACCOUNT_OK"},
        "mfaEnabled": user.recovery_codes.is_some(),
        "population": {"id": user.population.to_string()},
        "updatedAt": time(user.updated_at),
        "username": user.username,
    });
    if let Some(email) = &user.email {
        shown["email"] = email.as_str().into();
    }
    if let Some(id) = &user.external_id {
        shown["externalId"] = id.as_str().into();
    }
    for (name, value) in attributes(&user.traits) {
        shown[name] = value;
    }
    shown
}

/// The same with the last sign-on that is remembered.
pub(super) async fn with_last_sign_on(face: &Face, one: &User) -> Result<Value, Problem> {
    let mut shown = user(face, one);
    let query = SessionQuery { after: None, most: LOOKED_MAX, live: None };
    let newest = face.authority().user_sessions(one.id, query).await?.sessions;
    // Whoever has given one factor of two has not signed on.
    let whole = newest.iter().filter(|one| one.session.state != State::HalfSignedOn);
    if let Some(last) = whole.max_by_key(|one| one.session.signed_on_at()) {
        let mut last_sign_on = json!({"at": time(last.session.signed_on_at())});
        if let Some(address) = crate::session_json::remote_ip(&last.session) {
            last_sign_on["remoteIp"] = address.into();
        }
        shown["lastSignOn"] = last_sign_on;
    }
    Ok(shown)
}

/// The attributes among the traits. Other dialects may know a name as one text.
pub(super) fn attributes(traits: &str) -> Map<String, Value> {
    let Ok(Value::Object(traits)) = serde_json::from_str(traits) else { return Map::new() };
    let kept = traits.into_iter().filter(|(name, value)| KEPT.contains(&name.as_str()) && !value.is_null());
    kept.map(|(name, value)| match value.as_str() {
        Some(text) if name == "name" => (name, json!({"formatted": text})),
        Some(_) | None => (name, value),
    })
    .collect()
}

/// The traits of a user who is described anew.
pub(super) fn traits(input: &Input) -> Result<String, Problem> {
    let attributes = input.some_of(&KEPT);
    sound(&attributes)?;
    Ok(user_traits::of_new(attributes, input.required("username")?, input.text("email")?))
}

/// The traits with what a change names: members of the name one by one, all others whole. They follow the user's name and address.
pub(super) fn merged(user: &User, edit: &UserEdit, input: &Input) -> Result<String, Problem> {
    let given = input.some_of(&KEPT);
    sound(&given)?;
    let mut all: Map<String, Value> = serde_json::from_str(&user.traits).unwrap_or_default();
    for name in KEPT.iter().filter(|name| input.names(name)) {
        match (all.get_mut(*name), given.get(*name)) {
            (_, None) => drop(all.remove(*name)),
            (Some(Value::Object(old)), Some(Value::Object(new))) => {
                old.extend(new.clone());
                old.retain(|_, value| !value.is_null());
            }
            (_, Some(new)) => drop(all.insert((*name).into(), new.clone())),
        }
    }
    user_traits::follow(&mut all, user, edit);
    Ok(Value::Object(all).to_string())
}

/// Texts, or objects of texts; a photo lies at an address of the web, because people are shown it.
fn sound(attributes: &Map<String, Value>) -> Result<(), Problem> {
    let photo = attributes.get("photo").map(|photo| photo.get("href").unwrap_or(photo));
    if photo.and_then(Value::as_str).is_some_and(|href| !href.is_empty() && !is_web_address(href)) {
        return Err(Problem::invalid("photo", "An absolute address is wanted: https or http."));
    }
    let fits = |value: &Value| match value {
        Value::String(_) => true,
        Value::Object(inner) => inner.values().all(|value| value.is_string() || value.is_null()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    };
    if attributes.values().all(fits) {
        Ok(())
    } else {
        Err(Problem::invalid("user", "An attribute is neither a text nor an object of texts."))
    }
}
