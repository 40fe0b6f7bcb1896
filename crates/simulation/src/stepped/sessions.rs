//! What passes of sessions and endings.
//!
//! Each act becomes a step of the simulated network.

use std::sync::Arc;

use adieu_core::{
    AmendError, AmendOrder, Check, EndError, EndOrder, Ended, EndingId, EndingPlace, FoundEnding,
    FoundSession, NotLive, Outage, RealmId, SessionId, SessionRecord, SessionToken, SignOnError, SignOnOrder,
    SignedOn, Timestamp, UserId,
};
use adieu_store::{EndingPage, EndingQuery, Lookup, Pending, SessionPage, SessionQuery, Sessions};

use super::SteppedStore;
use crate::plant::{Plant, scene, uncounted};

impl Sessions for SteppedStore {
    fn check(&self, token: &SessionToken, touch: bool, now: Timestamp) -> Lookup<Result<Check, Outage>> {
        let (token, planted) = (token.to_owned(), Arc::clone(&self.planted));
        let gone = self.strikes(Plant::LosesSession);
        self.look("check", move |store| match planted.stale(store) {
            _ if gone => Lookup::Now(Ok(Check::Not(NotLive::Unknown))),
            Some(stale) => stale.check(&token, touch, now),
            None => store.check(&token, touch, now),
        })
    }

    fn session_by_id(
        &self,
        id: SessionId,
        touch: bool,
        now: Timestamp,
    ) -> Lookup<Result<Option<FoundSession>, Outage>> {
        self.look("session_by_id", move |store| store.session_by_id(id, touch, now))
    }

    fn session_record(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Pending<Result<Option<SessionRecord>, Outage>> {
        self.read("session_record", move |store| store.session_record(id, now))
    }

    fn user_sessions(
        &self,
        user: UserId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.read("user_sessions", move |store| store.user_sessions(user, query, now))
    }

    fn count_live_sessions(&self, user: UserId, now: Timestamp) -> Pending<Result<u64, Outage>> {
        self.read("count_live_sessions", move |store| store.count_live_sessions(user, now))
    }

    fn count_sessions(&self, user: UserId) -> Pending<Result<u64, Outage>> {
        self.read("count_sessions", move |store| store.count_sessions(user))
    }

    fn realm_sessions(
        &self,
        realm: RealmId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.read("realm_sessions", move |store| store.realm_sessions(realm, query, now))
    }

    fn open_session(&self, order: SignOnOrder, now: Timestamp) -> Pending<Result<SignedOn, SignOnError>> {
        let order = if self.strikes(Plant::ForgetsQuota) { uncounted(order) } else { order };
        self.write("open_session", move |store| store.open_session(order, now))
    }

    fn end(&self, order: EndOrder, now: Timestamp) -> Pending<Result<Ended, EndError>> {
        let forgotten = self.strikes(Plant::ForgetsEnding);
        self.write("end", move |store| scene(store, forgotten).end(order, now))
    }

    fn ending_id(&self, place: EndingPlace) -> EndingId {
        self.behind.ending_id(place)
    }

    fn ending(&self, id: EndingId) -> Pending<Result<Option<FoundEnding>, Outage>> {
        self.read("ending", move |store| store.ending(id))
    }

    fn endings(&self, query: EndingQuery) -> Pending<Result<EndingPage, Outage>> {
        self.read("endings", move |store| store.endings(query))
    }

    fn amend(&self, order: AmendOrder, now: Timestamp) -> Pending<Result<(), AmendError>> {
        self.write("amend", move |store| store.amend(order, now))
    }
}
