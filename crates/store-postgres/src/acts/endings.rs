//! The index of endings: one by its id, and pages of them, newest first.
//!
//! An entry says where to look; what is shown of what lies there is decided by core. A page reads no more entries than its
//! bound, whatever is asked for.

use std::ops::ControlFlow;

use adieu_core::{
    EndScope, EndingEntry, EndingId, EndingPlace, EntryAround, EntryFacts, FoundEnding, Tombstone,
    found_ending,
};
use adieu_store::{EndingPage, EndingQuery};
use adieu_store_records::{Damaged, entries};

use crate::batch::Batch;
use crate::rows::{EndingLine, LinesDownFrom, MassKey, SessionRow};
use crate::working::{Halt, Looked};

/// Entries that one page reads (HOME-LIMITS). A line is counted as an entry.
const ENTRIES_MAX: u32 = 2_000;
/// Lines that are read at a time.
const LINES_MAX: u32 = 200;
/// Above all numbers of lines.
const LAST: u64 = i64::MAX as u64;

/// The ending of an id.
pub(super) fn ending(batch: &Batch, id: EndingId) -> Looked<Option<FoundEnding>> {
    let Some(place) = batch.shared.ciphers.endings.decipher(id) else { return Ok(None) };
    let Some(line) = batch.line(place.line())? else { return Ok(None) };
    let entries = entries(&line.body)?;
    let Some(entry) = entries.get(place.entry() as usize) else { return Ok(None) };
    let (found, told) = (found(batch, &line, place, entry), batch.told_so_far(place));
    let (found, told) = (found?, told?);
    Ok(found.map(|found| FoundEnding { told, ..found }))
}

/// A page of endings.
pub(super) fn endings(batch: &Batch, query: &EndingQuery) -> Looked<EndingPage> {
    let mut reading = Reading { batch, page: EndingPage::default(), read: 0, last: None, missing: false };
    let mut newest = query.after.map_or(LAST, EndingPlace::line);
    loop {
        let lines = batch.asked.lines_down_from.get(&LinesDownFrom { newest, most: LINES_MAX })?;
        for line in lines {
            if reading.take_line(line, query)?.is_break() {
                return reading.done();
            }
        }
        match lines.last() {
            Some(last) if lines.len() as u32 == LINES_MAX && last.number > 0 => newest = last.number - 1,
            _ => return reading.done(),
        }
    }
}

/// What one question reads, from one snapshot.
struct Reading<'a> {
    batch: &'a Batch,
    page: EndingPage,
    read: u32,
    /// The last place that was looked at.
    last: Option<EndingPlace>,
    /// Whether something is missing: then all that is looked at is asked for, and the page is made anew.
    missing: bool,
}

impl Reading<'_> {
    fn done(self) -> Looked<EndingPage> {
        if self.missing { Err(Halt::Missing) } else { Ok(self.page) }
    }

    /// Takes of a line what is asked for; says whether to go on.
    fn take_line(&mut self, line: &EndingLine, query: &EndingQuery) -> Looked<ControlFlow<()>> {
        if query.filter.ends_at(line.at) {
            return Ok(ControlFlow::Break(()));
        }
        self.last = self.last.or(query.after);
        let entries = entries(&line.body)?;
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
            match self.found(line, place, entry, query) {
                Ok(found) => self.page.endings.extend(found),
                Err(Halt::Missing) => self.missing = true,
                Err(other) => return Err(other),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn found(
        &self,
        line: &EndingLine,
        place: EndingPlace,
        entry: &EndingEntry,
        query: &EndingQuery,
    ) -> Looked<Option<FoundEnding>> {
        let found = found(self.batch, line, place, entry)?;
        let Some(found) = found.filter(|found| query.filter.asks_for(found)) else { return Ok(None) };
        let found = FoundEnding { told: self.batch.told_so_far(place)?, ..found };
        Ok(Some(found).filter(|found| query.filter.asks_for_told(&found.told)))
    }
}

fn found(
    batch: &Batch,
    line: &EndingLine,
    place: EndingPlace,
    entry: &EndingEntry,
) -> Looked<Option<FoundEnding>> {
    let facts = facts(batch, entry)?;
    let id = batch.shared.ciphers.endings.encipher(place);
    Ok(facts.and_then(|facts| found_ending(id, line.at, entry, facts)))
}

fn facts(batch: &Batch, entry: &EndingEntry) -> Looked<Option<EntryFacts>> {
    match entry {
        EndingEntry::One { locator, incarnation, .. } => {
            let kept = batch.kept_incarnation(*locator, *incarnation)?;
            kept.map(|kept| of_session(batch, kept)).transpose()
        }
        EndingEntry::Many { scope, generation } => of_many(batch, scope, *generation),
    }
}

fn of_session(batch: &Batch, kept: SessionRow) -> Looked<EntryFacts> {
    let participants = batch.participants(kept.session());
    let user = batch.user_by_key(kept.session().locator.user_key())?.ok_or(Damaged("user of a session"))?;
    let around = EntryAround { user, participants: participants? };
    Ok(match kept {
        SessionRow::Stored(session) => EntryFacts::Stored(session, around),
        SessionRow::Ended(tombstone) => EntryFacts::Ended(Box::new(Tombstone::clone(&tombstone)), around),
    })
}

fn of_many(batch: &Batch, scope: &EndScope, generation: u64) -> Looked<Option<EntryFacts>> {
    let whose = match scope {
        EndScope::User(key) => batch.user_by_key(*key)?.map(|user| (user.realm, Some(user.id))),
        EndScope::Realm(realm) => Some((*realm, None)),
        EndScope::Client(client) => batch.stored_client(client)?.map(|stored| (stored.client.realm, None)),
    };
    let Some((realm, user)) = whose else { return Ok(None) };
    let mass = batch.mass_endings.get(&MassKey::of(scope, generation))?;
    Ok(Some(EntryFacts::Many { realm, user, mass: mass.map(|kept| Box::new(kept.mass.clone())) }))
}

fn place_of(line: &EndingLine, entry: usize) -> Looked<EndingPlace> {
    let entry = u32::try_from(entry).ok();
    let place = entry.and_then(|entry| EndingPlace::of(line.number, entry));
    place.ok_or(Halt::Damaged(Damaged("line of endings")))
}
