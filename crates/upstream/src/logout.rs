//! Whether a logout token is one of the provider's for our client. Its signature has been checked.
//!
//! OpenID Connect Back-Channel Logout 1.0 §2.6; what has no clock is judged by `adieu-token`. S-BCL-24.

use adieu_core::{Span, Timestamp, UpstreamError, UpstreamLogout, is_subject};
use adieu_token::{LogoutClaims, Verified};

use crate::id_token::SKEW;

/// How long ago a logout token may have been made: a provider that tries again makes a new one.
const AGE_MAX: Span = Span::from_s(3600);

/// Judges a logout token.
pub(crate) fn judged(
    token: &Verified,
    issuer: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<UpstreamLogout, UpstreamError> {
    let refuse = |why| Err(UpstreamError::NotTaken(why));
    let Some(claims) = LogoutClaims::read(token, client_id) else {
        return refuse("the token is no logout token for this client");
    };
    if claims.iss != issuer {
        return refuse("the logout token is another issuer's");
    }
    if token.expired(now.s() - SKEW.s()) {
        return refuse("the logout token is expired");
    }
    if claims.iat > now.s() + SKEW.s() || claims.iat < now.s() - AGE_MAX.s() {
        return refuse("the logout token was not made lately");
    }
    let (sub, sid) = (claims.logged_out.sub(), claims.logged_out.sid());
    if [sub, sid].into_iter().flatten().any(|name| !is_subject(name)) || !is_subject(&claims.jti) {
        return refuse("the logout token has a name that is none");
    }
    Ok(UpstreamLogout {
        sub: sub.map(str::to_owned),
        sid: sid.map(str::to_owned),
        jti: claims.jti.clone(),
        said_at: Timestamp::from_ms(claims.iat.saturating_mul(1000)),
        expires_at: Timestamp::from_ms(claims.exp.saturating_mul(1000)),
    })
}
