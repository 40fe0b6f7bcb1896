//! `getSessionInfo`: whose session it is and when it is over. It never counts as activity.
//!
//! Contract am.md 1.7.

use std::collections::BTreeMap;

use adieu_authority::{Live, Outage, RealmId, Standing};
use adieu_http_kit::dates::rfc3339_s;
use serde::Serialize;

use super::validate::INVALID;
use crate::answer::json;
use crate::caller::{self, Caller};
use crate::error::AmError;
use crate::face::Face;
use crate::names::{audit_id, handle, universal_id};
use crate::version::Served;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    username: &'a str,
    universal_id: String,
    realm: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_handle: Option<String>,
    latest_access_time: String,
    max_idle_expiration_time: String,
    max_session_expiration_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<BTreeMap<&'static str, String>>,
}

pub(super) async fn done(
    face: &Face,
    realm: RealmId,
    caller: &Caller,
    named: Option<&str>,
    served: Served,
) -> Result<Vec<u8>, AmError> {
    let own = match caller {
        Caller::Live(_, live) => Some(live),
        Caller::Absent | Caller::Dead => None,
    };
    let Some(text) = named else { return info(face, own.ok_or(AmError::AccessDenied)?, served).await };
    let target = caller::opened_by(face, text, false).await?;
    match (own, target) {
        (None, None) => Err(AmError::AccessDenied),
        (None, Some((_, target))) => info(face, &target, served).await, // The token is the credential.
        (Some(own), Some((_, target))) => {
            if own.user.id != target.user.id {
                let standing = caller::standing(face, own, target.session.realm).await?;
                if !standing.reaches(target.user.population) {
                    return Err(AmError::Forbidden);
                }
            }
            info(face, &target, served).await
        }
        // Of a dead session nobody can tell whose it was: only an administrator hears that it is dead.
        (Some(own), None) => match caller::standing(face, own, realm).await? {
            Standing::OfRealm => Ok(INVALID.to_vec()),
            Standing::Nobody | Standing::OfPopulations(_) => Err(AmError::Forbidden),
        },
    }
}

async fn info(face: &Face, live: &Live, served: Served) -> Result<Vec<u8>, AmError> {
    let realm = face.authority.realm(live.session.realm).await?;
    let realm = realm.ok_or_else(|| AmError::CannotTell(Outage::new("a live session without its realm")))?;
    let session = &live.session;
    let idle_at = session.idle.map_or(session.expires_at, |idle| live.seen_at.plus(idle));
    // up to 3.x. Who names no version is shown it, too: the recording has it, and whoever wrote such a client did
    // not know 4.0.
    let with_handle = !served.since(4) || !served.asked;
    Ok(json(&Info {
        username: &live.user.username,
        universal_id: universal_id(&live.user.username, &realm.path, &face.settings.base_dn),
        realm: &realm.path,
        session_handle: with_handle.then(|| handle(&face.authority, session)),
        latest_access_time: rfc3339_s(live.seen_at.ms()),
        max_idle_expiration_time: rfc3339_s(idle_at.ms()),
        max_session_expiration_time: rfc3339_s(session.expires_at.ms()),
        properties: served.since(4).then(|| BTreeMap::from([("AMCtxId", audit_id(session))])),
    }))
}
