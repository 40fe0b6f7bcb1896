//! The pages of this dialect: sign-on, sign-off, the page after a sign-on, and what is said when something fails.
//!
//! Everything outside `/json` is a page. They use the same roads as the API; no page runs a script.

pub(crate) mod answers;
mod asked;
mod beside_form;
pub(crate) mod form_token;
mod said;
mod sign_off;
mod sign_on;

use std::borrow::Cow;

use adieu_pages_kit::{Link, SignOffPage, SignedOnPage};
use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode};

use self::answers::{html, refused, see_other};
use crate::address;
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::error::AmError;
use crate::face::Face;

/// Answers with a page.
pub(crate) async fn answer(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    let method = if call.sent_method() == Method::HEAD { &Method::GET } else { call.sent_method() };
    let done = match HtmlPage::at(segments) {
        Some(page) if !page.methods().contains(&method.as_str()) => {
            Err(AmError::NotAllowed("GET, HEAD, POST"))
        }
        Some(HtmlPage::Entrance) => sign_on::show(face, call).await,
        Some(HtmlPage::SignOn) if method == Method::POST => sign_on::submit(face, call, body).await,
        Some(HtmlPage::SignOn) => sign_on::show(face, call).await,
        Some(HtmlPage::SignOff) if method == Method::POST => sign_off::submit(face, call, body).await,
        Some(HtmlPage::SignOff) => sign_off::show(face, call).await,
        Some(HtmlPage::Home) => home(face, call).await,
        None => Err(AmError::UnknownResource(segments.join("/"))),
    };
    match done {
        Ok(response) => response,
        Err(error) => refused(face, named_realm(face, call).await.as_deref(), &error),
    }
}

/// The path of the realm that an address names, if there is one of that name.
async fn named_realm(face: &Face, call: &Call) -> Option<String> {
    let named = address::named(&face.authority, call.params.only("realm").ok()?).await;
    named.ok().flatten().map(|realm| realm.path.clone())
}

/// A page.
#[derive(Clone, Copy)]
pub(crate) enum HtmlPage {
    Entrance,
    SignOn,
    SignOff,
    Home,
}

impl HtmlPage {
    pub(crate) const PATHS: [(&'static str, Self); 4] = [
        ("XUI", Self::Entrance),
        ("UI/Login", Self::SignOn),
        ("UI/Logout", Self::SignOff),
        ("console", Self::Home),
    ];

    /// The page at these segments; an encoded slash in one of them is no border.
    fn at(segments: &[Cow<'_, str>]) -> Option<Self> {
        let is = |path: &str| path.split('/').eq(segments.iter().map(AsRef::as_ref));
        Self::PATHS.iter().find(|(path, _)| is(path)).map(|(_, page)| *page)
    }

    /// `HEAD` goes where `GET` goes.
    pub(crate) const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Entrance | Self::Home => &["GET"],
            Self::SignOn | Self::SignOff => &["GET", "POST"],
        }
    }
}

/// Where a sign-on leads that names nothing: who one is, or the sign-on.
async fn home(face: &Face, call: &Call) -> Result<Response, AmError> {
    let Caller::Live(_, live) = caller::caller(face, call.headers(), None).await? else {
        return Ok(see_other(&format!("{}/UI/Login", face.settings.context_path)));
    };
    let realm = face.authority.realm(live.session.realm).await?;
    let realm = realm.as_ref().map_or("/", |realm| realm.path.as_str());
    let token = form_token::of_session(face, live.session.id);
    let action = format!("{}/UI/Logout", face.settings.context_path);
    let hidden = [(form_token::FIELD, token.as_str()), ("realm", realm)];
    let front = face.settings.front_page.as_deref();
    let links: Vec<_> =
        front.map(|href| Link { href, text: "This session in every dialect" }).into_iter().collect();
    let page = SignedOnPage {
        username: &live.user.username,
        realm,
        seen: &[],
        sign_off: SignOffPage { method: "post", action: &action, hidden: &hidden, label: "Sign off" },
        links: &links,
        documents: &[],
    };
    Ok(html(StatusCode::OK, &page.html(), &["'self'"]))
}
