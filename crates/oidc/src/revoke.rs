//! Revocation: a client revokes a token.
//!
//! The session it belongs to lives on. Whatever is no token of ours counts as revoked, and nobody learns which it was;
//! another client's is refused. One that another issuer of the realm gave to this client is revoked: an answer that says so
//! must not leave it good at its own issuer. RFC 7009 §2.

use adieu_authority::RevokeError;

use crate::client_auth::{authenticated, once};
use crate::{ClientRequest, Provider, Refusal};

/// Revokes the token of the form. A public client only says its name; `token_type_hint` could only mislead.
pub async fn revoke(provider: &Provider<'_>, request: &ClientRequest<'_>) -> Result<(), Refusal> {
    provider.noted("revocation", request, revoked(provider, request).await).await
}

async fn revoked(provider: &Provider<'_>, request: &ClientRequest<'_>) -> Result<(), Refusal> {
    let client = authenticated(provider, request).await?;
    let token = once(request.form, "token")?.ok_or(Refusal::Request("`token` is missing."))?;
    let revoked = provider.authority.revoke_token(&provider.issuer.realm, &client, token).await;
    revoked.map_err(|error| match error {
        RevokeError::OtherClient => Refusal::Unauthorized,
        RevokeError::Outage(outage) => Refusal::Unavailable(outage),
    })
}
