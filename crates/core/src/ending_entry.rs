//! Entries of the index of endings: what one says.
//!
//! An entry says only where what ended lies; all else is read from there when somebody asks (`found_ending`). Every ending has
//! one, with an order or without; what is over already and is ended again has none.

use crate::ending_record::{EndScope, MassEnding};
use crate::ids::Locator;
use crate::session::Session;
use crate::session_id::Incarnation;

/// What the index of endings says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndingEntry {
    /// One session ended.
    One {
        /// Where it lies.
        locator: Locator,
        /// Which use of that place it was.
        incarnation: Incarnation,
        /// The epoch that ended.
        epoch: u32,
        /// Whether somebody may have to be told: a client took part in it, or the realm had a subscriber. If not, nothing has to be
        /// looked up.
        told: bool,
    },
    /// Many ended together.
    Many {
        /// What the generation belongs to.
        scope: EndScope,
        /// The number of the generation that began.
        generation: u64,
    },
}

impl EndingEntry {
    /// The entry of a session that ends in its present epoch, in a realm that has subscribers or none.
    pub const fn of_one(session: &Session, is_subscribed: bool) -> Self {
        Self::One {
            locator: session.locator,
            incarnation: session.incarnation,
            epoch: session.epoch,
            told: session.participants > 0 || is_subscribed,
        }
    }

    /// Whether somebody may have to be told of it, as far as the entry knows.
    pub const fn may_be_told(&self) -> bool {
        !matches!(self, Self::One { told: false, .. })
    }

    /// The entry of an ending of many.
    pub fn of_many(mass: &MassEnding) -> Self {
        Self::Many { scope: mass.scope.clone(), generation: mass.generation }
    }
}
