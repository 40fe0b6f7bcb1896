//! The sessions that a browser's other cookies carry, for a sign-on or sign-off that takes those cookies over or away.
//!
//! Which cookies those are is for the face to say; nothing here sets or deletes one. Decision 0020.

use adieu_core::{
    Cause, Check, EndError, EndKind, EndOrder, EndTarget, Origin, Outage, PresentedToken, RealmId,
    SessionToken, UserId,
};

use crate::Authority;

/// What cookies carry, seen from a realm.
#[derive(Clone, Debug, Default)]
pub struct SessionsBeside {
    /// The sessions of this realm that are live or half signed on, each once.
    pub here: Vec<SessionBeside>,
    /// The names of the cookies that carry such a session of another realm.
    pub elsewhere: Vec<String>,
}

/// A session with the token that a cookie carries.
#[derive(Clone, Debug)]
pub struct SessionBeside {
    /// The token.
    pub token: SessionToken,
    /// Whose it is.
    pub user: UserId,
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
            let (session, user) = match self.check(token, false).get().await? {
                Check::Live(live) => (live.session, live.user.id),
                Check::Half(half) => (half.session, half.user.id),
                Check::Not(_) => continue,
            };
            if session.realm != realm {
                beside.elsewhere.push(name.clone());
            } else if beside.here.iter().all(|known| known.token.id != session.id) {
                beside.here.push(SessionBeside { token: token.clone(), user });
            }
        }
        Ok(beside)
    }

    /// Ends sessions of a realm by their tokens. What is over meanwhile is over.
    pub async fn end_beside(
        &self,
        realm: RealmId,
        sessions: impl Iterator<Item = &SessionBeside> + Send,
        origin: &Origin,
    ) -> Result<(), EndError> {
        for session in sessions {
            let order = EndOrder {
                realm: Some(realm),
                target: EndTarget::Token(PresentedToken::from(&session.token)),
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
