//! An application as the wire has it: what the client is, over what is kept beside it.
//!
//! Contract pingone.md 4.3.

use adieu_authority::Client;
use serde_json::{Value, json};

use super::find::{KIND, METHODS, without_odd_addresses};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::{base, time};

pub(super) async fn application(face: &Face, client: &Client) -> Result<Value, Problem> {
    let base = base(face, client.realm);
    let href = format!("{base}/applications/{}", client.id);
    let kept = KIND.read(face, client.realm, client.id.as_str()).await?;
    let mut shown = without_odd_addresses(kept.unwrap_or_else(|| json!({})));
    if shown["type"].is_null() {
        shown["type"] = if client.client_credentials && !client.code { "WORKER" } else { "WEB_APP" }.into();
    }
    shown["_links"] = json!({
        "self": {"href": href},
        "environment": {"href": base},
        "secret": {"href": format!("{href}/secret")},
        "grants": {"href": format!("{href}/grants")},
    });
    for (name, value) in of_client(client) {
        shown[name] = value;
    }
    if let Some(jwks) = &client.signing.jwks {
        shown["jwks"] = jwks.as_str().into();
    }
    if let Some(address) = &client.signing.jwks_uri {
        shown["jwksUrl"] = address.as_str().into();
    }
    match &client.origins {
        None => {}
        Some(origins) if origins.is_empty() => {
            shown["corsSettings"] = json!({"behavior": "ALLOW_NO_ORIGINS"})
        }
        Some(origins) => {
            shown["corsSettings"] = json!({"behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": origins});
        }
    }
    Ok(shown)
}

fn of_client(client: &Client) -> Vec<(&'static str, Value)> {
    let method = METHODS.iter().find(|(_, auth)| *auth == client.auth).map_or("NONE", |(name, _)| *name);
    let grants = [
        (client.code, "AUTHORIZATION_CODE"),
        (client.refresh, "REFRESH_TOKEN"),
        (client.client_credentials, "CLIENT_CREDENTIALS"),
    ];
    let grants: Vec<&str> = grants.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect();
    let kinds: &[&str] = if client.code { &["CODE"] } else { &[] };
    vec![
        ("id", client.id.as_str().into()),
        ("environment", json!({"id": client.realm.to_string()})),
        ("name", client.name.as_str().into()),
        ("enabled", client.enabled.into()),
        ("protocol", "OPENID_CONNECT".into()),
        ("tokenEndpointAuthMethod", method.into()),
        ("grantTypes", json!(grants)),
        ("responseTypes", json!(kinds)),
        ("pkceEnforcement", if client.pkce_required { "S256_REQUIRED" } else { "OPTIONAL" }.into()),
        ("redirectUris", json!(client.redirect_uris)),
        ("postLogoutRedirectUris", json!(client.post_logout_redirect_uris)),
        ("idpSignoff", client.ends_by_id_token.into()),
        ("skipTokenSessionValidation", client.outlives_session.into()),
        ("refreshTokenDuration", client.refresh_life.s().into()),
        ("createdAt", time(client.created_at)),
        ("updatedAt", time(client.updated_at)),
    ]
}
