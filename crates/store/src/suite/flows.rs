//! Promises about short-lived state.
//!
//! The store keeps it, hands it out and throws it away; it never reads a body.

use futures_util::future::join_all;

use crate::Flow;
use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture};

/// Goal: a flow is what was put last; a reader of another kind sees none; whoever takes it was the last.
pub async fn a_flow_is_kept_replaced_read_and_taken<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let flow = |body: &[u8]| Flow {
        id: [7; 16],
        realm: fixture.realm,
        kind: "login".into(),
        expires_at: at(60),
        body: body.into(),
    };
    let read = async |kind| fixture.store.flow([7; 16], kind).await.expect("an answer");
    assert_eq!(read("login").await, None);
    fixture.store.put_flow(flow(b"one")).await.expect("written");
    fixture.store.put_flow(flow(b"two")).await.expect("written");
    assert_eq!(read("login").await, Some(flow(b"two")));
    assert_eq!(read("error").await, None);
    assert_eq!(fixture.store.take_flow([7; 16], "error").await.expect("an answer"), None);
    assert_eq!(fixture.store.take_flow([7; 16], "login").await.expect("an answer"), Some(flow(b"two")));
    assert_eq!(fixture.store.take_flow([7; 16], "login").await.expect("an answer"), None);
    assert_eq!(read("login").await, None);
    // Also when it is over: whether it is good for nothing earlier is for its owner to say.
    fixture.store.put_flow(Flow { expires_at: at(0), ..flow(b"old") }).await.expect("written");
    assert!(read("login").await.is_some());
    let fixture = fixture.after_crash().await;
    assert_eq!(
        fixture.store.take_flow([7; 16], "login").await.expect("an answer").expect("kept").body,
        b"old"
    );
}

/// Goal: what may be used once is used once, however many ask at the same time.
pub async fn of_many_takers_one_gets_it<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    for n in 0..20 {
        let id = [n; 16];
        let flow = Flow { id, realm: fixture.realm, kind: "login".into(), expires_at: at(60), body: vec![n] };
        fixture.store.put_flow(flow).await.expect("written");
        let takers = join_all((0..16).map(|_| fixture.store.take_flow(id, "login"))).await;
        let got = takers.into_iter().filter_map(|taken| taken.expect("an answer")).count();
        assert_eq!(got, 1);
    }
}

/// Goal: what may be begun once is begun once, however many begin at the same time, and again when its time has passed.
pub async fn of_many_makers_of_a_flow_one_makes_it<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let realm = fixture.realm;
    let flow = |n: u8, until| Flow {
        id: [7; 16],
        realm,
        kind: "order".into(),
        expires_at: at(until),
        body: vec![n],
    };
    let kept = async |now: i64, until: i64| {
        let makers = (0..16).map(|n| fixture.store.create_flow(flow(n, until), at(now)));
        let kept: Vec<bool> =
            join_all(makers).await.into_iter().map(|kept| kept.expect("an answer")).collect();
        let stored = fixture.store.flow([7; 16], "order").await.expect("an answer").expect("there");
        (kept.iter().filter(|kept| **kept).count(), kept[usize::from(stored.body[0])])
    };
    assert_eq!(kept(0, 60).await, (1, true), "one, and it is the one that stands there");
    assert_eq!(kept(59, 90).await.0, 0);
    assert_eq!(kept(60, 90).await, (1, true), "that time has passed");
    let fixture = fixture.after_crash().await;
    assert!(!fixture.store.create_flow(flow(1, 99), at(61)).await.expect("an answer"));
}
