//! `POST /self-service/login`: somebody gives a name and a password. Contract kratos.md 3.3.
//!
//! Wrong credentials are a message of the flow; only what has no flow to show is an error.

use adieu_authority::{How, SessionToken, SignOn, SignOnFailure, SignedIn, Timestamp};
use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use axum::body::Body;
use axum::http::header::{COOKIE, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::answer::{Answer, Call, json as json_answer, read_body, redirect, set_cookie};
use crate::credentials::Credentials;
use crate::csrf::fingerprint;
use crate::error::KratosError;
use crate::face::{DOOR, Face};
use crate::login::flow::{Found, Kind, LoginFlow, Message};
use crate::login::submission::Submission;
use crate::wire::flow_id;

const TOKEN_PREFIX: &str = "ory_st_";

/// The `reason` of a message that such a submission gets. Wire facts, as recorded; the texts for people are ours.
const ALREADY: &str =
    "A valid session was detected and thus login is not possible. Did you forget to set `?refresh=true`?";
const ORIGIN_SENT: &str = "The HTTP Request Header included the \"Origin\" key, indicating that this request was made as part of \
    an AJAX request in a Browser. The flow however was initiated as an API request. To prevent potential misuse and \
    mitigate several attack vectors including CSRF, the request has been blocked. Please consult the documentation.";
const COOKIE_SENT: &str = "The HTTP Request Header included the \"Cookie\" key, indicating that this request was made by a \
    Browser. The flow however was initiated as an API request. To prevent potential misuse and mitigate several attack \
    vectors including CSRF, the request has been blocked. Please consult the documentation.";

pub(crate) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let Some(id) = flow_id(params.first("flow")) else {
        return Err(KratosError::malformed("The query names no flow."));
    };
    let mut flow = match face.login_flow(id).await?.ok_or_else(KratosError::not_stored)? {
        Found::Open(flow) => flow,
        Found::Expired(flow) => return begin_anew(face, call, &flow).await,
    };
    let body = read_body(body).await?;
    if let Some(answer) = signed_on_already(face, call, &mut flow).await? {
        return Ok(answer);
    }
    let submission = match Submission::read(call.headers(), body).await {
        Ok(submission) => submission,
        Err(why) => return shown(face, call, &mut flow, "", vec![why.message()], vec![]).await,
    };
    if let Some(answer) = guarded(face, call, &mut flow, &submission).await? {
        return Ok(answer);
    }
    let missing = [("identifier", &submission.identifier), ("password", &submission.password)]
        .into_iter()
        .filter(|(_, value)| value.is_empty())
        .map(|(name, _)| (name.to_owned(), Message::missing(name)))
        .collect::<Vec<_>>();
    if !missing.is_empty() {
        return shown(face, call, &mut flow, &submission.identifier, vec![], missing).await;
    }
    match sign_on(face, call, &flow, &submission).await {
        Ok(signed_in) => signed_on(face, call, &flow, signed_in).await,
        Err(SignOnFailure::WrongCredentials { .. }) => {
            let messages = vec![Message::wrong_credentials()];
            shown(face, call, &mut flow, &submission.identifier, messages, vec![]).await
        }
        Err(
            failure @ (SignOnFailure::Disabled(_)
            | SignOnFailure::Busy(_)
            | SignOnFailure::Limited { .. }
            | SignOnFailure::TooMany
            | SignOnFailure::Quota
            | SignOnFailure::Outage(_)),
        ) => Err(failure.into()),
    }
}

/// Whoever is signed on already signs on again only where the flow asks for it.
async fn signed_on_already(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
) -> Result<Option<Answer>, KratosError> {
    if flow.refresh.is_some() || face.signed_on(call.headers()).await?.is_none() {
        return Ok(None);
    }
    if flow.kind == Kind::Browser && !accept::wants_json(call.headers()) {
        let to = face.default_return.as_str();
        return Ok(Some(redirect(StatusCode::SEE_OTHER, &call.parts, to)));
    }
    let messages = vec![Message::unusable("You are signed in already.", ALREADY)];
    shown(face, call, flow, "", messages, vec![]).await.map(Some)
}

/// What keeps forged requests out: a native flow has no browser's headers, a browser flow has its token (K-47).
async fn guarded(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
    submission: &Submission,
) -> Result<Option<Answer>, KratosError> {
    if submission.method.as_deref() != Some("password") {
        return shown(face, call, flow, "", vec![Message::no_method()], vec![]).await.map(Some);
    }
    match flow.kind {
        Kind::Browser => face
            .csrf
            .verify(call.headers(), submission.csrf_token.as_deref())
            .map(|()| None)
            .map_err(KratosError::forged),
        Kind::Native => match browser_header(call.headers()) {
            None => Ok(None),
            Some(header) => {
                let text = "A native sign-in comes without a browser's headers; a browser has to use a browser flow.";
                let messages = vec![Message::unusable(text, header)];
                shown(face, call, flow, &submission.identifier, messages, vec![]).await.map(Some)
            }
        },
    }
}

/// A header that only a browser sends; the cookies that a well-known network puts on everything do not count.
fn browser_header(headers: &HeaderMap) -> Option<&'static str> {
    if headers.contains_key(ORIGIN) {
        return Some(ORIGIN_SENT);
    }
    let known = |name: &str| ["__cf", "_cf", "cf_"].iter().any(|prefix| name.starts_with(prefix));
    let strange = headers.get_all(COOKIE).iter().any(|line| {
        let text = String::from_utf8_lossy(line.as_bytes()).into_owned();
        text.split(';').filter_map(|pair| pair.split('=').next()).any(|name| {
            let name = name.trim();
            !name.is_empty() && !known(name)
        })
    });
    strange.then_some(COOKIE_SENT)
}

/// The flow again, with what is to be said.
async fn shown(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
    identifier: &str,
    messages: Vec<Message>,
    field_messages: Vec<(String, Message)>,
) -> Result<Answer, KratosError> {
    identifier.clone_into(&mut flow.identifier);
    flow.messages = messages;
    flow.field_messages = field_messages;
    let browser = face.csrf.token(call.headers()).filter(|_| flow.kind == Kind::Browser);
    if let Some(browser) = browser.filter(|token| flow.browser.as_deref() == Some(&fingerprint(token))) {
        face.bind(flow, &browser);
    }
    face.keep_login_flow(flow).await?;
    if flow.kind == Kind::Browser && !accept::wants_json(call.headers()) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.login_page(flow)));
    }
    Ok(face.login_flow_json(StatusCode::BAD_REQUEST, flow))
}

/// A flow that is too old is replaced at once (K-48).
async fn begin_anew(face: &Face, call: &Call, old: &LoginFlow) -> Result<Answer, KratosError> {
    let expired = Timestamp::from_ms(old.expires_ms);
    let mut flow = face.new_login_flow(old.mount, old.kind);
    flow.request_url = old.request_url.clone();
    flow.return_to = old.return_to.clone();
    flow.refresh = old.refresh.clone();
    flow.browser = old.browser.clone();
    if let Some(browser) = face.csrf.token(call.headers()).filter(|_| old.kind == Kind::Browser) {
        face.bind(&mut flow, &browser);
    }
    flow.messages = vec![Message::flow_expired(expired)];
    face.keep_login_flow(&flow).await?;
    if flow.kind == Kind::Browser && !accept::wants_json(call.headers()) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.login_page(&flow)));
    }
    let since_ns = face.authority.now().since(expired).ms().saturating_mul(1_000_000);
    let expired = adieu_http_kit::dates::rfc3339_trimmed(expired.ms());
    let mut error = KratosError::flow_expired_at_submit(expired, since_ns, flow.id.to_string());
    error.always_json = true;
    Err(error)
}

async fn sign_on(
    face: &Face,
    call: &Call,
    flow: &LoginFlow,
    submission: &Submission,
) -> Result<SignedIn, SignOnFailure> {
    let realm = face.realm().await.map_err(SignOnFailure::Outage)?;
    let previous: Option<SessionToken> = match flow.refresh {
        Some(_) => Credentials::of(face, call.headers()).first().cloned(),
        None => None,
    };
    let sign_on = SignOn {
        realm,
        door: DOOR,
        name: submission.identifier.clone(),
        password: submission.password.clone(),
        device: call.device(),
        previous,
        keep_token: true, // Quirk: a refresh by the same user keeps the token. Contract kratos.md 3.3
    };
    face.authority.sign_on(sign_on).await
}

async fn signed_on(
    face: &Face,
    call: &Call,
    flow: &LoginFlow,
    signed_in: SignedIn,
) -> Result<Answer, KratosError> {
    let SignedIn { session, user, token, how } = signed_in;
    let wire = face.session_wire(flow.mount, &session, &user, session.seen_at);
    if flow.kind == Kind::Native {
        let token = format!("{TOKEN_PREFIX}{}", token.reveal());
        let body = json!({"session_token": token, "session": wire, "continue_with": null});
        return Ok(json_answer(StatusCode::OK, &body));
    }
    let to = flow.return_to.clone().unwrap_or_else(|| face.login_return.as_str().to_owned());
    let mut answer = if accept::wants_json(call.headers()) {
        let go_on = json!([{"action": "redirect_browser_to", "redirect_browser_to": to}]);
        json_answer(StatusCode::OK, &json!({"session": wire, "continue_with": go_on}))
    } else {
        redirect(StatusCode::SEE_OTHER, &call.parts, &to)
    };
    if how != How::Renewed {
        set_cookie(&mut answer, face.fresh_csrf()); // A new one whenever a session starts, not at a refresh. K-52
    }
    let token = token.reveal();
    set_cookie(&mut answer, face.cookie_for(&session, &token));
    for companion in &face.settings.companions {
        set_cookie(&mut answer, companion.set(&token));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_browser_sends_cookies_and_origins() {
        let with = |name: &str, value: &str| {
            let name: axum::http::HeaderName = name.parse().expect("a name");
            browser_header(&HeaderMap::from_iter([(name, value.parse().expect("a value"))]))
        };
        assert_eq!(with("origin", "null"), Some(ORIGIN_SENT));
        assert_eq!(with("cookie", "x=y"), Some(COOKIE_SENT));
        assert_eq!(with("cookie", "__cf_bm=y; cf_clearance=z"), None);
        assert_eq!(with("cookie", "__cf_bm=y; x=z"), Some(COOKIE_SENT));
        assert_eq!(with("accept", "*/*"), None);
    }
}
