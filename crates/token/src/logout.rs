//! The claims of a logout token: an issuer tells one client that a session, or every session of a user, is over.
//!
//! A value of the type here is a token that every receiver must take, or there is none: it speaks of a user, of a session or
//! of both, it has the one event, and it can have no `nonce`. Nothing here signs or sends.
//! OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::jws::TokenError;
use crate::unsigned::{TYP_LOGOUT, UnsignedToken};
use crate::verified::Verified;

/// The one event of a logout token. Back-Channel Logout §2.4
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Whose session, or which one, is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedOut {
    /// Every session of the user at this client.
    User {
        /// `sub`
        sub: String,
    },
    /// One session.
    Session {
        /// `sid`
        sid: String,
    },
    /// One session of the user.
    UserSession {
        /// `sub`
        sub: String,
        /// `sid`
        sid: String,
    },
}

impl LoggedOut {
    /// Of the claims of a token; none if it has neither.
    fn of(sub: Option<&str>, sid: Option<&str>) -> Option<Self> {
        let (sub, sid) = (sub.map(str::to_owned), sid.map(str::to_owned));
        Some(match (sub, sid) {
            (Some(sub), Some(sid)) => Self::UserSession { sub, sid },
            (Some(sub), None) => Self::User { sub },
            (None, Some(sid)) => Self::Session { sid },
            (None, None) => return None,
        })
    }

    /// `sub`
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        match self {
            Self::User { sub } | Self::UserSession { sub, .. } => Some(sub),
            Self::Session { .. } => None,
        }
    }

    /// `sid`
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        match self {
            Self::Session { sid } | Self::UserSession { sid, .. } => Some(sid),
            Self::User { .. } => None,
        }
    }
}

/// The claims of a logout token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutClaims {
    /// Who says it.
    pub iss: String,
    /// The client that is told.
    pub aud: String,
    /// When it was said, in seconds since 1970.
    pub iat: i64,
    /// From when it counts no more.
    pub exp: i64,
    /// Its own name: a receiver takes each one once.
    pub jti: String,
    /// Of what it speaks.
    pub logged_out: LoggedOut,
}

impl LogoutClaims {
    /// The token, for a key to sign.
    pub fn unsigned(&self) -> Result<UnsignedToken, TokenError> {
        UnsignedToken::new(TYP_LOGOUT, self)
    }

    /// The claims of a verified token, if it is a logout token for that client. Issuer, time and repetition are the caller's
    /// to judge.
    #[must_use]
    pub fn read(token: &Verified, client: &str) -> Option<Self> {
        // §2.6 (2): an explicit type, where there is one. RFC 8725 §3.11. Providers that know none say `JWT`, which says nothing.
        let says = |known: &str| token.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(known));
        let typed = token.typ.is_none() || says(TYP_LOGOUT) || says("JWT");
        let event = token.claims.get("events")?.as_object()?.get(EVENT)?;
        let refused = !typed || !event.is_object() || token.claims.contains_key("nonce"); // §2.6 (6), (7)
        if refused || !token.audiences().contains(&client) {
            return None;
        }
        let text = |name: &str| match token.claims.get(name) {
            None => Some(None),
            Some(Value::String(text)) => Some(Some(text.as_str())),
            Some(_) => None, // A claim of another type is no claim that is missing.
        };
        Some(Self {
            iss: token.str("iss")?.to_owned(),
            aud: client.to_owned(),
            iat: token.int("iat")?,
            exp: token.int("exp")?,
            jti: token.str("jti")?.to_owned(),
            logged_out: LoggedOut::of(text("sub")?, text("sid")?)?, // §2.6 (5)
        })
    }
}

impl Serialize for LogoutClaims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut claims = serializer.serialize_map(None)?;
        claims.serialize_entry("iss", &self.iss)?;
        if let Some(sub) = self.logged_out.sub() {
            claims.serialize_entry("sub", sub)?;
        }
        claims.serialize_entry("aud", &self.aud)?;
        claims.serialize_entry("iat", &self.iat)?;
        claims.serialize_entry("exp", &self.exp)?;
        claims.serialize_entry("jti", &self.jti)?;
        claims.serialize_entry("events", &serde_json::json!({ EVENT: {} }))?;
        if let Some(sid) = self.logged_out.sid() {
            claims.serialize_entry("sid", sid)?;
        }
        claims.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Alg, KeySet, SigningKey};

    fn claims(logged_out: LoggedOut) -> LogoutClaims {
        LogoutClaims {
            iss: "https://id.test".into(),
            aud: "shop".into(),
            iat: 100,
            exp: 220,
            jti: "j1".into(),
            logged_out,
        }
    }

    fn kinds() -> [LoggedOut; 3] {
        let (sub, sid) = ("ada".to_owned(), "s1".to_owned());
        [
            LoggedOut::User { sub: sub.clone() },
            LoggedOut::Session { sid: sid.clone() },
            LoggedOut::UserSession { sub, sid },
        ]
    }

    /// What a receiver holds after it has checked the signature.
    fn received(typ: Option<&str>, claims: &impl Serialize) -> Verified {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        KeySet::of([key.public()]).verify(&key.sign(typ, claims).unwrap()).unwrap()
    }

    #[test]
    fn the_claims_are_those_of_the_specification() {
        let [user, session, both] = kinds().map(|kind| serde_json::to_value(claims(kind)).unwrap());
        let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        let expect = json!({"iss": "https://id.test", "sub": "ada", "aud": "shop", "iat": 100, "exp": 220, "jti": "j1",
            "events": events, "sid": "s1"});
        assert_eq!(both, expect);
        let without = |name: &str| {
            let mut claims = expect.clone();
            claims.as_object_mut().unwrap().shift_remove(name);
            claims
        };
        assert_eq!((user, session), (without("sid"), without("sub")));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for kind in kinds() {
            let claims = claims(kind);
            let key = SigningKey::generate(Alg::Es256).unwrap();
            let token = key.sign_token(&claims.unsigned().unwrap()).unwrap();
            let verified = KeySet::of([key.public()]).verify(&token).unwrap();
            assert_eq!(verified.typ.as_deref(), Some("logout+jwt"));
            assert_eq!(LogoutClaims::read(&verified, "shop"), Some(claims));
        }
    }

    #[test]
    fn what_must_be_refused_is_no_logout_token() {
        let good = serde_json::to_value(claims(kinds()[2].clone())).unwrap();
        assert!(
            LogoutClaims::read(&received(None, &good), "shop").is_some(),
            "the type is optional for others"
        );
        assert!(
            LogoutClaims::read(&received(Some("JWT"), &good), "shop").is_some(),
            "a type that says nothing"
        );
        assert!(LogoutClaims::read(&received(Some("at+jwt"), &good), "shop").is_none());
        assert!(LogoutClaims::read(&received(Some("logout+jwt"), &good), "desk").is_none());
        for (name, value) in [
            ("nonce", json!("n")),
            ("nonce", json!(null)),
            ("events", json!({})),
            ("events", json!({"http://schemas.openid.net/event/backchannel-logout": true})),
            ("events", json!("http://schemas.openid.net/event/backchannel-logout")),
            ("sub", json!(7)),
            ("sid", json!(null)),
            ("iat", json!("100")),
            ("exp", json!(null)),
            ("jti", json!(1)),
            ("iss", json!([])),
            ("aud", json!("other")),
        ] {
            let mut bad = good.clone();
            bad[name] = value.clone();
            assert!(
                LogoutClaims::read(&received(Some("logout+jwt"), &bad), "shop").is_none(),
                "{name}: {value}"
            );
        }
        let mut nobody = good.clone();
        nobody.as_object_mut().unwrap().retain(|name, _| name != "sub" && name != "sid");
        assert!(LogoutClaims::read(&received(Some("logout+jwt"), &nobody), "shop").is_none());
    }
}
