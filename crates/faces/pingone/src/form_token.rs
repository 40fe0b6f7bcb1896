//! The token of the sign-on form, and the browser that a flow belongs to: only the browser that was shown the form can send it.
//!
//! Without it another site could make a browser sign on as somebody else. A random cookie that changes with a sign-on and, in the
//! form, a value derived from it and from the flow; the flow keeps a name derived from it (EMPTY-HANDS). standards.md 2.1, S-OP-20;
//! decision 0112.

use adieu_authority::{Purpose, RealmId};
use adieu_http_kit::cookies::{SameSite, SetCookie};
use adieu_http_kit::form_browser::{FormBrowser, FormShownTo};
use http::header::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::face::Face;

/// The name of the cookie.
const COOKIE: &str = "adieu-signon";
/// The same where pages go over https only: no other host and no plain page can set it. RFC 6265bis §4.1.3.2
const HOST_COOKIE: &str = "__Host-adieu-signon";

/// The field of a form that carries the token.
pub(crate) const FIELD: &str = "token";

/// What the browser keeps and what the form carries.
pub(crate) struct FormToken {
    pub(crate) cookie: HeaderValue,
    pub(crate) field: String,
}

/// A browser for which a flow begins, with its cookie.
pub(crate) struct FlowBrowser {
    pub(crate) name: String,
    pub(crate) cookie: HeaderValue,
}

/// The browser that sends this. One that has a cookie keeps it, so that two forms can be open.
pub(crate) fn begun(face: &Face, realm: RealmId, headers: &HeaderMap) -> FlowBrowser {
    let browser = browser(face, realm, headers).unwrap_or_else(|| new(face));
    FlowBrowser { cookie: cookie(face, realm, &browser), name: browser.name().to_owned() }
}

/// A token for a form of this flow.
pub(crate) fn issue(face: &Face, realm: RealmId, flow: Uuid, headers: &HeaderMap) -> FormToken {
    let FlowBrowser { name, cookie } = begun(face, realm, headers);
    FormToken { cookie, field: derived(face, &name, flow) }
}

/// Another cookie, for a browser whose user has just signed on: what was known of it before is worth nothing any more.
pub(crate) fn renewed(face: &Face, realm: RealmId, headers: &HeaderMap) -> HeaderValue {
    let value = face.authority().draw_uuid().to_string();
    let browser = match browser(face, realm, headers) {
        Some(browser) => browser.after_sign_on(value, |value| name_of(face, value)),
        None => new(face),
    };
    cookie(face, realm, &browser)
}

/// What the browser is called that sends this, if it has a cookie.
pub(crate) fn name(face: &Face, realm: RealmId, headers: &HeaderMap) -> Option<String> {
    browser(face, realm, headers).map(|browser| browser.name().to_owned())
}

/// What the browser was called that a form was shown to which it sends.
pub(crate) fn called(face: &Face, realm: RealmId, headers: &HeaderMap, shown: FormShownTo) -> String {
    FormBrowser::called(browser(face, realm, headers).as_ref(), shown).to_owned()
}

/// To whom a form of this flow was shown that this browser sends.
pub(crate) fn shown(
    face: &Face,
    realm: RealmId,
    flow: Uuid,
    headers: &HeaderMap,
    field: &str,
) -> FormShownTo {
    let browser = browser(face, realm, headers);
    FormBrowser::shown(browser.as_ref(), |name| same(&derived(face, name, flow), field))
}

/// Whether two texts that were derived are the same, in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn browser(face: &Face, realm: RealmId, headers: &HeaderMap) -> Option<FormBrowser> {
    FormBrowser::of(headers, cookie_name(face, realm), |value| name_of(face, value))
}

fn new(face: &Face) -> FormBrowser {
    FormBrowser::new(face.authority().draw_uuid().to_string(), |value| name_of(face, value))
}

/// It comes to `authorize` and to the pages, also from the application's site: a flow belongs to it from its beginning.
fn cookie(face: &Face, realm: RealmId, browser: &FormBrowser) -> HeaderValue {
    let secure = face.settings().is_secure(realm);
    let path = if secure { "/".to_owned() } else { format!("/{realm}") };
    let value = browser.cookie_value();
    let cookie = SetCookie {
        path: Some(&path),
        http_only: true,
        secure,
        same_site: Some(SameSite::Lax), // No form of another site makes a browser send it.
        ..SetCookie::new(cookie_name(face, realm), &value)
    };
    cookie.to_header()
}

fn cookie_name(face: &Face, realm: RealmId) -> &'static str {
    if face.settings().is_secure(realm) { HOST_COOKIE } else { COOKIE }
}

fn name_of(face: &Face, value: &str) -> String {
    text(face, &format!("pingone-browser {value}"))
}

fn derived(face: &Face, name: &str, flow: Uuid) -> String {
    text(face, &format!("pingone-signon {flow} {name}"))
}

fn text(face: &Face, name: &str) -> String {
    face.authority().key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}
