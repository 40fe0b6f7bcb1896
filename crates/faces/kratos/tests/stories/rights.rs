//! Who may what in Kratos' dialect: every route of the public listener and of the admin listener.
//!
//! Contract kratos.md 0.1. Programs ask, so that a refusal is a status and not a page.

use adieu_testkit::World;
use adieu_testkit::rights::{Line, assert_complete, assert_kept};
use adieu_testkit::world::profile_config;
use serde_json::json;

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq)]
enum May {
    Anybody,
    /// Whoever is signed on; what is ended or shown is one's own, whatever the path names (K-34).
    SignedOn,
    /// Whoever is signed on, with the logout token of that very session.
    LogoutToken,
    /// Whoever holds a token of a session.
    SessionToken,
}
use May::{Anybody, LogoutToken, SessionToken, SignedOn};

const PUBLIC: [Line<May>; 37] = [
    ("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT", "/sessions/whoami", SignedOn),
    ("GET HEAD DELETE", "/sessions", SignedOn),
    ("DELETE", "/sessions/{session}", SignedOn),
    ("GET HEAD", "/sessions/token-exchange", Anybody),
    ("GET HEAD", "/schemas", Anybody),
    ("GET HEAD", "/schemas/{schema}", Anybody),
    ("GET HEAD", "/self-service/logout/browser", SignedOn),
    ("GET", "/self-service/logout", LogoutToken),
    ("DELETE", "/self-service/logout/api", SessionToken),
    ("GET HEAD", "/self-service/login/browser", Anybody),
    ("GET HEAD", "/self-service/login/api", Anybody),
    ("GET HEAD", "/self-service/login/flows", Anybody),
    ("GET HEAD POST", "/self-service/login", Anybody),
    ("GET HEAD", "/self-service/registration/browser", Anybody),
    ("GET HEAD", "/self-service/registration/api", Anybody),
    ("GET HEAD", "/self-service/registration/flows", Anybody),
    ("GET HEAD POST", "/self-service/registration", Anybody),
    ("GET HEAD", "/self-service/settings/browser", SignedOn),
    ("GET HEAD", "/self-service/settings/api", SignedOn),
    ("GET HEAD", "/self-service/settings/flows", SignedOn),
    ("GET HEAD POST", "/self-service/settings", SignedOn),
    ("GET HEAD", "/self-service/recovery/browser", Anybody),
    ("GET HEAD", "/self-service/recovery/api", Anybody),
    // Whoever has what an administrator gave out.
    ("GET HEAD", "/self-service/recovery/flows", Anybody),
    ("GET POST", "/self-service/recovery", Anybody),
    ("GET HEAD", "/.well-known/change-password", Anybody),
    ("GET HEAD", "/.well-known/ory/webauthn.js", Anybody),
    ("GET HEAD", "/self-service/errors", Anybody),
    ("GET HEAD", "/self-service/error", Anybody),
    ("GET HEAD", "/health/alive", Anybody),
    ("GET HEAD", "/health/ready", Anybody),
    ("GET HEAD", "/self-service/ui/login", Anybody),
    // Who has no flow is sent to begin one, and that asks who may.
    ("GET HEAD", "/self-service/ui/settings", Anybody),
    ("GET HEAD", "/self-service/ui/registration", Anybody),
    ("GET HEAD", "/self-service/ui/recovery", Anybody),
    ("GET HEAD", "/self-service/ui/error", Anybody),
    ("GET HEAD", "/self-service/ui/status", Anybody),
];

/// Of the admin listener, where it asks for a credential: true for what asks for none.
const ADMIN: [Line<bool>; 13] = [
    ("GET HEAD", "/health/alive", true),
    ("GET HEAD", "/health/ready", true),
    ("GET HEAD", "/version", false),
    ("GET HEAD POST", "/sessions", false),
    ("GET HEAD DELETE", "/sessions/{session}", false),
    ("PATCH", "/sessions/{session}/extend", false),
    ("GET HEAD POST PATCH", "/identities", false),
    ("GET HEAD", "/identities/by/external/{identity}", false),
    ("GET HEAD PUT PATCH DELETE", "/identities/{identity}", false),
    ("GET HEAD DELETE", "/identities/{identity}/sessions", false),
    ("DELETE", "/identities/{identity}/credentials/{kind}", false),
    ("POST", "/recovery/code", false),
    ("POST", "/recovery/link", false),
];

#[test]
fn the_tables_name_every_route() {
    assert_complete(&PUBLIC, adieu_face_kratos::routes());
    assert_complete(&ADMIN, adieu_face_kratos::admin_routes());
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Caller {
    Nobody,
    /// Somebody with a token that opens nothing.
    Stranger,
    Bob,
    Alice,
    /// Somebody with the credential of the admin listener.
    Admin,
}

fn refusal(may: May, caller: Caller) -> Option<u16> {
    let nobody = matches!(caller, Caller::Nobody | Caller::Stranger);
    match may {
        Anybody => None,
        SignedOn => nobody.then_some(401),
        LogoutToken if nobody => Some(401),
        LogoutToken => (caller == Caller::Bob).then_some(403),
        SessionToken => nobody.then_some(403),
    }
}

fn filled(path: &str, session: &str) -> String {
    let one = |part: &str| match part {
        "{session}" | "{identity}" => session.to_owned(),
        "{schema}" => "person".to_owned(),
        "{kind}" => "password".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(one).collect::<Vec<_>>().join("/")
}

async fn ask(world: &World, (method, path, may): Line<May>, caller: Caller) -> (u16, String) {
    let alices = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let token = match caller {
        Caller::Nobody | Caller::Admin => None,
        Caller::Stranger => Some("ory_st_no-token-of-ours".to_owned()),
        Caller::Bob => Some(world.sign_on_kratos("bob", "Builder-tools-22").await),
        Caller::Alice => Some(alices.clone()),
    };
    let mut to = filled(path, "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90");
    if may == LogoutToken {
        let ask = world.get("/self-service/logout/browser").header("accept", "application/json");
        let reply = ask.cookie("ory_kratos_session", &alices).send().await.json();
        to = format!("{to}?token={}", reply["logout_token"].as_str().expect("a token"));
    }
    let mut ask = world.ask(method.parse().expect("a method"), &to).header("accept", "application/json");
    if let Some(token) = &token {
        ask = ask.cookie("ory_kratos_session", token);
    }
    if may == SessionToken {
        ask = ask.json(&json!({"session_token": token}));
    }
    let reply = ask.send().await;
    (reply.status.as_u16(), reply.text)
}

/// Goal: no route of the public listener lets in whom the table does not name.
#[tokio::test]
async fn every_public_route_asks_who_may() {
    let world = World::start().await;
    let callers = [Caller::Nobody, Caller::Stranger, Caller::Bob, Caller::Alice];
    assert_kept(&PUBLIC, &callers, refusal, async |line, caller| ask(&world, line, caller).await).await;
}

/// Goal: where the admin listener has a credential, nothing but its health answers without it; being signed on is none.
#[tokio::test]
async fn every_admin_route_asks_for_the_credential() {
    const TOKEN: &str = "a-token-of-32-visible-characters";
    let mut config = profile_config("main");
    config.admin.token = TOKEN.into();
    let world = World::with_config(config).await;
    let alice = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let callers = [Caller::Nobody, Caller::Stranger, Caller::Alice, Caller::Admin];
    for prefix in ["", "/admin"] {
        // Health answers everybody under its plain path only.
        let refusal = |open: bool, caller| {
            let open = open && prefix.is_empty();
            (!open && caller != Caller::Admin).then_some(401)
        };
        let ask = async |(method, path, _): Line<bool>, caller| {
            let path = format!("{prefix}{}", filled(path, "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90"));
            let ask = world.admin(method.parse().expect("a method"), &path);
            let ask = match caller {
                Caller::Nobody | Caller::Bob => ask,
                Caller::Stranger => ask.bearer("a-token-of-32-visible-characterS"),
                Caller::Alice => ask.bearer(&alice),
                Caller::Admin => ask.bearer(TOKEN),
            };
            let reply = ask.send().await;
            (reply.status.as_u16(), reply.text)
        };
        assert_kept(&ADMIN, &callers, refusal, ask).await;
    }
}
