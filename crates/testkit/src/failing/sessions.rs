//! What a failing store answers about sessions and endings.
//!
//! How it fails is in `failing`.

use adieu_core::{
    AmendError, AmendOrder, Check, EndError, EndOrder, Ended, EndingId, EndingPlace, FoundEnding,
    FoundSession, Outage, RealmId, SessionId, SessionRecord, SessionToken, SignOnError, SignOnOrder,
    SignedOn, Timestamp, UserId,
};
use adieu_store::{EndingPage, EndingQuery, Lookup, Pending, SessionPage, SessionQuery, Sessions};

use super::FailingStore;

impl Sessions for FailingStore {
    fn check(&self, token: &SessionToken, touch: bool, now: Timestamp) -> Lookup<Result<Check, Outage>> {
        self.answer(|store| store.check(token, touch, now))
    }

    fn session_by_id(
        &self,
        id: SessionId,
        touch: bool,
        now: Timestamp,
    ) -> Lookup<Result<Option<FoundSession>, Outage>> {
        self.answer(|store| store.session_by_id(id, touch, now))
    }

    fn session_record(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Pending<Result<Option<SessionRecord>, Outage>> {
        self.read(|store| store.session_record(id, now))
    }

    fn user_sessions(
        &self,
        user: UserId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.read(|store| store.user_sessions(user, query, now))
    }

    fn count_live_sessions(&self, user: UserId, now: Timestamp) -> Pending<Result<u64, Outage>> {
        self.read(|store| store.count_live_sessions(user, now))
    }

    fn count_sessions(&self, user: UserId) -> Pending<Result<u64, Outage>> {
        self.read(|store| store.count_sessions(user))
    }

    fn realm_sessions(
        &self,
        realm: RealmId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.read(|store| store.realm_sessions(realm, query, now))
    }

    fn open_session(&self, order: SignOnOrder, now: Timestamp) -> Pending<Result<SignedOn, SignOnError>> {
        self.write(|store| store.open_session(order, now))
    }

    fn end(&self, order: EndOrder, now: Timestamp) -> Pending<Result<Ended, EndError>> {
        self.after_others(move |store| store.end(order, now))
    }

    fn ending_id(&self, place: EndingPlace) -> EndingId {
        self.behind.ending_id(place)
    }

    fn ending(&self, id: EndingId) -> Pending<Result<Option<FoundEnding>, Outage>> {
        self.read(|store| store.ending(id))
    }

    fn endings(&self, query: EndingQuery) -> Pending<Result<EndingPage, Outage>> {
        self.read(|store| store.endings(query))
    }

    fn amend(&self, order: AmendOrder, now: Timestamp) -> Pending<Result<(), AmendError>> {
        self.write(|store| store.amend(order, now))
    }
}
