//! `/json/…/users`: nothing of it is built, but whoever has no live session hears that first.
//!
//! Contract am.md 3.6; the 401 of a dead token belongs to A-2.

use adieu_authority::Standing;
use axum::body::Body;
use axum::response::Response;

use crate::address::Place;
use crate::answer::{Dress, Margin};
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::crest::{self, Ask};
use crate::error::AmError;
use crate::face::Face;
use crate::version::Wanted;

/// Answers a request to the resource.
pub(crate) async fn answer(face: &Face, call: &Call, body: Body, place: &Place<'_, '_>) -> Response {
    let refused = match refusal(face, call, body, place).await {
        Ok(refused) | Err(refused) => refused,
    };
    face.answer(Dress::Action, Margin::default(), Err(refused))
}

async fn refusal(face: &Face, call: &Call, body: Body, place: &Place<'_, '_>) -> Result<AmError, AmError> {
    let wanted = Wanted::of(call.headers())?;
    let ask = crest::ask(call, body, wanted).await?;
    let Caller::Live(_, live) = caller::caller(face, call.headers()).await? else {
        return Ok(AmError::AccessDenied);
    };
    Ok(match caller::standing(face, &live, place.realm.id).await? {
        Standing::Nobody | Standing::OfPopulations(_) => AmError::Forbidden,
        Standing::OfRealm => match ask {
            Ask::Action(name, _) => AmError::UnknownAction(name),
            Ask::Create | Ask::Read | Ask::Change(_) => AmError::Unsupported,
        },
    })
}
