//! AM's OpenID Provider of a realm, under `/oauth2`, as `adieu-oidc` answers it.
//!
//! Clients of this dialect find `/json` by its discovery document, which therefore names nothing that is not here. No
//! scope of AM's own is known. Contract am.md 4.

pub(crate) mod authorize;
mod consent;
mod end_session;
pub(crate) mod provider;
mod session_management;
mod told;

use std::borrow::Cow;
use std::sync::Arc;

use adieu_authority::{ClientRefusalReason, Realm};
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use adieu_oidc::{
    Endpoints, Provider, Refusal, Userinfo, UserinfoError, discovery, revoke, shown_access_token, tokens,
    userinfo,
};
use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use self::provider::{form, provider};
use self::told::Told;
use crate::address;
use crate::answer::{Extras, HeaderSet};
use crate::call::Call;
use crate::error::AmError;
use crate::face::Face;
use crate::oauth_refused::OAuthRefused;
use crate::pages::answers;

/// What answers a path behind the realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Discovery,
    Keys,
    Authorize,
    Token,
    Introspect,
    TokenInfo,
    Revoke,
    Userinfo,
    EndSession,
    CheckSession,
}

impl Endpoint {
    /// Every path behind a realm.
    pub(crate) const PATHS: [(&'static str, Self); 10] = [
        (".well-known/openid-configuration", Self::Discovery),
        ("connect/jwk_uri", Self::Keys),
        ("authorize", Self::Authorize),
        ("access_token", Self::Token),
        ("introspect", Self::Introspect),
        ("tokeninfo", Self::TokenInfo),
        ("token/revoke", Self::Revoke),
        ("userinfo", Self::Userinfo),
        ("connect/endSession", Self::EndSession),
        ("connect/checkSession", Self::CheckSession),
    ];

    /// Its methods, as `Allow` names them.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::Discovery | Self::Keys => "GET, HEAD",
            Self::TokenInfo | Self::CheckSession => "GET",
            Self::Token | Self::Introspect | Self::Revoke => "POST",
            Self::Authorize | Self::Userinfo | Self::EndSession => "GET, POST",
        }
    }

    fn of(path: &str, method: &str) -> Result<Self, AmError> {
        let found = Self::PATHS.into_iter().find(|(known, _)| *known == path);
        let (_, endpoint) = found.ok_or_else(|| AmError::UnknownResource(path.to_owned()))?;
        let takes = endpoint.allow().split(", ").any(|known| known == method);
        if takes { Ok(endpoint) } else { Err(AmError::NotAllowed(endpoint.allow())) }
    }
}

/// Whether a path behind a realm begins so.
fn begins(name: &str) -> bool {
    Endpoint::PATHS.iter().any(|(path, _)| path.split('/').next() == Some(name))
}

/// Answers what stands below `/oauth2`.
pub(crate) async fn answer(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    let (realm, rest) = match address::realm(&face.authority, segments, call, begins).await {
        Ok(found) => found,
        // Quirk: a type without a charset, and other words than under `/json`.
        Err(AmError::UnknownRealm(name)) => {
            let unknown = AmError::UnknownOrganization(name);
            return face.answer(HeaderSet::Authenticate, Extras::of(call), Err(unknown));
        }
        Err(error) => return face.answer(HeaderSet::Read, Extras::of(call), Err(error)),
    };
    let refused = |error| face.answer(HeaderSet::Read, Extras::of(call), Err(error));
    match Endpoint::of(&rest.join("/"), call.sent_method().as_str()) {
        Err(error) => refused(error),
        Ok(Endpoint::Authorize) => {
            let answer = authorize::answer(face, call, body, &realm).await;
            answer.unwrap_or_else(|error| answers::refused(face, Some(&realm.path), &error))
        }
        Ok(Endpoint::EndSession) => {
            let answer = end_session::answer(face, call, body, &realm).await;
            answer.unwrap_or_else(refused)
        }
        Ok(Endpoint::CheckSession) => session_management::frame(face, &realm)
            .unwrap_or_else(|| refused(AmError::UnknownResource(rest.join("/")))),
        Ok(Endpoint::Discovery) => told(face, call, Ok(document(face, &provider(face, &realm)).into_bytes())),
        Ok(Endpoint::Keys) => {
            let keys = face.authority.published_keys(&realm).await;
            told(face, call, keys.map(|keys| keys.jwks().to_owned().into_bytes()).map_err(AmError::from))
        }
        Ok(Endpoint::Userinfo) => perhaps_signed(face, call, about_user(face, call, body, &realm).await),
        Ok(Endpoint::Token) => {
            let form = form(call, body).await;
            let given = given(&provider(face, &realm), call, form).await;
            face.answer(HeaderSet::Tokens, Extras::of(call), given)
        }
        Ok(Endpoint::Introspect) => {
            let form = form(call, body).await;
            perhaps_signed(face, call, told::introspected(face, &provider(face, &realm), call, form).await)
        }
        Ok(Endpoint::TokenInfo) => {
            let told = told::token_info(face, call, &realm).await;
            face.answer(HeaderSet::Tokens, Extras::of(call), told)
        }
        Ok(Endpoint::Revoke) => {
            let form = form(call, body).await;
            told(face, call, revoked(&provider(face, &realm), call, form).await)
        }
    }
}

fn told(face: &Face, call: &Call, json: Result<Vec<u8>, AmError>) -> Response {
    face.answer(HeaderSet::Read, Extras::of(call), json)
}

/// The same where the text may be a signed one: that is never indented.
fn perhaps_signed(face: &Face, call: &Call, result: Result<Told, AmError>) -> Response {
    match result {
        Ok(Told::Json(json)) => told(face, call, Ok(json)),
        Ok(Told::Jwt(jwt, media_type)) => {
            let mut response = face.answer(HeaderSet::Read, Extras::default(), Ok(jwt.into_bytes()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            response
        }
        Err(error) => told(face, call, Err(error)),
    }
}

async fn about_user(face: &Face, call: &Call, body: Body, realm: &Arc<Realm>) -> Result<Told, AmError> {
    // Who posts no form shows the token in the header.
    let form = match media::is(call.headers(), "application/x-www-form-urlencoded") {
        true => form(call, body).await?,
        false => Params::default(),
    };
    let token = shown_access_token(call.headers(), &form)?.ok_or(OAuthRefused::Token)?;
    Ok(match userinfo(&provider(face, realm), token).await? {
        Userinfo::Claims(claims) => Told::Json(claims.to_string().into_bytes()),
        Userinfo::Signed(jwt) => Told::Jwt(jwt, "application/jwt"),
    })
}

/// What a request of a client says: its form.
type Form = Result<Params, AmError>;

async fn given(provider: &Provider<'_>, call: &Call, form: Form) -> Result<Vec<u8>, AmError> {
    Ok(tokens(provider, &call.of_client(&form?)).await?.into_bytes())
}

/// A token is revoked; the session lives on. A-27
async fn revoked(provider: &Provider<'_>, call: &Call, form: Form) -> Result<Vec<u8>, AmError> {
    let form = form?;
    match revoke(provider, &call.of_client(&form)).await {
        Ok(()) => Ok(b"{}".to_vec()),
        // Quirk: AM's words for both.
        Err(Refusal::Request(_)) if form.first("token").is_none() => {
            Err(Refusal::Request("Missing parameter: token").into())
        }
        Err(Refusal::Unauthorized) => Err(Refusal::Grant(ClientRefusalReason::GrantOfAnother).into()),
        Err(refusal) => Err(refusal.into()),
    }
}

fn document(face: &Face, provider: &Provider<'_>) -> String {
    let at = |name: &str| format!("{}/{name}", provider.issuer.name);
    let endpoints = Endpoints {
        authorization: at("authorize"),
        token: at("access_token"),
        introspection: at("introspect"),
        revocation: at("token/revoke"),
        userinfo: at("userinfo"),
        jwks: at("connect/jwk_uri"),
        end_session: at("connect/endSession"),
        check_session: face.settings.companions.browser_state().map(|_| at("connect/checkSession")),
        registration: None,
        pushed_authorization: None,
    };
    discovery(provider, &endpoints, &[]).to_string()
}

impl From<UserinfoError> for AmError {
    fn from(error: UserinfoError) -> Self {
        match error {
            UserinfoError::Token => OAuthRefused::Token.into(),
            UserinfoError::Scope => OAuthRefused::Scope.into(),
            UserinfoError::Outage(outage) => Self::CannotTell(outage),
        }
    }
}
