//! What the orders of one commit read and write: the working set of all tables, and the lines of what they end.
//!
//! An order reads and writes here only; it halts where something is missing, and what it did is undone (see `writer`). The same set
//! without locks serves those who only read. Nothing here speaks to the database.

mod clients;
mod consents;
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
    DoneMass, Due, DueBetween, DueOf, ExpiredFlows, ExpiredGrants, FirstBehind, Guard, Guarded, HasTrait,
    HighestTick, KeptClient, KeptConsent, KeptCounts, KeptDocument, KeptExternal, KeptFlow, KeptGrant,
    KeptKey, KeptMass, KeptName, KeptParticipant, KeptPopulation, KeptRealm, KeptReceipt, KeptReceiver,
    KeptRemoved, KeptSession, KeptSubscriber, KeptTold, KeptUser, KeyInUse, KeysOf, LastPlace, LatestOf,
    Line, LineGone, LinesDownFrom, ListedTrait, ListedUri, LiveEntry, LiveOf, LiveOfUser, LiveStretch,
    OfRealm, OfUser, OldBatches, OldCounts, OldLines, OldReceipts, ParticipantsAt, PendingOf, PlacesBetween,
    PlacesOf, PopulationsOf, ReceiptsOf, ReceiversBehind, RowsBehind, SharedDue, SharedDueBy, SharedPlaces,
    Stretch, SubscribedRealms, SubscribersOf, ToldBehind, UntoldLines, UsersIn, UsersOf, Waiting, Walks,
};
use crate::shared::Shared;
use crate::working::{Asked, Halt, Lock, Looked, Table};

pub(crate) use endings::LineMade;

/// A lock that an order wants before it is run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hint {
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
    pub(crate) users: Table<KeptUser>,
    pub(crate) realms: Table<KeptRealm>,
    pub(crate) populations: Table<KeptPopulation>,
    pub(crate) clients: Table<KeptClient>,
    pub(crate) guards: Table<Guard>,
    pub(crate) sessions: Table<KeptSession>,
    pub(crate) live: Table<LiveEntry>,
    pub(crate) participants: Table<KeptParticipant>,
    pub(crate) mass_endings: Table<KeptMass>,
    pub(crate) names: Table<KeptName>,
    pub(crate) externals: Table<KeptExternal>,
    pub(crate) keys: Table<KeptKey>,
    pub(crate) dues: Table<Due>,
    pub(crate) shared_dues: Table<SharedDue>,
    pub(crate) documents: Table<KeptDocument>,
    pub(crate) removed: Table<KeptRemoved>,
    pub(crate) uris: Table<ListedUri>,
    pub(crate) traits: Table<ListedTrait>,
    pub(crate) receivers: Table<KeptReceiver>,
    pub(crate) told: Table<KeptTold>,
    pub(crate) receipt_counts: Table<KeptCounts>,
    pub(crate) consents: Table<KeptConsent>,
    pub(crate) flows: Table<KeptFlow>,
    pub(crate) grants: Table<KeptGrant>,
    pub(crate) subscribers: Table<KeptSubscriber>,
    pub(crate) receipts: Table<KeptReceipt>,
    pub(crate) lines_gone: Table<LineGone>,
    pub(crate) batches_gone: Table<BatchGone>,
    pub(crate) asked: AllAsked,
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
    /// Whether it holds locks.
    pub(crate) holds: bool,
    hints: RefCell<Vec<Hint>>,
    refused_in_writing: Cell<bool>,
}

/// Questions by their kinds.
#[derive(Default)]
pub(crate) struct AllAsked {
    pub(crate) all_realms: Asked<AllRealms>,
    pub(crate) populations_of: Asked<PopulationsOf>,
    pub(crate) users_in: Asked<UsersIn>,
    pub(crate) users_of: Asked<UsersOf>,
    pub(crate) key_in_use: Asked<KeyInUse>,
    pub(crate) clients_of: Asked<ClientsOf>,
    pub(crate) keys_of: Asked<KeysOf>,
    pub(crate) live_of: Asked<LiveOf>,
    pub(crate) live_stretch: Asked<LiveStretch>,
    pub(crate) of_realm: Asked<Stretch<OfRealm>>,
    pub(crate) of_user: Asked<Stretch<OfUser>>,
    pub(crate) live_of_user: Asked<Stretch<LiveOfUser>>,
    pub(crate) count_by_generation: Asked<CountByGeneration>,
    pub(crate) last_place: Asked<LastPlace>,
    pub(crate) places_of: Asked<PlacesOf>,
    pub(crate) participants_at: Asked<ParticipantsAt>,
    pub(crate) shared_places: Asked<SharedPlaces>,
    pub(crate) first_behind: Asked<FirstBehind>,
    pub(crate) line: Asked<Line>,
    pub(crate) lines_down_from: Asked<LinesDownFrom>,
    pub(crate) highest_tick: Asked<HighestTick>,
    pub(crate) documents_from: Asked<DocumentsFrom>,
    pub(crate) clients_with_uri: Asked<ClientsWithUri>,
    pub(crate) has_trait: Asked<HasTrait>,
    pub(crate) all_told: Asked<AllTold>,
    pub(crate) untold_lines: Asked<UntoldLines>,
    pub(crate) consents_of: Asked<ConsentsOf>,
    pub(crate) due_between: Asked<DueBetween>,
    pub(crate) shared_due_by: Asked<SharedDueBy>,
    pub(crate) walks: Asked<Walks>,
    pub(crate) done_mass: Asked<DoneMass>,
    pub(crate) rows_behind: Asked<RowsBehind>,
    pub(crate) expired_flows: Asked<ExpiredFlows>,
    pub(crate) expired_grants: Asked<ExpiredGrants>,
    pub(crate) old_lines: Asked<OldLines>,
    pub(crate) old_receipts: Asked<OldReceipts>,
    pub(crate) old_counts: Asked<OldCounts>,
    pub(crate) old_batches: Asked<OldBatches>,
    pub(crate) subscribers_of: Asked<SubscribersOf>,
    pub(crate) subscribed_realms: Asked<SubscribedRealms>,
    pub(crate) receipts_of: Asked<ReceiptsOf>,
    pub(crate) due_of: Asked<DueOf>,
    pub(crate) latest_of: Asked<LatestOf>,
    pub(crate) pending_of: Asked<PendingOf>,
    pub(crate) waiting: Asked<Waiting>,
    pub(crate) receivers_behind: Asked<ReceiversBehind>,
    pub(crate) told_behind: Asked<ToldBehind>,
    pub(crate) places_between: Asked<PlacesBetween>,
}

/// The tables but that of the users, in the order in which they are locked and written.
macro_rules! name_each_table {
    ($do:ident) => {
        $do!(realms);
        $do!(populations);
        $do!(clients);
        $do!(guards);
        $do!(sessions);
        $do!(live);
        $do!(participants);
        $do!(mass_endings);
        $do!(names);
        $do!(externals);
        $do!(keys);
        $do!(dues);
        $do!(shared_dues);
        $do!(documents);
        $do!(removed);
        $do!(uris);
        $do!(traits);
        $do!(receivers);
        $do!(told);
        $do!(receipt_counts);
        $do!(consents);
        $do!(flows);
        $do!(grants);
        $do!(subscribers);
        $do!(receipts);
        $do!(lines_gone);
        $do!(batches_gone);
    };
}
pub(crate) use name_each_table;

/// The kinds of questions.
macro_rules! name_each_question {
    ($do:ident) => {
        $do!(all_realms);
        $do!(populations_of);
        $do!(users_in);
        $do!(users_of);
        $do!(key_in_use);
        $do!(clients_of);
        $do!(keys_of);
        $do!(live_of);
        $do!(live_stretch);
        $do!(of_realm);
        $do!(of_user);
        $do!(live_of_user);
        $do!(count_by_generation);
        $do!(last_place);
        $do!(places_of);
        $do!(participants_at);
        $do!(shared_places);
        $do!(first_behind);
        $do!(line);
        $do!(lines_down_from);
        $do!(highest_tick);
        $do!(documents_from);
        $do!(clients_with_uri);
        $do!(has_trait);
        $do!(all_told);
        $do!(untold_lines);
        $do!(consents_of);
        $do!(due_between);
        $do!(shared_due_by);
        $do!(walks);
        $do!(done_mass);
        $do!(rows_behind);
        $do!(expired_flows);
        $do!(expired_grants);
        $do!(old_lines);
        $do!(old_receipts);
        $do!(old_counts);
        $do!(old_batches);
        $do!(subscribers_of);
        $do!(subscribed_realms);
        $do!(receipts_of);
        $do!(due_of);
        $do!(latest_of);
        $do!(pending_of);
        $do!(waiting);
        $do!(receivers_behind);
        $do!(told_behind);
        $do!(places_between);
    };
}
pub(crate) use name_each_question;

/// Does something with each of these tables.
macro_rules! each_table {
    ($batch:expr, $table:ident => $do:expr) => {{
        macro_rules! with {
            ($name:ident) => {{
                let $table = &mut $batch.$name;
                $do;
            }};
        }
        $crate::batch::name_each_table!(with);
    }};
}
pub(crate) use each_table;

/// Does something with each kind of question.
macro_rules! each_question {
    ($batch:expr, $asked:ident => $do:expr) => {{
        macro_rules! with {
            ($name:ident) => {{
                let $asked = &mut $batch.asked.$name;
                $do;
            }};
        }
        $crate::batch::name_each_question!(with);
    }};
}
pub(crate) use each_question;

impl Batch {
    /// The working set of a batch that writes, with the list of its lines and the tick of the last one there.
    pub(crate) fn writing(shared: &Arc<Shared>, lane: (u64, u64)) -> Self {
        Self::new(shared, true, lane)
    }

    /// The working set of a batch that tells: what ended is changed by nobody, so that users, realms and clients are only read.
    pub(crate) fn telling(shared: &Arc<Shared>, lane: (u64, u64)) -> Self {
        let reading = Self::new(shared, false, lane);
        let Self { guards, receivers, told, receipt_counts, .. } = Self::new(shared, true, lane);
        Self { guards, receivers, told, receipt_counts, guards_only: true, ..reading }
    }

    /// The working set of questions.
    pub(crate) fn reading(shared: &Arc<Shared>) -> Self {
        Self::new(shared, false, (0, 0))
    }

    fn new(shared: &Arc<Shared>, writes: bool, lane: (u64, u64)) -> Self {
        Self {
            shared: Arc::clone(shared),
            writes,
            guards_only: false,
            users: Table::new(writes),
            realms: Table::new(writes),
            populations: Table::new(writes),
            clients: Table::new(writes),
            guards: Table::new(writes),
            sessions: Table::new(writes),
            live: Table::new(writes),
            participants: Table::new(writes),
            mass_endings: Table::new(writes),
            names: Table::new(writes),
            externals: Table::new(writes),
            keys: Table::new(writes),
            dues: Table::new(writes),
            shared_dues: Table::new(writes),
            documents: Table::new(writes),
            removed: Table::new(writes),
            uris: Table::new(writes),
            traits: Table::new(writes),
            receivers: Table::new(writes),
            told: Table::new(writes),
            receipt_counts: Table::new(writes),
            consents: Table::new(writes),
            flows: Table::new(writes),
            grants: Table::new(writes),
            subscribers: Table::new(writes),
            receipts: Table::new(writes),
            lines_gone: Table::new(writes),
            batches_gone: Table::new(writes),
            asked: AllAsked::default(),
            ids: BTreeMap::new(),
            wanted_ids: RefCell::default(),
            contended_ids: BTreeSet::new(),
            lines: Vec::new(),
            lines_before: (0, None),
            lane,
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
    pub(crate) fn take_hints(&self) -> Vec<Hint> {
        std::mem::take(&mut self.hints.borrow_mut())
    }

    /// Wants a lock with the first ones.
    pub(crate) fn want(&self, hint: &Hint) {
        match hint {
            Hint::User(key) => self.users.want(key, Some(Lock::Exclusive)),
            Hint::UserId(id) => _ = self.wanted_ids.borrow_mut().insert(*id),
            Hint::Realm(id, lock) => self.realms.want(id, Some(*lock)),
            Hint::Client(id, lock) => self.clients.want(id, Some(*lock)),
            Hint::Population(id, lock) => self.populations.want(id, Some(*lock)),
            Hint::Flow(id) => self.flows.want(id, Some(Lock::Exclusive)),
            Hint::Receiver(receiver) => self.receivers.want(receiver, Some(Lock::Exclusive)),
            Hint::Counts(place) => {
                self.receipt_counts.want(&(place.line(), place.entry()), Some(Lock::Exclusive));
            }
            Hint::Guard(guarded) => self.guards.want(guarded, Some(Lock::Exclusive)),
        }
    }

    fn hint(&self, hint: Hint) {
        let is_kept = matches!(hint, Hint::Guard(_) | Hint::Receiver(_) | Hint::Counts(_));
        if self.writes || (self.guards_only && is_kept) {
            self.hints.borrow_mut().push(hint);
        }
    }

    /// The user of a key.
    pub(crate) fn user_by_key(&self, key: UserKey) -> Looked<Option<Arc<User>>> {
        self.hint(Hint::User(key));
        Ok(self.users.get(&key)?.map(|user| Arc::clone(&user.0)))
    }

    /// The user of an id, deleted or not.
    pub(crate) fn user(&self, id: UserId) -> Looked<Option<Arc<User>>> {
        self.hint(Hint::UserId(id));
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
        self.hint(Hint::Realm(id, Lock::Shared));
        Ok(self.realms.get(&id)?.cloned())
    }

    /// The realm of an id, which the order may change.
    pub(crate) fn realm_to_change(&self, id: RealmId) -> Looked<Option<Arc<Realm>>> {
        self.hint(Hint::Realm(id, Lock::Exclusive));
        Ok(self.realms.get_to_change(&id)?.map(|kept| Arc::clone(&kept.realm)))
    }

    pub(crate) fn write_realm(&mut self, realm: Realm) -> Looked<()> {
        self.hint(Hint::Realm(realm.id, Lock::Exclusive));
        let line_floor = self.realms.get_to_change(&realm.id)?.map_or(0, |kept| kept.line_floor);
        self.realms.put(KeptRealm { realm: Arc::new(realm), line_floor });
        Ok(())
    }

    /// What is stored under a client's id.
    pub(crate) fn stored_client(&self, id: &ClientId) -> Looked<Option<StoredClient>> {
        self.hint(Hint::Client(id.clone(), Lock::Shared));
        Ok(self.clients.get(id)?.map(|kept| kept.0.clone()))
    }

    /// The same, for an order that may change it.
    pub(crate) fn stored_client_to_change(&self, id: &ClientId) -> Looked<Option<StoredClient>> {
        self.hint(Hint::Client(id.clone(), Lock::Exclusive));
        Ok(self.clients.get_to_change(id)?.map(|kept| kept.0.clone()))
    }

    /// A client that was not removed.
    pub(crate) fn client(&self, id: &ClientId) -> Looked<Option<Client>> {
        Ok(present_client(self.stored_client(id)?))
    }

    /// Keeps others away from what a row guards, until the commit.
    pub(crate) fn guard(&self, guarded: Guarded) -> Looked<()> {
        if self.writes || self.guards_only {
            self.hint(Hint::Guard(guarded));
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

    pub(crate) fn writes(&self) -> bool {
        self.writes
    }
}
