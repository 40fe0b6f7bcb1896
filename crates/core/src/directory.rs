//! Who exists: realms, populations, users and clients, as facts for decisions.
//!
//! Traits and metadata travel as JSON text that no rule here reads. Passwords and secrets are hashes (EMPTY-HANDS).

use std::fmt;

use crate::account_lock::AccountLock;
use crate::assurance::SecondFactorRule;
use crate::client_signing::ClientSigning;
use crate::ids::{ClientId, PopulationId, RealmId, UserId, UserKey};
use crate::outage::Unwritten;
use crate::record_fault::RecordFault;
use crate::revoked_token::RevokedToken;
use crate::rights::RoleAssignment;
use crate::second_factor::RecoveryCodes;
use crate::session::Generations;
use crate::time::{Span, Timestamp};
use crate::token::TokenHash;
use crate::version::Version;

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// Its id, the environment id of a dialect that addresses tenants so.
    pub id: RealmId,
    /// Its slash path, `/` or `/alpha` or `/alpha/sub`.
    pub path: String,
    /// Rises when all sessions of the realm are ended.
    pub generation: u64,
    /// When its users are asked for a second factor.
    pub second_factor: SecondFactorRule,
    /// How many subscribers are told of what ends in it.
    pub subscribers: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A group of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// Its id.
    pub id: PopulationId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Rises with every change.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A person or thing that signs on. Its `Debug` text shows no hash and nothing personal (EMPTY-HANDS).
#[derive(Clone)]
pub struct User {
    /// Where the rows lie.
    pub key: UserKey,
    /// The public id.
    pub id: UserId,
    /// The realm that knows the user.
    pub realm: RealmId,
    /// The population, as it is now.
    pub population: PopulationId,
    /// The name, spelled as it was given; matched in any letter case.
    pub username: String,
    /// The e-mail address, which names the user as well.
    pub email: Option<String>,
    /// What another system calls the user; unique in the realm, compared as exact text.
    pub external_id: Option<String>,
    /// Whether the user may sign on.
    pub enabled: bool,
    /// When `enabled` last changed.
    pub enabled_at: Timestamp,
    /// An administrator's word that the user may not sign on.
    pub lock: Option<AccountLock>,
    /// When an administrator last forgave the user's failed sign-ons.
    pub unlocked_at: Option<Timestamp>,
    /// Rises when all sessions of the user are ended; never falls.
    pub generation: u64,
    /// Sessions born under an earlier generation are shown to nobody any more; never falls.
    pub forgotten: u64,
    /// What was granted under an earlier generation is revoked, also where it would outlive its session; never falls.
    pub grants_from: u64,
    /// Whether a session of the user began since all of them ended together last, whatever has become of it. Other systems may have
    /// sessions because of it, and were not told that they are over.
    pub signed_on_since: bool,
    /// Whether the user was deleted. Such a record has no names and no password; it stays so that nothing of the user
    /// can live (ENDED-STAYS-ENDED).
    pub removed: bool,
    /// The password's hash in PHC text form.
    pub password: Option<String>,
    /// The second factor, if the user has one.
    pub recovery_codes: Option<RecoveryCodes>,
    /// A JSON object of traits, as its own dialect shows them.
    pub traits: String,
    /// JSON that everybody may see.
    pub metadata_public: Option<String>,
    /// JSON that administrators may see.
    pub metadata_admin: Option<String>,
    /// What the user may do to others.
    pub roles: Vec<RoleAssignment>,
    /// Rises with every change; endings raise the generation alone.
    pub version: Version,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("realm", &self.realm)
            .field("enabled", &self.enabled)
            .field("lock", &self.lock)
            .field("removed", &self.removed)
            .field("generation", &self.generation)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl User {
    /// What stays of a deleted user: the key, the id and the generations.
    pub fn without_trace(&self, now: Timestamp) -> Self {
        Self {
            username: String::new(),
            email: None,
            external_id: None,
            enabled: false,
            removed: true,
            lock: None,
            unlocked_at: None,
            password: None,
            recovery_codes: None,
            traits: "{}".into(),
            metadata_public: None,
            metadata_admin: None,
            roles: Vec::new(),
            version: self.version.next(),
            updated_at: now,
            ..self.clone()
        }
    }
}

/// What of a record another one has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenMember {
    /// Its id.
    Id,
    /// The path of a realm.
    Path,
    /// The name that a user signs on with.
    Username,
    /// The e-mail address, which names its user as well.
    Email,
    /// What another system calls a user.
    ExternalId,
}

impl fmt::Display for TakenMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Path => "path",
            Self::Username => "name",
            Self::Email => "e-mail address",
            Self::ExternalId => "external id",
        })
    }
}

/// Why the directory did not change. Nothing was written, except where the store is in doubt.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another user, client or realm has that already.
    #[error("the {0} is taken")]
    Taken(TakenMember),
    /// It does not exist, or what it belongs to does not.
    #[error("no such thing")]
    Unknown,
    /// It still holds others.
    #[error("it is not empty")]
    NotEmpty,
    /// Somebody changed the record after it was read: read it again.
    #[error("the record has changed since it was read")]
    Stale,
    /// The record may not say that.
    #[error(transparent)]
    Fault(#[from] RecordFault),
    /// The session in whose name the change was ordered is not live any more, or is not of the user.
    #[error("the session that orders the change is over")]
    SessionOver,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// Decides the adding of a record that never changes, a signing key for one; `taken` says whether one of its name is there.
pub const fn decide_add(taken: bool) -> Result<(), DirectoryError> {
    if taken { Err(DirectoryError::Taken(TakenMember::Id)) } else { Ok(()) }
}

/// What was known of the user when the proof of identity was accepted.
///
/// The engine compares it inside its transaction: a sign-on that races an ending of all sessions of the user or of the realm,
/// or a disabling, is refused (ENDED-STAYS-ENDED).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Who proved it.
    pub user: UserId,
    /// The generations of user and realm at that time.
    pub generations: Generations,
}

impl Proof {
    /// Of this user, now.
    pub const fn of(user: &User, realm: &Realm) -> Self {
        Self { user: user.id, generations: Generations { user: user.generation, realm: realm.generation } }
    }
}

/// How long sessions of one kind may last, fixed when a session opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ends after so long without activity; none means never.
    pub idle: Option<Span>,
    /// Ends so long after it began.
    pub absolute: Span,
}

/// How many live sessions a user may have, and what happens to a sign-on beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// So many, the new one included; at least one.
    pub max: u32,
    /// What happens beyond.
    pub beyond: Beyond,
}

/// What happens to a sign-on beyond the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It is refused.
    Refuse,
    /// The oldest sessions end.
    EndOldest,
    /// The sessions that would be over first end.
    EndNextExpiring,
    /// All the user's other sessions end.
    EndAll,
}

/// How a client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Not at all: a public client.
    None,
    /// HTTP Basic (`client_secret_basic`).
    Basic,
    /// In the form body (`client_secret_post`).
    Post,
    /// By what it signs with a key of its own (`private_key_jwt`).
    PrivateKey,
}

impl ClientAuth {
    /// Whether a client that proves itself so has a secret.
    pub const fn has_secret(self) -> bool {
        match self {
            Self::Basic | Self::Post => true,
            Self::None | Self::PrivateKey => false,
        }
    }
}

/// A secret that counts for a while beside the one that took its place.
#[derive(Clone, Copy, Debug)]
pub struct PreviousSecret {
    /// Its SHA-256.
    pub secret: TokenHash,
    /// From when on it counts no more.
    pub until: Timestamp,
}

/// An application of a realm.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// What people call it.
    pub name: String,
    /// A disabled client gets nothing.
    pub enabled: bool,
    /// How it proves itself.
    pub auth: ClientAuth,
    /// SHA-256 of its secret, which carries at least 128 bits.
    pub secret: Option<TokenHash>,
    /// May redeem codes.
    pub code: bool,
    /// Gets refresh tokens.
    pub refresh: bool,
    /// May act in its own name.
    pub client_credentials: bool,
    /// Must use PKCE with S256.
    pub pkce_required: bool,
    /// Scopes of APIs that it was granted; those of OpenID Connect need no grant.
    pub api_scopes: Vec<String>,
    /// Where codes may be sent; see [`may_redirect_to`](crate::may_redirect_to).
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after a sign-off, compared as exact text.
    pub post_logout_redirect_uris: Vec<String>,
    /// Origins of pages that may ask in its name with a browser's credentials; none means any.
    pub origins: Option<Vec<String>>,
    /// Its tokens live on after their session, until they expire, if they were issued while that was so.
    pub outlives_session: bool,
    /// It is somebody else's: users are asked before it gets anything of them.
    pub require_consent: bool,
    /// One of its ID tokens is enough to end the session it speaks of.
    pub ends_by_id_token: bool,
    /// Where it is told that sessions are over (OpenID Connect Back-Channel Logout 1.0 section 2.2); none if it is not told.
    pub backchannel_logout_uri: Option<String>,
    /// Whether each notice to it has to name the session.
    pub backchannel_logout_session_required: bool,
    /// Where a browser tells it that its session is over, in a frame (OpenID Connect Front-Channel Logout 1.0 section 2); none if it
    /// is not told so.
    pub frontchannel_logout_uri: Option<String>,
    /// Whether that address gets the issuer and the session.
    pub frontchannel_logout_session_required: bool,
    /// Life of its access tokens.
    pub access_life: Span,
    /// Life of its refresh tokens.
    pub refresh_life: Span,
    /// What it may do in its own name.
    pub roles: Vec<RoleAssignment>,
    /// What it signs with.
    pub signing: ClientSigning,
    /// The scopes that it says it asks its users for, where it has said so: it gets no other. RFC 7591 section 2
    pub user_scopes: Option<Vec<String>>,
    /// How its sign-ons are named in its tokens, if otherwise than all others.
    pub acr: Option<String>,
    /// Which of its derived secrets counts.
    pub secret_version: u64,
    /// The secret before that one, while it counts still.
    pub previous_secret: Option<PreviousSecret>,
    /// Rises when all its grants are ended; never falls.
    pub generation: u64,
    /// Rises when the client itself takes another name or one more redirect address: what users agreed to counts for the client that they
    /// were shown. Never falls while the client is there.
    pub identity_generation: u64,
    /// Rises when its tokens may no longer outlive their session; never falls.
    pub offline_generation: u64,
    /// The tokens in its own name that were revoked.
    pub revoked_tokens: Vec<RevokedToken>,
    /// Rises with every change; endings and revoked tokens leave it alone.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Client {
    /// Whether this is the hash of a secret of the client: of the present one, or of the one before while it counts.
    pub fn has_secret(&self, given: &TokenHash, now: Timestamp) -> bool {
        let previous = self.previous_secret.filter(|previous| now < previous.until);
        let known = [self.secret, previous.map(|previous| previous.secret)];
        // Both are compared whatever the first one says.
        known.iter().flatten().fold(false, |found, known| found | known.same(given))
    }
}
