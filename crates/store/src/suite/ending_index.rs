//! Promises about the index of endings: every ending has an id and one entry, found by the id and in the order of time, for as
//! long as what it leads to is kept.
//!
//! Nobody is told here.

use std::collections::BTreeSet;

use adieu_core::{
    Actor, Beyond, Cause, EndKind, EndOrder, EndTarget, Ended, EndedReach, EndingFilter, EndingId,
    FoundEnding, Quota, ReceiptStates, SignOnOrder, Span, Timestamp, UserEdit,
};
use futures_util::future::join_all;

use crate::EndingQuery;
use crate::suite::fixture::{IDLE, at};
use crate::suite::grants::{code, issue};
use crate::suite::{Engine, Fixture, notices};

/// Longer than any test goes on.
const KEPT: Span = Span::from_s(1_000_000);

fn all() -> EndingFilter {
    EndingFilter::default()
}

async fn found<E: Engine>(fixture: &Fixture<E>, id: EndingId) -> Option<FoundEnding> {
    fixture.store.ending(id).await.expect("an answer")
}

async fn sweep<E: Engine>(fixture: &Fixture<E>, now: Timestamp, kept: Span) {
    while fixture.store.sweep(now, kept).await.expect("a sweep").more {}
}

/// What of an ending is compared.
fn brief(found: &FoundEnding) -> (EndingId, Cause, Timestamp) {
    let record = found.record.as_deref().expect("it is known how");
    (found.id, record.cause, record.at)
}

/// Goal: whatever an order ends has an id, which finds it at once and over a crash: when, why, by whom, what; and the index has
/// it in the order of time.
pub async fn every_ending_has_an_id_and_stands_in_the_index<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let shop = fixture.client("shop").await;
    let mut given = Vec::new();
    for n in 0..10 {
        let held = fixture.sign_on(&ada, at(n)).await;
        let other = fixture.sign_on(&ada, at(n)).await;
        let (id, keep) = (held.session.id, other.session.id);
        let (target, kind) = match n {
            0 => (held.presented(), EndKind::End),
            1 => (EndTarget::One(id), EndKind::End),
            2 => (EndTarget::OneOf { user: ada.id, session: id }, EndKind::End),
            3 => (EndTarget::One(id), EndKind::Reset),
            4 => (EndTarget::One(id), EndKind::Forget),
            5 => (EndTarget::UserBut { user: ada.id, keep }, EndKind::End),
            6 => (EndTarget::User(ada.id), EndKind::End),
            7 => (EndTarget::Grants(shop.id.clone()), EndKind::End),
            8 => (EndTarget::UserAndGrants(ada.id), EndKind::End),
            _ => (EndTarget::Realm(fixture.realm), EndKind::End),
        };
        let reach = match n {
            0..4 => EndedReach::Session { id, user: ada.id, participants: vec![] },
            4 => EndedReach::ForgottenSession,
            5 => EndedReach::User { id: ada.id, spared: Some(keep), with_grants: false },
            6 => EndedReach::User { id: ada.id, spared: None, with_grants: false },
            7 => EndedReach::Client(shop.id.clone()),
            8 => EndedReach::User { id: ada.id, spared: None, with_grants: true },
            _ => EndedReach::Realm,
        };
        let order = EndOrder { kind, ..fixture.ending(target) };
        let ended = fixture.store.end(order, at(n)).await.expect("an ending");
        let Ended::Now(ended) = ended else { panic!("{n}: not ended") };
        let id = fixture.store.ending_id(ended.place.expect("a place"));
        let shown = found(&fixture, id).await.expect("it is found");
        assert_eq!((&shown.reach, shown.realm), (&reach, fixture.realm), "{n}");
        assert_eq!((shown.record.as_deref(), shown.written_at), (Some(&*ended.record), at(n)), "{n}");
        given.push((id, Cause::Administrator, at(n)));
    }
    let fixture = fixture.after_crash().await;
    given.reverse();
    let listed = fixture.endings(all(), 4).await;
    assert_eq!(listed.iter().map(brief).collect::<Vec<_>>(), given);
    for (id, cause, when) in given {
        assert_eq!(brief(&found(&fixture, id).await.expect("it is found")), (id, cause, when));
    }
    assert!(found(&fixture, EndingId::from_bytes(fixture.chance.bytes())).await.is_none());
    let session = fixture.sign_on(&ada, at(20)).await.session.id;
    assert!(found(&fixture, EndingId::from_bytes(session.to_bytes())).await.is_none());
}

/// Goal: an ending that nobody ordered by that name is one like any other: of a user who is disabled, removed or given another
/// password, of a session above the quota, of a client that is switched off or removed.
pub async fn what_ends_with_another_act_stands_in_the_index<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let first = fixture.sign_on(&ada, at(0)).await;
    let quota = Some(Quota { max: 1, beyond: Beyond::EndOldest });
    let order = SignOnOrder { quota, ..fixture.order_now(&ada).await };
    let (signed_on, _) = fixture.signed_on(order, at(1)).await;
    assert_eq!((signed_on.ended.len(), signed_on.ended[0].session), (1, Some(first.session.id)));
    let disabled = fixture.enable(ada.id, false, at(2)).await.ended.expect("it ended");
    fixture.enable(ada.id, true, at(3)).await;
    let edit = UserEdit { password: Some(Some("$argon2id$other".into())), ..UserEdit::default() };
    let order = fixture.edit_order(ada.id, edit).await;
    let order = adieu_core::EditUserOrder { password_ends_sessions: true, ..order };
    let changed = fixture.store.edit_user(order, at(4)).await.expect("a change").ended.expect("it ended");
    let removed = fixture.remove(bob.id, at(5)).await.expect("removed");
    let (shop, wiki) = (fixture.client("shop").await, fixture.client("wiki").await);
    let off =
        fixture.changed_client(&shop.id, |client| client.enabled = false).await.ended.expect("it ended");
    let gone = fixture.remove_client(&wiki.id, None).await.expect("removed");
    let listed = fixture.endings(all(), 100).await;
    let quota = signed_on.ended[0].place.map(|place| fixture.store.ending_id(place));
    let [disabled, changed, removed] = [disabled, changed, removed].map(|ended| fixture.id_of(&ended));
    let ids = [quota, disabled, changed, removed];
    let causes = [Cause::Quota, Cause::UserDisabled, Cause::PasswordChanged, Cause::UserRemoved];
    let told: Vec<_> = listed[2..].iter().rev().map(|one| (Some(one.id), brief(one).1)).collect();
    assert_eq!(told, ids.into_iter().zip(causes).collect::<Vec<_>>());
    let clients: Vec<_> = listed[..2].iter().rev().map(|one| (Some(one.id), one.reach.clone())).collect();
    let [off, gone] = [off, gone].map(|ended| fixture.id_of(&ended));
    assert_eq!(clients, [(off, EndedReach::Client(shop.id.clone())), (gone, EndedReach::Client(wiki.id))]);
    let renamed = fixture.changed_client(&shop.id, |client| client.name = "Shop".into()).await;
    assert!(renamed.ended.is_none(), "it ends nothing");
}

/// Goal: the index has every ending once: ending again what is over, forgetting it, and the walk over what ended with others add
/// nothing.
pub async fn what_was_over_before_is_not_entered_again<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (one, reset) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let (late, walked) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    fixture.end(one.presented(), at(1)).await.expect("an ending");
    fixture.reset(&reset, at(2)).await.expect("a reset");
    fixture.end(EndTarget::User(ada.id), at(3)).await.expect("an ending");
    for held in [&one, &late] {
        let again = fixture.end(held.presented(), at(4)).await.expect("an answer");
        assert!(matches!(again, Ended::Before) && again.place().is_none());
        let forget = EndOrder { kind: EndKind::Forget, ..fixture.ending(EndTarget::One(held.session.id)) };
        assert!(fixture.id_of(&fixture.store.end(forget, at(5)).await.expect("an answer")).is_none());
    }
    let taken = fixture.end(EndTarget::One(reset.session.id), at(5)).await.expect("an answer");
    assert!(taken.place().is_none(), "it was reset before");
    sweep(&fixture, at(6), KEPT).await;
    sweep(&fixture, at(20_000), KEPT).await;
    assert!(fixture.session_by_id(walked.session.id, at(7)).await.is_none(), "the walk has passed");
    let listed = fixture.endings(all(), 100).await;
    assert_eq!(listed.iter().map(|one| one.written_at).collect::<Vec<_>>(), [at(3), at(2), at(1)]);
}

/// Goal: what time has ended is an ending, with the moment at which it was over: entered when the sweep finds it, or whoever
/// ends it before, and not twice. Also where others ended later.
pub async fn what_time_has_ended_is_entered_once_whoever_finds_it<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let (swept, ended) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let walked = fixture.sign_on(&bob, at(0)).await;
    let late = IDLE.s() + 10;
    let answer = fixture.end(ended.presented(), at(late)).await.expect("an answer");
    assert!(matches!(answer, Ended::Before), "time was first");
    let mass = fixture.id_of(&fixture.end(EndTarget::User(bob.id), at(late)).await.expect("an ending"));
    sweep(&fixture, at(IDLE.s() + 7200), KEPT).await;
    sweep(&fixture, at(IDLE.s() + 7300), KEPT).await;
    let fixture = fixture.after_crash().await;
    let mut listed = fixture.endings(all(), 100).await;
    listed.retain(|one| Some(one.id) != mass);
    let sessions: BTreeSet<_> = listed
        .iter()
        .map(|one| match &one.reach {
            EndedReach::Session { id, .. } => *id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(listed.len(), 3);
    assert_eq!(sessions, [&swept, &ended, &walked].map(|held| held.session.id).into());
    for one in &listed {
        let record = one.record.as_deref().expect("known");
        assert_eq!((record.cause, record.at), (Cause::Idle, at(IDLE.s())));
        assert_eq!(record.actor, Actor::System);
        assert!(one.written_at >= record.at);
    }
}

/// Goal: an ending names the clients that took part in the epoch that ended, also after the session began anew, and it is found
/// by them.
pub async fn an_ending_names_who_took_part_in_its_epoch<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let shop = fixture.client("shop").await;
    fixture.store.issue(issue(code(&fixture, &held, &shop)), at(1)).await.expect("a code");
    let reset = fixture.id_of(&fixture.reset(&held, at(2)).await.expect("a reset")).expect("an id");
    let order = SignOnOrder { previous: Some(held.token.clone()), ..fixture.order_now(&ada).await };
    let (again, token) = fixture.signed_on(order, at(3)).await;
    assert_eq!(again.session.id, held.session.id);
    let again = crate::suite::OpenedSession { session: again.session, token };
    let wiki = fixture.client("wiki").await;
    fixture.store.issue(issue(code(&fixture, &again, &wiki)), at(4)).await.expect("a code");
    let shown = found(&fixture, reset).await.expect("it is found");
    assert_eq!(brief(&shown), (reset, Cause::Administrator, at(2)), "the session lives on");
    let ended =
        fixture.id_of(&fixture.end(again.presented(), at(5)).await.expect("an ending")).expect("an id");
    for (id, name, when) in [(reset, "shop", 2), (ended, "wiki", 5)] {
        let shown = found(&fixture, id).await.expect("it is found");
        assert_eq!(brief(&shown), (id, Cause::Administrator, at(when)));
        let EndedReach::Session { participants, .. } = &shown.reach else { panic!("{shown:?}") };
        assert_eq!(participants.iter().map(|one| one.client.as_str()).collect::<Vec<_>>(), [name]);
        let client = Some(name.parse().expect("a client"));
        let by_client = fixture.endings(EndingFilter { client, ..all() }, 1).await;
        assert_eq!(by_client.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    }
}

/// Goal: what a removed user had is shown to nobody: their endings say how, and neither which session it was nor whose.
pub async fn a_removed_users_endings_show_no_session<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let id = fixture.id_of(&fixture.end(held.presented(), at(1)).await.expect("an ending")).expect("an id");
    let removed = fixture.id_of(&fixture.remove(ada.id, at(2)).await.expect("removed")).expect("an id");
    let shown = found(&fixture, id).await.expect("it is found");
    assert_eq!(
        (&shown.reach, brief(&shown)),
        (&EndedReach::ForgottenSession, (id, Cause::Administrator, at(1)))
    );
    let of_her = fixture.endings(EndingFilter { user: Some(ada.id), ..all() }, 10).await;
    assert_eq!(of_her.iter().map(brief).collect::<Vec<_>>(), [(removed, Cause::UserRemoved, at(2))]);
}

/// Goal: endings of many people at once are each listed once, newest commit first, in pages of any size; a filter shows what it
/// asks for and nothing else.
pub async fn every_ending_is_listed_once_page_by_page<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let mut given = BTreeSet::new();
    for round in 0..3 {
        let mut orders = Vec::new();
        for n in 0..60 {
            let held = fixture.sign_on(if n % 3 == 0 { &bob } else { &ada }, at(0)).await;
            orders.push(fixture.end_later(held.presented(), at(round + 1)));
        }
        for answer in join_all(orders).await {
            let id = fixture.id_of(&answer.expect("an ending")).expect("an id");
            assert!(given.insert(id.to_string()), "one id twice");
        }
    }
    for most in [1, 7, 500] {
        let listed = fixture.endings(all(), most).await;
        assert!(listed.is_sorted_by(|newer, older| newer.written_at >= older.written_at));
        let ids: BTreeSet<_> = listed.iter().map(|one| one.id.to_string()).collect();
        assert_eq!((listed.len(), &ids), (180, &given), "in pages of {most}");
    }
    for (filter, count) in [
        (EndingFilter { user: Some(bob.id), ..all() }, 60),
        (EndingFilter { realm: Some(fixture.realm), ..all() }, 180),
        (EndingFilter { cause: Some(Cause::Idle), ..all() }, 0),
        (EndingFilter { actor: Some(Actor::Operator), user: Some(ada.id), ..all() }, 120),
        (EndingFilter { since: Some(at(2)), ..all() }, 120),
        (EndingFilter { until: Some(at(2)), ..all() }, 60),
        (EndingFilter { since: Some(at(2)), until: Some(at(3)), user: Some(bob.id), ..all() }, 20),
    ] {
        let listed = fixture.endings(filter.clone(), 50).await;
        assert_eq!(listed.len(), count, "{filter:?}");
        assert!(listed.iter().all(|one| filter.asks_for(one)));
    }
}

/// Goal: whoever has to prove that all were told finds the endings of which somebody was not: by the state of their notices, and those whose
/// notices are still to be made among the pending ones.
pub async fn endings_are_found_by_what_became_of_their_notices<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut given = Vec::new();
    // One that both confirm, one that one confirms and one refuses, one that nobody can be told of, one of nobody, one not tried.
    for (n, clients) in
        [&["shop", "wiki"][..], &["shop", "wiki"], &["mute"], &[], &["shop"]].iter().enumerate()
    {
        let held = notices::shared(&fixture, &ada, clients).await;
        let now = at(10 * (n as i64 + 1));
        given.push(
            fixture.id_of(&fixture.end(held.presented(), now).await.expect("an ending")).expect("an id"),
        );
        if n == 4 {
            break;
        }
        notices::take(&fixture, now).await;
        let order = notices::lease_order(now.plus(Span::from_s(30)));
        for leased in notices::leased(&fixture, order, now).await.notices {
            let refused = n == 1 && leased.receipt.receiver.to_string().contains("wiki");
            let answer = notices::status(if refused { 400 } else { 200 });
            notices::settle(&fixture, &leased, answer, now).await.expect("it is settled");
        }
    }
    let by = async |words: &str| {
        let states = ReceiptStates::read(words);
        let found = fixture.endings(EndingFilter { states, ..all() }, 2).await;
        let place = |one: &FoundEnding| given.iter().position(|id| *id == one.id).expect("one of them");
        found.iter().map(place).collect::<Vec<_>>()
    };
    for (words, expect) in [
        ("confirmed", &[1, 0][..]),
        ("refused", &[1]),
        ("given_up", &[]),
        ("cannot_be_told", &[2]),
        ("pending", &[4]),
        ("pending,refused,given_up,cannot_be_told", &[4, 2, 1]),
    ] {
        assert_eq!(by(words).await, expect, "{words}");
    }
    notices::take(&fixture, at(60)).await;
    assert_eq!(by("pending").await, [4], "it is made, and not told yet");
    let told = found(&fixture, given[1]).await.expect("it is found").told;
    assert_eq!((told.counts.by_state, told.complete), ([0, 1, 1, 0, 0], true));
}

/// Goal: ONE-SLOW-HURTS-NONE: however few are asked for, a page reads a bounded number of entries and says how far it came.
pub async fn a_page_that_finds_little_says_how_far_it_came<E: Engine>() {
    const ENDINGS: i64 = 4_500;
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let rare = fixture.sign_on(&ada, at(0)).await;
    fixture.end(rare.presented(), at(1)).await.expect("an ending");
    let orders = (0..ENDINGS).map(|_| fixture.store.open_session(fixture.order(&ada), at(0)));
    for opened in join_all(orders).await {
        opened.expect("a sign-on");
    }
    sweep(&fixture, at(IDLE.s() + 7200), KEPT).await;
    let filter = EndingFilter { actor: Some(Actor::Operator), ..all() };
    let (mut after, mut pages, mut listed) = (None, 0, Vec::new());
    loop {
        let query = EndingQuery { after, most: 50, filter: filter.clone() };
        let page = fixture.store.endings(query).await.expect("a page");
        let looked = page.looked_back_to.expect("it looked at some");
        assert!(listed.is_empty(), "the one comes last");
        listed.extend(page.endings);
        pages += 1;
        assert_eq!(looked, if page.next.is_some() { at(IDLE.s() + 7200) } else { at(1) });
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!((2..10).contains(&pages), "{pages}");
    assert_eq!(listed.len(), 1);
}

/// Goal: entries are kept as long as tombstones and then go, in bounded steps; no later ending gets an id that was given before,
/// over a crash, either.
pub async fn entries_go_with_the_tombstones_and_their_ids_do_not_come_back<E: Engine>() {
    let mut fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut given = Vec::new();
    for n in 1..4 {
        for _ in 0..2 {
            let held = fixture.sign_on(&ada, at(0)).await;
            let ended = fixture.end(held.presented(), at(n * 100)).await.expect("an ending");
            given.push(fixture.id_of(&ended).expect("an id"));
        }
    }
    notices::take(&fixture, at(400)).await;
    for round in 0..2 {
        sweep(&fixture, at(1200), Span::from_s(1000)).await;
        sweep(&fixture, at(1200), Span::from_s(1000)).await;
        let listed = fixture.endings(all(), 100).await;
        let newest: Vec<_> = given[4..].iter().rev().copied().collect();
        assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), newest, "{round}");
        fixture = fixture.after_crash().await;
    }
    for _ in 0..3 {
        sweep(&fixture, at(3000), Span::from_s(1000)).await;
    }
    assert!(fixture.endings(all(), 100).await.is_empty());
    let fixture = fixture.after_crash().await;
    let held = fixture.sign_on(&ada, at(3001)).await;
    let id =
        fixture.id_of(&fixture.end(held.presented(), at(3001)).await.expect("an ending")).expect("an id");
    assert!(!given.contains(&id));
    for gone in given {
        assert!(found(&fixture, gone).await.is_none());
    }
    assert!(found(&fixture, id).await.is_some());
}
