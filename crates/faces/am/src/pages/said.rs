//! What the sign-on page says of the try before, which the browser brings along: see `adieu_http_kit::said`.
//!
//! It is for one realm and one goal, and said once.

use adieu_authority::Purpose;
use adieu_http_kit::cookies::{self, SameSite, SetCookie};
use adieu_http_kit::said::Said;
use http::{HeaderMap, HeaderValue};

use super::asked::Asked;
use crate::face::Face;

const COOKIE: &str = "am-form-said";

/// Has the browser bring that along to the page.
pub(super) fn brought(face: &Face, asked: &Asked, said: &Said) -> HeaderValue {
    let value = said.to_value(face.authority.now().s(), |text| proof(face, asked, text));
    cookie(face, &path(face), &value).to_header()
}

/// What a browser brings along.
pub(super) fn of(face: &Face, headers: &HeaderMap, asked: &Asked) -> Option<Said> {
    let now_s = face.authority.now().s();
    cookies::first(headers, COOKIE)
        .and_then(|value| Said::read(value, now_s, |text| proof(face, asked, text)))
}

/// Makes the browser forget it.
pub(super) fn forgotten(face: &Face) -> HeaderValue {
    cookie(face, &path(face), "").cleared("", 0, Some(0)).to_header()
}

fn path(face: &Face) -> String {
    format!("{}/", face.settings.context_path)
}

fn proof(face: &Face, asked: &Asked, text: &str) -> String {
    let goal = asked.goto.as_deref().unwrap_or_default();
    let name = format!("am-said {} {goal} {text}", asked.realm.id);
    face.authority.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}

fn cookie<'a>(face: &Face, path: &'a str, value: &'a str) -> SetCookie<'a> {
    SetCookie {
        path: Some(path),
        http_only: true,
        secure: face.settings.cookies_secure,
        same_site: Some(SameSite::Strict),
        ..SetCookie::new(COOKIE, value)
    }
}
