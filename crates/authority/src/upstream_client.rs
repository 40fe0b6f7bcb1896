//! What upstream providers are asked by: whoever makes an authority brings one, so that nothing here knows HTTP.
//!
//! It returns facts and decides nothing.

use adieu_core::{
    Timestamp, UpstreamEndpoints, UpstreamError, UpstreamExchange, UpstreamIdentity, UpstreamLogout,
};
use adieu_store::Pending;

/// A place among the requests to a provider that exchange codes, which is held for one sign-on.
pub struct UpstreamPlace {
    /// What the provider says of itself.
    pub endpoints: UpstreamEndpoints,
    /// What holds it: it is free again when this is dropped.
    pub held: Box<dyn Send>,
}

/// Asks upstream providers. Bounded in time, in size and in number; it returns facts and decides nothing.
pub trait UpstreamClient: Send + Sync {
    /// What the provider of an issuer says of itself.
    fn endpoints(&self, issuer: String, now: Timestamp) -> Pending<Result<UpstreamEndpoints, UpstreamError>>;
    /// A place in which one code is exchanged. It is waited for, in a bounded queue and for a bounded time; a source, which is where
    /// sign-ons come from as far as that is known, has a share of both.
    fn place(
        &self,
        issuer: String,
        source: Option<u128>,
        now: Timestamp,
    ) -> Pending<Result<UpstreamPlace, UpstreamError>>;
    /// Who it is that has just signed on there.
    fn identity(
        &self,
        place: UpstreamPlace,
        exchange: UpstreamExchange,
    ) -> Pending<Result<UpstreamIdentity, UpstreamError>>;
    /// What a logout token of the issuer for that client says.
    fn logout(
        &self,
        issuer: String,
        client_id: String,
        token: String,
        now: Timestamp,
    ) -> Pending<Result<UpstreamLogout, UpstreamError>>;
}
