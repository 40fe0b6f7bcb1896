//! The pulse of a node: a row that it renews every second. By it others see that the node lives, and the node sees whether the database
//! answers (decision 0058).
//!
//! No promise hangs on it. A node that others thought dead and that is not finds that out by the rows that it locks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::database::{Connector, Database};
use crate::error::{Fault, OpenError};
use crate::schema;
use crate::vitals::{DEAD_MS, NOW_MS};

/// Dead nodes of which one hears at a time (HOME-LIMITS).
const DEAD_MAX: i64 = 16;
/// How soon a database that was away is looked for again.
const AGAIN: Duration = Duration::from_millis(200);
/// Beats between two looks at how large the database is.
const BEATS_OF_SIZE: u32 = 60;

/// Ends the pulse when it goes: a node that says goodbye is dead at once.
pub(crate) struct Pulse {
    going_on: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl Pulse {
    /// Beats once, so that nobody takes this node for dead, and goes on by itself. Refuses an installation that was moved away.
    pub(crate) async fn start(connector: &Arc<Connector>, database: Database) -> Result<Self, OpenError> {
        let (stop, stopped) = oneshot::channel();
        hurry(&database).await;
        let mut heart = Heart { connector: Arc::clone(connector), database: Some(database), beats: 0 };
        let moved = heart.beat().await.map_err(|fault| match fault {
            Fault::Lost(why) => OpenError::Unreachable(why),
            other => OpenError::Database(other.to_string()),
        })?;
        if moved {
            heart.say_goodbye().await;
            return Err(OpenError::Moved);
        }
        let heart = tokio::spawn(heart.go_on(stopped));
        Ok(Self { going_on: Mutex::new(Some((stop, heart))) })
    }

    /// Says goodbye, and waits until that is said.
    pub(crate) async fn end(&self) {
        let going_on = self.going_on.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, heart)) = going_on {
            drop(stop);
            let _ = heart.await; // A heart that panicked says nothing any more.
        }
    }
}

struct Heart {
    connector: Arc<Connector>,
    database: Option<Database>,
    /// Beats without a miss: whoever was cut off judges nobody before it has seen others beat.
    beats: u32,
}

impl Heart {
    async fn go_on(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            let wait = if self.connector.vitals.is_away() { AGAIN } else { self.connector.options.beat };
            tokio::select! {
                _ = &mut stopped => break,
                () = tokio::time::sleep(wait) => {}
            }
            let outcome = match self.beat().await {
                // A connection that was closed says nothing of the database.
                Err(Fault::Lost(_)) if !self.connector.vitals.is_away() && self.database.is_none() => {
                    self.beat().await
                }
                outcome => outcome,
            };
            match outcome {
                Ok(true) => self.connector.vitals.say_moved(),
                _ => self.connector.vitals.say_away(matches!(outcome, Err(Fault::Lost(_)))),
            }
            match outcome {
                Ok(_) => self.beats = self.beats.saturating_add(1),
                Err(fault) => {
                    tracing::debug!(%fault, "a beat is missed");
                    self.beats = 0;
                }
            }
        }
        self.say_goodbye().await;
    }

    /// How long an answer is waited for.
    fn patience(&self) -> Duration {
        self.connector.options.beat.saturating_mul(3)
    }

    /// Renews the row of this node, hears who is dead, and says whether the installation was moved away. A connection that does not answer is
    /// given up, and one that was closed.
    async fn beat(&mut self) -> Result<bool, Fault> {
        let (patience, vitals) = (self.patience(), &self.connector.vitals);
        let database = match self.database.take() {
            Some(database) => database,
            None => {
                let database = self.connector.connect_anyway().await.map_err(|error| match error {
                    OpenError::Unreachable(why) => Fault::Lost(why),
                    // It answers, whatever it says.
                    other => Fault::Refused(other.to_string(), None),
                })?;
                hurry(&database).await;
                database
            }
        };
        let asked = timeout(patience, self.ask(&database)).await;
        let asked = asked.unwrap_or_else(|_| {
            vitals.say_away(true);
            Err(Fault::Lost("it has not answered in time".into()))
        });
        match asked {
            Err(fault @ Fault::Lost(_)) => Err(fault),
            asked => {
                self.database = Some(database);
                asked
            }
        }
    }

    async fn ask(&self, database: &Database) -> Result<bool, Fault> {
        let vitals = &self.connector.vitals;
        let node = signed(vitals.node);
        let renew = format!(
            "INSERT INTO node(id, seen_at) VALUES ($1, {NOW_MS}) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
        );
        database.ask(&renew, &[&node]).await?;
        // Whoever moves it away marks it and then looks for beats: one of the two sees the other (decision 0099).
        let moved = !database.ask(schema::MARK_OF_A_MOVE, &[]).await?.is_empty();
        // Zero is a goodbye.
        let judges = self.connector.options.beat.saturating_mul(self.beats).as_millis() >= DEAD_MS as u128;
        let since = if judges { DEAD_MS } else { i64::MAX / 2 };
        let dead = format!(
            "SELECT id FROM node WHERE id <> $1 AND (seen_at = 0 OR seen_at < {NOW_MS} - $2::bigint) ORDER BY id LIMIT $3::bigint"
        );
        let dead = database.ask(&dead, &[&node, &since, &DEAD_MAX]).await?;
        vitals.say_dead(dead.iter().map(|row| row.get::<_, i64>(0).unsigned_abs()).collect());
        if self.beats.is_multiple_of(BEATS_OF_SIZE) {
            let size = database.ask("SELECT pg_database_size(current_database())", &[]).await;
            // Not every database that speaks PostgreSQL can tell.
            if let Some(row) = size.ok().as_ref().and_then(|rows| rows.first()) {
                vitals.say_bytes(row.get::<_, i64>(0).unsigned_abs());
            }
        }
        Ok(moved)
    }

    async fn say_goodbye(&mut self) {
        let (patience, node) = (self.patience(), signed(self.connector.vitals.node));
        if let Some(database) = &self.database {
            let goodbye = async { database.ask("UPDATE node SET seen_at = 0 WHERE id = $1", &[&node]).await };
            let _ = timeout(patience, goodbye).await; // Others find out by themselves.
        }
    }
}

/// Has beats not wait for the disk: one that is lost with the database is of no use to anybody.
async fn hurry(database: &Database) {
    let _ = database.client.batch_execute("SET synchronous_commit = off").await; // Not every database knows it.
}

fn signed(node: u64) -> i64 {
    i64::try_from(node).expect("at most 62 bits")
}
