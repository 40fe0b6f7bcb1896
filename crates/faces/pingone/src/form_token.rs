//! The token of the sign-on form: only the browser that was shown the form can send it.
//!
//! Without it another site could make a browser sign on as somebody else. A random cookie and, in the form, a value
//! derived from it and from the flow; nothing is stored (EMPTY-HANDS). standards.md 2.1, S-OP-20.

use adieu_authority::{Purpose, RealmId};
use adieu_http_kit::cookies::{SameSite, SetCookie, first};
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

/// A token for a form of this flow. A browser that has a cookie keeps it, so that two forms can be open.
pub(crate) fn issue(face: &Face, realm: RealmId, flow: Uuid, headers: &HeaderMap) -> FormToken {
    let secure = face.settings().is_secure(realm);
    let name = if secure { HOST_COOKIE } else { COOKIE };
    let kept = first(headers, name).filter(|value| value.len() == 36).map(str::to_owned);
    let value = kept.unwrap_or_else(|| face.authority().draw_uuid().to_string());
    let path = if secure { "/".to_owned() } else { format!("/{realm}/signon/") };
    let cookie = SetCookie {
        path: Some(&path),
        http_only: true,
        secure,
        same_site: Some(SameSite::Strict),
        ..SetCookie::new(name, &value)
    };
    FormToken { cookie: cookie.to_header(), field: derived(face, &value, flow) }
}

/// Whether the form was shown to this browser for this flow.
pub(crate) fn fits(face: &Face, realm: RealmId, flow: Uuid, headers: &HeaderMap, field: &str) -> bool {
    let name = if face.settings().is_secure(realm) { HOST_COOKIE } else { COOKIE };
    first(headers, name).is_some_and(|value| same(&derived(face, value, flow), field))
}

/// Whether two texts that were derived are the same, in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn derived(face: &Face, cookie: &str, flow: Uuid) -> String {
    let name = format!("pingone-signon {flow} {cookie}");
    face.authority().key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}
