//! Whether an account signed on before from where it is tried now.
//!
//! Addresses are those of the user's newest sessions, live or over, as long as something of them is kept: nothing else is
//! stored for it, a stranger cannot add one without the password, and every node knows the same ones. What was read is
//! remembered for seconds (`known_places`).

use adieu_core::{Outage, Timestamp, User, UserId};
use adieu_store::SessionQuery;

use crate::Authority;
use crate::throttle::{Network, Whence};

/// Sessions that are looked at (HOME-LIMITS).
const SESSIONS_MAX: u32 = 50;

impl Authority {
    /// From where a user is tried, as far as failures are counted.
    pub(crate) async fn whence(&self, user: &User, network: Option<Network>) -> Result<Whence, Outage> {
        let Some(network) = network else { return Ok(Whence::Elsewhere) };
        let (places, now) = (&self.inner.places, self.now());
        let known = match places.lately(user.id, network, now) {
            Some(known) => known,
            None => {
                let networks = self.signed_on_from(user.id, now).await?;
                let known = networks.contains(&network);
                places.remember(user.id, networks, now);
                known
            }
        };
        Ok(if known { Whence::Known(network) } else { Whence::Elsewhere })
    }

    async fn signed_on_from(&self, user: UserId, now: Timestamp) -> Result<Box<[Network]>, Outage> {
        let query = SessionQuery { after: None, most: SESSIONS_MAX, live: None };
        let page = self.store().user_sessions(user, query, now).await?;
        let addresses = page.sessions.iter().filter_map(|record| record.session.device.address.as_deref());
        let mut networks: Vec<Network> = addresses.filter_map(Network::of).collect();
        networks.sort_unstable();
        networks.dedup();
        Ok(networks.into())
    }
}
