//! AM's OpenID Provider of a realm, under `/oauth2`, as `adieu-oidc` answers it.
//!
//! Clients of this dialect find `/json` by its discovery document, which therefore names nothing that is not here. No
//! consent is asked and no scope of AM's own is known. Contract am.md 4.

pub(crate) mod authorize;
mod end_session;
mod refused;

use std::borrow::Cow;
use std::sync::Arc;

use adieu_authority::{Issuer, Realm};
use adieu_http_kit::auth::bearer;
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use adieu_oidc::{
    Endpoints, Provider, Refusal, UserinfoError, discovery, introspect, revoke, tokens, userinfo,
};
use axum::body::Body;
use axum::response::Response;

pub(crate) use refused::Refused;

use crate::address;
use crate::answer::{Dress, Margin};
use crate::call::{self, Call};
use crate::error::AmError;
use crate::face::Face;
use crate::pages;

/// How paths behind the realm begin.
const FIRST: [&str; 7] =
    [".well-known", "access_token", "authorize", "connect", "introspect", "token", "userinfo"];

/// What stands behind the realm, and the methods that it has.
pub(crate) const PATHS: [(&str, &str); 8] = [
    (".well-known/openid-configuration", "GET, HEAD"),
    ("connect/jwk_uri", "GET, HEAD"),
    ("authorize", "GET, POST"),
    ("access_token", "POST"),
    ("introspect", "POST"),
    ("token/revoke", "POST"),
    ("userinfo", "GET, POST"),
    ("connect/endSession", "GET, POST"),
];

/// Answers what stands below `/oauth2`.
pub(crate) async fn answer(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    let found = address::realm(&face.authority, segments, call, |name| FIRST.contains(&name)).await;
    let (realm, rest) = match found {
        Ok(found) => found,
        // Quirk: a type without a charset, and other words than under `/json`.
        Err(AmError::UnknownRealm(name)) => {
            let unknown = AmError::UnknownOrganization(name);
            return face.answer(Dress::Authenticate, Margin::of(call), Err(unknown));
        }
        Err(error) => return face.answer(Dress::Read, Margin::of(call), Err(error)),
    };
    let found = PATHS.iter().find(|(path, _)| path.split('/').eq(rest.iter().map(AsRef::as_ref)));
    let refused = |error| face.answer(Dress::Read, Margin::of(call), Err(error));
    let Some((path, allow)) = found else { return refused(AmError::UnknownResource(rest.join("/"))) };
    if !allow.split(", ").any(|method| method == call.sent_method().as_str()) {
        return refused(AmError::NotAllowed(allow));
    }
    match *path {
        "authorize" => {
            let answer = authorize::answer(face, call, body, &realm).await;
            answer.unwrap_or_else(|error| pages::refused(&error))
        }
        "connect/endSession" => end_session::answer(face, call, body, &realm).await.unwrap_or_else(refused),
        path => {
            let json = json(face, call, body, &realm, path).await;
            face.answer(Dress::Read, Margin::of(call), json)
        }
    }
}

/// What is answered with JSON.
async fn json(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
    path: &str,
) -> Result<Vec<u8>, AmError> {
    let provider = provider(face, realm);
    let headers = call.headers();
    Ok(match path {
        ".well-known/openid-configuration" => document(&provider).into_bytes(),
        "connect/jwk_uri" => face.authority.realm_keys(realm).await?.jwks().to_owned().into_bytes(),
        "access_token" => tokens(&provider, headers, &form(call, body).await?).await?.into_bytes(),
        "introspect" => introspect(&provider, headers, &form(call, body).await?).await?.into_bytes(),
        "token/revoke" => revoked(&provider, call, &form(call, body).await?).await?,
        "userinfo" => {
            let token = bearer(headers).ok_or(Refused::Token)?;
            userinfo(&provider, token).await?.to_string().into_bytes()
        }
        path => return Err(AmError::UnknownResource(path.to_owned())),
    })
}

/// A token is given back; the session lives on. A-27
async fn revoked(provider: &Provider<'_>, call: &Call, form: &Params) -> Result<Vec<u8>, AmError> {
    match revoke(provider, call.headers(), form).await {
        Ok(()) => Ok(b"{}".to_vec()),
        // Quirk: AM's words for both.
        Err(Refusal::Request(_)) if form.first("token").is_none() => {
            Err(Refusal::Request("Missing parameter: token").into())
        }
        Err(Refusal::Unauthorized) => Err(Refusal::Grant.into()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The OpenID Provider of a realm. Whatever way a path spells the realm, the issuer is spelled one way.
fn provider<'f>(face: &'f Face, realm: &Arc<Realm>) -> Provider<'f> {
    let name = format!("{}{}", face.settings.public_url, path(face, realm));
    let issuer = Issuer {
        realm: Arc::clone(realm),
        api: name.clone(),
        name,
        api_scopes: " ", // No scope begins so: AM's own have no meaning here.
        acr: "0",
    };
    Provider { authority: &face.authority, issuer, direct_mode: None }
}

/// Where the provider of a realm is, as a path. A-28: clients put `/json` where `/oauth2` stands.
fn path(face: &Face, realm: &Realm) -> String {
    let names = realm.path.split('/').filter(|name| !name.is_empty());
    let below: String = names.map(|name| format!("/realms/{name}")).collect();
    format!("{}/oauth2/realms/root{below}", face.settings.context_path)
}

fn document(provider: &Provider<'_>) -> String {
    let at = |name: &str| format!("{}/{name}", provider.issuer.name);
    let endpoints = Endpoints {
        authorization: at("authorize"),
        token: at("access_token"),
        introspection: at("introspect"),
        revocation: at("token/revoke"),
        userinfo: at("userinfo"),
        jwks: at("connect/jwk_uri"),
        end_session: at("connect/endSession"),
    };
    discovery(provider, &endpoints, &[]).to_string()
}

/// The form of a request; none is an empty one.
async fn form(call: &Call, body: Body) -> Result<Params, AmError> {
    let bytes = call::whole(body).await?;
    if !bytes.is_empty() && !media::is(call.headers(), "application/x-www-form-urlencoded") {
        return Err(Refusal::Request("The body is not a form.").into());
    }
    Ok(Params::body(&bytes))
}

/// What a browser's request says: its query, or the form that it posts.
async fn asked(call: &Call, body: Body) -> Result<Params, AmError> {
    if call.sent_method() == http::Method::POST { form(call, body).await } else { Ok(call.params.clone()) }
}

impl From<UserinfoError> for AmError {
    fn from(error: UserinfoError) -> Self {
        match error {
            UserinfoError::Token => Refused::Token.into(),
            UserinfoError::Scope => Refused::Scope.into(),
            UserinfoError::Outage(outage) => Self::CannotTell(outage),
        }
    }
}
