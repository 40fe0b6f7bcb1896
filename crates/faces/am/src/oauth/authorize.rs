//! `authorize`: a live session of the realm is answered with a code, where its user has agreed to that; else the sign-on page, and back
//! here.
//!
//! The request travels along as the page's `goto` and is judged anew when it comes back. Contract am.md 4.1.

use std::sync::Arc;

use adieu_authority::{Assurance, GrantError, LiveSession, Realm, SessionToken};
use adieu_http_kit::form::{Params, append_query};
use adieu_oidc::{Authorize, AuthorizeError, ConsentStep, Provider, Refusal};
use axum::body::Body;
use axum::response::Response;

use super::consent::{self, Decision, DecisionWord, SIGNED_ON_FOR, without_own};
use super::provider::{asked, path, provider};
use super::session_management::answered;
use crate::call::Call;
use crate::caller;
use crate::error::AmError;
use crate::face::Face;
use crate::pages::answers;

pub(super) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, AmError> {
    let params = asked(call, body).await?;
    let decision = Decision::of(call, &params)?;
    let is_signed_on_for = params.first(SIGNED_ON_FOR).is_some();
    let params = without_own(&params);
    let provider = provider(face, realm);
    let authorize = match provider.authorize(&params, call.peer()).await {
        Ok(authorize) => authorize,
        Err(error) => return refused(face, call, &provider, &params, error).await,
    };
    let request = JudgedRequest { provider, params, authorize };
    let caller = caller::caller(face, call.headers(), Some(realm.id)).await?;
    let own = caller.live().filter(|(_, live)| live.session.realm == realm.id);
    if let Some(own) = own
        && request.authorize.answered_by(&own.1.session, face.authority.now())
        && let Some(response) = answered_by(face, call, &request, own, decision).await?
    {
        return Ok(response);
    }
    let is_other = own.is_some_and(|(_, live)| request.authorize.is_for_another(live.user.id));
    let other = (is_signed_on_for && is_other).then(|| request.authorize.other_user_refusal());
    let unmet = own.and_then(|(_, live)| request.authorize.unmet_by(&live.user));
    match other.or(unmet).or_else(|| request.authorize.silent_refusal()) {
        Some(error) => refused(face, call, &request.provider, &request.params, error).await,
        None => Ok(answers::found(&sign_on_address(face, &request, own.is_some())?)),
    }
}

/// A request that may be answered, with its parameters.
struct JudgedRequest<'f> {
    provider: Provider<'f>,
    params: Params,
    authorize: Authorize,
}

/// The answer by a session that does; nothing if its user signs on anew for it.
async fn answered_by(
    face: &Face,
    call: &Call,
    request: &JudgedRequest<'_>,
    (token, live): (&SessionToken, &LiveSession),
    decision: Option<Decision>,
) -> Result<Option<Response>, AmError> {
    let JudgedRequest { provider, params, authorize } = request;
    let told = async |refusal| {
        let error = AuthorizeError::Told { reply: authorize.reply.clone(), refusal };
        refused(face, call, provider, params, error).await.map(Some)
    };
    let remembered = match authorize.asked_of_user().step(&face.authority, live.user.id).await? {
        ConsentStep::Code(remembered) => remembered,
        ConsentStep::Question if authorize.is_silent() => return told(Refusal::ConsentRequired).await,
        ConsentStep::Question => match decision {
            None => return Ok(Some(consent::page(face, &provider.issuer.realm, live, params, authorize))),
            Some(decision) if !decision.is_own(face, token, live) => return Err(AmError::Csrf),
            Some(decision) => match decision.word {
                DecisionWord::Allow if decision.is_of_what_was_shown(face, (token, live), authorize) => {
                    Some(Arc::new(consent::agreed(face, live, authorize).await?))
                }
                DecisionWord::Allow => {
                    return Ok(Some(consent::page(face, &provider.issuer.realm, live, params, authorize)));
                }
                DecisionWord::Deny => return told(Refusal::AccessDenied).await,
                DecisionWord::Other => return Ok(None),
            },
        },
    };
    let order = provider.code_order(authorize, &live.session, remembered.as_deref());
    let scope = order.scope.clone();
    match face.authority.issue_code(order).await {
        Ok(code) => {
            caller::touched(face, token).await?;
            coded(face, call, provider, authorize, (&code, &scope)).await.map(Some)
        }
        // The session ended since it was looked at.
        Err(GrantError::Invalid(_) | GrantError::Replayed | GrantError::Scope) => Ok(None),
        Err(GrantError::TooManyParticipants) => told(Refusal::SessionFull).await,
        Err(GrantError::Unwritten(unwritten)) => Err(unwritten.into()),
    }
}

async fn coded(
    face: &Face,
    call: &Call,
    provider: &Provider<'_>,
    authorize: &Authorize,
    (code, scope): (&str, &str),
) -> Result<Response, AmError> {
    let told = [
        ("code", Some(code)),
        ("scope", Some(scope)),
        ("iss", Some(provider.issuer.name.as_str())), // RFC 9207 §2
        ("client_id", Some(authorize.client.id.as_str())),
    ];
    answered(face, call, provider, (authorize.client.id.as_str(), &authorize.reply), &told).await
}

async fn refused(
    face: &Face,
    call: &Call,
    provider: &Provider<'_>,
    params: &Params,
    error: AuthorizeError,
) -> Result<Response, AmError> {
    match error {
        // Nothing may be redirected: RFC 9700 §2.1.
        AuthorizeError::Missing(_) | AuthorizeError::Client(_) | AuthorizeError::RedirectUri(_) => {
            Err(AmError::BadRequest)
        }
        AuthorizeError::Repeated(name) => Err(AmError::Repeated(name)),
        AuthorizeError::KeysLater(later) => Err(Refusal::KeysLater(later).into()),
        AuthorizeError::Outage(outage) => Err(outage.into()),
        AuthorizeError::Told { reply, refusal } => {
            let text = refusal.to_string();
            let told = [
                ("error", Some(refusal.code())),
                ("error_description", Some(text.as_str())),
                ("iss", Some(provider.issuer.name.as_str())),
            ];
            let client = params.first("client_id").unwrap_or_default();
            answered(face, call, provider, (client, &reply), &told).await
        }
    }
}

/// The sign-on page with this request as its goal. Whoever is signed on signs on anew there, because a session that would do has been
/// answered; and so does everybody where the request says so. How old the proof may be is for the page to say, to other providers, too.
fn sign_on_address(face: &Face, request: &JudgedRequest<'_>, is_signed_on: bool) -> Result<String, AmError> {
    let (realm, authorize) = (&request.provider.issuer.realm, &request.authorize);
    let kept = authorize.params_after_sign_on(&request.params);
    let carried = kept.carried().map_err(|_| AmError::BadRequest)?;
    let goto = format!("{}/authorize?{carried}", path(face, realm));
    let goto = match authorize.user {
        Some(_) => append_query(&goto, SIGNED_ON_FOR, "1"),
        None => goto,
    };
    let page = format!("{}/UI/Login", face.settings.context_path);
    let is_forced = is_signed_on || authorize.asks_for_account() || authorize.proof_age_max_s() == Some(0);
    let page = if is_forced { append_query(&page, "ForceAuth", "true") } else { page };
    let page = match authorize.proof_age_max_s() {
        Some(age_s) => append_query(&page, "max_age", &age_s.to_string()),
        None => page,
    };
    Ok(append_query(&append_query(&page, "realm", &realm.path), "goto", &goto))
}

/// What a sign-on is for whose goal is such a request.
pub(crate) struct GoalRequest {
    /// How far it has to be proven.
    pub(crate) level: Assurance,
    /// What the application is called, if the request may be answered.
    pub(crate) application: Option<String>,
    /// Where it leads in the end: browsers hold the page's form to it.
    pub(crate) redirect_uri: Option<String>,
}

impl GoalRequest {
    /// What is known of it where the goal is no such request, or one that tells nobody anything.
    const NONE: Self = Self { level: Assurance::One, application: None, redirect_uri: None };

    /// Reads a goal.
    pub(crate) async fn of(face: &Face, realm: &Arc<Realm>, goto: &str) -> Self {
        let Some((asked, query)) = face.goto.path_here(goto).and_then(|goto| goto.split_once('?')) else {
            return Self::NONE;
        };
        if asked != format!("{}/authorize", path(face, realm)) {
            return Self::NONE;
        }
        match provider(face, realm).judged(&Params::parse(query)).await {
            Ok(authorize) => Self {
                level: authorize.level,
                application: Some(authorize.client.name.clone()),
                redirect_uri: authorize.reply.redirect_uri,
            },
            Err(AuthorizeError::Told { reply, .. }) => {
                Self { redirect_uri: reply.redirect_uri, ..Self::NONE }
            }
            Err(
                AuthorizeError::Missing(_)
                | AuthorizeError::Client(_)
                | AuthorizeError::RedirectUri(_)
                | AuthorizeError::Repeated(_)
                | AuthorizeError::KeysLater(_)
                | AuthorizeError::Outage(_),
            ) => Self::NONE,
        }
    }
}
