//! Makes receipts of the entries of the index of endings, a bounded step at a time.
//!
//! How far it has come is committed with what it has made: a crash repeats nothing and loses nothing, also in the middle of an
//! ending of many. One node does this at a time. Who is told of what is decided by core. What ended is changed by nobody any more, so it
//! is read without locks.

use std::collections::HashMap;

use adieu_core::{
    EndScope, EndingEntry, EndingPlace, HookEvent, Incarnation, Locator, MassEnding, NoticeReach, NoticeWish,
    OwedNotice, Participant, RealmId, Receipt, Subscriber, Timestamp, ToldUpTo, User, are_told_by_user,
    decide_hook_notices, decide_notices, decide_revocation_notices, participants_of_epoch, told_with_others,
};
use adieu_store::Taken;
use adieu_store_records::{Damaged, entries};

use crate::acts::lists::kept;
use crate::batch::Batch;
use crate::rows::{
    EndingLine, Guarded, KeptTold, MassKey, PlacesBetween, SessionRow, UntoldLines, Work, bounds, lane_of,
};
use crate::working::{Halt, Looked};

/// Entries and sessions that one step looks at: as many as any other order of the sweep.
const STEP_MAX: u32 = 500;

pub(super) fn take_endings(batch: &mut Batch, now: Timestamp) -> Looked<Taken> {
    batch.guard(Guarded::Work(Work::Telling))?;
    let (lines, told) = (batch.asked.untold_lines.get(&UntoldLines(STEP_MAX)).cloned(), batch.all_told());
    let (lines, told) = (lines?, told?);
    let mut step = Step { batch, left: STEP_MAX, taken: Taken::default(), now, halt: None };
    for line in &lines {
        if step.taken.more {
            break;
        }
        let lane = lane_of(line.number);
        let stored = told.iter().find(|told| told.lane == lane).map_or(ToldUpTo::line(0), |told| told.up_to);
        let begun = step.batch.told.all_changed().find(|(at, _)| **at == lane).and_then(|(_, kept)| kept);
        let begun = begun.map_or(stored, |kept| kept.up_to);
        if line.number < begun.line {
            continue; // An order before this one has taken it in the same batch.
        }
        let up_to = step.take_line(line, begun)?;
        if up_to != begun {
            step.batch.told.put(KeptTold { lane, up_to });
        }
    }
    step.taken.more |= lines.len() as u32 == STEP_MAX;
    step.halt.map_or(Ok(step.taken), Err)
}

struct Step<'a> {
    batch: &'a mut Batch,
    left: u32,
    taken: Taken,
    now: Timestamp,
    /// Whether something is missing, or held by another one: then the step goes on, so that all that it needs is asked for, and is
    /// made anew.
    halt: Option<Halt>,
}

impl Step<'_> {
    /// Makes the receipts of a line; says how far it has come.
    fn take_line(&mut self, line: &EndingLine, begun: ToldUpTo) -> Looked<ToldUpTo> {
        let mut at = if line.number > begun.line { ToldUpTo::line(line.number) } else { begun };
        let entries = entries(&line.body).unwrap_or_else(|error| {
            tracing::error!(line = line.number, %error, "nobody can be told of the endings of a damaged line");
            Vec::new()
        });
        while let Some(entry) = entries.get(at.entry as usize) {
            if self.left == 0 {
                self.taken.more = true;
                return Ok(at);
            }
            self.left -= 1;
            let place = EndingPlace::of(line.number, at.entry).ok_or(Damaged("line of endings"))?;
            match self.take_entry(place, entry, at.walk_from) {
                Ok(Some(walk_from)) => return Ok(ToldUpTo { walk_from, ..at }),
                Ok(None) => {}
                Err(Halt::Damaged(error)) => {
                    tracing::error!(?place, %error, "an ending is told to nobody: what it leads to is damaged");
                }
                Err(halt) => self.halt = Some(halt),
            }
            at = at.next_entry();
        }
        Ok(ToldUpTo::line(line.number + 1))
    }

    /// Makes the receipts of an entry; says where its walk goes on, if it is not done.
    fn take_entry(&mut self, place: EndingPlace, entry: &EndingEntry, walk_from: u64) -> Looked<Option<u64>> {
        match entry {
            entry if !entry.may_be_told() => Ok(None),
            EndingEntry::One { locator, incarnation, epoch, .. } => {
                self.take_one(place, (*locator, *incarnation), *epoch)?;
                Ok(None)
            }
            EndingEntry::Many { scope, generation } => {
                let mass = self.batch.mass_endings.get(&MassKey::of(scope, *generation))?;
                match mass.map(|kept| kept.mass.clone()).filter(MassEnding::is_told) {
                    Some(mass) => self.walk(place, &mass, walk_from),
                    None => Ok(None),
                }
            }
        }
    }

    fn take_one(
        &mut self,
        place: EndingPlace,
        (locator, incarnation): (Locator, Incarnation),
        epoch: u32,
    ) -> Looked<()> {
        let Some(kept) = self.batch.kept_incarnation(locator, incarnation)? else { return Ok(()) };
        let realm = kept.session().realm;
        let (all, subscribers) = (self.batch.participants(kept.session()), self.batch.subscribers_of(realm));
        let (all, subscribers) = (all?, subscribers?);
        let own: Vec<Participant> = participants_of_epoch(&all, epoch).cloned().collect();
        let (ended_at, record) = match &kept {
            SessionRow::Ended(tombstone) => (tombstone.epoch_ended_at(epoch), tombstone.epoch_record(epoch)),
            SessionRow::Stored(session) => (session.reset_at(), session.reset_record(epoch)),
        };
        let mut notices = self.of_clients(NoticeReach::Session, &own, &[])?;
        let event = HookEvent::of_session(kept.session(), record);
        notices.extend(decide_hook_notices(&subscribers, place, &event));
        self.owe((place, realm, ended_at), notices)
    }

    /// The realm of a scope with its subscribers, and the user if it is one's.
    fn around(&self, mass: &MassEnding) -> Looked<AroundMany> {
        let mut around = AroundMany::default();
        let realm = match &mass.scope {
            EndScope::User(key) => {
                around.user = self.batch.user_by_key(*key)?;
                around.user.as_ref().map(|user| user.realm)
            }
            EndScope::Realm(realm) => Some(*realm),
            EndScope::Client(client) => self.batch.stored_client(client)?.map(|stored| stored.client.realm),
        };
        around.realm = realm;
        around.subscribers = realm.map_or(Ok(Vec::new()), |realm| self.batch.subscribers_of(realm))?;
        Ok(around)
    }

    fn walk(&mut self, place: EndingPlace, mass: &MassEnding, walk_from: u64) -> Looked<Option<u64>> {
        let (first, last) = match &mass.scope {
            EndScope::User(key) => {
                let (first, last) = bounds(*key);
                (first.number(), last.number())
            }
            EndScope::Realm(_) | EndScope::Client(_) => (0, i64::MAX as u64),
        };
        let (spared, around) = (self.spared(mass), self.around(mass));
        let (spared, around) = (spared?, around?);
        if walk_from == 0
            && let Some(realm) = around.realm
        {
            let notices = around.notices(place, mass);
            self.owe((place, realm, Some(mass.record.at)), notices)?;
        }
        let each = matches!(mass.scope, EndScope::Realm(_)) && are_told_by_user(&around.subscribers, place);
        let (first, most) = (first.max(walk_from), self.left.max(1));
        let found = PlacesBetween { first, last, shared: !each, most };
        let found = self.batch.asked.places_between.get(&found)?.clone();
        let by_user = if each { &around.subscribers[..] } else { &[] };
        for &session in &found {
            match self.take_walked(place, mass, (&spared, by_user), session) {
                Err(Halt::Missing) => self.halt = Some(Halt::Missing),
                done => done?,
            }
        }
        self.left = self.left.saturating_sub(found.len() as u32);
        // Of one place there is one session: what took part in an earlier one went with that.
        let next = found.last().filter(|_| found.len() as u32 == most);
        self.taken.more |= next.is_some();
        Ok(next.map(|(locator, _)| locator + 1))
    }

    /// Who takes part in the session that an ending of many spared.
    fn spared(&self, mass: &MassEnding) -> Looked<Vec<Participant>> {
        let Some(id) = mass.spared else { return Ok(Vec::new()) };
        let Some(kept) = self.batch.kept(id)? else { return Ok(Vec::new()) };
        let session = kept.session();
        let all = self.batch.participants(session)?;
        Ok(participants_of_epoch(&all, session.epoch).cloned().collect())
    }

    fn take_walked(
        &mut self,
        place: EndingPlace,
        mass: &MassEnding,
        (spared, by_user): (&[Participant], &[Subscriber]),
        (locator, incarnation): (u64, u64),
    ) -> Looked<()> {
        let Some(locator) = Locator::from_number(locator) else { return Ok(()) };
        let row = self.batch.kept_incarnation(locator, Incarnation::from_bits(incarnation))?;
        let Some(row) = row else { return Ok(()) };
        let realm = row.session().realm;
        let (participants, kept) = (self.batch.participants(row.session()), kept(self.batch, row));
        let (participants, kept) = (participants?, kept?);
        let told = told_with_others(&kept, participants, mass, self.now);
        let mut notices = self.of_clients(mass.scope.notice_reach(), &told, spared)?;
        if !by_user.is_empty() && kept.ended_with_others(mass, self.now) {
            notices.extend(decide_revocation_notices(by_user, place, kept.user()));
        }
        self.owe((place, realm, Some(mass.record.at)), notices)
    }

    /// What clients are told.
    fn of_clients(
        &self,
        reach: NoticeReach,
        participants: &[Participant],
        spared: &[Participant],
    ) -> Looked<Vec<OwedNotice>> {
        let mut wishes = HashMap::new();
        let mut missing = None;
        for one in participants {
            match self.batch.stored_client(&one.client) {
                Ok(stored) => {
                    let wish = stored.map_or(NoticeWish::NotAtAll, |stored| stored.client.notice_wish());
                    wishes.insert(one.client.clone(), wish);
                }
                Err(halt) => missing = Some(halt),
            }
        }
        match missing {
            Some(halt) => Err(halt),
            None => Ok(decide_notices(reach, participants, spared, |client| wishes[client])),
        }
    }

    fn owe(
        &mut self,
        (place, realm, ended_at): (EndingPlace, RealmId, Option<Timestamp>),
        notices: Vec<OwedNotice>,
    ) -> Looked<()> {
        let mut missing = Ok(());
        for notice in notices {
            let receipt = Receipt::owed(place, realm, notice, ended_at, self.now);
            // All of them are asked for before one is waited for.
            match self.batch.add_receipt(receipt) {
                Ok(is_new) => self.taken.receipts += u32::from(is_new),
                Err(halt) => missing = Err(halt),
            }
        }
        missing
    }
}

/// What stands around an ending of many, for those who are told of it as a whole.
#[derive(Default)]
struct AroundMany {
    realm: Option<RealmId>,
    user: Option<std::sync::Arc<User>>,
    subscribers: Vec<Subscriber>,
}

impl AroundMany {
    fn notices(&self, place: EndingPlace, mass: &MassEnding) -> Vec<OwedNotice> {
        let event = HookEvent::of_many(mass, self.user.as_ref().map(|user| user.id));
        let of_hooks = event.map(|event| decide_hook_notices(&self.subscribers, place, &event));
        let user = self.user.as_ref().filter(|_| mass.revokes_elsewhere());
        let of_user = user.map(|user| decide_revocation_notices(&self.subscribers, place, user));
        of_hooks.into_iter().chain(of_user).flatten().collect()
    }
}
