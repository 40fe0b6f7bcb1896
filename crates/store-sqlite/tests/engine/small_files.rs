//! A disk that takes no more: a child whose files may not grow beyond a limit (RLIMIT_FSIZE, as a full disk does it).
//!
//! The child is this test binary again; it says what was acknowledged. The limit falls on the write-ahead log, in the
//! middle of commits: there the answer is "in doubt", and what was acknowledged before is kept.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use adieu_core::Check;
use adieu_core::{EndError, SessionToken, SignOnError};
use adieu_store::suite::{Engine, Fixture, OpenedSession, at};
use adieu_store_sqlite::Options;

use crate::support::{self, Sqlite};

const CHILD: &str = "TEST_SMALL_FILES";
/// Units of 512 bytes: three megabytes, less than the write-ahead log likes to be.
const FILE_BLOCKS: u32 = 6144;

/// Only as a child: fills the store until it refuses, waits for word that there is room, goes on.
#[tokio::test]
async fn child_with_small_files() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let store = support::open(path.as_ref(), Options::default()).expect("the store opens");
    let engine = Sqlite::fresh().await;
    let fixture = Fixture::found_on(engine, std::sync::Arc::new(store)).await;
    let ada = fixture.user("ada").await;
    let mut held: Vec<OpenedSession> = Vec::new();
    let mut opened = 0;
    let refused = loop {
        let order = fixture.order(&ada);
        let secret = order.secret.clone();
        match fixture.store.open_session(order, at(0)).await {
            Ok(done) => {
                let token = SessionToken { id: done.session.id, secret };
                println!("live {}", token.reveal());
                held.push(OpenedSession { session: done.session, token });
                opened += 1;
            }
            Err(refused) => break refused,
        }
        if opened % 5 == 0 {
            let ended = held.remove(0);
            match fixture.end(ended.presented(), at(0)).await {
                Ok(_) => println!("ended {}", ended.token.reveal()),
                Err(EndError::Unwritten(_)) => {
                    println!("doubt {}", ended.token.reveal())
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    assert!(matches!(refused, SignOnError::Unwritten(_)), "{refused:?}");
    for held in &held {
        fixture.expect_live(held, at(1)).await;
    }
    // An ending needs less room than a sign-on: a few more may fit.
    let doubtful = loop {
        let one = held.remove(0);
        match fixture.end(one.presented(), at(1)).await {
            Ok(_) => println!("ended {}", one.token.reveal()),
            Err(EndError::Unwritten(_)) => break one,
            Err(other) => panic!("{other:?}"),
        }
    };
    fixture.expect_live(&doubtful, at(1)).await;
    println!("doubt {}", doubtful.token.reveal());
    println!("full");
    std::io::stdin().lock().read_line(&mut String::new()).expect("word from the parent");
    let late = fixture.sign_on(&ada, at(2)).await;
    println!("live {}", late.token.reveal());
    fixture.end(held[1].presented(), at(2)).await.expect("an ending");
    println!("ended {}", held[1].token.reveal());
    println!("done");
    std::io::stdin().lock().read_line(&mut String::new()).expect("word from the parent");
}

struct Small {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    tell: ChildStdin,
    live: Vec<String>,
    ended: Vec<String>,
}

impl Small {
    fn start(engine: &Sqlite) -> Self {
        let script = format!("trap '' XFSZ; ulimit -S -f {FILE_BLOCKS}; exec \"$0\" \"$@\"");
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .arg(std::env::current_exe().expect("this test"))
            .args(["--exact", "small_files::child_with_small_files", "--nocapture", "--test-threads=1"])
            .env(CHILD, engine.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let said = BufReader::new(child.stdout.take().expect("piped")).lines();
        let tell = child.stdin.take().expect("piped");
        Self { child, said, tell, live: vec![], ended: vec![] }
    }

    /// Listens until the child says `word`.
    fn until(&mut self, word: &str) {
        for line in self.said.by_ref() {
            let line = line.expect("text");
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some("live"), Some(token)) => self.live.push(token.into()),
                (Some(how @ ("ended" | "doubt")), Some(token)) => {
                    self.live.retain(|known| known != token);
                    if how == "ended" {
                        self.ended.push(token.into());
                    }
                }
                (Some(said), None) if said == word => return,
                _ => {} // The test harness talks, too.
            }
        }
        panic!("the child ended before it said {word:?}");
    }
}

/// Goal: HOME-LIMITS and ENDED-IS-DURABLE on a full disk, over room that comes back and a `kill -9`.
#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let engine = Sqlite::fresh().await;
    let mut small = Small::start(&engine);
    small.until("full");
    assert!(small.live.len() > 50, "{}", small.live.len());
    let pid = small.child.id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
    assert!(raised.expect("prlimit").success());
    writeln!(small.tell, "there is room").expect("the child listens");
    small.until("done");
    small.child.kill().expect("killed");
    small.child.wait().expect("gone");

    let store = support::open(&engine.path(), Options::default()).expect("the store opens");
    let checked = async |text: &str| {
        let token = SessionToken::parse(text).expect("a token");
        adieu_store::Sessions::check(&store, &token, false, at(3)).get().await.expect("an answer")
    };
    for token in &small.live {
        assert!(matches!(checked(token).await, Check::Live(_)), "an acknowledged sign-on is lost");
    }
    for token in &small.ended {
        assert!(matches!(checked(token).await, Check::Not(_)), "an acknowledged ending is undone");
    }
    assert!(!small.ended.is_empty());
}
