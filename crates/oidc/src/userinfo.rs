//! Userinfo: what an access token's scopes let its holder know of the user.
//!
//! Only what is known is said. Traits are read in the two spellings that dialects write: a name as text, or in its parts.
//! OpenID Connect Core §5.3 and §5.4.

use adieu_authority::{Active, For, Outage, User};
use serde_json::{Map, Value, json};

use crate::Provider;

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

/// The claims for the holder of this access token.
pub async fn userinfo(provider: &Provider<'_>, token: &str) -> Result<Value, UserinfoError> {
    let authority = provider.authority;
    let active = authority.inspect_access(provider.issuer.of_realm(), token, For::Holder).await?;
    let active = active.ok_or(UserinfoError::Token)?;
    let subject = active.subject().ok_or(UserinfoError::Token)?;
    if !active.has_scope("openid") {
        return Err(UserinfoError::Scope);
    }
    let user = authority.user(subject).await?.ok_or(UserinfoError::Token)?;
    Ok(Value::Object(claims(&active, &user)))
}

fn claims(active: &Active, user: &User) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".into(), user.id.to_string().into());
    if active.has_scope("profile") {
        profile(user, &mut claims);
    }
    if let (true, Some(email)) = (active.has_scope("email"), &user.email) {
        claims.insert("email".into(), email.as_str().into());
    }
    claims
}

/// The parts of a name and the claims they become. OpenID Connect Core §5.1
const NAME_PARTS: [(&str, &str); 4] =
    [("given", "given_name"), ("family", "family_name"), ("middle", "middle_name"), ("formatted", "name")];

fn profile(user: &User, claims: &mut Map<String, Value>) {
    claims.insert("preferred_username".into(), user.username.as_str().into());
    claims.insert("updated_at".into(), json!(user.updated_at.s()));
    let traits: Value = serde_json::from_str(&user.traits).unwrap_or_default();
    match &traits["name"] {
        Value::String(name) => drop(claims.insert("name".into(), name.as_str().into())),
        parts => {
            for (part, claim) in NAME_PARTS {
                if let Some(text) = parts[part].as_str() {
                    claims.insert(claim.into(), text.into());
                }
            }
            let whole = [parts["given"].as_str(), parts["family"].as_str()];
            let whole: Vec<&str> = whole.into_iter().flatten().collect();
            if !whole.is_empty() && !claims.contains_key("name") {
                claims.insert("name".into(), whole.join(" ").into());
            }
        }
    }
    for claim in ["nickname", "locale"] {
        if let Some(text) = traits[claim].as_str() {
            claims.insert(claim.into(), text.into());
        }
    }
}
