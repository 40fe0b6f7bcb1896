//! The sweep, readiness, figures.
//!
//! A sweep takes a batch at a time here, too: whoever calls it learns that there is more.

use std::ops::Bound;

use adieu_core::{Locator, Outage, Session, Span, SweepBounds, Timestamp, Unwritten, counts_as_live, spent};
use adieu_store::{Figures, LiveCount, Pending, Swept, Upkeep};

use crate::MemoryStore;
use crate::sessions::end;
use crate::tables::{KeptRow, Tables};

/// Sessions that one sweep takes.
const SWEEP_MAX: usize = 500;

impl Upkeep for MemoryStore {
    fn sweep(&self, now: Timestamp, tombstones_kept: Span) -> Pending<Result<Swept, Unwritten>> {
        self.act(|tables| {
            let mut swept = tables.sweep_sessions(now, |_| true);
            let bounds = SweepBounds::at(now, tombstones_kept).before(tables.first_untold());
            swept.remains = tables.sweep_remains(bounds);
            if !swept.more {
                // No session is left that needs them.
                tables.mass_endings.retain(|mass| mass.record.at > bounds.tombstones);
            }
            tables.ending_lines.retain(|line| line.at > bounds.tombstones);
            tables.drop_receipts();
            let (given_up, forgotten) = tables.sweep_receivers(now);
            swept.given_up = given_up;
            swept.remains += forgotten;
            Ok(swept)
        })
    }

    fn expire_shared(&self, now: Timestamp) -> Pending<Result<Swept, Unwritten>> {
        self.act(|tables| {
            let realms = tables.realms.values().filter(|realm| realm.subscribers > 0);
            let subscribed: Vec<_> = realms.map(|realm| realm.id).collect();
            let told = |session: &Session| session.participants > 0 || subscribed.contains(&session.realm);
            Ok(tables.sweep_sessions(now, told))
        })
    }

    fn ready(&self, _: Timestamp) -> Pending<Result<(), Outage>> {
        self.act(|_| Ok(()))
    }

    fn count_live(&self, from: Option<Locator>, now: Timestamp) -> Pending<Result<LiveCount, Outage>> {
        self.act(move |tables| {
            let from = from.map_or(Bound::Unbounded, Bound::Included);
            let mut rest = tables.rows.range((from, Bound::Unbounded));
            let stretch = rest.by_ref().take(SWEEP_MAX);
            let live = stretch.filter(|(_, row)| match row {
                KeptRow::Stored(session) => {
                    let times = (session.seen_at, session.expires_at);
                    counts_as_live(session.state, session.idle, times, now)
                }
                KeptRow::Ended(_) => false,
            });
            let live = live.count() as u64;
            Ok(LiveCount { live, next: rest.next().map(|(place, _)| *place) })
        })
    }

    fn figures(&self) -> Figures {
        Figures::default()
    }
}

impl Tables {
    /// Ends sessions that are over, of those that are asked for.
    fn sweep_sessions(&mut self, now: Timestamp, asked: impl Fn(&Session) -> bool) -> Swept {
        let stored = self.rows.values().filter_map(|row| match row {
            KeptRow::Stored(session) if asked(session) => self.facts(session),
            KeptRow::Stored(_) | KeptRow::Ended(_) => None,
        });
        let orders: Vec<_> = stored.filter_map(|facts| spent(&facts, now)).take(SWEEP_MAX).collect();
        for order in &orders {
            // Decided and written on the one road; its answer is "it was over before".
            let _ = end(self, order, now);
        }
        Swept { sessions: orders.len() as u32, more: orders.len() == SWEEP_MAX, ..Swept::default() }
    }

    fn sweep_remains(&mut self, bounds: SweepBounds) -> u32 {
        let count = |tables: &Self| tables.flows.len() + tables.grants.len() + tables.rows.len();
        let before = count(self);
        self.flows.retain(|_, flow| flow.expires_at > bounds.expired);
        self.grants.retain(|_, grant| grant.expires_at > bounds.expired);
        let untold = self.untold_endings();
        let participants = &self.participants;
        self.rows.retain(|place, row| match row {
            KeptRow::Stored(_) => true,
            KeptRow::Ended(tombstone) => {
                let needed = untold.may_need(*place, participants.contains_key(place));
                needed || tombstone.ending.at > bounds.tombstones
            }
        });
        self.participants.retain(|place, _| self.rows.contains_key(place));
        (before - count(self)) as u32
    }
}
