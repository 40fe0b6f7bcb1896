//! Completing a flow with a name and a password, for the API and for the page alike.
//!
//! The flow is taken away first, so that it completes once; whatever fails puts it back. The token is new in any case, and
//! a session of somebody else in the same browser is ended: nobody could use it any more. P-41, P-42, P-47.

use std::sync::Arc;

use adieu_authority::{Realm, SessionToken, SignOn, SignedIn};

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

/// A completed flow and the token for the browser.
pub(crate) struct CompletedFlow {
    pub(crate) flow: PingOneFlow,
    pub(crate) token: SessionToken,
}

/// Completes the flow, if the credentials are right.
pub(crate) async fn sign_on(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    flow: PingOneFlow,
    credentials: NameAndPassword,
) -> Result<CompletedFlow, Problem> {
    if flow.is_completed() {
        return Err(Problem::NotFound);
    }
    flow.session(face, visitor).await?;
    let flow = flow.take(face).await?;
    match opened(face, realm, visitor, credentials).await {
        Ok(signed_in) => {
            let flow = flow.completed_by(signed_in.session.id, signed_in.user.id, &signed_in.user.username);
            flow.keep(face).await?;
            Ok(CompletedFlow { flow, token: signed_in.token })
        }
        Err(problem) => {
            flow.keep(face).await?;
            Err(problem)
        }
    }
}

async fn opened(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    credentials: NameAndPassword,
) -> Result<SignedIn, Problem> {
    let sign_on = SignOn {
        realm: Arc::clone(realm),
        channel: CHANNEL,
        name: credentials.username,
        password: credentials.password,
        device: visitor.device.clone(),
        previous: visitor.token.clone(),
        keep_token: false,
    };
    let signed_in = face.authority().sign_on(sign_on).await?;
    // Whoever used this browser before has left it.
    if visitor.token.as_ref().is_some_and(|token| token.id != signed_in.session.id) {
        end(face, realm, visitor).await?;
    }
    Ok(signed_in)
}
