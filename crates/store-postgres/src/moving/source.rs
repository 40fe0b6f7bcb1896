//! A database that is moved away: its rows in one snapshot, and the mark that no node serves from it any more.
//!
//! But for the mark, and a schema that is brought up, nothing is written.

use std::sync::Arc;

use adieu_core::{Entropy, InstallationKey, ToldUpTo};
use adieu_store_records::{MOVED_ROWS, MovedKind, MovedOrder, MovedRow, MovedTable, MovedValue};
use tokio_postgres::Row;

use super::{connect, nodes_since, read};
use crate::database::{Connector, Database};
use crate::error::OpenError;
use crate::rows::{LANE_BITS, lane_of, line_number};
use crate::vitals::{DEAD_MS, NOW_MS};
use crate::{Options, schema};

/// A database whose rows are read.
pub struct DatabaseSource {
    /// Has the snapshot.
    reading: Database,
    /// Has the mark, and sees which nodes live.
    watching: Database,
    /// Whether this move has marked it.
    marked: bool,
    /// When it was marked, by the database's clock.
    since: i64,
}

impl DatabaseSource {
    /// Marks the database, so that no node begins to serve from it, and takes a snapshot of it.
    ///
    /// # Errors
    /// If there is no installation in it, its key is another, a node serves from it, or it can't be read.
    pub async fn open(
        options: Options,
        key: &InstallationKey,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let connector = Connector::of(options, entropy)?;
        let watching = connect(&connector).await?;
        let client = &watching.client;
        schema::bring_up(client, connector.vitals.node).await?;
        let kept = schema::kept_check(client).await?.ok_or(OpenError::Empty)?;
        if !schema::is_of(key, &kept) {
            return Err(OpenError::KeyOfAnother);
        }
        let row = client.query_one(&format!("SELECT {NOW_MS}"), &[]).await?;
        let since: i64 = row.get(0);
        let live = nodes_since(client, since - DEAD_MS).await?;
        if live > 0 {
            return Err(OpenError::InUse(live));
        }
        let marked = schema::mark_as_moved(client).await?;
        let reading = connect(&connector).await;
        let mut source = match reading {
            Ok(reading) => Self { reading, watching, marked, since },
            Err(error) => {
                if marked {
                    schema::take_moved_mark(&watching.client).await?;
                }
                return Err(error);
            }
        };
        if let Err(error) = source.begin().await {
            source.unmark().await?;
            return Err(error);
        }
        Ok(source)
    }

    async fn begin(&mut self) -> Result<(), OpenError> {
        self.is_alone().await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(self.reading.client.batch_execute(begin).await?)
    }

    /// Refuses if a node has beaten since the database was marked: it began to serve just before.
    ///
    /// # Errors
    /// If one has, or the database can't be asked.
    pub async fn is_alone(&self) -> Result<(), OpenError> {
        match nodes_since(&self.watching.client, self.since).await? {
            0 => Ok(()),
            live => Err(OpenError::InUse(live)),
        }
    }

    /// Takes the mark of this move away, because nothing was moved.
    ///
    /// # Errors
    /// If the database can't be written.
    pub async fn unmark(&mut self) -> Result<(), OpenError> {
        if std::mem::take(&mut self.marked) {
            schema::take_moved_mark(&self.watching.client).await?;
        }
        Ok(())
    }

    /// Where its numbers of lines stand, and how far receipts were made: in the list that is the furthest behind. Of what others have
    /// told beyond that there are receipts.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn order(&self) -> Result<MovedOrder, OpenError> {
        let client = &self.reading.client;
        let highest = "SELECT greatest(coalesce((SELECT max(tick) FROM lane), 0), coalesce((SELECT max(line_floor) FROM realm), 0),
            coalesce((SELECT max(line) FROM ending_line), 0) >> $1::int)";
        let bits = i32::try_from(LANE_BITS).expect("a few bits");
        let tick: i64 = client.query_one(highest, &[&bits]).await?.get(0);
        let next = line_number(tick.unsigned_abs() + 1, 0);
        let untold = "SELECT l.line, t.line, t.entry, t.walk_from FROM told_up_to t
            JOIN ending_line l ON l.lane = t.lane AND l.line >= t.line ORDER BY l.line LIMIT 1";
        let Some(row) = client.query_opt(untold, &[]).await? else {
            return Ok(MovedOrder { told: ToldUpTo::line(next), next });
        };
        let number = |at: usize| row.get::<_, i64>(at).unsigned_abs();
        let (line, begun) = (number(0), number(1));
        debug_assert!(line < next, "the list {} is behind its tick", lane_of(line));
        let entry = u32::try_from(row.get::<_, i64>(2)).map_err(|_| OpenError::Damaged("line of endings"))?;
        let told =
            if line == begun { ToldUpTo { line, entry, walk_from: number(3) } } else { ToldUpTo::line(line) };
        Ok(MovedOrder { told, next })
    }

    /// Begins to read a table.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn begin_table(&self, table: &MovedTable) -> Result<(), OpenError> {
        let columns: Vec<&str> = table.columns.iter().map(|(name, _)| read(table, name)).collect();
        let order: Vec<&str> = table.columns[..table.ordered_by].iter().map(|(name, _)| *name).collect();
        let sql = format!(
            "CLOSE ALL; DECLARE moved NO SCROLL CURSOR FOR SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            table.name,
            order.join(", ")
        );
        Ok(self.reading.client.batch_execute(&sql).await?)
    }

    /// The next rows of the table that was begun; none if that were all.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn next_rows(&self, table: &MovedTable) -> Result<Vec<MovedRow>, OpenError> {
        let fetch = format!("FETCH {MOVED_ROWS} FROM moved");
        let rows = self.reading.client.query(&fetch, &[]).await?;
        rows.iter().map(|row| moved_row(table, row)).collect()
    }
}

fn moved_row(table: &MovedTable, row: &Row) -> Result<MovedRow, OpenError> {
    let value = |(at, (name, kind)): (usize, &(&'static str, MovedKind))| {
        let read = match kind {
            MovedKind::Int => row.try_get::<_, Option<i64>>(at).map(|read| read.map(MovedValue::Int)),
            MovedKind::Text => row.try_get::<_, Option<String>>(at).map(|read| read.map(MovedValue::Text)),
            MovedKind::Bytes => row.try_get::<_, Option<Vec<u8>>>(at).map(|read| read.map(MovedValue::Bytes)),
        };
        read.map(|read| read.unwrap_or(MovedValue::Null)).map_err(|_| OpenError::Damaged(name))
    };
    table.columns.iter().enumerate().map(value).collect()
}
