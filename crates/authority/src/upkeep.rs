//! What runs beside requests: the sweep, readiness, figures.
//!
//! Nothing here decides whether a session is live.

use adieu_core::{Outage, Unwritten};
use adieu_store::{Figures, Swept};

use crate::Authority;

impl Authority {
    /// Frees space, one bounded batch; says whether there may be more to do.
    pub async fn sweep(&self) -> Result<Swept, Unwritten> {
        let swept = self.store().sweep(self.now(), self.policy().tombstones_kept).await?;
        if swept.sessions > 0 {
            self.wake_after_ending();
        }
        if swept.given_up > 0 {
            let notices = swept.given_up;
            tracing::warn!(
                notices,
                "notices of endings were given up: nobody could be told of them in a day"
            );
            metrics::counter!("adieu_notices_total", "state" => "given_up").increment(u64::from(notices));
        }
        Ok(swept)
    }

    /// Ends sessions that clients take part in at the moment when their time is over, so that the clients are told soon; one bounded
    /// batch; says whether there may be more.
    pub async fn expire_shared(&self) -> Result<Swept, Unwritten> {
        let ended = self.store().expire_shared(self.now()).await?;
        if ended.sessions > 0 {
            self.wake_after_ending();
        }
        Ok(ended)
    }

    /// Whether the store reads and writes.
    pub async fn ready(&self) -> Result<(), Outage> {
        self.store().ready(self.now()).await
    }

    /// Counts the live sessions, stretch by stretch, so that nobody waits for it. Sessions that ended with others are among
    /// them until the sweep has walked over them.
    pub async fn count_live(&self) -> Result<u64, Outage> {
        let (mut live, mut from) = (0, None);
        loop {
            let count = self.store().count_live(from, self.now()).await?;
            live += count.live;
            match count.next {
                Some(next) => from = Some(next),
                None => return Ok(live),
            }
        }
    }

    /// Gives back at once what other nodes would otherwise wait for: for whoever stops serving.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }

    /// What the store can tell about itself, for the metrics.
    pub fn figures(&self) -> Figures {
        self.inner.store.figures()
    }
}
