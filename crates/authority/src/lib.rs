//! One function per use case: let core and the store decide, commit, log, answer.
//!
//! Faces call these and nothing below. Nothing here knows HTTP or a dialect's words; what went wrong below travels
//! as an opaque [`Outage`]. Orders, outcomes and errors of acts are core's and are re-exported here.

mod amend;
mod api_scopes;
mod assertions;
mod attempts;
mod beside;
mod check;
mod client_changes;
mod client_keys;
mod client_keys_source;
mod client_refusal_reason;
mod client_refusals;
mod clients;
mod consents;
mod counts;
mod documents;
mod dynamic_clients;
mod end;
mod endings;
mod first_factor;
mod flows;
mod foreign_hash;
mod form_proof;
mod form_turns;
mod form_uses;
mod grants;
mod hashing;
mod held_notices;
mod inspect;
mod keys;
mod known_places;
mod new_passwords;
mod notices;
mod people;
mod policy;
mod populations;
mod prove;
mod realms;
mod recovery;
mod registration;
mod request_lines;
mod revoke;
mod search;
mod second_factor;
mod sign_on;
mod sign_on_outcome;
mod subscribers;
mod throttle;
mod unfinished;
mod upkeep;
mod upstream;
mod upstream_client;
mod user_changes;
mod user_scopes;
pub mod user_traits;
mod verification;
mod verified;
mod whence;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

pub use adieu_core::names::matched;
pub use adieu_core::{
    AccountLock, Actor, AfterPassword, AmendError, AmendOrder, Amendment, ApplicationTrait, Assurance,
    Beyond, Cause, Channel, Client, ClientAuth, ClientDraft, ClientId, ClientJwks, ClientSigning, CodeSet,
    ConfirmError, Device, DirectoryError, DocumentChange, ENDED_COUNTED_MAX, Edited, EndError, EndKind,
    EndOrder, EndTarget, Ended, EndedReach, EndedSessions, EndingFilter, EndingId, EndingPlace, EndingRecord,
    FoundEnding, Generations, Grant, GrantError, Hindrance, HookEvent, HookReach, How, JoseAlgorithm, Limits,
    Locator, LockChange, Method, NIL, NotLive, NoticeAnswer, NoticeMessage, NoticeSubject, NoticeWait,
    Origin, Outage, Participant, PasswordRules, Population, PopulationId, PresentedToken, Purpose, Quota,
    RECOVERY_CODE, Realm, RealmId, Reason, ReasonError, Receipt, ReceiptState, ReceiptStates, Receiver,
    RecoveryPass, RecoveryWay, RevokedSubject, Rights, Role, RoleAssignment, RoleScope, Session, SessionId,
    SessionToken, SidForm, Span, Standing, State, SubjectForm, SubjectKey, Subscriber, SubscriberId,
    SubscriberKind, TYPED_LETTERS, TakenMember, ToldSoFar, Unwritten, User, UserEdit, UserId, UserReach,
    Verdict, Version, WeakPassword, assurance_of,
};
pub use adieu_core::{CONSENTS_OF_USER_MAX, Consent, ConsentError, ConsentOrder};
pub use adieu_core::{Check, Fate, FoundSession, HalfSession, LiveSession, SecondFactorRule, SessionRecord};
pub use adieu_core::{
    ClientWords, HowTold, RecordFault, ToldClient, client_is_sound, email_is_sound, is_encrypted_or_local,
    is_https, is_realm_path, is_redirect_uri, is_web_address, may_redirect_to, may_return_to, private_scheme,
    redirect_place, subscriber_is_sound, takes_credential_anew, username_is_sound, web_origin,
};
pub use adieu_core::{Clock, Entropy, InstallationKey, Timestamp};
pub use adieu_core::{
    UPSTREAM, UpstreamEndpoints, UpstreamError, UpstreamExchange, UpstreamFault, UpstreamIdentity,
    UpstreamLogout, UpstreamProvider, upstream_error_word,
};
pub use adieu_store::{
    Document, EndingPage, EndingQuery, Figures, Flow, FlowId, Lookup, Pending, ReceiptPage, ReceiptQuery,
    ReceiverStanding, Retold, SessionCursor, SessionPage, SessionQuery, Store, Swept,
};
pub use assertions::RememberError;

pub use adieu_keyring::{KeyStage, Keyring, RealmKey, RealmKeys, Signer};
pub use adieu_token::{Alg, JwksFault};

pub use api_scopes::api_scopes_are_known;
pub use beside::SessionsBeside;
pub use check::CheckedToken;
pub use client_changes::ClientsDraft;
pub use client_keys::{UnsignedByClient, read_client_jwks, shown_client_jwks};
pub use client_keys_source::ClientKeysSource;
pub use client_refusal_reason::ClientRefusalReason;
pub use client_refusals::ClientRefusal;
pub use clients::{HeldGrants, NewClient, RotationError, SecretRotation};
pub use dynamic_clients::{
    ClientRegistrationError, INITIAL_CLIENTS_MAX, INITIAL_LIFE_MAX, INITIAL_TOKENS_MAX, InitialToken,
    InitialTokenError, REGISTERED,
};
pub use endings::{endings_noted, noting_endings};
pub use first_factor::FirstFactor;
pub use flows::{FLOW_BYTES_MAX, NewFlow};
pub use form_proof::FormProof;
pub use form_turns::{FormKey, FormTurn};
pub use form_uses::FormUse;
pub use grants::{CodeOrder, RedeemCode, RedeemFailure, RedeemedGrant, RefreshTokens};
pub use hashing::{HashCost, HashError};
pub use inspect::{Active, ActiveRefresh, For, Principal};
pub use new_passwords::password_is_sound;
pub use people::{NewPerson, PersonError};
pub use policy::Policy;
pub use populations::{DEFAULT_POPULATION, FirstPopulation};
pub use prove::Proven;
pub use realms::ROOT;
pub use recovery::{Recovery, RecoveryFailure};
pub use registration::RegisterError;
pub use request_lines::LineTaken;
pub use revoke::RevokeError;
pub use search::FoundUsers;
pub use second_factor::{SecondFactor, SecondStep, SecondStepFailure};
pub use sign_on::{SignOn, SignOnFailure, SignedIn};
pub use sign_on_outcome::SignOnOutcome;
pub use subscribers::{CredentialRotation, NewSubscriber, SubscriberError, WithSecret};
pub use throttle::SignOnLimits;
pub use unfinished::FlowLimits;
pub use upstream::{
    NewUpstream, UpstreamEdit, UpstreamFailure, UpstreamLink, UpstreamLinkError, UpstreamLogoutFailure,
    UpstreamProviderError, UpstreamReturn, UpstreamReturnFailed, UpstreamSecondStep, UpstreamSecret,
    UpstreamSignedIn, UpstreamStart, UpstreamWaiting,
};
pub use upstream_client::{UpstreamClient, UpstreamPlace};
pub use user_scopes::{OFFLINE_ACCESS, STANDARD_SCOPES, ScopesOfClient, user_scopes_are_sound};
pub use verification::is_known_hash;

use crate::client_refusal_reason::ClientRefusalLines;
use crate::counts::Counts;
use crate::form_turns::FormTurns;
use crate::hashing::Hashing;
use crate::known_places::KnownPlaces;
use crate::realms::Realms;
use crate::request_lines::RequestLines;
use crate::sign_on_outcome::SignOnLines;
use crate::throttle::{ClientThrottle, Throttle};
use crate::unfinished::Unfinished;

/// What an authority is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The installation key.
    pub key: InstallationKey,
    /// What signs and seals.
    pub keyring: Keyring,
    /// The rules of this installation.
    pub policy: Policy,
}

/// The session authority of one installation. Clones are handles of the same one.
#[derive(Clone)]
pub struct Authority {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    key: InstallationKey,
    policy: Policy,
    hashing: Hashing,
    realms: Realms,
    counts: Counts,
    keyring: Keyring,
    throttle: Throttle,
    revocations: ClientThrottle,
    assertions: ClientThrottle,
    sign_on_lines: SignOnLines,
    client_refusals: ClientRefusalLines,
    request_lines: RequestLines,
    notices_held: AtomicBool,
    unfinished: Unfinished,
    form_turns: Arc<FormTurns>,
    places: KnownPlaces,
    after_endings: OnceLock<Box<dyn Fn() + Send + Sync>>,
    upstream: OnceLock<Box<dyn UpstreamClient>>,
    client_keys: OnceLock<Box<dyn ClientKeysSource>>,
}

impl Authority {
    /// An authority over a store.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, entropy, key, keyring, policy } = parts;
        let hashing = Hashing::new(policy.hash_cost, policy.workers);
        let realms = Realms::default();
        let counts = Counts::new();
        let throttle = Throttle::new(policy.sign_ons);
        let unfinished = Unfinished::new(policy.flows);
        Self {
            inner: Arc::new(Inner {
                store,
                clock,
                entropy,
                key,
                policy,
                hashing,
                realms,
                counts,
                keyring,
                throttle,
                revocations: ClientThrottle::of_calls(),
                assertions: ClientThrottle::of_name_minutes(),
                sign_on_lines: SignOnLines::default(),
                client_refusals: ClientRefusalLines::default(),
                request_lines: RequestLines::default(),
                notices_held: AtomicBool::new(false),
                unfinished,
                form_turns: Arc::default(),
                places: KnownPlaces::default(),
                after_endings: OnceLock::new(),
                upstream: OnceLock::new(),
                client_keys: OnceLock::new(),
            }),
        }
    }

    /// Has `wake` called after every ending from now on, once it is durable. The first caller's counts.
    pub fn after_endings(&self, wake: impl Fn() + Send + Sync + 'static) {
        let _ = self.inner.after_endings.set(Box::new(wake));
    }

    /// Wakes whoever tells of endings. A call that is lost costs latency, never a notice.
    fn wake_after_ending(&self) {
        if let Some(wake) = self.inner.after_endings.get() {
            wake();
        }
    }

    /// The present moment, as the whole process sees it.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Unpredictable bytes.
    pub fn draw<const N: usize>(&self) -> [u8; N] {
        adieu_core::entropy::draw(self.inner.entropy.as_ref())
    }

    /// A random UUID.
    pub fn draw_uuid(&self) -> uuid::Uuid {
        adieu_core::entropy::draw_uuid(self.inner.entropy.as_ref())
    }

    /// The installation key, for what faces derive and never store (EMPTY-HANDS).
    pub fn key(&self) -> &InstallationKey {
        &self.inner.key
    }

    /// The rules of this installation.
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    fn store(&self) -> &dyn Store {
        self.inner.store.as_ref()
    }
}
