//! The claims of access and ID tokens: what a grant or a client lets a token say.
//!
//! An access token names its grant, the session and the client's generation (`gid`, `sid`, `cgn`), so that every later look
//! finds out whether what it was issued for still lives. Nothing here signs, reads a store or decides whether a grant is good.
//! OpenID Connect Core §2, RFC 9068 §2.2, contract pingone.md 3.4 and 4.8.

use adieu_authority::{Assurance, Client, Grant, Outage, RECOVERY_CODE, Session, Timestamp, UPSTREAM};
use adieu_token::{TYP_ACCESS, TYP_ID, UnsignedToken};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Issuer;

/// What all tokens of one answer share.
pub(crate) struct TokenFrame<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) client: &'a Client,
    pub(crate) now: Timestamp,
    /// The id of the access token.
    pub(crate) jti: String,
    /// The client's name of the session, where there is one.
    pub(crate) sid: Option<String>,
}

#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    client_id: &'a str,
    aud: [&'a str; 1],
    iat: i64,
    exp: i64,
    jti: &'a str,
    #[serde(flatten)]
    of_dialect: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<&'static str>,
    /// The grant's number; as text, because it has more bits than a JSON number is sure to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<String>,
    /// The client's generation.
    cgn: u64,
}

#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    acr: &'a str,
    amr: Vec<&'static str>,
    sid: String,
    #[serde(flatten)]
    of_dialect: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    /// What the request asked for by name.
    #[serde(flatten)]
    of_user: Map<String, Value>,
}

impl TokenFrame<'_> {
    /// The access token of a client in its own name: no user, no session.
    pub(crate) fn own_access(&self, scope: Option<&str>) -> Result<UnsignedToken, Outage> {
        composed(TYP_ACCESS, &AccessClaims { scope, ..self.access_claims(&self.issuer.api) })
    }

    /// The access token of a grant, with these of its scopes. How its user signed on is told while the session is there.
    pub(crate) fn access(
        &self,
        grant: &Grant,
        session: Option<&Session>,
        scope: &str,
    ) -> Result<UnsignedToken, Outage> {
        let for_api = scope.split(' ').any(|scope| self.issuer.api_scopes.contains(&scope));
        let claims = AccessClaims {
            sub: Some(grant.user.to_string()),
            scope: Some(scope),
            sid: self.sid.clone(),
            auth_time: Some(grant.auth_time.s()),
            acr: session.map_or(self.client.acr.as_deref(), |session| Some(self.acr(session))),
            amr: session.map(amr).unwrap_or_default(),
            gid: Some(grant.id.number().to_string()),
            ..self.access_claims(if for_api { &self.issuer.api } else { &self.issuer.name })
        };
        composed(TYP_ACCESS, &claims)
    }

    /// The ID token of a grant and its session. The nonce is only in the first one (OpenID Connect Core §12.2).
    pub(crate) fn id(
        &self,
        grant: &Grant,
        session: &Session,
        first: bool,
        of_user: Map<String, Value>,
    ) -> Result<UnsignedToken, Outage> {
        let claims = IdClaims {
            iss: &self.issuer.name,
            sub: grant.user.to_string(),
            aud: self.client.id.as_str(),
            iat: self.now.s(),
            exp: self.expires_at().s(),
            auth_time: grant.auth_time.s(),
            acr: self.acr(session),
            amr: amr(session),
            sid: self.sid.clone().unwrap_or_default(),
            of_dialect: &self.issuer.claims,
            nonce: grant.nonce.as_deref().filter(|_| first),
            of_user,
        };
        composed(TYP_ID, &claims)
    }

    fn access_claims<'a>(&'a self, audience: &'a str) -> AccessClaims<'a> {
        AccessClaims {
            iss: &self.issuer.name,
            sub: None,
            client_id: self.client.id.as_str(),
            aud: [audience],
            iat: self.now.s(),
            exp: self.expires_at().s(),
            jti: &self.jti,
            of_dialect: &self.issuer.claims,
            scope: None,
            sid: None,
            auth_time: None,
            acr: None,
            amr: Vec::new(),
            gid: None,
            cgn: self.client.generation,
        }
    }

    fn expires_at(&self) -> Timestamp {
        self.now.plus(self.client.access_life)
    }

    /// How a sign-on is named: by the client's own name for all of them, or by what it has proven.
    fn acr(&self, session: &Session) -> &str {
        self.client.acr.as_deref().unwrap_or_else(|| self.issuer.acr.of(session.assurance()))
    }
}

fn composed(typ: &'static str, claims: &impl Serialize) -> Result<UnsignedToken, Outage> {
    UnsignedToken::new(typ, claims).map_err(Outage::new)
}

/// The methods of authentication by their registered names, and that they were several factors. RFC 8176 §2
fn amr(session: &Session) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for method in &session.methods {
        let name = match method.name.as_ref() {
            "password" => "pwd",
            RECOVERY_CODE => "otp", // It works once.
            UPSTREAM => continue,   // What the other provider did is not known here.
            _ => "user",
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if session.assurance() == Assurance::Two {
        names.push("mfa");
    }
    names
}
