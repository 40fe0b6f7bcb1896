//! Sessions where they lie, and their tombstones.
//!
//! An ended session stays in its row (decision 0005). The row of a user guards all of them.

use std::sync::Arc;

use adieu_core::session::{Generations, SessionDevice};
use adieu_core::{
    Assurance, Channel, Incarnation, Locator, RealmId, Session, Span, State, Timestamp, Tombstone, UserId,
};
use adieu_store_records::{Damaged, SessionDetail, TombstoneDetail, from_json, hash, to_json};
use uuid::Uuid;

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Value};

/// What a row holds.
#[derive(Clone, Debug)]
pub(crate) enum SessionRow {
    /// A session.
    Stored(Arc<Session>),
    /// What is left of one.
    Ended(Arc<Tombstone>),
}

impl SessionRow {
    /// The session, as it is or was.
    pub(crate) fn session(&self) -> &Session {
        match self {
            Self::Stored(session) => session,
            Self::Ended(tombstone) => &tombstone.session,
        }
    }

    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Stored(_) => None,
            Self::Ended(tombstone) => Some(tombstone.ending.at),
        }
    }
}

/// A row with when it is looked at.
#[derive(Clone, Debug)]
pub(crate) struct PlacedSession {
    pub(crate) row: SessionRow,
    /// The hour under which the sweep looks at it.
    pub(crate) due_hour: i64,
    /// When it is looked at because somebody is told of its end.
    pub(crate) shared_due: Option<Timestamp>,
}

/// The hour of a moment.
pub(crate) fn hour(at: Timestamp) -> i64 {
    at.s().div_euclid(3600)
}

/// What the column `state` says.
const SIGNED_ON: i64 = 0;
const RESET: i64 = 1;
/// The row is a tombstone: `seen_at` is when it ended, `detail` a `TombstoneDetail`.
pub(crate) const ENDED: i64 = 2;
const HALF_SIGNED_ON: i64 = 3;

/// The state of a session that is not ended.
pub(crate) fn state(column: i64) -> Result<State, Damaged> {
    match column {
        SIGNED_ON => Ok(State::SignedOn),
        RESET => Ok(State::Reset),
        HALF_SIGNED_ON => Ok(State::HalfSignedOn),
        _ => Err(Damaged("session state")),
    }
}

const fn state_column(state: State) -> i64 {
    match state {
        State::SignedOn => SIGNED_ON,
        State::HalfSignedOn => HALF_SIGNED_ON,
        State::Reset => RESET,
    }
}

/// How far the user of a session has proven who they are. The methods in its detail say the same.
pub(crate) fn assurance(column: i64) -> Result<Assurance, Damaged> {
    match column {
        1 => Ok(Assurance::One),
        2 => Ok(Assurance::Two),
        _ => Err(Damaged("session assurance")),
    }
}

/// A place out of a column.
pub(crate) fn locator(columns: &mut Columns<'_>) -> Result<Locator, Damaged> {
    Locator::from_number(columns.number("locator")?).ok_or(Damaged("locator"))
}

impl Kept for PlacedSession {
    type Key = Locator;
    const TABLE: &'static str = "session";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("locator", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("user_key", ColumnKind::Int),
        ("realm", ColumnKind::Bytes),
        ("incarnation", ColumnKind::Int),
        ("token_hash", ColumnKind::Bytes),
        ("state", ColumnKind::Int),
        ("epoch", ColumnKind::Int),
        ("user_generation", ColumnKind::Int),
        ("realm_generation", ColumnKind::Int),
        ("opened_at", ColumnKind::Int),
        ("seen_at", ColumnKind::Int),
        ("expires_at", ColumnKind::Int),
        ("idle", ColumnKind::Int),
        ("assurance", ColumnKind::Int),
        ("due_hour", ColumnKind::Int),
        ("shared_due", ColumnKind::Int),
        ("hidden", ColumnKind::Int),
        ("detail", ColumnKind::Text),
    ];

    fn key(&self) -> Locator {
        self.row.session().locator
    }

    fn key_values(key: &Locator) -> Vec<Value> {
        vec![Value::number(key.number())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Locator, Damaged> {
        locator(columns)
    }

    fn read(locator: Locator, columns: &mut Columns<'_>, ciphers: &Ciphers) -> Result<Self, Damaged> {
        let _user_key = columns.int("user key")?;
        let realm = columns.realm()?;
        let incarnation = Incarnation::from_bits(columns.number("incarnation")?);
        let token_hash = hash(columns.bytes("token hash")?.to_vec())?;
        let state_word = columns.int("session state")?;
        let epoch = columns.small("epoch")?;
        let born = Generations { user: columns.number("generation")?, realm: columns.number("generation")? };
        let zero = Timestamp::default();
        let session = Session {
            id: ciphers.sessions.encipher(locator, incarnation),
            locator,
            incarnation,
            realm,
            user: UserId::from_uuid(Uuid::nil()),
            token_hash,
            epoch,
            state: State::SignedOn,
            reset_by: None,
            born,
            opened_at: columns.time("session")?,
            authenticated_at: zero,
            seen_at: columns.time("session")?,
            expires_at: columns.time("session")?,
            idle: columns.int_or_none("idle limit")?.map(Span::from_ms),
            methods: Vec::new(),
            channel: Channel::named(""),
            device: SessionDevice::default(),
            properties: Default::default(),
            participants: 0,
        };
        let _assurance = columns.int("session assurance")?;
        let due_hour = columns.int("hour")?;
        let shared_due = columns.int_or_none("moment")?.map(Timestamp::from_ms);
        let _hidden = columns.int("session")?;
        let detail = columns.text("session")?;
        let row = if state_word == ENDED {
            let detail: TombstoneDetail<'_> = from_json(detail, "tombstone")?;
            let ended_at = session.seen_at;
            SessionRow::Ended(Arc::new(detail.complete(session, ended_at)?))
        } else {
            let detail: SessionDetail<'_> = from_json(detail, "session")?;
            let state = state(state_word)?;
            SessionRow::Stored(Arc::new(detail.complete(Session { state, ..session })?))
        };
        Ok(Self { row, due_hour, shared_due })
    }

    fn values(&self) -> Vec<Value> {
        let session = self.row.session();
        let (state, seen_at, hidden, detail) = match &self.row {
            SessionRow::Stored(session) => {
                (state_column(session.state), session.seen_at, false, to_json(&SessionDetail::of(session)))
            }
            SessionRow::Ended(tombstone) => {
                let detail = to_json(&TombstoneDetail::of(tombstone));
                (ENDED, tombstone.ending.at, tombstone.forgotten, detail)
            }
        };
        vec![
            Value::number(session.locator.user_key().number()),
            realm_value(session.realm),
            Value::number(session.incarnation.number()),
            Value::Bytes(session.token_hash.to_bytes().to_vec()),
            Value::Int(state),
            Value::Int(session.epoch.into()),
            Value::number(session.born.user),
            Value::number(session.born.realm),
            Value::time(session.opened_at),
            Value::time(seen_at),
            Value::time(session.expires_at),
            Value::or_null(session.idle.map(|idle| Value::Int(idle.ms()))),
            Value::Int(match session.assurance() {
                Assurance::One => 1,
                Assurance::Two => 2,
            }),
            Value::Int(self.due_hour),
            Value::or_null(self.shared_due.map(Value::time)),
            Value::flag(hidden),
            Value::Text(detail),
        ]
    }
}

/// The id of a realm as a value.
pub(crate) fn realm_value(id: RealmId) -> Value {
    Value::uuid(id.uuid())
}
