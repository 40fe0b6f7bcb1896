//! A server that goes on from a backup: nothing of the time before lives, and everybody can sign on anew.
//!
//! The backup is taken under the open server.

use adieu_authority::{ClientAuth, NewClient, Role, RoleAssignment, RoleScope};
use adieu_core::Clock;
use adieu_store_sqlite::backup::back_up;
use adieu_testkit::World;

use crate::one_session::{DIALECTS, Dialect, Exit, Programs};

/// Whether the management API takes the token of a client in its own name.
async fn worker_is_taken(programs: &Programs<'_>, world: &World, token: &str) -> bool {
    let (environment, user) = (programs.pingone("env_id"), programs.pingone("user_id"));
    let path = format!("/v1/environments/{environment}/users/{user}/sessions");
    let status = world.get(&path).bearer(token).send().await.status.as_u16();
    assert!([200, 401].contains(&status), "{status}");
    status == 200
}

async fn worker_token(programs: &Programs<'_>) -> String {
    let reply = programs.token_endpoint("worker", &[("grant_type", "client_credentials")]).send().await;
    reply.json()["access_token"].as_str().expect("a token").to_owned()
}

/// Goal: ENDED-STAYS-ENDED over a restore, in every dialect: not one credential of the time before is taken, neither what
/// was ended after the backup nor what was not; people, passwords and clients with their secrets are there.
/// Method: Alice has a session through each channel, with tokens, and the worker has one; a backup; one session is
/// ended; the server goes on from the backup.
#[tokio::test]
async fn nothing_of_the_time_before_lives_and_everybody_can_sign_on_anew() {
    let mut world = World::in_folder().await;
    let programs = Programs::of(&world);
    let mut held = Vec::new();
    for dialect in DIALECTS {
        let token = programs.sign_on(dialect).await;
        held.push((programs.tokens(&token).await, token));
    }
    let worker = worker_token(&programs).await;
    assert!(worker_is_taken(&programs, &world, &worker).await);
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    back_up(world.folder(), &backup, world.clock().now()).expect("a backup under the open fixture");
    programs.end(Exit::AmLogout, &held[0].1).await;
    world.wait_s(1);
    world.restored_from(&backup).await;

    let programs = Programs::of(&world);
    for (tokens, token) in &held {
        for (carrier, live) in programs.accepted(token).await {
            assert!(!live, "{carrier} takes a session of the time before");
        }
        programs.assert_tokens_are_dead(tokens).await;
    }
    assert!(!worker_is_taken(&programs, &world, &worker).await);
    for dialect in DIALECTS {
        let token = programs.sign_on(dialect).await;
        programs.tokens(&token).await;
        assert!(programs.accepted(&token).await.iter().all(|(_, live)| *live), "{dialect:?}");
    }
    let worker = worker_token(&programs).await;
    assert!(worker_is_taken(&programs, &world, &worker).await);
}

/// Goal: ENDED-STAYS-ENDED for what the backup has never heard of: a client that was made after it, and is made again
/// after the restore, does not take over tokens of its first life.
#[tokio::test]
async fn a_client_that_is_made_again_after_a_restore_begins_a_new_life() {
    let mut world = World::in_folder().await;
    let programs = Programs::of(&world);
    programs.sign_on(Dialect::Kratos).await;
    worker_token(&programs).await; // The realm has its signing key, so tokens of both lives verify.
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    back_up(world.folder(), &backup, world.clock().now()).expect("a backup");
    let first = late_worker(&world).await;
    assert!(worker_is_taken(&programs, &world, &first).await);
    world.wait_s(1);
    world.restored_from(&backup).await;
    world.wait_s(1);
    let second = late_worker(&world).await;
    let programs = Programs::of(&world);
    assert!(worker_is_taken(&programs, &world, &second).await);
    assert!(!worker_is_taken(&programs, &world, &first).await);
}

/// Makes a worker and gives a token in its own name.
async fn late_worker(world: &World) -> String {
    let (authority, realm) = (world.authority(), world.data.realm.id);
    let new = NewClient {
        id: "late".parse().expect("an id"),
        name: "Late".into(),
        auth: ClientAuth::Post,
        code: false,
        refresh: false,
        client_credentials: true,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles: vec![RoleAssignment { role: Role::IdentityDataAdmin, scope: RoleScope::Realm(realm) }],
    };
    let client = authority.create_client(realm, new).await.expect("a client");
    let secret = authority.secret_of(&client).expect("a secret");
    let form =
        [("grant_type", "client_credentials"), ("client_id", "late"), ("client_secret", secret.as_str())];
    let reply = world.post(&format!("/{realm}/as/token")).form(&form).send().await;
    reply.json()["access_token"].as_str().expect("a token").to_owned()
}
