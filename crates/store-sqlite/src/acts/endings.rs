//! The index of endings: one by its id, and pages of them, newest first.
//!
//! An entry says where to look; what is shown of what lies there is decided by core. A page reads no more entries than its
//! bound, whatever is asked for.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use adieu_core::{
    EndScope, EndingEntry, EndingId, EndingPlace, EntryAround, EntryFacts, FoundEnding, ToldSoFar, ToldUpTo,
    User, UserId, found_ending,
};
use adieu_store::{EndingPage, EndingQuery};
use rusqlite::Connection;

use crate::error::{Damaged, InRow as _};
use crate::rows::{self, EndingLine, SessionRow};
use crate::shared::Shared;
use adieu_store_records::entries;

/// Entries that one page reads (HOME-LIMITS): some tens of milliseconds of a reader's time. A line is counted as an entry.
const ENTRIES_MAX: u32 = 2_000;

/// The ending of an id.
pub(super) fn ending(
    db: &Connection,
    shared: &Shared,
    id: EndingId,
) -> rusqlite::Result<Option<FoundEnding>> {
    let Some(place) = shared.ending_cipher.decipher(id) else { return Ok(None) };
    let Some(line) = rows::line(db, place.line())? else { return Ok(None) };
    let entries = entries(&line.body).in_row()?;
    match entries.get(place.entry() as usize) {
        Some(entry) => {
            let mut reading = Reading::new(db, shared);
            let found = reading.found(&line, place, entry)?;
            found.map(|found| Ok(FoundEnding { told: reading.told(place)?, ..found })).transpose()
        }
        None => Ok(None),
    }
}

/// A page of endings.
pub(super) fn endings(db: &Connection, shared: &Shared, query: &EndingQuery) -> rusqlite::Result<EndingPage> {
    let mut reading = Reading::new(db, shared);
    let until = query.filter.until.map(|until| rows::newest_before(db, until)).transpose()?;
    let newest = [query.after.map(EndingPlace::line), until].into_iter().flatten().min();
    // Some lines were written later than the clock said afterwards; they are passed over.
    rows::lines_down_from(db, newest.unwrap_or(LAST), |line| reading.take_line(&line, query))?;
    Ok(reading.page)
}

/// Above all numbers of lines.
const LAST: u64 = i64::MAX as u64;

/// What one question reads, from one snapshot; users once each.
struct Reading<'a> {
    db: &'a Connection,
    shared: &'a Shared,
    users: HashMap<UserId, Arc<User>>,
    told_up_to: Option<ToldUpTo>,
    page: EndingPage,
    read: u32,
    /// The last place that was looked at.
    last: Option<EndingPlace>,
}

impl<'a> Reading<'a> {
    fn new(db: &'a Connection, shared: &'a Shared) -> Self {
        let (users, page) = (HashMap::new(), EndingPage::default());
        Self { db, shared, users, told_up_to: None, page, read: 0, last: None }
    }

    /// Takes of a line what is asked for; says whether to go on.
    fn take_line(&mut self, line: &EndingLine, query: &EndingQuery) -> rusqlite::Result<ControlFlow<()>> {
        if query.filter.ends_at(line.at) {
            return Ok(ControlFlow::Break(()));
        }
        self.last = self.last.or(query.after);
        let entries = entries(&line.body).in_row()?;
        let covered = query.filter.covers(line.at);
        for (n, entry) in entries.iter().enumerate().rev() {
            let place = place_of(line, n)?;
            if query.after.is_some_and(|after| place >= after) {
                continue;
            }
            if self.page.endings.len() as u32 == query.most || self.read == ENTRIES_MAX {
                self.page.next = self.last;
                return Ok(ControlFlow::Break(()));
            }
            self.read += 1;
            if !covered {
                (self.last, self.page.looked_back_to) = (Some(place_of(line, 0)?), Some(line.at));
                return Ok(ControlFlow::Continue(()));
            }
            (self.last, self.page.looked_back_to) = (Some(place), Some(line.at));
            let found = self.found(line, place, entry)?;
            if let Some(found) = found.filter(|found| query.filter.asks_for(found)) {
                let found = FoundEnding { told: self.told(place)?, ..found };
                self.page.endings.extend(Some(found).filter(|found| query.filter.asks_for_told(&found.told)));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn found(
        &mut self,
        line: &EndingLine,
        place: EndingPlace,
        entry: &EndingEntry,
    ) -> rusqlite::Result<Option<FoundEnding>> {
        let facts = self.facts(entry)?;
        let id = self.shared.ending_cipher.encipher(place);
        Ok(facts.and_then(|facts| found_ending(id, line.at, entry, facts)))
    }

    /// What became of the notices of the ending at a place so far.
    fn told(&mut self, place: EndingPlace) -> rusqlite::Result<ToldSoFar> {
        let up_to = match self.told_up_to {
            Some(up_to) => up_to,
            None => *self.told_up_to.insert(rows::told_up_to(self.db)?),
        };
        Ok(ToldSoFar { counts: rows::count_receipts(self.db, place)?, complete: up_to.is_past(place) })
    }

    fn facts(&mut self, entry: &EndingEntry) -> rusqlite::Result<Option<EntryFacts>> {
        match entry {
            EndingEntry::One { locator, incarnation, .. } => {
                let kept = rows::kept_incarnation(self.db, &self.shared.cipher, (*locator, *incarnation))?;
                kept.map(|kept| self.of_session(kept)).transpose()
            }
            EndingEntry::Many { scope, generation } => self.of_many(scope, *generation),
        }
    }

    fn of_session(&mut self, kept: SessionRow) -> rusqlite::Result<EntryFacts> {
        let user = self.user(kept.session().user)?;
        let participants = rows::participants(self.db, kept.session())?;
        let around = EntryAround { user, participants };
        Ok(match kept {
            SessionRow::Stored(session) => EntryFacts::Stored(Arc::new(session), around),
            SessionRow::Ended(tombstone) => EntryFacts::Ended(Box::new(tombstone), around),
        })
    }

    fn of_many(&self, scope: &EndScope, generation: u64) -> rusqlite::Result<Option<EntryFacts>> {
        let whose = match scope {
            EndScope::User(key) => rows::user_by_key(self.db, *key)?.map(|user| (user.realm, Some(user.id))),
            EndScope::Realm(realm) => Some((*realm, None)),
            EndScope::Client(client) => {
                rows::client(self.db, client)?.map(|stored| (stored.client.realm, None))
            }
        };
        let Some((realm, user)) = whose else { return Ok(None) };
        let mass = rows::mass_ending(self.db, scope, generation)?.map(Box::new);
        Ok(Some(EntryFacts::Many { realm, user, mass }))
    }

    fn user(&mut self, id: UserId) -> rusqlite::Result<Arc<User>> {
        if let Some(user) = self.users.get(&id) {
            return Ok(Arc::clone(user));
        }
        let user = rows::user(self.db, id)?.ok_or_else(|| Damaged::row("user of a session"))?;
        let user = Arc::new(user);
        self.users.insert(id, Arc::clone(&user));
        Ok(user)
    }
}

fn place_of(line: &EndingLine, entry: usize) -> rusqlite::Result<EndingPlace> {
    let entry = u32::try_from(entry).ok();
    entry.and_then(|entry| EndingPlace::of(line.number, entry)).ok_or_else(|| Damaged::row("line of endings"))
}
