//! Check, find, sign on, end, amend.
//!
//! `end` is the one function that writes an ending (ONE-ROAD); whatever ends in passing calls it.

use std::sync::Arc;

use adieu_core::{
    AmendError, AmendOrder, Check, EndError, EndOrder, Ended, EndedSessions, EndingId, EndingPlace,
    FoundEnding, FoundSession, FreePlace, OpeningFacts, Outage, RealmId, Room, RoomMade, SessionId,
    SessionRecord, SessionToken, SignOnError, SignOnOrder, SignedOn, Timestamp, User, UserId, decide_amend,
    decide_check, decide_ending, decide_find, decide_opening,
};
use adieu_store::{EndingPage, EndingQuery, Lookup, Pending, SessionPage, SessionQuery, Sessions};
use adieu_store_records::Damaged;

use crate::PostgresStore;
use crate::acts::family::family;
use crate::acts::free_place::free_place;
use crate::acts::{endings, lists};
use crate::batch::Batch;
use crate::working::{Halt, Looked};

impl PostgresStore {
    /// Notes activity of a session, and has it written down when it is time.
    fn note_activity(&self, session: &adieu_core::Session, at: Timestamp) {
        if self.shared.activity.note(session, at) {
            let (id, shared) = (session.id, Arc::clone(&self.shared));
            let written = self
                .writer
                .write::<(), adieu_core::Unwritten, _>(move |batch| batch.write_activity(id, at).map(Ok));
            self.shared.activity.count_writes(1);
            tokio::spawn(async move {
                // If it is not written, less than the grain is lost; the next activity is written again.
                let _ = written.await;
                shared.activity.count_writes(-1);
            });
        }
    }
}

impl Sessions for PostgresStore {
    fn check(&self, token: &SessionToken, touch: bool, now: Timestamp) -> Lookup<Result<Check, Outage>> {
        let (this, id, token) = (self.clone(), token.id, token.clone());
        let facts = self.reader.read(move |batch| batch.facts(id));
        Lookup::Later(Box::pin(async move {
            let facts = facts.await?;
            let session = facts.as_ref().map(|facts| Arc::clone(&facts.session));
            let (check, activity) = decide_check(facts, &token, touch, now);
            if let (Some(session), Some(at)) = (session, activity) {
                this.note_activity(&session, at);
            }
            Ok(check)
        }))
    }

    fn session_by_id(
        &self,
        id: SessionId,
        touch: bool,
        now: Timestamp,
    ) -> Lookup<Result<Option<FoundSession>, Outage>> {
        let this = self.clone();
        let facts = self.reader.read(move |batch| batch.facts(id));
        Lookup::Later(Box::pin(async move {
            let Some(facts) = facts.await? else { return Ok(None) };
            let session = Arc::clone(&facts.session);
            let (found, activity) = decide_find(facts, touch, now);
            if let Some(at) = activity {
                this.note_activity(&session, at);
            }
            Ok(Some(found))
        }))
    }

    fn session_record(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Pending<Result<Option<SessionRecord>, Outage>> {
        self.reader.read(move |batch| lists::kept_session(batch, id, now))
    }

    fn user_sessions(
        &self,
        user: UserId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.reader.read(move |batch| lists::user_sessions(batch, user, query, now))
    }

    fn count_live_sessions(&self, user: UserId, now: Timestamp) -> Pending<Result<u64, Outage>> {
        self.reader.read(move |batch| lists::count_live(batch, user, now))
    }

    fn count_sessions(&self, user: UserId) -> Pending<Result<u64, Outage>> {
        self.reader.read(move |batch| lists::count(batch, user))
    }

    fn realm_sessions(
        &self,
        realm: RealmId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.reader.read(move |batch| lists::realm_sessions(batch, realm, query, now))
    }

    fn open_session(&self, order: SignOnOrder, now: Timestamp) -> Pending<Result<SignedOn, SignOnError>> {
        self.writer.write(move |batch| open_session(batch, &order, now))
    }

    fn end(&self, order: EndOrder, now: Timestamp) -> Pending<Result<Ended, EndError>> {
        self.writer.write(move |batch| end(batch, &order, now))
    }

    fn ending_id(&self, place: EndingPlace) -> EndingId {
        self.shared.ciphers.endings.encipher(place)
    }

    fn ending(&self, id: EndingId) -> Pending<Result<Option<FoundEnding>, Outage>> {
        self.reader.read(move |batch| endings::ending(batch, id))
    }

    fn endings(&self, query: EndingQuery) -> Pending<Result<EndingPage, Outage>> {
        self.reader.read(move |batch| endings::endings(batch, &query))
    }

    fn amend(&self, order: AmendOrder, now: Timestamp) -> Pending<Result<(), AmendError>> {
        self.writer.write(move |batch| amend(batch, &order, now))
    }
}

/// One order inside the batch that is being committed: reads, lets core decide, writes what it decided.
pub(super) fn end(batch: &mut Batch, order: &EndOrder, now: Timestamp) -> Looked<Result<Ended, EndError>> {
    let family = family(batch, order, now)?;
    let ending = match decide_ending(&family, order, now) {
        Ok(ending) => ending,
        Err(refusal) => return Ok(Err(refusal)),
    };
    batch.apply(ending.changes)?;
    let place = ending.entry.map(|entry| batch.enter(&entry, now)).transpose()?;
    Ok(Ok(ending.outcome.at(place)))
}

fn open_session(
    batch: &mut Batch,
    order: &SignOnOrder,
    now: Timestamp,
) -> Looked<Result<SignedOn, SignOnError>> {
    // All of it is asked for at once.
    let previous = order.previous.as_ref().map(|token| batch.facts(token.id)).transpose();
    let (user, realm) = (batch.user(order.proof.user), batch.realm(order.realm));
    let (previous, user, realm) = (previous?.flatten(), user?, realm?);
    let opening = match decide_opening(order, OpeningFacts { user, realm, previous }, now) {
        Ok(opening) => opening,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let user = Arc::clone(opening.user());
    let free = if opening.needs_place() { Some(free_place(batch, user.key)?) } else { None };
    let RoomMade { endings, place } = match room_for_one_more(batch, opening.room(), &user, free)? {
        Ok(made) => made,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let ended = end_all(batch, &endings, now)?;
    if let Some(place) = place {
        batch.drop_beside(place)?;
    }
    let place = place.map(|place| (batch.shared.ciphers.sessions.encipher(place, order.incarnation), place));
    let opened = match opening.finish(place) {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Err(refusal)),
    };
    batch.write_session(opened.session.clone())?;
    if opened.user_changed {
        batch.write_user(opened.user.clone());
    }
    Ok(Ok(SignedOn { session: opened.session, user: opened.user, how: opened.how, ended }))
}

/// How room is made for one more session of a user.
fn room_for_one_more(
    batch: &Batch,
    mut room: Room<'_>,
    user: &User,
    free: Option<FreePlace>,
) -> Looked<Result<RoomMade, SignOnError>> {
    if room.wants_others() {
        batch.live_outlines(user, |outline| room.count(outline))?;
    }
    Ok(room.decide(free))
}

/// Carries out the orders that make room for another session, in its transaction. What they name was live in it: else a row
/// is damaged, and nothing is written.
fn end_all(batch: &mut Batch, orders: &[EndOrder], now: Timestamp) -> Looked<Vec<EndedSessions>> {
    let mut ended = Vec::new();
    for order in orders {
        match end(batch, order, now)? {
            Ok(Ended::Now(one)) => ended.push(one),
            Ok(Ended::Before) | Err(_) => return Err(Halt::Damaged(Damaged("session"))),
        }
    }
    Ok(ended)
}

fn amend(batch: &mut Batch, order: &AmendOrder, now: Timestamp) -> Looked<Result<(), AmendError>> {
    match decide_amend(batch.facts(order.session)?.as_ref(), order, now) {
        Ok(session) => batch.write_session(session).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}
