//! Where a session credential is read. Contract kratos.md 2.1.
//!
//! `X-Session-Token` if it is not empty, then the first session cookie that can be one, then a bearer token. The first
//! hit wins: if its session is dead, the next is not asked (K-24).

use adieu_authority::{Check, Outage};
use adieu_authority::{Live, NotLive, RealmId, SessionToken};
use adieu_http_kit::{auth, cookies};
use axum::http::HeaderMap;

use crate::face::Face;

/// What a request carries, in the order of the contract.
pub(crate) struct Credentials {
    /// Each one that can be a token; what is none at all is `None`, and counts as carried.
    carried: Vec<Option<SessionToken>>,
    /// Whether a session cookie came along, sound or not.
    pub(crate) cookie: bool,
}

impl Credentials {
    pub(crate) fn of(face: &Face, headers: &HeaderMap) -> Self {
        let mut carried = Vec::new();
        if let Some(header) = headers.get("x-session-token").filter(|value| !value.is_empty()) {
            carried.push(header.to_str().ok().and_then(SessionToken::parse));
        }
        let settings = &face.settings.cookie;
        let names = std::iter::once(&settings.name).chain(&settings.names_read);
        let mut cookie = false;
        for name in names {
            for value in cookies::all(headers, name) {
                cookie = true;
                // Quirk: a cookie that can't be one is treated as absent. Contract kratos.md 2.1
                if let Some(token) = SessionToken::parse(value) {
                    carried.push(Some(token));
                }
            }
        }
        if let Some(bearer) = auth::bearer(headers) {
            carried.push(SessionToken::parse(bearer));
        }
        Self { carried, cookie }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.carried.is_empty()
    }

    /// The one that counts.
    pub(crate) fn first(&self) -> Option<&SessionToken> {
        self.carried.first().and_then(Option::as_ref)
    }

    /// All that can be tokens.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &SessionToken> {
        self.carried.iter().flatten()
    }
}

impl Face {
    /// The live session that counts for this request, if there is one.
    pub(crate) async fn signed_on(&self, headers: &HeaderMap) -> Result<Option<Live>, Outage> {
        let credentials = Credentials::of(self, headers);
        let Some(token) = credentials.first() else { return Ok(None) };
        let realm = self.realm_id().await?;
        self.live(token, realm, false).await
    }

    /// The session that a token opens, if it is live and of the realm.
    pub(crate) async fn live(
        &self,
        token: &SessionToken,
        realm: RealmId,
        touch: bool,
    ) -> Result<Option<Live>, Outage> {
        let check = self.authority.check(token, touch).get().await?;
        Ok(in_realm(check, realm).ok())
    }
}

/// Sessions of other realms are not live here.
pub(crate) fn in_realm(check: Check, realm: RealmId) -> Result<Live, NotLive> {
    match check {
        Check::Live(live) if live.session.realm == realm => Ok(live),
        Check::Live(_) => Err(NotLive::Unknown),
        Check::Not(why) => Err(why),
    }
}
