//! What the store holds when a run is over: endings and receipts.
//!
//! It is read from the engine itself, past the simulated network.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use adieu_core::{EndingPlace, Outage, Receipt, Receiver, Timestamp};
use adieu_store::{LeaseOrder, Notices, ReceiptQuery, Sessions};

use crate::history::ReceiverNumber;
use crate::world::{Installation, subscriber_name};

/// Entries that one page has.
const PAGE: u32 = 500;

/// A receipt, with its receiver's number.
#[derive(Clone, Debug)]
pub(crate) struct KnownReceipt {
    pub(crate) receiver: ReceiverNumber,
    pub(crate) ending: String,
    pub(crate) receipt: Receipt,
}

/// What the store holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct FinalFacts {
    /// Every ending that has an entry.
    pub(crate) endings: BTreeSet<String>,
    pub(crate) receipts: Vec<KnownReceipt>,
    /// What each user is called in notices.
    pub(crate) subjects: Vec<String>,
}

impl FinalFacts {
    pub(crate) async fn read(world: &Installation) -> Result<Self, Outage> {
        let subjects = world.users.iter().map(ToString::to_string).collect();
        let mut facts = Self { subjects, ..Self::default() };
        let numbers = world.receiver_numbers();
        // Entries are counted from one; what a list shows nothing of has receipts all the same.
        for place in (1..).map_while(|line| EndingPlace::of(line, 0)) {
            let ending = world.store.ending_id(place);
            let Some(receipts) = all_receipts(world, place).await? else { break };
            facts.endings.insert(ending.to_string());
            facts.receipts.extend(receipts.into_iter().map(|receipt| {
                let receiver = numbers[&receipt.receiver.key()];
                KnownReceipt { receiver, ending: ending.to_string(), receipt }
            }));
        }
        Ok(facts)
    }
}

/// All receipts of an ending; none if there is no such ending.
async fn all_receipts(world: &Installation, place: EndingPlace) -> Result<Option<Vec<Receipt>>, Outage> {
    let (ending, mut after, mut all) = (world.store.ending_id(place), None, Vec::new());
    loop {
        let query = ReceiptQuery { ending, after, most: PAGE };
        let Some(page) = world.store.receipts(query).await? else { return Ok(None) };
        all.extend(page.receipts);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(Some(all)),
        }
    }
}

impl Installation {
    /// When a notice may be tried next; none if nothing is pending. Nothing is leased by it.
    pub(crate) async fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let order = LeaseOrder { until: now, most: 0, reserved: 0, most_each: 1, busy: HashMap::new() };
        self.store.lease_notices(order, now).await.ok()?.next_due
    }

    /// The numbers of receivers, by their keys.
    fn receiver_numbers(&self) -> BTreeMap<String, ReceiverNumber> {
        let clients =
            self.clients.iter().enumerate().map(|(no, id)| (Receiver::Client(id.clone()).key(), no));
        let subscribers = [self.rules.hook_no(), self.rules.revocation_no()].map(|no| {
            let id = subscriber_name(no).parse().expect("a name of letters");
            (Receiver::Subscriber(id).key(), no)
        });
        clients.chain(subscribers).collect()
    }
}
