//! http-kit: being built.
