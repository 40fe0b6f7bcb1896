//! The weather: many programs at once that sign on, check and end through every channel, and the kills in the middle.
//!
//! After each kill the server is started again, and everybody asks after the sessions of that round and some of earlier
//! ones; at the end after all of them. Every answer goes into the [`Ledger`].

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adieu_core::SessionToken;
use adieu_core::entropy::draw;

use crate::crash::dialects::{Addressee, Dialect, DialectClient, DialectExit, Ear, Left, Trouble};
use crate::crash::ledger::{Ledger, LedgerCounts, SessionNo};
use crate::crash::receiver::ReceiverProcess;
use crate::crash::server::{CrashServer, Person, Tcp};
use crate::time_and_entropy::SeededEntropy;
use crate::world::profile_config;

/// Programs that are at work at the same time.
const PROGRAMS: u64 = 12;
/// Users; few enough that sign-ons which end the others meet them, many enough that sessions grow old.
const PEOPLE: usize = 24;
/// How long after the last start the client may be told of what ended: a notice that failed at every kill waits for seconds.
const TOLD: Duration = Duration::from_secs(90);
/// Sessions of earlier rounds that are asked after in each round.
const OLD_ONES: usize = 100;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct StormPlan {
    /// Chooses who does what, and when the kill comes.
    pub seed: u64,
    /// How often.
    pub kills: u32,
    /// Whether each kill takes the power away, too.
    pub power: bool,
}

/// What was seen.
#[derive(Debug)]
pub struct StormReport {
    /// How much.
    pub counts: LedgerCounts,
    /// What should not have been.
    pub violations: Vec<String>,
}

/// Numbers from a seed.
pub struct Dice(SeededEntropy);

impl Dice {
    /// The dice of a seed and somebody's number.
    pub fn of(seed: u64, number: u64) -> Self {
        Self(SeededEntropy::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number))
    }

    /// A number below `sides`.
    pub fn roll(&self, sides: usize) -> usize {
        (u64::from_be_bytes(draw(&self.0)) % sides.max(1) as u64) as usize
    }

    fn one_of<T: Copy>(&self, choice: &[T]) -> T {
        choice[self.roll(choice.len())]
    }
}

/// The storm over one server: who can sign on, what is known, and what was said.
pub struct Storm {
    dialects: DialectClient,
    people: Vec<Person>,
    /// Whether a sign-on through Kratos ends the user's other sessions.
    ends_others: bool,
    /// The checker.
    pub ledger: Ledger,
    known: Mutex<Vec<(SessionNo, Addressee)>>,
    by_id: Mutex<BTreeMap<String, SessionNo>>,
}

impl Storm {
    /// A storm of these people.
    pub fn new(dialects: DialectClient, people: Vec<Person>, ends_others: bool) -> Self {
        let (known, by_id) = Default::default();
        Self { dialects, people, ends_others, ledger: Ledger::default(), known, by_id }
    }

    /// The client was sent that the session of an id is over, and has taken that or not.
    pub fn notice(&self, session: &str, taken: bool) {
        let by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        // Whose sign-on was never acknowledged is in no book.
        let Some(session) = by_id.get(session).copied() else { return };
        if taken { self.ledger.told(session) } else { self.ledger.told_of(session) }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Vec<(SessionNo, Addressee)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One program at work until it has done so many things, is told to stop, or loses the server.
    pub async fn program(&self, ear: &impl Ear, worker: &str, dice: &Dice, things: u64, stop: &AtomicBool) {
        for _ in 0..things {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let done = match dice.roll(10) {
                0..=2 => self.sign_on(ear, dice).await,
                3..=5 => self.end(ear, worker, dice).await,
                _ => {
                    let Some((session, whom)) = self.somebody(dice) else { continue };
                    self.check(ear, dice.one_of(&Dialect::ALL), session, &whom).await
                }
            };
            match done {
                Ok(()) => {}
                Err(Trouble::Lost) => return,
                Err(trouble) => self.ledger.odd(format!("{trouble:?}")),
            }
        }
    }

    async fn sign_on(&self, ear: &impl Ear, dice: &Dice) -> Result<(), Trouble> {
        let user = dice.roll(self.people.len());
        let person = &self.people[user];
        let dialect =
            if dice.roll(6) == 0 { Dialect::Kratos } else { dice.one_of(&[Dialect::Am, Dialect::PingOne]) };
        let ends_others = self.ends_others && dialect == Dialect::Kratos;
        let order = self.ledger.begin_sign_on(user, ends_others);
        let token = match self.dialects.sign_on(ear, dialect, &person.name, &person.password).await {
            Ok(Some(token)) => token,
            // A mass ending came between the proof and the session.
            Ok(None) => {
                self.ledger.not_signed_on(order, false);
                return Ok(());
            }
            Err(trouble) => {
                self.ledger.not_signed_on(order, true);
                return Err(trouble);
            }
        };
        let session = self.ledger.signed_on(order);
        let id = SessionToken::parse(&token).map(|token| token.id.to_string());
        let id = id.ok_or_else(|| Trouble::Odd(format!("{dialect:?} gave no token of ours")))?;
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), session);
        let whom = Addressee { token, session: id, user: person.id.clone() };
        self.known().push((session, whom.clone()));
        match dice.roll(2) {
            0 => Ok(()),
            // Its client takes part from the beginning.
            _ => self.check(ear, Dialect::PingOne, session, &whom).await,
        }
    }

    /// One of the latest sessions, mostly.
    fn somebody(&self, dice: &Dice) -> Option<(SessionNo, Addressee)> {
        let known = self.known();
        let latest = if dice.roll(4) == 0 { known.len() } else { known.len().min(40) };
        (latest > 0).then(|| known[known.len() - 1 - dice.roll(latest)].clone())
    }

    async fn end(&self, ear: &impl Ear, worker: &str, dice: &Dice) -> Result<(), Trouble> {
        let Some((session, whom)) = self.somebody(dice) else { return Ok(()) };
        let exit = dice.one_of(&DialectExit::ALL);
        let order = self.ledger.begin_ending(session);
        match self.dialects.end(ear, exit, &whom, worker).await {
            Ok(Left::Ended) => self.ledger.ended(order),
            Ok(Left::NotThere) if exit == DialectExit::KratosNative => {
                self.ledger
                    .odd(format!("session {session} is forgotten: a native logout calls its token unknown"));
            }
            Ok(Left::NotThere) => self.ledger.nothing_to_end(order),
            Err(trouble) => {
                self.ledger.ending_lost(order);
                return Err(trouble);
            }
        }
        Ok(())
    }

    async fn check(
        &self,
        ear: &impl Ear,
        dialect: Dialect,
        session: SessionNo,
        whom: &Addressee,
    ) -> Result<(), Trouble> {
        let check = self.ledger.begin_check(session);
        let live = self.dialects.live(ear, dialect, &whom.token).await?;
        self.ledger.checked(check, live);
        if live && dialect == Dialect::PingOne {
            self.ledger.shared(session); // That it is live was said with a code.
        }
        Ok(())
    }

    /// Asks after these sessions; there is no excuse for not answering.
    async fn ask_after(&self, ear: &impl Ear, whom: &[(SessionNo, Addressee)]) {
        let dialects = [Dialect::Kratos, Dialect::Kratos, Dialect::Am, Dialect::PingOne];
        for (n, (session, whom)) in whom.iter().enumerate() {
            if let Err(trouble) = self.check(ear, dialects[n % dialects.len()], *session, whom).await {
                self.ledger.odd(format!("a server that nobody kills: {trouble:?}"));
            }
        }
    }
}

/// Runs the whole test against a binary.
///
/// # Errors
/// When the test itself could not be run: no server, no compiler.
pub async fn run(binary: &Path, receiver: Command, plan: StormPlan) -> Result<StormReport, String> {
    let mut config = profile_config("hooks");
    config.pingone.sessions_max = 0; // The ledger expects everything to live that nobody ended.
    let ends_others = config.kratos.login_ends_others;
    let mut receiver = ReceiverProcess::start(receiver)?;
    let mut server = CrashServer::prepare(binary, config, PEOPLE, plan.power).await?;
    server.tell_at(&receiver.address, 0).await?;
    let storm = Arc::new(Storm::new(server.dialects.clone(), server.people.clone(), ends_others));
    let hearing = Arc::clone(&storm);
    receiver.hear(move |session, taken| hearing.notice(session, taken))?;
    let dice = Dice::of(plan.seed, 0);
    let mut ear = server.start().await?;
    for round in 0..plan.kills {
        let before = storm.known().len();
        blow(&storm, &mut server, &ear, plan, round, &dice).await?;
        if dice.roll(6) == 0 {
            server.stumble(Duration::from_millis(dice.roll(30) as u64), plan.power).await?;
        }
        ear = server.start().await?;
        let mut whom = storm.known()[before..].to_vec();
        {
            let known = storm.known();
            whom.extend((0..OLD_ONES.min(before)).map(|_| known[dice.roll(before)].clone()));
        }
        storm.ask_after(&ear, &whom).await;
        if !storm.ledger.violations().is_empty() {
            break;
        }
    }
    let all = storm.known().clone();
    storm.ask_after(&ear, &all).await;
    let told = async {
        while !storm.ledger.untold().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // Whoever is left is a violation.
    let _ = tokio::time::timeout(TOLD, told).await;
    storm.ledger.close();
    Ok(StormReport { counts: storm.ledger.counts(), violations: storm.ledger.violations() })
}

/// One storm, and the kill in the middle of it.
async fn blow(
    storm: &Arc<Storm>,
    server: &mut CrashServer,
    ear: &Tcp,
    plan: StormPlan,
    round: u32,
    dice: &Dice,
) -> Result<(), String> {
    let worker =
        storm.dialects.worker(ear).await.map_err(|trouble| format!("no worker token: {trouble:?}"))?;
    let stop = Arc::new(AtomicBool::new(false));
    let programs: Vec<_> = (0..PROGRAMS)
        .map(|n| {
            let (storm, ear, worker) = (Arc::clone(storm), ear.clone(), worker.clone());
            let stop = Arc::clone(&stop);
            let dice = Dice::of(plan.seed, (u64::from(round) + 1) * 1000 + n);
            tokio::spawn(async move {
                storm.program(&ear, &worker, &dice, u64::MAX, &stop).await;
            })
        })
        .collect();
    // Not a wait for a state: the moment of the kill is what the dice choose.
    tokio::time::sleep(Duration::from_millis(20 + dice.roll(250) as u64)).await;
    server.kill(plan.power)?;
    stop.store(true, Ordering::SeqCst);
    for program in programs {
        program.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
