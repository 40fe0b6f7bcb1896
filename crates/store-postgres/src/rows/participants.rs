//! Participants of sessions, by the place of the session, its incarnation and its epoch.
//!
//! They go with the row of their session, whatever became of it.

use std::collections::BTreeSet;

use adieu_core::{ClientId, Incarnation, Locator, Participant, Session, UserKey};
use adieu_store_records::{Damaged, ParticipantDetail, from_json, to_json};

use crate::rows::{bounds, locator};
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// A participant's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptParticipant {
    pub(crate) key: ParticipantKey,
    detail: String,
}

/// Which participant of which session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ParticipantKey {
    pub(crate) locator: Locator,
    pub(crate) incarnation: Incarnation,
    pub(crate) epoch: u32,
    pub(crate) client: Option<ClientId>,
}

impl ParticipantKey {
    /// The first and the last that may be of a place.
    pub(crate) fn bounds(locator: Locator) -> (Self, Self) {
        let first = Self { locator, incarnation: Incarnation::from_bits(0), epoch: 0, client: None };
        let last = Self { incarnation: Incarnation::from_bits(u64::MAX), epoch: u32::MAX, ..first.clone() };
        (first, last)
    }
}

impl KeptParticipant {
    pub(crate) fn of(participant: &Participant, session: &Session) -> Self {
        let key = ParticipantKey {
            locator: session.locator,
            incarnation: session.incarnation,
            epoch: participant.epoch,
            client: Some(participant.client.clone()),
        };
        Self { key, detail: to_json(&ParticipantDetail::of(participant, session)) }
    }

    /// The participant of a session.
    pub(crate) fn complete(&self, session: &Session) -> Result<Participant, Damaged> {
        let detail: ParticipantDetail = from_json(&self.detail, "participant")?;
        let client = self.key.client.clone().ok_or(Damaged("client id"))?;
        Ok(detail.complete(session, client, self.key.epoch))
    }
}

impl Kept for KeptParticipant {
    type Key = ParticipantKey;
    const TABLE: &'static str = "participant";
    const KEY: &'static [(&'static str, ColumnKind)] = &[
        ("locator", ColumnKind::Int),
        ("incarnation", ColumnKind::Int),
        ("epoch", ColumnKind::Int),
        ("client", ColumnKind::Text),
    ];
    const REST: &'static [(&'static str, ColumnKind)] = &[("detail", ColumnKind::Text)];

    fn key(&self) -> ParticipantKey {
        self.key.clone()
    }

    fn key_values(key: &ParticipantKey) -> Vec<Value> {
        vec![
            Value::number(key.locator.number()),
            Value::number(key.incarnation.number()),
            Value::Int(key.epoch.into()),
            Value::text(key.client.as_ref().map_or("", ClientId::as_str)),
        ]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<ParticipantKey, Damaged> {
        Ok(ParticipantKey {
            locator: locator(columns)?,
            incarnation: Incarnation::from_bits(columns.number("incarnation")?),
            epoch: columns.small("epoch")?,
            client: Some(columns.text("client id")?.parse().map_err(|_| Damaged("client id"))?),
        })
    }

    fn read(key: ParticipantKey, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self { key, detail: columns.text("participant")?.to_owned() })
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::text(&self.detail)]
    }
}

/// All participants of whatever lies at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ParticipantsAt(pub(crate) Locator);

impl StoreQuestion for ParticipantsAt {
    type Answer = Vec<KeptParticipant>;
    const SQL: &'static str = "SELECT q.n, p.locator, p.incarnation, p.epoch, p.client, p.detail
        FROM unnest($1::bigint[], $2::bigint[]) AS q(n, place) JOIN participant p ON p.locator = q.place
        ORDER BY q.n, p.incarnation, p.epoch, p.client";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int];
    const LOOSE: bool = false;

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.0.number())]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let key = KeptParticipant::read_key(columns)?;
        answer.push(KeptParticipant::read(key, columns, ciphers)?);
        Ok(())
    }
}

/// The places of a user at which clients took part in what lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SharedPlaces(pub(crate) UserKey);

impl StoreQuestion for SharedPlaces {
    type Answer = BTreeSet<Locator>;
    const SQL: &'static str = "SELECT DISTINCT q.n, p.locator FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, first, last)
        JOIN participant p ON p.locator BETWEEN q.first AND q.last ORDER BY q.n";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int, ColumnKind::Int];
    const LOOSE: bool = false;

    fn values(&self) -> Vec<Value> {
        let (first, last) = bounds(self.0);
        vec![Value::number(first.number()), Value::number(last.number())]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.insert(locator(columns)?);
        Ok(())
    }
}
