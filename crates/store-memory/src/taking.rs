//! Makes receipts of the entries of the index of endings, a bounded step at a time.
//!
//! Who is told of what is decided by core.

use std::collections::BTreeSet;

use adieu_core::{
    ClientId, EndScope, EndingEntry, EndingPlace, HookEvent, Locator, MassEnding, NoticeReach, NoticeWish,
    OwedNotice, Participant, RealmId, Receipt, Subscriber, Timestamp, ToldUpTo, UserId, are_told_by_user,
    decide_hook_notices, decide_notices, decide_revocation_notices, told_with_others,
};
use adieu_store::Taken;

use crate::tables::{KeptRow, Tables};

/// Entries and sessions that one step looks at.
const STEP_MAX: u32 = 500;

impl Tables {
    pub(crate) fn take_endings(&mut self, now: Timestamp) -> Taken {
        let (mut taken, mut left) = (Taken::default(), STEP_MAX);
        loop {
            let line = self.ending_lines.iter().find(|line| line.place().line() >= self.told_up_to.line);
            let Some(line) = line.cloned() else { return taken };
            let place = line.place();
            if place.line() > self.told_up_to.line {
                self.told_up_to = ToldUpTo::line(place.line());
            }
            if left == 0 {
                return Taken { more: true, ..taken };
            }
            left -= 1;
            match self.take_entry(place, line.entry(), &mut left, &mut taken, now) {
                Some(next) => self.told_up_to.walk_from = next,
                None => self.told_up_to = ToldUpTo::line(place.line() + 1),
            }
        }
    }

    /// Makes receipts of an entry; says where its walk goes on, if it is not done.
    fn take_entry(
        &mut self,
        place: EndingPlace,
        entry: &EndingEntry,
        left: &mut u32,
        taken: &mut Taken,
        now: Timestamp,
    ) -> Option<u64> {
        match entry {
            entry if !entry.may_be_told() => None,
            EndingEntry::One { locator, incarnation, epoch, .. } => {
                let row = self.rows.get(locator).filter(|row| row.session().incarnation == *incarnation)?;
                let (session, ended_at) = (row.session(), self.ended_at(row, *epoch, now));
                let realm = session.realm;
                let all = self.participants_of(session);
                let own: Vec<_> = all.iter().filter(|one| one.epoch == *epoch).cloned().collect();
                let record = match row {
                    KeptRow::Ended(tombstone) => tombstone.epoch_record(*epoch),
                    KeptRow::Stored(session) => session.reset_record(*epoch),
                };
                let event = HookEvent::of_session(session, record);
                let mut notices = self.decide(NoticeReach::Session, &own, &[]);
                notices.extend(decide_hook_notices(&self.subscribers_of(realm), place, &event));
                self.owe((place, realm, ended_at), notices, taken, now);
                None
            }
            EndingEntry::Many { scope, generation } => {
                let of = |one: &&adieu_core::MassEnding| one.scope == *scope && one.generation == *generation;
                let mass = self.mass_endings.iter().find(of).cloned().filter(|mass| mass.is_told())?;
                self.walk(place, &mass, left, taken, now)
            }
        }
    }

    /// Makes receipts of an ending of many; says where the walk over its sessions goes on, if it is not done.
    fn walk(
        &mut self,
        place: EndingPlace,
        mass: &MassEnding,
        left: &mut u32,
        taken: &mut Taken,
        now: Timestamp,
    ) -> Option<u64> {
        let (realm, user) = self.whose(&mass.scope)?;
        let subscribers = self.subscribers_of(realm);
        let from = self.told_up_to.walk_from;
        if from == 0 {
            let notices = self.of_many(place, mass, user, &subscribers);
            self.owe((place, realm, mass.record.at), notices, taken, now);
        }
        let spared = mass.spared.and_then(|id| self.row(id)).map(|row| {
            let session = row.session();
            let all = self.participants_of(session);
            all.iter().filter(|one| one.epoch == session.epoch).cloned().collect::<Vec<_>>()
        });
        let spared = spared.unwrap_or_default();
        let each = matches!(mass.scope, EndScope::Realm(_)) && are_told_by_user(&subscribers, place);
        let shared = self.participants.keys();
        let all = self.rows.keys().filter(|_| each);
        let behind = shared.chain(all).filter(|at| at.number() >= from);
        let places: BTreeSet<Locator> = behind.copied().collect();
        for at in places {
            if *left == 0 {
                return Some(at.number());
            }
            *left -= 1;
            let Some(row) = self.rows.get(&at) else { continue };
            let realm = row.session().realm;
            let all = self.participants_of(row.session()).to_vec();
            let Some(kept) = self.kept(row) else { continue };
            let told = told_with_others(&kept, all, mass, now);
            let mut notices = self.decide(mass.scope.notice_reach(), &told, &spared);
            if each && kept.ended_with_others(mass, now) {
                let user = row.session().user;
                notices.extend(
                    self.users
                        .get(&user)
                        .into_iter()
                        .flat_map(|user| decide_revocation_notices(&subscribers, place, user)),
                );
            }
            self.owe((place, realm, mass.record.at), notices, taken, now);
        }
        None
    }

    /// When an epoch of a session was over.
    fn ended_at(&self, row: &KeptRow, epoch: u32, now: Timestamp) -> Timestamp {
        let ended_at = match row {
            KeptRow::Ended(tombstone) => tombstone.epoch_ended_at(epoch),
            KeptRow::Stored(session) => session.reset_at(),
        };
        ended_at.unwrap_or(now)
    }

    /// The realm of a scope, and the user if it is one's.
    fn whose(&self, scope: &EndScope) -> Option<(RealmId, Option<UserId>)> {
        match scope {
            EndScope::User(key) => self.user_by_key(*key).map(|user| (user.realm, Some(user.id))),
            EndScope::Realm(realm) => Some((*realm, None)),
            EndScope::Client(client) => self.clients.get(client).map(|stored| (stored.client.realm, None)),
        }
    }

    /// What subscribers are told of an ending of many as a whole.
    fn of_many(
        &self,
        place: EndingPlace,
        mass: &MassEnding,
        user: Option<UserId>,
        subscribers: &[Subscriber],
    ) -> Vec<OwedNotice> {
        let event = HookEvent::of_many(mass, user);
        let mut notices =
            event.map_or_else(Vec::new, |event| decide_hook_notices(subscribers, place, &event));
        let user = user.filter(|_| mass.revokes_elsewhere()).and_then(|user| self.users.get(&user));
        notices.extend(user.into_iter().flat_map(|user| decide_revocation_notices(subscribers, place, user)));
        notices
    }

    /// What clients are told.
    fn decide(
        &self,
        reach: NoticeReach,
        participants: &[Participant],
        spared: &[Participant],
    ) -> Vec<OwedNotice> {
        let wish = |client: &ClientId| {
            self.clients.get(client).map_or(NoticeWish::NotAtAll, |stored| stored.client.notice_wish())
        };
        decide_notices(reach, participants, spared, wish)
    }

    fn owe(
        &mut self,
        (place, realm, ended_at): (EndingPlace, RealmId, Timestamp),
        notices: Vec<OwedNotice>,
        taken: &mut Taken,
        now: Timestamp,
    ) {
        for notice in notices {
            let receipt = Receipt::owed(place, realm, notice, ended_at, now);
            let key = receipt.key();
            if !self.receipts.contains_key(&key) {
                taken.receipts += 1;
                if let Some(from) = receipt.next_try_at() {
                    let health = self.receivers.entry(receipt.receiver.clone()).or_default();
                    *health = health.waiting_from(from);
                }
                self.receipts.insert(key, receipt);
            }
        }
    }
}
