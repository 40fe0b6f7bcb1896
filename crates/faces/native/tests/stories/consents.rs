//! What users have allowed to clients, over the API: listed, withdrawn; and the member of clients that has them asked.
//!
//! The pages on which users agree are the native issuer's.

use adieu_authority::ConsentOrder;
use adieu_testkit::World;
use http::Method;
use serde_json::json;

use super::{ask, get, problem};

/// Goal: ASVS 10.7.3: an administrator sees what a user has allowed and withdraws it once; what is not there is said to be so.
#[tokio::test]
async fn what_a_user_has_allowed_is_listed_and_withdrawn() {
    let world = World::start().await;
    let (alice, client) = (world.data.alice.id, world.data.app.clone());
    let list = format!("/v1/users/{alice}/consents");
    assert_eq!(get(&world, &list).await["items"], json!([]));
    let order = ConsentOrder {
        user: alice,
        client: client.id.clone(),
        client_generation: client.generation,
        client_identity: client.identity_generation,
        scope: "openid offline_access".into(),
        claims: "gender".into(),
    };
    world.authority().give_consent(order).await.expect("agreed");
    let shown = get(&world, &list).await["items"][0].clone();
    assert_eq!((&shown["client_id"], &shown["client_name"]), (&json!(client.id.as_str()), &json!("Shop")));
    assert_eq!(
        (&shown["scopes"], &shown["claims"]),
        (&json!(["openid", "offline_access"]), &json!(["gender"]))
    );
    let one = format!("{list}/{}", client.id);
    assert_eq!(ask(&world, Method::DELETE, &one, None).await.status, 204);
    for gone in [one, format!("{list}/%20"), format!("/v1/users/nobody/consents/{}", client.id)] {
        let reply = ask(&world, Method::DELETE, &gone, None).await;
        assert_eq!(problem(&reply), (404, "not-found".into()), "{gone}");
    }
    assert_eq!(get(&world, &list).await["items"], json!([]));
}

/// Goal: an application is one's own unless it is said to be somebody else's.
#[tokio::test]
async fn a_client_says_whose_it_is() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/clients", world.data.realm.id);
    for (said, shown) in [(None, false), (Some(true), true), (Some(false), false)] {
        let mut new = json!({"client_name": "Club"});
        new.as_object_mut()
            .expect("an object")
            .extend(said.map(|said| ("require_consent".to_owned(), json!(said))));
        let made = ask(&world, Method::POST, &list, Some(new)).await;
        assert_eq!(
            (made.status.as_u16(), &made.json()["require_consent"]),
            (201, &json!(shown)),
            "{}",
            made.text
        );
        let change = Some(json!({"require_consent": !shown}));
        let changed = ask(&world, Method::PATCH, made.header("location"), change).await.json();
        assert_eq!(changed["require_consent"], !shown);
    }
}
