//! The cookies `ST` and `ST-NO-SS`: the same token, once with `SameSite` and once without.
//!
//! Read: `ST` first; of several of that name the first live one counts. Where both names are there and differ, the older one is
//! not used, and that is the second. Contract pingone.md 1.8.

use adieu_authority::{Realm, SessionToken};
use adieu_http_kit::companion::CookieRealm;
use adieu_http_kit::cookies::{SameSite, SetCookie, all, pairs};
use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::face::Face;
use crate::manage::settings::is_persistent;

const WITH_SAME_SITE: &str = "ST";
/// For clients that mishandle `SameSite=None`.
const WITHOUT_SAME_SITE: &str = "ST-NO-SS";

/// The session tokens that a browser carries. Any dialect's prefix may stand before them.
#[derive(Clone, Default)]
pub(crate) struct BrowserTokens {
    /// Those of the name that counts.
    pub(crate) counting: Vec<SessionToken>,
    /// Those of the other one.
    other: Vec<SessionToken>,
    /// Those of cookies of any other name, with it.
    beside: Vec<(String, SessionToken)>,
}

impl BrowserTokens {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let tokens = |name| all(headers, name).filter_map(SessionToken::parse).collect::<Vec<_>>();
        let (with, without) = (tokens(WITH_SAME_SITE), tokens(WITHOUT_SAME_SITE));
        // What is no token has its name count all the same.
        let (counting, other) = match all(headers, WITH_SAME_SITE).next() {
            Some(_) => (with, without),
            None => (without, with),
        };
        let beside = pairs(headers).filter(|(name, _)| ![WITH_SAME_SITE, WITHOUT_SAME_SITE].contains(name));
        let beside = beside.filter_map(|(name, value)| Some((name.to_owned(), SessionToken::parse(value)?)));
        Self { counting, other, beside: beside.collect() }
    }

    /// Those in the cookies of other dialects that are taken over or away with ours.
    pub(crate) fn beside(&self, face: &Face, realm: &Realm) -> Vec<(String, SessionToken)> {
        let companions = &face.settings().companions;
        self.beside.iter().filter(|(name, _)| companions.has(name, &realm.path)).cloned().collect()
    }

    /// Whether there is any, of whatever name.
    pub(crate) fn are_there(&self) -> bool {
        self.every().next().is_some() || !self.beside.is_empty()
    }

    /// All of them; both names have the same token as a rule, and then it comes once.
    pub(crate) fn every(&self) -> impl Iterator<Item = &SessionToken> {
        let known = |token: &SessionToken| self.counting.iter().any(|known| known.reveal() == token.reveal());
        self.counting.iter().chain(self.other.iter().filter(move |token| !known(token)))
    }
}

/// Gives the browser this token, but in the cookies of other dialects that are to be left alone.
pub(crate) async fn set(
    face: &Face,
    realm: &Realm,
    (token, left_alone): (&SessionToken, &[String]),
    headers: &mut HeaderMap,
) {
    let revealed = token.reveal();
    // The session is there: not knowing the setting must not cost it. Then the cookie is the shorter-lived one.
    let persistent = is_persistent(face, realm.id).await.unwrap_or(false);
    write(face, realm, Some(&revealed), persistent.then_some(face.settings().cookie_life_s), headers);
    let id = realm.id.to_string();
    let of_realm = CookieRealm { id: &id, path: &realm.path };
    let lines = face.settings().companions.set(&revealed, of_realm, left_alone);
    headers.extend(lines.into_iter().map(|line| (SET_COOKIE, line)));
}

/// Makes the browser forget its token, but in the cookies of other dialects that are to be left alone.
pub(crate) fn clear(face: &Face, realm: &Realm, left_alone: &[String], headers: &mut HeaderMap) {
    write(face, realm, None, None, headers);
    let id = realm.id.to_string();
    let lines = face.settings().companions.clear(CookieRealm { id: &id, path: &realm.path }, left_alone);
    headers.extend(lines.into_iter().map(|line| (SET_COOKIE, line)));
}

/// Without a life the browser keeps the cookie until it is closed. P-63
fn write(face: &Face, realm: &Realm, token: Option<&str>, life_s: Option<i64>, headers: &mut HeaderMap) {
    let settings = face.settings();
    let secure = settings.is_secure(realm.id);
    let path = format!("/{}", realm.id);
    let mut add = |name: &str, same_site| {
        let cookie = SetCookie {
            path: Some(&path),
            max_age_s: life_s,
            expires_s: life_s.map(|life_s| face.authority().now().s().saturating_add(life_s)),
            http_only: true,
            secure,
            same_site: travelling(same_site, secure),
            ..SetCookie::new(name, token.unwrap_or_default())
        };
        let cookie = if token.is_some() { cookie } else { cookie.cleared("", 0, Some(0)) };
        headers.append(SET_COOKIE, cookie.to_header());
    };
    add(WITH_SAME_SITE, Some(SameSite::None));
    add(WITHOUT_SAME_SITE, None);
}

/// `None` needs `Secure`; over plain http it becomes `Lax`.
fn travelling(same_site: Option<SameSite>, secure: bool) -> Option<SameSite> {
    match same_site {
        Some(SameSite::None) if !secure => Some(SameSite::Lax),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::COOKIE;

    #[test]
    fn the_first_of_the_two_names_counts() {
        let token = |n: u8| {
            let secret = adieu_core::SessionSecret::from_bytes([n; 17]);
            SessionToken { id: adieu_core::SessionId::from_bytes([n; 16]), secret }.reveal()
        };
        let read = |line: String| {
            let headers = [(COOKIE, HeaderValue::from_str(&line).unwrap())].into_iter().collect();
            BrowserTokens::of(&headers).counting.first().map(SessionToken::reveal)
        };
        assert_eq!(read(format!("ST-NO-SS={}; ST={}", token(1), token(2))), Some(token(2)));
        assert_eq!(read(format!("ST-NO-SS={}", token(1))), Some(token(1)));
        assert_eq!(read(format!("ST=ory_st_{}", token(1))), Some(token(1)));
        assert_eq!(read("ST=6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90".into()), None);
        assert_eq!(read(token(1)), None, "a value without a name: Q-8");
    }
}
