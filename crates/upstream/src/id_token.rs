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
    pub(crate) authenticated_at: Option<Timestamp>,
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
    let authenticated_at = authenticated_at(token, exchange)?; // (13)
    Ok(ProvenIdentity { sub: sub.to_owned(), sid, said_at, authenticated_at })
}

/// When the person proved who they are, if the token says so; and not too long ago, where that is asked for. By our clock, which the
/// provider's may be apart from.
fn authenticated_at(
    token: &Verified,
    exchange: &UpstreamExchange,
) -> Result<Option<Timestamp>, UpstreamError> {
    let refuse = |why| Err(UpstreamError::NotTaken(why));
    let (now_s, from) = (exchange.now.s(), exchange.authenticated_from);
    if !token.claims.contains_key("auth_time") {
        return match from {
            None => Ok(None),
            Some(_) => refuse("the ID token does not say when the person signed on (auth_time)"),
        };
    }
    let Some(at_s) = token.int("auth_time").filter(|at_s| (0..=now_s + SKEW.s()).contains(at_s)) else {
        return refuse("the auth_time of the ID token is none");
    };
    if from.is_some_and(|from| at_s < from.s() - SKEW.s()) {
        return refuse("the person signed on there before they were to do so anew");
    }
    let at = Timestamp::from_ms(at_s.saturating_mul(1000));
    Ok(Some(at.max(from.unwrap_or(at)).min(exchange.now)))
}

#[cfg(test)]
mod tests {
    use adieu_token::{Alg, ProviderKeys, SigningKey};
    use serde_json::{Value, json};

    use super::*;

    const NOW_S: i64 = 1_000_000;

    fn judged_at(auth_time: Option<Value>, from_s: Option<i64>) -> Result<Option<i64>, UpstreamError> {
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        let key = SigningKey::generate(Alg::Es256).expect("a key");
        let mut claims = json!({
            "iss": "https://id.test", "aud": "adieu", "sub": "ada", "iat": NOW_S, "exp": NOW_S + 60, "nonce": "n",
        });
        if let Some(auth_time) = auth_time {
            claims["auth_time"] = auth_time;
        }
        let token = key.sign(None, &claims).expect("a token");
        let token = ProviderKeys::of(&[key.public().jwk()]).verify(&token).expect("its signature");
        let exchange = UpstreamExchange {
            issuer: "https://id.test".into(),
            client_id: "adieu".into(),
            secret: None,
            code: "c".into(),
            redirect_uri: "https://ours.test/callback".into(),
            verifier: "v".into(),
            nonce: "n".into(),
            authenticated_from: from_s.map(at),
            username_claim: "preferred_username".into(),
            email_claim: None,
            wants_claims: false,
            now: at(NOW_S),
        };
        judged(&token, &exchange).map(|proven| proven.authenticated_at.map(Timestamp::s))
    }

    /// Goal: OpenID Connect Core §3.1.2.1: where a proof was asked for that is not older than so long, the ID token has to say that
    /// it is not; else what it says is taken over.
    #[test]
    fn when_somebody_signed_on_is_judged_where_it_was_asked_for() {
        let said = |s: i64| Some(Value::from(s));
        assert_eq!(judged_at(None, None), Ok(None));
        assert_eq!(judged_at(said(NOW_S - 200_000), None), Ok(Some(NOW_S - 200_000)));
        assert_eq!(judged_at(said(NOW_S + 30), None), Ok(Some(NOW_S)), "clocks may differ");
        assert_eq!(judged_at(said(NOW_S - 10), Some(NOW_S - 20)), Ok(Some(NOW_S - 10)));
        assert_eq!(judged_at(said(NOW_S - 80), Some(NOW_S - 20)), Ok(Some(NOW_S - 20)), "clocks may differ");
        for bad in [None, said(NOW_S - 81), said(NOW_S + 61), said(-1), Some("1".into()), Some(Value::Null)] {
            assert!(judged_at(bad.clone(), Some(NOW_S - 20)).is_err(), "{bad:?}");
        }
        for bad in [said(NOW_S + 61), said(i64::MIN), Some(json!([])), Some(Value::Null)] {
            assert!(judged_at(bad.clone(), None).is_err(), "{bad:?}");
        }
    }
}
