//! Promises between two nodes of one installation: two stores, open at the same time on the same data.
//!
//! What one has acknowledged, the other knows from then on: nobody waits for a message between them. Whatever a node keeps in
//! its memory may make it slower, never wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use adieu_core::{
    Beyond, Check, DirectoryError, EditUserOrder, EndKind, EndOrder, EndTarget, Ended, EndingFilter, Grant,
    GrantError, NotLive, Quota, RotateOrder, SessionToken, SignOnError, Span, UserEdit,
};
use futures_util::future::join_all;

use crate::suite::fixture::{IDLE, at};
use crate::suite::{Engine, Fixture, OpenedSession, grants, notices, subscribers};
use crate::{EndingQuery, Flow, LeaseOrder, SessionQuery, Store, StoredKey, Swept};

/// A fixture and a second node of it.
async fn two_nodes<E: Engine>() -> (Fixture<E>, Arc<dyn Store>) {
    let fixture = Fixture::<E>::new().await;
    let other = fixture.engine.open_beside().await.expect("an engine that can be opened twice");
    (fixture, other)
}

async fn checked(store: &Arc<dyn Store>, token: &SessionToken, s: i64) -> Check {
    store.check(token, false, at(s)).get().await.expect("an answer")
}

/// Says that a session is live at both, so that whatever they keep in memory holds it from now on.
async fn live_at_both<E: Engine>(fixture: &Fixture<E>, other: &Arc<dyn Store>, held: &OpenedSession, s: i64) {
    for store in [&fixture.store, other] {
        let check = checked(store, &held.token, s).await;
        assert!(matches!(&check, Check::Live(live) if live.session.id == held.session.id), "{check:?}");
    }
}

/// Goal: NO-STALE-YES over nodes: no check that begins after the answer to an ending says live, however warm the other node's
/// memory is. Of every kind of ending.
pub async fn an_ending_at_one_is_over_at_the_other<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let spared = fixture.sign_on(&ada, at(0)).await;
    for kind in 0..7 {
        let held = fixture.sign_on(&ada, at(0)).await;
        live_at_both(&fixture, &other, &held, 1).await;
        let id = held.session.id;
        match kind {
            0 => drop(fixture.end(held.presented(), at(2)).await.expect("an ending")),
            1 => drop(fixture.end(EndTarget::One(id), at(2)).await.expect("an ending")),
            2 => drop(fixture.reset(&held, at(2)).await.expect("a reset")),
            3 => {
                let keep = spared.session.id;
                let all_but = EndTarget::UserBut { user: ada.id, keep };
                fixture.end(all_but, at(2)).await.expect("an ending");
                live_at_both(&fixture, &other, &spared, 3).await;
            }
            4 => {
                let forget = EndOrder { kind: EndKind::Forget, ..fixture.ending(EndTarget::One(id)) };
                fixture.store.end(forget, at(2)).await.expect("an ending");
                assert!(other.session_record(id, at(3)).await.expect("an answer").is_none());
            }
            5 => drop(fixture.end(EndTarget::User(ada.id), at(2)).await.expect("an ending")),
            _ => drop(fixture.end(EndTarget::Realm(fixture.realm), at(2)).await.expect("an ending")),
        }
        for store in [&fixture.store, &other] {
            let check = checked(store, &held.token, 3).await;
            assert!(matches!(check, Check::Not(_)), "kind {kind}: {check:?}");
            let found = store.session_by_id(id, false, at(3)).get().await.expect("an answer");
            assert!(found.is_none_or(|found| found.verdict != adieu_core::Verdict::Live), "kind {kind}");
        }
    }
    let bob = fixture.user("bob").await;
    let held = fixture.sign_on(&bob, at(4)).await;
    live_at_both(&fixture, &other, &held, 5).await;
    fixture.enable(bob.id, false, at(6)).await;
    assert!(matches!(checked(&other, &held.token, 7).await, Check::Not(_)), "its user is disabled");
    fixture.enable(bob.id, true, at(8)).await;
    assert!(matches!(checked(&other, &held.token, 9).await, Check::Not(_)), "enabling brings nothing back");
}

/// Goal: ONE-SESSION over nodes: what was opened at one is checked, renewed and ended at the other.
pub async fn a_session_of_one_is_live_at_the_other_and_works_there<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    live_at_both(&fixture, &other, &held, 1).await;
    let order = adieu_core::SignOnOrder {
        previous: Some(held.token.clone()),
        ..fixture.order(&fixture.read(&ada).await)
    };
    let secret = order.secret.clone();
    let renewed = other.open_session(order, at(2)).await.expect("a sign-on");
    assert_eq!(renewed.session.id, held.session.id);
    // The replaced token opens nothing anywhere; the new one opens the session everywhere.
    let token = SessionToken { id: renewed.session.id, secret };
    for store in [&fixture.store, &other] {
        assert!(matches!(checked(store, &held.token, 3).await, Check::Not(NotLive::Unknown)));
        assert!(matches!(checked(store, &token, 3).await, Check::Live(_)));
    }
    let ended = other.end(fixture.ending(EndTarget::One(token.id)), at(4)).await;
    assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");
    assert!(matches!(checked(&fixture.store, &token, 5).await, Check::Not(_)));
    assert!(matches!(fixture.end(EndTarget::One(token.id), at(5)).await, Ok(Ended::Before)));
}

/// Goal: NO-FALSE-NO over nodes: a user who works at one node is not idle at the other. Nodes may tell each other as late as
/// the grain of activity allows.
pub async fn activity_at_one_keeps_a_session_from_being_idle_at_the_other<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    live_at_both(&fixture, &other, &held, 0).await;
    let grain = held.session.seen_grain().s();
    let last = IDLE.s() - 1;
    for s in (0..=last).step_by(10) {
        other.check(&held.token, true, at(s)).get().await.expect("an answer");
    }
    fixture.engine.activity_is_written(&other).await;
    let check = checked(&fixture.store, &held.token, last + IDLE.s() - grain - 10).await;
    assert!(matches!(check, Check::Live(_)), "{check:?}");
}

/// Goal: nobody is let in or kept out by what a node remembers of users, realms, clients and documents.
pub async fn what_one_writes_of_the_directory_the_other_reads<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let shop = fixture.client("shop").await;
    let seen = other.user(ada.id).get().await.expect("an answer").expect("she is there");
    assert_eq!(seen.username, "ada");
    assert!(other.client(&shop.id).get().await.expect("an answer").is_some());
    assert!(other.realm(fixture.realm).get().await.expect("an answer").is_some());
    let edit = UserEdit { username: Some("augusta".into()), ..UserEdit::default() };
    fixture.edit(ada.id, edit, at(1)).await.expect("a change");
    let seen = other.user(ada.id).get().await.expect("an answer").expect("she is there");
    assert_eq!(seen.username, "augusta");
    assert!(other.user_named(fixture.realm, "ada").await.expect("an answer").is_none());
    assert!(other.user_named(fixture.realm, "Augusta").await.expect("an answer").is_some());
    fixture.end(EndTarget::Grants(shop.id.clone()), at(2)).await.expect("an ending");
    let seen = other.client(&shop.id).get().await.expect("an answer").expect("it is there");
    assert_eq!(seen.generation, shop.generation + 1);
    fixture.remove_client(&shop.id, None).await.expect("removed");
    assert!(other.client(&shop.id).get().await.expect("an answer").is_none());
}

/// Goal: two people who change one user at two nodes at the same moment do not undo each other: the later change is refused,
/// because it was made from what is not so any more.
pub async fn a_stale_change_is_refused_at_the_other<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let order = |edit| EditUserOrder {
        user: ada.id,
        from: ada.version,
        edit,
        by_session: None,
        password_ends_sessions: true,
        origin: fixture.origin(),
    };
    let name = UserEdit { username: Some("augusta".into()), ..UserEdit::default() };
    let mail = UserEdit { email: Some(None), ..UserEdit::default() };
    fixture.store.edit_user(order(name), at(1)).await.expect("a change");
    let stale = other.edit_user(order(mail.clone()), at(1)).await;
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    // Read again and made again it goes through, and both are so.
    let seen = other.user(ada.id).get().await.expect("an answer").expect("she is there");
    let again = EditUserOrder { from: seen.version, ..order(mail) };
    other.edit_user(again, at(2)).await.expect("a change");
    let seen = fixture.read(&ada).await;
    assert_eq!((seen.username.as_str(), seen.email), ("augusta", None));
}

/// Goal: a quota holds over nodes, and no two sessions get one place: sign-ons of one user at both, at once.
pub async fn sign_ons_at_both_count_each_other<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let quota = Some(Quota { max: 5, beyond: Beyond::Refuse });
    let orders = (0..32).map(|n| {
        let store = if n % 2 == 0 { &fixture.store } else { &other };
        store.open_session(adieu_core::SignOnOrder { quota, ..fixture.order(&ada) }, at(0))
    });
    let mut ids = BTreeSet::new();
    for answer in join_all(orders).await {
        match answer {
            Ok(done) => assert!(ids.insert(done.session.id), "one place twice"),
            Err(SignOnError::Quota) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(ids.len(), 5);
    for store in [&fixture.store, &other] {
        let query = SessionQuery { after: None, most: 100, live: Some(true) };
        let listed = store.user_sessions(ada.id, query, at(1)).await.expect("a page").sessions;
        assert_eq!(listed.iter().map(|one| one.session.id).collect::<BTreeSet<_>>(), ids);
    }
}

/// Goal: of many who end one session at both nodes at once, one did it.
pub async fn of_endings_at_both_one_is_the_first<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    for _ in 0..10 {
        let held = fixture.sign_on(&ada, at(0)).await;
        let orders = (0..16).map(|n| {
            let store = if n % 2 == 0 { &fixture.store } else { &other };
            store.end(fixture.ending(held.presented()), at(1))
        });
        let answers = join_all(orders).await;
        let first = answers.iter().filter(|answer| matches!(answer, Ok(Ended::Now(_)))).count();
        let before = answers.iter().filter(|answer| matches!(answer, Ok(Ended::Before))).count();
        assert_eq!((first, before), (1, 15));
    }
}

/// Goal: endings at both nodes at once have ids of their own, and both nodes find all of them, in one order; a page that one
/// began is gone on with at the other.
pub async fn endings_of_both_stand_in_one_order<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let mut orders = Vec::new();
    for n in 0..24 {
        let user = fixture.user(&format!("user-{n}")).await;
        let held = fixture.sign_on(&user, at(0)).await;
        let store = if n % 2 == 0 { &fixture.store } else { &other };
        orders.push(store.end(fixture.ending(held.presented()), at(1)));
    }
    let mut ids = BTreeSet::new();
    for answer in join_all(orders).await {
        let id = fixture.id_of(&answer.expect("an ending")).expect("an id");
        assert!(ids.insert(id.to_string()), "one place twice");
        for store in [&fixture.store, &other] {
            assert!(store.ending(id).await.expect("an answer").is_some());
        }
    }
    let listed = async |first: &Arc<dyn Store>, second: &Arc<dyn Store>| -> Vec<String> {
        let (mut all, mut after, mut turn) = (Vec::new(), None, 0);
        loop {
            let query = EndingQuery { after, most: 5, filter: EndingFilter::default() };
            let store = if turn % 2 == 0 { first } else { second };
            let page = store.endings(query).await.expect("a page");
            all.extend(page.endings.into_iter().map(|one| one.id.to_string()));
            (after, turn) = (page.next, turn + 1);
            if after.is_none() {
                return all;
            }
        }
    };
    let here = listed(&fixture.store, &other).await;
    assert_eq!(here, listed(&other, &fixture.store).await);
    assert_eq!((here.len(), here.into_iter().collect::<BTreeSet<_>>()), (24, ids));
}

/// Goal: what may be used once is used once, whichever node is asked.
pub async fn of_two_takers_one_gets_the_flow<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    for n in 0..20 {
        let id = [n; 16];
        let flow = Flow { id, realm: fixture.realm, kind: "login".into(), expires_at: at(60), body: vec![n] };
        fixture.store.put_flow(flow).await.expect("written");
        let takers = (0..8).map(|m| {
            let store = if m % 2 == 0 { &fixture.store } else { &other };
            store.take_flow(id, "login")
        });
        let taken = join_all(takers).await;
        assert_eq!(taken.into_iter().filter_map(|taken| taken.expect("an answer")).count(), 1);
    }
}

/// Goal: S-TOK-4 and S-TOK-5 over nodes: of many refreshes of one token at both nodes at once one rotates it. Within the grace the
/// others get the same successor; without one the second use revokes the grant, and both nodes know.
pub async fn of_refreshes_at_both_one_rotates<E: Engine>() {
    for grace in [10, 0] {
        let (fixture, other) = two_nodes::<E>().await;
        let (_, _, grant) = grants::bought(&fixture).await;
        let order = || RotateOrder { grace: Span::from_s(grace), ..grants::rotate(&grant, 3, 4) };
        let orders = (0..8).map(|n| [&fixture.store, &other][n % 2].rotate(order(), at(5)));
        let leads_to_the_next = |rotated: &Grant| {
            rotated.refresh.as_ref().is_some_and(|refresh| refresh.current.same(&grants::hash(4)))
        };
        let mut rotated = 0;
        for answer in join_all(orders).await {
            match answer {
                Ok(next) => {
                    assert!(leads_to_the_next(&next), "{next:?}");
                    rotated += 1;
                }
                Err(error) => assert!(matches!(error, GrantError::Replayed), "{error:?}"),
            }
        }
        assert_eq!(rotated, if grace > 0 { 8 } else { 1 });
        for store in [&fixture.store, &other] {
            let read = store.grant(grant.id).get().await.expect("an answer").expect("the grant is there");
            assert_eq!((leads_to_the_next(&read), read.revoked), (true, grace == 0));
        }
        let used = other.rotate(grants::rotate(&grant, 4, 5), at(6)).await;
        assert_eq!(used.is_ok(), grace > 0, "{used:?}");
    }
}

/// Goal: RFC 6749 §4.1.2 over nodes: of many who redeem one code at both nodes at once one buys, and what it bought is revoked at
/// both.
pub async fn of_redemptions_at_both_one_buys<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let (held, shop) = (fixture.sign_on(&ada, at(0)).await, fixture.client("shop").await);
    let grant = grants::code(&fixture, &held, &shop);
    fixture.store.issue(grants::issue(grant.clone()), at(1)).await.expect("a code");
    let orders = (0..8).map(|n| [&fixture.store, &other][n % 2].redeem(grants::redeem(&grant), at(2)));
    let answers = join_all(orders).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(GrantError::Replayed))).count(), 7);
    for store in [&fixture.store, &other] {
        let read = store.grant(grant.id).get().await.expect("an answer").expect("the grant is there");
        assert!(read.redeemed && read.revoked, "{read:?}");
        assert!(store.rotate(grants::rotate(&grant, 3, 4), at(3)).await.is_err());
    }
}

/// Goal: two nodes that sweep at the same time get in nobody's way: everything is taken once, and nothing that is live.
pub async fn two_sweeps_take_everything_once_and_nothing_live<E: Engine>() {
    const KEPT: Span = Span::from_s(1_000_000);
    const TWO_HOURS: i64 = 7200;
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let orders = (0..1200).map(|_| fixture.store.open_session(fixture.order(&ada), at(0)));
    for opened in join_all(orders).await {
        opened.expect("a sign-on");
    }
    let now = IDLE.s() + TWO_HOURS;
    let fresh = fixture.sign_on(&ada, at(now)).await;
    let mut all = Swept::default();
    loop {
        let both = join_all([fixture.store.sweep(at(now), KEPT), other.sweep(at(now), KEPT)]).await;
        let both: Vec<Swept> = both.into_iter().map(|swept| swept.expect("a sweep")).collect();
        all.sessions += both.iter().map(|swept| swept.sessions).sum::<u32>();
        live_at_both(&fixture, &other, &fresh, now).await;
        if both.iter().all(|swept| !swept.more) {
            break;
        }
    }
    assert_eq!(all.sessions, 1200);
    for store in [&fixture.store, &other] {
        assert_eq!(store.count_live_sessions(ada.id, at(now)).await.expect("a count"), 1);
    }
}

/// Goal: two nodes that make a first key for a realm at the same time lose neither: what one signs, the other verifies, and both
/// agree which is which.
pub async fn two_first_keys_stay_and_come_in_one_order<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let key = |kid: &str| StoredKey {
        realm: fixture.realm,
        kid: kid.into(),
        algorithm: "RS256".into(),
        sealed: vec![1, 2, 3],
        created_at: at(0),
        signs_from: at(0),
    };
    assert!(fixture.store.keys(fixture.realm).await.expect("an answer").is_empty());
    assert!(other.keys(fixture.realm).await.expect("an answer").is_empty());
    for made in join_all([fixture.store.add_key(key("one")), other.add_key(key("two"))]).await {
        made.expect("a key");
    }
    let kids = async |store: &Arc<dyn Store>| -> Vec<String> {
        store.keys(fixture.realm).await.expect("an answer").into_iter().map(|key| key.kid).collect()
    };
    let (here, there) = (kids(&fixture.store).await, kids(&other).await);
    assert_eq!(here.len(), 2);
    assert_eq!(here, there);
}

/// Goal: two nodes that tell at the same time make each receipt once and send each notice once; what one confirms is confirmed
/// at the other.
pub async fn notices_are_made_and_leased_once<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    for _ in 0..20 {
        let held = notices::shared(&fixture, &ada, &["shop", "wiki"]).await;
        fixture.end(held.presented(), at(5)).await.expect("an ending");
    }
    let steps = (0..6).map(|n| [&fixture.store, &other][n % 2].take_endings(at(6)));
    let made: u32 = join_all(steps).await.into_iter().map(|taken| taken.expect("a step").receipts).sum();
    assert_eq!(made, 40);
    let order =
        |most| LeaseOrder { until: at(30), most, reserved: 0, most_each: 7, busy: Default::default() };
    let leases = (0..8).map(|n| [&fixture.store, &other][n % 2].lease_notices(order(10), at(6)));
    let mut keys = BTreeSet::new();
    for leased in join_all(leases).await {
        for one in leased.expect("leased").notices {
            assert!(keys.insert(one.receipt.key()), "{one:?} is sent twice");
        }
    }
    assert_eq!(keys.len(), 40);
}

/// Goal: whoever subscribes at one node is told of what ends at the other from then on, and of nothing earlier, however warm that one's
/// memory of the realm is.
pub async fn what_one_subscribes_the_other_tells<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let ada = fixture.user("ada").await;
    let end_at = async |store: &Arc<dyn Store>, s| {
        let held = fixture.sign_on(&ada, at(s)).await;
        live_at_both(&fixture, &other, &held, s).await;
        store.end(fixture.ending(EndTarget::One(held.session.id)), at(s)).await.expect("an ending");
    };
    end_at(&other, 1).await;
    let audit = subscribers::hook("audit", fixture.realm);
    fixture.store.create_subscriber(audit.clone()).await.expect("made");
    end_at(&other, 2).await;
    end_at(&fixture.store, 3).await;
    other.remove_subscriber(&audit.id, None).await.expect("removed");
    end_at(&fixture.store, 4).await;
    other.create_subscriber(audit.clone()).await.expect("made");
    end_at(&fixture.store, 5).await;
    assert_eq!(
        notices::take(&fixture, at(6)).await,
        1,
        "the one of before is gone, and what it was owed with it"
    );
    let order = LeaseOrder { until: at(40), most: 100, reserved: 0, most_each: 7, busy: Default::default() };
    let leased = other.lease_notices(order, at(7)).await.expect("leased").notices;
    assert_eq!(leased.iter().map(|one| one.receipt.ended_at).collect::<Vec<_>>(), [at(5)]);
    let taken = fixture.store.create_subscriber(audit).await;
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
}

/// Goal: NO-STALE-YES over nodes: a consent that is withdrawn at one is none at the other, however warm its memory is.
pub async fn a_consent_of_one_is_known_at_the_other_and_withdrawn_for_it<E: Engine>() {
    let (fixture, other) = two_nodes::<E>().await;
    let (ada, shop) = (fixture.user("ada").await, fixture.client("shop").await);
    let order = adieu_core::ConsentOrder {
        user: ada.id,
        client: shop.id.clone(),
        client_generation: shop.generation,
        client_identity: shop.identity_generation,
        scope: "openid".into(),
        claims: String::new(),
    };
    let given = fixture.store.give_consent(order, at(1)).await.expect("agreed");
    let found = other.consent(ada.id, &shop.id).get().await.expect("an answer");
    assert_eq!(found.as_deref(), Some(&given));
    assert!(fixture.store.withdraw_consent(ada.id, shop.id.clone()).await.expect("written"));
    assert!(other.consent(ada.id, &shop.id).get().await.expect("an answer").is_none());
}
