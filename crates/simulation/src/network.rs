//! What lies between nodes and the store: time, delay and loss.
//!
//! Time is tokio's, paused: it stands while anything can go on, and then jumps to the next moment at which something is due.
//! Each node's clock shows it with an error of its own. What is drawn here decides when an act takes effect and whether its
//! answer arrives, never what it does.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adieu_core::{Clock, Timestamp};
use tokio::time::Instant;

use crate::dice::{SeededDice, SharedDice};
use crate::history::NodeNumber;
use crate::plant::Plant;

/// The moment at which a run begins: 2026-11-20 09:14:07.312 UTC.
const BEGINNING_MS: i64 = 1_795_166_047_312;
/// What was sent and not answered takes effect within this time, or never.
pub(crate) const LATE_MAX_MS: u64 = 20_000;
/// The longest that an act and its answer are delayed, each.
pub(crate) const SLOW_MAX_MS: u64 = 2_000;
/// Steps that a report shows.
const TRAIL_MAX: usize = 40;

/// The time of a run.
pub(crate) struct VirtualTime(Instant);

impl VirtualTime {
    /// Begins now.
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the run began.
    pub(crate) fn ms(&self) -> i64 {
        i64::try_from((Instant::now() - self.0).as_millis()).unwrap_or(i64::MAX)
    }

    /// A moment of the run as a clock without error shows it.
    pub(crate) const fn shown(ms: i64) -> Timestamp {
        Timestamp::from_ms(BEGINNING_MS + ms)
    }

    /// When a moment that such a clock showed was.
    pub(crate) const fn of_shown(at: Timestamp) -> i64 {
        at.ms() - BEGINNING_MS
    }
}

/// The clock of one node.
pub(crate) struct NodeClock {
    network: Arc<SimulatedNetwork>,
    error_ms: AtomicI64,
}

impl NodeClock {
    pub(crate) const fn new(network: Arc<SimulatedNetwork>, error_ms: i64) -> Self {
        Self { network, error_ms: AtomicI64::new(error_ms) }
    }

    /// Sets it: it goes on with this error.
    pub(crate) fn set(&self, error_ms: i64) {
        self.error_ms.store(error_ms, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        VirtualTime::shown(self.network.time.ms() + self.error_ms.load(Ordering::Relaxed))
    }
}

/// How things go between nodes and the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// The usual longest delay of an act, and of its answer.
    pub(crate) delay_max_ms: u64,
    /// How many of a thousand acts are delayed for much longer.
    pub(crate) slow: u64,
    /// How many of a thousand acts get no answer that says what became of them.
    pub(crate) lost: u64,
}

impl Weather {
    /// Everything arrives, soon.
    pub(crate) const FAIR: Self = Self { delay_max_ms: 1, slow: 0, lost: 0 };

    pub(crate) fn drawn(dice: &mut SeededDice) -> Self {
        let delay_max_ms = *dice.pick(&[0, 1, 3, 10, 30, 100]);
        let slow = *dice.pick(&[0, 0, 5, 50]);
        let lost = *dice.pick(&[0, 0, 0, 5, 30, 150]);
        Self { delay_max_ms, slow, lost }
    }
}

/// What becomes of an act that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActFate {
    /// It takes effect, and the answer arrives.
    Answered,
    /// It is refused, and the answer says so.
    NotTaken,
    /// It takes effect, and nobody says so.
    LandsUnsaid,
    /// It never takes effect, and nobody says so.
    LostUnsaid,
    /// Nobody says what becomes of it, and it takes effect some time afterwards.
    LandsLate,
}

/// When, and what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActStep {
    pub(crate) fate: ActFate,
    before_ms: u64,
    after_ms: u64,
    late_ms: u64,
}

impl ActStep {
    /// The way to the store.
    pub(crate) async fn go(self) {
        pause(self.before_ms).await;
    }

    /// The way back.
    pub(crate) async fn come_back(self) {
        pause(self.after_ms).await;
    }

    /// What passes until an act takes effect of which nobody has heard.
    pub(crate) async fn linger(self) {
        pause(self.late_ms).await;
    }
}

/// Lets so much time pass.
pub(crate) async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// What all nodes of a run share, but for the store.
pub(crate) struct SimulatedNetwork {
    pub(crate) time: VirtualTime,
    pub(crate) dice: SharedDice,
    /// The fault that the store is given, if it is given one.
    pub(crate) plant: Option<Plant>,
    weather: Mutex<Weather>,
    acts: AtomicU64,
    trail: Mutex<VecDeque<TrailStep>>,
}

/// An act that took effect, or did not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrailStep {
    pub(crate) at: i64,
    pub(crate) node: NodeNumber,
    pub(crate) act: &'static str,
    pub(crate) fate: ActFate,
}

impl SimulatedNetwork {
    pub(crate) fn new(seed: u64, weather: Weather, plant: Option<Plant>) -> Self {
        Self {
            time: VirtualTime::new(),
            dice: SharedDice::of(seed, 2),
            plant,
            weather: Mutex::new(weather),
            acts: AtomicU64::new(0),
            trail: Mutex::default(),
        }
    }

    pub(crate) fn is_now(&self, weather: Weather) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// What becomes of the next act.
    pub(crate) fn step(&self) -> ActStep {
        let weather = *self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        self.dice.roll(|dice| {
            let delay = |dice: &mut SeededDice| match dice.chance(weather.slow) {
                true => dice.below(SLOW_MAX_MS + 1),
                false => dice.below(weather.delay_max_ms + 1),
            };
            let (before_ms, after_ms) = (delay(dice), delay(dice));
            let fate = match dice.chance(weather.lost) {
                false => ActFate::Answered,
                true => *dice.pick(&[
                    ActFate::NotTaken,
                    ActFate::LandsUnsaid,
                    ActFate::LostUnsaid,
                    ActFate::LandsLate,
                ]),
            };
            let late_ms = if fate == ActFate::LandsLate { dice.below(LATE_MAX_MS + 1) } else { 0 };
            ActStep { fate, before_ms, after_ms, late_ms }
        })
    }

    /// Notes an act.
    pub(crate) fn acted(&self, node: NodeNumber, act: &'static str, fate: ActFate) {
        self.acts.fetch_add(1, Ordering::Relaxed);
        let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        if trail.len() == TRAIL_MAX {
            trail.pop_front();
        }
        trail.push_back(TrailStep { at: self.time.ms(), node, act, fate });
    }

    /// How many acts took effect.
    pub(crate) fn acts(&self) -> u64 {
        self.acts.load(Ordering::Relaxed)
    }

    /// The last acts.
    pub(crate) fn trail(&self) -> Vec<TrailStep> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
