//! A cookie that remembers which change waits for a fresh proof. Contract kratos.md 3.5; K-50.
//!
//! Kratos keeps what was typed and does it when the browser comes back. Here nothing that was typed is kept: the cookie names
//! the flow, and its user is asked to send the change once more.

use adieu_http_kit::cookies::{self, SameSite, SetCookie};
use axum::http::HeaderValue;

use super::flow::SettingsFlow;
use crate::call::Call;
use crate::face::Face;

const NAME: &str = "ory_kratos_continuity";
/// Thirty days, as Kratos sets it.
const LIFE_S: i64 = 30 * 24 * 3600;

/// The cookie that names a flow.
pub(super) fn waits(face: &Face, flow: &SettingsFlow) -> HeaderValue {
    let (id, now_s) = (flow.head.id.to_string(), face.authority.now().s());
    let cookie = SetCookie { max_age_s: Some(LIFE_S), expires_s: Some(now_s + LIFE_S), ..cookie(face, &id) };
    cookie.to_header()
}

/// Whether a change of this flow waits for its browser to come back.
pub(super) fn is_waiting(call: &Call, flow: &SettingsFlow) -> bool {
    cookies::first(call.headers(), NAME).is_some_and(|value| value == flow.head.id.to_string())
}

/// The cookie's deletion.
pub(super) fn gone(face: &Face) -> HeaderValue {
    cookie(face, "").cleared("", 1, Some(0)).to_header()
}

fn cookie<'v>(face: &Face, value: &'v str) -> SetCookie<'v> {
    SetCookie {
        path: Some("/"),
        http_only: true,
        secure: face.settings.cookie.secure,
        same_site: Some(SameSite::Lax),
        ..SetCookie::new(NAME, value)
    }
}
