//! Requests that a client signs, at AM's `authorize`.
//!
//! What stands in the object asks once, like what stands beside it. OpenID Connect Core §3.1.2.1, §6.1; contract am.md 4.1.

use adieu_authority::read_client_jwks;
use adieu_token::{Alg, SigningKey};
use serde_json::{Value, json};

use crate::consent;
use crate::fixture::{ALICE, COOKIE, FaceFixture, Reply};
use crate::pages::{hidden, submit, value_of};

const ALPHA: &str = "/am/oauth2/realms/root/realms/alpha";
const CALLBACK: &str = "https://shop.example.test/callback";

/// A server whose shop has a key.
async fn shop_that_signs() -> (FaceFixture, SigningKey) {
    let fixture = FaceFixture::start().await;
    let key = SigningKey::generate(Alg::EdDsa).expect("a key");
    let set = json!({"keys": [key.public().jwk()]});
    let id = fixture.world.data.app.id.clone();
    let keys = read_client_jwks(&set).expect("keys");
    fixture.world.edit_client(&id, |client| client.signing.jwks = Some(keys.clone())).await;
    (fixture, key)
}

/// The address of a signed request that says this besides.
async fn asked(fixture: &FaceFixture, key: &SigningKey, says: &Value) -> String {
    let discovery = fixture.ask("GET", &format!("{ALPHA}/.well-known/openid-configuration")).send().await;
    let (id, now) = (fixture.world.data.app.id.as_str(), fixture.authority().now().s());
    let mut object = json!({"iss": id, "aud": discovery.json()["issuer"], "exp": now + 300, "client_id": id,
        "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "state": "signed"});
    for (name, value) in says.as_object().expect("parameters") {
        object[name] = value.clone();
    }
    let object = key.sign(Some("oauth-authz-req+jwt"), &object).expect("a token");
    format!("{ALPHA}/authorize?client_id={id}&state=forged&request={object}")
}

fn is_answered(reply: &Reply, case: &Value) {
    let location = reply.header("location");
    let answered = reply.status == 302 && location.starts_with(&format!("{CALLBACK}?code="));
    assert!(answered && location.contains("state=signed"), "{case}: {} {location}", reply.status);
}

/// Goal: S-OP-23: who has signed on for a signed request is not asked to do so again, whatever in the object asked for it and however
/// long it took; what the client signed is what is answered.
#[tokio::test]
async fn a_signed_request_asks_for_one_sign_on() {
    let (fixture, key) = shop_that_signs().await;
    let old = fixture.sign_on(ALICE).await;
    fixture.wait_s(10);
    for says in [
        json!({"prompt": "login"}),
        json!({"prompt": "select_account"}),
        json!({"prompt": "login consent"}),
        json!({"max_age": 0}),
        json!({"max_age": 5}),
        json!({"max_age": "0", "acr_values": "0", "resource": ["https://a.test", "https://b.test"]}),
    ] {
        let address = asked(&fixture, &key, &says).await;
        let begun = fixture.ask("GET", &address).cookie(&old).send().await;
        assert!(begun.header("location").starts_with("/am/UI/Login?"), "{says}: {}", begun.text);
        let page = fixture.ask("GET", begun.header("location")).cookie(&old).send().await;
        fixture.wait_s(400); // The object is over by now, and it counted when it was shown.
        let done = submit(&fixture, &page, ALICE).await;
        assert_eq!(done.header("location"), hidden(&page, "goto"), "{says}: {}", done.text);
        let again = fixture.ask("GET", done.header("location")).cookie(&value_of(&done, COOKIE));
        let again = again.send().await;
        if says["prompt"] == "login consent" {
            assert!(
                again.text.contains("Allow Shop?"),
                "{says}: {} {}",
                again.status,
                again.header("location")
            );
        } else {
            is_answered(&again, &says);
        }
    }
}

/// Goal: what asks for nothing is answered by the session that is there; `prompt=none` in the object asks nobody.
#[tokio::test]
async fn a_signed_request_is_answered_by_a_session() {
    let (fixture, key) = shop_that_signs().await;
    let session = fixture.sign_on(ALICE).await;
    for says in [json!({}), json!({"prompt": "none"}), json!({"max_age": 60})] {
        let address = asked(&fixture, &key, &says).await;
        is_answered(&fixture.ask("GET", &address).cookie(&session).send().await, &says);
    }
    let silent = asked(&fixture, &key, &json!({"prompt": "none"})).await;
    let nobody = fixture.ask("GET", &silent).send().await;
    assert!(nobody.header("location").contains("error=login_required"), "{}", nobody.header("location"));
}

/// Goal: S-OP-23: a signed request counts when it is read, so whoever is asked for consent may take their time.
#[tokio::test]
async fn a_signed_request_waits_for_an_answer_to_its_question() {
    let (fixture, key) = shop_that_signs().await;
    let session = fixture.sign_on(ALICE).await;
    let address = asked(&fixture, &key, &json!({"prompt": "consent"})).await;
    let page = fixture.ask("GET", &address).cookie(&session).send().await;
    assert!(page.text.contains("Allow Shop?") && !page.text.contains("request\""), "{}", page.text);
    fixture.wait_s(400); // The object is over by now.
    let allowed = consent::answered(&fixture, &page, &session, "allow").await;
    is_answered(&allowed, &json!({"prompt": "consent"}));
}
