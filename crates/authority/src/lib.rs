//! authority: being built.
