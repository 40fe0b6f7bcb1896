//! What holds in a run: limits, people, clients and subscribers, drawn from the seed.
//!
//! The installation is made as these say, and the checker judges by them.

use adieu_core::{Beyond, Quota};

use crate::dice::SeededDice;
use crate::history::ReceiverNumber;

/// What a client is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientRule {
    /// Whether it can be told.
    pub(crate) has_address: bool,
    /// Whether it wants to be told of each session.
    pub(crate) by_session: bool,
    /// Whether what it holds outlives the session.
    pub(crate) outlives_session: bool,
}

/// What holds in a run. Times are in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct RunRules {
    pub(crate) nodes: usize,
    /// How far a clock may be from the true time.
    pub(crate) clock_error_ms: i64,
    pub(crate) idle_ms: Option<i64>,
    pub(crate) absolute_ms: i64,
    pub(crate) quota: Option<Quota>,
    pub(crate) password_ends_sessions: bool,
    pub(crate) code_life_ms: i64,
    pub(crate) refresh_life_ms: i64,
    pub(crate) grace_ms: i64,
    /// The realm of each user: the first or the second one.
    pub(crate) users: Vec<usize>,
    pub(crate) clients: Vec<ClientRule>,
    /// Whether a web hook of the first realm is told of everything.
    pub(crate) hook: bool,
    /// Whether another system is told to revoke what users of the first realm have there.
    pub(crate) revocation: bool,
}

impl RunRules {
    pub(crate) fn drawn(dice: &mut SeededDice) -> Self {
        let beyond = [Beyond::Refuse, Beyond::EndOldest, Beyond::EndNextExpiring, Beyond::EndAll];
        let quota = Quota { max: 1 + dice.below(3) as u32, beyond: *dice.pick(&beyond) };
        let client = |dice: &mut SeededDice| ClientRule {
            has_address: !dice.chance(150),
            by_session: dice.chance(300),
            outlives_session: dice.chance(150),
        };
        let in_first = 1 + dice.index(4);
        Self {
            nodes: 1 + dice.index(4),
            clock_error_ms: *dice.pick(&[0, 0, 50, 3_000]),
            idle_ms: *dice.pick(&[None, None, Some(30_000), Some(600_000)]),
            absolute_ms: *dice.pick(&[60_000, 3_600_000, 86_400_000]),
            quota: dice.chance(400).then_some(quota),
            password_ends_sessions: dice.chance(800),
            code_life_ms: 60_000,
            refresh_life_ms: *dice.pick(&[120_000, 30 * 86_400_000]),
            grace_ms: *dice.pick(&[0, 10_000]),
            users: (0..in_first).map(|_| 0).chain([1]).collect(),
            clients: (0..1 + dice.index(4)).map(|_| client(dice)).collect(),
            hook: dice.chance(500),
            revocation: dice.chance(250),
        }
    }

    /// The number of the web hook as a receiver.
    pub(crate) const fn hook_no(&self) -> ReceiverNumber {
        self.clients.len()
    }

    /// The number of the other system as a receiver.
    pub(crate) const fn revocation_no(&self) -> ReceiverNumber {
        self.clients.len() + 1
    }

    pub(crate) const fn receivers(&self) -> usize {
        self.clients.len() + 2
    }

    /// By how much two clocks may differ.
    pub(crate) const fn clocks_differ_ms(&self) -> i64 {
        2 * self.clock_error_ms
    }
}
