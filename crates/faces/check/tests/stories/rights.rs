//! Who is let through by the check that proxies ask. The table of the API for administrators stands beside the credential
//! that guards it, in the tests of the binary.

use adieu_face_check::{CHECK, OR_SIGN_ON, paths};
use adieu_testkit::World;
use adieu_testkit::rights::{Line, assert_complete, assert_kept};

const METHODS: &str = "GET HEAD POST PUT PATCH DELETE OPTIONS";

/// Both are for whoever has a live session of the realm.
#[derive(Clone, Copy, Debug)]
struct SignedOn;

const TABLE: [Line<SignedOn>; 2] = [(METHODS, CHECK, SignedOn), (METHODS, OR_SIGN_ON, SignedOn)];

#[test]
fn the_table_names_every_route() {
    let routes = paths().flat_map(|path| METHODS.split(' ').map(move |method| (method, path)));
    assert_complete(&TABLE, routes);
}

/// Goal: no path and no method lets anybody through but who has a live session of the realm.
#[tokio::test]
async fn every_route_asks_who_may() {
    let world = World::start().await;
    let live = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let ended = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    super::end(&world, &ended).await;
    let groundling = world.post("/am/json/authenticate").header("content-type", "application/json");
    let groundling = groundling.header("x-openam-username", "groundling");
    let groundling = groundling.header("x-openam-password", "Water-level-55").send().await.json();
    let of_another_realm = groundling["tokenId"].as_str().expect("a token").to_owned();
    let callers = ["", "a.b.c", &ended, &of_another_realm, &live];
    let refusal = |_, caller| (caller != live).then_some(401);
    assert_kept(&TABLE, &callers, refusal, async |(method, path, _), caller: &str| {
        let ask = world.ask(method.parse().expect("a method"), path);
        let reply = if caller.is_empty() { ask } else { ask.bearer(caller) }.send().await;
        (reply.status.as_u16(), reply.text)
    })
    .await;
}
