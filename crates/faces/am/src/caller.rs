//! Who asks: the token in the cookie or in the header of the cookie's name, and what it is worth.
//!
//! The cookie beats the header, dead or alive; nothing is decoded. Contract am.md 0.3, 0.4.

use adieu_authority::{Check, LiveSession, Lookup, RealmId, SessionToken, Standing};
use adieu_http_kit::cookies;
use http::{HeaderMap, Method};

use crate::call::Call;
use crate::error::AmError;
use crate::face::Face;

/// Who asks.
pub(crate) enum Caller {
    /// Nobody says.
    Absent,
    /// A token that opens nothing (any more).
    Dead,
    /// A live session.
    Live(SessionToken, LiveSession),
}

impl Caller {
    /// The live session, with its token.
    pub(crate) fn live(&self) -> Option<(&SessionToken, &LiveSession)> {
        match self {
            Self::Live(token, live) => Some((token, live)),
            Self::Absent | Self::Dead => None,
        }
    }
}

/// The text that is given as the caller's token. An empty one is none.
pub(crate) fn credential<'h>(face: &Face, headers: &'h HeaderMap) -> Option<&'h str> {
    let cookie =
        cookies::first_any_case(headers, &face.settings.cookie_name).filter(|value| !value.is_empty());
    cookie.or_else(|| {
        let value = headers.get(face.carrier.as_ref()?)?;
        let text = std::str::from_utf8(value.as_bytes()).unwrap_or("\u{fffd}");
        (!text.is_empty()).then_some(text)
    })
}

/// Whether the credential that counts came in the cookie.
pub(crate) fn by_cookie(face: &Face, headers: &HeaderMap) -> bool {
    cookies::first_any_case(headers, &face.settings.cookie_name).is_some_and(|value| !value.is_empty())
}

/// Who asks. Asking is no activity: what counts as one says so itself.
pub(crate) async fn caller(face: &Face, headers: &HeaderMap) -> Result<Caller, AmError> {
    let Some(text) = credential(face, headers) else { return Ok(Caller::Absent) };
    let Some(token) = SessionToken::parse(text) else { return Ok(Caller::Dead) };
    Ok(match check(face, &token, false).await? {
        Some(live) => Caller::Live(token, live),
        None => Caller::Dead,
    })
}

/// The live session that a token opens.
pub(crate) async fn check(
    face: &Face,
    token: &SessionToken,
    touch: bool,
) -> Result<Option<LiveSession>, AmError> {
    let answer = match face.authority.check(token, touch) {
        Lookup::Now(answer) => answer,
        Lookup::Later(answer) => answer.await,
    };
    Ok(match answer? {
        Check::Live(live) => Some(live),
        Check::Not(_) => None,
    })
}

/// The live session that a token opens, which is active at this moment because of that.
pub(crate) async fn touched(face: &Face, token: &SessionToken) -> Result<Option<LiveSession>, AmError> {
    let live = check(face, token, true).await?;
    Ok(live.map(|live| LiveSession { seen_at: live.seen_at.max(face.authority.now()), ..live }))
}

/// The live session that a text opens; a text that is no token opens none.
pub(crate) async fn opened_by(
    face: &Face,
    text: &str,
    touch: bool,
) -> Result<Option<(SessionToken, LiveSession)>, AmError> {
    let Some(token) = SessionToken::parse(text) else { return Ok(None) };
    Ok(check(face, &token, touch).await?.map(|live| (token, live)))
}

/// How far a caller's roles reach in a realm: an *Identity Data Admin* there or on `/` administers all of it.
pub(crate) async fn standing(face: &Face, caller: &LiveSession, realm: RealmId) -> Result<Standing, AmError> {
    Ok(face.authority.standing(&caller.user.roles, realm).await?)
}

/// Refuses a writing request with the session cookie that another site could have caused: a form of another site can
/// send neither header. Callers by header are exempt, because no site can make a browser send that one.
pub(crate) fn refuse_foreign(face: &Face, call: &Call) -> Result<(), AmError> {
    let reading = [Method::GET, Method::HEAD, Method::OPTIONS].contains(call.sent_method());
    let headers = call.headers();
    let named = ["accept-api-version", "x-requested-with"].iter().any(|name| headers.contains_key(*name));
    if !face.settings.csrf_filter || reading || named {
        return Ok(());
    }
    match cookies::first_any_case(headers, &face.settings.cookie_name) {
        Some(_) => Err(AmError::Csrf),
        None => Ok(()),
    }
}
