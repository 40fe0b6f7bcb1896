//! `GET /sessions/whoami`: is this session live? Contract kratos.md 2.2; K-20 to K-27.
//!
//! The hottest path of the server: nothing is read that is in memory, nothing is written; a cookie is set only after the session
//! was extended (K-26). Only `tokenize_as` costs a signature.

use axum::http::{HeaderName, HeaderValue, StatusCode};

use crate::answer::{Answer, json_text, set_cookie};
use crate::call::Call;
use crate::credentials::{CarriedSession, CarriedTokens};
use crate::error::KratosError;
use crate::face::Face;
use crate::tokenize;

/// The header that names the user.
const AUTHENTICATED_IDENTITY: HeaderName = HeaderName::from_static("x-kratos-authenticated-identity-id");

/// Quirk: how long a gateway may remember that nobody was there, where such answers are allowed.
const NOBODY_CACHED_S: u32 = 60;

/// Marks a request that only looks, in its extensions: the session that it asks about is not active because of that. Nothing that a
/// caller sends sets it.
#[derive(Clone, Copy, Debug)]
pub struct NoActivity;

pub(crate) async fn answered(face: &Face, call: &Call) -> Answer {
    let outcome = whoami(face, call).await;
    let mut answer = outcome.unwrap_or_else(|error| face.error_json(&call.parts, error));
    cache_nobody(face, call, &mut answer);
    answer
}

async fn whoami(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let credentials = CarriedTokens::of(face, call.headers());
    let touch = call.parts.extensions.get::<NoActivity>().is_none();
    let (token, live) = match face.counting(&credentials, touch).await? {
        (Some(token), CarriedSession::Live(live)) => (token, live),
        (_, CarriedSession::Half(half)) => return Err(face.second_factor_missing(call, &half.user)),
        (_, CarriedSession::Live(_) | CarriedSession::Nobodys) => {
            return Err(KratosError::unauthorized(face.settings.documented_error_ids));
        }
    };
    let mut wire = face.live_wire(call.mount, &live);
    if let Some(tokenizer) = tokenize::asked_for(face, call)? {
        wire.tokenized = Some(face.tokenize(tokenizer, call.mount, &live, &wire).await?);
    }
    let mut answer = json_text(StatusCode::OK, wire.to_json());
    let cacheable = wire.tokenized.is_none();
    let identity = HeaderValue::from_str(&live.user.id.to_string()).expect("a UUID is a header value");
    answer.headers_mut().insert(AUTHENTICATED_IDENTITY, identity);
    // A session that was extended outlives its cookie: the browser gets a new one, for this session only (Q10).
    let kept_until_s = credentials.cookie_kept_until_s(live.session.id);
    if kept_until_s.is_some_and(|until_s| until_s < live.session.expires_at.s()) {
        set_cookie(&mut answer, face.cookie_for(&live.session, &token.reveal()));
    }
    if let Some(most) = face.settings.whoami_cache_max_s.filter(|_| cacheable) {
        let left = live.session.ends_at(live.seen_at).since(face.authority.now()).s();
        let left = u64::try_from(left).unwrap_or(0).min(most);
        answer.headers_mut().insert("ory-session-cache-for", HeaderValue::from(left));
    }
    Ok(answer)
}

/// What a gateway may be told about a request without credentials.
fn cache_nobody(face: &Face, call: &Call, answer: &mut Answer) {
    // The tokens are read once more only where it counts: this stands on the path of every check.
    let cached = answer.status() == StatusCode::UNAUTHORIZED && face.settings.whoami_cache_max_s.is_some();
    if cached && CarriedTokens::of(face, call.headers()).is_empty() {
        answer.headers_mut().insert("ory-session-cache-for", HeaderValue::from(NOBODY_CACHED_S));
    }
}
