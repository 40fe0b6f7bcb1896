//! The providers that are asked, each with what is known of it and its own bound of requests under way.
//!
//! One that hangs keeps its own few requests waiting and nobody else's (ONE-SLOW-HURTS-NONE).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use adieu_core::{
    Span, Timestamp, UpstreamEndpoints, UpstreamError, UpstreamExchange, UpstreamIdentity, UpstreamLogout,
};
use adieu_egress::EgressClient;
use adieu_token::{Refused, Verified, unverified_kid};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::exchange;
use crate::known::{KNOWN_MAX, Known, learn};
use crate::{id_token, logout};

/// Requests to one provider that are under way at once (HOME-LIMITS).
const UNDER_WAY_MAX: usize = 16;
/// How soon keys are asked for again because of a `kid` that is not among them.
const KEYS_AGAIN: Span = Span::from_s(30);

/// Asks providers. Clones are handles of the same one.
#[derive(Clone)]
pub struct Upstreams {
    client: EgressClient,
    lanes: Arc<Mutex<HashMap<String, Arc<Lane>>>>,
}

/// What is held of one provider.
struct Lane {
    under_way: Arc<Semaphore>,
    known: Mutex<Option<Arc<Known>>>,
}

impl Lane {
    fn new() -> Self {
        Self { under_way: Arc::new(Semaphore::new(UNDER_WAY_MAX)), known: Mutex::default() }
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, known: &Arc<Known>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(known));
    }

    fn turn(&self) -> Result<OwnedSemaphorePermit, UpstreamError> {
        Arc::clone(&self.under_way).try_acquire_owned().map_err(|_| UpstreamError::Busy)
    }
}

impl Upstreams {
    /// Asks by this client.
    #[must_use]
    pub fn new(client: EgressClient) -> Self {
        Self { client, lanes: Arc::default() }
    }

    /// What the provider of an issuer says of itself.
    pub async fn endpoints(&self, issuer: &str, now: Timestamp) -> Result<UpstreamEndpoints, UpstreamError> {
        let known = self.known(&self.lane(issuer), issuer, now).await?;
        Ok(UpstreamEndpoints { authorization: known.authorization.clone(), names_issuer: known.names_issuer })
    }

    /// Who it is that has just signed on there.
    pub async fn identity(&self, exchange: &UpstreamExchange) -> Result<UpstreamIdentity, UpstreamError> {
        let lane = self.lane(&exchange.issuer);
        let known = self.known(&lane, &exchange.issuer, exchange.now).await?;
        let tokens = {
            let _turn = lane.turn()?;
            exchange::redeem(&self.client, &known, exchange).await?
        };
        let verified = self.verified(&lane, known.clone(), &tokens.id_token, exchange.now).await?;
        let proven = id_token::judged(&verified, exchange)?;
        let _turn = lane.turn()?;
        exchange::with_claims(&self.client, &known, exchange, tokens, &verified, proven).await
    }

    /// What a logout token says that an issuer sent to that client.
    pub async fn logout(
        &self,
        issuer: &str,
        client_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<UpstreamLogout, UpstreamError> {
        let lane = self.lane(issuer);
        let known = self.known(&lane, issuer, now).await?;
        let verified = self.verified(&lane, known, token, now).await?;
        logout::judged(&verified, issuer, client_id, now)
    }

    fn lane(&self, issuer: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(issuer) {
            return Arc::clone(lane);
        }
        if lanes.len() >= KNOWN_MAX {
            lanes.clear(); // Seldom, and all of it is asked for again.
        }
        let lane = Arc::new(Lane::new());
        lanes.insert(issuer.to_owned(), Arc::clone(&lane));
        lane
    }

    async fn known(&self, lane: &Lane, issuer: &str, now: Timestamp) -> Result<Arc<Known>, UpstreamError> {
        if let Some(known) = lane.known().filter(|known| known.is_fresh(now)) {
            return Ok(known);
        }
        let _turn = lane.turn()?;
        let known = learn(&self.client, issuer, now).await?;
        lane.keep(&known);
        Ok(known)
    }

    /// A token whose signature fits a key of the provider: one that is known, or one that it has by now.
    async fn verified(
        &self,
        lane: &Lane,
        known: Arc<Known>,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified, UpstreamError> {
        let again = match known.keys.verify(token) {
            Ok(verified) => return Ok(verified),
            Err(Refused::UnknownKey) => {
                now.since(known.keys_read_at) >= KEYS_AGAIN && unverified_kid(token).is_some()
            }
            Err(_) => false,
        };
        if again {
            let _turn = lane.turn()?;
            let newer = known.with_keys(&self.client, now).await?;
            lane.keep(&newer);
            if let Ok(verified) = newer.keys.verify(token) {
                return Ok(verified);
            }
        }
        Err(UpstreamError::NotTaken(
            "the token is not signed by a key of the provider with RS256, ES256 or EdDSA",
        ))
    }
}
