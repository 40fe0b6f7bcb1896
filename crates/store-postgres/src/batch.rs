//! What the orders of one commit read and write: the working set of all tables, and the lines of what they end.
//!
//! An order reads and writes here only; it halts where something is missing, and what it did is undone (see `writer`). The same set
//! without locks serves those who only read. Nothing here speaks to the database.

mod clients;
mod consents;
mod each;
mod endings;
mod kept;
mod people;
mod populations;
mod receipts;
mod sessions;
mod told;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use adieu_core::{
    Client, ClientId, EndingPlace, FlowId, PopulationId, Realm, RealmId, Receiver, StoredClient, User,
    UserId, UserKey, present_client,
};

use crate::rows::{
    AllRealms, AllTold, BatchGone, ClientsOf, ClientsWithUri, ConsentsOf, CountByGeneration, DocumentsFrom,
    DoneMass, Due, DueBetween, DueOf, ExpiredFlows, ExpiredGrants, FirstBehind, GuardRow, Guarded, HasTrait,
    HighestTick, KeptClient, KeptConsent, KeptCounts, KeptDocument, KeptExternal, KeptFlow, KeptGrant,
    KeptKey, KeptMass, KeptName, KeptParticipant, KeptPopulation, KeptRealm, KeptReceipt, KeptReceiver,
    KeptRemoved, KeptSubscriber, KeptTold, KeptUser, KeyInUse, KeysOf, LastPlace, LatestOf, LeasedBy,
    LineGone, LineOf, LinesDownFrom, ListOfRealm, ListOfUser, ListedTrait, ListedUri, LiveEntry, LiveOf,
    LiveOfUser, LiveStretch, NodeGone, OldBatches, OldCounts, OldLines, OldReceipts, ParticipantsAt,
    PendingOf, PlacedSession, PlacesBetween, PlacesOf, PopulationsOf, ReceiptsOf, ReceiversBehind,
    RowsBehind, SharedDue, SharedDueBy, SharedPlaces, Stretch, SubscribedRealms, SubscribersOf, ToldBehind,
    UntoldLines, UsersIn, UsersOf, WaitingReceivers, Walks,
};
use crate::shared::Shared;
use crate::working::{Halt, Lock, Looked, Replies, WorkingTable};

pub(crate) use each::{each_question, each_table, name_each_question, name_each_table};
pub(crate) use endings::LineMade;
pub(crate) use receipts::in_steps;

/// A lock that an order wants before it is run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LockHint {
    User(UserKey),
    UserId(UserId),
    Realm(RealmId, Lock),
    Client(ClientId, Lock),
    Population(PopulationId, Lock),
    Guard(Guarded),
    Flow(FlowId),
    Receiver(Receiver),
    Counts(EndingPlace),
}

/// The working set of a batch.
pub(crate) struct Batch {
    pub(crate) shared: Arc<Shared>,
    /// Whether something is written: then rows that guard others are locked.
    writes: bool,
    /// Whether it holds what guards work, although it locks nothing else.
    guards_only: bool,
    pub(crate) users: WorkingTable<KeptUser>,
    pub(crate) realms: WorkingTable<KeptRealm>,
    pub(crate) populations: WorkingTable<KeptPopulation>,
    pub(crate) clients: WorkingTable<KeptClient>,
    pub(crate) guards: WorkingTable<GuardRow>,
    pub(crate) sessions: WorkingTable<PlacedSession>,
    pub(crate) live: WorkingTable<LiveEntry>,
    pub(crate) participants: WorkingTable<KeptParticipant>,
    pub(crate) mass_endings: WorkingTable<KeptMass>,
    pub(crate) names: WorkingTable<KeptName>,
    pub(crate) externals: WorkingTable<KeptExternal>,
    pub(crate) keys: WorkingTable<KeptKey>,
    pub(crate) dues: WorkingTable<Due>,
    pub(crate) shared_dues: WorkingTable<SharedDue>,
    pub(crate) documents: WorkingTable<KeptDocument>,
    pub(crate) removed: WorkingTable<KeptRemoved>,
    pub(crate) uris: WorkingTable<ListedUri>,
    pub(crate) traits: WorkingTable<ListedTrait>,
    pub(crate) receivers: WorkingTable<KeptReceiver>,
    pub(crate) told: WorkingTable<KeptTold>,
    pub(crate) receipt_counts: WorkingTable<KeptCounts>,
    pub(crate) consents: WorkingTable<KeptConsent>,
    pub(crate) flows: WorkingTable<KeptFlow>,
    pub(crate) grants: WorkingTable<KeptGrant>,
    pub(crate) subscribers: WorkingTable<KeptSubscriber>,
    pub(crate) receipts: WorkingTable<KeptReceipt>,
    pub(crate) lines_gone: WorkingTable<LineGone>,
    pub(crate) batches_gone: WorkingTable<BatchGone>,
    pub(crate) nodes_gone: WorkingTable<NodeGone>,
    pub(crate) asked: AllReplies,
    /// Keys of users by their ids; none where there is no such user.
    ids: BTreeMap<UserId, Option<UserKey>>,
    wanted_ids: RefCell<BTreeSet<UserId>>,
    /// Ids of users whom another batch holds, or who are not there.
    contended_ids: BTreeSet<UserId>,
    pub(crate) lines: Vec<LineMade>,
    /// How many lines there were before the order at work, and how much of the last one.
    lines_before: (usize, Option<LineMade>),
    /// In which list this batch writes its lines, and the tick of the last one there.
    pub(crate) lane: (u64, u64),
    /// Whether no other batch shares anything with it: then it waits for what it wants alone.
    pub(crate) is_alone: bool,
    /// Whether it holds locks.
    pub(crate) holds: bool,
    hints: RefCell<Vec<LockHint>>,
    refused_in_writing: Cell<bool>,
}

/// Questions by their kinds.
#[derive(Default)]
pub(crate) struct AllReplies {
    pub(crate) all_realms: Replies<AllRealms>,
    pub(crate) populations_of: Replies<PopulationsOf>,
    pub(crate) users_in: Replies<UsersIn>,
    pub(crate) users_of: Replies<UsersOf>,
    pub(crate) key_in_use: Replies<KeyInUse>,
    pub(crate) clients_of: Replies<ClientsOf>,
    pub(crate) keys_of: Replies<KeysOf>,
    pub(crate) live_of: Replies<LiveOf>,
    pub(crate) live_stretch: Replies<LiveStretch>,
    pub(crate) of_realm: Replies<Stretch<ListOfRealm>>,
    pub(crate) of_user: Replies<Stretch<ListOfUser>>,
    pub(crate) live_of_user: Replies<Stretch<LiveOfUser>>,
    pub(crate) count_by_generation: Replies<CountByGeneration>,
    pub(crate) last_place: Replies<LastPlace>,
    pub(crate) places_of: Replies<PlacesOf>,
    pub(crate) participants_at: Replies<ParticipantsAt>,
    pub(crate) shared_places: Replies<SharedPlaces>,
    pub(crate) first_behind: Replies<FirstBehind>,
    pub(crate) line: Replies<LineOf>,
    pub(crate) lines_down_from: Replies<LinesDownFrom>,
    pub(crate) highest_tick: Replies<HighestTick>,
    pub(crate) documents_from: Replies<DocumentsFrom>,
    pub(crate) clients_with_uri: Replies<ClientsWithUri>,
    pub(crate) has_trait: Replies<HasTrait>,
    pub(crate) all_told: Replies<AllTold>,
    pub(crate) untold_lines: Replies<UntoldLines>,
    pub(crate) consents_of: Replies<ConsentsOf>,
    pub(crate) due_between: Replies<DueBetween>,
    pub(crate) shared_due_by: Replies<SharedDueBy>,
    pub(crate) walks: Replies<Walks>,
    pub(crate) done_mass: Replies<DoneMass>,
    pub(crate) rows_behind: Replies<RowsBehind>,
    pub(crate) expired_flows: Replies<ExpiredFlows>,
    pub(crate) expired_grants: Replies<ExpiredGrants>,
    pub(crate) old_lines: Replies<OldLines>,
    pub(crate) old_receipts: Replies<OldReceipts>,
    pub(crate) old_counts: Replies<OldCounts>,
    pub(crate) old_batches: Replies<OldBatches>,
    pub(crate) subscribers_of: Replies<SubscribersOf>,
    pub(crate) subscribed_realms: Replies<SubscribedRealms>,
    pub(crate) receipts_of: Replies<ReceiptsOf>,
    pub(crate) due_of: Replies<DueOf>,
    pub(crate) latest_of: Replies<LatestOf>,
    pub(crate) leased_by: Replies<LeasedBy>,
    pub(crate) pending_of: Replies<PendingOf>,
    pub(crate) waiting: Replies<WaitingReceivers>,
    pub(crate) receivers_behind: Replies<ReceiversBehind>,
    pub(crate) told_behind: Replies<ToldBehind>,
    pub(crate) places_between: Replies<PlacesBetween>,
}

impl Batch {
    /// The working set of a batch that writes, with the list of its lines and the tick of the last one there.
    pub(crate) fn writing(shared: &Arc<Shared>, lane: u64) -> Self {
        Self::new(shared, true, lane)
    }

    /// The working set of a batch that tells: what ended is changed by nobody, so that users, realms and clients are only read.
    pub(crate) fn telling(shared: &Arc<Shared>, lane: u64) -> Self {
        let reading = Self::new(shared, false, lane);
        let Self { guards, receivers, told, receipt_counts, .. } = Self::new(shared, true, lane);
        Self { guards, receivers, told, receipt_counts, guards_only: true, ..reading }
    }

    /// The working set of questions.
    pub(crate) fn reading(shared: &Arc<Shared>) -> Self {
        Self::new(shared, false, 0)
    }

    fn new(shared: &Arc<Shared>, writes: bool, lane: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            writes,
            guards_only: false,
            users: WorkingTable::new(writes),
            realms: WorkingTable::new(writes),
            populations: WorkingTable::new(writes),
            clients: WorkingTable::new(writes),
            guards: WorkingTable::new(writes),
            sessions: WorkingTable::new(writes),
            live: WorkingTable::new(writes),
            participants: WorkingTable::new(writes),
            mass_endings: WorkingTable::new(writes),
            names: WorkingTable::new(writes),
            externals: WorkingTable::new(writes),
            keys: WorkingTable::new(writes),
            dues: WorkingTable::new(writes),
            shared_dues: WorkingTable::new(writes),
            documents: WorkingTable::new(writes),
            removed: WorkingTable::new(writes),
            uris: WorkingTable::new(writes),
            traits: WorkingTable::new(writes),
            receivers: WorkingTable::new(writes),
            told: WorkingTable::new(writes),
            receipt_counts: WorkingTable::new(writes),
            consents: WorkingTable::new(writes),
            flows: WorkingTable::new(writes),
            grants: WorkingTable::new(writes),
            subscribers: WorkingTable::new(writes),
            receipts: WorkingTable::new(writes),
            lines_gone: WorkingTable::new(writes),
            batches_gone: WorkingTable::new(writes),
            nodes_gone: WorkingTable::new(writes),
            asked: AllReplies::default(),
            ids: BTreeMap::new(),
            wanted_ids: RefCell::default(),
            contended_ids: BTreeSet::new(),
            lines: Vec::new(),
            lines_before: (0, None),
            lane: (lane, 0),
            is_alone: false,
            holds: false,
            hints: RefCell::default(),
            refused_in_writing: Cell::new(false),
        }
    }

    /// The next order is at work.
    pub(crate) fn begin_order(&mut self) {
        self.users.begin_order();
        each_table!(self, table => table.begin_order());
        self.lines_before = (self.lines.len(), self.lines.last().cloned());
        self.hints.get_mut().clear();
        self.refused_in_writing.set(false);
    }

    /// Undoes what the order at work has done so far.
    pub(crate) fn undo_order(&mut self) {
        self.users.undo_order();
        each_table!(self, table => table.undo_order());
        let (count, last) = std::mem::take(&mut self.lines_before);
        self.lines.truncate(count);
        if let (Some(line), Some(last)) = (self.lines.last_mut(), last) {
            *line = last;
        }
    }

    /// Whether the order at work has written something.
    pub(crate) fn is_touched(&mut self) -> bool {
        let mut touched = self.users.is_touched();
        each_table!(self, table => touched |= table.is_touched());
        touched
    }

    /// Says that the order at work is refused and writes that down: a code that is replayed revokes its grant.
    pub(crate) fn refuse_in_writing(&self) {
        self.refused_in_writing.set(true);
    }

    pub(crate) fn is_refused_in_writing(&self) -> bool {
        self.refused_in_writing.get()
    }

    /// The locks that the order at work has asked for.
    pub(crate) fn take_hints(&self) -> Vec<LockHint> {
        std::mem::take(&mut self.hints.borrow_mut())
    }

    /// Wants a lock with the first ones.
    pub(crate) fn want(&self, hint: &LockHint) {
        match hint {
            LockHint::User(key) => self.users.want(key, Some(Lock::Exclusive)),
            LockHint::UserId(id) => _ = self.wanted_ids.borrow_mut().insert(*id),
            LockHint::Realm(id, lock) => self.realms.want(id, Some(*lock)),
            LockHint::Client(id, lock) => self.clients.want(id, Some(*lock)),
            LockHint::Population(id, lock) => self.populations.want(id, Some(*lock)),
            LockHint::Flow(id) => self.flows.want(id, Some(Lock::Exclusive)),
            LockHint::Receiver(receiver) => self.receivers.want(receiver, Some(Lock::Exclusive)),
            LockHint::Counts(place) => {
                self.receipt_counts.want(&(place.line(), place.entry()), Some(Lock::Exclusive));
            }
            LockHint::Guard(guarded) => self.guards.want(guarded, Some(Lock::Exclusive)),
        }
    }

    fn hint(&self, hint: LockHint) {
        let is_kept = matches!(hint, LockHint::Guard(_) | LockHint::Receiver(_) | LockHint::Counts(_));
        if self.writes || (self.guards_only && is_kept) {
            self.hints.borrow_mut().push(hint);
        }
    }

    /// The user of a key.
    pub(crate) fn user_by_key(&self, key: UserKey) -> Looked<Option<Arc<User>>> {
        self.hint(LockHint::User(key));
        Ok(self.users.get(&key)?.map(|user| Arc::clone(&user.0)))
    }

    /// The user of an id, deleted or not.
    pub(crate) fn user(&self, id: UserId) -> Looked<Option<Arc<User>>> {
        self.hint(LockHint::UserId(id));
        match self.ids.get(&id) {
            Some(Some(key)) => self.user_by_key(*key),
            Some(None) => {
                // One that this batch has made.
                let made = self.users.all_changed().filter_map(|(_, user)| user);
                Ok(made.map(|user| &user.0).find(|user| user.id == id).cloned())
            }
            None if self.contended_ids.contains(&id) => Err(Halt::Deferred),
            None => {
                self.wanted_ids.borrow_mut().insert(id);
                Err(Halt::Missing)
            }
        }
    }

    /// The realm of an id.
    pub(crate) fn realm(&self, id: RealmId) -> Looked<Option<Arc<Realm>>> {
        Ok(self.kept_realm(id)?.map(|kept| kept.realm))
    }

    pub(super) fn kept_realm(&self, id: RealmId) -> Looked<Option<KeptRealm>> {
        self.hint(LockHint::Realm(id, Lock::Shared));
        Ok(self.realms.get(&id)?.cloned())
    }

    /// The realm of an id, which the order may change.
    pub(crate) fn realm_to_change(&self, id: RealmId) -> Looked<Option<Arc<Realm>>> {
        self.hint(LockHint::Realm(id, Lock::Exclusive));
        Ok(self.realms.get_to_change(&id)?.map(|kept| Arc::clone(&kept.realm)))
    }

    pub(crate) fn write_realm(&mut self, realm: Realm) -> Looked<()> {
        self.hint(LockHint::Realm(realm.id, Lock::Exclusive));
        let line_floor = self.realms.get_to_change(&realm.id)?.map_or(0, |kept| kept.line_floor);
        self.realms.put(KeptRealm { realm: Arc::new(realm), line_floor });
        Ok(())
    }

    /// What is stored under a client's id.
    pub(crate) fn stored_client(&self, id: &ClientId) -> Looked<Option<StoredClient>> {
        self.hint(LockHint::Client(id.clone(), Lock::Shared));
        Ok(self.clients.get(id)?.map(|kept| kept.0.clone()))
    }

    /// The same, for an order that may change it.
    pub(crate) fn stored_client_to_change(&self, id: &ClientId) -> Looked<Option<StoredClient>> {
        self.hint(LockHint::Client(id.clone(), Lock::Exclusive));
        Ok(self.clients.get_to_change(id)?.map(|kept| kept.0.clone()))
    }

    /// A client that was not removed.
    pub(crate) fn client(&self, id: &ClientId) -> Looked<Option<Client>> {
        Ok(present_client(self.stored_client(id)?))
    }

    /// Keeps others away from what a row guards, until the commit.
    pub(crate) fn guard(&self, guarded: Guarded) -> Looked<()> {
        if self.writes || self.guards_only {
            self.hint(LockHint::Guard(guarded));
            self.guards.get(&guarded)?;
        }
        Ok(())
    }

    /// Ids of users that are wanted.
    pub(crate) fn take_wanted_ids(&mut self) -> Vec<UserId> {
        let wanted = std::mem::take(self.wanted_ids.get_mut());
        wanted
            .into_iter()
            .filter(|id| !self.ids.contains_key(id) && !self.contended_ids.contains(id))
            .collect()
    }

    /// Notes the key of a user who was read.
    pub(crate) fn know_id(&mut self, id: UserId, key: UserKey) {
        self.ids.insert(id, Some(key));
    }

    /// Notes that no user of an id was read.
    pub(crate) fn know_no_user(&mut self, id: UserId, skipped: bool) {
        if self.ids.contains_key(&id) {
            return;
        }
        if skipped {
            self.contended_ids.insert(id);
        } else {
            self.ids.insert(id, None);
        }
    }

    pub(crate) fn wants_ids(&self) -> bool {
        !self.wanted_ids.borrow().is_empty()
    }

    /// Whether it wants something for itself that others share without a break.
    pub(crate) fn wants_shared_alone(&self) -> bool {
        self.realms.wants_alone() || self.clients.wants_alone() || self.populations.wants_alone()
    }

    pub(crate) fn writes(&self) -> bool {
        self.writes
    }
}
