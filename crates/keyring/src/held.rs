//! The keys of a realm as this process holds them: for a bounded time, and looked up again for good reason.
//!
//! Another node may add a key at any moment. One read serves everybody who waited for it; how often somebody who sends names
//! that do not exist can cause one is bounded, and beyond that the answer is "cannot tell", never "no" (NO-FALSE-NO).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use adieu_core::{Outage, RealmId, Span, Timestamp};
use adieu_store::StoredKey;
use adieu_token::{Alg, SigningKey};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::keys::{ReadyKey, RealmKeys};
use crate::ring::Keyring;
use crate::seal::SealPurpose;

/// How long keys are held without being read anew. A rotation publishes its key for longer before it signs.
pub const KEYS_AGE_MAX: Span = Span::from_s(60);
/// How often in a second the keys of one realm are read anew because of unknown names: a read costs the store little, and a
/// flood is answered without it.
pub const LOOKUPS_MAX: u32 = 4;

/// Why an unknown name was not looked up.
#[derive(Debug, thiserror::Error)]
#[error("the keys were looked up too often because of unknown names")]
struct TooManyLookups;

/// What is held of one realm.
#[derive(Default)]
pub(crate) struct HeldKeys {
    last: RwLock<Option<KeysRead>>,
    /// Reads that have begun.
    begun: AtomicU64,
    /// Held while keys are read or made: one read serves all who wait, and of two first users one makes the key.
    reading: Arc<Mutex<Lookups>>,
}

/// The outcome of one read.
#[derive(Clone)]
struct KeysRead {
    keys: Arc<RealmKeys>,
    /// When the read began.
    at: Timestamp,
    /// Which one it was.
    number: u64,
}

impl KeysRead {
    fn is_young(&self, now: Timestamp) -> bool {
        // A clock that was set back makes nothing younger.
        self.at <= now && now.since(self.at) < KEYS_AGE_MAX
    }
}

/// How often the keys were looked up because of unknown names, in the second that began then.
#[derive(Default)]
pub(crate) struct Lookups {
    since: Timestamp,
    count: u32,
}

impl Lookups {
    fn take_one(&mut self, now: Timestamp) -> bool {
        if now < self.since || now.since(self.since) >= Span::from_s(1) {
            *self = Self { since: now, count: 0 };
        }
        self.count += 1;
        self.count <= LOOKUPS_MAX
    }
}

impl HeldKeys {
    fn last(&self) -> Option<KeysRead> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn young(&self, now: Timestamp) -> Option<Arc<RealmKeys>> {
        self.last().filter(|read| read.is_young(now)).map(|read| read.keys)
    }

    /// Waits until nobody else reads or makes keys of this realm.
    pub(crate) async fn reading(&self) -> OwnedMutexGuard<Lookups> {
        Arc::clone(&self.reading).lock_owned().await
    }
}

impl Keyring {
    /// The keys of a realm that exists, as they were stored within [`KEYS_AGE_MAX`].
    pub async fn keys(&self, realm: RealmId) -> Result<Arc<RealmKeys>, Outage> {
        let held = self.held(realm);
        if let Some(keys) = held.young(self.inner.clock.now()) {
            return Ok(keys);
        }
        let _alone = held.reading().await;
        match held.young(self.inner.clock.now()) {
            Some(keys) => Ok(keys),
            None => self.read(realm, &held).await,
        }
    }

    /// The keys as they were stored at some moment after this call, for whoever saw a name that is not held.
    pub(crate) async fn keys_read_anew(&self, realm: RealmId) -> Result<Arc<RealmKeys>, Outage> {
        let held = self.held(realm);
        let begun = held.begun.load(Ordering::SeqCst);
        let mut lookups = held.reading().await;
        // Somebody else's read that began meanwhile tells the same.
        if let Some(read) = held.last().filter(|read| read.number > begun) {
            return Ok(read.keys);
        }
        if !lookups.take_one(self.inner.clock.now()) {
            return Err(Outage::new(TooManyLookups));
        }
        self.read(realm, &held).await
    }

    /// Reads the keys from the store. Called by whoever holds `reading`.
    pub(crate) async fn read(&self, realm: RealmId, held: &HeldKeys) -> Result<Arc<RealmKeys>, Outage> {
        let at = self.inner.clock.now();
        let number = held.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let stored = self.inner.store.keys(realm).await?;
        let known = held.last().map(|read| read.keys);
        let ready = stored.iter().map(|key| self.ready(key, known.as_deref())).collect::<Result<_, _>>()?;
        let keys = Arc::new(RealmKeys::of(ready));
        let read = KeysRead { keys: Arc::clone(&keys), at, number };
        *held.last.write().unwrap_or_else(PoisonError::into_inner) = Some(read);
        Ok(keys)
    }

    /// A stored key, opened now or before.
    fn ready(&self, stored: &StoredKey, known: Option<&RealmKeys>) -> Result<ReadyKey, Outage> {
        let (created_at, signs_from) = (stored.created_at, stored.signs_from);
        if let Some(ready) = known.and_then(|known| known.find(&stored.kid)) {
            return Ok(ReadyKey { created_at, signs_from, ..ready.clone() });
        }
        let alg = Alg::named(&stored.algorithm)
            .ok_or_else(|| Outage::new("a stored key has an unknown algorithm"))?;
        let place = place(stored.realm, &stored.kid);
        let pkcs8 = self.open(SealPurpose::SigningKey, &place, &stored.sealed).map_err(Outage::new)?;
        let key = SigningKey::from_pkcs8(alg, &pkcs8).map_err(Outage::new)?;
        Ok(ReadyKey { key, created_at, signs_from })
    }
}

/// Where a sealed key belongs: moved to another row it does not open.
pub(crate) fn place(realm: RealmId, kid: &str) -> String {
    format!("signing-key {realm} {kid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn lookups_are_counted_by_the_second() {
        let mut lookups = Lookups::default();
        let taken = |lookups: &mut Lookups, ms| (0..10).filter(|_| lookups.take_one(at(ms))).count();
        assert_eq!(taken(&mut lookups, 5000), 4);
        assert_eq!(taken(&mut lookups, 5999), 0);
        assert_eq!(taken(&mut lookups, 6000), 4);
        assert_eq!(taken(&mut lookups, 100), 4, "a clock that was set back");
    }

    #[test]
    fn what_is_held_grows_old() {
        let read = KeysRead { keys: Arc::new(RealmKeys::of(vec![])), at: at(1000), number: 1 };
        assert!(read.is_young(at(1000)) && read.is_young(at(60_999)));
        assert!(!read.is_young(at(61_000)) && !read.is_young(at(999)));
    }
}
