//! The rows of each table, and the questions to several of them. No rules here.
//!
//! A value that no version of ours writes is damage, never a guess.

mod client_lists;
mod consents;
mod directory;
mod documents;
mod ending_lines;
mod flows;
mod grants;
mod guards;
mod lists;
mod live;
mod mass_endings;
mod names;
mod participants;
mod people;
mod receipts;
mod receivers;
mod sessions;
mod subscribers;
mod told;
mod upkeep;
mod work;

pub(crate) use client_lists::*;
pub(crate) use consents::*;
pub(crate) use directory::*;
pub(crate) use documents::*;
pub(crate) use ending_lines::*;
pub(crate) use flows::*;
pub(crate) use grants::*;
pub(crate) use guards::*;
pub(crate) use lists::*;
pub(crate) use live::*;
pub(crate) use mass_endings::*;
pub(crate) use names::*;
pub(crate) use participants::*;
pub(crate) use people::*;
pub(crate) use receipts::*;
pub(crate) use receivers::*;
pub(crate) use sessions::*;
pub(crate) use subscribers::*;
pub(crate) use told::*;
pub(crate) use upkeep::*;
pub(crate) use work::*;
