//! A refresh token that is presented twice: what the configured grace makes of it, in every dialect that gives tokens.
//!
//! Who keeps the grace is core; here is that the key reaches it.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use serde_json::json;

use crate::one_session::Programs;
use crate::response_modes::{ISSUERS, Issuer};

async fn refreshed(world: &World, issuer: Issuer, token: &str) -> Reply {
    let ask = world.post(&format!("{}/{}", issuer.base(world), issuer.token()));
    let ask = ask.header("authorization", &Programs::of(world).basic("app"));
    ask.form(&[("grant_type", "refresh_token"), ("refresh_token", token)]).send().await
}

/// Goal: S-TOK-4, S-TOK-5: with `tokens.refresh_reuse_grace_s = 0` a refresh token counts once, and its second use ends the grant;
/// by default the second use within ten seconds leads to the same successor, and the grant lives on.
#[tokio::test]
async fn the_configured_grace_holds_in_every_dialect() {
    for grace_s in [None, Some(0)] {
        let mut config = profile_config("main");
        if let Some(grace_s) = grace_s {
            config.tokens.refresh_reuse_grace_s = grace_s;
        }
        let world = World::with_config(config).await;
        for issuer in ISSUERS {
            let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
            let answer = issuer.signed_on(issuer.authorize(&world, ""), &session).send().await;
            let code = answer.location().split(['=', '&']).nth(1).expect("a code").to_owned();
            let text = |reply: &Reply| reply.json()["refresh_token"].as_str().expect("a token").to_owned();
            let first = text(&issuer.redeem(&world, &code).await);
            let second = text(&refreshed(&world, issuer, &first).await);
            let again = refreshed(&world, issuer, &first).await;
            if grace_s.is_none() {
                assert_eq!(text(&again), second, "{issuer:?}: the same successor");
                assert_eq!(refreshed(&world, issuer, &second).await.status, 200, "{issuer:?}: it lives on");
                continue;
            }
            for dead in [again, refreshed(&world, issuer, &second).await] {
                assert_eq!(
                    (dead.status.as_u16(), &dead.json()["error"]),
                    (400, &json!("invalid_grant")),
                    "{issuer:?}"
                );
            }
        }
    }
}
