//! How a client may prove itself and what it may ask for, in the words of RFC 7591 §2.
//!
//! Documents and the native API say them alike. What they mean for a client is said here once.

use std::fmt;

use adieu_authority::{Client, ClientAuth};
use serde::{Deserialize, Serialize};

/// `token_endpoint_auth_method`: how a client proves itself.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Not at all: a public client.
    None,
    /// HTTP Basic; what a client does that says nothing.
    #[default]
    ClientSecretBasic,
    /// In the form body.
    ClientSecretPost,
    /// By what it signs with a key of its own.
    PrivateKeyJwt,
}

impl AuthMethod {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

/// The word: people read it in a plan.
impl fmt::Debug for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl From<ClientAuth> for AuthMethod {
    fn from(auth: ClientAuth) -> Self {
        match auth {
            ClientAuth::None => Self::None,
            ClientAuth::Basic => Self::ClientSecretBasic,
            ClientAuth::Post => Self::ClientSecretPost,
            ClientAuth::PrivateKey => Self::PrivateKeyJwt,
        }
    }
}

impl From<AuthMethod> for ClientAuth {
    fn from(method: AuthMethod) -> Self {
        match method {
            AuthMethod::None => Self::None,
            AuthMethod::ClientSecretBasic => Self::Basic,
            AuthMethod::ClientSecretPost => Self::Post,
            AuthMethod::PrivateKeyJwt => Self::PrivateKey,
        }
    }
}

/// One of `grant_types`: what a client may ask for at the token endpoint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// It redeems codes.
    AuthorizationCode,
    /// It gets refresh tokens, and renews with them.
    RefreshToken,
    /// It acts in its own name.
    ClientCredentials,
}

/// The grant types of a client that says nothing of them.
pub const GRANT_TYPES_DEFAULT: [GrantType; 1] = [GrantType::AuthorizationCode];

/// The word: people read it in a plan.
impl fmt::Debug for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl GrantType {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// What this client may ask for, in a fixed order.
    pub fn all_of(client: &Client) -> Vec<Self> {
        let given = [
            (client.code, Self::AuthorizationCode),
            (client.refresh, Self::RefreshToken),
            (client.client_credentials, Self::ClientCredentials),
        ];
        given.into_iter().filter(|(given, _)| *given).map(|(_, grant_type)| grant_type).collect()
    }

    /// The client may ask for these, and for no others.
    pub fn set_all(types: &[Self], client: &mut Client) {
        client.code = types.contains(&Self::AuthorizationCode);
        client.refresh = types.contains(&Self::RefreshToken);
        client.client_credentials = types.contains(&Self::ClientCredentials);
    }

    /// The same types, each once and in the fixed order.
    pub fn in_order(mut types: Vec<Self>) -> Vec<Self> {
        types.sort_unstable();
        types.dedup();
        types
    }
}

/// The words of `scope`, each once and in their order. RFC 6749 §3.3
pub fn scope_words(scope: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in scope.split(' ').filter(|word| !word.is_empty()) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_standard_and_are_read_as_they_are_written() {
        let types = [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];
        for one in types {
            assert_eq!(serde_json::json!(one), one.word());
            assert_eq!(serde_json::from_value::<GrantType>(one.word().into()).expect("a word"), one);
        }
        let secrets = [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
        for method in secrets.into_iter().chain([AuthMethod::None, AuthMethod::PrivateKeyJwt]) {
            assert_eq!(serde_json::json!(method), method.word());
            assert_eq!(AuthMethod::from(ClientAuth::from(method)), method);
        }
    }

    #[test]
    fn grant_types_are_a_set() {
        let twice =
            vec![GrantType::ClientCredentials, GrantType::AuthorizationCode, GrantType::ClientCredentials];
        let in_order = GrantType::in_order(twice);
        assert_eq!(in_order, [GrantType::AuthorizationCode, GrantType::ClientCredentials]);
        assert_eq!(format!("{in_order:?}"), "[authorization_code, client_credentials]");
    }
}
