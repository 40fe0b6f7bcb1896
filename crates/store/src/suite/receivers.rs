//! Promises about receivers: none keeps others waiting, what waits comes when one is back, and what can be told no more has an end.
//!
//! Nobody is told here; answers are made up.

use std::collections::{BTreeMap, HashMap};

use adieu_core::{
    EndTarget, EndingFilter, NoticeAnswer, NoticeWait, PopulationId, RealmId, Receipt, ReceiptState,
    Receiver, Settlement, Span, Subscriber, Timestamp,
};

use crate::suite::fixture::at;
use crate::suite::notices::{
    application, id as ended_id, lease_order, leased, settle, settlement, shared, status, take,
};
use crate::suite::subscribers::hook;
use crate::suite::{Engine, Fixture};
use crate::{LeaseOrder, LeasedNotice, ReceiptQuery};

/// Ends all of the fixture's realm so many times: each web hook of it is owed as many notices.
async fn end_realm<E: Engine>(fixture: &Fixture<E>, realm: RealmId, times: usize, now: Timestamp) {
    let orders = (0..times).map(|_| fixture.end_later(EndTarget::Realm(realm), now));
    for ended in futures_util::future::join_all(orders.collect::<Vec<_>>()).await {
        ended.expect("an ending");
    }
    take(fixture, now).await;
}

fn subscriber(id: &str) -> Receiver {
    Receiver::Subscriber(id.parse().expect("a name"))
}

/// All receipts that there are, by state.
async fn states<E: Engine>(fixture: &Fixture<E>) -> BTreeMap<&'static str, usize> {
    let mut all = BTreeMap::new();
    for receipt in receipts(fixture).await {
        *all.entry(receipt.state.word()).or_default() += 1;
    }
    all
}

async fn receipts<E: Engine>(fixture: &Fixture<E>) -> Vec<Receipt> {
    let mut all = Vec::new();
    for ending in fixture.endings(EndingFilter::default(), 500).await {
        let query = ReceiptQuery { ending: ending.id, after: None, most: 1000 };
        all.extend(fixture.store.receipts(query).await.expect("an answer").expect("known").receipts);
    }
    all
}

/// Leases until nothing more is given out at a moment.
async fn all_due<E: Engine>(fixture: &Fixture<E>, now: Timestamp) -> Vec<LeasedNotice> {
    let mut all = Vec::new();
    loop {
        let some =
            leased(fixture, LeaseOrder { most: 1000, ..lease_order(now.plus(Span::from_s(30))) }, now).await;
        if some.notices.is_empty() && some.next_due.is_none_or(|due_at| due_at > now) {
            return all;
        }
        all.extend(some.notices);
    }
}

/// Tries as an outbox has them: 256 at once, eight for each receiver, 128 kept.
struct Tries {
    trying: Vec<(Timestamp, LeasedNotice)>,
}

impl Tries {
    async fn round<E: Engine>(&mut self, fixture: &Fixture<E>, now: Timestamp) -> Vec<LeasedNotice> {
        let mut busy: HashMap<Receiver, u32> = HashMap::new();
        for (_, one) in &self.trying {
            *busy.entry(one.receipt.receiver.clone()).or_default() += 1;
        }
        let order = LeaseOrder {
            until: now.plus(Span::from_s(30)),
            most: 256 - self.trying.len() as u32,
            reserved: 128,
            most_each: 8,
            busy,
        };
        let new = leased(fixture, order, now).await.notices;
        self.trying.extend(new.iter().cloned().map(|one| (now, one)));
        new
    }

    /// Those that have hung for ten seconds are over, with this answer.
    async fn end<E: Engine>(&mut self, fixture: &Fixture<E>, answer: NoticeAnswer, now: Timestamp) {
        let over = |began: Timestamp| now.since(began) >= Span::from_s(10);
        for (began, one) in self.trying.iter().filter(|(began, _)| over(*began)) {
            let settlement = Settlement { began_at: *began, ..settlement(one, answer, now) };
            fixture.store.settle_notice(settlement, now).await.expect("an answer");
        }
        self.trying.retain(|(began, _)| !over(*began));
    }
}

/// Goal: ONE-SLOW-HURTS-NONE: whatever number of receivers hang, and whatever they are called, one that answers has its place at
/// once; and of those that hang each has its turn. Method: 320 web hooks with a backlog and names before the healthy one's.
pub async fn receivers_that_hang_take_no_place_of_one_that_answers<E: Engine>() {
    one_answers_and_others_take_ten_seconds::<E>(NoticeAnswer::TimedOut).await;
}

/// Goal: the same where those that take so long say in the end that they know: they never fail.
pub async fn receivers_that_are_slow_take_no_place_of_one_that_answers<E: Engine>() {
    one_answers_and_others_take_ten_seconds::<E>(status(200)).await;
}

async fn one_answers_and_others_take_ten_seconds<E: Engine>(answer: NoticeAnswer) {
    let fixture = Fixture::<E>::new().await;
    for r in 0..10 {
        let realm = RealmId::from_uuid(fixture.chance.uuid());
        let population = PopulationId::from_uuid(fixture.chance.uuid());
        fixture.found(&format!("/dead{r}"), realm, population).await;
        let made = (0..32).map(|n| fixture.store.create_subscriber(hook(&format!("a{r}-{n:02}"), realm)));
        for made in futures_util::future::join_all(made.collect::<Vec<_>>()).await {
            made.expect("made");
        }
        end_realm(&fixture, realm, 12, at(0)).await;
    }
    fixture.store.create_subscriber(hook("zz", fixture.realm)).await.expect("made");
    let mut tries = Tries { trying: Vec::new() };
    let mut turns: HashMap<Receiver, u32> = HashMap::new();
    for s in 1..=100 {
        tries.end(&fixture, answer, at(s)).await;
        // What waits for the healthy one is there before the others take what has come free.
        let is_told = s > 20 && s % 7 == 0;
        if is_told {
            end_realm(&fixture, fixture.realm, 1, at(s)).await;
        }
        let new = tries.round(&fixture, at(s)).await;
        let healthy: Vec<_> = new.iter().filter(|one| one.receipt.receiver == subscriber("zz")).collect();
        assert_eq!(healthy.len(), usize::from(is_told), "{s}");
        for one in healthy {
            settle(&fixture, one, status(200), at(s)).await.expect("settled");
        }
        tries.trying.retain(|(_, one)| one.receipt.receiver != subscriber("zz"));
        for one in new.iter().filter(|one| one.receipt.receiver != subscriber("zz")) {
            *turns.entry(one.receipt.receiver.clone()).or_default() += 1;
        }
    }
    assert_eq!(turns.len(), 320, "each was tried");
}

/// Goal: ONE-SLOW-HURTS-NONE: whoever took long once has its part of what is kept again after five minutes, whether something waits for it
/// meanwhile or not, and needs no quick try for that, which it would have to wait for.
pub async fn who_was_slow_once_is_slow_for_five_minutes<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.store.create_subscriber(hook("audit", fixture.realm)).await.expect("made");
    let sweep = async |s| fixture.store.sweep(at(s), Span::from_s(1_000_000)).await.expect("a sweep");
    let of_reserve = async |s| {
        let order = LeaseOrder { most: 1, reserved: 1, ..lease_order(at(s + 30)) };
        leased(&fixture, order, at(s)).await.notices
    };
    end_realm(&fixture, fixture.realm, 2, at(10)).await;
    for waits in [true, false] {
        let from = if waits { 10 } else { 1_000 };
        let slow = &leased(&fixture, LeaseOrder { most: 1, ..lease_order(at(from + 30)) }, at(from))
            .await
            .notices[0];
        let settlement = Settlement { began_at: at(from), ..settlement(slow, status(200), at(from + 3)) };
        fixture.store.settle_notice(settlement, at(from + 3)).await.expect("an answer");
        sweep(from + 302).await;
        if !waits {
            sweep(from + 303).await;
            end_realm(&fixture, fixture.realm, 1, at(from + 303)).await;
        }
        assert_eq!(of_reserve(from + 302).await.len(), 0, "{waits}: slow for five minutes");
        sweep(from + 303).await;
        let quick = of_reserve(from + 303).await;
        assert_eq!(quick.len(), 1, "{waits}");
        settle(&fixture, &quick[0], status(200), at(from + 303)).await.expect("settled");
        if waits {
            end_realm(&fixture, fixture.realm, 1, at(1_000)).await;
        }
    }
}

/// Goal: all that waits for a receiver comes with its first success after it was away, however much that is (decisions 0027 and 0078).
pub async fn all_that_waits_comes_when_a_receiver_is_back<E: Engine>() {
    const WAITING: usize = 1_240;
    let fixture = Fixture::<E>::new().await;
    fixture.store.create_subscriber(hook("audit", fixture.realm)).await.expect("made");
    end_realm(&fixture, fixture.realm, WAITING, at(0)).await;
    let first = all_due(&fixture, at(1)).await;
    assert_eq!(first.len(), WAITING);
    let away = NoticeAnswer::Status { code: 503, retry_after: Some(Span::from_s(6 * 3600)) };
    for (n, one) in first.iter().enumerate() {
        let answer = if n == 700 { status(500) } else { away };
        settle(&fixture, one, answer, at(2)).await.expect("settled");
    }
    let fixture = fixture.after_crash().await;
    let asked = all_due(&fixture, at(70)).await;
    assert_eq!(asked.len(), 1);
    settle(&fixture, &asked[0], status(200), at(71)).await.expect("settled");
    let some = all_due(&fixture, at(71)).await;
    assert_eq!(some.len(), WAITING - 1, "it is back");
    // What fails from now on waits as it does otherwise.
    for (n, one) in some.iter().enumerate() {
        let answer = if n == 3 { away } else { status(200) };
        settle(&fixture, one, answer, at(if n > 3 { 72 } else { 71 })).await.expect("settled");
    }
    assert_eq!(states(&fixture).await, BTreeMap::from([("confirmed", WAITING - 1), ("pending", 1)]));
}

/// Goal: S-BCL-18: a receiver that takes some notices and fails at others was not away: what it fails at keeps its pauses, and what is new
/// comes at once.
pub async fn one_that_takes_some_is_not_back_with_each<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.store.create_subscriber(hook("audit", fixture.realm)).await.expect("made");
    end_realm(&fixture, fixture.realm, 20, at(0)).await;
    let mut tries = 0;
    for s in (0..40).step_by(2) {
        for one in all_due(&fixture, at(s)).await {
            settle(&fixture, &one, status(500), at(s)).await.expect("settled");
            tries += 1;
        }
        end_realm(&fixture, fixture.realm, 1, at(s + 1)).await;
        let due = all_due(&fixture, at(s + 1)).await;
        let (new, old): (Vec<_>, Vec<_>) = due.into_iter().partition(|one| one.receipt.tries == 0);
        assert_eq!(new.len(), 1, "{s}");
        settle(&fixture, &new[0], status(200), at(s + 1)).await.expect("settled");
        for one in old {
            settle(&fixture, &one, status(500), at(s + 1)).await.expect("settled");
            tries += 1;
        }
    }
    assert!(tries <= 20 * 9, "half a second, a second, two, four …: {tries}");
}

/// Goal: what can be told no more is settled without a place and without a pause, however much it is; who is switched on again, made
/// anew or has another address hears at once of what is new, and at that address of what still waits (decision 0038).
pub async fn what_can_be_told_no_more_keeps_nobody_waiting<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let audit = fixture.store.create_subscriber(hook("audit", fixture.realm)).await.expect("made");
    let ailing = async |from: i64, times| {
        end_realm(&fixture, fixture.realm, times, at(from)).await;
        for s in [from, from + 1000] {
            for one in all_due(&fixture, at(s)).await {
                settle(&fixture, &one, status(500), at(s)).await.expect("settled");
            }
        }
        let standing = fixture.store.receivers(None, 10).await.expect("an answer").swap_remove(0);
        assert!(standing.health.is_ailing(at(from + 1001)));
    };
    let stale = 700;
    ailing(0, stale).await;
    // Off and on.
    let off = Subscriber { enabled: false, ..audit.clone() };
    let off = fixture.store.edit_subscriber(audit.version, off).await.expect("off");
    let on = Subscriber { enabled: true, ..off.clone() };
    let on = fixture.store.edit_subscriber(off.version, on).await.expect("on");
    end_realm(&fixture, fixture.realm, 1, at(1002)).await;
    let due = all_due(&fixture, at(1002)).await;
    assert_eq!(due.len(), 1, "what is new, and at once");
    settle(&fixture, &due[0], status(200), at(1002)).await.expect("settled");
    assert_eq!(states(&fixture).await, BTreeMap::from([("cannot_be_told", stale), ("confirmed", 1)]));
    let tries: u32 = receipts(&fixture).await.iter().map(|one| one.tries).sum();
    assert_eq!(tries as usize, stale + 2, "nobody was asked for the others");

    // Another address: all that waits is tried there.
    ailing(2000, 3).await;
    let moved = Subscriber { address: "https://new.example.test/hook".into(), ..on.clone() };
    let moved = fixture.store.edit_subscriber(on.version, moved).await.expect("moved");
    assert_eq!(all_due(&fixture, at(3002)).await.len(), 3);

    // Removed, and made anew under its name.
    ailing(5000, 2).await;
    fixture.store.remove_subscriber(&moved.id, None).await.expect("removed");
    assert!(all_due(&fixture, at(6002)).await.is_empty());
    fixture.store.create_subscriber(hook("audit", fixture.realm)).await.expect("made");
    end_realm(&fixture, fixture.realm, 1, at(6003)).await;
    assert_eq!(all_due(&fixture, at(6003)).await.len(), 1);
}

/// Goal: the same of clients: another address is tried at once, and without one all that waits is settled.
pub async fn a_clients_other_address_is_tried_at_once<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["shop"]).await;
    fixture.end(held.presented(), at(5)).await.expect("an ending");
    take(&fixture, at(5)).await;
    let shop = application(&fixture, "shop").await.id;
    let away = NoticeAnswer::Status { code: 503, retry_after: Some(Span::from_s(6 * 3600)) };
    let fail = async |s| {
        let due = all_due(&fixture, at(s)).await;
        assert_eq!(due.len(), 1);
        settle(&fixture, &due[0], away, at(s)).await.expect("settled");
        assert!(all_due(&fixture, at(s)).await.is_empty());
    };
    fail(6).await;
    fixture.change_client(&shop, |client| client.name = "The shop".into()).await;
    assert!(all_due(&fixture, at(7)).await.is_empty(), "its address is the same");
    let moved = Some("https://new.example.test/out".to_owned());
    fixture.change_client(&shop, |client| client.backchannel_logout_uri = moved).await;
    fail(8).await;
    fixture.change_client(&shop, |client| client.backchannel_logout_uri = None).await;
    assert!(all_due(&fixture, at(9)).await.is_empty());
    assert_eq!(states(&fixture).await, BTreeMap::from([("cannot_be_told", 1)]));
}

/// Goal: HOME-LIMITS: a notice is tried for a day, and then stands as given up, whether its receiver was asked or not; a receiver that
/// is gone, and for whom nothing waits, is on the list no more.
pub async fn what_is_past_its_day_is_given_up<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let audit = fixture.store.create_subscriber(hook("audit", fixture.realm)).await.expect("made");
    end_realm(&fixture, fixture.realm, 1_200, at(0)).await;
    let held = all_due(&fixture, at(1)).await;
    for one in &held[..600] {
        settle(&fixture, one, status(500), at(2)).await.expect("settled");
    }
    let day = 24 * 3600;
    let sweep = async |s| {
        let keep = Span::from_s(30 * day);
        while fixture.store.sweep(at(s), keep).await.expect("a sweep").more {}
    };
    sweep(day - 1).await;
    assert_eq!(states(&fixture).await, BTreeMap::from([("pending", 1_200)]));
    end_realm(&fixture, fixture.realm, 5, at(day - 10)).await;
    // One of them is being tried just now.
    let order = LeaseOrder { most: 1, ..lease_order(at(day + 7 * 3600)) };
    let trying = leased(&fixture, order, at(day)).await.notices;
    sweep(day + 6 * 3600).await;
    assert_eq!(states(&fixture).await, BTreeMap::from([("given_up", 1_199), ("pending", 6)]));
    settle(&fixture, &trying[0], status(200), at(day + 6 * 3600)).await.expect("settled");

    fixture.store.remove_subscriber(&audit.id, None).await.expect("removed");
    sweep(day + 6 * 3600).await;
    let all = BTreeMap::from([("given_up", 1_199), ("confirmed", 1), ("cannot_be_told", 5)]);
    assert_eq!(states(&fixture).await, all);
    sweep(day + 6 * 3600).await;
    assert!(fixture.store.receivers(None, 10).await.expect("an answer").is_empty());
}

/// Goal: NOTICE-WITH-ENDING: a store that was open for days and from which nobody asked for notices, as a restore that is tried, and one that
/// nobody had open for days, have given up nothing: what was left of a notice's day begins when somebody asks.
pub async fn what_nobody_could_try_keeps_its_day<E: Engine>() {
    let (hour, day) = (3600, 24 * 3600);
    let fixture = Fixture::<E>::new().await;
    for id in ["a", "b", "c"] {
        fixture.store.create_subscriber(hook(id, fixture.realm)).await.expect("made");
    }
    end_realm(&fixture, fixture.realm, 1, at(0)).await;
    let held = all_due(&fixture, at(1)).await;
    assert_eq!(held.len(), 3);
    settle(&fixture, &held[0], status(500), at(2)).await.expect("settled"); // The others are lost while they are tried.
    let mut fixture = fixture;
    let mut now = 2;
    let sweep = async |fixture: &Fixture<E>, s| {
        let keep = Span::from_s(300 * day);
        while fixture.store.sweep(at(s), keep).await.expect("a sweep").more {}
    };
    for _ in 0..2 {
        fixture = fixture.after_crash().await;
        now += 2 * day;
        sweep(&fixture, now).await;
        assert_eq!(states(&fixture).await, BTreeMap::from([("pending", 3)]), "{now}");
        let tried = all_due(&fixture, at(now)).await;
        assert_eq!(tried.len(), 3);
        sweep(&fixture, now + 10).await;
        let away = NoticeAnswer::Status { code: 503, retry_after: Some(Span::from_s(6 * hour)) };
        for one in &tried {
            let settled = settle(&fixture, one, away, at(now + 10)).await.expect("settled");
            assert_eq!(settled.state.word(), "pending", "the first failure is not the last");
        }
        now += 20;
    }
    sweep(&fixture, now + 5 * hour).await;
    for one in all_due(&fixture, at(now + 6 * hour)).await {
        settle(&fixture, &one, status(500), at(now + 6 * hour)).await.expect("settled");
    }
    assert_eq!(states(&fixture).await, BTreeMap::from([("pending", 3)]), "some hours of its day are gone");
    for one in all_due(&fixture, at(now + 25 * hour)).await {
        settle(&fixture, &one, status(500), at(now + 25 * hour)).await.expect("settled");
    }
    assert_eq!(states(&fixture).await, BTreeMap::from([("given_up", 3)]));
}

/// Goal: an order to try a notice again asks with that one, whatever waits for its receiver besides.
pub async fn what_is_tried_again_by_order_comes_first<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.store.create_subscriber(hook("audit", fixture.realm)).await.expect("made");
    end_realm(&fixture, fixture.realm, 5, at(0)).await;
    for one in all_due(&fixture, at(1)).await {
        settle(&fixture, &one, status(500), at(2)).await.expect("settled");
    }
    let asked = all_due(&fixture, at(1000)).await;
    assert_eq!(asked.len(), 1, "it is ailing");
    settle(&fixture, &asked[0], status(500), at(1001)).await.expect("settled");
    let newest = fixture.endings(EndingFilter::default(), 1).await.swap_remove(0);
    fixture.store.retry_notices(newest.id, None, at(1010)).await.expect("an answer");
    let asked = all_due(&fixture, at(1010)).await;
    assert_eq!(asked.len(), 1);
    let place = asked[0].receipt.place;
    assert_eq!(fixture.store.ending_id(place), newest.id);
    let ReceiptState::Pending { leased: true, .. } = asked[0].receipt.state else { panic!("{asked:?}") };
}

/// Goal: whoever is told of endings is listed from when there is an address, in pages and once; whoever was told stays until nothing waits.
pub async fn whoever_has_an_address_is_listed<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    for id in ["mute", "shop", "till", "wiki"] {
        application(&fixture, id).await;
    }
    for id in ["audit", "zoo"] {
        fixture.store.create_subscriber(hook(id, fixture.realm)).await.expect("made");
    }
    let page =
        async |after: Option<Receiver>, most| fixture.store.receivers(after, most).await.expect("an answer");
    let names =
        async || -> Vec<String> { page(None, 10).await.iter().map(|one| one.receiver.to_string()).collect() };
    let all = ["subscriber audit", "subscriber zoo", "shop", "till", "wiki"];
    assert_eq!(names().await, all, "nobody was told of anything yet");
    let (mut after, mut paged) = (None, Vec::new());
    while let [one, _] | [one] = page(after.clone(), 2).await.as_slice() {
        paged.push(one.receiver.to_string());
        after = Some(one.receiver.clone());
    }
    assert_eq!(paged, all);
    let first = &page(None, 1).await[0];
    assert_eq!(
        (first.kind, first.address.as_deref()),
        (Some("webhook"), Some("https://audit.example.test/hook"))
    );

    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["mute", "shop", "till"]).await;
    fixture.end(held.presented(), at(5)).await.expect("an ending");
    take(&fixture, at(6)).await;
    assert_eq!(names().await, all, "each once");
    let till = &page(None, 10).await[3];
    assert_eq!((till.pending, till.address.as_deref()), (1, Some("https://till.example.test/out")));
    for id in ["till", "wiki"] {
        let client = id.parse().expect("a client");
        fixture.change_client(&client, |client| client.backchannel_logout_uri = None).await;
    }
    let shown = page(None, 10).await;
    let last = shown.last().expect("one");
    assert_eq!((last.receiver.to_string().as_str(), last.address.as_deref()), ("till", None), "it was told");
    fixture.remove_client(&"shop".parse().expect("a client"), None).await.expect("removed");
    let shop = page(None, 10).await.into_iter().find(|one| one.receiver.to_string() == "shop");
    assert_eq!(shop.expect("something waits for it").address, None);
}

/// Goal: whoever looks learns how a receiver does that something waits for, and of no others.
pub async fn a_page_of_receipts_says_how_receivers_do<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["shop", "wiki"]).await;
    let ended = fixture.end(held.presented(), at(5)).await.expect("an ending");
    take(&fixture, at(6)).await;
    let mut both = all_due(&fixture, at(6)).await;
    both.sort_by_key(|one| one.receipt.receiver.clone());
    let page = async || {
        let query = ReceiptQuery { ending: ended_id(&fixture, &ended), after: None, most: 10 };
        fixture.store.receipts(query).await.expect("an answer").expect("known")
    };
    let waits = async |now: i64| -> Vec<Option<NoticeWait>> {
        let page = page().await;
        page.receipts.iter().map(|one| page.waiting(one, at(now))).collect()
    };
    assert_eq!(waits(7).await, [Some(NoticeWait::Answer); 2]);
    settle(&fixture, &both[0], status(500), at(7)).await.expect("settled");
    settle(&fixture, &both[1], status(200), at(7)).await.expect("settled");
    let failing = page().await.health;
    assert_eq!(failing.len(), 1);
    assert_eq!(failing[&both[0].receipt.receiver].failing_since, Some(at(7)));
    assert!(matches!(waits(7).await[..], [Some(NoticeWait::Until(_)), None]));
    assert!(
        matches!(waits(1000).await[..], [Some(NoticeWait::Ailing { since, asked_again_at: None }), None] if since == at(7))
    );
}
