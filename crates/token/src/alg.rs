//! The signature algorithms we know, and nothing else.
//!
//! `none`, the HMAC family and every other name of the registry are not here on purpose: a name that does not parse
//! is refused. Names are those of RFC 7518 section 3.1 and RFC 8037 section 3.1.

use std::fmt;

/// A signature algorithm with a key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alg {
    /// RSASSA-PKCS1-v1_5 with SHA-256; keys of 2048 bits and more.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Alg {
    /// All of them, the default of the protocols first.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name as it stands in headers and metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name. Names are case-sensitive.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.name() == name)
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_algorithm() {
        for alg in Alg::ALL {
            assert_eq!(Alg::named(alg.name()), Some(alg));
            assert_eq!(alg.to_string(), alg.name());
        }
    }

    #[test]
    fn names_we_must_never_know() {
        for name in ["none", "None", "", "HS256", "rs256", "RS256 ", "PS256", "ES384", "EDDSA", "Ed25519"] {
            assert_eq!(Alg::named(name), None, "{name:?}");
        }
    }
}
