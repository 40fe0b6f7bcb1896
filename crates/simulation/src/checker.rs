//! Whether a history keeps the promises.
//!
//! A pure function of what happened and of what the store holds at the end. It demands nothing of what is in doubt: an order
//! whose answer was lost may take effect, late or never. Every rule is tried with a history that breaks it.

mod endings;
mod grants;
mod ops;
mod people;
mod sessions;
#[cfg(test)]
mod tests;
mod told;
mod violations;

use crate::facts::FinalFacts;
use crate::history::{Happening, History};
use crate::rules::RunRules;

use self::grants::GrantBook;
use self::ops::Ops;
use self::people::PersonBook;
use self::sessions::SessionBook;
use self::violations::Violations;

/// What breaks a promise, in words.
pub(crate) fn violations(rules: &RunRules, history: &History, facts: &FinalFacts) -> Vec<String> {
    let ops = Ops::of(history);
    let mut found = Violations::default();
    let mut sessions = SessionBook::new(rules, &ops);
    let mut grants = GrantBook::new(rules, &ops);
    let mut people = PersonBook::new(rules, &ops);
    for (now, event) in history.0.iter().enumerate() {
        found.now = now;
        match &event.what {
            Happening::Begun { op, .. } => {
                sessions.refreshes(grants.session_refreshed(ops[*op].order), event.at, 1);
                sessions.begun(&ops[*op]);
                grants.begun(&ops[*op]);
                people.begun(&ops[*op]);
            }
            Happening::Answered { op, answer } => {
                sessions.refreshes(grants.session_refreshed(ops[*op].order), event.at, -1);
                sessions.answered(&ops[*op], answer, &mut found);
                grants.answered(&ops[*op], answer, &sessions, &mut found);
                people.answered(&ops[*op], answer, &mut found);
            }
            Happening::Lost { op } => {
                sessions.refreshes(grants.session_refreshed(ops[*op].order), event.at, -1);
                sessions.lost(&ops[*op]);
                grants.lost(&ops[*op]);
            }
            Happening::Posted { receiver, told, .. } => {
                sessions.told(*receiver, told, now, event.at, facts, &mut found);
            }
            Happening::Crashed { .. }
            | Happening::Started { .. }
            | Happening::Jumped { .. }
            | Happening::Replied { .. }
            | Happening::Heard { .. } => {}
        }
    }
    told::receipts(rules, history, facts, &mut found);
    told::leases(history, &mut found);
    endings::everybody_is_told(rules, &ops, &sessions, facts, &mut found);
    found.all
}
