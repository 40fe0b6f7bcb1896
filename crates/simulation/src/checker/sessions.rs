//! Sessions: what was ended stays ended, nobody says live of it, and nothing else is said not to be live.
//!
//! ENDED-STAYS-ENDED, NO-STALE-YES, NO-FALSE-NO; and no notice leaves before its ending (NOTICE-WITH-ENDING).

use std::collections::{BTreeMap, BTreeSet};

use super::ops::{Op, Ops};
use super::violations::Violations;
use crate::facts::FinalFacts;
use crate::history::{
    CallAnswer, NoticeSeen, OpNumber, Order, ReceiverNumber, SessionNumber, TokenNumber, UserNumber,
};
use crate::rules::RunRules;

/// What is known of a token.
pub(super) struct TokenEntry {
    session: SessionNumber,
    /// When somebody was given it.
    given: usize,
    /// Orders that may have ended what it opens.
    attempts: Vec<OpNumber>,
    /// When an ending of it was acknowledged.
    ended: Option<usize>,
    /// When it was first called not live, and not because of the time.
    dead: Option<usize>,
}

/// What is known of a session. Times are in milliseconds.
pub(super) struct SessionEntry {
    pub(super) user: UserNumber,
    /// Its user was active then at least, and not later than that.
    seen: (i64, i64),
    /// It is over then at the earliest, and at the latest.
    expires: (i64, i64),
    /// Orders under way that may count as activity.
    touching: u32,
    /// When a client was told that it is over.
    told: Option<usize>,
    /// When the order began by which somebody was first given a token of it.
    pub(super) opened_at: i64,
    /// Whether anybody has tried to reset it.
    reset: bool,
    /// Orders that have ended it, as their callers were told.
    pub(super) endings: Vec<OpNumber>,
}

/// Who takes part in a session, as the client knows it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) client: ReceiverNumber,
    pub(super) session: SessionNumber,
    pub(super) sid: String,
    /// When it was known.
    pub(super) known: usize,
}

/// The sessions of a run, as callers know them.
pub(super) struct SessionBook<'r> {
    rules: &'r RunRules,
    ops: &'r Ops,
    tokens: BTreeMap<TokenNumber, TokenEntry>,
    pub(super) entries: BTreeMap<SessionNumber, SessionEntry>,
    pub(super) parts: Vec<Part>,
    /// Orders that may end many, or hold for a client.
    wide: Vec<OpNumber>,
    /// Checks that began when the time of their session was over.
    late: BTreeSet<OpNumber>,
}

impl<'r> SessionBook<'r> {
    pub(super) fn new(rules: &'r RunRules, ops: &'r Ops) -> Self {
        let (tokens, entries) = (BTreeMap::new(), BTreeMap::new());
        Self { rules, ops, tokens, entries, parts: Vec::new(), wide: Vec::new(), late: BTreeSet::new() }
    }

    pub(super) fn begun(&mut self, op: &Op) {
        for (no, token) in &mut self.tokens {
            let user = self.entries[&token.session].user;
            if op.order.may_end(self.rules, *no, token.session, user) {
                token.attempts.push(op.no);
            }
        }
        match op.order {
            Order::Reset { session } => {
                if let Some(entry) = self.entries.get_mut(&session) {
                    entry.reset = true;
                }
            }
            Order::Check { token, touch } => {
                if let Some(session) = self.tokens.get(&token).map(|token| token.session) {
                    if self.must_be_over(session, op.begun_at) {
                        self.late.insert(op.no);
                    }
                    self.touches(session, op.begun_at, i32::from(touch));
                }
            }
            Order::SignOn { previous: Some((_, session)), .. } => self.touches(session, op.begun_at, 1),
            _ => {}
        }
        let is_wide = (0..self.rules.users.len()).any(|user| op.order.ends_all_of(self.rules, user));
        if is_wide || matches!(op.order, Order::EndClient { .. }) {
            self.wide.push(op.no);
        }
    }

    /// A refresh token of a session is presented, which is activity, or that is over.
    pub(super) fn refreshes(&mut self, session: Option<SessionNumber>, at: i64, more: i32) {
        if let Some(session) = session {
            self.touches(session, at, more);
        }
    }

    /// Notes that activity may be written of a session, from now on or no more.
    fn touches(&mut self, session: SessionNumber, at: i64, more: i32) {
        if more != 0
            && let Some(entry) = self.entries.get_mut(&session)
        {
            entry.seen.1 = entry.seen.1.max(at);
            entry.touching = entry.touching.saturating_add_signed(more);
        }
    }

    pub(super) fn lost(&mut self, op: &Op) {
        self.no_longer_touches(op);
    }

    fn no_longer_touches(&mut self, op: &Op) {
        match op.order {
            Order::Check { token, touch: true } => {
                if let Some(session) = self.tokens.get(&token).map(|token| token.session) {
                    self.touches(session, op.over_at, -1);
                }
            }
            Order::SignOn { previous: Some((_, session)), .. } => {
                self.touches(session, op.over_at, -1);
                // Perhaps it was renewed, and nobody knows.
                let expires = op.over_at + self.rules.absolute_ms;
                if let Some(entry) = self.entries.get_mut(&session) {
                    entry.expires.1 = entry.expires.1.max(expires);
                }
            }
            _ => {}
        }
    }

    pub(super) fn answered(&mut self, op: &Op, answer: &CallAnswer, found: &mut Violations) {
        self.no_longer_touches(op);
        match (op.order, answer) {
            (Order::Check { token, touch }, CallAnswer::Live) => self.called_live(op, token, touch, found),
            (Order::Check { token, .. }, CallAnswer::NotLive(why)) => {
                self.called_dead(op, token, &format!("{why:?}"), found);
            }
            (Order::SignOn { user, .. }, CallAnswer::SignedOn { token, session }) => {
                self.signed_on(op, (*token, *session, user));
            }
            (Order::EndToken { token }, CallAnswer::NothingToEnd) => {
                self.called_dead(op, token, "nothing to end", found);
            }
            (Order::EndSession { session } | Order::Reset { session }, CallAnswer::NothingToEnd) => {
                for token in self.tokens_of(session, op.begun) {
                    self.called_dead(op, token, "nothing to end", found);
                }
            }
            (Order::Issue { token, session, client }, CallAnswer::Code { sid, .. }) => {
                let _ = token;
                let sid = sid.to_string();
                self.parts.push(Part { client, session, sid, known: op.over });
            }
            _ if answer.says_ended() => self.ended(op),
            _ => {}
        }
    }

    fn tokens_of(&self, session: SessionNumber, before: usize) -> Vec<TokenNumber> {
        let own = self.tokens.iter().filter(|(_, token)| token.session == session && token.given < before);
        own.map(|(no, _)| *no).collect()
    }

    fn signed_on(&mut self, op: &Op, (token, session, user): (TokenNumber, SessionNumber, UserNumber)) {
        let absolute = self.rules.absolute_ms;
        let expires = (op.begun_at + absolute, op.over_at + absolute);
        let entry = self.entries.entry(session).or_insert_with(|| SessionEntry {
            user,
            seen: (op.begun_at, op.over_at),
            expires,
            touching: 0,
            told: None,
            opened_at: op.begun_at,
            reset: false,
            endings: Vec::new(),
        });
        entry.seen = (entry.seen.0.max(op.begun_at), entry.seen.1.max(op.over_at));
        entry.expires = (expires.0, entry.expires.1.max(expires.1));
        if self.tokens.contains_key(&token) {
            return; // It was kept.
        }
        // The others of this session are worth nothing any more.
        for other in self.tokens.values_mut().filter(|other| other.session == session) {
            if other.given < op.begun {
                other.ended.get_or_insert(op.over);
            }
        }
        let meets = |other: &&Op| other.order.may_end(self.rules, token, session, user) && other.meets(op);
        let attempts = self.ops.all().filter(meets).map(|other| other.no).collect();
        let entry = TokenEntry { session, given: op.over, attempts, ended: None, dead: None };
        self.tokens.insert(token, entry);
    }

    /// An ending was acknowledged: whatever was given before it began is over.
    fn ended(&mut self, op: &Op) {
        for (no, token) in &mut self.tokens {
            let session = self.entries.get_mut(&token.session).expect("tokens have sessions");
            if token.given < op.begun && op.order.may_end(self.rules, *no, token.session, session.user) {
                token.ended.get_or_insert(op.over);
                if !matches!(op.order, Order::EndToken { .. }) {
                    session.endings.push(op.no);
                }
            }
        }
        for session in self.entries.values_mut() {
            session.endings.dedup();
        }
    }

    /// Whether time may have ended a session by then.
    pub(super) fn may_be_over(&self, session: SessionNumber, at: i64) -> bool {
        let entry = &self.entries[&session];
        let idle = self.rules.idle_ms.map(|idle| entry.seen.0 + idle);
        let first = idle.map_or(entry.expires.0, |idle| idle.min(entry.expires.0));
        at + self.rules.clocks_differ_ms() >= first
    }

    /// Whether time has ended a session before that.
    fn must_be_over(&self, session: SessionNumber, at: i64) -> bool {
        let entry = &self.entries[&session];
        let idle = self.rules.idle_ms.filter(|_| entry.touching == 0).map(|idle| entry.seen.1 + idle);
        let last = idle.map_or(entry.expires.1, |idle| idle.min(entry.expires.1));
        at - self.rules.clocks_differ_ms() > last
    }

    fn called_live(&mut self, op: &Op, no: TokenNumber, touch: bool, found: &mut Violations) {
        let Some(token) = self.tokens.get(&no) else { return };
        let session = token.session;
        let before = |at: Option<usize>| at.is_some_and(|at| at < op.begun);
        let entry = &self.entries[&session];
        let what = if before(token.ended) {
            Some("is live after its ending was acknowledged")
        } else if before(token.dead) {
            Some("is live again after a check has said that it is not")
        } else if before(entry.told) && !entry.reset {
            Some("is live after a client was told that it is over")
        } else if self.late.contains(&op.no) {
            Some("is live behind its limits")
        } else {
            None
        };
        if let Some(what) = what {
            found.found("NO-STALE-YES", format!("session {session}, token {no} {what}: {op:?}"));
        }
        if touch && let Some(entry) = self.entries.get_mut(&session) {
            entry.seen.0 = entry.seen.0.max(op.begun_at);
        }
    }

    fn called_dead(&mut self, op: &Op, no: TokenNumber, why: &str, found: &mut Violations) {
        let Some(session) = self.tokens.get(&no).map(|token| token.session) else { return };
        let by_time = self.may_be_over(session, op.over_at.max(op.begun_at));
        let Some(token) = self.tokens.get_mut(&no) else { return };
        let tried = token.attempts.iter().any(|attempt| *attempt != op.no);
        if !tried && !by_time {
            let what = format!(
                "session {session}, token {no} is not live ({why}), and nobody has begun to end it: {op:?}"
            );
            found.found("NO-FALSE-NO", what);
        }
        if !by_time {
            token.dead.get_or_insert(op.over);
        }
    }

    /// Whether anybody may have ended a session, or its time has.
    pub(super) fn may_have_ended(&self, session: SessionNumber, at: i64) -> bool {
        let tried = |token: &TokenEntry| token.session == session && !token.attempts.is_empty();
        self.may_be_over(session, at) || self.tokens.values().any(tried)
    }

    /// A notice has reached its receiver.
    pub(super) fn told(
        &mut self,
        receiver: ReceiverNumber,
        told: &NoticeSeen,
        now: usize,
        at: i64,
        facts: &FinalFacts,
        found: &mut Violations,
    ) {
        let early = "NOTICE-WITH-ENDING";
        match told {
            NoticeSeen::Hook { ending } if !facts.endings.contains(ending) => {
                found.found(early, format!("the hook is told of {ending}, which is no ending"));
            }
            NoticeSeen::Hook { .. } => {}
            NoticeSeen::Logout { sid: Some(sid), .. } => {
                let part = self.parts.iter().find(|part| part.client == receiver && part.sid == *sid);
                let Some(session) = part.map(|part| part.session) else { return };
                let of_client = self.wide.iter().any(
                    |op| matches!(self.ops[*op].order, Order::EndClient { client } if client == receiver),
                );
                if of_client {
                    return; // It is told of what it held, and the session lives on.
                }
                if !self.may_have_ended(session, at) {
                    let what = format!(
                        "client {receiver} is told of session {session}, which nobody has begun to end"
                    );
                    found.found(early, what);
                }
                if let Some(entry) = self.entries.get_mut(&session).filter(|_| true) {
                    entry.told.get_or_insert(now);
                }
            }
            NoticeSeen::Logout { sub, sid: None } | NoticeSeen::Revoke { subject: sub } => {
                let wide = |op: &OpNumber| {
                    (0..self.rules.users.len()).any(|user| self.ops[*op].order.ends_all_of(self.rules, user))
                };
                if !self.wide.iter().any(wide) {
                    let what = format!(
                        "receiver {receiver} is told of all sessions of {sub}, which nobody has begun to end"
                    );
                    found.found(early, what);
                }
            }
        }
    }
}
