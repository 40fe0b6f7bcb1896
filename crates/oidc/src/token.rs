//! The token endpoint: code, refresh token, or a client in its own name.
//!
//! The password grant and all others do not exist here (RFC 9700 §2.4). Contract pingone.md 4.8; standards.md 2.2.

use adieu_authority::{Client, RedeemCode, RefreshTokens, Tokens};
use adieu_http_kit::form::Params;
use http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;

use crate::client_auth::{authenticated, once};
use crate::{Provider, Refusal};

/// The answer of the token endpoint, in the order in which everybody writes it. RFC 6749 §5.1
#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

/// Tokens for this request, as the JSON of the answer.
pub async fn tokens(provider: &Provider<'_>, headers: &HeaderMap, form: &Params) -> Result<String, Refusal> {
    let grant_type = once(form, "grant_type")?.ok_or(Refusal::Request("`grant_type` is missing."))?;
    let kind = Kind::named(grant_type).ok_or(Refusal::GrantType)?;
    let client = authenticated(provider, headers, form).await?;
    let tokens = match kind {
        Kind::Code => redeemed(provider, client, form).await?,
        Kind::Refresh => refreshed(provider, client, form).await?,
        Kind::OwnName if client.client_credentials => {
            provider.authority.client_credentials(&provider.issuer, &client).await?
        }
        Kind::OwnName => return Err(Refusal::Unauthorized),
    };
    Ok(json(&tokens))
}

enum Kind {
    Code,
    Refresh,
    OwnName,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        match name {
            "authorization_code" => Some(Self::Code),
            "refresh_token" => Some(Self::Refresh),
            "client_credentials" => Some(Self::OwnName),
            _ => None,
        }
    }
}

async fn redeemed(provider: &Provider<'_>, client: Arc<Client>, form: &Params) -> Result<Tokens, Refusal> {
    let code = once(form, "code")?.ok_or(Refusal::Request("`code` is missing."))?.to_owned();
    let redirect_uri = once(form, "redirect_uri")?.map(str::to_owned);
    let verifier = once(form, "code_verifier")?.map(str::to_owned);
    if !client.code {
        return Err(Refusal::Unauthorized);
    }
    let order = RedeemCode { code, client, redirect_uri, verifier };
    Ok(provider.authority.redeem_code(&provider.issuer, order).await?)
}

async fn refreshed(provider: &Provider<'_>, client: Arc<Client>, form: &Params) -> Result<Tokens, Refusal> {
    let token =
        once(form, "refresh_token")?.ok_or(Refusal::Request("`refresh_token` is missing."))?.to_owned();
    let scope = once(form, "scope")?.map(str::to_owned);
    if !client.refresh {
        return Err(Refusal::Unauthorized);
    }
    Ok(provider.authority.refresh(&provider.issuer, RefreshTokens { token, client, scope }).await?)
}

fn json(tokens: &Tokens) -> String {
    let answer = Answer {
        access_token: &tokens.access,
        token_type: "Bearer",
        expires_in: tokens.expires_in_s,
        scope: tokens.scope.as_deref(),
        id_token: tokens.id.as_deref(),
        refresh_token: tokens.refresh.as_deref(),
    };
    serde_json::to_string(&answer).expect("texts and numbers are JSON")
}
