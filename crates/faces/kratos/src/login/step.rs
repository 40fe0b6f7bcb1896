//! The second step of a login: a recovery code, once. Contract kratos.md 3.3; K-28.
//!
//! The session goes on, under a new token unless the installation keeps it; a code that was used proves nothing any more.

use adieu_authority::{FormProof, SecondStep, SecondStepFailure};

use crate::answer::Answer;
use crate::call::Call;
use crate::credentials::{CarriedTokens, SessionHolder};
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::Message;
use crate::login::flow::LoginFlow;
use crate::login::submit::{asked_later, shown, signed_on};
use crate::submission::Submission;

/// The field of the code.
pub(super) const CODE: &str = "lookup_secret";

pub(super) async fn with_code(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
    holder: SessionHolder,
    submission: &Submission,
) -> Result<Answer, KratosError> {
    let code = submission.text(CODE);
    if code.is_empty() {
        let missing = vec![(CODE.to_owned(), Message::missing(CODE))];
        return shown(face, call, flow, "", vec![], missing).await;
    }
    let (token, _) = face.counting(&CarriedTokens::of(face, call.headers()), false).await?;
    let Some(token) = token else { return Err(KratosError::first_factor_missing()) };
    let step = SecondStep {
        realm: face.realm().await?,
        channel: CHANNEL,
        token,
        keep_token: face.settings.keeps_token,
        user: holder.user,
        code: code.to_owned(),
        device: call.device(),
    };
    let message = match face.authority.second_step(step).await {
        Ok(signed_in) => return signed_on(face, call, (flow, &FormProof::code("", code)), signed_in).await,
        Err(SecondStepFailure::Used) => Message::code_used(),
        Err(SecondStepFailure::NoCodes) => Message::no_codes(),
        Err(SecondStepFailure::Wrong) => Message::wrong_code(),
        Err(SecondStepFailure::SignOn(failure)) => return asked_later(face, call, flow, "", failure).await,
    };
    shown(face, call, flow, "", vec![message], vec![]).await
}
