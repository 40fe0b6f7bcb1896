//! The module of the certification plan *Config OP*, and what a document of metadata must be besides.
//!
//! What it names is there, and everything that it says can be had is had. standards.md 2.4 and 8a.

use serde_json::Value;

use crate::fixture::{ALPHA, Browser, DORA, RelyingParty, claims, with_dora};

/// S-DISC-1 to S-DISC-4, S-RPI-1, S-OP-16, S-OP-26
#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let world = with_dora().await;
    let reply = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    for path in [
        format!("{ALPHA}/.well-known/oauth-authorization-server"),
        format!("/.well-known/oauth-authorization-server{ALPHA}"),
        format!("/.well-known/openid-configuration{ALPHA}"),
    ] {
        assert_eq!(world.get(&path).send().await.text, reply.text, "{path}");
    }
    let document = reply.json();
    let base = world.config().public.url.clone();
    assert_eq!(document["issuer"], format!("{base}{ALPHA}"));
    for (name, value) in document.as_object().expect("an object") {
        assert!(value.as_array().is_none_or(|list| !list.is_empty()), "{name} is empty");
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path =
                value.as_str().and_then(|address| address.strip_prefix(&base)).expect("an address of ours");
            let answer = world.ask("PATCH".parse().expect("a method"), path).send().await;
            assert_eq!(answer.status, 405, "{name} is there");
        }
    }
    let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
    for (name, values) in [
        ("response_types_supported", &["code"][..]),
        ("response_modes_supported", &["query", "fragment", "form_post"]),
        ("subject_types_supported", &["public"]),
        ("id_token_signing_alg_values_supported", &["RS256", "ES256", "EdDSA"]),
        ("userinfo_signing_alg_values_supported", &["RS256", "ES256", "EdDSA"]),
        ("introspection_signing_alg_values_supported", &["RS256"]),
        ("request_object_signing_alg_values_supported", &["RS256", "ES256", "EdDSA"]),
        ("code_challenge_methods_supported", &["S256"]),
        ("prompt_values_supported", &["none", "login", "consent", "select_account"]),
        (
            "scopes_supported",
            &["openid", "profile", "email", "address", "phone", "offline_access", "global_token_revocation"],
        ),
    ] {
        assert_eq!(list(name), values, "{name}");
    }
    for (name, value) in [
        ("authorization_response_iss_parameter_supported", true),
        ("claims_parameter_supported", true),
        ("request_parameter_supported", true),
        ("request_uri_parameter_supported", false),
    ] {
        assert_eq!(document[name], value, "{name}");
    }
    let keys = world.get(&format!("{ALPHA}/jwks")).send().await.json();
    for key in keys["keys"].as_array().expect("keys") {
        assert!(key["kty"] == "RSA" && key["use"] == "sig" && key.get("d").is_none(), "{key}");
    }
}

/// Goal: S-DISC-3: `claims_supported` names exactly what is given, to somebody of whom everything is known.
#[tokio::test]
async fn every_claim_that_is_named_is_given() {
    let world = with_dora().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let more = "&scope=openid%20profile%20email%20address%20phone&nonce=n1";
    let page = browser.get(&shop.authorize(more)).await;
    let tokens = shop.tokens(&browser.sign_on(&page, DORA).await).await;
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let mut given = names(&claims(&tokens["id_token"]));
    given.extend(names(&shop.userinfo(&tokens).await.json()));
    given.sort();
    given.dedup();
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    let named = document["claims_supported"].as_array().expect("a list").iter();
    let mut named: Vec<_> = named.map(|name| name.as_str().expect("a name").to_owned()).collect();
    named.sort();
    assert_eq!(given, named);
}

/// Goal: S-OP-19: scripts of any origin may ask as clients do, and nowhere where a browser is sent.
#[tokio::test]
async fn scripts_ask_as_clients_do() {
    let world = with_dora().await;
    for (path, allowed) in
        [("token", true), ("userinfo", true), ("jwks", true), ("authorize", false), ("logout", false)]
    {
        let ask = world.ask("OPTIONS".parse().expect("a method"), &format!("{ALPHA}/{path}"));
        let ask =
            ask.header("origin", "https://spa.example.test").header("access-control-request-method", "POST");
        let reply = ask.send().await;
        assert_eq!(reply.status.is_success(), allowed, "{path}");
        assert_eq!(reply.headers.contains_key("access-control-allow-origin"), allowed, "{path}");
        assert!(!reply.headers.contains_key("access-control-allow-credentials"), "{path}");
    }
}

/// Goal: S-DISC-1: every realm has an issuer of its own, at the path of the realm; the root realm has one as well.
#[tokio::test]
async fn every_realm_has_its_issuer() {
    let world = with_dora().await;
    let base = world.config().public.url.clone();
    let realms = world.authority().realms().await.expect("they can be read");
    assert!(realms.len() > 1);
    for realm in realms {
        let path = if realm.path == "/" { "/o/_".to_owned() } else { format!("/o{}", realm.path) };
        let document = world.get(&format!("{path}/.well-known/openid-configuration")).send().await.json();
        assert_eq!(document["issuer"], format!("{base}{path}"));
        assert_eq!(document["token_endpoint"], format!("{base}{path}/token"));
    }
}
