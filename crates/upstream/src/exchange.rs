//! A code is exchanged for tokens; of these the ID token counts, and the access token for what it lacks of a new user's names.
//!
//! OpenID Connect Core 1.0 §3.1.3 and §5.3, RFC 6749 §2.3.1 and §4.1.3, RFC 7636 §4.5.

use adieu_core::{UpstreamError, UpstreamExchange, UpstreamIdentity, upstream_error_word};
use adieu_egress::EgressClient;
use adieu_token::Verified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::ask::{ProviderAnswer, address, ask, read, unreachable};
use crate::id_token::ProvenIdentity;
use crate::known::ProviderFacts;

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
    known: &ProviderFacts,
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
            let said = text("error");
            let word = said.as_deref().and_then(upstream_error_word).map(str::to_owned);
            Err(UpstreamError::Refused(word.unwrap_or_else(|| format!("status {status}"))))
        }
        _ => Err(unreachable(WHAT, &format!("status {status}"))),
    }
}

/// The request. A client that shows its secret in a header names itself there, others in the form.
fn form(known: &ProviderFacts, exchange: &UpstreamExchange) -> String {
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
    known: &ProviderFacts,
    exchange: &UpstreamExchange,
    tokens: Tokens,
    verified: &Verified,
    proven: ProvenIdentity,
) -> Result<UpstreamIdentity, UpstreamError> {
    const WHAT: &str = "the provider's userinfo endpoint";
    let mut documents = vec![verified.claims.clone()];
    if exchange.wants_claims
        && !documents[0].contains_key(&exchange.username_claim)
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
        documents.push(further);
    }
    let first = |name: &str| documents.iter().find(|claims| claims.contains_key(name));
    let email = |name: &str| documents.iter().find_map(|claims| verified_address(claims, name));
    Ok(UpstreamIdentity {
        username: first(&exchange.username_claim).and_then(|claims| text(claims, &exchange.username_claim)),
        email: exchange.email_claim.as_deref().and_then(email),
        sub: proven.sub,
        sid: proven.sid,
        said_at: proven.said_at,
        authenticated_at: proven.authenticated_at,
    })
}

/// An address that the same document calls verified: what nobody has verified is no address of theirs. `email_verified` speaks of
/// `email` and of no other claim (Core §5.1), so each has its own.
fn verified_address(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let verified = claims.get(&format!("{name}_verified")) == Some(&Value::Bool(true));
    text(claims, name).filter(|_| verified)
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
    }

    /// Goal: Core §5.1: what is said of one claim is not taken for another, and a document speaks of its own address only.
    #[test]
    fn an_address_counts_where_its_own_document_calls_it_verified() {
        let address =
            |claims: Value, name: &str| verified_address(claims.as_object().expect("members"), name);
        let own = json!({"email": "a@x.test", "email_verified": true, "upn": "ceo@x.test"});
        assert_eq!(address(own.clone(), "email").as_deref(), Some("a@x.test"));
        assert_eq!(address(own, "upn"), None);
        let work = json!({"work_email": "b@x.test", "work_email_verified": true});
        assert_eq!(address(work, "work_email").as_deref(), Some("b@x.test"));
        for verified in [json!(false), json!("true"), json!(1), json!(null)] {
            assert_eq!(address(json!({"email": "a@x.test", "email_verified": verified}), "email"), None);
        }
    }
}
