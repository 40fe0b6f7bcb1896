//! The providers that are asked, each with what is known of it and its own bound of requests under way.
//!
//! One that hangs keeps its own few requests waiting and nobody else's (ONE-SLOW-HURTS-NONE).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use adieu_core::{
    Timestamp, UpstreamEndpoints, UpstreamError, UpstreamExchange, UpstreamIdentity, UpstreamLogout,
};
use adieu_egress::EgressClient;
use adieu_token::{Refused, Verified};

use crate::exchange;
use crate::fetches::{AskedFor, Fetches};
use crate::known::ProviderFacts;
use crate::places::{ExchangePlace, ExchangePlaces};
use crate::{id_token, logout};

/// Providers of which something is held (HOME-LIMITS).
const PROVIDERS_MAX: usize = 256;
const NOT_SIGNED: &str = "the token is not signed by a key of the provider with RS256, ES256 or EdDSA";

/// Asks providers. Clones are handles of the same one.
#[derive(Clone)]
pub struct Upstreams {
    client: EgressClient,
    providers: Arc<Mutex<HashMap<String, AskedProvider>>>,
}

/// What is held of one provider.
#[derive(Clone)]
struct AskedProvider {
    fetches: Arc<Fetches>,
    places: Arc<ExchangePlaces>,
}

impl Upstreams {
    /// Asks by this client.
    #[must_use]
    pub fn new(client: EgressClient) -> Self {
        Self { client, providers: Arc::default() }
    }

    /// What the provider of an issuer says of itself.
    ///
    /// # Errors
    /// If it cannot be asked, or what it says must not be taken.
    pub async fn endpoints(&self, issuer: &str, now: Timestamp) -> Result<UpstreamEndpoints, UpstreamError> {
        let facts = self.asked(issuer).fetches.facts(AskedFor::SignOn, now).await?;
        Ok(UpstreamEndpoints { authorization: facts.authorization.clone(), names_issuer: facts.names_issuer })
    }

    /// The same with a place in which one code is exchanged, for a source that has a share of them. Until it is there nothing is lost that
    /// counts once.
    ///
    /// # Errors
    /// Those of [`Upstreams::endpoints`]; [`UpstreamError::Busy`] if none became free in time.
    pub async fn place(
        &self,
        issuer: &str,
        source: Option<u128>,
        now: Timestamp,
    ) -> Result<(UpstreamEndpoints, ExchangePlace), UpstreamError> {
        let endpoints = self.endpoints(issuer, now).await?;
        Ok((endpoints, self.asked(issuer).places.next(source).await?))
    }

    /// Who it is that has just signed on there. The caller holds a place of [`Upstreams::place`].
    ///
    /// # Errors
    /// If the provider cannot be asked, refuses the code, or says what must not be taken.
    pub async fn identity(&self, exchange: &UpstreamExchange) -> Result<UpstreamIdentity, UpstreamError> {
        let fetches = self.asked(&exchange.issuer).fetches;
        let facts = fetches.facts(AskedFor::SignOn, exchange.now).await?;
        let tokens = exchange::redeem(&self.client, &facts, exchange).await?;
        let token = &tokens.id_token;
        let verified =
            verified(&fetches, Arc::clone(&facts), token, (AskedFor::SignOn, exchange.now)).await?;
        let proven = id_token::judged(&verified, exchange)?;
        exchange::with_claims(&self.client, &facts, exchange, tokens, &verified, proven).await
    }

    /// What a logout token says that an issuer sent to that client.
    ///
    /// # Errors
    /// If it is none, or keys that it may be signed with cannot be had.
    pub async fn logout(
        &self,
        issuer: &str,
        client_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<UpstreamLogout, UpstreamError> {
        let fetches = self.asked(issuer).fetches;
        let facts = fetches.facts(AskedFor::Logout, now).await?;
        let verified = verified(&fetches, facts, token, (AskedFor::Logout, now)).await?;
        logout::judged(&verified, issuer, client_id, now)
    }

    fn asked(&self, issuer: &str) -> AskedProvider {
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = providers.get(issuer) {
            return asked.clone();
        }
        if providers.len() >= PROVIDERS_MAX {
            providers.clear(); // Seldom, and all of it is asked for again.
        }
        let fetches = Arc::new(Fetches::new(issuer, self.client.clone()));
        let asked = AskedProvider { fetches, places: Arc::new(ExchangePlaces::new()) };
        providers.insert(issuer.to_owned(), asked.clone());
        asked
    }
}

/// A token whose signature fits a key of the provider: one that is known, or one that it has by now.
async fn verified(
    fetches: &Arc<Fetches>,
    mut facts: Arc<ProviderFacts>,
    token: &str,
    (asked_for, now): (AskedFor, Timestamp),
) -> Result<Verified, UpstreamError> {
    // A request that was under way already may have missed the key by a moment: then it is asked for once more.
    for _ in 0..2 {
        match facts.keys.verify(token) {
            Ok(verified) => return Ok(verified),
            Err(Refused::UnknownKey) => {}
            Err(_) => break,
        }
        match fetches.with_newer_keys(&facts, asked_for, now).await? {
            Some(newer) => facts = newer,
            None => break,
        }
    }
    facts.keys.verify(token).map_err(|_| UpstreamError::NotTaken(NOT_SIGNED))
}
