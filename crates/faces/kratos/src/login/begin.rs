//! A flow begins, and is fetched. Contract kratos.md 3.1 and 3.3.
//!
//! A flow that is begun knows its browser; whoever is signed on begins none without asking to.

use adieu_authority::Assurance;
use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use axum::http::StatusCode;

use crate::answer::{Answer, redirect, set_cookie};
use crate::call::Call;
use crate::credentials::CarriedSession;
use crate::error::KratosError;
use crate::face::Face;
use crate::flow::{FlowKind, Message};
use crate::login::flow::{Asks, LoginFlow};

/// `GET /self-service/login/browser`.
pub(crate) async fn create_browser(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let asked = Asked::of(face, call).await?;
    if let Some(answer) = asked.signed_on_already(face, call)? {
        return Ok(answer);
    }
    let mut flow = asked.flow(face, call, FlowKind::Browser);
    let fresh = face.bind_first(&mut flow.head, call);
    face.begin_flow(call, &flow).await?;
    let mut answer = if accept::prefers_json(call.headers()) {
        face.login_flow_json(StatusCode::OK, &flow)
    } else {
        redirect(StatusCode::SEE_OTHER, &call.parts, &face.login_page(&flow))
    };
    if let Some(cookie) = fresh {
        set_cookie(&mut answer, cookie);
    }
    Ok(answer)
}

/// `GET /self-service/login/api`.
pub(crate) async fn create_native(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let asked = Asked::of(face, call).await?;
    if asked.blocked() {
        return Err(KratosError::already_signed_on());
    }
    let flow = asked.flow(face, call, FlowKind::Native);
    face.begin_flow(call, &flow).await?;
    Ok(face.login_flow_json(StatusCode::OK, &flow))
}

/// `GET /self-service/login/flows?id=`.
pub(crate) async fn fetch(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    Ok(face.login_flow_json(StatusCode::OK, &face.fetched(call).await?))
}

/// Whether a half signed on session is there whose user has the second factor.
fn can_go_on(carried: &CarriedSession) -> bool {
    match carried {
        CarriedSession::Half(half) => half.user.assurance() == Assurance::Two,
        CarriedSession::Live(_) | CarriedSession::Nobodys => false,
    }
}

/// Whether the session that is there has what a flow leads to. One that is half signed on for good has nothing.
pub(super) fn has_reached(carried: &CarriedSession, level: Assurance) -> bool {
    match carried {
        CarriedSession::Live(live) => live.session.assurance() >= level,
        CarriedSession::Half(_) => level == Assurance::One && can_go_on(carried),
        CarriedSession::Nobodys => false,
    }
}

/// What the query of a new flow asks for.
struct Asked {
    return_to: Option<String>,
    refresh: bool,
    level: Assurance,
    carried: CarriedSession,
}

impl Asked {
    async fn of(face: &Face, call: &Call) -> Result<Self, KratosError> {
        let params = Params::parse(call.query());
        let refresh = params.first("refresh").is_some_and(|text| ["true", "1", "t"].contains(&text));
        let carried = face.carried(call.headers()).await?;
        let level = match params.first("aal").unwrap_or_default() {
            // Whoever is half signed on and was sent to sign on comes for the other half, if there is one.
            "" if can_go_on(&carried) => Assurance::Two,
            "" | "aal1" => Assurance::One,
            "aal2" if carried.holder().is_none() => return Err(KratosError::first_factor_missing()),
            "aal2" => Assurance::Two,
            _ => return Err(KratosError::malformed("The assurance level has to be aal1 or aal2.")),
        };
        let return_to = face.wanted_return_from_pages(&params)?;
        Ok(Self { return_to, refresh, level, carried })
    }

    /// Whether the session has what is asked for.
    fn blocked(&self) -> bool {
        has_reached(&self.carried, self.level) && !self.refresh
    }

    /// Whoever is signed on already is sent on, or told so (K-49).
    fn signed_on_already(&self, face: &Face, call: &Call) -> Result<Option<Answer>, KratosError> {
        if !self.blocked() {
            return Ok(None);
        }
        if accept::prefers_json(call.headers()) {
            return Err(KratosError::already_signed_on());
        }
        let to = self.return_to.as_deref().unwrap_or(face.default_return.as_str());
        Ok(Some(redirect(StatusCode::SEE_OTHER, &call.parts, to)))
    }

    fn flow(&self, face: &Face, call: &Call, kind: FlowKind) -> LoginFlow {
        let holder = self.carried.holder();
        let refresh = holder.as_ref().filter(|_| self.refresh).map(|holder| holder.user.username.clone());
        let can = holder.map(|holder| holder.user.assurance());
        let asks = match (self.level, can) {
            (Assurance::One, _) => Asks::Password,
            (Assurance::Two, Some(Assurance::Two)) => Asks::Code,
            (Assurance::Two, _) => Asks::Nothing,
        };
        let messages = match (asks, &refresh) {
            (Asks::Code | Asks::Nothing, _) => vec![Message::second_factor()],
            (Asks::Password, Some(_)) => vec![Message::confirm()],
            (Asks::Password, None) => Vec::new(),
        };
        let mut head = face.head(call, kind, face.settings.login_flow_life_s);
        head.return_to = self.return_to.clone();
        LoginFlow { head, refresh, asks, identifier: String::new(), messages, field_messages: Vec::new() }
    }
}
