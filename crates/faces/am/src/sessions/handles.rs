//! `logoutByHandle`: an administrator ends sessions by the names that only lists and their owners show.
//!
//! Every handle is judged by itself: the answer says of each whether the caller may be sure that it is over.
//! Contract am.md 1.4, Q-21.

use adieu_authority::{
    Actor, Cause, EndError, EndKind, EndOrder, EndTarget, LiveSession, Lookup, PresentedToken, Session, User,
    UserReach,
};
use serde_json::{Map, Value, json};

use crate::answer::{Extras, json as text};
use crate::beside;
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::error::AmError;
use crate::face::Face;
use crate::names;

pub(super) async fn done(
    face: &Face,
    call: &Call,
    caller: &Caller,
    body: &Value,
    extras: &mut Extras,
) -> Result<Vec<u8>, AmError> {
    let (_, own) = caller.live().ok_or(AmError::AccessDenied)?;
    let handles = body.get("sessionHandles").and_then(Value::as_array).ok_or(AmError::NoHandles)?;
    let handles: Option<Vec<&str>> = handles.iter().map(Value::as_str).collect();
    let mut over = Map::new();
    // One after the other: a body has room for about a thousand, and who hangs up in between sends the rest again.
    for text in handles.ok_or(AmError::NoHandles)? {
        let order = Order { face, call, own };
        let ended = order.ended(text, extras).await?;
        over.insert(text.to_owned(), ended.into());
    }
    Ok(text(&json!({"result": over})))
}

struct Order<'a> {
    face: &'a Face,
    call: &'a Call,
    own: &'a LiveSession,
}

impl Order<'_> {
    /// Whether what the text names is over now.
    async fn ended(&self, text: &str, extras: &mut Extras) -> Result<bool, AmError> {
        if !text.starts_with(names::HANDLE) {
            // Quirk: a live token is taken, too (recorded).
            let Some((token, live)) = caller::opened_by(self.face, text, false).await? else {
                return Ok(false);
            };
            let target = EndTarget::Token(PresentedToken::from(&token));
            return self.end(&live.session, &live.user, target, extras).await;
        }
        let Some(id) = names::session_of(&self.face.authority, text) else { return Ok(true) };
        let found = match self.face.authority.session_by_id(id, false) {
            Lookup::Now(found) => found,
            Lookup::Later(found) => found.await,
        };
        match found? {
            Some(found) => self.end(&found.session, &found.user, EndTarget::One(id), extras).await,
            None => Ok(true), // Over before, or never there: nothing is left to end.
        }
    }

    async fn end(
        &self,
        session: &Session,
        user: &User,
        target: EndTarget,
        extras: &mut Extras,
    ) -> Result<bool, AmError> {
        let standing = caller::standing(self.face, self.own, session.realm).await?;
        if !standing.reaches(user.population) {
            return Ok(false);
        }
        let order = EndOrder {
            realm: Some(session.realm),
            target,
            kind: EndKind::End,
            cause: Cause::Administrator,
            spare: None,
            within: Some(UserReach { standing, own: None }),
            origin: self.call.origin_of(Actor::User(self.own.user.id)),
        };
        match self.face.authority.end(order).await {
            Ok(_) | Err(EndError::UnknownSession | EndError::CallersOwn) => {}
            Err(EndError::OutOfReach) => return Ok(false), // Its user was moved away meanwhile.
            Err(error @ EndError::Unwritten(_)) => return Err(error.into()),
        }
        if session.id == self.own.session.id {
            extras.cookies = beside::signed_off(self.face, self.call, session.realm, session.id).await?;
        }
        Ok(true)
    }
}
