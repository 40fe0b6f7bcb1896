//! Sessions with what became of them: of a realm, of a user, one. Reading only; looking is no activity of a user.
//!
//! They end by an ending (`endings`).

use adieu_authority::{Fate, Locator, SessionCursor, SessionId, SessionQuery, SessionRecord, Timestamp};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::page::{self, ListPage};
use crate::problem::Problem;
use crate::{input, realms, users, wire};

/// How many sessions of one user are looked at (HOME-LIMITS).
const LOOKED_MAX: u32 = 10_000;

pub(super) async fn of_realm(api: &Face, call: &Call) -> Result<Done, Problem> {
    let (page, live) = (ListPage::of(&call.query)?, call.query.flag("live")?);
    let after = page.place(read_mark)?;
    let realm = realms::of(api, call).await?.id;
    let listed = api.authority.realm_sessions(realm, SessionQuery { after, most: page.limit, live }).await?;
    let items = listed.sessions.iter().map(wire::session).collect();
    Ok(page::shown(items, listed.next.map(|mark| written(&mark))))
}

pub(super) async fn of_user(api: &Face, call: &Call) -> Result<Done, Problem> {
    let (page, live) = (ListPage::of(&call.query)?, call.query.flag("live")?);
    let after = page.place(read_mark)?;
    let user = users::of(api, call).await?.id;
    let mut all = api.authority.user_session_records(user, LOOKED_MAX).await?;
    all.retain(|one| after.is_none_or(|after| mark(one) < after));
    all.retain(|one| live.is_none_or(|live| live == (one.fate == Fate::Live)));
    let more = all.len() > page.limit as usize;
    all.truncate(page.limit as usize);
    let next = all.last().filter(|_| more).map(|one| written(&mark(one)));
    Ok(page::shown(all.iter().map(wire::session).collect(), next))
}

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    let id: SessionId = input::named(call, "session")?;
    let one = api.authority.session_record(id).await?.ok_or_else(|| Problem::unknown("session"))?;
    Ok(Done::Shown(wire::session(&one)))
}

fn mark(one: &SessionRecord) -> SessionCursor {
    SessionCursor { opened_at: one.session.opened_at, locator: one.session.locator }
}

fn written(mark: &SessionCursor) -> String {
    format!("{}/{}", mark.opened_at.ms(), mark.locator.number())
}

fn read_mark(text: &str) -> Option<SessionCursor> {
    let (opened_ms, locator) = text.split_once('/')?;
    let locator = Locator::from_number(locator.parse().ok()?)?;
    Some(SessionCursor { opened_at: Timestamp::from_ms(opened_ms.parse().ok()?), locator })
}
