//! Many people at once, and strangers among them: who waits for what, and what nobody loses by it.
//!
//! The provider is a scripted one, which hangs when it is told to.

use adieu_http_kit::client::Peer;
use adieu_token::{Alg, SigningKey};
use serde_json::json;

use super::Browser;
use super::scripted::{Before, DOCUMENT, Says};

/// Goal: ONE-SLOW-HURTS-NONE: a provider that hangs keeps those waiting who want it, with one request for all of them; another sign-on
/// is as quick as ever.
#[tokio::test]
async fn a_provider_that_hangs_hurts_nobody_else() {
    let before = Before::start().await;
    before.provider.says(DOCUMENT, Says::Hang);
    let begin = "/o/alpha/upstream/corp/begin?return_to=/";
    let hanging: Vec<_> = (0..40).map(|_| tokio::spawn(before.ours.get(begin).send())).collect();
    while before.provider.asked(DOCUMENT).is_empty() {
        tokio::task::yield_now().await;
    }
    before.ours.sign_on_kratos("alice", "Rabbit-hole-11").await;
    assert!(hanging.iter().all(|one| !one.is_finished()), "they wait still");
    assert_eq!(before.provider.asked(DOCUMENT).len(), 1, "for one request");
    hanging.iter().for_each(|one| one.abort());
}

/// Goal: of more people than may be asked about at once the next one waits, and has lost nothing: the state and the code are used when
/// there is a place.
#[tokio::test]
async fn who_comes_back_while_many_do_waits_for_a_place() {
    let before = Before::start().await;
    before.provider.says("/token", Says::Hang);
    let mut begun = Vec::new();
    for _ in 0..17 {
        let mut browser = Browser::of(&[&before.ours]);
        let (state, nonce) = before.begun(&mut browser).await;
        let cookies = browser.cookies(&before.ours);
        begun.push((format!("/o/alpha/upstream/corp/callback?code=c&state={state}"), cookies, nonce));
    }
    let (last, cookies, nonce) = begun.pop().expect("the last one");
    let come =
        |path: &str, cookies: &str| tokio::spawn(before.ours.get(path).header("cookie", cookies).send());
    let hanging: Vec<_> = begun.iter().map(|(path, cookies, _)| come(path, cookies)).collect();
    while before.provider.asked("/token").len() < 16 {
        tokio::task::yield_now().await;
    }
    let next = come(&last, &cookies);
    before.ours.sign_on_kratos("alice", "Rabbit-hole-11").await;
    assert!(!next.is_finished(), "it waits");
    assert_eq!(before.provider.asked("/token").len(), 16);
    let mut claims = before.claims("dora", "s1");
    claims["nonce"] = nonce.into();
    let token = before.provider.signed(Some("JWT"), &claims);
    before.provider.says("/token", Says::Json(json!({"id_token": token})));
    hanging.iter().for_each(|one| one.abort());
    let reply = next.await.expect("no panic");
    assert_eq!(reply.status, 303, "{}", reply.text);
}

/// Goal: what strangers post as logout tokens decides neither how often the provider is asked nor whether somebody signs on.
#[tokio::test]
async fn strangers_who_post_logout_tokens_hurt_nobody_who_signs_on() {
    let before = Before::start().await;
    let mut browser = Browser::of(&[&before.ours]);
    assert_eq!(before.signed_on(&mut browser, before.claims("dora", "s1")).await.0, 303);
    before.ours.wait_s(30);
    before.provider.says("/jwks", Says::Hang);
    let stranger = SigningKey::generate(Alg::Es256).expect("a key").sign(None, &json!({})).expect("a token");
    let post = || {
        let form = [("logout_token", &*stranger)];
        tokio::spawn(before.ours.post("/o/alpha/upstream/corp/backchannel-logout").form(&form).send())
    };
    let strangers: Vec<_> = (0..16).map(|_| post()).collect();
    while before.provider.asked("/jwks").len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(before.signed_on(&mut browser, before.claims("emil", "s2")).await.0, 303);
    assert_eq!(before.provider.asked("/jwks").len(), 2, "one request for all strangers");
    strangers.iter().for_each(|one| one.abort());
}

/// Goal: an unknown person who comes many times at once becomes one user, whom each of the sign-ons is of.
#[tokio::test]
async fn an_unknown_person_who_comes_many_times_at_once_is_one_user() {
    let before = Before::start().await;
    let mut waiting = Vec::new();
    for _ in 0..12 {
        let mut browser = Browser::of(&[&before.ours]);
        let (state, nonce) = before.begun(&mut browser).await;
        waiting.push((
            format!("/o/alpha/upstream/corp/callback?code={nonce}&state={state}"),
            browser.cookies(&before.ours),
        ));
    }
    before.provider.says("/token", Says::TokenOfCode(before.claims("dora", "s1")));
    let coming: Vec<_> = waiting
        .iter()
        .map(|(path, cookies)| tokio::spawn(before.ours.get(path).header("cookie", cookies).send()))
        .collect();
    for one in coming {
        let reply = one.await.expect("no panic");
        assert_eq!(reply.status, 303, "{}", reply.text);
    }
    let (ours, realm) = (before.ours.authority(), before.ours.data.realm.id);
    let dora = ours.user_named(realm, "dora").await.expect("an answer").expect("a user");
    assert_eq!(ours.count_sessions(dora.id).await.expect("a count"), 12);
    assert_eq!(ours.upstream_links(&dora).await.expect("links").len(), 1);
}

/// Goal: S-1, ONE-SLOW-HURTS-NONE: whoever comes back from the provider without end, from one address, keeps nobody else from signing on.
#[tokio::test]
async fn one_address_leaves_places_to_others() {
    let mut before = Before::start().await;
    before.ours.requests_come_from(Peer(([192, 0, 2, 7], 4711).into()));
    let mut begun = Vec::new();
    for _ in 0..24 {
        let mut browser = Browser::of(&[&before.ours]);
        let (state, _) = before.begun(&mut browser).await;
        begun.push((state, browser.cookies(&before.ours)));
    }
    before.provider.says("/token", Says::Hang);
    let hanging: Vec<_> = begun
        .iter()
        .map(|(state, cookies)| {
            let path = format!("/o/alpha/upstream/corp/callback?code=junk&state={state}");
            tokio::spawn(before.ours.get(&path).header("cookie", cookies).send())
        })
        .collect();
    while before.provider.asked("/token").len() < 8 {
        tokio::task::yield_now().await;
    }
    before.ours.requests_come_from(Peer(([192, 0, 2, 8], 4711).into()));
    let mut browser = Browser::of(&[&before.ours]);
    assert_eq!(before.signed_on(&mut browser, before.claims("dora", "s1")).await.0, 303);
    assert_eq!(before.provider.asked("/token").len(), 9, "the others wait for their own");
    hanging.iter().for_each(|one| one.abort());
}
