//! Lines of endings: what one commit has ended. Each writing connection has a list of its own, in which the lines stand in the order of
//! their commits (decision 0057).
//!
//! A line is appended and never changed.

use adieu_core::Timestamp;
use adieu_store_records::Damaged;

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, StoreQuestion, Value};

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct EndingLine {
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) body: Vec<u8>,
}

/// Bits of the number of a line that say in which list it stands.
pub(crate) const LANE_BITS: u32 = 10;

/// The number of a line: its tick, which rises with time, and its list.
pub(crate) const fn line_number(tick: u64, lane: u64) -> u64 {
    (tick << LANE_BITS) | lane
}

/// The tick of a line.
pub(crate) const fn tick_of(line: u64) -> u64 {
    line >> LANE_BITS
}

/// The list of a line.
pub(crate) const fn lane_of(line: u64) -> u64 {
    line & ((1 << LANE_BITS) - 1)
}

fn line(columns: &mut Columns<'_>) -> Result<EndingLine, Damaged> {
    Ok(EndingLine {
        number: columns.number("line of endings")?,
        at: columns.time("line of endings")?,
        body: columns.bytes("line of endings")?.to_vec(),
    })
}

/// The line of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineOf(pub(crate) u64);

impl StoreQuestion for LineOf {
    type Answer = Option<EndingLine>;
    const SQL: &'static str =
        "SELECT q.n, l.line, l.at, l.body FROM unnest($1::bigint[], $2::bigint[]) AS q(n, line)
        JOIN ending_line l ON l.line = q.line";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int];
    const LOOSE: bool = false;

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.0)]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        *answer = Some(line(columns)?);
        Ok(())
    }
}

/// Lines up to a number, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinesDownFrom {
    pub(crate) newest: u64,
    pub(crate) most: u32,
}

impl StoreQuestion for LinesDownFrom {
    type Answer = Vec<EndingLine>;
    const SQL: &'static str = "SELECT q.n, l.line, l.at, l.body FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS q(n, newest, most)
        CROSS JOIN LATERAL (SELECT * FROM ending_line WHERE ending_line.line <= q.newest ORDER BY line DESC LIMIT q.most) l
        ORDER BY q.n, l.line DESC";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.newest), Value::Int(self.most.into())]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.push(line(columns)?);
        Ok(())
    }
}

/// The highest tick of all lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HighestTick;

impl StoreQuestion for HighestTick {
    type Answer = u64;
    const SQL: &'static str =
        "SELECT q.n, coalesce((SELECT max(tick) FROM lane), 0) FROM unnest($1::bigint[]) AS q(n)";
    const KINDS: &'static [ColumnKind] = &[];

    fn values(&self) -> Vec<Value> {
        vec![]
    }

    fn read(&self, answer: &mut u64, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        *answer = columns.number("tick")?;
        Ok(())
    }
}
