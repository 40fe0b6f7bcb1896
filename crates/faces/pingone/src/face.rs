//! What every handler of this face has at hand: the authority and the settings.
//!
//! Holds no state of its own.

use std::sync::Arc;

use adieu_authority::{Authority, Channel, Realm, RealmId, SidForm};
use adieu_oidc::{AcrNames, Issuer, Provider};

use crate::settings::Settings;

/// The channel that sessions of this dialect come through.
pub(crate) const CHANNEL: Channel = Channel::named("pingone");

/// The claim of every token that names its environment. Contract pingone.md 3.4
pub(crate) const CLAIM_ENV: &str = "env";

/// Scope of this API: users read their own sessions.
pub(crate) const READ_SESSIONS: &str = "p1:read:sessions";
/// Scope of this API: users delete their own sessions.
pub(crate) const DELETE_SESSIONS: &str = "p1:delete:sessions";
/// All scopes of this API; an application has those that it is granted. Contract pingone.md 2.5
pub(crate) const API_SCOPES: [&str; 2] = [READ_SESSIONS, DELETE_SESSIONS];

/// What every handler has at hand.
#[derive(Clone)]
pub(crate) struct Face(Arc<Inner>);

struct Inner {
    authority: Authority,
    settings: Settings,
}

impl Face {
    pub(crate) fn new(authority: Authority, settings: Settings) -> Self {
        Self(Arc::new(Inner { authority, settings }))
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The issuer of an environment.
    pub(crate) fn issuer(&self, environment: RealmId) -> String {
        format!("{}/{environment}/as", self.settings().auth_base_of(environment))
    }

    /// The OpenID Provider of an environment. Contract pingone.md 1.3 and 3.4.
    pub(crate) fn provider(&self, realm: &Arc<Realm>) -> Provider<'_> {
        let issuer = Issuer {
            realm: Arc::clone(realm),
            token_endpoint: format!("{}/token", self.issuer(realm.id)),
            push_endpoint: None,
            name: self.issuer(realm.id),
            api: self.settings().api_base.clone(),
            api_scopes: &API_SCOPES,
            own_scopes: &[], // A worker is let in by its roles: contract pingone.md 4.8.
            acr: AcrNames { one: "Single_Factor", two: "Multi_Factor" }, // The vendor's own policies are named so.
            claims: [(CLAIM_ENV.to_owned(), realm.id.to_string().into())].into_iter().collect(),
            tells_nonce: false,
            prompts: &["none", "login", "consent"],
            sid: SidForm::Public, // Applications look sessions up by it. Contract pingone.md 3.4
            frames_clients: false, // The browser goes to the application's page, as the vendor has it.
            judges_resource: false, // The vendor does not look at it.
            public_needs_pkce: true,
        };
        Provider { authority: self.authority(), issuer, channel: CHANNEL, direct_mode: Some("pi.flow") }
    }
}
