//! What a batch ends: the one place where changes of endings are written (ONE-ROAD), and the lines they stand in.
//!
//! A line gets its number when its first ending is entered; the list is this connection's own, so that no other one's commit comes between.

use std::sync::Arc;

use adieu_core::{EndScope, EndingChange, EndingEntry, EndingPlace, Realm, Timestamp, Tombstone};
use adieu_store_records::{Damaged, append_entry};

use crate::batch::Batch;
use crate::rows::{KeptClient, KeptMass, KeptRealm, KeptUser, line_number, tick_of};
use crate::working::Looked;

/// A line in the making.
#[derive(Clone, Debug)]
pub(crate) struct LineMade {
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) body: Vec<u8>,
    entries: u32,
}

impl Batch {
    /// The one place that writes an ending (ONE-ROAD): the changes that `decide_ending` has decided.
    pub(crate) fn apply(&mut self, changes: Vec<EndingChange>) -> Looked<()> {
        for change in changes {
            match change {
                EndingChange::Bury(tombstone) => self.bury(Tombstone::clone(&tombstone))?,
                EndingChange::Write(session) => self.write_session(*session)?,
                EndingChange::RaiseUser(raise) => {
                    if let Some(user) = self.user_by_key(raise.key)? {
                        self.users.put(KeptUser(Arc::new(user.raised(raise))));
                    }
                }
                EndingChange::RaiseRealm { id, to } => {
                    if let Some(realm) = self.realm_to_change(id)? {
                        self.write_realm(Realm { generation: to, ..Realm::clone(&realm) })?;
                    }
                }
                EndingChange::RaiseClient { id, to } => {
                    if let Some(mut stored) = self.stored_client_to_change(&id)? {
                        stored.client.generation = to;
                        self.clients.put(KeptClient(stored));
                    }
                }
                EndingChange::Record(mass) => self.mass_endings.put(KeptMass::new(*mass)),
            }
        }
        Ok(())
    }

    /// Enters an ending in a line of this batch; gives its place.
    pub(crate) fn enter(&mut self, entry: &EndingEntry, now: Timestamp) -> Looked<EndingPlace> {
        let floor = self.floor_of(entry)?;
        let is_open = self.lines.last().is_some_and(|line| tick_of(line.number) >= floor);
        if !is_open {
            let last = self.lines.last().map_or(self.lane.1, |line| tick_of(line.number));
            let behind = last.max(floor.saturating_sub(1));
            let tick = self.shared.ticks.next(now, behind);
            let number = line_number(tick, self.lane.0);
            self.lines.push(LineMade { number, at: now, body: Vec::new(), entries: 0 });
        }
        let line = self.lines.last_mut().ok_or(Damaged("line of endings"))?;
        let place = EndingPlace::of(line.number, line.entries).ok_or(Damaged("line of endings"))?;
        append_entry(&mut line.body, entry);
        line.entries += 1;
        line.at = line.at.max(now);
        Ok(place)
    }

    /// Behind which tick an ending stands: whoever subscribed to its realm before hears of it.
    fn floor_of(&self, entry: &EndingEntry) -> Looked<u64> {
        let realm = match entry {
            EndingEntry::One { locator, .. } => self.row_at(*locator)?.map(|kept| kept.row.session().realm),
            EndingEntry::Many { scope: EndScope::User(key), .. } => {
                self.user_by_key(*key)?.map(|user| user.realm)
            }
            EndingEntry::Many { scope: EndScope::Realm(realm), .. } => Some(*realm),
            EndingEntry::Many { scope: EndScope::Client(client), .. } => {
                self.stored_client(client)?.map(|stored| stored.client.realm)
            }
        };
        let Some(realm) = realm else { return Ok(0) };
        Ok(self.kept_realm(realm)?.map_or(0, |kept: KeptRealm| kept.line_floor))
    }
}
