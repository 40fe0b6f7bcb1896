//! faces/pingone: being built.
