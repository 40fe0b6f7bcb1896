//! The discovery document: what this provider can do, and where.
//!
//! Nothing is published that does not work. OpenID Connect Discovery 1.0 §3, contract pingone.md 4.8.

use adieu_authority::JoseAlgorithm;
use adieu_token::Alg;
use serde_json::{Value, json};

use crate::{OFFLINE_ACCESS, Provider, ResponseMode, SCOPES, user_claims};

/// Where things are, as whole addresses.
pub struct Endpoints {
    /// Authorization.
    pub authorization: String,
    /// Tokens.
    pub token: String,
    /// Introspection.
    pub introspection: String,
    /// The end of a token.
    pub revocation: String,
    /// Claims of a user.
    pub userinfo: String,
    /// Public keys.
    pub jwks: String,
    /// The end of a session.
    pub end_session: String,
    /// The frame that pages of clients ask, if there is one.
    pub check_session: Option<String>,
    /// Where clients register themselves, if they may.
    pub registration: Option<String>,
    /// Where requests are pushed to, if they may be.
    pub pushed_authorization: Option<String>,
}

/// Claims of every ID token that has something to say by them.
const OF_TOKENS: [&str; 10] = ["iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid"];

/// The document. `api_scopes` are the scopes of the mounting dialect's own API.
pub fn discovery(provider: &Provider<'_>, endpoints: &Endpoints, api_scopes: &[&str]) -> Value {
    let standard = ResponseMode::STANDARD.map(ResponseMode::word);
    let modes: Vec<&str> = provider.direct_mode.into_iter().chain(standard).collect();
    let scopes: Vec<&str> = SCOPES.iter().chain(&[OFFLINE_ACCESS]).chain(api_scopes).copied().collect();
    let auth_methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    let client_algs = Alg::ALL.map(Alg::name);
    let mut document = json!({
        "issuer": provider.issuer.name,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "jwks_uri": endpoints.jwks,
        "end_session_endpoint": endpoints.end_session,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true, // ID tokens carry `sid`: S-BCL-2.
        "introspection_endpoint": endpoints.introspection,
        "revocation_endpoint": endpoints.revocation,
        "userinfo_endpoint": endpoints.userinfo,
        "response_modes_supported": modes,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": JoseAlgorithm::ALL.map(JoseAlgorithm::name),
        "userinfo_signing_alg_values_supported": JoseAlgorithm::ALL.map(JoseAlgorithm::name),
        "introspection_signing_alg_values_supported": [JoseAlgorithm::default().name()],
        "token_endpoint_auth_methods_supported": auth_methods,
        "token_endpoint_auth_signing_alg_values_supported": client_algs,
        "introspection_endpoint_auth_methods_supported": &auth_methods[..3],
        "introspection_endpoint_auth_signing_alg_values_supported": client_algs,
        "revocation_endpoint_auth_methods_supported": auth_methods,
        "revocation_endpoint_auth_signing_alg_values_supported": client_algs,
        "code_challenge_methods_supported": ["S256"], // `plain` is refused: S-OP-14.
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": true,
        "claim_types_supported": ["normal"],
        "prompt_values_supported": provider.issuer.prompts,
        "ui_locales_supported": ["en"],
        "request_parameter_supported": true,
        "request_object_signing_alg_values_supported": client_algs,
        "request_uri_parameter_supported": false,
        "scopes_supported": scopes,
        "acr_values_supported": [provider.issuer.acr.one, provider.issuer.acr.two],
        "claims_supported": OF_TOKENS.into_iter().chain(user_claims::names()).collect::<Vec<_>>(),
    });
    if let Some(frame) = &endpoints.check_session {
        document["check_session_iframe"] = frame.as_str().into(); // S-SES-1
    }
    if provider.issuer.frames_clients {
        document["frontchannel_logout_supported"] = true.into();
        document["frontchannel_logout_session_supported"] = true.into();
    }
    if let Some(registration) = &endpoints.registration {
        document["registration_endpoint"] = registration.as_str().into();
    }
    if let Some(pushed) = &endpoints.pushed_authorization {
        document["pushed_authorization_request_endpoint"] = pushed.as_str().into();
        document["require_pushed_authorization_requests"] = false.into();
    }
    document
}
