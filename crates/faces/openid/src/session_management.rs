//! Session management: the state that answers give clients, and the frame that their pages ask.
//!
//! Off unless the installation says otherwise. OpenID Connect Session Management 1.0; standards.md 1.4.

use std::sync::Arc;

use adieu_authority::Realm;
use adieu_http_kit::browser_state::BrowserState;
use adieu_oidc::AuthorizeReply;
use adieu_pages_kit::CheckSessionFrame;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::answer::{sent, with_cookies};
use crate::browser::signed_on_here;
use crate::call::Call;
use crate::error::OpenIdError;
use crate::face::Face;

/// The frame.
pub(crate) fn frame(face: &Face, realm: &Realm) -> Result<Response, OpenIdError> {
    let state = face.settings.companions.browser_state().ok_or(OpenIdError::NotFound)?;
    let cookie = state.name(&realm.id.to_string());
    let mut response = Response::new(Body::from(CheckSessionFrame { cookie: &cookie }.html()));
    for (name, value) in CheckSessionFrame::headers() {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The answer that a browser carries to a client, with the state of its session as it is now. A browser whose cookie says otherwise, or
/// that has none, gets it. S-SES-2
pub(crate) async fn answered(
    face: &Face,
    call: &Call,
    realm: &Arc<Realm>,
    (client, reply): (&str, &AuthorizeReply),
    told: &[(&str, Option<&str>)],
) -> Result<Response, OpenIdError> {
    let Some(cookie) = face.settings.companions.browser_state() else { return sent(reply.answer(told)) };
    let here = signed_on_here(face, call, realm, false).await?;
    let token = here.live().is_some().then(|| here.into_token()).flatten();
    let now =
        token.map_or_else(|| BrowserState::NOBODY.to_owned(), |token| BrowserState::of(&token.reveal()));
    let state = face.provider(realm).session_state(client, reply, &now);
    let told = [told, &[("session_state", state.as_deref())]].concat();
    let id = realm.id.to_string();
    let differs = cookie.carried(call.headers(), &id) != Some(now.as_str());
    let lines = differs.then(|| cookie.line(&id, &now)).into_iter().collect();
    Ok(with_cookies(sent(reply.answer(&told))?, lines))
}
