//! A server that goes on from a backup tells whoever is owed a notice: of all that it knew, and of nothing a second time without need.
//!
//! The backup is taken under the open server, with subscribers in it and a notice under way.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use adieu::serve::{Bound, Serving};
use adieu_authority::{SubjectForm, SubscriberKind};
use adieu_core::Clock;
use adieu_store_sqlite::Folder;
use adieu_store_sqlite::backup::back_up;
use http::Method;
use serde_json::{Value, json};

use super::receiver::{Answers, Receiver};
use super::subscribers::{SECRET, subscribe};
use super::triggers::{Provider, Scene};
use crate::one_session::{Exit, Programs};

/// What a web hook heard, as `type id`, and the ids alone.
fn events(hook: &Receiver) -> Vec<(String, String)> {
    let heard = hook.heard();
    let events = heard.iter().map(|heard| {
        let event: Value = serde_json::from_str(&heard.body).expect("JSON");
        (event["type"].as_str().expect("a type").to_owned(), heard.header("webhook-id"))
    });
    events.collect()
}

/// Goal: NOTICE-WITH-ENDING over a restore, for clients, web hooks and other systems: what was confirmed before the backup is told to nobody
/// again; what was pending in it is told once more, under the same id; everybody whom the backup knew live is over, and told so,
/// under an id that the original has given to nothing.
#[tokio::test]
async fn a_restore_tells_subscribers_all_that_it_knew_and_nothing_twice_without_need() {
    let (hook, system) = (Receiver::start().await, Receiver::start().await);
    let mut scene = Scene::in_folder(Provider::PingOne, |_| {}).await;
    let webhook = SubscriberKind::Webhook { causes: vec![] };
    subscribe(&scene.world, "audit", webhook, &hook, SECRET).await;
    let revokes = SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::Opaque };
    subscribe(&scene.world, "helpdesk", revokes, &system, "t0ken").await;
    let end = async |scene: &Scene, which: usize| {
        Programs::of(&scene.world).end(Exit::KratosLogout, &scene.tokens[which]).await;
    };

    end(&scene, 0).await;
    assert_eq!(scene.told().await, ["alice first"]);
    let confirmed = events(&hook);
    assert_eq!(confirmed.len(), 1);
    scene.receiver.answers([]);
    hook.answers([Answers::Status(500)]);
    end(&scene, 2).await;
    assert_eq!(scene.told().await, ["bob third"]);
    let pending = events(&hook);
    assert_eq!(pending.len(), 1, "it will be tried again");
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    back_up(scene.world.folder(), &backup, scene.world.clock().now()).expect("a backup");

    // Of this the backup knows nothing.
    scene.world.wait_s(1);
    scene.receiver.answers([]);
    hook.answers([]);
    end(&scene, 1).await;
    assert_eq!(scene.told().await, ["alice second"]);
    let lost = events(&hook);
    assert_eq!((lost.len(), lost.contains(&pending[0])), (2, true));
    assert_eq!(system.heard().len(), 0, "of single sessions it is told nothing");

    scene.world.wait_s(1);
    scene.world.restored_from(&backup).await;
    scene.receiver.answers([]);
    hook.answers([]);
    assert_eq!(scene.told().await, ["alice *"], "she was signed on when the backup was made");
    let told = events(&hook);
    assert!(told.contains(&pending[0]), "what the backup knows as pending is told: {told:?}");
    assert!(!told.contains(&confirmed[0]), "what it knows as confirmed is not: {told:?}");
    let mut of_restore: Vec<_> = told.iter().filter(|one| **one != pending[0]).collect();
    of_restore.sort();
    let realm = of_restore.iter().filter(|(kind, _)| kind == "realm.sessions.ended").count();
    assert_eq!(realm, 1, "{told:?}");
    let strange = |(kind, _): &&&(String, String)| {
        !["realm.sessions.ended", "client.grants.ended"].contains(&kind.as_str())
    };
    assert_eq!(of_restore.iter().find(strange), None);
    let given = |id: &str| [&confirmed, &lost].into_iter().flatten().any(|(_, earlier)| earlier == id);
    assert!(!of_restore.iter().any(|(_, id)| given(id)), "ids of the original name nothing here");
    let revoked: Vec<Value> =
        system.heard().iter().map(|heard| serde_json::from_str(&heard.body).expect("JSON")).collect();
    let alice = scene.world.data.alice.id.to_string();
    assert_eq!(revoked, [json!({"sub_id": {"format": "opaque", "id": alice}})]);
    // Nobody is told more of it later.
    scene.world.wait_s(86_400);
    assert_eq!(scene.told().await, ["alice *"]);
    assert_eq!((events(&hook).len(), system.heard().len()), (told.len(), 1));
}

/// Goal: NOTICE-WITH-ENDING: what was pending in a backup is told also where a trial of it has lasted for days, and a first try that fails
/// then is not the last. Method: nobody asks the restored store for notices for two days, while it is swept.
#[tokio::test]
async fn a_restore_that_is_tried_for_days_loses_nothing_that_was_pending() {
    let hook = Receiver::start().await;
    let mut scene = Scene::in_folder(Provider::PingOne, |_| {}).await;
    let webhook = SubscriberKind::Webhook { causes: vec![] };
    subscribe(&scene.world, "audit", webhook, &hook, SECRET).await;
    hook.answers([Answers::Status(500)]);
    Programs::of(&scene.world).end(Exit::KratosLogout, &scene.tokens[2]).await;
    scene.told().await;
    let pending = events(&hook);
    assert_eq!(pending.len(), 1, "it will be tried again");
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    back_up(scene.world.folder(), &backup, scene.world.clock().now()).expect("a backup");
    pending_is_held_in_a_trial(&backup, &folder.path().join("trial"));
    scene.world.restored_from(&backup).await;
    let given_up = async |scene: &Scene| {
        while scene.world.authority().sweep().await.expect("a sweep").more {}
        let list = scene.world.admin(Method::GET, "/v1/endings?state=given_up").send().await.json();
        list["items"].as_array().map_or(0, Vec::len)
    };
    scene.world.wait_s(2 * 86_400);
    assert_eq!(given_up(&scene).await, 0, "nobody tried it");
    hook.answers(vec![Answers::Status(500); 9]);
    scene.told().await;
    assert!(events(&hook).contains(&pending[0]), "{:?}", events(&hook));
    assert_eq!(given_up(&scene).await, 0, "its day goes on");
    scene.world.wait_s(301); // It is ailing.
    hook.answers([]);
    scene.told().await;
    assert!(events(&hook).contains(&pending[0]), "{:?}", events(&hook));
    scene.world.wait_s(301);
    hook.answers([]);
    scene.told().await;
    assert_eq!(events(&hook), [], "it is told");
}

/// The command says of what is pending that it is held in a trial, also where no server runs.
fn pending_is_held_in_a_trial(backup: &Path, trial: &Path) {
    let said = |words: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_adieu")).args(words).env("ADIEU_DATA", trial).output();
        let output = run.expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    said(&["restore", "--from", backup.to_str().expect("text"), "--trial"]);
    let pending = said(&["endings", "list", "--state", "pending", "--json"]);
    let pending: Value = serde_json::from_str(&pending).expect("JSON");
    let ids = pending.as_array().expect("a list").iter().filter_map(|ending| ending["id"].as_str());
    let receipts: Vec<_> = ids.map(|id| said(&["endings", "show", id])).collect();
    assert!(receipts.iter().any(|shown| shown.contains("held until this folder takes over")), "{receipts:?}");
}

/// Goal: whoever tries a restore signs nobody off at production's applications; whoever goes on with it tells all of them.
/// Method: a restored folder is served, and somebody's sessions are ended in it; nothing is heard although the answer waits for it.
/// Then it takes over while the server runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_tried_tells_nobody_until_it_takes_over() {
    let mut scene = Scene::in_folder(Provider::PingOne, |config| {
        config.public.listen = ([127, 0, 0, 1], 0).into();
        config.admin.listen = ([127, 0, 0, 1], 0).into();
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    back_up(scene.world.folder(), &backup, scene.world.clock().now()).expect("a backup");
    scene.world.wait_s(1);
    scene.world.restored_from(&backup).await;
    let data = scene.world.folder().to_owned();
    let config = adieu::config::Config { data: data.clone(), ..scene.world.config().clone() };
    let bound = Bound::bind(&config).await.expect("free ports");
    let serving = Serving::new(bound, scene.world.server(), &config).expect("sound");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(async move { serving.run(&config, stopped).await });
    let order = json!({"user": scene.world.data.alice.id.to_string(), "wait_s": 1});
    let ended = scene.world.admin(Method::POST, "/v1/endings").json(&order).send().await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert_ne!(ended.json()["notices"]["settled"], true, "{}", ended.text);
    assert!(scene.receiver.heard().is_empty(), "it is only tried");
    assert!(Folder::take_over(&data).expect("it is there"), "it had not taken over");
    let told = async {
        while scene.receiver.heard().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("it is told");
    let _ = stop.send(true);
    serving.await.expect("it stops").expect("and well");
    assert!(!Folder::take_over(&data).expect("it is there"), "once is enough");
}
