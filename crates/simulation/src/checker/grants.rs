//! Grants: a code is redeemed once, a refresh token leads to one other, what ended is worth nothing, and what lives is.
//!
//! ENDED-STAYS-ENDED for what clients hold, NO-FALSE-NO, and RFC 9700 section 4.14.

use std::collections::BTreeMap;

use super::ops::{Op, Ops};
use super::sessions::SessionBook;
use super::violations::Violations;
use crate::history::{CallAnswer, CodeNumber, OpNumber, Order, ReceiverNumber, RefreshNumber, SessionNumber};
use crate::rules::RunRules;

/// A code, and all that was bought with it.
struct Family {
    client: ReceiverNumber,
    session: SessionNumber,
    issued: OpNumber,
    issued_at: i64,
    redeemed: Option<OpNumber>,
    /// The refresh token that was given last.
    newest: Option<RefreshNumber>,
    /// Orders about it.
    orders: Vec<OpNumber>,
    /// Whether something was presented that had been used, or nobody knows.
    in_doubt: bool,
}

/// A refresh token.
struct RefreshEntry {
    family: CodeNumber,
    given_at: i64,
    /// The token that it led to, and the order that was told so first.
    successor: Option<RefreshNumber>,
    used: Option<usize>,
    /// When it was first refused.
    refused: Option<usize>,
}

/// The grants of a run, as clients know them.
pub(super) struct GrantBook<'r> {
    rules: &'r RunRules,
    ops: &'r Ops,
    families: BTreeMap<CodeNumber, Family>,
    refreshes: BTreeMap<RefreshNumber, RefreshEntry>,
    /// Orders that end what a client holds.
    of_clients: Vec<OpNumber>,
}

impl<'r> GrantBook<'r> {
    pub(super) fn new(rules: &'r RunRules, ops: &'r Ops) -> Self {
        let (families, refreshes) = (BTreeMap::new(), BTreeMap::new());
        Self { rules, ops, families, refreshes, of_clients: Vec::new() }
    }

    fn family_of(&self, order: Order) -> Option<CodeNumber> {
        match order {
            Order::Redeem { code } => Some(code),
            Order::Refresh { refresh } => self.refreshes.get(&refresh).map(|entry| entry.family),
            _ => None,
        }
    }

    /// The session that an order refreshes, if it presents a refresh token.
    pub(super) fn session_refreshed(&self, order: Order) -> Option<SessionNumber> {
        let family = self.family_of(order).filter(|_| matches!(order, Order::Refresh { .. }))?;
        self.families.get(&family).map(|family| family.session)
    }

    pub(super) fn begun(&mut self, op: &Op) {
        if matches!(op.order, Order::EndClient { .. }) {
            self.of_clients.push(op.no);
        }
        let Some(code) = self.family_of(op.order) else { return };
        let ops = self.ops;
        let Some(family) = self.families.get_mut(&code) else { return };
        let met = family.orders.iter().any(|other| ops[*other].over > op.begun);
        let newest = match op.order {
            Order::Refresh { refresh } => family.newest == Some(refresh),
            _ => family.redeemed.is_none(),
        };
        family.in_doubt |= met || !newest;
        family.orders.push(op.no);
    }

    pub(super) fn lost(&mut self, op: &Op) {
        if let Some(family) = self.family_of(op.order).and_then(|code| self.families.get_mut(&code)) {
            family.in_doubt = true;
        }
    }

    pub(super) fn answered(
        &mut self,
        op: &Op,
        answer: &CallAnswer,
        sessions: &SessionBook<'_>,
        found: &mut Violations,
    ) {
        match (op.order, answer) {
            (Order::Issue { session, client, .. }, CallAnswer::Code { code, .. }) => {
                let family = Family {
                    client,
                    session,
                    issued: op.no,
                    issued_at: op.begun_at,
                    redeemed: None,
                    newest: None,
                    orders: Vec::new(),
                    in_doubt: false,
                };
                self.families.insert(*code, family);
            }
            (Order::Redeem { code }, CallAnswer::Refresh { refresh }) => {
                self.redeemed(op, code, *refresh, sessions, found);
            }
            (Order::Refresh { refresh }, CallAnswer::Refresh { refresh: next }) => {
                self.rotated(op, refresh, *next, sessions, found);
            }
            (Order::Redeem { code }, CallAnswer::NoGrant) => {
                let life = self.rules.code_life_ms;
                let at = self.families.get(&code).map(|family| family.issued_at);
                self.refused(op, code, at.map(|at| at + life), sessions, found);
            }
            (Order::Refresh { refresh }, CallAnswer::NoGrant) => {
                let Some(entry) = self.refreshes.get_mut(&refresh) else { return };
                entry.refused.get_or_insert(op.over);
                let (code, until) = (entry.family, entry.given_at + self.rules.refresh_life_ms);
                self.refused(op, code, Some(until), sessions, found);
            }
            (_, CallAnswer::CannotTell) => self.lost(op),
            _ => {}
        }
    }

    fn redeemed(
        &mut self,
        op: &Op,
        code: CodeNumber,
        refresh: RefreshNumber,
        sessions: &SessionBook<'_>,
        found: &mut Violations,
    ) {
        self.lives(op, code, true, sessions, found);
        let Some(family) = self.families.get_mut(&code) else { return };
        if family.redeemed.is_some() {
            found.found("ONE-USE", format!("code {code} was redeemed twice: {op:?}"));
        }
        family.redeemed = Some(op.no);
        family.newest = Some(refresh);
        self.given(refresh, code, op);
    }

    fn given(&mut self, refresh: RefreshNumber, family: CodeNumber, op: &Op) {
        self.refreshes.entry(refresh).or_insert(RefreshEntry {
            family,
            given_at: op.begun_at,
            successor: None,
            used: None,
            refused: None,
        });
    }

    fn rotated(
        &mut self,
        op: &Op,
        refresh: RefreshNumber,
        next: RefreshNumber,
        sessions: &SessionBook<'_>,
        found: &mut Violations,
    ) {
        let Some(code) = self.family_of(op.order) else { return };
        self.lives(op, code, false, sessions, found);
        let entry = &self.refreshes[&refresh];
        let used = entry.successor.and_then(|next| self.refreshes.get(&next)?.used);
        let before = |at: Option<usize>| at.is_some_and(|at| at < op.begun);
        if before(used) {
            let what = format!("refresh token {refresh} is taken after its successor was used: {op:?}");
            found.found("ONE-USE", what);
        }
        if entry.successor.is_some_and(|one| one != next) {
            found.found("ONE-USE", format!("refresh token {refresh} has led to two others: {op:?}"));
        }
        let session = self.families[&code].session;
        let by_time = sessions.entries.contains_key(&session) && sessions.may_be_over(session, op.over_at);
        if before(entry.refused) && !by_time {
            let what = format!("refresh token {refresh} is good again: {op:?}");
            found.found("ENDED-STAYS-ENDED", what);
        }
        if let Some(entry) = self.refreshes.get_mut(&refresh) {
            entry.successor = Some(next);
            entry.used.get_or_insert(op.over);
        }
        if let Some(family) = self.families.get_mut(&code)
            && family.newest == Some(refresh)
        {
            family.newest = Some(next);
        }
        self.given(next, code, op);
    }

    /// Nothing that it depends on was known to be over when it was presented.
    fn lives(
        &self,
        op: &Op,
        code: CodeNumber,
        is_code: bool,
        sessions: &SessionBook<'_>,
        found: &mut Violations,
    ) {
        let Some(family) = self.families.get(&code) else { return };
        let issued = &self.ops[family.issued];
        let ended = |other: &Op| issued.over < other.begun && other.is_answered_before(op);
        let outlives = self.rules.clients[family.client].outlives_session && !is_code;
        let of_session = sessions.entries.get(&family.session).into_iter().flat_map(|entry| &entry.endings);
        let by_session = of_session
            .map(|no| &self.ops[*no])
            .find(|other| ended(other) && (!outlives || other.order.ends_what_outlives()));
        let of_client = self.of_clients.iter().map(|no| &self.ops[*no]).find(|other| {
            let own = matches!(other.order, Order::EndClient { client } if client == family.client);
            own && ended(other) && other.answer.as_ref().is_some_and(CallAnswer::says_ended)
        });
        if let Some(other) = by_session.or(of_client) {
            let what = format!("what code {code} led to lives on after {other:?}: {op:?}");
            found.found("ENDED-STAYS-ENDED", what);
        }
    }

    fn refused(
        &self,
        op: &Op,
        code: CodeNumber,
        until: Option<i64>,
        sessions: &SessionBook<'_>,
        found: &mut Violations,
    ) {
        let Some(family) = self.families.get(&code) else { return };
        let late = until.is_none_or(|until| op.over_at + self.rules.clocks_differ_ms() >= until);
        let of_client = self
            .of_clients
            .iter()
            .any(|no| matches!(self.ops[*no].order, Order::EndClient { client } if client == family.client));
        let ended = !sessions.entries.contains_key(&family.session)
            || sessions.may_have_ended(family.session, op.over_at);
        if !family.in_doubt && !late && !of_client && !ended {
            found.found("NO-FALSE-NO", format!("what code {code} led to is refused: {op:?}"));
        }
    }
}
