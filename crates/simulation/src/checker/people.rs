//! People: an old password opens nothing, nor does anything for who may not; a right one is not refused; quotas hold.
//!
//! What an order changed is known when it is answered; until then both may be so.

use std::collections::BTreeMap;

use super::ops::{Op, Ops};
use super::violations::Violations;
use crate::history::{CallAnswer, OpNumber, Order, SignOnRefusal, UserNumber};
use crate::rules::RunRules;

/// A value of which it is not always known what it is.
struct Register<T> {
    /// What it may be, and the order that may have made it so; none for what it was at first.
    may_be: Vec<(T, Option<OpNumber>)>,
    /// When the last order to change it was begun.
    last: Option<usize>,
    /// When each value was last ordered.
    ordered: Vec<(T, usize)>,
}

impl<T: Copy + PartialEq> Register<T> {
    fn of(first: T) -> Self {
        Self { may_be: vec![(first, None)], last: None, ordered: Vec::new() }
    }

    fn begun(&mut self, value: T, op: &Op) {
        self.may_be.push((value, Some(op.no)));
        self.last = Some(op.begun);
        self.ordered.push((value, op.begun));
    }

    /// It was changed: what was so before the order began is not any more.
    fn changed(&mut self, op: &Op, ops: &Ops) {
        self.may_be.retain(|(_, by)| match by {
            None => false,
            Some(by) => *by == op.no || !ops[*by].is_over_before(op),
        });
    }

    fn not_changed(&mut self, op: &Op) {
        self.may_be.retain(|(_, by)| *by != Some(op.no));
    }

    fn may_be(&self, value: T) -> bool {
        self.may_be.iter().any(|(one, _)| *one == value)
    }

    /// Whether it may be this value, or may have been since a moment.
    fn may_have_been(&self, value: T, since: usize) -> bool {
        self.may_be(value) || self.ordered.iter().any(|(one, at)| *one == value && *at > since)
    }

    /// Whether it was this value all the time since a moment.
    fn was(&self, value: T, since: usize) -> bool {
        self.last.is_none_or(|last| last < since) && self.may_be.iter().all(|(one, _)| *one == value)
    }
}

/// What was so when a sign-on began.
struct SigningOn {
    password_may_fit: bool,
    password_fits: bool,
    may_be_enabled: bool,
    may_be_disabled: bool,
}

/// The people of a run, as callers know them.
pub(super) struct PersonBook<'r> {
    rules: &'r RunRules,
    ops: &'r Ops,
    passwords: Vec<Register<u32>>,
    enabled: Vec<Register<bool>>,
    there: Vec<Register<bool>>,
    signing_on: BTreeMap<OpNumber, SigningOn>,
}

impl<'r> PersonBook<'r> {
    pub(super) fn new(rules: &'r RunRules, ops: &'r Ops) -> Self {
        let all = || rules.users.iter();
        Self {
            rules,
            ops,
            passwords: all().map(|_| Register::of(0)).collect(),
            enabled: all().map(|_| Register::of(true)).collect(),
            there: all().map(|_| Register::of(true)).collect(),
            signing_on: BTreeMap::new(),
        }
    }

    pub(super) fn begun(&mut self, op: &Op) {
        match op.order {
            Order::OwnPassword { user, password, .. } | Order::SetPassword { user, password } => {
                self.passwords[user].begun(password, op);
            }
            Order::SetEnabled { user, enabled } => self.enabled[user].begun(enabled, op),
            Order::Remove { user } => self.there[user].begun(false, op),
            Order::SignOn { user, password, .. } => {
                let (passwords, enabled) = (&self.passwords[user], &self.enabled[user]);
                let state = SigningOn {
                    password_may_fit: passwords.may_be(password) && self.there[user].may_be(true),
                    password_fits: passwords.was(password, op.begun),
                    may_be_enabled: enabled.may_be(true),
                    may_be_disabled: enabled.may_be(false),
                };
                self.signing_on.insert(op.no, state);
            }
            _ => {}
        }
    }

    pub(super) fn answered(&mut self, op: &Op, answer: &CallAnswer, found: &mut Violations) {
        let changed = match answer {
            CallAnswer::Changed { .. } => Some(true),
            CallAnswer::NotChanged => Some(false),
            _ => None,
        };
        match (op.order, answer) {
            (Order::OwnPassword { user, .. } | Order::SetPassword { user, .. }, _) => {
                carry(&mut self.passwords[user], op, changed, self.ops);
            }
            (Order::SetEnabled { user, .. }, _) => carry(&mut self.enabled[user], op, changed, self.ops),
            (Order::Remove { user }, _) => carry(&mut self.there[user], op, changed, self.ops),
            (Order::SignOn { user, password, .. }, _) => self.signed_on(op, user, password, answer, found),
            (Order::Count { user }, CallAnswer::Counted(live)) => {
                let most = self.rules.quota.map_or(usize::MAX, |quota| quota.max as usize);
                if *live > most {
                    found.found("HOME-LIMITS", format!("user {user} has {live} live sessions of {most}"));
                }
            }
            _ => {}
        }
    }

    fn signed_on(
        &mut self,
        op: &Op,
        user: UserNumber,
        password: u32,
        answer: &CallAnswer,
        found: &mut Violations,
    ) {
        let Some(before) = self.signing_on.remove(&op.no) else { return };
        let (passwords, enabled) = (&self.passwords[user], &self.enabled[user]);
        let mut say = |promise, what: &str| found.found(promise, format!("user {user} {what}: {op:?}"));
        match answer {
            CallAnswer::SignedOn { .. } => {
                if !before.password_may_fit && !passwords.may_have_been(password, op.begun) {
                    say("ENDED-STAYS-ENDED", "signs on with a password that is the user's no more");
                }
                if !before.may_be_enabled && !enabled.may_have_been(true, op.begun) {
                    say("ENDED-STAYS-ENDED", "signs on, and is disabled");
                }
            }
            CallAnswer::NotSignedOn(SignOnRefusal::Wrong) => {
                let fits = before.password_fits && passwords.was(password, op.begun);
                let stays = self.there[user].was(true, op.begun);
                let ends = |other: &Op| {
                    other.order.ends_all_of(self.rules, user) && (other.meets(op) || op.meets(other))
                };
                if fits && stays && !self.ops.all().any(ends) {
                    say("NO-FALSE-NO", "is refused with the right password");
                }
            }
            CallAnswer::NotSignedOn(SignOnRefusal::Disabled)
                if !before.may_be_disabled && !enabled.may_have_been(false, op.begun) =>
            {
                say("NO-FALSE-NO", "is called disabled, and is not");
            }
            CallAnswer::NotSignedOn(SignOnRefusal::Quota) if self.rules.quota.is_none() => {
                say("NO-FALSE-NO", "is refused because of a quota, and there is none");
            }
            _ => {}
        }
    }
}

fn carry<T: Copy + PartialEq>(register: &mut Register<T>, op: &Op, changed: Option<bool>, ops: &Ops) {
    match changed {
        Some(true) => register.changed(op, ops),
        Some(false) => register.not_changed(op),
        None => {}
    }
}
