//! `getSessionInfo`: whose session it is and when it is over. It never counts as activity; its sibling
//! `getSessionInfoAndResetIdleTime` does nothing else.
//!
//! Contract am.md 1.7.

use adieu_authority::{LiveSession, Realm};
use adieu_http_kit::dates::{DateText, rfc3339_ms, rfc3339_s};
use serde::Serialize;
use serde_json::{Map, Value};

use super::admission::AskedSession;
use super::properties;
use super::validate::INVALID;
use crate::answer::json;
use crate::caller;
use crate::error::AmError;
use crate::face::Face;
use crate::names::{audit_id, handle, universal_id};
use crate::oauth::provider;
use crate::realms;
use crate::version::Served;

/// A session as it is shown, alone or in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info<'a> {
    username: &'a str,
    universal_id: String,
    realm: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_handle: Option<String>,
    latest_access_time: DateText,
    max_idle_expiration_time: DateText,
    max_session_expiration_time: DateText,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Map<String, Value>>,
}

pub(super) async fn done(
    face: &Face,
    target: &AskedSession,
    served: Served,
    reset: bool,
) -> Result<Vec<u8>, AmError> {
    let AskedSession::Live(token, live) = target else { return Ok(INVALID.to_vec()) };
    let touched =
        if reset { caller::touched(face, token).await?.ok_or(AmError::AccessDenied)? } else { live.clone() };
    let realm = realms::of(face, &touched).await?;
    // up to 3.x. Who names no version is shown it, too: the recording has it, and whoever wrote such a client did
    // not know 4.0.
    let with_handle = !served.since(4) || !served.asked;
    let mut info = Info::of(face, &touched, &realm);
    info.session_handle = info.session_handle.filter(|_| with_handle);
    info.properties = served.since(4).then(|| {
        let level = provider::ACR.of(touched.session.assurance());
        let mut all = Map::from_iter([
            ("AMCtxId".to_owned(), audit_id(&touched.session).into()),
            ("AuthLevel".to_owned(), level.into()),
        ]);
        all.extend(properties::of(&face.settings, &touched.session));
        all
    });
    Ok(json(&info))
}

impl<'a> Info<'a> {
    /// With the handle and without properties.
    pub(super) fn of(face: &Face, live: &'a LiveSession, realm: &'a Realm) -> Self {
        let session = &live.session;
        let idle_at = session.idle.map_or(session.expires_at, |idle| live.seen_at.plus(idle));
        Self {
            username: &live.user.username,
            universal_id: universal_id(&live.user.username, &realm.path, &face.settings.base_dn),
            realm: &realm.path,
            session_handle: Some(handle(&face.authority, session)),
            latest_access_time: rfc3339_s(live.seen_at.ms()),
            max_idle_expiration_time: rfc3339_s(idle_at.ms()),
            max_session_expiration_time: rfc3339_s(session.expires_at.ms()),
            properties: None,
        }
    }

    /// With the last activity to the millisecond, as newer lists have it.
    pub(super) fn with_milliseconds(mut self, live: &LiveSession) -> Self {
        self.latest_access_time = rfc3339_ms(live.seen_at.ms());
        self
    }
}
