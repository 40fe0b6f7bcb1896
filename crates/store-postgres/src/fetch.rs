//! Reads what the orders of a batch miss, all of it in one round trip.
//!
//! Rows that guard others come first and are locked in the order of their keys; what they guard is read behind them, so that it is as the
//! last holder left it. Users are waited for in the first round only: a batch that holds something leaves out whom another one holds, so
//! that no two wait for each other.

use std::collections::BTreeSet;

use adieu_core::{UserId, UserKey};
use tokio_postgres::Row;

use crate::batch::{Batch, each_question, each_table};
use crate::database::{Database, Pipeline};
use crate::error::Fault;
use crate::rows::{KeptRealm, KeptUser};
use crate::statements::{
    Locking, ROWS_MAX, key_order, push_questions, push_read, push_read_keys, read_answers, read_keys,
    read_rows, selected,
};
use crate::working::{Array, ColumnKind, Columns, Kept, Lock, Value, arrays_of};

/// Reads what is missing. `begin` is the statement before all others in the first round.
pub(crate) async fn fetch(
    database: &Database,
    batch: &mut Batch,
    begin: Option<Vec<(String, Vec<Array>)>>,
) -> Result<Vec<Vec<Row>>, Fault> {
    let mut pipeline = Pipeline::default();
    let begun = begin.map_or(0, |statements| {
        let count = statements.len();
        statements.into_iter().for_each(|(sql, parameters)| pipeline.push(sql, parameters));
        count
    });
    let (holds, locks) = (batch.holds, wants_locks(batch));
    if locks {
        each_table!(batch, table => table.want_again());
        each_question!(batch, asked => asked.want_again());
    }
    let (mut fills, mut realms) = (Fills::new(), UserSets::new());
    push_users(batch, &mut pipeline, &mut fills, &mut realms);
    macro_rules! push_table {
        ($name:ident) => {{
            let (mut keys, lock) = batch.$name.take_wanted();
            while !keys.is_empty() {
                let rest = keys.split_off(keys.len().min(ROWS_MAX));
                // Whoever holds something waits for nobody who may wait for it, and nobody for what others share without a break.
                let waits = !holds && (batch.is_alone || !is_shared(&batch.$name));
                let skips = !waits && lock == Some(Lock::Exclusive);
                push_read_of(&batch.$name, &mut pipeline, &keys, Locking { lock, skips });
                let part = std::mem::replace(&mut keys, rest);
                fills.push(Box::new(move |batch, rows| {
                    let others = if skips { keys_of(&batch.$name, &rows.next()) } else { Default::default() };
                    let rows = read_rows(&rows.next(), &batch.shared.ciphers);
                    batch.$name.fill(part, rows, lock, &others);
                }));
            }
        }};
    }
    macro_rules! push_asked {
        ($name:ident) => {{
            let mut questions = batch.asked.$name.take_wanted();
            while !questions.is_empty() {
                let rest = questions.split_off(questions.len().min(ROWS_MAX));
                push_questions(&mut pipeline, &questions);
                let part = std::mem::replace(&mut questions, rest);
                fills.push(Box::new(move |batch, rows| {
                    let answers = read_answers(part, &rows.next(), &batch.shared.ciphers);
                    batch.asked.$name.fill(answers);
                }));
            }
        }};
    }
    push_table!(realms);
    push_realms_of(batch, &mut pipeline, &mut fills, realms);
    crate::batch::name_each_table!(push_table);
    crate::batch::name_each_question!(push_asked);
    batch.holds |= locks;
    let mut answers = database.run(pipeline).await?;
    let mut rest = Answers(answers.split_off(begun).into_iter());
    for fill in fills {
        fill(batch, &mut rest);
    }
    Ok(answers)
}

/// The answers to the statements of a pipeline, in their order.
struct Answers(std::vec::IntoIter<Vec<Row>>);

impl Answers {
    fn next(&mut self) -> Vec<Row> {
        self.0.next().unwrap_or_default()
    }
}

fn keys_of<T: Kept>(_: &crate::working::WorkingTable<T>, rows: &[Row]) -> BTreeSet<T::Key> {
    read_keys::<T>(rows)
}

/// Whether most share such rows, and few want one alone.
fn is_shared<T: Kept>(_: &crate::working::WorkingTable<T>) -> bool {
    T::LOCK == Some(Lock::Shared)
}

fn push_read_of<T: Kept>(
    _: &crate::working::WorkingTable<T>,
    pipeline: &mut Pipeline,
    keys: &[T::Key],
    locking: Locking,
) {
    // Which of them are there at all says those that another one holds from those that are not.
    if locking.skips {
        push_read_keys::<T>(pipeline, keys);
    }
    push_read::<T>(pipeline, keys, locking);
}

fn wants_locks(batch: &mut Batch) -> bool {
    let mut wants = batch.users.wants_locks() || batch.wants_ids();
    each_table!(batch, table => wants |= table.wants_locks());
    wants
}

/// Which users: a condition and its parameters.
type UserSets = Vec<(String, Vec<Array>)>;

type Fills = Vec<Box<dyn FnOnce(&mut Batch, &mut Answers) + Send>>;

/// Users by key and by id. Their realms are read with them: whoever needs the one needs the other.
fn push_users(batch: &mut Batch, pipeline: &mut Pipeline, fills: &mut Fills, realms: &mut UserSets) {
    let (keys, _) = batch.users.take_wanted();
    let ids = batch.take_wanted_ids();
    let lock = batch.writes().then_some(Lock::Exclusive);
    let skips = lock.is_some() && batch.holds;
    let mut keys = keys.chunks(ROWS_MAX).map(<[_]>::to_vec).collect::<Vec<_>>().into_iter();
    let mut ids = ids.chunks(ROWS_MAX).map(<[UserId]>::to_vec).collect::<Vec<_>>().into_iter();
    loop {
        let (keys, ids) = match (keys.next(), ids.next()) {
            (None, None) => return,
            (keys, ids) => (keys.unwrap_or_default(), ids.unwrap_or_default()),
        };
        let parameters = || {
            let key_values = keys.iter().map(KeptUser::key_values);
            let id_values = ids.iter().map(|id| vec![Value::uuid(id.uuid())]);
            let mut arrays = arrays_of([ColumnKind::Int], key_values);
            arrays.extend(arrays_of([ColumnKind::Bytes], id_values));
            arrays
        };
        let whose = "key = ANY($1::bigint[]) OR t.id = ANY($2::bytea[])";
        let clause = Locking { lock, skips }.clause();
        let sql = format!(
            "SELECT {} FROM person t WHERE t.{whose} ORDER BY {}{clause}",
            selected::<KeptUser>(),
            key_order::<KeptUser>()
        );
        if skips {
            pipeline.push(format!("SELECT t.key, t.id FROM person t WHERE t.{whose}"), parameters());
        }
        pipeline.push(sql, parameters());
        let (part, part_ids) = (keys.clone(), ids.clone());
        fills.push(Box::new(move |batch, answers| {
            let there = if skips { users_of(&answers.next()) } else { Vec::new() };
            let rows = read_rows::<KeptUser>(&answers.next(), &batch.shared.ciphers);
            let known: Vec<_> =
                rows.iter().filter_map(|(key, user)| Some((user.as_ref().ok()?.0.id, *key))).collect();
            known.into_iter().for_each(|(id, key)| batch.know_id(id, key));
            let others: BTreeSet<UserId> = there.iter().map(|(_, id)| *id).collect();
            part_ids.into_iter().for_each(|id| batch.know_no_user(id, others.contains(&id)));
            batch.users.fill(part, rows, lock, &there.into_iter().map(|(key, _)| key).collect());
        }));
        realms.push((format!("t.{whose}"), parameters()));
    }
}

/// Keys and ids of users who are there.
fn users_of(rows: &[Row]) -> Vec<(UserKey, UserId)> {
    let read = |row| {
        let mut columns = Columns::of(row);
        Some((KeptUser::read_key(&mut columns).ok()?, columns.user().ok()?))
    };
    rows.iter().filter_map(read).collect()
}

/// The realms of the users who are read.
fn push_realms_of(batch: &Batch, pipeline: &mut Pipeline, fills: &mut Fills, users: UserSets) {
    let lock = batch.writes().then_some(Lock::Shared);
    let clause = Locking { lock, skips: false }.clause();
    for (whose, parameters) in users {
        let sql = format!(
            "SELECT {} FROM realm t WHERE t.id IN (SELECT t.realm FROM person t WHERE {whose}) ORDER BY t.id{clause}",
            selected::<KeptRealm>(),
        );
        pipeline.push(sql, parameters);
        fills.push(Box::new(move |batch, answers| {
            let rows = read_rows::<KeptRealm>(&answers.next(), &batch.shared.ciphers);
            batch.realms.fill_beside(rows, lock);
        }));
    }
}
