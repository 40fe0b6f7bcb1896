//! Check, find, sign on, end, amend.
//!
//! `end` is the one function that writes an ending (ONE-ROAD); whatever ends in passing calls it.

use std::sync::Arc;

use adieu_core::session::NotLive;
use adieu_core::{
    AmendError, AmendOrder, Check, EndError, EndOrder, Ended, EndedSessions, EndingId, EndingPlace,
    FoundEnding, FoundSession, FreePlace, Incarnation, Locator, OpeningFacts, Outage, RealmAround, RealmId,
    Room, RoomMade, SessionFacts, SessionId, SessionRecord, SessionToken, SignOnError, SignOnOrder, SignedOn,
    Timestamp, User, UserId, Verdict, activity_to_write, decide_amend, decide_check, decide_ending,
    decide_find, decide_opening,
};
use adieu_store::{EndingPage, EndingQuery, Lookup, Pending, SessionPage, SessionQuery, Sessions};
use rusqlite::Connection;

use crate::acts::family::{facts, facts_in, family};
use crate::acts::free_place::free_place;
use crate::acts::{endings, lists};
use crate::batch::Batch;
use crate::cache::CachedSession;
use crate::error::Damaged;
use crate::hooks::HookPoint;
use crate::rows::LiveEntry;
use crate::shared::Shared;
use crate::{SqliteStore, rows};

/// How often a read is made anew because commits touched its key meanwhile; then it answers without filling.
const FILLS_MAX: usize = 8;

impl Shared {
    /// The facts about a session, if all of them are in memory and belong together.
    fn facts_in_memory(&self, id: SessionId, now: Timestamp) -> Option<(CachedSession, SessionFacts)> {
        let cached = self.caches.sessions.find(&id.number())?;
        let user = self.caches.users.find(&cached.session.user.uuid().as_u128())?;
        let realm = self.caches.realms.find(&cached.session.realm.uuid().as_u128())?;
        let session = Arc::clone(&cached.session);
        let realm = RealmAround::from(realm.as_ref());
        let facts = SessionFacts { session, seen_at: cached.seen_at(), user, realm };
        // A commit that raises a generation and restamps the session it spares, or gives a user a second factor and counts a
        // session as proven by it, is published one map at a time: only the database shows both together (NO-FALSE-NO).
        let apart = [NotLive::Generation, NotLive::HalfSignedOn].map(Verdict::Not);
        let together = !apart.contains(&facts.verdict(now));
        together.then_some((cached, facts))
    }

    /// Reads what is not in memory, and fills it in; says whether no commit came between.
    fn facts_in_database(
        &self,
        db: &Connection,
        read_at: u64,
        id: SessionId,
    ) -> rusqlite::Result<Option<(SessionFacts, bool)>> {
        let Some(session) = rows::session(db, &self.cipher, id)? else { return Ok(None) };
        let facts = facts(db, self, session)?;
        let realm = rows::realm(db, facts.session.realm)?;
        let cached = || CachedSession::new(Arc::clone(&facts.session), facts.seen_at);
        let user = || Arc::clone(&facts.user);
        let caches = &self.caches;
        self.pass(HookPoint::RowsRead);
        let mut fresh = caches.sessions.fill(id.number(), cached, read_at)
            && caches.users.fill(facts.user.id.uuid().as_u128(), user, read_at);
        if let Some(realm) = realm {
            fresh &= caches.realms.fill(realm.id.uuid().as_u128(), || Arc::new(realm.clone()), read_at);
        }
        Ok(Some((facts, fresh)))
    }
}

impl SqliteStore {
    /// The facts about a session through the readers; a read that a commit overtook is made anew.
    fn facts_later(&self, id: SessionId) -> Pending<Result<Option<SessionFacts>, Outage>> {
        let this = self.clone();
        Box::pin(async move {
            let mut tries = 0;
            loop {
                let read =
                    this.readers.read(move |db, shared, read_at| shared.facts_in_database(db, read_at, id));
                match read.await? {
                    Some((_, false)) if tries < FILLS_MAX => tries += 1,
                    read => return Ok(read.map(|(facts, _)| facts)),
                }
            }
        })
    }

    fn note_activity(&self, cached: &CachedSession, at: Timestamp) {
        if cached.touch(at) {
            let place = (cached.session.locator, cached.session.incarnation);
            self.writer.write_aside(move |batch| write_activity(batch.db, place, at));
        }
    }

    /// Notes the activity of a session that a read has just filled into the map.
    fn note_after_read(&self, id: SessionId, at: Timestamp) {
        if let Some(cached) = self.shared.caches.sessions.find(&id.number()) {
            self.note_activity(&cached, at);
        }
    }
}

impl Sessions for SqliteStore {
    fn check(&self, token: &SessionToken, touch: bool, now: Timestamp) -> Lookup<Result<Check, Outage>> {
        if let Some((cached, facts)) = self.shared.facts_in_memory(token.id, now) {
            let (check, activity) = decide_check(Some(facts), token, touch, now);
            if let Some(at) = activity {
                self.note_activity(&cached, at);
            }
            return Lookup::Now(Ok(check));
        }
        let (this, facts, token) = (self.clone(), self.facts_later(token.id), token.clone());
        Lookup::Later(Box::pin(async move {
            let (check, activity) = decide_check(facts.await?, &token, touch, now);
            if let Some(at) = activity {
                this.note_after_read(token.id, at);
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
        if let Some((cached, facts)) = self.shared.facts_in_memory(id, now) {
            let (found, activity) = decide_find(facts, touch, now);
            if let Some(at) = activity {
                self.note_activity(&cached, at);
            }
            return Lookup::Now(Ok(Some(found)));
        }
        let (this, facts) = (self.clone(), self.facts_later(id));
        Lookup::Later(Box::pin(async move {
            let Some(facts) = facts.await? else { return Ok(None) };
            let (found, activity) = decide_find(facts, touch, now);
            if let Some(at) = activity {
                this.note_after_read(id, at);
            }
            Ok(Some(found))
        }))
    }

    fn session_record(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Pending<Result<Option<SessionRecord>, Outage>> {
        self.readers.read(move |db, shared, _| lists::kept_session(db, shared, id, now))
    }

    fn user_sessions(
        &self,
        user: UserId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.readers.read(move |db, shared, _| lists::user_sessions(db, shared, user, query, now))
    }

    fn count_live_sessions(&self, user: UserId, now: Timestamp) -> Pending<Result<u64, Outage>> {
        self.readers.read(move |db, shared, _| lists::count_live(db, shared, user, now))
    }

    fn count_sessions(&self, user: UserId) -> Pending<Result<u64, Outage>> {
        self.readers.read(move |db, _, _| lists::count(db, user))
    }

    fn realm_sessions(
        &self,
        realm: RealmId,
        query: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.readers.read(move |db, shared, _| lists::realm_sessions(db, shared, realm, query, now))
    }

    fn open_session(&self, order: SignOnOrder, now: Timestamp) -> Pending<Result<SignedOn, SignOnError>> {
        self.writer.write(move |batch| open_session(batch, &order, now))
    }

    fn end(&self, order: EndOrder, now: Timestamp) -> Pending<Result<Ended, EndError>> {
        self.writer.write(move |batch| end(batch, &order, now))
    }

    fn ending_id(&self, place: EndingPlace) -> EndingId {
        self.shared.ending_cipher.encipher(place)
    }

    fn ending(&self, id: EndingId) -> Pending<Result<Option<FoundEnding>, Outage>> {
        self.readers.read(move |db, shared, _| endings::ending(db, shared, id))
    }

    fn endings(&self, query: EndingQuery) -> Pending<Result<EndingPage, Outage>> {
        self.readers.read(move |db, shared, _| endings::endings(db, shared, &query))
    }

    fn amend(&self, order: AmendOrder, now: Timestamp) -> Pending<Result<(), AmendError>> {
        self.writer.write(move |batch| amend(batch, &order, now))
    }
}

/// Writes down activity of a session that is still there, as far as core says so.
pub(super) fn write_activity(
    db: &Connection,
    place: (Locator, Incarnation),
    activity: Timestamp,
) -> rusqlite::Result<()> {
    let Some((state, seen_at)) = rows::seen(db, place)? else { return Ok(()) };
    match activity_to_write(state, seen_at, activity) {
        Some(seen_at) => rows::write_seen(db, place.0, seen_at),
        None => Ok(()),
    }
}

/// One order inside the batch that is being committed: reads, lets core decide, writes what it decided.
pub(super) fn end(
    batch: &mut Batch<'_>,
    order: &EndOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<Ended, EndError>> {
    let family = family(batch, order, now)?;
    let ending = match decide_ending(&family, order, now) {
        Ok(ending) => ending,
        Err(refusal) => return Ok(Err(refusal)),
    };
    batch.apply(ending.changes)?;
    let place = ending.entry.and_then(|entry| batch.enter(&entry, now));
    Ok(Ok(ending.outcome.at(place)))
}

fn open_session(
    batch: &mut Batch<'_>,
    order: &SignOnOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<SignedOn, SignOnError>> {
    let previous = match &order.previous {
        Some(token) => facts_in(batch, token.id)?,
        None => None,
    };
    let (user, realm) = (batch.user(order.proof.user)?, batch.realm(order.realm)?);
    let opening = match decide_opening(order, OpeningFacts { user, realm, previous }, now) {
        Ok(opening) => opening,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let user = Arc::clone(opening.user());
    let free = if opening.needs_place() { Some(free_place(batch, user.key)?) } else { None };
    let (room, stale) = room_for_one_more(batch, opening.room(), &user, free)?;
    let RoomMade { endings, place } = match room {
        Ok(made) => made,
        Err(refusal) => return Ok(Err(refusal)),
    };
    batch.drop_stale(&stale)?;
    let ended = end_all(batch, &endings, now)?;
    if let Some(place) = place {
        rows::drop_beside(batch.db, rows::signed(place.number()))?;
    }
    let place = place.map(|place| (batch.cipher().encipher(place, order.incarnation), place));
    let opened = match opening.finish(place) {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Err(refusal)),
    };
    batch.write_session(opened.session.clone())?;
    if opened.user_changed {
        batch.write_user(opened.user.clone())?;
    }
    Ok(Ok(SignedOn { session: opened.session, user: opened.user, how: opened.how, ended }))
}

/// How room is made for one more session of a user, and what of the list that was read for it is stale.
fn room_for_one_more(
    batch: &Batch<'_>,
    mut room: Room<'_>,
    user: &User,
    free: Option<FreePlace>,
) -> rusqlite::Result<(Result<RoomMade, SignOnError>, Vec<LiveEntry>)> {
    let mut stale = Vec::new();
    if room.wants_others() {
        let hear = |outline| room.count(lists::as_seen(batch.shared, outline));
        stale = rows::live_outlines(batch.db, batch.cipher(), user, hear)?;
    }
    Ok((room.decide(free), stale))
}

/// Carries out the orders that make room for another session, in its transaction. What they name was live in it: else a row
/// is damaged, and nothing is written.
fn end_all(
    batch: &mut Batch<'_>,
    orders: &[EndOrder],
    now: Timestamp,
) -> rusqlite::Result<Vec<EndedSessions>> {
    let mut ended = Vec::new();
    for order in orders {
        match end(batch, order, now)? {
            Ok(Ended::Now(one)) => ended.push(one),
            Ok(Ended::Before) | Err(_) => return Err(Damaged::row("session")),
        }
    }
    Ok(ended)
}

fn amend(
    batch: &mut Batch<'_>,
    order: &AmendOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<(), AmendError>> {
    match decide_amend(facts_in(batch, order.session)?.as_ref(), order, now) {
        Ok(session) => batch.write_session(session).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}
