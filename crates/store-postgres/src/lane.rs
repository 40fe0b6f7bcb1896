//! Lists of lines: which writing connection has which (decisions 0057 and 0058).
//!
//! A list is a number, and there are 1,024. Who has one is never asked to give it back.

use tokio_postgres::Client;

use crate::error::OpenError;
use crate::rows::LANE_BITS;
use crate::vitals::{DEAD_MS, NOW_MS};

/// Tries to get one, where others want the same.
const TRIES_MAX: u32 = 20;

/// A list whose node is dead, the lowest first. One that a node of the first version of the schema has taken says nothing of its node: it is
/// free once nothing was written to it for an hour. What a batch holds is left out.
fn free_list() -> String {
    format!(
        "SELECT l.id FROM lane l LEFT JOIN node n ON n.id = l.node
        WHERE CASE WHEN l.node IS NULL THEN l.taken_at < {NOW_MS} - 3600000
            ELSE n.id IS NULL OR n.seen_at < {NOW_MS} - {DEAD_MS} END
        ORDER BY l.id LIMIT 1 FOR UPDATE OF l SKIP LOCKED"
    )
}

/// Takes a list for a writing connection: one of a node that is dead, else a new one.
///
/// A list comes free as soon as its node has said goodbye, or has not shown that it lives for [`DEAD_MS`]. That can do no harm, however
/// wrong it is. A batch locks the row of its list before anything else and goes on only if the list is still its connection's; so whoever
/// takes it waits for the batch that writes to it, goes on behind its last line, and no line of the one before comes any more: its next
/// batch finds nothing to lock, and is tried again with another list. The ids of batches carry who had the list: they are found as before.
pub(crate) async fn take_lane(client: &Client, owner: &[u8; 16], node: u64) -> Result<u64, OpenError> {
    let node = i64::try_from(node).expect("at most 62 bits");
    let take = format!(
        "UPDATE lane SET owner = $1, node = $2, taken_at = {NOW_MS} WHERE id = ({}) RETURNING id",
        free_list()
    );
    let make = format!(
        "INSERT INTO lane(id, owner, node, taken_at, tick) VALUES ($3, $1, $2, {NOW_MS}, 0) ON CONFLICT (id) DO NOTHING RETURNING id"
    );
    for _ in 0..TRIES_MAX {
        let mut taken = client.query_opt(&take, &[&&owner[..], &node]).await?;
        if taken.is_none() {
            let known = client.query("SELECT id FROM lane ORDER BY id", &[]).await?;
            let mut known = known.iter().map(|row| row.get::<_, i64>(0));
            let Some(new) = (0..1_i64 << LANE_BITS).find(|id| known.next() != Some(*id)) else { break };
            taken = client.query_opt(&make, &[&&owner[..], &node, &new]).await?;
        }
        if let Some(row) = taken {
            let id: i64 = row.get(0);
            let sql = "INSERT INTO told_up_to(lane, line, entry, walk_from) VALUES ($1, $1, 0, 0) ON CONFLICT (lane) DO NOTHING";
            client.execute(sql, &[&id]).await?;
            return Ok(id.unsigned_abs());
        }
    }
    Err(OpenError::Database("all lists of lines are in use: more than a thousand connections write".into()))
}
