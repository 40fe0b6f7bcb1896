//! Codes and refresh tokens: issued, redeemed, rotated. What tokens say that a grant leads to is composed elsewhere.
//!
//! Whether one is good is decided by core inside the store's transaction; here secrets are drawn and put into words
//! that only their holder keeps (EMPTY-HANDS).

use std::sync::Arc;

use adieu_core::grant::{opaque, read_opaque};
use adieu_core::{
    Client, ClientId, Grant, GrantError, GrantFault, GrantId, IssueOrder, KnownAs, Outage, Participant,
    Purpose, Realm, RedeemOrder, Refresh, RotateOrder, Session, SessionId, SidForm, TokenHash, Version,
};

use crate::{Authority, ClientRefusalReason};

/// A code to be issued for a live session.
#[derive(Clone, Debug)]
pub struct CodeOrder {
    /// The session.
    pub session: Arc<Session>,
    /// The client that asked.
    pub client: Arc<Client>,
    /// The issuer that the client knows.
    pub issuer: String,
    /// How that issuer names sessions.
    pub sid: SidForm,
    /// The number of the user's consent to the client, if there is one.
    pub consent: Option<Version>,
    /// Whether what is bought with it lives on after the session, because the user has agreed to that.
    pub offline: bool,
    /// The scopes, separated by blanks.
    pub scope: String,
    /// The client's nonce.
    pub nonce: Option<String>,
    /// The claims that the request asked for by name, as the provider writes them.
    pub claims: Option<String>,
    /// The address that the request named.
    pub redirect_uri: Option<String>,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
}

/// A code as presented by a client that has proven itself.
#[derive(Clone)]
pub struct RedeemCode {
    /// The code.
    pub code: String,
    /// Who presents it.
    pub client: Arc<Client>,
    /// At which issuer.
    pub issuer: String,
    /// The address that the request names.
    pub redirect_uri: Option<String>,
    /// The PKCE verifier.
    pub verifier: Option<String>,
    /// The scopes of which one at least has to be left: what the client may be given at that issuer now.
    pub may_have: Vec<String>,
}

/// A refresh token as presented by a client that has proven itself.
#[derive(Clone)]
pub struct RefreshTokens {
    /// The token.
    pub token: String,
    /// Who presents it.
    pub client: Arc<Client>,
    /// At which issuer.
    pub issuer: String,
    /// The scopes that are wanted, separated by blanks; none for all of the grant.
    pub scope: Option<String>,
    /// The scopes of which one at least has to be left: what the client may be given at that issuer now.
    pub may_have: Vec<String>,
}

/// A grant that a code or a refresh token has just led to.
pub struct RedeemedGrant {
    /// The grant as it is now.
    pub grant: Grant,
    /// Its session, if that is live in the epoch of the grant.
    pub session: Option<Arc<Session>>,
    /// The refresh token, if the client gets one.
    pub refresh: Option<String>,
}

/// Why a code or refresh token led to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RedeemFailure {
    /// It is good for nothing. Which of the reasons it was is not said to whoever presents it.
    #[error("the code or token is not valid")]
    Grant(ClientRefusalReason),
    /// More scopes are wanted than were granted, or none that the client may have. The code or token is not spent on it.
    #[error("more scopes are wanted than were granted, or none that the client may have")]
    Scope,
    /// The store could not do it, or did not say.
    #[error("the grant cannot be told now")]
    Outage(#[from] Outage),
}

impl From<GrantError> for RedeemFailure {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Invalid(fault) => Self::Grant(fault.into()),
            GrantError::Replayed => Self::Grant(ClientRefusalReason::UsedGrant),
            GrantError::TooManyParticipants => Self::Grant(ClientRefusalReason::SessionFull),
            GrantError::Scope => Self::Scope,
            GrantError::Unwritten(unwritten) => Self::Outage(unwritten.into_outage()),
        }
    }
}

/// A refresh token taken apart: its grant, and the hashes of its two secrets.
struct Presented {
    grant: GrantId,
    family: TokenHash,
    current: TokenHash,
}

impl Presented {
    fn read(token: &str) -> Option<Self> {
        let (grant, [family, current]) = read_opaque::<2>(token)?;
        Some(Self { grant, family, current })
    }
}

impl Authority {
    /// Who took part in a session, in all its epochs, for as long as anything of it is kept.
    pub async fn participants(&self, session: SessionId) -> Result<Vec<Participant>, Outage> {
        self.store().participants(session).await
    }

    /// The name of a session for a client, as an issuer gives it.
    pub fn sid(&self, form: SidForm, client: &ClientId, session: SessionId) -> String {
        form.sid(self.key(), client, session)
    }

    /// The session that a client means by such a name; whether there is one is not asked.
    pub fn session_named(&self, client: &ClientId, sid: &str) -> Option<SessionId> {
        adieu_core::session_named(self.key(), client, sid)
    }

    /// Issues a code; its client becomes a participant of the session.
    pub async fn issue_code(&self, order: CodeOrder) -> Result<String, GrantError> {
        let now = self.now();
        let id = GrantId::from_random(u64::from_be_bytes(self.draw()));
        let secret: [u8; 16] = self.draw();
        let expires_at = now.plus(self.policy().code_life);
        let grant = Grant {
            id,
            realm: order.session.realm,
            issuer: Some(order.issuer.clone()),
            client: order.client.id.clone(),
            client_generation: order.client.generation,
            user: order.session.user,
            user_generation: order.session.born.user,
            offline_generation: None,
            session: order.session.id,
            epoch: order.session.epoch,
            consent: order.consent,
            offline_until: order.offline.then(|| now.plus(self.policy().offline_life)),
            scope: order.scope,
            nonce: order.nonce,
            claims: order.claims,
            auth_time: order.session.authenticated_at,
            redirect_uri: order.redirect_uri,
            challenge: order.challenge,
            code: TokenHash::of(&secret),
            code_expires_at: expires_at,
            redeemed: false,
            refresh: None,
            revoked: false,
            revoked_tokens: Vec::new(),
            expires_at,
        };
        let known_as = KnownAs {
            issuer: order.issuer,
            sub: grant.user.to_string(),
            sid: self.sid(order.sid, &grant.client, grant.session),
            algorithm: order.client.signing.id_token.name().into(),
        };
        self.store().issue(IssueOrder { grant, known_as }, now).await?;
        Ok(opaque(id, &[&secret]))
    }

    /// Redeems a code.
    pub async fn redeem_code(&self, order: RedeemCode) -> Result<RedeemedGrant, RedeemFailure> {
        let (grant, refresh) = self.redeem(&order).await?;
        let session = self.session_of(&grant, false).await?;
        Ok(RedeemedGrant { grant, session, refresh })
    }

    /// Rotates a refresh token. That is activity of its user.
    pub async fn refresh(&self, order: RefreshTokens) -> Result<RedeemedGrant, RedeemFailure> {
        let (grant, refresh) = self.rotate(&order).await?;
        let session = self.session_of(&grant, true).await?;
        Ok(RedeemedGrant { grant, session, refresh: Some(refresh) })
    }

    /// The session of a grant, if it is live in the grant's epoch.
    async fn session_of(&self, grant: &Grant, touch: bool) -> Result<Option<Arc<Session>>, Outage> {
        let found = self.session_by_id(grant.session, touch).get().await?;
        Ok(found.filter(|found| found.carries(grant)).map(|found| found.session))
    }

    /// The grant as it is now, and its first refresh token if the client gets them.
    async fn redeem(&self, order: &RedeemCode) -> Result<(Grant, Option<String>), GrantError> {
        let (id, [code]) = read_opaque::<1>(&order.code).ok_or(GrantError::Invalid(GrantFault::Unknown))?;
        let (now, client) = (self.now(), &order.client);
        let drawn = client.refresh.then(|| (self.draw::<16>(), self.draw::<16>()));
        let refresh = drawn.map(|(family, current)| Refresh {
            family: TokenHash::of(&family),
            current: TokenHash::of(&current),
            replaced: None,
            expires_at: now.plus(client.refresh_life),
        });
        let access_until = now.plus(client.access_life);
        let redeem = RedeemOrder {
            grant: id,
            code,
            client: client.id.clone(),
            issuer: order.issuer.clone(),
            redirect_uri: order.redirect_uri.clone(),
            verifier: order.verifier.clone(),
            refresh,
            expires_at: refresh.map_or(access_until, |refresh| access_until.max(refresh.expires_at)),
            may_have: order.may_have.clone(),
        };
        let grant = self.store().redeem(redeem, now).await?;
        // The family's secret travels in every token of it; it is known here only now.
        Ok((grant, drawn.map(|(family, current)| opaque(id, &[&family, &current]))))
    }

    /// The grant as it is now, and the next token.
    async fn rotate(&self, order: &RefreshTokens) -> Result<(Grant, String), GrantError> {
        let presented = Presented::read(&order.token).ok_or(GrantError::Invalid(GrantFault::Unknown))?;
        let next = self.successor_secret(&order.token);
        let rotate = RotateOrder {
            grant: presented.grant,
            family: presented.family,
            current: presented.current,
            client: order.client.id.clone(),
            issuer: order.issuer.clone(),
            scope: order.scope.clone(),
            may_have: order.may_have.clone(),
            next: TokenHash::of(&next),
            life: order.client.refresh_life,
            grace: self.policy().refresh_reuse_grace,
        };
        let grant = self.store().rotate(rotate, self.now()).await?;
        let token = successor(&order.token, &next).ok_or(GrantError::Invalid(GrantFault::Unknown))?;
        Ok((grant, token))
    }

    /// The secret of the token after this one: derived, so that the same token leads to the same one again and nobody keeps
    /// it meanwhile (EMPTY-HANDS).
    fn successor_secret(&self, token: &str) -> [u8; 16] {
        let derived = self.key().derive_for(Purpose::RefreshToken, token.as_bytes(), 0);
        *derived.first_chunk().expect("32 bytes have 16")
    }

    /// The grant whose live refresh token this is, if it is one of this realm. Nothing is said about its session.
    pub(crate) async fn grant_of_refresh(
        &self,
        realm: &Realm,
        token: &str,
    ) -> Result<Option<Arc<Grant>>, Outage> {
        let Some(presented) = Presented::read(token) else { return Ok(None) };
        let now = self.now();
        let grant = self.presented_grant(realm, &presented).await?;
        Ok(grant.filter(|grant| {
            grant
                .refresh
                .is_some_and(|refresh| refresh.current.same(&presented.current) && now < refresh.expires_at)
        }))
    }

    /// The grant to whose family of refresh tokens this one belongs, live or not, and the hash of the family's secret.
    pub(crate) async fn family_of_refresh(
        &self,
        realm: &Realm,
        token: &str,
    ) -> Result<Option<(Arc<Grant>, TokenHash)>, Outage> {
        let Some(presented) = Presented::read(token) else { return Ok(None) };
        let grant = self.presented_grant(realm, &presented).await?;
        Ok(grant.map(|grant| (grant, presented.family)))
    }

    async fn presented_grant(
        &self,
        realm: &Realm,
        presented: &Presented,
    ) -> Result<Option<Arc<Grant>>, Outage> {
        let grant = self.inner.store.grant(presented.grant).get().await?;
        Ok(grant.filter(|grant| {
            grant.realm == realm.id
                && grant.refresh.is_some_and(|refresh| refresh.family.same(&presented.family))
        }))
    }
}

/// The token after this one: same grant, same family, its own secret.
fn successor(token: &str, next: &[u8; 16]) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let at = bytes.len().checked_sub(next.len())?;
    bytes[at..].copy_from_slice(next);
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_keeps_grant_and_family_and_has_its_own_secret() {
        let first = opaque(GrantId::from_number(9), &[&[1; 16], &[2; 16]]);
        let next = successor(&first, &[3; 16]).expect("a token");
        let read = Presented::read(&next).expect("a token");
        assert_eq!(read.grant, GrantId::from_number(9));
        assert!(read.family.same(&TokenHash::of(&[1; 16])) && read.current.same(&TokenHash::of(&[3; 16])));
        assert!(successor("x", &[3; 16]).is_none());
    }
}
