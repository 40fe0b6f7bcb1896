//! Carries notices to their receivers, at least once: takes what has ended, leases what is due, sends, settles.
//!
//! The outbox takes no orders. Rung by the bell, or because something is due, it does the same thing each time; a ring that is
//! lost costs latency and no notice. No transaction of the store is open while something is sent. Whom an ending owes a
//! notice, and what an answer comes to, is decided in core. Decision 0027.

mod bell;
mod compose;
mod outbox;
mod retry_after;
mod send;

pub use bell::Bell;
pub use outbox::{Outbox, OutboxParts};
pub use send::{NoticeCall, NoticeOutcome, NoticeSender, Sender};
