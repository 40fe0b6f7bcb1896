//! A store that can be told to fail: it can not read, takes no write, or leaves writes in doubt.
//!
//! Everything else goes through to the store behind it. It can also let something happen between a read and its answer, to
//! force an order that chance rarely brings. It decides nothing and keeps nothing.

mod consents;
mod notices;
mod sessions;
mod subscribers;

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adieu_core::{
    ApplicationTrait, Client, ClientDraft, ClientId, ConfirmCodesOrder, ConfirmError, DirectoryError,
    EditClientOrder, EditClientsOrder, EditUserOrder, Edited, EditedClient, Ended, Grant, GrantError,
    GrantId, Hindrance, IssueOrder, Locator, NewUser, Outage, Participant, PasswordRenewal, Population,
    PopulationId, Realm, RealmDraft, RealmId, RedeemOrder, RemoveClientOrder, RemoveUserOrder, RevokeOrder,
    RevokedToken, RotateOrder, SecondFactorRule, SessionId, Span, Timestamp, Unwritten, User, UserId,
    Version,
};
use adieu_store::{
    Directory, Document, Documents, Figures, Flow, FlowId, Flows, Grants, LiveCount, Lookup, Pending, Store,
    StoredKey, Swept, Upkeep,
};

/// How the store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// Not at all.
    None,
    /// Nothing can be read or written.
    Everything,
    /// Reads work; no write is taken.
    NotTaken,
    /// Writes happen, and are not confirmed.
    LandedInDoubt,
    /// Writes do not happen, and nobody can say so.
    LostInDoubt,
    /// No flow is kept; every other write is taken.
    FlowsNotTaken,
    /// Every change of a user, a client or a population, and every removal of a user or a client, comes later than another one.
    Overtaken,
}

/// A store in front of another one, that fails when it is told to.
pub struct FailingStore {
    behind: Arc<dyn Store>,
    failure: AtomicU8,
    /// How many writes are taken before none is.
    writes_left: AtomicU32,
    meanwhile: Mutex<Option<Meanwhile>>,
    meanwhile_of_keys: Mutex<Option<Meanwhile>>,
    before_change: Mutex<Option<BeforeChange>>,
}

/// What another caller does while somebody waits for an answer.
type Meanwhile = Box<dyn FnOnce(&Arc<dyn Store>) -> Pending<()> + Send>;
/// What other callers do before a change is taken.
type BeforeChange = Pending<()>;

impl FailingStore {
    /// A store that does not fail yet.
    pub fn over(behind: Arc<dyn Store>) -> Self {
        Self {
            behind,
            failure: AtomicU8::new(Failure::None as u8),
            writes_left: AtomicU32::new(u32::MAX),
            meanwhile: Mutex::default(),
            meanwhile_of_keys: Mutex::default(),
            before_change: Mutex::default(),
        }
    }

    /// Lets `act` happen once: after the next look-up of a user by name has read, and before it answers.
    pub fn after_the_next_look_up_by_name(
        &self,
        act: impl FnOnce(&Arc<dyn Store>) -> Pending<()> + Send + 'static,
    ) {
        *self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(act));
    }

    /// Lets `act` happen once: after the next read of signing keys, and before it answers.
    pub fn after_the_next_read_of_keys(
        &self,
        act: impl FnOnce(&Arc<dyn Store>) -> Pending<()> + Send + 'static,
    ) {
        *self.meanwhile_of_keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(act));
    }

    /// Lets `act` happen once: after somebody has read a user, a client, a population or a document and said a change of it, the
    /// removal of a user or a client or an ending, and before the store takes the change. What `act` itself changes through this store is not held.
    pub fn before_the_next_change(&self, act: impl Future<Output = ()> + Send + 'static) {
        *self.before_change.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(act));
    }

    fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&dyn Store) -> Pending<Result<T, DirectoryError>> + Send + 'static,
    ) -> Pending<Result<T, DirectoryError>> {
        if self.is(Failure::Overtaken) {
            return Box::pin(async { Err(DirectoryError::Stale) });
        }
        self.after_others(change)
    }

    /// A change that is taken after what is to happen before it.
    fn after_others<T: Send + 'static, E: From<Unwritten> + Send + 'static>(
        &self,
        change: impl FnOnce(&dyn Store) -> Pending<Result<T, E>> + Send + 'static,
    ) -> Pending<Result<T, E>> {
        let act = self.before_change.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(act) = act else { return self.write(change) };
        let behind = Arc::clone(&self.behind);
        Box::pin(async move {
            act.await;
            change(&*behind).await
        })
    }

    /// From now on it fails so.
    pub fn fail(&self, failure: Failure) {
        self.failure.store(failure as u8, Ordering::SeqCst);
    }

    /// From now on it takes so many writes, and then none: what needs one more commit is cut in two by it.
    pub fn take_only(&self, writes: u32) {
        self.writes_left.store(writes, Ordering::SeqCst);
    }

    /// Takes writes again, however many.
    pub fn take_all(&self) {
        self.take_only(u32::MAX);
    }

    fn takes_one_more(&self) -> bool {
        let one_less = |left: u32| match left {
            u32::MAX => Some(left),
            left => left.checked_sub(1),
        };
        self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
    }

    fn is(&self, failure: Failure) -> bool {
        self.failure.load(Ordering::SeqCst) == failure as u8
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Pending<Result<T, Outage>>,
    ) -> Pending<Result<T, Outage>> {
        if self.is(Failure::Everything) { Box::pin(async { Err(outage()) }) } else { read(&*self.behind) }
    }

    fn answer<T>(
        &self,
        read: impl FnOnce(&dyn Store) -> Lookup<Result<T, Outage>>,
    ) -> Lookup<Result<T, Outage>> {
        if self.is(Failure::Everything) { Lookup::Now(Err(outage())) } else { read(&*self.behind) }
    }

    fn write<T: Send + 'static, E: From<Unwritten> + Send + 'static>(
        &self,
        write: impl FnOnce(&dyn Store) -> Pending<Result<T, E>>,
    ) -> Pending<Result<T, E>> {
        if !self.takes_one_more() {
            return Box::pin(async { Err(Unwritten::NotTaken(outage()).into()) });
        }
        if self.is(Failure::None) || self.is(Failure::Overtaken) || self.is(Failure::FlowsNotTaken) {
            return write(&*self.behind);
        }
        if self.is(Failure::LandedInDoubt) {
            let landing = write(&*self.behind);
            return Box::pin(async move {
                drop(landing.await);
                Err(Unwritten::InDoubt(outage()).into())
            });
        }
        let error = match self.is(Failure::LostInDoubt) {
            true => Unwritten::InDoubt(outage()),
            false => Unwritten::NotTaken(outage()),
        };
        Box::pin(async { Err(error.into()) })
    }
}

fn outage() -> Outage {
    Outage::new("the store was told to fail")
}

impl Directory for FailingStore {
    fn realm(&self, id: RealmId) -> Lookup<Result<Option<Arc<Realm>>, Outage>> {
        self.answer(|store| store.realm(id))
    }

    fn realms(&self) -> Pending<Result<Vec<Realm>, Outage>> {
        self.read(|store| store.realms())
    }

    fn create_realm(&self, draft: RealmDraft) -> Pending<Result<(), DirectoryError>> {
        self.write(|store| store.create_realm(draft))
    }

    fn set_second_factor_rule(
        &self,
        realm: RealmId,
        rule: SecondFactorRule,
    ) -> Pending<Result<Realm, DirectoryError>> {
        self.write(|store| store.set_second_factor_rule(realm, rule))
    }

    fn population(&self, id: PopulationId) -> Pending<Result<Option<Population>, Outage>> {
        self.read(|store| store.population(id))
    }

    fn populations(&self, realm: RealmId) -> Pending<Result<Vec<Population>, Outage>> {
        self.read(|store| store.populations(realm))
    }

    fn create_population(&self, new: Population) -> Pending<Result<Population, DirectoryError>> {
        self.write(|store| store.create_population(new))
    }

    fn edit_population(
        &self,
        from: Version,
        next: Population,
    ) -> Pending<Result<Population, DirectoryError>> {
        self.change(move |store| store.edit_population(from, next))
    }

    fn remove_population(
        &self,
        id: PopulationId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        self.write(|store| store.remove_population(id, from))
    }

    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>> {
        self.read(|store| store.count_users(population))
    }

    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>> {
        self.answer(|store| store.user(id))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let found = self.read(|store| store.user_named(realm, name));
        let meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(act) = meanwhile else { return found };
        let behind = Arc::clone(&self.behind);
        Box::pin(async move {
            let answer = found.await;
            act(&behind).await;
            answer
        })
    }

    fn create_user(&self, new: NewUser) -> Pending<Result<User, DirectoryError>> {
        self.write(|store| store.create_user(new))
    }

    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        self.read(|store| store.user_external(realm, external_id))
    }

    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>> {
        self.read(|store| store.users(realm, after, most))
    }

    fn removed_users(&self, ids: Vec<UserId>) -> Pending<Result<Vec<UserId>, Outage>> {
        self.read(|store| store.removed_users(ids))
    }

    fn edit_user(&self, order: EditUserOrder, now: Timestamp) -> Pending<Result<Edited, DirectoryError>> {
        self.change(move |store| store.edit_user(order, now))
    }

    fn renew_password(
        &self,
        user: UserId,
        renewal: PasswordRenewal,
        now: Timestamp,
    ) -> Pending<Result<bool, Unwritten>> {
        self.write(|store| store.renew_password(user, renewal, now))
    }

    fn remove_user(&self, order: RemoveUserOrder, now: Timestamp) -> Pending<Result<Ended, DirectoryError>> {
        self.change(move |store| store.remove_user(order, now))
    }

    fn confirm_recovery_codes(
        &self,
        order: ConfirmCodesOrder,
        now: Timestamp,
    ) -> Pending<Result<User, ConfirmError>> {
        self.write(|store| store.confirm_recovery_codes(order, now))
    }

    fn client(&self, id: &ClientId) -> Lookup<Result<Option<Arc<Client>>, Outage>> {
        self.answer(|store| store.client(id))
    }

    fn clients_with_post_logout_uri(
        &self,
        realm: RealmId,
        uri: &str,
    ) -> Pending<Result<Vec<Client>, Outage>> {
        self.read(|store| store.clients_with_post_logout_uri(realm, uri))
    }

    fn has_application(&self, realm: RealmId, of: ApplicationTrait) -> Pending<Result<bool, Outage>> {
        self.read(|store| store.has_application(realm, of))
    }

    fn removed_client(&self, id: &ClientId) -> Pending<Result<Option<Client>, Outage>> {
        self.read(|store| store.removed_client(id))
    }

    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>> {
        self.read(|store| store.clients(realm))
    }

    fn create_client(&self, draft: ClientDraft) -> Pending<Result<Client, DirectoryError>> {
        self.write(|store| store.create_client(draft))
    }

    fn edit_client(
        &self,
        order: EditClientOrder,
        now: Timestamp,
    ) -> Pending<Result<EditedClient, DirectoryError>> {
        self.change(move |store| store.edit_client(order, now))
    }

    fn edit_clients(
        &self,
        order: EditClientsOrder,
        now: Timestamp,
    ) -> Pending<Result<Vec<EditedClient>, DirectoryError>> {
        self.change(move |store| store.edit_clients(order, now))
    }

    fn remove_client(
        &self,
        order: RemoveClientOrder,
        now: Timestamp,
    ) -> Pending<Result<Ended, DirectoryError>> {
        self.change(move |store| store.remove_client(order, now))
    }

    fn keys(&self, realm: RealmId) -> Pending<Result<Vec<StoredKey>, Outage>> {
        let read = self.read(|store| store.keys(realm));
        let meanwhile = self.meanwhile_of_keys.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(meanwhile) = meanwhile else { return read };
        let behind = Arc::clone(&self.behind);
        Box::pin(async move {
            let answer = read.await;
            meanwhile(&behind).await;
            answer
        })
    }

    fn add_key(&self, key: StoredKey) -> Pending<Result<(), DirectoryError>> {
        self.write(|store| store.add_key(key))
    }
}

impl Flows for FailingStore {
    fn put_flow(&self, flow: Flow) -> Pending<Result<(), Unwritten>> {
        if self.is(Failure::FlowsNotTaken) {
            return Box::pin(async { Err(Unwritten::NotTaken(outage())) });
        }
        self.write(|store| store.put_flow(flow))
    }

    fn create_flow(&self, flow: Flow, now: Timestamp) -> Pending<Result<bool, Unwritten>> {
        self.write(|store| store.create_flow(flow, now))
    }

    fn flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Outage>> {
        self.read(|store| store.flow(id, kind))
    }

    fn take_flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Unwritten>> {
        self.write(|store| store.take_flow(id, kind))
    }
}

impl Documents for FailingStore {
    fn create_document(&self, document: Document) -> Pending<Result<Document, DirectoryError>> {
        self.write(|store| store.create_document(document))
    }

    fn edit_document(&self, from: Version, next: Document) -> Pending<Result<Document, DirectoryError>> {
        self.after_others(move |store| store.edit_document(from, next))
    }

    fn document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Pending<Result<Option<Document>, Outage>> {
        self.read(|store| store.document(realm, kind, id))
    }

    fn documents(
        &self,
        realm: RealmId,
        kind: &'static str,
        most: u32,
    ) -> Pending<Result<Vec<Document>, Outage>> {
        self.read(|store| store.documents(realm, kind, most))
    }

    fn remove_document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
        from: Option<Version>,
    ) -> Pending<Result<bool, DirectoryError>> {
        self.write(|store| store.remove_document(realm, kind, id, from))
    }
}

impl Grants for FailingStore {
    fn participants(&self, session: SessionId) -> Pending<Result<Vec<Participant>, Outage>> {
        self.read(|store| store.participants(session))
    }

    fn issue(&self, order: IssueOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.write(|store| store.issue(order, now))
    }

    fn redeem(&self, order: RedeemOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        self.write(|store| store.redeem(order, now))
    }

    fn rotate(&self, order: RotateOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        self.write(|store| store.rotate(order, now))
    }

    fn revoke(&self, order: RevokeOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.write(|store| store.revoke(order, now))
    }

    fn revoke_own(
        &self,
        client: ClientId,
        token: RevokedToken,
        now: Timestamp,
    ) -> Pending<Result<(), GrantError>> {
        self.write(|store| store.revoke_own(client, token, now))
    }

    fn grant(&self, id: GrantId) -> Lookup<Result<Option<Arc<Grant>>, Outage>> {
        self.answer(|store| store.grant(id))
    }
}

impl Upkeep for FailingStore {
    fn sweep(&self, now: Timestamp, tombstones_kept: Span) -> Pending<Result<Swept, Unwritten>> {
        self.write(|store| store.sweep(now, tombstones_kept))
    }

    fn expire_shared(&self, now: Timestamp) -> Pending<Result<Swept, Unwritten>> {
        self.write(|store| store.expire_shared(now))
    }

    fn ready(&self, now: Timestamp) -> Pending<Result<(), Outage>> {
        if self.is(Failure::None) || self.is(Failure::Overtaken) {
            return self.behind.ready(now);
        }
        Box::pin(async { Err(outage().because(Hindrance::DiskFault)) })
    }

    fn count_live(&self, from: Option<Locator>, now: Timestamp) -> Pending<Result<LiveCount, Outage>> {
        self.read(|store| store.count_live(from, now))
    }

    fn figures(&self) -> Figures {
        self.behind.figures()
    }
}
