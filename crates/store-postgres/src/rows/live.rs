//! The sessions of a user that may be live, by the generation of the user that they were born under.
//!
//! An entry goes with the ending of its session, in the same commit. What ended with others stays behind under a generation that nobody
//! asks for, until its session is buried: so a list is as long as what is live, whatever was.

use std::collections::BTreeMap;

use adieu_core::session::Generations;
use adieu_core::{
    Incarnation, Locator, Session, SessionOutline, Span, State, Timestamp, User, UserKey, counts_as_live,
};
use adieu_store_records::Damaged;

use crate::rows::{SessionRow, assurance, locator, state, user_key};
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// An entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LiveEntry {
    pub(crate) user: UserKey,
    pub(crate) generation: u64,
    pub(crate) opened_at: Timestamp,
    pub(crate) locator: Locator,
}

impl LiveEntry {
    pub(crate) fn of(session: &Session) -> Self {
        Self {
            user: session.locator.user_key(),
            generation: session.born.user,
            opened_at: session.opened_at,
            locator: session.locator,
        }
    }
}

impl Kept for LiveEntry {
    type Key = Self;
    const TABLE: &'static str = "live_session";
    const KEY: &'static [(&'static str, ColumnKind)] = &[
        ("user_key", ColumnKind::Int),
        ("generation", ColumnKind::Int),
        ("opened_at", ColumnKind::Int),
        ("locator", ColumnKind::Int),
    ];
    const REST: &'static [(&'static str, ColumnKind)] = &[];

    fn key(&self) -> Self {
        *self
    }

    fn key_values(key: &Self) -> Vec<Value> {
        vec![
            Value::number(key.user.number()),
            Value::number(key.generation),
            Value::time(key.opened_at),
            Value::number(key.locator.number()),
        ]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            user: user_key(columns)?,
            generation: columns.number("generation")?,
            opened_at: columns.time("session")?,
            locator: locator(columns)?,
        })
    }

    fn read(key: Self, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(key)
    }

    fn values(&self) -> Vec<Value> {
        vec![]
    }
}

/// The outlines of the sessions of a user that may be live, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LiveOf {
    user: UserKey,
    generation: u64,
}

impl LiveOf {
    pub(crate) const fn user(user: &User) -> Self {
        Self { user: user.key, generation: user.generation }
    }

    /// The list with what a batch has made of the user's sessions.
    pub(crate) fn with_changed<'a>(
        self,
        stored: &[SessionOutline],
        changed: impl Iterator<Item = (&'a Locator, Option<&'a SessionRow>)>,
    ) -> Vec<SessionOutline> {
        let mut changed = changed.peekable();
        if changed.peek().is_none() {
            return stored.to_vec();
        }
        let mut all: BTreeMap<Locator, SessionOutline> =
            stored.iter().map(|one| (one.locator, *one)).collect();
        for (place, row) in changed {
            match row {
                Some(SessionRow::Stored(session)) if session.born.user == self.generation => {
                    all.insert(*place, outline_of(session));
                }
                _ => drop(all.remove(place)),
            }
        }
        let mut all: Vec<_> = all.into_values().collect();
        all.sort_by_key(|one| (one.opened_at, one.locator));
        all
    }
}

fn outline_of(session: &Session) -> SessionOutline {
    SessionOutline {
        id: session.id,
        locator: session.locator,
        state: session.state,
        assurance: session.assurance(),
        born: session.born,
        opened_at: session.opened_at,
        seen_at: session.seen_at,
        idle: session.idle,
        expires_at: session.expires_at,
    }
}

impl StoreQuestion for LiveOf {
    type Answer = Vec<SessionOutline>;
    const SQL: &'static str = "SELECT q.n, s.locator, s.incarnation, s.state, s.assurance, s.user_generation,
            s.realm_generation, s.opened_at, s.seen_at, s.idle, s.expires_at
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, k, g)
        JOIN live_session l ON l.user_key = q.k AND l.generation = q.g
        JOIN session s ON s.locator = l.locator AND s.state <> 2 ORDER BY q.n, l.opened_at, l.locator";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int, ColumnKind::Int];
    const LOOSE: bool = false;

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.user.number()), Value::number(self.generation)]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let locator = locator(columns)?;
        let incarnation = Incarnation::from_bits(columns.number("incarnation")?);
        let (state, assurance) =
            (state(columns.int("session state")?)?, assurance(columns.int("session assurance")?)?);
        let born = Generations { user: columns.number("generation")?, realm: columns.number("generation")? };
        answer.push(SessionOutline {
            id: ciphers.sessions.encipher(locator, incarnation),
            locator,
            state,
            assurance,
            born,
            opened_at: columns.time("session")?,
            seen_at: columns.time("session")?,
            idle: columns.int_or_none("idle limit")?.map(Span::from_ms),
            expires_at: columns.time("session")?,
        });
        Ok(())
    }
}

/// The rows of a stretch of places, for counting those that are live.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LiveStretch {
    pub(crate) from: Option<Locator>,
    pub(crate) most: u32,
    pub(crate) now: Timestamp,
}

/// What a stretch holds: how many are live of how many, and the last place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LiveInStretch {
    pub(crate) live: u64,
    pub(crate) read: u32,
    pub(crate) last: Option<Locator>,
}

impl StoreQuestion for LiveStretch {
    type Answer = LiveInStretch;
    const SQL: &'static str = "SELECT q.n, s.locator, s.state, s.idle, s.seen_at, s.expires_at
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, first, most)
        CROSS JOIN LATERAL (SELECT * FROM session WHERE session.locator >= q.first ORDER BY locator LIMIT q.most) s
        ORDER BY q.n, s.locator";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        let from = self.from.map_or(0, Locator::number);
        vec![Value::number(from), Value::Int(self.most.into())]
    }

    fn read(
        &self,
        answer: &mut LiveInStretch,
        columns: &mut Columns<'_>,
        _: &Ciphers,
    ) -> Result<(), Damaged> {
        answer.last = Some(locator(columns)?);
        answer.read += 1;
        // Tombstones have other states, and damage is for whoever reads the session.
        let state: Result<State, Damaged> = state(columns.int("session state")?);
        let idle = columns.int_or_none("idle limit")?.map(Span::from_ms);
        let times = (columns.time("session")?, columns.time("session")?);
        answer.live += u64::from(state.is_ok_and(|state| counts_as_live(state, idle, times, self.now)));
        Ok(())
    }
}
