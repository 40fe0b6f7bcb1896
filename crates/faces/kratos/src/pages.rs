//! The built-in pages, for installations without pages of their own.
//!
//! They use the same flows as any other page: a page shows a flow and posts it.

mod error_words;
mod forms;

use adieu_authority::{Assurance, HalfSession, LiveSession};
use adieu_http_kit::form::{Params, append_query};
use adieu_http_kit::upstream_paths::{self, WantedProof};
use adieu_pages_kit::{CodeEntry, ErrorPage, Link, SignOnPage, SignedOnPage, StatusPage, form_action_of};
use axum::http::StatusCode;

use crate::answer::{Answer, redirect};
use crate::call::Call;
use crate::credentials::{CarriedSession, SessionHolder};
use crate::csrf::fingerprint;
use crate::error_page;
use crate::face::Face;
use crate::flow::{FoundFlow, Message, SelfServiceFlow};
use crate::go_on::{page, sign_off};
use crate::login::{Asks, LoginFlow};
use crate::recovery::RecoveryFlow;
use crate::settings::{SettingsFlow, admitted};
use crate::wire::flow_id;

/// `GET /self-service/ui/login?flow=`. A flow that is gone or another browser's begins anew.
pub(crate) async fn login(face: &Face, call: &Call) -> Answer {
    let holder = match face.carried(call.headers()).await {
        Ok(carried) => carried.holder(),
        Err(outage) => return face.error_json(&call.parts, outage.into()),
    };
    let beside = BesideLogin {
        offered: offered(face).await,
        registers: holder.is_none() && face.realm().await.is_ok_and(|realm| face.authority.registers(&realm)),
        sign_off_token: holder.map(|holder| face.logout_token(&holder.session)),
    };
    shown(face, call, |face, flow: &LoginFlow| login_page(face, flow, &beside)).await
}

/// What a login page offers beside its form.
struct BesideLogin {
    /// Other providers.
    offered: Vec<(String, String)>,
    /// Whether strangers make themselves users.
    registers: bool,
    /// What signs off the session that waits for its second factor, or is to prove more.
    sign_off_token: Option<String>,
}

/// `GET /self-service/ui/settings?flow=`, likewise.
pub(crate) async fn settings(face: &Face, call: &Call) -> Answer {
    let carried = match face.carried(call.headers()).await {
        Ok(carried) => carried,
        Err(outage) => return face.error_json(&call.parts, outage.into()),
    };
    let half = matches!(carried, CarriedSession::Half(_));
    let holder = admitted(carried);
    let start = format!("{}/self-service/settings/browser", face.base(call.mount));
    shown(face, call, |face, flow: &SettingsFlow| match &holder {
        Ok(holder) if flow.is_of(holder) => forms::settings(face, flow, holder, half),
        Err(Some(whose)) if flow.is_of(whose) && flow.codes_kept => codes_count(face, call, flow, whose),
        // Who has recovered an account with a second factor comes back here with it.
        Err(Some(whose)) if flow.is_of(whose) => {
            let here = face.settings_page(flow);
            redirect(
                StatusCode::SEE_OTHER,
                &call.parts,
                &face.second_step(call.mount, &whose.user, Some(&here)),
            )
        }
        Ok(_) | Err(_) => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
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
        Ok(Some(FoundFlow::Open(flow))) => forms::recovery(face, call, Some(&flow)),
        Ok(Some(FoundFlow::Expired(_)) | None) => forms::recovery(face, call, None),
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
        Ok(Some(FoundFlow::Open(flow))) => match face.csrf.token(call.headers()) {
            Some(token) if flow.head().browser.as_deref() == Some(&fingerprint(&token)) => page(face, &flow),
            Some(_) | None => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
        },
        Ok(Some(FoundFlow::Expired(flow))) => {
            let again = flow.head().restart::<F>(&face.base(call.mount));
            redirect(StatusCode::SEE_OTHER, &call.parts, &again)
        }
        Ok(None) => redirect(StatusCode::SEE_OTHER, &call.parts, &start),
        Err(error) => face.error_json(&call.parts, error),
    }
}

/// Other providers that people sign on through: their names in addresses, and on buttons. A list that cannot be read is left out: a
/// name and a password do as well.
async fn offered(face: &Face) -> Vec<(String, String)> {
    let (Some(_), Ok(realm)) = (&face.settings.upstream_base, face.realm_id().await) else {
        return Vec::new();
    };
    face.authority.upstreams_offered(realm).await.unwrap_or_default()
}

/// The same as links. They lead to a new flow, which a live session sends on. Whoever is to prove anew to be there is asked for that by
/// the provider, too.
fn ways(face: &Face, flow: &LoginFlow, offered: &[(String, String)]) -> Vec<(String, String)> {
    let Some(base) = &face.settings.upstream_base else { return Vec::new() };
    let begin = format!("{}/self-service/login/browser", face.base(flow.head.mount));
    let begin = match &flow.head.return_to {
        Some(to) => append_query(&begin, "return_to", to),
        None => begin,
    };
    // Kratos asks for a second factor afterwards, by a flow of its own.
    let wanted = WantedProof { age_max_s: flow.refresh.as_ref().map(|_| 0), two_factors: false };
    let link = |(name, title): &(String, String)| {
        let address = upstream_paths::begin(base, &face.settings.realm, name, &begin, wanted);
        (address, format!("Sign on with {title}"))
    };
    offered.iter().map(link).collect()
}

/// Where strangers make themselves users; they come back to where the flow leads.
fn sign_up(face: &Face, flow: &LoginFlow) -> String {
    let begin = format!("{}/self-service/registration/browser", face.base(flow.head.mount));
    match &flow.head.return_to {
        Some(to) => append_query(&begin, "return_to", to),
        None => begin,
    }
}

fn login_page(face: &Face, flow: &LoginFlow, beside: &BesideLogin) -> Answer {
    let action = flow.head.action::<LoginFlow>(&face.base(flow.head.mount));
    let logout = format!("{}/self-service/logout", face.base(flow.head.mount));
    let token = [("token", beside.sign_off_token.as_deref().unwrap_or_default())];
    let sign_off = beside.sign_off_token.as_ref().map(|_| sign_off(&logout, &token));
    let settings = format!("{}/self-service/settings/browser", face.base(flow.head.mount));
    let said = flow.messages.first().or(flow.field_messages.first().map(|(_, message)| message));
    let html = match flow.asks {
        Asks::Password => {
            let ways = ways(face, flow, &beside.offered);
            let identifier = flow.refresh.as_deref().unwrap_or(&flow.identifier);
            let sign_up = (beside.registers && flow.refresh.is_none()).then(|| sign_up(face, flow));
            let ways = ways.iter().map(|(href, text)| Link { href, text });
            let sign_up = sign_up.iter().map(|href| Link { href, text: "Sign up" });
            let others: Vec<_> = ways.chain(sign_up).collect();
            SignOnPage {
                realm: &face.settings.realm,
                application: None,
                note: None,
                action: &action,
                method: "post",
                identifier_name: "identifier",
                identifier,
                password_name: "password",
                hidden: &[("csrf_token", &flow.head.csrf), ("method", "password")],
                error: said.map(Message::text),
                others: &others,
            }
            .html()
        }
        Asks::Code => {
            let hidden = [("csrf_token", flow.head.csrf.as_str()), ("method", "lookup_secret")];
            let error = said.filter(|message| message.is_error()).map(Message::text);
            let asked = CodeEntry::second_step(&action, "lookup_secret", &hidden, error);
            CodeEntry { leave: sign_off, ..asked }.html()
        }
        Asks::Nothing => StatusPage {
            title: "No second step",
            message: "You have no recovery codes. Make some in your settings; then they can be asked for.",
            sign_off,
            links: &[Link { href: &settings, text: "Settings" }],
        }
        .html(),
    };
    // Browsers hold `form-action` against the redirect after the form, too.
    let target = flow.head.return_to.as_deref().unwrap_or(face.login_return.as_str());
    let after_sign_off = form_action_of(face.logout_return.as_str());
    page(StatusCode::OK, html, &["'self'", &form_action_of(target), &after_sign_off])
}

/// The page after new codes were confirmed in a session that was begun without one: why one of them is asked for now.
fn codes_count(face: &Face, call: &Call, flow: &SettingsFlow, holder: &SessionHolder) -> Answer {
    let second = face.second_step(call.mount, &holder.user, flow.head.return_to.as_deref());
    let (logout, token) =
        (format!("{}/self-service/logout", face.base(call.mount)), face.logout_token(&holder.session));
    let html = StatusPage {
        title: "Your codes count from now on",
        message: "From now on a code is asked for after your password. You have begun this session by the password alone, so one is \
            asked for now, too. It is used up by that; the others stay.",
        sign_off: Some(sign_off(&logout, &[("token", &token)])),
        links: &[Link { href: &second, text: "Enter a code" }],
    }
    .html();
    page(StatusCode::OK, html, &["'self'", &form_action_of(face.logout_return.as_str())])
}

/// `GET /self-service/ui/error?id=`.
pub(crate) async fn error(face: &Face, call: &Call) -> Answer {
    let params = Params::parse(call.query());
    let stored = match error_page::stored(face, params.first("id").unwrap_or_default()).await {
        Ok(stored) => stored,
        Err(error) => return face.error_json(&call.parts, error),
    };
    let (title, message) = match &stored {
        Some(error) => error_words::of(&error["error"]),
        None => ("There is no such error", "Its record is gone; please begin again."),
    };
    let detail = stored.as_ref().map(|error| error_words::detail(&error["error"]));
    let sign_on = format!("{}/self-service/login/browser", face.base(call.mount));
    let links = and_front_page(face, Link { href: &sign_on, text: "Sign on" }, "Front page");
    let html = ErrorPage {
        title,
        message,
        detail: detail.as_deref(),
        // A reference is one that the log knows.
        correlation_id: params.first("id").filter(|_| stored.is_some()),
        sign_off: None,
        links: &links,
    }
    .html();
    let status = if stored.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    page(status, html, &["'none'"])
}

/// There is nothing at an address, and the front page is the way on.
pub(crate) fn nowhere(front: &str) -> Answer {
    let html = ErrorPage {
        title: "There is nothing here",
        message: "There is no such page. Please look at the address again, or begin at the front page.",
        detail: None,
        correlation_id: None,
        sign_off: None,
        links: &[Link { href: front, text: "Front page" }],
    }
    .html();
    page(StatusCode::NOT_FOUND, html, &["'none'"])
}

/// A way on, and the one to the front page.
fn and_front_page<'a>(face: &'a Face, first: Link<'a>, text: &'a str) -> Vec<Link<'a>> {
    let front = face.settings.front_page.as_deref().map(|href| Link { href, text });
    std::iter::once(first).chain(front).collect()
}

/// `GET /self-service/ui/status`: where browsers land when no other place is configured.
pub(crate) async fn status(face: &Face, call: &Call) -> Answer {
    let base = face.base(call.mount);
    let sign_on = format!("{base}/self-service/login/browser");
    let html = match face.carried(call.headers()).await {
        Ok(CarriedSession::Live(live)) => {
            let after = form_action_of(face.logout_return.as_str());
            return page(StatusCode::OK, signed_on(face, &base, &live), &["'self'", &after]);
        }
        Ok(CarriedSession::Half(half)) => {
            let after = form_action_of(face.logout_return.as_str());
            return page(StatusCode::OK, half_signed_on(face, &base, &half), &["'self'", &after]);
        }
        Ok(CarriedSession::Nobodys) => {
            let message = "Nobody is signed on in this browser.";
            let links = [Link { href: &sign_on, text: "Sign on again" }];
            StatusPage { title: "Signed off", message, sign_off: None, links: &links }.html()
        }
        Err(outage) => return face.error_json(&call.parts, outage.into()),
    };
    page(StatusCode::OK, html, &["'none'"])
}

/// The way to the second factor, and the way off (S-15).
fn half_signed_on(face: &Face, base: &str, half: &HalfSession) -> String {
    let (logout, token) = (format!("{base}/self-service/logout"), face.logout_token(&half.session));
    let (second, settings) = (
        format!("{base}/self-service/login/browser?aal=aal2"),
        format!("{base}/self-service/settings/browser"),
    );
    let (message, way) = match half.user.assurance() {
        Assurance::Two => (
            "Your password was right. You are signed on once you have given your second factor.",
            Link { href: &second, text: "Give the second factor" },
        ),
        Assurance::One => (
            "Your password was right. A second factor is asked for here, and you have none yet.",
            Link { href: &settings, text: "Make recovery codes" },
        ),
    };
    let hidden = [("token", token.as_str())];
    let sign_off = Some(sign_off(&logout, &hidden));
    StatusPage { title: "One more step", message, sign_off, links: &[way] }.html()
}

/// Who is signed on, with the ways on and off. The logout is this dialect's: a GET with its token.
fn signed_on(face: &Face, base: &str, live: &LiveSession) -> String {
    let (logout, settings) =
        (format!("{base}/self-service/logout"), format!("{base}/self-service/settings/browser"));
    let token = face.logout_token(&live.session);
    let settings = Link { href: &settings, text: "Settings" };
    SignedOnPage {
        username: &live.user.username,
        realm: &face.settings.realm,
        seen: &[],
        sign_off: sign_off(&logout, &[("token", &token)]),
        links: &and_front_page(face, settings, "This session in every dialect"),
        documents: &[],
    }
    .html()
}
