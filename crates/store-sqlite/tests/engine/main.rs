//! What this engine promises beyond the contract suite: its folder, its limits, damage below it, its map.
//!
//! Orders that chance rarely brings are forced by holding the engine's threads (feature `hooks`).

mod backup;
mod bounds;
mod damage;
mod ending_lines;
mod folder;
mod full;
mod small_files;
mod threads;

#[path = "../support/mod.rs"]
mod support;

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use adieu_store::suite::{Engine, Fixture};
use adieu_store_sqlite::{HookPoint, Options, SqliteStore};

/// A fixture, and its store by its own name.
async fn fixture_with(options: Options) -> (Fixture<support::Sqlite>, SqliteStore) {
    let engine = support::Sqlite::fresh().await;
    let store = engine.open_with(options).expect("the store opens");
    let fixture = Fixture::found_on(engine, Arc::new(store.clone())).await;
    (fixture, store)
}

/// A barrier at one place: whoever comes by says so and waits until it is opened.
#[derive(Clone, Default)]
struct Barrier(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    shut: Option<HookPoint>,
    waiting: usize,
}

/// How long anything may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(20);

impl Barrier {
    /// A barrier before every place of the store, open.
    fn of(store: &SqliteStore) -> Self {
        let barrier = Self::default();
        let held = barrier.clone();
        store.hold_with(move |place| held.come_by(place));
        barrier
    }

    fn come_by(&self, place: HookPoint) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().expect("no test panics here");
        if state.shut == Some(place) {
            state.waiting += 1;
            changed.notify_all();
            let waited = changed.wait_timeout_while(state, PATIENCE, |state| state.shut == Some(place));
            state = waited.expect("no test panics here").0;
            state.waiting -= 1;
        }
    }

    fn shut(&self, place: HookPoint) {
        self.0.0.lock().expect("no test panics here").shut = Some(place);
        self.0.1.notify_all();
    }

    fn open(&self) {
        self.0.0.lock().expect("no test panics here").shut = None;
        self.0.1.notify_all();
    }

    /// Waits until somebody waits at the barrier.
    fn somebody_waits(&self) {
        let (state, changed) = &*self.0;
        let state = state.lock().expect("no test panics here");
        let (state, _) = changed
            .wait_timeout_while(state, PATIENCE, |state| state.waiting == 0)
            .expect("no test panics here");
        assert!(state.waiting > 0, "nobody came by");
    }
}
