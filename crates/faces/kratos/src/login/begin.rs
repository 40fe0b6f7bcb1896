//! A flow begins, and is fetched. Contract kratos.md 3.1 and 3.3.
//!
//! A flow that is begun knows its browser; whoever is signed on begins none without asking to.

use adieu_authority::Live;
use adieu_http_kit::accept;
use adieu_http_kit::form::{Params, append_query};
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::answer::{Answer, Call, redirect, set_cookie};
use crate::csrf::{Forged, fingerprint};
use crate::error::KratosError;
use crate::face::Face;
use crate::login::flow::{Found, Kind, LoginFlow, Message};
use crate::wire::flow_id;

/// `GET /self-service/login/browser`.
pub(crate) async fn create_browser(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let asked = Asked::of(face, call).await?;
    if let Some(answer) = asked.signed_on_already(face, call)? {
        return Ok(answer);
    }
    let (token, fresh) = match face.csrf.token(call.headers()) {
        Some(token) => (token, false),
        None => (face.authority.draw(), true),
    };
    let mut flow = asked.flow(face, call, Kind::Browser);
    face.bind(&mut flow, &token);
    face.keep_login_flow(&flow).await?;
    let mut answer = if accept::prefers_json(call.headers()) {
        face.login_flow_json(StatusCode::OK, &flow)
    } else {
        redirect(StatusCode::SEE_OTHER, &call.parts, &face.login_page(&flow))
    };
    if fresh {
        set_cookie(&mut answer, face.csrf.set(&token));
    }
    Ok(answer)
}

/// `GET /self-service/login/api`.
pub(crate) async fn create_native(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let asked = Asked::of(face, call).await?;
    if asked.blocked() {
        return Err(KratosError::already_signed_on());
    }
    let flow = asked.flow(face, call, Kind::Native);
    face.keep_login_flow(&flow).await?;
    Ok(face.login_flow_json(StatusCode::OK, &flow))
}

/// `GET /self-service/login/flows?id=`. Whoever fetches a browser flow has the cookie that began it (K-47).
pub(crate) async fn fetch(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let Some(id) = flow_id(params.first("id")) else { return Err(KratosError::not_stored()) };
    let found = face.login_flow(id).await?.ok_or_else(KratosError::not_stored)?;
    let (flow, over) = match found {
        Found::Open(flow) => (flow, false),
        Found::Expired(flow) => (flow, true),
    };
    if let Some(began) = &flow.browser {
        let token = face.csrf.token(call.headers()).ok_or_else(|| KratosError::forged(Forged::NoCookie))?;
        if fingerprint(&token) != *began {
            return Err(KratosError::forged(Forged::Mismatch));
        }
    }
    if over {
        return Err(KratosError::flow_expired_at_fetch(expired_details(face, &flow)));
    }
    Ok(face.login_flow_json(StatusCode::OK, &flow))
}

fn expired_details(face: &Face, flow: &LoginFlow) -> Map<String, Value> {
    let base = face.base(flow.mount);
    let mut details = Map::new();
    match flow.kind {
        Kind::Browser => {
            details.insert("redirect_to".into(), flow.restart(&base).into());
            details.insert("return_to".into(), flow.return_to.clone().unwrap_or_default().into());
        }
        Kind::Native => {
            details.insert("api".into(), format!("{base}/self-service/login/api").into());
        }
    }
    details
}

/// What the query of a new flow asks for.
struct Asked {
    return_to: Option<String>,
    refresh: bool,
    second_factor: bool,
    signed_on: Option<Live>,
}

impl Asked {
    async fn of(face: &Face, call: &Call) -> Result<Self, KratosError> {
        let params = Params::parse(call.query());
        let refresh = params.first("refresh").is_some_and(|text| ["true", "1", "t"].contains(&text));
        let signed_on = face.signed_on(call.headers()).await?;
        let mut second_factor = false;
        match params.first("aal").unwrap_or_default() {
            "" | "aal1" => {}
            "aal2" if signed_on.is_none() => return Err(KratosError::first_factor_missing()),
            "aal2" => second_factor = true,
            _ => return Err(KratosError::malformed("The assurance level has to be aal1 or aal2.")),
        }
        let wanted = params.first("return_to").filter(|wanted| !wanted.is_empty());
        let return_to =
            wanted.map(|wanted| face.return_to(Some(wanted), &face.default_return)).transpose()?;
        Ok(Self { return_to, refresh, second_factor, signed_on })
    }

    fn blocked(&self) -> bool {
        self.signed_on.is_some() && !self.refresh && !self.second_factor
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

    fn flow(&self, face: &Face, call: &Call, kind: Kind) -> LoginFlow {
        let confirm = self.signed_on.as_ref().filter(|_| self.refresh);
        let refresh = confirm.map(|live| live.user.username.clone());
        let messages = match (self.second_factor, &refresh) {
            (true, _) => vec![Message::second_factor()],
            (false, Some(_)) => vec![Message::confirm()],
            (false, None) => Vec::new(),
        };
        let mut flow = face.new_login_flow(call.mount, kind);
        flow.request_url = asked_for(face, call);
        flow.return_to = self.return_to.clone();
        flow.refresh = refresh;
        flow.second_factor = self.second_factor;
        flow.messages = messages;
        flow
    }
}

/// The address of the request as its sender wrote it, on the public base.
fn asked_for(face: &Face, call: &Call) -> String {
    let path = call.parts.uri.path_and_query().map_or("", |path| path.as_str());
    debug_assert!([Method::GET, Method::HEAD].contains(&call.parts.method), "flows begin with a GET");
    format!("{}{path}", face.settings.base)
}

impl Face {
    /// A flow without history.
    pub(crate) fn new_login_flow(&self, mount: usize, kind: Kind) -> LoginFlow {
        let now = self.authority.now().ms();
        let life_ms = i64::try_from(self.settings.login_flow_life_s).unwrap_or(i64::MAX / 1000) * 1000;
        LoginFlow {
            id: Uuid::from_bytes(self.authority.draw_uuid().into_bytes()),
            kind,
            mount,
            issued_ms: now,
            expires_ms: now.saturating_add(life_ms),
            request_url: String::new(),
            return_to: None,
            browser: None,
            csrf: String::new(),
            refresh: None,
            second_factor: false,
            identifier: String::new(),
            messages: Vec::new(),
            field_messages: Vec::new(),
        }
    }

    /// The login page of a flow.
    pub(crate) fn login_page(&self, flow: &LoginFlow) -> String {
        append_query(&self.settings.login_ui, "flow", &flow.id.to_string())
    }
}
