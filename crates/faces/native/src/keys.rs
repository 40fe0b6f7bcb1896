//! The keys by which a realm signs: listed and rotated. No private key is ever shown.
//!
//! A key that is made because of a rotation is published before it signs; the keyring says for how long.

use adieu_authority::{Alg, KeyStage, RealmKey};
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::page::ListPage;
use crate::problem::Problem;
use crate::{input, realms, wire};

/// What a key does, in words: in the order of the document.
pub(super) const STATES: [&str; 3] = ["published", "signing", "retired"];

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let keys = api.authority.realm_keys(realms::of(api, call).await?.as_ref()).await?;
    Ok(page.cut(keys, |key| format!("{:020}/{}", key.created_at.ms(), key.kid), shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationInput {
    #[serde(default, deserialize_with = "input::present")]
    algorithm: Option<String>,
}

pub(super) async fn rotate(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let realm = realms::of(api, call).await?;
    let RotationInput { algorithm } = input::object(call, body).await?;
    let alg = match algorithm {
        None => Alg::Rs256,
        Some(name) => {
            Alg::named(&name).ok_or_else(|| Problem::invalid("algorithm: RS256, ES256 or EdDSA"))?
        }
    };
    Ok(Done::Shown(shown(&api.authority.rotate_key(&realm, alg).await?)))
}

fn shown(key: &RealmKey) -> Value {
    let state = match key.stage {
        KeyStage::Published => STATES[0],
        KeyStage::Signing => STATES[1],
        KeyStage::Retired => STATES[2],
    };
    json!({
        "kid": key.kid, "algorithm": key.alg.name(), "state": state, "created_at": wire::at(key.created_at),
        "signs_from": wire::at(key.signs_from),
    })
}
