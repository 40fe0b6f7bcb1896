//! ExchangePlaces among the requests to one provider that exchange codes, and the queue for them.
//!
//! Who has a place may exchange one code; who gets none in time has lost nothing.

use std::sync::Arc;
use std::time::Duration;

use adieu_core::UpstreamError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Codes of one provider that are exchanged at once (HOME-LIMITS).
pub(crate) const PLACES_MAX: usize = 16;
/// Sign-ons that wait for a place: further ones are told so at once.
const WAITING_MAX: usize = 256;
/// How long a place is waited for: as long as one request to a provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A place, which is given back when it is dropped.
#[derive(Debug)]
pub struct ExchangePlace {
    _place: OwnedSemaphorePermit,
}

/// The places of one provider.
pub(crate) struct ExchangePlaces {
    places: Arc<Semaphore>,
    queue: Semaphore,
    patience: Duration,
}

impl ExchangePlaces {
    pub(crate) fn new() -> Self {
        let (places, queue) = (Arc::new(Semaphore::new(PLACES_MAX)), Semaphore::new(WAITING_MAX));
        Self { places, queue, patience: PATIENCE }
    }

    /// The next place, in the order of asking.
    pub(crate) async fn next(&self) -> Result<ExchangePlace, UpstreamError> {
        let _waits = self.queue.try_acquire().map_err(|_| UpstreamError::Busy)?;
        let place = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        match place {
            Ok(Ok(_place)) => Ok(ExchangePlace { _place }),
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
        for _ in 0..PLACES_MAX {
            held.push(places.next().await.expect("a place"));
        }
        (places, held)
    }

    /// Goal: who finds no place waits for one, in a bounded queue.
    #[tokio::test]
    async fn a_place_is_waited_for() {
        let (places, mut held) = places(Duration::MAX).await;
        let waits = || {
            let places = Arc::clone(&places);
            tokio::spawn(async move { places.next().await })
        };
        let crowd: Vec<_> = (0..WAITING_MAX).map(|_| waits()).collect();
        while places.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(places.next().await.expect_err("no room in the queue"), UpstreamError::Busy);
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
        assert_eq!(places.next().await.expect_err("no place in time"), UpstreamError::Busy);
        assert_eq!(places.queue.available_permits(), WAITING_MAX);
        drop(held);
        assert!(places.next().await.is_ok());
    }
}
