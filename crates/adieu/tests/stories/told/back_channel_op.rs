//! The modules of the certification plan *Back-Channel OP*, at a native issuer.
//!
//! The notice arrives before the browser goes on. Our own rules for the token are stricter than the plan's: `told`.

use http::Method;

use super::receiver::Receiver;
use super::{World, claims_of, receipts, told_at, verified};
use crate::one_session::Dialect;
use crate::one_session::Programs;
use crate::response_modes::Issuer;

const BYE: &str = "https://shop.example.test/bye";

/// S-BCL-1, S-BCL-2, S-RPI-1
#[tokio::test]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    let world = World::start().await;
    for issuer in [Issuer::PingOne, Issuer::Am, Issuer::Native] {
        let path = format!("{}/.well-known/openid-configuration", issuer.base(&world));
        let document = world.get(&path).send().await.json();
        for name in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
            assert_eq!(document[name], true, "{issuer:?} {name}");
        }
        assert!(document["end_session_endpoint"].is_string(), "{issuer:?}");
    }
}

/// S-RPI-10, S-RPI-11, S-RPI-14, S-BCL-6, S-BCL-8 to S-BCL-13
#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let receiver = Receiver::start().await;
    let world = told_at(&receiver).await;
    let token = Programs::of(&world).sign_on(Dialect::Kratos).await;
    let issuer = Issuer::Native;
    let answer = issuer.signed_on(issuer.authorize(&world, ""), &token).send().await;
    let code =
        answer.location().split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).expect("a code");
    let tokens = issuer.redeem(&world, code).await.json();
    let hint = tokens["id_token"].as_str().expect("a token");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.server().outbox(world.config()).expect("an outbox").run(stopped));

    let logout = format!(
        "{}/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=af%260ifj",
        issuer.base(&world)
    );
    let done = issuer.signed_on(world.get(&logout), &token).send().await;
    assert_eq!((done.status.as_u16(), done.location()), (303, &*format!("{BYE}?state=af%260ifj")));
    let heard = receiver.heard();
    let [heard] = &heard[..] else { panic!("told before the browser goes on: {heard:?}") };
    let (_, claims) = verified(&world, heard).await;
    let own = claims_of(hint);
    assert_eq!(claims.iss, own["iss"]);
    assert_eq!(
        (claims.logged_out.sub(), claims.logged_out.sid()),
        (own["sub"].as_str(), own["sid"].as_str())
    );
    assert_eq!(receipts(&world).await["counts"]["confirmed"], 1);
    let silent = issuer.signed_on(issuer.authorize(&world, "&prompt=none"), &token).send().await;
    assert!(silent.location().contains("error=login_required"), "{}", silent.location());

    let receivers = world.admin(Method::GET, "/v1/receivers").send().await.json();
    assert_eq!(receivers["items"][0]["pending"], 0);
    let _ = stop.send(true);
    running.await.expect("it stops");
}
