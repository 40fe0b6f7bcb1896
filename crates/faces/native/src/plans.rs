//! Plans that were shown and are not carried out to their end.
//!
//! Kept in this process, for a time: a plan is what a caller has just looked at; a caller who finds it gone makes another one.
//! Whoever carries one out has it to themselves.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_authority::{Span, Timestamp};
use adieu_provisioning::apply::Plan;
use uuid::Uuid;

/// How long a plan waits to be carried out.
const KEPT: Span = Span::from_s(15 * 60);
/// Plans that wait; the oldest goes first.
const PLANS_MAX: usize = 16;
/// Changes of all plans that wait: about a kilobyte each.
const CHANGES_MAX: usize = 400_000;

/// A plan by the name that it was given.
struct Waiting {
    id: Uuid,
    until: Timestamp,
    plan: Plan,
}

/// The plans that wait, oldest first.
#[derive(Default)]
pub(crate) struct Plans(Mutex<VecDeque<Waiting>>);

impl Plans {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a plan in which something is left.
    pub(super) fn keep(&self, id: Uuid, plan: Plan, now: Timestamp) {
        let mut waiting = self.lock();
        waiting.retain(|one| now < one.until);
        waiting.push_back(Waiting { id, until: now.plus(KEPT), plan });
        let too_many = |waiting: &VecDeque<Waiting>| {
            let changes: usize = waiting.iter().map(|one| one.plan.left()).sum();
            waiting.len() > PLANS_MAX || (changes > CHANGES_MAX && waiting.len() > 1)
        };
        while too_many(&waiting) {
            waiting.pop_front();
        }
    }

    /// The plan of that name, to be carried out; nobody else finds it now.
    pub(super) fn take(&self, id: Uuid, now: Timestamp) -> Option<Plan> {
        let mut waiting = self.lock();
        let at = waiting.iter().position(|one| one.id == id && now < one.until)?;
        waiting.remove(at).map(|one| one.plan)
    }
}
