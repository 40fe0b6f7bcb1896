//! Who asks: the token in the cookie or in the header of the cookie's name, and what it is worth.
//!
//! The cookie beats the header, dead or alive; of several cookies of the name the first live one of the addressed realm counts,
//! else the first live one. Nothing is decoded.
//! Contract am.md 0.3, 0.4.

use std::sync::Arc;

use adieu_authority::{
    Check, CheckedToken, HalfSession, LiveSession, Lookup, Outage, RealmId, Session, SessionId, SessionToken,
    Standing, User,
};
use adieu_http_kit::{cookies, media};
use http::header::{COOKIE, ORIGIN};
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
    /// A session that lacks its user's second factor: it can be ended, and nothing else.
    Half(SessionToken, HalfSession),
    /// A live session.
    Live(SessionToken, LiveSession),
}

impl Caller {
    /// The live session, with its token.
    pub(crate) fn live(&self) -> Option<(&SessionToken, &LiveSession)> {
        match self {
            Self::Live(token, live) => Some((token, live)),
            Self::Absent | Self::Dead | Self::Half(..) => None,
        }
    }

    /// The session that its holder may sign off.
    pub(crate) fn endable(&self) -> Option<EndableSession> {
        match self {
            Self::Live(token, live) => Some(EndableSession {
                token: token.clone(),
                session: Arc::clone(&live.session),
                user: Arc::clone(&live.user),
            }),
            Self::Half(token, half) => Some(EndableSession {
                token: token.clone(),
                session: Arc::clone(&half.session),
                user: Arc::clone(&half.user),
            }),
            Self::Absent | Self::Dead => None,
        }
    }
}

/// A session that is live or half signed on, with its token.
pub(crate) struct EndableSession {
    pub(crate) token: SessionToken,
    pub(crate) session: Arc<Session>,
    pub(crate) user: Arc<User>,
}

/// The values of the session cookie, empty ones left out.
fn cookie_values<'h>(face: &'h Face, headers: &'h HeaderMap) -> impl Iterator<Item = &'h str> {
    cookies::all_any_case(headers, &face.settings.cookie_name).filter(|value| !value.is_empty())
}

/// The tokens that the session cookies carry.
pub(crate) fn cookie_tokens(face: &Face, headers: &HeaderMap) -> Vec<SessionToken> {
    cookie_values(face, headers).filter_map(SessionToken::parse).collect()
}

/// The tokens of the cookies beside that of this session, if it came in one.
pub(crate) fn cookies_beside(face: &Face, headers: &HeaderMap, session: SessionId) -> Vec<SessionToken> {
    let tokens = cookie_tokens(face, headers);
    let by_cookie = tokens.iter().any(|token| token.id == session);
    tokens.into_iter().filter(|token| by_cookie && token.id != session).collect()
}

/// What is given in the header. An empty one is none.
fn header_value<'h>(face: &Face, headers: &'h HeaderMap) -> Option<&'h str> {
    let value = headers.get(face.carrier.as_ref()?)?;
    let text = std::str::from_utf8(value.as_bytes()).unwrap_or("\u{fffd}");
    (!text.is_empty()).then_some(text)
}

/// Whether the credential that counts came in the cookie.
pub(crate) fn by_cookie(face: &Face, headers: &HeaderMap) -> bool {
    cookie_values(face, headers).next().is_some()
}

/// Whether anything is given as the caller's token.
pub(crate) fn is_given(face: &Face, headers: &HeaderMap) -> bool {
    by_cookie(face, headers) || header_value(face, headers).is_some()
}

/// The caller's token that counts in a realm, and what it opens; nothing if none of what is given is a token. A session of any
/// realm speaks for its user where none of the addressed one is there. Contract am.md 0.2
pub(crate) async fn counting(
    face: &Face,
    headers: &HeaderMap,
    realm: Option<RealmId>,
    touch: bool,
) -> Result<Option<CheckedToken>, Outage> {
    let tokens = match by_cookie(face, headers) {
        true => cookie_tokens(face, headers),
        false => header_value(face, headers).and_then(SessionToken::parse).into_iter().collect(),
    };
    // One of another realm is no other for being asked again.
    if let (Some(realm), [_, _, ..]) = (realm, tokens.as_slice()) {
        let counting = face.authority.check_carrier(tokens.iter(), Some(realm), touch).await?;
        if counting.as_ref().is_some_and(|checked| opens_in(&checked.check, realm)) {
            return Ok(counting);
        }
    }
    face.authority.check_carrier(tokens.iter(), None, touch).await
}

fn opens_in(check: &Check, realm: RealmId) -> bool {
    match check {
        Check::Live(live) => live.session.realm == realm,
        Check::Half(half) => half.session.realm == realm,
        Check::Not(_) => false,
    }
}

/// Who asks in a realm. Asking is no activity: what counts as one says so itself.
pub(crate) async fn caller(
    face: &Face,
    headers: &HeaderMap,
    realm: Option<RealmId>,
) -> Result<Caller, AmError> {
    Ok(match counting(face, headers, realm, false).await? {
        Some(CheckedToken { token, check: Check::Live(live) }) => Caller::Live(token, live),
        Some(CheckedToken { token, check: Check::Half(half) }) => Caller::Half(token, half),
        None if !is_given(face, headers) => Caller::Absent,
        Some(CheckedToken { check: Check::Not(_), .. }) | None => Caller::Dead,
    })
}

/// What a text opens for whoever holds it.
pub(crate) async fn held_by(face: &Face, text: &str) -> Result<Caller, AmError> {
    let Some(token) = SessionToken::parse(text) else { return Ok(Caller::Dead) };
    Ok(match asked(face, &token, false).await? {
        Check::Live(live) => Caller::Live(token, live),
        Check::Half(half) => Caller::Half(token, half),
        Check::Not(_) => Caller::Dead,
    })
}

async fn asked(face: &Face, token: &SessionToken, touch: bool) -> Result<Check, AmError> {
    let answer = match face.authority.check(token, touch) {
        Lookup::Now(answer) => answer,
        Lookup::Later(answer) => answer.await,
    };
    Ok(answer?)
}

/// The live session that a token opens.
pub(crate) async fn check(
    face: &Face,
    token: &SessionToken,
    touch: bool,
) -> Result<Option<LiveSession>, AmError> {
    Ok(match asked(face, token, touch).await? {
        Check::Live(live) => Some(live),
        Check::Half(_) | Check::Not(_) => None,
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
    match cookies::first_any_case(call.headers(), &face.settings.cookie_name) {
        Some(_) if may_be_foreign(face, call) => Err(AmError::Csrf),
        Some(_) | None => Ok(()),
    }
}

/// Whether another site could have caused this writing request, whatever it carries.
pub(crate) fn may_be_foreign(face: &Face, call: &Call) -> bool {
    let reading = [Method::GET, Method::HEAD, Method::OPTIONS].contains(call.sent_method());
    face.settings.csrf_filter && !reading && !is_asked_first(call.headers())
}

/// Refuses a sign-on that a form of another site could have caused, which would sign its visitor on as somebody else. There is
/// no cookie to look for: whatever a browser sends has to be JSON by its type or to carry one of the two headers.
pub(crate) fn refuse_forged_sign_on(call: &Call) -> Result<(), AmError> {
    let headers = call.headers();
    let sent_by_browser = [COOKIE, ORIGIN].iter().any(|name| headers.contains_key(name))
        || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
    if !sent_by_browser || is_asked_first(headers) || media::is(headers, "application/json") {
        return Ok(());
    }
    Err(AmError::Csrf)
}

/// Whether it carries a header for which a browser asks before a page of another site may send it.
fn is_asked_first(headers: &HeaderMap) -> bool {
    ["accept-api-version", "x-requested-with"].iter().any(|name| headers.contains_key(*name))
}
