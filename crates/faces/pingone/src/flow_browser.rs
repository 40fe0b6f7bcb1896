//! The browser that a flow belongs to: the one that it was begun in, or that carries its session.
//!
//! A flow's id is no secret of one browser: it stands in addresses, and a link with it may be sent to anybody. So its page is shown to
//! its own browser alone, another one begins a flow of its own with the same request, and what a page has proven is gone on with by
//! nobody else, be it by the API. Decisions 0112 and 0113.

use std::sync::Arc;

use adieu_authority::{FormKey, FormProof, Realm};
use adieu_http_kit::form::append_query;
use adieu_http_kit::form_browser::FormShownTo;
use axum::response::Response;
use http::header::SET_COOKIE;
use uuid::Uuid;

use crate::authorize::found;
use crate::cookies;
use crate::extract::Visitor;
use crate::face::Face;
use crate::finish::see_other;
use crate::flow::PingOneFlow;
use crate::form_token::{self, FlowBrowser};
use crate::page_address::way_back;
use crate::problem::Problem;

/// Says that a browser was led here by a flow that was begun for it.
pub(crate) const OWN: &str = "own";

/// Whether a flow belongs to the browser of this visitor.
pub(crate) async fn is_of(face: &Face, flow: &PingOneFlow, visitor: &Visitor) -> Result<bool, Problem> {
    let name = form_token::name(face, flow.realm().id, &visitor.cookie_lines);
    if name.is_some_and(|name| flow.was_begun_in(&name)) {
        return Ok(true);
    }
    match flow.session(face, visitor).await {
        Ok(session) => Ok(session.is_some()),
        Err(Problem::NoAccess { .. }) => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Refuses a program where a page has begun to prove who somebody is, and this is not its browser. Contract pingone.md 4.6: the cookie of
/// another session.
pub(crate) async fn admits(face: &Face, flow: &PingOneFlow, visitor: &Visitor) -> Result<(), Problem> {
    if flow.is_gone_on_with_by_page() && !is_of(face, flow, visitor).await? {
        return Err(Problem::NoAccess { bearer: false });
    }
    Ok(())
}

/// A flow with the same request for the browser of this visitor, and its cookie. A flow that answers with JSON has no page.
pub(crate) async fn begun_anew(
    face: &Face,
    visitor: &Visitor,
    flow: &PingOneFlow,
) -> Result<(PingOneFlow, FlowBrowser), Problem> {
    if flow.is_direct() {
        return Err(Problem::NotFound);
    }
    let browser = form_token::begun(face, flow.realm().id, &visitor.cookie_lines);
    let flow = flow.anew(face, &browser.name);
    flow.keep(face, visitor).await?;
    Ok((flow, browser))
}

/// Leads the browser of a visitor to a flow of its own, in place of one that is another's. One that keeps no cookie is led there once.
pub(crate) async fn led_to_own(
    face: &Face,
    visitor: &Visitor,
    flow: &PingOneFlow,
    was_led: bool,
) -> Result<Response, Problem> {
    let realm = flow.realm();
    if was_led && form_token::name(face, realm.id, &visitor.cookie_lines).is_none() {
        return Err(Problem::Forbidden);
    }
    let (flow, browser) = begun_anew(face, visitor, flow).await?;
    // Whoever has signed on there since the request came goes on with it, if it asks for no new proof.
    let mut response = found(&append_query(&way_back(face, realm, &flow), OWN, "true"))?;
    response.headers_mut().append(SET_COOKIE, browser.cookie);
    Ok(response)
}

/// The sign-on form of a flow in the browser of a visitor, as it is known when it comes again.
pub(crate) fn form_of(
    face: &Face,
    realm: &Realm,
    flow: Uuid,
    visitor: &Visitor,
    shown: FormShownTo,
) -> FormKey {
    let name = form_token::called(face, realm.id, &visitor.cookie_lines, shown);
    FormKey::of("pingone", &format!("{flow} {name}"))
}

/// The answer to a form that came before and was right: the browser that was shown it and proves the same again goes on to the application,
/// as a double click or a lost answer wants it. `flow` is what is left of the flow; where its code was given already, it gives another one.
pub(crate) async fn led_before(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    (id, form, proof): (Uuid, FormKey, &FormProof),
    flow: Option<&PingOneFlow>,
) -> Result<Option<Response>, Problem> {
    let Some(used) = face.authority().form_use((form, realm.id), proof).await? else { return Ok(None) };
    let Some(signed_in) = used.session else { return Ok(None) };
    let Some(again) = PingOneFlow::of_text(face, realm, id, &used.beside) else { return Ok(None) };
    if flow.is_none() {
        again.keep(face, visitor).await?;
    }
    let beside = face.authority().sessions_beside(&visitor.tokens.beside(face, realm), realm.id).await?;
    let mut response = see_other(&again.resume_url(face));
    cookies::set(face, realm, (&signed_in.token, &beside.elsewhere), response.headers_mut()).await;
    let renewed = form_token::renewed(face, realm.id, &visitor.cookie_lines);
    response.headers_mut().append(SET_COOKIE, renewed);
    Ok(Some(response))
}
