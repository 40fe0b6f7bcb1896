//! The posts of one form take turns, in this process: the second one finds what the first one led to.
//!
//! Other nodes are not waited for; what a form led to is in the store for them (`form_uses`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use adieu_store::FlowId;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// One form of one browser or program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormKey(pub(crate) FlowId);

impl FormKey {
    /// The form of this name among those of a kind. The name is nothing that anybody else knows.
    pub fn of(kind: &str, name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update((kind.len() as u64).to_be_bytes()); // Lengths first: no two inputs run together.
        hash.update(kind.as_bytes());
        hash.update(name.as_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        Self(hash[..16].try_into().expect("the hash is longer"))
    }
}

/// The turn of one post of a form. The next one begins when it is dropped.
pub struct FormTurn {
    turns: Arc<FormTurns>,
    form: FormKey,
    held: Option<OwnedMutexGuard<()>>,
}

/// The forms that are being answered, in this process. There are no more than requests (HOME-LIMITS).
#[derive(Default)]
pub(crate) struct FormTurns(Mutex<HashMap<FormKey, Arc<Turn<()>>>>);

impl Drop for FormTurn {
    fn drop(&mut self) {
        let mut turns = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.held = None;
        // The map holds one of them, and each that waits another.
        if turns.get(&self.form).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.form);
        }
    }
}

impl FormTurns {
    /// Waits until the earlier posts of a form are answered.
    pub(crate) async fn turn(turns: &Arc<Self>, form: FormKey) -> FormTurn {
        let turn = {
            let mut map = turns.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(map.entry(form).or_default())
        };
        let mut waiting = FormTurn { turns: Arc::clone(turns), form, held: None };
        waiting.held = Some(turn.lock_owned().await);
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_two_kinds_are_two() {
        assert_eq!(FormKey::of("a", "b"), FormKey::of("a", "b"));
        assert_ne!(FormKey::of("a", "bc"), FormKey::of("ab", "c"));
    }
}
