//! What is told of a user: the standard claims, out of documented traits.
//!
//! Only what is known is said. Traits are read by the claim's own name, and in the spellings of the dialects that keep them; the table
//! stands in `docs/openid.md`. OpenID Connect Core §5.1 and §5.4.

use adieu_authority::User;
use serde_json::{Map, Value, json};

/// Every claim that can be told, and the scope that gives it.
const STANDARD: [(&str, &str); 19] = [
    ("preferred_username", "profile"),
    ("updated_at", "profile"),
    ("given_name", "profile"),
    ("family_name", "profile"),
    ("middle_name", "profile"),
    ("name", "profile"),
    ("nickname", "profile"),
    ("profile", "profile"),
    ("picture", "profile"),
    ("website", "profile"),
    ("gender", "profile"),
    ("birthdate", "profile"),
    ("zoneinfo", "profile"),
    ("locale", "profile"),
    ("email", "email"),
    ("email_verified", "email"),
    ("address", "address"),
    ("phone_number", "phone"),
    ("phone_number_verified", "phone"),
];

/// The names of all of them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STANDARD.iter().map(|(claim, _)| *claim)
}

/// The scope that gives a claim.
pub(crate) fn scope_of(claim: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(name, _)| *name == claim).map(|(_, scope)| *scope)
}

/// What is known of a user, of the claims that some scopes give and those that are named.
pub(crate) fn told(user: &User, has_scope: impl Fn(&str) -> bool, named: &[&str]) -> Map<String, Value> {
    let mut known = known(user);
    known.retain(|claim, _| scope_of(claim).is_some_and(&has_scope) || named.contains(&claim.as_str()));
    known
}

/// The parts of a name and the claims they become. OpenID Connect Core §5.1
const NAME_PARTS: [(&str, &str); 4] =
    [("given", "given_name"), ("family", "family_name"), ("middle", "middle_name"), ("formatted", "name")];

/// Claims that are texts, and where a trait of another name may have them.
const TEXTS: [(&str, &[&str]); 9] = [
    ("nickname", &["/nickname"]),
    ("profile", &["/profile"]),
    ("picture", &["/picture", "/photo/href"]),
    ("website", &["/website"]),
    ("gender", &["/gender"]),
    ("birthdate", &["/birthdate"]),
    ("zoneinfo", &["/zoneinfo", "/timezone"]),
    ("locale", &["/locale"]),
    ("phone_number", &["/phone_number", "/primaryPhone", "/mobilePhone", "/phone"]),
];

/// The members of an address, and what PingOne calls them.
const ADDRESS: [(&str, &str); 6] = [
    ("formatted", "formatted"),
    ("street_address", "streetAddress"),
    ("locality", "locality"),
    ("region", "region"),
    ("postal_code", "postalCode"),
    ("country", "countryCode"),
];

fn known(user: &User) -> Map<String, Value> {
    let mut known = Map::new();
    known.insert("preferred_username".into(), user.username.as_str().into());
    known.insert("updated_at".into(), json!(user.updated_at.s()));
    let traits: Value = serde_json::from_str(&user.traits).unwrap_or_default();
    name(&traits, &mut known);
    for (claim, places) in TEXTS {
        let text = places.iter().find_map(|place| traits.pointer(place).and_then(Value::as_str));
        known.extend(text.map(|text| (claim.to_owned(), text.into())));
    }
    if let Some(email) = &user.email {
        known.insert("email".into(), email.as_str().into());
        known.extend(verified(&traits, "email_verified"));
    }
    known.extend(address(&traits["address"]).map(|address| ("address".to_owned(), address)));
    if known.contains_key("phone_number") {
        known.extend(verified(&traits, "phone_number_verified"));
    }
    known
}

fn name(traits: &Value, known: &mut Map<String, Value>) {
    for (_, claim) in NAME_PARTS.iter().filter(|(_, claim)| *claim != "name") {
        known.extend(traits[claim].as_str().map(|text| ((*claim).to_owned(), text.into())));
    }
    let parts = &traits["name"];
    if let Value::String(name) = parts {
        known.insert("name".into(), name.as_str().into());
        return;
    }
    for (part, claim) in NAME_PARTS {
        known.extend(parts[part].as_str().map(|text| (claim.to_owned(), text.into())));
    }
    let text = |claim: &str| known.get(claim).and_then(Value::as_str);
    let whole: Vec<&str> = [text("given_name"), text("family_name")].into_iter().flatten().collect();
    if !whole.is_empty() && !known.contains_key("name") {
        let whole = whole.join(" ");
        known.insert("name".into(), whole.into());
    }
}

/// Whether an address or a number was verified; nothing where no trait says so.
fn verified(traits: &Value, claim: &str) -> Option<(String, Value)> {
    let said = match &traits[claim] {
        Value::Bool(said) => Some(*said),
        // Where attributes can only be texts.
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    };
    said.map(|said| (claim.to_owned(), said.into()))
}

/// OpenID Connect Core §5.1.1
fn address(given: &Value) -> Option<Value> {
    if let Value::String(text) = given {
        return Some(json!({"formatted": text}));
    }
    let member = |(claim, other): (&str, &str)| {
        let text = given[claim].as_str().or_else(|| given[other].as_str())?;
        Some((claim.to_owned(), Value::from(text)))
    };
    let members: Map<String, Value> = ADDRESS.into_iter().filter_map(member).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}
