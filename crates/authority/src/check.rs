//! "Is this session live?", by token and by public id.
//!
//! Whether the session is one of a door's realm is for the face to say.

use adieu_core::{Outage, SessionId, SessionToken, UserId};
use adieu_store::{Answer, Check, Looked};

use crate::Authority;

impl Authority {
    /// Whether the token opens a live session. With `touch` the check counts as activity of its user.
    ///
    /// Three answers: live, not live, and an [`Outage`] for "cannot tell" (NO-FALSE-NO). It is at once when nothing
    /// has to be read.
    pub fn check(&self, token: &SessionToken, touch: bool) -> Answer<Result<Check, Outage>> {
        self.inner.store.check(token, touch, self.now())
    }

    /// The session of that public id, live or not; none if there never was one or it was ended.
    pub fn look(&self, id: SessionId, touch: bool) -> Answer<Result<Option<Looked>, Outage>> {
        self.inner.store.look(id, touch, self.now())
    }

    /// The sessions of a user whose rows are there, newest first.
    pub async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Looked>, Outage> {
        self.store().sessions_of(user, limit, self.now()).await
    }
}
