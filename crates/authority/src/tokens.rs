//! Signed tokens: what they say, and for whom they are made.
//!
//! An access token names its grant, epoch and client generation, so that every later look finds out whether what it was
//! issued for still lives. Claims: contract pingone.md 3.4 and 4.8; RFC 9068; OpenID Connect Core §2.

use std::sync::Arc;

use adieu_core::{Client, Grant, GrantError, Outage, Realm, Session, UserId, Verdict};
use serde::Serialize;

use crate::{Authority, RealmKeys, RedeemCode, RefreshTokens};

/// The header's `typ` of an access token: keeps it apart from an ID token of the same keys. RFC 9068 §2.1
pub(crate) const TYP_ACCESS: &str = "at+jwt";
/// The header's `typ` of an ID token.
pub(crate) const TYP_ID: &str = "JWT";

/// In whose name tokens are issued. The names are the door's business.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The realm whose keys sign.
    pub realm: Arc<Realm>,
    /// The issuer, as it stands in tokens.
    pub name: String,
    /// The audience of the door's own management API.
    pub api: String,
    /// Scopes that begin so are for that API.
    pub api_scopes: &'static str,
    /// The name of the authentication context of a plain sign-on.
    pub acr: &'static str,
}

/// What the token endpoint gives.
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// Its life in seconds.
    pub expires_in_s: i64,
    /// Its scopes; none for a client in its own name.
    pub scope: Option<String>,
    /// The ID token, if the scopes ask for one.
    pub id: Option<String>,
    /// The refresh token, if the client gets one.
    pub refresh: Option<String>,
}

/// Why no tokens were given.
#[derive(Debug, thiserror::Error)]
pub enum TokenFailure {
    /// The code or refresh token buys nothing.
    #[error("the code or token is not valid")]
    Grant,
    /// More scopes than the grant has.
    #[error("the scopes go beyond the grant")]
    Scope,
    /// The store or the signing threads could not do it, or did not say.
    #[error("no tokens can be issued now")]
    Outage(#[source] Outage),
}

impl From<GrantError> for TokenFailure {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Invalid | GrantError::Replayed => Self::Grant,
            GrantError::Unwritten(unwritten) => Self::Outage(unwritten.into_outage()),
        }
    }
}

impl From<Outage> for TokenFailure {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

/// An access token's claims. `env` is a dialect's name for the realm, and harmless in all others.
#[derive(Serialize)]
struct AccessClaims {
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    client_id: String,
    aud: Vec<String>,
    iat: i64,
    exp: i64,
    jti: String,
    env: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    /// The grant's number; as text, because it has more bits than a JSON number is sure to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<String>,
    /// The client's generation.
    cgn: u64,
}

#[derive(Serialize)]
struct IdClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    auth_time: i64,
    acr: String,
    amr: Vec<&'static str>,
    sid: String,
    env: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl Authority {
    /// A statement of a realm, signed with its current key for whoever reads the realm's JWK Set. Nothing here takes it for
    /// a token: it has no client, and its issuer is the caller's to name.
    pub async fn sign_statement<C: Serialize + Send + 'static>(
        &self,
        realm: &Realm,
        claims: C,
    ) -> Result<String, Outage> {
        let keys = self.realm_keys(realm).await?;
        self.sign(&keys, TYP_ID, claims).await
    }

    /// Redeems a code for tokens.
    pub async fn redeem_code(&self, issuer: &Issuer, order: RedeemCode) -> Result<Tokens, TokenFailure> {
        // Before the code is spent, so that a realm that cannot sign does not cost one.
        let keys = self.realm_keys(&issuer.realm).await?;
        let (grant, refresh) = self.redeem(&order).await?;
        let scope = grant.scope.clone();
        self.tokens_of(issuer, &keys, &grant, &order.client, Given { scope, refresh, first: true }).await
    }

    /// Gives new tokens for a refresh token, which is rotated.
    pub async fn refresh(&self, issuer: &Issuer, order: RefreshTokens) -> Result<Tokens, TokenFailure> {
        let keys = self.realm_keys(&issuer.realm).await?;
        if let Some(wanted) = &order.scope
            && let Some(grant) = self.grant_of_refresh(&issuer.realm, &order.token).await?
            && !narrows(wanted, &grant.scope)
        {
            return Err(TokenFailure::Scope); // The token is not spent on it.
        }
        let (grant, refresh) = self.rotate(&order).await?;
        // Using a refresh token is activity of its user. The old one is spent: failing to note it must not cost the new.
        let _ = self.session_by_id(grant.session, true).get().await;
        let scope = order.scope.unwrap_or_else(|| grant.scope.clone());
        let given = Given { scope, refresh: Some(refresh), first: false };
        self.tokens_of(issuer, &keys, &grant, &order.client, given).await
    }

    /// An access token for a client in its own name: no user, no session, no refresh token.
    pub async fn client_credentials(&self, issuer: &Issuer, client: &Client) -> Result<Tokens, TokenFailure> {
        let keys = self.realm_keys(&issuer.realm).await?;
        let claims = self.access_claims(issuer, client, vec![issuer.api.clone()]);
        let access = self.sign(&keys, TYP_ACCESS, claims).await?;
        let expires_in_s = client.access_life.s();
        Ok(Tokens { access, expires_in_s, scope: None, id: None, refresh: None })
    }

    async fn tokens_of(
        &self,
        issuer: &Issuer,
        keys: &RealmKeys,
        grant: &Grant,
        client: &Client,
        given: Given,
    ) -> Result<Tokens, TokenFailure> {
        let for_api = given.scope.split(' ').any(|scope| scope.starts_with(issuer.api_scopes));
        let audience = if for_api { issuer.api.clone() } else { issuer.name.clone() };
        let claims = AccessClaims {
            sub: Some(grant.user.to_string()),
            scope: Some(given.scope.clone()),
            sid: Some(grant.session.to_string()),
            auth_time: Some(grant.auth_time.s()),
            acr: Some(acr(issuer, client)),
            gid: Some(grant.id.number().to_string()),
            ..self.access_claims(issuer, client, vec![audience])
        };
        let access = self.sign(keys, TYP_ACCESS, claims).await?;
        let id = match self.id_claims(issuer, grant, client, &given).await? {
            Some(claims) => Some(self.sign(keys, TYP_ID, claims).await?),
            None => None,
        };
        let expires_in_s = client.access_life.s();
        Ok(Tokens { access, expires_in_s, scope: Some(given.scope), id, refresh: given.refresh })
    }

    fn access_claims(&self, issuer: &Issuer, client: &Client, aud: Vec<String>) -> AccessClaims {
        let now = self.now();
        AccessClaims {
            iss: issuer.name.clone(),
            sub: None,
            client_id: client.id.to_string(),
            aud,
            iat: now.s(),
            exp: now.plus(client.access_life).s(),
            jti: self.draw_uuid().to_string(),
            env: issuer.realm.id.to_string(),
            scope: None,
            sid: None,
            auth_time: None,
            acr: None,
            gid: None,
            cgn: client.generation,
        }
    }

    async fn id_claims(
        &self,
        issuer: &Issuer,
        grant: &Grant,
        client: &Client,
        given: &Given,
    ) -> Result<Option<IdClaims>, TokenFailure> {
        if !given.scope.split(' ').any(|scope| scope == "openid") {
            return Ok(None);
        }
        let found = self.session_by_id(grant.session, false).get().await?;
        let found =
            found.filter(|found| found.verdict == Verdict::Live && found.session.epoch == grant.epoch);
        let Some(found) = found else {
            // The session was live when the grant was decided; if it is gone by now, so are the tokens, unless they may
            // outlive it: then there is nothing that an ID token could speak of.
            return if client.outlives_session { Ok(None) } else { Err(TokenFailure::Grant) };
        };
        let now = self.now();
        Ok(Some(IdClaims {
            iss: issuer.name.clone(),
            sub: subject(grant.user),
            aud: client.id.to_string(),
            iat: now.s(),
            exp: now.plus(client.access_life).s(),
            auth_time: grant.auth_time.s(),
            acr: acr(issuer, client),
            amr: amr(&found.session),
            sid: grant.session.to_string(),
            env: issuer.realm.id.to_string(),
            // OpenID Connect Core §12.2: a refreshed ID token has no nonce.
            nonce: grant.nonce.clone().filter(|_| given.first),
        }))
    }
}

/// What a grant gives this time.
struct Given {
    scope: String,
    refresh: Option<String>,
    /// Whether it is the first time, by its code.
    first: bool,
}

/// How the client's sign-ons are named.
fn acr(issuer: &Issuer, client: &Client) -> String {
    client.acr.clone().unwrap_or_else(|| issuer.acr.to_owned())
}

fn subject(user: UserId) -> String {
    user.to_string()
}

/// The methods of authentication by their registered names. RFC 8176 §2
fn amr(session: &Session) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for method in &session.methods {
        let name = if method.name == "password" { "pwd" } else { "user" };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether every wanted scope is one of the grant's. RFC 6749 §6
fn narrows(wanted: &str, granted: &str) -> bool {
    wanted.split(' ').filter(|scope| !scope.is_empty()).all(|wanted| granted.split(' ').any(|g| g == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_may_only_shrink() {
        assert!(narrows("openid", "openid profile"));
        assert!(narrows("profile  openid", "openid profile"));
        assert!(!narrows("openid email", "openid profile"));
        assert!(!narrows("open", "openid"));
    }
}
