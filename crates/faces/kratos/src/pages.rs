//! The built-in pages, for installations without pages of their own.
//!
//! They use the same flows as any other page: a page shows a flow and posts it.

mod forms;

use adieu_http_kit::form::Params;
use adieu_pages_kit::{CodeEntry, ErrorPage, PageHeaders, SignOnPage, StatusPage, form_action_of};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};

use crate::answer::{Answer, empty, redirect};
use crate::call::Call;
use crate::credentials::CarriedSession;
use crate::csrf::fingerprint;
use crate::error_page;
use crate::face::Face;
use crate::flow::{Found, Message, SelfServiceFlow};
use crate::login::{Asks, LoginFlow};
use crate::recovery::RecoveryFlow;
use crate::settings::{SettingsFlow, admitted};
use crate::wire::flow_id;

/// `GET /self-service/ui/login?flow=`. A flow that is gone or another browser's begins anew.
pub(crate) async fn login(face: &Face, call: &Call) -> Answer {
    shown(face, call, login_page).await
}

/// `GET /self-service/ui/settings?flow=`, likewise.
pub(crate) async fn settings(face: &Face, call: &Call) -> Answer {
    let carried = match face.carried(call.headers()).await {
        Ok(carried) => carried,
        Err(outage) => return face.error_json(&call.parts, outage.into()),
    };
    let half = matches!(carried, CarriedSession::Half(_));
    let holder = admitted(carried).ok();
    let start = format!("{}/self-service/settings/browser", face.base(call.mount));
    shown(face, call, |face, flow: &SettingsFlow| match &holder {
        Some(holder) if flow.is_of(holder) => forms::settings(face, flow, holder, half),
        Some(_) | None => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
    })
    .await
}

/// `GET /self-service/ui/registration?flow=`, likewise.
pub(crate) async fn registration(face: &Face, call: &Call) -> Answer {
    shown(face, call, forms::registration).await
}

/// `GET /self-service/ui/recovery?flow=`: an administrator begins it, and whoever has its address may see it.
pub(crate) async fn recovery(face: &Face, call: &Call) -> Answer {
    let params = Params::parse(call.query());
    let found = match flow_id(params.first("flow")) {
        Some(id) => face.flow::<RecoveryFlow>(id).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(Found::Open(flow))) => forms::recovery(face, Some(&flow)),
        Ok(Some(Found::Expired(_)) | None) => forms::recovery(face, None),
        Err(error) => face.error_json(&call.parts, error),
    }
}

/// The page of a flow, to the browser that began it.
async fn shown<F: SelfServiceFlow>(
    face: &Face,
    call: &Call,
    page: impl FnOnce(&Face, &F) -> Answer,
) -> Answer {
    let params = Params::parse(call.query());
    let found = match flow_id(params.first("flow")) {
        Some(id) => face.flow::<F>(id).await,
        None => Ok(None),
    };
    let start = format!("{}/self-service/{}/browser", face.base(call.mount), F::NAME);
    match found {
        Ok(Some(Found::Open(flow))) => match face.csrf.token(call.headers()) {
            Some(token) if flow.head().browser.as_deref() == Some(&fingerprint(&token)) => page(face, &flow),
            Some(_) | None => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
        },
        Ok(Some(Found::Expired(flow))) => {
            let again = flow.head().restart::<F>(&face.base(call.mount));
            redirect(StatusCode::SEE_OTHER, &call.parts, &again)
        }
        Ok(None) => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
        Err(error) => face.error_json(&call.parts, error),
    }
}

fn login_page(face: &Face, flow: &LoginFlow) -> Answer {
    let action = flow.head.action::<LoginFlow>(&face.base(flow.head.mount));
    let said = flow.messages.first().or(flow.field_messages.first().map(|(_, message)| message));
    let html = match flow.asks {
        Asks::Password => {
            let identifier = flow.refresh.as_deref().unwrap_or(&flow.identifier);
            SignOnPage {
                realm: face.settings.realm.trim_start_matches('/'),
                application: None,
                action: &action,
                method: "post",
                identifier_label: "Name or e-mail address",
                identifier_name: "identifier",
                identifier,
                password_label: "Password",
                password_name: "password",
                hidden: &[("csrf_token", &flow.head.csrf), ("method", "password")],
                error: said.map(Message::text),
            }
            .html()
        }
        Asks::Code => CodeEntry {
            title: "Second step",
            message: "Please enter one of your recovery codes. Each of them works once.",
            action: &action,
            label: "Recovery code",
            name: "lookup_secret",
            hidden: &[("csrf_token", &flow.head.csrf), ("method", "lookup_secret")],
            error: said.filter(|message| message.is_error()).map(Message::text),
        }
        .html(),
        Asks::Nothing => StatusPage {
            title: "No second step",
            message: "You have no recovery codes. Make some in your settings; then they can be asked for.",
        }
        .html(),
    };
    // Browsers hold `form-action` against the redirect after the form, too.
    let target = flow.head.return_to.as_deref().unwrap_or(face.login_return.as_str());
    page(StatusCode::OK, html, &["'self'", &form_action_of(target)])
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
    // A reference is one that the log knows.
    let correlation_id = params.first("id").filter(|_| stored.is_some());
    let html = ErrorPage { title: &title, message: &message, correlation_id, sign_off: None }.html();
    let status = if stored.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    page(status, html, &["'none'"])
}

/// `GET /self-service/ui/status`: where browsers land when no other place is configured.
pub(crate) async fn status(face: &Face, call: &Call) -> Answer {
    let html = match face.carried(call.headers()).await {
        Ok(CarriedSession::Live(live)) => {
            let message = format!("You are signed on as {}.", live.user.username);
            StatusPage { title: "Signed on", message: &message }.html()
        }
        Ok(CarriedSession::Half(_)) => {
            let message =
                "Your password was right. You are signed on once you have given your second factor.";
            StatusPage { title: "One more step", message }.html()
        }
        Ok(CarriedSession::Nobodys) => {
            StatusPage { title: "Signed off", message: "Nobody is signed on in this browser." }.html()
        }
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
