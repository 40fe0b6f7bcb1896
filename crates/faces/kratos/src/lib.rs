//! faces/kratos: being built.
