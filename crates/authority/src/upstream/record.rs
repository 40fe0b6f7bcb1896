//! Records about upstream providers as they lie in the store: JSON in documents and flows.
//!
//! Only this room reads and writes them.

use adieu_core::{RealmId, Timestamp, UpstreamProvider, UpstreamSession, UserId, upstream_key};
use adieu_store::{Document, FlowId};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// Documents: providers by their name.
pub(super) const PROVIDER: &str = "upstream-provider";
/// Documents: whom a person of an issuer is, by a hash of both.
pub(super) const LINK: &str = "upstream-link";
/// Documents: the people who are one user, by the user's id.
pub(super) const LINKS_OF_USER: &str = "upstream-links-of-user";
/// Flows: sign-ons under way, by their state.
pub(super) const STARTED: &str = "upstream-started";
/// Flows: what is kept beside a session, by its id.
pub(super) const SESSION: &str = "upstream-session";
/// Flows: the users whom a session of an issuer, or a person, has led to.
pub(super) const LED: &str = "upstream-led";
/// Flows: logouts that may overtake a sign-on.
pub(super) const OVER: &str = "upstream-over";
/// Flows: the same of logouts that a browser has told of, in a frame of the provider.
pub(super) const OVER_IN_FRAME: &str = "upstream-over-in-frame";
/// Flows: logout tokens that were taken.
pub(super) const TAKEN: &str = "upstream-taken";

#[derive(Serialize, Deserialize)]
struct ProviderBody {
    title: String,
    issuer: String,
    client_id: String,
    secret: Option<String>,
    scopes: Vec<String>,
    creates_users: bool,
    username_claim: String,
    email_claim: Option<String>,
    enabled: bool,
    created_at: i64,
    updated_at: i64,
}

pub(super) fn provider_text(provider: &UpstreamProvider) -> String {
    let p = provider.clone();
    let body = ProviderBody {
        title: p.title,
        issuer: p.issuer,
        client_id: p.client_id,
        secret: p.sealed_secret.map(|sealed| STANDARD.encode(sealed)),
        scopes: p.scopes,
        creates_users: p.creates_users,
        username_claim: p.username_claim,
        email_claim: p.email_claim,
        enabled: p.enabled,
        created_at: p.created_at.ms(),
        updated_at: p.updated_at.ms(),
    };
    text(&body)
}

/// The provider in a document; none if it cannot be read.
pub(super) fn provider(document: Document) -> Option<UpstreamProvider> {
    let body: ProviderBody = serde_json::from_str(&document.body).ok()?;
    Some(UpstreamProvider {
        realm: document.realm,
        name: document.id,
        title: body.title,
        issuer: body.issuer,
        client_id: body.client_id,
        sealed_secret: body.secret.map(|sealed| STANDARD.decode(sealed)).transpose().ok()?,
        scopes: body.scopes,
        creates_users: body.creates_users,
        username_claim: body.username_claim,
        email_claim: body.email_claim,
        enabled: body.enabled,
        created_at: Timestamp::from_ms(body.created_at),
        updated_at: Timestamp::from_ms(body.updated_at),
        version: document.version,
    })
}

/// To whom a person of an issuer leads.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkBody {
    pub(super) issuer: String,
    pub(super) sub: String,
    pub(super) user: String,
}

impl LinkBody {
    pub(super) fn user(&self) -> Option<UserId> {
        self.user.parse().ok()
    }
}

pub(super) fn link_id(issuer: &str, sub: &str) -> String {
    URL_SAFE_NO_PAD.encode(upstream_key("link", issuer, sub))
}

/// A sign-on under way.
#[derive(Serialize, Deserialize)]
pub(super) struct StartedBody {
    pub(super) provider: String,
    pub(super) issuer: String,
    /// What only the browser that began it has.
    pub(super) browser: String,
    pub(super) redirect_uri: String,
    pub(super) then: String,
    pub(super) two_factors: bool,
    /// When it began. Of one from before this was kept it counts as long ago.
    #[serde(default)]
    pub(super) begun_at_ms: i64,
    /// Before when the person may not have proven who they are, if that matters.
    #[serde(default)]
    pub(super) proof_from_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct SessionBody {
    provider: String,
    issuer: String,
    sub: String,
    sid: Option<String>,
}

pub(super) fn session_text(session: &UpstreamSession) -> String {
    let s = session.clone();
    text(&SessionBody { provider: s.provider, issuer: s.issuer, sub: s.sub, sid: s.sid })
}

pub(super) fn session(body: &[u8]) -> Option<UpstreamSession> {
    let s: SessionBody = serde_json::from_slice(body).ok()?;
    Some(UpstreamSession { provider: s.provider, issuer: s.issuer, sub: s.sub, sid: s.sid })
}

/// A session and a person of an issuer, as names of flows.
pub(super) fn names_of(sid: Option<&str>, sub: Option<&str>) -> impl Iterator<Item = String> {
    let names = [sid.map(|sid| format!("sid {sid}")), sub.map(|sub| format!("sub {sub}"))];
    names.into_iter().flatten()
}

/// The name of the note that a browser has told of the end of a session.
pub(super) fn over_in_frame(realm: RealmId, issuer: &str, sid: &str) -> FlowId {
    flow_of(OVER_IN_FRAME, realm, issuer, sid)
}

/// The name of a flow about something of an issuer in a realm.
pub(super) fn flow_of(kind: &str, realm: RealmId, issuer: &str, name: &str) -> FlowId {
    let key = upstream_key(&format!("{kind} {realm}"), issuer, name);
    key.first_chunk().copied().expect("a hash has 32 bytes")
}

/// A time as the whole body of a flow.
pub(super) fn time_text(at: Timestamp) -> Vec<u8> {
    at.ms().to_string().into_bytes()
}

pub(super) fn time(body: &[u8]) -> Option<Timestamp> {
    std::str::from_utf8(body).ok()?.parse().ok().map(Timestamp::from_ms)
}

pub(super) fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("texts and numbers are JSON")
}
