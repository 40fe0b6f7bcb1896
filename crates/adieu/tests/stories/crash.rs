//! The real server in a storm, killed at random moments; and its power cut off.
//!
//! How often is said by `TEST_CRASH_KILLS` and `TEST_CRASH_POWER_CUTS`, the seed by `TEST_CRASH_SEED`, another binary
//! by `TEST_SERVER` (`cargo xtask crash`). The checker is tested here, too: with answers that lie.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use adieu_testkit::World;
use adieu_testkit::crash::dialects::{DialectClient, Ear, Heard, InProcess, Say, Trouble};
use adieu_testkit::crash::server::populate;
use adieu_testkit::crash::storm::{Dice, Storm, StormPlan, run};

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
    let report = run(Path::new(&binary), plan).await.expect("the test runs");
    println!("seed {seed}: {:?} in {:?}", report.counts, begun.elapsed());
    assert!(report.violations.is_empty(), "seed {seed}: {:#?}", report.violations);
    let counts = report.counts;
    assert!(
        kills == 0 || counts.endings > 10 && counts.mass_endings > 0 && counts.sign_ons > 10,
        "{counts:?}"
    );
}

/// Goal: ENDED-IS-DURABLE, ENDED-STAYS-ENDED, NO-STALE-YES and NO-FALSE-NO over `kill -9` at any moment.
/// Method: the real binary, twelve programs in every dialect and at every exit, a kill, a restart; a checker that saw
/// every answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_every_kill() {
    storm(number("TEST_CRASH_KILLS", 50), false).await;
}

/// Goal: the same when the power goes, and with it everything that was not synced.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_every_power_cut() {
    storm(number("TEST_CRASH_POWER_CUTS", 20), true).await;
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
}

/// The server in this process, with answers that lie.
#[derive(Clone)]
struct Lying {
    truth: InProcess,
    lie: Lie,
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
    let world = World::with_profile(if lie == Lie::PretendsToEndOthers { "main" } else { "hooks" }).await;
    let known = world.variables();
    let people = populate(world.authority(), &world.data, 12).await.expect("people");
    let storm = Arc::new(Storm::new(DialectClient::new(known.clone()), people, true));
    let truth = InProcess::of(&world);
    let worker = DialectClient::new(known).worker(&truth).await.expect("a worker token");
    let ear = Lying { truth, lie, chances: Arc::default() };
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
    ] {
        let violations = found(lie).await;
        assert!(violations.iter().any(|v| v.contains(what)), "{lie:?}: {violations:?}");
    }
}
