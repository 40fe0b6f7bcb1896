//! Whose the folder is, who has it, and what is refused. Every refusal says what to do.
//!
//! A refused folder is left as it was found.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use adieu_store::Sessions;
use adieu_store::suite::{Engine, Fixture, at};
use adieu_store_sqlite::{OpenError, Options};
use rusqlite::Connection;

use crate::support::{self, Sqlite};

fn refusal(path: &Path) -> OpenError {
    match support::open(path, Options::default()) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(refusal) => refusal,
    }
}

/// A folder that somebody used and left.
async fn left() -> Sqlite {
    let fixture = Fixture::<Sqlite>::new().await;
    let ada = fixture.user("ada").await;
    fixture.sign_on(&ada, at(0)).await;
    fixture.engine
}

fn listing(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).expect("a folder").map(|e| e.expect("an entry").file_name());
    let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Goal: one process has the folder; the second one is told, and gets in when the first is gone.
#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_is_gone() {
    let engine = Sqlite::fresh().await;
    let store = engine.open_with(Options::default()).expect("the store opens");
    let path = engine.path();
    let says = refusal(&path).to_string();
    let expect = "is in use by another process: stop that one, or give this one a folder of its own";
    assert_eq!(says, format!("{} {expect}", path.display()));
    let clone = store.clone();
    drop(store);
    assert!(matches!(refusal(&path), OpenError::InUse(_)), "a handle is left");
    drop(clone);
    support::open(&path, Options::default()).expect("the store opens");
}

/// Goal: a data folder that was moved without its lock file is still ours, with everything in it.
#[tokio::test]
async fn a_folder_without_its_lock_file_is_ours() {
    let fixture = Fixture::<Sqlite>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let fixture = fixture.after_crash().await;
    let path = fixture.engine.path();
    let moved = path.with_file_name("moved");
    fs::create_dir(&moved).expect("a folder");
    for name in listing(&path).iter().filter(|name| *name != "adieu.lock") {
        fs::copy(path.join(name), moved.join(name)).expect("a copy");
    }
    let store = support::open(&moved, Options::default()).expect("the store opens");
    let check = store.check(&held.token, false, at(1)).get().await.expect("an answer");
    assert!(matches!(check, adieu_core::Check::Live(_)), "{check:?}");
    assert!(matches!(refusal(&moved), OpenError::InUse(_)), "it is held like any other");
    // A database without its key, or a key without its database, is somebody else's affair.
    for name in ["adieu.db", "installation.key"] {
        let half = path.with_file_name(format!("half-{name}"));
        fs::create_dir(&half).expect("a folder");
        fs::copy(path.join(name), half.join(name)).expect("a copy");
        assert!(matches!(refusal(&half), OpenError::Foreign(_)), "{name}");
    }
}

/// Goal: a folder is made with all that leads to it, and only its owner may read it.
#[tokio::test]
async fn a_folder_is_made_where_none_of_its_parents_is() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("var/lib/adieu");
    support::open(&path, Options::default()).expect("the store opens");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o700);
}

/// Goal: nobody else's files are ever taken for ours, or touched.
#[tokio::test]
async fn a_folder_of_somebody_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("thesis.txt"), "chapter 1").expect("a file");
    assert!(matches!(refusal(folder.path()), OpenError::Foreign(_)));
    assert_eq!(listing(folder.path()), ["thesis.txt"]);

    let engine = left().await;
    let database = engine.path().join("adieu.db");
    for name in ["adieu.db", "adieu.db-wal", "adieu.db-shm"] {
        let _ = fs::remove_file(engine.path().join(name)); // Some of them may be gone already.
    }
    let other = Connection::open(&database).expect("a database");
    other.execute_batch("PRAGMA application_id = 7; CREATE TABLE thesis(chapter);").expect("a table");
    drop(other);
    let before = fs::read(&database).expect("a file");
    assert!(matches!(refusal(&engine.path()), OpenError::Foreign(_)));
    let tables: i64 = Connection::open(&database)
        .and_then(|c| c.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)))
        .expect("a database");
    assert_eq!((tables, fs::read(&database).expect("a file").len()), (1, before.len()));

    fs::write(&database, "this is no database, but a letter to my aunt; ".repeat(100)).expect("a file");
    assert!(matches!(refusal(&engine.path()), OpenError::Database(_)));
}

/// Goal: EMPTY-HANDS: what is in the folder is its owner's to read, whatever the process' umask is.
#[tokio::test]
async fn nobody_else_reads_the_folder() {
    let place = tempfile::tempdir().expect("a folder");
    let data = place.path().join("deep/data");
    let store = support::open(&data, Options::default()).expect("the store opens");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["adieu.db", "adieu.db-wal", "adieu.db-shm", "installation.key"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    drop(store);
}

/// Goal: no second key is made beside a database: without its own, no session could be found.
#[tokio::test]
async fn a_lost_or_damaged_key_is_refused() {
    let engine = left().await;
    let key = engine.path().join("installation.key");
    assert_eq!(fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&key).expect("a key");
    for damaged in [&bytes[..31], &[], &[bytes.as_slice(), b"\n"].concat()] {
        fs::write(&key, damaged).expect("a file");
        assert!(matches!(refusal(&engine.path()), OpenError::KeyDamaged(_)));
        assert_eq!(fs::read(&key).expect("a key"), damaged, "left as it was found");
    }
    fs::remove_file(&key).expect("a key");
    let says = refusal(&engine.path()).to_string();
    assert!(says.contains("restore it from a backup"), "{says}");
    assert!(!key.exists());
    fs::write(&key, bytes).expect("a file");
    support::open(&engine.path(), Options::default()).expect("the store opens");
}

/// Goal: a crash at any step of the first start leaves a folder that starts.
#[tokio::test]
async fn a_first_start_that_was_cut_short_begins_anew() {
    for step in 0..4 {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("adieu.lock"), "").expect("a file");
        if step >= 1 {
            fs::write(folder.path().join("installation.key.new"), [7; 9]).expect("a file");
        }
        if step >= 2 {
            fs::write(folder.path().join("installation.key"), [7; 32]).expect("a file");
        }
        if step >= 3 {
            fs::write(folder.path().join("adieu.db"), "").expect("a file");
        }
        support::open(folder.path(), Options::default()).unwrap_or_else(|e| panic!("step {step}: {e}"));
    }
}

/// Goal: an older version never writes into a newer one's database.
#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let engine = left().await;
    let database = engine.path().join("adieu.db");
    let change = |number: i64| {
        let connection = Connection::open(&database).expect("a database");
        connection.pragma_update(None, "user_version", number).expect("written");
    };
    let known = schema(&database).0;
    change(known + 1);
    let says = refusal(&engine.path()).to_string();
    let expect = format!("the database has schema {}, this version knows up to {known}", known + 1);
    assert!(says.starts_with(&expect), "{says}");
    assert_eq!(schema(&database).0, known + 1);
    change(known);
    support::open(&engine.path(), Options::default()).expect("the store opens");
}

/// Goal: opening again changes nothing: migrations run once.
#[tokio::test]
async fn migrations_are_idempotent() {
    let engine = left().await;
    let database = engine.path().join("adieu.db");
    let first = schema(&database);
    assert!(first.1.contains("CREATE TABLE session"), "{}", first.1);
    for _ in 0..3 {
        drop(support::open(&engine.path(), Options::default()).expect("the store opens"));
        assert_eq!(schema(&database), first);
    }
}

/// The schema's number and its text.
fn schema(database: &Path) -> (i64, String) {
    let connection = Connection::open(database).expect("a database");
    let number = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number");
    let sql = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master ORDER BY name)";
    (number, connection.query_row(sql, [], |row| row.get(0)).expect("a text"))
}
