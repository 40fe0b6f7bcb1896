//! The index of endings: lines in the order in which they were written, each of one entry.
//!
//! What an ending was is read where its entry leads. Nothing is decided here.

use std::sync::Arc;

use adieu_core::{
    EndScope, EndingEntry, EndingId, EndingPlace, EntryAround, EntryFacts, FoundEnding, Timestamp, ToldSoFar,
    found_ending,
};
use adieu_store::{EndingPage, EndingQuery};

use crate::tables::{KeptRow, Tables};

/// Entries that one page reads.
const ENTRIES_MAX: usize = 2_000;

/// What was written of one ending.
#[derive(Clone)]
pub(crate) struct EnteredEnding {
    number: u64,
    pub(crate) at: Timestamp,
    entry: EndingEntry,
}

impl EnteredEnding {
    pub(crate) fn entry(&self) -> &EndingEntry {
        &self.entry
    }

    pub(crate) fn place(&self) -> EndingPlace {
        EndingPlace::of(self.number, 0).expect("lines are counted from one")
    }
}

impl Tables {
    /// Enters an ending; gives its place.
    pub(crate) fn enter(&mut self, entry: EndingEntry, at: Timestamp) -> EndingPlace {
        self.lines_written += 1;
        let line = EnteredEnding { number: self.lines_written, at, entry };
        let place = line.place();
        self.ending_lines.push(line);
        place
    }

    pub(crate) fn ending(&self, id: EndingId) -> Option<FoundEnding> {
        let place = self.ending_cipher.decipher(id)?;
        let found = self.found(self.ending_lines.iter().find(|line| line.place() == place)?)?;
        Some(FoundEnding { told: self.told(place), ..found })
    }

    /// What became of the notices of the ending at a place so far.
    pub(crate) fn told(&self, place: EndingPlace) -> ToldSoFar {
        let mut told = ToldSoFar { complete: self.told_up_to.is_past(place), ..ToldSoFar::default() };
        for (_, receipt) in self.receipts.iter().filter(|(key, _)| key.place == place) {
            told.counts.by_state[usize::from(receipt.state.number())] += 1;
        }
        told
    }

    pub(crate) fn endings(&self, query: &EndingQuery) -> EndingPage {
        let mut page = EndingPage::default();
        let mut last = query.after;
        let lines = self.ending_lines.iter().rev();
        let older = lines.filter(|line| query.after.is_none_or(|after| line.place() < after));
        for (read, line) in older.enumerate() {
            if page.endings.len() as u32 == query.most || read == ENTRIES_MAX {
                page.next = last;
                break;
            }
            if query.filter.ends_at(line.at) {
                break;
            }
            (last, page.looked_back_to) = (Some(line.place()), Some(line.at));
            if let Some(found) = self.found(line).filter(|found| query.filter.asks_for(found)) {
                let found = FoundEnding { told: self.told(line.place()), ..found };
                page.endings.extend(Some(found).filter(|found| query.filter.asks_for_told(&found.told)));
            }
        }
        page
    }

    fn found(&self, line: &EnteredEnding) -> Option<FoundEnding> {
        let facts = self.entry_facts(&line.entry)?;
        found_ending(self.ending_cipher.encipher(line.place()), line.at, &line.entry, facts)
    }

    fn entry_facts(&self, entry: &EndingEntry) -> Option<EntryFacts> {
        match entry {
            EndingEntry::One { locator, incarnation, .. } => {
                let row = self.rows.get(locator).filter(|row| row.session().incarnation == *incarnation)?;
                let session = row.session();
                let user = Arc::clone(self.users.get(&session.user)?);
                let around = EntryAround { user, participants: self.participants_of(session).to_vec() };
                Some(match row {
                    KeptRow::Stored(session) => EntryFacts::Stored(Arc::clone(session), around),
                    KeptRow::Ended(tombstone) => EntryFacts::Ended(tombstone.clone(), around),
                })
            }
            EndingEntry::Many { scope, generation } => {
                let (realm, user) = match scope {
                    EndScope::User(key) => {
                        let user = self.user_by_key(*key)?;
                        (user.realm, Some(user.id))
                    }
                    EndScope::Realm(realm) => (*realm, None),
                    EndScope::Client(client) => (self.clients.get(client)?.client.realm, None),
                };
                let same =
                    |mass: &&adieu_core::MassEnding| mass.scope == *scope && mass.generation == *generation;
                let mass = self.mass_endings.iter().find(same).cloned().map(Box::new);
                Some(EntryFacts::Many { realm, user, mass })
            }
        }
    }
}
