//! Makes receipts of the entries of the index of endings, a bounded step at a time.
//!
//! How far it has come is committed with what it has made: a crash repeats nothing and loses nothing, also in the middle of an
//! ending of many. Who is told of what is decided by core.

use adieu_core::{
    EndScope, EndingEntry, EndingPlace, HookEvent, Incarnation, KeptSession, Locator, MassEnding,
    NoticeReach, NoticeWish, OwedNotice, Participant, RealmId, Receipt, Subscriber, Timestamp, ToldUpTo,
    User, are_told_by_user, decide_hook_notices, decide_notices, decide_revocation_notices,
    participants_of_epoch, told_with_others,
};
use adieu_store::Taken;

use crate::acts::family::{ended_with, together};
use crate::batch::Batch;
use crate::error::{Damaged, InRow as _};
use crate::rows::{self, EndingLine, SessionRow};
use adieu_store_records::entries;

/// Entries and sessions that one step looks at: as many as any other order of the sweep.
const STEP_MAX: u32 = 500;

pub(super) fn take_endings(batch: &Batch<'_>, now: Timestamp) -> rusqlite::Result<Taken> {
    let begun = rows::told_up_to(batch.db)?;
    let (taken, any_subscribers) = (Taken::default(), None);
    let mut step = Step { batch, at: begun, left: STEP_MAX, taken, any_subscribers, now };
    while !step.taken.more
        && let Some(line) = rows::first_line_from(batch.db, step.at.line)?
    {
        step.take_line(&line)?;
    }
    if step.at != begun {
        rows::write_told_up_to(batch.db, step.at)?;
    }
    Ok(step.taken)
}

struct Step<'a, 'b> {
    batch: &'a Batch<'b>,
    at: ToldUpTo,
    left: u32,
    taken: Taken,
    /// Whether any realm has subscribers, once that was asked.
    any_subscribers: Option<bool>,
    now: Timestamp,
}

impl Step<'_, '_> {
    fn take_line(&mut self, line: &EndingLine) -> rusqlite::Result<()> {
        if line.number > self.at.line {
            self.at = ToldUpTo::line(line.number);
        }
        let entries = match entries(&line.body).in_row() {
            Err(error) if Damaged::is_cause_of(&error) => {
                tracing::error!(line = line.number, %error, "nobody can be told of the endings of a damaged line");
                Vec::new()
            }
            entries => entries?,
        };
        while let Some(entry) = entries.get(self.at.entry as usize) {
            if self.left == 0 || self.gives_way() {
                self.taken.more = true;
                return Ok(());
            }
            self.left -= 1;
            let place = EndingPlace::of(line.number, self.at.entry);
            let place = place.ok_or_else(|| Damaged::row("line of endings"))?;
            match self.take_entry(place, entry) {
                Err(error) if Damaged::is_cause_of(&error) => {
                    tracing::error!(?place, %error, "an ending is told to nobody: what it leads to is damaged");
                    self.at = self.at.next_entry();
                }
                done => match done? {
                    Some(walk_from) => {
                        self.at.walk_from = walk_from;
                        return Ok(());
                    }
                    None => self.at = self.at.next_entry(),
                },
            }
        }
        self.at = ToldUpTo::line(line.number + 1);
        Ok(())
    }

    /// Makes the receipts of an entry; says where its walk goes on, if it is not done.
    fn take_entry(&mut self, place: EndingPlace, entry: &EndingEntry) -> rusqlite::Result<Option<u64>> {
        match entry {
            entry if !entry.may_be_told() => Ok(None),
            EndingEntry::One { locator, incarnation, epoch, .. } => {
                self.take_one(place, (*locator, *incarnation), *epoch)?;
                Ok(None)
            }
            EndingEntry::Many { scope, generation } => {
                let mass = rows::mass_ending(self.batch.db, scope, *generation)?;
                match mass.filter(MassEnding::is_told) {
                    Some(mass) => self.walk(place, &mass),
                    None => Ok(None),
                }
            }
        }
    }

    fn take_one(
        &mut self,
        place: EndingPlace,
        session: (Locator, Incarnation),
        epoch: u32,
    ) -> rusqlite::Result<()> {
        let batch = self.batch;
        let Some(kept) = rows::kept_incarnation(batch.db, batch.cipher(), session)? else { return Ok(()) };
        let all = rows::participants(batch.db, kept.session())?;
        let own: Vec<Participant> = participants_of_epoch(&all, epoch).cloned().collect();
        let (ended_at, record) = match &kept {
            SessionRow::Ended(tombstone) => (tombstone.epoch_ended_at(epoch), tombstone.epoch_record(epoch)),
            SessionRow::Stored(session) => (session.reset_at(), session.reset_record(epoch)),
        };
        let realm = kept.session().realm;
        let mut notices = self.of_clients(NoticeReach::Session, &own, &[])?;
        let event = HookEvent::of_session(kept.session(), record);
        notices.extend(decide_hook_notices(&self.subscribers(realm)?, place, &event));
        self.owe((place, realm, ended_at), notices)
    }

    /// Whether the rest is for the next step, because a request waits.
    fn gives_way(&self) -> bool {
        self.batch.gives_way_after(STEP_MAX - self.left)
    }

    /// The subscribers of a realm.
    fn subscribers(&mut self, realm: RealmId) -> rusqlite::Result<Vec<Subscriber>> {
        if self.has_subscribers()? { rows::subscribers(self.batch.db, realm) } else { Ok(Vec::new()) }
    }

    /// Whether any realm has subscribers; asked once in a step.
    fn has_subscribers(&mut self) -> rusqlite::Result<bool> {
        match self.any_subscribers {
            Some(any) => Ok(any),
            None => Ok(*self.any_subscribers.insert(rows::has_subscribers(self.batch.db)?)),
        }
    }

    /// The realm of a scope with its subscribers, and the user if it is one's. Where no realm has subscribers, nothing is read.
    fn around(&mut self, mass: &MassEnding) -> rusqlite::Result<AroundMany> {
        let mut around = AroundMany::default();
        if !self.has_subscribers()? {
            return Ok(around);
        }
        let db = self.batch.db;
        let realm = match &mass.scope {
            EndScope::User(key) => {
                around.user = rows::user_by_key(db, *key)?;
                around.user.as_ref().map(|user| user.realm)
            }
            EndScope::Realm(realm) => Some(*realm),
            EndScope::Client(client) => rows::client(db, client)?.map(|stored| stored.client.realm),
        };
        around.realm = realm;
        around.subscribers = realm.map_or_else(|| Ok(Vec::new()), |realm| self.subscribers(realm))?;
        Ok(around)
    }

    fn walk(&mut self, place: EndingPlace, mass: &MassEnding) -> rusqlite::Result<Option<u64>> {
        let batch = self.batch;
        let (first, last) = match &mass.scope {
            EndScope::User(key) => rows::bounds(*key),
            EndScope::Realm(_) | EndScope::Client(_) => (0, i64::MAX),
        };
        let spared = self.spared(mass)?;
        let around = self.around(mass)?;
        if self.at.walk_from == 0
            && let Some(realm) = around.realm
        {
            let notices = around.notices(place, mass);
            self.owe((place, realm, Some(mass.record.at)), notices)?;
        }
        let from = first.max(rows::signed(self.at.walk_from));
        let most = self.left.max(1);
        let each = matches!(mass.scope, EndScope::Realm(_)) && are_told_by_user(&around.subscribers, place);
        let found = match each {
            true => rows::all_sessions(batch.db, (from, last), most)?,
            false => rows::shared_sessions(batch.db, (from, last), most)?,
        };
        let by_user = if each { &around.subscribers[..] } else { &[] };
        let mut walked = 0;
        for &session in &found {
            self.take_walked(place, mass, (&spared, by_user), session)?;
            walked += 1;
            self.left = self.left.saturating_sub(1);
            if self.gives_way() {
                break;
            }
        }
        // Of one place there is one session: what took part in an earlier one went with that.
        let is_all = walked == found.len() && walked < most as usize;
        let next = found[..walked].last().filter(|_| !is_all);
        self.taken.more |= next.is_some();
        Ok(next.map(|(locator, _)| locator.unsigned_abs() + 1))
    }

    /// Who takes part in the session that an ending of many spared.
    fn spared(&self, mass: &MassEnding) -> rusqlite::Result<Vec<Participant>> {
        let Some(id) = mass.spared else { return Ok(Vec::new()) };
        let Some(kept) = rows::kept(self.batch.db, self.batch.cipher(), id)? else { return Ok(Vec::new()) };
        let session = kept.session();
        let all = rows::participants(self.batch.db, session)?;
        Ok(participants_of_epoch(&all, session.epoch).cloned().collect())
    }

    fn take_walked(
        &mut self,
        place: EndingPlace,
        mass: &MassEnding,
        (spared, by_user): (&[Participant], &[Subscriber]),
        (locator, incarnation): (i64, i64),
    ) -> rusqlite::Result<()> {
        let batch = self.batch;
        let Some(locator) = Locator::from_number(locator.unsigned_abs()) else { return Ok(()) };
        let incarnation = Incarnation::from_bits(incarnation.unsigned_abs());
        let kept = rows::kept_incarnation(batch.db, batch.cipher(), (locator, incarnation))?;
        let Some(kept) = kept else { return Ok(()) };
        let participants = rows::participants(batch.db, kept.session())?;
        let realm = kept.session().realm;
        let kept = self.kept(kept)?;
        let told = told_with_others(&kept, participants, mass, self.now);
        let mut notices = self.of_clients(mass.scope.notice_reach(), &told, spared)?;
        if !by_user.is_empty() && kept.ended_with_others(mass, self.now) {
            notices.extend(decide_revocation_notices(by_user, place, kept.user()));
        }
        self.owe((place, realm, Some(mass.record.at)), notices)
    }

    fn kept(&self, row: SessionRow) -> rusqlite::Result<KeptSession> {
        let (batch, session) = (self.batch, row.session());
        let user = batch.user(session.user)?;
        match row {
            SessionRow::Stored(session) => {
                let realm = batch.realm(session.realm)?;
                let facts = together(batch.shared, std::sync::Arc::new(session), user, realm)?;
                let with = ended_with(batch.db, &facts)?;
                Ok(KeptSession::Stored(facts, Box::new(with)))
            }
            SessionRow::Ended(tombstone) => {
                let user = user.ok_or_else(|| Damaged::row("user of a session"))?;
                Ok(KeptSession::Ended(Box::new(tombstone), user))
            }
        }
    }

    /// What clients are told.
    fn of_clients(
        &self,
        reach: NoticeReach,
        participants: &[Participant],
        spared: &[Participant],
    ) -> rusqlite::Result<Vec<OwedNotice>> {
        let mut wishes = std::collections::HashMap::new();
        for one in participants {
            if !wishes.contains_key(&one.client) {
                let stored = rows::client(self.batch.db, &one.client)?;
                let wish = stored.map_or(NoticeWish::NotAtAll, |stored| stored.client.notice_wish());
                wishes.insert(one.client.clone(), wish);
            }
        }
        Ok(decide_notices(reach, participants, spared, |client| wishes[client]))
    }

    fn owe(
        &mut self,
        (place, realm, ended_at): (EndingPlace, RealmId, Option<Timestamp>),
        notices: Vec<OwedNotice>,
    ) -> rusqlite::Result<()> {
        for notice in notices {
            let receipt = Receipt::owed(place, realm, notice, ended_at, self.now);
            if rows::add_receipt(self.batch.db, &receipt)? {
                self.taken.receipts += 1;
                if let Some(from) = receipt.next_try_at() {
                    rows::add_waiting(self.batch.db, &receipt.receiver, from)?;
                }
            }
        }
        Ok(())
    }
}

/// What stands around an ending of many, for those who are told of it as a whole.
#[derive(Default)]
struct AroundMany {
    realm: Option<RealmId>,
    user: Option<User>,
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
