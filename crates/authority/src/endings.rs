//! The index of endings, and the endings of one request: their ids, for whoever answers it.
//!
//! Whatever ends something on the way of a request is noted here, whichever dialect asked; nobody has to hand the ids on.

use std::cell::RefCell;
use std::collections::VecDeque;

use adieu_core::{EndingId, EndingPlace, FoundEnding, Outage};
use adieu_store::{EndingPage, EndingQuery};

use crate::Authority;

/// Endings of one request whose ids are given (HOME-LIMITS): the newest. What was meant ends last.
const NOTED_MAX: usize = 16;

tokio::task_local! {
    static NOTED: RefCell<VecDeque<EndingId>>;
}

/// Carries out what a request asks for; gives the ids of the endings on its way, in their order, at most sixteen.
pub async fn noting_endings<T>(request: impl Future<Output = T>) -> (T, Vec<EndingId>) {
    let noting = async {
        let answer = request.await;
        (answer, NOTED.with(|noted| noted.borrow().iter().copied().collect()))
    };
    NOTED.scope(RefCell::default(), noting).await
}

/// Notes an ending. Outside of a request nobody asks for it.
pub(crate) fn note(id: EndingId) {
    let _ = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        if noted.len() == NOTED_MAX {
            noted.pop_front();
        }
        noted.push_back(id);
    });
}

/// The ids of the endings on the way of this request so far, in their order, at most sixteen.
pub fn endings_noted() -> Vec<EndingId> {
    NOTED.try_with(|noted| noted.borrow().iter().copied().collect()).unwrap_or_default()
}

impl Authority {
    /// The public id of the ending at a place.
    pub fn ending_id(&self, place: EndingPlace) -> EndingId {
        self.store().ending_id(place)
    }

    /// The ending of an id, for as long as it is kept.
    pub async fn ending(&self, id: EndingId) -> Result<Option<FoundEnding>, Outage> {
        self.store().ending(id).await
    }

    /// The endings of the installation, newest first, a page at a time.
    pub async fn endings(&self, query: EndingQuery) -> Result<EndingPage, Outage> {
        self.store().endings(query).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> EndingId {
        EndingId::from_bytes([n; 16])
    }

    /// Goal: a request is told of its own endings only, and of a bounded number.
    #[tokio::test]
    async fn a_request_is_told_of_its_own_endings() {
        note(id(0)); // Of nobody's request.
        assert_eq!(endings_noted(), []);
        let one = noting_endings(async {
            note(id(1));
            tokio::task::yield_now().await;
            note(id(2));
            assert_eq!(endings_noted(), [id(1), id(2)]);
            "answered"
        });
        let other = noting_endings(async { (3..40).for_each(|n| note(id(n))) });
        let ((answer, own), (_, others)) = tokio::join!(one, other);
        assert_eq!((answer, own), ("answered", vec![id(1), id(2)]));
        assert_eq!(others, (24..40).map(id).collect::<Vec<_>>());
    }
}
