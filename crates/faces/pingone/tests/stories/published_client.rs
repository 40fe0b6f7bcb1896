//! A published browser client against a real listener: it finds everything by our discovery document.
//!
//! The program stands in `clients/oidc-client`; `cargo xtask test` installs the package.

use std::path::{Path, PathBuf};
use std::process::Command;

use adieu_authority::{Client, ClientAuth};
use serde_json::Value;

use crate::fixture::{ALICE, App, FaceFixture};
use crate::founding::{clients, listening};

/// The shop as an application without a secret, as browser clients are.
async fn public(fixture: &FaceFixture) -> App {
    let shop = fixture.shop();
    let change = |client: &mut Client| client.auth = ClientAuth::None;
    let id = shop.id.parse().expect("an id");
    fixture.world.edit_client(&id, change).await;
    shop
}

/// Runs the program; gives what it printed.
async fn run(arguments: Vec<String>) -> Value {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../clients/oidc-client/sign_off.mjs");
    let packages: PathBuf = clients().join("node_modules");
    let run = move || Command::new("node").arg(program).args(arguments).env("NODE_PATH", packages).output();
    let output = tokio::task::spawn_blocking(run).await.expect("no panic").expect("node is there");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "packages come with `cargo xtask test`: {err}");
    serde_json::from_str(out.lines().last().unwrap_or_default()).unwrap_or_else(|_| panic!("{out} {err}"))
}

/// P-36: the client's logout reports success, and the session is over: by the one endpoint, and by the other where
/// discovery names it (Q-6).
#[tokio::test]
async fn a_published_client_signs_off() {
    for by_hint in [false, true] {
        let (fixture, address) = listening().await;
        let shop = public(&fixture).await;
        let (authority, realm) = (fixture.world.authority(), fixture.world.data.realm.id);
        for client in authority.clients(realm).await.expect("clients").iter().filter(|_| by_hint) {
            let change = |client: &mut Client| client.ends_by_id_token = true;
            fixture.world.edit_client(&client.id, change).await;
        }
        let flow = fixture.flow(&fixture.billing(), &[]).await;
        let st = fixture.check(&flow, ALICE).send().await.cookie("ST").expect("a token").to_owned();
        let wellknown = format!("http://{address}/{}/as/.well-known/openid-configuration", fixture.env());
        let said = run(vec![wellknown, shop.id.clone(), shop.redirect.clone(), format!("ST={st}")]).await;
        assert_eq!(said["info"]["sub"], fixture.world.data.alice.id.to_string(), "{said}");
        let nothing =
            serde_json::json!({"sessionResponse": null, "revokeResponse": null, "deleteResponse": null});
        assert_eq!(said["logout"], nothing, "{said}");
        assert!(!fixture.is_signed_on(&st).await, "by hint: {by_hint}");
        let access = said["tokens"]["accessToken"].as_str().expect("a token");
        let billing = fixture.billing();
        assert_eq!(fixture.introspect(&billing, access).await.text, r#"{"active":false}"#);
    }
}
