//! What a client signs with, as its record keeps it.
//!
//! Only public keys, which were read and judged before they came here. Nothing here verifies anything or reads a key.
//! RFC 7591 §2, RFC 7517 §5.

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
}

/// Its length: the keys are public and long.
impl std::fmt::Debug for ClientJwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "keys of {} bytes", self.0.len())
    }
}

/// What a client signs with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSigning {
    /// Its public keys, if it registered some.
    pub jwks: Option<ClientJwks>,
}
