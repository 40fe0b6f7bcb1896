//! Promises about subscribers: every ending in their realm is told to them from the moment on at which they subscribed, one fact once.
//!
//! Nobody is told here. Credentials are any bytes: the store opens none.

use std::collections::BTreeMap;

use adieu_core::{
    Cause, DirectoryError, EndKind, EndOrder, EndTarget, Ended, EndingFilter, EndingId, EndingPlace,
    HookEvent, HookReach, NoticeMessage, PopulationId, PreviousCredential, RealmId, Receipt, ReceiptState,
    Receiver, RevokedSubject, SealedCredential, Span, SubjectForm, Subscriber, SubscriberKind, Timestamp,
    User, UserEdit, Version,
};

use crate::suite::fixture::{IDLE, at};
use crate::suite::{Engine, Fixture, notices};
use crate::{LeaseOrder, NoticeAddress, ReceiptQuery};

/// A web hook that is not there yet.
pub(super) fn hook(id: &str, realm: RealmId) -> Subscriber {
    Subscriber {
        id: id.parse().expect("a name"),
        realm,
        kind: SubscriberKind::Webhook { causes: vec![] },
        address: format!("https://{id}.example.test/hook"),
        enabled: true,
        credential: SealedCredential::from_bytes(vec![1, 2, 3]),
        previous: None,
        told_from: EndingPlace::of(0, 0).expect("a place"),
        version: Version::FIRST,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// Another system that is not there yet.
pub(super) fn system(id: &str, realm: RealmId, subject: SubjectForm) -> Subscriber {
    Subscriber { kind: SubscriberKind::GlobalTokenRevocation { subject }, ..hook(id, realm) }
}

async fn made<E: Engine>(fixture: &Fixture<E>, new: Subscriber) -> Subscriber {
    fixture.store.create_subscriber(new).await.expect("made")
}

async fn receipts<E: Engine>(fixture: &Fixture<E>, ending: EndingId) -> Vec<Receipt> {
    let query = ReceiptQuery { ending, after: None, most: 1000 };
    fixture.store.receipts(query).await.expect("an answer").expect("the ending is known").receipts
}

/// Who is told of the newest ending, and what, in short.
async fn newest<E: Engine>(fixture: &Fixture<E>) -> Vec<String> {
    let newest = fixture.endings(EndingFilter::default(), 1).await.swap_remove(0);
    receipts(fixture, newest.id).await.iter().map(said).collect()
}

/// The same of the ending before.
async fn last_but_one<E: Engine>(fixture: &Fixture<E>) -> Vec<String> {
    let both = fixture.endings(EndingFilter::default(), 2).await;
    receipts(fixture, both[1].id).await.iter().map(said).collect()
}

fn said(receipt: &Receipt) -> String {
    let what = match &receipt.message {
        None => "nothing".into(),
        Some(NoticeMessage::Logout(_)) => "logout".into(),
        Some(NoticeMessage::Revocation(RevokedSubject::IssSub { .. })) => "iss_sub".into(),
        Some(NoticeMessage::Revocation(RevokedSubject::Email(email))) => email.clone(),
        Some(NoticeMessage::Revocation(RevokedSubject::Opaque(_))) => "opaque".into(),
        Some(NoticeMessage::Hook(event)) => match &event.reach {
            HookReach::Session { .. } => "session".into(),
            HookReach::User { spared: None, .. } => "user".into(),
            HookReach::User { spared: Some(_), .. } => "user but one".into(),
            HookReach::Realm => "realm".to_owned(),
            HookReach::Client(client) => format!("client {client}"),
        },
    };
    format!("{}: {what}", receipt.receiver)
}

fn event(receipt: &Receipt) -> &HookEvent {
    match &receipt.message {
        Some(NoticeMessage::Hook(event)) => event,
        other => panic!("{other:?}"),
    }
}

/// Goal: a subscriber is a record like any other: what was written is read, over a crash; changes are made from a version, and none
/// fits one that comes back.
pub async fn a_subscriber_keeps_what_was_written<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let realm = fixture.realm;
    let causes = vec![Cause::Idle, Cause::Administrator];
    let audit = Subscriber { kind: SubscriberKind::Webhook { causes }, ..hook("audit", realm) };
    let audit = made(&fixture, audit).await;
    let issuer = "https://id.example.test".to_owned();
    for subject in [SubjectForm::IssSub { issuer }, SubjectForm::Email, SubjectForm::Opaque] {
        let id = subject.word();
        made(&fixture, system(id, realm, subject)).await;
    }
    let taken = fixture.store.create_subscriber(hook("audit", realm)).await;
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
    let strange = RealmId::from_uuid(fixture.chance.uuid());
    let nowhere = fixture.store.create_subscriber(hook("lost", strange)).await;
    assert!(matches!(nowhere, Err(DirectoryError::Unknown)), "{nowhere:?}");
    let previous = PreviousCredential { credential: audit.credential.clone(), until: at(70) };
    let credential = SealedCredential::from_bytes(vec![9; 200]);
    let next = Subscriber {
        credential,
        previous: Some(previous),
        enabled: false,
        updated_at: at(7),
        ..audit.clone()
    };
    let changed = fixture.store.edit_subscriber(audit.version, next.clone()).await.expect("changed");
    let stale = fixture.store.edit_subscriber(audit.version, next).await;
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    let fixture = fixture.after_crash().await;
    let read = fixture.store.subscriber(&audit.id).await.expect("an answer").expect("it is there");
    assert_eq!(read, changed);
    let all = fixture.store.subscribers(realm).await.expect("an answer");
    let words: Vec<_> = all.iter().map(|one| (one.id.as_str(), one.kind.word())).collect();
    let gtr = SubscriberKind::WORDS[1];
    assert_eq!(words, [("audit", "webhook"), ("email", gtr), ("iss_sub", gtr), ("opaque", gtr)]);
    let counted = fixture.store.realm(realm).get().await.expect("an answer").expect("it is there");
    assert_eq!(counted.subscribers, 3, "one is switched off");
    let stale = fixture.store.remove_subscriber(&audit.id, Some(audit.version)).await;
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    fixture.store.remove_subscriber(&audit.id, Some(changed.version)).await.expect("removed");
    let twice = fixture.store.remove_subscriber(&audit.id, None).await;
    assert!(matches!(twice, Err(DirectoryError::Unknown)), "{twice:?}");
    let again = made(&fixture, hook("audit", realm)).await;
    assert!(again.version > changed.version);
}

/// A session ends when it is over, and not when a sweep comes by.
async fn ends_at_its_moment<E: Engine>(fixture: &Fixture<E>, over: Timestamp) {
    let early = Timestamp::from_ms(over.ms() - 1);
    fixture.store.expire_shared(early).await.expect("those that were over before");
    assert_eq!(fixture.store.expire_shared(early).await.expect("a batch").sessions, 0);
    assert_eq!(fixture.store.expire_shared(over).await.expect("a batch").sessions, 1);
}

/// Goal: whatever ends something in a realm is told to its web hooks, once, with what ended and how; nobody need have taken part. Of
/// another realm nothing is told.
pub async fn every_ending_of_a_realm_is_told_to_its_web_hooks<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let other = (RealmId::from_uuid(fixture.chance.uuid()), PopulationId::from_uuid(fixture.chance.uuid()));
    fixture.found("/other", other.0, other.1).await;
    made(&fixture, hook("elsewhere", other.0)).await;
    made(&fixture, hook("audit", fixture.realm)).await;
    let late = IDLE.s() + 7200;
    for (name, told) in [
        ("by-name", "session"),
        ("reset", "session"),
        ("forgotten", "session"),
        ("disabled", "user"),
        ("removed", "user"),
        ("all-but", "user but one"),
        ("client", "client app"),
        ("idle", "session"),
        ("realm", "realm"),
    ] {
        let user = fixture.user(name).await;
        let began = if name == "idle" { at(1) } else { at(0) };
        let held = fixture.sign_on(&user, began).await;
        let one = EndTarget::One(held.session.id);
        let now = at(2);
        match name {
            "by-name" => drop(fixture.end(one, now).await.expect("an ending")),
            "reset" => drop(fixture.reset(&held, now).await.expect("a reset")),
            "forgotten" => {
                let order = EndOrder { kind: EndKind::Forget, ..fixture.ending(one) };
                drop(fixture.store.end(order, now).await.expect("an ending"));
            }
            "disabled" => drop(fixture.enable(user.id, false, now).await),
            "removed" => drop(fixture.remove(user.id, now).await.expect("removed")),
            "all-but" => {
                let but = EndTarget::UserBut { user: user.id, keep: held.session.id };
                drop(fixture.end(but, now).await.expect("an ending"));
                drop(fixture.end(one, now).await.expect("an ending"));
                assert_eq!(notices::take(&fixture, now).await, 2, "{name}");
                assert_eq!(last_but_one(&fixture).await, [format!("subscriber audit: {told}")]);
                continue;
            }
            "client" => {
                fixture.client("app").await;
                drop(fixture.remove_client(&"app".parse().expect("an id"), None).await.expect("removed"));
                drop(fixture.end(EndTarget::User(user.id), now).await.expect("an ending"));
                assert_eq!(notices::take(&fixture, now).await, 2, "{name}");
                assert_eq!(last_but_one(&fixture).await, [format!("subscriber audit: {told}")]);
                continue;
            }
            "idle" => ends_at_its_moment(&fixture, at(1).plus(IDLE)).await,
            _ => drop(fixture.end(EndTarget::Realm(fixture.realm), now).await.expect("an ending")),
        }
        assert_eq!(notices::take(&fixture, at(late)).await, 1, "{name}");
        assert_eq!(newest(&fixture).await, [format!("subscriber audit: {told}")], "{name}");
        let newest = fixture.endings(EndingFilter::default(), 1).await.swap_remove(0);
        let receipt = receipts(&fixture, newest.id).await.swap_remove(0);
        let event = event(&receipt);
        let record = event.record.as_ref().expect("it is known how");
        assert_eq!(Some(&record.at), newest.record.as_ref().map(|record| &record.at), "{name}");
        match &event.reach {
            HookReach::Session { session, user: whose } => {
                assert_eq!((*session, *whose), (held.session.id, user.id), "{name}");
            }
            HookReach::User { user: whose, .. } => assert_eq!(*whose, user.id, "{name}"),
            HookReach::Realm | HookReach::Client(_) => {}
        }
    }
}

/// Goal: what ended before somebody subscribed, and while they were switched off, is told to them never; nor is what their
/// predecessor of the same name was owed. Nobody is looked for where nobody subscribed.
pub async fn a_subscriber_hears_of_nothing_earlier<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let end_one = async |s| {
        let held = fixture.sign_on(&ada, at(s)).await;
        match fixture.end(held.presented(), at(s)).await.expect("an ending") {
            Ended::Now(ended) => ended.may_be_told,
            Ended::Before => panic!("it was live"),
        }
    };
    assert!(!end_one(1).await, "nobody is there");
    let audit = made(&fixture, hook("audit", fixture.realm)).await;
    assert_eq!(notices::take(&fixture, at(2)).await, 0);
    assert!(end_one(3).await);
    let off = Subscriber { enabled: false, ..audit.clone() };
    let off = fixture.store.edit_subscriber(audit.version, off).await.expect("switched off");
    assert_eq!(notices::take(&fixture, at(4)).await, 0, "it is not told any more");
    assert!(!end_one(5).await);
    let on = Subscriber { enabled: true, ..off.clone() };
    let on = fixture.store.edit_subscriber(off.version, on).await.expect("switched on");
    assert_eq!(notices::take(&fixture, at(6)).await, 0);
    assert!(end_one(7).await);
    assert_eq!(notices::take(&fixture, at(8)).await, 1);
    fixture.store.remove_subscriber(&on.id, None).await.expect("removed");
    made(&fixture, hook("audit", fixture.realm)).await;
    assert!(end_one(9).await);
    assert_eq!(notices::take(&fixture, at(10)).await, 1);
    let order =
        LeaseOrder { until: at(40), most: 100, reserved: 0, most_each: 100, busy: Default::default() };
    let leased = fixture.store.lease_notices(order, at(11)).await.expect("leased");
    let ended_at = |all: Vec<&Receipt>| all.iter().map(|one| one.ended_at).collect::<Vec<_>>();
    let told = ended_at(leased.notices.iter().map(|one| &one.receipt).collect());
    assert_eq!((told, ended_at(leased.untold.iter().collect())), (vec![at(9)], vec![at(7)]));
    let NoticeAddress::Subscriber(stored) = &leased.notices[0].to else { panic!("{leased:?}") };
    assert_eq!((stored.id.as_str(), stored.credential.as_bytes()), ("audit", &[1, 2, 3][..]));
    let receivers = fixture.store.receivers(None, 10).await.expect("an answer");
    let kinds: Vec<_> = receivers.iter().map(|one| (one.receiver.to_string(), one.kind)).collect();
    assert_eq!(kinds, [("subscriber audit".to_owned(), Some("webhook"))]);
}

/// Goal: another system is told once for each user all of whose sessions ended, by the name that it knows, and of no single session; a web
/// hook is told of a realm once. Whatever a crash comes between, nobody is left out and nobody told twice.
pub async fn other_systems_are_told_of_users_and_web_hooks_of_the_whole<E: Engine>() {
    let mut fixture = Fixture::<E>::new().await;
    let realm = fixture.realm;
    made(&fixture, hook("audit", realm)).await;
    made(&fixture, system("by-mail", realm, SubjectForm::Email)).await;
    made(&fixture, system("other", realm, SubjectForm::Opaque)).await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let mail = format!("subscriber by-mail: {}", ada.email.clone().unwrap_or_else(|| "nothing".into()));
    let held = fixture.sign_on(&ada, at(1)).await;
    fixture.end(held.presented(), at(2)).await.expect("an ending");
    notices::take(&fixture, at(2)).await;
    assert_eq!(newest(&fixture).await, ["subscriber audit: session"]);
    let kept = fixture.sign_on(&ada, at(3)).await;
    let but = EndTarget::UserBut { user: ada.id, keep: kept.session.id };
    fixture.end(but, at(4)).await.expect("an ending");
    notices::take(&fixture, at(4)).await;
    assert_eq!(newest(&fixture).await, ["subscriber audit: user but one"]);
    fixture.end(EndTarget::User(ada.id), at(5)).await.expect("an ending");
    notices::take(&fixture, at(5)).await;
    let all = ["subscriber audit: user", &mail, "subscriber other: opaque"];
    assert_eq!(newest(&fixture).await, all);
    fixture.end(EndTarget::User(bob.id), at(5)).await.expect("an ending");
    notices::take(&fixture, at(5)).await;
    assert_eq!(newest(&fixture).await.len(), 3, "who has no session here may have one there");
    // A realm: one for each user who had a session then.
    let mut users = vec![fixture.read(&ada).await];
    for n in 0..8 {
        users.push(fixture.user(&format!("user-{n}")).await);
    }
    let orders = (0..1300).map(|n| fixture.store.open_session(fixture.order(&users[n % 9]), at(6)));
    for opened in futures_util::future::join_all(orders).await {
        opened.expect("a sign-on");
    }
    let ended = fixture.end(EndTarget::Realm(realm), at(7)).await.expect("an ending");
    let ending = fixture.id_of(&ended).expect("it has an id");
    let mut steps = 0;
    loop {
        let taken = fixture.store.take_endings(at(8)).await.expect("a step");
        steps += 1;
        if !taken.more {
            break;
        }
        fixture = fixture.after_crash().await;
    }
    assert!(steps >= 3, "{steps} steps");
    let mut told: BTreeMap<Receiver, usize> = BTreeMap::new();
    for receipt in receipts(&fixture, ending).await {
        *told.entry(receipt.receiver.clone()).or_default() += 1;
        let mailed = receipt.receiver.to_string() == "subscriber by-mail";
        assert_eq!(mailed && receipt.message.is_none(), receipt.state == ReceiptState::CannotBeTold);
    }
    let told: Vec<_> = told.into_iter().map(|(receiver, n)| (receiver.to_string(), n)).collect();
    let by_mail = if users[0].email.is_some() { 9 } else { 1 };
    let count = |id: &str, n| (format!("subscriber {id}"), n);
    assert_eq!(told, [count("audit", 1), count("by-mail", by_mail), count("other", 9)]);
}

/// Goal: systems that tell each other come to an end (HOME-LIMITS): what another one hands on is told to no system where nobody has signed on
/// here since the last such ending, whatever a crash comes between; it stands in the index, and web hooks hear of it. An administrator's order is always told.
pub async fn what_is_handed_on_and_ends_nothing_is_handed_on_to_nobody<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    made(&fixture, hook("audit", fixture.realm)).await;
    made(&fixture, system("other", fixture.realm, SubjectForm::Opaque)).await;
    let ada = fixture.user("ada").await;
    let order = |by_other: bool| {
        let order = fixture.ending(EndTarget::UserAndGrants(ada.id));
        let origin = if by_other { order.origin.clone().handed_on() } else { order.origin.clone() };
        EndOrder { origin, ..order }
    };
    let (hook_only, both) =
        (vec!["subscriber audit: user"], vec!["subscriber audit: user", "subscriber other: opaque"]);
    fixture.sign_on(&ada, at(1)).await;
    for (n, by_other, told) in [
        (2, true, &both),
        (3, true, &hook_only),
        (4, true, &hook_only),
        (5, false, &both),
        (6, true, &hook_only),
    ] {
        fixture.store.end(order(by_other), at(n)).await.expect("an ending");
        let fixture = fixture.again_after_crash().await;
        notices::take(&fixture, at(n)).await;
        assert_eq!(newest(&fixture).await, *told, "{n}");
        assert_eq!(
            fixture.endings(EndingFilter::default(), 10).await.len(),
            n as usize - 1,
            "its record stays"
        );
    }
    // Somebody signed on here since, and off again: the other systems may have sessions because of that.
    let session = fixture.sign_on(&ada, at(7)).await;
    fixture.end(EndTarget::One(session.session.id), at(8)).await.expect("an ending");
    for (n, told) in [(9, &both), (10, &hook_only)] {
        fixture.store.end(order(true), at(n)).await.expect("an ending");
        notices::take(&fixture, at(n)).await;
        assert_eq!(newest(&fixture).await, *told, "{n}");
    }
}

/// Goal: an order that another system hands on goes on where a session began of whose end other systems were told nothing, and once: whichever session
/// was spared, however the clock was set, whether anything is kept of it, and whoever changes the user's record meanwhile.
pub async fn what_is_handed_on_goes_on_where_others_were_told_of_no_ending<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    made(&fixture, system("other", fixture.realm, SubjectForm::Opaque)).await;
    let told_once = async |fixture: &Fixture<E>, ada: &User, now: i64, why: &str| {
        for (n, told) in [(now, &["subscriber other: opaque"][..]), (now, &[])] {
            let order = fixture.ending(EndTarget::UserAndGrants(ada.id));
            let order = EndOrder { origin: order.origin.clone().handed_on(), ..order };
            fixture.store.end(order, at(n)).await.expect("an ending");
            notices::take(fixture, at(n)).await;
            assert_eq!(newest(fixture).await, told, "{why}");
        }
    };
    for keeps_older in [true, false] {
        let ada = fixture.user(&format!("keeps-older-{keeps_older}")).await;
        let (older, newer) = (fixture.sign_on(&ada, at(1)).await, fixture.sign_on(&ada, at(2)).await);
        let keep = if keeps_older { older.session.id } else { newer.session.id };
        fixture.end(EndTarget::UserBut { user: ada.id, keep }, at(3)).await.expect("an ending");
        fixture.end(EndTarget::One(keep), at(4)).await.expect("an ending");
        told_once(&fixture, &ada, 5, "one was spared, and ended alone").await;
    }
    // The clock went back between two sign-ons: the one that lives on is not the one with the latest time.
    let bob = fixture.user("bob").await;
    let late = fixture.sign_on(&bob, at(50)).await;
    told_once(&fixture, &bob, 51, "a session lived").await;
    fixture.expect_dead(&late, at(51)).await;
    let early = fixture.sign_on(&bob, at(6)).await;
    fixture.end(EndTarget::One(early.session.id), at(7)).await.expect("an ending");
    told_once(&fixture, &bob, 8, "it began after the clock went back").await;
    // A change that was made from what stood there before the sign-on takes nothing back.
    let change =
        fixture.edit_order(bob.id, UserEdit { traits: Some("{}".into()), ..UserEdit::default() }).await;
    let reset = fixture.sign_on(&bob, at(9)).await;
    fixture.store.edit_user(change, at(9)).await.expect("a change");
    fixture.reset(&reset, at(10)).await.expect("a reset");
    told_once(&fixture, &bob, 11, "its user was changed meanwhile").await;
    // What is swept was there all the same.
    let swept = fixture.sign_on(&bob, at(12)).await;
    fixture.end(EndTarget::One(swept.session.id), at(13)).await.expect("an ending");
    notices::take(&fixture, at(13)).await;
    while fixture.store.sweep(at(1_000_000), Span::from_s(1)).await.expect("a sweep").more {}
    let fixture = fixture.after_crash().await;
    assert!(fixture.session_by_id(swept.session.id, at(1_000_000)).await.is_none());
    told_once(&fixture, &bob, 1_000_001, "nothing of it is kept").await;
}
