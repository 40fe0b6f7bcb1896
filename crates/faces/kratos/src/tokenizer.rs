//! A template of what a session can be told as. Contract kratos.md 2.2.
//!
//! It is configured; what is made of it stands in `tokenize`.

/// The claims that every token has; no template names them.
pub const RESERVED_CLAIMS: [&str; 7] = ["exp", "iat", "iss", "jti", "nbf", "sid", "sub"];

/// A template: what a session can be told as.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    /// The name that `tokenize_as` gives.
    pub name: String,
    /// For how many seconds its tokens are valid.
    pub life_s: u64,
    /// Further claims: each by its name and the place in the session where it is read, a JSON pointer (RFC 6901).
    pub claims: Vec<(String, String)>,
}
