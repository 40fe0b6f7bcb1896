//! What the keys of clients are asked by that stand at an address: whoever makes an authority brings one, so that nothing here knows HTTP.
//!
//! It returns keys and decides nothing.

use std::sync::Arc;

use adieu_core::{ClientId, ClientKeysError, Timestamp};
use adieu_store::Pending;
use adieu_token::ClientKeys;

/// Asks for keys at addresses of clients. Bounded in time, in size, in number and in age.
pub trait ClientKeysSource: Send + Sync {
    /// The keys of a client at an address. With `since` those that were asked for earlier do not do: what was signed names another one.
    fn keys(
        &self,
        of: ClientId,
        at: String,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Pending<Result<Arc<ClientKeys>, ClientKeysError>>;
}
