//! What keeps the forms of this face from being forged: only the browser that was shown a form can send it.
//!
//! Before a sign-on a random cookie, which changes with it, and in the form a value derived from it; after it a value derived from the
//! session. Nothing is stored (EMPTY-HANDS). Decision 0112.

use adieu_authority::{FlowId, FormKey, Purpose, Realm, SessionId};
use adieu_http_kit::cookies::{SameSite, SetCookie};
use adieu_http_kit::form_browser::{FormBrowser, FormShownTo};
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
    let browser = browser(face, headers).unwrap_or_else(|| new(face));
    FormToken { cookie: cookie(face, &browser), field: of_name(face, browser.name()) }
}

/// Another cookie, for a browser whose user has just signed on: what was known of it before is worth nothing any more.
pub(crate) fn renewed(face: &Face, headers: &HeaderMap) -> HeaderValue {
    let value = face.authority.draw_uuid().to_string();
    let browser = match browser(face, headers) {
        Some(browser) => browser.after_sign_on(value, |value| name_of(face, value)),
        None => new(face),
    };
    cookie(face, &browser)
}

/// The sign-on forms of one browser in a realm: it has one session there, whichever of them it sends, and how often. Those that were shown
/// to it before its last sign-on are known by what it was called then.
pub(crate) fn form(face: &Face, headers: &HeaderMap, realm: &Realm, shown: FormShownTo) -> FormKey {
    let browser = browser(face, headers);
    FormKey::of("openid", &format!("{} {}", realm.id, FormBrowser::called(browser.as_ref(), shown)))
}

/// What the browser is called that sends this; nothing if it has no cookie.
pub(crate) fn name(face: &Face, headers: &HeaderMap) -> String {
    browser(face, headers).map(|browser| browser.name().to_owned()).unwrap_or_default()
}

/// Where something lies that was begun in this browser and has a random name: no other browser finds it by that.
pub(crate) fn of_attempt(face: &Face, headers: &HeaderMap, random: &str) -> FlowId {
    let of = format!("openid-attempt {random} {}", name(face, headers));
    let derived = face.authority.key().derive_for(Purpose::AntiForgery, of.as_bytes(), 0);
    derived[..16].try_into().expect("32 bytes were derived")
}

fn browser(face: &Face, headers: &HeaderMap) -> Option<FormBrowser> {
    FormBrowser::of(headers, cookie_name(face), |value| name_of(face, value))
}

fn new(face: &Face) -> FormBrowser {
    FormBrowser::new(face.authority.draw_uuid().to_string(), |value| name_of(face, value))
}

fn cookie(face: &Face, browser: &FormBrowser) -> HeaderValue {
    let value = browser.cookie_value();
    let cookie = SetCookie {
        path: Some("/"),
        http_only: true,
        secure: face.settings.cookies_secure,
        same_site: Some(SameSite::Lax), // No form of another site makes a browser send it.
        ..SetCookie::new(cookie_name(face), &value)
    };
    cookie.to_header()
}

fn cookie_name(face: &Face) -> &'static str {
    if face.settings.cookies_secure { HOST_COOKIE } else { COOKIE }
}

fn name_of(face: &Face, value: &str) -> String {
    face.derived(&format!("openid-browser {value}"))
}

/// To whom the sign-on form was shown that this browser sends.
pub(crate) fn shown(face: &Face, headers: &HeaderMap, field: &str) -> FormShownTo {
    FormBrowser::shown(browser(face, headers).as_ref(), |name| same(&of_name(face, name), field))
}

/// The tokens of this browser's sign-on form, and of before its last sign-on.
pub(crate) fn of_browser(face: &Face, headers: &HeaderMap) -> Vec<String> {
    let browser = browser(face, headers);
    browser.iter().flat_map(FormBrowser::names).map(|name| of_name(face, name)).collect()
}

/// The token of the form that ends this session, or answers a request by it.
pub(crate) fn of_session(face: &Face, session: SessionId) -> String {
    face.derived(&format!("openid-session {session}"))
}

/// Whether two tokens are the same, in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn of_name(face: &Face, name: &str) -> String {
    face.derived(&format!("openid-sign-on {name}"))
}
