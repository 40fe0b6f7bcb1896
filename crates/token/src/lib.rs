//! token: being built.
