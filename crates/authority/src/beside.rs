//! The sessions that a browser's other cookies carry, for a sign-on or sign-off that takes those cookies over or away.
//!
//! Which cookies those are is for the face to say; nothing here sets or deletes one. Decision 0020.

use adieu_core::{
    Cause, Check, EndError, EndKind, EndOrder, EndTarget, Origin, Outage, PresentedToken, RealmId, SessionId,
    SessionToken,
};

use crate::Authority;

/// What cookies carry, seen from a realm.
#[derive(Clone, Debug, Default)]
pub struct SessionsBeside {
    /// The tokens of the sessions of this realm that are live or half signed on, a token of each.
    pub here: Vec<SessionToken>,
    /// The names of the cookies that carry such a session of another realm.
    pub elsewhere: Vec<String>,
}

impl SessionsBeside {
    /// The sessions of this realm but one: whose cookies a sign-on into that one overwrites, or its sign-off takes away.
    pub fn others_than(&self, own: SessionId) -> impl Iterator<Item = &SessionToken> + Send {
        self.here.iter().filter(move |token| token.id != own)
    }
}

impl Authority {
    /// What tokens open that came in cookies of these names. Looking is no activity.
    pub async fn sessions_beside(
        &self,
        carried: &[(String, SessionToken)],
        realm: RealmId,
    ) -> Result<SessionsBeside, Outage> {
        let mut beside = SessionsBeside::default();
        for (name, token) in carried {
            let session = match self.check(token, false).get().await? {
                Check::Live(live) => live.session,
                Check::Half(half) => half.session,
                Check::Not(_) => continue,
            };
            if session.realm != realm {
                beside.elsewhere.push(name.clone());
            } else if beside.here.iter().all(|known| known.id != session.id) {
                beside.here.push(token.clone());
            }
        }
        Ok(beside)
    }

    /// Ends sessions of a realm by their tokens. What is over meanwhile is over.
    pub async fn end_beside(
        &self,
        realm: RealmId,
        tokens: impl Iterator<Item = &SessionToken> + Send,
        origin: &Origin,
    ) -> Result<(), EndError> {
        for token in tokens {
            let order = EndOrder {
                realm: Some(realm),
                target: EndTarget::Token(PresentedToken::from(token)),
                kind: EndKind::End,
                cause: Cause::SignOff,
                spare: None,
                within: None,
                origin: origin.clone(),
            };
            match self.end(order).await {
                Ok(_) | Err(EndError::UnknownSession) => {}
                Err(error @ (EndError::CallersOwn | EndError::OutOfReach | EndError::Unwritten(_))) => {
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}
