//! The sessions that a browser carries to an issuer, and what a sign-on and a sign-off do to its cookies.
//!
//! Our own session cookie is of one realm, by its path; those of other dialects count as well, and are set and cleared with it
//! (decision 0020). A cookie that carries a session of another realm is left alone.

use std::sync::Arc;

use adieu_authority::{
    Check, CheckedToken, LiveSession, Outage, Realm, Session, SessionToken, SignedIn, User,
};
use adieu_http_kit::companion::CookieRealm;
use adieu_http_kit::cookies::{self, SameSite, SetCookie};
use adieu_oidc::Parting;
use http::HeaderValue;

use crate::address;
use crate::call::Call;
use crate::error::OpenIdError;
use crate::face::Face;

/// The session cookie.
const COOKIE: &str = "adieu_session";

/// Who is signed on in a browser.
pub(crate) enum SignedOnHere {
    /// Nobody.
    Nobody,
    /// Somebody who has yet to give a second factor: the session can be ended, and nothing else.
    Half(SessionToken, Arc<Session>, Arc<User>),
    /// Somebody.
    Live(SessionToken, LiveSession),
}

impl SignedOnHere {
    /// The live session.
    pub(crate) const fn live(&self) -> Option<&LiveSession> {
        match self {
            Self::Live(_, live) => Some(live),
            Self::Nobody | Self::Half(..) => None,
        }
    }

    /// The token that counts, whatever it is worth.
    pub(crate) fn into_token(self) -> Option<SessionToken> {
        match self {
            Self::Live(token, _) | Self::Half(token, ..) => Some(token),
            Self::Nobody => None,
        }
    }

    /// The session that its holder may sign off, and its user.
    pub(crate) fn endable(&self) -> Option<(&SessionToken, &Session, &User)> {
        match self {
            Self::Live(token, live) => Some((token, &live.session, &live.user)),
            Self::Half(token, session, user) => Some((token, session, user)),
            Self::Nobody => None,
        }
    }
}

/// Who is signed on to a realm in the browser that sent this. With `touch` that is activity.
pub(crate) async fn signed_on_here(
    face: &Face,
    call: &Call,
    realm: &Realm,
    touch: bool,
) -> Result<SignedOnHere, Outage> {
    let tokens = tokens(face, call);
    let checked = face.authority.check_carrier(tokens.iter(), Some(realm.id), touch).await?;
    Ok(match checked {
        Some(CheckedToken { token, check: Check::Live(live) }) if live.session.realm == realm.id => {
            SignedOnHere::Live(token, live)
        }
        Some(CheckedToken { token, check: Check::Half(half) }) if half.session.realm == realm.id => {
            SignedOnHere::Half(token, half.session, half.user)
        }
        Some(_) | None => SignedOnHere::Nobody,
    })
}

/// Whether the browser sent any cookie that may carry a session: another site's form makes it send none.
pub(crate) fn carries_any(face: &Face, call: &Call) -> bool {
    !tokens(face, call).is_empty()
}

fn tokens(face: &Face, call: &Call) -> Vec<SessionToken> {
    let own = cookies::all(call.headers(), COOKIE);
    let others = face.settings.cookie_names.iter().flat_map(|name| name.values(call.headers()));
    own.chain(others).filter_map(SessionToken::parse).collect()
}

/// The cookies for whoever has signed on. The sessions whose cookies they overwrite end: nobody could use them any more.
pub(crate) async fn after_sign_on(
    face: &Face,
    call: &Call,
    realm: &Realm,
    signed_in: &SignedIn,
) -> Result<Vec<HeaderValue>, OpenIdError> {
    let beside = face.authority.sessions_beside(&replaced(face, call, realm), realm.id).await?;
    let overwritten = beside.others_than(signed_in.session.id);
    face.authority.end_beside(realm.id, overwritten, &call.origin_of_holder()).await?;
    let token = signed_in.token.reveal();
    let id = realm.id.to_string();
    let of_realm = CookieRealm { id: &id, path: &realm.path };
    let path = address::mount(&realm.path);
    let mut lines = vec![own(face, &path, &token).to_header()];
    lines.extend(face.settings.companions.set(&token, of_realm, &beside.elsewhere));
    Ok(lines)
}

/// A browser after its sign-off.
#[derive(Default)]
pub(crate) struct SignedOff {
    /// What makes it forget its sessions.
    pub(crate) cookies: Vec<HeaderValue>,
    /// Who took part in them.
    pub(crate) parting: Parting,
    /// Whether it is signed on nowhere any more.
    pub(crate) forgets_all: bool,
}

/// Ends the sessions of a realm that the browser carries, and makes it forget them. The one of this token comes last: whoever has
/// to repeat the request still can (F-4).
pub(crate) async fn sign_off(
    face: &Face,
    call: &Call,
    realm: &Realm,
    token: &SessionToken,
) -> Result<SignedOff, OpenIdError> {
    let mut carried = replaced(face, call, realm);
    carried.extend(tokens(face, call).into_iter().map(|token| (String::new(), token)));
    let beside = face.authority.sessions_beside(&carried, realm.id).await?;
    // Whatever can fail comes before the first ending.
    let all = beside.others_than(token.id).chain([token]);
    let parting = Parting::of_tokens(&face.authority, all).await?;
    let in_order = beside.others_than(token.id).chain([token]);
    face.authority.end_beside(realm.id, in_order, &call.origin_of_holder()).await?;
    let cookies = forgotten(face, realm, &beside.elsewhere);
    Ok(SignedOff { cookies, parting, forgets_all: beside.elsewhere.is_empty() })
}

/// Makes a browser forget the sessions of a realm.
fn forgotten(face: &Face, realm: &Realm, left_alone: &[String]) -> Vec<HeaderValue> {
    let id = realm.id.to_string();
    let of_realm = CookieRealm { id: &id, path: &realm.path };
    let path = address::mount(&realm.path);
    let mut lines = vec![own(face, &path, "").cleared("", 0, Some(0)).to_header()];
    lines.extend(face.settings.companions.clear(of_realm, left_alone));
    lines
}

/// The tokens in the cookies that a sign-on takes over, and a sign-off takes away.
fn replaced(face: &Face, call: &Call, realm: &Realm) -> Vec<(String, SessionToken)> {
    let taken = |name: &str| name == COOKIE || face.settings.companions.has(name, &realm.path);
    let pairs = cookies::pairs(call.headers()).filter(|(name, _)| taken(name));
    pairs.filter_map(|(name, value)| Some((name.to_owned(), SessionToken::parse(value)?))).collect()
}

fn own<'a>(face: &Face, path: &'a str, value: &'a str) -> SetCookie<'a> {
    SetCookie {
        path: Some(path),
        http_only: true,
        secure: face.settings.cookies_secure,
        same_site: Some(SameSite::Lax),
        ..SetCookie::new(COOKIE, value)
    }
}
