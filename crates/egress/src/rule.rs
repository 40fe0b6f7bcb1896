//! Which addresses may be connected to.
//!
//! A host that is an address itself is judged here; a name is judged when it is resolved (`client`).

use std::net::IpAddr;

use url::{Host, Url};

use crate::addresses;

/// Where requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressRule {
    /// To addresses of the open internet.
    Public,
    /// Also into private networks and to this machine.
    Any,
}

impl AddressRule {
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        self == Self::Any || addresses::is_public(address)
    }

    /// Whether a host that is an address itself, and is not resolved, may be connected to.
    #[must_use]
    pub fn allows_host(self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.allows(address.into()),
            Some(Host::Ipv6(address)) => self.allows(address.into()),
            Some(Host::Domain(_)) => true, // Judged when it is resolved.
            None => false,
        }
    }
}
