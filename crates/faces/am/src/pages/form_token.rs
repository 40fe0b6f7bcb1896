//! The token of a form: only the browser that was shown the form can send it.
//!
//! Without it another site could make a browser sign on as somebody else. A random cookie that no other site can send
//! along, and that changes with a sign-on, and in the form a value derived from it; nothing is stored (EMPTY-HANDS). Decision 0112.

use adieu_authority::{FormKey, Purpose, SessionId};
use adieu_http_kit::cookies::{SameSite, SetCookie};
use adieu_http_kit::form_browser::{FormBrowser, FormShownTo};
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
    let browser = browser(face, headers).unwrap_or_else(|| new(face));
    FormToken { cookie: cookie(face, &browser), field: of_name(face, browser.name()) }
}

/// Another cookie, for a browser whose user has just signed on: what was known of it before is worth nothing any more.
pub(super) fn renewed(face: &Face, headers: &HeaderMap) -> HeaderValue {
    let value = face.authority.draw_uuid().to_string();
    let browser = match browser(face, headers) {
        Some(browser) => browser.after_sign_on(value, |value| name_of(face, value)),
        None => new(face),
    };
    cookie(face, &browser)
}

/// The sign-on forms of one browser: it has one session in this realm, whichever of them it sends, and how often. Those that were shown to it
/// before its last sign-on are known by what it was called then.
pub(super) fn form(face: &Face, headers: &HeaderMap, shown: FormShownTo) -> FormKey {
    let browser = browser(face, headers);
    FormKey::of("am", FormBrowser::called(browser.as_ref(), shown))
}

/// What the browser is called that sends this; nothing if it has no cookie.
pub(super) fn name(face: &Face, headers: &HeaderMap) -> String {
    browser(face, headers).map(|browser| browser.name().to_owned()).unwrap_or_default()
}

/// To whom the sign-on form was shown that this browser sends.
pub(super) fn shown(face: &Face, headers: &HeaderMap, field: &str) -> FormShownTo {
    FormBrowser::shown(browser(face, headers).as_ref(), |name| same(&of_name(face, name), field))
}

fn browser(face: &Face, headers: &HeaderMap) -> Option<FormBrowser> {
    FormBrowser::of(headers, cookie_name(face), |value| name_of(face, value))
}

fn new(face: &Face) -> FormBrowser {
    FormBrowser::new(face.authority.draw_uuid().to_string(), |value| name_of(face, value))
}

fn cookie(face: &Face, browser: &FormBrowser) -> HeaderValue {
    let secure = face.settings.cookies_secure;
    let path = if secure { "/".to_owned() } else { format!("{}/", face.settings.context_path) };
    let value = browser.cookie_value();
    let cookie = SetCookie {
        path: Some(&path),
        http_only: true,
        secure,
        same_site: Some(SameSite::Lax), // Applications of other sites send browsers to the page.
        ..SetCookie::new(cookie_name(face), &value)
    };
    cookie.to_header()
}

fn cookie_name(face: &Face) -> &'static str {
    if face.settings.cookies_secure { HOST_COOKIE } else { COOKIE }
}

fn name_of(face: &Face, value: &str) -> String {
    derived(face, &format!("am-browser {value}"))
}

/// The token of the form that ends this session, or answers a request by it; only its own user agent is shown it.
pub(crate) fn of_session(face: &Face, session: SessionId) -> String {
    derived(face, &format!("am-sign-off {session}"))
}

/// Whether two tokens are the same, in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn of_name(face: &Face, name: &str) -> String {
    derived(face, &format!("am-sign-on {name}"))
}

fn derived(face: &Face, name: &str) -> String {
    face.authority.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}
