//! An ID token as a hint: who it was for, and whom it speaks of.
//!
//! Expired ones count, and so do retired keys; a hint proves nothing but that we issued it. RP-Initiated Logout 1.0 §2,
//! contract pingone.md 1.3.

use std::sync::Arc;

use adieu_authority::{
    Cause, Client, ClientId, EndError, EndKind, EndOrder, EndTarget, Origin, Outage, SessionId, UserId,
};

use crate::Provider;

/// An ID token that we issued to a client that is enabled.
#[derive(Clone)]
pub struct Hint {
    /// Whom it was issued to.
    pub client: Arc<Client>,
    /// Of whom it speaks.
    pub user: UserId,
    /// Of which session.
    pub session: Option<SessionId>,
}

/// Why a hint does not count.
#[derive(Debug, thiserror::Error)]
pub enum HintError {
    /// Not ours, of another issuer, or of a client that is gone or disabled.
    #[error("the hint is not one of this issuer's ID tokens")]
    Invalid,
    /// The request names another client than the hint.
    #[error("the hint was issued to another client")]
    OtherClient,
    /// It cannot be said.
    #[error("the hint cannot be checked now")]
    Outage(#[from] Outage),
}

impl Provider<'_> {
    /// Reads a hint. `client_id` is what the request says besides; whether the user fits is the caller's to compare.
    pub async fn hint(&self, token: &str, client_id: Option<&str>) -> Result<Hint, HintError> {
        let claims = self.authority.read_id_token(&self.issuer.realm, token).await?;
        let claims = claims.ok_or(HintError::Invalid)?;
        // A token issued under one name is refused under another. Contract pingone.md 1.3 (3)
        if claims.str("iss") != Some(&self.issuer.name) {
            return Err(HintError::Invalid);
        }
        let &[audience] = claims.audiences().as_slice() else { return Err(HintError::Invalid) };
        let id: ClientId = audience.parse().map_err(|_| HintError::Invalid)?;
        if client_id.is_some_and(|named| named != audience) {
            return Err(HintError::OtherClient);
        }
        let user = claims.str("sub").and_then(|sub| sub.parse().ok()).ok_or(HintError::Invalid)?;
        let client = self.authority.client(self.issuer.realm.id, &id).await?;
        let client = client.filter(|client| client.enabled).ok_or(HintError::Invalid)?;
        let session = claims.str("sid").and_then(|sid| self.authority.session_named(&client.id, sid));
        Ok(Hint { client, user, session })
    }
    /// Ends the session that a hint speaks of; whether its holder may do that is the caller's to know. One that was over before, or
    /// is nobody's, is over.
    ///
    /// # Errors
    /// If the ending could not be written, or the session is out of the origin's reach.
    pub async fn end_hinted(&self, hint: &Hint, origin: Origin) -> Result<(), EndError> {
        let Some(session) = hint.session else { return Ok(()) };
        let order = EndOrder {
            realm: Some(self.issuer.realm.id),
            target: EndTarget::OneOf { user: hint.user, session },
            kind: EndKind::End,
            cause: Cause::SignOff,
            spare: None,
            within: None,
            origin,
        };
        match self.authority.end(order).await {
            Ok(_) | Err(EndError::UnknownSession) => Ok(()),
            Err(error @ (EndError::CallersOwn | EndError::OutOfReach | EndError::Unwritten(_))) => Err(error),
        }
    }
}
