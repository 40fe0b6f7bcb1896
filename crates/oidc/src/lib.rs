//! The OpenID Provider: what authorize, token and introspection requests mean, and what is answered to them.
//!
//! There are no paths, no statuses and no pages here: whoever mounts it brings them, and finds the dialect's words for a
//! [`Refusal`]. Sessions and grants are the authority's. OpenID Connect Core 1.0, RFC 6749, 7636, 7662, 9207, 9700.

mod assertion;
mod authorize;
mod claims;
mod claims_request;
mod client_auth;
mod client_metadata;
mod client_request;
mod consent;
mod discovery;
mod hint;
mod introspect;
mod noted;
mod parting;
mod pushed;
mod refusal;
mod reply;
mod request_object;
mod revoke;
mod session_state;
mod sign_off_request;
mod token;
mod user_claims;
mod userinfo;

pub use authorize::{Authorize, AuthorizeError};
pub use client_metadata::{ClientMetadata, MetadataError, shown_metadata};
pub use client_request::ClientRequest;
pub use consent::{AskedOfUser, CONSENT_SHOWN, ConsentStep, is_offline};
pub use discovery::{Endpoints, discovery};
pub use hint::{Hint, HintError};
pub use introspect::{
    INTROSPECTION_JWT, Introspection, introspect, signed_introspection, wants_signed_introspection,
};
pub use parting::{Parting, PartingTicket};
pub use pushed::PushedError;
pub use refusal::{KeysLater, Refusal};
pub use reply::{AuthorizeAnswer, AuthorizeReply, ResponseMode};
pub use revoke::revoke;
pub use sign_off_request::{SIGN_OFF_PARAMS, SignOffNotKept, keep_sign_off, kept_sign_off, sign_off_asks};
pub use token::tokens;
pub use userinfo::{Userinfo, UserinfoError, shown_access_token, userinfo};

use std::sync::Arc;

use adieu_authority::{Assurance, Authority, Channel, Client, ClientId, Realm, SessionId, SidForm};
use adieu_http_kit::form::Params;
use serde_json::{Map, Value};

/// In whose name tokens are issued. The names are the mounting dialect's business.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The realm whose keys sign.
    pub realm: Arc<Realm>,
    /// The issuer, as it stands in tokens.
    pub name: String,
    /// The address of its token endpoint, which clients may name as the audience of what they sign.
    pub token_endpoint: String,
    /// The address to which requests are pushed, if they may be: clients may name that, too. RFC 9126 §2
    pub push_endpoint: Option<String>,
    /// The audience of the dialect's own management API.
    pub api: String,
    /// The scopes of that API.
    pub api_scopes: &'static [&'static str],
    /// The scopes that a client may have in its own name, if it was granted them.
    pub own_scopes: &'static [&'static str],
    /// The names of the authentication contexts.
    pub acr: AcrNames,
    /// The dialect's own claims, which every token carries.
    pub claims: Map<String, Value>,
    /// Whether the answer to a code repeats the nonce beside the tokens.
    pub tells_nonce: bool,
    /// The words of `prompt` that ask for something here.
    pub prompts: &'static [&'static str],
    /// How sessions are named to clients.
    pub sid: SidForm,
    /// Whether the page after a sign-off tells clients by frames. OpenID Connect Front-Channel Logout 1.0
    pub frames_clients: bool,
    /// Whether a resource that a request names for its tokens is judged. RFC 8707 §2
    pub judges_resource: bool,
    /// Whether a public client needs PKCE, whatever is said of it. RFC 9700 §2.1.1
    pub public_needs_pkce: bool,
}

impl Issuer {
    /// The realm, and the name in it by which its tokens are told from those of the realm's other issuers.
    pub fn of_realm(&self) -> (&Realm, &str) {
        (&self.realm, &self.name)
    }
}

/// How an issuer names what a sign-on has proven. OpenID Connect Core §2, RFC 9470 §3.
#[derive(Clone, Copy, Debug)]
pub struct AcrNames {
    /// One factor.
    pub one: &'static str,
    /// Two.
    pub two: &'static str,
}

impl AcrNames {
    /// The name of a level.
    pub const fn of(self, level: Assurance) -> &'static str {
        match level {
            Assurance::One => self.one,
            Assurance::Two => self.two,
        }
    }
}

/// An OpenID Provider for one realm under one issuer name.
pub struct Provider<'a> {
    /// Who decides.
    pub authority: &'a Authority,
    /// In whose name.
    pub issuer: Issuer,
    /// The dialect that mounts it.
    pub channel: Channel,
    /// The response mode by which the mounting dialect answers without a redirect, if it has one.
    pub direct_mode: Option<&'static str>,
}

/// Scopes of OpenID Connect that have a meaning here.
const SCOPES: [&str; 5] = adieu_authority::STANDARD_SCOPES;
/// The scope of access that outlives the session.
const OFFLINE_ACCESS: &str = adieu_authority::OFFLINE_ACCESS;

/// Those of the asked scopes that are allowed, once each, in their order.
fn without_repeats(asked: &str, allows: impl Fn(&str) -> bool) -> String {
    let mut allowed: Vec<&str> = Vec::new();
    for scope in asked.split(' ') {
        if allows(scope) && !allowed.contains(&scope) {
            allowed.push(scope);
        }
    }
    allowed.join(" ")
}

/// Whether anything can be given for scopes: `offline_access` alone says only for how long.
fn says_something(scopes: &str) -> bool {
    !scopes.is_empty() && scopes != OFFLINE_ACCESS
}

/// Whether a client may ask its users for a scope, by what it has said of itself.
fn asks_for(client: &Client, scope: &str) -> bool {
    client.user_scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|one| one == scope))
}

impl Provider<'_> {
    /// The name of a session for a client. S-BCL-12
    fn sid(&self, client: &ClientId, session: SessionId) -> String {
        self.authority.sid(self.issuer.sid, client, session)
    }

    /// The scopes of a request that this client may have, in their order; `openid` if it names none. Others are left out
    /// (RFC 6749 §3.3): those that nobody knows, those of the API that the client was not granted, those that it has said it would not ask
    /// for, and `offline_access` where the client gets no refresh token. Whether that one is given is the user's to say: see [`AskedOfUser::given_scope`].
    fn scopes(&self, client: &Client, asked: Option<&str>) -> Result<String, Refusal> {
        let asked = asked.unwrap_or("openid");
        let allowed = without_repeats(asked, |scope| self.allows(client, scope));
        if says_something(&allowed) { Ok(allowed) } else { Err(Refusal::Scope) }
    }

    /// The scopes that a client may have, without the one that says nothing by itself.
    fn meaningful_scopes(&self, client: &Client) -> Vec<String> {
        let all = SCOPES.iter().chain(self.issuer.api_scopes).copied();
        all.filter(|scope| self.allows(client, scope)).map(str::to_owned).collect()
    }

    /// The asked scopes that this client may have in its own name; none if there are none. Others are left out (RFC 6749 §3.3).
    fn own_scope(&self, client: &Client, asked: Option<&str>) -> Option<String> {
        let allowed = without_repeats(asked?, |scope| {
            let is_own = self.issuer.own_scopes.contains(&scope);
            is_own && client.api_scopes.iter().any(|granted| granted == scope)
        });
        (!allowed.is_empty()).then_some(allowed)
    }

    /// Whether tokens are asked for this issuer and its API only: there is no other resource that they could be narrowed to. S-TOK-12
    pub(crate) fn judge_resource(&self, params: &Params) -> Result<(), Refusal> {
        let ours = |resource: &str| resource == self.issuer.name || resource == self.issuer.api;
        let named = || params.all("resource").filter(|resource| !resource.is_empty());
        if self.issuer.judges_resource && !named().all(ours) { Err(Refusal::Target) } else { Ok(()) }
    }

    fn allows(&self, client: &Client, scope: &str) -> bool {
        let granted = || client.api_scopes.iter().any(|granted| granted == scope);
        let offline = scope == OFFLINE_ACCESS && client.refresh;
        let known = SCOPES.contains(&scope) || (self.issuer.api_scopes.contains(&scope) && granted());
        (offline || known) && asks_for(client, scope)
    }
}
