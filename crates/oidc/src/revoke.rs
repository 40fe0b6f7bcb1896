//! Revocation: a client revokes a token.
//!
//! The session it belongs to lives on. Whatever is no token of ours counts as revoked, and nobody learns which it was;
//! another client's is refused. One that another issuer of the realm gave to this client is revoked: an answer that says so
//! must not leave it good at its own issuer. RFC 7009 §2.

use adieu_authority::RevokeError;
use adieu_http_kit::form::Params;
use http::HeaderMap;

use crate::client_auth::{authenticated, once};
use crate::{Provider, Refusal};

/// Revokes the token of the form. A public client only says its name; `token_type_hint` could only mislead.
pub async fn revoke(provider: &Provider<'_>, headers: &HeaderMap, form: &Params) -> Result<(), Refusal> {
    let client = authenticated(provider, headers, form).await?;
    let token = once(form, "token")?.ok_or(Refusal::Request("`token` is missing."))?;
    let revoked = provider.authority.revoke_token(&provider.issuer.realm, &client, token).await;
    revoked.map_err(|error| match error {
        RevokeError::OtherClient => Refusal::Unauthorized,
        RevokeError::Outage(outage) => Refusal::Unavailable(outage),
    })
}
