//! Receipts of notices.
//!
//! A receipt that is pending is found by its receiver and by when it is due; one that is settled is due never.

use adieu_core::{EndingPlace, Receipt, ReceiptKey, ReceiptState, Receiver, SubjectKey, Timestamp};
use adieu_store::ReceiverStanding;
use adieu_store_records::{Damaged, ReceiptColumns, ReceiptDetail, from_json, to_json};

use crate::rows::{realm_value, receiver};
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// A receipt's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptReceipt {
    pub(crate) receipt: Receipt,
    /// The node that tries it, if one does.
    node: u64,
}

impl KeptReceipt {
    /// The row that a node writes.
    pub(crate) fn of(receipt: Receipt, node: u64) -> Self {
        Self { receipt, node }
    }
}

/// The key of a receipt, in the order of its ending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReceiptRowKey {
    pub(crate) line: u64,
    pub(crate) entry: u32,
    pub(crate) receiver: String,
    pub(crate) subject: Vec<u8>,
}

impl ReceiptRowKey {
    pub(crate) fn of(key: &ReceiptKey) -> Self {
        Self {
            line: key.place.line(),
            entry: key.place.entry(),
            receiver: key.receiver.key(),
            subject: key.subject.to_bytes().to_vec(),
        }
    }

    /// The first and the last key of an ending.
    pub(crate) fn bounds(place: EndingPlace) -> (Self, Self) {
        let (line, entry) = (place.line(), place.entry());
        let first = Self { line, entry, receiver: String::new(), subject: Vec::new() };
        let last = Self { line, entry, receiver: "\u{10ffff}".into(), subject: Vec::new() };
        (first, last)
    }
}

/// When a receipt is due, if it is pending, and whether somebody tries it.
pub(crate) fn due_at(state: ReceiptState) -> (Option<Timestamp>, bool) {
    match state {
        ReceiptState::Pending { due_at, leased } => (Some(due_at), leased),
        ReceiptState::Confirmed { .. }
        | ReceiptState::Refused { .. }
        | ReceiptState::GivenUp { .. }
        | ReceiptState::CannotBeTold => (None, false),
    }
}

impl Kept for KeptReceipt {
    type Key = ReceiptRowKey;
    const TABLE: &'static str = "receipt";
    const KEY: &'static [(&'static str, ColumnKind)] = &[
        ("line", ColumnKind::Int),
        ("entry", ColumnKind::Int),
        ("receiver", ColumnKind::Text),
        ("subject", ColumnKind::Bytes),
    ];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("state", ColumnKind::Int),
        ("due_at", ColumnKind::Int),
        ("leased", ColumnKind::Int),
        ("realm", ColumnKind::Bytes),
        ("detail", ColumnKind::Text),
    ];
    const LOOSE: bool = true;

    fn key(&self) -> ReceiptRowKey {
        ReceiptRowKey::of(&self.receipt.key())
    }

    fn key_values(key: &ReceiptRowKey) -> Vec<Value> {
        vec![
            Value::number(key.line),
            Value::Int(key.entry.into()),
            Value::text(&key.receiver),
            Value::Bytes(key.subject.clone()),
        ]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<ReceiptRowKey, Damaged> {
        Ok(ReceiptRowKey {
            line: columns.number("receipt")?,
            entry: columns.small("receipt")?,
            receiver: columns.text("receiver")?.to_owned(),
            subject: columns.bytes("receipt")?.to_vec(),
        })
    }

    fn read(key: ReceiptRowKey, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let place = EndingPlace::of(key.line, key.entry).ok_or(Damaged("place of an ending"))?;
        let state = u8::try_from(columns.int("receipt")?).map_err(|_| Damaged("receipt"))?;
        let (due_at, node) = (columns.int_or_none("receipt")?, columns.number("receipt")?);
        let leased = node != 0;
        let realm = columns.realm()?;
        let receiver = Receiver::of_key(&key.receiver).map_err(|_| Damaged("receiver"))?;
        let of_columns = ReceiptColumns { place, receiver, realm, state, due_at, leased };
        let detail: ReceiptDetail<'_> = from_json(columns.text("receipt")?, "receipt")?;
        Ok(Self { receipt: detail.complete(of_columns)?, node })
    }

    fn values(&self) -> Vec<Value> {
        let (due_at, leased) = due_at(self.receipt.state);
        vec![
            Value::Int(self.receipt.state.number().into()),
            Value::or_null(due_at.map(Value::time)),
            // A number that is not zero: whose it is.
            Value::number(if leased { self.node } else { 0 }),
            realm_value(self.receipt.realm),
            Value::Text(to_json(&ReceiptDetail::of(&self.receipt))),
        ]
    }
}

fn push(answer: &mut Vec<Receipt>, columns: &mut Columns<'_>, ciphers: &Ciphers) -> Result<(), Damaged> {
    let key = KeptReceipt::read_key(columns)?;
    answer.push(KeptReceipt::read(key, columns, ciphers)?.receipt);
    Ok(())
}

/// The receipts of an ending behind one, by receiver.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReceiptsOf {
    behind: ReceiptRowKey,
    most: u32,
}

impl ReceiptsOf {
    pub(crate) fn ending(place: EndingPlace, after: Option<&(Receiver, SubjectKey)>, most: u32) -> Self {
        let (receiver, subject) = match after {
            Some((receiver, subject)) => (receiver.key(), subject.to_bytes().to_vec()),
            None => (String::new(), Vec::new()),
        };
        let behind = ReceiptRowKey { line: place.line(), entry: place.entry(), receiver, subject };
        Self { behind, most }
    }
}

impl StoreQuestion for ReceiptsOf {
    type Answer = Vec<Receipt>;
    const SQL: &'static str = "SELECT q.n, r.line, r.entry, r.receiver, r.subject, r.state, r.due_at, r.leased, r.realm, r.detail
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::bigint[])
            AS q(n, line, entry, receiver, subject, most)
        CROSS JOIN LATERAL (SELECT * FROM receipt WHERE receipt.line = q.line AND receipt.entry = q.entry
            AND (receipt.receiver, receipt.subject) > (q.receiver, q.subject) ORDER BY receiver, subject LIMIT q.most) r
        ORDER BY q.n, r.receiver, r.subject";
    const KINDS: &'static [ColumnKind] =
        &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Text, ColumnKind::Bytes, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        [KeptReceipt::key_values(&self.behind), vec![Value::Int(self.most.into())]].concat()
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        push(answer, columns, ciphers)
    }
}

/// Receipts of a receiver that are due by then and not before, the longest due first, or the last ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DueOf {
    pub(crate) receiver: String,
    /// Behind this moment.
    pub(crate) behind: i64,
    /// Up to this one.
    pub(crate) until: i64,
    pub(crate) most: u32,
}

impl StoreQuestion for DueOf {
    type Answer = Vec<Receipt>;
    const SQL: &'static str = "SELECT q.n, r.line, r.entry, r.receiver, r.subject, r.state, r.due_at, r.leased, r.realm, r.detail
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS q(n, receiver, behind, until, most)
        CROSS JOIN LATERAL (SELECT * FROM receipt WHERE receipt.receiver = q.receiver AND receipt.due_at > q.behind
            AND receipt.due_at <= q.until ORDER BY due_at LIMIT q.most) r
        ORDER BY q.n, r.due_at, r.line, r.entry, r.subject";
    const KINDS: &'static [ColumnKind] =
        &[ColumnKind::Text, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![
            Value::text(&self.receiver),
            Value::Int(self.behind),
            Value::Int(self.until),
            Value::Int(self.most.into()),
        ]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        push(answer, columns, ciphers)
    }
}

/// Receipts that a node tries, by leases that run out behind a moment and up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LeasedBy {
    pub(crate) node: u64,
    pub(crate) behind: i64,
    pub(crate) until: i64,
    pub(crate) most: u32,
}

impl StoreQuestion for LeasedBy {
    type Answer = Vec<Receipt>;
    // There is no index by node: every lease would pay for it, and nodes seldom die.
    const SQL: &'static str = "SELECT q.n, r.line, r.entry, r.receiver, r.subject, r.state, r.due_at, r.leased, r.realm, r.detail
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS q(n, node, behind, until, most)
        CROSS JOIN LATERAL (SELECT receipt.* FROM receiver JOIN receipt ON receipt.receiver = receiver.receiver
            AND receipt.due_at > q.behind AND receipt.due_at <= q.until
            WHERE receiver.waits_from IS NOT NULL AND receipt.leased = q.node
            ORDER BY receipt.due_at, receipt.line, receipt.entry, receipt.receiver, receipt.subject LIMIT q.most) r
        ORDER BY q.n, r.due_at, r.line, r.entry, r.receiver, r.subject";
    const KINDS: &'static [ColumnKind] =
        &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![
            Value::number(self.node),
            Value::Int(self.behind),
            Value::Int(self.until),
            Value::Int(self.most.into()),
        ]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        push(answer, columns, ciphers)
    }
}

/// The same, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LatestOf(pub(crate) DueOf);

impl StoreQuestion for LatestOf {
    type Answer = Vec<Receipt>;
    const SQL: &'static str = "SELECT q.n, r.line, r.entry, r.receiver, r.subject, r.state, r.due_at, r.leased, r.realm, r.detail
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS q(n, receiver, behind, until, most)
        CROSS JOIN LATERAL (SELECT * FROM receipt WHERE receipt.receiver = q.receiver AND receipt.due_at > q.behind
            AND receipt.due_at <= q.until ORDER BY due_at DESC LIMIT q.most) r
        ORDER BY q.n, r.due_at DESC, r.line DESC, r.entry DESC, r.subject DESC";
    const KINDS: &'static [ColumnKind] = DueOf::KINDS;

    fn values(&self) -> Vec<Value> {
        self.0.values()
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        push(answer, columns, ciphers)
    }
}

/// How many receipts of a receiver are pending, counted up to a bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PendingOf(pub(crate) Receiver);

impl StoreQuestion for PendingOf {
    type Answer = u64;
    const SQL: &'static str =
        "SELECT q.n, (SELECT count(*) FROM (SELECT 1 FROM receipt WHERE receipt.receiver = q.receiver
            AND receipt.due_at > q.behind LIMIT q.most) c)
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) AS q(n, receiver, behind, most)";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Text, ColumnKind::Int, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        let most = i64::from(ReceiverStanding::PENDING_MAX);
        vec![Value::text(self.0.key()), Value::Int(i64::MIN), Value::Int(most)]
    }

    fn read(&self, answer: &mut u64, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        *answer = columns.number("number of receipts")?;
        Ok(())
    }
}

/// Receivers that are slow or not, for which something waits behind a moment and up to another, the longest waiting first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WaitingReceivers {
    pub(crate) slow: bool,
    /// Behind this place in their order.
    pub(crate) after: (i64, String),
    pub(crate) until: i64,
    pub(crate) most: u32,
}

impl StoreQuestion for WaitingReceivers {
    type Answer = Vec<(Receiver, Timestamp)>;
    const SQL: &'static str = "SELECT q.n, r.receiver, r.waits_from
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[])
            AS q(n, slow, behind, receiver, until, most)
        CROSS JOIN LATERAL (SELECT * FROM receiver WHERE receiver.slow = q.slow AND receiver.waits_from <= q.until
            AND (receiver.waits_from, receiver.receiver) > (q.behind, q.receiver) ORDER BY waits_from, receiver LIMIT q.most) r
        ORDER BY q.n, r.waits_from, r.receiver";
    const KINDS: &'static [ColumnKind] =
        &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Text, ColumnKind::Int, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![
            Value::flag(self.slow),
            Value::Int(self.after.0),
            Value::text(&self.after.1),
            Value::Int(self.until),
            Value::Int(self.most.into()),
        ]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        let receiver = receiver(columns)?;
        answer.push((receiver, columns.time("receiver")?));
        Ok(())
    }
}

/// The next receivers that were owed something, behind one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReceiversBehind {
    pub(crate) after: String,
    pub(crate) most: u32,
}

impl StoreQuestion for ReceiversBehind {
    type Answer = Vec<Receiver>;
    const SQL: &'static str = "SELECT q.n, r.receiver FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS q(n, after, most)
        CROSS JOIN LATERAL (SELECT receiver FROM receiver WHERE receiver.receiver > q.after ORDER BY receiver LIMIT q.most) r
        ORDER BY q.n, r.receiver";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Text, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![Value::text(&self.after), Value::Int(self.most.into())]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.push(receiver(columns)?);
        Ok(())
    }
}

/// The next subscribers and clients with an address, behind names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ToldBehind {
    /// None: no subscriber is.
    pub(crate) subscriber: Option<String>,
    pub(crate) client: String,
    pub(crate) most: u32,
}

impl StoreQuestion for ToldBehind {
    type Answer = Vec<Receiver>;
    const SQL: &'static str = "SELECT q.n, r.kind, r.id FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS q(n, subscriber, client, most)
        CROSS JOIN LATERAL (
            (SELECT 0 AS kind, id FROM subscriber WHERE subscriber.id > q.subscriber ORDER BY id LIMIT q.most)
            UNION ALL
            (SELECT 1 AS kind, id FROM client WHERE client.told = 1 AND client.id > q.client ORDER BY id LIMIT q.most)) r
        ORDER BY q.n, r.kind, r.id";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Text, ColumnKind::Text, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![
            Value::or_null(self.subscriber.clone().map(Value::Text)),
            Value::text(&self.client),
            Value::Int(self.most.into()),
        ]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        let is_client = columns.short("receiver")? == 1;
        let id = columns.text("receiver")?;
        let damaged = Damaged("name of a receiver");
        answer.push(if is_client {
            Receiver::Client(id.parse().map_err(|_| damaged)?)
        } else {
            Receiver::Subscriber(id.parse().map_err(|_| damaged)?)
        });
        Ok(())
    }
}

/// Places that hold a session or what is left of one; with `shared` only those of sessions in which somebody took part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlacesBetween {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) shared: bool,
    pub(crate) most: u32,
}

impl StoreQuestion for PlacesBetween {
    type Answer = Vec<(u64, u64)>;
    const SQL: &'static str = "SELECT q.n, p.locator, p.incarnation
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS q(n, first, last, shared, most)
        CROSS JOIN LATERAL (
            (SELECT locator, incarnation FROM session WHERE q.shared = 0 AND session.locator BETWEEN q.first AND q.last
                ORDER BY locator LIMIT q.most)
            UNION ALL
            (SELECT DISTINCT locator, incarnation FROM participant WHERE q.shared = 1 AND participant.locator BETWEEN q.first AND q.last
                ORDER BY locator, incarnation LIMIT q.most)) p
        ORDER BY q.n, p.locator, p.incarnation";
    const KINDS: &'static [ColumnKind] =
        &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![
            Value::number(self.first),
            Value::number(self.last),
            Value::flag(self.shared),
            Value::Int(self.most.into()),
        ]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.push((columns.number("locator")?, columns.number("incarnation")?));
        Ok(())
    }
}
