//! What became of the notices of an ending, and an administrator's word about them.
//!
//! Who is told, and when again, is decided below; whoever sends is woken. Nothing here sends.

use std::time::Duration;

use adieu_core::{EndingId, Outage, Receipt, Receiver, Span, SubjectKey, Unwritten};
use adieu_store::{Pending, ReceiptPage, ReceiptQuery, ReceiverStanding, Retold};

use crate::Authority;

/// How often somebody who waits looks at first, and at last.
const LOOK_FIRST: Duration = Duration::from_millis(5);
const LOOK_LAST: Duration = Duration::from_millis(200);

impl Authority {
    /// The receipts of an ending, a page at a time; none if the ending is not known (any more).
    pub async fn receipts(&self, query: ReceiptQuery) -> Result<Option<ReceiptPage>, Outage> {
        self.store().receipts(query).await
    }

    /// The receipts of an ending when nothing more comes of any of them, or as they are after `wait`.
    pub async fn settled_receipts(
        &self,
        query: ReceiptQuery,
        wait: Span,
    ) -> Result<Option<ReceiptPage>, Outage> {
        self.receipts_once(query, wait, ReceiptPage::is_settled).await
    }

    /// The same for whoever shows only what clients were told, and waits for no subscriber, nor for one that is ailing and is asked later.
    pub async fn settled_receipts_of_clients(
        &self,
        query: ReceiptQuery,
        wait: Span,
    ) -> Result<Option<ReceiptPage>, Outage> {
        let settled = |page: &ReceiptPage| {
            let now = self.now();
            let waits = |one: &Receipt| {
                let soon = page
                    .waiting(one, now)
                    .is_some_and(|waits| waits.next_try_at().is_none() || waits.ailing_since().is_none());
                one.receiver.client().is_some() && soon
            };
            page.complete && !page.receipts.iter().any(waits)
        };
        self.receipts_once(query, wait, settled).await
    }

    async fn receipts_once(
        &self,
        query: ReceiptQuery,
        wait: Span,
        is_settled: impl Fn(&ReceiptPage) -> bool,
    ) -> Result<Option<ReceiptPage>, Outage> {
        self.wake_after_ending(); // Of a session that nobody shared, too, it is to be said that nobody is told.
        let wait = Duration::from_millis(u64::try_from(wait.ms()).unwrap_or(0));
        let settled = async {
            let mut pause = LOOK_FIRST;
            loop {
                match self.store().receipts(query.clone()).await? {
                    Some(page) if !is_settled(&page) => {}
                    done => return Ok(done),
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LOOK_LAST);
            }
        };
        match tokio::time::timeout(wait, settled).await {
            Ok(done) => done,
            Err(_) => self.store().receipts(query.clone()).await,
        }
    }

    /// Lets the notices of an ending that are not confirmed be tried at once, and for another day.
    pub async fn retry_notices(&self, ending: EndingId) -> Result<Retold, Unwritten> {
        let retold = self.all_notices(|after| self.store().retry_notices(ending, after, self.now())).await;
        self.wake_after_ending();
        retold
    }

    /// Gives up the notices of an ending that are pending.
    pub async fn give_up_notices(&self, ending: EndingId) -> Result<Retold, Unwritten> {
        self.all_notices(|after| self.store().give_up_notices(ending, after, self.now())).await
    }

    /// Step after step, so that no other order waits for all of them.
    async fn all_notices(
        &self,
        step: impl Fn(Option<(Receiver, SubjectKey)>) -> Pending<Result<Retold, Unwritten>>,
    ) -> Result<Retold, Unwritten> {
        let mut all = Retold::default();
        loop {
            let done = step(all.next.take()).await?;
            all.notices += done.notices;
            all.next = done.next;
            if all.next.is_none() {
                return Ok(all);
            }
        }
    }

    /// Those who are or were told of endings, subscribers before clients, and how each does.
    pub async fn receivers(
        &self,
        after: Option<Receiver>,
        most: u32,
    ) -> Result<Vec<ReceiverStanding>, Outage> {
        self.store().receivers(after, most).await
    }
}
