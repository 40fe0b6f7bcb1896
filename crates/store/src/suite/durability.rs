//! Promises about crashes: what was acknowledged is there again.
//!
//! A crash leaves what the place holds at that moment; no goodbye is said.

use adieu_core::{EndTarget, How, NotLive};

use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture, OpenedSession};

/// Goal: sign-ons and changes outlive a crash exactly as they were answered.
pub async fn everything_acknowledged_outlives_a_crash<E: Engine>() {
    let mut fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut held: Vec<OpenedSession> = Vec::new();
    for round in 0..3 {
        for n in 0..10 {
            let now = at(round * 10 + n);
            held.push(fixture.sign_on(&ada, now).await);
            let renewed = &mut held[(n / 2) as usize];
            let previous = Some(renewed.token.clone());
            let order = adieu_core::SignOnOrder { previous, ..fixture.order(&ada) };
            let (done, token) = fixture.signed_on(order, now).await;
            assert_eq!(done.how, How::Renewed);
            *renewed = OpenedSession { session: done.session, token };
        }
        fixture = fixture.after_crash().await;
        for held in &held {
            let found = fixture.session_by_id(held.session.id, at(100)).await.expect("there");
            assert_eq!(format!("{:?}", found.session), format!("{:?}", held.session));
            fixture.expect_live(held, at(100)).await;
        }
    }
    assert_eq!(fixture.sessions(&ada, None, at(100)).await.len(), held.len());
}

/// Goal: ENDED-IS-DURABLE for every kind of ending, each acknowledged immediately before the crash.
pub async fn endings_of_all_kinds_outlive_a_crash<E: Engine>() {
    for n in 0..6 {
        let fixture = Fixture::<E>::new().await;
        let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
        let (one, two) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
        let his = fixture.sign_on(&bob, at(0)).await;
        let end = async |target| drop(fixture.end(target, at(1)).await.expect("an ending"));
        let dead: &[&OpenedSession] = match n {
            0 => {
                end(one.presented()).await;
                &[&one]
            }
            1 => {
                fixture.reset(&one, at(1)).await.expect("a reset");
                &[&one]
            }
            2 => {
                end(EndTarget::User(ada.id)).await;
                &[&one, &two]
            }
            3 => {
                end(EndTarget::UserBut { user: ada.id, keep: two.session.id }).await;
                &[&one]
            }
            4 => {
                end(EndTarget::Realm(fixture.realm)).await;
                &[&one, &two, &his]
            }
            _ => {
                fixture.enable(ada.id, false, at(1)).await;
                &[&one, &two]
            }
        };
        let dead: Vec<OpenedSession> = dead.iter().map(|&held| held.clone()).collect();
        let fixture = fixture.after_crash().await;
        for held in [&one, &two, &his] {
            if dead.iter().any(|d| d.session.id == held.session.id) {
                assert_ne!(fixture.expect_dead(held, at(2)).await, NotLive::Idle, "{n}");
            } else {
                fixture.expect_live(held, at(2)).await;
            }
        }
    }
}
