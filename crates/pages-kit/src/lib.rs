//! pages-kit: being built.
