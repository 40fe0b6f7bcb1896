//! Pages of lists: how many, after what, and what comes next.
//!
//! A cursor is a place in the order of the list, not a number: what is made or ends meanwhile moves nothing. It is
//! opaque to clients, and carries no secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::input::Query;
use crate::problem::Problem;

/// The query of every list.
pub(super) const LIMIT: &str = "limit";
pub(super) const AFTER: &str = "after";
/// Items of a page when nothing is said, and at most (HOME-LIMITS).
pub(super) const LIMIT_DEFAULT: u32 = 50;
pub(super) const LIMIT_MAX: u32 = 500;

/// A page as it was asked for.
pub(super) struct ListPage {
    pub(super) limit: u32,
    /// The text of the cursor.
    pub(super) after: Option<String>,
}

impl ListPage {
    pub(super) fn of(query: &Query) -> Result<Self, Problem> {
        let limit = match query.text(LIMIT) {
            None => LIMIT_DEFAULT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| Problem::malformed(format!("limit: 1 to {LIMIT_MAX}")))?,
        };
        let after = query.text(AFTER).map(|text| read(text).ok_or_else(foreign)).transpose()?;
        Ok(Self { limit, after })
    }

    /// The place after which to go on.
    pub(super) fn place<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.after.as_deref().map(|text| parse(text).ok_or_else(foreign)).transpose()
    }

    /// A page of a list that is there as a whole, in the order of `key`.
    pub(super) fn cut<T>(&self, all: Vec<T>, key: impl Fn(&T) -> String, wire: impl Fn(&T) -> Value) -> Done {
        let mut rest: Vec<T> = match &self.after {
            Some(after) => all.into_iter().filter(|one| key(one) > *after).collect(),
            None => all,
        };
        rest.sort_by_key(&key);
        let more = rest.len() > self.limit as usize;
        rest.truncate(self.limit as usize);
        let next = rest.last().filter(|_| more).map(&key);
        shown(rest.iter().map(wire).collect(), next)
    }
}

/// A page of a list, with the place of the next one.
pub(super) fn shown(items: Vec<Value>, next: Option<String>) -> Done {
    Done::Shown(json!({"items": items, "next": next.map(|place| cursor(&place))}))
}

/// A place as clients carry it.
pub(super) fn cursor(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

fn read(cursor: &str) -> Option<String> {
    let place = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    (!place.is_empty()).then_some(place)
}

fn foreign() -> Problem {
    Problem::malformed("after: none of the cursors that this list has given")
}
