//! oidc: being built.
