//! `GET /sessions/token-exchange`: codes of native social sign-in for a session. Contract kratos.md 2.4.
//!
//! There is no social sign-in here, so no such codes exist: the answers are those to codes that nobody knows.

use adieu_http_kit::form::Params;

use crate::answer::Answer;
use crate::call::Call;
use crate::error::KratosError;

pub(crate) fn exchange(call: &Call) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let given = |name| params.first(name).is_some_and(|code| !code.is_empty());
    if given("init_code") && given("return_to_code") {
        Err(KratosError::not_found("No session belongs to these codes."))
    } else {
        Err(KratosError::malformed("Both init_code and return_to_code have to be given."))
    }
}
