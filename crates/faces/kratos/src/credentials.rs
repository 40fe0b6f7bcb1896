//! Where a session credential is read. Contract kratos.md 2.1.
//!
//! `X-Session-Token` if it is not empty, then the first session cookie that can be one, then a bearer token. The first
//! hit wins: if its session is dead, the next is not asked (K-24).

use std::sync::Arc;

use adieu_authority::{Check, HalfSession, LiveSession, Outage, RealmId, Session, SessionToken, User};
use adieu_http_kit::{auth, cookies};
use axum::http::HeaderMap;

use crate::face::Face;

/// What a request carries, in the order of the contract.
pub(crate) struct CarriedTokens {
    /// Each one that can be a token; what is none at all is `None`, and counts as carried.
    carried: Vec<Option<SessionToken>>,
    /// If the first one is a session cookie: until when its browser keeps it, in seconds since 1970, if it says so.
    pub(crate) first_cookie_s: Option<i64>,
    /// Whether a session cookie came along, sound or not.
    pub(crate) cookie: bool,
}

impl CarriedTokens {
    pub(crate) fn of(face: &Face, headers: &HeaderMap) -> Self {
        let mut carried = Vec::new();
        if let Some(header) = headers.get("x-session-token").filter(|value| !value.is_empty()) {
            carried.push(header.to_str().ok().and_then(SessionToken::parse));
        }
        let settings = &face.settings.cookie;
        let names = std::iter::once(&settings.name).chain(&settings.names_read);
        let mut cookie = false;
        let mut first_cookie_s = None;
        for name in names {
            for value in cookies::all(headers, name) {
                cookie = true;
                // Quirk: a cookie that can't be one is treated as absent. Contract kratos.md 2.1
                if let Some(token) = SessionToken::parse(value) {
                    if carried.is_empty() {
                        first_cookie_s = kept_until(value);
                    }
                    carried.push(Some(token));
                }
            }
        }
        if let Some(bearer) = auth::bearer(headers) {
            carried.push(SessionToken::parse(bearer));
        }
        Self { carried, first_cookie_s, cookie }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.carried.is_empty()
    }

    /// The one that counts.
    pub(crate) fn first(&self) -> Option<&SessionToken> {
        self.carried.first().and_then(Option::as_ref)
    }

    /// All that can be tokens.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &SessionToken> {
        self.carried.iter().flatten()
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
        let credentials = CarriedTokens::of(self, headers);
        let Some(token) = credentials.first() else { return Ok(CarriedSession::Nobodys) };
        self.opened_by(token).await
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
