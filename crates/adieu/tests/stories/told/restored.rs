//! A server that goes on from a backup tells whoever is owed a notice: of all that it knew, and of nothing a second time without need.
//!
//! The backup is taken under the open server, with subscribers in it and a notice under way.

use adieu_authority::{SubjectForm, SubscriberKind};
use adieu_core::Clock;
use adieu_store_sqlite::backup::back_up;
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
    let mut scene = Scene::with(Provider::PingOne, |_| {}).await;
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
