//! The message of one try: a logout token, made anew each time.
//!
//! OpenID Connect Back-Channel Logout 1.0 sections 2.4, 2.5 and 4: a retry has its own `iat`, `exp` and `jti`, and no token
//! counts for longer than two minutes.

use adieu_core::{Entropy, Outage, Receipt, Timestamp};
use adieu_keyring::Keyring;
use adieu_token::{Alg, LoggedOut, LogoutClaims};

/// For how many seconds a token counts. §4
const LIFE_S: i64 = 120;

/// The form that a receiver is sent.
pub(crate) async fn compose(
    keyring: &Keyring,
    entropy: &dyn Entropy,
    receipt: &Receipt,
    now: Timestamp,
) -> Result<String, Outage> {
    let subject = receipt.subject.as_ref().ok_or_else(|| Outage::new("the client cannot be told"))?;
    let alg = Alg::named(&subject.algorithm)
        .ok_or_else(|| Outage::new("the client's tokens have an unknown algorithm"))?;
    let claims = LogoutClaims {
        iss: subject.issuer.clone(),
        aud: receipt.client.to_string(),
        iat: now.s(),
        exp: now.s() + LIFE_S,
        jti: adieu_core::entropy::draw_uuid(entropy).to_string(),
        logged_out: match &subject.sid {
            Some(sid) => LoggedOut::UserSession { sub: subject.sub.clone(), sid: sid.clone() },
            None => LoggedOut::User { sub: subject.sub.clone() },
        },
    };
    let token = claims.unsigned().map_err(Outage::new)?;
    let token = keyring.signer(receipt.realm, alg).await?.sign(token).await?;
    Ok(form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish())
}
