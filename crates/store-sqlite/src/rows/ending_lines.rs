//! Lines of endings: one for each commit that ended something, numbered in the order of the commits.
//!
//! A line is appended and never changed. Since commits follow each other, so do the times of lines, but for a clock that was set
//! back meanwhile.

use std::ops::ControlFlow;

use adieu_core::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::rows::{signed, unsigned};

/// One line.
pub(crate) struct EndingLine {
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) body: Vec<u8>,
}

const NEWEST_FIRST: &str = "SELECT seq, at, body FROM ending_line WHERE seq <= ?1 ORDER BY seq DESC";

fn line_row(row: &Row<'_>) -> rusqlite::Result<EndingLine> {
    let (number, at) = (unsigned(row, "seq")?, Timestamp::from_ms(row.get("at")?));
    Ok(EndingLine { number, at, body: row.get("body")? })
}

/// The number of the newest line; 0 if there is none.
pub(crate) fn newest_line(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT coalesce(max(seq), 0) AS seq FROM ending_line")?
        .query_row([], |row| unsigned(row, "seq"))
}

pub(crate) fn write_line(db: &Connection, line: &EndingLine) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO ending_line(seq, at, body) VALUES (?1, ?2, ?3)")?.execute(params![
        signed(line.number),
        line.at.ms(),
        line.body
    ])?;
    Ok(())
}

pub(crate) fn line(db: &Connection, number: u64) -> rusqlite::Result<Option<EndingLine>> {
    db.prepare_cached("SELECT seq, at, body FROM ending_line WHERE seq = ?1")?
        .query_row([signed(number)], line_row)
        .optional()
}

/// The first line from a number on.
pub(crate) fn first_line_from(db: &Connection, number: u64) -> rusqlite::Result<Option<EndingLine>> {
    db.prepare_cached("SELECT seq, at, body FROM ending_line WHERE seq >= ?1 ORDER BY seq LIMIT 1")?
        .query_row([signed(number)], line_row)
        .optional()
}

/// Goes through the lines from a number on, oldest first, for as long as `read` wants.
pub(crate) fn lines_from(
    db: &Connection,
    oldest: u64,
    mut read: impl FnMut(EndingLine) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let mut statement =
        db.prepare_cached("SELECT seq, at, body FROM ending_line WHERE seq >= ?1 ORDER BY seq")?;
    let mut rows = statement.query([signed(oldest)])?;
    while let Some(row) = rows.next()? {
        if read(line_row(row)?)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Goes through the lines up to a number, newest first, for as long as `read` wants.
pub(crate) fn lines_down_from(
    db: &Connection,
    newest: u64,
    mut read: impl FnMut(EndingLine) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(NEWEST_FIRST)?;
    let mut rows = statement.query([signed(newest)])?;
    while let Some(row) = rows.next()? {
        if read(line_row(row)?)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The number of the newest line that was written before a moment, found in halves; 0 if there is none.
pub(crate) fn newest_before(db: &Connection, until: Timestamp) -> rusqlite::Result<u64> {
    let mut statement =
        db.prepare_cached("SELECT seq, at FROM ending_line WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1")?;
    // Every line above `high` was written later, and the newest one up to `low` was not, or there is none.
    let (mut low, mut high) = (0, newest_line(db)?);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let found = statement
            .query_row([signed(middle)], |row| {
                Ok((unsigned(row, "seq")?, Timestamp::from_ms(row.get("at")?)))
            })
            .optional()?;
        match found {
            Some((number, at)) if number > low && at >= until => high = number - 1,
            Some(_) | None => low = middle, // There may be no line between the two at all.
        }
    }
    Ok(low)
}

/// Drops lines that were written then or earlier, from the oldest on; says how many. The newest one stays: the next goes on
/// from its number, so that no number is given twice.
pub(crate) fn drop_lines(db: &Connection, until: Timestamp, most: u32) -> rusqlite::Result<u32> {
    let newest = newest_line(db)?;
    let mut last = None;
    let mut statement =
        db.prepare_cached("SELECT seq, at FROM ending_line WHERE seq < ?1 ORDER BY seq LIMIT ?2")?;
    let mut rows = statement.query(params![signed(newest), most])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>("at")? > until.ms() {
            break; // Most sweeps read one line.
        }
        last = Some(row.get::<_, i64>("seq")?);
    }
    let Some(last) = last else { return Ok(0) };
    drop(rows);
    Ok(db.prepare_cached("DELETE FROM ending_line WHERE seq <= ?1")?.execute([last])? as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::plan_of;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    /// Lines of these numbers, each written at its own number of seconds.
    fn lines(numbers: &[u64]) -> Connection {
        let mut db = Connection::open_in_memory().expect("memory");
        crate::schema::migrate(&mut db).expect("the schema");
        for &number in numbers {
            let line = EndingLine { number, at: at(number as i64), body: vec![1] };
            write_line(&db, &line).expect("written");
        }
        db
    }

    #[test]
    fn lines_go_from_the_oldest_on_and_the_newest_stays() {
        let db = lines(&[3, 4, 7, 9]);
        assert_eq!(drop_lines(&db, at(2), 10).expect("dropped"), 0);
        assert_eq!(drop_lines(&db, at(7), 2).expect("dropped"), 2);
        assert_eq!(drop_lines(&db, at(100), 10).expect("dropped"), 1);
        assert_eq!((newest_line(&db).expect("read"), drop_lines(&db, at(100), 10).expect("dropped")), (9, 0));
        assert_eq!(newest_line(&lines(&[])).expect("read"), 0);
    }

    /// Goal: a question about a past day reads a few lines to find where it begins, whatever numbers were left out.
    #[test]
    fn the_newest_line_before_a_moment_is_found() {
        let numbers = [3, 4, 7, 9, 1_000_000, 1_000_001, 9_000_000_000];
        let db = lines(&numbers);
        for until in numbers.iter().flat_map(|number| [*number, number + 1]).chain([0, 1, 500]) {
            let expect = numbers.iter().filter(|number| **number < until).max().copied().unwrap_or(0);
            let found = newest_before(&db, at(until as i64)).expect("read");
            // Between two lines any number finds the older one.
            let next = numbers.iter().filter(|number| **number > expect).min().copied().unwrap_or(u64::MAX);
            assert!((expect..next).contains(&found), "before {until}: {found}, not {expect}");
        }
        assert_eq!(newest_before(&lines(&[]), at(7)).expect("read"), 0);
    }

    #[test]
    fn lines_are_read_by_their_number() {
        assert_eq!(plan_of(NEWEST_FIRST), ["SEARCH ending_line USING INTEGER PRIMARY KEY (rowid<?)"]);
    }
}
