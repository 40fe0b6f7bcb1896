//! Session management at AM's provider: `connect/checkSession`, and the state that answers give clients.
//!
//! Off unless the installation says otherwise. Contract am.md 4.1; OpenID Connect Session Management 1.0.

use adieu_authority::Realm;
use adieu_http_kit::browser_state::BrowserState;
use adieu_oidc::{AuthorizeReply, Provider};
use adieu_pages_kit::CheckSessionFrame;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::call::Call;
use crate::caller;
use crate::error::AmError;
use crate::face::Face;
use crate::pages::answers;

/// The frame, if there is one.
pub(super) fn frame(face: &Face, realm: &Realm) -> Option<Response> {
    let cookie = face.settings.companions.browser_state()?.name(&realm.id.to_string());
    let mut response = Response::new(Body::from(CheckSessionFrame { cookie: &cookie }.html()));
    for (name, value) in CheckSessionFrame::headers() {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Some(response)
}

/// The answer that a browser carries to a client, with the state of its session as it is now. S-SES-2
pub(super) async fn answered(
    face: &Face,
    call: &Call,
    provider: &Provider<'_>,
    (client, reply): (&str, &AuthorizeReply),
    told: &[(&str, Option<&str>)],
) -> Result<Response, AmError> {
    let sent = |told: &[(&str, Option<&str>)]| {
        reply.answer(told).map(|answer| answers::sent(&answer)).ok_or(AmError::BadRequest)
    };
    let Some(cookie) = face.settings.companions.browser_state() else { return sent(told) };
    let realm = &provider.issuer.realm;
    let now = state(face, call, realm).await?;
    let state = provider.session_state(client, reply, &now);
    let id = realm.id.to_string();
    let differs = cookie.carried(call.headers(), &id) != Some(now.as_str());
    let lines = differs.then(|| cookie.line(&id, &now)).into_iter().collect();
    let response = sent(&[told, &[("session_state", state.as_deref())]].concat())?;
    Ok(answers::with_cookies(response, lines))
}

async fn state(face: &Face, call: &Call, realm: &Realm) -> Result<String, AmError> {
    let caller = caller::caller(face, call.headers(), Some(realm.id)).await?;
    let own = caller.live().filter(|(_, live)| live.session.realm == realm.id);
    Ok(own.map_or_else(|| BrowserState::NOBODY.to_owned(), |(token, _)| BrowserState::of(&token.reveal())))
}
