//! What a sweep looks for: what is due, what walks are not done, and what is old enough to go.
//!
//! Whoever sweeps reads these lists first and holds what it changes then.

use adieu_core::{FlowId, GrantId, Locator, Timestamp};
use adieu_store_records::Damaged;

use crate::rows::{Due, KeptFlow, KeptGrant, KeptMass, MassKey, ReceiptRowKey, SharedDue, locator};
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

macro_rules! question {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? } -> $answer:ty, $kinds:expr, $values:expr, $sql:expr,
        $read:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name { $(pub(crate) $field: $type),* }

        impl StoreQuestion for $name {
            type Answer = $answer;
            const SQL: &'static str = $sql;
            const KINDS: &'static [ColumnKind] = $kinds;

            fn values(&self) -> Vec<Value> {
                let values: fn(&Self) -> Vec<Value> = $values;
                values(self)
            }

            fn read(
                &self,
                answer: &mut Self::Answer,
                columns: &mut Columns<'_>,
                _: &Ciphers,
            ) -> Result<(), Damaged> {
                let read: fn(&mut Self::Answer, &mut Columns<'_>) -> Result<(), Damaged> = $read;
                read(answer, columns)
            }
        }
    };
}

question!(
    /// Places that may be over before an hour has passed, behind a place of the list, oldest first.
    DueBetween { after: Option<Due>, before_hour: i64, most: u32 } -> Vec<Due>,
    &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int],
    |one| {
        let after = one.after.map(|due| (Value::Int(due.hour), Value::number(due.locator.number())));
        let (hour, place) = after.unwrap_or((Value::Int(i64::MIN), Value::Int(0)));
        vec![hour, place, Value::Int(one.before_hour), Value::Int(one.most.into())]
    },
    "SELECT q.n, d.hour, d.locator FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
            AS q(n, hour, place, before, most)
        CROSS JOIN LATERAL (SELECT hour, locator FROM due WHERE (due.hour, due.locator) > (q.hour, q.place) AND due.hour < q.before
            ORDER BY hour, locator LIMIT q.most) d ORDER BY q.n, d.hour, d.locator",
    |answer, columns| {
        answer.push(Due::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// Sessions of whose end somebody is told and that may be over at a moment, the earliest first.
    SharedDueBy { now: Timestamp, most: u32 } -> Vec<SharedDue>,
    &[ColumnKind::Int, ColumnKind::Int],
    |one| vec![Value::time(one.now), Value::Int(one.most.into())],
    "SELECT q.n, d.at, d.locator FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, now, most)
        CROSS JOIN LATERAL (SELECT at, locator FROM shared_due WHERE shared_due.at <= q.now ORDER BY at, locator LIMIT q.most) d
        ORDER BY q.n, d.at, d.locator",
    |answer, columns| {
        answer.push(SharedDue::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// Walks over the sessions of endings of many that are not done, the oldest endings first.
    Walks { most: u32 } -> Vec<MassKey>,
    &[ColumnKind::Int],
    |one| vec![Value::Int(one.most.into())],
    "SELECT q.n, m.scope, m.generation FROM unnest($1::bigint[], $2::bigint[]) AS q(n, most)
        CROSS JOIN LATERAL (SELECT * FROM mass_ending WHERE done = 0 ORDER BY at LIMIT q.most) m ORDER BY q.n, m.at",
    |answer, columns| {
        answer.push(KeptMass::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// Records of endings of many of then and earlier whose walk is done.
    DoneMass { until: Timestamp, most: u32 } -> Vec<MassKey>,
    &[ColumnKind::Int, ColumnKind::Int],
    |one| vec![Value::time(one.until), Value::Int(one.most.into())],
    "SELECT q.n, m.scope, m.generation FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, until, most)
        CROSS JOIN LATERAL (SELECT * FROM mass_ending WHERE done = 1 AND mass_ending.at <= q.until ORDER BY at LIMIT q.most) m
        ORDER BY q.n",
    |answer, columns| {
        answer.push(KeptMass::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// Rows behind a place: where each lies, and when it ended if it is a tombstone.
    RowsBehind { after: u64, last: u64, most: u32 } -> Vec<(Locator, Option<Timestamp>)>,
    &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Int],
    |one| vec![Value::number(one.after), Value::number(one.last), Value::Int(one.most.into())],
    "SELECT q.n, s.locator, CASE s.state WHEN 2 THEN s.seen_at END
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS q(n, after, last, most)
        CROSS JOIN LATERAL (SELECT locator, state, seen_at FROM session WHERE session.locator > q.after AND session.locator <= q.last
            ORDER BY locator LIMIT q.most) s ORDER BY q.n, s.locator",
    |answer, columns| {
        let place = locator(columns)?;
        answer.push((place, columns.int_or_none("session")?.map(Timestamp::from_ms)));
        Ok(())
    }
);

question!(
    /// Flows that have expired by then.
    ExpiredFlows { by: Timestamp, most: u32 } -> Vec<FlowId>,
    &[ColumnKind::Int, ColumnKind::Int],
    |one| vec![Value::time(one.by), Value::Int(one.most.into())],
    "SELECT q.n, f.id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, by, most)
        CROSS JOIN LATERAL (SELECT id FROM flow WHERE flow.expires_at <= q.by ORDER BY expires_at LIMIT q.most) f ORDER BY q.n",
    |answer, columns| {
        answer.push(KeptFlow::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// Grants that have expired by then.
    ExpiredGrants { by: Timestamp, most: u32 } -> Vec<GrantId>,
    &[ColumnKind::Int, ColumnKind::Int],
    |one| vec![Value::time(one.by), Value::Int(one.most.into())],
    "SELECT q.n, g.id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, by, most)
        CROSS JOIN LATERAL (SELECT id FROM held WHERE held.expires_at <= q.by ORDER BY expires_at LIMIT q.most) g ORDER BY q.n",
    |answer, columns| {
        answer.push(KeptGrant::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// The oldest lines, as far as they were written then or earlier.
    OldLines { until: Timestamp, most: u32 } -> Vec<u64>,
    &[ColumnKind::Int, ColumnKind::Int],
    |one| vec![Value::time(one.until), Value::Int(one.most.into())],
    "SELECT q.n, l.line FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, until, most)
        CROSS JOIN LATERAL (SELECT line, at FROM ending_line ORDER BY line LIMIT q.most) l WHERE l.at <= q.until ORDER BY q.n, l.line",
    |answer, columns| {
        answer.push(columns.number("line of endings")?);
        Ok(())
    }
);

question!(
    /// Settled receipts of endings that are in the index no more.
    OldReceipts { most: u32 } -> Vec<ReceiptRowKey>,
    &[ColumnKind::Int],
    |one| vec![Value::Int(one.most.into())],
    "SELECT q.n, r.line, r.entry, r.receiver, r.subject FROM unnest($1::bigint[], $2::bigint[]) AS q(n, most)
        CROSS JOIN LATERAL (SELECT * FROM receipt WHERE receipt.state <> 0 AND receipt.line < coalesce(
            (SELECT min(line) FROM ending_line), (SELECT max(tick) * 1024 FROM lane), 0) ORDER BY line LIMIT q.most) r
        ORDER BY q.n",
    |answer, columns| {
        answer.push(crate::rows::KeptReceipt::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// Counts of receipts of endings that are in the index no more.
    OldCounts { most: u32 } -> Vec<(u64, u32)>,
    &[ColumnKind::Int],
    |one| vec![Value::Int(one.most.into())],
    "SELECT q.n, c.line, c.entry FROM unnest($1::bigint[], $2::bigint[]) AS q(n, most)
        CROSS JOIN LATERAL (SELECT * FROM receipt_count WHERE receipt_count.line < coalesce(
            (SELECT min(line) FROM ending_line), (SELECT max(tick) * 1024 FROM lane), 0) ORDER BY line LIMIT q.most) c
        ORDER BY q.n",
    |answer, columns| {
        answer.push(crate::rows::KeptCounts::read_key(columns)?);
        Ok(())
    }
);

question!(
    /// Ids of batches that nobody asks for any more: they are an hour old by the database's clock.
    OldBatches { most: u32 } -> Vec<Vec<u8>>,
    &[ColumnKind::Int],
    |one| vec![Value::Int(one.most.into())],
    "SELECT q.n, b.id FROM unnest($1::bigint[], $2::bigint[]) AS q(n, most)
        CROSS JOIN LATERAL (SELECT id FROM batch WHERE batch.at < CAST(extract(epoch FROM current_timestamp) * 1000 AS bigint) - 3600000
            ORDER BY at LIMIT q.most) b ORDER BY q.n",
    |answer, columns| {
        answer.push(columns.bytes("id of a batch")?.to_vec());
        Ok(())
    }
);

/// A line that goes. Lines are written by the batch that ends something.
#[derive(Clone, Copy)]
pub(crate) struct LineGone(u64);

/// The id of a batch that goes.
#[derive(Clone)]
pub(crate) struct BatchGone(Vec<u8>);

/// A node that goes: it is dead, and what it was telling is free.
#[derive(Clone, Copy)]
pub(crate) struct NodeGone(u64);

impl Kept for NodeGone {
    type Key = u64;
    const TABLE: &'static str = "node";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[];

    fn key(&self) -> u64 {
        self.0
    }

    fn key_values(key: &u64) -> Vec<Value> {
        vec![Value::number(*key)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<u64, Damaged> {
        columns.number("node")
    }

    fn read(key: u64, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self(key))
    }

    fn values(&self) -> Vec<Value> {
        vec![]
    }
}

impl Kept for LineGone {
    type Key = u64;
    const TABLE: &'static str = "ending_line";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("line", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[];

    fn key(&self) -> u64 {
        self.0
    }

    fn key_values(key: &u64) -> Vec<Value> {
        vec![Value::number(*key)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<u64, Damaged> {
        columns.number("line of endings")
    }

    fn read(key: u64, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self(key))
    }

    fn values(&self) -> Vec<Value> {
        vec![]
    }
}

impl Kept for BatchGone {
    type Key = Vec<u8>;
    const TABLE: &'static str = "batch";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Bytes)];
    const REST: &'static [(&'static str, ColumnKind)] = &[];

    fn key(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn key_values(key: &Vec<u8>) -> Vec<Value> {
        vec![Value::Bytes(key.clone())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Vec<u8>, Damaged> {
        Ok(columns.bytes("id of a batch")?.to_vec())
    }

    fn read(key: Vec<u8>, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self(key))
    }

    fn values(&self) -> Vec<Value> {
        vec![]
    }
}
