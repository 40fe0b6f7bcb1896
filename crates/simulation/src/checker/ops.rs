//! Orders with their answers, and what each of them may end.
//!
//! Time that was jumped over does not count where something is late: nobody came to anything in it.

use std::ops::Index;

use adieu_core::Beyond;

use crate::history::{
    CallAnswer, Happening, History, OpNumber, Order, SessionNumber, TokenNumber, UserNumber,
};
use crate::network::{LATE_MAX_MS, SLOW_MAX_MS};
use crate::rules::RunRules;

/// When what was sent by an order without an answer can have no effect any more.
const LATE_MS: i64 = (LATE_MAX_MS + 2 * SLOW_MAX_MS) as i64;

/// An order, from its beginning to its answer.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) no: OpNumber,
    pub(super) order: Order,
    /// Its place in the history, and its time.
    pub(super) begun: usize,
    pub(super) begun_at: i64,
    /// The place and the time of its answer, or of the moment from which on there would be none; none at the end of the run.
    pub(super) over: usize,
    pub(super) over_at: i64,
    /// Whether the answer says what became of it.
    pub(super) said: bool,
    pub(super) answer: Option<CallAnswer>,
    /// Until when it may take effect, in time that was not jumped over.
    effect_until: i64,
    active_begun: i64,
}

/// All orders of a history.
pub(super) struct Ops(Vec<Option<Op>>);

impl Index<OpNumber> for Ops {
    type Output = Op;

    fn index(&self, no: OpNumber) -> &Op {
        self.0[no].as_ref().expect("only orders that were given are answered")
    }
}

impl Ops {
    pub(super) fn of(history: &History) -> Self {
        let mut ops: Vec<Option<Op>> = Vec::new();
        let mut jumped = 0;
        for (now, event) in history.0.iter().enumerate() {
            let active = event.at - jumped;
            match &event.what {
                Happening::Begun { op, order, .. } => {
                    if ops.len() <= *op {
                        ops.resize(*op + 1, None);
                    }
                    ops[*op] = Some(Op {
                        no: *op,
                        order: *order,
                        begun: now,
                        begun_at: event.at,
                        over: usize::MAX,
                        over_at: i64::MAX,
                        said: false,
                        answer: None,
                        effect_until: i64::MAX,
                        active_begun: active,
                    });
                }
                Happening::Answered { op, answer } => {
                    if let Some(op) = &mut ops[*op] {
                        op.said = *answer != CallAnswer::CannotTell;
                        (op.over, op.over_at, op.answer) = (now, event.at, Some(answer.clone()));
                        op.effect_until = if op.said { i64::MIN } else { active + LATE_MS };
                    }
                }
                Happening::Lost { op } => {
                    if let Some(op) = &mut ops[*op] {
                        (op.over, op.over_at, op.effect_until) = (now, event.at, active + LATE_MS);
                    }
                }
                Happening::Jumped { ms } => jumped += i64::try_from(*ms).unwrap_or(0),
                _ => {}
            }
        }
        Self(ops)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Op> {
        self.0.iter().flatten()
    }
}

impl Op {
    /// Whether it may take effect while another one is under way.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.no != other.no && self.begun < other.over && !self.is_over_before(other)
    }

    /// Whether it can have no effect any more when another one begins.
    pub(super) fn is_over_before(&self, other: &Self) -> bool {
        if self.said { self.over < other.begun } else { self.effect_until < other.active_begun }
    }

    /// Whether it was answered before another one began.
    pub(super) fn is_answered_before(&self, other: &Self) -> bool {
        self.said && self.over < other.begun
    }
}

impl Order {
    /// Whether it may end a session, as far as that is open by this token.
    pub(super) fn may_end(
        &self,
        rules: &RunRules,
        token: TokenNumber,
        session: SessionNumber,
        user: UserNumber,
    ) -> bool {
        match *self {
            Self::EndToken { token: one } => one == token,
            Self::EndSession { session: one } | Self::Reset { session: one } => one == session,
            Self::EndOneOf { user: whose, session: one } => one == session && whose == user,
            Self::SignOn { user: whose, previous, .. } => {
                let goes_on = previous.is_some_and(|(_, one)| one == session);
                whose == user && (goes_on || self.may_end_others(rules))
            }
            _ => self.ends_all_of(rules, user) && self.spares() != Some(session),
        }
    }

    /// Whether it is a sign-on that ends other sessions where there are too many.
    pub(super) fn may_end_others(&self, rules: &RunRules) -> bool {
        let ends = rules.quota.is_some_and(|quota| quota.beyond != Beyond::Refuse);
        matches!(self, Self::SignOn { .. }) && ends
    }

    /// Whether it ends all sessions of a user, but for one that it may spare.
    pub(super) fn ends_all_of(&self, rules: &RunRules, user: UserNumber) -> bool {
        match *self {
            Self::EndUser { user: whose, .. }
            | Self::EndUserBut { user: whose, .. }
            | Self::OwnPassword { user: whose, .. }
            | Self::SetPassword { user: whose, .. }
            | Self::SetEnabled { user: whose, enabled: false }
            | Self::Remove { user: whose } => whose == user,
            Self::EndRealm => rules.users[user] == 0,
            _ => false,
        }
    }

    /// The session that it spares.
    pub(super) const fn spares(&self) -> Option<SessionNumber> {
        match *self {
            Self::EndUserBut { keep, .. } => Some(keep),
            Self::OwnPassword { session, .. } => Some(session),
            _ => None,
        }
    }

    /// Whether it also ends what would outlive a session.
    pub(super) const fn ends_what_outlives(&self) -> bool {
        matches!(
            self,
            Self::EndUser { grants: true, .. }
                | Self::SetEnabled { enabled: false, .. }
                | Self::Remove { .. }
        )
    }
}

impl CallAnswer {
    /// Whether it says that what the order means is over.
    pub(super) const fn says_ended(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::Changed { ended: true, .. })
    }
}
