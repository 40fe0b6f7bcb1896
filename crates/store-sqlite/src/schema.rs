//! The tables, their migrations, and how connections are set up.
//!
//! Sessions lie in locator order, so all rows of a user lie together, and there is no index on them that an ending would
//! write: an ended session stays in its row as a tombstone (decision 0005), and on the lists it is on (decision 0016).

use std::path::Path;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;

/// `adie` in ASCII: tells our databases from others.
const APPLICATION_ID: i64 = 0x6164_6965;

/// Each entry takes the schema one number up. Entries are never changed, only added.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE realm(id BLOB PRIMARY KEY, path TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL,
        created_at INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE population(seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, realm BLOB NOT NULL, name TEXT NOT NULL);
     CREATE TABLE user(key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, realm BLOB NOT NULL, enabled INTEGER NOT NULL,
        generation INTEGER NOT NULL, password TEXT, detail TEXT NOT NULL);
     CREATE TABLE name(realm BLOB NOT NULL, name TEXT NOT NULL, key INTEGER NOT NULL,
        PRIMARY KEY(realm, name)) WITHOUT ROWID;
     CREATE TABLE client(id TEXT PRIMARY KEY, realm BLOB NOT NULL, generation INTEGER NOT NULL, removed INTEGER NOT NULL,
        secret BLOB, detail TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE signing_key(realm BLOB NOT NULL, kid TEXT NOT NULL, algorithm TEXT NOT NULL, sealed BLOB NOT NULL,
        created_at INTEGER NOT NULL, PRIMARY KEY(realm, kid)) WITHOUT ROWID;
     CREATE TABLE session(locator INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, token_hash BLOB NOT NULL,
        state INTEGER NOT NULL, epoch INTEGER NOT NULL, user_generation INTEGER NOT NULL,
        realm_generation INTEGER NOT NULL, seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        due_hour INTEGER NOT NULL, detail TEXT NOT NULL);
     CREATE TABLE due(key INTEGER PRIMARY KEY, locator INTEGER NOT NULL);
     CREATE TABLE flow(id BLOB PRIMARY KEY, realm BLOB NOT NULL, kind TEXT NOT NULL, expires_at INTEGER NOT NULL,
        body BLOB NOT NULL) WITHOUT ROWID;
     CREATE INDEX flow_expiry ON flow(expires_at);
     CREATE TABLE held(id INTEGER PRIMARY KEY, expires_at INTEGER NOT NULL, detail TEXT NOT NULL);
     CREATE INDEX held_expiry ON held(expires_at);",
    // Users and populations that change, a list of all sessions, tombstones that keep the session, documents.
    "ALTER TABLE user ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE user ADD COLUMN population BLOB;
     UPDATE user SET population = unhex(replace(detail ->> 'population', '-', ''));
     CREATE INDEX user_population ON user(population);
     CREATE INDEX user_realm ON user(realm, id);
     CREATE TABLE external(realm BLOB NOT NULL, id TEXT NOT NULL, key INTEGER NOT NULL,
        PRIMARY KEY(realm, id)) WITHOUT ROWID;
     ALTER TABLE population ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';
     UPDATE session SET detail = json_object('r', detail ->> 'r', 'u', detail ->> 'u', 'o', detail ->> 'o',
        'a', detail ->> 'o', 'd', detail ->> 'd', 'c', json(coalesce(detail -> 'c', '[]')), 'why', detail ->> 'why',
        'who', detail ->> 'who') WHERE state = 2;
     CREATE TABLE recent(realm BLOB NOT NULL, opened_at INTEGER NOT NULL, locator INTEGER NOT NULL,
        PRIMARY KEY(realm, opened_at, locator)) WITHOUT ROWID;
     INSERT INTO recent SELECT unhex(replace(detail ->> 'r', '-', '')), detail ->> 'o', locator FROM session;
     CREATE TABLE document(realm BLOB NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY(realm, kind, id)) WITHOUT ROWID;",
    // Revoked tokens are called that.
    "UPDATE held SET detail = json_remove(json_set(detail, '$.revoked', detail -> 'void'), '$.void')
        WHERE detail -> 'void' IS NOT NULL;
     UPDATE client SET detail = json_remove(json_set(detail, '$.revoked', detail -> 'void'), '$.void')
        WHERE detail -> 'void' IS NOT NULL;",
    // A signing key is published before it signs.
    "ALTER TABLE signing_key ADD COLUMN signs_from INTEGER NOT NULL DEFAULT 0;
     UPDATE signing_key SET signs_from = created_at;",
    // Records of endings of many.
    "CREATE TABLE mass_ending(scope BLOB NOT NULL, generation INTEGER NOT NULL, at INTEGER NOT NULL,
        done INTEGER NOT NULL, walked_to INTEGER NOT NULL, detail TEXT NOT NULL,
        PRIMARY KEY(scope, generation)) WITHOUT ROWID;
     CREATE INDEX mass_ending_walk ON mass_ending(done, at);",
    // Participants are records of their own.
    "CREATE TABLE participant(locator INTEGER NOT NULL, incarnation INTEGER NOT NULL, epoch INTEGER NOT NULL,
        client TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY(locator, incarnation, epoch, client)) WITHOUT ROWID;
     INSERT INTO participant SELECT session.locator, incarnation, epoch, part.value, json_object('g',
        coalesce((SELECT generation FROM client WHERE client.id = part.value), 0), 't', session.detail ->> 'o')
        FROM session, json_each(session.detail, '$.c') AS part;
     UPDATE session SET detail = json_set(json_remove(detail, '$.c'), '$.n', json_array_length(detail, '$.c'))
        WHERE json_array_length(detail, '$.c') > 0;",
    // What says whether a session is live stands in columns; lists of a user's sessions; addresses after a sign-off.
    "ALTER TABLE session ADD COLUMN idle INTEGER;
     UPDATE session SET idle = detail ->> 'i', detail = json_remove(detail, '$.i');
     CREATE TABLE user_recent(key INTEGER NOT NULL, opened_at INTEGER NOT NULL, locator INTEGER NOT NULL,
        PRIMARY KEY(key, opened_at, locator)) WITHOUT ROWID;
     INSERT INTO user_recent SELECT locator >> 17, detail ->> 'o', locator FROM session;
     CREATE TABLE user_live(key INTEGER NOT NULL, generation INTEGER NOT NULL, opened_at INTEGER NOT NULL,
        locator INTEGER NOT NULL, PRIMARY KEY(key, generation, opened_at, locator)) WITHOUT ROWID;
     INSERT INTO user_live SELECT locator >> 17, user_generation, detail ->> 'o', locator FROM session WHERE state != 2;
     CREATE TABLE post_logout_uri(realm BLOB NOT NULL, uri TEXT NOT NULL, client TEXT NOT NULL,
        PRIMARY KEY(realm, uri, client)) WITHOUT ROWID;
     INSERT OR IGNORE INTO post_logout_uri SELECT client.realm, uri.value, client.id
        FROM client, json_each(client.detail, '$.post_logout_redirect_uris') uri WHERE client.removed = 0;",
    // Records that people change have versions.
    "ALTER TABLE user ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
     ALTER TABLE client ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
     ALTER TABLE population ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
     ALTER TABLE document ADD COLUMN version INTEGER NOT NULL DEFAULT 1;",
    // What is made begins above the versions of what was removed.
    "CREATE TABLE removed_versions(id INTEGER PRIMARY KEY, version INTEGER NOT NULL);
     INSERT INTO removed_versions VALUES (0, 0);",
    // What is asked of all applications of a realm at once.
    "CREATE TABLE application_trait(realm BLOB NOT NULL, word TEXT NOT NULL, client TEXT NOT NULL,
        PRIMARY KEY(realm, word, client)) WITHOUT ROWID;
     CREATE TEMP VIEW application AS SELECT id, realm, detail FROM main.client
        WHERE removed = 0 AND detail ->> 'enabled' AND detail ->> 'code';
     INSERT INTO application_trait SELECT realm, 'any origin', id FROM application WHERE detail ->> 'origins' IS NULL;
     INSERT OR IGNORE INTO application_trait SELECT application.realm, 'origin ' || origin.value, application.id
        FROM application, json_each(application.detail, '$.origins') origin WHERE application.detail ->> 'origins' IS NOT NULL;
     INSERT INTO application_trait SELECT realm,
        iif(coalesce(detail ->> 'ends_by_id_token', 0), 'ends by id token', 'keeps by id token'), id FROM application;
     DROP VIEW application;",
    // What is asked of a realm's users, and what the user of a session has proven. The new state 3 is half signed on.
    "ALTER TABLE realm ADD COLUMN second_factor TEXT NOT NULL DEFAULT 'when_enrolled';
     ALTER TABLE session ADD COLUMN assurance INTEGER NOT NULL DEFAULT 1;
     UPDATE session SET assurance = 2 WHERE state != 2
        AND EXISTS (SELECT 1 FROM json_each(detail, '$.m') AS method WHERE method.value ->> 0 = 'recovery_code')
        AND EXISTS (SELECT 1 FROM json_each(detail, '$.m') AS method WHERE method.value ->> 0 != 'recovery_code');",
    // Names are compared composed, and accounts may be locked. Where two users have one name now, the one who is listed first
    // gets the composed form; the other stays listed under the own spelling and is found by it.
    "UPDATE OR IGNORE name SET name = matched_name(name) WHERE name != matched_name(name);",
    // What a database keeps of the installation key that it belongs to.
    "CREATE TABLE installation(id INTEGER PRIMARY KEY, key_check BLOB NOT NULL);",
    // The index of endings: a line for each commit that ended something (decision 0026). Earlier endings are not in it.
    "CREATE TABLE ending_line(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL);",
    // Who is told of endings, and what became of it (decision 0027). Nobody is told of what ended before.
    "CREATE TABLE told_up_to(id INTEGER PRIMARY KEY, line INTEGER NOT NULL, entry INTEGER NOT NULL,
        walk_from INTEGER NOT NULL);
     INSERT INTO told_up_to SELECT 0, coalesce(max(seq), 0) + 1, 0, 0 FROM ending_line;
     CREATE TABLE receipt(line INTEGER NOT NULL, entry INTEGER NOT NULL, client TEXT NOT NULL, subject BLOB NOT NULL,
        state INTEGER NOT NULL, due_at INTEGER, leased INTEGER NOT NULL, realm BLOB NOT NULL, detail TEXT NOT NULL,
        PRIMARY KEY(line, entry, client, subject)) WITHOUT ROWID;
     CREATE INDEX receipt_due ON receipt(client, due_at);
     CREATE TABLE receiver(client TEXT PRIMARY KEY, detail TEXT NOT NULL) WITHOUT ROWID;",
    // When sessions in which clients take part are over, so that the clients are told then; what waits for a receiver is found
    // without what was settled.
    "ALTER TABLE session ADD COLUMN shared_due INTEGER;
     UPDATE session SET shared_due = min(expires_at, coalesce(seen_at + idle, expires_at))
        WHERE state != 2 AND detail ->> 'n' > 0;
     CREATE TABLE shared_due(at INTEGER NOT NULL, locator INTEGER NOT NULL, PRIMARY KEY(at, locator)) WITHOUT ROWID;
     INSERT INTO shared_due SELECT shared_due, locator FROM session WHERE shared_due IS NOT NULL;
     DROP INDEX receipt_due;
     CREATE INDEX receipt_due ON receipt(client, due_at) WHERE due_at IS NOT NULL;",
    // Names are compared in their compatibility form (decision 0036); whom the form does not go to stays listed as before.
    "UPDATE OR IGNORE name SET name = matched_name(name) WHERE name != matched_name(name);",
    // What was kept beside clients and outlived their removal, before the two went in one commit.
    "CREATE TEMP TABLE left_behind AS SELECT document.realm, document.kind, document.id, document.version
        FROM main.document JOIN main.client ON client.realm = document.realm AND client.removed = 1 AND client.id = iif(
            document.kind = 'pingone.application', document.id, substr(document.id, 1, length(document.id) - 37))
        WHERE document.kind = 'pingone.application' OR (substr(document.id, -37, 1) = '.'
            AND document.kind IN ('pingone.application-grant', 'pingone.sign-on-policy-assignment'));
     UPDATE removed_versions SET version = max(version, coalesce((SELECT max(version) FROM temp.left_behind), 0));
     DELETE FROM document WHERE (realm, kind, id) IN (SELECT realm, kind, id FROM temp.left_behind);
     DROP TABLE temp.left_behind;",
    // Grants say whether they may outlive their session (decision 0051). Earlier ones are as their client is now; what disabling a
    // user ended stays ended.
    "UPDATE held SET detail = json_set(detail, '$.og', 0)
        WHERE detail ->> 'c' IN (SELECT id FROM client WHERE detail ->> 'outlives_session');
     UPDATE user SET detail = json_set(detail, '$.grants_from', max(coalesce(detail ->> 'grants_from', 0),
        iif(enabled, 0, generation), coalesce((SELECT max(generation) FROM mass_ending
            WHERE scope = unhex('75' || printf('%016x', user.key)) AND mass_ending.detail ->> 'why' = 'user_disabled'), 0)));",
    // Who hears of every ending in a realm, and how many of them are told (decision 0038).
    "CREATE TABLE subscriber(id TEXT PRIMARY KEY, realm BLOB NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL,
        sealed_before BLOB, detail TEXT NOT NULL) WITHOUT ROWID;
     CREATE INDEX subscriber_realm ON subscriber(realm, id);
     ALTER TABLE realm ADD COLUMN subscribers INTEGER NOT NULL DEFAULT 0;",
    // What is kept of flows is sealed, and begins with how. These are as they were.
    "UPDATE flow SET body = CAST(x'00' || body AS BLOB);",
    // What users have agreed to that clients get (decision 0053). Nobody has agreed to anything before.
    "CREATE TABLE consent(user BLOB NOT NULL, client TEXT NOT NULL, client_generation INTEGER NOT NULL, scope TEXT NOT NULL,
        claims TEXT NOT NULL, version INTEGER NOT NULL, given_at INTEGER NOT NULL,
        PRIMARY KEY(user, client)) WITHOUT ROWID;",
    // How many receipts of an ending are in which state, counted as they are written.
    "CREATE TABLE receipt_count(line INTEGER NOT NULL, entry INTEGER NOT NULL, pending INTEGER NOT NULL DEFAULT 0,
        confirmed INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0, given_up INTEGER NOT NULL DEFAULT 0,
        cannot_be_told INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(line, entry)) WITHOUT ROWID;
     INSERT INTO receipt_count SELECT line, entry, sum(state = 0), sum(state = 1), sum(state = 2), sum(state = 3),
        sum(state = 4) FROM receipt GROUP BY line, entry;",
    // The client's name and addresses that its user was shown (decision 0073). None has changed before.
    "ALTER TABLE consent ADD COLUMN client_identity INTEGER NOT NULL DEFAULT 0;",
    // Since when a receiver waits to be given something, and whether it fails: who is to be looked at is found by these (decision 0066).
    "ALTER TABLE receiver ADD COLUMN failing INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE receiver ADD COLUMN waits_from INTEGER;
     UPDATE receiver SET failing = detail ->> 'since' IS NOT NULL,
        waits_from = (SELECT min(due_at) FROM receipt WHERE receipt.client = receiver.client AND due_at IS NOT NULL);
     CREATE INDEX receiver_waits ON receiver(failing, waits_from) WHERE waits_from IS NOT NULL;",
    // Clients that are told of endings, listed before they have been told of one.
    "CREATE INDEX client_told ON client(id) WHERE removed = 0 AND detail ->> 'backchannel_logout_uri' IS NOT NULL;",
];

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Writing,
    Reading,
}

pub(crate) fn connect(path: &Path, mode: Mode) -> Result<Connection, OpenError> {
    let flags = match mode {
        Mode::Writing => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Mode::Reading => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(OpenError::Database)?;
    set_up(&connection, mode).map_err(OpenError::Database)?;
    Ok(connection)
}

/// Reads a database and makes no file beside it: whoever looks at a folder of somebody else leaves nothing in it. Where the log of writes
/// or its index is missing, the database is read as its file is, without a lock.
pub(crate) fn connect_untouched(path: &Path) -> rusqlite::Result<Connection> {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    let is_beside = |extension: &str| path.with_extension(extension).exists();
    if is_beside("db-wal") && is_beside("db-shm") {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        return Connection::open_with_flags(path, flags);
    }
    let mut address = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' => address.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(*byte)),
            byte => write!(address, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    address.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn set_up(connection: &Connection, mode: Mode) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "mmap_size", 1_i64 << 34)?;
    if mode == Mode::Writing {
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // ENDED-IS-DURABLE: in WAL mode only FULL syncs every commit.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Folds the log into the database after 16 MiB: pages that many commits touch are then written once.
        connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    }
    // NO-FALSE-NO: a damaged page is an error before a row is looked for on it.
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// The newest schema number of this version.
pub(crate) const fn known() -> i64 {
    MIGRATIONS.len() as i64
}

/// Whether this version knows a schema of that number; one of a later version is refused.
pub(crate) fn is_known(found: i64) -> Result<(), OpenError> {
    let known = known();
    if found > known { Err(OpenError::TooNew { found, known }) } else { Ok(()) }
}

/// The schema number of a database of ours.
pub(crate) fn number_of(connection: &Connection) -> Result<i64, OpenError> {
    let found = pragma(connection, "user_version")?;
    let owner = pragma(connection, "application_id")?;
    if owner == APPLICATION_ID {
        return Ok(found);
    }
    Err(OpenError::Foreign(connection.path().unwrap_or_default().into()))
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, OpenError> {
    connection.pragma_query_value(None, name, |row| row.get(0)).map_err(OpenError::Database)
}

/// Brings the schema to the newest number; a database of somebody else or of a later version is refused.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let found = pragma(connection, "user_version")?;
    let owner = pragma(connection, "application_id")?;
    if owner != APPLICATION_ID && (owner != 0 || found != 0) {
        let path = connection.path().unwrap_or_default().into();
        return Err(OpenError::Foreign(path));
    }
    is_known(found)?;
    add_matched_name(connection).map_err(OpenError::Database)?;
    for (n, sql) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or(0)) {
        let step = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", n as i64 + 1)?;
            transaction.commit()
        };
        let mut step = step;
        step().map_err(OpenError::Database)?;
    }
    Ok(())
}

/// Makes the rule of core by which names are matched known to migrations.
fn add_matched_name(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("matched_name", 1, flags, |call| {
        Ok(adieu_core::names::matched(call.get_raw(0).as_str()?))
    })
}

/// Whether a database of the newest number has the tables and indexes that the migrations make, and nothing else.
pub(crate) fn is_whole(connection: &Connection) -> Result<bool, OpenError> {
    let mut made = Connection::open_in_memory().map_err(OpenError::Database)?;
    migrate(&mut made)?;
    let parts = |db: &Connection| -> rusqlite::Result<Vec<(String, String)>> {
        let sql =
            "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
        db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let (found, expected) = (parts(connection), parts(&made));
    Ok(found.map_err(OpenError::Database)? == expected.map_err(OpenError::Database)?)
}

#[cfg(test)]
mod tests {
    use adieu_core::{Actor, Cause, SessionId, SessionIdCipher, UserId};

    use super::*;
    use crate::rows;

    const REALM: &str = "x'a1fa0000000040008000000000000001'";

    /// Goal: ENDED-STAYS-ENDED: a folder of the first schema opens with its users, its sessions and its tombstones.
    #[test]
    fn a_folder_of_the_first_schema_is_brought_up() {
        let mut db = folder_of(1);
        let uuid = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
        let detail = format!(
            r#"{{"population":"{uuid}","username":"ada","email":null,"traits":"{{}}","metadata_public":null,
            "metadata_admin":null,"roles":[],"created_at":5,"updated_at":6}}"#
        );
        let id = "x'00000000000040008000000000000007'";
        let session = r#"{"r":"a1fa0000-0000-4000-8000-000000000001","u":"00000000-0000-4000-8000-000000000007","o":100,
            "a":100,"i":50,"m":[["password",100]],"d":"am"}"#;
        let grave = r#"{"id":"00000000-0000-4000-8000-000000000009","r":"a1fa0000-0000-4000-8000-000000000001",
            "u":"00000000-0000-4000-8000-000000000007","o":90,"why":"administrator","who":"operator","d":"kratos","c":["shop"]}"#;
        let hash = format!("x'{}'", "00".repeat(32));
        let (live, ended) = (3_i64 << 17, (3_i64 << 17) + 1);
        db.execute_batch(&format!(
            "INSERT INTO population(id, realm, name) VALUES ({id}, {REALM}, 'all');
             INSERT INTO user VALUES (3, {id}, {REALM}, 1, 0, NULL, '{detail}');
             INSERT INTO session VALUES ({live}, 1, {hash}, 0, 0, 0, 0, 100, 900, 0, '{session}');
             INSERT INTO session VALUES ({ended}, 2, {hash}, 2, 0, 0, 0, 300, 900, 0, '{grave}');"
        ))
        .expect("rows of the first schema");
        migrate(&mut db).expect("brought up");
        let user = UserId::from_uuid("00000000-0000-4000-8000-000000000007".parse().expect("a UUID"));
        let ada = rows::user(&db, user).expect("read").expect("there");
        assert_eq!(ada.version, adieu_core::Version::FIRST, "a change can be made from it");
        assert_eq!((ada.username.as_str(), ada.removed, ada.enabled_at.ms()), ("ada", false, 5));
        assert_eq!(rows::count_users(&db, ada.population).expect("read"), 1);
        assert_eq!(
            rows::population(&db, adieu_core::PopulationId::from_uuid(user.uuid()))
                .expect("read")
                .map(|p| p.name)
                .as_deref(),
            Some("all")
        );
        let cipher = SessionIdCipher::new(&adieu_core::InstallationKey::from_bytes([7; 32]));
        let of_user = rows::SessionList::User(ada.key);
        let places = rows::cursors_after(&db, of_user, None, 10).expect("read");
        let kept: Vec<_> = places
            .iter()
            .map(|place| rows::kept_at(&db, &cipher, *place).expect("read").expect("there"))
            .collect();
        let [rows::SessionRow::Stored(session), rows::SessionRow::Ended(grave)] = &kept[..] else {
            panic!("two rows")
        };
        assert_eq!((session.opened_at.ms(), session.user), (100, user));
        let with = rows::ended_with(&db, ada.key, session).expect("read");
        assert_eq!(with, adieu_core::EndedWith::default(), "endings of many had no records then");
        assert_eq!((grave.session.opened_at.ms(), grave.ending.at.ms(), grave.session.user), (90, 300, user));
        assert_eq!((grave.ending.cause, &grave.ending.actor), (Cause::Administrator, &Actor::Operator));
        assert_eq!(grave.session.participants, 1);
        let clients = rows::clients_of(&db, &grave.session).expect("read");
        assert_eq!(clients.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["shop"]);
        let marks = rows::cursors_after(&db, rows::SessionList::Realm(ada.realm), None, 10).expect("read");
        assert_eq!(marks.iter().map(|mark| mark.opened_at.ms()).collect::<Vec<_>>(), [100, 90]);
        let live = rows::cursors_after(&db, rows::SessionList::live_of(&ada), None, 10).expect("read");
        assert_eq!(live.iter().map(|place| place.opened_at.ms()).collect::<Vec<_>>(), [100]);
        assert_eq!(session.idle.map(adieu_core::Span::ms), Some(50));
        assert_ne!(session.id, SessionId::from_bytes([0; 16]));
    }

    /// A folder of the `number`th schema.
    fn folder_of(number: usize) -> Connection {
        let db = Connection::open_in_memory().expect("memory");
        add_matched_name(&db).expect("the rule of core");
        for sql in &MIGRATIONS[..number] {
            db.execute_batch(sql).expect("an older schema");
        }
        db.pragma_update(None, "application_id", APPLICATION_ID).expect("ours");
        db.pragma_update(None, "user_version", number as i64).expect("its number");
        db
    }

    /// Goal: NO-FALSE-NO: a session that was proven by two factors under the tenth schema counts so, and every realm goes on
    /// asking whoever has a second factor.
    #[test]
    fn what_was_proven_under_the_tenth_schema_stays_proven() {
        let mut db = folder_of(10);
        db.execute_batch(&format!("INSERT INTO realm VALUES ({REALM}, '/alpha', 0, 1)")).expect("a realm");
        for (n, methods) in
            [r#"["password",1]"#, r#"["password",1],["recovery_code",2]"#, r#"["recovery_code",2]"#]
                .iter()
                .enumerate()
        {
            let sql = "INSERT INTO session(locator, incarnation, token_hash, state, epoch, user_generation,
                realm_generation, seen_at, expires_at, due_hour, detail) VALUES (?1, 1, x'00', 0, 0, 0, 0, 1, 9, 0, ?2)";
            db.execute(sql, rusqlite::params![n as i64, format!(r#"{{"m":[{methods}]}}"#)])
                .expect("a session");
        }
        migrate(&mut db).expect("brought up");
        let sql = "SELECT group_concat(assurance) FROM (SELECT assurance FROM session ORDER BY locator)";
        let proven: String = db.query_row(sql, [], |row| row.get(0)).expect("read");
        assert_eq!(proven, "1,2,1");
        let realms = rows::realms(&db).expect("read");
        assert_eq!(realms[0].second_factor, adieu_core::SecondFactorRule::WhenEnrolled);
    }

    /// Goal: F-16: nobody is lost when names begin to be compared composed. Method: a folder of the eleventh schema with a user
    /// whose name is decomposed, and two whose names are one name now.
    #[test]
    fn names_of_the_eleventh_schema_find_whom_they_found() {
        let mut db = folder_of(11);
        let composed = "jos\u{e9}";
        let decomposed = "jose\u{301}";
        for (key, name) in [(1, composed), (2, decomposed), (3, "rene\u{301}"), (4, "ada")] {
            let detail = format!(
                r#"{{"population":"6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90","username":"{name}","email":null,"traits":"{{}}",
                "metadata_public":null,"metadata_admin":null,"roles":[],"created_at":5,"updated_at":6}}"#
            );
            let id = uuid::Uuid::from_u128(key as u128);
            let sql = "INSERT INTO user(key, id, realm, enabled, generation, detail) VALUES (?1, ?2, x'a1fa0000000040008000000000000001', 1, 0, ?3)";
            db.execute(sql, rusqlite::params![key, id.as_bytes(), detail]).expect("a user");
            db.execute(&format!("INSERT INTO name VALUES ({REALM}, ?1, ?2)"), rusqlite::params![name, key])
                .expect("a name");
        }
        migrate(&mut db).expect("brought up");
        let realm =
            adieu_core::RealmId::from_uuid("a1fa0000-0000-4000-8000-000000000001".parse().expect("a UUID"));
        let found = |name: &str| {
            let forms = adieu_core::names::listed_forms(name);
            rows::user_listed(&db, realm, &forms).expect("read").map(|user| user.key.number())
        };
        for (name, key) in [
            (composed, 1),
            (decomposed, 2),
            ("ren\u{e9}", 3),
            ("rene\u{301}", 3),
            ("REN\u{c9}", 3),
            ("ada", 4),
        ] {
            assert_eq!(found(name), Some(key), "{name:?}");
        }
    }

    /// Goal: nobody is lost when compatibility forms begin to count. Method: a folder of the fifteenth schema with a user whose name is in
    /// letters of full width, beside the one of that name and without.
    #[test]
    fn names_of_the_fifteenth_schema_find_whom_they_found() {
        let mut db = folder_of(15);
        let (wide, office) = ("\u{ff41}\u{ff4c}\u{ff49}\u{ff43}\u{ff45}", "of\u{fb01}ce");
        for (key, name) in [(1, wide), (2, "alice"), (3, office)] {
            db.execute(&format!("INSERT INTO name VALUES ({REALM}, ?1, ?2)"), rusqlite::params![name, key])
                .expect("a name");
        }
        migrate(&mut db).expect("brought up");
        let holder = |form: &String| -> Option<i64> {
            db.query_row("SELECT key FROM name WHERE name = ?1", [form], |row| row.get(0)).ok()
        };
        let found = |name: &str| adieu_core::names::listed_forms(name).iter().find_map(holder);
        for (name, key) in [(wide, 1), ("alice", 2), ("Alice", 2), (office, 3), ("office", 3)] {
            assert_eq!(found(name), Some(key), "{name:?}");
        }
    }

    /// Goal: what was kept of applications that are gone is gone, what is kept of others stays, and what is made anew begins above it.
    #[test]
    fn documents_of_clients_that_were_removed_before_go() {
        let mut db = folder_of(15);
        let own = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
        for (id, removed) in [("gone", 1), ("here", 0), (&format!("gone.{own}"), 0)] {
            let sql = "INSERT INTO client(id, realm, generation, removed, detail) VALUES (?1, x'a1fa0000000040008000000000000001', 0, ?2, '{}')";
            db.execute(sql, rusqlite::params![id, removed]).expect("a client");
        }
        let grant = format!("gone.{own}");
        let of_other = format!("gone.{own}.{own}");
        let kept = [
            ("pingone.application", "here".to_owned()),
            ("pingone.application", grant.clone()),
            ("pingone.application-grant", format!("here.{own}")),
            ("pingone.application-grant", of_other),
            ("pingone.application-grant", "gone".to_owned()),
            ("pingone.sign-on-policy", "gone".to_owned()),
        ];
        let gone = [
            ("pingone.application", "gone".to_owned()),
            ("pingone.application-grant", grant.clone()),
            ("pingone.sign-on-policy-assignment", grant),
        ];
        for (kind, id) in kept.iter().chain(&gone) {
            let sql = format!(
                "INSERT INTO document(realm, kind, id, body, version) VALUES ({REALM}, ?1, ?2, '{{}}', 7)"
            );
            db.execute(&sql, [*kind, id]).expect("a document");
        }
        migrate(&mut db).expect("brought up");
        let mut rest: Vec<(String, String)> = db
            .prepare("SELECT kind, id FROM document")
            .and_then(|mut all| all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .expect("read");
        let mut expected = kept.map(|(kind, id)| (kind.to_owned(), id));
        rest.sort();
        expected.sort();
        assert_eq!(rest, expected);
        assert_eq!(rows::removed_versions(&db).expect("read").number(), 7);
    }

    /// Goal: ENDED-STAYS-ENDED: what lives on after its session under the eighteenth schema does so under this one, but for what was
    /// granted before its user was disabled; nothing else does, whatever its client may later.
    #[test]
    fn grants_of_the_eighteenth_schema_outlive_their_session_as_their_client_may() {
        let mut db = folder_of(18);
        let uuid = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
        let hash = "00".repeat(32);
        for (n, client, outlives) in [(7, "kiosk", "true"), (8, "shop", "false")] {
            let sql = "INSERT INTO client(id, realm, generation, removed, detail) VALUES (?1, x'a1fa0000000040008000000000000001', 0, 0, ?2)";
            let detail = format!(r#"{{"outlives_session":{outlives}}}"#);
            db.execute(sql, rusqlite::params![client, detail]).expect("a client");
            let detail = format!(
                r#"{{"r":"{uuid}","c":"{client}","g":0,"u":"{uuid}","s":"{uuid}","e":0,"scope":"openid","at":1,
                "code":"{hash}","code_x":2,"used":true,"dead":false,"x":1000}}"#
            );
            db.execute("INSERT INTO held VALUES (?1, 1000, ?2)", rusqlite::params![n, detail])
                .expect("a grant");
        }
        let users = [(1_i64, true, 4), (2, false, 5), (0x7f00_0000_0000, true, 6)];
        for (key, enabled, generation) in users {
            let sql = "INSERT INTO user(key, id, realm, enabled, generation, detail) VALUES (?1, ?2, x'a1fa0000000040008000000000000001', ?3, ?4, '{\"grants_from\":1}')";
            let id = uuid::Uuid::from_u128(key as u128);
            db.execute(sql, rusqlite::params![key, id.as_bytes(), enabled, generation]).expect("a user");
        }
        let scope =
            adieu_store_records::scope_key(&adieu_core::EndScope::User(adieu_core::UserKey::from_random(0)));
        let disabled = [&scope[..1], &0x7f00_0000_0000_u64.to_be_bytes()].concat();
        for (generation, why) in [(2, "user_disabled"), (3, "user_disabled"), (6, "administrator")] {
            let sql = "INSERT INTO mass_ending(scope, generation, at, done, walked_to, detail) VALUES (?1, ?2, 1, 1, 0, ?3)";
            let detail = format!(r#"{{"why":"{why}"}}"#);
            db.execute(sql, rusqlite::params![disabled, generation, detail]).expect("an ending");
        }
        migrate(&mut db).expect("brought up");
        for (n, expected) in [(7, Some(0)), (8, None)] {
            let grant = rows::grant(&db, adieu_core::GrantId::from_number(n)).expect("read").expect("there");
            assert_eq!(grant.offline_generation, expected);
        }
        for ((key, ..), expected) in users.into_iter().zip([1, 5, 3]) {
            let sql = "SELECT detail ->> 'grants_from' FROM user WHERE key = ?1";
            let from: i64 = db.query_row(sql, [key], |row| row.get(0)).expect("read");
            assert_eq!(from, expected);
        }
    }

    /// Goal: whoever was in the middle of a sign-on when the nineteenth schema was left goes on with it.
    #[test]
    fn flows_of_the_nineteenth_schema_say_that_they_are_not_sealed() {
        let mut db = folder_of(19);
        let sql = "INSERT INTO flow(id, realm, kind, expires_at, body) VALUES (x'07', x'01', 'login', 9, ?1)";
        db.execute(sql, [&b"\x00{\xff\x00}"[..]]).expect("a flow");
        migrate(&mut db).expect("brought up");
        let body: Vec<u8> = db.query_row("SELECT body FROM flow", [], |row| row.get(0)).expect("read");
        assert_eq!(body, b"\x00\x00{\xff\x00}");
    }

    /// Goal: ENDED-STAYS-ENDED: a token that an older version revoked is revoked for this one.
    #[test]
    fn revoked_tokens_of_the_second_schema_stay_revoked() {
        let mut db = folder_of(2);
        let uuid = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
        let hash = "00".repeat(32);
        let detail = format!(
            r#"{{"r":"{uuid}","c":"shop","g":1764398700001,"u":"{uuid}","s":"{uuid}","e":0,"scope":"openid","at":1,
            "code":"{hash}","code_x":2,"used":true,"dead":false,"void":[["{uuid}",900]],"x":1000}}"#
        );
        db.execute("INSERT INTO held VALUES (7, 1000, ?1)", [detail]).expect("a grant");
        migrate(&mut db).expect("brought up");
        let grant = rows::grant(&db, adieu_core::GrantId::from_number(7)).expect("read").expect("there");
        assert!(adieu_core::is_revoked(&grant.revoked_tokens, uuid.parse().expect("a UUID")));
        assert_eq!((grant.revoked_tokens[0].until.ms(), grant.client_generation), (900, 1_764_398_700_001));
    }
}
