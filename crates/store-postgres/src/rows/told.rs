//! How far receipts were made in each list of lines, what is not told yet, and how many receipts an ending has in each state.
//!
//! Whoever makes receipts holds the list's row.

use adieu_core::{EndingPlace, ReceiptCounts, ToldUpTo};
use adieu_store_records::Damaged;

use crate::rows::EndingLine;
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Lock, StoreQuestion, Value};

/// How far receipts were made of one list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptTold {
    pub(crate) lane: u64,
    pub(crate) up_to: ToldUpTo,
}

impl Kept for KeptTold {
    type Key = u64;
    const TABLE: &'static str = "told_up_to";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("lane", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] =
        &[("line", ColumnKind::Int), ("entry", ColumnKind::Int), ("walk_from", ColumnKind::Int)];
    const LOCK: Option<Lock> = Some(Lock::Exclusive);

    fn key(&self) -> u64 {
        self.lane
    }

    fn key_values(key: &u64) -> Vec<Value> {
        vec![Value::number(*key)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<u64, Damaged> {
        columns.number("list of lines")
    }

    fn read(lane: u64, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self { lane, up_to: up_to(columns)? })
    }

    fn values(&self) -> Vec<Value> {
        let ToldUpTo { line, entry, walk_from } = self.up_to;
        vec![Value::number(line), Value::Int(entry.into()), Value::number(walk_from)]
    }
}

fn up_to(columns: &mut Columns<'_>) -> Result<ToldUpTo, Damaged> {
    Ok(ToldUpTo {
        line: columns.number("line of endings")?,
        entry: columns.small("line of endings")?,
        walk_from: columns.number("line of endings")?,
    })
}

/// How far receipts were made of all lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AllTold;

impl StoreQuestion for AllTold {
    type Answer = Vec<KeptTold>;
    const SQL: &'static str =
        "SELECT q.n, t.lane, t.line, t.entry, t.walk_from FROM unnest($1::bigint[]) AS q(n), told_up_to t
        ORDER BY q.n, t.lane";
    const KINDS: &'static [ColumnKind] = &[];

    fn values(&self) -> Vec<Value> {
        vec![]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let lane = KeptTold::read_key(columns)?;
        answer.push(KeptTold::read(lane, columns, ciphers)?);
        Ok(())
    }
}

/// Lines of all lists whose receipts are not all made, up to a number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UntoldLines(pub(crate) u32);

impl StoreQuestion for UntoldLines {
    type Answer = Vec<EndingLine>;
    const SQL: &'static str = "SELECT q.n, l.line, l.at, l.body FROM unnest($1::bigint[], $2::bigint[]) AS q(n, most)
        CROSS JOIN LATERAL (SELECT l.line, l.at, l.body FROM told_up_to t JOIN ending_line l ON l.lane = t.lane AND l.line >= t.line
            ORDER BY l.line LIMIT q.most) l ORDER BY q.n, l.line";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![Value::Int(self.0.into())]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.push(EndingLine {
            number: columns.number("line of endings")?,
            at: columns.time("line of endings")?,
            body: columns.bytes("line of endings")?.to_vec(),
        });
        Ok(())
    }
}

/// How many receipts of an ending are in which state, counted as they are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptCounts {
    pub(crate) place: EndingPlace,
    pub(crate) counts: ReceiptCounts,
}

impl Kept for KeptCounts {
    type Key = (u64, u32);
    const TABLE: &'static str = "receipt_count";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("line", ColumnKind::Int), ("entry", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("pending", ColumnKind::Int),
        ("confirmed", ColumnKind::Int),
        ("refused", ColumnKind::Int),
        ("given_up", ColumnKind::Int),
        ("cannot_be_told", ColumnKind::Int),
    ];
    const LOCK: Option<Lock> = Some(Lock::Exclusive);

    fn key(&self) -> (u64, u32) {
        (self.place.line(), self.place.entry())
    }

    fn key_values((line, entry): &(u64, u32)) -> Vec<Value> {
        vec![Value::number(*line), Value::Int((*entry).into())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<(u64, u32), Damaged> {
        Ok((columns.number("receipt")?, columns.small("receipt")?))
    }

    fn read((line, entry): (u64, u32), columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let place = EndingPlace::of(line, entry).ok_or(Damaged("place of an ending"))?;
        let mut counts = ReceiptCounts::default();
        for count in &mut counts.by_state {
            *count = columns.number("number of receipts")?;
        }
        Ok(Self { place, counts })
    }

    fn values(&self) -> Vec<Value> {
        self.counts.by_state.iter().map(|count| Value::number(*count)).collect()
    }
}
