//! A client that proves itself by what it signs with a key of its own: `private_key_jwt`.
//!
//! An assertion counts once, at one issuer, and not long: its name is remembered by the store until it is over, so that no other
//! node takes it either. RFC 7521 §4.2, RFC 7523 §3, OpenID Connect Core §9, standards.md 2.3 (S-CA-2).

use adieu_authority::{
    Client, ClientRefusalReason, FlowId, LineTaken, RememberError, Span, UnsignedByClient,
};
use adieu_core::{ClientKeysError, TokenHash};
use adieu_http_kit::form::Params;
use adieu_token::{Verified, unverified_claim};
use serde_json::Value;

use crate::client_auth::once;
use crate::{KeysLater, Provider, Refusal};

/// The one type of assertion. RFC 7523 §2.2
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// What the header of an assertion may call it. RFC 7519 §5.1
const TYPS: [&str; 2] = ["JWT", "client-authentication+jwt"];
/// Names of assertions that were taken.
const KIND: &str = "oidc-client-assertion";
/// How far ahead an assertion may end, and how long its name has to be remembered (HOME-LIMITS).
const LIFE_MAX: Span = Span::from_s(3600);
/// By how much a client's clock may be ahead.
const CLOCK_SKEW_S: i64 = 60;

/// The assertion that a form shows, if it shows one.
pub(crate) fn shown(form: &Params) -> Result<Option<&str>, Refusal> {
    match (once(form, "client_assertion_type")?, once(form, "client_assertion")?) {
        (None, None) => Ok(None),
        (Some(TYPE), Some(assertion)) => Ok(Some(assertion)),
        (Some(_), Some(_)) => Err(refused(ClientRefusalReason::OtherMethod)), // RFC 7521 §4.2.1
        (Some(_), None) | (None, Some(_)) => {
            Err(Refusal::Request("`client_assertion` and `client_assertion_type` go together."))
        }
    }
}

const fn refused(why: ClientRefusalReason) -> Refusal {
    Refusal::Client { basic: false, why }
}

/// The client that an assertion says it is of: to look for its keys, and nothing else.
pub(crate) fn claimed_client(assertion: &str) -> Option<String> {
    unverified_claim(assertion, "sub")
}

impl Provider<'_> {
    /// Takes the assertion as the proof of its client, here and now. It is used up by that.
    pub(crate) async fn prove_by(&self, client: &Client, assertion: &str) -> Result<(), Refusal> {
        let now_s = self.authority.now().s();
        let claims = match self.authority.signed_by_client(client, assertion, client.signing.assertion).await
        {
            Ok(claims) => claims,
            Err(unsigned) => {
                let unsigned = had(unsigned)?;
                self.note_keys(client, &unsigned);
                return Err(refused(ClientRefusalReason::AssertionSignature));
            }
        };
        let own = |name| claims.str(name) == Some(client.id.as_str());
        let claimed = (claims.int("exp"), claims.str("jti").filter(|jti| !jti.is_empty()));
        let (Some(exp), Some(jti)) = claimed else {
            return Err(refused(ClientRefusalReason::AssertionClaims));
        };
        let typed =
            claims.typ.as_deref().is_none_or(|typ| TYPS.iter().any(|known| typ.eq_ignore_ascii_case(known)));
        let in_time = now_s < exp && exp - now_s <= LIFE_MAX.s() && began(&claims, now_s);
        for (fits, why) in [
            (typed && own("iss") && own("sub"), ClientRefusalReason::AssertionClaims),
            (in_time, ClientRefusalReason::AssertionTime),
            (self.is_audience(&claims), ClientRefusalReason::AssertionAudience),
        ] {
            if !fits {
                return Err(refused(why));
            }
        }
        let life = Span::from_s(exp - now_s);
        let taken = self.authority.remember_of_client(client, (name_of(client, jti), KIND), life);
        let first = taken.await.map_err(|error| match error {
            RememberError::TooOften => Refusal::TooOften,
            RememberError::Unwritten(unwritten) => Refusal::Unavailable(unwritten.into_outage()),
        })?;
        if first { Ok(()) } else { Err(refused(ClientRefusalReason::UsedAssertion)) }
    }

    /// Writes down that keys at an address of the client's are none that are taken: its owner can mend that.
    pub(crate) fn note_keys(&self, client: &Client, unsigned: &UnsignedByClient) {
        if matches!(unsigned, UnsignedByClient::Keys(ClientKeysError::NotTaken(_)))
            && let Some(LineTaken { left_out }) = self.authority.take_line("oidc", "keys_not_taken")
        {
            tracing::warn!(client = %client.id, why = %unsigned, left_out, "the keys at a client's jwks_uri are not taken");
        }
    }

    /// Whether the assertion is for this issuer: by its name or, unless the installation is strict, by the address of its tokens or
    /// of pushed requests, as RFC 9126 §2 and older programs have it. An assertion that names others besides could be shown to us
    /// by one of them.
    fn is_audience(&self, claims: &Verified) -> bool {
        let strict = self.authority.policy().assertion_audience_strict;
        let at = [Some(self.issuer.token_endpoint.as_str()), self.issuer.push_endpoint.as_deref()];
        let is_ours = |aud: &str| aud == self.issuer.name || (!strict && at.contains(&Some(aud)));
        match claims.claims.get("aud") {
            Some(Value::String(aud)) => is_ours(aud),
            Some(Value::Array(all)) if !strict && !all.is_empty() => {
                all.iter().all(|aud| aud.as_str().is_some_and(is_ours))
            }
            _ => false,
        }
    }
}

/// Why something does not count as signed by a client, where its keys are had: where its address does not answer, or is not asked yet
/// for a key that it may have by now, nobody can tell (NO-FALSE-NO).
pub(crate) fn had(unsigned: UnsignedByClient) -> Result<UnsignedByClient, Refusal> {
    let UnsignedByClient::Keys(error) = &unsigned else { return Ok(unsigned) };
    let (why, retry_after_s) = match error {
        ClientKeysError::Unreachable(_) | ClientKeysError::Busy => (ClientRefusalReason::KeysUnreachable, 1),
        ClientKeysError::AskedLately { again_after } => {
            (ClientRefusalReason::UnknownKey, seconds(*again_after))
        }
        ClientKeysError::NotTaken(_) => return Ok(unsigned),
    };
    Err(Refusal::KeysLater(KeysLater { why, retry_after_s, detail: error.to_string() }))
}

/// A wait in whole seconds, rounded up, and one at least.
fn seconds(wait: Span) -> u16 {
    u16::try_from((wait.ms().saturating_add(999) / 1000).max(1)).unwrap_or(u16::MAX)
}

/// Whether what is signed counts already. RFC 7519 §4.1.5, §4.1.6
pub(crate) fn began(claims: &Verified, now_s: i64) -> bool {
    ["nbf", "iat"].iter().all(|name| match claims.claims.get(*name) {
        None => true,
        Some(_) => claims.int(name).is_some_and(|at| at <= now_s + CLOCK_SKEW_S),
    })
}

/// The name under which an assertion is remembered: that of its client and its own.
fn name_of(client: &Client, jti: &str) -> FlowId {
    let hash = TokenHash::of(format!("{KIND} {} {} {jti}", client.realm, client.id).as_bytes()).to_bytes();
    *hash.first_chunk().expect("32 bytes have 16")
}
