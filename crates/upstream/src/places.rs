//! ExchangePlaces among the requests to one provider that exchange codes, and the queue for them.
//!
//! Who has a place may exchange one code; who gets none in time has lost nothing. Whoever begins sign-ons without end from one address
//! has a share of both, so that others find a place (ONE-SLOW-HURTS-NONE).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adieu_core::UpstreamError;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Codes of one provider that are exchanged at once (HOME-LIMITS).
pub(crate) const PLACES_MAX: usize = 16;
/// Sign-ons that wait for a place: further ones are told so at once.
const WAITING_MAX: usize = 256;
/// Of those places, how many one source may have: an address of sign-ons.
const PLACES_EACH: usize = 8;
/// Sign-ons of one source that have a place or wait for one.
const EACH_MAX: usize = 32;
/// How long a place is waited for: as long as one request to a provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A place, which is given back when it is dropped.
#[derive(Debug)]
pub struct ExchangePlace {
    _place: OwnedSemaphorePermit,
    _of_source: Option<(OwnedSemaphorePermit, Counted)>,
}

/// The places of one provider.
pub(crate) struct ExchangePlaces {
    places: Arc<Semaphore>,
    queue: Semaphore,
    patience: Duration,
    sources: Arc<Sources>,
}

/// The sources that have a place or wait for one.
#[derive(Debug, Default)]
struct Sources(Mutex<HashMap<u128, Share>>);

/// What one source has.
#[derive(Debug)]
struct Share {
    places: Arc<Semaphore>,
    count: usize,
}

/// A sign-on that counts for its source until this is dropped.
#[derive(Debug)]
struct Counted {
    sources: Arc<Sources>,
    source: u128,
}

impl Sources {
    fn all(&self) -> MutexGuard<'_, HashMap<u128, Share>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// One more of a source, with the places of that; none if there are too many.
    fn of(sources: &Arc<Sources>, source: u128) -> Option<(Self, Arc<Semaphore>)> {
        let mut all = sources.all();
        let new = || Share { places: Arc::new(Semaphore::new(PLACES_EACH)), count: 0 };
        let share = all.entry(source).or_insert_with(new);
        if share.count >= EACH_MAX {
            return None;
        }
        share.count += 1;
        Some((Self { sources: Arc::clone(sources), source }, Arc::clone(&share.places)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut all = self.sources.all();
        if let Some(share) = all.get_mut(&self.source) {
            share.count -= 1;
            if share.count == 0 {
                all.remove(&self.source);
            }
        }
    }
}

impl ExchangePlaces {
    pub(crate) fn new() -> Self {
        let (places, queue) = (Arc::new(Semaphore::new(PLACES_MAX)), Semaphore::new(WAITING_MAX));
        Self { places, queue, patience: PATIENCE, sources: Arc::default() }
    }

    /// The next place for a source, in the order of asking among those whose source has not its share. Nobody knows where it is that
    /// others come from: they share with all.
    pub(crate) async fn next(&self, source: Option<u128>) -> Result<ExchangePlace, UpstreamError> {
        let counted = |source| Counted::of(&self.sources, source).ok_or(UpstreamError::Busy);
        let counted = source.map(counted).transpose()?;
        let _waits = self.queue.try_acquire().map_err(|_| UpstreamError::Busy)?;
        let both = async {
            let of_source = match counted {
                Some((counted, share)) => Some((share.acquire_owned().await?, counted)),
                None => None,
            };
            Ok::<_, AcquireError>((of_source, Arc::clone(&self.places).acquire_owned().await?))
        };
        match tokio::time::timeout(self.patience, both).await {
            Ok(Ok((_of_source, _place))) => Ok(ExchangePlace { _place, _of_source }),
            Ok(Err(_)) | Err(_) => Err(UpstreamError::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn places(patience: Duration) -> (Arc<ExchangePlaces>, Vec<ExchangePlace>) {
        let places = Arc::new(ExchangePlaces { patience, ..ExchangePlaces::new() });
        let mut held = Vec::new();
        for source in 0..PLACES_MAX as u128 {
            held.push(places.next(Some(source)).await.expect("a place"));
        }
        (places, held)
    }

    /// Goal: who finds no place waits for one, in a bounded queue.
    #[tokio::test]
    async fn a_place_is_waited_for() {
        let (places, mut held) = places(Duration::MAX).await;
        let waits = |source| {
            let places = Arc::clone(&places);
            tokio::spawn(async move { places.next(Some(source)).await })
        };
        let crowd: Vec<_> = (0..WAITING_MAX as u128).map(|n| waits(100 + n / 4)).collect();
        while places.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(places.next(None).await.expect_err("no room in the queue"), UpstreamError::Busy);
        assert!(crowd.iter().all(|one| !one.is_finished()), "they wait");
        held.clear();
        for one in crowd {
            drop(one.await.expect("no panic").expect("a place that was given back"));
        }
        assert_eq!((places.queue.available_permits(), places.places.available_permits()), (WAITING_MAX, 16));
    }

    /// Goal: nobody waits for ever, and who gives up leaves the queue.
    #[tokio::test]
    async fn a_place_is_not_waited_for_for_ever() {
        let (places, held) = places(Duration::ZERO).await;
        assert_eq!(places.next(Some(99)).await.expect_err("no place in time"), UpstreamError::Busy);
        assert_eq!(places.queue.available_permits(), WAITING_MAX);
        drop(held);
        assert!(places.next(None).await.is_ok() && places.next(Some(99)).await.is_ok());
        assert!(places.sources.all().is_empty(), "nobody is remembered");
    }

    /// Goal: S-1: one source with sign-ons without end has its share, and another one finds a place at once.
    #[tokio::test]
    async fn one_source_leaves_places_to_others() {
        let places = Arc::new(ExchangePlaces::new());
        let crowd: Vec<_> = (0..3 * EACH_MAX)
            .map(|_| {
                let places = Arc::clone(&places);
                tokio::spawn(async move { places.next(Some(1)).await })
            })
            .collect();
        // Some have a place, those beyond the share are refused, and the others wait.
        let over = || crowd.iter().filter(|one| one.is_finished()).count();
        while over() < PLACES_EACH + 2 * EACH_MAX {
            tokio::task::yield_now().await;
        }
        let other = places.next(Some(2)).await.expect("a place");
        assert_eq!(places.places.available_permits(), PLACES_MAX - PLACES_EACH - 1);
        assert_eq!(places.next(Some(1)).await.expect_err("it has its share"), UpstreamError::Busy);
        drop(other);
        let mut refused = 0;
        for one in crowd {
            refused += usize::from(one.await.expect("no panic").is_err());
        }
        assert_eq!(refused, 2 * EACH_MAX, "each of the others has its turn");
    }
}
