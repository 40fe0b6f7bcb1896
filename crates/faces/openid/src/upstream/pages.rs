//! What people see of a sign-on through a provider: the second step, and why it did not work.
//!
//! Statuses and words of failures are chosen in `error`.

use std::sync::Arc;

use adieu_authority::{LineTaken, NewFlow, Realm, Span, UpstreamFailure, UpstreamWaiting};
use adieu_http_kit::form::append_query;
use adieu_http_kit::upstream_paths::{self, upstream};
use adieu_oidc::{AuthorizeAnswer, Refusal};
use adieu_pages_kit::{CodeEntry, ErrorPage, Link, PageHeaders, StatusPage};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};

use super::{NamedUpstream, PROMPT, SELECT_ACCOUNT, Then};
use crate::answer::{page, page_with, with_cookies};
use crate::call::{Call, REQUEST};
use crate::carried::{CarriedRequest, Judged};
use crate::error::{OpenIdError, later_s, words_of_upstream};
use crate::face::Face;
use crate::form_token::{self, FormToken};
use crate::sign_on::leading_to;

/// The attempt whose second factor the form gives, and that.
pub(super) const ATTEMPT: &str = "attempt";
pub(super) const CODE: &str = "code";
/// Flows of this kind are people whom a provider knows and who have yet to give a second factor.
const KIND: &str = "openid-upstream-waiting";
const LIFE: Span = Span::from_s(300);

/// The page after a sign-on that did not come to its end; the one that asks for a second factor where that is missing.
pub(super) async fn failed(
    face: &Face,
    call: &Call,
    named: &NamedUpstream<'_>,
    failure: UpstreamFailure,
    then: Option<&Then>,
) -> Result<Response, OpenIdError> {
    let failure = match failure {
        UpstreamFailure::SecondFactor(waiting) => return code_page(face, call, named, &waiting, None).await,
        UpstreamFailure::Code(waiting) => {
            let wrong = (StatusCode::UNAUTHORIZED, "That code is wrong or was used before.");
            return code_page(face, call, named, &waiting, Some(wrong)).await;
        }
        failure @ (UpstreamFailure::UnknownProvider
        | UpstreamFailure::State
        | UpstreamFailure::Issuer
        | UpstreamFailure::Denied(_)
        | UpstreamFailure::Provider(_)
        | UpstreamFailure::UnknownPerson(_)
        | UpstreamFailure::NameTaken(_)
        | UpstreamFailure::NameUnusable(_)
        | UpstreamFailure::Over
        | UpstreamFailure::SignOn(_)) => failure,
    };
    // The page's reference leads to this line, which has what `adieu upstream link` wants.
    let reference = face.authority.draw_uuid().to_string();
    if let Some(LineTaken { left_out }) = face.authority.take_line("openid", failure.kind()) {
        tracing::info!(
            id = reference, realm = named.realm.path, upstream = named.provider, sub = failure.unlinked_sub(),
            %failure, left_out, "nobody signed on through a provider"
        );
    }
    let detail = failure.to_string();
    // Whoever is nobody here may have another account at the provider, whose session would answer for the same one again.
    let another = failure.unlinked_sub().is_some();
    let later_s = if let UpstreamFailure::SignOn(failure) = &failure { later_s(failure) } else { None };
    let (status, title, message) = words_of_upstream(failure)?;
    let again = back(face, named.realm, then);
    let application = match then {
        Some(Then::Request(request)) => declined(face, call, named.realm, request).await?,
        Some(Then::Address(_)) | None => None,
    };
    let other = another.then(|| another_account(face, named, then));
    let other = other.iter().map(|href| Link { href, text: "Use another account there" });
    let again = again.iter().map(|href| Link { href, text: "Sign on another way" });
    let application = application.iter().map(|(href, text)| Link { href, text });
    let links: Vec<_> = other.chain(again).chain(application).collect();
    let shown = ErrorPage {
        title,
        message: &message,
        detail: Some(&detail),
        correlation_id: Some(&reference),
        sign_off: None,
        links: &links,
    };
    let mut response = page(status, shown.html(), &["'self'"]);
    if status == StatusCode::TOO_MANY_REQUESTS {
        // Where the provider is not asked just now, the same address again: neither the state nor the code was used.
        response.headers_mut().insert(RETRY_AFTER, later_s.unwrap_or(1).into());
    }
    Ok(response)
}

/// The way to the provider again, which asks there who it shall be.
fn another_account(face: &Face, named: &NamedUpstream<'_>, then: Option<&Then>) -> String {
    let (base, realm) = (&face.settings.public_url, &named.realm.path);
    let begin = match then {
        Some(Then::Request(request)) => {
            append_query(&upstream(base, realm, named.provider, "begin"), REQUEST, request)
        }
        Some(Then::Address(wanted)) => {
            upstream_paths::begin(base, realm, named.provider, &wanted.address, wanted.proof())
        }
        None => upstream(base, realm, named.provider, "begin"),
    };
    append_query(&begin, PROMPT, SELECT_ACCOUNT)
}

/// Where somebody begins again who wanted to go on there: at the request, or at the page that has led to the provider.
fn back(face: &Face, realm: &Realm, then: Option<&Then>) -> Option<String> {
    let root = format!("{}/", face.settings.public_url);
    match then {
        Some(Then::Request(request)) => Some(format!("{}?{request}", face.url(realm, "authorize"))),
        Some(Then::Address(wanted)) if wanted.address != root => Some(wanted.address.clone()),
        Some(Then::Address(_)) | None => face.settings.front_page.clone(),
    }
}

/// The way back to the application whose request is sound, as to one that was declined: address and words. RFC 6749 §4.1.2.1
async fn declined(
    face: &Face,
    call: &Call,
    realm: &Arc<Realm>,
    request: &str,
) -> Result<Option<(String, String)>, OpenIdError> {
    let asked = CarriedRequest { realm, query: request };
    let Judged::Sound(authorize) = asked.judged(face, call, None).await? else { return Ok(None) };
    let (issuer, refusal) = (face.url(realm, ""), Refusal::AccessDenied);
    let text = refusal.to_string();
    let told = [
        ("error", Some(refusal.code())),
        ("error_description", Some(text.as_str())),
        ("iss", Some(issuer.as_str())),
    ];
    Ok(match authorize.reply.answer(&told) {
        Some(AuthorizeAnswer::Goes(address)) => Some((address, format!("Back to {}", authorize.client.name))),
        // A link posts nothing.
        Some(AuthorizeAnswer::Posts { .. }) | None => None,
    })
}

/// A page in place of a redirect that leads on there as well, with its cookies.
pub(super) fn goes_on(mut redirect: Response) -> Response {
    let Some(address) = redirect.headers_mut().remove(LOCATION) else { return redirect };
    let href = address.to_str().unwrap_or_default();
    let links = [Link { href, text: "Go on" }];
    let shown =
        StatusPage { title: "Signed on", message: "You are signed on.", sign_off: None, links: &links };
    let mut page = page_with(StatusCode::OK, shown.html(), &PageHeaders::leading_on(href));
    for cookie in redirect.headers().get_all(SET_COOKIE) {
        page.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    page
}

async fn code_page(
    face: &Face,
    call: &Call,
    named: &NamedUpstream<'_>,
    waiting: &UpstreamWaiting,
    failed: Option<(StatusCode, &str)>,
) -> Result<Response, OpenIdError> {
    let attempt = URL_SAFE_NO_PAD.encode(face.authority.draw::<16>());
    let id = form_token::of_attempt(face, call.headers(), &attempt);
    let (body, from) = (waiting.to_text().into_bytes(), call.address());
    let new = NewFlow { id, kind: KIND, realm: named.realm.id, life: LIFE, body, from: from.as_deref() };
    face.authority.begin_flow(new).await?;
    let FormToken { cookie, field } = form_token::issue(face, call.headers());
    let action = upstream(&face.settings.public_url, &named.realm.path, named.provider, "second-step");
    let hidden = [(form_token::FIELD, field.as_str()), (ATTEMPT, &attempt)];
    let then = Then::from_text(&waiting.then);
    let again = back(face, named.realm, Some(&then));
    let other = another_account(face, named, Some(&then));
    // At the provider, and at the page that has led there.
    let other = Link { href: &other, text: "Use another account there" };
    let again = again.iter().map(|href| Link { href, text: "Sign on another way" });
    let links: Vec<_> = std::iter::once(other).chain(again).collect();
    let asked = CodeEntry::second_step(&action, CODE, &hidden, failed.map(|(_, words)| words));
    let status = failed.map_or(StatusCode::OK, |(status, _)| status);
    let shown = CodeEntry { links: &links, ..asked }.html();
    let shown = match then {
        Then::Request(request) => {
            let asked = CarriedRequest { realm: named.realm, query: &request };
            match asked.judged(face, call, None).await? {
                Judged::Sound(authorize) => leading_to(&authorize, status, shown),
                Judged::Refused(response) => return Ok(response),
            }
        }
        Then::Address(_) => page(status, shown, &["'self'"]),
    };
    Ok(with_cookies(shown, vec![cookie]))
}

/// Who waits in this browser under that name, which is used up.
pub(super) async fn waiting(
    face: &Face,
    call: &Call,
    realm: &Realm,
    name: &str,
) -> Result<Option<UpstreamWaiting>, OpenIdError> {
    let id = form_token::of_attempt(face, call.headers(), name);
    let now = face.authority.now();
    let kept = face.authority.take_flow(id, KIND).await?;
    let kept = kept.filter(|flow| flow.realm == realm.id && now < flow.expires_at);
    Ok(kept.and_then(|flow| UpstreamWaiting::from_text(std::str::from_utf8(&flow.body).ok()?)))
}
