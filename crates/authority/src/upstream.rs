//! Signing on through upstream providers: whom they know, what is kept of it, and what their logouts end.
//!
//! What a provider says is asked by an [`UpstreamClient`], which returns facts; nothing here knows HTTP. A person is known by
//! (issuer, sub) alone. Decision 0044.

mod beside;
mod links;
mod logout;
mod proof_mark;
mod providers;
mod record;
mod sign_on;
mod waiting;

use adieu_core::UpstreamError;

use crate::Authority;
use crate::upstream_client::UpstreamClient;

pub use links::{UpstreamLink, UpstreamLinkError};
pub use logout::UpstreamLogoutFailure;
pub use providers::{NewUpstream, UpstreamEdit, UpstreamProviderError, UpstreamSecret};
pub use sign_on::{
    UpstreamFailure, UpstreamReturn, UpstreamReturnFailed, UpstreamSecondStep, UpstreamSignedIn,
    UpstreamStart,
};
pub use waiting::UpstreamWaiting;

impl Authority {
    /// Has upstream providers asked by `client` from now on. The first caller's counts.
    pub fn ask_upstreams_by(&self, client: impl UpstreamClient + 'static) {
        let _ = self.inner.upstream.set(Box::new(client));
    }

    fn upstream_client(&self) -> Result<&dyn UpstreamClient, UpstreamError> {
        let none = || UpstreamError::Unreachable("this process asks no providers".to_owned());
        self.inner.upstream.get().map(AsRef::as_ref).ok_or_else(none)
    }
}
