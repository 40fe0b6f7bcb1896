//! Global Token Revocation: another system says that a user is to be signed off everywhere.
//!
//! standards.md 4.1.

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use serde_json::{Value, json};

use crate::fixture::{ALICE, ALPHA, Browser, RelyingParty, claims, with_dora};

const SCOPE: &str = "global_token_revocation";

/// A client that may sign users off, and its token for that.
async fn security<'w>(world: &'w World) -> (RelyingParty<'w>, String) {
    let id = world.data.app_two.id.clone();
    world
        .edit_client(&id, |client| {
            client.client_credentials = true;
            client.api_scopes = vec![SCOPE.into()];
        })
        .await;
    let security = RelyingParty::of(world, &world.data.app_two);
    let token = own_token(&security, SCOPE).await;
    (security, token)
}

async fn own_token(client: &RelyingParty<'_>, scope: &str) -> String {
    let tokens = client.post("token", &[("grant_type", "client_credentials"), ("scope", scope)]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    tokens.json()["access_token"].as_str().expect("a token").to_owned()
}

async fn revoke(world: &World, token: &str, body: &Value) -> Reply {
    world.post(&format!("{ALPHA}/global-token-revocation")).bearer(token).json(body).send().await
}

fn opaque(id: impl ToString) -> Value {
    json!({"sub_id": {"format": "opaque", "id": id.to_string()}})
}

/// Goal: S-GTR-1, S-GTR-2, S-GTR-4 to S-GTR-6: what the metadata names ends sessions, codes, access tokens and refresh tokens, those that
/// outlive their session included, before it says 204; afterwards the user signs on anew, and that is good.
#[tokio::test]
async fn a_user_is_signed_off_everywhere() {
    let world = World::start().await;
    let metadata = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    let address = metadata["global_token_revocation_endpoint"].as_str().expect("an address");
    assert_eq!(address, format!("{}{ALPHA}/global-token-revocation", world.config().public.url));
    let (_, token) = security(&world).await;
    let shop = RelyingParty::shop(&world);
    world.edit_client(&world.data.app.id.clone(), |client| client.outlives_session = true).await;
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    let unredeemed = shop.code(&browser.get(&shop.authorize("&scope=openid&prompt=none")).await);
    let kratos = world.sign_on_kratos(ALICE.0, ALICE.1).await;

    let done = revoke(&world, &token, &opaque(world.data.alice.id)).await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""));
    let ending = done.header("adieu-ending").to_owned();
    assert_eq!(shop.redeem(&unredeemed).await.json()["error"], "invalid_grant");
    let refresh = tokens["refresh_token"].as_str().expect("a refresh token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert_eq!(shop.post("token", &fields).await.json()["error"], "invalid_grant");
    assert_eq!(shop.userinfo(&tokens).await.status, 401);
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
    assert_eq!(world.get("/sessions/whoami").header("x-session-token", &kratos).send().await.status, 401);

    let record = world.admin(http::Method::GET, &format!("/v1/endings/{ending}")).send().await.json();
    assert_eq!(record["ending"]["actor"], json!({"kind": "client", "id": world.data.app_two.id.to_string()}));
    assert_eq!((&record["ending"]["channel"], &record["reach"]), (&json!("openid"), &json!("total")));

    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let anew = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    assert_eq!(shop.userinfo(&anew).await.status, 200);
    let refresh = anew["refresh_token"].as_str().expect("a refresh token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert_eq!(shop.post("token", &fields).await.status, 200);
}

/// S-GTR-10: whoever guesses names is slowed down, and nobody else is.
#[tokio::test]
async fn calls_of_a_client_are_limited() {
    let world = World::start().await;
    let (_, token) = security(&world).await;
    let nobody = opaque("00000000-0000-4000-8000-000000000000");
    for _ in 0..600 {
        assert_eq!(revoke(&world, &token, &nobody).await.status, 404);
    }
    let limited = revoke(&world, &token, &opaque(world.data.alice.id)).await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, "1"), "{}", limited.text);
    world.wait_s(1);
    assert_eq!(revoke(&world, &token, &opaque(world.data.alice.id)).await.status, 204);
}

/// S-GTR-8: an address is compared like every name: in any letter case and composition.
#[tokio::test]
async fn an_address_is_found_as_it_may_be_spelled() {
    let world = World::start().await;
    let (_, token) = security(&world).await;
    let new = json!({"username": "joerg", "email": "j\u{f6}rg@example.test", "password": "Rabbit-hole-11"});
    let path = format!("/v1/realms/{}/users", world.data.realm.id);
    let made = world.admin(http::Method::POST, &path).json(&new).send().await;
    assert_eq!(made.status, 201, "{}", made.text);
    for spelled in ["J\u{d6}RG@EXAMPLE.TEST", "jo\u{308}rg@example.test", "\u{ff4a}\u{f6}rg@example.test"] {
        let body = json!({"sub_id": {"format": "email", "email": spelled}});
        assert_eq!(revoke(&world, &token, &body).await.status, 204, "{spelled}");
    }
}

/// Goal: S-GTR-7 to S-GTR-9: a user is named by address, by issuer and subject or by id, under both names of the member; what names
/// nobody is refused in words.
#[tokio::test]
async fn a_user_is_named_in_three_ways() {
    let world = with_dora().await;
    let (_, token) = security(&world).await;
    let dora = world.authority().user_named(world.data.realm.id, "dora").await.expect("an answer");
    let dora = dora.expect("she is there").id.to_string();
    let issuer = format!("{}{ALPHA}", world.config().public.url);
    let email = |address: &str| json!({"format": "email", "email": address});
    let by_issuer = |iss: &str| json!({"format": "iss_sub", "iss": iss, "sub": dora});
    for (status, body) in [
        (204, json!({"sub_id": email("Dora@Example.test")})),
        (204, json!({"subject": email("dora@example.test")})),
        (204, json!({"sub_id": by_issuer(&issuer)})),
        (204, opaque(&dora)),
        (404, json!({"sub_id": by_issuer("https://elsewhere.example.test")})),
        (404, json!({"sub_id": email("nobody@example.test")})),
        // A name is no address.
        (404, json!({"sub_id": email("dora")})),
        (404, opaque("00000000-0000-4000-8000-000000000000")),
        (404, opaque("dora")),
        (400, json!({"sub_id": email("dora@example.test"), "subject": email("dora@example.test")})),
        (400, json!({})),
        (400, json!([])),
        (400, json!({"sub_id": "dora"})),
        (400, json!({"sub_id": {"format": "email"}})),
        (400, json!({"sub_id": {"format": "email", "email": 7}})),
        (400, json!({"sub_id": {"format": "did", "url": "did:example:1"}})),
        (400, json!({"sub_id": {"id": dora}})),
    ] {
        let reply = revoke(&world, &token, &body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        if status != 204 {
            let told = reply.json();
            let word = if status == 404 { "unknown_user" } else { "invalid_request" };
            assert_eq!(told["error"], word, "{body}");
            assert!(told["error_description"].as_str().is_some_and(|text| text.ends_with('.')), "{told}");
        }
    }
    let twice = r#"{"sub_id":{"format":"opaque","id":"x"},"sub_id":{"format":"opaque","id":"y"}}"#;
    let address = format!("{ALPHA}/global-token-revocation");
    for (kind, text, status) in
        [("application/json", twice, 400), ("application/json", "{", 400), ("text/plain", "{}", 415)]
    {
        let ask = world.post(&address).bearer(&token).header("content-type", kind).body(text);
        assert_eq!(ask.send().await.status, status, "{text}");
    }
}

/// Goal: S-GTR-3: only a client that was granted the scope, in its own name, with a token for it, of this realm.
#[tokio::test]
async fn nobody_else_signs_users_off() {
    let world = World::start().await;
    let (security, token) = security(&world).await;
    let body = opaque(world.data.alice.id);
    let address = format!("{ALPHA}/global-token-revocation");
    let unproven = world.post(&address).json(&body).send().await;
    assert_eq!((unproven.status.as_u16(), unproven.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(revoke(&world, "x.y.z", &body).await.status, 401);

    // A token for something else, and a user's, which no client gets with that scope without being granted it.
    let other = own_token(&security, "openid").await;
    let refused = revoke(&world, &other, &body).await;
    assert_eq!(refused.status, 403);
    let challenge = r#"Bearer error="insufficient_scope", scope="global_token_revocation""#;
    assert_eq!(refused.header("www-authenticate"), challenge);
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize(&format!("&scope=openid%20{SCOPE}"))).await;
    let tokens = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    assert_eq!(tokens["scope"], "openid");
    let of_user = tokens["access_token"].as_str().expect("a token");
    assert_eq!(revoke(&world, of_user, &body).await.status, 403);

    // In another realm it is a stranger's; and a scope that is taken away counts no more.
    let root = world.post("/o/_/global-token-revocation").bearer(&token).json(&body).send().await;
    assert_eq!(root.status, 401);
    assert_eq!(shop.userinfo(&tokens).await.status, 200, "nothing has ended");
    assert_eq!(claims(&json!(token))["scope"], SCOPE);
    world.edit_client(&world.data.app_two.id.clone(), |client| client.api_scopes.clear()).await;
    assert_eq!(revoke(&world, &token, &body).await.status, 403);
}
