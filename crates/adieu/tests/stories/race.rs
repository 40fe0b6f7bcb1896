//! Races: everything that touches a session runs in tight loops while it is ended, at every exit.
//!
//! How many endings a dialect is said by `TEST_RACE_ENDINGS`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use adieu_authority::{
    AmendOrder, Amendment, Authority, Channel, Check, Device, How, Realm, SessionToken, SignOn,
};
use adieu_core::{Clock, Span};
use adieu_testkit::World;
use adieu_testkit::crash::dialects::{Addressee, Dialect, DialectClient, DialectExit, InProcess, Left};
use adieu_testkit::time_and_entropy::FrozenClock;

const ENDINGS: u64 = 100;
/// How often everybody has come round before the ending, and after it.
const ROUNDS: u64 = 3;
const PATIENCE: Duration = Duration::from_secs(30);

/// One session, and everybody who is busy with it.
#[derive(Clone)]
struct Race {
    authority: Authority,
    clock: Arc<FrozenClock>,
    realm: Arc<Realm>,
    dialects: DialectClient,
    ear: InProcess,
    name: String,
    password: String,
    token: SessionToken,
    text: String,
    exit: DialectExit,
    /// The ending was answered.
    answered: Arc<AtomicBool>,
    /// Everybody may go home.
    over: Arc<AtomicBool>,
}

/// Who is busy.
#[derive(Clone, Copy, Debug)]
enum Busy {
    /// Checks that touch, from memory or from disk.
    Checking,
    /// Checks over a dialect.
    Asking(Dialect),
    /// Properties that are set.
    Writing,
    /// A last moment that moves away.
    Extending,
    /// Sign-ons with the session's token.
    Renewing,
    /// Time that passes, so that activity has to be written down.
    Ageing,
}

const EVERYBODY: [Busy; 8] = [
    Busy::Checking,
    Busy::Asking(Dialect::PingOne),
    Busy::Asking(Dialect::Am),
    Busy::Asking(Dialect::Kratos),
    Busy::Writing,
    Busy::Extending,
    Busy::Renewing,
    Busy::Ageing,
];

impl Race {
    /// Does one's work once; says whether the session was treated as live.
    async fn once(&self, busy: Busy, round: u64) -> bool {
        match busy {
            Busy::Checking => {
                let check = self.authority.check(&self.token, true).get().await.expect("an answer");
                matches!(check, Check::Live(_))
            }
            Busy::Asking(dialect) => {
                self.dialects.live(&self.ear, dialect, &self.text).await.expect("an answer")
            }
            Busy::Writing => {
                let values = BTreeMap::from([("round".to_owned(), round.to_string())]);
                self.amended(Amendment::Properties(values)).await
            }
            Busy::Extending => {
                let later = self.clock.now().plus(Span::from_s(24 * 3600));
                self.amended(Amendment::ExpiresAt(later)).await
            }
            Busy::Renewing => {
                let sign_on = SignOn {
                    realm: Arc::clone(&self.realm),
                    channel: Channel::named("kratos"),
                    name: self.name.clone(),
                    password: self.password.clone(),
                    device: Device::default(),
                    previous: Some(self.token.clone()),
                    keep_token: true,
                };
                let signed_in = self.authority.sign_on(sign_on).await.expect("a sign-on");
                signed_in.how == How::Renewed
            }
            Busy::Ageing => {
                if round < ROUNDS {
                    self.clock.advance(Span::from_s(61));
                }
                false
            }
        }
    }

    async fn amended(&self, amendment: Amendment) -> bool {
        self.authority.amend(AmendOrder { session: self.token.id, amendment }).await.is_ok()
    }

    /// Works until it is over; counts the rounds before and after the answer.
    async fn work(self, busy: Busy, before: Arc<AtomicU64>, after: Arc<AtomicU64>) {
        let mut round = 0;
        // A reset session may be begun anew under its id, with another token; then it may be written to again.
        let by_id = self.exit == DialectExit::PingOneReset && matches!(busy, Busy::Writing | Busy::Extending);
        while !self.over.load(Ordering::SeqCst) {
            let began_after = self.answered.load(Ordering::SeqCst);
            let live = self.once(busy, round).await;
            assert!(!(began_after && live && !by_id), "{busy:?} found the session live after the answer");
            (if began_after { &after } else { &before }).fetch_add(1, Ordering::SeqCst);
            round += 1;
            tokio::task::yield_now().await;
        }
    }
}

async fn until(what: &str, mut there: impl FnMut() -> bool) {
    let wait = async {
        while !there() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} did not happen"));
}

/// One ending in the middle of everything.
async fn ended_in_the_middle(world: &World, exit: DialectExit, worker: &str) {
    let dialects = DialectClient::new(world.variables());
    let ear = InProcess::of(world);
    let known = world.variables();
    let text = |name: &str| known["pingone"][name].as_str().expect("a variable").to_owned();
    let (name, password) = (text("user"), text("password"));
    let signed_on = dialects.sign_on(&ear, exit.dialect(), &name, &password).await;
    let token = signed_on.expect("an answer").expect("a token");
    let parsed = SessionToken::parse(&token).expect("a token of ours");
    let whom = Addressee { token: token.clone(), session: parsed.id.to_string(), user: text("user_id") };
    let race = Race {
        authority: world.authority().clone(),
        clock: world.shared_clock(),
        realm: Arc::new(world.data.realm.clone()),
        dialects,
        ear,
        name,
        password,
        token: parsed,
        text: token,
        exit,
        answered: Arc::default(),
        over: Arc::default(),
    };
    let rounds: Vec<_> =
        EVERYBODY.iter().map(|_| (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)))).collect();
    let at_work: Vec<_> = EVERYBODY
        .into_iter()
        .zip(&rounds)
        .map(|(busy, (before, after))| {
            tokio::spawn(race.clone().work(busy, Arc::clone(before), Arc::clone(after)))
        })
        .collect();
    let at_least = |count: &AtomicU64| count.load(Ordering::SeqCst) >= ROUNDS;
    let gone = || at_work.iter().any(tokio::task::JoinHandle::is_finished);
    until("everybody at work", || gone() || rounds.iter().all(|(before, _)| at_least(before))).await;
    let left = race.dialects.end(&race.ear, exit, &whom, worker).await;
    race.answered.store(true, Ordering::SeqCst);
    assert_eq!(left, Ok(Left::Ended), "{exit:?}");
    until("everybody after it", || gone() || rounds.iter().all(|(_, after)| at_least(after))).await;
    race.over.store(true, Ordering::SeqCst);
    for work in at_work {
        work.await.unwrap_or_else(|error| panic!("{exit:?}: {error}"));
    }
    for minute in 0..2 {
        for dialect in Dialect::ALL {
            let live = race.dialects.live(&race.ear, dialect, &race.text).await;
            assert_eq!(live, Ok(false), "{exit:?}, {dialect:?}, {minute} minutes later");
        }
        world.wait_s(60);
    }
}

async fn endings_of(dialect: Dialect) {
    let endings = std::env::var("TEST_RACE_ENDINGS").map_or(ENDINGS, |text| text.parse().expect("a number"));
    let world = World::start().await;
    let exits: Vec<DialectExit> =
        DialectExit::ALL.into_iter().filter(|exit| exit.dialect() == dialect).collect();
    for n in 0..endings {
        let worker = DialectClient::new(world.variables())
            .worker(&InProcess::of(&world))
            .await
            .expect("a worker token");
        ended_in_the_middle(&world, exits[n as usize % exits.len()], &worker).await;
    }
}

/// Goal: NO-STALE-YES and ENDED-STAYS-ENDED at PingOne's three exits, whatever is in flight.
/// Method: checks, last-seen updates, property writes, extensions and renewals of one session in tight loops while it is
/// ended; nobody who begins after the answer finds it live, then or a minute later.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_in_flight_brings_a_session_back_in_pingone() {
    endings_of(Dialect::PingOne).await;
}

/// Goal: NO-STALE-YES and ENDED-STAYS-ENDED at AM's exit: the race that OpenAM loses.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_in_flight_brings_a_session_back_in_am() {
    endings_of(Dialect::Am).await;
}

/// Goal: NO-STALE-YES and ENDED-STAYS-ENDED at Kratos' two exits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_in_flight_brings_a_session_back_in_kratos() {
    endings_of(Dialect::Kratos).await;
}
