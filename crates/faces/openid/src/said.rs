//! What the sign-on page says of the try before, which the browser brings along: see `adieu_http_kit::said`.
//!
//! It is for one request of a client, and said once.

use adieu_authority::Realm;
use adieu_http_kit::cookies::{self, SameSite, SetCookie};
use adieu_http_kit::said::Said;
use http::{HeaderMap, HeaderValue};

use crate::address;
use crate::carried::CarriedRequest;
use crate::face::Face;

const COOKIE: &str = "adieu_form_said";

/// Has the browser bring that along to the page of a request.
pub(crate) fn brought(face: &Face, asked: &CarriedRequest<'_>, said: &Said) -> HeaderValue {
    let value = said.to_value(face.authority.now().s(), |text| proof(face, asked, text));
    cookie(face, &address::mount(&asked.realm.path), &value).to_header()
}

/// What a browser brings along.
pub(crate) fn of(face: &Face, headers: &HeaderMap, asked: &CarriedRequest<'_>) -> Option<Said> {
    let now_s = face.authority.now().s();
    cookies::first(headers, COOKIE)
        .and_then(|value| Said::read(value, now_s, |text| proof(face, asked, text)))
}

/// Makes the browser forget it.
pub(crate) fn forgotten(face: &Face, realm: &Realm) -> HeaderValue {
    cookie(face, &address::mount(&realm.path), "").cleared("", 0, Some(0)).to_header()
}

fn proof(face: &Face, asked: &CarriedRequest<'_>, text: &str) -> String {
    face.derived(&format!("openid-said {} {} {text}", asked.realm.id, asked.bare()))
}

fn cookie<'a>(face: &Face, path: &'a str, value: &'a str) -> SetCookie<'a> {
    SetCookie {
        path: Some(path),
        http_only: true,
        secure: face.settings.cookies_secure,
        same_site: Some(SameSite::Lax),
        ..SetCookie::new(COOKIE, value)
    }
}
