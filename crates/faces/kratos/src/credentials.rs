//! Where a session credential is read. Contract kratos.md 2.1.
//!
//! `X-Session-Token` if it is not empty, then the session cookies that can be one, then a bearer token. The first carrier
//! that brings something counts: if it opens nothing, the next is not asked (K-24). Among the cookies the first live one does.

use std::sync::Arc;

use adieu_authority::{
    Check, CheckedToken, HalfSession, LiveSession, Outage, RealmId, Session, SessionId, SessionToken, User,
};
use adieu_http_kit::{auth, cookies};
use axum::http::{HeaderMap, HeaderName};

use crate::face::Face;

const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-session-token");

/// What a request carries, by carrier.
pub(crate) struct CarriedTokens {
    /// Of the header and of `Authorization` what is no token at all is `None` within, and counts as carried.
    header: Option<Option<SessionToken>>,
    cookies: Vec<CookieToken>,
    bearer: Option<Option<SessionToken>>,
    /// Whether a session cookie came along, sound or not.
    pub(crate) cookie: bool,
}

/// A token that came in a cookie.
struct CookieToken {
    token: SessionToken,
    /// Until when its browser keeps it, in seconds since 1970, if it says so.
    kept_until_s: Option<i64>,
}

impl CarriedTokens {
    pub(crate) fn of(face: &Face, headers: &HeaderMap) -> Self {
        let header = headers.get(SESSION_TOKEN).filter(|value| !value.is_empty());
        let settings = &face.settings.cookie;
        let names = std::iter::once(&settings.name).chain(&settings.names_read);
        let (mut sent, mut read) = (false, Vec::new());
        for value in names.flat_map(|name| cookies::all(headers, name)) {
            sent = true;
            // Quirk: a cookie that can't be one is treated as absent. Contract kratos.md 2.1
            if let Some(token) = SessionToken::parse(value) {
                read.push(CookieToken { token, kept_until_s: kept_until(value) });
            }
        }
        Self {
            header: header.map(|value| value.to_str().ok().and_then(SessionToken::parse)),
            cookies: read,
            bearer: auth::bearer(headers).map(SessionToken::parse),
            cookie: sent,
        }
    }

    /// Whether a browser may have sent them: a program's header, or its bearer token without a cookie, is none of a browser's.
    pub(crate) fn may_be_a_browsers(&self) -> bool {
        self.header.is_none() && (self.cookie || self.bearer.is_none())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.header.is_none() && self.cookies.is_empty() && self.bearer.is_none()
    }

    /// Those of the carrier that counts.
    fn counting(&self) -> impl Iterator<Item = &SessionToken> {
        let by_header = self.header.is_some();
        let by_cookie = !by_header && !self.cookies.is_empty();
        let cookies = self.cookies.iter().filter(move |_| by_cookie).map(|cookie| &cookie.token);
        let bearer = self.bearer.iter().flatten().filter(move |_| !by_header && !by_cookie);
        self.header.iter().flatten().chain(cookies).chain(bearer)
    }

    /// All that can be tokens.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &SessionToken> {
        let cookies = self.cookies.iter().map(|cookie| &cookie.token);
        self.header.iter().flatten().chain(cookies).chain(self.bearer.iter().flatten())
    }

    /// Until when its browser keeps the cookie of a session, if the session counts by it.
    pub(crate) fn cookie_kept_until_s(&self, session: SessionId) -> Option<i64> {
        let cookies = if self.header.is_none() { self.cookies.as_slice() } else { &[] };
        cookies.iter().find(|cookie| cookie.token.id == session)?.kept_until_s
    }

    /// The tokens of the other cookies, if that of this session came in one.
    pub(crate) fn cookies_beside(&self, session: SessionId) -> impl Iterator<Item = &SessionToken> {
        let tokens = || self.cookies.iter().map(|cookie| &cookie.token);
        let by_cookie = tokens().any(|token| token.id == session);
        tokens().filter(move |token| by_cookie && token.id != session)
    }
}

/// What separates the time in a cookie from the token behind it.
const MARK: char = '_';
/// The digits of the time: letters, because only letters may stand before a token.
const DIGITS: &[u8; 16] = b"abcdefghijklmnop";

/// A cookie's value: until when the browser keeps it, before the token. Every dialect takes the value as it is, because
/// a token is read from its end.
pub(crate) fn cookie_value(until_s: i64, token: &str) -> String {
    let digits = format!("{until_s:x}");
    let letters = digits.bytes().filter_map(|digit| char::from(digit).to_digit(16));
    let mut value: String = letters.map(|n| char::from(DIGITS[n as usize])).collect();
    value.push(MARK);
    value.push_str(token);
    value
}

fn kept_until(value: &str) -> Option<i64> {
    let (letters, _) = value.split_once(MARK)?;
    letters.bytes().try_fold(0_i64, |sum, letter| {
        let digit = DIGITS.iter().position(|known| *known == letter)?;
        sum.checked_mul(16)?.checked_add(i64::try_from(digit).ok()?)
    })
}

/// The session that a request carries.
pub(crate) enum CarriedSession {
    /// None, or one that is over.
    Nobodys,
    /// One that is open for the second factor and for a logout, and for nothing else.
    Half(HalfSession),
    /// A live one.
    Live(LiveSession),
}

impl CarriedSession {
    /// What a check says of this realm. Sessions of others are not live here.
    pub(crate) fn of(check: Check, realm: RealmId) -> Self {
        match check {
            Check::Live(live) if live.session.realm == realm => Self::Live(live),
            Check::Half(half) if half.session.realm == realm => Self::Half(half),
            Check::Live(_) | Check::Half(_) | Check::Not(_) => Self::Nobodys,
        }
    }

    /// Whoever has given at least one factor.
    pub(crate) fn holder(&self) -> Option<SessionHolder> {
        let (session, user) = match self {
            Self::Live(live) => (&live.session, &live.user),
            Self::Half(half) => (&half.session, &half.user),
            Self::Nobodys => return None,
        };
        Some(SessionHolder { session: Arc::clone(session), user: Arc::clone(user) })
    }
}

/// Somebody with a session that is live, or would be with the second factor.
#[derive(Clone)]
pub(crate) struct SessionHolder {
    pub(crate) session: Arc<Session>,
    pub(crate) user: Arc<User>,
}

impl Face {
    /// The session that counts for this request.
    pub(crate) async fn carried(&self, headers: &HeaderMap) -> Result<CarriedSession, Outage> {
        Ok(self.counting(&CarriedTokens::of(self, headers), false).await?.1)
    }

    /// The token that counts among what a request carries, and what it opens.
    pub(crate) async fn counting(
        &self,
        carried: &CarriedTokens,
        touch: bool,
    ) -> Result<(Option<SessionToken>, CarriedSession), Outage> {
        if carried.is_empty() {
            return Ok((None, CarriedSession::Nobodys));
        }
        let realm = self.realm_id().await?;
        let checked = self.authority.check_carrier(carried.counting(), Some(realm), touch).await?;
        Ok(match checked {
            Some(CheckedToken { token, check }) => (Some(token), CarriedSession::of(check, realm)),
            None => (None, CarriedSession::Nobodys),
        })
    }

    /// The session that a token opens.
    pub(crate) async fn opened_by(&self, token: &SessionToken) -> Result<CarriedSession, Outage> {
        let realm = self.realm_id().await?;
        Ok(CarriedSession::of(self.authority.check(token, false).get().await?, realm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_says_until_when_it_is_kept_and_opens_every_channel() {
        let token = format!("1{}", "A".repeat(44));
        let value = cookie_value(1_795_166_400, &token);
        assert_eq!(kept_until(&value), Some(1_795_166_400));
        assert_eq!(
            SessionToken::parse(&value).map(|t| t.reveal()),
            SessionToken::parse(&token).map(|t| t.reveal())
        );
        for other in [token.as_str(), "ory_st_x", "_", "zz_x", &format!("{}_x", "p".repeat(40))] {
            assert!(kept_until(other).is_none_or(|s| s == 0), "{other}");
        }
    }
}
