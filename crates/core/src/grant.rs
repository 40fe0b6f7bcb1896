//! What a client holds because of a session: a code, then a family of refresh and access tokens.
//!
//! A grant is bound to session, epoch and client generation, and dies with each of them; nothing has to be written
//! for that. Here are the rules of redeeming and rotating (RFC 6749 §4.1.2 and §6, RFC 7636, RFC 9700 §4.14);
//! opaque tokens are `base64url(grant id, secrets)`, and only hashes are kept (EMPTY-HANDS).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::directory::{Client, User};
use crate::ids::{ClientId, RealmId, UserId};
use crate::outage::Unwritten;
use crate::revoked_token::RevokedToken;
use crate::session_id::SessionId;
use crate::time::{Span, Timestamp};
use crate::token::TokenHash;
use crate::version::Version;

/// The number of a grant: 63 random bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GrantId(u64);

impl GrantId {
    /// From random bits; the top one is cut off, so that it fits a positive row id.
    pub const fn from_random(random: u64) -> Self {
        Self(random >> 1)
    }

    /// A number that was stored or received.
    pub const fn from_number(number: u64) -> Self {
        Self(number & (u64::MAX >> 1))
    }

    /// The number itself.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What a client holds because of a session.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its number.
    pub id: GrantId,
    /// The realm.
    pub realm: RealmId,
    /// The issuer in whose name it was given; none for a grant of before that was kept.
    pub issuer: Option<String>,
    /// Who holds it.
    pub client: ClientId,
    /// The client's generation at issue.
    pub client_generation: u64,
    /// Whose session.
    pub user: UserId,
    /// The user's generation that the session was of at issue; 0 for a grant of before that was kept.
    pub user_generation: u64,
    /// The generation of the client's offline access at issue, if what is bought with it may outlive its session.
    pub offline_generation: Option<u64>,
    /// Which session.
    pub session: SessionId,
    /// In which epoch of it.
    pub epoch: u32,
    /// The number of its user's consent to the client, if there was one at issue: without that it is dead.
    pub consent: Option<Version>,
    /// Until when what is bought with it lives on after its session, if its user agreed to that (`offline_access`). It is the
    /// absolute end: no refresh moves it.
    pub offline_until: Option<Timestamp>,
    /// The scopes, separated by blanks.
    pub scope: String,
    /// The client's nonce, for the ID token.
    pub nonce: Option<String>,
    /// The claims that the request asked for by name, as the provider writes them.
    pub claims: Option<String>,
    /// When the user had authenticated.
    pub auth_time: Timestamp,
    /// The address the code was sent to, if the request named one.
    pub redirect_uri: Option<String>,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
    /// Hash of the code.
    pub code: TokenHash,
    /// When the code expires.
    pub code_expires_at: Timestamp,
    /// Whether the code was redeemed.
    pub redeemed: bool,
    /// Refresh tokens, if the client gets them.
    pub refresh: Option<Refresh>,
    /// Whether it was revoked; that is final.
    pub revoked: bool,
    /// Its access tokens that were revoked one by one.
    pub revoked_tokens: Vec<RevokedToken>,
    /// When nothing of it can be live any more.
    pub expires_at: Timestamp,
}

/// The refresh tokens of a grant: one live, all earlier ones known by their family.
#[derive(Clone, Copy, Debug)]
pub struct Refresh {
    /// Hash of the secret that all tokens of the family share.
    pub family: TokenHash,
    /// Hash of the secret of the live one.
    pub current: TokenHash,
    /// The one before the live one, if there is one.
    pub replaced: Option<ReplacedToken>,
    /// When the live one expires.
    pub expires_at: Timestamp,
}

/// A refresh token that gave way to the live one. Whether the answer that said so arrived, nobody knows until the live one is
/// used.
#[derive(Clone, Copy, Debug)]
pub struct ReplacedToken {
    /// Hash of its secret.
    pub token: TokenHash,
    /// When the live one took its place.
    pub at: Timestamp,
}

/// The world around a grant.
#[derive(Clone, Copy, Debug)]
pub struct GrantAround {
    /// The epoch of its session, if that is live.
    pub session_epoch: Option<u32>,
    /// The client's generation, if the client is enabled.
    pub client_generation: Option<u64>,
    /// Which grants live on after their session; none if no grant does: client or user is disabled.
    pub offline: Option<Offline>,
    /// The number of the user's consent to the client that stands.
    pub consent: Option<Version>,
}

/// Which grants of a client and a user live on after their session.
#[derive(Clone, Copy, Debug)]
pub struct Offline {
    /// Those of sessions of this generation of the user, and of later ones.
    pub user_from: u64,
    /// Of these, all that were issued in this generation of the client's offline access; none if only those do whose user has agreed.
    pub generation: Option<u64>,
}

impl Offline {
    /// Which grants live on, if any may.
    pub fn of(client: &Client, user: &User) -> Option<Self> {
        let generation = client.outlives_session.then_some(client.offline_generation);
        let may = client.enabled && user.enabled && !user.removed;
        may.then_some(Self { user_from: user.grants_from, generation })
    }

    fn keeps(self, grant: &Grant) -> bool {
        let by_client = self.generation.is_some() && grant.offline_generation == self.generation;
        (by_client || grant.offline_until.is_some()) && grant.user_generation >= self.user_from
    }
}

impl Grant {
    /// Whether tokens of this grant can be live: session, epoch, client and the grant itself. A code always needs its
    /// session; what was bought with it may be let live on, if that was so when it was issued: what is allowed later brings back
    /// nothing that ended (ENDED-STAYS-ENDED).
    pub fn is_live(&self, around: GrantAround, now: Timestamp) -> bool {
        let outlives = around.offline.is_some_and(|offline| self.redeemed && offline.keeps(self));
        let bound = around.session_epoch == Some(self.epoch) || outlives;
        bound
            && !self.revoked
            && now < self.expires_at
            && self.consent.is_none_or(|number| around.consent == Some(number))
            && around.client_generation == Some(self.client_generation)
    }

    /// Whether what is bought with it may outlive its session at all.
    pub const fn may_outlive_session(&self) -> bool {
        self.offline_generation.is_some() || self.offline_until.is_some()
    }

    /// Whether this client may use it at this issuer: a code or a refresh token counts where it was given and nowhere else.
    pub fn is_for(&self, client: &ClientId, issuer: &str) -> bool {
        self.client == *client && self.issuer.as_deref().is_none_or(|own| own == issuer)
    }

    /// The moment, or the absolute end of the grant if that comes first.
    fn bounded(&self, at: Timestamp) -> Timestamp {
        self.offline_until.map_or(at, |end| end.min(at))
    }

    /// What is wrong with it, or with what was given for it and ends at `ends_at`.
    fn fault(&self, around: GrantAround, ends_at: Timestamp, now: Timestamp) -> Option<GrantFault> {
        if now >= ends_at || now >= self.expires_at {
            Some(GrantFault::Expired)
        } else if !self.is_live(around, now) {
            Some(GrantFault::Over)
        } else {
            None
        }
    }

    /// What is wrong with an order to redeem its code, which fits.
    fn fault_of_code(&self, around: GrantAround, order: &RedeemOrder, now: Timestamp) -> Option<GrantFault> {
        let is_address = |uri: &String| order.redirect_uri.as_ref() == Some(uri);
        if let Some(fault) = self.fault(around, self.code_expires_at, now) {
            Some(fault)
        } else if !self.redirect_uri.as_ref().is_none_or(is_address) {
            Some(GrantFault::RedirectUri)
        } else if !verifies(self.challenge.as_deref(), order.verifier.as_deref()) {
            Some(GrantFault::Verifier)
        } else {
            None
        }
    }

    /// Whether something is left of what is wanted of it, by what its client may have now.
    fn leaves_any(&self, wanted: Option<&str>, may_have: &[String]) -> bool {
        wanted.unwrap_or(&self.scope).split(' ').any(|scope| may_have.iter().any(|one| one == scope))
    }

    /// Whether every wanted scope is one of this grant's. RFC 6749 §6
    fn covers(&self, wanted: &str) -> bool {
        wanted
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .all(|wanted| self.scope.split(' ').any(|granted| granted == wanted))
    }
}

/// A code as presented with its client's proof.
#[derive(Clone, Debug)]
pub struct RedeemOrder {
    /// The grant that the code names.
    pub grant: GrantId,
    /// Hash of the code.
    pub code: TokenHash,
    /// Who presents it.
    pub client: ClientId,
    /// At which issuer.
    pub issuer: String,
    /// The redirect address of the token request.
    pub redirect_uri: Option<String>,
    /// The PKCE verifier.
    pub verifier: Option<String>,
    /// The first refresh token, if the client gets one.
    pub refresh: Option<Refresh>,
    /// When nothing of the grant can be live any more.
    pub expires_at: Timestamp,
    /// The scopes of which one at least has to be left: what the client may be given now.
    pub may_have: Vec<String>,
}

/// A refresh token as presented.
#[derive(Clone, Debug)]
pub struct RotateOrder {
    /// The grant that the token names.
    pub grant: GrantId,
    /// Hash of its family secret.
    pub family: TokenHash,
    /// Hash of its own secret.
    pub current: TokenHash,
    /// Who presents it.
    pub client: ClientId,
    /// At which issuer.
    pub issuer: String,
    /// The scopes that the next access token is to have, separated by blanks; none for all of the grant.
    pub scope: Option<String>,
    /// The scopes of which one at least has to be left: what the client may be given now.
    pub may_have: Vec<String>,
    /// Hash of the next one's secret. It follows from the presented token: the same one always leads to the same next one.
    pub next: TokenHash,
    /// The life of the next one.
    pub life: Span,
    /// For how long the replaced token may be presented again, because the answer was lost.
    pub grace: Span,
}

/// What is wrong with a code or refresh token: for the log, and never for whoever presents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantFault {
    /// There is none like it.
    Unknown,
    /// It is another client's, or another issuer's.
    OfAnother,
    /// Its time is over.
    Expired,
    /// What it stands on is over: session, consent, what its client or its user held, or the grant itself.
    Over,
    /// The redirect address is another one than it was issued for.
    RedirectUri,
    /// The PKCE verifier is missing, is not the one of its challenge, or comes without a challenge.
    Verifier,
}

/// Why a code or refresh token bought nothing. All of it is one answer to the client, except that it wants too much.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// It is good for nothing.
    #[error("the code or token is not valid")]
    Invalid(GrantFault),
    /// It was used before; everything it led to is revoked now.
    #[error("the code or token was used before")]
    Replayed,
    /// More scopes are wanted than the grant has, or none that its client may still be given. The code or token is not spent on it.
    #[error("more scopes are wanted than were granted, or none that the client may have")]
    Scope,
    /// As many clients take part in the session as one has room for (HOME-LIMITS).
    #[error("too many clients take part in the session")]
    TooManyParticipants,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// What to write, and what to say.
#[derive(Debug)]
pub struct GrantDecision {
    /// The grant as it is to be stored, if it changes.
    pub write: Option<Grant>,
    /// The grant as it is now, or why not.
    pub outcome: Result<Grant, GrantError>,
}

impl GrantDecision {
    /// The decision about the grant that is stored under a number, with the world around it; without one the code or token is
    /// worth nothing.
    pub fn of_stored(
        stored: Option<(&Grant, GrantAround)>,
        decide: impl FnOnce(&Grant, GrantAround) -> Self,
    ) -> Self {
        stored.map_or_else(|| Self::refuse(GrantFault::Unknown), |(grant, around)| decide(grant, around))
    }

    const fn refuse(fault: GrantFault) -> Self {
        Self { write: None, outcome: Err(GrantError::Invalid(fault)) }
    }

    /// A second use: what was bought with the first is taken away (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
    fn revoke(grant: &Grant) -> Self {
        let write = (!grant.revoked).then(|| Grant { revoked: true, ..grant.clone() });
        Self { write, outcome: Err(GrantError::Replayed) }
    }

    fn grant(grant: Grant) -> Self {
        Self { write: Some(grant.clone()), outcome: Ok(grant) }
    }
}

/// Decides the redemption of a code.
pub fn decide_redeem(
    grant: &Grant,
    around: GrantAround,
    order: &RedeemOrder,
    now: Timestamp,
) -> GrantDecision {
    if !grant.code.same(&order.code) {
        return GrantDecision::refuse(GrantFault::Unknown);
    }
    if !grant.is_for(&order.client, &order.issuer) {
        return GrantDecision::refuse(GrantFault::OfAnother);
    }
    if grant.redeemed {
        return GrantDecision::revoke(grant);
    }
    if let Some(fault) = grant.fault_of_code(around, order, now) {
        return GrantDecision::refuse(fault);
    }
    if !grant.leaves_any(None, &order.may_have) {
        return GrantDecision { write: None, outcome: Err(GrantError::Scope) };
    }
    let bounded = |refresh: Refresh| Refresh { expires_at: grant.bounded(refresh.expires_at), ..refresh };
    let (refresh, expires_at) = (order.refresh.map(bounded), grant.bounded(order.expires_at));
    GrantDecision::grant(Grant { redeemed: true, refresh, expires_at, ..grant.clone() })
}

/// Decides the rotation of a refresh token.
///
/// A replaced token that its client presents again within the grace, before its successor is used, leads to the same
/// successor: the answer was lost, or two requests met. Every other use of a replaced token is theft, and revokes the
/// grant (RFC 9700 §4.14.2; S-TOK-4, S-TOK-5), whatever scopes are wanted. A good token, current or repeated, leads to no
/// scope that was not granted, and asking for one, or for none that its client may have, spends nothing (RFC 6749 §6).
pub fn decide_rotate(
    grant: &Grant,
    around: GrantAround,
    order: &RotateOrder,
    now: Timestamp,
) -> GrantDecision {
    let Some(refresh) = grant.refresh.filter(|r| r.family.same(&order.family)) else {
        return GrantDecision::refuse(GrantFault::Unknown);
    };
    let (own, current) = (grant.is_for(&order.client, &order.issuer), refresh.current.same(&order.current));
    let repeated = own && !current && refresh.is_repeated_by(order, now);
    if !current && !repeated {
        return GrantDecision::revoke(grant);
    }
    if !own {
        return GrantDecision::refuse(GrantFault::OfAnother);
    }
    if let Some(fault) = grant.fault(around, refresh.expires_at, now) {
        return GrantDecision::refuse(fault);
    }
    let wanted = order.scope.as_deref();
    if wanted.is_some_and(|wanted| !grant.covers(wanted)) || !grant.leaves_any(wanted, &order.may_have) {
        return GrantDecision { write: None, outcome: Err(GrantError::Scope) };
    }
    if repeated {
        return GrantDecision { write: None, outcome: Ok(grant.clone()) };
    }
    let expires_at = grant.bounded(now.plus(order.life));
    let replaced = Some(ReplacedToken { token: refresh.current, at: now });
    let next = Refresh { current: order.next, replaced, expires_at, ..refresh };
    GrantDecision::grant(Grant {
        refresh: Some(next),
        expires_at: grant.expires_at.max(expires_at),
        ..grant.clone()
    })
}

impl Refresh {
    /// Whether the order presents the token that the live one has just replaced, and leads to the live one again.
    fn is_repeated_by(&self, order: &RotateOrder, now: Timestamp) -> bool {
        self.current.same(&order.next)
            && self.replaced.is_some_and(|replaced| {
                replaced.token.same(&order.current) && now < replaced.at.plus(order.grace)
            })
    }
}

/// PKCE with S256: a challenge needs its verifier, and a verifier without a challenge is refused (RFC 9700 §4.8.2).
fn verifies(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            (43..=128).contains(&verifier.len())
                && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// An opaque token: the number of a grant and its secrets.
pub fn opaque(grant: GrantId, secrets: &[&[u8; 16]]) -> String {
    let mut bytes = Vec::with_capacity(8 + 16 * secrets.len());
    bytes.extend_from_slice(&grant.number().to_be_bytes());
    for secret in secrets {
        bytes.extend_from_slice(*secret);
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads an opaque token of `N` secrets; gives the hash of each.
pub fn read_opaque<const N: usize>(text: &str) -> Option<(GrantId, [TokenHash; N])> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 8 + 16 * N)?;
    let (number, secrets) = bytes.split_at(8);
    let number = u64::from_be_bytes(number.try_into().ok()?);
    let mut hashes = [TokenHash::from_bytes([0; 32]); N];
    for (hash, secret) in hashes.iter_mut().zip(secrets.chunks(16)) {
        *hash = TokenHash::of(secret);
    }
    (number >> 63 == 0).then_some((GrantId(number), hashes))
}

#[cfg(test)]
pub(crate) mod tests;
