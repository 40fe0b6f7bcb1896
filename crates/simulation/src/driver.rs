//! One run: a seed is drawn out into orders, delays, crashes and moods, until everything has come to rest.
//!
//! One thread does everything, in an order that follows from the seed alone. Nothing is judged here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::AbortHandle;

use crate::callers::Callers;
use crate::dice::SeededDice;
use crate::facts::FinalFacts;
use crate::history::{CallAnswer, Happening, History, NodeNumber, OpNumber, Order};
use crate::network::{LATE_MAX_MS, SimulatedNetwork, TrailStep, VirtualTime, Weather, pause};
use crate::orders::KnownPeople;
use crate::plant::Plant;
use crate::receivers::Mood;
use crate::rules::RunRules;
use crate::world::{Installation, Node};

/// Orders that a run gives, at least and at most.
const ORDERS_LEAST: u64 = 80;
const ORDERS_MOST: u64 = 400;
/// Rounds in which all notices come to an end: a day of tries, one after the other.
const ROUNDS_MAX: usize = 2_000;
const DAY_MS: u64 = 86_400_000;
/// Of how many runs that day passes at once.
const SOON: u64 = 800;
/// Of how many orders without an answer one is given again.
const REPEATED: u64 = 500;

/// What came of a run.
pub(crate) struct Run {
    pub(crate) rules: RunRules,
    pub(crate) history: History,
    pub(crate) facts: FinalFacts,
    pub(crate) trail: Vec<TrailStep>,
    pub(crate) acts: u64,
}

/// Orders that are under way, by the node that they were given to.
type UnderWay = Arc<Mutex<BTreeMap<OpNumber, (NodeNumber, AbortHandle, Order)>>>;

struct Driver {
    world: Installation,
    callers: Arc<Callers>,
    dice: SeededDice,
    nodes: Vec<Option<Node>>,
    people: Arc<Mutex<KnownPeople>>,
    under_way: UnderWay,
    /// Orders whose answers were lost, to be given again.
    unanswered: Arc<Mutex<Vec<Order>>>,
    ops: OpNumber,
}

/// Runs a seed.
pub(crate) async fn run(seed: u64, plant: Option<Plant>) -> anyhow::Result<Run> {
    let mut dice = SeededDice::of(seed, 1);
    let rules = RunRules::drawn(&mut dice);
    let network = Arc::new(SimulatedNetwork::new(seed, Weather::drawn(&mut dice), plant));
    let world =
        Installation::made(seed, rules.clone(), network, &mut dice).await.context("an installation")?;
    let mut driver = Driver::of(world, dice);
    driver.work().await;
    driver.rest().await;
    let facts = FinalFacts::read(&driver.world).await.context("what the store holds")?;
    let network = &driver.world.network;
    Ok(Run {
        rules,
        history: driver.world.notes.history(),
        facts,
        trail: network.trail(),
        acts: network.acts(),
    })
}

impl Driver {
    fn of(world: Installation, dice: SeededDice) -> Self {
        let callers = Arc::new(Callers::of(&world));
        let people = Arc::new(Mutex::new(KnownPeople::of(&world.rules)));
        let nodes = (0..world.rules.nodes).map(|_| None).collect();
        let mut driver = Self {
            world,
            callers,
            dice,
            nodes,
            people,
            under_way: Arc::default(),
            unanswered: Arc::default(),
            ops: 0,
        };
        for no in 0..driver.nodes.len() {
            driver.start(no);
        }
        driver
    }

    /// Orders, and everything that may get in their way.
    async fn work(&mut self) {
        let orders = ORDERS_LEAST + self.dice.below(ORDERS_MOST - ORDERS_LEAST);
        let pause_max = *self.dice.pick(&[2, 5, 20, 100]);
        let trouble = *self.dice.pick(&[0, 20, 60]);
        for _ in 0..orders {
            if self.dice.chance(trouble) {
                self.trouble().await;
            }
            if let Some(order) = self.next_order() {
                self.give(order);
            }
            tokio::task::yield_now().await;
            pause(self.dice.below(pause_max)).await;
        }
    }

    fn next_order(&mut self) -> Option<Order> {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = unanswered.pop().filter(|_| self.dice.chance(REPEATED)) {
            return Some(order);
        }
        drop(unanswered);
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.next_order(&self.world.rules, &self.world.notes, &mut self.dice)
    }

    /// Gives an order to some node that is up.
    fn give(&mut self, order: Order) -> Option<OpNumber> {
        let up: Vec<_> = self.nodes.iter().flatten().map(|node| (node.no, node.authority.clone())).collect();
        if up.is_empty() {
            return None;
        }
        let (node, authority) = self.dice.pick(&up).clone();
        self.ops += 1;
        let op = self.ops;
        self.world.notes.write(Happening::Begun { op, node, order });
        let (callers, under_way) = (Arc::clone(&self.callers), Arc::clone(&self.under_way));
        let (people, unanswered) = (Arc::clone(&self.people), Arc::clone(&self.unanswered));
        let task = tokio::spawn(async move {
            let answer = callers.carry_out(&authority, order).await;
            under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&op);
            match answer {
                CallAnswer::Changed { .. } => {
                    people.lock().unwrap_or_else(PoisonError::into_inner).heard(order);
                }
                CallAnswer::CannotTell => {
                    unanswered.lock().unwrap_or_else(PoisonError::into_inner).push(order);
                }
                _ => {}
            }
            callers.notes.write(Happening::Answered { op, answer });
        });
        let entry = (node, task.abort_handle(), order);
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(op, entry);
        Some(op)
    }

    fn start(&mut self, no: NodeNumber) {
        let most = self.world.rules.clock_error_ms;
        let error = i64::try_from(self.dice.below(2 * most.unsigned_abs() + 1)).unwrap_or(0) - most;
        self.world.notes.write(Happening::Started { node: no });
        let mut node = self.world.start(no, error);
        if self.dice.chance(850) {
            node.begin_telling();
        }
        self.nodes[no] = Some(node);
    }

    /// A node loses its memory, and everybody who waits for it an answer.
    fn crash(&mut self, no: NodeNumber) {
        let Some(mut node) = self.nodes[no].take() else { return };
        self.world.notes.write(Happening::Crashed { node: no });
        node.end_telling();
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<OpNumber> =
            under_way.iter().filter(|(_, (at, ..))| *at == no).map(|(op, _)| *op).collect();
        for (op, (_, task, order)) in gone.into_iter().filter_map(|op| Some((op, under_way.remove(&op)?))) {
            task.abort();
            self.world.notes.write(Happening::Lost { op });
            self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).push(order);
        }
    }

    /// Something that nobody ordered.
    async fn trouble(&mut self) {
        let no = self.dice.index(self.nodes.len());
        match self.dice.below(12) {
            0..=2 => match self.nodes[no] {
                Some(_) => self.crash(no),
                None => self.start(no),
            },
            3 => self.start_all(),
            4 => {
                let most = self.world.rules.clock_error_ms;
                let error = i64::try_from(self.dice.below(2 * most.unsigned_abs() + 1)).unwrap_or(0) - most;
                if let Some(node) = &self.nodes[no] {
                    node.clock.set(error);
                }
            }
            5 => {
                if let Some(node) = &mut self.nodes[no] {
                    if node.tells() { node.end_telling() } else { node.begin_telling() }
                }
            }
            6..=8 => {
                let receiver = self.dice.index(self.world.rules.receivers());
                self.world.receivers.feels(receiver, Mood::drawn(&mut self.dice));
            }
            9..=10 => self.world.network.is_now(Weather::drawn(&mut self.dice)),
            _ => {
                let ms = *self.dice.pick(&[1_000, 12_000, 31_000, 65_000, 601_000, 3_601_000]);
                self.jump(ms).await;
            }
        }
    }

    fn start_all(&mut self) {
        for no in 0..self.nodes.len() {
            if self.nodes[no].is_none() {
                self.start(no);
            }
        }
    }

    /// Lets time pass in which nobody comes to anything, as when the machines were suspended.
    async fn jump(&self, ms: u64) {
        self.world.notes.write(Happening::Jumped { ms });
        tokio::time::advance(Duration::from_millis(ms)).await;
    }

    /// Everything comes to an end: orders, sessions, notices.
    async fn rest(&mut self) {
        self.world.network.is_now(Weather::FAIR);
        for node in self.nodes.iter_mut().flatten() {
            node.end_telling();
        }
        for no in 0..self.nodes.len() {
            if self.nodes[no].is_none() {
                self.start(no);
            }
            if let Some(node) = &mut self.nodes[no] {
                node.end_telling();
            }
        }
        for receiver in 0..self.world.rules.receivers() {
            self.world.receivers.feels(receiver, Mood::last(&mut self.dice));
        }
        // What was lost lands by then, or never.
        pause(2 * LATE_MAX_MS).await;
        self.look_at_everything().await;
        let over = self.world.rules.absolute_ms + 4 * self.world.rules.clocks_differ_ms() + 1_000;
        self.jump(over.unsigned_abs()).await;
        for order in [Order::Expire, Order::Sweep, Order::Expire] {
            self.give(order);
            pause(1_000).await;
        }
        self.look_at_everything().await;
        self.tell_all().await;
    }

    /// Checks every token, and counts the sessions of every user.
    async fn look_at_everything(&mut self) {
        for token in 0..self.world.notes.tokens() {
            self.give(Order::Check { token, touch: false });
        }
        for user in 0..self.world.rules.users.len() {
            self.give(Order::Count { user });
        }
        pause(1_000).await;
    }

    /// Lets the outboxes of all nodes, in turn, tell until nothing is pending any more.
    async fn tell_all(&mut self) {
        let soon = self.dice.chance(SOON);
        for round in 0..ROUNDS_MAX {
            let no = round % self.nodes.len();
            let Some(outbox) = self.nodes[no].as_ref().map(|node| node.outbox.clone()) else { return };
            drop(outbox.tell_due().await);
            let now = self.world.network.time.ms();
            // As the slowest clock sees it: what is due by that was tried.
            let slowest = VirtualTime::shown(now - self.world.rules.clock_error_ms - 1);
            let Some(due) = self.world.next_due(slowest).await else { return };
            let ms = (VirtualTime::of_shown(due) - now).max(1) + self.world.rules.clock_error_ms;
            // After a day, who fails still fails for the last time.
            let day = if soon && round == 2 * self.nodes.len() { DAY_MS } else { 0 };
            tokio::time::advance(Duration::from_millis(ms.unsigned_abs() + day)).await;
        }
    }
}
