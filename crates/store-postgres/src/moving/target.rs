//! A database into which an installation is moved, in one transaction: until it ends there is none, and no node that comes meanwhile
//! makes one, because it waits for the row of this one.

use std::sync::Arc;

use adieu_core::{Entropy, InstallationKey};
use adieu_store_records::{MovedOrder, MovedRow, MovedTable};
use tokio_postgres::types::ToSql;

use super::{connect, kind, names, value};
use crate::database::{Connector, Database};
use crate::error::OpenError;
use crate::rows::{Guarded, LANE_BITS, lane_of, tick_of};
use crate::working::{Array, arrays_of};
use crate::{Options, schema};

/// A database that is being filled.
pub struct DatabaseTarget {
    database: Database,
}

/// A node that is dead: no other has this name. Leases and lists that come over are its.
const GONE: i64 = 1;

/// What is made of the sessions: which may be live, and when they are looked at.
const LISTS: [&str; 3] = [
    "INSERT INTO live_session(user_key, generation, opened_at, locator)
        SELECT user_key, user_generation, opened_at, locator FROM session WHERE state <> 2",
    "INSERT INTO due(hour, locator) SELECT due_hour, locator FROM session WHERE state <> 2",
    "INSERT INTO shared_due(at, locator) SELECT shared_due, locator FROM session WHERE state <> 2 AND shared_due IS NOT NULL",
];

impl DatabaseTarget {
    /// Begins in a database without an installation; makes its tables.
    ///
    /// # Errors
    /// If there is one, or the database can't be written.
    pub async fn begin(
        options: Options,
        key: &InstallationKey,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let connector = Connector::of(options, entropy)?;
        let database = connect(&connector).await?;
        let client = &database.client;
        schema::bring_up(client, connector.vitals.node).await?;
        client.batch_execute("BEGIN").await?;
        // Whoever makes an installation here at the same moment is waited for, and whoever comes later waits for this one.
        if !schema::keep_check(client, key).await? {
            return Err(OpenError::Taken);
        }
        client
            .execute("INSERT INTO node(id, seen_at) VALUES ($1, 0) ON CONFLICT (id) DO NOTHING", &[&GONE])
            .await?;
        Ok(Self { database })
    }

    /// Writes rows of a table.
    ///
    /// # Errors
    /// If the database can't be written.
    pub async fn write(&self, table: &MovedTable, moved: &[MovedRow]) -> Result<(), OpenError> {
        let kinds = || table.columns.iter().map(|(_, of)| kind(*of));
        let arrays = arrays_of(kinds(), moved.iter().map(|row| row.iter().map(value).collect()));
        let parameters: Vec<String> =
            kinds().enumerate().map(|(n, of)| format!("${}::{}", n + 1, of.array_type())).collect();
        let columns = names(table);
        // What this engine has beside it: see `finish` for the floor.
        let (own, made) = match table.name {
            "realm" => (", line_floor", ", 0".to_owned()),
            "ending_line" => (", lane", format!(", line & {}", (1 << LANE_BITS) - 1)),
            _ => ("", String::new()),
        };
        let there = match table.name {
            "removed_versions" => " ON CONFLICT (id) DO UPDATE SET version = excluded.version",
            _ => "",
        };
        let sql = format!(
            "INSERT INTO {}({columns}{own}) SELECT {columns}{made} FROM unnest({}) AS n({columns}){there}",
            table.name,
            parameters.join(", ")
        );
        let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::as_parameter).collect();
        let statement = self.database.client.prepare(&sql).await?;
        self.database.client.execute(&statement, &parameters).await?;
        Ok(())
    }

    /// Makes what is made anew, behind the numbers that were given.
    ///
    /// # Errors
    /// If the database can't be written.
    pub async fn complete(&self, order: MovedOrder) -> Result<(), OpenError> {
        let client = &self.database.client;
        for list in LISTS {
            client.execute(list, &[]).await?;
        }
        let realms = client.query("SELECT id FROM realm", &[]).await?;
        for realm in realms {
            let id = uuid::Uuid::from_slice(realm.get(0)).map_err(|_| OpenError::Damaged("realm id"))?;
            let guard = Guarded::Directory(adieu_core::RealmId::from_uuid(id)).name();
            client.execute("INSERT INTO guard(name) VALUES ($1)", &[&guard]).await?;
        }
        // Each list in which a line came over says how far it was told, and no line comes before one that is there.
        let bits = i64::from((1_u32 << LANE_BITS) - 1);
        let signed = |number: u64| i64::try_from(number).map_err(|_| OpenError::Damaged("line of endings"));
        let (tick, told) = (signed(tick_of(order.next.saturating_sub(1)))?, order.told);
        let lists = "SELECT line & $1::bigint FROM ending_line UNION SELECT $2::bigint & $1::bigint";
        let lanes = format!(
            "INSERT INTO lane(id, owner, taken_at, tick, node) SELECT l.id, ''::bytea, 0, $3::bigint, $4::bigint FROM ({lists}) l(id)"
        );
        client.execute(&lanes, &[&bits, &signed(told.line)?, &tick, &GONE]).await?;
        let up_to = format!(
            "INSERT INTO told_up_to(lane, line, entry, walk_from) SELECT l.id, $2::bigint, 0, 0 FROM ({lists}) l(id)"
        );
        client.execute(&up_to, &[&bits, &signed(told.line)?]).await?;
        let within = "UPDATE told_up_to SET entry = $2, walk_from = $3 WHERE lane = $1";
        let lane = signed(lane_of(told.line))?;
        client.execute(within, &[&lane, &i64::from(told.entry), &signed(told.walk_from)?]).await?;
        client.execute("UPDATE realm SET line_floor = $1", &[&(tick + 1)]).await?;
        Ok(())
    }

    /// Commits.
    ///
    /// # Errors
    /// If the database does not confirm it: then nobody can tell.
    pub async fn commit(self) -> Result<(), OpenError> {
        self.database.client.batch_execute("COMMIT").await?;
        // For the plans of the first questions only.
        let _ = self.database.client.batch_execute("ANALYZE").await;
        Ok(())
    }
}
