//! `applications`: what a user has let applications have, and the way to withdraw it.
//!
//! Whoever is signed on in the browser sees and changes what is theirs, and nobody else's. ASVS 5.0, 10.7.3.

use std::sync::Arc;

use adieu_authority::{Client, ClientId, Consent, LiveSession, Realm};
use adieu_http_kit::dates::rfc3339_ms;
use adieu_http_kit::form::{Params, append_query};
use adieu_pages_kit::{AllowedApplication, ApplicationsPage, Link, StatusPage, gets_in_words};
use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode};

use crate::answer::{page, see_other};
use crate::browser::signed_on_here;
use crate::call::{Call, form, once};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::form_token;

/// The field with the application.
const APPLICATION: &str = "application";
/// The parameter that says that something was withdrawn.
const WITHDRAWN: &str = "withdrawn";

pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let here = signed_on_here(face, call, realm, false).await?;
    match here.live() {
        Some(live) if *call.method() == Method::POST => withdraw(face, call, body, realm, live).await,
        Some(live) => list(face, call, realm, live).await,
        None if *call.method() == Method::POST => Err(OpenIdError::FormTooOld),
        None => Ok(nobody(face, realm)),
    }
}

async fn list(
    face: &Face,
    call: &Call,
    realm: &Arc<Realm>,
    live: &LiveSession,
) -> Result<Response, OpenIdError> {
    let consents = face.authority.consents(live.user.id).await?;
    let applications: Vec<_> = consents.iter().map(|(consent, client)| shown(consent, client)).collect();
    let done = Params::parse(call.query()).first(WITHDRAWN).map(|_| "It is withdrawn.");
    let token = form_token::of_session(face, live.session.id);
    let html = ApplicationsPage {
        username: &live.user.username,
        done,
        applications: &applications,
        action: &face.url(realm, "applications"),
        hidden: &[(form_token::FIELD, &token)],
        name: APPLICATION,
        links: &front(face),
    }
    .html();
    Ok(page(StatusCode::OK, html, &["'self'"]))
}

fn shown(consent: &Consent, client: &Client) -> AllowedApplication {
    let claims = consent.claims.split(' ').filter(|claim| !claim.is_empty());
    AllowedApplication {
        application: client.name.clone(),
        id: client.id.to_string(),
        gets: gets_in_words(&consent.scope, claims),
        since: rfc3339_ms(consent.given_at.ms()).chars().take(10).collect(),
    }
}

async fn withdraw(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
    live: &LiveSession,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let given = once(&form, form_token::FIELD)?.unwrap_or_default();
    if !form_token::same(&form_token::of_session(face, live.session.id), given) {
        return Err(OpenIdError::FormTooOld);
    }
    let client: Option<ClientId> = once(&form, APPLICATION)?.and_then(|id| id.parse().ok());
    // One that was withdrawn meanwhile is withdrawn.
    face.authority.withdraw_consent(live.user.id, &client.ok_or(OpenIdError::Client)?).await?;
    see_other(&format!("{}?{WITHDRAWN}=1", face.url(realm, "applications")))
}

fn nobody(face: &Face, realm: &Realm) -> Response {
    let sign_on = append_query(&face.settings.sign_on_page, "realm", &realm.path);
    let sign_on = append_query(&sign_on, "goto", &face.url(realm, "applications"));
    let mut links = vec![Link { href: &sign_on, text: "Sign on" }];
    links.extend(front(face));
    let html = StatusPage {
        title: "Nobody is signed on",
        message: "Sign on to see what you have let applications have.",
        sign_off: None,
        links: &links,
    }
    .html();
    page(StatusCode::OK, html, &[])
}

fn front(face: &Face) -> Vec<Link<'_>> {
    let front = face.settings.front_page.as_deref();
    front.map(|href| Link { href, text: "Front page" }).into_iter().collect()
}
