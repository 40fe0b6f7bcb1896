//! Whether an ID token is what was asked for. Its signature has been checked.
//!
//! OpenID Connect Core 1.0 §3.1.3.7.

use adieu_core::{Span, Timestamp, UpstreamError, UpstreamExchange, is_subject};
use adieu_token::Verified;
use subtle::ConstantTimeEq as _;

/// How far the clock of a provider may be from ours.
pub(crate) const SKEW: Span = Span::from_s(60);
/// How long ago an ID token may have been made that has just come.
const AGE_MAX: Span = Span::from_s(600);

/// Who it is.
pub(crate) struct ProvenIdentity {
    pub(crate) sub: String,
    pub(crate) sid: Option<String>,
    pub(crate) said_at: Timestamp,
}

/// Judges an ID token.
pub(crate) fn judged(token: &Verified, exchange: &UpstreamExchange) -> Result<ProvenIdentity, UpstreamError> {
    let refuse = |why| Err(UpstreamError::NotTaken(why));
    if token.str("iss") != Some(&exchange.issuer) {
        return refuse("the ID token is another issuer's"); // (2)
    }
    let audiences = token.audiences();
    if !audiences.contains(&exchange.client_id.as_str()) {
        return refuse("the ID token is for another client"); // (3)
    }
    let azp = token.claims.get("azp");
    let azp_is_ours = azp.is_some_and(|azp| azp == exchange.client_id.as_str());
    if (audiences.len() > 1 || azp.is_some()) && !azp_is_ours {
        return refuse("the ID token was made for another client"); // (4), (5)
    }
    let now_s = exchange.now.s();
    if token.expired(now_s - SKEW.s()) {
        return refuse("the ID token is expired"); // (9)
    }
    let Some(said_s) = token.int("iat") else { return refuse("the ID token has no iat") };
    if said_s > now_s + SKEW.s() || said_s < now_s - AGE_MAX.s() {
        return refuse("the ID token was not made just now"); // (10)
    }
    let nonce = token.str("nonce").unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(exchange.nonce.as_bytes())) {
        return refuse("the ID token has another nonce"); // (11)
    }
    let Some(sub) = token.str("sub").filter(|sub| is_subject(sub)) else {
        return refuse("the ID token has no sub");
    };
    let sid = match token.claims.get("sid") {
        None => None,
        Some(sid) => match sid.as_str().filter(|sid| is_subject(sid)) {
            Some(sid) => Some(sid.to_owned()),
            None => return refuse("the sid of the ID token is none"),
        },
    };
    let said_at = Timestamp::from_ms(said_s.saturating_mul(1000));
    Ok(ProvenIdentity { sub: sub.to_owned(), sid, said_at })
}
