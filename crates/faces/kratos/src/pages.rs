//! The built-in pages: sign-on and error, for installations without pages of their own.
//!
//! They use the same flows as any other page: the sign-on page shows a flow and posts it.

use adieu_http_kit::form::Params;
use adieu_pages_kit::{ErrorPage, PageHeaders, SignOn, Status};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};

use crate::answer::{Answer, Call, empty, redirect};
use crate::csrf::fingerprint;
use crate::error_page;
use crate::face::Face;
use crate::login::{Found, LoginFlow};
use crate::wire::flow_id;

/// `GET /self-service/ui/login?flow=`. A flow that is gone or another browser's begins anew.
pub(crate) async fn login(face: &Face, call: &Call) -> Answer {
    let params = Params::parse(call.query());
    let found = match flow_id(params.first("flow")) {
        Some(id) => face.login_flow(id).await,
        None => Ok(None),
    };
    let start = format!("{}/self-service/login/browser", face.base(call.mount));
    match found {
        Ok(Some(Found::Open(flow))) => match face.csrf.token(call.headers()) {
            Some(token) if flow.browser.as_deref() == Some(&fingerprint(&token)) => sign_on_page(face, &flow),
            Some(_) | None => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
        },
        Ok(Some(Found::Expired(flow))) => {
            redirect(StatusCode::SEE_OTHER, &call.parts, &flow.restart(&face.base(call.mount)))
        }
        Ok(None) => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
        Err(error) => face.error_json(&call.parts, error),
    }
}

fn sign_on_page(face: &Face, flow: &LoginFlow) -> Answer {
    let action = flow.action(&face.base(flow.mount));
    let said = flow.messages.first().or(flow.field_messages.first().map(|(_, message)| message));
    let identifier = flow.refresh.as_deref().unwrap_or(&flow.identifier);
    let html = SignOn {
        realm: face.settings.realm.trim_start_matches('/'),
        application: None,
        action: &action,
        method: "post",
        identifier_label: "Name or e-mail address",
        identifier_name: "identifier",
        identifier,
        password_label: "Password",
        password_name: "password",
        hidden: &[("csrf_token", &flow.csrf), ("method", "password")],
        error: said.map(|message| message.text()),
    }
    .html();
    // Browsers hold `form-action` against the redirect after the form, too.
    let target = flow.return_to.as_deref().unwrap_or(face.login_return.as_str());
    let origin = url::Url::parse(target).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    page(StatusCode::OK, html, &["'self'", &origin])
}

/// `GET /self-service/ui/error?id=`.
pub(crate) async fn error(face: &Face, call: &Call) -> Answer {
    let params = Params::parse(call.query());
    let stored = match error_page::stored(face, params.first("id").unwrap_or_default()).await {
        Ok(stored) => stored,
        Err(error) => return face.error_json(&call.parts, error),
    };
    let text =
        |name: &str| stored.as_ref().and_then(|error| error["error"][name].as_str()).map(str::to_owned);
    let title = text("message").unwrap_or_else(|| "There is no such error".to_owned());
    let message = text("reason").unwrap_or_else(|| "Its record is gone; please begin again.".to_owned());
    let html =
        ErrorPage { title: &title, message: &message, correlation_id: params.first("id"), sign_off: None }
            .html();
    let status = if stored.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    page(status, html, &["'none'"])
}

/// `GET /self-service/ui/status`: where browsers land when no other place is configured.
pub(crate) async fn status(face: &Face, call: &Call) -> Answer {
    let html = match face.signed_on(call.headers()).await {
        Ok(Some(live)) => {
            let message = format!("You are signed on as {}.", live.user.username);
            Status { title: "Signed on", message: &message }.html()
        }
        Ok(None) => Status { title: "Signed off", message: "Nobody is signed on in this browser." }.html(),
        Err(outage) => return face.error_json(&call.parts, outage.into()),
    };
    page(StatusCode::OK, html, &["'none'"])
}

fn page(status: StatusCode, html: String, form_actions: &[&str]) -> Answer {
    let mut answer = empty(status);
    *answer.body_mut() = Body::from(html);
    for (name, value) in PageHeaders::new(form_actions).pairs() {
        let name: HeaderName = name.parse().expect("pages-kit names headers");
        let value = HeaderValue::from_str(value).expect("pages-kit writes header values");
        answer.headers_mut().insert(name, value);
    }
    answer
}
