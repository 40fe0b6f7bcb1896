//! The real server in a storm, killed at random moments; and its power cut off.
//!
//! How often is said by `TEST_CRASH_KILLS` and `TEST_CRASH_POWER_CUTS`, the seed by `TEST_CRASH_SEED`, another binary
//! by `TEST_SERVER` (`cargo xtask crash`). The checker is tested here, too: with answers that lie.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use adieu::provision::ALPHA_IN_DEVELOPMENT;
use adieu_core::{RealmId, SessionToken};
use adieu_testkit::World;
use adieu_testkit::crash::dialects::{DialectClient, Ear, Heard, InProcess, Say, Trouble};
use adieu_testkit::crash::receiver;
use adieu_testkit::crash::server::populate;
use adieu_testkit::crash::storm::{Dice, Storm, StormPlan, run};
use adieu_testkit::crash::walk::{WalkPlan, walk};
use adieu_testkit::world::profile_config;

use crate::told::claims_of;
use crate::told::receiver::Receiver;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

async fn storm(kills: u64, power: bool) {
    let seed = number("TEST_CRASH_SEED", u64::from(std::process::id()));
    let kills = u32::try_from(kills).expect("a number of kills");
    println!("seed {seed}, {kills} kills, power cuts: {power}");
    let begun = tokio::time::Instant::now();
    let plan = StormPlan { seed, kills, power };
    let binary = std::env::var_os("TEST_SERVER").unwrap_or_else(|| env!("CARGO_BIN_EXE_adieu").into());
    let report = run(Path::new(&binary), receiver_process(), plan).await.expect("the test runs");
    println!("seed {seed}: {:?} in {:?}", report.counts, begun.elapsed());
    assert!(report.violations.is_empty(), "seed {seed}: {:#?}", report.violations);
    let counts = report.counts;
    assert!(
        kills == 0
            || counts.endings > 10 && counts.mass_endings > 0 && counts.sign_ons > 10 && counts.told > 10,
        "{counts:?}"
    );
}

const RECEIVES: &str = "TEST_RECEIVES_NOTICES";

/// The client that is told, as a process of its own: this binary with one test.
fn receiver_process() -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test binary"));
    command.args(["--exact", "crash::a_receiver_of_notices", "--nocapture"]).env(RECEIVES, "");
    command
}

/// Goal: none of its own: it is what [`receiver_process`] runs.
#[test]
fn a_receiver_of_notices() {
    if std::env::var_os(RECEIVES).is_some() {
        receiver::serve().expect("a free port");
    }
}

/// Goal: ENDED-IS-DURABLE, ENDED-STAYS-ENDED, NO-STALE-YES, NO-FALSE-NO and NOTICE-WITH-ENDING over `kill -9` at any moment.
/// Method: the real binary, twelve programs in every dialect and at every exit, a kill, a restart; a client in a process of its
/// own that is told; a checker that saw every answer and every notice.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_every_kill() {
    storm(number("TEST_CRASH_KILLS", 50), false).await;
}

/// Goal: the same when the power goes, and with it everything that was not synced.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_every_power_cut() {
    storm(number("TEST_CRASH_POWER_CUTS", 20), true).await;
}

/// Goal: NOTICE-WITH-ENDING over `kill -9` in the middle of the walk over the many that end together, and in the middle of telling
/// them: everybody is told at least once, and nobody much oftener. Method: a realm ends; the server is killed again and again
/// while it tells; a client in a process of its own counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_realm_that_ends_is_told_over_every_kill() {
    let seed = number("TEST_CRASH_SEED", u64::from(std::process::id()));
    let people = usize::try_from(number("TEST_CRASH_PEOPLE", 60)).expect("a number of people");
    let kills = usize::try_from(number("TEST_CRASH_WALK_KILLS", 6)).expect("a number of kills");
    let binary = std::env::var_os("TEST_SERVER").unwrap_or_else(|| env!("CARGO_BIN_EXE_adieu").into());
    let realm = RealmId::from_uuid(ALPHA_IN_DEVELOPMENT);
    let plan = WalkPlan { seed, people, sessions_each: 20, kills, realm };
    let told = walk(Path::new(&binary), receiver_process(), plan).await.expect("the test runs");
    assert_eq!(told.untold, Vec::<String>::new(), "seed {seed}");
    assert_eq!(told.strange, Vec::<String>::new(), "seed {seed}: each user once, and not each session");
    // A notice may be sent again by each process that comes after a kill.
    assert!(told.oftenest <= kills + 1, "seed {seed}: one was told {} times", told.oftenest);
}

/// How a way to the server lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// Not at all.
    No,
    /// An ended session is called live now and then: it is revived, or a check is stale.
    Revives,
    /// A live session is called not live now and then: a sign-on is lost.
    Loses,
    /// An ending is acknowledged and not done.
    Pretends,
    /// A mass ending is acknowledged and not done.
    PretendsToEndOthers,
    /// The server forgets what it has ended.
    Forgets,
    /// A notice is lost now and then.
    LosesNotices,
    /// The client is told of an ending that is not done.
    TellsEarly,
}

/// The server in this process, with answers that lie.
#[derive(Clone)]
struct Lying {
    truth: InProcess,
    lie: Lie,
    storm: Arc<Storm>,
    /// How often it could have lied: it does so every third time.
    chances: Arc<AtomicU64>,
}

impl Ear for Lying {
    async fn ask(&self, say: Say) -> Result<Heard, Trouble> {
        let whoami = say.path == "/sessions/whoami";
        let delete = say.path == "/self-service/logout/api";
        if delete && self.lie == Lie::Pretends {
            return Ok(Heard { status: 204, headers: Default::default(), text: String::new() });
        }
        if delete && self.lie == Lie::TellsEarly {
            let body: serde_json::Value = serde_json::from_str(&say.body).expect("JSON");
            let token = body["session_token"].as_str().and_then(SessionToken::parse).expect("a token");
            self.storm.notice(&token.id.to_string(), false);
            return Err(Trouble::Unavailable);
        }
        let mut heard = self.truth.ask(say).await?;
        let lied = match (self.lie, heard.status) {
            (Lie::Revives, 401) if whoami => 200,
            (Lie::Loses, 200) if whoami => 401,
            (Lie::Forgets, 204) if delete => 403,
            _ => return Ok(heard),
        };
        if self.chances.fetch_add(1, Ordering::SeqCst) % 3 == 1 {
            heard.status = lied;
        }
        Ok(heard)
    }
}

/// The violations that the checker finds in a storm over a lying server.
async fn found(lie: Lie) -> Vec<String> {
    // A server of profile `main` does not end the others: the storm of the last lie believes that it does.
    let mut config = profile_config(if lie == Lie::PretendsToEndOthers { "main" } else { "hooks" });
    config.pingone.sessions_max = 0; // The ledger expects everything to live that nobody ended.
    let world = World::with_config(config).await;
    let known = world.variables();
    let people = populate(world.authority(), &world.data, 12).await.expect("people");
    let storm = Arc::new(Storm::new(DialectClient::new(known.clone()), people, true));
    let truth = InProcess::of(&world);
    let worker = DialectClient::new(known).worker(&truth).await.expect("a worker token");
    let receiver = Receiver::start().await;
    let (address, app) = (receiver.address("/told"), world.data.app.id.clone());
    world.edit_client(&app, |client| client.backchannel_logout_uri = Some(address.clone())).await;
    let ear = Lying { truth, lie, storm: Arc::clone(&storm), chances: Arc::default() };
    let programs: Vec<_> = (0..6)
        .map(|n| {
            let (storm, ear, worker) = (Arc::clone(&storm), ear.clone(), worker.clone());
            tokio::spawn(async move {
                let stop = AtomicBool::new(false);
                storm.program(&ear, &worker, &Dice::of(5, n), 150, &stop).await;
            })
        })
        .collect();
    for program in programs {
        program.await.expect("no panic");
    }
    let outbox = world.server().outbox(world.config()).expect("an outbox");
    while outbox.tell_due().await.expect("a round") > 0 {}
    for (number, heard) in receiver.heard().iter().enumerate() {
        let session = claims_of(heard.body.strip_prefix("logout_token=").expect("a token"))["sid"].clone();
        if lie != Lie::LosesNotices || number % 3 != 1 {
            let session = session.as_str().expect("each is told by its name");
            storm.notice(session, false);
            storm.notice(session, true);
        }
    }
    storm.ledger.close();
    storm.ledger.violations()
}

/// Goal: a checker that finds nothing must be able to find something. Method: the same storm over an honest server,
/// and over installations whose answers lie in one way each.
#[tokio::test(flavor = "multi_thread")]
async fn the_checker_finds_every_planted_lie_and_nothing_else() {
    assert_eq!(found(Lie::No).await, Vec::<String>::new());
    for (lie, what) in [
        (Lie::Revives, "is live after an acknowledged ending"),
        (Lie::Loses, "is not live, and nobody has begun to end it"),
        (Lie::Pretends, "is live after an acknowledged ending"),
        (Lie::PretendsToEndOthers, "is live after an acknowledged ending"),
        (Lie::Forgets, "is forgotten"),
        (Lie::LosesNotices, "its client was never told"),
        (Lie::TellsEarly, "is live after its client was told that it is over"),
    ] {
        let violations = found(lie).await;
        assert!(violations.iter().any(|v| v.contains(what)), "{lie:?}: {violations:?}");
    }
}
