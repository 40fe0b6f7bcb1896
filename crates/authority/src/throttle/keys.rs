//! What is counted, and by which keys.
//!
//! Every kind of count has a variant of its own, so no text that somebody may type is ever the key of another kind (S-11).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use adieu_core::names::matched;
use adieu_core::{CodeSet, RealmId, TokenHash, User, UserId};

/// Where a request came from, as it is counted. IPv6 counts by its /64, which one host has whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Network {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

impl Network {
    /// Out of an address, with or without the port that channels may have stored with it.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let with_port = text.parse::<SocketAddr>().map(|address| address.ip());
        match with_port.or_else(|_| text.parse::<IpAddr>()).ok()? {
            IpAddr::V4(address) => Some(Self::V4(address)),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => Some(Self::V4(address)),
                None => {
                    let [a, b, c, d, ..] = address.segments();
                    Some(Self::V6([a, b, c, d]))
                }
            },
        }
    }

    /// The /48 that it lies in, which one customer has whole.
    pub(crate) const fn site(self) -> Option<[u16; 3]> {
        match self {
            Self::V4(_) => None,
            Self::V6([a, b, c, _]) => Some([a, b, c]),
        }
    }

    /// The number of whoever shares something with all others by where it comes from: of its /48, if it is IPv6.
    pub(crate) fn share(self) -> u128 {
        match self {
            Self::V4(_) => self.number(),
            Self::V6([a, b, c, _]) => Self::V6([a, b, c, 0]).number(),
        }
    }

    /// A number of its own.
    pub(super) fn number(self) -> u128 {
        match self {
            Self::V4(address) => u128::from(address.to_bits()) | 1 << 32,
            Self::V6(segments) => {
                segments.into_iter().fold(1, |number, part| number << 16 | u128::from(part))
            }
        }
    }
}

/// What is counted of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AddressKey {
    /// Failures of an address.
    Failures(Network),
    /// Right passwords from an address.
    SignOns(Network),
    /// Failures of all addresses of a /48.
    SiteFailures([u16; 3]),
    /// Right passwords from all addresses of a /48.
    SiteSignOns([u16; 3]),
    /// Users who registered from an address.
    Registrations(Network),
    /// Users who registered from all addresses of a /48.
    SiteRegistrations([u16; 3]),
}

impl AddressKey {
    /// What a sign-on from there counts against.
    pub(super) fn of_sign_on(network: Network) -> Vec<Self> {
        let own = [Self::Failures(network), Self::SignOns(network)];
        let of_site = network.site().map(|site| [Self::SiteFailures(site), Self::SiteSignOns(site)]);
        own.into_iter().chain(of_site.into_iter().flatten()).collect()
    }

    /// What a registration from there counts against.
    pub(super) fn of_registration(network: Network) -> Vec<Self> {
        let own = Self::Registrations(network);
        let of_site = network.site().map(Self::SiteRegistrations);
        Self::of_sign_on(network).into_iter().chain([own]).chain(of_site).collect()
    }
}

/// From where an account is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whence {
    /// From where it never signed on before, as far as is known.
    Elsewhere,
    /// From an address from which it signed on before.
    Known(Network),
}

/// Whose password or code is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Account {
    /// A user's password, whatever name was typed.
    Password {
        user: UserId,
        /// What a failure is a failure against: another password, or an administrator's word, begins a new count.
        credential: [u8; 16],
        whence: Whence,
    },
    /// A name that nobody has.
    Unknown([u8; 32]),
    /// A name that somebody asks for who registers, from one address: what others try at that name keeps nobody from it.
    Registration([u8; 32]),
    /// A user's recovery codes.
    Codes {
        user: UserId,
        /// What a failure is a failure against: another set, or an administrator's word, begins a new count.
        credential: [u8; 16],
        whence: Whence,
    },
    /// What an administrator gave out for a user.
    Recovery { user: UserId, pass: [u8; 16] },
}

impl Account {
    /// The password of a user.
    pub(crate) fn password_of(user: &User, whence: Whence) -> Self {
        Self::Password { user: user.id, credential: credential_of(user), whence }
    }

    /// The recovery codes of a user.
    pub(crate) fn codes_of(user: &User, set: CodeSet, whence: Whence) -> Self {
        Self::Codes { user: user.id, credential: credential(user, &set.to_bytes()), whence }
    }

    /// A name that means nobody in a realm. Names may be long: the hash is kept.
    pub(crate) fn unknown(realm: RealmId, name: &str) -> Self {
        Self::Unknown(TokenHash::of(format!("{realm} {}", matched(name)).as_bytes()).to_bytes())
    }

    /// A name that is asked for in a realm, from an address.
    pub(crate) fn registration(realm: RealmId, name: &str, from: Option<Network>) -> Self {
        let from = from.map_or(0, Network::number);
        Self::Registration(TokenHash::of(format!("{realm} {from} {}", matched(name)).as_bytes()).to_bytes())
    }

    pub(super) const fn user(self) -> Option<UserId> {
        match self {
            Self::Password { user, .. } | Self::Codes { user, .. } | Self::Recovery { user, .. } => {
                Some(user)
            }
            Self::Unknown(_) | Self::Registration(_) => None,
        }
    }
}

/// The password of a user as it counts now: another password, or an administrator's word, is another one.
pub(crate) fn credential_of(user: &User) -> [u8; 16] {
    credential(user, user.password.as_deref().unwrap_or_default().as_bytes())
}

/// What a secret of a user is since an administrator last forgave failed tries.
fn credential(user: &User, secret: &[u8]) -> [u8; 16] {
    let [enabled, unlocked] =
        [Some(user.enabled_at), user.unlocked_at].map(|at| at.map_or(0, |at| at.ms()).to_be_bytes());
    let hash = TokenHash::of(&[&enabled, &unlocked, secret].concat()).to_bytes();
    let mut credential = [0; 16];
    credential.copy_from_slice(&hash[..16]);
    credential
}

/// What is counted of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AccountKey {
    /// Failures.
    Failures(Account),
    /// Right passwords of a user, from wherever.
    SignOns(UserId),
}
