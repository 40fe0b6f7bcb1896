//! A sign-on attempt between two requests: the `authId` that travels, and the key that can be used once.
//!
//! The `authId` is signed and short-lived; its one-time key lies in the store until it is used, and with it what was proven
//! already: name and password are asked for first, then the second factor of whoever has one. Contract am.md 3.2, 3.3.

use std::sync::Arc;

use adieu_authority::{FirstFactor, NewFlow, Realm, Span};
use adieu_token::{Refused, Verified, mac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::{Filled, Pair};
use crate::answer::json;
use crate::call::Call;
use crate::error::AmError;
use crate::face::Face;

/// Flows of this kind are one-time keys; their body is the first factor, once it was proven.
const KIND: &str = "am-attempt";
/// The claim that names the browser whose page an attempt belongs to. Those of programs have none.
const BROWSER: &str = "browser";
/// The claim that says what an attempt asks for, and its value where that is the second factor.
const STEP: &str = "step";
const SECOND: i64 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    otk: String,
    realm: &'a str,
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<&'a str>,
    auth_index_type: &'a str,
    auth_index_value: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    auth_id: &'a str,
    template: &'a str,
    stage: &'a str,
    header: &'a str,
    info_text: Vec<&'a str>,
    callbacks: Vec<Callback<'a>>,
}

#[derive(Serialize)]
struct Callback<'a> {
    r#type: &'a str,
    output: [Entry<'a>; 1],
    input: [Entry<'a>; 1],
    #[serde(rename = "_id")]
    id: u8,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    value: &'a str,
}

fn callback<'a>(id: u8, r#type: &'a str, prompt: &'a str, input: Entry<'a>) -> Callback<'a> {
    Callback { r#type, output: [Entry { name: "prompt", value: prompt }], input: [input], id }
}

/// What a new attempt is.
#[derive(Clone, Copy, Default)]
pub(crate) struct NewAttempt<'a> {
    /// The service that it was begun for.
    pub(crate) service: &'a str,
    /// What was proven already: the second factor is asked for then.
    pub(crate) first: Option<FirstFactor>,
    /// The browser whose page it belongs to.
    pub(crate) browser: Option<&'a str>,
}

/// A new `authId`: for name and password, or for the second factor after a first one.
pub(crate) async fn issued(
    face: &Face,
    call: &Call,
    realm: &Realm,
    NewAttempt { service, first, browser }: NewAttempt<'_>,
) -> Result<String, AmError> {
    let key: [u8; 16] = face.authority.draw();
    let life = Span::from_s(face.settings.attempt_life_s.into());
    let now = face.authority.now();
    let proven = first.map(|first| first.to_text().into_bytes()).unwrap_or_default();
    let from = call.address();
    let new = NewFlow { id: key, kind: KIND, realm: realm.id, life, body: proven, from: from.as_deref() };
    face.authority.begin_flow(new).await?;
    let claims = Claims {
        otk: URL_SAFE_NO_PAD.encode(key),
        realm: &realm.path,
        session_id: face.authority.draw_uuid().to_string(),
        step: first.map(|_| SECOND),
        browser,
        auth_index_type: "service",
        auth_index_value: service,
        iat: now.s(),
        exp: now.plus(life).s(),
    };
    Ok(mac::hs256_sign(&face.attempt_key, &claims).expect("claims are an object of text and numbers"))
}

/// Asks for name and password. A name that is known already stands in its place (recorded).
pub(super) async fn asked(
    face: &Face,
    call: &Call,
    realm: &Realm,
    (service, name): (&str, &str),
) -> Result<Vec<u8>, AmError> {
    let auth_id = issued(face, call, realm, NewAttempt { service, ..NewAttempt::default() }).await?;
    Ok(json(&Asked {
        auth_id: &auth_id,
        template: "",
        stage: "DataStore1",
        header: "Sign in to OpenAM", // Quirk: as recorded; some clients show it, none should read it.
        info_text: vec!["", ""],
        callbacks: vec![
            callback(0, "NameCallback", "User Name:", Entry { name: "IDToken1", value: name }),
            callback(1, "PasswordCallback", "Password:", Entry { name: "IDToken2", value: "" }),
        ],
    }))
}

/// Asks for the second factor of whoever has proven the first one.
pub(super) async fn asked_code(
    face: &Face,
    call: &Call,
    realm: &Realm,
    service: &str,
    first: FirstFactor,
) -> Result<Vec<u8>, AmError> {
    let new = NewAttempt { service, first: Some(first), browser: None };
    let auth_id = issued(face, call, realm, new).await?;
    let input = Entry { name: "IDToken1", value: "" };
    Ok(json(&Asked {
        auth_id: &auth_id,
        template: "",
        stage: "RecoveryCode1",
        header: "Enter one of your recovery codes",
        info_text: vec![""],
        callbacks: vec![callback(0, "PasswordCallback", "Recovery Code:", input)],
    }))
}

/// What came back with an `authId`; none if no callbacks came with it, so that it must all be asked for again. Either way the
/// `authId` is used up.
pub(super) async fn filled(
    face: &Face,
    realm: &Arc<Realm>,
    auth_id: &str,
    body: &Value,
) -> Result<Option<Filled>, AmError> {
    let claims = claims(face, realm, auth_id)?;
    if claims.str(BROWSER).is_some() {
        return Err(AmError::TimedOut); // A page has begun it, and goes on with it.
    }
    let callbacks = body.get("callbacks");
    if claims.int(STEP) == Some(SECOND) {
        let code = callbacks.map(code_of).transpose()?;
        let first = first_factor_of(face, realm, &claims).await?;
        return Ok(code.map(|code| Filled::Code { first, code }));
    }
    let pair = callbacks.map(pair_of).transpose()?;
    taken(face, realm, &claims).await?;
    Ok(pair.map(Filled::Pair))
}

/// The first factor that was proven in this browser's page before an `authId` was issued, which is used up. Another browser's, and a
/// program's, is left to those.
pub(crate) async fn first_factor(
    face: &Face,
    realm: &Arc<Realm>,
    auth_id: &str,
    browser: &str,
) -> Result<FirstFactor, AmError> {
    let claims = claims(face, realm, auth_id)?;
    if claims.str(BROWSER) != Some(browser) {
        return Err(AmError::TimedOut);
    }
    first_factor_of(face, realm, &claims).await
}

async fn first_factor_of(face: &Face, realm: &Realm, claims: &Verified) -> Result<FirstFactor, AmError> {
    let proven = taken(face, realm, claims).await?;
    let text = std::str::from_utf8(&proven).ok();
    text.and_then(FirstFactor::from_text).ok_or(AmError::TimedOut)
}

/// What lies under the one-time key of an `authId`, which is used up.
async fn taken(face: &Face, realm: &Realm, claims: &Verified) -> Result<Vec<u8>, AmError> {
    let key = claims.str("otk").and_then(key_of).ok_or(AmError::AttemptUnreadable)?;
    let taken = face.authority.take_flow(key, KIND).await?;
    Ok(taken.filter(|flow| flow.realm == realm.id).ok_or(AmError::TimedOut)?.body)
}

fn claims(face: &Face, realm: &Realm, auth_id: &str) -> Result<Verified, AmError> {
    let claims = mac::hs256_verify(&face.attempt_key, auth_id).map_err(|refused| match refused {
        Refused::Malformed | Refused::TooLong => AmError::AttemptUnreadable,
        Refused::NoKey | Refused::UnknownKey | Refused::Algorithm | Refused::Signature => {
            AmError::AttemptForged
        }
    })?;
    if claims.str("realm") != Some(&realm.path) {
        return Err(AmError::AttemptElsewhere);
    }
    if claims.expired(face.authority.now().s()) {
        return Err(AmError::TimedOut);
    }
    Ok(claims)
}

fn key_of(otk: &str) -> Option<[u8; 16]> {
    URL_SAFE_NO_PAD.decode(otk).ok()?.try_into().ok()
}

/// What was written into the two callbacks, in any order.
fn pair_of(callbacks: &Value) -> Result<Pair, AmError> {
    let Some([first, second]) = callbacks.as_array().map(Vec::as_slice) else {
        return Err(AmError::Callbacks);
    };
    let filled = |kind: &str| [first, second].into_iter().find_map(|callback| written(callback, kind));
    let name = filled("NameCallback").ok_or(AmError::Callbacks)?.trim().to_owned();
    Ok(Pair { name, password: filled("PasswordCallback").ok_or(AmError::Callbacks)? })
}

/// What was written into the one callback of a second step.
fn code_of(callbacks: &Value) -> Result<String, AmError> {
    let Some([callback]) = callbacks.as_array().map(Vec::as_slice) else { return Err(AmError::Callbacks) };
    written(callback, "PasswordCallback").ok_or(AmError::Callbacks)
}

/// What was written into a callback of this kind.
fn written(callback: &Value, kind: &str) -> Option<String> {
    let fits = callback.get("type").and_then(Value::as_str) == Some(kind);
    let value = callback.get("input")?.get(0)?.get("value")?.as_str().map(str::to_owned);
    value.filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(kind: &str, value: Value) -> Value {
        json!({"type": kind, "output": [], "input": [{"name": "x", "value": value}]})
    }

    #[test]
    fn callbacks_are_told_apart_by_type() {
        let pair = pair_of(&json!([one("PasswordCallback", "p ".into()), one("NameCallback", " n ".into())]));
        let pair = pair.unwrap();
        assert_eq!((pair.name.as_str(), pair.password.as_str()), ("n", "p "), "only names are trimmed");
    }

    #[test]
    fn anything_but_the_two_is_refused() {
        let (name, password) = (one("NameCallback", "n".into()), one("PasswordCallback", "p".into()));
        for bad in [
            json!([]),
            json!({}),
            json!("x"),
            json!(null),
            json!([name]),
            json!([name, name]),
            json!([name, password, password]),
            json!([name, one("PasswordCallback", json!(1))]),
            json!([name, {"type": "PasswordCallback"}]),
            json!([1, 2]),
            json!([name, {"type": "PasswordCallback", "input": {"value": "p"}}]),
        ] {
            assert!(matches!(pair_of(&bad), Err(AmError::Callbacks)), "{bad}");
        }
    }
}
