//! The tables and their migrations.
//!
//! A migration only adds what the version before does not notice, so that two adjacent versions work on one schema at once. Nodes that
//! start together take turns by a row that expires. `bigint`, `text` and `bytea` only; no sequence, trigger, foreign key or partial index:
//! see `docs/decisions/0056`. Rows of a user carry the user's key, by which they may be distributed.

use adieu_core::{InstallationKey, Purpose, TokenHash};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::error::OpenError;
use crate::rows::{Guarded, Work};

/// Each entry takes the schema one number up. Entries are never changed, only added.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE realm(id bytea PRIMARY KEY, path text COLLATE \"C\" NOT NULL UNIQUE, generation bigint NOT NULL,
        second_factor text NOT NULL, subscribers bigint NOT NULL, created_at bigint NOT NULL, line_floor bigint NOT NULL);
     CREATE TABLE population(id bytea PRIMARY KEY, realm bytea NOT NULL, place bigint NOT NULL, name text NOT NULL,
        version bigint NOT NULL, detail text NOT NULL);
     CREATE INDEX population_realm ON population(realm, place);
     CREATE TABLE person(key bigint PRIMARY KEY, id bytea NOT NULL UNIQUE, realm bytea NOT NULL, population bytea NOT NULL,
        enabled bigint NOT NULL, generation bigint NOT NULL, removed bigint NOT NULL, password text, version bigint NOT NULL,
        detail text NOT NULL);
     CREATE INDEX person_population ON person(population);
     CREATE INDEX person_realm ON person(realm, id);
     CREATE TABLE name(realm bytea NOT NULL, name text COLLATE \"C\" NOT NULL, key bigint NOT NULL, PRIMARY KEY(realm, name));
     CREATE TABLE external_id(realm bytea NOT NULL, id text COLLATE \"C\" NOT NULL, key bigint NOT NULL, PRIMARY KEY(realm, id));
     CREATE TABLE client(id text COLLATE \"C\" PRIMARY KEY, realm bytea NOT NULL, generation bigint NOT NULL, removed bigint NOT NULL,
        secret bytea, version bigint NOT NULL, told bigint NOT NULL, detail text NOT NULL);
     CREATE INDEX client_realm ON client(realm, id);
     CREATE INDEX client_told ON client(told, id);
     CREATE TABLE post_logout_uri(realm bytea NOT NULL, uri text COLLATE \"C\" NOT NULL, client text COLLATE \"C\" NOT NULL,
        PRIMARY KEY(realm, uri, client));
     CREATE TABLE application_trait(realm bytea NOT NULL, word text COLLATE \"C\" NOT NULL, client text COLLATE \"C\" NOT NULL,
        PRIMARY KEY(realm, word, client));
     CREATE TABLE signing_key(realm bytea NOT NULL, kid text COLLATE \"C\" NOT NULL, algorithm text NOT NULL, sealed bytea NOT NULL,
        created_at bigint NOT NULL, signs_from bigint NOT NULL, PRIMARY KEY(realm, kid));
     CREATE TABLE document(realm bytea NOT NULL, kind text COLLATE \"C\" NOT NULL, id text COLLATE \"C\" NOT NULL, body text NOT NULL,
        version bigint NOT NULL, PRIMARY KEY(realm, kind, id));
     CREATE TABLE removed_versions(id bigint PRIMARY KEY, version bigint NOT NULL);
     INSERT INTO removed_versions VALUES (0, 0);
     CREATE TABLE session(locator bigint PRIMARY KEY, user_key bigint NOT NULL, realm bytea NOT NULL, incarnation bigint NOT NULL,
        token_hash bytea NOT NULL, state bigint NOT NULL, epoch bigint NOT NULL, user_generation bigint NOT NULL,
        realm_generation bigint NOT NULL, opened_at bigint NOT NULL, seen_at bigint NOT NULL, expires_at bigint NOT NULL,
        idle bigint, assurance bigint NOT NULL, due_hour bigint NOT NULL, shared_due bigint, hidden bigint NOT NULL,
        detail text NOT NULL);
     CREATE INDEX session_by_user ON session(user_key, opened_at, locator);
     CREATE INDEX session_by_realm ON session(realm, opened_at, locator);
     CREATE TABLE live_session(user_key bigint NOT NULL, generation bigint NOT NULL, opened_at bigint NOT NULL,
        locator bigint NOT NULL, PRIMARY KEY(user_key, generation, opened_at, locator));
     CREATE TABLE due(hour bigint NOT NULL, locator bigint NOT NULL, PRIMARY KEY(hour, locator));
     CREATE TABLE shared_due(at bigint NOT NULL, locator bigint NOT NULL, PRIMARY KEY(at, locator));
     CREATE TABLE participant(locator bigint NOT NULL, incarnation bigint NOT NULL, epoch bigint NOT NULL,
        client text COLLATE \"C\" NOT NULL, detail text NOT NULL, PRIMARY KEY(locator, incarnation, epoch, client));
     CREATE TABLE mass_ending(scope bytea NOT NULL, generation bigint NOT NULL, at bigint NOT NULL, done bigint NOT NULL,
        walked_to bigint NOT NULL, detail text NOT NULL, PRIMARY KEY(scope, generation));
     CREATE INDEX mass_ending_walk ON mass_ending(done, at);
     CREATE TABLE held(id bigint PRIMARY KEY, user_id bytea NOT NULL, expires_at bigint NOT NULL, detail text NOT NULL);
     CREATE INDEX held_expiry ON held(expires_at);
     CREATE TABLE consent(user_id bytea NOT NULL, client text COLLATE \"C\" NOT NULL, client_generation bigint NOT NULL,
        client_identity bigint NOT NULL, scope text NOT NULL, claims text NOT NULL, version bigint NOT NULL,
        given_at bigint NOT NULL, PRIMARY KEY(user_id, client));
     CREATE TABLE flow(id bytea PRIMARY KEY, realm bytea NOT NULL, kind text COLLATE \"C\" NOT NULL, expires_at bigint NOT NULL,
        body bytea NOT NULL);
     CREATE INDEX flow_expiry ON flow(expires_at);
     CREATE TABLE subscriber(id text COLLATE \"C\" PRIMARY KEY, realm bytea NOT NULL, version bigint NOT NULL, sealed bytea NOT NULL,
        sealed_before bytea, detail text NOT NULL);
     CREATE INDEX subscriber_realm ON subscriber(realm, id);
     CREATE TABLE lane(id bigint PRIMARY KEY, owner bytea NOT NULL, taken_at bigint NOT NULL, tick bigint NOT NULL);
     CREATE TABLE ending_line(line bigint PRIMARY KEY, lane bigint NOT NULL, at bigint NOT NULL, body bytea NOT NULL);
     CREATE INDEX ending_line_lane ON ending_line(lane, line);
     CREATE TABLE told_up_to(lane bigint PRIMARY KEY, line bigint NOT NULL, entry bigint NOT NULL, walk_from bigint NOT NULL);
     CREATE TABLE receipt(line bigint NOT NULL, entry bigint NOT NULL, receiver text COLLATE \"C\" NOT NULL, subject bytea NOT NULL,
        state bigint NOT NULL, due_at bigint, leased bigint NOT NULL, realm bytea NOT NULL, detail text NOT NULL,
        PRIMARY KEY(line, entry, receiver, subject));
     CREATE INDEX receipt_due ON receipt(receiver, due_at);
     CREATE TABLE receipt_count(line bigint NOT NULL, entry bigint NOT NULL, pending bigint NOT NULL, confirmed bigint NOT NULL,
        refused bigint NOT NULL, given_up bigint NOT NULL, cannot_be_told bigint NOT NULL, PRIMARY KEY(line, entry));
     CREATE TABLE receiver(receiver text COLLATE \"C\" PRIMARY KEY, slow bigint NOT NULL, waits_from bigint, detail text NOT NULL);
     CREATE INDEX receiver_waits ON receiver(slow, waits_from, receiver);
     CREATE TABLE batch(id bytea PRIMARY KEY, at bigint NOT NULL);
     CREATE INDEX batch_at ON batch(at);
     CREATE TABLE guard(name bytea PRIMARY KEY);
     CREATE TABLE installation(id bigint PRIMARY KEY, key_check bytea NOT NULL);",
    // Whose connection a list of lines is, and which nodes live.
    "CREATE TABLE node(id bigint PRIMARY KEY, seen_at bigint NOT NULL);
     ALTER TABLE lane ADD COLUMN node bigint;",
];

/// How long whoever migrates may take, in milliseconds of the database's clock; then another one may.
const MIGRATION_MS: i64 = 60_000;
/// Tries to become the one who migrates, a tenth of a second apart.
const TURNS_MAX: u32 = 900;

/// Brings the schema up, compares the installation key and sees whether it was moved away, before the store is used.
pub(crate) async fn prepare(client: &Client, key: &InstallationKey, node: u64) -> Result<(), OpenError> {
    bring_up(client, node).await?;
    compare_key(client, key).await?;
    if client.query(MARK_OF_A_MOVE, &[]).await?.is_empty() { Ok(()) } else { Err(OpenError::Moved) }
}

/// Brings the schema up; makes no installation.
pub(crate) async fn bring_up(client: &Client, node: u64) -> Result<(), OpenError> {
    // Of nodes that start at the same moment on an empty database one makes the table; the others find it.
    let made = "CREATE TABLE IF NOT EXISTS adieu_schema(id bigint PRIMARY KEY, number bigint NOT NULL, owner bytea NOT NULL,
        until bigint NOT NULL)";
    let node = node.to_be_bytes();
    for _ in 0..TURNS_MAX {
        match client.batch_execute(made).await {
            Ok(()) => break,
            Err(error) if is_made_elsewhere(&error) => wait().await,
            Err(error) => return Err(error.into()),
        }
    }
    client
        .execute("INSERT INTO adieu_schema VALUES (0, 0, ''::bytea, 0) ON CONFLICT (id) DO NOTHING", &[])
        .await?;
    let newest = i64::try_from(MIGRATIONS.len()).expect("few migrations");
    for _ in 0..TURNS_MAX {
        let row = client.query_one("SELECT number FROM adieu_schema WHERE id = 0", &[]).await?;
        let found: i64 = row.get(0);
        is_known(found)?;
        if found == newest {
            return Ok(());
        }
        if take_turn(client, found, &node).await? {
            migrate(client, found, &node).await?;
        } else {
            wait().await;
        }
    }
    Err(OpenError::Migrating)
}

/// Whether another node makes the same table at this moment.
fn is_made_elsewhere(error: &tokio_postgres::Error) -> bool {
    let made = [&SqlState::UNIQUE_VIOLATION, &SqlState::DUPLICATE_TABLE, &SqlState::DUPLICATE_OBJECT];
    error.code().is_some_and(|code| made.contains(&code))
}

async fn wait() {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

/// Becomes the one who migrates from the number that was found, unless another one is at it or has done it meanwhile.
async fn take_turn(client: &Client, found: i64, node: &[u8]) -> Result<bool, OpenError> {
    let sql = "UPDATE adieu_schema SET owner = $1, until = now_ms + $2
        FROM (SELECT CAST(extract(epoch FROM current_timestamp) * 1000 AS bigint) AS now_ms) clock
        WHERE id = 0 AND number = $3 AND (until < now_ms OR owner = $1)";
    Ok(client.execute(sql, &[&node, &MIGRATION_MS, &found]).await? == 1)
}

/// Refuses a schema of a later version.
pub(crate) fn is_known(found: i64) -> Result<(), OpenError> {
    let known = i64::try_from(MIGRATIONS.len()).expect("few migrations");
    if found > known { Err(OpenError::TooNew { found, known }) } else { Ok(()) }
}

/// Takes the schema one number up, and gives the turn back.
async fn migrate(client: &Client, from: i64, node: &[u8]) -> Result<(), OpenError> {
    let sql = MIGRATIONS[usize::try_from(from).expect("a number of ours")];
    client.batch_execute("BEGIN").await?;
    let done = async {
        client.batch_execute(sql).await?;
        if from == 0 {
            found_guards(client).await?;
        }
        let raised = "UPDATE adieu_schema SET number = number + 1, until = 0 WHERE id = 0 AND number = $1 AND owner = $2";
        client.execute(raised, &[&from, &node]).await
    };
    match done.await {
        Ok(1) => Ok(client.batch_execute("COMMIT").await?),
        Ok(_) => Ok(client.batch_execute("ROLLBACK").await?), // Too slow: another one has taken over.
        Err(error) => {
            let _ = client.batch_execute("ROLLBACK").await; // The first error says more.
            Err(error.into())
        }
    }
}

/// The rows that are there from the beginning.
async fn found_guards(client: &Client) -> Result<(), tokio_postgres::Error> {
    let works = Work::ALL.into_iter().map(Guarded::Work);
    for guarded in works.chain([Guarded::Realms]) {
        client.execute("INSERT INTO guard(name) VALUES ($1)", &[&guarded.name()]).await?;
    }
    Ok(())
}

/// The number of the schema that is there; none where it is just being made, and an error of a missing table where there is none.
pub(crate) async fn number_of(client: &Client) -> Result<Option<i64>, tokio_postgres::Error> {
    let row = client.query_opt("SELECT number FROM adieu_schema WHERE id = 0", &[]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Keeps what is kept of the installation key, unless there is an installation; says whether there was none.
pub(crate) async fn keep_check(
    client: &Client,
    key: &InstallationKey,
) -> Result<bool, tokio_postgres::Error> {
    let own = key.derive(Purpose::KeyCheck);
    let keep = "INSERT INTO installation(id, key_check) VALUES (0, $1) ON CONFLICT (id) DO NOTHING";
    Ok(client.execute(keep, &[&&own[..]]).await? == 1)
}

/// Compares the installation key with what the database keeps of it. With another key nothing that is sealed opens.
async fn compare_key(client: &Client, key: &InstallationKey) -> Result<(), OpenError> {
    keep_check(client, key).await?;
    let kept = kept_check(client).await?;
    if kept.is_some_and(|kept| is_of(key, &kept)) { Ok(()) } else { Err(OpenError::KeyOfAnother) }
}

/// What the database keeps of the key of its installation, if there is one.
pub(crate) async fn kept_check(client: &Client) -> Result<Option<Vec<u8>>, tokio_postgres::Error> {
    let row = client.query_opt("SELECT key_check FROM installation WHERE id = 0", &[]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Finds the mark of an installation that was moved into another store, if it has one.
pub(crate) const MARK_OF_A_MOVE: &str = "SELECT id FROM installation WHERE id = 1";

/// Marks the installation as one that is moved; says whether it was not.
pub(crate) async fn mark_as_moved(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let mark = "INSERT INTO installation(id, key_check) VALUES (1, ''::bytea) ON CONFLICT (id) DO NOTHING";
    Ok(client.execute(mark, &[]).await? == 1)
}

/// Takes that mark away.
pub(crate) async fn take_moved_mark(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.execute("DELETE FROM installation WHERE id = 1", &[]).await.map(drop)
}

/// Whether what is kept of a key is of this one.
pub(crate) fn is_of(key: &InstallationKey, kept: &[u8]) -> bool {
    let kept: Option<[u8; 32]> = kept.try_into().ok();
    let own = TokenHash::from_bytes(key.derive(Purpose::KeyCheck));
    kept.is_some_and(|kept| TokenHash::from_bytes(kept).same(&own))
}

/// The tables that migrations make, with their columns.
#[cfg(test)]
pub(crate) fn tables() -> std::collections::BTreeMap<String, std::collections::BTreeSet<String>> {
    let mut tables = std::collections::BTreeMap::<String, std::collections::BTreeSet<String>>::new();
    let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    for statement in MIGRATIONS.iter().flat_map(|all| all.split(';')).map(str::trim) {
        if let Some(made) = statement.strip_prefix("CREATE TABLE ") {
            let (name, rest) = made.split_once('(').expect("columns");
            let columns = rest.split("PRIMARY KEY(").next().unwrap_or_default().split(',').map(first);
            tables.insert(name.to_owned(), columns.filter(|name| !name.is_empty() && name != ")").collect());
        } else if let Some(changed) = statement.strip_prefix("ALTER TABLE ") {
            let (name, column) = changed.split_once(" ADD COLUMN ").expect("a migration only adds");
            tables.get_mut(name).expect("a table").insert(first(column));
        }
    }
    tables
}
