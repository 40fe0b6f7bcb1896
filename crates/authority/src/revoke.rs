//! Tokens that their client gives back (RFC 7009).
//!
//! The session lives on. What is no token of ours, or no longer good, is given back already.

use adieu_core::{Client, GivenBack, GrantError, GrantId, Outage, Realm, RevokeOrder, Timestamp, Voided};
use adieu_token::Verified;

use crate::Authority;
use crate::tokens::TYP_ACCESS;

/// Why a token was not taken back.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// It is another client's.
    #[error("the token is another client's")]
    OtherClient,
    /// The store could not do it, or did not say.
    #[error("the token cannot be taken back now")]
    Outage(#[from] Outage),
}

impl Authority {
    /// Takes back a token of this realm: a refresh token with its whole grant, an access token alone.
    pub async fn revoke_token(&self, realm: &Realm, client: &Client, token: &str) -> Result<(), RevokeError> {
        // A signed token has dots, an opaque one has none.
        if token.contains('.') {
            self.revoke_access(realm, client, token).await
        } else {
            self.revoke_refresh(realm, client, token).await
        }
    }

    async fn revoke_access(&self, realm: &Realm, client: &Client, token: &str) -> Result<(), RevokeError> {
        let keys = self.realm_keys(realm).await?;
        let Ok(claims) = self.inner.signing.verified.verify_once(keys.public(), token) else { return Ok(()) };
        if claims.typ.as_deref() != Some(TYP_ACCESS) || claims.expired(self.now().s()) {
            return Ok(());
        }
        if claims.str("client_id") != Some(client.id.as_str()) {
            return Err(RevokeError::OtherClient);
        }
        let Some(voided) = voided(&claims) else { return Ok(()) };
        let taken = match claims.str("gid").map(str::parse::<u64>) {
            None => self.store().revoke_own(client.id.clone(), voided, self.now()).await,
            Some(Ok(grant)) => self.revoke_of(grant, client, GivenBack::Access(voided)).await,
            Some(Err(_)) => return Ok(()),
        };
        answered(taken)
    }

    async fn revoke_refresh(&self, realm: &Realm, client: &Client, token: &str) -> Result<(), RevokeError> {
        let Some((grant, family)) = self.family_of_refresh(realm, token).await? else { return Ok(()) };
        if grant.client != client.id {
            return Err(RevokeError::OtherClient);
        }
        answered(self.revoke_of(grant.id.number(), client, GivenBack::Refresh(family)).await)
    }

    async fn revoke_of(&self, grant: u64, client: &Client, token: GivenBack) -> Result<(), GrantError> {
        let order = RevokeOrder { grant: GrantId::from_number(grant), client: client.id.clone(), token };
        self.store().revoke(order, self.now()).await
    }
}

fn answered(taken: Result<(), GrantError>) -> Result<(), RevokeError> {
    match taken {
        // What is not there any more is good for nothing either.
        Ok(()) | Err(GrantError::Invalid | GrantError::Replayed) => Ok(()),
        Err(GrantError::Unwritten(unwritten)) => Err(RevokeError::Outage(unwritten.into_outage())),
    }
}

/// What is remembered of an access token of ours.
fn voided(claims: &Verified) -> Option<Voided> {
    let token = token_id(claims)?;
    let until = Timestamp::from_ms(claims.int("exp")?.saturating_mul(1000));
    Some(Voided { token, until })
}

/// The id of an access token of ours.
pub(crate) fn token_id(claims: &Verified) -> Option<uuid::Uuid> {
    adieu_core::ids::parse_uuid(claims.str("jti")?).ok()
}
