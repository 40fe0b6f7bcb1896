//! What a body says of the keys of a client, and of algorithms: as it is read, and put into the record.
//!
//! Which keys are taken is said by whoever reads them. RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2.

use adieu_authority::{ClientJwks, ClientSigning, JoseAlgorithm, read_client_jwks};
use serde_json::Value;

use crate::problem::Problem;

pub(crate) const ID_TOKEN: &str = "id_token_signed_response_alg";
pub(crate) const USERINFO: &str = "userinfo_signed_response_alg";
pub(crate) const REQUEST_OBJECT: &str = "request_object_signing_alg";
pub(crate) const ASSERTION: &str = "token_endpoint_auth_signing_alg";

/// What a body says of keys and algorithms; what is none stays as it is.
pub(crate) struct SigningMembers {
    pub(crate) jwks: Option<Option<ClientJwks>>,
    pub(crate) jwks_uri: Option<Option<String>>,
    pub(crate) id_token: Option<JoseAlgorithm>,
    pub(crate) userinfo: Option<Option<JoseAlgorithm>>,
    pub(crate) request_object: Option<Option<JoseAlgorithm>>,
    pub(crate) assertion: Option<Option<JoseAlgorithm>>,
}

impl SigningMembers {
    pub(crate) fn applied_to(&self, before: ClientSigning) -> ClientSigning {
        ClientSigning {
            jwks: self.jwks.clone().unwrap_or(before.jwks),
            jwks_uri: self.jwks_uri.clone().unwrap_or(before.jwks_uri),
            id_token: self.id_token.unwrap_or(before.id_token),
            userinfo: self.userinfo.unwrap_or(before.userinfo),
            request_object: self.request_object.unwrap_or(before.request_object),
            assertion: self.assertion.unwrap_or(before.assertion),
        }
    }
}

/// The algorithm that a member names, if it is there.
pub(crate) fn algorithm(member: &str, name: Option<&String>) -> Result<Option<JoseAlgorithm>, Problem> {
    let rule = || Problem::invalid(format!("{member}: RS256, ES256 or EdDSA"));
    name.map(|name| JoseAlgorithm::named(name).ok_or_else(rule)).transpose()
}

/// The same of a member that may be null.
pub(crate) fn nullable_algorithm(
    member: &str,
    name: Option<&Option<String>>,
) -> Result<Option<Option<JoseAlgorithm>>, Problem> {
    name.map(|name| algorithm(member, name.as_ref())).transpose()
}

/// The keys that a member gives, if it is there.
pub(crate) fn keys(member: Option<&Option<Value>>) -> Result<Option<Option<ClientJwks>>, Problem> {
    let read =
        |set: &Value| read_client_jwks(set).map_err(|fault| Problem::invalid(format!("jwks: {fault}")));
    member.map(|set| set.as_ref().map(read).transpose()).transpose()
}
