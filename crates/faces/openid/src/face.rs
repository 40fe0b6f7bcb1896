//! What every request of this face needs, made once: the authority and the settings; and the provider of a realm.
//!
//! Holds no state of its own: sessions, codes and what a form waits for lie in the store.

use std::sync::Arc;

use adieu_authority::{Authority, Channel, Purpose, Realm, SidForm};
use adieu_oidc::{AcrNames, Issuer, Provider};

use crate::address::issuer;
use crate::settings::Settings;

/// The name of this channel, in records and metrics.
pub(crate) const CHANNEL: Channel = Channel::named("openid");

/// How sign-ons are named: by the number of factors.
const ACR: AcrNames = AcrNames { one: "1", two: "2" };

/// The scopes that a client may have in its own name, once it was granted them.
pub(crate) const OWN_SCOPES: &[&str] = &[REVOCATION_SCOPE];
/// The scope that lets a client sign users off everywhere, and nothing else.
pub(crate) const REVOCATION_SCOPE: &str = "global_token_revocation";

/// The face.
pub(crate) struct Face {
    pub(crate) authority: Authority,
    pub(crate) settings: Settings,
}

impl Face {
    /// The OpenID Provider of a realm.
    pub(crate) fn provider(&self, realm: &Arc<Realm>) -> Provider<'_> {
        let name = self.url(realm, "");
        let issuer = Issuer {
            realm: Arc::clone(realm),
            token_endpoint: self.url(realm, "token"),
            push_endpoint: Some(self.url(realm, "par")),
            api: name.clone(),
            name,
            api_scopes: &[],
            own_scopes: OWN_SCOPES,
            acr: ACR,
            claims: Default::default(),
            tells_nonce: false,
            prompts: &["none", "login", "consent", "select_account"],
            sid: SidForm::OfClient,
            frames_clients: true,
            judges_resource: true,
            public_needs_pkce: true,
        };
        Provider { authority: &self.authority, issuer, channel: CHANNEL, direct_mode: None }
    }

    /// The address of an endpoint of a realm's issuer; of the issuer itself, if none is named.
    pub(crate) fn url(&self, realm: &Realm, endpoint: &str) -> String {
        let slash = if endpoint.is_empty() { "" } else { "/" };
        format!("{}{slash}{endpoint}", issuer(&self.settings.public_url, &realm.path))
    }

    /// A text that only this installation can derive from a name, for forms and addresses (EMPTY-HANDS).
    pub(crate) fn derived(&self, name: &str) -> String {
        self.authority.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
    }
}
