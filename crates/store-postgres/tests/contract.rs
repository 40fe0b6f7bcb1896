//! The store's contract suite against this engine, its part for many nodes included.
//!
//! The promises and their tests stand in `adieu_store::suite`; here is only how the engine is opened.

mod support;

adieu_store::contract!(support::Postgres);
adieu_store::many_nodes!(support::Postgres);
