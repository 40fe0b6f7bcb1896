//! The sessions that a browser carries in its cookies, of whatever dialect.
//!
//! Any carrier takes any of our credentials. Looking at a page is no activity.

use std::sync::Arc;

use adieu_authority::{Check, CheckedToken, Outage, Session, SessionToken, User};
use adieu_http_kit::cookies;
use http::HeaderMap;

use crate::face::Face;

/// Who is signed on in a browser.
pub(crate) enum CarriedHere {
    /// Nobody.
    Nobody,
    /// Somebody who has yet to give a second factor.
    Half(Holder),
    /// Somebody.
    Live(Holder),
}

/// Somebody with a session, and its token.
pub(crate) struct Holder {
    pub(crate) token: SessionToken,
    pub(crate) session: Arc<Session>,
    pub(crate) user: Arc<User>,
}

impl CarriedHere {
    /// The session that its holder may sign off.
    pub(crate) fn holder(self) -> Option<Holder> {
        match self {
            Self::Live(holder) | Self::Half(holder) => Some(holder),
            Self::Nobody => None,
        }
    }
}

/// The tokens in a browser's cookies; a token that comes in several cookies comes once. The size of a request's head bounds them: a
/// lower bound would let dead ones hide a live one (F-4).
/// Decision 0020.
pub(crate) fn tokens(face: &Face, headers: &HeaderMap) -> Vec<SessionToken> {
    let mut tokens: Vec<SessionToken> = Vec::new();
    // Quirk: AM matches the name of its cookie like that of a header, and the proxies' check all of them. Contract am.md 0.3
    let values = face.settings.cookie_names.iter().flat_map(|name| cookies::all_any_case(headers, name));
    for token in values.filter_map(SessionToken::parse) {
        if tokens.iter().all(|known| known.id != token.id || known.reveal() != token.reveal()) {
            tokens.push(token);
        }
    }
    tokens
}

/// Whose session counts among them: the first live one.
pub(crate) async fn carried(face: &Face, tokens: &[SessionToken]) -> Result<CarriedHere, Outage> {
    let checked = face.authority.check_carrier(tokens.iter(), None, false).await?;
    Ok(match checked {
        Some(CheckedToken { token, check: Check::Live(live) }) => {
            CarriedHere::Live(Holder { token, session: live.session, user: live.user })
        }
        Some(CheckedToken { token, check: Check::Half(half) }) => {
            CarriedHere::Half(Holder { token, session: half.session, user: half.user })
        }
        Some(CheckedToken { check: Check::Not(_), .. }) | None => CarriedHere::Nobody,
    })
}
