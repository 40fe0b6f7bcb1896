//! Whether an account signed on before from where it is tried now.
//!
//! Addresses are those of the user's newest sessions, live or over, as long as something of them is kept: nothing else is
//! stored for it, a stranger cannot add one without the password, and every node knows the same ones.

use adieu_core::{Outage, User};
use adieu_store::SessionQuery;

use crate::Authority;
use crate::throttle::{Network, Whence};

/// Sessions that are looked at (HOME-LIMITS).
const SESSIONS_MAX: u32 = 50;

impl Authority {
    /// From where a user is tried, as far as failures are counted.
    pub(crate) async fn whence(&self, user: &User, network: Option<Network>) -> Result<Whence, Outage> {
        let Some(network) = network else { return Ok(Whence::Elsewhere) };
        let query = SessionQuery { after: None, most: SESSIONS_MAX, live: None };
        let page = self.store().user_sessions(user.id, query, self.now()).await?;
        let addresses = page.sessions.iter().filter_map(|record| record.session.device.address.as_deref());
        let known = addresses.filter_map(Network::of).any(|known| known == network);
        Ok(if known { Whence::Known(network) } else { Whence::Elsewhere })
    }
}
