//! Stories of keys between nodes: made, rotated, looked up, sealed.
//!
//! Two keyrings over one store stand for two nodes; the clock stands until a story moves it.

use adieu_core::{InstallationKey, RealmId, Span};
use adieu_keyring::{KEYS_AGE_MAX, KeyStage, Keyring, LOOKUPS_MAX, PUBLISHED_BEFORE, SealPurpose};
use adieu_store::Directory;
use adieu_testkit::failing::Failure;
use adieu_testkit::nodes::Nodes;
use adieu_token::{Alg, SigningKey, TYP_ID, UnsignedToken};
use serde_json::json;
use uuid::Uuid;

/// Quick to make; RSA takes a tenth of a second.
const ALG: Alg = Alg::EdDsa;

fn realm() -> RealmId {
    RealmId::from_uuid(Uuid::from_u128(1))
}

fn claims() -> UnsignedToken {
    UnsignedToken::new(TYP_ID, &json!({"sub": "ada"})).expect("claims")
}

async fn signed(keyring: &Keyring, alg: Alg) -> String {
    keyring.signer(realm(), alg).await.expect("a signer").sign(claims()).await.expect("a token")
}

/// A token that names a key nobody has.
fn unknown() -> String {
    SigningKey::generate(ALG).expect("a key").sign_token(&claims()).expect("a token")
}

/// Three answers: ours, not ours, and none for "cannot tell".
async fn ours(keyring: &Keyring, token: &str) -> Option<bool> {
    keyring.verify(realm(), token).await.ok().map(|verified| verified.is_some())
}

/// What the last one of more unknown names is told than may be looked up in a second.
async fn after_a_flood(keyring: &Keyring) -> Option<bool> {
    for _ in 0..LOOKUPS_MAX {
        ours(keyring, &unknown()).await;
    }
    ours(keyring, &unknown()).await
}

fn kid(token: &str) -> String {
    adieu_token::unverified_kid(token).expect("a name")
}

/// Goal: a key that another node has just made refuses no token here.
/// Method: the second node holds the keys as they were before the first one made the key.
#[tokio::test]
async fn a_key_of_another_node_is_looked_up() {
    let nodes = Nodes::over_one_store();
    let (one, two) = (nodes.keyring(), nodes.keyring());
    for alg in Alg::ALL {
        two.keys(realm()).await.expect("keys");
        let token = signed(&one, alg).await;
        assert_eq!(ours(&two, &token).await, Some(true), "{alg}");
        assert_eq!(kid(&signed(&two, alg).await), kid(&token), "one key of each algorithm signs");
    }
    assert_eq!(two.keys(realm()).await.expect("keys").public().iter().count(), 3);
}

/// Goal: the first key of a realm is made to its end, though nobody waits for it any more: the next one finds it.
/// Method: an RSA key, which takes a while; the first caller goes away, and time passes before the second comes.
#[tokio::test]
async fn a_first_key_is_kept_that_nobody_waited_for() {
    let nodes = Nodes::over_one_store();
    let ring = nodes.keyring();
    let began_at = nodes.now();
    let caller = tokio::spawn({
        let ring = ring.clone();
        async move { ring.prepare(realm(), Alg::Rs256).await }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    nodes.wait(Span::from_s(60));
    ring.prepare(realm(), Alg::Rs256).await.expect("a key");
    let keys = ring.keys(realm()).await.expect("keys").list(nodes.now());
    assert_eq!(keys.iter().map(|key| key.created_at).collect::<Vec<_>>(), [began_at]);
}

/// Goal: NO-FALSE-NO: whoever floods a realm with names of keys gets "cannot tell" beyond the bound, and harms nobody's token.
/// Method: the clock stands, so the second never ends; then it ends.
#[tokio::test]
async fn a_flood_of_unknown_names_is_not_told_no() {
    let nodes = Nodes::over_one_store();
    let (one, two) = (nodes.keyring(), nodes.keyring());
    let good = signed(&one, ALG).await;
    assert_eq!(ours(&two, &good).await, Some(true));
    for _ in 0..LOOKUPS_MAX {
        assert_eq!(ours(&two, &unknown()).await, Some(false), "it was looked up");
    }
    for _ in 0..20 {
        assert_eq!(ours(&two, &unknown()).await, None);
        assert_eq!(ours(&two, &good).await, Some(true));
    }
    // A key that is made now is one of those that cannot be told.
    let new = signed(&one, Alg::Es256).await;
    assert_eq!(ours(&two, &new).await, None, "never no");
    nodes.wait(Span::from_s(1));
    assert_eq!(ours(&two, &new).await, Some(true));
    assert_eq!(ours(&two, &unknown()).await, Some(false));
}

/// Goal: tokens of other issuers, whose keys are named otherwise, cost no look.
#[tokio::test]
async fn names_that_are_none_of_ours_are_refused_without_a_look() {
    let nodes = Nodes::over_one_store();
    let keyring = nodes.keyring();
    let token = unknown();
    let (_, rest) = token.split_once('.').expect("parts");
    // {"alg":"EdDSA","kid":"key-1"} and {"alg":"EdDSA"}
    for header in ["eyJhbGciOiJFZERTQSIsImtpZCI6ImtleS0xIn0", "eyJhbGciOiJFZERTQSJ9"] {
        for _ in 0..2 * LOOKUPS_MAX {
            assert_eq!(ours(&keyring, &format!("{header}.{rest}")).await, Some(false));
        }
    }
}

/// Goal: ONE-SLOW-HURTS-NONE: who waits for a token waits behind no more than one of the notices of many that ended together.
#[tokio::test]
async fn a_token_is_not_signed_behind_all_notices() {
    let keyring = Nodes::over_one_store().keyring();
    keyring.prepare(realm(), Alg::Rs256).await.expect("a key");
    let mut notices = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let keyring = keyring.clone();
        notices.spawn(async move {
            let signer = keyring.signer_of_notices(realm(), Alg::Rs256).await.expect("a signer");
            signer.sign(claims()).await.expect("a notice")
        });
    }
    tokio::task::yield_now().await; // All of them wait in their line now.
    signed(&keyring, Alg::Rs256).await;
    let mut before = 0;
    while notices.try_join_next().is_some() {
        before += 1;
    }
    assert!(before < 100, "{before} of 200 notices were signed before the token");
}

/// Goal: a rotation refuses no token on any node, though nobody may look a name up.
/// Method: every five seconds each node signs, and the other one verifies after a flood has used up all lookups.
#[tokio::test]
async fn a_rotation_refuses_no_token() {
    let nodes = Nodes::over_one_store();
    let (one, two) = (nodes.keyring(), nodes.keyring());
    let old = kid(&signed(&one, ALG).await);
    assert_eq!(kid(&signed(&two, ALG).await), old);
    let next = one.rotate(realm(), ALG).await.expect("a key");
    assert_eq!((next.stage, next.signs_from.since(next.created_at)), (KeyStage::Published, PUBLISHED_BEFORE));
    let mut signers = Vec::new();
    for _ in 0..60 {
        for (signing, other) in [(&one, &two), (&two, &one)] {
            let token = signed(signing, ALG).await;
            assert_eq!(after_a_flood(other).await, None, "nobody may look a name up");
            assert_eq!(ours(other, &token).await, Some(true));
            signers.push(kid(&token));
        }
        nodes.wait(Span::from_s(5));
    }
    let switch = signers.iter().position(|kid| *kid == next.kid).expect("the next key signs");
    assert_eq!(switch, 72, "at {PUBLISHED_BEFORE:?}, on both nodes");
    assert!(signers[..switch].iter().all(|kid| *kid == old));
    assert!(signers[switch..].iter().all(|kid| *kid == next.kid));
}

/// Goal: a key is published for longer than anybody holds keys, so that the story above is no luck.
#[test]
fn a_key_is_published_for_longer_than_keys_are_held() {
    assert!(PUBLISHED_BEFORE > KEYS_AGE_MAX);
}

/// Goal: of two first keys that two nodes make at once both verify everywhere, and what is stored decides which one signs.
/// Method: the second node makes its key after the first one has read that there is none.
#[tokio::test]
async fn two_first_keys_at_once_both_verify() {
    let nodes = Nodes::over_one_store();
    let (one, two) = (nodes.keyring(), nodes.keyring());
    one.keys(realm()).await.expect("none");
    let (tell, told) = std::sync::mpsc::channel();
    let other = two.clone();
    nodes.store.after_the_next_read_of_keys(move |_| {
        Box::pin(async move { tell.send(signed(&other, ALG).await).expect("the story goes on") })
    });
    let tokens = [signed(&one, ALG).await, told.recv().expect("a token")];
    for keyring in [&one, &two] {
        for token in &tokens {
            assert_eq!(ours(keyring, token).await, Some(true));
        }
    }
    assert_eq!(one.keys(realm()).await.expect("keys").public().iter().count(), 2);
    nodes.wait(KEYS_AGE_MAX);
    assert_eq!(kid(&signed(&one, ALG).await), kid(&signed(&two, ALG).await));
}

/// Goal: asking twice for a rotation makes one key; the first key of an algorithm signs at once, the next one later.
#[tokio::test]
async fn rotations_do_not_pile_up() {
    let nodes = Nodes::over_one_store();
    let keyring = nodes.keyring();
    let first = keyring.rotate(realm(), ALG).await.expect("a key");
    assert_eq!((first.stage, first.signs_from), (KeyStage::Signing, first.created_at));
    nodes.wait(Span::from_s(1));
    let next = keyring.rotate(realm(), ALG).await.expect("a key");
    nodes.wait(Span::from_s(100));
    assert_eq!(nodes.keyring().rotate(realm(), ALG).await.expect("a key"), next, "the one that waits");
    let old = signed(&keyring, ALG).await;
    nodes.wait(Span::from_s(80));
    let now = next.signs_from;
    let stages: Vec<_> =
        keyring.keys(realm()).await.expect("keys").list(now).iter().map(|key| key.stage).collect();
    assert_eq!(stages, [KeyStage::Retired, KeyStage::Signing]);
    assert_eq!(ours(&nodes.keyring(), &old).await, Some(true), "a retired key verifies");
    assert!(keyring.rotate(realm(), ALG).await.expect("a key").kid != next.kid);
}

/// Goal: NO-FALSE-NO: what the store cannot tell is "cannot tell"; keys that are held too long are not believed.
#[tokio::test]
async fn a_store_that_fails_is_no_no() {
    let nodes = Nodes::over_one_store();
    let keyring = nodes.keyring();
    let good = signed(&keyring, ALG).await;
    nodes.store.fail(Failure::Everything);
    assert_eq!(ours(&keyring, &good).await, Some(true), "it is held");
    assert_eq!(ours(&keyring, &unknown()).await, None);
    assert!(keyring.signer(realm(), Alg::Es256).await.is_err());
    assert!(keyring.rotate(realm(), ALG).await.is_err());
    nodes.wait(KEYS_AGE_MAX);
    assert_eq!(ours(&keyring, &good).await, None);
    nodes.store.fail(Failure::None);
    assert_eq!(ours(&keyring, &good).await, Some(true));
}

/// Goal: a stored signing key tells which installation it is of, before there is a keyring.
#[tokio::test]
async fn a_stored_key_opens_with_the_key_of_its_installation_only() {
    let nodes = Nodes::over_one_store();
    signed(&nodes.keyring(), ALG).await;
    let stored = nodes.store.keys(realm()).await.expect("read").remove(0);
    let opens = |key: [u8; 32], kid: &str| {
        Keyring::opens_signing_key(&InstallationKey::from_bytes(key), realm(), kid, &stored.sealed)
    };
    assert!(opens([11; 32], &stored.kid));
    assert!(!opens([12; 32], &stored.kid) && !opens([11; 32], "another"));
}

/// Goal: what is sealed opens at its place and for its purpose only, on every node.
#[tokio::test]
async fn sealed_secrets_are_bound_to_purpose_and_place() {
    let nodes = Nodes::over_one_store();
    let (one, two) = (nodes.keyring(), nodes.keyring());
    let sealed = one.seal(SealPurpose::UpstreamSecret, "upstream 1", b"s3cret");
    assert_ne!(
        sealed,
        one.seal(SealPurpose::UpstreamSecret, "upstream 1", b"s3cret"),
        "never the same twice"
    );
    assert_eq!(two.open(SealPurpose::UpstreamSecret, "upstream 1", &sealed).expect("its place"), b"s3cret");
    assert!(two.open(SealPurpose::UpstreamSecret, "upstream 2", &sealed).is_err());
    for purpose in [SealPurpose::SigningKey, SealPurpose::WebHookSecret] {
        assert!(two.open(purpose, "upstream 1", &sealed).is_err(), "{purpose:?}");
    }
}
