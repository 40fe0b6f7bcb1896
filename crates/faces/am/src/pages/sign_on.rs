//! The sign-on page: shows the form, takes it back, sends the browser on.
//!
//! Who has a live session of the realm already is sent on at once, unless `ForceAuth` or `max_age` asks for a newer proof. Both stay in
//! every address that leads back here: nobody gets round them by a link.

use std::borrow::Cow;

use adieu_authority::{FirstFactor, FormProof, SecondStepFailure, Session, SignOnFailure, SignedIn, Span};
use adieu_http_kit::form_browser::FormShownTo;
use adieu_http_kit::said::Said;
use adieu_http_kit::upstream_paths;
use adieu_pages_kit::{BUSY, CodeEntry, Link, OTHER_ACCOUNT, SignOnPage, form_action_of, too_often};
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::answers::{html, see_other, with_cookies};
use super::asked::{Asked, FORCE_AUTH, MAX_AGE, form};
use super::{beside_form, form_token, said};
use crate::authenticate::attempt::{self, NewAttempt};
use crate::authenticate::{self, Pair};
use crate::beside;
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::error::AmError;
use crate::face::Face;
use crate::oauth::authorize::GoalRequest;

/// Names of the fields, as AM's own form has them.
const NAME: &str = "IDToken1";
const PASSWORD: &str = "IDToken2";
/// The attempt whose second factor the form gives, and that.
const ATTEMPT: &str = "authId";
const CODE: &str = "IDToken3";

/// What is said of a form that was shown before the browser's last sign-on.
const SEND_AGAIN: &str = "Please send it again: somebody has signed on in this browser since.";

pub(super) async fn show(face: &Face, call: &Call) -> Result<Response, AmError> {
    let mut asked = Asked::of(face, &call.params).await?;
    let caller = caller::caller(face, call.headers(), Some(asked.realm.id)).await?;
    if let Caller::Live(_, live) = &caller
        && live.session.realm == asked.realm.id
    {
        if asked.is_met_by(&live.session, face.authority.now())
            || is_proven(face, call, &asked, &live.session)
        {
            return Ok(see_other(goal(face, &asked)));
        }
        // Who is signed on is to prove it anew, at another provider, too.
        asked.proof_age_max_s = asked.proof_age_max_s.or(Some(0));
    }
    let Some(said) = said::of(face, call.headers(), &asked) else {
        return Ok(page(face, &caller, call.headers(), &asked, ("", None)).await);
    };
    let page = page(face, &caller, call.headers(), &asked, (&said.name, Some(&said.words))).await;
    Ok(with_cookies(page, vec![said::forgotten(face)]))
}

/// The address of the page for whoever is to sign on there, signed on or not.
async fn again(face: &Face, call: &Call, asked: &Asked) -> Result<String, AmError> {
    let caller = caller::caller(face, call.headers(), Some(asked.realm.id)).await?;
    // Who is signed on has asked for the page by that.
    let is_forced = asked.is_forced || caller.live().is_some();
    Ok(Asked { is_forced, ..asked.clone() }.address(face))
}

/// Whether whoever comes back from another provider has proven there what was asked for.
fn is_proven(face: &Face, call: &Call, asked: &Asked, session: &Session) -> bool {
    let Some(age_s) = asked.proof_age_max_s else { return false };
    let mark = call.params.first(upstream_paths::PROOF_MARK).unwrap_or_default();
    let age_max = Span::from_s(upstream_paths::asked_age_s(age_s));
    let address = format!("{}{}", face.settings.public_url, asked.address(face));
    face.authority.is_proof_mark(session, age_max, &address, mark)
}

/// The same for a form, which has an empty field for what was not asked for.
fn age(asked: &Asked) -> String {
    asked.proof_age_max_s.map(|age_s| age_s.to_string()).unwrap_or_default()
}

/// The page again after a form that failed: the browser is sent to it, so that it can go back to it and ask for it again.
async fn failed(
    face: &Face,
    call: &Call,
    asked: &Asked,
    name: &str,
    words: &str,
) -> Result<Response, AmError> {
    let page = again(face, call, asked).await?;
    let said = Said { words: words.to_owned(), name: name.to_owned() };
    Ok(with_cookies(see_other(&page), vec![said::brought(face, asked, &said)]))
}

pub(super) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Response, AmError> {
    let form = form(call, body).await?;
    let asked = Asked::of(face, &form).await?;
    let field = |name| form.only(name).map_err(|_| AmError::Repeated(name)).map(Option::unwrap_or_default);
    let name = field(NAME)?.trim().to_owned();
    let to = form_token::shown(face, call.headers(), field(form_token::FIELD)?);
    if to == FormShownTo::Another {
        return Err(AmError::Csrf);
    }
    let (attempt, code, password) = (field(ATTEMPT)?, field(CODE)?, field(PASSWORD)?.to_owned());
    let proof = match attempt {
        "" => FormProof::password(&name, &password),
        attempt => FormProof::code(attempt, code),
    };
    let form = form_token::form(face, call.headers(), to);
    // Posts of one form take turns: the second finds the session that the first has led to, if it proves the same.
    let _turn = face.authority.form_turn(form).await;
    let led = face.authority.form_use((form, asked.realm.id), &proof).await?.and_then(|used| used.session);
    if to == FormShownTo::ItBefore && led.is_none() {
        return failed(face, call, &asked, &name, SEND_AGAIN).await;
    }
    let sent = SentForm { asked: &asked, proof: &proof };
    if !attempt.is_empty() {
        return second_step(face, call, &sent, (attempt, code.to_owned()), led).await;
    }
    let pair = Pair { name: name.clone(), password };
    let (level, led) = (goal_request(face, &asked).await.level, led.map(|led| led.token));
    match authenticate::signed_on(face, call, &asked.realm, pair, (level, led)).await {
        Ok(signed_in) => signed_on(face, call, &sent, &signed_in).await,
        Err(SignOnFailure::SecondFactor(first)) => code_page(face, call, &asked, first, None).await,
        Err(failure) => {
            let error = AmError::from(failure);
            asked_again(face, call, &asked, &name, error).await
        }
    }
}

/// A form that a browser has sent.
struct SentForm<'a> {
    asked: &'a Asked,
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
) -> Result<Response, AmError> {
    let asked = sent.asked;
    let browser = form_token::name(face, call.headers());
    let first = match attempt::first_factor(face, &asked.realm, attempt, &browser).await {
        Ok(first) => first,
        Err(AmError::TimedOut) => {
            return match led {
                Some(signed_in) => signed_on(face, call, sent, &signed_in).await,
                None => failed(face, call, asked, "", "That took too long. Please begin again.").await,
            };
        }
        Err(error) => return Err(error),
    };
    match authenticate::signed_on_by_code(face, call, &asked.realm, first, code).await {
        Ok(signed_in) => signed_on(face, call, sent, &signed_in).await,
        Err(SecondStepFailure::Wrong | SecondStepFailure::Used | SecondStepFailure::NoCodes) => {
            let wrong = (StatusCode::UNAUTHORIZED, "That code is wrong or was used before.");
            code_page(face, call, asked, first, Some(wrong)).await
        }
        Err(SecondStepFailure::SignOn(failure)) => {
            let error = AmError::from(failure);
            asked_again(face, call, asked, "", error).await
        }
    }
}

/// The form again, if it may be sent again after this failure. The page says when: `Retry-After` on a redirect would have the browser wait
/// before it shows the page (RFC 9110 §10.2.3).
async fn asked_again(
    face: &Face,
    call: &Call,
    asked: &Asked,
    name: &str,
    error: AmError,
) -> Result<Response, AmError> {
    let Some(words) = words(&error) else { return Err(error) };
    failed(face, call, asked, name, &words).await
}

async fn signed_on(
    face: &Face,
    call: &Call,
    sent: &SentForm<'_>,
    signed_in: &SignedIn,
) -> Result<Response, AmError> {
    let asked = sent.asked;
    let form = (form_token::form(face, call.headers(), FormShownTo::It), asked.realm.id);
    face.authority.note_form(form, sent.proof, Some(&signed_in.token), "").await?;
    let cookies = beside::signed_on(face, call, &asked.realm, signed_in).await?;
    let mut lines = cookies.lines(&face.cookies);
    lines.push(form_token::renewed(face, call.headers()));
    Ok(with_cookies(see_other(goal(face, asked)), lines))
}

/// Asks for the second factor.
async fn code_page(
    face: &Face,
    call: &Call,
    asked: &Asked,
    first: FirstFactor,
    failed: Option<(StatusCode, &str)>,
) -> Result<Response, AmError> {
    let browser = form_token::name(face, call.headers());
    let new = NewAttempt { first: Some(first), browser: Some(&browser), ..NewAttempt::default() };
    let attempt = attempt::issued(face, call, &asked.realm, new).await?;
    let token = form_token::issue(face, call.headers());
    let goto = asked.goto.as_deref().unwrap_or_default();
    let action = asked.address(face);
    let age = age(asked);
    let hidden = [
        (form_token::FIELD, token.field.as_str()),
        ("realm", asked.realm.path.as_str()),
        ("goto", goto),
        (FORCE_AUTH, asked.forced()),
        (MAX_AGE, &age),
        (ATTEMPT, &attempt),
    ];
    let again = again(face, call, asked).await?;
    let page = CodeEntry {
        links: &[Link { href: &again, text: OTHER_ACCOUNT }],
        ..CodeEntry::second_step(&action, CODE, &hidden, failed.map(|(_, words)| words))
    };
    let status = failed.map_or(StatusCode::OK, |(status, _)| status);
    let there = place_after(face, asked, &goal_request(face, asked).await);
    let actions = ["'self'", there.as_str()];
    Ok(with_cookies(html(status, &page.html(), &actions), vec![token.cookie]))
}

/// What the sign-on is for that the page was asked for.
async fn goal_request(face: &Face, asked: &Asked) -> GoalRequest {
    GoalRequest::of(face, &asked.realm, asked.goto.as_deref().unwrap_or_default()).await
}

/// The place that the browser is sent to in the end: it holds the redirect after the form to the form's own list.
fn place_after(face: &Face, asked: &Asked, request: &GoalRequest) -> String {
    form_action_of(request.redirect_uri.as_deref().unwrap_or_else(|| goal(face, asked)))
}

fn goal<'a>(face: &'a Face, asked: &'a Asked) -> &'a str {
    asked.goto.as_deref().unwrap_or(&face.settings.success_url)
}

/// What the page says of a failure after which the form may be sent again.
fn words(error: &AmError) -> Option<Cow<'static, str>> {
    let words = if let AmError::Limited { retry_after_s } = error {
        return Some(too_often((*retry_after_s).into()).into());
    } else if matches!(error, AmError::Busy) {
        BUSY
    } else if matches!(error, AmError::LoginFailure) {
        "Name or password is wrong."
    } else if matches!(error, AmError::LockedOut) {
        "This account cannot be used at present."
    } else if matches!(error, AmError::SessionLimit) {
        "There are too many sessions of this account."
    } else if matches!(error, AmError::NoSecondFactor) {
        "A second factor is asked for here, and this account has none yet."
    } else {
        return None;
    };
    Some(words.into())
}

async fn page(
    face: &Face,
    caller: &Caller,
    headers: &HeaderMap,
    asked: &Asked,
    (name, error): (&str, Option<&str>),
) -> Response {
    let token = form_token::issue(face, headers);
    let goto = asked.goto.as_deref().unwrap_or_default();
    let (action, request) = (asked.address(face), goal_request(face, asked).await);
    let offered = beside_form::offered(face, asked, request.level).await;
    let ways = beside_form::account_ways(face, caller, asked, (request.level, error.is_some()));
    let providers = offered.iter().map(|(href, text)| Link { href, text });
    let others: Vec<_> = providers.chain(ways.links()).collect();
    let note = ways.note();
    let age = age(asked);
    let hidden = [
        (form_token::FIELD, token.field.as_str()),
        ("realm", asked.realm.path.as_str()),
        ("goto", goto),
        (FORCE_AUTH, asked.forced()),
        (MAX_AGE, age.as_str()),
    ];
    let page = SignOnPage {
        realm: &asked.realm.path,
        application: request.application.as_deref(),
        note: note.as_deref(),
        action: &action,
        method: "post",
        identifier_name: NAME,
        identifier: name,
        password_name: PASSWORD,
        hidden: &hidden,
        error,
        others: &others,
    };
    let there = place_after(face, asked, &request);
    let actions = ["'self'", there.as_str()];
    with_cookies(html(StatusCode::OK, &page.html(), &actions), vec![token.cookie])
}
