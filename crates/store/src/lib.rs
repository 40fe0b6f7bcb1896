//! The one store trait: what every engine promises.
//!
//! The trait speaks in acts, not rows. Each act is atomic, decides through pure functions of core inside the
//! engine's transaction, and answers success only when it is durable (ENDED-IS-DURABLE). Nothing in it assumes one
//! process. The contract suite behind the feature `suite` is what makes an engine one.

mod acts;
mod consents;
mod fault_lines;
mod health;
mod notices;
#[cfg(feature = "suite")]
pub mod suite;

pub use acts::{
    Directory, Documents, EndingPage, EndingQuery, Figures, Flows, Grants, LiveCount, Lookup, Pending,
    SessionCursor, SessionPage, SessionQuery, Sessions, Store, StoreBytes, StoredKey, Subscribers, Swept,
    Upkeep,
};
pub use consents::Consents;
pub use fault_lines::FaultLines;
pub use health::Health;
pub use notices::{
    LeaseOrder, LeasedNotice, LeasedNotices, NoticeAddress, Notices, ReceiptCounts, ReceiptPage,
    ReceiptQuery, ReceiverStanding, Retold, Taken,
};
// What the acts of flows and documents take and give.
pub use adieu_core::{Document, Flow, FlowId};
