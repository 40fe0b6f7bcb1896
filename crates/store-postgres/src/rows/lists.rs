//! Lists of sessions by the time they opened, and the places of a user.
//!
//! Lists are read by indexes of the sessions themselves: an ending changes none of their columns.

use adieu_core::{Locator, RealmId, Timestamp, UserKey};
use adieu_store::SessionCursor;
use adieu_store_records::Damaged;

use crate::rows::{locator, realm_value};
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, StoreQuestion, Value};

/// A stretch of a list, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch<L> {
    pub(crate) list: L,
    pub(crate) after: Option<SessionCursor>,
    pub(crate) most: u32,
}

impl<L> Stretch<L> {
    fn values(&self, list: Vec<Value>) -> Vec<Value> {
        let (opened_at, locator) = match self.after {
            Some(after) => (Value::time(after.opened_at), Value::number(after.locator.number())),
            None => (Value::Int(i64::MAX), Value::Int(i64::MAX)),
        };
        [list, vec![opened_at, locator, Value::Int(self.most.into())]].concat()
    }
}

fn cursor(columns: &mut Columns<'_>) -> Result<SessionCursor, Damaged> {
    Ok(SessionCursor { opened_at: columns.time("session")?, locator: locator(columns)? })
}

/// All of a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListOfRealm(pub(crate) RealmId);
/// All of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListOfUser(pub(crate) UserKey);
/// Those of a user that may be live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LiveOfUser(pub(crate) UserKey, pub(crate) u64);

macro_rules! stretch {
    ($list:ty, $kinds:expr, $values:expr, $sql:expr) => {
        impl StoreQuestion for Stretch<$list> {
            type Answer = Vec<SessionCursor>;
            const SQL: &'static str = $sql;
            const KINDS: &'static [ColumnKind] = $kinds;

            fn values(&self) -> Vec<Value> {
                let of: fn(&$list) -> Vec<Value> = $values;
                Stretch::values(self, of(&self.list))
            }

            fn read(
                &self,
                answer: &mut Self::Answer,
                columns: &mut Columns<'_>,
                _: &Ciphers,
            ) -> Result<(), Damaged> {
                answer.push(cursor(columns)?);
                Ok(())
            }
        }
    };
}

stretch!(
    ListOfRealm,
    &[ColumnKind::Bytes, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int],
    |list| vec![realm_value(list.0)],
    "SELECT q.n, s.opened_at, s.locator
        FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[]) AS q(n, realm, at, place, most)
        CROSS JOIN LATERAL (SELECT opened_at, locator FROM session WHERE session.realm = q.realm
            AND (session.opened_at, session.locator) < (q.at, q.place) ORDER BY opened_at DESC, locator DESC LIMIT q.most) s
        ORDER BY q.n, s.opened_at DESC, s.locator DESC"
);
stretch!(
    ListOfUser,
    &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int],
    |list| vec![Value::number(list.0.number())],
    "SELECT q.n, s.opened_at, s.locator
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS q(n, k, at, place, most)
        CROSS JOIN LATERAL (SELECT opened_at, locator FROM session WHERE session.user_key = q.k
            AND (session.opened_at, session.locator) < (q.at, q.place) ORDER BY opened_at DESC, locator DESC LIMIT q.most) s
        ORDER BY q.n, s.opened_at DESC, s.locator DESC"
);
stretch!(
    LiveOfUser,
    &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int],
    |list| vec![Value::number(list.0.number()), Value::number(list.1)],
    "SELECT q.n, s.opened_at, s.locator FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
            $6::bigint[]) AS q(n, k, g, at, place, most)
        CROSS JOIN LATERAL (SELECT opened_at, locator FROM live_session l WHERE l.user_key = q.k AND l.generation = q.g
            AND (l.opened_at, l.locator) < (q.at, q.place) ORDER BY opened_at DESC, locator DESC LIMIT q.most) s
        ORDER BY q.n, s.opened_at DESC, s.locator DESC"
);

/// How many rows of a user lie there, live or not, of each generation they were born under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CountByGeneration(pub(crate) UserKey);

impl StoreQuestion for CountByGeneration {
    type Answer = Vec<(u64, u64)>;
    const SQL: &'static str =
        "SELECT q.n, s.user_generation, count(*) FROM unnest($1::bigint[], $2::bigint[]) AS q(n, k)
        JOIN session s ON s.user_key = q.k AND s.hidden = 0 GROUP BY q.n, s.user_generation ORDER BY q.n";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.0.number())]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.push((columns.number("generation")?, columns.number("count")?));
        Ok(())
    }
}

/// The last row of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LastPlace(pub(crate) UserKey);

impl StoreQuestion for LastPlace {
    type Answer = Option<Locator>;
    const SQL: &'static str =
        "SELECT q.n, s.locator FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, first, last)
        CROSS JOIN LATERAL (SELECT locator FROM session WHERE session.locator BETWEEN q.first AND q.last
            ORDER BY locator DESC LIMIT 1) s";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int, ColumnKind::Int];
    const LOOSE: bool = false;

    fn values(&self) -> Vec<Value> {
        let (first, last) = bounds(self.0);
        vec![Value::number(first.number()), Value::number(last.number())]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        *answer = Some(locator(columns)?);
        Ok(())
    }
}

/// The rows of a user in the order of their places, each with the time of its ending if it is a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlacesOf(pub(crate) UserKey);

impl StoreQuestion for PlacesOf {
    type Answer = Vec<(Locator, Option<Timestamp>)>;
    // One row for all of them: a user has room for more than a hundred thousand.
    const SQL: &'static str = "SELECT q.n, array_agg(s.locator ORDER BY s.locator),
            array_agg(CASE s.state WHEN 2 THEN s.seen_at END ORDER BY s.locator)
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, first, last)
        JOIN session s ON s.locator BETWEEN q.first AND q.last GROUP BY q.n";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int, ColumnKind::Int];
    const LOOSE: bool = false;

    fn values(&self) -> Vec<Value> {
        LastPlace(self.0).values()
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        let (places, ended_at) = (columns.ints("locator")?, columns.ints_or_none("session")?);
        for (place, ended_at) in places.into_iter().zip(ended_at) {
            let place = u64::try_from(place).ok().and_then(Locator::from_number).ok_or(Damaged("locator"))?;
            answer.push((place, ended_at.map(Timestamp::from_ms)));
        }
        Ok(())
    }
}

/// The first and the last place of a user.
pub(crate) fn bounds(key: UserKey) -> (Locator, Locator) {
    let slot = |slot| key.slot(slot).expect("every user has all slots");
    (slot(0), slot(Locator::SLOTS - 1))
}
