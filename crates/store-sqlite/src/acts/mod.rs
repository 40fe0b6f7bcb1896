//! The acts of the store trait, group by group.

mod directory;
mod family;
mod flows;
mod grants;
mod sessions;
mod upkeep;
