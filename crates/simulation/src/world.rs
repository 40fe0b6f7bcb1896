//! An installation as it is simulated: one store, several nodes over it, people, clients, receivers.
//!
//! It is made without delay and without loss, before the run begins. What a node has in memory is gone when it crashes.

use std::collections::BTreeMap;
use std::sync::Arc;

use adieu_authority::{
    Authority, FirstPopulation, HashCost, Keyring, NewClient, NewPerson, NewSubscriber, Parts, Policy,
    SignOnLimits,
};
use adieu_core::{
    Channel, ClientAuth, ClientId, Clock, Entropy, InstallationKey, JoseAlgorithm, Limits, PasswordRules,
    PopulationId, RealmId, Span, SubjectForm, SubscriberId, SubscriberKind, UserId,
};
use adieu_keyring::KeyringParts;
use adieu_outbox::{Bell, NoticeSender, Outbox, OutboxParts};
use adieu_store::Store;
use adieu_store_memory::MemoryStore;
use anyhow::Context as _;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::dice::{SeededBytes, SeededDice};
use crate::history::{NodeNumber, ReceiverNumber, UserNumber};
use crate::network::{NodeClock, SimulatedNetwork};
use crate::notes::Notes;
use crate::plant::Planted;
use crate::receivers::{Mood, ScriptedReceivers, SimulatedSender};
use crate::rules::{ClientRule, RunRules};
use crate::stepped::SteppedStore;

/// The channel of all sign-ons.
pub(crate) const CHANNEL: Channel = Channel::named("simulated");
/// The issuer of all clients.
pub(crate) const ISSUER: &str = "https://id.example";

/// The installation.
pub(crate) struct Installation {
    pub(crate) rules: Arc<RunRules>,
    pub(crate) network: Arc<SimulatedNetwork>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) receivers: Arc<ScriptedReceivers>,
    pub(crate) store: MemoryStore,
    pub(crate) realms: [RealmId; 2],
    pub(crate) users: Vec<UserId>,
    pub(crate) clients: Vec<ClientId>,
    planted: Arc<Planted>,
    key: InstallationKey,
    seed: u64,
    started: u64,
}

/// A process of the installation.
pub(crate) struct Node {
    pub(crate) no: NodeNumber,
    pub(crate) clock: Arc<NodeClock>,
    pub(crate) authority: Authority,
    pub(crate) outbox: Outbox,
    telling: Option<Telling>,
}

/// An outbox at work.
struct Telling {
    task: AbortHandle,
    _stop: tokio::sync::watch::Sender<bool>,
}

/// The password of a number.
pub(crate) fn password(number: u32) -> String {
    format!("password {number}")
}

/// The name of a user.
pub(crate) fn username(user: UserNumber) -> String {
    format!("user{user}")
}

/// The name of a subscriber.
pub(crate) fn subscriber_name(no: ReceiverNumber) -> String {
    format!("subscriber{no}")
}

impl Installation {
    /// Makes the installation of a seed.
    pub(crate) async fn made(
        seed: u64,
        rules: RunRules,
        network: Arc<SimulatedNetwork>,
        dice: &mut SeededDice,
    ) -> anyhow::Result<Self> {
        let key = InstallationKey::from_bytes([7; 32]);
        let notes = Arc::new(Notes::new(Arc::clone(&network)));
        let moods = (0..rules.receivers()).map(|_| Mood::drawn(dice)).collect();
        let receivers = Arc::new(ScriptedReceivers::new(Arc::clone(&network), Arc::clone(&notes), moods));
        let realm = |n: u128| RealmId::from_uuid(Uuid::from_u128(0x4000_8000_0000_0000_0000 + n));
        let mut world = Self {
            rules: Arc::new(rules),
            planted: Arc::new(Planted::new(Arc::clone(&network))),
            network,
            notes,
            receivers,
            store: MemoryStore::new(&key),
            realms: [realm(1), realm(2)],
            users: Vec::new(),
            clients: Vec::new(),
            key,
            seed,
            started: 0,
        };
        world.peopled().await?;
        Ok(world)
    }

    async fn peopled(&mut self) -> anyhow::Result<()> {
        let clock = Arc::new(NodeClock::new(Arc::clone(&self.network), 0));
        let (authority, _) = self.authority_over(Arc::new(self.store.clone()), clock);
        let mut populations = Vec::new();
        for (n, (realm, path)) in self.realms.into_iter().zip(["/alpha", "/beta"]).enumerate() {
            let id = PopulationId::from_uuid(Uuid::from_u128(n as u128 + 1));
            let first = FirstPopulation { id, name: "All".into(), description: None };
            authority.create_realm_with(realm, path, first).await?;
            populations.push(authority.population(id).await?.context("a population")?);
        }
        for (user, realm) in self.rules.users.clone().into_iter().enumerate() {
            let person =
                NewPerson { username: username(user), password: Some(password(0)), ..NewPerson::default() };
            self.users.push(authority.create_user(&populations[realm], person).await?.id);
        }
        for (no, rule) in self.rules.clients.clone().into_iter().enumerate() {
            self.clients.push(self.client(&authority, no, rule).await?);
        }
        let opaque = SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::Opaque };
        let hook = SubscriberKind::Webhook { causes: Vec::new() };
        for (wanted, no, kind, credential) in [
            (self.rules.hook, self.rules.hook_no(), hook, None),
            (self.rules.revocation, self.rules.revocation_no(), opaque, Some("a-bearer-token".to_owned())),
        ] {
            let id: SubscriberId = subscriber_name(no).parse()?;
            let new = NewSubscriber {
                id,
                kind,
                address: ScriptedReceivers::address(no),
                enabled: true,
                credential,
            };
            if wanted {
                authority.create_subscriber(self.realms[0], new).await?;
            }
        }
        Ok(())
    }

    async fn client(&self, authority: &Authority, no: usize, rule: ClientRule) -> anyhow::Result<ClientId> {
        let new = NewClient {
            id: format!("client{no}").parse()?,
            name: "A client".into(),
            auth: ClientAuth::None,
            code: true,
            refresh: true,
            client_credentials: false,
            pkce_required: false,
            api_scopes: Vec::new(),
            redirect_uris: vec!["https://client.example/back".into()],
            post_logout_redirect_uris: Vec::new(),
            roles: Vec::new(),
        };
        let mut draft = authority.draft_client(self.realms[0], new);
        draft.backchannel_logout_uri = rule.has_address.then(|| ScriptedReceivers::address(no));
        draft.backchannel_logout_session_required = rule.by_session && rule.has_address;
        draft.outlives_session = rule.outlives_session;
        draft.signing.id_token = JoseAlgorithm::EdDsa;
        draft.refresh_life = Span::from_ms(self.rules.refresh_life_ms);
        Ok(authority.keep_new_client(draft).await?.id)
    }

    fn policy(&self) -> Policy {
        let rules = &self.rules;
        let limits =
            Limits { idle: rules.idle_ms.map(Span::from_ms), absolute: Span::from_ms(rules.absolute_ms) };
        // Throttles and costs of passwords have tests of their own; here they would only hide what is looked for.
        let unlimited = SignOnLimits {
            failures_by_account_max: 0,
            failures_by_address_max: 0,
            sign_ons_by_account_max: 0,
            sign_ons_by_address_max: 0,
            registrations_by_address_max: 0,
            undecided_by_account_max: 0,
            undecided_by_address_max: 0,
            ..SignOnLimits::default()
        };
        Policy {
            limits_default: limits,
            quotas: rules.quota.map(|quota| (CHANNEL, quota)).into_iter().collect::<BTreeMap<_, _>>(),
            password_change_ends_sessions: rules.password_ends_sessions,
            sign_ons: unlimited,
            hash_cost: HashCost { memory_kib: 8, passes: 1 },
            password_rules: PasswordRules { length_min: 1, common_refused: false },
            workers: 0,
            code_life: Span::from_ms(rules.code_life_ms),
            refresh_reuse_grace: Span::from_ms(rules.grace_ms),
            ..Policy::default()
        }
    }

    fn authority_over(&mut self, store: Arc<dyn Store>, clock: Arc<NodeClock>) -> (Authority, OutboxParts) {
        self.started += 1;
        let entropy: Arc<dyn Entropy> = Arc::new(SeededBytes::of(self.seed, 100 + self.started));
        let clock: Arc<dyn Clock> = clock;
        let keyring = Keyring::new(KeyringParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            key: self.key.clone(),
            signers: 0,
        });
        let authority = Authority::new(Parts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            key: self.key.clone(),
            keyring: keyring.clone(),
            policy: self.policy(),
        });
        let sender: Arc<dyn NoticeSender> = Arc::new(SimulatedSender(Arc::clone(&self.receivers)));
        let parts = OutboxParts { store, keyring, clock, entropy, sender, bell: Bell::default() };
        let bell = parts.bell.clone();
        authority.after_endings(move || bell.ring());
        (authority, parts)
    }

    /// Starts a node: it knows nothing but the store.
    pub(crate) fn start(&mut self, no: NodeNumber, clock_error_ms: i64) -> Node {
        let clock = Arc::new(NodeClock::new(Arc::clone(&self.network), clock_error_ms));
        let store = SteppedStore::new(
            self.store.clone(),
            no,
            Arc::clone(&self.network),
            Arc::clone(&self.planted),
            self.realms[0],
        );
        let (authority, parts) = self.authority_over(Arc::new(store), Arc::clone(&clock));
        Node { no, clock, authority, outbox: Outbox::new(parts), telling: None }
    }
}

impl Node {
    /// Whether its outbox is at work.
    pub(crate) const fn tells(&self) -> bool {
        self.telling.is_some()
    }

    /// Puts its outbox to work.
    pub(crate) fn begin_telling(&mut self) {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let task = tokio::spawn(self.outbox.clone().run(stopped)).abort_handle();
        self.telling = Some(Telling { task, _stop: stop });
    }

    /// Stops its outbox as a crash does: with all that it has under way.
    pub(crate) fn end_telling(&mut self) {
        if let Some(telling) = self.telling.take() {
            telling.task.abort();
        }
    }
}
