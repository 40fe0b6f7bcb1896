//! Addresses that were registered before there was a rule for them: they are judged when they are used, too.
//!
//! The record is written into the database as an older version left it; no channel takes such an address any more.

use std::process::Command;

use adieu_testkit::World;

use crate::one_session::{Dialect, Programs};

const SCRIPT: &str = "javascript:alert(1)";

/// Puts an address before those that a client has. Both lists have a name that ends so; only the engine speaks SQL here.
const OLDER: &str = r#"
import sqlite3, sys
database, address = sys.argv[1:]
connection = sqlite3.connect(database)
redirect = 'redirect_uris":["'
connection.execute("UPDATE client SET detail = replace(detail, ?, ?)", (redirect, f'{redirect}{address}","'))
connection.commit()
"#;

/// A server whose clients have addresses that a browser would run.
async fn with_old_addresses() -> World {
    let mut world = World::in_folder().await;
    let database = world.folder().join("adieu.db");
    world
        .restart_with(|_| {
            let older = Command::new("python3").args(["-c", OLDER]).arg(database).arg(SCRIPT).status();
            assert!(older.expect("python3 is there").success());
        })
        .await;
    let id = world.data.app.id.clone();
    let client =
        world.authority().client(world.data.realm.id, &id).await.expect("a store").expect("the shop");
    assert_eq!(
        (client.redirect_uris[0].as_str(), client.post_logout_redirect_uris[0].as_str()),
        (SCRIPT, SCRIPT)
    );
    world
}

/// Goal: S-20: no code and no browser is sent to an old address that a browser would run, at neither issuer.
#[tokio::test]
async fn an_old_address_that_a_browser_would_run_is_not_followed() {
    let world = with_old_addresses().await;
    let programs = Programs::of(&world);
    let token = programs.sign_on(Dialect::Kratos).await;
    let tokens = programs.tokens(&token).await;
    let (environment, client) = (programs.pingone("env_id"), programs.pingone("app_client_id"));
    let query = format!("response_type=code&client_id={client}&redirect_uri={SCRIPT}&scope=openid");
    let am = "/am/oauth2/realms/root/realms/alpha";
    for path in [format!("/{environment}/as/authorize?{query}"), format!("{am}/authorize?{query}")] {
        let ask = world.get(&path).header("cookie", &format!("ST={token}; iPlanetDirectoryPro={token}"));
        let reply = ask.send().await;
        assert_eq!((reply.status.as_u16(), reply.location()), (400, ""), "{path}");
    }
    for more in [String::new(), format!("&id_token_hint={}", tokens.id)] {
        let path = format!("/{environment}/as/signoff?post_logout_redirect_uri={SCRIPT}{more}");
        let reply = world.get(&path).cookie("ST", &token).send().await;
        assert_eq!((reply.status.as_u16(), reply.location()), (400, ""), "{path}");
    }
    let whoami = world.get("/sessions/whoami").bearer(&token).send().await;
    assert_eq!(whoami.status, 200, "what is refused ends nothing");
}
