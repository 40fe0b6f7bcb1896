//! The document, as TOML says it.
//!
//! What is absent says nothing: it stays as it is, or gets its default when something is made. Empty text is none. No secret
//! is ever written here; a password's hash may be read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::client_words::{AuthMethod, GrantType};
use crate::names::is_section;

/// The largest document that is read: some 200,000 users.
pub const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Every name that the document knows.
pub(crate) const NAMES: &[&str] = &[
    "realms.path",
    "realms.id",
    "realms.populations.name",
    "realms.populations.id",
    "realms.populations.description",
    "realms.users.username",
    "realms.users.id",
    "realms.users.population",
    "realms.users.email",
    "realms.users.external_id",
    "realms.users.enabled",
    "realms.users.locked",
    "realms.users.traits",
    "realms.users.metadata_public",
    "realms.users.metadata_admin",
    "realms.users.password_env",
    "realms.users.password_file",
    "realms.users.password_hash",
    "realms.users.roles.role",
    "realms.users.roles.realm",
    "realms.users.roles.population",
    "realms.subscribers.id",
    "realms.subscribers.kind",
    "realms.subscribers.address",
    "realms.subscribers.enabled",
    "realms.subscribers.causes",
    "realms.subscribers.subject_format",
    "realms.subscribers.issuer",
    "realms.subscribers.secret_env",
    "realms.subscribers.secret_file",
    "realms.clients.client_id",
    "realms.clients.client_name",
    "realms.clients.enabled",
    "realms.clients.token_endpoint_auth_method",
    "realms.clients.grant_types",
    "realms.clients.api_scopes",
    "realms.clients.scope",
    "realms.clients.pkce_required",
    "realms.clients.redirect_uris",
    "realms.clients.post_logout_redirect_uris",
    "realms.clients.origins",
    "realms.clients.offline_access",
    "realms.clients.require_consent",
    "realms.clients.ends_by_id_token",
    "realms.clients.backchannel_logout_uri",
    "realms.clients.backchannel_logout_session_required",
    "realms.clients.frontchannel_logout_uri",
    "realms.clients.frontchannel_logout_session_required",
    "realms.clients.jwks",
    "realms.clients.jwks_uri",
    "realms.clients.id_token_signed_response_alg",
    "realms.clients.userinfo_signed_response_alg",
    "realms.clients.request_object_signing_alg",
    "realms.clients.token_endpoint_auth_signing_alg",
    "realms.clients.acr",
    "realms.clients.access_life_s",
    "realms.clients.refresh_life_s",
    "realms.clients.roles.role",
    "realms.clients.roles.realm",
    "realms.clients.roles.population",
    "realms.upstreams.name",
    "realms.upstreams.title",
    "realms.upstreams.issuer",
    "realms.upstreams.client_id",
    "realms.upstreams.client_secret_env",
    "realms.upstreams.client_secret_file",
    "realms.upstreams.scopes",
    "realms.upstreams.creates_users",
    "realms.upstreams.username_claim",
    "realms.upstreams.email_claim",
    "realms.upstreams.enabled",
    "realms.documents.kind",
    "realms.documents.id",
    "realms.documents.body",
];

/// Whether documents have a list of this name, for which a configuration has no place: `clients`, `realms.users`.
pub fn is_of_documents(path: &str) -> bool {
    let name = path.strip_prefix("realms.").unwrap_or(path);
    !name.contains('.') && is_section(&format!("realms.{name}"), NAMES)
}

/// A whole document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The realms it speaks of.
    #[serde(default)]
    pub realms: Vec<RealmDoc>,
}

/// A realm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealmDoc {
    /// Its path, which names it.
    pub path: String,
    /// Its id; random if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its populations; the first one is where users go of whom nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub populations: Option<Vec<PopulationDoc>>,
    /// Its users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserDoc>>,
    /// Its clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientDoc>>,
    /// Who hears of every ending in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribers: Option<Vec<SubscriberDoc>>,
    /// Its upstream providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstreams: Option<Vec<UpstreamDoc>>,
    /// What dialects keep beside all that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<KeptDoc>>,
}

/// A subscriber, found by its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriberDoc {
    /// Its name.
    pub id: String,
    /// What it is sent; what is there keeps its kind.
    pub kind: String,
    /// Where to.
    pub address: String,
    /// Whether it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Only endings with these causes are told to a web hook; empty for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causes: Option<Vec<String>>,
    /// How another system knows people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_format: Option<String>,
    /// The issuer that it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The variable in which its secret lies when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
    /// The file in whose first line its secret lies when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<String>,
}

/// A document that a dialect keeps, found by kind and id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptDoc {
    /// One of those that dialects keep; the faces say which.
    pub kind: String,
    /// Its name among those of its kind.
    pub id: String,
    /// JSON, as text.
    pub body: String,
}

/// A population, found by its id if that is given, or else by its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationDoc {
    /// What people call it.
    pub name: String,
    /// Its id; random if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A user, found by the id if that is given, or else by the name. Its `Debug` text shows no hash (EMPTY-HANDS).
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserDoc {
    /// The name to sign on with.
    pub username: String,
    /// The id; random if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name or id of the population.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What another system calls the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Whether the user may sign on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the account is locked, until somebody unlocks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// A JSON object, as text: JSON has values that TOML has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traits: Option<String>,
    /// JSON that everybody may see, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_public: Option<String>,
    /// JSON that administrators may see, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_admin: Option<String>,
    /// The variable of the environment that holds the first password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// The file that holds the first password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// The hash of the first password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// What the user may do to others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleDoc>>,
}

impl fmt::Debug for UserDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserDoc")
            .field("username", &self.username)
            .field("id", &self.id)
            .field("population", &self.population)
            .finish_non_exhaustive()
    }
}

/// A role and its reach.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleDoc {
    /// Which one.
    pub role: String,
    /// The realm it reaches, or whose population it reaches; absent is the own realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// Name or id of the only population it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
}

/// A client, in the words of RFC 7591 where that has one. Its secret is derived; `adieu apply` shows it when it makes the client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientDoc {
    /// Its id.
    pub client_id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// A disabled client gets nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How it proves itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    /// What it may ask for at the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<GrantType>>,
    /// Scopes of APIs that it is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_scopes: Option<Vec<String>>,
    /// The scopes that it asks users for, separated by blanks: it gets no other; empty for whatever it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Must use PKCE with S256; so it is where nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkce_required: Option<bool>,
    /// Where codes may be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    /// Where a browser may be sent after a sign-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Origins of pages that may ask in its name; `["*"]` is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origins: Option<Vec<String>>,
    /// Tokens that it gets while this is so live on after their session, as those of the scope `offline_access` do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline_access: Option<bool>,
    /// It is somebody else's: users are asked before it gets anything of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_consent: Option<bool>,
    /// One of its ID tokens is enough to end the session it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_by_id_token: Option<bool>,
    /// Where it is told that sessions are over; empty for nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether each notice to it has to name the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_required: Option<bool>,
    /// Where a browser tells it that its session is over, in a frame; empty for nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether that address gets the issuer and the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_session_required: Option<bool>,
    /// Its public keys: a JWK Set, as JSON text; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// Where its public keys stand, in place of those; empty for nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// By what its ID tokens and logout tokens are signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    /// By what userinfo is signed for it; empty for plain JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<String>,
    /// The one algorithm of its request objects; empty for that of each of its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<String>,
    /// The one algorithm of the assertions by which it proves itself; empty for that of each of its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// How its sign-ons are named in its tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Seconds that its access tokens live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_life_s: Option<u32>,
    /// Seconds that its refresh tokens live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_life_s: Option<u32>,
    /// What it may do in its own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleDoc>>,
}

/// An upstream provider, found by its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamDoc {
    /// Its name in addresses.
    pub name: String,
    /// Its name on the button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its issuer identifier, which never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// As which client it knows this installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The variable of the environment that holds its first secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_env: Option<String>,
    /// The file that holds its first secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<String>,
    /// What it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Whether somebody to whom no link leads becomes a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates_users: Option<bool>,
    /// The claim that becomes such a user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_claim: Option<String>,
    /// The claim that becomes such a user's e-mail address; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_claim: Option<String>,
    /// Whether anybody signs on through it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Declaration {
    /// The document as text.
    pub fn text(&self) -> String {
        toml::to_string_pretty(self).expect("a document has text, numbers, lists and tables only")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn leaves(value: &toml::Value, prefix: &str, found: &mut BTreeSet<String>) {
        match value {
            toml::Value::Table(inner) => {
                for (name, value) in inner {
                    let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    leaves(value, &path, found);
                }
            }
            toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                items.iter().for_each(|item| leaves(item, prefix, found));
            }
            _ => {
                found.insert(prefix.to_owned());
            }
        }
    }

    /// A document in which nothing is absent.
    fn full() -> Declaration {
        let text = || Some("x".to_owned());
        let role = RoleDoc { role: "x".into(), realm: text(), population: text() };
        let user = UserDoc {
            username: "x".into(),
            id: text(),
            population: text(),
            email: text(),
            external_id: text(),
            enabled: Some(true),
            locked: Some(true),
            traits: text(),
            metadata_public: text(),
            metadata_admin: text(),
            password_env: text(),
            password_file: text(),
            password_hash: text(),
            roles: Some(vec![role.clone()]),
        };
        let client = ClientDoc {
            client_id: "x".into(),
            client_name: text(),
            enabled: Some(true),
            token_endpoint_auth_method: Some(AuthMethod::None),
            grant_types: Some(vec![GrantType::AuthorizationCode]),
            api_scopes: Some(vec!["x".into()]),
            scope: text(),
            pkce_required: Some(true),
            redirect_uris: Some(vec!["x".into()]),
            post_logout_redirect_uris: Some(vec!["x".into()]),
            origins: Some(vec!["x".into()]),
            offline_access: Some(true),
            require_consent: Some(true),
            ends_by_id_token: Some(true),
            backchannel_logout_uri: text(),
            backchannel_logout_session_required: Some(true),
            frontchannel_logout_uri: text(),
            frontchannel_logout_session_required: Some(true),
            jwks: text(),
            jwks_uri: text(),
            id_token_signed_response_alg: text(),
            userinfo_signed_response_alg: text(),
            request_object_signing_alg: text(),
            token_endpoint_auth_signing_alg: text(),
            acr: text(),
            access_life_s: Some(1),
            refresh_life_s: Some(1),
            roles: Some(vec![role]),
        };
        let subscriber = SubscriberDoc {
            id: "x".into(),
            kind: "x".into(),
            address: "x".into(),
            enabled: Some(true),
            causes: Some(vec!["x".into()]),
            subject_format: text(),
            issuer: text(),
            secret_env: text(),
            secret_file: text(),
        };
        let population = PopulationDoc { name: "x".into(), id: text(), description: text() };
        let realm = RealmDoc {
            path: "/x".into(),
            id: text(),
            populations: Some(vec![population]),
            users: Some(vec![user]),
            clients: Some(vec![client]),
            subscribers: Some(vec![subscriber]),
            upstreams: Some(vec![UpstreamDoc {
                name: "x".into(),
                title: text(),
                issuer: text(),
                client_id: text(),
                client_secret_env: text(),
                client_secret_file: text(),
                scopes: Some(vec!["x".into()]),
                creates_users: Some(true),
                username_claim: text(),
                email_claim: text(),
                enabled: Some(true),
            }]),
            documents: Some(vec![KeptDoc { kind: "x".into(), id: "x".into(), body: "x".into() }]),
        };
        Declaration { realms: vec![realm] }
    }

    #[test]
    fn every_name_is_in_the_list_and_nothing_else_is() {
        let text = full().text();
        let mut found = BTreeSet::new();
        leaves(&toml::Value::Table(text.parse().expect("TOML")), "", &mut found);
        assert_eq!(found, NAMES.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(Declaration::parse(&text).expect("a document").text(), text);
    }
}
