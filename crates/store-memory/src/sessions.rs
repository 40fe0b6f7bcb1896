//! Check, find, list, sign on, end, amend.
//!
//! `end` is the one function that writes an ending (ONE-ROAD); whatever ends in passing calls it.

use std::cmp::Reverse;
use std::sync::Arc;

use adieu_core::{
    AmendError, AmendOrder, Check, EndError, EndOrder, Ended, EndedSessions, EndingId, EndingPlace,
    FoundEnding, FoundSession, FreePlace, KeptSession, OpeningFacts, Outage, RealmId, Room, RoomMade,
    Session, SessionFacts, SessionId, SessionOutline, SessionRecord, SessionToken, SignOnError, SignOnOrder,
    SignedOn, Timestamp, UserId, UserKey, Verdict, activity_to_write, decide_amend, decide_check,
    decide_ending, decide_find, decide_opening, participants_of_epoch, session_record,
};
use adieu_store::{
    EndingPage, EndingQuery, Lookup, Pending, SessionCursor, SessionPage, SessionQuery, Sessions,
};

use crate::MemoryStore;
use crate::tables::{KeptRow, Tables};

impl Sessions for MemoryStore {
    fn check(&self, token: &SessionToken, touch: bool, now: Timestamp) -> Lookup<Result<Check, Outage>> {
        let mut tables = self.tables();
        let (check, activity) = decide_check(tables.facts_of(token.id), token, touch, now);
        tables.note(token.id, activity);
        Lookup::Now(Ok(check))
    }

    fn session_by_id(
        &self,
        id: SessionId,
        touch: bool,
        now: Timestamp,
    ) -> Lookup<Result<Option<FoundSession>, Outage>> {
        let mut tables = self.tables();
        let Some(facts) = tables.facts_of(id) else { return Lookup::Now(Ok(None)) };
        let (found, activity) = decide_find(facts, touch, now);
        tables.note(id, activity);
        Lookup::Now(Ok(Some(found)))
    }

    fn session_record(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Pending<Result<Option<SessionRecord>, Outage>> {
        self.act(|tables| Ok(tables.row(id).and_then(|row| tables.record(row, now))))
    }

    fn user_sessions(
        &self,
        user: UserId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.act(|tables| {
            let Some(key) = tables.key_of(user) else { return Ok(SessionPage::default()) };
            Ok(tables.page(tables.rows_of(key), query, now))
        })
    }

    fn count_live_sessions(&self, user: UserId, now: Timestamp) -> Pending<Result<u64, Outage>> {
        self.act(|tables| {
            let Some(key) = tables.key_of(user) else { return Ok(0) };
            let live = |facts: &SessionFacts| facts.verdict(now) == Verdict::Live;
            Ok(tables.stored_of(key).filter(live).count() as u64)
        })
    }

    fn count_sessions(&self, user: UserId) -> Pending<Result<u64, Outage>> {
        self.act(|tables| {
            let Some(key) = tables.key_of(user) else { return Ok(0) };
            let kept = tables.rows_of(key).filter_map(|row| tables.kept(row));
            Ok(kept.filter(KeptSession::is_shown).count() as u64)
        })
    }

    fn realm_sessions(
        &self,
        realm: RealmId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.act(|tables| {
            let rows = tables.rows.values().filter(|row| row.session().realm == realm);
            Ok(tables.page(rows, query, now))
        })
    }

    fn open_session(&self, order: SignOnOrder, now: Timestamp) -> Pending<Result<SignedOn, SignOnError>> {
        self.act(|tables| open_session(tables, &order, now))
    }

    fn end(&self, order: EndOrder, now: Timestamp) -> Pending<Result<Ended, EndError>> {
        self.act(|tables| end(tables, &order, now))
    }

    fn ending_id(&self, place: EndingPlace) -> EndingId {
        self.tables().ending_cipher.encipher(place)
    }

    fn ending(&self, id: EndingId) -> Pending<Result<Option<FoundEnding>, Outage>> {
        self.act(|tables| Ok(tables.ending(id)))
    }

    fn endings(&self, query: EndingQuery) -> Pending<Result<EndingPage, Outage>> {
        self.act(|tables| Ok(tables.endings(&query)))
    }

    fn amend(&self, order: AmendOrder, now: Timestamp) -> Pending<Result<(), AmendError>> {
        self.act(|tables| {
            let session = decide_amend(tables.facts_of(order.session).as_ref(), &order, now)?;
            tables.write_session(session);
            Ok(())
        })
    }
}

impl Tables {
    /// Writes down the activity of a session's user.
    fn note(&mut self, id: SessionId, activity: Option<Timestamp>) {
        if let Some(at) = activity
            && let Some(facts) = self.facts_of(id)
        {
            let session = facts.as_seen();
            if let Some(seen_at) = activity_to_write(session.state, session.seen_at, at) {
                self.write_session(Session { seen_at, ..session });
            }
        }
    }

    fn key_of(&self, user: UserId) -> Option<UserKey> {
        self.users.get(&user).map(|user| user.key)
    }

    /// The facts about the stored sessions of a user.
    pub(crate) fn stored_of(&self, key: UserKey) -> impl Iterator<Item = SessionFacts> {
        self.rows_of(key).filter_map(|row| match row {
            KeptRow::Stored(session) => self.facts(session),
            KeptRow::Ended(_) => None,
        })
    }

    fn record(&self, row: &KeptRow, now: Timestamp) -> Option<SessionRecord> {
        let session = row.session();
        let own = participants_of_epoch(self.participants_of(session), session.epoch);
        session_record(self.kept(row)?, own.map(|one| one.client.clone()).collect(), now)
    }

    fn page<'a>(
        &self,
        rows: impl Iterator<Item = &'a KeptRow>,
        query: SessionQuery,
        now: Timestamp,
    ) -> SessionPage {
        let place = |row: &KeptRow| {
            let session = row.session();
            SessionCursor { opened_at: session.opened_at, locator: session.locator }
        };
        let mut rows: Vec<_> =
            rows.filter(|row| query.after.is_none_or(|after| place(row) < after)).collect();
        rows.sort_by_key(|row| Reverse(place(row)));
        let mut page = SessionPage::default();
        let mut last = query.after;
        for row in rows {
            if page.sessions.len() as u32 == query.most {
                page.next = last;
                break;
            }
            last = Some(place(row));
            page.sessions.extend(self.record(row, now).filter(|record| query.asks_for(record)));
        }
        page
    }
}

/// One order: reads, lets core decide, writes what it decided.
pub(crate) fn end(tables: &mut Tables, order: &EndOrder, now: Timestamp) -> Result<Ended, EndError> {
    let ending = decide_ending(&tables.family(order, now), order, now)?;
    tables.apply(ending.changes);
    let place = ending.entry.map(|entry| tables.enter(entry, now));
    Ok(ending.outcome.at(place))
}

fn open_session(tables: &mut Tables, order: &SignOnOrder, now: Timestamp) -> Result<SignedOn, SignOnError> {
    let facts = OpeningFacts {
        user: tables.users.get(&order.proof.user).cloned(),
        realm: tables.realms.get(&order.realm).cloned().map(Arc::new),
        previous: order.previous.as_ref().and_then(|token| tables.facts_of(token.id)),
    };
    let opening = decide_opening(order, facts, now)?;
    let key = opening.user().key;
    let free = opening.needs_place().then(|| tables.free_place(key));
    let RoomMade { endings, place } = room_for_one_more(tables, opening.room(), key, free)?;
    let mut ended: Vec<EndedSessions> = Vec::new();
    for order in &endings {
        match end(tables, order, now) {
            Ok(Ended::Now(one)) => ended.push(one),
            // A session more than the quota allows is not to be opened.
            other => panic!("what makes room was live: {other:?}"),
        }
    }
    if let Some(place) = &place {
        tables.participants.remove(place);
    }
    let place = place.map(|place| (tables.cipher.encipher(place, order.incarnation), place));
    let opened = opening.finish(place)?;
    tables.write_session(opened.session.clone());
    if opened.user_changed {
        tables.write_user(opened.user.clone());
    }
    Ok(SignedOn { session: opened.session, user: opened.user, how: opened.how, ended })
}

/// How room is made for one more session of a user.
fn room_for_one_more(
    tables: &Tables,
    mut room: Room<'_>,
    key: UserKey,
    free: Option<FreePlace>,
) -> Result<RoomMade, SignOnError> {
    if room.wants_others() {
        for facts in tables.stored_of(key) {
            if room.count(SessionOutline::from(&facts)).is_break() {
                break;
            }
        }
    }
    room.decide(free)
}
