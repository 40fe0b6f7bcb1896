//! Check, look, sign on, end, amend.
//!
//! `end` is the one function that writes an ending (ONE-ROAD); whatever ends in passing calls it.

use std::sync::Arc;

use adieu_core::session::NotLive;
use adieu_core::{
    AmendError, AmendOrder, Around, EndError, EndOrder, Ended, EndedSessions, Generations, How, Outage,
    RealmId, Session, SessionId, SessionToken, SignOnDecision, SignOnError, SignOnOrder, SignedOn, Timestamp,
    User, UserId, Verdict, decide_amend, decide_ending, decide_room, decide_sign_on, decide_spending,
};
use adieu_store::{
    Check, FoundSession, LiveSession, Lookup, Pending, SessionPage, SessionQuery, SessionRecord, Sessions,
};
use rusqlite::Connection;

use crate::acts::family::{SessionFacts, facts, facts_in, family};
use crate::acts::history;
use crate::cache::CachedSession;
use crate::hooks::Place;
use crate::shared::Shared;
use crate::writer::Batch;
use crate::{SqliteStore, rows};

/// How often a read is made anew because commits touched its key meanwhile; then it answers without filling.
const FILLS_MAX: usize = 8;

impl Shared {
    /// The session, its user and the verdict, if all of it is in memory.
    fn found_in_memory(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Option<(Arc<CachedSession>, Arc<User>, Verdict)> {
        let held = self.caches.sessions.find(&id.number())?;
        let user = self.caches.users.find(&held.session.user.uuid().as_u128())?;
        let realm = self.caches.realms.find(&held.session.realm.uuid().as_u128())?;
        let generations = Generations { user: user.generation, realm: realm.generation };
        let around = Around { generations, user_enabled: user.enabled };
        let verdict = adieu_core::verdict(&held.session, held.seen_at(), around, now);
        // A commit that raises a generation and restamps the session it spares is published one map at a time:
        // only the database shows both together (NO-FALSE-NO).
        (verdict != Verdict::Not(NotLive::Generation)).then_some((held, user, verdict))
    }

    /// Reads what is not in memory, and fills it in.
    fn found_in_database(
        &self,
        db: &Connection,
        read_at: u64,
        id: SessionId,
    ) -> rusqlite::Result<Option<(SessionFacts, bool)>> {
        let Some(session) = rows::session(db, &self.cipher, id)? else { return Ok(None) };
        let facts = facts(db, self, session)?;
        let realm = rows::realm(db, facts.session.realm)?;
        let held = || Arc::new(CachedSession::new(Arc::new(facts.session.clone()), facts.seen_at));
        let user = || Arc::clone(&facts.user);
        let caches = &self.caches;
        self.pass(Place::RowsRead);
        let mut fresh = caches.sessions.fill(id.number(), held, read_at)
            && caches.users.fill(facts.user.id.uuid().as_u128(), user, read_at);
        if let Some(realm) = realm {
            fresh &= caches.realms.fill(realm.id.uuid().as_u128(), || Arc::new(realm.clone()), read_at);
        }
        Ok(Some((facts, fresh)))
    }
}

impl SqliteStore {
    /// Reads a session through the readers; a read that a commit overtook is made anew.
    fn find_later(
        &self,
        id: SessionId,
        touch: bool,
        now: Timestamp,
    ) -> Pending<Result<Option<FoundSession>, Outage>> {
        let this = self.clone();
        Box::pin(async move {
            let mut tries = 0;
            let facts = loop {
                let read =
                    this.readers.read(move |db, shared, read_at| shared.found_in_database(db, read_at, id));
                match read.await? {
                    None => return Ok(None),
                    Some((facts, fresh)) if fresh || tries == FILLS_MAX => break facts,
                    Some(_) => tries += 1,
                }
            };
            let verdict = facts.verdict(now);
            if touch
                && verdict == Verdict::Live
                && let Some(held) = this.shared.caches.sessions.find(&id.number())
            {
                this.note_activity(&held, now);
            }
            let seen_at = if touch { facts.seen_at.max(now) } else { facts.seen_at };
            Ok(Some(FoundSession { session: Arc::new(facts.session), user: facts.user, seen_at, verdict }))
        })
    }

    fn note_activity(&self, held: &CachedSession, now: Timestamp) {
        if held.touch(now) {
            let place = (held.session.locator, held.session.incarnation);
            self.writer.write_aside(move |batch| rows::write_seen(batch.db, place, now));
        }
    }
}

fn checked(found: Option<FoundSession>, token: &SessionToken) -> Check {
    match found {
        Some(found) if found.session.token_hash.matches(&token.secret) => match found.verdict {
            Verdict::Live => {
                Check::Live(LiveSession { session: found.session, user: found.user, seen_at: found.seen_at })
            }
            Verdict::Not(why) => Check::Not(why),
        },
        Some(_) | None => Check::Not(NotLive::Unknown),
    }
}

impl Sessions for SqliteStore {
    fn check(&self, token: &SessionToken, touch: bool, now: Timestamp) -> Lookup<Result<Check, Outage>> {
        let Some((held, user, verdict)) = self.shared.found_in_memory(token.id, now) else {
            let token = token.clone();
            // Whether this is the session's own token is only known after the read: touch when it is.
            let (plain, touching) = (self.find_later(token.id, false, now), self.clone());
            return Lookup::Later(Box::pin(async move {
                let check = checked(plain.await?, &token);
                if let (true, Check::Live(_)) = (touch, &check)
                    && let Some(held) = touching.shared.caches.sessions.find(&token.id.number())
                {
                    touching.note_activity(&held, now);
                }
                Ok(check)
            }));
        };
        if !held.session.token_hash.matches(&token.secret) {
            return Lookup::Now(Ok(Check::Not(NotLive::Unknown)));
        }
        Lookup::Now(Ok(match verdict {
            Verdict::Live => {
                if touch {
                    self.note_activity(&held, now);
                }
                Check::Live(LiveSession { session: Arc::clone(&held.session), user, seen_at: held.seen_at() })
            }
            Verdict::Not(why) => Check::Not(why),
        }))
    }

    fn session_by_id(
        &self,
        id: SessionId,
        touch: bool,
        now: Timestamp,
    ) -> Lookup<Result<Option<FoundSession>, Outage>> {
        let Some((held, user, verdict)) = self.shared.found_in_memory(id, now) else {
            return Lookup::Later(self.find_later(id, touch, now));
        };
        if touch && verdict == Verdict::Live {
            self.note_activity(&held, now);
        }
        let session = Arc::clone(&held.session);
        Lookup::Now(Ok(Some(FoundSession { session, user, seen_at: held.seen_at(), verdict })))
    }

    fn sessions_of(
        &self,
        user: UserId,
        limit: u32,
        now: Timestamp,
    ) -> Pending<Result<Vec<FoundSession>, Outage>> {
        self.readers.read(move |db, shared, _| {
            let Some(user) = rows::user(db, user)? else { return Ok(Vec::new()) };
            let mut found = Vec::new();
            let whose = Arc::new(user);
            for session in rows::sessions_of(db, &shared.cipher, whose.key)? {
                let facts = facts(db, shared, session)?;
                let verdict = facts.verdict(now);
                let (session, user) = (Arc::new(facts.session), Arc::clone(&whose));
                found.push(FoundSession { session, user, seen_at: facts.seen_at, verdict });
            }
            found.sort_by_key(|l| std::cmp::Reverse((l.session.opened_at, l.session.locator)));
            found.truncate(limit as usize);
            Ok(found)
        })
    }

    fn session_record(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Pending<Result<Option<SessionRecord>, Outage>> {
        self.readers.read(move |db, shared, _| history::session_record(db, shared, id, now))
    }

    fn user_session_records(
        &self,
        user: UserId,
        limit: u32,
        now: Timestamp,
    ) -> Pending<Result<Vec<SessionRecord>, Outage>> {
        self.readers.read(move |db, shared, _| match rows::user(db, user)? {
            Some(user) => history::user_session_records(db, shared, &user, limit, now),
            None => Ok(Vec::new()),
        })
    }

    fn realm_sessions(
        &self,
        realm: RealmId,
        listing: SessionQuery,
        now: Timestamp,
    ) -> Pending<Result<SessionPage, Outage>> {
        self.readers.read(move |db, shared, _| history::realm_sessions(db, shared, realm, listing, now))
    }

    fn open_session(&self, order: SignOnOrder, now: Timestamp) -> Pending<Result<SignedOn, SignOnError>> {
        self.writer.write(move |batch| open_session(batch, &order, now))
    }

    fn end(&self, order: EndOrder, now: Timestamp) -> Pending<Result<Ended, EndError>> {
        self.writer.write(move |batch| end(batch, &order, now))
    }

    fn amend(&self, order: AmendOrder, now: Timestamp) -> Pending<Result<(), AmendError>> {
        self.writer.write(move |batch| amend(batch, &order, now))
    }
}

/// One order inside the batch that is being committed: reads, lets core decide, writes what it decided.
pub(super) fn end(
    batch: &mut Batch<'_>,
    order: &EndOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<Ended, EndError>> {
    let family = family(batch, order)?;
    let ending = match decide_ending(&family, order, now) {
        Ok(ending) => ending,
        Err(refusal) => return Ok(Err(refusal)),
    };
    batch.apply(ending.changes)?;
    Ok(Ok(ending.outcome))
}

fn open_session(
    batch: &mut Batch<'_>,
    order: &SignOnOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<SignedOn, SignOnError>> {
    let (Some(user), Some(realm)) = (batch.user(order.proof.user)?, batch.realm(order.realm)?) else {
        return Ok(Err(SignOnError::UnknownUser));
    };
    if user.removed {
        return Ok(Err(SignOnError::UnknownUser));
    }
    let previous = match &order.previous {
        None => None,
        Some(token) => {
            facts_in(batch, token.id)?.filter(|facts| facts.session.token_hash.matches(&token.secret))
        }
    };
    let known = previous.as_ref().map(|facts| (&facts.session, facts.seen_at));
    let decision = match decide_sign_on(order, &user, realm.generation, known, now) {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(decision) => decision,
    };
    let spent = match decide_spending(order, &user, now) {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(spent) => spent,
    };
    let going_on = match &decision {
        SignOnDecision::GoOn(session, _) => Some(session.id),
        SignOnDecision::Open(_) => None,
    };
    let ended = match make_room(batch, order, &user, going_on, now)? {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(ended) => ended,
    };
    let (session, how) = match decision {
        SignOnDecision::GoOn(session, how) => (*session, how),
        SignOnDecision::Open(born) => {
            let Some(place) = rows::free_place(batch.db, user.key)? else {
                return Ok(Err(SignOnError::TooMany));
            };
            let id = batch.cipher().encipher(place, order.incarnation);
            (order.born(id, place, born, now), How::Opened)
        }
    };
    batch.write_session(Session::clone(&session))?;
    if let Some(user) = &spent {
        batch.write_user(user.clone())?;
    }
    Ok(Ok(SignedOn { session, user: spent.unwrap_or_else(|| User::clone(&user)), how, ended }))
}

/// Ends what stands in the way of one more session, if the order names a quota.
fn make_room(
    batch: &mut Batch<'_>,
    order: &SignOnOrder,
    user: &User,
    going_on: Option<SessionId>,
    now: Timestamp,
) -> rusqlite::Result<Result<Vec<EndedSessions>, SignOnError>> {
    if order.quota.is_none() {
        return Ok(Ok(Vec::new()));
    }
    let mut others = Vec::new();
    for session in rows::sessions_of(batch.db, batch.cipher(), user.key)? {
        if Some(session.id) != going_on
            && let Some(facts) = facts_in(batch, session.id)?
            && facts.verdict(now) == Verdict::Live
        {
            others.push((facts.session, facts.seen_at));
        }
    }
    let orders = match decide_room(order, others) {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(orders) => orders,
    };
    let mut closed = Vec::new();
    for order in orders {
        if let Ok(Ended::Now(one)) = end(batch, &order, now)? {
            closed.push(one);
        }
    }
    Ok(Ok(closed))
}

fn amend(
    batch: &mut Batch<'_>,
    order: &AmendOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<(), AmendError>> {
    let Some(facts) = facts_in(batch, order.session)? else { return Ok(Err(AmendError::NotLive)) };
    match decide_amend(&facts.session, facts.seen_at, facts.around, order, now) {
        Ok(session) => batch.write_session(session).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}
