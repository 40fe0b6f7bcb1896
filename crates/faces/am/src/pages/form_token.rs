//! The token of a form: only the browser that was shown the form can send it.
//!
//! Without it another site could make a browser sign on as somebody else. A random cookie that no other site can send
//! along, and in the form a value derived from it; nothing is stored (EMPTY-HANDS).

use adieu_authority::{FormKey, Purpose, SessionId};
use adieu_http_kit::cookies::{self, SameSite, SetCookie};
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq as _;

use crate::face::Face;

/// The cookie of the sign-on form.
const COOKIE: &str = "am-form";
/// The same where pages go over https only: no other host and no plain page can set it. RFC 6265bis §4.1.3.2
const HOST_COOKIE: &str = "__Host-am-form";
/// The hidden field of every form.
pub(super) const FIELD: &str = "token";

/// What the browser keeps, and what the form carries.
pub(super) struct FormToken {
    pub(super) cookie: HeaderValue,
    pub(super) field: String,
}

/// A token for the sign-on form. A browser that has a cookie keeps it, so that two forms can be open.
pub(super) fn issue(face: &Face, headers: &HeaderMap) -> FormToken {
    let secure = face.settings.cookies_secure;
    let kept = cookies::first(headers, name(face)).filter(|value| value.len() == 36).map(str::to_owned);
    let value = kept.unwrap_or_else(|| face.authority.draw_uuid().to_string());
    let path = if secure { "/".to_owned() } else { format!("{}/", face.settings.context_path) };
    let cookie = SetCookie {
        path: Some(&path),
        http_only: true,
        secure,
        same_site: Some(SameSite::Strict),
        ..SetCookie::new(name(face), &value)
    };
    FormToken { cookie: cookie.to_header(), field: of_cookie(face, &value) }
}

/// The sign-on forms of one browser: it has one session in this realm, whichever of them it sends, and how often.
pub(super) fn form(face: &Face, headers: &HeaderMap) -> FormKey {
    FormKey::of("am", cookies::first(headers, name(face)).unwrap_or_default())
}

fn name(face: &Face) -> &'static str {
    if face.settings.cookies_secure { HOST_COOKIE } else { COOKIE }
}

/// Whether the sign-on form was shown to this browser.
pub(super) fn fits(face: &Face, headers: &HeaderMap, field: &str) -> bool {
    cookies::first(headers, name(face)).is_some_and(|value| same(&of_cookie(face, value), field))
}

/// The token of the form that ends this session, or answers a request by it; only its own user agent is shown it.
pub(crate) fn of_session(face: &Face, session: SessionId) -> String {
    derived(face, &format!("am-sign-off {session}"))
}

/// Whether two tokens are the same, in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn of_cookie(face: &Face, cookie: &str) -> String {
    derived(face, &format!("am-sign-on {cookie}"))
}

fn derived(face: &Face, name: &str) -> String {
    face.authority.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}
