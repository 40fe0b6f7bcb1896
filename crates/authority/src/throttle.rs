//! How often sign-ons may be tried, counted by the address they come from and by the account they are for.
//!
//! The address is judged first, before anything is looked up. Failures and right passwords each use something up that grows
//! back evenly, and few tries may be undecided at one time, so that many at once are no way around it. An account is counted
//! as one, whatever name was typed; where it signed on before it has a count of its own, so that nobody else can keep it out.
//! Bounded memory (HOME-LIMITS). It is forgotten with the process.

mod bucket;
mod calls;
mod keys;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adieu_core::{Span, Timestamp};
use adieu_workers::WorkSource;
use tokio::sync::Notify;
use tokio::time::timeout;

pub(crate) use self::bucket::TryRefused;
use self::bucket::{Limit, Pace};
pub(crate) use self::calls::ClientThrottle;
pub(crate) use self::keys::{Account, Network, Whence, credential_of};
use self::keys::{AccountKey, AddressKey};
use self::table::Table;

/// What all addresses of an IPv6 /48 have together, in shares of one address.
pub(crate) const SITE_SHARES: u32 = 4;
/// How long a try waits for others of its account.
const PATIENCE: Duration = Duration::from_secs(5);
/// Undecided tries of an account from all places together, in shares of one place.
const PLACE_SHARES: u32 = 4;
/// The window in which registrations are counted.
const REGISTRATIONS_WINDOW: Span = Span::from_s(3600);

/// How often sign-ons may be tried. 0 is no limit everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignOnLimits {
    /// Failures of one account, or of one name that nobody has, in the window of failures.
    pub failures_by_account_max: u32,
    /// Failures from one address in the same window.
    pub failures_by_address_max: u32,
    /// The window of failures.
    pub failures_window: Span,
    /// Right passwords of one account in the window of sign-ons.
    pub sign_ons_by_account_max: u32,
    /// Right passwords from one address in the same window.
    pub sign_ons_by_address_max: u32,
    /// The window of sign-ons.
    pub sign_ons_window: Span,
    /// Users that strangers make of themselves from one address in an hour: they stay.
    pub registrations_by_address_max: u32,
    /// Undecided tries of one account, from one place, at one time; others wait for them.
    pub undecided_by_account_max: u32,
    /// Undecided tries from one address at one time.
    pub undecided_by_address_max: u32,
}

impl Default for SignOnLimits {
    fn default() -> Self {
        Self {
            failures_by_account_max: 10,
            failures_by_address_max: 100,
            failures_window: Span::from_s(300),
            sign_ons_by_account_max: 120,
            sign_ons_by_address_max: 600,
            sign_ons_window: Span::from_s(60),
            registrations_by_address_max: 120,
            undecided_by_account_max: 4,
            undecided_by_address_max: 64,
        }
    }
}

impl SignOnLimits {
    fn of_address(&self, key: AddressKey) -> Limit {
        let shares = |max: u32| max.saturating_mul(SITE_SHARES);
        let undecided_max = self.undecided_by_address_max;
        match key {
            AddressKey::Failures(_) => self.failures(self.failures_by_address_max, undecided_max),
            AddressKey::SiteFailures(_) => {
                self.failures(shares(self.failures_by_address_max), shares(undecided_max))
            }
            AddressKey::SignOns(_) => self.sign_ons(self.sign_ons_by_address_max, 0),
            AddressKey::SiteSignOns(_) => self.sign_ons(shares(self.sign_ons_by_address_max), 0),
            AddressKey::Registrations(_) => registrations(self.registrations_by_address_max),
            AddressKey::SiteRegistrations(_) => registrations(shares(self.registrations_by_address_max)),
        }
    }

    fn of_account(&self, key: AccountKey) -> Limit {
        match key {
            AccountKey::Failures(_) => {
                self.failures(self.failures_by_account_max, self.undecided_by_account_max)
            }
            AccountKey::SignOns(_) => {
                let undecided_max = self.undecided_by_account_max.saturating_mul(PLACE_SHARES);
                self.sign_ons(self.sign_ons_by_account_max, undecided_max)
            }
        }
    }

    fn failures(&self, max: u32, undecided_max: u32) -> Limit {
        Limit { pace: Pace::of(max, self.failures_window), undecided_max }
    }

    fn sign_ons(&self, max: u32, undecided_max: u32) -> Limit {
        Limit { pace: Pace::of(max, self.sign_ons_window), undecided_max }
    }
}

fn registrations(max: u32) -> Limit {
    Limit { pace: Pace::of(max, REGISTRATIONS_WINDOW), undecided_max: 0 }
}

/// The counts.
pub(crate) struct Throttle {
    limits: SignOnLimits,
    addresses: Mutex<Table<AddressKey>>,
    accounts: Mutex<Table<AccountKey>>,
    /// Rung whenever a try of some account is decided.
    decided: Notify,
}

/// A try from an address, of which nothing else is known yet.
pub(crate) struct AddressTry<'t> {
    throttle: &'t Throttle,
    network: Option<Network>,
    counted: Vec<(AddressKey, Limit)>,
    taken_at: Timestamp,
}

/// A try that is not decided yet; one that is dropped was no failure.
pub(crate) struct Try<'t> {
    from: AddressTry<'t>,
    account: Account,
    counted: Vec<(AccountKey, Limit)>,
}

impl Throttle {
    pub(crate) fn new(limits: SignOnLimits) -> Self {
        Self { limits, addresses: Mutex::default(), accounts: Mutex::default(), decided: Notify::new() }
    }

    /// Takes a try from an address, if it has one left.
    pub(crate) fn take(&self, address: Option<&str>, now: Timestamp) -> Result<AddressTry<'_>, TryRefused> {
        let network = address.and_then(Network::of);
        self.take_of(network, network.map(AddressKey::of_sign_on), now)
    }

    /// The same of a stranger's registration, which counts as a right password does, and by itself.
    pub(crate) fn take_registration(
        &self,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<AddressTry<'_>, TryRefused> {
        let network = address.and_then(Network::of);
        self.take_of(network, network.map(AddressKey::of_registration), now)
    }

    fn take_of(
        &self,
        network: Option<Network>,
        keys: Option<Vec<AddressKey>>,
        now: Timestamp,
    ) -> Result<AddressTry<'_>, TryRefused> {
        let keys = keys.into_iter().flatten();
        let counted: Vec<_> = keys.map(|key| (key, self.limits.of_address(key))).collect();
        self.addresses().take(&counted, now)?;
        Ok(AddressTry { throttle: self, network, counted, taken_at: now })
    }

    fn addresses(&self) -> MutexGuard<'_, Table<AddressKey>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accounts(&self) -> MutexGuard<'_, Table<AccountKey>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'t> AddressTry<'t> {
    /// Where it comes from, if that is known.
    pub(crate) const fn network(&self) -> Option<Network> {
        self.network
    }

    /// The same try, now of an account, if that has one left. Where others of the account are undecided it waits for them,
    /// not for long: so many right passwords at once all go through, and many guesses at once are no more than the account
    /// has left.
    pub(crate) async fn at(
        self,
        account: Account,
        now: impl Fn() -> Timestamp,
    ) -> Result<Try<'t>, TryRefused> {
        let throttle = self.throttle;
        let waited = timeout(PATIENCE, async move {
            let mut from = self;
            loop {
                let mut decided = pin!(throttle.decided.notified());
                decided.as_mut().enable(); // What is decided from here on is heard.
                from = match from.at_once(account, now()) {
                    Ok(tried) => return Ok(tried),
                    Err((from, TryRefused::Busy)) => from,
                    Err((_, refused)) => return Err(refused),
                };
                decided.await;
            }
        });
        waited.await.unwrap_or(Err(TryRefused::Busy))
    }

    fn at_once(self, account: Account, now: Timestamp) -> Result<Try<'t>, (Self, TryRefused)> {
        let throttle = self.throttle;
        let sign_ons = account.user().map(AccountKey::SignOns);
        let keys = [AccountKey::Failures(account)].into_iter().chain(sign_ons);
        let counted: Vec<_> = keys.map(|key| (key, throttle.limits.of_account(key))).collect();
        let taken = throttle.accounts().take(&counted, now);
        match taken {
            Ok(()) => Ok(Try { from: self, account, counted }),
            Err(refused) => Err((self, refused)),
        }
    }

    fn spend(&self, failed: bool, now: Timestamp) {
        let mut addresses = self.throttle.addresses();
        for (key, limit) in &self.counted {
            let of_failures = matches!(key, AddressKey::Failures(_) | AddressKey::SiteFailures(_));
            if of_failures == failed {
                addresses.spend(key, *limit, now);
            }
        }
    }
}

impl Try<'_> {
    /// In whose line the work of this try waits.
    pub(crate) fn source(&self) -> WorkSource {
        let of_account = || self.account.user().map_or(u128::MAX, |user| user.uuid().as_u128());
        WorkSource::of(self.from.network.map_or_else(of_account, Network::number))
    }

    /// It was wrong. Says how many failures the account has left, if they are limited.
    pub(crate) fn failed(self, now: Timestamp) -> Option<u32> {
        self.from.spend(true, now);
        let key = AccountKey::Failures(self.account);
        let throttle = self.from.throttle;
        throttle.accounts().spend(&key, throttle.limits.of_account(key), now)
    }

    /// It was right, which forgives what was tried before of this account from there, and uses a sign-on up.
    pub(crate) fn succeeded(self, now: Timestamp) {
        self.from.spend(false, now);
        let mut accounts = self.from.throttle.accounts();
        for (key, limit) in &self.counted {
            match key {
                AccountKey::Failures(_) => accounts.forgive(key),
                AccountKey::SignOns(_) => {
                    accounts.spend(key, *limit, now);
                }
            }
        }
    }
}

impl Drop for AddressTry<'_> {
    fn drop(&mut self) {
        self.throttle.addresses().decided(&self.counted, self.taken_at);
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        self.from.throttle.accounts().decided(&self.counted, self.from.taken_at);
        self.from.throttle.decided.notify_waiters();
    }
}
