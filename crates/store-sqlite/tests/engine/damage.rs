//! A database with damaged pages in its middle: "cannot tell", never "not live", never a panic; everybody else goes on.
//!
//! What is damaged is whole pages and sectors of the sessions' table, as a failing disk does it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use adieu_core::{Actor, Cause, Check, EndError, EndTarget, SignOnError, Span, Unwritten};
use adieu_store::Sessions;
use adieu_store::suite::{Chance, Engine, Fixture, OpenedSession, at};
use adieu_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;

use crate::support::Sqlite;

const PAGE: usize = 4096;

/// A store with sessions of many users, closed, everything in one file.
async fn closed() -> (Fixture<Sqlite>, Vec<OpenedSession>) {
    let fixture = Fixture::<Sqlite>::new().await;
    let mut held = Vec::new();
    for n in 0..40 {
        let user = fixture.user(&format!("user-{n}")).await;
        for _ in 0..20 {
            held.push(fixture.sign_on(&user, at(0)).await);
        }
    }
    let fixture = fixture.after_crash().await;
    let Fixture { engine, realm, population, chance, store } = fixture;
    drop(store);
    let database = Connection::open(engine.path().join("adieu.db")).expect("a database");
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    drop(database);
    let store = std::sync::Arc::new(engine.open_with(Options::default()).expect("the store opens"));
    (Fixture { engine, store, realm, population, chance }, held)
}

/// The leaf pages of the sessions' table, by walking it from its root.
fn leaves(database: &Path) -> Vec<u64> {
    let connection = Connection::open(database).expect("a database");
    let sql = "SELECT rootpage FROM sqlite_master WHERE name = 'session'";
    let root: u32 = connection.query_row(sql, [], |row| row.get(0)).expect("a table");
    drop(connection);
    let bytes = fs::read(database).expect("a file");
    let mut found = Vec::new();
    let mut open = vec![u64::from(root)];
    while let Some(number) = open.pop() {
        let page = &bytes[(number as usize - 1) * PAGE..number as usize * PAGE];
        let short = |at: usize| usize::from(u16::from_be_bytes([page[at], page[at + 1]]));
        let child = |at: usize| u64::from(u32::from_be_bytes(page[at..at + 4].try_into().expect("4 bytes")));
        match page[0] {
            0x0d => found.push(number),
            0x05 => {
                open.extend((0..short(3)).map(|n| child(short(12 + 2 * n))));
                open.push(child(8));
            }
            kind => panic!("page {number} is of kind {kind}"),
        }
    }
    found.sort_unstable();
    found
}

/// One way in which a page can be damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Zeros,
    Ones,
    Noise,
    /// One sector of the page is noise.
    Sector(usize),
}

fn damage(database: &Path, page: u64, how: Damage, chance: &Chance) {
    let file = fs::OpenOptions::new().write(true).open(database).expect("a file");
    let start = (page - 1) * PAGE as u64;
    let write = |bytes: &[u8], at: u64| file.write_all_at(bytes, at).expect("written");
    match how {
        Damage::Zeros => write(&[0; PAGE], start),
        Damage::Ones => write(&[0xff; PAGE], start),
        Damage::Noise => write(&chance.bytes::<PAGE>(), start),
        Damage::Sector(n) => write(&chance.bytes::<512>(), start + 512 * n as u64),
    }
}

/// A copy of the closed store with one damaged page.
async fn damaged(fixture: &Fixture<Sqlite>, how: Damage, chance: &Chance) -> (Sqlite, SqliteStore) {
    let copy = fixture.engine.after_crash().await;
    let database = copy.path().join("adieu.db");
    let pages = leaves(&database);
    damage(&database, pages[pages.len() / 2], how, chance);
    let store = copy.open_with(Options::default()).expect("the store opens");
    (copy, store)
}

/// Goal: NO-FALSE-NO over a damaged page, and ONE-SLOW-HURTS-NONE for all the others.
#[tokio::test]
async fn a_damaged_page_is_never_a_no_and_spoils_no_other_answer() {
    let (fixture, held) = closed().await;
    let chance = Chance::of(11);
    let kinds = [Damage::Zeros, Damage::Ones, Damage::Noise, Damage::Noise, Damage::Sector(0)];
    for how in kinds {
        let (_copy, store) = damaged(&fixture, how, &chance).await;
        let mut said: BTreeMap<&str, usize> = BTreeMap::new();
        for held in &held {
            let word = match store.check(&held.token, true, at(1)).get().await {
                Ok(Check::Live(_)) => "live",
                Ok(Check::Not(_)) => "not live",
                Err(_) => "cannot tell",
            };
            *said.entry(word).or_default() += 1;
        }
        assert_eq!(said.get("not live"), None, "{how:?}: {said:?}");
        assert!(said["cannot tell"] > 0 && said["cannot tell"] < 40, "{how:?}: {said:?}");
    }
}

/// Goal: an order on a damaged page is "not taken" and says so; orders of its batch and of later ones go through.
#[tokio::test]
async fn an_order_on_a_damaged_page_is_not_taken_and_spoils_no_other() {
    let (fixture, held) = closed().await;
    let (_copy, store) = damaged(&fixture, Damage::Noise, &Chance::of(12)).await;
    let endings: Vec<_> = held.iter().map(|h| store.end(fixture.ending(h.presented()), at(1))).collect();
    let (mut ended, mut refused) = (0, 0);
    for (ending, held) in endings.into_iter().zip(&held) {
        match ending.await {
            Ok(_) => {
                ended += 1;
                let check = store.check(&held.token, false, at(2)).get().await.expect("an answer");
                assert!(matches!(check, Check::Not(_)));
            }
            Err(EndError::Unwritten(Unwritten::NotTaken(_))) => {
                refused += 1;
                let check = store.check(&held.token, false, at(2)).get().await;
                assert!(!matches!(check, Ok(Check::Not(_))), "neither ended nor called so: {check:?}");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(ended > 750 && refused > 0, "{ended} ended, {refused} refused");
    let (mut opened, mut refused) = (0, 0);
    for held in held.iter().step_by(20) {
        let user = store_user(&store, held).await;
        match store.open_session(fixture.order(&user), at(3)).await {
            Ok(_) => opened += 1,
            Err(SignOnError::Unwritten(Unwritten::NotTaken(_))) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(opened >= 20, "{opened} opened, {refused} refused");
}

async fn store_user(store: &SqliteStore, held: &OpenedSession) -> adieu_core::User {
    let user = adieu_store::Directory::user(store, held.session.user).get().await;
    adieu_core::User::clone(&user.expect("an answer").expect("there"))
}

/// Goal: noise in any sector of a page never makes the engine panic or stop; sessions elsewhere are answered.
#[tokio::test]
async fn noise_anywhere_in_a_page_stops_nobody() {
    let (fixture, held) = closed().await;
    let chance = Chance::of(13);
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for sector in (0..PAGE / 512).chain(0..PAGE / 512) {
        let (_copy, store) = damaged(&fixture, Damage::Sector(sector), &chance).await;
        let mut live = 0;
        for held in &held {
            let word = match store.check(&held.token, true, at(1)).get().await {
                Ok(Check::Live(_)) => "live",
                Ok(Check::Not(_)) => "not live",
                Err(_) => "cannot tell",
            };
            live += usize::from(word == "live");
            *said.entry(word).or_default() += 1;
        }
        assert!(live > 750, "sector {sector}: {live} of {}", held.len());
        let user = store_user(&store, &held[0]).await;
        store.open_session(fixture.order(&user), at(2)).await.expect("a sign-on far away");
    }
    println!("{said:?}");
}

/// Goal: one row that can't be read keeps no sweep from all the others.
/// Method: the detail of one session is noise; then everything is idle, once by its time and once by an ending of all.
#[tokio::test]
async fn a_damaged_row_is_passed_over_by_the_sweep() {
    for with_others in [false, true] {
        let (fixture, held) = closed().await;
        if with_others {
            fixture.end(EndTarget::Realm(fixture.realm), at(1)).await.expect("an ending");
        }
        let database = Connection::open(fixture.engine.path().join("adieu.db")).expect("a database");
        database
            .execute("UPDATE session SET detail = '{' WHERE locator = (SELECT min(locator) FROM session)", [])
            .expect("damaged");
        drop(database);
        let now = if with_others { at(2) } else { at(20_000) };
        let (mut gone, mut rounds) = (0, 0);
        loop {
            let swept = fixture.store.sweep(now, Span::from_s(1_000_000)).await.expect("a sweep");
            (gone, rounds) = (gone + swept.sessions, rounds + 1);
            if !swept.more || rounds == 100 {
                break;
            }
        }
        assert_eq!(gone as usize, held.len() - 1, "with others: {with_others}");
    }
}

/// Goal: words that a newer version wrote are no damage: the session that they tell of is on its lists, and so are the others.
/// Method: the tombstone of one of two sessions gets a cause and an actor that nobody knows.
#[tokio::test]
async fn words_of_a_newer_version_spoil_no_list() {
    let fixture = Fixture::<Sqlite>::new().await;
    let ada = fixture.user("ada").await;
    let (ended, live) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    fixture.end(ended.presented(), at(1)).await.expect("an ending");
    let database = Connection::open(fixture.engine.path().join("adieu.db")).expect("a database");
    let sql =
        "UPDATE session SET detail = json_set(detail, '$.why', 'signal_from_upstream', '$.who', 'robot 7')
        WHERE state = 2";
    assert_eq!(database.execute(sql, []).expect("written"), 1);
    drop(database);
    let listed = fixture.sessions(&ada, None, at(2)).await;
    assert_eq!(listed.len(), 2);
    for record in listed {
        let told = record.fate.ending().map(|ending| (ending.at, ending.cause, ending.actor.clone()));
        let expect = (record.session.id != live.session.id).then_some((at(1), Cause::Other, Actor::Other));
        assert_eq!(told, expect);
    }
}
