//! The one store trait: what every engine promises.
//!
//! The trait speaks in acts, not rows. Each act is atomic, decides through pure functions of core inside the
//! engine's transaction, and answers success only when it is durable (ENDED-IS-DURABLE). Nothing in it assumes one
//! process. The contract suite behind the feature `suite` is what makes an engine one.

mod acts;
mod document;
mod flow;
#[cfg(feature = "suite")]
pub mod suite;

pub use acts::{
    Directory, Documents, Figures, Flows, Grants, Lookup, Pending, SessionCursor, SessionPage, SessionQuery,
    Sessions, Store, StoredKey, Swept, Upkeep,
};
pub use document::{Document, decide_create_document, decide_edit_document, decide_remove_document};
pub use flow::{Flow, FlowId, decide_create_flow};
