//! PingOne: `/{env}/signon/`, the page on which people sign on, and the one they land on when they have signed off.
//!
//! It shows a flow and sends its form back here; what happens then is the same as for the flow's API. Contract pingone.md
//! 1.4 and 4.5: P-32, P-39.

use std::borrow::Cow;
use std::sync::Arc;

use adieu_authority::{Assurance, Check, FormProof, Realm, SecondFactorRule, Span, User};
use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use adieu_http_kit::form_browser::FormShownTo;
use adieu_http_kit::upstream_paths::{self, WantedProof};
use adieu_oidc::CONSENT_SHOWN;
use adieu_pages_kit::{
    AccountWays, AlreadyHere, BUSY, CodeEntry, Link, OTHER_ACCOUNT, SignOffPage, SignOnPage, SignedOffPage,
    StatusPage, form_action_of, too_often,
};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};

use crate::authorize::found;
use crate::extract::{Env, Visitor};
use crate::face::Face;
use crate::finish::{html, see_other};
use crate::flow::PingOneFlow;
use crate::flows::flow_id;
use crate::form_token::{self, FIELD};
use crate::page_address::{AT_AUTH, FLOW, FROM, PLACE, UPSTREAM, here, way_back};
use crate::problem::{Problem, Shown};
use crate::signed_on::{AdvancedFlow, Factor, NameAndPassword, advance};
use crate::{body, consent, cookies, flow_browser};

const CODE: &str = "code";
/// The field by which somebody else signs on than who has given the first factor.
const OTHER: &str = "other_account";

/// `/{env}/as/signon` moved here. Contract pingone.md 1.5.
pub(crate) async fn moved(State(face): State<Face>, Env(realm): Env) -> Result<Response, Problem> {
    found(&format!("{}/{}/signon/", face.settings().apps_base_of(realm.id), realm.id))
}

/// The form of a flow; without a flow, who is signed on, or the words that nobody is.
pub(crate) async fn show(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let query = Params::of(&parts.uri);
    let flow = match body::once(&query, FLOW)? {
        Some(id) => flow(&face, &realm, id).await,
        // A client that reads JSON alone would choke on a page, and takes an empty answer for success. P-32
        None if accept::only_json(&parts.headers) => return Ok(StatusCode::NO_CONTENT.into_response()),
        None => {
            let shown = without_flow(&face, &realm, &Visitor::of(&parts)).await;
            return shown.map_err(|problem| problem.unredirectable(realm.id, Shown::IfHtml));
        }
    };
    let flow = flow.map_err(|problem| problem.unredirectable(realm.id, Shown::IfHtml))?;
    let (auth, apps) = (face.settings().auth_base_of(realm.id), face.settings().apps_base_of(realm.id));
    if apps != auth && query.first(PLACE) != Some(AT_AUTH) {
        // The cookies of a sign-on belong to the host of `auth_base`, and only that host can set them.
        return found(&here(&face, &realm, &flow));
    }
    let visitor = Visitor::of(&parts);
    if flow.is_completed() {
        return consent::show(&face, &parts.headers, &visitor, &flow).await;
    }
    let shown = |problem: Problem| problem.unredirectable(realm.id, Shown::IfHtml);
    if !flow_browser::is_of(&face, &flow, &visitor).await.map_err(shown)? {
        let was_led = query.first(flow_browser::OWN).is_some();
        return flow_browser::led_to_own(&face, &visitor, &flow, was_led).await.map_err(shown);
    }
    if query.first(FROM) == Some(UPSTREAM)
        && let Some(flow) = signed_on_beside(&face, &realm, &visitor, &flow, &query).await.map_err(shown)?
    {
        return found(&flow.resume_url(&face));
    }
    let name = flow.login_hint().unwrap_or_default().to_owned();
    let tried = Try { status: StatusCode::OK, name: &name, error: None };
    Ok(page(&face, &parts.headers, &visitor, &flow, tried).await)
}

/// Who is signed on here, with the way off; or that nobody is. Looking is no activity.
async fn without_flow(face: &Face, realm: &Realm, visitor: &Visitor) -> Result<Response, Problem> {
    let front = face.settings().front_page.as_deref();
    let checked = face.counting(visitor, realm, false).await?.map(|checked| checked.check);
    let (title, said) = match checked {
        Some(Check::Live(live)) if live.session.realm == realm.id => {
            ("You are signed on", format!("You are signed on as {}.", live.user.username))
        }
        Some(Check::Half(half)) if half.session.realm == realm.id => {
            ("One more step", "You are signed on once you have given your second factor.".to_owned())
        }
        Some(Check::Live(_) | Check::Half(_) | Check::Not(_)) | None => {
            let again = front.map(|href| Link { href, text: "Sign on again" });
            let page = SignedOffPage { realm: &realm.path, nobody: true, again, ..SignedOffPage::default() };
            return Ok(html(StatusCode::OK, &page.html(), &[]));
        }
    };
    let action = format!("{}/{}/as/signoff", face.settings().auth_base_of(realm.id), realm.id);
    let links: Vec<_> = front.map(|href| Link { href, text: "Front page" }).into_iter().collect();
    let sign_off = SignOffPage { method: "get", action: &action, hidden: &[], label: "Sign off" };
    let page = StatusPage { title, message: &said, sign_off: Some(sign_off), links: &links };
    let places = ["'self'", face.settings().auth_base_of(realm.id), face.settings().apps_base_of(realm.id)];
    Ok(html(StatusCode::OK, &page.html(), &places))
}

/// The form comes back: the flow is completed and goes on, or the page is shown again.
pub(crate) async fn submit(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, params) = body::params(request).await?;
    let visitor = Visitor::of(&parts);
    let field = |name| Ok::<_, Problem>(body::once(&params, name)?.unwrap_or_default().to_owned());
    let (id, token) = (field(FLOW)?, field(FIELD)?);
    let (code, other) = (field(CODE)?, field(OTHER)?);
    let name = field("username")?;
    let shown = |problem: Problem| problem.unredirectable(realm.id, Shown::IfHtml);
    let id = flow_id(&id).ok_or(Problem::NotFound).map_err(shown)?;
    let to = form_token::shown(&face, realm.id, id, &parts.headers, &token);
    let own = to == FormShownTo::It;
    let answer = consent::ConsentAnswer { choice: field(consent::CHOICE)?, shown: field(CONSENT_SHOWN)? };
    if own && !answer.choice.is_empty() {
        return consent::answered(&face, &realm, &visitor, id, &answer).await.map_err(shown);
    }
    let password = field("password")?;
    let proof = match name.as_str() {
        "" => FormProof::code(&id.to_string(), &code),
        name => FormProof::password(name, &password),
    };
    let form = flow_browser::form_of(&face, &realm, id, &visitor, to);
    let _turn = face.authority().form_turn(form).await;
    let flow = match PingOneFlow::find(&face, &realm, id).await {
        Ok(flow) if !flow.is_completed() => Ok(flow),
        over if to != FormShownTo::Another => {
            let flow = over.as_ref().ok();
            let led = flow_browser::led_before(&face, &realm, &visitor, (id, form, &proof), flow).await;
            match led.map_err(shown)? {
                Some(response) => return Ok(response),
                None => over,
            }
        }
        over => over,
    };
    let flow = flow.map_err(shown)?;
    match to {
        FormShownTo::It => {}
        FormShownTo::ItBefore => return shown_again(&face, &visitor, &flow, &name).await.map_err(shown),
        FormShownTo::Another => return Err(shown(Problem::Forbidden)),
    }
    if !other.is_empty() {
        let flow = flow.take(&face).await.map_err(shown)?.after(None);
        flow.keep(&face, &visitor).await.map_err(shown)?;
        return Ok(see_other(&here(&face, &realm, &flow)));
    }
    let factor = match flow.first_factor() {
        Some(_) if name.is_empty() => Factor::Second(code),
        // A name comes by the first form, which may come twice, or once more after the second was shown.
        Some(_) | None => Factor::First(NameAndPassword { username: name.clone(), password }),
    };
    match advance(&face, &realm, &visitor, flow.clone().by_page(), factor).await {
        Ok(AdvancedFlow { flow, token: Some(token), left_alone }) => {
            face.authority().note_form((form, realm.id), &proof, Some(&token), &flow.to_text()).await?;
            let mut response = see_other(&flow.resume_url(&face));
            cookies::set(&face, &realm, (&token, &left_alone), response.headers_mut()).await;
            let renewed = form_token::renewed(&face, realm.id, &parts.headers);
            response.headers_mut().append(SET_COOKIE, renewed);
            Ok(response)
        }
        // The page again, which asks for what is missing.
        Ok(AdvancedFlow { flow, token: None, .. }) => Ok(see_other(&here(&face, &realm, &flow))),
        Err(problem) => failed(&face, &visitor, &flow, &name, problem).await.map_err(shown),
    }
}

/// The page again, with why nobody was signed on; or the failure itself, if the form is not to be sent again after it.
async fn failed(
    face: &Face,
    visitor: &Visitor,
    flow: &PingOneFlow,
    name: &str,
    problem: Problem,
) -> Result<Response, Problem> {
    let Some(error) = words(&problem) else { return Err(problem) };
    // What the flow asks for may be another factor by now.
    let flow = PingOneFlow::find(face, flow.realm(), flow.id).await?;
    let tried = Try { status: problem.status(), name, error: Some(&error) };
    let mut response = page(face, &visitor.cookie_lines, visitor, &flow, tried).await;
    if let Some((name, value)) = problem.headers() {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// The form again, in a flow with the same request: it was shown to this browser before its last sign-on.
async fn shown_again(
    face: &Face,
    visitor: &Visitor,
    flow: &PingOneFlow,
    name: &str,
) -> Result<Response, Problem> {
    if flow.is_completed() && flow_browser::is_of(face, flow, visitor).await? {
        // It was this very form, and its answer has come meanwhile.
        return Ok(see_other(&flow.resume_url(face)));
    }
    let (flow, _) = flow_browser::begun_anew(face, visitor, flow).await?;
    let error = "Please send it again: somebody has signed on in this browser since.";
    let tried = Try { status: Problem::Forbidden.status(), name, error: Some(error) };
    Ok(page(face, &visitor.cookie_lines, visitor, &flow, tried).await)
}

/// What the page says of a failure after which the form may be sent again; nothing if it may not.
fn words(problem: &Problem) -> Option<Cow<'static, str>> {
    let words = match problem {
        Problem::Invalid { .. } | Problem::WrongPassword { .. } => "Name or password is wrong.",
        Problem::Limited { retry_after_s } => {
            return Some(too_often(u64::try_from(*retry_after_s).unwrap_or_default()).into());
        }
        Problem::NotUsable => "This account cannot be used at present.",
        Problem::WrongCode => "That code is wrong or was used before.",
        Problem::NotEnrolled => "A second factor is asked for here, and this account has none yet.",
        Problem::TooManySessions => "There are too many sessions of this account.",
        Problem::Busy => BUSY,
        Problem::Unavailable(_) | Problem::KeysLater(_) => "That did not work just now. Please try again.",
        Problem::NotFound
        | Problem::Method { .. }
        | Problem::NoAccess { .. }
        | Problem::Forbidden
        | Problem::MediaType
        | Problem::Body(_)
        | Problem::Malformed
        | Problem::Twice(_)
        | Problem::WeakPassword(_)
        | Problem::CallersOwn
        | Problem::ProofTooOld { .. }
        | Problem::Constraint { .. }
        | Problem::Authorization(_)
        | Problem::Unredirectable { .. }
        | Problem::OAuth(_)
        | Problem::Bearer { .. }
        | Problem::OAuthBody(_) => return None,
    };
    Some(words.into())
}

/// A try to sign on, as the page shows it.
struct Try<'a> {
    status: StatusCode,
    name: &'a str,
    error: Option<&'a str>,
}

async fn page(
    face: &Face,
    headers: &HeaderMap,
    visitor: &Visitor,
    flow: &PingOneFlow,
    tried: Try<'_>,
) -> Response {
    let realm = flow.realm();
    let form_token = form_token::issue(face, realm.id, flow.id, headers);
    let id = flow.id.to_string();
    let action = format!("/{}/signon/", realm.id);
    let hidden = [(FLOW, id.as_str()), (FIELD, form_token.field.as_str())];
    let page = match flow.first_factor() {
        Some(_) => code_entry(&action, &hidden, tried.error),
        None => {
            let offered = offered(face, realm, flow).await;
            let ways = account_ways(face, visitor, flow, tried.error.is_some()).await;
            first_form(flow, (&action, &hidden), &tried, (&offered, &ways))
        }
    };
    // Browsers hold the redirects after the form to the same list.
    let next = flow.reply().redirect_uri.as_deref().map(form_action_of).unwrap_or_default();
    let places = ["'self'", face.settings().auth_base_of(realm.id), &next];
    let mut response = html(tried.status, &page, &places);
    response.headers_mut().append(SET_COOKIE, form_token.cookie);
    response
}

fn code_entry(action: &str, hidden: &[(&str, &str)], error: Option<&str>) -> String {
    let with_other: Vec<_> = hidden.iter().copied().chain([(OTHER, "true")]).collect();
    let other = SignOffPage { method: "post", action, hidden: &with_other, label: OTHER_ACCOUNT };
    CodeEntry { leave: Some(other), ..CodeEntry::second_step(action, CODE, hidden, error) }.html()
}

/// Ways beside the form for whom it does not serve. Whoever comes back from them completes the flow by that. Who is signed on is not said
/// where that can't be read.
async fn account_ways(face: &Face, visitor: &Visitor, flow: &PingOneFlow, failed: bool) -> AccountWays {
    let realm = flow.realm();
    let checked = face.counting(visitor, realm, false).await.ok().flatten().map(|checked| checked.check);
    let two = flow.level() == Assurance::Two || realm.second_factor == SecondFactorRule::Required;
    let here = |user: &User| AlreadyHere {
        username: user.username.clone(),
        lacks_factor: two && user.assurance() == Assurance::One,
    };
    let here = match &checked {
        Some(Check::Live(live)) if live.session.realm == realm.id => Some(here(&live.user)),
        Some(Check::Half(half)) if half.session.realm == realm.id => Some(here(&half.user)),
        Some(Check::Live(_) | Check::Half(_) | Check::Not(_)) | None => None,
    };
    let back = way_back(face, realm, flow);
    let pages = face.settings().self_service.as_ref();
    AccountWays {
        here,
        sign_up: pages
            .filter(|_| face.authority().registers(realm))
            .and_then(|pages| pages.sign_up(&realm.path, &back)),
        second_factor: pages.and_then(|pages| pages.second_factor(&realm.path, &back)),
        wants_factor: failed && two,
        // And back to the flow, as somebody else.
        sign_off: format!(
            "{}/{}/as/signoff?{FLOW}={}",
            face.settings().auth_base_of(realm.id),
            realm.id,
            flow.id
        ),
    }
}

/// Other providers that people sign on through, as links: address and words. They lead back to the flow. A list that cannot be read
/// is left out: a name and a password do as well.
async fn offered(face: &Face, realm: &Realm, flow: &PingOneFlow) -> Vec<(String, String)> {
    // Only the host of `auth_base` can set the cookies of a sign-on here.
    let base = face.settings().upstream_base.as_deref();
    let Some(base) = base.filter(|base| *base == face.settings().auth_base_of(realm.id)) else {
        return Vec::new();
    };
    let offered = face.authority().upstreams_offered(realm.id).await.unwrap_or_default();
    let back = way_back(face, realm, flow);
    let wanted =
        WantedProof { age_max_s: flow.proof_age_max_s(), two_factors: flow.level() == Assurance::Two };
    let link = |(name, title): (String, String)| {
        (upstream_paths::begin(base, &realm.path, &name, &back, wanted), format!("Sign on with {title}"))
    };
    offered.into_iter().map(link).collect()
}
/// The flow, completed by whoever has signed on in this browser since it began, by the way of another provider; with a proof of the age
/// that its application asks for, where it does. One that re-authenticates a session belongs to that session, for as long as that lives:
/// whoever signs on as somebody else has left it.
async fn signed_on_beside(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    flow: &PingOneFlow,
    query: &Params,
) -> Result<Option<PingOneFlow>, Problem> {
    let Some(live) = face.live(visitor, realm, true).await? else { return Ok(None) };
    if live.session.signed_on_at() < flow.created_at() || live.session.assurance() < flow.level() {
        return Ok(None);
    }
    let mark = query.first(upstream_paths::PROOF_MARK).unwrap_or_default();
    let is_marked = |age_max_s| {
        let age_max = Span::from_s(upstream_paths::asked_age_s(age_max_s));
        face.authority().is_proof_mark(&live.session, age_max, &way_back(face, realm, flow), mark)
    };
    // OpenID Connect Core §3.1.2.1: `max_age=0` asks for a new proof, and gets one from nobody who signs up.
    let age_s = face.authority().now().since(live.session.authenticated_at).s();
    let is_young = |age_max_s| age_max_s > 0 && age_s <= age_max_s;
    if !flow.proof_age_max_s().is_none_or(|age_max_s| is_young(age_max_s) || is_marked(age_max_s)) {
        return Ok(None);
    }
    flow.admits(face, visitor).await?;
    let flow = flow.take(face).await?;
    let flow = flow.completed_by(live.session.id, live.user.id, &live.user.username);
    flow.keep(face, visitor).await?;
    Ok(Some(flow))
}

fn first_form(
    flow: &PingOneFlow,
    (action, hidden): (&str, &[(&str, &str)]),
    tried: &Try<'_>,
    (offered, ways): (&[(String, String)], &AccountWays),
) -> String {
    let providers = offered.iter().map(|(href, text)| Link { href, text });
    let others: Vec<_> = providers.chain(ways.links()).collect();
    let note = ways.note();
    let page = SignOnPage {
        realm: &flow.realm().path,
        application: Some(flow.application()),
        note: note.as_deref(),
        action,
        method: "post",
        identifier_name: "username",
        identifier: tried.name,
        password_name: "password",
        hidden,
        error: tried.error,
        others: &others,
    };
    page.html()
}

async fn flow(face: &Face, realm: &Arc<Realm>, id: &str) -> Result<PingOneFlow, Problem> {
    PingOneFlow::find(face, realm, flow_id(id).ok_or(Problem::NotFound)?).await
}
