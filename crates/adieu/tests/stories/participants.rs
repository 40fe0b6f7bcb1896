//! Who takes part in a session, as the applications' dialects and the native API show it.
//!
//! Nobody is told of anything here.

use std::collections::BTreeMap;

use adieu_authority::{CodeOrder, SessionId};
use adieu_core::PARTICIPANTS_MAX;
use adieu_testkit::World;
use http::Method;
use serde_json::json;
use url::Url;

use crate::one_session::{Dialect, Programs};
use crate::response_modes::ISSUERS;

/// Lets as many other applications take part in a session as there is room for.
async fn filled(world: &World, token: &str) -> SessionId {
    let authority = world.authority();
    let whoami = world.get("/sessions/whoami").header("x-session-token", token).send().await.json();
    let id: SessionId = whoami["id"].as_str().and_then(|id| id.parse().ok()).expect("a session id");
    let found = authority.session_by_id(id, false).get().await.expect("an answer").expect("there");
    for n in 0..PARTICIPANTS_MAX {
        let new = json!({"client_id": format!("app-{n}"), "client_name": "An application"});
        let path = format!("/v1/realms/{}/clients", world.data.realm.id);
        let made = world.admin(Method::POST, &path).json(&new).send().await;
        assert_eq!(made.status, 201, "{}", made.text);
        let client = format!("app-{n}").parse().expect("a client id");
        let client = authority.client(world.data.realm.id, &client).await.expect("an answer");
        let order = CodeOrder {
            session: found.session.clone(),
            client: client.expect("the client"),
            issuer: "https://id.example.test".into(),
            sid: adieu_authority::SidForm::Public,
            consent: None,
            offline: false,
            scope: "openid".into(),
            nonce: None,
            claims: None,
            redirect_uri: None,
            challenge: None,
        };
        authority.issue_code(order).await.expect("a code");
    }
    id
}

/// Goal: HOME-LIMITS: an application for which a session has no room is told so in the words of OAuth and in clear ones, at each
/// issuer; the session lives, and the native API names those who take part.
#[tokio::test]
async fn an_application_too_many_is_told_so() {
    let world = World::start().await;
    let programs = Programs::of(&world);
    let token = programs.sign_on(Dialect::Kratos).await;
    let id = filled(&world, &token).await;
    for issuer in ISSUERS {
        let ask = issuer.signed_on(issuer.authorize(&world, "&prompt=none"), &token);
        let reply = ask.send().await;
        assert!(reply.status.is_redirection(), "{issuer:?}: {}", reply.text);
        let location = reply.location();
        assert!(location.starts_with(programs.pingone("app_redirect_uri")), "{issuer:?}: {location}");
        let told: BTreeMap<String, String> =
            Url::parse(location).expect("an address").query_pairs().into_owned().collect();
        assert_eq!(told["error"], "temporarily_unavailable", "{issuer:?}: {location}");
        let words = "too many applications take part in this session: sign off and on again";
        assert_eq!(told["error_description"], words, "{issuer:?}");
    }

    let shown = world.admin(Method::GET, &format!("/v1/sessions/{id}")).send().await.json();
    assert_eq!(shown["state"], "live");
    assert_eq!(shown["clients"].as_array().map(Vec::len), Some(PARTICIPANTS_MAX as usize));
}
