//! Promises about lists of sessions: nothing that is asked for is missing, however much there is besides.
//!
//! Lists are read a page at a time; a count is of what the list shows.

use adieu_core::{Beyond, EndKind, EndOrder, EndTarget, Fate, NotLive, Quota, SignOnOrder, Span, User};
use futures_util::future::join_all;

use crate::SessionQuery;
use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture, OpenedSession, notices};

/// Goal: a list for people: newest first, bounded, one user's only, with what became of each.
pub async fn sessions_of_a_user_come_newest_first_and_at_most_so_many<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let mut hers: Vec<OpenedSession> = Vec::new();
    for s in [5, 3, 9, 1, 7] {
        hers.push(fixture.sign_on(&ada, at(s)).await);
    }
    fixture.sign_on(&bob, at(4)).await;
    let gone = hers.remove(2);
    fixture.end(gone.presented(), at(10)).await.expect("an ending");
    let opened = async |most, live| {
        let query = SessionQuery { after: None, most, live };
        let page = fixture.store.user_sessions(ada.id, query, at(10)).await.expect("a page");
        assert!(page.sessions.iter().all(|one| one.user.id == ada.id && one.session.user == ada.id));
        page.sessions.iter().map(|one| one.session.opened_at.since(at(0)).s()).collect::<Vec<_>>()
    };
    assert_eq!(opened(100, None).await, [9, 7, 5, 3, 1]);
    assert_eq!(opened(100, Some(true)).await, [7, 5, 3, 1]);
    assert_eq!(opened(100, Some(false)).await, [9]);
    assert_eq!(opened(2, Some(true)).await, [7, 5]);
    assert_eq!(opened(0, None).await, [0; 0]);
    fixture.reset(&hers[0], at(11)).await.expect("a reset");
    let fates = fixture.sessions(&ada, None, at(1003)).await.into_iter().map(|one| one.fate);
    let whys: Vec<_> = fates
        .filter_map(|fate| match fate {
            Fate::Live => Some(None),
            Fate::Over(why, _) => Some(Some(why)),
            Fate::Ended(_) => None,
        })
        .collect();
    assert_eq!(whys, [None, Some(NotLive::Reset), Some(NotLive::Idle), Some(NotLive::Idle)]);
    assert_eq!(fixture.live_sessions(&ada, at(1003)).await.len(), 1);
    let stranger = fixture.nobody_yet("eve");
    assert_eq!(fixture.sessions(&stranger, None, at(10)).await.len(), 0);
}

/// Signs somebody on and ends the session, so many times.
async fn come_and_go<E: Engine>(fixture: &Fixture<E>, user: &User, times: usize) {
    for _ in 0..times.div_ceil(402) {
        let orders: Vec<_> = (0..402.min(times)).map(|_| fixture.order(user)).collect();
        let opened = join_all(orders.into_iter().map(|order| fixture.store.open_session(order, at(1)))).await;
        let ids = opened.into_iter().map(|done| done.expect("a sign-on").session.id);
        for ended in join_all(ids.map(|id| fixture.end_later(EndTarget::One(id), at(2)))).await {
            ended.expect("an ending");
        }
    }
}

/// Goal: a session that is live is on every list of live sessions, after 10,050 that came and went: on the first
/// page, and with a quota it is counted, and nothing else is. Also after a crash.
pub async fn a_live_session_is_listed_and_counted_at_any_history<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (first, second) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    come_and_go(&fixture, &ada, 10_050).await;
    let fixture = fixture.after_crash().await;
    let query = SessionQuery { after: None, most: 2, live: Some(true) };
    let page = fixture.store.user_sessions(ada.id, query, at(3)).await.expect("a page");
    assert_eq!((page.sessions.len(), page.next), (2, None), "all that is live, on one page");
    fixture.expect_live(&first, at(3)).await;
    fixture.expect_live(&second, at(3)).await;
    assert_eq!(fixture.store.count_sessions(ada.id).await.expect("a count"), 10_052);
    let quota = Some(Quota { max: 3, beyond: Beyond::Refuse });
    let (third, _) = fixture.signed_on(SignOnOrder { quota, ..fixture.order(&ada) }, at(4)).await;
    assert_eq!(third.ended.len(), 0);
    assert!(fixture.store.open_session(SignOnOrder { quota, ..fixture.order(&ada) }, at(5)).await.is_err());
    assert_eq!(fixture.live_sessions(&ada, at(5)).await.len(), 3);
}

/// Goal: pages lead from one to the next without missing or repeating one, while sessions come and go between them.
pub async fn live_sessions_are_listed_page_by_page<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut held = Vec::new();
    for s in 0..7 {
        held.push(fixture.sign_on(&ada, at(s / 2)).await);
    }
    fixture.end(held[4].presented(), at(10)).await.expect("an ending");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = SessionQuery { after, most: 2, live: Some(true) };
        let page = fixture.store.user_sessions(ada.id, query, at(10)).await.expect("a page");
        seen.extend(page.sessions.iter().map(|one| one.session.id));
        fixture.sign_on(&ada, at(10)).await;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expect = [6, 5, 3, 2, 1, 0].map(|n: usize| held[n].session.id);
    assert_eq!(seen, expect);
}

/// Goal: what ended together is on no list of live sessions at once; what was spared and what came later is.
pub async fn what_ended_together_is_not_listed_as_live<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (mine, other) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let reset = fixture.sign_on(&ada, at(0)).await;
    fixture.end(EndTarget::UserBut { user: ada.id, keep: mine.session.id }, at(1)).await.expect("an ending");
    let later = fixture.sign_on(&ada, at(2)).await;
    let ids = async |s| {
        fixture.live_sessions(&ada, at(s)).await.iter().map(|one| one.session.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(3).await, [later.session.id, mine.session.id]);
    fixture.expect_dead(&other, at(3)).await;
    fixture.reset(&mine, at(4)).await.expect("a reset");
    assert_eq!(ids(4).await, [later.session.id]);
    let again =
        SignOnOrder { previous: Some(mine.token.clone()), ..fixture.order(&fixture.read(&ada).await) };
    let (revived, _) = fixture.signed_on(again, at(5)).await;
    assert_eq!(revived.session.id, mine.session.id);
    assert_eq!(ids(6).await, [later.session.id, mine.session.id]);
    fixture.end(EndTarget::Realm(fixture.realm), at(7)).await.expect("an ending");
    assert_eq!(ids(7).await, []);
    fixture.expect_dead(&reset, at(7)).await;
    assert_eq!(fixture.store.count_sessions(ada.id).await.expect("a count"), 4, "they are remembered");
    let forget = EndOrder { kind: EndKind::Forget, ..fixture.ending(EndTarget::One(later.session.id)) };
    fixture.store.end(forget, at(8)).await.expect("an ending");
    assert_eq!(fixture.store.count_sessions(ada.id).await.expect("a count"), 3);
    let forget = EndOrder { kind: EndKind::Forget, ..fixture.ending(EndTarget::User(ada.id)) };
    fixture.store.end(forget, at(8)).await.expect("an ending");
    assert_eq!(fixture.store.count_sessions(ada.id).await.expect("a count"), 0);
}

/// Goal: an administrator reads all sessions of a realm, newest first, a page at a time, without missing any.
pub async fn the_sessions_of_a_realm_are_listed_page_by_page<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let mut opened: Vec<OpenedSession> = Vec::new();
    for s in [4, 2, 2, 7, 1, 9, 3] {
        let user = if s % 2 == 0 { &ada } else { &bob };
        opened.push(fixture.sign_on(user, at(s)).await);
    }
    fixture.end(opened[3].presented(), at(10)).await.expect("an ending");
    let all = async |live| {
        let (mut seconds, mut after) = (Vec::new(), None);
        loop {
            let query = SessionQuery { after, most: 2, live };
            let page = fixture.store.realm_sessions(fixture.realm, query, at(10)).await.expect("a page");
            assert!(page.sessions.len() <= 2);
            seconds.extend(page.sessions.iter().map(|one| one.session.opened_at.since(at(0)).s()));
            after = page.next;
            if after.is_none() {
                return seconds;
            }
        }
    };
    assert_eq!(all(None).await, [9, 7, 4, 3, 2, 2, 1]);
    assert_eq!(all(Some(true)).await, [9, 4, 3, 2, 2, 1]);
    assert_eq!(all(Some(false)).await, [7]);
    notices::take(&fixture, at(10)).await;
    fixture.store.sweep(at(100), Span::from_s(1)).await.expect("a sweep");
    assert_eq!(all(None).await, [9, 4, 3, 2, 2, 1], "a tombstone that was swept is not listed");
    let nowhere = adieu_core::RealmId::from_uuid(fixture.chance.uuid());
    let query = SessionQuery { after: None, most: 10, live: None };
    let page = fixture.store.realm_sessions(nowhere, query, at(10)).await.expect("a page");
    assert!(page.sessions.is_empty() && page.next.is_none());
}
