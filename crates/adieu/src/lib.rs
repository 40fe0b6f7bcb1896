//! adieu: being built.
