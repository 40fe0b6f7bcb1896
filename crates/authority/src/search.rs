//! Users by a part of a name: looked for in pages, in the order of their ids.
//!
//! No index knows parts of names, so one answer looks at a bounded number of records and says how far it came; whoever wants more
//! goes on from there.

use adieu_core::names::matched;
use adieu_core::{Outage, RealmId, User, UserId};

use crate::Authority;

/// Records that one answer looks at (HOME-LIMITS).
const LOOKED_AT_MAX: usize = 10_000;
/// Records that are read at one time.
const PAGE: u32 = 500;

/// What one answer has found.
#[derive(Clone, Debug)]
pub struct FoundUsers {
    /// Those whose name or address has the part in it.
    pub users: Vec<User>,
    /// The last one that was looked at, if there are more behind.
    pub next: Option<UserId>,
}

impl Authority {
    /// The users of a realm whose username or e-mail address has `part` in it, in any letter case, behind `after`; at most `most`.
    /// An answer may be short, or empty, and still have a next place.
    pub async fn users_with(
        &self,
        realm: RealmId,
        part: &str,
        after: Option<UserId>,
        most: usize,
    ) -> Result<FoundUsers, Outage> {
        let part = matched(part);
        let has = |user: &User| {
            matched(&user.username).contains(&part)
                || user.email.as_deref().is_some_and(|email| matched(email).contains(&part))
        };
        let (mut users, mut last, mut looked_at) = (Vec::new(), after, 0);
        loop {
            let page = self.users(realm, last, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for user in page {
                if users.len() == most || looked_at == LOOKED_AT_MAX {
                    return Ok(FoundUsers { users, next: last });
                }
                (last, looked_at) = (Some(user.id), looked_at + 1);
                if has(&user) {
                    users.push(user);
                }
            }
            if is_last {
                return Ok(FoundUsers { users, next: None });
            }
        }
    }
}
