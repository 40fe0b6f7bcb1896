//! A sign-on attempt between two requests: the `authId` that travels, and the key that can be used once.
//!
//! The `authId` is signed and short-lived; its one-time key lies in the store until it is used. Contract am.md 3.2, 3.3.

use std::sync::Arc;

use adieu_authority::{Realm, Span};
use adieu_token::{Refused, mac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::Pair;
use crate::answer::json;
use crate::error::AmError;
use crate::face::Face;

/// Flows of this kind are one-time keys; their body is empty.
const KIND: &str = "am-attempt";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    otk: String,
    realm: &'a str,
    session_id: String,
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
    info_text: [&'a str; 2],
    callbacks: [Callback<'a>; 2],
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

/// Asks for name and password, under a new `authId`. A name that is known already stands in its place (recorded).
pub(super) async fn asked(face: &Face, realm: &Realm, service: &str, name: &str) -> Result<Vec<u8>, AmError> {
    let key: [u8; 16] = face.authority.draw();
    let life = Span::from_s(face.settings.attempt_life_s.into());
    let now = face.authority.now();
    face.authority.put_flow(key, KIND, realm.id, life, Vec::new()).await?;
    let claims = Claims {
        otk: URL_SAFE_NO_PAD.encode(key),
        realm: &realm.path,
        session_id: face.authority.draw_uuid().to_string(),
        auth_index_type: "service",
        auth_index_value: service,
        iat: now.s(),
        exp: now.plus(life).s(),
    };
    let auth_id =
        mac::hs256_sign(&face.attempt_key, &claims).expect("claims are an object of text and numbers");
    Ok(json(&Asked {
        auth_id: &auth_id,
        template: "",
        stage: "DataStore1",
        header: "Sign in to OpenAM", // Quirk: as recorded; some clients show it, none should read it.
        info_text: ["", ""],
        callbacks: [
            callback(0, "NameCallback", "User Name:", Entry { name: "IDToken1", value: name }),
            callback(1, "PasswordCallback", "Password:", Entry { name: "IDToken2", value: "" }),
        ],
    }))
}

/// The pair that came back with an `authId`; none if no callbacks came with it, so that they must be asked for again.
/// Either way the `authId` is used up.
pub(super) async fn filled(
    face: &Face,
    realm: &Arc<Realm>,
    auth_id: &str,
    body: &Value,
) -> Result<Option<Pair>, AmError> {
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
    let pair = body.get("callbacks").map(pair_of).transpose()?;
    let key = claims.str("otk").and_then(key_of).ok_or(AmError::AttemptUnreadable)?;
    let taken = face.authority.take_flow(key, KIND).await?;
    taken.filter(|flow| flow.realm == realm.id).ok_or(AmError::TimedOut)?;
    Ok(pair)
}

fn key_of(otk: &str) -> Option<[u8; 16]> {
    URL_SAFE_NO_PAD.decode(otk).ok()?.try_into().ok()
}

/// What was written into the two callbacks, in any order.
fn pair_of(callbacks: &Value) -> Result<Pair, AmError> {
    let Some([first, second]) = callbacks.as_array().map(Vec::as_slice) else {
        return Err(AmError::Callbacks);
    };
    let filled = |kind: &str| {
        let fits = |callback: &&Value| callback.get("type").and_then(Value::as_str) == Some(kind);
        let callback = [first, second].into_iter().find(fits)?;
        callback.get("input")?.get(0)?.get("value")?.as_str().map(str::to_owned)
    };
    let name = filled("NameCallback").ok_or(AmError::Callbacks)?.trim().to_owned();
    Ok(Pair { name, password: filled("PasswordCallback").ok_or(AmError::Callbacks)? })
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
