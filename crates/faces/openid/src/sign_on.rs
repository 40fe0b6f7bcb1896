//! The sign-on page of an issuer, and where its form goes: name and password, then a second factor where one is asked for.
//!
//! It is shown in place of the answer to an authorize request, which its form carries along. What was proven before the second
//! factor lies in the store until it is used, once.

use std::sync::Arc;

use adieu_authority::{
    Assurance, FirstFactor, FormProof, NewFlow, Realm, SecondFactor, SecondFactorRule, SecondStepFailure,
    SignOn, SignOnFailure, SignedIn, Span,
};
use adieu_http_kit::form::append_query;
use adieu_http_kit::form_browser::FormShownTo;
use adieu_http_kit::said::Said;
use adieu_oidc::Authorize;
use adieu_pages_kit::{
    AccountWays, AlreadyHere, CodeEntry, Link, OTHER_ACCOUNT, SignOffPage, SignOnPage, form_action_of,
};
use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use crate::answer::{page, see_other, with_cookies};
use crate::browser::{SignedOnHere, after_sign_on, signed_on_here};
use crate::call::{Call, REQUEST, form, once};
use crate::carried::{CarriedRequest, Judged, previous};
use crate::error::{OpenIdError, words_of};
use crate::face::{CHANNEL, Face};
use crate::form_token::{self, FormToken};
use crate::offered::offered;
use crate::said;

const NAME: &str = "username";
const PASSWORD: &str = "password";
/// The attempt whose second factor the form gives, and that.
const ATTEMPT: &str = "attempt";
const CODE: &str = "code";
/// Says that somebody else signs on than who has given the first factor.
const OTHER: &str = "other_account";

/// The longest address of a sign-off that leads back: heads are not longer.
const SIGN_OFF_BYTES_MAX: usize = 8 * 1024;

/// Flows of this kind are first factors that wait for the second.
const KIND: &str = "openid-first-factor";
const LIFE: Span = Span::from_s(300);

/// What is said of a form that was shown before the browser's last sign-on.
const SEND_AGAIN: &str = "Please send it again: somebody has signed on in this browser since.";

/// Why the form is shown again, and with which status.
type Failed<'a> = Option<(StatusCode, &'a str)>;

/// The page as it is shown first.
pub(crate) async fn first_page(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    authorize: &Authorize,
) -> Result<Response, OpenIdError> {
    let Some(said) = said::of(face, call.headers(), asked) else {
        let name = authorize.login_hint.clone().unwrap_or_default();
        return shown(face, call, asked, authorize, (&name, None)).await;
    };
    let words = Some(said.words.as_str()).filter(|words| !words.is_empty());
    let page = shown(face, call, asked, authorize, (&said.name, words)).await?;
    Ok(with_cookies(page, vec![said::forgotten(face, asked.realm)]))
}

/// The same after a form that failed: the browser is sent to it, so that it can go back to it and ask for it again.
fn failed(face: &Face, asked: &CarriedRequest<'_>, name: &str, words: &str) -> Result<Response, OpenIdError> {
    let said = Said { words: words.to_owned(), name: name.to_owned() };
    Ok(with_cookies(see_other(&asked.address(face))?, vec![said::brought(face, asked, &said)]))
}

/// The same after a failure. The page says when the form may be sent again: `Retry-After` on a redirect would have the browser wait before
/// it shows the page (RFC 9110 §10.2.3).
fn not_signed_on(
    face: &Face,
    asked: &CarriedRequest<'_>,
    name: &str,
    failure: SignOnFailure,
) -> Result<Response, OpenIdError> {
    failed(face, asked, name, &words_of(failure)?)
}

/// The address of the form, asked for again: its request is in it.
pub(crate) fn begin_again(face: &Face, call: &Call, realm: &Arc<Realm>) -> Result<Response, OpenIdError> {
    see_other(&CarriedRequest { realm, query: call.query() }.address(face))
}

/// Where the form of a request goes: an address that leads back to the request.
fn action(face: &Face, asked: &CarriedRequest<'_>) -> String {
    format!("{}?{}", face.url(asked.realm, "sign-on"), asked.bare())
}

/// Where the form goes.
pub(crate) async fn submit(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let field = |name| Ok::<_, OpenIdError>(once(&form, name)?.unwrap_or_default());
    let asked = CarriedRequest { realm, query: field(REQUEST)? };
    let name = field(NAME)?.trim();
    let to = form_token::shown(face, call.headers(), field(form_token::FIELD)?);
    if to == FormShownTo::Another {
        return Err(OpenIdError::FormTooOld);
    }
    if !field(OTHER)?.is_empty() {
        // Whoever is signed on here is somebody else: the page is asked for again, and they do not answer the request.
        return self::failed(face, &asked, "", "");
    }
    let attempt = once(&form, ATTEMPT)?;
    let proof = match attempt {
        Some(attempt) => FormProof::code(attempt, field(CODE)?),
        None => FormProof::password(name, field(PASSWORD)?),
    };
    // Posts of one form take turns: the second finds the session that the first has led to, if it proves the same.
    let key = form_token::form(face, call.headers(), realm, to);
    let _turn = face.authority.form_turn(key).await;
    let led = face.authority.form_use((key, realm.id), &proof).await?.and_then(|used| used.session);
    if to == FormShownTo::ItBefore && led.is_none() {
        return self::failed(face, &asked, name, SEND_AGAIN);
    }
    let again = led.as_ref().map(|led| led.session.id);
    let authorize = match asked.judged_again(face, call, None, again).await? {
        Judged::Sound(authorize) => authorize,
        Judged::Refused(response) => return Ok(response),
    };
    let sent = SentForm { asked: &asked, authorize: &authorize, proof: &proof };
    if let Some(attempt) = attempt {
        return second_step(face, call, &sent, (attempt, field(CODE)?.to_owned()), led).await;
    }
    let carried = previous(face, call, realm).await?;
    let led = led.map(|led| led.token).filter(|_| carried.is_none());
    let sign_on = SignOn {
        realm: Arc::clone(realm),
        channel: CHANNEL,
        name: name.to_owned(),
        password: field(PASSWORD)?.to_owned(),
        device: call.device(),
        keep_token: led.is_some(),
        previous: carried.or(led),
        level: authorize.level,
        may_be_half: false,
    };
    match face.authority.sign_on(sign_on).await {
        Ok(signed_in) => signed_on(face, call, &sent, &signed_in).await,
        Err(SignOnFailure::SecondFactor(first)) => {
            code_page(face, call, &asked, &authorize, first, None).await
        }
        Err(failure) => not_signed_on(face, &asked, name, failure),
    }
}

/// A form that a browser has sent.
struct SentForm<'a> {
    asked: &'a CarriedRequest<'a>,
    authorize: &'a Authorize,
    /// What it proves, if it leads on.
    proof: &'a FormProof,
}

/// The second factor after the first. A code that does not fit is asked for again; nobody enters the password anew for it. `led` is where
/// the very same form has led before.
async fn second_step(
    face: &Face,
    call: &Call,
    sent: &SentForm<'_>,
    (attempt, code): (&str, String),
    led: Option<SignedIn>,
) -> Result<Response, OpenIdError> {
    let asked = sent.asked;
    let Some(first) = first_factor(face, call, asked.realm, attempt).await? else {
        return match led {
            Some(signed_in) => signed_on(face, call, sent, &signed_in).await,
            None => self::failed(face, asked, "", "That took too long. Please begin again."),
        };
    };
    let given = SecondFactor {
        realm: Arc::clone(asked.realm),
        channel: CHANNEL,
        first,
        code,
        device: call.device(),
        previous: previous(face, call, asked.realm).await?,
    };
    let opened = match face.authority.prove_second(given).await {
        Ok(proven) => face.authority.open_for(proven).await,
        Err(SecondStepFailure::SignOn(failure)) => Err(failure),
        Err(SecondStepFailure::Wrong | SecondStepFailure::Used | SecondStepFailure::NoCodes) => {
            let wrong = (StatusCode::UNAUTHORIZED, "That code is wrong or was used before.");
            return code_page(face, call, asked, sent.authorize, first, Some(wrong)).await;
        }
    };
    match opened {
        Ok(signed_in) => signed_on(face, call, sent, &signed_in).await,
        Err(failure) => not_signed_on(face, asked, "", failure),
    }
}

async fn signed_on(
    face: &Face,
    call: &Call,
    sent: &SentForm<'_>,
    signed_in: &SignedIn,
) -> Result<Response, OpenIdError> {
    let asked = sent.asked;
    let form = (form_token::form(face, call.headers(), asked.realm, FormShownTo::It), asked.realm.id);
    face.authority.note_form(form, sent.proof, Some(&signed_in.token), "").await?;
    let mut cookies = after_sign_on(face, call, asked.realm, signed_in).await?;
    cookies.push(form_token::renewed(face, call.headers()));
    Ok(with_cookies(see_other(&asked.marked(face, &signed_in.session))?, cookies))
}

async fn shown(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    authorize: &Authorize,
    (name, error): (&str, Option<&str>),
) -> Result<Response, OpenIdError> {
    let offered = offered(face, asked.realm, asked.bare()).await?;
    let here = signed_on_here(face, call, asked.realm, false).await?;
    let ways = account_ways(face, &here, asked, (authorize.level, error.is_some()));
    let providers = offered.iter().map(|(href, text)| Link { href, text });
    let others: Vec<_> = providers.chain(ways.links()).collect();
    let note = ways.note();
    let FormToken { cookie, field } = form_token::issue(face, call.headers());
    let action = action(face, asked);
    let page = SignOnPage {
        realm: &asked.realm.path,
        application: Some(&authorize.client.name),
        note: note.as_deref(),
        action: &action,
        method: "post",
        identifier_name: NAME,
        identifier: name,
        password_name: PASSWORD,
        hidden: &[(form_token::FIELD, &field), (REQUEST, asked.bare())],
        error,
        others: &others,
    };
    Ok(with_cookies(leading_to(authorize, StatusCode::OK, page.html()), vec![cookie]))
}

/// Ways beside the form for whom it does not serve; they lead back to the request. `failed` says that somebody has just tried.
fn account_ways(
    face: &Face,
    here: &SignedOnHere,
    asked: &CarriedRequest<'_>,
    (level, failed): (Assurance, bool),
) -> AccountWays {
    let (path, back) = (&asked.realm.path, asked.address(face));
    let pages = face.settings.self_service.as_ref();
    let two = level == Assurance::Two || asked.realm.second_factor == SecondFactorRule::Required;
    AccountWays {
        here: here.endable().map(|(_, _, user)| AlreadyHere {
            username: user.username.clone(),
            lacks_factor: here.live().is_none() && user.assurance() == Assurance::One,
        }),
        sign_up: pages
            .filter(|_| face.authority.registers(asked.realm))
            .and_then(|pages| pages.sign_up(path, &back)),
        second_factor: pages.and_then(|pages| pages.second_factor(path, &back)),
        wants_factor: failed && two,
        sign_off: sign_off(face, asked),
    }
}

/// Where whoever is signed on signs off, to come back to the request as somebody else. One that no address holds twice is left behind.
fn sign_off(face: &Face, asked: &CarriedRequest<'_>) -> String {
    let sign_off = face.url(asked.realm, "logout");
    let and_back = append_query(&sign_off, REQUEST, asked.bare());
    if and_back.len() <= SIGN_OFF_BYTES_MAX { and_back } else { sign_off }
}

/// Asks for the second factor.
async fn code_page(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    authorize: &Authorize,
    first: FirstFactor,
    failed: Failed<'_>,
) -> Result<Response, OpenIdError> {
    let attempt = attempt(face, call, asked.realm, first).await?;
    let FormToken { cookie, field } = form_token::issue(face, call.headers());
    let action = action(face, asked);
    let hidden = [(form_token::FIELD, field.as_str()), (REQUEST, asked.bare()), (ATTEMPT, &attempt)];
    let other = [(form_token::FIELD, field.as_str()), (REQUEST, asked.bare()), (OTHER, "true")];
    let leave = SignOffPage { method: "post", action: &action, hidden: &other, label: OTHER_ACCOUNT };
    let page = CodeEntry {
        leave: Some(leave),
        ..CodeEntry::second_step(&action, CODE, &hidden, failed.map(|(_, words)| words))
    };
    let status = failed.map_or(StatusCode::OK, |(status, _)| status);
    Ok(with_cookies(leading_to(authorize, status, page.html()), vec![cookie]))
}

/// A page whose form leads to the client in the end: browsers hold the redirects after a form to the form's own list.
pub(crate) fn leading_to(authorize: &Authorize, status: StatusCode, html: String) -> Response {
    let there = authorize.reply.redirect_uri.as_deref().map(form_action_of).unwrap_or_default();
    page(status, html, &["'self'", &there])
}

/// Keeps a first factor; gives its name for the form.
async fn attempt(face: &Face, call: &Call, realm: &Realm, first: FirstFactor) -> Result<String, OpenIdError> {
    let name = URL_SAFE_NO_PAD.encode(face.authority.draw::<16>());
    let id = form_token::of_attempt(face, call.headers(), &name);
    let body = first.to_text().into_bytes();
    let from = call.address();
    let new = NewFlow { id, kind: KIND, realm: realm.id, life: LIFE, body, from: from.as_deref() };
    face.authority.begin_flow(new).await?;
    Ok(name)
}

/// The first factor of that name that was given in this browser, which is used up.
async fn first_factor(
    face: &Face,
    call: &Call,
    realm: &Realm,
    name: &str,
) -> Result<Option<FirstFactor>, OpenIdError> {
    let id = form_token::of_attempt(face, call.headers(), name);
    let now = face.authority.now();
    let kept = face.authority.take_flow(id, KIND).await?;
    let kept = kept.filter(|flow| flow.realm == realm.id && now < flow.expires_at);
    Ok(kept.and_then(|flow| FirstFactor::from_text(std::str::from_utf8(&flow.body).ok()?)))
}
