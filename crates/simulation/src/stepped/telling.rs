//! What passes of grants and notices.
//!
//! Each act becomes a step of the simulated network.

use std::sync::Arc;

use adieu_core::{
    ClientId, EndingId, Grant, GrantError, GrantId, IssueOrder, Outage, Participant, Receipt, ReceiptKey,
    Receiver, RedeemOrder, RevokeOrder, RevokedToken, RotateOrder, SessionId, Settlement, SubjectKey,
    Timestamp, Unwritten,
};
use adieu_store::{
    Grants, LeaseOrder, LeasedNotices, Lookup, Notices, Pending, ReceiptPage, ReceiptQuery, ReceiverStanding,
    Retold, Sessions, Taken,
};

use super::SteppedStore;
use crate::plant::{Plant, confirmed, notices_of_a_live_session, scene};

impl Grants for SteppedStore {
    fn participants(&self, session: SessionId) -> Pending<Result<Vec<Participant>, Outage>> {
        self.read("participants", move |store| store.participants(session))
    }

    fn issue(&self, order: IssueOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.write("issue", move |store| store.issue(order, now))
    }

    fn redeem(&self, order: RedeemOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        let forgotten = self.strikes(Plant::ForgetsRedemption);
        self.write("redeem", move |store| scene(store, forgotten).redeem(order, now))
    }

    fn rotate(&self, order: RotateOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        let forgotten = self.strikes(Plant::ForgetsRotation);
        self.write("rotate", move |store| scene(store, forgotten).rotate(order, now))
    }

    fn revoke(&self, order: RevokeOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.write("revoke", move |store| store.revoke(order, now))
    }

    fn revoke_own(
        &self,
        client: ClientId,
        token: RevokedToken,
        now: Timestamp,
    ) -> Pending<Result<(), GrantError>> {
        self.write("revoke_own", move |store| store.revoke_own(client, token, now))
    }

    fn grant(&self, id: GrantId) -> Lookup<Result<Option<Arc<Grant>>, Outage>> {
        self.look("grant", move |store| store.grant(id))
    }
}

impl Notices for SteppedStore {
    fn take_endings(&self, now: Timestamp) -> Pending<Result<Taken, Unwritten>> {
        let lost = self.strikes(Plant::LosesNotice);
        self.write("take_endings", move |store| {
            let taken = store.take_endings(now);
            if lost {
                store.lose_untried_receipts();
            }
            taken
        })
    }

    fn lease_notices(&self, order: LeaseOrder, now: Timestamp) -> Pending<Result<LeasedNotices, Unwritten>> {
        let (again, early) = (self.strikes(Plant::LeasesTwice), self.strikes(Plant::TellsEarly));
        let realm = self.realm;
        self.write("lease_notices", move |store| {
            let leased = store.lease_notices(order.clone(), now);
            if again {
                store.free_leases(now);
            }
            let store = store.clone();
            Box::pin(async move {
                let mut leased = leased.await?;
                if early {
                    leased.notices.extend(notices_of_a_live_session(&store, realm, order, now).await);
                }
                Ok(leased)
            })
        })
    }

    fn settle_notice(
        &self,
        settlement: Settlement,
        now: Timestamp,
    ) -> Pending<Result<Option<Receipt>, Unwritten>> {
        let unheard = self.strikes(Plant::ConfirmsUnheard);
        let settlement = if unheard { confirmed(settlement) } else { settlement };
        let (place, given_up) = (settlement.key.place, self.strikes(Plant::GivesUpEarly));
        self.write("settle_notice", move |store| {
            let settled = store.settle_notice(settlement, now);
            if given_up {
                drop(store.give_up_notices(store.ending_id(place), None, now));
            }
            settled
        })
    }

    fn receipts(&self, query: ReceiptQuery) -> Pending<Result<Option<ReceiptPage>, Outage>> {
        self.read("receipts", move |store| store.receipts(query))
    }

    fn receipt(&self, key: ReceiptKey) -> Pending<Result<Option<Receipt>, Outage>> {
        self.read("receipt", move |store| store.receipt(key))
    }

    fn retry_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.write("retry_notices", move |store| store.retry_notices(ending, after, now))
    }

    fn give_up_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.write("give_up_notices", move |store| store.give_up_notices(ending, after, now))
    }

    fn receivers(
        &self,
        after: Option<Receiver>,
        most: u32,
    ) -> Pending<Result<Vec<ReceiverStanding>, Outage>> {
        self.read("receivers", move |store| store.receivers(after, most))
    }
}
