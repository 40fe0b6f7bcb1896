//! What a request to sign off needs before anything ends: whether its user is asked, and what is kept of a form of another site.
//!
//! Whoever mounts it reads the request, ends what is to end, and has the words. RP-Initiated Logout 1.0 §2; standards.md 1.1.

use adieu_authority::{Authority, FlowId, NewFlow, RealmId, SessionId, Span, Unwritten, UserId};
use adieu_core::Outage;
use adieu_http_kit::form::{NotCarried, Params};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Hint;

/// Parameters of a request to sign off that a form or an address carries along.
pub const SIGN_OFF_PARAMS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// Flows of this kind are forms of other sites that wait for the browser to come again.
const KIND: &str = "openid-logout";
const LIFE: Span = Span::from_s(300);
/// The longest form that is kept: nobody has signed on who sends one (HOME-LIMITS).
const KEPT_BYTES_MAX: usize = 8 * 1024;

/// Why a form is not kept.
#[derive(Debug, thiserror::Error)]
pub enum SignOffNotKept {
    /// There is too much in it, or something twice.
    #[error(transparent)]
    Form(#[from] NotCarried),
    /// Nothing is known to be written.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// Whether the user is asked before these sessions end: unless a hint speaks of one of them, and all are of its user. S-RPI-8
pub fn sign_off_asks(hint: Option<&Hint>, here: &[(SessionId, UserId)]) -> bool {
    hint.is_none_or(|hint| {
        let is_there = here.iter().any(|(session, _)| Some(*session) == hint.session);
        !is_there || here.iter().any(|(_, user)| *user != hint.user)
    })
}

/// Keeps the form of another site, which came without cookies, for the browser that comes again by an address of ours with this
/// ticket: what it says stands in no address, and so in no history. S-RPI-22
pub async fn keep_sign_off(
    authority: &Authority,
    realm: RealmId,
    params: &Params,
    from: Option<&str>,
) -> Result<String, SignOffNotKept> {
    let said = params.iter().filter(|(name, _)| SIGN_OFF_PARAMS.contains(name));
    let said = said.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let query = said.collect::<Params>().carried()?;
    if query.len() > KEPT_BYTES_MAX {
        return Err(NotCarried::TooMuch.into());
    }
    let id: FlowId = authority.draw();
    authority
        .begin_flow(NewFlow { id, kind: KIND, realm, life: LIFE, body: query.into_bytes(), from })
        .await?;
    Ok(URL_SAFE_NO_PAD.encode(id))
}

/// The form of that ticket. It stays until its time has passed: a page may be loaded again. What was said in one that is gone is gone;
/// that somebody wanted to sign off is not.
pub async fn kept_sign_off(authority: &Authority, realm: RealmId, ticket: &str) -> Result<Params, Outage> {
    let id = URL_SAFE_NO_PAD.decode(ticket).ok().and_then(|id| id.try_into().ok());
    let kept = match id {
        Some(id) => authority.flow(id, KIND).await?,
        None => None,
    };
    let kept = kept.filter(|flow| flow.realm == realm && authority.now() < flow.expires_at);
    Ok(Params::body(&kept.map(|flow| flow.body).unwrap_or_default()))
}
