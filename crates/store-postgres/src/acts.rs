//! The acts of the store trait, group by group.
//!
//! Each act is one order for the writers or one question for the readers: it gathers, lets core decide, and writes what was decided.

mod clients;
mod consents;
mod directory;
mod documents;
mod endings;
mod expiry;
mod family;
mod flows;
mod free_place;
mod grants;
mod leasing;
mod lists;
mod notices;
mod people;
mod sessions;
mod spent;
mod subscribers;
mod taking;
mod upkeep;
