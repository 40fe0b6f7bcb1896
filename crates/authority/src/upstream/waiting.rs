//! Somebody who is known by a provider and has yet to give a second factor: how that lies in a flow.
//!
//! The flow is a face's; what is proven, and when, is this room's.

use adieu_core::{Timestamp, UpstreamSession, UpstreamTimes};

use super::record;
use crate::first_factor::FirstFactor;

/// Somebody who is known by a provider and has yet to give a second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamWaiting {
    /// What was proven.
    pub first: FirstFactor,
    /// Where the browser goes on.
    pub then: String,
    pub(super) times: UpstreamTimes,
    pub(super) session: UpstreamSession,
}

impl UpstreamWaiting {
    /// As it lies in a flow.
    pub fn to_text(&self) -> String {
        let session = record::session_text(&self.session);
        let times = (self.times.begun_at.ms(), self.times.said_at.ms());
        record::text(&(self.first.to_text(), times, session, &self.then))
    }

    /// As it lay in a flow.
    pub fn from_text(text: &str) -> Option<Self> {
        let (first, (begun_at, said_at), session, then): (String, (i64, i64), String, String) =
            serde_json::from_str(text).ok()?;
        Some(Self {
            first: FirstFactor::from_text(&first)?,
            times: UpstreamTimes {
                begun_at: Timestamp::from_ms(begun_at),
                said_at: Timestamp::from_ms(said_at),
            },
            session: record::session(session.as_bytes())?,
            then,
        })
    }
}
