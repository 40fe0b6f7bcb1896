//! A code is exchanged for tokens; of these the ID token counts, and the access token for what it lacks of a new user's names.
//!
//! OpenID Connect Core 1.0 §3.1.3 and §5.3, RFC 6749 §2.3.1 and §4.1.3, RFC 7636 §4.5.

use adieu_core::{UpstreamError, UpstreamExchange, UpstreamIdentity};
use adieu_egress::EgressClient;
use adieu_token::Verified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::ask::{ProviderAnswer, address, ask, read, unreachable};
use crate::id_token::ProvenIdentity;
use crate::known::Known;

/// Longest name or address that is taken over, in characters.
const CLAIM_MAX: usize = 255;

/// What a code was worth.
pub(crate) struct Tokens {
    pub(crate) id_token: String,
    access_token: Option<String>,
}

/// Exchanges a code.
pub(crate) async fn redeem(
    client: &EgressClient,
    known: &Known,
    exchange: &UpstreamExchange,
) -> Result<Tokens, UpstreamError> {
    const WHAT: &str = "the provider's token endpoint";
    let mut request = client
        .client
        .post(address(client, WHAT, &known.token)?)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    if let Some(secret) = exchange.secret.as_deref().filter(|_| !known.secret_in_body) {
        request = request.header(AUTHORIZATION, basic(&exchange.client_id, secret));
    }
    let request = request.body(form(known, exchange));
    let ProviderAnswer { status, json } = ask(WHAT, request).await?;
    let json = json.unwrap_or_default();
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    match (status, text("id_token")) {
        (200, Some(id_token)) => Ok(Tokens { id_token, access_token: text("access_token") }),
        (200, None) => Err(UpstreamError::NotTaken("the token endpoint gave no ID token")),
        (400..=499, _) => {
            let word = text("error").filter(|word| is_error_word(word));
            Err(UpstreamError::Refused(word.unwrap_or_else(|| format!("status {status}"))))
        }
        _ => Err(unreachable(WHAT, &format!("status {status}"))),
    }
}

/// The request. A client that shows its secret in a header names itself there, others in the form.
fn form(known: &Known, exchange: &UpstreamExchange) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", &exchange.code)
        .append_pair("redirect_uri", &exchange.redirect_uri)
        .append_pair("code_verifier", &exchange.verifier);
    match &exchange.secret {
        Some(_) if !known.secret_in_body => {}
        Some(secret) => {
            form.append_pair("client_id", &exchange.client_id).append_pair("client_secret", secret);
        }
        None => {
            form.append_pair("client_id", &exchange.client_id);
        }
    }
    form.finish()
}

/// The identity with the names of a new user: those of the ID token, else those of the userinfo endpoint, if it is about the same
/// person. Core §5.3.2
pub(crate) async fn with_claims(
    client: &EgressClient,
    known: &Known,
    exchange: &UpstreamExchange,
    tokens: Tokens,
    verified: &Verified,
    proven: ProvenIdentity,
) -> Result<UpstreamIdentity, UpstreamError> {
    const WHAT: &str = "the provider's userinfo endpoint";
    let mut claims = verified.claims.clone();
    if exchange.wants_claims
        && !claims.contains_key(&exchange.username_claim)
        && let (Some(at), Some(token)) = (&known.userinfo, &tokens.access_token)
    {
        let request = client
            .client
            .get(address(client, WHAT, at)?)
            .bearer_auth(token)
            .header(ACCEPT, "application/json");
        let further = read(WHAT, request).await?;
        if further.get("sub").and_then(Value::as_str) != Some(proven.sub.as_str()) {
            return Err(UpstreamError::NotTaken("the userinfo endpoint speaks of somebody else"));
        }
        for (name, value) in further {
            claims.entry(name).or_insert(value);
        }
    }
    let email = exchange.email_claim.as_deref().and_then(|name| text(&claims, name));
    // What nobody has verified is no address of theirs.
    let email = email.filter(|_| claims.get("email_verified") == Some(&Value::Bool(true)));
    Ok(UpstreamIdentity {
        username: text(&claims, &exchange.username_claim),
        email,
        sub: proven.sub,
        sid: proven.sid,
        said_at: proven.said_at,
    })
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let text = claims.get(name)?.as_str()?.trim();
    (1..=CLAIM_MAX).contains(&text.chars().count()).then(|| text.to_owned())
}

/// RFC 6749 §2.3.1: both are encoded like parts of a form first.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// A word that may be shown and logged. RFC 6749 §5.2
fn is_error_word(word: &str) -> bool {
    (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_id_and_a_secret_are_encoded_like_parts_of_a_form() {
        // RFC 6749 §2.3.1: `a%3Ab:p%25w+x`
        assert_eq!(basic("a:b", "p%w x"), "Basic YSUzQWI6cCUyNXcreA==");
    }

    #[test]
    fn a_claim_is_a_text_that_is_not_too_long() {
        let claims = json!({"a": " ada ", "b": 7, "c": "", "d": "x".repeat(256)});
        let claims = claims.as_object().expect("members");
        assert_eq!(text(claims, "a").as_deref(), Some("ada"));
        assert!(["b", "c", "d", "e"].iter().all(|name| text(claims, name).is_none()));
        assert!(is_error_word("invalid_grant") && !is_error_word("<b>") && !is_error_word(""));
    }
}
