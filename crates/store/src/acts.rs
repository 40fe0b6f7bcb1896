//! The acts, but for those of consents and notices, and what they answer.
//!
//! Checks answer at once when the engine knows the answer without waiting, and later otherwise; all else is a
//! boxed future. "Not found" is `None`; an [`Outage`] is always "cannot tell", never "no" (NO-FALSE-NO).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use adieu_core::{
    AmendError, AmendOrder, ApplicationTrait, Check, Client, ClientDraft, ClientId, ConfirmCodesOrder,
    ConfirmError, DirectoryError, Document, EditClientOrder, EditClientsOrder, EditUserOrder, Edited,
    EditedClient, EndError, EndOrder, Ended, EndingFilter, EndingId, EndingPlace, Flow, FlowId, FoundEnding,
    FoundSession, Grant, GrantError, GrantId, Hindrance, IssueOrder, Locator, NewUser, Outage, Participant,
    PasswordRenewal, Population, PopulationId, Realm, RealmDraft, RealmId, RedeemOrder, RemoveClientOrder,
    RemoveUserOrder, RevokeOrder, RevokedToken, RotateOrder, SecondFactorRule, SessionId, SessionRecord,
    SessionToken, SignOnError, SignOnOrder, SignedOn, Span, Subscriber, SubscriberId, Timestamp, Unwritten,
    User, UserId, Version,
};

use crate::consents::Consents;
use crate::notices::Notices;

/// A boxed future of an act.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An answer that is there, or comes.
pub enum Lookup<T> {
    /// At once, without a future.
    Now(T),
    /// Later.
    Later(Pending<T>),
}

impl<T> Lookup<T> {
    /// Waits if it must.
    pub async fn get(self) -> T {
        match self {
            Self::Now(answer) => answer,
            Self::Later(act) => act.await,
        }
    }
}

/// A place in a list of sessions, which is ordered by the time they opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionCursor {
    /// When the session at this place opened.
    pub opened_at: Timestamp,
    /// Where it lies.
    pub locator: Locator,
}

/// What to list of the sessions of a realm or a user.
#[derive(Clone, Copy, Debug)]
pub struct SessionQuery {
    /// Only older ones than the one at this place.
    pub after: Option<SessionCursor>,
    /// At most so many.
    pub most: u32,
    /// Only those that are live, or only those that are not.
    pub live: Option<bool>,
}

impl SessionQuery {
    /// Whether it asks for a session like this one.
    pub fn asks_for(&self, record: &SessionRecord) -> bool {
        self.live.is_none_or(|live| live == record.is_live())
    }
}

/// Some sessions, newest first.
#[derive(Clone, Debug, Default)]
pub struct SessionPage {
    /// The sessions. There may be fewer than asked for although there are more to come.
    pub sessions: Vec<SessionRecord>,
    /// Where to go on; none at the end.
    pub next: Option<SessionCursor>,
}

/// What to list of the endings of the installation.
#[derive(Clone, Debug)]
pub struct EndingQuery {
    /// Only older ones than the one at this place.
    pub after: Option<EndingPlace>,
    /// At most so many.
    pub most: u32,
    /// Which ones.
    pub filter: EndingFilter,
}

/// Some endings, newest first: in the order in which they were committed.
#[derive(Clone, Debug, Default)]
pub struct EndingPage {
    /// The endings. There may be fewer than asked for although there are more to come: a page reads a bounded number of
    /// entries, whether or not the question asks for them.
    pub endings: Vec<FoundEnding>,
    /// Where to go on; none at the end.
    pub next: Option<EndingPlace>,
    /// When the oldest ending that this page looked at was written down; none if it looked at none.
    pub looked_back_to: Option<Timestamp>,
}

/// A private signing key of a realm, sealed by its owner.
#[derive(Clone)]
pub struct StoredKey {
    /// The realm it signs for.
    pub realm: RealmId,
    /// Its public name.
    pub kid: String,
    /// Its algorithm, in the owner's words.
    pub algorithm: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
}

/// What a sweep took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sessions that were over.
    pub sessions: u32,
    /// Tombstones, flows and grants that nobody needs any more.
    pub remains: u32,
    /// Notices that are given up: their day is over and nobody tried them in time.
    pub given_up: u32,
    /// Whether there may be more to do now.
    pub more: bool,
}

/// What an engine can tell about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Orders that wait for the writer.
    pub writes_waiting: u64,
    /// Reads that wait for a reader.
    pub reads_waiting: u64,
    /// Sessions in memory.
    pub sessions_cached: u64,
    /// Bytes of the database and of its log of writes.
    pub bytes: StoreBytes,
    /// What hindered the last write, if it was not written.
    pub hindrance: Option<Hindrance>,
}

/// Bytes on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreBytes {
    /// The database.
    pub database: u64,
    /// What is written and not yet moved into the database.
    pub log: u64,
}

/// How many of a stretch of sessions are live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveCount {
    /// The live ones, as [`adieu_core::counts_as_live`] has it.
    pub live: u64,
    /// Where the next stretch begins; none at the end.
    pub next: Option<Locator>,
}

/// Sessions: check, sign on, end.
pub trait Sessions: Send + Sync {
    /// Whether the token opens a live session. With `touch` that counts as activity of its user.
    fn check(&self, token: &SessionToken, touch: bool, now: Timestamp) -> Lookup<Result<Check, Outage>>;

    /// The session of that public id, live or not; `None` if there is none (also when it was ended). With `touch`
    /// looking counts as activity if it is live.
    fn session_by_id(
        &self,
        id: SessionId,
        touch: bool,
        now: Timestamp,
    ) -> Lookup<Result<Option<FoundSession>, Outage>>;

    /// The session of that public id, live, over or ended. `None` when nothing of it is kept, or it is to be shown to
    /// nobody.
    fn session_record(&self, id: SessionId, now: Timestamp)
    -> Pending<Result<Option<SessionRecord>, Outage>>;

    /// The sessions of a user as [`Sessions::session_record`] shows them, a page at a time. What is live is found
    /// however many others there are.
    fn user_sessions(
        &self,
        user: UserId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>>;

    /// How many sessions of a user are live.
    fn count_live_sessions(&self, user: UserId, now: Timestamp) -> Pending<Result<u64, Outage>>;

    /// How many sessions of a user are kept and may be shown, live or over.
    fn count_sessions(&self, user: UserId) -> Pending<Result<u64, Outage>>;

    /// The sessions of a realm as [`Sessions::session_record`] shows them, a page at a time.
    fn realm_sessions(
        &self,
        realm: RealmId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>>;

    /// Opens, renews or revives a session for a proven identity. What has to end to make room for it ends in the same
    /// transaction (ONE-ROAD).
    fn open_session(&self, order: SignOnOrder, now: Timestamp) -> Pending<Result<SignedOn, SignOnError>>;

    /// Ends what the order means (ONE-ROAD). On `Ok` it is durable (ENDED-IS-DURABLE), and no check that begins
    /// afterwards says live (NO-STALE-YES).
    fn end(&self, order: EndOrder, now: Timestamp) -> Pending<Result<Ended, EndError>>;

    /// The public id of the ending at a place. It is computed by whoever asks; the writer has other things to do.
    fn ending_id(&self, place: EndingPlace) -> EndingId;

    /// The ending of that id, as long as its entry and what it leads to are kept.
    fn ending(&self, id: EndingId) -> Pending<Result<Option<FoundEnding>, Outage>>;

    /// The endings of the installation, newest first, a page at a time. Every ending has one entry, whoever ordered it and
    /// also if time did it; an order that ends what is over has none.
    fn endings(&self, query: EndingQuery) -> Pending<Result<EndingPage, Outage>>;

    /// Changes a live session without beginning or ending it.
    fn amend(&self, order: AmendOrder, now: Timestamp) -> Pending<Result<(), AmendError>>;
}

/// Realms, populations, users, clients, keys.
pub trait Directory: Send + Sync {
    /// The realm of that id.
    fn realm(&self, id: RealmId) -> Lookup<Result<Option<Arc<Realm>>, Outage>>;
    /// All realms, by path.
    fn realms(&self) -> Pending<Result<Vec<Realm>, Outage>>;
    /// Makes a realm with its first population and what dialects keep of it; its path must be free.
    fn create_realm(&self, draft: RealmDraft) -> Pending<Result<(), DirectoryError>>;
    /// Says when the users of a realm are asked for a second factor.
    fn set_second_factor_rule(
        &self,
        realm: RealmId,
        rule: SecondFactorRule,
    ) -> Pending<Result<Realm, DirectoryError>>;

    /// The population of that id.
    fn population(&self, id: PopulationId) -> Pending<Result<Option<Population>, Outage>>;
    /// The populations of a realm, oldest first.
    fn populations(&self, realm: RealmId) -> Pending<Result<Vec<Population>, Outage>>;
    /// Makes a population.
    fn create_population(&self, new: Population) -> Pending<Result<Population, DirectoryError>>;
    /// Changes name and description of a population, from the version that was read.
    fn edit_population(&self, from: Version, next: Population)
    -> Pending<Result<Population, DirectoryError>>;
    /// Removes a population that holds nobody; in that version, where one is named.
    fn remove_population(
        &self,
        id: PopulationId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>>;
    /// How many users a population holds.
    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>>;

    /// The user of that id.
    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>>;
    /// The user of a realm whom this name means: username or e-mail address, in any letter case.
    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>>;
    /// The user of a realm with this external id.
    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>>;
    /// The users of a realm in the order of their ids, behind `after`, at most `most`.
    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>>;
    /// Those of these ids that belong to users who were removed: nobody gets them again.
    fn removed_users(&self, ids: Vec<UserId>) -> Pending<Result<Vec<UserId>, Outage>>;
    /// Makes a user; all names must be free in the realm.
    fn create_user(&self, new: NewUser) -> Pending<Result<User, DirectoryError>>;
    /// Changes a user, from the version that was read. What ends because of it ends in the same transaction (ONE-ROAD).
    fn edit_user(&self, order: EditUserOrder, now: Timestamp) -> Pending<Result<Edited, DirectoryError>>;
    /// Writes a password's new hash if the verified one is still stored; says whether it was.
    fn renew_password(
        &self,
        user: UserId,
        renewal: PasswordRenewal,
        now: Timestamp,
    ) -> Pending<Result<bool, Unwritten>>;
    /// Deletes a user with what the user agreed to, and ends all the user's sessions in the same transaction (ONE-ROAD); none of
    /// them is shown any more.
    fn remove_user(&self, order: RemoveUserOrder, now: Timestamp) -> Pending<Result<Ended, DirectoryError>>;
    /// Makes a set of recovery codes the second factor of a session's user, and counts the session as proven by it.
    fn confirm_recovery_codes(
        &self,
        order: ConfirmCodesOrder,
        now: Timestamp,
    ) -> Pending<Result<User, ConfirmError>>;

    /// The client of that id.
    fn client(&self, id: &ClientId) -> Lookup<Result<Option<Arc<Client>>, Outage>>;
    /// The client of that id as it was when it was removed, if it was.
    fn removed_client(&self, id: &ClientId) -> Pending<Result<Option<Client>, Outage>>;
    /// The clients of a realm that name this address as one to go to after a sign-off, by id.
    fn clients_with_post_logout_uri(&self, realm: RealmId, uri: &str)
    -> Pending<Result<Vec<Client>, Outage>>;
    /// Whether that holds for an application of a realm.
    fn has_application(&self, realm: RealmId, of: ApplicationTrait) -> Pending<Result<bool, Outage>>;
    /// The clients of a realm, by id.
    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>>;
    /// Makes a client, with the documents that a dialect keeps beside it. One that was removed may come back: its old grants
    /// stay dead.
    fn create_client(&self, draft: ClientDraft) -> Pending<Result<Client, DirectoryError>>;
    /// Changes a client, from the version that was read, and writes what a dialect keeps beside it in the same transaction.
    /// What it holds ends with it when it is switched off, loses a grant type, or the order says so.
    fn edit_client(
        &self,
        order: EditClientOrder,
        now: Timestamp,
    ) -> Pending<Result<EditedClient, DirectoryError>>;
    /// Changes several clients and documents of a realm in one transaction, each from the version that was read: all of it, or
    /// nothing.
    fn edit_clients(
        &self,
        order: EditClientsOrder,
        now: Timestamp,
    ) -> Pending<Result<Vec<EditedClient>, DirectoryError>>;
    /// Removes a client; its grants die with it. In that version, where one is named.
    fn remove_client(
        &self,
        order: RemoveClientOrder,
        now: Timestamp,
    ) -> Pending<Result<Ended, DirectoryError>>;

    /// The signing keys of a realm, oldest first.
    fn keys(&self, realm: RealmId) -> Pending<Result<Vec<StoredKey>, Outage>>;
    /// Adds a signing key; one of its name is not replaced.
    fn add_key(&self, key: StoredKey) -> Pending<Result<(), DirectoryError>>;
}

/// Short-lived state.
pub trait Flows: Send + Sync {
    /// Keeps a flow, or replaces it.
    fn put_flow(&self, flow: Flow) -> Pending<Result<(), Unwritten>>;
    /// Keeps a flow if there is none of its name that may not be thrown away yet; says whether it was kept. Of two makers of
    /// one flow one gets it.
    fn create_flow(&self, flow: Flow, now: Timestamp) -> Pending<Result<bool, Unwritten>>;
    /// Reads a flow of a kind.
    fn flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Outage>>;
    /// Takes a flow of a kind away; of two takers one gets it.
    fn take_flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Unwritten>>;
}

/// Records that one dialect keeps and that no rule reads.
pub trait Documents: Send + Sync {
    /// Keeps a new document; there must be none of that name.
    fn create_document(&self, document: Document) -> Pending<Result<Document, DirectoryError>>;
    /// Replaces the text of a document, from the version that was read.
    fn edit_document(&self, from: Version, next: Document) -> Pending<Result<Document, DirectoryError>>;
    /// Reads one.
    fn document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Pending<Result<Option<Document>, Outage>>;
    /// All of a kind in a realm, by id, at most `most`.
    fn documents(
        &self,
        realm: RealmId,
        kind: &'static str,
        most: u32,
    ) -> Pending<Result<Vec<Document>, Outage>>;
    /// Removes one, in that version where one is named; says whether it was there.
    fn remove_document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
        from: Option<Version>,
    ) -> Pending<Result<bool, DirectoryError>>;
}

/// What clients hold because of sessions.
pub trait Grants: Send + Sync {
    /// Issues a code, if its session and client are live, and makes the client a participant of the session.
    fn issue(&self, order: IssueOrder, now: Timestamp) -> Pending<Result<(), GrantError>>;
    /// Who took part in a session, in all its epochs, in the order in which they joined; for as long as anything of the
    /// session is kept, whatever ended it, shown or not.
    fn participants(&self, session: SessionId) -> Pending<Result<Vec<Participant>, Outage>>;
    /// Redeems a code.
    fn redeem(&self, order: RedeemOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>>;
    /// Rotates a refresh token.
    fn rotate(&self, order: RotateOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>>;
    /// Revokes a token of a grant, and what falls with it.
    fn revoke(&self, order: RevokeOrder, now: Timestamp) -> Pending<Result<(), GrantError>>;
    /// Revokes a token that a client holds in its own name.
    fn revoke_own(
        &self,
        client: ClientId,
        token: RevokedToken,
        now: Timestamp,
    ) -> Pending<Result<(), GrantError>>;
    /// The grant of that number.
    fn grant(&self, id: GrantId) -> Lookup<Result<Option<Arc<Grant>>, Outage>>;
}

/// Who hears of every ending in a realm.
pub trait Subscribers: Send + Sync {
    /// The subscriber of that name.
    fn subscriber(&self, id: &SubscriberId) -> Pending<Result<Option<Subscriber>, Outage>>;
    /// The subscribers of a realm, by name.
    fn subscribers(&self, realm: RealmId) -> Pending<Result<Vec<Subscriber>, Outage>>;
    /// Makes a subscriber; its name must be nobody's. It is told of what ends from then on.
    fn create_subscriber(&self, new: Subscriber) -> Pending<Result<Subscriber, DirectoryError>>;
    /// Changes a subscriber, from the version that was read.
    fn edit_subscriber(&self, from: Version, next: Subscriber)
    -> Pending<Result<Subscriber, DirectoryError>>;
    /// Removes a subscriber; what it is owed still can be told to nobody. In that version, where one is named.
    fn remove_subscriber(
        &self,
        id: &SubscriberId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>>;
}

/// What keeps a store well.
pub trait Upkeep: Send + Sync {
    /// Frees space: a bounded batch of what is over, and of tombstones and entries of endings that were kept for so long.
    fn sweep(&self, now: Timestamp, tombstones_kept: Span) -> Pending<Result<Swept, Unwritten>>;
    /// Ends sessions of which somebody is told once their time is over: those in which clients take part, and those of a realm with
    /// subscribers, whichever was there first. A bounded batch, found by their moments. Nobody waits for an hour to hear of them; all other
    /// sessions are left to the sweep.
    fn expire_shared(&self, now: Timestamp) -> Pending<Result<Swept, Unwritten>>;
    /// Whether it could write and read a short while ago, and can read now. It tries at most every five seconds.
    fn ready(&self, now: Timestamp) -> Pending<Result<(), Outage>>;
    /// Counts the live sessions of the places from `from` on, a bounded stretch of them.
    fn count_live(&self, from: Option<Locator>, now: Timestamp) -> Pending<Result<LiveCount, Outage>>;
    /// What it can tell about itself.
    fn figures(&self) -> Figures;
    /// Gives back at once what other processes would otherwise wait for. Nobody uses it afterwards; whoever is gone without it is missed
    /// all the same, later.
    fn close(&self) -> Pending<()> {
        Box::pin(async {})
    }
}

/// A store: all eight groups, for one installation.
pub trait Store:
    Sessions + Directory + Flows + Documents + Grants + Consents + Subscribers + Notices + Upkeep + 'static
{
}

impl<T> Store for T where
    T: Sessions
        + Directory
        + Flows
        + Documents
        + Grants
        + Consents
        + Subscribers
        + Notices
        + Upkeep
        + 'static
{
}
