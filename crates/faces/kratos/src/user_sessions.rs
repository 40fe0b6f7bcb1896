//! A user's sessions, by the offset that a list of this dialect counts with.
//!
//! The store leads from page to page by cursors; no more is read than up to the end of the page that is asked for.

use adieu_authority::{SessionId, SessionQuery, SessionRecord, UserId};

use crate::error::KratosError;
use crate::face::Face;
use crate::links::Offset;

/// Sessions that are asked for at a time.
const AT_A_TIME: u32 = 500;

/// One page of the sessions of a user, newest first: those that are live, or all; without one of them, if one is named.
pub(crate) async fn part(
    face: &Face,
    user: UserId,
    live: Option<bool>,
    without: Option<SessionId>,
    offset: Offset,
) -> Result<Vec<SessionRecord>, KratosError> {
    let (mut skip, mut shown, mut after) = (offset.from(), Vec::new(), None);
    loop {
        let page = face.authority.user_sessions(user, SessionQuery { after, most: AT_A_TIME, live }).await?;
        let mut sessions = page.sessions;
        sessions.retain(|one| Some(one.session.id) != without);
        let skipped = skip.min(sessions.len());
        skip -= skipped;
        shown.extend(sessions.into_iter().skip(skipped).take(offset.size() - shown.len()));
        after = page.next;
        if after.is_none() || shown.len() == offset.size() {
            return Ok(shown);
        }
    }
}
