//! Which sessions of a user are shown: the live ones and, until they are pushed out, the expired ones.
//!
//! What was signed off, deleted or reset is shown to nobody. Contract pingone.md 2.2: P-9, P-49.

use adieu_authority::{Cause, Fate, NotLive, SessionId, SessionQuery, SessionRecord, User};

use crate::face::Face;
use crate::problem::Problem;

/// Sessions that one list shows. Live ones beyond it are shown all the same, for only what is seen can be ended: other
/// channels may open more.
const SHOWN_MAX: usize = 10;
/// Live sessions that one list shows at most (HOME-LIMITS), and how many are asked for at a time.
const LIVE_MAX: usize = 10_000;
const PAGE: u32 = 500;
/// Of the sessions that are not live, so many of the newest are looked through for expired ones.
const OVER_MAX: u32 = 1_000;

/// The sessions of a user that are shown, newest first.
pub(super) async fn of_user(face: &Face, user: &User) -> Result<Vec<SessionRecord>, Problem> {
    let mut shown = live(face, user).await?;
    let room = SHOWN_MAX.saturating_sub(shown.len());
    if room > 0 {
        let query = SessionQuery { after: None, most: OVER_MAX, live: Some(false) };
        let over = face.authority().user_sessions(user.id, query).await?.sessions;
        shown.extend(over.into_iter().filter(|one| kept_as(&one.fate) == Kept::Expired).take(room));
        shown.sort_by_key(|one| std::cmp::Reverse((one.session.opened_at, one.session.locator)));
    }
    Ok(shown)
}

async fn live(face: &Face, user: &User) -> Result<Vec<SessionRecord>, Problem> {
    let (mut live, mut after) = (Vec::new(), None);
    loop {
        let query = SessionQuery { after, most: PAGE, live: Some(true) };
        let page = face.authority().user_sessions(user.id, query).await?;
        live.extend(page.sessions);
        after = page.next;
        if after.is_none() || live.len() >= LIVE_MAX {
            return Ok(live);
        }
    }
}

/// One session of a user, live or expired. An expired one that the list has no room for is still found by its id.
pub(super) async fn session(face: &Face, user: &User, id: SessionId) -> Result<SessionRecord, Problem> {
    let record = face.authority().session_record(id).await?;
    let shown = |one: &SessionRecord| [Kept::Live, Kept::Expired].contains(&kept_as(&one.fate));
    let theirs = |one: &SessionRecord| one.session.user == user.id && shown(one);
    record.filter(theirs).ok_or(Problem::NotFound)
}

/// One session of a user that an administrator may end: live, half signed on or expired.
pub(super) async fn endable(face: &Face, user: &User, id: SessionId) -> Result<Endable, Problem> {
    let record = face.authority().session_record(id).await?;
    let record = record.filter(|one| one.session.user == user.id).ok_or(Problem::NotFound)?;
    match kept_as(&record.fate) {
        Kept::Not => Err(Problem::NotFound),
        kept @ (Kept::Live | Kept::Half | Kept::Expired) => Ok(Endable(kept)),
    }
}

/// What an ending finds.
pub(super) struct Endable(Kept);

impl Endable {
    pub(super) fn is_over(&self) -> bool {
        self.0 == Kept::Expired
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Live,
    /// Shown to nobody before it is live, and ended like one that is.
    Half,
    Expired,
    Not,
}

/// Whether the sweep has passed since makes no difference.
fn kept_as(fate: &Fate) -> Kept {
    if *fate == Fate::Live {
        return Kept::Live;
    }
    if matches!(fate, Fate::Over(NotLive::HalfSignedOn, _)) {
        return Kept::Half;
    }
    match fate.ending().map(|ending| ending.cause) {
        Some(Cause::Idle | Cause::Expired) => Kept::Expired,
        Some(
            Cause::SignOff
            | Cause::Administrator
            | Cause::UserDisabled
            | Cause::UserRemoved
            | Cause::Quota
            | Cause::PasswordChanged
            | Cause::EndedWithOthers
            | Cause::Restored
            | Cause::Upstream
            | Cause::Other,
        )
        | None => Kept::Not,
    }
}
