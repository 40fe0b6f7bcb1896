//! One step of a flow, for the API and for the page alike: a name and a password, or the code that is asked for after them.
//!
//! The flow is taken away first, so that it completes once; whatever fails puts it back. No session is opened before all that is
//! asked for was given. The token is new in any case, and the sessions whose cookies it overwrites are ended: nobody could use
//! them any more. P-41, P-42, P-47.

use std::sync::Arc;

use adieu_authority::{
    FirstFactor, Outage, Realm, SecondFactor, SecondStepFailure, SessionToken, SignOn, SignOnFailure,
    SignedIn,
};

use crate::extract::Visitor;
use crate::face::{CHANNEL, Face};
use crate::flow::PingOneFlow;
use crate::problem::Problem;
use crate::signoff::end;

/// What a person gives. No `Debug`: one of them is a secret.
pub(crate) struct NameAndPassword {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// What is given to go on with a flow.
pub(crate) enum Factor {
    First(NameAndPassword),
    /// A code.
    Second(String),
}

/// A flow after a step, and the token for the browser if that completed it.
pub(crate) struct AdvancedFlow {
    pub(crate) flow: PingOneFlow,
    pub(crate) token: Option<SessionToken>,
    /// The cookies of other dialects that carry a session of another realm.
    pub(crate) left_alone: Vec<String>,
}

/// What a step came to.
enum Step {
    /// With the cookies that are to be left alone.
    Completed(SignedIn, Vec<String>),
    /// The password was right, and the second factor is asked for.
    Waits(FirstFactor),
}

/// Goes on with the flow, if what was given is right.
pub(crate) async fn advance(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    flow: PingOneFlow,
    factor: Factor,
) -> Result<AdvancedFlow, Problem> {
    if flow.is_completed() {
        return Err(Problem::NotFound);
    }
    flow.admits(face, visitor).await?;
    let flow = flow.take(face).await?;
    match made(face, realm, visitor, &flow, factor).await {
        Ok(Step::Completed(signed_in, left_alone)) => {
            let flow = flow.completed_by(signed_in.session.id, signed_in.user.id, &signed_in.user.username);
            flow.keep(face, visitor).await?;
            Ok(AdvancedFlow { flow, token: Some(signed_in.token), left_alone })
        }
        Ok(Step::Waits(first)) => {
            let flow = flow.after(Some(first));
            flow.keep(face, visitor).await?;
            Ok(AdvancedFlow { flow, token: None, left_alone: Vec::new() })
        }
        Err(problem) => {
            // A first factor that counts no more is asked for anew.
            let flow = if matches!(problem, Problem::WrongPassword { .. }) { flow.after(None) } else { flow };
            flow.keep(face, visitor).await?;
            Err(problem)
        }
    }
}

async fn made(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    flow: &PingOneFlow,
    factor: Factor,
) -> Result<Step, Problem> {
    let opened = match factor {
        Factor::First(credentials) => opened(face, realm, visitor, flow, credentials).await,
        Factor::Second(code) => {
            let first = flow.first_factor();
            let first = first.ok_or(Problem::invalid("otp", "The flow does not ask for a code."))?;
            opened_by_code(face, realm, visitor, first, code).await?
        }
    };
    let signed_in = match opened {
        Ok(signed_in) => signed_in,
        Err(SignOnFailure::SecondFactor(first)) => return Ok(Step::Waits(first)),
        Err(failure) => return Err(failure.into()),
    };
    // Whoever used this browser before has left it.
    for token in visitor.tokens.every() {
        if token.id != signed_in.session.id {
            end(face, realm, visitor, token).await?;
        }
    }
    let authority = face.authority();
    let beside = authority.sessions_beside(&visitor.tokens.beside(face, realm), realm.id).await?;
    let overwritten = beside.others_than(signed_in.session.id);
    authority.end_beside(realm.id, overwritten, &visitor.origin_of_holder()).await?;
    Ok(Step::Completed(signed_in, beside.elsewhere))
}

/// The token of the session that goes on in this browser.
async fn previous(face: &Face, realm: &Realm, visitor: &Visitor) -> Result<Option<SessionToken>, Outage> {
    Ok(face.counting(visitor, realm, false).await?.map(|checked| checked.token))
}

async fn opened(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    flow: &PingOneFlow,
    credentials: NameAndPassword,
) -> Result<SignedIn, SignOnFailure> {
    let sign_on = SignOn {
        realm: Arc::clone(realm),
        channel: CHANNEL,
        name: credentials.username,
        password: credentials.password,
        device: visitor.device.clone(),
        previous: previous(face, realm, visitor).await.map_err(SignOnFailure::Outage)?,
        keep_token: false,
        level: flow.level(),
        may_be_half: false,
    };
    face.authority().sign_on(sign_on).await
}

async fn opened_by_code(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    first: FirstFactor,
    code: String,
) -> Result<Result<SignedIn, SignOnFailure>, Problem> {
    let given = SecondFactor {
        realm: Arc::clone(realm),
        channel: CHANNEL,
        first,
        code,
        device: visitor.device.clone(),
        previous: previous(face, realm, visitor).await?,
    };
    match face.authority().prove_second(given).await {
        Ok(proven) => Ok(face.authority().open_for(proven).await),
        Err(SecondStepFailure::NoCodes | SecondStepFailure::Used | SecondStepFailure::Wrong) => {
            Err(Problem::WrongCode)
        }
        Err(SecondStepFailure::SignOn(failure)) => Ok(Err(failure)),
    }
}
