//! One transaction of a batch: gather, run, write, commit.
//!
//! Two round trips where all that is needed is known from the orders: one that locks and reads, one that writes and commits.

use crate::batch::{Batch, LineMade, name_each_table};
use crate::database::Pipeline;
use crate::error::Fault;
use crate::fetch::fetch;
use crate::gate::Gate;
use crate::job::{JobState, Queued, run_all};
use crate::rows::tick_of;
use crate::statements::push_changes;
use crate::working::{Array, ColumnKind, Columns, Value, arrays_of};
use crate::writer::{LaneConnection, OwnLines};

/// Rounds of reading; who misses something still goes into the next batch.
const ROUNDS_MAX: u32 = 40;

/// Writes down the id of a batch, by the database's clock.
pub(crate) const KEEP_ID: &str = "INSERT INTO batch(id, at)
    SELECT id, CAST(extract(epoch FROM current_timestamp) * 1000 AS bigint) FROM unnest($1::bytea[]) AS n(id)";

/// Whether the list is still this connection's; nobody takes it away until the commit.
const HOLD_LANE: &str = "SELECT t.tick FROM unnest($1::bigint[], $2::bytea[]) AS n(id, owner)
    JOIN lane t ON t.id = n.id AND t.owner = n.owner FOR UPDATE OF t";

const WRITE_TICK: &str =
    "UPDATE lane t SET tick = n.tick, taken_at = CAST(extract(epoch FROM current_timestamp) * 1000 AS bigint)
    FROM unnest($1::bigint[], $2::bigint[]) AS n(id, tick) WHERE t.id = n.id";

/// Why a batch did not become a commit.
pub(crate) enum Failed {
    /// Nothing was written: the commit was not asked for.
    Before(Fault),
    /// The list of lines is another one's by now.
    LaneLost,
    /// The commit was asked for; nobody knows whether it landed.
    Sent(Fault),
}

fn begin(connection: &LaneConnection, gate: Gate) -> Vec<(String, Vec<Array>)> {
    let OwnLines { owner, lane } = connection.lines;
    let lane = vec![Value::number(lane), Value::Bytes(owner.to_vec())];
    let mut begin = vec![
        ("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".to_owned(), vec![]),
        (HOLD_LANE.to_owned(), arrays_of([ColumnKind::Int, ColumnKind::Bytes], [lane])),
    ];
    begin.extend(gate.statements().into_iter().map(|sql| (sql, vec![])));
    begin
}

/// Runs the orders in one transaction.
pub(crate) async fn commit(
    connection: &LaneConnection,
    batch: &mut Batch,
    jobs: &mut [Queued],
    id: &[u8],
) -> Result<(), Failed> {
    for job in jobs.iter() {
        job.hints.iter().for_each(|hint| batch.want(hint));
    }
    let mut begun = false;
    let mut rounds = 0;
    while run_all(jobs, batch) {
        rounds += 1;
        if rounds > ROUNDS_MAX {
            let late = jobs.iter_mut().filter(|job| matches!(job.state, JobState::Waiting));
            late.for_each(|job| job.state = JobState::Deferred);
            break;
        }
        let first = (!begun).then(|| begin(connection, Gate::of(batch, jobs)));
        let is_first = first.is_some();
        begun = true;
        let answers = fetch(&connection.database, batch, first).await.map_err(Failed::Before)?;
        if is_first {
            let tick = answers.get(1).and_then(|rows| Columns::of(rows.first()?).number("tick").ok());
            let Some(tick) = tick else { return Err(Failed::LaneLost) };
            batch.lane.1 = tick;
        }
    }
    write(connection, batch, begun, id).await
}

/// Writes what the batch has changed, and commits.
async fn write(connection: &LaneConnection, batch: &mut Batch, begun: bool, id: &[u8]) -> Result<(), Failed> {
    let mut changes = Pipeline::default();
    push_changes(&mut changes, batch.users.take_changes());
    macro_rules! push_table {
        ($name:ident) => {
            push_changes(&mut changes, batch.$name.take_changes());
        };
    }
    name_each_table!(push_table);
    let lines = std::mem::take(&mut batch.lines);
    push_lines(&mut changes, &lines, connection.lines.lane);
    if changes.is_empty() {
        if begun {
            let mut end = Pipeline::default();
            end.push("COMMIT", vec![]);
            connection.database.run(end).await.map_err(Failed::Before)?;
        }
        return Ok(());
    }
    let mut all = Pipeline::default();
    if !begun {
        all.push("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", vec![]);
    }
    all.append(changes);
    all.push(KEEP_ID, arrays_of([ColumnKind::Bytes], [vec![Value::Bytes(id.to_vec())]]));
    all.push("COMMIT", vec![]);
    if connection.database.client.is_closed() {
        return Err(Failed::Before(Fault::Lost("it was closed before".into()))); // Nobody has heard of it.
    }
    let clock = commit_clock();
    match connection.database.run(all).await {
        Ok(_) => {
            clock.stop();
            Ok(())
        }
        // The answer of a statement that failed says that there was no commit.
        Err(fault @ (Fault::Conflict(_) | Fault::Refused(..))) => Err(Failed::Before(fault)),
        Err(fault @ Fault::Lost(_)) => Err(Failed::Sent(fault)),
    }
}

fn push_lines(pipeline: &mut Pipeline, lines: &[LineMade], lane: u64) {
    let Some(last) = lines.last() else { return };
    let sql = "INSERT INTO ending_line(line, lane, at, body) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])";
    let rows = lines.iter().map(|line| {
        vec![
            Value::number(line.number),
            Value::number(lane),
            Value::time(line.at),
            Value::Bytes(line.body.clone()),
        ]
    });
    pipeline
        .push(sql, arrays_of([ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Bytes], rows));
    let tick = vec![Value::number(lane), Value::number(tick_of(last.number))];
    pipeline.push(WRITE_TICK, arrays_of([ColumnKind::Int, ColumnKind::Int], [tick]));
}

/// Measures a commit for the metrics; nothing is decided by it.
struct CommitClock(std::time::Instant);

#[expect(clippy::disallowed_methods, reason = "a measurement for metrics, not a time of the domain")]
fn commit_clock() -> CommitClock {
    CommitClock(std::time::Instant::now())
}

impl CommitClock {
    fn stop(self) {
        metrics::histogram!("adieu_store_commit_seconds").record(self.0.elapsed().as_secs_f64());
    }
}
