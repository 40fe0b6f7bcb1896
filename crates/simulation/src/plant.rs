//! Faults that are planted in the store, to see that the simulation finds them.
//!
//! A store without a plant is the engine in memory as it is. Each plant breaks one promise now and then.

use std::sync::{Arc, Mutex, PoisonError};

use adieu_core::{
    Cause, EndKind, EndOrder, EndTarget, NoticeAnswer, Origin, RealmId, SessionId, Settlement, SignOnOrder,
    Timestamp,
};
use adieu_store::{LeaseOrder, LeasedNotice, Notices, SessionQuery, Sessions};
use adieu_store_memory::MemoryStore;

use crate::network::SimulatedNetwork;

/// A fault of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// An ending is answered, and was not written.
    ForgetsEnding,
    /// A check is answered from what was so a while ago.
    StaleYes,
    /// A check finds nothing where there is a live session.
    LosesSession,
    /// A change of a user is answered, and was not written.
    ForgetsChange,
    /// A sign-on counts no other sessions.
    ForgetsQuota,
    /// A code is redeemed, and stays good.
    ForgetsRedemption,
    /// A refresh token gives way to another one, and stays the good one.
    ForgetsRotation,
    /// Receipts of which nobody has been told are gone.
    LosesNotice,
    /// A session that is live is told of as one that ended.
    TellsEarly,
    /// What is leased can be leased again at once.
    LeasesTwice,
    /// Whatever a receiver answered, it is written down as a success.
    ConfirmsUnheard,
    /// A notice is refused by its receiver and given up at its first try.
    GivesUpEarly,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::ForgetsEnding,
        Self::StaleYes,
        Self::LosesSession,
        Self::ForgetsChange,
        Self::ForgetsQuota,
        Self::ForgetsRedemption,
        Self::ForgetsRotation,
        Self::LosesNotice,
        Self::TellsEarly,
        Self::LeasesTwice,
        Self::ConfirmsUnheard,
        Self::GivesUpEarly,
    ];

    /// Its word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ForgetsEnding => "forgets-ending",
            Self::StaleYes => "stale-yes",
            Self::LosesSession => "loses-session",
            Self::ForgetsChange => "forgets-change",
            Self::ForgetsQuota => "forgets-quota",
            Self::ForgetsRedemption => "forgets-redemption",
            Self::ForgetsRotation => "forgets-rotation",
            Self::LosesNotice => "loses-notice",
            Self::TellsEarly => "tells-early",
            Self::LeasesTwice => "leases-twice",
            Self::ConfirmsUnheard => "confirms-unheard",
            Self::GivesUpEarly => "gives-up-early",
        }
    }

    /// The plant of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| plant.word() == word)
    }
}

/// How many of a thousand occasions a plant takes.
const STRIKES: u64 = 120;
/// Acts after which what is stale is renewed.
const STALE_FOR: u64 = 40;

/// The plant of a run, and what it remembers.
pub(crate) struct Planted {
    network: Arc<SimulatedNetwork>,
    stale: Mutex<Option<(u64, MemoryStore)>>,
}

impl Planted {
    pub(crate) fn new(network: Arc<SimulatedNetwork>) -> Self {
        Self { network, stale: Mutex::default() }
    }

    /// Whether it is this plant, and it strikes now.
    pub(crate) fn strikes(&self, plant: Plant) -> bool {
        self.network.plant == Some(plant) && self.network.dice.roll(|dice| dice.chance(STRIKES))
    }

    /// The store as it was some acts ago, if that is what the plant shows.
    pub(crate) fn stale(&self, store: &MemoryStore) -> Option<MemoryStore> {
        if self.network.plant != Some(Plant::StaleYes) {
            return None;
        }
        let acts = self.network.acts();
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        if stale.as_ref().is_none_or(|(at, _)| acts - at > STALE_FOR) {
            *stale = Some((acts, store.copied()));
        }
        stale.as_ref().map(|(_, store)| store.clone())
    }
}

/// The store that an act is done to: the real one, or one that is thrown away.
pub(crate) fn scene(store: &MemoryStore, thrown_away: bool) -> MemoryStore {
    if thrown_away { store.copied() } else { store.clone() }
}

/// A sign-on that counts nobody.
pub(crate) fn uncounted(order: SignOnOrder) -> SignOnOrder {
    SignOnOrder { quota: None, ..order }
}

/// A try as if its receiver had taken the notice.
pub(crate) fn confirmed(settlement: Settlement) -> Settlement {
    Settlement { answer: NoticeAnswer::Status { code: 200, retry_after: None }, ..settlement }
}

/// Notices that a live session of the realm would owe if it had ended.
pub(crate) async fn notices_of_a_live_session(
    store: &MemoryStore,
    realm: RealmId,
    order: LeaseOrder,
    now: Timestamp,
) -> Vec<LeasedNotice> {
    let imagined = store.copied();
    let query = SessionQuery { after: None, most: 20, live: Some(true) };
    let Ok(page) = imagined.realm_sessions(realm, query, now).await else { return Vec::new() };
    let shared = page.sessions.iter().find(|record| record.session.participants > 0);
    let Some(session) = shared.map(|record| record.session.id) else { return Vec::new() };
    drop(imagined.lease_notices(order.clone(), now).await);
    drop(imagined.end(end_of(session), now).await);
    drop(imagined.take_endings(now).await);
    imagined.lease_notices(order, now).await.map(|leased| leased.notices).unwrap_or_default()
}

fn end_of(session: SessionId) -> EndOrder {
    EndOrder {
        realm: None,
        target: EndTarget::One(session),
        kind: EndKind::End,
        cause: Cause::Administrator,
        spare: None,
        within: None,
        origin: Origin::of_system(),
    }
}
