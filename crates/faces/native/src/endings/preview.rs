//! What an ending would end: counted, and nothing ended.
//!
//! Sessions begin and end meanwhile, so it is a look and no promise.

use adieu_authority::{EndTarget, Fate, RealmId, SessionId, SessionQuery, UserId};
use serde_json::{Value, json};

use super::Named;
use crate::face::Face;
use crate::problem::Problem;

/// Live sessions of a realm that are counted (HOME-LIMITS).
const COUNTED_MAX: u64 = 10_000;
/// How many of them are read at one time.
const PAGE: u32 = 500;
/// How often that is done: sessions that are over are read on the way, and there may be millions of them.
const PAGES_MAX: usize = 24;

pub(super) async fn of(api: &Face, target: &EndTarget) -> Result<Value, Problem> {
    let named = Named::of(api, target).await?;
    let (live_sessions, more) = match target {
        EndTarget::One(session) | EndTarget::OneOf { session, .. } => {
            (Some(live(api, *session).await?), false)
        }
        EndTarget::User(user) | EndTarget::UserAndGrants(user) => {
            (Some(live_of_user(api, *user).await?), false)
        }
        EndTarget::UserBut { user, keep } => {
            let spared = live(api, *keep).await?;
            (Some(live_of_user(api, *user).await?.saturating_sub(spared)), false)
        }
        EndTarget::Realm(realm) => {
            let (count, more) = live_of_realm(api, *realm).await?;
            (Some(count), more)
        }
        EndTarget::Grants(_) | EndTarget::Token(_) => (None, false),
    };
    let mut answer = named.answer("not", None, None);
    answer["would_end"] = json!({"live_sessions": live_sessions, "more": more});
    Ok(answer)
}

async fn live(api: &Face, session: SessionId) -> Result<u64, Problem> {
    let found = api.authority.session_record(session).await?;
    Ok(u64::from(found.is_some_and(|one| matches!(one.fate, Fate::Live))))
}

async fn live_of_user(api: &Face, user: UserId) -> Result<u64, Problem> {
    Ok(api.authority.count_live_sessions(user).await?)
}

/// How many there are, and whether there may be more.
async fn live_of_realm(api: &Face, realm: RealmId) -> Result<(u64, bool), Problem> {
    let mut query = SessionQuery { after: None, most: PAGE, live: Some(true) };
    let mut count = 0;
    for _ in 0..PAGES_MAX {
        let page = api.authority.realm_sessions(realm, query).await?;
        count += page.sessions.len() as u64;
        match page.next {
            _ if count > COUNTED_MAX => return Ok((COUNTED_MAX, true)),
            None => return Ok((count, false)),
            next => query.after = next,
        }
    }
    Ok((count, true))
}
