//! The question whether an application gets what it asks for: asked on the page of a completed flow, before the flow gives its code.
//!
//! What a user agrees to is remembered as at the native issuer. A `pi.flow` has no page and no vendor's word for the question: it is
//! refused instead. OpenID Connect Core §3.1.2.4; standards.md 2.1: S-OP-6, S-OP-20; decision 0060.

use std::sync::Arc;

use adieu_authority::{ConsentError, ConsentOrder, FormKey, FormProof, LiveSession, Realm, redirect_place};
use adieu_oidc::{AuthorizeError, CONSENT_SHOWN, Refusal};
use adieu_pages_kit::{ConsentPage, form_action_of};
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use crate::authorize::{found, refused};
use crate::extract::Visitor;
use crate::face::Face;
use crate::finish::{html, see_other};
use crate::flow::{FlowNext, PingOneFlow, Question};
use crate::flow_browser;
use crate::form_token::{self, FIELD};
use crate::page_address::{FLOW, here};
use crate::problem::Problem;

/// The field with the answer.
pub(crate) const CHOICE: &str = "choice";

/// The answer of a form.
pub(crate) struct ConsentAnswer {
    /// The button.
    pub(crate) choice: String,
    /// What the page has shown.
    pub(crate) shown: String,
}

/// The question of a completed flow; whoever is not to be asked goes on to the code.
pub(crate) async fn show(
    face: &Face,
    headers: &HeaderMap,
    visitor: &Visitor,
    flow: &PingOneFlow,
) -> Result<Response, Problem> {
    // Whoever is not its user is refused where the code would be given.
    let live = match flow.session(face, visitor).await {
        Ok(Some(live)) => live,
        Ok(None) | Err(Problem::NoAccess { .. }) => return found(&flow.resume_url(face)),
        Err(problem) => return Err(problem),
    };
    match flow.next(face, &live).await? {
        FlowNext::Question(question) if !flow.is_direct() => Ok(page(face, headers, &live, flow, &question)),
        FlowNext::Question(_) | FlowNext::Code(_) | FlowNext::OtherUser | FlowNext::Gone => {
            found(&flow.resume_url(face))
        }
    }
}

fn page(
    face: &Face,
    headers: &HeaderMap,
    live: &LiveSession,
    flow: &PingOneFlow,
    question: &Question,
) -> Response {
    let realm = live.session.realm;
    let form_token = form_token::issue(face, realm, flow.id, headers);
    let id = flow.id.to_string();
    let reply = flow.reply();
    let goes_to = reply.redirect_uri.as_deref().map(redirect_place);
    let page = ConsentPage {
        application: &question.application,
        goes_to: goes_to.as_deref(),
        other_places: &question.other_places,
        username: &live.user.username,
        gets: &question.gets,
        action: &format!("/{realm}/signon/"),
        hidden: &[(FLOW, &id), (FIELD, &form_token.field), (CONSENT_SHOWN, &question.shown)],
        answer: CHOICE,
    };
    let next = reply.redirect_uri.as_deref().map(form_action_of).unwrap_or_default();
    let places = ["'self'", face.settings().auth_base_of(realm), &next];
    let mut response = html(StatusCode::OK, &page.html(), &places);
    response.headers_mut().append(SET_COOKIE, form_token.cookie);
    response
}

/// Where the answer goes. The form is the browser's own; whose session it is the cookie says. One that comes twice, as a double click
/// sends it, leads on both times. Whoever would agree to something else than the page has shown is shown that.
pub(crate) async fn answered(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    id: Uuid,
    answer: &ConsentAnswer,
) -> Result<Response, Problem> {
    let form = FormKey::of("pingone-consent", &id.to_string());
    let _turn = face.authority().form_turn(form).await;
    let flow = match PingOneFlow::find(face, realm, id).await {
        Err(Problem::NotFound) => {
            return agreed_before(face, realm, visitor, (id, form), &answer.choice).await;
        }
        found => found?,
    };
    if !flow.is_completed() {
        return Ok(see_other(&here(face, realm, &flow)));
    }
    if flow.is_left_by_its_session(face).await? {
        // The question is for whoever signs on next.
        return asked_anew(face, realm, visitor, flow).await;
    }
    let live = flow.session(face, visitor).await?.ok_or(Problem::NoAccess { bearer: false })?;
    let next = flow.next(face, &live).await?;
    match answer.choice.as_str() {
        ConsentPage::ALLOW => {
            if let FlowNext::Question(question) = next {
                if !form_token::same(&question.shown, &answer.shown) {
                    return Ok(see_other(&here(face, realm, &flow)));
                }
                agreed(face, question.order).await?;
            }
            let flow = flow.agreed_to();
            flow.keep(face, visitor).await?;
            let proof = FormProof::session(live.session.id);
            face.authority().note_form((form, realm.id), &proof, None, &flow.to_text()).await?;
            Ok(see_other(&flow.resume_url(face)))
        }
        ConsentPage::DENY => denied(face, realm, &flow),
        // Somebody else signs on.
        _ => asked_anew(face, realm, visitor, flow).await,
    }
}

/// The flow goes back to the sign-on, in this browser.
async fn asked_anew(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    flow: PingOneFlow,
) -> Result<Response, Problem> {
    let browser = form_token::begun(face, realm.id, &visitor.cookie_lines);
    let flow = flow.take(face).await?.begun_again().of_browser(&browser.name);
    flow.keep(face, visitor).await?;
    Ok(see_other(&here(face, realm, &flow)))
}

/// The answer to a form that came before: the very session whose user has agreed by it goes on to the application once more, or is taken at
/// another word: what was agreed to stays remembered, and this request is told no. Nobody is given a session for it. Decision 0112.
async fn agreed_before(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    (id, form): (Uuid, FormKey),
    choice: &str,
) -> Result<Response, Problem> {
    let live = face.live(visitor, realm, false).await?.ok_or(Problem::NotFound)?;
    let proof = FormProof::session(live.session.id);
    let used = face.authority().form_use((form, realm.id), &proof).await?;
    let again = used.and_then(|used| PingOneFlow::of_text(face, realm, id, &used.beside));
    let again = again.ok_or(Problem::NotFound)?;
    match choice {
        ConsentPage::ALLOW => {
            again.keep(face, visitor).await?;
            Ok(see_other(&again.resume_url(face)))
        }
        ConsentPage::DENY => denied(face, realm, &again),
        _ => {
            let (flow, _) = flow_browser::begun_anew(face, visitor, &again).await?;
            Ok(see_other(&here(face, realm, &flow)))
        }
    }
}

fn denied(face: &Face, realm: &Arc<Realm>, flow: &PingOneFlow) -> Result<Response, Problem> {
    let told = AuthorizeError::Told { reply: flow.reply(), refusal: Refusal::AccessDenied };
    refused(face, realm, told)
}

async fn agreed(face: &Face, order: ConsentOrder) -> Result<(), Problem> {
    match face.authority().give_consent(order).await {
        Ok(_) => Ok(()),
        Err(ConsentError::Gone) => Err(Problem::NoAccess { bearer: false }),
        Err(ConsentError::TooMany) => Err(Problem::Constraint {
            target: "scope",
            message: "You have allowed as many applications as one account can. Withdraw one of them first.",
        }),
        Err(ConsentError::Unwritten(unwritten)) => Err(unwritten.into()),
    }
}
