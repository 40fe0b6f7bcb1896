//! core: being built.
