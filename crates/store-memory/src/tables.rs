//! The tables, and the facts that decisions need out of them.
//!
//! Nothing is decided here.

use std::collections::BTreeMap;
use std::sync::Arc;

use adieu_core::{
    Client, ClientId, Consent, EndOrder, EndScope, EndTarget, EndedWith, EndingChange, EndingIdCipher,
    EndingRecord, Family, FreePlace, Grant, GrantId, InstallationKey, KeptSession, LiveTally, Locator,
    MassEnding, Participant, PlaceSearch, Population, Realm, RealmAround, RealmId, Receipt, ReceiptKey,
    Receiver, ReceiverHealth, RemovedVersions, Session, SessionFacts, SessionId, SessionIdCipher,
    SessionOutline, StoredClient, Subscriber, SubscriberId, Timestamp, ToldUpTo, Tombstone, UntoldEndings,
    User, UserId, UserKey, present_client,
};
use adieu_store::{Document, Flow, FlowId, StoredKey};

use crate::endings::EnteredEnding;

/// Everything that one installation keeps.
#[derive(Clone)]
pub(crate) struct Tables {
    pub(crate) cipher: Arc<SessionIdCipher>,
    pub(crate) ending_cipher: Arc<EndingIdCipher>,
    pub(crate) realms: BTreeMap<RealmId, Realm>,
    /// Oldest first.
    pub(crate) populations: Vec<Population>,
    pub(crate) users: BTreeMap<UserId, Arc<User>>,
    /// Users by the names that find them, in small letters.
    pub(crate) names: BTreeMap<(RealmId, String), UserKey>,
    pub(crate) external_ids: BTreeMap<(RealmId, String), UserKey>,
    /// With those that were removed.
    pub(crate) clients: BTreeMap<ClientId, StoredClient>,
    pub(crate) keys: Vec<StoredKey>,
    pub(crate) rows: BTreeMap<Locator, KeptRow>,
    /// Of the session that lies in a place, in the order in which they joined.
    pub(crate) participants: BTreeMap<Locator, Vec<Participant>>,
    /// In the order in which they were written.
    pub(crate) mass_endings: Vec<MassEnding>,
    /// In the order in which they were written.
    pub(crate) ending_lines: Vec<EnteredEnding>,
    /// How many lines were ever written.
    pub(crate) lines_written: u64,
    /// How far receipts were made.
    pub(crate) told_up_to: ToldUpTo,
    pub(crate) receipts: BTreeMap<ReceiptKey, Receipt>,
    /// Since when notices are given out; none if nobody has asked for any since the store was opened.
    pub(crate) telling_since: Option<Timestamp>,
    /// Those who are or were told of endings.
    pub(crate) receivers: BTreeMap<Receiver, ReceiverHealth>,
    pub(crate) subscribers: BTreeMap<SubscriberId, Subscriber>,
    pub(crate) grants: BTreeMap<GrantId, Arc<Grant>>,
    pub(crate) consents: BTreeMap<(UserId, ClientId), Arc<Consent>>,
    pub(crate) flows: BTreeMap<FlowId, Flow>,
    pub(crate) documents: BTreeMap<(RealmId, String, String), Document>,
    pub(crate) removed_versions: RemovedVersions,
}

/// What lies in a place.
#[derive(Clone)]
pub(crate) enum KeptRow {
    Stored(Arc<Session>),
    Ended(Box<Tombstone>),
}

impl KeptRow {
    pub(crate) fn session(&self) -> &Session {
        match self {
            Self::Stored(session) => session,
            Self::Ended(tombstone) => &tombstone.session,
        }
    }

    fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Stored(_) => None,
            Self::Ended(tombstone) => Some(tombstone.ending.at),
        }
    }
}

impl Tables {
    pub(crate) fn new(key: &InstallationKey) -> Self {
        Self {
            cipher: Arc::new(SessionIdCipher::new(key)),
            ending_cipher: Arc::new(EndingIdCipher::new(key)),
            realms: BTreeMap::new(),
            populations: Vec::new(),
            users: BTreeMap::new(),
            names: BTreeMap::new(),
            external_ids: BTreeMap::new(),
            clients: BTreeMap::new(),
            keys: Vec::new(),
            rows: BTreeMap::new(),
            participants: BTreeMap::new(),
            mass_endings: Vec::new(),
            ending_lines: Vec::new(),
            lines_written: 0,
            told_up_to: ToldUpTo::line(1),
            receipts: BTreeMap::new(),
            telling_since: None,
            receivers: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            grants: BTreeMap::new(),
            consents: BTreeMap::new(),
            flows: BTreeMap::new(),
            documents: BTreeMap::new(),
            removed_versions: RemovedVersions::default(),
        }
    }

    /// What lies under the public name of a session.
    pub(crate) fn row(&self, id: SessionId) -> Option<&KeptRow> {
        let (locator, incarnation) = self.cipher.decipher(id)?;
        self.rows.get(&locator).filter(|row| row.session().incarnation == incarnation)
    }

    /// The rows of a user, by place.
    pub(crate) fn rows_of(&self, key: UserKey) -> impl DoubleEndedIterator<Item = &KeptRow> {
        let first = key.slot(0).expect("every user has a first slot");
        let last = key.slot(Locator::SLOTS - 1).expect("and a last one");
        self.rows.range(first..=last).map(|(_, row)| row)
    }

    /// The place for one more session of a user.
    pub(crate) fn free_place(&self, key: UserKey) -> FreePlace {
        let last = self.rows_of(key).next_back().map(|row| row.session().locator);
        let mut search = PlaceSearch::new(key, last);
        let _ = self.rows_of(key).try_for_each(|row| search.pass(row.session().locator, row.ended_at()));
        let shared = || self.participants.keys().filter(|place| place.user_key() == key).copied().collect();
        let found: Result<_, std::convert::Infallible> =
            search.found(|| Ok((self.untold_endings(), shared())));
        match found {
            Ok(place) => place,
        }
    }

    /// The endings whose receipts are not made yet.
    pub(crate) fn untold_endings(&self) -> UntoldEndings {
        let mut untold = UntoldEndings::default();
        let lines = self.ending_lines.iter().filter(|line| !self.told_up_to.is_past(line.place()));
        let _ = lines.map(EnteredEnding::entry).try_for_each(|entry| untold.count(entry));
        untold
    }

    pub(crate) fn facts(&self, session: &Arc<Session>) -> Option<SessionFacts> {
        let user = Arc::clone(self.users.get(&session.user)?);
        let realm = RealmAround::from(self.realms.get(&session.realm)?);
        Some(SessionFacts { seen_at: session.seen_at, session: Arc::clone(session), user, realm })
    }

    /// The facts about the stored session of an id.
    pub(crate) fn facts_of(&self, id: SessionId) -> Option<SessionFacts> {
        match self.row(id)? {
            KeptRow::Stored(session) => self.facts(session),
            KeptRow::Ended(_) => None,
        }
    }

    /// What is kept of a session.
    pub(crate) fn kept(&self, row: &KeptRow) -> Option<KeptSession> {
        match row {
            KeptRow::Stored(session) => {
                let facts = self.facts(session)?;
                let with = self.ended_with(&facts);
                Some(KeptSession::Stored(facts, Box::new(with)))
            }
            KeptRow::Ended(tombstone) => {
                let user = Arc::clone(self.users.get(&tombstone.session.user)?);
                Some(KeptSession::Ended(tombstone.clone(), user))
            }
        }
    }

    /// The endings of many that may have ended a session.
    fn ended_with(&self, facts: &SessionFacts) -> EndedWith {
        let session = &facts.session;
        let first = |scope: EndScope, born: u64| -> Option<EndingRecord> {
            let behind = self.mass_endings.iter().filter(|one| one.scope == scope && one.generation > born);
            behind.min_by_key(|one| one.generation).map(|one| one.record.clone())
        };
        EndedWith {
            user: first(EndScope::User(facts.user.key), session.born.user),
            realm: first(EndScope::Realm(session.realm), session.born.realm),
        }
    }

    pub(crate) fn user_by_key(&self, key: UserKey) -> Option<&Arc<User>> {
        self.users.values().find(|user| user.key == key)
    }

    pub(crate) fn client(&self, id: &ClientId) -> Option<Client> {
        present_client(self.clients.get(id).cloned())
    }

    /// The facts about what an order means.
    pub(crate) fn family(&self, order: &EndOrder, now: Timestamp) -> Family {
        let user = |id: &UserId| self.users.get(id).map(Arc::as_ref);
        match &order.target {
            EndTarget::Token(token) => self.family_of(token.id),
            EndTarget::One(session) | EndTarget::OneOf { session, .. } => self.family_of(*session),
            EndTarget::User(id) | EndTarget::UserAndGrants(id) => {
                Family::of_user(user(id), None, self.live_of(user(id), None, now))
            }
            EndTarget::UserBut { user: id, keep } => {
                let live = self.live_of(user(id), Some(*keep), now);
                Family::of_user(user(id), self.facts_of(*keep).as_ref(), live)
            }
            EndTarget::Realm(id) => Family::of_realm(self.realms.get(id)),
            EndTarget::Grants(id) => Family::of_client(self.clients.get(id).map(|stored| &stored.client)),
        }
    }

    /// How many sessions of a user are live but for one.
    fn live_of(&self, user: Option<&User>, keep: Option<SessionId>, now: Timestamp) -> u32 {
        let Some(user) = user else { return 0 };
        let Some(realm) = self.realms.get(&user.realm) else { return 0 };
        let mut tally = LiveTally::of(user, realm, keep, now);
        for facts in self.stored_of(user.key) {
            if tally.count(&SessionOutline::from(&facts)).is_break() {
                break;
            }
        }
        tally.live()
    }

    fn family_of(&self, id: SessionId) -> Family {
        match self.row(id) {
            None => Family::Nothing,
            Some(KeptRow::Stored(session)) => self
                .facts(session)
                .map_or(Family::Nothing, |facts| Family::of_session(&facts, self.ended_with(&facts))),
            Some(KeptRow::Ended(tombstone)) => {
                let user = self.users.get(&tombstone.session.user);
                Family::of_tombstone(Tombstone::clone(tombstone), user.map(Arc::as_ref))
            }
        }
    }

    pub(crate) fn participants_of(&self, session: &Session) -> &[Participant] {
        self.participants.get(&session.locator).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn write_session(&mut self, session: Session) {
        let before = self.rows.get(&session.locator).map(|row| row.session().incarnation);
        if before.is_some_and(|before| before != session.incarnation) {
            self.participants.remove(&session.locator);
        }
        self.rows.insert(session.locator, KeptRow::Stored(Arc::new(session)));
    }

    pub(crate) fn write_user(&mut self, user: User) {
        self.users.insert(user.id, Arc::new(user));
    }

    pub(crate) fn write_grant(&mut self, grant: Grant) {
        self.grants.insert(grant.id, Arc::new(grant));
    }

    /// The one place that writes an ending (ONE-ROAD): the changes that `decide_ending` has decided.
    pub(crate) fn apply(&mut self, changes: Vec<EndingChange>) {
        for change in changes {
            match change {
                EndingChange::Bury(tombstone) => {
                    self.rows.insert(tombstone.session.locator, KeptRow::Ended(tombstone));
                }
                EndingChange::Write(session) => self.write_session(*session),
                EndingChange::Record(mass) => self.mass_endings.push(*mass),
                EndingChange::RaiseUser(raise) => {
                    if let Some(user) = self.user_by_key(raise.key).map(|user| user.raised(raise)) {
                        self.write_user(user);
                    }
                }
                EndingChange::RaiseRealm { id, to } => {
                    if let Some(realm) = self.realms.get_mut(&id) {
                        realm.generation = to;
                    }
                }
                EndingChange::RaiseClient { id, to } => {
                    if let Some(stored) = self.clients.get_mut(&id) {
                        stored.client.generation = to;
                    }
                }
            }
        }
    }
}
