//! `validate`: is the session live? The one question that needs no caller, and the hot path of this face.
//!
//! Contract am.md 1.6; A-8, A-32.

use adieu_authority::{Check, RealmId};
use adieu_http_kit::json::JsonText;

use crate::call::Call;
use crate::caller;
use crate::error::AmError;
use crate::face::Face;
use crate::names::audit_id;
use crate::realms;
use crate::version::Served;

/// What is said of everything that is not live: unknown, over, garbage, a handle.
pub(super) const INVALID: &[u8] = br#"{"valid":false}"#;

pub(super) async fn done(
    face: &Face,
    call: &Call,
    realm: RealmId,
    (served, named): (Served, Option<&str>),
) -> Result<Vec<u8>, AmError> {
    let touch = call.params.first("refresh") != Some("false");
    let opened = match named {
        Some(text) => caller::opened_by(face, text, touch).await?.map(|(_, live)| live),
        // Nothing to validate: 400 in the older versions (recorded), 401 in those that ask for a caller (Q-5).
        None if !caller::is_given(face, call.headers()) => {
            return Err(if served.since(3) { AmError::AccessDenied } else { AmError::NoToken });
        }
        None => match caller::counting(face, call.headers(), Some(realm), touch)
            .await?
            .map(|checked| checked.check)
        {
            Some(Check::Live(live)) => Some(live),
            Some(Check::Half(_) | Check::Not(_)) | None => None,
        },
    };
    let Some(live) = opened else { return Ok(INVALID.to_vec()) };
    let realm = realms::of(face, &live).await?;
    let mut json = JsonText::with_capacity(256);
    json.put(r#"{"valid":true"#);
    if served.since(3) {
        json.put(r#","sessionUid":"#);
        json.text(&audit_id(&live.session));
    }
    json.put(r#","uid":"#);
    json.text(&live.user.username);
    json.put(r#","realm":"#);
    json.text(&realm.path);
    json.put("}");
    Ok(json.into_bytes())
}
