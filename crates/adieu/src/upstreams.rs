//! What the authority asks upstream providers and clients with published keys by: the room `upstream`.
//!
//! Nothing is decided here.

use std::sync::Arc;

use adieu_authority::{
    ClientKeysSource, Pending, Timestamp, UpstreamClient, UpstreamEndpoints, UpstreamError, UpstreamExchange,
    UpstreamIdentity, UpstreamLogout, UpstreamPlace,
};
use adieu_core::{ClientId, ClientKeysError};
use adieu_egress::{AddressRule, EgressClient};
use adieu_token::ClientKeys;
use adieu_upstream::{PublishedClientKeys, Upstreams};
use anyhow::Result;

use crate::config::Config;

/// Providers, asked as the configuration allows.
pub(crate) struct AskedUpstreams(Upstreams);

impl AskedUpstreams {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let anywhere = config.development || config.upstream.allow_private;
        let rule = if anywhere { AddressRule::Any } else { AddressRule::Public };
        Ok(Self(Upstreams::new(EgressClient::new(rule)?)))
    }
}

impl UpstreamClient for AskedUpstreams {
    fn endpoints(&self, issuer: String, now: Timestamp) -> Pending<Result<UpstreamEndpoints, UpstreamError>> {
        let asked = self.0.clone();
        Box::pin(async move { asked.endpoints(&issuer, now).await })
    }

    fn place(
        &self,
        issuer: String,
        source: Option<u128>,
        now: Timestamp,
    ) -> Pending<Result<UpstreamPlace, UpstreamError>> {
        let asked = self.0.clone();
        Box::pin(async move {
            let (endpoints, place) = asked.place(&issuer, source, now).await?;
            Ok(UpstreamPlace { endpoints, held: Box::new(place) })
        })
    }

    fn identity(
        &self,
        place: UpstreamPlace,
        exchange: UpstreamExchange,
    ) -> Pending<Result<UpstreamIdentity, UpstreamError>> {
        let asked = self.0.clone();
        Box::pin(async move {
            let _held = place;
            asked.identity(&exchange).await
        })
    }

    fn logout(
        &self,
        issuer: String,
        client_id: String,
        token: String,
        now: Timestamp,
    ) -> Pending<Result<UpstreamLogout, UpstreamError>> {
        let asked = self.0.clone();
        Box::pin(async move { asked.logout(&issuer, &client_id, &token, now).await })
    }
}

/// Keys that clients publish, asked for as the configuration allows.
pub(crate) struct AskedClientKeys(PublishedClientKeys);

impl AskedClientKeys {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let anywhere = config.development || config.openid.allow_private;
        let rule = if anywhere { AddressRule::Any } else { AddressRule::Public };
        Ok(Self(PublishedClientKeys::new(EgressClient::new(rule)?)))
    }
}

impl ClientKeysSource for AskedClientKeys {
    fn keys(
        &self,
        of: ClientId,
        at: String,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Pending<Result<Arc<ClientKeys>, ClientKeysError>> {
        let asked = self.0.clone();
        Box::pin(async move { asked.keys(&of, &at, since, now).await })
    }
}
