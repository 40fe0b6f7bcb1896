//! The exact map in front of the database.
//!
//! This process is the only writer, so the map can be exact: it is updated after the commit and before the answer.
//! A reader that fills it on a miss may be slow, and must not put back what a commit has taken away in the meantime
//! (a well-known server does so and revives ended sessions). So a fill carries the number of the last commit that was
//! published when its read began; each bucket of keys remembers the last commit that touched it; a fill that is older
//! than that is refused and read anew (ENDED-STAYS-ENDED, NO-STALE-YES).

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adieu_core::{Client, ClientId, Consent, Grant, Realm, Session, Timestamp, User, UserId};

/// All maps of the engine.
pub(crate) struct Caches {
    /// The number of the last commit whose changes stand in the maps.
    published: AtomicU64,
    pub(crate) sessions: ExactMap<u128, CachedSession, ByNumber>,
    pub(crate) users: ExactMap<u128, Arc<User>, ByNumber>,
    pub(crate) realms: ExactMap<u128, Arc<Realm>, ByNumber>,
    pub(crate) clients: ExactMap<ClientId, Arc<Client>, RandomState>,
    pub(crate) grants: ExactMap<u128, Arc<Grant>, ByNumber>,
    pub(crate) consents: ExactMap<(UserId, ClientId), Arc<Consent>, RandomState>,
}

/// A session in memory, with what only memory knows. The map holds it without a box of its own: there are millions.
#[derive(Clone)]
pub(crate) struct CachedSession {
    pub(crate) session: Arc<Session>,
    /// Shared by all versions of a session, so that a check in flight on the one before notes nothing in vain.
    activity: Arc<Activity>,
}

/// When a session's user was last seen, and what of that is written down.
struct Activity {
    seen_ms: AtomicI64,
    written_ms: AtomicI64,
}

impl CachedSession {
    pub(crate) fn new(session: Arc<Session>, seen_at: Timestamp) -> Self {
        let seen_ms = AtomicI64::new(seen_at.max(session.seen_at).ms());
        let written_ms = AtomicI64::new(session.seen_at.ms());
        Self { session, activity: Arc::new(Activity { seen_ms, written_ms }) }
    }

    /// The next version of this session.
    pub(crate) fn next(&self, session: Arc<Session>) -> Self {
        let activity = Arc::clone(&self.activity);
        activity.seen_ms.fetch_max(session.seen_at.ms(), Ordering::Relaxed);
        activity.written_ms.fetch_max(session.seen_at.ms(), Ordering::Relaxed);
        Self { session, activity }
    }

    pub(crate) fn seen_at(&self) -> Timestamp {
        Timestamp::from_ms(self.activity.seen_ms.load(Ordering::Relaxed))
    }

    /// Notes activity; true for the one caller who is to have it written down.
    pub(crate) fn touch(&self, now: Timestamp) -> bool {
        let Activity { seen_ms, written_ms } = self.activity.as_ref();
        seen_ms.fetch_max(now.ms(), Ordering::Relaxed);
        let written = written_ms.load(Ordering::Relaxed);
        let due = now.ms().saturating_sub(written) >= self.session.seen_grain().ms();
        due && written_ms.compare_exchange(written, now.ms(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Caches {
    pub(crate) fn new(sessions_max: usize) -> Self {
        Self {
            published: AtomicU64::new(0),
            sessions: ExactMap::new(sessions_max),
            users: ExactMap::new(sessions_max),
            realms: ExactMap::new(100_000),
            clients: ExactMap::new(100_000),
            grants: ExactMap::new(sessions_max),
            consents: ExactMap::new(sessions_max),
        }
    }

    /// The commit that a read which begins now is sure to see.
    pub(crate) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Says that the changes of `commit` stand in the maps.
    pub(crate) fn publish(&self, commit: u64) {
        self.published.store(commit, Ordering::Release);
    }
}

/// Buckets of keys whose last commit is remembered; sharing one costs at most a needless second read.
const BUCKETS: usize = 4096;

pub(crate) struct ExactMap<K, V, S> {
    map: papaya::HashMap<K, V, S>,
    hasher: S,
    buckets: Box<[Mutex<u64>]>,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher + Default + Clone> ExactMap<K, V, S> {
    fn new(capacity: usize) -> Self {
        let buckets = (0..BUCKETS).map(|_| Mutex::new(0)).collect();
        let hasher = S::default();
        Self {
            map: papaya::HashMap::with_hasher(hasher.clone()),
            hasher,
            buckets,
            capacity: capacity.max(16),
        }
    }

    fn bucket(&self, key: &K) -> MutexGuard<'_, u64> {
        let hash = self.hasher.hash_one(key);
        let bucket = &self.buckets[(hash >> 20) as usize % BUCKETS];
        bucket.lock().unwrap_or_else(PoisonError::into_inner) // A number is whole whoever panicked.
    }

    pub(crate) fn find(&self, key: &K) -> Option<V> {
        self.map.pin().get(key).cloned()
    }

    /// Puts what was read at commit `read_at`, unless the key was touched since; then it must be read anew.
    pub(crate) fn fill(&self, key: K, value: impl FnOnce() -> V, read_at: u64) -> bool {
        let touched = self.bucket(&key);
        if *touched > read_at {
            return false;
        }
        // The bucket's lock keeps other writers of the key away. papaya moves entries to a larger table with `insert` only: after
        // `get_or_insert_with` alone the smaller tables stay, and every look goes through all of them.
        let map = self.map.pin();
        if !map.contains_key(&key) {
            map.insert(key, value());
        }
        drop(touched);
        self.keep_bound();
        true
    }

    /// Makes `key` what `commit` made it; `next` gets what stood there.
    pub(crate) fn publish(&self, key: K, next: impl FnOnce(Option<&V>) -> Option<V>, commit: u64) {
        let mut touched = self.bucket(&key);
        *touched = commit;
        let map = self.map.pin();
        match next(map.get(&key)) {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
        drop(touched);
        self.keep_bound();
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// HOME-LIMITS: beyond the bound a sixteenth is dropped; whatever is asked for again is read again.
    fn keep_bound(&self) {
        if self.map.len() > self.capacity {
            let map = self.map.pin();
            for (key, _) in map.iter().take(self.capacity / 16) {
                map.remove(key);
            }
        }
    }
}

/// For keys that are random already: their low half is their hash.
pub(crate) type ByNumber = BuildHasherDefault<NumberHasher>;

#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, number: u128) {
        self.0 = (number as u64) ^ ((number >> 64) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> ExactMap<u128, &'static str, ByNumber> {
        ExactMap::new(32)
    }

    /// Goal: ENDED-STAYS-ENDED against the slow reader. Method: the order read, end, fill, forced by hand.
    #[test]
    fn a_slow_reader_can_not_put_an_ended_session_back() {
        let map = map();
        let read_at = 4; // The reader began when commit 4 was published, and read "live".
        map.publish(7, |_| None, 5); // Commit 5 ends it; nothing was in the map.
        assert!(!map.fill(7, || "live", read_at), "the fill must be refused");
        assert!(map.find(&7).is_none());
        assert!(map.fill(7, || "anew", 5), "a read that began after the commit may fill");
    }

    #[test]
    fn a_fill_that_comes_before_the_commit_is_overwritten_by_it() {
        let map = map();
        assert!(map.fill(7, || "live", 4));
        map.publish(
            7,
            |held| {
                assert!(held.is_some());
                None
            },
            5,
        );
        assert!(map.find(&7).is_none());
    }

    /// Goal: HOME-LIMITS, the map stays near its bound.
    #[test]
    fn the_map_keeps_its_bound() {
        let map = map();
        for key in 0..1000 {
            map.fill(key, || "x", 0);
        }
        assert!(map.len() <= 33, "{}", map.len());
        for key in 0..1000 {
            map.publish(key, |_| Some("x"), 1);
        }
        assert!(map.len() <= 33, "{} after writes", map.len());
    }

    static COMPARED: AtomicU64 = AtomicU64::new(0);

    /// A key that counts how often it is compared.
    #[derive(Clone, Eq)]
    struct CountedKey(u64);

    impl PartialEq for CountedKey {
        fn eq(&self, other: &Self) -> bool {
            COMPARED.fetch_add(1, Ordering::Relaxed);
            self.0 == other.0
        }
    }

    impl Hash for CountedKey {
        fn hash<H: Hasher>(&self, hasher: &mut H) {
            hasher.write_u64(self.0);
        }
    }

    /// Goal: what reads have filled in is found at once, however much it is. Method: small numbers have hashes that agree in the bits
    /// by which the map tells neighbours apart, so that a look compares with every entry that it passes.
    #[test]
    fn a_look_does_not_pass_through_tables_that_were_outgrown() {
        let map: ExactMap<CountedKey, (), ByNumber> = ExactMap::new(100_000);
        for key in 0..10_000 {
            map.fill(CountedKey(key), || (), 0);
        }
        COMPARED.store(0, Ordering::Relaxed);
        for key in 0..10_000 {
            assert!(map.find(&CountedKey(key)).is_some());
        }
        let compared = COMPARED.load(Ordering::Relaxed);
        assert!(compared < 20 * 10_000, "{} comparisons a look", compared / 10_000);
    }

    /// Goal: NO-FALSE-NO: a user at work is not taken for idle because a write came between.
    #[test]
    fn activity_that_is_noted_while_a_session_changes_is_not_lost() {
        let session = Arc::new(session());
        let before = CachedSession::new(Arc::clone(&session), Timestamp::from_ms(0));
        let after = before.next(session);
        before.touch(Timestamp::from_ms(5000)); // A check in flight that found the version before.
        assert_eq!(after.seen_at(), Timestamp::from_ms(5000));
    }

    fn session() -> Session {
        use adieu_core::*;
        let locator = UserKey::from_random(9).slot(0).expect("a slot");
        Session {
            id: SessionId::from_bytes([1; 16]),
            locator,
            incarnation: Incarnation::from_bits(3),
            realm: RealmId::from_uuid(uuid::Uuid::nil()),
            user: UserId::from_uuid(uuid::Uuid::nil()),
            token_hash: TokenHash::from_bytes([0; 32]),
            epoch: 0,
            state: State::SignedOn,
            reset_by: None,
            born: Generations::default(),
            opened_at: Timestamp::from_ms(0),
            authenticated_at: Timestamp::from_ms(0),
            seen_at: Timestamp::from_ms(0),
            idle: None,
            expires_at: Timestamp::from_ms(1_000_000),
            methods: vec![],
            channel: Channel::named("test"),
            device: SessionDevice::default(),
            properties: Default::default(),
            participants: 0,
        }
    }
}
