//! The token endpoint: code, refresh token, or a client in its own name.
//!
//! The place among the signatures that wait is taken first, so that a storm of tokens spends no code and no refresh token. The
//! password grant and all others do not exist here (RFC 9700 §2.4). Contract pingone.md 4.8; standards.md 2.2.

use std::sync::Arc;

use adieu_authority::{
    Client, ClientAuth, ClientRefusalReason, Grant, RedeemCode, RedeemedGrant, RefreshTokens, SessionId,
    Signer,
};
use adieu_http_kit::form::Params;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::claims::TokenFrame;
use crate::claims_request::ClaimsRequest;
use crate::client_auth::{authenticated, once};
use crate::{ClientRequest, Provider, Refusal, user_claims};

/// The answer of the token endpoint, in the order in which everybody writes it. RFC 6749 §5.1
#[derive(Serialize)]
struct Answer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

/// Tokens for this request, as the JSON of the answer.
pub async fn tokens(provider: &Provider<'_>, request: &ClientRequest<'_>) -> Result<String, Refusal> {
    provider.noted("token", request, given(provider, request).await).await
}

async fn given(provider: &Provider<'_>, request: &ClientRequest<'_>) -> Result<String, Refusal> {
    let form = request.form;
    let grant_type = once(form, "grant_type")?.ok_or(Refusal::Request("`grant_type` is missing."))?;
    let kind = Kind::named(grant_type).ok_or(Refusal::GrantType)?;
    let client = authenticated(provider, request).await?;
    provider.judge_resource(form)?;
    let answer = match kind {
        Kind::Code => provider.redeemed(client, form).await?,
        Kind::Refresh => provider.refreshed(client, form).await?,
        // Whoever proves itself to nobody has no name of its own (RFC 6749 §4.4).
        Kind::OwnName if client.client_credentials && client.auth != ClientAuth::None => {
            provider.own(&client, form).await?
        }
        Kind::OwnName => return Err(Refusal::Unauthorized),
    };
    Ok(serde_json::to_string(&answer).expect("texts and numbers are JSON"))
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

impl Provider<'_> {
    async fn redeemed(&self, client: Arc<Client>, form: &Params) -> Result<Answer, Refusal> {
        let code = once(form, "code")?.ok_or(Refusal::Request("`code` is missing."))?.to_owned();
        let redirect_uri = once(form, "redirect_uri")?.map(str::to_owned);
        let verifier = once(form, "code_verifier")?.map(str::to_owned);
        if !client.code {
            return Err(Refusal::Unauthorized);
        }
        let signer = self.authority.signer_for(&self.issuer.realm, &client).await?;
        let issuer = self.issuer.name.clone();
        let may_have = self.meaningful_scopes(&client);
        let order =
            RedeemCode { code, client: Arc::clone(&client), issuer, redirect_uri, verifier, may_have };
        let redeemed = self.authority.redeem_code(order).await?;
        let scope = self.scopes(&client, Some(&redeemed.grant.scope))?;
        self.answer(signer, &client, redeemed, Given { scope, first: true }).await
    }

    async fn refreshed(&self, client: Arc<Client>, form: &Params) -> Result<Answer, Refusal> {
        let missing = Refusal::Request("`refresh_token` is missing.");
        let token = once(form, "refresh_token")?.ok_or(missing)?.to_owned();
        let wanted = once(form, "scope")?.map(str::to_owned);
        if !client.refresh {
            return Err(Refusal::Unauthorized);
        }
        let signer = self.authority.signer_for(&self.issuer.realm, &client).await?;
        let issuer = self.issuer.name.clone();
        let (scope, may_have) = (wanted.clone(), self.meaningful_scopes(&client));
        let order = RefreshTokens { token, client: Arc::clone(&client), issuer, scope, may_have };
        let redeemed = self.authority.refresh(order).await?;
        // What was granted then and is not now is left out.
        let scope = self.scopes(&client, Some(wanted.as_ref().unwrap_or(&redeemed.grant.scope)))?;
        self.answer(signer, &client, redeemed, Given { scope, first: false }).await
    }

    /// An access token for a client in its own name: no user, no session, no refresh token.
    async fn own(&self, client: &Client, form: &Params) -> Result<Answer, Refusal> {
        let scope = self.own_scope(client, once(form, "scope")?);
        let signer = self.authority.signer(&self.issuer.realm).await?;
        let access_token = signer.sign(self.frame(client, None).own_access(scope.as_deref())?).await?;
        Ok(Answer { scope, ..Answer::of(client, access_token) })
    }

    async fn answer(
        &self,
        signer: Signer,
        client: &Client,
        redeemed: RedeemedGrant,
        given: Given,
    ) -> Result<Answer, Refusal> {
        let RedeemedGrant { grant, session, refresh } = redeemed;
        let frame = self.frame(client, Some(grant.session));
        let access = frame.access(&grant, session.as_deref(), &given.scope)?;
        let about_user = given.scope.split(' ').any(|scope| scope == "openid");
        let id = match session {
            _ if !about_user => None,
            Some(session) => {
                let of_user = self.claims_by_name(&grant, client).await?;
                Some(frame.id(&grant, &session, given.first, of_user)?)
            }
            // What outlives its session gets no token that speaks of one.
            None if grant.may_outlive_session() => None,
            // It was live when the grant was decided; if it is gone by now, so are the tokens.
            None => return Err(Refusal::Grant(ClientRefusalReason::EndedGrant)),
        };
        let (access_token, id_token) = signer.sign_with(access, id).await?;
        let answer = Answer::of(client, access_token);
        let nonce = grant.nonce.clone().filter(|_| self.issuer.tells_nonce && given.first);
        Ok(Answer { scope: Some(given.scope), id_token, refresh_token: refresh, nonce, ..answer })
    }

    /// The claims of the user that a request asked for by name, for the ID token.
    async fn claims_by_name(&self, grant: &Grant, client: &Client) -> Result<Map<String, Value>, Refusal> {
        let named = ClaimsRequest::from_text(grant.claims.as_deref()).within(client).id_token;
        if named.is_empty() {
            return Ok(Map::new());
        }
        let user =
            self.authority.user(grant.user).await?.ok_or(Refusal::Grant(ClientRefusalReason::EndedGrant))?;
        Ok(user_claims::told(&user, |_| false, &named))
    }

    fn frame<'a>(&'a self, client: &'a Client, session: Option<SessionId>) -> TokenFrame<'a> {
        let (authority, issuer) = (self.authority, &self.issuer);
        let sid = session.map(|session| self.sid(&client.id, session));
        TokenFrame { issuer, client, now: authority.now(), jti: authority.draw_uuid().to_string(), sid }
    }
}

/// What a grant gives this time.
struct Given {
    scope: String,
    /// Whether it is the first time, by its code.
    first: bool,
}

impl Answer {
    /// Of an access token and nothing else.
    fn of(client: &Client, access_token: String) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: client.access_life.s(),
            scope: None,
            id_token: None,
            refresh_token: None,
            nonce: None,
        }
    }
}
