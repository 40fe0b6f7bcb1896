//! What strangers may send to a native issuer, and what is kept of it: bounded in size and number, and not in the clear.
//!
//! Nobody here has signed on, unless the story says so.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use serde_json::json;

use crate::fixture::{ALICE, ALPHA, Browser, CALLBACK, LOGOUT, RelyingParty, param, signed_on};

async fn posted(world: &World, path: &str, body: Vec<u8>) -> Reply {
    let form = "application/x-www-form-urlencoded";
    world.post(path).header("content-type", form).body(body).send().await
}

/// Goal: H6-4: a form that is sent on as an address says each thing once, at most a hundred, in at most 16 KiB.
#[tokio::test]
async fn a_form_is_sent_on_within_bounds() {
    let world = World::start().await;
    let authorize = format!("{ALPHA}/authorize");
    let many = |n: usize| (0..n).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&").into_bytes();
    let long = |n: usize| format!("state={}", "x".repeat(n)).into_bytes();
    for body in [b"\xff&".repeat(32_700), many(101), long(17_000), b"state=1&state=2".to_vec()] {
        let refused = posted(&world, &authorize, body).await;
        assert_eq!((refused.status.as_u16(), refused.location()), (400, ""), "{}", refused.text);
        assert!(refused.text.contains("at most 100 of them"), "{}", refused.text);
    }
    for body in [many(100), long(16_000)] {
        assert_eq!(posted(&world, &authorize, body).await.status, 303);
    }
}

/// Goal: H6-3, H6-10: of a form of another site is kept what the specification names, at most 8 KiB, and sealed: the hint stands in no file.
#[tokio::test]
async fn a_form_of_another_site_is_kept_within_bounds_and_sealed() {
    let world = World::in_folder().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, hint) = signed_on(&shop, ALICE).await;
    let junk = "junk".repeat(10_000);
    let fields = [("id_token_hint", hint.as_str()), ("state", "a-rare-state"), ("junk", &junk)];
    let hop = browser.post_from_elsewhere(LOGOUT, &fields).await;
    assert_eq!(hop.status, 303, "{}", hop.text);
    let mut kept = 0;
    for file in std::fs::read_dir(world.folder()).expect("the folder") {
        let bytes = std::fs::read(file.expect("a file").path()).unwrap_or_default();
        kept += bytes.windows(13).filter(|part| *part == b"openid-logout").count();
        for clear in [hint.as_str(), &hint[hint.len() - 40..], "a-rare-state", "junkjunk"] {
            assert!(!bytes.windows(clear.len()).any(|part| part == clear.as_bytes()), "{clear}");
        }
    }
    assert!(kept > 0, "it is kept in one of them");
    let done = browser.get(hop.location()).await;
    assert!(done.text.contains("You are signed off"), "the hint speaks of this session: {}", done.text);

    for long in [("state", "x".repeat(9_000)), ("id_token_hint", "x".repeat(17_000))] {
        let refused = browser.post_from_elsewhere(LOGOUT, &[(long.0, &long.1)]).await;
        assert_eq!((refused.status.as_u16(), refused.location()), (400, ""), "{}", refused.text);
    }
}

/// Goal: H6-8: a client that pushes requests without end loses its own, and nobody else's at the same address; what is too long is refused.
#[tokio::test]
async fn a_client_pushes_out_its_own_requests() {
    let mut config = profile_config("main");
    config.keep.flows_by_address_max = 2;
    let world = World::with_config(config).await;
    let back = |client: &mut adieu_authority::Client| client.redirect_uris = vec![CALLBACK.into()];
    world.edit_client(&world.data.app_two.id.clone(), back).await;
    let (shop, billing) = (RelyingParty::shop(&world), RelyingParty::of(&world, &world.data.app_two));
    let request = [("response_type", "code"), ("redirect_uri", CALLBACK), ("scope", "openid")];
    let long = "x".repeat(17_000);
    let refused = shop.post("par", &[request.as_slice(), &[("state", &long)]].concat()).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_request")));
    let push = async |of: &RelyingParty<'_>| {
        let told = of.post("par", &request).await.json();
        told["request_uri"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    let own = push(&shop).await;
    let first = push(&billing).await;
    for _ in 0..20 {
        push(&billing).await;
    }
    for (of, reference, status) in [(&shop, own, 200), (&billing, first, 400)] {
        let address =
            format!("{ALPHA}/authorize?client_id={}&request_uri={}", of.id, reference.replace(':', "%3A"));
        let page = Browser::of(&world).get(&address).await;
        assert_eq!((page.status.as_u16(), param(page.location(), "code")), (status, None), "{}", page.text);
    }
}
