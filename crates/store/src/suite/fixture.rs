//! The people, clients and orders of the suite.
//!
//! A fixture is one realm on a fresh store with somebody to sign on. What it asks for succeeds or the test ends here, so
//! that the tests themselves say only what they are about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use adieu_core::{
    Actor, Assurance, Cause, Channel, Client, ClientAuth, ClientId, ClientSigning, Device, DirectoryError,
    EditClientOrder, EditUserOrder, Edited, EditedClient, EndError, EndKind, EndOrder, EndTarget, Ended,
    EndingFilter, EndingId, FoundEnding, Generations, Incarnation, Limits, NewUser, NotLive, Origin,
    Population, PopulationId, PresentedToken, Proof, Realm, RealmDraft, RealmId, RemoveClientOrder,
    RemoveUserOrder, Session, SessionId, SessionSecret, SessionToken, SignOnOrder, SignedOn, Span, Timestamp,
    User, UserEdit, UserId, UserKey, Version,
};
use uuid::Uuid;

use crate::suite::engine::Engine;
use crate::{EndingQuery, SessionQuery, Store};
use adieu_core::{Check, FoundSession, SessionRecord};

/// Numbers that look random and are the same in every run.
#[derive(Debug)]
pub struct Chance(AtomicU64);

impl Chance {
    /// Numbers of one seed.
    pub const fn of(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number (SplitMix64).
    pub fn number(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        std::array::from_fn(|_| self.number().to_le_bytes()[0])
    }

    /// A random id.
    pub fn uuid(&self) -> Uuid {
        Uuid::from_bytes(self.bytes())
    }
}

/// A session that somebody holds.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// As it was committed.
    pub session: Session,
    /// What opens it.
    pub token: SessionToken,
}

/// One realm with people, on a store of its own.
pub struct Fixture<E> {
    /// Where the store keeps its things.
    pub engine: E,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The realm.
    pub realm: RealmId,
    /// Its population.
    pub population: PopulationId,
    /// Chance.
    pub chance: Chance,
}

/// How long the fixture's sessions last idle.
pub const IDLE: Span = Span::from_s(1000);
/// How long they last in any case.
pub const ABSOLUTE: Span = Span::from_s(10_000);

/// `s` seconds after the beginning of everything.
pub const fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(1_795_166_400_000 + s * 1000)
}

impl<E: Engine> Fixture<E> {
    /// A fixture on a fresh store.
    pub async fn new() -> Self {
        let engine = E::fresh().await;
        let store = engine.open().await;
        Self::found_on(engine, store).await
    }

    /// A fixture on an empty store that is open already.
    pub async fn found_on(engine: E, store: Arc<dyn Store>) -> Self {
        let chance = Chance::of(7);
        let (realm, population) = (RealmId::from_uuid(chance.uuid()), PopulationId::from_uuid(chance.uuid()));
        let fixture = Self { engine, store, realm, population, chance };
        fixture.found("/town", realm, population).await;
        fixture
    }

    /// Makes a realm with its population.
    pub async fn found(&self, path: &str, id: RealmId, population: PopulationId) {
        let realm = Realm {
            id,
            path: path.into(),
            generation: 0,
            second_factor: Default::default(),
            subscribers: 0,
            created_at: at(0),
        };
        let first = Self::population(population, id, "Everybody");
        self.store.create_realm(RealmDraft { realm, first, documents: vec![] }).await.expect("a free path");
    }

    /// The same fixture on what a crash has left.
    pub async fn after_crash(self) -> Self {
        let engine = self.engine.after_crash().await;
        let store = engine.open().await;
        Self { engine, store, ..self }
    }

    /// A second fixture on what a crash at this moment would leave; this one stays open.
    pub async fn again_after_crash(&self) -> Self {
        let engine = self.engine.after_crash().await;
        let store = engine.open().await;
        let chance = Chance::of(self.chance.number());
        Self { engine, store, realm: self.realm, population: self.population, chance }
    }

    /// A record of a population that is not there yet.
    pub fn population(id: PopulationId, realm: RealmId, name: &str) -> Population {
        let (created_at, updated_at) = (at(0), at(0));
        let (name, version) = (name.into(), Version::FIRST);
        Population { id, realm, name, description: None, version, created_at, updated_at }
    }

    /// A record of somebody who is not there yet.
    pub fn nobody_yet(&self, name: &str) -> User {
        User {
            key: UserKey::from_random(self.chance.number()),
            id: UserId::from_uuid(self.chance.uuid()),
            realm: self.realm,
            population: self.population,
            username: name.into(),
            email: Some(format!("{name}@example.test")),
            external_id: None,
            enabled: true,
            enabled_at: at(0),
            lock: None,
            unlocked_at: None,
            generation: 0,
            forgotten: 0,
            grants_from: 0,
            signed_on_since: false,
            removed: false,
            password: None,
            recovery_codes: None,
            traits: "{}".into(),
            metadata_public: None,
            metadata_admin: None,
            roles: vec![],
            version: Version::FIRST,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    /// Somebody new.
    pub async fn user(&self, name: &str) -> User {
        let user = self.nobody_yet(name);
        self.store.create_user(NewUser { user }).await.expect("a free name")
    }

    /// That user as the store has them now.
    pub async fn read(&self, user: &User) -> User {
        let found = self.store.user(user.id).get().await.expect("an answer");
        User::clone(&found.expect("the user is there"))
    }

    /// An order to sign on, with what is known of user and realm now.
    pub async fn order_now(&self, user: &User) -> SignOnOrder {
        let user = self.read(user).await;
        let realm = self.store.realm(user.realm).get().await.expect("an answer").expect("the realm is there");
        SignOnOrder { proof: Proof::of(&user, &realm), ..self.order(&user) }
    }

    /// An order to sign on, with what is known of the user as given, in a realm that no ending has reached.
    pub fn order(&self, user: &User) -> SignOnOrder {
        SignOnOrder {
            realm: user.realm,
            proof: Proof { user: user.id, generations: Generations { user: user.generation, realm: 0 } },
            limits: Limits { idle: Some(IDLE), absolute: ABSOLUTE },
            quota: None,
            channel: Channel::named("front"),
            method: Some("password".into()),
            authenticated_at: None,
            spends: None,
            level: Assurance::One,
            may_be_half: true,
            device: Device { address: Some("192.0.2.7:4711".into()), ..Device::default() },
            previous: None,
            keep_token: false,
            secret: SessionSecret::from_bytes(self.chance.bytes()),
            incarnation: Incarnation::from_bits(self.chance.number()),
        }
    }

    /// Gives an order that must succeed; the token is the new one.
    pub async fn signed_on(&self, order: SignOnOrder, now: Timestamp) -> (SignedOn, SessionToken) {
        let secret = order.secret.clone();
        let done = self.store.open_session(order, now).await.expect("a sign-on");
        let token = SessionToken { id: done.session.id, secret };
        (done, token)
    }

    /// Signs somebody on in a new user agent, as they are now.
    pub async fn sign_on(&self, user: &User, now: Timestamp) -> OpenedSession {
        let (done, token) = self.signed_on(self.order_now(user).await, now).await;
        OpenedSession { session: done.session, token }
    }

    /// What a check says, without touching.
    pub async fn check(&self, token: &SessionToken, now: Timestamp) -> Check {
        self.store.check(token, false, now).get().await.expect("an answer")
    }

    /// Says that the session is live for its token, for its name and in the list of its user.
    pub async fn expect_live(&self, held: &OpenedSession, now: Timestamp) {
        let id = held.session.id;
        assert!(matches!(self.check(&held.token, now).await, Check::Live(live) if live.session.id == id));
        let found = self.session_by_id(id, now).await.expect("it is there");
        assert_eq!(found.verdict, adieu_core::Verdict::Live);
        let listed = self.live_sessions(&found.user, now).await;
        assert!(listed.iter().any(|one| one.session.id == id));
    }

    /// Says that the token opens nothing; gives the reason.
    pub async fn expect_dead(&self, held: &OpenedSession, now: Timestamp) -> NotLive {
        let why = match self.check(&held.token, now).await {
            Check::Live(_) => panic!("the session {} is live", held.session.id),
            Check::Half(_) => NotLive::HalfSignedOn,
            Check::Not(why) => why,
        };
        let found = self.session_by_id(held.session.id, now).await;
        let same = |l: &FoundSession| l.session.token_hash.matches(&held.token.secret);
        assert!(found.filter(same).is_none_or(|l| l.verdict == adieu_core::Verdict::Not(why)));
        why
    }

    /// The sessions of a user, or only those that are live or are not, page by page, newest first.
    pub async fn sessions(&self, user: &User, live: Option<bool>, now: Timestamp) -> Vec<SessionRecord> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let query = SessionQuery { after, most: 500, live };
            let page = self.store.user_sessions(user.id, query, now).await.expect("a page");
            all.extend(page.sessions);
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    /// The live sessions of a user, newest first.
    pub async fn live_sessions(&self, user: &User, now: Timestamp) -> Vec<SessionRecord> {
        let all = self.sessions(user, Some(true), now).await;
        let count = self.store.count_live_sessions(user.id, now).await.expect("a count");
        assert_eq!(count, all.len() as u64, "the count is of those on the list");
        all
    }

    /// The session of that name, without touching.
    pub async fn session_by_id(&self, id: SessionId, now: Timestamp) -> Option<FoundSession> {
        self.store.session_by_id(id, false, now).get().await.expect("an answer")
    }

    /// An order to end something for good, in any realm.
    pub fn ending(&self, target: EndTarget) -> EndOrder {
        EndOrder {
            realm: None,
            target,
            kind: EndKind::End,
            cause: Cause::Administrator,
            spare: None,
            within: None,
            origin: self.origin(),
        }
    }

    /// Where the fixture's orders come from.
    pub fn origin(&self) -> Origin {
        Origin::of(Actor::Operator, Channel::named("side"), None)
    }

    /// Ends something for good.
    pub async fn end(&self, target: EndTarget, now: Timestamp) -> Result<Ended, EndError> {
        self.store.end(self.ending(target), now).await
    }

    /// Gives the order to end something for good; the answer comes.
    pub fn end_later(&self, target: EndTarget, now: Timestamp) -> crate::Pending<Result<Ended, EndError>> {
        self.store.end(self.ending(target), now)
    }

    /// The endings that a question asks for, in pages of so many, newest first.
    pub async fn endings(&self, filter: EndingFilter, most: u32) -> Vec<FoundEnding> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let query = EndingQuery { after, most, filter: filter.clone() };
            let page = self.store.endings(query).await.expect("a page");
            assert!(page.endings.len() <= most as usize, "at most so many");
            all.extend(page.endings);
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    /// Ends one sign-on and keeps the name.
    pub async fn reset(&self, held: &OpenedSession, now: Timestamp) -> Result<Ended, EndError> {
        let order = EndOrder { kind: EndKind::Reset, ..self.ending(EndTarget::One(held.session.id)) };
        self.store.end(order, now).await
    }

    /// The order to change a user from the version that is there; another password ends nothing by policy.
    pub async fn edit_order(&self, user: UserId, edit: UserEdit) -> EditUserOrder {
        let stored = self.store.user(user).get().await.expect("an answer");
        let from = stored.map_or(Version::FIRST, |stored| stored.version);
        EditUserOrder {
            user,
            from,
            edit,
            by_session: None,
            password_ends_sessions: false,
            origin: self.origin(),
        }
    }

    /// Changes a user who is there.
    pub async fn edit(&self, user: UserId, edit: UserEdit, now: Timestamp) -> Result<Edited, DirectoryError> {
        self.store.edit_user(self.edit_order(user, edit).await, now).await
    }

    /// Removes a user, whatever the version.
    pub async fn remove(&self, user: UserId, now: Timestamp) -> Result<Ended, DirectoryError> {
        self.store.remove_user(RemoveUserOrder { user, from: None, origin: self.origin() }, now).await
    }

    /// The public id of an ending, if it has one.
    pub fn id_of(&self, ended: &Ended) -> Option<EndingId> {
        ended.place().map(|place| self.store.ending_id(place))
    }

    /// Enables or disables a user who is there.
    pub async fn enable(&self, user: UserId, enabled: bool, now: Timestamp) -> Edited {
        let edit = UserEdit { enabled: Some(enabled), ..UserEdit::default() };
        self.edit(user, edit, now).await.expect("a change")
    }

    /// An application that may use codes and refresh tokens; the one that is there, if it is.
    pub async fn client(&self, id: &str) -> Client {
        let client = self.no_client_yet(id);
        if let Some(client) = self.store.client(&client.id).get().await.expect("an answer") {
            return Client::clone(&client);
        }
        self.store.create_client(client.into()).await.expect("a client")
    }

    /// The application as it is stored now.
    pub async fn stored_client(&self, id: &ClientId) -> Client {
        let found = self.store.client(id).get().await.expect("an answer");
        Client::clone(&found.expect("the client is there"))
    }

    /// Changes an application from the version that is there.
    pub async fn change_client(&self, id: &ClientId, change: impl FnOnce(&mut Client)) -> Client {
        self.changed_client(id, change).await.client
    }

    /// The same, with what ended because of it.
    pub async fn changed_client(&self, id: &ClientId, change: impl FnOnce(&mut Client)) -> EditedClient {
        let mut next = self.stored_client(id).await;
        let from = next.version;
        change(&mut next);
        let order = EditClientOrder { from, next: next.into(), ends_grants: false, origin: self.origin() };
        self.store.edit_client(order, at(0)).await.expect("a change")
    }

    /// Removes an application, in the version that was read if one is given.
    pub async fn remove_client(&self, id: &ClientId, from: Option<Version>) -> Result<Ended, DirectoryError> {
        let order =
            RemoveClientOrder { client: id.clone(), from, document_kinds: &[], origin: self.origin() };
        self.store.remove_client(order, at(0)).await
    }

    /// A record of an application that is not there yet.
    pub fn no_client_yet(&self, id: &str) -> Client {
        let id: ClientId = id.parse().expect("a client id");
        Client {
            name: id.to_string(),
            id,
            realm: self.realm,
            enabled: true,
            auth: ClientAuth::Basic,
            secret: None,
            code: true,
            refresh: true,
            client_credentials: false,
            pkce_required: false,
            api_scopes: vec![],
            redirect_uris: vec!["https://shop.test/cb".into()],
            post_logout_redirect_uris: vec![],
            origins: None,
            outlives_session: false,
            require_consent: false,
            ends_by_id_token: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            access_life: Span::from_s(300),
            refresh_life: Span::from_s(3600),
            roles: vec![],
            signing: ClientSigning::default(),
            acr: None,
            secret_version: 0,
            previous_secret: None,
            generation: 0,
            user_scopes: None,
            identity_generation: 0,
            offline_generation: 0,
            revoked_tokens: vec![],
            version: Version::FIRST,
            created_at: at(0),
            updated_at: at(0),
        }
    }
}

impl OpenedSession {
    /// The token, as an order names it.
    pub fn presented(&self) -> EndTarget {
        EndTarget::Token(PresentedToken::from(&self.token))
    }
}
