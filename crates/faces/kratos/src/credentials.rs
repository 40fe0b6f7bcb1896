//! Where a session credential is read. Contract kratos.md 2.1.
//!
//! `X-Session-Token` if it is not empty, then the first session cookie that can be one, then a bearer token. The first
//! hit wins: if its session is dead, the next is not asked (K-24).

use adieu_authority::{Check, Outage};
use adieu_authority::{LiveSession, NotLive, RealmId, SessionToken};
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

impl Face {
    /// The live session that counts for this request, if there is one.
    pub(crate) async fn signed_on(&self, headers: &HeaderMap) -> Result<Option<LiveSession>, Outage> {
        let credentials = CarriedTokens::of(self, headers);
        let Some(token) = credentials.first() else { return Ok(None) };
        let realm = self.realm_id().await?;
        self.live(token, realm, false).await
    }

    /// The session that a token opens, if it is live and of the realm.
    pub(crate) async fn live(
        &self,
        token: &SessionToken,
        realm: RealmId,
        touch: bool,
    ) -> Result<Option<LiveSession>, Outage> {
        let check = self.authority.check(token, touch).get().await?;
        Ok(in_realm(check, realm).ok())
    }
}

/// Sessions of other realms are not live here.
pub(crate) fn in_realm(check: Check, realm: RealmId) -> Result<LiveSession, NotLive> {
    match check {
        Check::Live(live) if live.session.realm == realm => Ok(live),
        Check::Live(_) => Err(NotLive::Unknown),
        Check::Not(why) => Err(why),
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
