//! token: sign and verify JSON Web Tokens, the claims of logout tokens, calls of web hooks, keys sealed at rest.
//!
//! Keys and times are arguments: nothing here reads a clock, a file or the network. The only randomness is that
//! of key generation and of ECDSA inside `aws-lc-rs`. What a claim means is decided elsewhere.
//! Written down in RFC 7515 (JWS), 7517 (JWK), 7519 (JWT), 7638 (thumbprints), 8037 (EdDSA), 8725 (cautions).

mod alg;
mod client_keys;
mod jws;
mod key_set;
mod logout;
pub mod mac;
mod provider_keys;
mod public_key;
pub mod sealed;
mod signing_key;
mod unsigned;
mod unverified;
mod verified;
mod verified_tokens;
pub mod web_hook;

pub use alg::Alg;
pub use client_keys::{CLIENT_JWKS_BYTES_MAX, CLIENT_KEYS_MAX, ClientKeys, JwksFault};
pub use jws::{Refused, TOKEN_BYTES_MAX, TokenError};
pub use key_set::KeySet;
pub use logout::{LoggedOut, LogoutClaims};
pub use provider_keys::ProviderKeys;
pub use public_key::PublicKey;
pub use signing_key::SigningKey;
pub use unsigned::{TYP_ACCESS, TYP_ID, TYP_INTROSPECTION, TYP_LOGOUT, TYP_USERINFO, UnsignedToken};
pub use unverified::{unverified_alg, unverified_claim, unverified_kid};
pub use verified::Verified;
pub use verified_tokens::VerifiedTokens;
