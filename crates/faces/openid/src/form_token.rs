//! What keeps the forms of this face from being forged: only the browser that was shown a form can send it.
//!
//! Before a sign-on a random cookie, and in the form a value derived from it; after it a value derived from the session. Nothing
//! is stored (EMPTY-HANDS).

use adieu_authority::{FormKey, Realm, SessionId};
use adieu_http_kit::cookies::{self, SameSite, SetCookie};
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq as _;

use crate::face::Face;

/// The cookie of the sign-on form.
const COOKIE: &str = "adieu_form";
/// The same where pages go over https only: no other host and no plain page can set it. RFC 6265bis §4.1.3.2
const HOST_COOKIE: &str = "__Host-adieu_form";
/// The hidden field of every form.
pub(crate) const FIELD: &str = "token";

/// What the browser keeps, and what the form carries.
pub(crate) struct FormToken {
    pub(crate) cookie: HeaderValue,
    pub(crate) field: String,
}

/// A token for the sign-on form. A browser that has a cookie keeps it, so that two forms can be open.
pub(crate) fn issue(face: &Face, headers: &HeaderMap) -> FormToken {
    let secure = face.settings.cookies_secure;
    let kept = cookies::first(headers, name(face)).filter(|value| value.len() == 36).map(str::to_owned);
    let value = kept.unwrap_or_else(|| face.authority.draw_uuid().to_string());
    let cookie = SetCookie {
        path: Some("/"),
        http_only: true,
        secure,
        same_site: Some(SameSite::Lax), // No form of another site makes a browser send it.
        ..SetCookie::new(name(face), &value)
    };
    FormToken { cookie: cookie.to_header(), field: of_cookie(face, &value) }
}

/// The sign-on forms of one browser in a realm: it has one session there, whichever of them it sends, and how often.
pub(crate) fn form(face: &Face, headers: &HeaderMap, realm: &Realm) -> FormKey {
    let cookie = cookies::first(headers, name(face)).unwrap_or_default();
    FormKey::of("openid", &format!("{} {cookie}", realm.id))
}

fn name(face: &Face) -> &'static str {
    if face.settings.cookies_secure { HOST_COOKIE } else { COOKIE }
}

/// Whether the sign-on form was shown to this browser.
pub(crate) fn fits(face: &Face, headers: &HeaderMap, field: &str) -> bool {
    cookies::first(headers, name(face)).is_some_and(|value| same(&of_cookie(face, value), field))
}

/// The token of this browser's sign-on form, if it has one.
pub(crate) fn of_browser(face: &Face, headers: &HeaderMap) -> Option<String> {
    cookies::first(headers, name(face)).map(|value| of_cookie(face, value))
}

/// The token of the form that ends this session, or answers a request by it.
pub(crate) fn of_session(face: &Face, session: SessionId) -> String {
    face.derived(&format!("openid-session {session}"))
}

/// Whether two tokens are the same, in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn of_cookie(face: &Face, cookie: &str) -> String {
    face.derived(&format!("openid-sign-on {cookie}"))
}
