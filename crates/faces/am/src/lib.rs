//! faces/am: being built.
