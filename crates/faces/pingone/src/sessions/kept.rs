//! Which sessions of a user are shown: the live ones and, until they are pushed out, the expired ones.
//!
//! What was signed off, deleted or reset is shown to nobody. Contract pingone.md 2.2: P-9, P-49.

use adieu_authority::{Cause, Fate, SessionId, SessionRecord, User};

use crate::face::Face;
use crate::problem::Problem;

/// Sessions that one list shows. Live ones beyond it are shown all the same, for only what is seen can be ended: other
/// doors may open more.
const SHOWN_MAX: usize = 10;
/// Sessions of a user that are looked through (HOME-LIMITS).
const LOOKED_MAX: u32 = 10_000;

/// The sessions of a user that are shown, newest first.
pub(super) async fn of_user(face: &Face, user: &User) -> Result<Vec<SessionRecord>, Problem> {
    let history = face.authority().user_session_records(user.id, LOOKED_MAX).await?;
    let live = history.iter().filter(|one| one.fate == Fate::Live).count();
    let mut room = SHOWN_MAX.saturating_sub(live);
    let kept = history.into_iter().filter(|one| match kept_as(&one.fate) {
        Kept::Live => true,
        Kept::Expired if room > 0 => {
            room -= 1;
            true
        }
        Kept::Expired | Kept::Not => false,
    });
    Ok(kept.collect())
}

/// One of them.
pub(super) async fn session(face: &Face, user: &User, id: SessionId) -> Result<SessionRecord, Problem> {
    let kept = of_user(face, user).await?;
    kept.into_iter().find(|one| one.session.id == id).ok_or(Problem::NotFound)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Live,
    Expired,
    Not,
}

/// Whether the sweep has passed since makes no difference.
fn kept_as(fate: &Fate) -> Kept {
    if *fate == Fate::Live {
        return Kept::Live;
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
            | Cause::Other,
        )
        | None => Kept::Not,
    }
}
