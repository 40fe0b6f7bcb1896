//! Backups that are taken while the store is open, and what a restored folder says.
//!
//! The promise is ENDED-STAYS-ENDED: a backup does not know what ended after it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adieu_core::{Actor, Cause, EndTarget, InstallationKey, NotLive, RealmId, Timestamp, TokenHash};
use adieu_store::Store;
use adieu_store::suite::{Chance, Engine, Fixture, at};
use adieu_store_sqlite::backup::{BackupError, Existing, back_up, restore};
use adieu_store_sqlite::{Folder, OpenError, Options};
use rusqlite::Connection;

use crate::support::{self, Sqlite};

/// What makes a folder of this version one of the schema before installations had a value of their key.
const TWELFTH: &str =
    "DROP TABLE installation; DROP TABLE ending_line; DROP TABLE told_up_to; DROP TABLE receipt;
    DROP TABLE receiver; DROP TABLE shared_due; ALTER TABLE session DROP COLUMN shared_due;
    DROP TABLE subscriber; ALTER TABLE realm DROP COLUMN subscribers; DROP TABLE consent;
    DROP TABLE receipt_count; DROP INDEX client_told; PRAGMA user_version = 12;";

fn beside(fixture: &Fixture<Sqlite>, name: &str) -> PathBuf {
    fixture.engine.path().with_file_name(name)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn listing(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).expect("a folder").map(|e| e.expect("an entry").file_name());
    let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The same people on a restored folder.
fn again(fixture: &Fixture<Sqlite>, store: Arc<dyn Store>, engine: Sqlite) -> Fixture<Sqlite> {
    let chance = Chance::of(fixture.chance.number());
    Fixture { engine, store, realm: fixture.realm, population: fixture.population, chance }
}

/// Goal: ENDED-STAYS-ENDED over a restore, and everybody who was there can sign on anew.
/// Method: Ada and Bob are signed on, a backup is taken under the open store, Ada's session is ended and Bob's is not.
#[tokio::test]
async fn nothing_lives_in_a_restored_folder_and_everybody_can_sign_on_anew() {
    let fixture = Fixture::<Sqlite>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let shop = fixture.client("shop").await;
    let (adas, bobs) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&bob, at(0)).await);
    let backup = beside(&fixture, "backup");
    back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup under the open store");
    fixture.end(adas.presented(), at(2)).await.expect("an ending");
    fixture.expect_live(&bobs, at(2)).await;

    let place = Sqlite::fresh().await;
    let restored = restore(&backup, &place.path(), Existing::Keep, at(3)).expect("a restore");
    assert_eq!((restored.taken_at, restored.moved_to), (at(1), None));
    assert!(Folder::is_untold(&place.path()), "a restore that is tried tells nobody");
    assert!(!Folder::is_untold(&fixture.engine.path()));
    let store = support::open(&place.path(), Options::default()).expect("it opens");
    let later = again(&fixture, Arc::new(store), place);

    for held in [&adas, &bobs] {
        assert_eq!(later.expect_dead(held, at(4)).await, NotLive::Generation);
        let record = later.store.session_record(held.session.id, at(4)).await.expect("an answer");
        let ending = record.expect("kept").fate.ending().expect("it is known").clone();
        assert_eq!((ending.at, ending.cause, ending.actor), (at(3), Cause::Restored, Actor::Operator));
    }
    for user in [&ada, &bob] {
        let known = later.store.user_named(fixture.realm, &user.username).await.expect("an answer");
        assert_eq!(known.expect("the name is known").id, user.id);
        let held = later.sign_on(user, at(5)).await;
        later.expect_live(&held, at(5)).await;
    }
    let client = later.store.client(&shop.id).get().await.expect("an answer").expect("the shop is there");
    assert_eq!(client.generation, at(3).ms() as u64, "its grants are of another generation");
}

/// Goal: generations only rise, also where the clock of the restore is behind the one that made them.
#[tokio::test]
async fn a_second_restore_is_above_the_first_one_whatever_the_clock_says() {
    let fixture = Fixture::<Sqlite>::new().await;
    let ada = fixture.user("ada").await;
    let mut from = beside(&fixture, "backup-0");
    back_up(&fixture.engine.path(), &from, at(1)).expect("a backup");
    let mut known = 0;
    for (n, clock) in [at(100), at(50), Timestamp::from_ms(0)].into_iter().enumerate() {
        let place = Sqlite::fresh().await;
        restore(&from, &place.path(), Existing::Keep, clock).expect("a restore");
        let store = support::open(&place.path(), Options::default()).expect("it opens");
        let later = again(&fixture, Arc::new(store), place);
        let generation = later.read(&ada).await.generation;
        assert!(generation > known, "{generation} after {known}");
        known = generation;
        from = beside(&fixture, &format!("backup-{}", n + 1));
        back_up(&later.engine.path(), &from, at(2)).expect("a backup of the restored folder");
    }
}

/// Goal: what was left behind by a crash is backed up as it is, with what only the log of writes has.
#[tokio::test]
async fn a_folder_that_nobody_has_open_is_backed_up_as_well() {
    let fixture = Fixture::<Sqlite>::new().await;
    fixture.user("ada").await;
    let crashed = fixture.engine.after_crash().await;
    let stopped = Sqlite::fresh().await;
    support::open(&stopped.path(), Options::default()).expect("a store that is closed again");
    for (engine, expect) in [(crashed, 1), (stopped, 0)] {
        let backup = engine.path().with_file_name("backup");
        back_up(&engine.path(), &backup, at(1)).expect("a backup");
        let db = Connection::open(backup.join("adieu.db")).expect("a database");
        let users = db.query_row("SELECT count(*) FROM user", [], |row| row.get::<_, i64>(0));
        assert_eq!(users.expect("a count"), expect);
    }
}

/// Goal: a backup is as private as the folder, and is never served from by mistake.
#[tokio::test]
async fn a_backup_is_its_owners_and_is_no_data_folder() {
    let fixture = Fixture::<Sqlite>::new().await;
    let backup = beside(&fixture, "backups/monday");
    back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup");
    assert_eq!(mode(&backup), 0o700);
    for file in ["adieu.db", "installation.key", "manifest.json"] {
        assert_eq!(mode(&backup.join(file)), 0o600, "{file}");
    }
    assert!(matches!(support::open(&backup, Options::default()), Err(OpenError::Copy(_))));
    // Also one that was made before folders were marked: its manifest says what it is.
    fs::remove_file(backup.join("adieu.copy")).expect("it is there");
    assert!(matches!(support::open(&backup, Options::default()), Err(OpenError::Copy(_))));
    let place = beside(&fixture, "restored");
    restore(&backup, &place, Existing::Keep, at(2)).expect("a restore");
    assert_eq!(mode(&place), 0o700);
    for file in ["adieu.db", "installation.key"] {
        assert_eq!(mode(&place.join(file)), 0o600, "{file}");
    }
}

/// Goal: no backup is written over anything, and none of nothing.
#[tokio::test]
async fn a_backup_goes_into_a_folder_of_its_own() {
    let fixture = Fixture::<Sqlite>::new().await;
    let backup = beside(&fixture, "backup");
    back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup");
    let again = back_up(&fixture.engine.path(), &backup, at(2));
    assert!(matches!(again, Err(BackupError::TargetTaken(_))));
    let nothing = back_up(&backup, &beside(&fixture, "other"), at(2));
    assert!(nothing.is_ok(), "a backup of a backup is one");
    let nothing = back_up(&beside(&fixture, "nowhere"), &beside(&fixture, "third"), at(2));
    assert!(matches!(nothing, Err(BackupError::NoData(_))));
    assert!(!beside(&fixture, "third").exists());
}

/// Goal: a data folder with something in it stays as it is, unless it is to be moved aside, and never under a server.
#[tokio::test]
async fn a_data_folder_is_moved_aside_only_when_asked_and_never_under_a_server() {
    let fixture = Fixture::<Sqlite>::new().await;
    let (data, backup) = (fixture.engine.path(), beside(&fixture, "backup"));
    back_up(&data, &backup, at(1)).expect("a backup");
    let served = restore(&backup, &data, Existing::MoveAside, at(2));
    assert!(matches!(served, Err(BackupError::Open(OpenError::InUse(_)))), "{served:?}");
    let Fixture { engine, store, .. } = fixture;
    drop(store);
    let kept = restore(&backup, &data, Existing::Keep, at(2));
    assert!(matches!(kept, Err(BackupError::DataTaken(_))), "{kept:?}");
    let restored = restore(&backup, &data, Existing::MoveAside, at(2)).expect("a restore");
    let aside = restored.moved_to.expect("the earlier files");
    assert!(aside.starts_with(&data), "the data folder may be a mount point");
    support::open(&aside, Options::default()).expect("it is as it was");
    engine.open_with(Options::default()).expect("the restored one opens");
    assert!(Folder::is_untold(&data) && !Folder::is_untold(&aside), "each as it was");
    assert!(Folder::take_over(&data).expect("it is there"));
    assert!(!Folder::is_untold(&data) && !Folder::take_over(&data).expect("it is there"));
    restore(&backup, &data, Existing::MoveAside, at(4)).expect("a second restore");
    assert!(Folder::is_untold(&data), "each restore takes over by itself");
    let thesis = data.with_file_name("thesis");
    fs::create_dir(&thesis).expect("a folder");
    fs::write(thesis.join("thesis.txt"), "chapter 1").expect("a file");
    let foreign = restore(&backup, &thesis, Existing::MoveAside, at(3));
    assert!(matches!(foreign, Err(BackupError::Open(OpenError::Foreign(_)))), "{foreign:?}");
}

/// Goal: an empty folder is a place; a link stays a link.
#[tokio::test]
async fn an_empty_folder_takes_a_restore_also_behind_a_link() {
    let fixture = Fixture::<Sqlite>::new().await;
    let (backup, real, link) =
        (beside(&fixture, "backup"), beside(&fixture, "disk"), beside(&fixture, "link"));
    back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup");
    fs::create_dir(&real).expect("a folder");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    restore(&backup, &link, Existing::Keep, at(2)).expect("a restore");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(listing(&real), ["adieu.db", "adieu.lock", "adieu.untold", "installation.key"]);
    support::open(&real, Options::default()).expect("it opens");
}

/// Goal: who restores as root does not lock the service out.
#[tokio::test]
async fn restored_files_belong_to_whom_the_folder_belongs_to() {
    let fixture = Fixture::<Sqlite>::new().await;
    let (backup, place) = (beside(&fixture, "backup"), beside(&fixture, "place"));
    back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup");
    fs::create_dir(&place).expect("a folder");
    if std::os::unix::fs::chown(&place, Some(4242), Some(4242)).is_err() {
        return; // Only root can give a folder away, and only then is there something to look at.
    }
    restore(&backup, &place, Existing::Keep, at(2)).expect("a restore");
    for name in listing(&place) {
        let owner = fs::metadata(place.join(&name)).expect("it is there");
        assert_eq!((owner.uid(), owner.gid()), (4242, 4242), "{name}");
    }
}

type Harm = fn(&Path);

/// Goal: what is not exactly what was backed up is refused, and nothing appears in the place.
#[tokio::test]
async fn a_damaged_foreign_or_newer_backup_is_refused() {
    let fixture = Fixture::<Sqlite>::new().await;
    let manifest = |folder: &Path, from: &str, to: &str| {
        let path = folder.join("manifest.json");
        let text = fs::read_to_string(&path).expect("a manifest");
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).expect("a manifest");
    };
    let cases: [(&str, Harm); 6] = [
        ("is no finished backup", |folder| fs::remove_file(folder.join("manifest.json")).expect("gone")),
        ("its size or checksum", |folder| {
            fs::write(folder.join("installation.key"), [1; 32]).expect("a key")
        }),
        ("its size or checksum", |folder| {
            let mut bytes = fs::read(folder.join("adieu.db")).expect("a database");
            bytes[5000] ^= 1;
            fs::write(folder.join("adieu.db"), bytes).expect("a database");
        }),
        ("check that the folder exists", |folder| fs::remove_file(folder.join("adieu.db")).expect("gone")),
        ("restore it with that one", |_| ()),
        ("is no finished backup", |_| ()),
    ];
    for (n, (expect, harm)) in cases.into_iter().enumerate() {
        let (backup, place) = (beside(&fixture, &format!("backup-{n}")), beside(&fixture, "place"));
        back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup");
        harm(&backup);
        match n {
            4 => manifest(&backup, "\"format\": 1", "\"format\": 2"),
            5 => manifest(&backup, "\"adieu.db\"", "\"../adieu.db\""),
            _ => {}
        }
        let says = restore(&backup, &place, Existing::Keep, at(2)).expect_err("refused").to_string();
        assert!(says.contains(expect), "{says}");
        assert!(!place.exists());
    }
}

/// Writes what the files of a backup are now into its manifest.
fn sum_up(backup: &Path) {
    let text = fs::read_to_string(backup.join("manifest.json")).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for (n, name) in ["adieu.db", "installation.key"].into_iter().enumerate() {
        let bytes = fs::read(backup.join(name)).expect("a file");
        manifest["files"][n]["bytes"] = bytes.len().into();
        manifest["files"][n]["sha256"] = sha256(&bytes).into();
    }
    fs::write(backup.join("manifest.json"), manifest.to_string()).expect("a manifest");
}

/// Goal: S-26, nothing is called restored that no server opens: a key of another length, tables of another schema, and what is no
/// file of its own are refused, even where the sums are theirs, and nothing appears in the place.
#[tokio::test]
async fn a_backup_that_no_server_would_open_is_refused() {
    let fixture = Fixture::<Sqlite>::new().await;
    fixture.user("ada").await;
    let run = |folder: &Path, sql: &str| {
        let db = Connection::open(folder.join("adieu.db")).expect("a database");
        db.execute_batch(sql).expect("it is changed");
    };
    let linked = |folder: &Path, name: &str| {
        fs::rename(folder.join(name), folder.join("elsewhere")).expect("moved");
        std::os::unix::fs::symlink(folder.join("elsewhere"), folder.join(name)).expect("a link");
    };
    let piped = |folder: &Path, name: &str| {
        fs::remove_file(folder.join(name)).expect("gone");
        let made = std::process::Command::new("mkfifo").arg(folder.join(name)).status().expect("it runs");
        assert!(made.success());
    };
    type Harm<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, Harm<'_>); 11] = [
        ("not the key of the database", &|folder| {
            fs::write(folder.join("installation.key"), [1; 32]).expect("a key")
        }),
        ("no installation key", &|folder| {
            fs::write(folder.join("installation.key"), [1; 31]).expect("a key")
        }),
        ("no installation key", &|folder| fs::write(folder.join("installation.key"), []).expect("a key")),
        ("its schema is not", &|folder| run(folder, "PRAGMA user_version = 1")),
        ("its tables are not", &|folder| run(folder, "DROP TABLE flow")),
        ("its tables are not", &|folder| run(folder, "CREATE TABLE other(id INTEGER)")),
        ("its tables are not", &|folder| {
            run(folder, "CREATE TRIGGER back AFTER UPDATE ON user BEGIN DELETE FROM user; END")
        }),
        ("no file of its own", &|folder| linked(folder, "adieu.db")),
        ("no file of its own", &|folder| linked(folder, "installation.key")),
        ("no file of its own", &|folder| piped(folder, "installation.key")),
        ("is no finished backup", &|folder| piped(folder, "manifest.json")),
    ];
    for (n, (expect, harm)) in cases.into_iter().enumerate() {
        let (backup, place) = (beside(&fixture, &format!("backup-{n}")), beside(&fixture, "place"));
        back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup");
        harm(&backup);
        if n < 7 {
            sum_up(&backup);
        }
        let says = restore(&backup, &place, Existing::Keep, at(2)).expect_err("refused").to_string();
        assert!(says.contains(expect), "{n}: {says}");
        assert!(!place.exists());
    }
}

/// Goal: a folder of an older version that holds nothing to judge a key by keeps no key's value, so that the right key still opens
/// it; a sealed signing key is something to judge by, and a number of a later version is said before the key is judged.
#[tokio::test]
async fn a_key_that_nothing_speaks_for_is_not_kept() {
    fn opens(key: &InstallationKey, realm: RealmId, kid: &str, sealed: &[u8]) -> bool {
        let whose = TokenHash::of(format!("{realm} {kid}").as_bytes()).to_bytes();
        sealed == [key.derive(adieu_core::Purpose::SigningKeys), whose].concat()
    }
    let options = Options { opens_signing_key: Some(opens), ..Options::default() };
    let place = Sqlite::fresh().await;
    let folder = place.path();
    drop(support::open(&folder, options).expect("it is made"));
    let key_file = folder.join("installation.key");
    let own = fs::read(&key_file).expect("a key");
    let run = |sql: &str| {
        let db = Connection::open(folder.join("adieu.db")).expect("a database");
        db.execute_batch(sql).expect("it runs");
    };
    let kept = || -> u32 {
        let db = Connection::open(folder.join("adieu.db")).expect("a database");
        db.query_row("SELECT count(*) FROM installation", [], |row| row.get(0)).expect("a count")
    };
    assert_eq!(kept(), 1, "a new database is of the key beside it");
    run(TWELFTH);
    fs::write(&key_file, [1; 32]).expect("another key");
    drop(support::open(&folder, options).expect("nothing speaks against it"));
    assert_eq!(kept(), 0, "and nothing for it");
    let key = InstallationKey::from_bytes(own.clone().try_into().expect("32 bytes"));
    let realm = RealmId::from_uuid(uuid::Uuid::from_u128(7));
    let whose = TokenHash::of(format!("{realm} k1").as_bytes()).to_bytes();
    let db = Connection::open(folder.join("adieu.db")).expect("a database");
    db.execute(
        "INSERT INTO signing_key(realm, kid, algorithm, sealed, created_at, signs_from) VALUES (?1, 'k1', 'ES256', ?2, 1, 1)",
        rusqlite::params![
            realm.uuid().as_bytes(),
            [key.derive(adieu_core::Purpose::SigningKeys), whose].concat()
        ],
    )
    .expect("a signing key");
    drop(db);
    let opened = support::open(&folder, options).map(drop);
    assert!(matches!(opened, Err(OpenError::KeyOfAnother(_))), "{opened:?}");
    let number: i64 = {
        let db = Connection::open(folder.join("adieu.db")).expect("a database");
        db.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number")
    };
    run("PRAGMA user_version = 999");
    let opened = support::open(&folder, options).map(drop);
    assert!(matches!(opened, Err(OpenError::TooNew { .. })), "{opened:?}");
    run(&format!("PRAGMA user_version = {number}"));
    fs::write(&key_file, &own).expect("the own key");
    drop(support::open(&folder, options).expect("it opens"));
    assert_eq!(kept(), 1, "what is sealed with it speaks for it");
}

/// Goal: a folder with the key of another installation is neither opened nor backed up, and what is in it stays as it is: with the
/// right key it opens. So it is in a folder of an older version, which is judged by the secrets of its clients.
#[tokio::test]
async fn a_folder_with_another_key_is_refused() {
    for older in [false, true] {
        let place = Sqlite::fresh().await;
        let folder = place.path();
        drop(support::open(&folder, Options::default()).expect("it is made"));
        let key_file = folder.join("installation.key");
        let own = fs::read(&key_file).expect("a key");
        if older {
            let key = InstallationKey::from_bytes(own.clone().try_into().expect("32 bytes"));
            let realm = RealmId::from_uuid(uuid::Uuid::from_u128(7));
            let secret = key.client_secret(realm, &"shop".parse().expect("an id"), 0);
            let db = Connection::open(folder.join("adieu.db")).expect("a database");
            db.execute_batch(TWELFTH).expect("an older version");
            db.execute(
                "INSERT INTO client(id, realm, generation, removed, secret, detail) VALUES ('shop', ?1, 0, 0, ?2, '{}')",
                rusqlite::params![realm.uuid().as_bytes(), TokenHash::of(secret.as_bytes()).to_bytes()],
            )
            .expect("a client");
        }
        fs::write(&key_file, [1; 32]).expect("another key");
        let opened = support::open(&folder, Options::default()).map(drop);
        assert!(matches!(opened, Err(OpenError::KeyOfAnother(_))), "{older}: {opened:?}");
        let backed_up = back_up(&folder, &folder.with_file_name("backup"), at(1));
        assert!(
            matches!(backed_up, Err(BackupError::Open(OpenError::KeyOfAnother(_)))),
            "{older}: {backed_up:?}"
        );
        fs::write(&key_file, &own).expect("the own key");
        drop(support::open(&folder, Options::default()).expect("it opens"));
        back_up(&folder, &folder.with_file_name("backup"), at(1)).expect("a backup");
    }
}

/// Goal: a database whose pages are damaged is refused even where the sums are of the damaged file.
#[tokio::test]
async fn a_backup_of_a_damaged_database_is_refused() {
    let fixture = Fixture::<Sqlite>::new().await;
    let backup = beside(&fixture, "backup");
    fixture.user("ada").await;
    back_up(&fixture.engine.path(), &backup, at(1)).expect("a backup");
    let db = Connection::open(backup.join("adieu.db")).expect("a database");
    // The list of names says one thing and the users another.
    db.execute_batch("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'user_realm';")
        .expect("an orphaned index");
    drop(db);
    sum_up(&backup);
    let refused = restore(&backup, &beside(&fixture, "place"), Existing::Keep, at(2));
    assert!(matches!(refused, Err(BackupError::Damaged { .. })), "{refused:?}");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Goal: an acknowledged ending is in every backup that begins after it, while others sign on.
#[tokio::test]
async fn a_backup_has_what_was_acknowledged_before_it_began() {
    let fixture = Fixture::<Sqlite>::new().await;
    let ada = fixture.user("ada").await;
    let adas = fixture.sign_on(&ada, at(0)).await;
    fixture.end(EndTarget::One(adas.session.id), at(1)).await.expect("an ending");
    let others: Vec<_> = (0..50).map(|_| fixture.store.open_session(fixture.order(&ada), at(2))).collect();
    let backup = beside(&fixture, "backup");
    back_up(&fixture.engine.path(), &backup, at(3)).expect("a backup in the middle of sign-ons");
    for other in others {
        other.await.expect("a sign-on");
    }
    let db = Connection::open(backup.join("adieu.db")).expect("a database");
    let ended: i64 =
        db.query_row("SELECT count(*) FROM session WHERE state = 2", [], |row| row.get(0)).expect("a count");
    assert_eq!(ended, 1);
}
