//! The checker: what was acknowledged, what is in doubt, and every answer that contradicts it.
//!
//! Time is a counter that rises with every entry. An order is entered before it is sent, its answer after it was read;
//! so "began after the answer" is a fact, whatever the scheduler did. Violations are collected in words. Rules: a check that
//! began after an acknowledged ending says "not live"; a session whose sign-on was acknowledged is live as long as nobody has
//! begun to end it; "not live" stays so, in doubt or not; a client that takes part is told of every ending, and of nothing else.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A moment in the ledger.
type Tick = u64;
/// A user of the storm.
pub type UserNo = usize;
/// A session whose sign-on was acknowledged.
pub type SessionNo = usize;

/// Everything that is known.
#[derive(Default)]
pub struct Ledger {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    now: Tick,
    sessions: Vec<Entry>,
    users: BTreeMap<UserNo, Mass>,
    violations: Vec<String>,
    counts: LedgerCounts,
}

/// How much was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct LedgerCounts {
    /// Sign-ons that were acknowledged.
    pub sign_ons: u64,
    /// Endings of one session that were acknowledged.
    pub endings: u64,
    /// Endings of all a user's other sessions that were acknowledged.
    pub mass_endings: u64,
    /// Orders that were left in doubt.
    pub in_doubt: u64,
    /// Checks that were answered.
    pub checks: u64,
    /// Notices that reached the client, also those that it did not take.
    pub notices: u64,
    /// Sessions of which the client has taken a notice.
    pub told: u64,
}

struct Entry {
    user: UserNo,
    acknowledged: Tick,
    /// How many orders to end it were begun.
    attempts: u32,
    /// When an ending of it was acknowledged.
    ended: Option<Tick>,
    /// When a check first said "not live".
    seen_dead: Option<Tick>,
    /// Whether the client is known to take part in it.
    shared: bool,
    /// When the client first was sent that it is over.
    told_of: Option<Tick>,
    /// Whether the client has taken such a notice.
    told: bool,
}

/// Endings of all a user's sessions.
#[derive(Default)]
struct Mass {
    /// Orders that may still be at work, by when they began.
    open: Vec<Tick>,
    /// When the last one was over, for better or worse.
    closed: Tick,
}

/// A check that was begun.
pub struct Looking {
    session: SessionNo,
    began: Tick,
}

/// An ending that was begun.
pub struct LedgerEnding {
    session: SessionNo,
}

/// A sign-on that was begun; it may be one that ends all the user's other sessions.
pub struct SigningOn {
    user: UserNo,
    began: Tick,
    ends_others: bool,
}

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody begins to sign on.
    pub fn begin_sign_on(&self, user: UserNo, ends_others: bool) -> SigningOn {
        let mut book = self.book();
        let began = book.tick();
        if ends_others {
            book.users.entry(user).or_default().open.push(began);
            book.sessions.iter_mut().filter(|e| e.user == user).for_each(|e| e.attempts += 1);
        }
        SigningOn { user, began, ends_others }
    }

    /// The sign-on was acknowledged, and with it the ending of the others; gives the session's number.
    pub fn signed_on(&self, order: SigningOn) -> SessionNo {
        let mut book = self.book();
        let now = book.tick();
        let SigningOn { user, began, ends_others } = order;
        let mass = book.users.entry(user).or_default();
        mass.open.retain(|open| !(ends_others && *open == began));
        // Another mass ending that was at work meanwhile may have meant the new session, too.
        let attempts = u32::from(!mass.open.is_empty() || mass.closed > began);
        if ends_others {
            mass.closed = now;
            for entry in book.sessions.iter_mut().filter(|e| e.user == user && e.acknowledged < began) {
                entry.ended.get_or_insert(now);
            }
            book.counts.mass_endings += 1;
        }
        book.counts.sign_ons += 1;
        let (ended, seen_dead, shared, told_of, told) = (None, None, false, None, false);
        book.sessions.push(Entry {
            user,
            acknowledged: now,
            attempts,
            ended,
            seen_dead,
            shared,
            told_of,
            told,
        });
        book.sessions.len() - 1
    }

    /// The sign-on was refused or its answer lost. What it may have ended stays in doubt.
    pub fn not_signed_on(&self, order: SigningOn, lost: bool) {
        let mut book = self.book();
        let now = book.tick();
        book.counts.in_doubt += u64::from(lost);
        if order.ends_others {
            let mass = book.users.entry(order.user).or_default();
            mass.open.retain(|open| *open != order.began);
            mass.closed = now;
        }
    }

    /// Somebody begins to end a session.
    pub fn begin_ending(&self, session: SessionNo) -> LedgerEnding {
        let mut book = self.book();
        book.tick();
        book.sessions[session].attempts += 1;
        LedgerEnding { session }
    }

    /// The ending was acknowledged.
    pub fn ended(&self, order: LedgerEnding) {
        let mut book = self.book();
        let now = book.tick();
        book.counts.endings += 1;
        book.sessions[order.session].ended.get_or_insert(now);
    }

    /// The ending's answer was lost.
    pub fn ending_lost(&self, _order: LedgerEnding) {
        let mut book = self.book();
        book.tick();
        book.counts.in_doubt += 1;
    }

    /// The ending heard that there is no such live session: as good as a check that says so.
    pub fn nothing_to_end(&self, order: LedgerEnding) {
        let mut book = self.book();
        let now = book.tick();
        book.said_dead(order.session, now, 1);
    }

    /// Somebody begins to check a session.
    pub fn begin_check(&self, session: SessionNo) -> Looking {
        let began = self.book().tick();
        Looking { session, began }
    }

    /// The check was answered.
    pub fn checked(&self, check: Looking, live: bool) {
        let mut book = self.book();
        let now = book.tick();
        book.counts.checks += 1;
        let Looking { session, began } = check;
        if !live {
            return book.said_dead(session, now, 0);
        }
        let entry = &book.sessions[session];
        let before = |at: Option<Tick>| at.is_some_and(|at| at < began);
        if before(entry.ended) {
            book.violation(session, "is live after an acknowledged ending");
        } else if before(entry.told_of) {
            book.violation(session, "is live after its client was told that it is over");
        } else if before(entry.seen_dead) {
            book.violation(session, "is live again after a check has said that it is not");
        }
    }

    /// The client was given a code of a session: it takes part, and whatever ends the session ends it afterwards.
    pub fn shared(&self, session: SessionNo) {
        let mut book = self.book();
        book.tick();
        book.sessions[session].shared = true;
    }

    /// The client was sent that a session is over, whether or not it takes that.
    pub fn told_of(&self, session: SessionNo) {
        let mut book = self.book();
        let now = book.tick();
        book.counts.notices += 1;
        let entry = &mut book.sessions[session];
        entry.told_of.get_or_insert(now);
        if entry.attempts == 0 {
            book.violation(session, "is over, its client was told, and nobody has begun to end it");
        }
    }

    /// The client has taken a notice of a session.
    pub fn told(&self, session: SessionNo) {
        let mut book = self.book();
        book.tick();
        let first = !std::mem::replace(&mut book.sessions[session].told, true);
        book.counts.told += u64::from(first);
    }

    /// Sessions that are over beyond doubt, and of which the client that takes part has taken no notice.
    pub fn untold(&self) -> Vec<SessionNo> {
        let book = self.book();
        let owed = |entry: &Entry| {
            entry.shared && !entry.told && (entry.ended.is_some() || entry.seen_dead.is_some())
        };
        (0..book.sessions.len()).filter(|session| owed(&book.sessions[*session])).collect()
    }

    /// It is too late to be told: who was not told is lost.
    pub fn close(&self) {
        for session in self.untold() {
            self.book().violation(session, "is over, and its client was never told");
        }
    }

    /// Something that no document allows.
    pub fn odd(&self, what: String) {
        self.book().violations.push(what);
    }

    /// What contradicts what was acknowledged.
    pub fn violations(&self) -> Vec<String> {
        self.book().violations.clone()
    }

    /// How much was seen.
    pub fn counts(&self) -> LedgerCounts {
        self.book().counts
    }
}

impl Book {
    fn tick(&mut self) -> Tick {
        self.now += 1;
        self.now
    }

    /// A session was called not live; `own` orders to end it are of whoever was told so.
    fn said_dead(&mut self, session: SessionNo, now: Tick, own: u32) {
        let entry = &mut self.sessions[session];
        entry.seen_dead.get_or_insert(now);
        if entry.attempts <= own {
            self.violation(session, "is not live, and nobody has begun to end it");
        }
    }

    fn violation(&mut self, session: SessionNo, what: &str) {
        let Entry { user, acknowledged, attempts, ended, seen_dead, told_of, .. } = &self.sessions[session];
        self.violations.push(format!(
            "at {}: session {session} of user {user} {what} (signed on at {acknowledged}, {attempts} attempts to end it, \
             ended at {ended:?}, first called dead at {seen_dead:?}, first told of at {told_of:?})",
            self.now
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(ledger: &Ledger, session: SessionNo, live: bool) {
        ledger.checked(ledger.begin_check(session), live);
    }

    fn sign_on(ledger: &Ledger, user: UserNo, ends_others: bool) -> SessionNo {
        ledger.signed_on(ledger.begin_sign_on(user, ends_others))
    }

    #[track_caller]
    fn violated(ledger: &Ledger, what: &str) {
        let violations = ledger.violations();
        assert!(violations.len() == 1 && violations[0].contains(what), "{violations:?}");
    }

    #[test]
    fn an_honest_history_has_no_violations() {
        let ledger = Ledger::default();
        let (one, two) = (sign_on(&ledger, 1, false), sign_on(&ledger, 1, false));
        live(&ledger, one, true);
        let ending = ledger.begin_ending(one);
        let early = ledger.begin_check(one);
        live(&ledger, one, true);
        ledger.ended(ending);
        ledger.checked(early, true); // It began before the answer.
        live(&ledger, one, false);
        live(&ledger, two, true);
        ledger.nothing_to_end(ledger.begin_ending(one));
        let three = sign_on(&ledger, 1, true);
        live(&ledger, two, false);
        live(&ledger, three, true);
        assert_eq!(ledger.violations(), Vec::<String>::new());
    }

    #[test]
    fn what_is_in_doubt_is_demanded_neither_way() {
        for answer in [true, false] {
            let ledger = Ledger::default();
            let (one, two) = (sign_on(&ledger, 1, false), sign_on(&ledger, 1, false));
            ledger.ending_lost(ledger.begin_ending(one));
            ledger.not_signed_on(ledger.begin_sign_on(1, true), true);
            live(&ledger, one, answer);
            live(&ledger, two, answer);
            assert_eq!(ledger.violations(), Vec::<String>::new());
        }
    }

    /// Goal: two logins that end each other's sessions: neither is demanded to live.
    #[test]
    fn mass_endings_that_overlap_a_sign_on_put_it_in_doubt() {
        for first_answers_first in [true, false] {
            let ledger = Ledger::default();
            let (one, two) = (ledger.begin_sign_on(1, true), ledger.begin_sign_on(1, true));
            let (one, two) = if first_answers_first { (one, two) } else { (two, one) };
            let one = ledger.signed_on(one);
            let two = ledger.signed_on(two);
            live(&ledger, one, false);
            live(&ledger, two, false);
            assert_eq!(ledger.violations(), Vec::<String>::new());
        }
    }

    #[test]
    fn a_session_that_is_revived_is_a_violation() {
        let ledger = Ledger::default();
        let one = sign_on(&ledger, 1, false);
        ledger.ended(ledger.begin_ending(one));
        live(&ledger, one, false);
        live(&ledger, one, true);
        violated(&ledger, "after an acknowledged ending");
    }

    #[test]
    fn a_mass_ending_that_misses_one_is_a_violation() {
        let ledger = Ledger::default();
        let one = sign_on(&ledger, 1, false);
        let other_user = sign_on(&ledger, 2, false);
        sign_on(&ledger, 1, true);
        live(&ledger, other_user, true);
        live(&ledger, one, true);
        violated(&ledger, "after an acknowledged ending");
    }

    #[test]
    fn a_sign_on_that_is_lost_is_a_violation() {
        let ledger = Ledger::default();
        let one = sign_on(&ledger, 1, false);
        sign_on(&ledger, 2, true);
        live(&ledger, one, false);
        violated(&ledger, "nobody has begun to end it");
        let ledger = Ledger::default();
        let one = sign_on(&ledger, 1, false);
        ledger.nothing_to_end(ledger.begin_ending(one));
        violated(&ledger, "nobody has begun to end it");
        let ledger = Ledger::default();
        ledger.not_signed_on(ledger.begin_sign_on(1, true), true);
        let late = sign_on(&ledger, 1, false); // It began after the doubtful mass ending was over.
        live(&ledger, late, false);
        violated(&ledger, "nobody has begun to end it");
    }

    #[test]
    fn a_client_that_is_told_of_every_ending_and_of_nothing_else_is_told_right() {
        let ledger = Ledger::default();
        let sessions: Vec<_> = (0..4).map(|_| sign_on(&ledger, 1, false)).collect();
        sessions[..3].iter().for_each(|session| ledger.shared(*session));
        let doubtful = ledger.begin_ending(sessions[0]);
        ledger.told_of(sessions[0]); // The answer is on its way still.
        ledger.told(sessions[0]);
        ledger.ended(doubtful);
        ledger.ended(ledger.begin_ending(sessions[3])); // Nobody takes part in it.
        assert!(ledger.untold().is_empty());
        ledger.ended(ledger.begin_ending(sessions[1]));
        ledger.ending_lost(ledger.begin_ending(sessions[2]));
        ledger.told_of(sessions[1]); // It was sent, and not taken.
        assert_eq!(ledger.untold(), [sessions[1]]);
        live(&ledger, sessions[2], false);
        assert_eq!(ledger.untold(), sessions[1..3], "what was in doubt is over, and is owed");
        sessions[1..3].iter().for_each(|session| ledger.told(*session));
        ledger.close();
        assert_eq!(ledger.violations(), Vec::<String>::new());
        let counts = ledger.counts();
        assert_eq!((counts.notices, counts.told), (2, 3));
    }

    #[test]
    fn a_client_that_is_not_told_or_is_told_too_early_is_a_violation() {
        let ledger = Ledger::default();
        let one = sign_on(&ledger, 1, false);
        ledger.shared(one);
        ledger.ended(ledger.begin_ending(one));
        ledger.close();
        violated(&ledger, "never told");
        let ledger = Ledger::default();
        ledger.told_of(sign_on(&ledger, 1, false));
        violated(&ledger, "nobody has begun to end it");
        let ledger = Ledger::default();
        let one = sign_on(&ledger, 1, false);
        ledger.ending_lost(ledger.begin_ending(one));
        ledger.told_of(one);
        live(&ledger, one, true);
        violated(&ledger, "after its client was told");
    }

    #[test]
    fn a_doubtful_ending_that_was_seen_and_then_undone_is_a_violation() {
        let ledger = Ledger::default();
        let one = sign_on(&ledger, 1, false);
        ledger.ending_lost(ledger.begin_ending(one));
        live(&ledger, one, false);
        live(&ledger, one, true);
        violated(&ledger, "live again");
    }
}
