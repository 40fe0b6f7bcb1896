//! Realms, populations and clients over the API.
//!
//! Kinds of things that have no session of their own.

use adieu_authority::{Actor, Channel, Client, ClientAuth, NewClient, Origin, SecretRotation, Span};
use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use adieu_testkit::world::Reply;
use http::Method;
use serde_json::{Value, json};

use super::{ask, ask_with, get, problem};

/// Goal: a realm is made once, is found by id and by path, and has a population to put users in.
#[tokio::test]
async fn a_realm_is_made_once_and_found() {
    let world = World::start().await;
    let made = ask(&world, Method::POST, "/v1/realms", Some(json!({"path": "/beta/sub"}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let realm = made.json();
    assert_eq!(get(&world, made.header("location")).await, realm);
    assert_eq!(get(&world, "/v1/realms?path=/beta/sub").await["items"], json!([realm]));
    assert_eq!(get(&world, "/v1/realms?path=/nowhere").await["items"], json!([]));
    let populations = get(&world, &format!("{}/populations", made.header("location"))).await;
    assert_eq!(populations["items"][0]["name"], "Default");
    for (body, expect) in [
        (json!({"path": "/beta/sub"}), (409, "name-taken")),
        (json!({"path": "/other", "id": realm["id"]}), (409, "name-taken")),
        (json!({"path": "beta"}), (422, "invalid")),
        (json!({"path": "/gamma", "id": "x"}), (422, "invalid")),
        (json!({"path": "/gamma", "id": "00000000-0000-0000-0000-000000000000"}), (422, "invalid")),
    ] {
        let (status, kind) = problem(&ask(&world, Method::POST, "/v1/realms", Some(body.clone())).await);
        assert_eq!((status, kind.as_str()), expect, "{body}");
    }
}

/// Goal: EMPTY-HANDS: a client's secret is shown when it is made and never again; changes and removal do what they say.
#[tokio::test]
async fn a_client_shows_its_secret_once() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/clients", world.data.realm.id);
    let new = json!({"client_id": "shop/1", "client_name": "Shop", "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["refresh_token", "authorization_code", "refresh_token"],
        "redirect_uris": ["https://shop.test/cb"], "roles": [{"role": "client_admin", "realm": world.data.realm.id.to_string()}]});
    let made = ask(&world, Method::POST, &list, Some(new.clone())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let secret = made.json()["client_secret"].as_str().expect("a secret").to_owned();
    let path = made.header("location").to_owned();
    let again = ask(&world, Method::POST, &list, Some(new)).await;
    assert_eq!(problem(&again), (409, "name-taken".into()));

    let shown = get(&world, &path).await;
    assert_eq!(shown["client_id"], "shop/1");
    assert_eq!(shown["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(shown["token_endpoint_auth_method"], "client_secret_basic");
    assert!(!shown.to_string().contains(&secret));
    let change = json!({"client_name": "Store", "grant_types": ["authorization_code"], "access_life_s": 60, "origins": ["https://shop.test"]});
    let changed = ask(&world, Method::PATCH, &path, Some(change)).await.json();
    assert_eq!((&changed["client_name"], &changed["access_life_s"]), (&json!("Store"), &json!(60)));
    assert_eq!(changed["grant_types"], json!(["authorization_code"]));
    assert_eq!(changed["redirect_uris"], shown["redirect_uris"], "what is not named stays");
    assert_eq!(changed["roles"], json!([{"role": "client_admin", "realm": world.data.realm.id.to_string()}]));
    let off = ask(&world, Method::PATCH, &path, Some(json!({"enabled": false}))).await.json();
    assert_eq!(off["enabled"], false);
    for bad in [
        json!({"access_life_s": 0}),
        json!({"redirect_uris": ["a b"]}),
        json!({"redirect_uris": ["nonsense"]}),
        json!({"post_logout_redirect_uris": ["javascript:alert(1)"]}),
        json!({"api_scopes": ["a b"]}),
        json!({"grant_types": ["password"]}),
        json!({"token_endpoint_auth_method": "none"}),
    ] {
        let reply = ask(&world, Method::PATCH, &path, Some(bad)).await;
        assert_eq!(problem(&reply), (422, "invalid".into()));
    }
    assert_eq!(ask(&world, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(ask(&world, Method::GET, &path, None).await.status, 404);
    let items = get(&world, &format!("{list}?limit=500")).await["items"].as_array().unwrap().clone();
    assert!(items.iter().all(|client| client["client_id"] != "shop/1"));

    let public = ask(
        &world,
        Method::POST,
        &list,
        Some(json!({"client_name": "App", "token_endpoint_auth_method": "none"})),
    )
    .await;
    assert_eq!((public.status.as_u16(), &public.json()["client_secret"]), (201, &json!(null)));
    // S-7, S-27
    assert_eq!(public.json()["pkce_required"], true, "unless a client says otherwise");
    let own_name = json!({"client_name": "App", "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]});
    let refused = ask(&world, Method::POST, &list, Some(own_name)).await;
    assert_eq!(problem(&refused), (422, "invalid".into()));
    let path = public.header("location").to_owned();
    let later = ask(&world, Method::PATCH, &path, Some(json!({"grant_types": ["client_credentials"]}))).await;
    assert_eq!(problem(&later), (422, "invalid".into()));
}

/// Goal: a client is granted scopes that a dialect has, whether it is made or changed; another one is refused with the nearest name.
#[tokio::test]
async fn an_unknown_scope_of_an_api_is_refused_with_the_nearest_one() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/clients", world.data.realm.id);
    let new = |scope: &str| Some(json!({"client_name": "App", "api_scopes": [scope]}));
    let refused = |reply: &Reply, nearest: &str| {
        assert_eq!(problem(reply), (422, "invalid".into()));
        let detail = reply.json()["detail"].as_str().expect("a text").to_owned();
        assert!(detail.contains("api_scopes") && detail.contains(nearest), "{detail}");
    };
    refused(&ask(&world, Method::POST, &list, new("p1:read:session")).await, "`p1:read:sessions`");
    refused(&ask(&world, Method::POST, &list, new("global_revocation")).await, "`global_token_revocation`");
    let made = ask(&world, Method::POST, &list, new("global_token_revocation")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let change = Some(json!({"api_scopes": ["p1:delete"]}));
    let path = made.header("location").to_owned();
    refused(&ask(&world, Method::PATCH, &path, change).await, "`p1:delete:sessions`");
}

/// Goal: an administrator narrows and frees what a client asks its users for; words that nobody knows are refused.
#[tokio::test]
async fn an_administrator_says_the_scopes_that_a_client_asks_for() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/clients", world.data.realm.id);
    let new = json!({"client_id": "narrow", "client_name": "Narrow", "scope": "openid email openid"});
    let made = ask(&world, Method::POST, &list, Some(new)).await;
    assert_eq!((made.status.as_u16(), &made.json()["scope"]), (201, &json!("openid email")), "{}", made.text);
    for (scope, says) in [
        (json!("openid emial"), "did you mean `email`"),
        (json!("offline_access"), "goes beside one"),
        (json!(""), "goes beside one"),
        (json!(["openid"]), "expected a string"),
        (
            json!("openid p1:read:sessions"),
            "`p1:read:sessions` is of an API, and the client is not granted it",
        ),
    ] {
        let refused = ask(&world, Method::PATCH, "/v1/clients/narrow", Some(json!({"scope": scope}))).await;
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(problem(&refused), (422, "invalid".into()), "{scope}");
        assert!(detail.contains(says), "{detail}");
    }
    for (change, shown) in [
        (
            json!({"scope": "openid p1:read:sessions", "api_scopes": ["p1:read:sessions"]}),
            json!("openid p1:read:sessions"),
        ),
        (json!({"client_name": "Other"}), json!("openid p1:read:sessions")),
        (json!({"scope": null}), json!(null)),
    ] {
        let changed = ask(&world, Method::PATCH, "/v1/clients/narrow", Some(change.clone())).await;
        assert_eq!(changed.json()["scope"], shown, "{change}");
    }
    let own = json!({"scope": "p1:read:sessions", "api_scopes": ["p1:read:sessions"]});
    assert_eq!(ask(&world, Method::PATCH, "/v1/clients/narrow", Some(own)).await.status, 200);
    let last = ask(&world, Method::PATCH, "/v1/clients/narrow", Some(json!({"api_scopes": []}))).await;
    assert_eq!(problem(&last), (422, "invalid".into()), "nothing is left to ask for: {}", last.text);
}

/// Goal: S-9: a secret in wrong hands is exchanged, and what was got with it ends where that is asked for.
#[tokio::test]
async fn a_secret_is_exchanged_and_what_it_bought_ends_if_asked() {
    let world = World::start().await;
    let path = format!("/v1/clients/{}", world.data.worker.id);
    let environment = world.data.realm.id;
    let token = async |secret: &str| {
        use base64::Engine;
        let pair = format!("{}:{secret}", world.data.worker.id);
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let ask = world.post(&format!("/{environment}/as/token")).header("authorization", &basic);
        ask.form(&[("grant_type", "client_credentials")]).send().await.json()["access_token"].clone()
    };
    let works = async |token: &Value| {
        let users = world.get(&format!("/v1/environments/{environment}/users"));
        users.bearer(token.as_str().expect("a token")).send().await.status == 200
    };
    let first = world.data.secret(&world.data.worker).to_owned();
    let bought = token(&first).await;
    let rotate = async |body| ask(&world, Method::POST, &format!("{path}/secret"), Some(body)).await.json();
    let second = rotate(json!({})).await["client_secret"].as_str().expect("a secret").to_owned();
    assert!(token(&first).await.is_null() && works(&bought).await, "the secret alone is another one");
    let third = rotate(json!({"end_grants": true, "reason": "leaked"})).await;
    assert!(token(&second).await.is_null() && !works(&bought).await);
    let third = token(third["client_secret"].as_str().expect("a secret")).await;
    assert!(works(&third).await);
}

/// Goal: a rotation that is repeated with its key gets the same answer and ends no secret; after another rotation it is refused.
#[tokio::test]
async fn a_rotation_that_is_repeated_with_its_key_gets_the_same_answer() {
    let mut world = World::start().await;
    let path = format!("/v1/clients/{}/secret", world.data.worker.id);
    let key = [("idempotency-key", "rotation 1")];
    let rotate =
        async |world: &World, body: Value| ask_with(world, Method::POST, &path, Some(body), &key).await;
    let first = rotate(&world, json!({"overlap_s": 60})).await;
    assert_eq!(first.status, 200, "{}", first.text);
    world.crash_and_restart().await;
    let again = rotate(&world, json!({"overlap_s": 60})).await;
    assert_eq!(again.text, first.text);
    let other = rotate(&world, json!({"overlap_s": 61})).await;
    assert_eq!(problem(&other), (422, "key-reused".into()));
    ask(&world, Method::POST, &path, Some(json!({"overlap_s": 0}))).await;
    let late = rotate(&world, json!({"overlap_s": 60})).await;
    assert_eq!(problem(&late), (409, "changed-meanwhile".into()));
}

/// Goal: a rotation whose answer was lost is answered by its repetition: the store confirmed nothing more once the new secret was
/// there, or did not confirm that the key was taken.
#[tokio::test]
async fn a_rotation_whose_answer_was_lost_is_answered_by_its_repetition() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let path = format!("/v1/clients/{}/secret", world.data.worker.id);
    let rotate = async |key: &str, overlap_s: i64| {
        let (body, key) = (json!({"overlap_s": overlap_s}), [("idempotency-key", key)]);
        ask_with(&world, Method::POST, &path, Some(body), &key).await
    };
    let failing = std::sync::Arc::clone(&store);
    store.before_the_next_change(async move { failing.fail(Failure::NotTaken) });
    let first = rotate("lost", 600).await;
    store.fail(Failure::None);
    world.wait_s(31);
    let again = rotate("lost", 600).await;
    assert_eq!((again.status, again.text), (http::StatusCode::OK, first.text));
    world.wait_s(600);
    store.fail(Failure::LandedInDoubt);
    assert_eq!(problem(&rotate("doubt", 600).await), (503, "in-doubt".into()));
    store.fail(Failure::None);
    world.wait_s(31);
    let answered = rotate("doubt", 600).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    assert_eq!(rotate("doubt", 600).await.text, answered.text);
    assert_eq!(problem(&rotate("other", 600).await), (409, "earlier-secret-counts".into()));
    world.wait_s(600);
    assert_eq!(rotate("other", 600).await.status, 200, "a refused order leaves its key free");
}

/// Goal: a body in which a member stands twice changes nothing and is refused with the member's name.
#[tokio::test]
async fn a_member_that_stands_twice_is_refused() {
    let world = World::start().await;
    let path = format!("/v1/clients/{}", world.data.app.id);
    let before = get(&world, &path).await;
    for (body, name) in [
        (r#"{"enabled":true,"enabled":false}"#, "enabled"),
        (r#"{"client_name":"A","client_name":"A"}"#, "client_name"),
        (r#"{"roles":[{"role":"client_admin","role":"x"}]}"#, "role"),
    ] {
        let ask = world.admin(Method::PATCH, &path).header("content-type", "application/json");
        let reply = ask.body(body).send().await;
        assert_eq!(problem(&reply), (400, "malformed".into()), "{}", reply.text);
        assert!(reply.text.contains(&format!("`{name}`")), "{}", reply.text);
    }
    assert_eq!(get(&world, &path).await, before);
}

/// Goal: a secret that was taken away counts no more: not when its client is removed and made again, and not when the client
/// proves itself by nothing for a while.
#[tokio::test]
async fn a_secret_of_a_removed_client_never_counts_again() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/clients", world.data.realm.id);
    let new = json!({"client_id": "till", "client_name": "Till", "grant_types": ["client_credentials"]});
    let make = async || {
        let made = ask(&world, Method::POST, &list, Some(new.clone())).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["client_secret"].as_str().expect("a secret").to_owned()
    };
    let works = async |secret: &str| {
        use base64::Engine;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("till:{secret}"));
        let ask = world
            .post(&format!("/{}/as/token", world.data.realm.id))
            .header("authorization", &format!("Basic {basic}"));
        ask.form(&[("grant_type", "client_credentials")]).send().await.status == 200
    };
    let mut secrets = vec![make().await];
    for _ in 0..2 {
        let rotated = ask(&world, Method::POST, "/v1/clients/till/secret", Some(json!({}))).await.json();
        secrets.push(rotated["client_secret"].as_str().expect("a secret").to_owned());
        ask(&world, Method::DELETE, "/v1/clients/till", None).await;
        secrets.push(make().await);
    }
    let document = "[[realms]]\npath = '/alpha'\n[[realms.clients]]\nclient_id = 'till'\n\
        grant_types = ['client_credentials']\n";
    let apply = async |document: &str| {
        let body = json!({"document": document});
        let reply = ask(&world, Method::POST, "/v1/declaration", Some(body)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    };
    ask(&world, Method::DELETE, "/v1/clients/till", None).await;
    let applied = apply(document).await;
    secrets.push(applied["secrets"][0]["client_secret"].as_str().expect("a secret").to_owned());
    let last = secrets.last().cloned().expect("the last one");
    assert!(works(&last).await, "the one that was shown");
    let mut different = secrets.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), secrets.len(), "each is another one");
    for old in &secrets[..secrets.len() - 1] {
        assert!(!works(old).await);
    }
    let by = |method: &str, grants: &str| {
        format!(
            "[[realms]]\npath = '/alpha'\n[[realms.clients]]\nclient_id = 'till'\n\
             token_endpoint_auth_method = '{method}'\ngrant_types = ['{grants}']\n"
        )
    };
    apply(&by("none", "authorization_code")).await;
    apply(&by("client_secret_basic", "client_credentials")).await;
    assert!(!works(&last).await, "it was taken away");
}

/// Goal: a client that an older version made public, which left the version of its secret as it was, gets another secret than the
/// one it had. One that proves itself by its secret in another place keeps it, and the one before for its time.
#[tokio::test]
async fn another_way_to_show_a_secret_keeps_it_and_none_forgets_it() {
    let world = World::start().await;
    let (authority, realm) = (world.authority(), world.data.realm.id);
    let origin = || Origin::of(Actor::Operator, Channel::named("test"), None);
    let public = NewClient {
        id: "before".parse().expect("an id"),
        name: "Before".into(),
        auth: ClientAuth::None,
        code: true,
        refresh: false,
        client_credentials: false,
        pkce_required: true,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles: vec![],
    };
    let public = Client { secret_version: 0, ..authority.draft_client(realm, public) };
    let first = authority.secret_of(&Client { auth: ClientAuth::Basic, ..public.clone() });
    let id = &authority.keep_new_client(public).await.expect("it is kept").id;
    let to = async |auth| authority.edit_client(realm, id, origin(), |client| client.auth = auth).await;
    let confidential = to(ClientAuth::Basic).await.expect("it is changed");
    assert_ne!(authority.secret_of(&confidential), first);
    let overlap = SecretRotation::Overlap(Span::from_s(60));
    let rotated = authority.rotate_secret(realm, id, overlap, origin()).await.expect("it is rotated");
    let moved = to(ClientAuth::Post).await.expect("it is changed");
    assert_eq!(authority.secret_of(&moved), authority.secret_of(&rotated));
    assert!(moved.previous_secret.is_some(), "it was promised for its time");
    let public = to(ClientAuth::None).await.expect("it is changed");
    assert!(public.secret.is_none() && public.previous_secret.is_none());
    let again = to(ClientAuth::Post).await.expect("it is changed");
    assert_ne!(authority.secret_of(&again), authority.secret_of(&moved));
}

/// Goal: a secret is exchanged without an outage: for as long as is said the one before counts beside the new one, and no longer;
/// another rotation ends it at once.
#[tokio::test]
async fn a_secret_counts_beside_the_next_one_for_a_while() {
    let world = World::start().await;
    let path = format!("/v1/clients/{}", world.data.worker.id);
    let works = async |secret: &str| {
        use base64::Engine;
        let pair = format!("{}:{secret}", world.data.worker.id);
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let ask = world.post(&format!("/{}/as/token", world.data.realm.id)).header("authorization", &basic);
        ask.form(&[("grant_type", "client_credentials")]).send().await.status == 200
    };
    let rotate = async |body| {
        let shown = ask(&world, Method::POST, &format!("{path}/secret"), Some(body)).await.json();
        (
            shown["client_secret"].as_str().expect("a secret").to_owned(),
            shown["previous_secret_until"].clone(),
        )
    };
    let first = world.data.secret(&world.data.worker).to_owned();
    let (second, until) = rotate(json!({"overlap_s": 60})).await;
    assert!(until.is_string() && get(&world, &path).await["previous_secret_until"] == until);
    world.wait_s(59);
    assert!(works(&first).await && works(&second).await);
    world.wait_s(1);
    assert!(!works(&first).await && works(&second).await);
    let (third, _) = rotate(json!({"overlap_s": 60})).await;
    for cuts_short in [json!({}), json!({"overlap_s": 60})] {
        let refused = ask(&world, Method::POST, &format!("{path}/secret"), Some(cuts_short)).await;
        assert_eq!(problem(&refused), (409, "earlier-secret-counts".into()), "{}", refused.text);
    }
    assert!(works(&second).await && works(&third).await, "what was promised is kept");
    let (fourth, until) = rotate(json!({"overlap_s": 0})).await;
    assert!(until.is_null() && works(&fourth).await && !works(&third).await && !works(&second).await);
    for body in [
        json!({"overlap_s": -1}),
        json!({"overlap_s": 7_776_001}),
        json!({"overlap_s": 60, "end_grants": true}),
    ] {
        let refused = ask(&world, Method::POST, &format!("{path}/secret"), Some(body)).await;
        assert_eq!(problem(&refused), (422, "invalid".into()), "{}", refused.text);
    }
    assert!(works(&fourth).await, "a refused rotation has changed nothing");
}

/// Goal: a rotation publishes its key before it signs, is not piled up, and no private key is shown.
#[tokio::test]
async fn keys_are_listed_and_rotated() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/keys", world.data.realm.id);
    let states = async || {
        let keys = get(&world, &list).await["items"].as_array().expect("keys").clone();
        keys.iter().map(|key| key["state"].as_str().expect("a state").to_owned()).collect::<Vec<_>>()
    };
    let rotate = async |body| ask(&world, Method::POST, &list, Some(body)).await;
    assert!(states().await.is_empty(), "nobody has asked for one yet");
    let first = rotate(json!({})).await.json();
    assert_eq!((&first["algorithm"], &first["state"]), (&json!("RS256"), &json!("signing")));
    world.wait_s(1);
    let next = rotate(json!({"algorithm": "RS256"})).await.json();
    assert_eq!(next["state"], "published");
    assert_eq!(rotate(json!({})).await.json(), next, "the one that waits");
    world.wait_s(1);
    rotate(json!({"algorithm": "EdDSA"})).await;
    assert_eq!(states().await, ["signing", "published", "signing"]);
    world.wait_s(180);
    assert_eq!(states().await, ["retired", "signing", "signing"]);
    for bad in [json!({"algorithm": "HS256"}), json!({"algorithm": "rs256"}), json!({"algorithm": null})] {
        assert_eq!(problem(&rotate(bad).await), (422, "invalid".into()));
    }
    let page = get(&world, &format!("{list}?limit=2")).await;
    let rest = get(&world, &format!("{list}?limit=2&after={}", page["next"].as_str().expect("more"))).await;
    assert_eq!(
        (page["items"].as_array().map(Vec::len), rest["items"].as_array().map(Vec::len)),
        (Some(2), Some(1))
    );
}
