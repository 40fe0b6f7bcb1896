//! Userinfo: what an access token lets its holder know of the user, by its scopes and by the claims that the request named.
//!
//! OpenID Connect Core §5.3 to §5.5, RFC 6750 §2.

use adieu_authority::{For, Outage};
use adieu_http_kit::auth::bearer;
use adieu_http_kit::form::Params;
use adieu_token::{TYP_USERINFO, UnsignedToken};
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::claims_request::ClaimsRequest;
use crate::client_auth::once;
use crate::{Provider, Refusal, user_claims};

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    /// The token is none of this issuer's, no longer good, or a client's own.
    #[error("the token is not valid")]
    Token,
    /// It was not issued for this.
    #[error("the token lacks the scope `openid`")]
    Scope,
    /// It cannot be said.
    #[error("the token cannot be checked now")]
    Outage(#[from] Outage),
}

/// The access token that a request shows: in the header, or in the form that it posts.
///
/// # Errors
/// [`Refusal::Request`] where it is shown more than once.
pub fn shown_access_token<'r>(headers: &'r HeaderMap, form: &'r Params) -> Result<Option<&'r str>, Refusal> {
    match (bearer(headers), once(form, "access_token")?) {
        (Some(_), Some(_)) => Err(Refusal::Request("The access token may be shown once only.")),
        (in_header, in_form) => Ok(in_header.or(in_form)),
    }
}

/// What userinfo answers.
pub enum Userinfo {
    /// The claims, as JSON.
    Claims(Value),
    /// The same, signed: `application/jwt`.
    Signed(String),
}

/// The claims for the holder of this access token, signed if its client registered that. OpenID Connect Core §5.3.2
pub async fn userinfo(provider: &Provider<'_>, token: &str) -> Result<Userinfo, UserinfoError> {
    let authority = provider.authority;
    let active = authority.inspect_access(provider.issuer.of_realm(), token, For::Holder).await?;
    let active = active.ok_or(UserinfoError::Token)?;
    let subject = active.subject().ok_or(UserinfoError::Token)?;
    if !active.has_scope("openid") {
        return Err(UserinfoError::Scope);
    }
    let user = authority.user(subject).await?.ok_or(UserinfoError::Token)?;
    let asked = active.grant.as_ref().and_then(|grant| grant.claims.as_deref());
    let named = ClaimsRequest::from_text(asked).within(&active.client).userinfo;
    let tells = |scope: &str| active.has_scope(scope);
    let mut claims = Map::new();
    claims.insert("sub".into(), user.id.to_string().into());
    claims.extend(user_claims::told(&user, tells, &named));
    let Some(algorithm) = active.client.signing.userinfo else {
        return Ok(Userinfo::Claims(Value::Object(claims)));
    };
    claims.insert("iss".into(), provider.issuer.name.as_str().into());
    claims.insert("aud".into(), active.client.id.as_str().into());
    claims.insert("iat".into(), authority.now().s().into());
    let unsigned = UnsignedToken::new(TYP_USERINFO, &claims).map_err(Outage::new)?;
    let signer = authority.signer_by(&provider.issuer.realm, algorithm).await?;
    Ok(Userinfo::Signed(signer.sign(unsigned).await?))
}
