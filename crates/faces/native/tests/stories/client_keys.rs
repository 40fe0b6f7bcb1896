//! Keys of clients over the API: given by value, public ones only, and what needs them.
//!
//! What a client signs with them is the provider's: see the stories of the OpenID issuers.

use adieu_testkit::World;
use http::Method;
use serde_json::{Value, json};

use super::{ask, get, problem};

/// The key of RFC 8037 appendix A.2.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn key() -> Value {
    json!({"kty": "OKP", "use": "sig", "alg": "EdDSA", "kid": "k1", "crv": "Ed25519", "x": X})
}

/// The key of RFC 7515 appendix A.3.1.
fn es256_key() -> Value {
    json!({"kty": "EC", "kid": "k2", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
}

/// Goal: S-CA-2: a client that proves itself by what it signs brings its keys, has no secret, and keeps no set that is not public.
#[tokio::test]
async fn a_client_brings_its_public_keys() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/clients", world.data.realm.id);
    let new = |jwks: Value| json!({"client_id": "till", "client_name": "Till", "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks});
    let with = |name: &str, value: Value| {
        let mut key = key();
        key[name] = value;
        json!({"keys": [key]})
    };
    for (jwks, says) in [
        (Value::Null, "registers its public keys"),
        (json!({"keys": []}), "at least one key"),
        (json!({}), "at least one key"),
        (with("d", "secret".into()), "only public keys"),
        (json!({"keys": [{"kty": "oct", "k": "AQAB"}]}), "only public keys"),
        (with("crv", "P-521".into()), "RSA of 2048 to 4096 bits"),
        (json!({"keys": [key(), key()]}), "the same `kid`"),
        (json!({"keys": vec![key(); 9]}), "at most 8 keys"),
        (with("kid", "k".repeat(17_000).into()), "at most 16384 bytes"),
    ] {
        let refused = ask(&world, Method::POST, &list, Some(new(jwks.clone()))).await;
        assert_eq!(problem(&refused), (422, "invalid".into()), "{jwks}");
        let detail = refused.json()["detail"].as_str().expect("a text").to_owned();
        assert!(
            detail.starts_with("jwks: ") && detail.contains(says) && !detail.contains("secret"),
            "{detail}"
        );
    }
    let mut by_address = new(json!({"keys": [key()]}));
    by_address["jwks_uri"] = "https://till.test/jwks".into();
    let refused = ask(&world, Method::POST, &list, Some(by_address)).await;
    assert!(
        refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("jwks_uri")),
        "{}",
        refused.text
    );

    let mut more = key();
    more["x5c"] = json!(["MII"]);
    let made = ask(&world, Method::POST, &list, Some(new(json!({"keys": [more]})))).await;
    assert_eq!((made.status.as_u16(), &made.json()["client_secret"]), (201, &Value::Null), "{}", made.text);
    assert_eq!(made.json()["jwks"], json!({"keys": [key()]}));
    let path = "/v1/clients/till";
    let refused = ask(&world, Method::PATCH, path, Some(json!({"jwks": null}))).await;
    assert_eq!(problem(&refused), (422, "invalid".into()));
    let next = json!({"keys": [key(), {"kty": "OKP", "crv": "Ed25519", "x": X}]});
    let changed = ask(&world, Method::PATCH, path, Some(json!({"jwks": next}))).await.json();
    assert_eq!(changed["jwks"]["keys"].as_array().map(Vec::len), Some(2));
    assert_eq!(changed["jwks"]["keys"][1]["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let wants = json!({"id_token_signed_response_alg": "ES256", "userinfo_signed_response_alg": "EdDSA"});
    let changed = ask(&world, Method::PATCH, path, Some(wants)).await.json();
    assert_eq!(
        (&changed["id_token_signed_response_alg"], &changed["userinfo_signed_response_alg"]),
        (&json!("ES256"), &json!("EdDSA"))
    );
    for bad in [
        json!({"id_token_signed_response_alg": "HS256"}),
        json!({"userinfo_signed_response_alg": "none"}),
        json!({"id_token_signed_response_alg": null}),
        json!({"request_object_signing_alg": "none"}),
        json!({"token_endpoint_auth_signing_alg": "HS256"}),
    ] {
        assert_eq!(
            problem(&ask(&world, Method::PATCH, path, Some(bad.clone())).await),
            (422, "invalid".into()),
            "{bad}"
        );
    }
    let plain =
        ask(&world, Method::PATCH, path, Some(json!({"userinfo_signed_response_alg": null}))).await.json();
    assert_eq!(
        (&plain["userinfo_signed_response_alg"], &plain["id_token_signed_response_alg"]),
        (&Value::Null, &json!("ES256"))
    );
    let both = json!({"keys": [key(), es256_key()]});
    assert_eq!(ask(&world, Method::PATCH, path, Some(json!({"jwks": both}))).await.status, 200);
    let wants = json!({"request_object_signing_alg": "ES256", "token_endpoint_auth_signing_alg": "EdDSA"});
    let changed = ask(&world, Method::PATCH, path, Some(wants.clone())).await.json();
    for (name, value) in wants.as_object().expect("members") {
        assert_eq!((&changed[name], &get(&world, path).await[name]), (value, value));
    }
    // Goal: S-CA-2: an algorithm goes with a key for it, from whichever side it is changed.
    for (bad, member) in [
        (json!({"request_object_signing_alg": "RS256"}), "request_object_signing_alg"),
        (json!({"token_endpoint_auth_signing_alg": "RS256"}), "token_endpoint_auth_signing_alg"),
        (json!({"jwks": {"keys": [key()]}}), "request_object_signing_alg"),
        (json!({"jwks": {"keys": [es256_key()]}}), "token_endpoint_auth_signing_alg"),
    ] {
        let refused = ask(&world, Method::PATCH, path, Some(bad.clone())).await;
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(refused.status == 422 && detail.starts_with(member), "{bad}: {}", refused.text);
    }
    let mut keyless = new(Value::Null);
    keyless["token_endpoint_auth_method"] = "client_secret_basic".into();
    keyless["request_object_signing_alg"] = "RS256".into();
    assert_eq!(problem(&ask(&world, Method::POST, &list, Some(keyless)).await), (422, "invalid".into()));
    let any =
        ask(&world, Method::PATCH, path, Some(json!({"request_object_signing_alg": null}))).await.json();
    assert_eq!(
        (&any["request_object_signing_alg"], &any["token_endpoint_auth_signing_alg"]),
        (&Value::Null, &json!("EdDSA"))
    );
    let renamed = ask(&world, Method::PATCH, path, Some(json!({"client_name": "Tills"}))).await.json();
    assert_eq!(renamed["jwks"], changed["jwks"], "what is not named stays");
    assert_eq!(get(&world, path).await["token_endpoint_auth_method"], "private_key_jwt");
}
