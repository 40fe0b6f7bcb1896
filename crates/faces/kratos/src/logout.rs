//! `GET /self-service/logout/browser` and `GET /self-service/logout`. Contract kratos.md 1.1 and 1.2; exit 5.
//!
//! The logout token is the anti-forgery measure of a GET: derived from session and epoch, never stored, dead with the
//! session. Order of faults: token missing, nobody signed on, wrong token, (the session ends), bad return address.

use adieu_authority::{
    Cause, EndKind, EndOrder, EndTarget, Ended, Origin, PresentedToken, Purpose, RealmId, Session,
    SessionToken, endings_noted,
};
use adieu_http_kit::accept;
use adieu_http_kit::form::{Params, append_query};
use adieu_oidc::Parting;
use adieu_pages_kit::{Link, Onward, SignedOffPage};
use axum::http::{HeaderValue, StatusCode};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::answer::{Answer, empty, json as json_answer, redirect, set_cookie};
use crate::call::Call;
use crate::credentials::CarriedTokens;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::go_on::with_headers;

const PREFIX: &str = "ory_lo_";

impl Face {
    /// The logout token of a session: the same for as long as its sign-on lasts (K-12).
    pub(crate) fn logout_token(&self, session: &Session) -> String {
        let epoch = u64::from(session.epoch);
        let secret = self.authority.key().derive_text(Purpose::LogoutToken, &session.id.to_bytes(), epoch);
        format!("{PREFIX}{secret}")
    }
}

/// Gives the address that signs off. Always JSON on success.
pub(crate) async fn create(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let credentials = CarriedTokens::of(face, call.headers());
    // Whoever is half signed on can sign off, too. K-28
    let holder = match face.counting(&credentials, false).await?.1.holder() {
        Some(holder) => Some(holder),
        None => match face.signed_on_beside(call, &credentials).await?.first() {
            Some(token) => face.opened_by(token).await?.holder(),
            None => None,
        },
    };
    let holder = holder.ok_or_else(KratosError::session_inactive)?;
    let token = face.logout_token(&holder.session);
    let params = Params::parse(call.query());
    let mut address = format!("{}/self-service/logout", face.base(call.mount));
    // Quirk: the parameters stand in alphabetical order. Contract kratos.md 1.1
    if let Some(wanted) = params.first("return_to").filter(|wanted| !wanted.is_empty()) {
        let wanted = face.allowed_return(wanted, &face.default_return)?;
        address = append_query(&address, "return_to", &wanted);
    }
    let address = append_query(&address, "token", &token);
    Ok(json_answer(StatusCode::OK, &json!({"logout_url": address, "logout_token": token})))
}

/// Signs off: 204 for JSON, a redirect for browsers (K-1, K-2, K-14).
pub(crate) async fn perform(face: &Face, call: &Call) -> Answer {
    let credentials = CarriedTokens::of(face, call.headers());
    let outcome = perform_inner(face, call, &credentials).await;
    let (ended, outcome) = match outcome {
        Ok((ended, outcome)) => (Some(ended), outcome),
        Err(error) => (None, Err(error)),
    };
    let mut answer = face.answered(&call.parts, outcome).await;
    if let Some((realm, left_alone)) = ended {
        if let Some(left_alone) = left_alone {
            face.take_cookies(&mut answer, realm, &left_alone); // Whenever one was sent (Q2), and only then.
        }
        set_cookie(&mut answer, face.fresh_csrf());
        let https = face.settings.base.starts_with("https://") || call.https_to_proxy();
        if face.settings.clear_browser_data && https {
            let all = HeaderValue::from_static("\"cookies\", \"storage\", \"cache\"");
            answer.headers_mut().insert("clear-site-data", all);
        }
    }
    answer
}

/// The outer result says whether a session was ended, of which realm, and, if cookies came along, which of other dialects are not its own;
/// the inner one what to answer then.
async fn perform_inner(
    face: &Face,
    call: &Call,
    credentials: &CarriedTokens,
) -> Result<((RealmId, Option<Vec<String>>), Result<Answer, KratosError>), KratosError> {
    let params = Params::parse(call.query());
    let wanted = params.first("token").filter(|token| !token.is_empty());
    let Some(wanted) = wanted else {
        return Err(KratosError::malformed("The query has no logout token."));
    };
    let (token, by_cookie) = match meant(face, credentials.tokens(), wanted).await? {
        Some(token) => (token, credentials.cookie),
        None => (meant_beside(face, call, credentials, wanted).await?, true),
    };
    let parting = parting(face, call, credentials, (&token, by_cookie)).await?;
    let left_alone = match by_cookie {
        true => Some(face.end_carried(call, token.id).await?),
        false => None,
    };
    let order = order(face, call, &token).await?;
    let beside = credentials.cookies_beside(token.id);
    face.authority.end_beside(face.realm_id().await?, beside, &order.origin).await?;
    // The one that was meant ends last: whoever has to repeat the request still can.
    match face.authority.end(order).await? {
        Ended::Now(_) => {}
        // Somebody else was faster. Kratos never claims work that it has not done.
        Ended::Before => return Err(KratosError::session_inactive()),
    }
    // Q3: the session has ended whatever becomes of the return address.
    let answer = after(face, call, params.first("return_to"), &parting).await;
    Ok(((face.realm_id().await?, left_alone), answer))
}

async fn order(face: &Face, call: &Call, token: &SessionToken) -> Result<EndOrder, KratosError> {
    Ok(EndOrder {
        realm: Some(face.realm_id().await?),
        target: EndTarget::Token(PresentedToken::from(token)),
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: Origin::of_holder(CHANNEL, call.address()),
    })
}

/// Who takes part in what ends in a browser: in the session that is meant, and in those of the other cookies. To be asked before they
/// end.
async fn parting(
    face: &Face,
    call: &Call,
    credentials: &CarriedTokens,
    (token, by_cookie): (&SessionToken, bool),
) -> Result<Parting, KratosError> {
    if accept::wants_json(call.headers()) {
        return Ok(Parting::default());
    }
    let others = match by_cookie {
        true => face.signed_on_beside(call, credentials).await?,
        false => Vec::new(),
    };
    let all = std::iter::once(token).chain(credentials.cookies_beside(token.id)).chain(&others);
    let mut tokens: Vec<&SessionToken> = Vec::new();
    for one in all {
        if tokens.iter().all(|known| known.id != one.id) {
            tokens.push(one);
        }
    }
    Ok(Parting::of_tokens(&face.authority, tokens).await?)
}

/// Where a browser goes: when those have answered who are told by this server, or have had time to (S-RPI-11); by a page where it has
/// somebody to tell itself, which Kratos does not know (S-FCL-3).
async fn after(
    face: &Face,
    call: &Call,
    wanted: Option<&str>,
    parting: &Parting,
) -> Result<Answer, KratosError> {
    let to = face.return_to(wanted, &face.logout_return)?;
    if accept::wants_json(call.headers()) {
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let told = parting.told(&face.authority, &endings_noted()).await;
    if parting.frames().is_empty() || !accept::names_html(call.headers()) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &to));
    }
    let page = SignedOffPage {
        realm: &face.settings.realm,
        told: &told,
        frames: parting.frames(),
        onward: Some(Onward::Application(Link { href: &to, text: "Go on" })),
        ..SignedOffPage::default()
    };
    Ok(with_headers(StatusCode::OK, page.html(), &page.headers()))
}

/// The credential whose session the logout token belongs to: of the carriers exactly that one's ends (Q1, Q2), and if it is a
/// cookie, what the other cookies carry (F-4). None if nobody is signed on by them.
async fn meant<'t>(
    face: &Face,
    tokens: impl Iterator<Item = &'t SessionToken> + Send,
    wanted: &str,
) -> Result<Option<SessionToken>, KratosError> {
    let mut somebody = false;
    for token in tokens {
        let Some(holder) = face.opened_by(token).await?.holder() else { continue };
        somebody = true;
        let own = face.logout_token(&holder.session);
        if own.as_bytes().ct_eq(wanted.as_bytes()).into() {
            return Ok(Some(token.clone()));
        }
    }
    match somebody {
        true => Err(KratosError::forbidden("The logout token belongs to another session.")),
        false => Ok(None),
    }
}

/// The same among the cookies of other dialects.
async fn meant_beside(
    face: &Face,
    call: &Call,
    credentials: &CarriedTokens,
    wanted: &str,
) -> Result<SessionToken, KratosError> {
    let beside = face.signed_on_beside(call, credentials).await?;
    meant(face, beside.iter(), wanted).await?.ok_or_else(KratosError::session_inactive)
}
