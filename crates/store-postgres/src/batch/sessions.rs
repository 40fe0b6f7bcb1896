//! Sessions in a batch: found, listed, written, with what is kept beside them.
//!
//! No rule is here.

use std::ops::ControlFlow;
use std::sync::Arc;

use adieu_core::{
    ClientId, EndScope, EndedWith, Incarnation, Locator, Participant, Session, SessionFacts, SessionId,
    SessionOutline, Timestamp, Tombstone, User, UserKey, activity_to_write, participants_of_epoch,
};
use adieu_store_records::Damaged;

use crate::batch::Batch;
use crate::rows::{
    Due, FirstBehind, KeptParticipant, LastPlace, LiveEntry, LiveOf, MassKey, ParticipantKey, ParticipantsAt,
    PlacedSession, PlacesOf, SessionRow, SharedDue, SharedPlaces, bounds, hour,
};
use crate::working::Looked;

impl Batch {
    /// The row at a place. In a batch that writes, its user is held first.
    pub(crate) fn row_at(&self, place: Locator) -> Looked<Option<PlacedSession>> {
        if self.writes() {
            self.want(&super::LockHint::User(place.user_key()));
            self.hint(super::LockHint::User(place.user_key()));
        }
        let row = self.sessions.get(&place);
        self.users.get(&place.user_key())?;
        Ok(row?.cloned())
    }

    /// The session that an id names, or what is left of it.
    pub(crate) fn kept(&self, id: SessionId) -> Looked<Option<SessionRow>> {
        match self.shared.ciphers.sessions.decipher(id) {
            Some((place, incarnation)) => self.kept_incarnation(place, incarnation),
            None => Ok(None),
        }
    }

    /// The session in an incarnation of a place, or what is left of it.
    pub(crate) fn kept_incarnation(
        &self,
        place: Locator,
        incarnation: Incarnation,
    ) -> Looked<Option<SessionRow>> {
        let kept = self.row_at(place)?.map(|kept| kept.row);
        Ok(kept.filter(|row| row.session().incarnation == incarnation))
    }

    /// The session of an id, if it is not ended.
    pub(crate) fn session(&self, id: SessionId) -> Looked<Option<Arc<Session>>> {
        Ok(match self.kept(id)? {
            Some(SessionRow::Stored(session)) => Some(session),
            Some(SessionRow::Ended(_)) | None => None,
        })
    }

    /// The facts about the session of an id.
    pub(crate) fn facts(&self, id: SessionId) -> Looked<Option<SessionFacts>> {
        let Some(session) = self.session(id)? else { return Ok(None) };
        self.facts_of(session).map(Some)
    }

    /// The facts about a session.
    pub(crate) fn facts_of(&self, session: Arc<Session>) -> Looked<SessionFacts> {
        let user = self.user_by_key(session.locator.user_key())?.ok_or(Damaged("user of a session"))?;
        let realm = self.realm(session.realm)?.ok_or(Damaged("realm of a session"))?;
        let seen_at = self.shared.seen_at(session.id, session.seen_at);
        Ok(SessionFacts { session, seen_at, user, realm: realm.as_ref().into() })
    }

    /// The endings of many that may have ended a session.
    pub(crate) fn ended_with(&self, facts: &SessionFacts) -> Looked<EndedWith> {
        if !facts.may_have_ended_with_others() {
            return Ok(EndedWith::default());
        }
        let session = &facts.session;
        let user = self.first_behind(&EndScope::User(facts.user.key), session.born.user);
        let realm = self.first_behind(&EndScope::Realm(session.realm), session.born.realm);
        let (user, realm) = (user?, realm?);
        Ok(EndedWith { user: user.map(|mass| mass.record), realm: realm.map(|mass| mass.record) })
    }

    /// The first record of a scope behind a generation.
    fn first_behind(&self, scope: &EndScope, generation: u64) -> Looked<Option<adieu_core::MassEnding>> {
        let behind = MassKey::of(scope, generation);
        let stored = self.asked.first_behind.get(&FirstBehind(behind.clone()))?;
        let first = MassKey { generation: generation + 1, ..behind.clone() };
        let last = MassKey { generation: u64::MAX, ..behind };
        let made = self.mass_endings.changed_between(&first, &last).find_map(|(_, mass)| mass);
        let all = [stored.as_ref(), made].into_iter().flatten();
        Ok(all.min_by_key(|one| one.mass.generation).map(|one| one.mass.clone()))
    }

    /// The outlines of the sessions of a user that may be live, oldest first, until `hear` breaks off.
    pub(crate) fn live_outlines(
        &self,
        user: &User,
        mut hear: impl FnMut(SessionOutline) -> ControlFlow<()>,
    ) -> Looked<()> {
        let list = LiveOf::user(user);
        let stored = self.asked.live_of.get(&list)?;
        let (first, last) = bounds(user.key);
        let changed = self.sessions.changed_between(&first, &last);
        let all = list.with_changed(stored, changed.map(|(place, kept)| (place, kept.map(|kept| &kept.row))));
        for outline in all {
            let seen_at = self.shared.seen_at(outline.id, outline.seen_at);
            if hear(SessionOutline { seen_at, ..outline }).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The last row of a user.
    pub(crate) fn last_place(&self, key: UserKey) -> Looked<Option<Locator>> {
        let stored = *self.asked.last_place.get(&LastPlace(key))?;
        let (first, last) = bounds(key);
        // Rows are never taken away where others lie behind them but by the sweep, which opens nothing.
        let made =
            self.sessions.changed_between(&first, &last).filter_map(|(place, row)| row.map(|_| *place));
        Ok(stored.into_iter().chain(made).max())
    }

    /// Goes through the rows of a user in the order of their places, for as long as `pass` wants.
    pub(crate) fn places(
        &self,
        key: UserKey,
        mut pass: impl FnMut(Locator, Option<Timestamp>) -> ControlFlow<()>,
    ) -> Looked<()> {
        let stored = self.asked.places_of.get(&PlacesOf(key))?;
        let (first, last) = bounds(key);
        let mut changed = self.sessions.changed_between(&first, &last).peekable();
        let mut stored = stored.iter().peekable();
        loop {
            let next = match (stored.peek(), changed.peek()) {
                (None, None) => return Ok(()),
                (Some((place, _)), Some((made, _))) if place < *made => stored.next().copied(),
                (Some((place, _)), Some((made, _))) => {
                    if place == *made {
                        stored.next();
                    }
                    changed.next().and_then(|(place, row)| row.map(|kept| (*place, kept.row.ended_at())))
                }
                (Some(_), None) => stored.next().copied(),
                (None, Some(_)) => {
                    changed.next().and_then(|(place, row)| row.map(|kept| (*place, kept.row.ended_at())))
                }
            };
            if let Some((place, ended_at)) = next
                && pass(place, ended_at).is_break()
            {
                return Ok(());
            }
        }
    }

    /// The places of a user at which clients took part in what lies there.
    pub(crate) fn shared_places(&self, key: UserKey) -> Looked<std::collections::BTreeSet<Locator>> {
        let mut places = self.asked.shared_places.get(&SharedPlaces(key))?.clone();
        let (first, last) = bounds(key);
        let (from, _) = ParticipantKey::bounds(first);
        let (_, to) = ParticipantKey::bounds(last);
        let changed = self.participants.changed_between(&from, &to);
        places.extend(changed.filter_map(|(key, row)| row.map(|_| key.locator)));
        Ok(places)
    }

    /// Whether clients took part in what lies at a place.
    pub(crate) fn is_shared(&self, place: Locator) -> Looked<bool> {
        Ok(!self.participant_rows(place)?.is_empty())
    }

    fn participant_rows(&self, place: Locator) -> Looked<Vec<KeptParticipant>> {
        let stored = self.asked.participants_at.get(&ParticipantsAt(place))?;
        let mut all: std::collections::BTreeMap<_, _> =
            stored.iter().map(|one| (one.key.clone(), one.clone())).collect();
        let (first, last) = ParticipantKey::bounds(place);
        for (key, row) in self.participants.changed_between(&first, &last) {
            match row {
                Some(row) => all.insert(key.clone(), row.clone()),
                None => all.remove(key),
            };
        }
        Ok(all.into_values().collect())
    }

    /// All participants of a session, in the order in which they joined.
    pub(crate) fn participants(&self, session: &Session) -> Looked<Vec<Participant>> {
        let rows = self.participant_rows(session.locator)?;
        let own = rows.iter().filter(|row| row.key.incarnation == session.incarnation);
        let mut found: Vec<_> = own.map(|row| row.complete(session)).collect::<Result<_, Damaged>>()?;
        found.sort_by_key(|one| (one.epoch, one.joined_at));
        Ok(found)
    }

    /// The clients that took part in the last epoch of a session.
    pub(crate) fn clients_of_session(&self, session: &Session) -> Looked<Vec<ClientId>> {
        if session.participants == 0 {
            return Ok(Vec::new());
        }
        let all = self.participants(session)?;
        Ok(participants_of_epoch(&all, session.epoch).map(|one| one.client.clone()).collect())
    }

    /// Writes a session where it lies, on which lists it is, and when it is due for the sweep.
    pub(crate) fn write_session(&mut self, session: Session) -> Looked<()> {
        let is_told =
            session.participants > 0 || self.realm(session.realm)?.is_some_and(|realm| realm.subscribers > 0);
        let before = self.row_at(session.locator)?;
        let stored = before.as_ref().filter(|before| matches!(before.row, SessionRow::Stored(_)));
        let due_hour = hour(session.ends_at(session.seen_at));
        let noted = stored.and_then(|before| before.shared_due);
        let shared_due = is_told.then(|| self.watch_shared(&session, noted));
        let entry = LiveEntry::of(&session);
        let listed = stored.map(|before| LiveEntry::of(before.row.session()));
        if listed != Some(entry) {
            if let Some(listed) = listed {
                self.live.remove(listed);
            }
            self.live.put(entry);
        }
        if stored.is_none_or(|before| before.due_hour != due_hour) {
            self.dues.put(Due { hour: due_hour, locator: session.locator });
        }
        self.sessions.put(PlacedSession { row: SessionRow::Stored(Arc::new(session)), due_hour, shared_due });
        Ok(())
    }

    /// Sees to it that a session of whose end somebody is told is looked at no later than it may be over; gives the moment.
    fn watch_shared(&mut self, session: &Session, noted: Option<Timestamp>) -> Timestamp {
        let ends_at = session.ends_at(session.seen_at);
        match noted {
            Some(noted) if noted <= ends_at => noted,
            Some(_) | None => {
                self.shared_dues.put(SharedDue { at: ends_at, locator: session.locator });
                ends_at
            }
        }
    }

    /// Writes down activity of a session that is still there, as far as core says so.
    pub(crate) fn write_activity(&mut self, id: SessionId, activity: Timestamp) -> Looked<()> {
        let Some((place, incarnation)) = self.shared.ciphers.sessions.decipher(id) else { return Ok(()) };
        let Some(kept) = self.row_at(place)? else { return Ok(()) };
        let SessionRow::Stored(session) = &kept.row else { return Ok(()) };
        if session.incarnation != incarnation {
            return Ok(());
        }
        if let Some(seen_at) = activity_to_write(session.state, session.seen_at, activity) {
            let session = Session { seen_at, ..Session::clone(session) };
            self.sessions.put(PlacedSession { row: SessionRow::Stored(Arc::new(session)), ..kept });
        }
        Ok(())
    }

    /// The session's row becomes its tombstone.
    pub(super) fn bury(&mut self, tombstone: Tombstone) -> Looked<()> {
        let Some(kept) = self.row_at(tombstone.session.locator)? else { return Ok(()) };
        if let SessionRow::Stored(session) = &kept.row {
            self.live.remove(LiveEntry::of(session));
        }
        self.sessions.put(PlacedSession { row: SessionRow::Ended(Arc::new(tombstone)), ..kept });
        Ok(())
    }

    /// Drops what is kept beside whatever lies at a place.
    pub(crate) fn drop_beside(&mut self, place: Locator) -> Looked<()> {
        let Some(kept) = self.row_at(place)? else { return Ok(()) };
        let rows = self.participant_rows(place)?;
        if let SessionRow::Stored(session) = &kept.row {
            self.live.remove(LiveEntry::of(session));
        }
        for row in rows {
            self.participants.remove(row.key);
        }
        Ok(())
    }
}
