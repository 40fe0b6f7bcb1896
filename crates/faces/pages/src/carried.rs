//! The sessions that a browser carries in its cookies, of whatever dialect, realm by realm.
//!
//! Any carrier takes any of our credentials. Looking at a page is no activity.

use std::sync::Arc;

use adieu_authority::{Check, Outage, Session, SessionToken, User};
use http::HeaderMap;

use crate::face::Face;

/// Whose session counts in a realm: the first live one's, or the first's who has yet to give a second factor.
pub(crate) struct Holder {
    pub(crate) token: SessionToken,
    pub(crate) session: Arc<Session>,
    pub(crate) user: Arc<User>,
    /// Whether a second factor was given where one is asked for.
    pub(crate) is_live: bool,
}

/// The tokens in a browser's cookies, with the cookies' names; a token that comes in several cookies comes with each. The size of a
/// request's head bounds them: a lower bound would let dead ones hide a live one (F-4).
/// Decision 0020.
pub(crate) fn tokens(face: &Face, headers: &HeaderMap) -> Vec<(String, SessionToken)> {
    let names = face.settings.cookie_names.iter();
    let values = names.flat_map(|name| name.values(headers).map(move |value| (name.as_str(), value)));
    values.filter_map(|(name, value)| Some((name.to_owned(), SessionToken::parse(value)?))).collect()
}

/// Who is signed on among them, in each realm, in the order of the cookies.
pub(crate) async fn holders(face: &Face, tokens: &[(String, SessionToken)]) -> Result<Vec<Holder>, Outage> {
    let mut holders: Vec<Holder> = Vec::new();
    for (_, token) in tokens {
        let (session, user, is_live) = match face.authority.check(token, false).get().await? {
            Check::Live(live) => (live.session, live.user, true),
            Check::Half(half) => (half.session, half.user, false),
            Check::Not(_) => continue,
        };
        let next = Holder { token: token.clone(), session, user, is_live };
        match holders.iter_mut().find(|known| known.session.realm == next.session.realm) {
            Some(known) if next.is_live && !known.is_live => *known = next,
            Some(_) => {}
            None => holders.push(next),
        }
    }
    Ok(holders)
}
