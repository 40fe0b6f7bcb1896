//! The OpenID Provider of a realm as this dialect has it: its name, its paths, and how its requests are read.
//!
//! It answers nothing itself. Contract am.md 4.

use std::sync::Arc;

use adieu_authority::{Realm, SidForm};
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use adieu_oidc::{AcrNames, Issuer, Provider, Refusal};
use axum::body::Body;

use crate::call::{self, Call};
use crate::error::AmError;
use crate::face::Face;

/// How sign-ons are named: by their authentication level.
pub(crate) const ACR: AcrNames = AcrNames { one: "0", two: "1" };

/// The OpenID Provider of a realm. Whatever way a path spells the realm, the issuer is spelled one way.
pub(super) fn provider<'f>(face: &'f Face, realm: &Arc<Realm>) -> Provider<'f> {
    let name = issuer(face, &realm.path);
    let issuer = Issuer {
        realm: Arc::clone(realm),
        token_endpoint: format!("{name}/access_token"),
        push_endpoint: None,
        api: name.clone(),
        name,
        api_scopes: &[], // AM's own have no meaning here.
        own_scopes: &[],
        acr: ACR,
        claims: Default::default(),
        tells_nonce: true,
        prompts: &["none", "login", "consent"],
        sid: SidForm::OfClient,
        frames_clients: true,
        judges_resource: false, // AM does not look at it.
        public_needs_pkce: face.settings.public_needs_pkce,
    };
    Provider { authority: &face.authority, issuer, channel: call::CHANNEL, direct_mode: None }
}

/// Where the provider of a realm is, as a path. A-28: clients put `/json` where `/oauth2` stands.
pub(super) fn path(face: &Face, realm: &Realm) -> String {
    below(face, "oauth2", &realm.path)
}

/// The issuer of the realm of a path.
pub(crate) fn issuer(face: &Face, realm: &str) -> String {
    format!("{}{}", face.settings.public_url, below(face, "oauth2", realm))
}

/// The address of a realm below one of the interfaces, as clients spell it.
pub(crate) fn below(face: &Face, interface: &str, realm: &str) -> String {
    let names = realm.split('/').filter(|name| !name.is_empty());
    let below: String = names.map(|name| format!("/realms/{name}")).collect();
    format!("{}/{interface}/realms/root{below}", face.settings.context_path)
}

/// The form of a request; none is an empty one.
pub(super) async fn form(call: &Call, body: Body) -> Result<Params, AmError> {
    let bytes = call::whole(body).await?;
    if !bytes.is_empty() && !media::is(call.headers(), "application/x-www-form-urlencoded") {
        return Err(Refusal::Request("The body is not a form.").into());
    }
    Ok(Params::body(&bytes))
}

/// What a browser's request says: its query, or the form that it posts and what of the query the form does not name.
pub(super) async fn asked(call: &Call, body: Body) -> Result<Params, AmError> {
    if call.sent_method() != http::Method::POST {
        return Ok(call.params.clone());
    }
    let form = form(call, body).await?;
    let query = call.params.iter().filter(|(name, _)| form.first(name).is_none());
    let all = form.iter().chain(query);
    Ok(all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
