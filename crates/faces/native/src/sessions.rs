//! Sessions with what became of them: of a realm, of a user, one. Reading only; looking is no activity of a user.
//!
//! They end by an ending (`endings`).

use adieu_authority::{Locator, SessionCursor, SessionId, SessionPage, SessionQuery, Timestamp};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::page::{self, ListPage};
use crate::problem::Problem;
use crate::{input, realms, users, wire};

pub(super) async fn of_realm(api: &Face, call: &Call) -> Result<Done, Problem> {
    let query = query(call)?;
    let realm = realms::of(api, call).await?.id;
    Ok(page_of(&api.authority.realm_sessions(realm, query).await?))
}

pub(super) async fn of_user(api: &Face, call: &Call) -> Result<Done, Problem> {
    let query = query(call)?;
    let user = users::of(api, call).await?.id;
    Ok(page_of(&api.authority.user_sessions(user, query).await?))
}

fn query(call: &Call) -> Result<SessionQuery, Problem> {
    let (page, live) = (ListPage::of(&call.query)?, call.query.flag("live")?);
    Ok(SessionQuery { after: page.place(read_cursor)?, most: page.limit, live })
}

fn page_of(page: &SessionPage) -> Done {
    let items = page.sessions.iter().map(wire::session).collect();
    page::shown(items, page.next.as_ref().map(written))
}

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    let id: SessionId = input::named(call, "session")?;
    let one = api.authority.session_record(id).await?.ok_or_else(|| Problem::unknown("session"))?;
    Ok(Done::Shown(wire::session(&one)))
}

fn written(cursor: &SessionCursor) -> String {
    format!("{}/{}", cursor.opened_at.ms(), cursor.locator.number())
}

fn read_cursor(text: &str) -> Option<SessionCursor> {
    let (opened_ms, locator) = text.split_once('/')?;
    let locator = Locator::from_number(locator.parse().ok()?)?;
    Some(SessionCursor { opened_at: Timestamp::from_ms(opened_ms.parse().ok()?), locator })
}
