//! Grants.
//!
//! Codes and tokens are hashes before they come here (EMPTY-HANDS).

use adieu_core::{
    Grant, GrantId, RealmId, Refresh, ReplacedToken, RevokedToken, SessionId, Timestamp, UserId, Version,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Damaged;
use crate::{hex, unhex};

/// A token that was revoked, and until when that matters.
#[derive(Serialize, Deserialize)]
pub(super) struct RevokedTokenDetail(Uuid, i64);

impl RevokedTokenDetail {
    pub(super) fn of(revoked: &RevokedToken) -> Self {
        Self(revoked.token, revoked.until.ms())
    }

    pub(super) fn complete(self) -> RevokedToken {
        RevokedToken { token: self.0, until: Timestamp::from_ms(self.1) }
    }
}

/// A grant, but for its number.
#[derive(Serialize, Deserialize)]
pub struct GrantDetail {
    r: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    c: String,
    g: u64,
    u: Uuid,
    #[serde(default)]
    ug: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    og: Option<u64>,
    s: Uuid,
    e: u32,
    /// The number of the consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ok: Option<u64>,
    /// Until when it outlives its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    off_x: Option<i64>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<String>,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pkce: Option<String>,
    code: String,
    code_x: i64,
    used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rt: Option<(String, String, i64)>,
    /// The refresh token before, and when it gave way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rt_before: Option<(String, i64)>,
    dead: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<RevokedTokenDetail>,
    x: i64,
}

impl GrantDetail {
    /// As it is written.
    pub fn of(grant: &Grant) -> Self {
        let replaced = grant.refresh.and_then(|refresh| refresh.replaced);
        Self {
            r: grant.realm.uuid(),
            iss: grant.issuer.clone(),
            c: grant.client.to_string(),
            g: grant.client_generation,
            u: grant.user.uuid(),
            ug: grant.user_generation,
            og: grant.offline_generation,
            s: Uuid::from_bytes(grant.session.to_bytes()),
            e: grant.epoch,
            ok: grant.consent.map(Version::number),
            off_x: grant.offline_until.map(|end| end.ms()),
            scope: grant.scope.clone(),
            nonce: grant.nonce.clone(),
            claims: grant.claims.clone(),
            at: grant.auth_time.ms(),
            uri: grant.redirect_uri.clone(),
            pkce: grant.challenge.clone(),
            code: hex(grant.code),
            code_x: grant.code_expires_at.ms(),
            used: grant.redeemed,
            rt: grant.refresh.map(|r| (hex(r.family), hex(r.current), r.expires_at.ms())),
            rt_before: replaced.map(|replaced| (hex(replaced.token), replaced.at.ms())),
            dead: grant.revoked,
            revoked: grant.revoked_tokens.iter().map(RevokedTokenDetail::of).collect(),
            x: grant.expires_at.ms(),
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, id: GrantId) -> Result<Grant, Damaged> {
        let at = Timestamp::from_ms;
        let replaced = match self.rt_before {
            None => None,
            Some((token, ms)) => Some(ReplacedToken { token: unhex(&token)?, at: at(ms) }),
        };
        let refresh = match self.rt {
            None => None,
            Some((family, current, ms)) => {
                let (family, current) = (unhex(&family)?, unhex(&current)?);
                Some(Refresh { family, current, replaced, expires_at: at(ms) })
            }
        };
        Ok(Grant {
            id,
            realm: RealmId::from_uuid(self.r),
            issuer: self.iss,
            client: self.c.parse().map_err(|_| Damaged("client id"))?,
            client_generation: self.g,
            user: UserId::from_uuid(self.u),
            user_generation: self.ug,
            offline_generation: self.og,
            session: SessionId::from_bytes(self.s.into_bytes()),
            epoch: self.e,
            consent: self.ok.map(Version::from_stored),
            offline_until: self.off_x.map(at),
            scope: self.scope,
            nonce: self.nonce,
            claims: self.claims,
            auth_time: at(self.at),
            redirect_uri: self.uri,
            challenge: self.pkce,
            code: unhex(&self.code)?,
            code_expires_at: at(self.code_x),
            redeemed: self.used,
            refresh,
            revoked: self.dead,
            revoked_tokens: self.revoked.into_iter().map(RevokedTokenDetail::complete).collect(),
            expires_at: at(self.x),
        })
    }
}
