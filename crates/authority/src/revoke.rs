//! Tokens that their client revokes (RFC 7009).
//!
//! The session lives on. What is no token of ours, or no longer good, counts as revoked already.

use adieu_core::{
    Client, ClientId, GrantError, GrantId, Outage, Realm, RealmId, RevokeOrder, RevokedToken, SessionId,
    Timestamp, TokenToRevoke,
};
use adieu_token::{TYP_ACCESS, Verified};

use crate::Authority;

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// It is another client's.
    #[error("the token is another client's")]
    OtherClient,
    /// The store could not do it, or did not say.
    #[error("the token cannot be revoked now")]
    Outage(#[from] Outage),
}

impl Authority {
    /// Whether this client, which signs users off everywhere, may do so once more at this moment. Each question counts. S-GTR-10
    pub fn may_sign_off_users(&self, realm: RealmId, client: &ClientId) -> bool {
        self.inner.revocations.take(realm, client, self.now())
    }

    /// Revokes a token of this realm: a refresh token with its whole grant, an access token alone.
    pub async fn revoke_token(&self, realm: &Realm, client: &Client, token: &str) -> Result<(), RevokeError> {
        // A signed token has dots, an opaque one has none.
        if token.contains('.') {
            self.revoke_access(realm, client, token).await
        } else {
            self.revoke_refresh(realm, client, token).await
        }
    }

    async fn revoke_access(&self, realm: &Realm, client: &Client, token: &str) -> Result<(), RevokeError> {
        let Some(claims) = self.inner.keyring.verify(realm.id, token).await? else { return Ok(()) };
        if claims.typ.as_deref() != Some(TYP_ACCESS) || claims.expired(self.now().s()) {
            return Ok(());
        }
        if claims.str("client_id") != Some(client.id.as_str()) {
            return Err(RevokeError::OtherClient);
        }
        let Some(revoked) = revoked(&claims) else { return Ok(()) };
        let answer = match claims.str("gid").map(str::parse::<u64>) {
            None => self.store().revoke_own(client.id.clone(), revoked, self.now()).await,
            Some(Ok(grant)) => self.revoke_of(grant, client, TokenToRevoke::Access(revoked)).await,
            Some(Err(_)) => return Ok(()),
        };
        answered(answer)
    }

    async fn revoke_refresh(&self, realm: &Realm, client: &Client, token: &str) -> Result<(), RevokeError> {
        let Some((grant, family)) = self.family_of_refresh(realm, token).await? else { return Ok(()) };
        if grant.client != client.id {
            return Err(RevokeError::OtherClient);
        }
        answered(self.revoke_of(grant.id.number(), client, TokenToRevoke::Refresh(family)).await)
    }

    /// Revokes what a client holds because of a session, as far as that is remembered. The session lives on.
    pub async fn revoke_held(&self, session: SessionId, client: &Client) -> Result<(), Outage> {
        let participants = self.participants(session).await?;
        let of_client = participants.iter().filter(|one| one.client == client.id);
        for grant in of_client.flat_map(|one| &one.grants) {
            match answered(self.revoke_of(grant.number(), client, TokenToRevoke::All).await) {
                Ok(()) | Err(RevokeError::OtherClient) => {}
                Err(RevokeError::Outage(outage)) => return Err(outage),
            }
        }
        Ok(())
    }

    async fn revoke_of(&self, grant: u64, client: &Client, token: TokenToRevoke) -> Result<(), GrantError> {
        let order = RevokeOrder { grant: GrantId::from_number(grant), client: client.id.clone(), token };
        self.store().revoke(order, self.now()).await
    }
}

fn answered(answer: Result<(), GrantError>) -> Result<(), RevokeError> {
    match answer {
        Err(GrantError::Unwritten(unwritten)) => Err(RevokeError::Outage(unwritten.into_outage())),
        // What is not there any more is good for nothing either.
        Ok(())
        | Err(
            GrantError::Invalid(_)
            | GrantError::Replayed
            | GrantError::Scope
            | GrantError::TooManyParticipants,
        ) => Ok(()),
    }
}

/// What is remembered of an access token of ours.
fn revoked(claims: &Verified) -> Option<RevokedToken> {
    let token = token_id(claims)?;
    let until = Timestamp::from_ms(claims.int("exp")?.saturating_mul(1000));
    Some(RevokedToken { token, until })
}

/// The id of an access token of ours.
pub(crate) fn token_id(claims: &Verified) -> Option<uuid::Uuid> {
    adieu_core::ids::parse_uuid(claims.str("jti")?).ok()
}
