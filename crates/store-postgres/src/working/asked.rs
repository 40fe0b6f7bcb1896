//! Questions whose answer is more than one row, or less: lists, counts, the first behind something.
//!
//! All questions of a kind that wait go as one statement, each with its number in front.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use adieu_store_records::Damaged;

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Halt, Looked, Value};

/// A question to the database.
pub(crate) trait StoreQuestion: Ord + Clone + Send + 'static {
    type Answer: Default + Send;
    /// Begins `SELECT q.n, …` and reads the questions from `unnest($1::bigint[], …) AS q(n, …)`; the rows of one question come in the
    /// order of their answer.
    const SQL: &'static str;
    /// The kinds of its values.
    const KINDS: &'static [ColumnKind];
    /// Whether it may be asked before the lock is held that guards its answer: then it is asked again under the lock.
    const LOOSE: bool = true;

    fn values(&self) -> Vec<Value>;
    /// Adds a row to the answer.
    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged>;
}

/// Answers to questions of one kind.
pub(crate) struct Replies<Q: StoreQuestion> {
    answers: BTreeMap<Q, Result<Q::Answer, Damaged>>,
    wanted: RefCell<BTreeSet<Q>>,
}

impl<Q: StoreQuestion> Default for Replies<Q> {
    fn default() -> Self {
        Self { answers: BTreeMap::new(), wanted: RefCell::default() }
    }
}

impl<Q: StoreQuestion> Replies<Q> {
    pub(crate) fn get(&self, question: &Q) -> Looked<&Q::Answer> {
        match self.answers.get(question) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(damaged)) => Err(Halt::Damaged(*damaged)),
            None => {
                self.wanted.borrow_mut().insert(question.clone());
                Err(Halt::Missing)
            }
        }
    }

    pub(crate) fn take_wanted(&mut self) -> Vec<Q> {
        std::mem::take(self.wanted.get_mut()).into_iter().collect()
    }

    /// Asks again what was asked before the lock was held.
    pub(crate) fn want_again(&mut self) {
        if Q::LOOSE {
            self.wanted.get_mut().extend(std::mem::take(&mut self.answers).into_keys());
        }
    }

    pub(crate) fn fill(&mut self, answers: impl IntoIterator<Item = (Q, Result<Q::Answer, Damaged>)>) {
        self.answers.extend(answers);
    }
}
