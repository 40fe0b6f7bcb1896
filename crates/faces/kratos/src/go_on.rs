//! Where a browser goes on after a form, and how the built-in pages are answered: HTML with its headers.
//!
//! Nothing is decided here; what the other pages show stands in `pages`.

use adieu_http_kit::form::append_query;
use adieu_pages_kit::{Link, PageHeaders, SignOffPage, StatusPage, form_action_of};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};

use crate::answer::{Answer, empty, redirect};
use crate::call::Call;
use crate::credentials::SessionHolder;
use crate::face::Face;

/// A browser goes on after a form. The sign-on page of another dialect that has led here leads to an application at once, maybe, and
/// browsers hold redirects after a form to the form's own list: a page leads there.
pub(crate) fn sent_on(face: &Face, call: &Call, to: &str, title: &str) -> Answer {
    if !face.is_sign_on_page(to) {
        return redirect(StatusCode::SEE_OTHER, &call.parts, to);
    }
    let links = [Link { href: to, text: "Go on" }];
    let html = StatusPage { title, message: "You can go on now.", sign_off: None, links: &links }.html();
    with_headers(StatusCode::OK, html, &PageHeaders::leading_on(to))
}

/// A stranger has an account and no session. The page that has led here says nothing of that, so this one stays.
pub(crate) fn registered(to: &str) -> Answer {
    let (title, message) = ("You have an account", "It is there. Sign on with it to go on.");
    let links = [Link { href: to, text: "Sign on" }];
    let html = StatusPage { title, message, sign_off: None, links: &links }.html();
    page(StatusCode::OK, html, &["'none'"])
}

/// Somebody who is signed on asks to sign up. A sign-on page that has led here may have asked them for more than that: they read who they
/// are, and sign off first. Whoever comes by themselves is sent on, as Kratos does.
pub(crate) fn no_stranger(face: &Face, call: &Call, holder: &SessionHolder, to: Option<&str>) -> Answer {
    let to = to.unwrap_or(face.default_return.as_str());
    if !face.is_sign_on_page(to) {
        return redirect(StatusCode::SEE_OTHER, &call.parts, to);
    }
    let (logout, token) =
        (format!("{}/self-service/logout", face.base(call.mount)), face.logout_token(&holder.session));
    let begin = format!("{}/self-service/registration/browser", face.base(call.mount));
    let begin = append_query(&begin, "return_to", to);
    let message = format!(
        "You are signed on as {}, so no account was made. Sign off before somebody else signs up.",
        holder.user.username
    );
    let html = StatusPage {
        title: "You have an account",
        message: &message,
        sign_off: Some(sign_off(&logout, &[("token", &token), ("return_to", &begin)])),
        links: &[Link { href: to, text: "Go on with it" }],
    }
    .html();
    page(StatusCode::OK, html, &["'self'", &form_action_of(face.logout_return.as_str())])
}

/// The form of a logout.
pub(crate) fn sign_off<'a>(action: &'a str, hidden: &'a [(&'a str, &'a str)]) -> SignOffPage<'a> {
    SignOffPage { method: "get", action, hidden, label: "Sign off" }
}

pub(crate) fn page(status: StatusCode, html: String, form_actions: &[&str]) -> Answer {
    with_headers(status, html, &PageHeaders::new(form_actions))
}

pub(crate) fn with_headers(status: StatusCode, html: String, page_headers: &PageHeaders) -> Answer {
    let mut answer = empty(status);
    *answer.body_mut() = Body::from(html);
    for (name, value) in page_headers.pairs() {
        let name: HeaderName = name.parse().expect("pages-kit names headers");
        let value = HeaderValue::from_str(value).expect("pages-kit writes header values");
        answer.headers_mut().insert(name, value);
    }
    answer
}
