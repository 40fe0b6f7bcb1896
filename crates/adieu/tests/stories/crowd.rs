//! Many at once over real HTTP, and two servers on one folder.
//!
//! The server is the real binary with its real limits; only hashing is cheap.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use adieu_testkit::crash::dialects::{Addressee, Dialect, DialectExit, Left};
use adieu_testkit::crash::server::CrashServer;
use adieu_testkit::world::profile_config;

/// No answer of a healthy server takes as long; one that waits for a lock of its own does.
const STALL: Duration = Duration::from_secs(10);

async fn server(people: usize) -> CrashServer {
    let binary = Path::new(env!("CARGO_BIN_EXE_adieu"));
    let mut config = profile_config("main");
    config.pingone.sessions_max = 0; // One user has all 64.
    CrashServer::prepare(binary, config, people, false).await.expect("a server")
}

/// Goal: HOME-LIMITS, ONE-SLOW-HURTS-NONE: 64 sign-ons at once go through without an error or a stall, in every dialect,
/// of one user and of many (Kratos on SQLite: `database is locked`, 0.5 a second); and so do 64 endings.
#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_sign_ons_at_once_go_through() {
    let mut server = server(64).await;
    let ear = server.start().await.expect("it starts");
    for dialect in Dialect::ALL {
        for users in [1, 64] {
            let tasks: Vec<_> = (0..64)
                .map(|n| {
                    let (dialects, ear) = (server.dialects.clone(), ear.clone());
                    let person = server.people[n % users].clone();
                    tokio::spawn(async move {
                        let signed_on = dialects.sign_on(&ear, dialect, &person.name, &person.password);
                        let signed_on = tokio::time::timeout(STALL, signed_on).await.expect("no stall");
                        let token = signed_on.expect("no error").expect("the right password");
                        let live = tokio::time::timeout(STALL, dialects.live(&ear, dialect, &token)).await;
                        assert_eq!(live.expect("no stall"), Ok(true));
                        let whom = Addressee { token, session: String::new(), user: person.id };
                        let end = dialects.end(&ear, DialectExit::KratosNative, &whom, "");
                        let left = tokio::time::timeout(STALL, end).await.expect("no stall");
                        assert_eq!(left, Ok(Left::Ended));
                        assert_eq!(dialects.live(&ear, dialect, &whom.token).await, Ok(false));
                        whom.token
                    })
                })
                .collect();
            let mut tokens = BTreeSet::new();
            for task in tasks {
                tokens.insert(task.await.expect("no panic"));
            }
            assert_eq!(tokens.len(), 64, "{dialect:?}, {users} users");
        }
    }
}

/// Goal: HOME-LIMITS: a second process on the folder is refused with a sentence that says what to do; the first goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_folder_is_refused() {
    let mut server = server(1).await;
    let ear = server.start().await.expect("it starts");
    let mut second = Command::new(env!("CARGO_BIN_EXE_adieu"));
    second.args(["serve", "--config"]).arg(server.file());
    // Ports of its own, so that the folder is what they meet at.
    second.envs([("ADIEU_PUBLIC__LISTEN", "127.0.0.1:0"), ("ADIEU_ADMIN__LISTEN", "127.0.0.1:0")]);
    let output = second.output().expect("it runs");
    let says = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{says}");
    let expect = "is in use by another process: stop that one, or give this one a folder of its own";
    assert!(says.contains(expect), "{says}");
    let person = server.people[0].clone();
    let signed_on = server.dialects.sign_on(&ear, Dialect::Am, &person.name, &person.password).await;
    assert!(signed_on.expect("an answer").is_some());
}
