//! A node's handle of the store: each act is a step of its own.
//!
//! An act is sent when it is asked for, takes effect some time later, alone, and is answered later still, or never. It is on its
//! way whether or not the node that asked is there any more. There is no rule here; the faults that are planted to try the
//! checker are in `plant`.

mod directory;
mod records;
mod sessions;
mod telling;

use std::sync::Arc;

use adieu_core::{Outage, RealmId, Unwritten};
use adieu_store::{Lookup, Pending};
use adieu_store_memory::MemoryStore;
use tokio::sync::oneshot;

use crate::history::NodeNumber;
use crate::network::{ActFate, ActStep, SimulatedNetwork};
use crate::plant::{Plant, Planted};

/// A handle of the store, as one node has it.
pub(crate) struct SteppedStore {
    behind: MemoryStore,
    node: NodeNumber,
    network: Arc<SimulatedNetwork>,
    planted: Arc<Planted>,
    /// The realm of which a plant tells lies.
    realm: RealmId,
}

impl SteppedStore {
    pub(crate) const fn new(
        behind: MemoryStore,
        node: NodeNumber,
        network: Arc<SimulatedNetwork>,
        planted: Arc<Planted>,
        realm: RealmId,
    ) -> Self {
        Self { behind, node, network, planted, realm }
    }

    /// The planted fault, if it is this one and strikes now.
    fn strikes(&self, plant: Plant) -> bool {
        self.planted.strikes(plant)
    }

    fn read<T: Send + 'static>(
        &self,
        act: &'static str,
        call: impl FnOnce(&MemoryStore) -> Pending<Result<T, Outage>> + Send + 'static,
    ) -> Pending<Result<T, Outage>> {
        self.sent(act, call, |_| lost())
    }

    fn look<T: Send + 'static>(
        &self,
        act: &'static str,
        call: impl FnOnce(&MemoryStore) -> Lookup<Result<T, Outage>> + Send + 'static,
    ) -> Lookup<Result<T, Outage>> {
        let call = move |store: &MemoryStore| -> Pending<Result<T, Outage>> {
            match call(store) {
                Lookup::Now(answer) => Box::pin(std::future::ready(answer)),
                Lookup::Later(answer) => answer,
            }
        };
        Lookup::Later(self.sent(act, call, |_| lost()))
    }

    fn write<T: Send + 'static, E: From<Unwritten> + Send + 'static>(
        &self,
        act: &'static str,
        call: impl FnOnce(&MemoryStore) -> Pending<Result<T, E>> + Send + 'static,
    ) -> Pending<Result<T, E>> {
        self.sent(act, call, |fate| match fate {
            ActFate::NotTaken => Unwritten::NotTaken(lost()).into(),
            ActFate::Answered | ActFate::LandsUnsaid | ActFate::LostUnsaid | ActFate::LandsLate => {
                Unwritten::InDoubt(lost()).into()
            }
        })
    }

    fn sent<T: Send + 'static, E: Send + 'static>(
        &self,
        act: &'static str,
        call: impl FnOnce(&MemoryStore) -> Pending<Result<T, E>> + Send + 'static,
        unsaid: impl Fn(ActFate) -> E + Send + 'static,
    ) -> Pending<Result<T, E>> {
        let (step, node) = (self.network.step(), self.node);
        let (behind, network) = (self.behind.clone(), Arc::clone(&self.network));
        let (reply, answer) = oneshot::channel();
        let way = async move {
            let ActStep { fate, .. } = step;
            step.go().await;
            match fate {
                ActFate::Answered => {
                    let done = call(&behind).await;
                    network.acted(node, act, fate);
                    step.come_back().await;
                    let _ = reply.send(done);
                }
                ActFate::NotTaken | ActFate::LostUnsaid => {
                    network.acted(node, act, fate);
                    step.come_back().await;
                    let _ = reply.send(Err(unsaid(fate)));
                }
                ActFate::LandsUnsaid => {
                    drop(call(&behind).await);
                    network.acted(node, act, fate);
                    step.come_back().await;
                    let _ = reply.send(Err(unsaid(fate)));
                }
                ActFate::LandsLate => {
                    let _ = reply.send(Err(unsaid(fate)));
                    step.linger().await;
                    drop(call(&behind).await);
                    network.acted(node, act, fate);
                }
            }
        };
        // Not the caller's: it goes on when the caller is gone.
        drop(tokio::spawn(way));
        Box::pin(async move { answer.await.expect("whoever is sent answers") })
    }
}

fn lost() -> Outage {
    Outage::new("the simulated network lost it")
}
