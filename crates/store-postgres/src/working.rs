//! The working set of a batch: the rows that its orders have asked for, and what they have changed.
//!
//! An act asks for a row; if it is not here, the act halts, the row is read with all others that are missing, and the act runs again.
//! Nothing here speaks to the database.

mod asked;
mod table;
mod values;

pub(crate) use asked::{Replies, StoreQuestion};
pub(crate) use table::{Changes, Kept, Lock, WorkingTable};
pub(crate) use values::{Array, ColumnKind, Columns, Value, arrays_of};

use adieu_store_records::Damaged;

/// Why an act does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// It needs what is not in the working set yet.
    Missing,
    /// It needs a lock that this batch can't wait for: it goes into the next one, which takes the lock first.
    Deferred,
    /// It needs something that can't be read.
    Damaged(Damaged),
}

impl From<Damaged> for Halt {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged)
    }
}

/// What an act, or a part of it, comes to.
pub(crate) type Looked<T> = Result<T, Halt>;
