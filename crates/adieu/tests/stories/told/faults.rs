//! Receivers that fail, for a moment or for a day, and a store that fails: what is owed is told, or stands as given up.
//!
//! The clock stands until a story moves it. A server that is killed is in `killed` and in the crash test, an answer of 500, 3xx, 503 with
//! `Retry-After`, garbage or ten million bytes in `told`, a certificate in `certificates`.

use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use adieu_testkit::world::profile_config;
use http::Method;
use serde_json::{Value, json};

use super::receiver::{Answers, Receiver};
use super::{receipts, shared, takes_part, tell, told_at, with_told_at};
use crate::one_session::{Dialect, Exit, Programs};
use crate::running::STALL;

/// Makes applications that are told at these addresses.
async fn applications(world: &World, addresses: impl IntoIterator<Item = (String, String)>) {
    let path = format!("/v1/realms/{}/clients", world.data.realm.id);
    for (id, address) in addresses {
        let client = json!({"client_id": id, "client_name": id, "backchannel_logout_uri": address});
        let made = world.admin(Method::POST, &path).json(&client).send().await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
}

/// The receipt of a client among those of an ending.
fn of<'a>(notices: &'a Value, client: &str) -> &'a Value {
    let mut all = notices["receipts"].as_array().expect("receipts").iter();
    all.find(|one| one["client"] == client).unwrap_or_else(|| panic!("nothing for {client}: {notices}"))
}

async fn receiver_shown(world: &World, client: &str) -> Value {
    let all = world.admin(Method::GET, "/v1/receivers").send().await.json();
    let mut all = all["items"].as_array().expect("a list").clone().into_iter();
    all.find(|one| one["client"] == client).unwrap_or_else(|| panic!("{client} is not there"))
}

/// Goal: ONE-SLOW-HURTS-NONE: thirty-three receivers that hang at once, with more notices than are tried at a time, keep a healthy one of
/// which nobody has heard yet from being told at once. Method: its notice is confirmed while each of theirs is still under way.
#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_all_hang_keep_no_healthy_one_waiting() {
    let (hanging, healthy) = (Receiver::start().await, Receiver::start().await);
    hanging.always_answers(Answers::Hang);
    let world = told_at(&healthy).await;
    let names: Vec<String> = (0..33).map(|n| format!("hangs-{n}")).collect();
    applications(&world, names.iter().map(|id| (id.clone(), hanging.address(&format!("/{id}"))))).await;
    for _ in 0..9 {
        let token = Programs::of(&world).sign_on(Dialect::Kratos).await;
        for id in &names {
            takes_part(&world, &token, id).await;
        }
        Programs::of(&world).end(Exit::KratosLogout, &token).await;
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.server().outbox(world.config()).expect("an outbox").run(stopped));
    let all_hang = async {
        loop {
            let heard = hanging.heard();
            if names.iter().all(|id| heard.iter().any(|one| one.path == format!("/{id}"))) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(STALL, all_hang).await.expect("each of them is tried");
    let (token, _) = shared(&world, Dialect::Kratos).await;
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    let told = async {
        while receipts(&world).await["counts"]["confirmed"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(STALL, told).await.expect("it is told");
    assert_eq!(healthy.heard().len(), 1);
    for id in &names {
        let shown = receiver_shown(&world, id).await;
        assert_eq!(
            (&shown["pending"], &shown["failures"]),
            (&json!(9), &json!(0)),
            "none has failed yet: {shown}"
        );
    }
    let _ = stop.send(true);
    running.abort(); // Its last tries hang.
}

/// Goal: a receiver that is down for most of a day is asked sparingly meanwhile, shown as ailing, and told of everything at its first
/// success; one that stays away for longer has its notice given up, for all to see, until an administrator has it tried again.
#[tokio::test]
async fn a_receiver_that_is_down_for_a_day_is_told_when_it_is_back_or_given_up() {
    let (back, gone) = (Receiver::start().await, Receiver::start().await);
    let world = told_at(&back).await;
    applications(&world, [("gone".to_owned(), gone.address("/out"))]).await;
    let app = world.data.app.id.to_string();
    let outbox = world.server().outbox(world.config()).expect("an outbox");
    let tell = async || outbox.tell_due().await.expect("a round");
    for receiver in [&back, &gone] {
        receiver.always_answers(Answers::Status(503));
    }
    let mut endings = Vec::new();
    let mut tried = 0;
    for minute in (0..23 * 60).step_by(5) {
        if minute % (8 * 60) == 0 {
            let (token, _) = shared(&world, Dialect::Kratos).await;
            takes_part(&world, &token, "gone").await;
            Programs::of(&world).end(Exit::KratosLogout, &token).await;
            let newest = world.admin(Method::GET, "/v1/endings?limit=1").send().await.json();
            endings.push(newest["items"][0]["id"].as_str().expect("an id").to_owned());
        }
        tried += tell().await;
        world.wait_s(300);
    }
    assert!(tried < 150, "three notices to each of two were tried {tried} times in 23 hours");
    let notices_of = async |ending: &str| {
        world.admin(Method::GET, &format!("/v1/endings/{ending}")).send().await.json()["notices"].clone()
    };
    for ending in &endings {
        let notices = notices_of(ending).await;
        assert_eq!((&notices["counts"]["pending"], &notices["settled"]), (&json!(2), &json!(false)));
        let shown = of(&notices, &app);
        assert_eq!(shown["last_answer"]["status"], 503, "{shown}");
        assert!(shown["ailing_since"].is_string() && shown["tries"].as_u64() > Some(3), "{shown}");
        assert_eq!(shown["waits"], "ailing", "{shown}");
    }
    let shown = receiver_shown(&world, &app).await;
    assert_eq!(
        (&shown["ailing"], &shown["pending"], &shown["last_failure"]),
        (&json!(true), &json!(3), &json!("503"))
    );

    back.answers([]);
    let mut waited = 0;
    while of(&notices_of(&endings[0]).await, &app)["state"] != "confirmed" {
        assert!(waited < 6 * 3600, "it is asked within the longest pause");
        world.wait_s(300);
        waited += 300;
        tell().await;
    }
    for ending in &endings {
        let shown = notices_of(ending).await;
        assert_eq!(of(&shown, &app)["state"], "confirmed", "its first success brings all that waits");
    }
    assert_eq!(back.heard().len(), 3);
    let shown = receiver_shown(&world, &app).await;
    assert_eq!(
        (&shown["ailing"], &shown["pending"], &shown["failures"]),
        (&json!(false), &json!(0), &json!(0))
    );

    for _ in 0..(30 * 12) {
        world.wait_s(300);
        tell().await;
    }
    for ending in &endings {
        let notices = notices_of(ending).await;
        assert_eq!(
            (of(&notices, "gone")["state"].as_str(), &notices["settled"]),
            (Some("given_up"), &json!(true))
        );
    }
    let said = gone.heard().len();
    world.wait_s(86_400);
    assert_eq!((tell().await, gone.heard().len()), (0, said), "what was given up is sent no more");
    gone.answers([]);
    let retried = world.admin(Method::POST, &format!("/v1/endings/{}/retry", endings[1])).send().await;
    assert_eq!((retried.status.as_u16(), &retried.json()["notices"]), (200, &json!(1)), "{}", retried.text);
    assert_eq!(tell().await, 1);
    assert_eq!(of(&notices_of(&endings[1]).await, "gone")["state"], "confirmed");
}

/// Goal: who answers 429 is left alone for as long as it asks, in any form of a date, and for six hours at most.
#[tokio::test]
async fn a_receiver_that_asks_to_be_left_alone_is_and_not_for_ever() {
    let receiver = Receiver::start().await;
    let world = told_at(&receiver).await;
    let (token, _) = shared(&world, Dialect::Kratos).await;
    // The clock of the tests stands at 2026-11-20 09:14:07; what is past asks for nothing.
    receiver.answers([
        Answers::RetryAfter(429, "999999999"),
        Answers::RetryAfter(429, "Sunday, 06-Nov-94 08:49:37 GMT"),
        Answers::RetryAfter(429, "Mon Nov 30 00:00:00 2099"),
    ]);
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    assert_eq!(tell(&world).await, 1);
    world.wait_s(6 * 3600 - 1);
    assert_eq!(tell(&world).await, 0);
    world.wait_s(1);
    assert_eq!(tell(&world).await, 1);
    world.wait_s(300); // Who has failed for long is asked every five minutes.
    assert_eq!(tell(&world).await, 1, "a moment that is past keeps nobody away");
    world.wait_s(6 * 3600 - 1);
    assert_eq!(tell(&world).await, 0);
    world.wait_s(1);
    assert_eq!(tell(&world).await, 1);
    assert_eq!(receipts(&world).await["receipts"][0]["state"], "confirmed");
}

/// Goal: an address in a private network is sent nothing where that is not allowed, by number or by name, and the receipt says so; it is
/// tried again, for the address may be mended.
#[tokio::test]
async fn an_address_in_a_private_network_is_sent_nothing() {
    let receiver = Receiver::start().await;
    let mut config = profile_config("main");
    config.development = false;
    config.notices.allow_private = false;
    let world = with_told_at(World::with_config(config).await, &receiver).await;
    let port = receiver.address("").rsplit_once(':').expect("a port").1.to_owned();
    applications(&world, [("by-name".to_owned(), format!("http://localhost:{port}/out"))]).await;
    let (token, _) = shared(&world, Dialect::Kratos).await;
    takes_part(&world, &token, "by-name").await;
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    assert_eq!(tell(&world).await, 2);
    let notices = receipts(&world).await;
    assert_eq!(notices["counts"]["pending"], 2, "{notices}");
    for one in notices["receipts"].as_array().expect("receipts") {
        assert_eq!(one["last_answer"]["outcome"], "address_refused", "{one}");
    }
    assert_eq!(receiver.heard().len(), 0);
    let id = "by-name".parse().expect("an id");
    world.edit_client(&id, |client| client.backchannel_logout_uri = None).await;
    world.wait_s(1);
    assert_eq!(tell(&world).await, 1, "what has no address is settled without a try");
    assert_eq!(of(&receipts(&world).await, "by-name")["state"], "cannot_be_told");
}

/// Goal: NOTICE-WITH-ENDING on a full disk: an ending that could not be written is told to nobody; an answer that could not be
/// written has its notice sent again when its lease has run out, and no earlier.
#[tokio::test]
async fn a_full_disk_tells_nothing_early_and_loses_no_notice() {
    let receiver = Receiver::start().await;
    let mut world = told_at(&receiver).await;
    let store = world.with_failing_store().await;
    let (token, _) = shared(&world, Dialect::Kratos).await;
    store.fail(Failure::NotTaken);
    let refused =
        world.delete("/self-service/logout/api").json(&json!({"session_token": token})).send().await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    let outbox = world.server().outbox(world.config()).expect("an outbox");
    assert!(outbox.tell_due().await.is_err(), "the store gives nothing out");
    store.fail(Failure::None);
    assert_eq!((tell(&world).await, receiver.heard().len()), (0, 0), "it has not ended");
    Programs::of(&world).end(Exit::KratosLogout, &token).await;
    store.take_only(2); // Receipts are made and given out; what comes of them is not written.
    assert!(outbox.tell_due().await.is_err());
    store.take_all();
    assert_eq!(receiver.heard().len(), 1);
    let notices = receipts(&world).await;
    assert_eq!(
        (&notices["counts"]["pending"], &notices["receipts"][0]["tries"]),
        (&json!(1), &json!(0)),
        "{notices}"
    );
    world.wait_s(29);
    assert_eq!(tell(&world).await, 0, "whoever had it may still be at it");
    world.wait_s(1);
    assert_eq!(tell(&world).await, 1);
    assert_eq!((&receipts(&world).await["counts"]["confirmed"], receiver.heard().len()), (&json!(1), 2));
}
