//! The assembled server: an authority over a store, the faces in front of it, the dispatcher before them.
//!
//! Tests build the same one over a temporary folder and a frozen clock.

use std::path::Path;
use std::sync::Arc;

use adieu_authority::{
    Authority, Beyond, Channel, Clock, Entropy, FlowLimits, HashCost, Limits, Parts, PasswordRules, Policy,
    Quota, SecondFactorRule, SignOnLimits, Span, Store,
};
use adieu_egress::AddressRule;
use adieu_http_kit::service::FaceService;
use adieu_keyring::{Keyring, KeyringParts};
use adieu_outbox::{Bell, Outbox, OutboxParts, Sender};
use anyhow::Result;

use crate::admin::AdminSide;
use crate::config::{Config, RealmConfig};
use crate::dispatch::Dispatcher;
use crate::engine::{self, OpenedStore};
use crate::faces;
use crate::metering::RequestMeter;
use crate::provision;
use crate::upstreams::{AskedClientKeys, AskedUpstreams};

/// Threads that sign: one RS256 signature takes a core for about a millisecond.
const SIGNERS: usize = 2;

/// Everything behind the listeners.
#[derive(Clone)]
pub struct AssembledServer {
    /// The authority.
    pub authority: Authority,
    /// The public side.
    pub public: FaceService<Dispatcher>,
    /// The admin side.
    pub admin: FaceService<AdminSide>,
    meter: Arc<RequestMeter>,
    telling: Telling,
    /// Whether this opening made the realms: nobody can sign on yet.
    pub first_start: bool,
}

impl AssembledServer {
    /// Opens the data folder, or the database that the configuration names, makes what the first start makes, and builds the faces.
    pub async fn open(
        config: &Config,
        folder: &Path,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        Self::open_behind(config, folder, clock, entropy, |store| store).await
    }

    /// The same, with something of the caller's between the authority and its store: tests let it fail there.
    pub async fn open_behind(
        config: &Config,
        folder: &Path,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        between: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Result<Self> {
        let engine = engine::open(config, folder, &entropy).await?;
        let (authority, telling) = assembled(config, engine, clock, entropy, between);
        authority.ask_upstreams_by(AskedUpstreams::new(config)?);
        authority.ask_client_keys_by(AskedClientKeys::new(config)?);
        let made = provision::realms(&authority, config).await?;
        for realm in &made {
            tracing::info!(realm = realm.path, id = %realm.id, "realm made");
        }
        authority.follow_policy().await?;
        let meter = Arc::new(RequestMeter::new());
        let public = faces::public(&authority, &meter, config)?;
        Ok(Self {
            first_start: !made.is_empty(),
            admin: faces::admin(&authority, &meter, public.face().kratos.face().admin(), config)?,
            public,
            meter,
            telling,
            authority,
        })
    }
}

impl AssembledServer {
    /// The same authority behind faces as this configuration sets them up, with the realms that it names.
    pub async fn with_faces_of(&self, config: &Config) -> Result<Self> {
        let made = provision::realms(&self.authority, config).await?;
        for realm in &made {
            tracing::info!(realm = realm.path, id = %realm.id, "realm made");
        }
        let public = faces::public(&self.authority, &self.meter, config)?;
        Ok(Self {
            first_start: false,
            admin: faces::admin(&self.authority, &self.meter, public.face().kratos.face().admin(), config)?,
            public,
            meter: Arc::clone(&self.meter),
            telling: self.telling.clone(),
            authority: self.authority.clone(),
        })
    }

    /// What tells applications of endings, as this configuration allows.
    pub fn outbox(&self, config: &Config) -> Result<Outbox> {
        let anywhere = config.development || config.notices.allow_private;
        let rule = if anywhere { AddressRule::Any } else { AddressRule::Public };
        let Telling { store, keyring, clock, entropy, bell } = self.telling.clone();
        let sender = Arc::new(Sender::new(rule)?);
        Ok(Outbox::new(OutboxParts { store, keyring, clock, entropy, sender, bell }))
    }
}

/// What an outbox is made of, but for what sends.
#[derive(Clone)]
struct Telling {
    store: Arc<dyn Store>,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    bell: Bell,
}

/// The authority over an installation, with nothing made in it and no faces: for commands that look.
pub(crate) fn authority(
    config: &Config,
    engine: OpenedStore,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Authority {
    assembled(config, engine, clock, entropy, |store| store).0
}

fn assembled(
    config: &Config,
    OpenedStore { store, key, untold }: OpenedStore,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    between: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
) -> (Authority, Telling) {
    let store = between(store);
    let keyring = Keyring::new(KeyringParts {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        key: key.clone(),
        signers: SIGNERS,
    });
    let bell = Bell::default();
    let telling = Telling {
        store: Arc::clone(&store),
        keyring: keyring.clone(),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        bell: bell.clone(),
    };
    let authority = Authority::new(Parts { store, clock, entropy, key, keyring, policy: policy(config) });
    authority.after_endings(move || bell.ring_after_this_turn());
    authority.hold_notices(untold);
    (authority, telling)
}

fn span(s: u64) -> Span {
    Span::from_s(i64::try_from(s).unwrap_or(i64::MAX / 1000))
}

fn limits(idle_s: u64, lifetime_s: u64) -> Limits {
    Limits { idle: (idle_s > 0).then(|| span(idle_s)), absolute: span(lifetime_s) }
}

/// AM's quota actions, in its own words.
pub(crate) fn beyond(word: &str) -> Option<Beyond> {
    match word {
        "DENY_ACCESS" => Some(Beyond::Refuse),
        "DESTROY_NEXT_EXPIRING" => Some(Beyond::EndNextExpiring),
        "DESTROY_OLDEST_SESSION" => Some(Beyond::EndOldest),
        "DESTROY_OLD_SESSIONS" => Some(Beyond::EndAll),
        _ => None,
    }
}

/// None is no limit. A larger number than fits is none that anybody reaches.
fn quota(max: u64, word: &str) -> Option<Quota> {
    let max = u32::try_from(max).ok().filter(|max| *max > 0)?;
    Some(Quota { max, beyond: beyond(word)? })
}

/// How often sign-ons may be tried.
fn sign_on_limits(config: &Config) -> SignOnLimits {
    let passwords = &config.passwords;
    SignOnLimits {
        failures_by_account_max: passwords.failures_by_name_max,
        failures_by_address_max: passwords.failures_by_address_max,
        failures_window: span(passwords.failures_window_s),
        sign_ons_by_account_max: passwords.sign_ons_by_account_max,
        sign_ons_by_address_max: passwords.sign_ons_by_address_max,
        sign_ons_window: span(passwords.sign_ons_window_s),
        registrations_by_address_max: config.sign_on.registrations_by_address_max,
        undecided_by_account_max: passwords.undecided_by_account_max,
        undecided_by_address_max: passwords.undecided_by_address_max,
    }
}

/// What a password has to be in the realm at a path, before there is an authority to ask.
pub(crate) fn password_rules(config: &Config, realm: &str) -> PasswordRules {
    policy(config).password_rules_in(realm)
}

/// The authority's rules, from the configuration.
fn policy(config: &Config) -> Policy {
    let channels = [
        ("kratos", limits(config.kratos.session_idle_s, config.kratos.session_lifetime_s)),
        ("am", limits(config.am.idle_s, config.am.lifetime_s)),
        ("pingone", limits(config.pingone.idle_s, config.pingone.lifetime_s)),
        ("openid", limits(config.openid.idle_s, config.openid.lifetime_s)),
    ];
    let mut policy = Policy {
        limits: channels.into_iter().map(|(channel, limits)| (Channel::named(channel), limits)).collect(),
        hash_cost: HashCost { memory_kib: config.passwords.memory_kib, passes: config.passwords.passes },
        workers: match config.passwords.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            workers => workers,
        },
        sign_ons: sign_on_limits(config),
        password_change_ends_sessions: config.passwords.change_ends_sessions,
        password_rules: PasswordRules {
            length_min: config.passwords.length_min,
            common_refused: config.passwords.common_refused,
        },
        flows: FlowLimits {
            of_kind_max: config.keep.flows_max,
            by_address_max: config.keep.flows_by_address_max,
            of_kind_bytes_max: config.keep.flows_bytes_max,
            by_address_bytes_max: config.keep.flows_by_address_bytes_max,
        },
        second_factor: SecondFactorRule::read(&config.sign_on.second_factor).unwrap_or_default(),
        registration: config.sign_on.registration,
        recent: span(config.sign_on.recent_s),
        tombstones_kept: span(config.keep.tombstones_s),
        refresh_reuse_grace: span(config.tokens.refresh_reuse_grace_s),
        assertion_audience_strict: config.tokens.assertion_audience_strict,
        client_documents: &CLIENT_DOCUMENTS,
        api_scopes: &API_SCOPES,
        offline_life: span(config.tokens.offline_s),
        ..Policy::default()
    };
    // The newest session is the one that lives: Kratos' hook `revoke_active_sessions`, and PingOne's limit.
    if config.kratos.login_ends_others {
        policy.quotas.insert(Channel::named("kratos"), Quota { max: 1, beyond: Beyond::EndAll });
    }
    if let Ok(max @ 1..) = u32::try_from(config.pingone.sessions_max) {
        policy.quotas.insert(Channel::named("pingone"), Quota { max, beyond: Beyond::EndOldest });
    }
    if let Some(quota) = quota(config.am.sessions_max, &config.am.sessions_beyond) {
        policy.quotas.insert(Channel::named("am"), quota);
    }
    for realm in &config.realms {
        add_realm(&mut policy, config, realm);
    }
    policy
}

/// The rules of a realm that differ from those of the installation.
fn add_realm(policy: &mut Policy, config: &Config, realm: &RealmConfig) {
    if let Some(ends) = realm.password_change_ends_sessions {
        policy.realm_password_changes.insert(realm.path.clone(), ends);
    }
    if realm.password_length_min.is_some() || realm.password_common_refused.is_some() {
        let of_realm = PasswordRules {
            length_min: realm.password_length_min.unwrap_or(config.passwords.length_min),
            common_refused: realm.password_common_refused.unwrap_or(config.passwords.common_refused),
        };
        policy.realm_password_rules.insert(realm.path.clone(), of_realm);
    }
    if let Some(registration) = realm.registration {
        policy.realm_registrations.insert(realm.path.clone(), registration);
    }
    if let Some(rule) = realm.second_factor.as_deref().and_then(SecondFactorRule::read) {
        policy.realm_second_factors.insert(realm.path.clone(), rule);
    }
    if realm.am_idle_s.is_some() || realm.am_lifetime_s.is_some() {
        let of_realm = limits(
            realm.am_idle_s.unwrap_or(config.am.idle_s),
            realm.am_lifetime_s.unwrap_or(config.am.lifetime_s),
        );
        policy.realm_limits.insert((realm.path.clone(), Channel::named("am")), of_realm);
    }
    if realm.am_sessions_max.is_some() || realm.am_sessions_beyond.is_some() {
        let beyond = realm.am_sessions_beyond.as_ref().unwrap_or(&config.am.sessions_beyond);
        let of_realm = quota(realm.am_sessions_max.unwrap_or(config.am.sessions_max), beyond);
        policy.realm_quotas.insert((realm.path.clone(), Channel::named("am")), of_realm);
    }
}

/// The kinds of documents that dialects keep beside clients.
static CLIENT_DOCUMENTS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    let all = adieu_face_pingone::CLIENT_DOCUMENT_KINDS.iter().copied();
    all.chain([adieu_authority::REGISTERED]).collect()
});

/// The scopes of dialects' APIs.
static API_SCOPES: std::sync::LazyLock<Vec<&'static str>> =
    std::sync::LazyLock::new(|| [adieu_face_pingone::API_SCOPES, adieu_face_openid::API_SCOPES].concat());
