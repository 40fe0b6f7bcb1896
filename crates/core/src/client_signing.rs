//! What a client signs with, and how we sign for it, as its record keeps it.
//!
//! Only public keys, which were read and judged before they came here: of a key nothing is read but its algorithm. Nothing here signs or
//! verifies.
//! RFC 7591 §2, RFC 7517 §5, OpenID Connect Dynamic Client Registration 1.0 §2.

use crate::Span;

/// The public keys of a client: a JWK Set as text, as whoever read and judged it wrote it down.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientJwks(String);

impl ClientJwks {
    /// Keys that were read and judged.
    pub const fn from_checked(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its keys are for: whoever wrote the text has written that beside each.
    pub fn algorithms(&self) -> Vec<JoseAlgorithm> {
        let set: serde_json::Value = serde_json::from_str(&self.0).unwrap_or_default();
        let keys = set.get("keys").and_then(serde_json::Value::as_array);
        let named = |key: &serde_json::Value| JoseAlgorithm::named(key.get("alg")?.as_str()?);
        keys.into_iter().flatten().filter_map(named).collect()
    }
}

/// Its length: the keys are public and long.
impl std::fmt::Debug for ClientJwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "keys of {} bytes", self.0.len())
    }
}

/// An algorithm by which a client signs, or we sign for it, by its name in JOSE.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum JoseAlgorithm {
    /// `RS256`: what every client understands.
    #[default]
    Rs256,
    /// `ES256`.
    Es256,
    /// `EdDSA`.
    EdDsa,
}

impl JoseAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The name: people read it in a plan.
impl std::fmt::Debug for JoseAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why the keys of a client that stand at an address of its own are not had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysError {
    /// The address does not answer, or with something that is none.
    #[error("the keys of the client cannot be asked for: {0}")]
    Unreachable(String),
    /// As many requests for keys are under way as may be.
    #[error("too many requests for keys of clients are under way")]
    Busy,
    /// The key is not among those that are held, and the address was asked so lately that it is not asked again yet.
    #[error("the key is not among the client's keys as they were read lately")]
    AskedLately {
        /// When it may be asked again.
        again_after: Span,
    },
    /// Address or keys must not be taken.
    #[error("the keys of the client are not taken: {0}")]
    NotTaken(String),
}

/// What a client signs with, and how we sign for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSigning {
    /// Its public keys, if it registered some.
    pub jwks: Option<ClientJwks>,
    /// The address where they stand, if it registered that instead.
    pub jwks_uri: Option<String>,
    /// By what its ID tokens and logout tokens are signed.
    pub id_token: JoseAlgorithm,
    /// By what userinfo is signed for it; none if it is plain JSON.
    pub userinfo: Option<JoseAlgorithm>,
    /// The one algorithm of its request objects; none if that of each of its keys will do.
    pub request_object: Option<JoseAlgorithm>,
    /// The one algorithm of the assertions by which it proves itself; none if that of each of its keys will do.
    pub assertion: Option<JoseAlgorithm>,
}
