//! The command that ends and waits: against a server with its own outbox, over real sockets, in real time.
//!
//! No answer is made up but the receiver's.

use std::net::SocketAddr;

use serde_json::json;

use super::receiver::{Answers, Receiver};
use crate::commands::{run, write};
use crate::running::{Running, STALL, at_free_ports, sign_on};

/// Signs Alice on at a server and lets an application of hers take part.
pub(super) async fn takes_part(client: &reqwest::Client, at: SocketAddr, id: &str, to: &str) {
    let signed_on = sign_on(at, &[]).await;
    let token = signed_on["session_token"].as_str().expect("a token").to_owned();
    let query = format!("response_type=code&client_id={id}&redirect_uri={to}&scope=openid&prompt=none");
    let path = format!("http://{at}/am/oauth2/realms/root/realms/alpha/authorize?{query}");
    let asked = client.get(path).header("cookie", format!("iPlanetDirectoryPro={token}"));
    let answer = asked.send().await.expect("an answer");
    let location = answer.headers()["location"].to_str().expect("text").to_owned();
    assert!(location.contains("code="), "{location}");
}

/// A client that follows no redirect.
pub(super) fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(STALL).redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client")
}

/// Goal: `adieu end --wait` says of each application when it confirmed, `endings show` says it later, and `endings retry` has
/// those tried again that refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_waits_for_those_who_are_told() {
    let receiver = Receiver::start().await;
    let (folder, mut config) = (tempfile::tempdir().expect("a folder"), at_free_ports());
    let server = Running::in_folder(config.clone()).await;
    config.data = server.folder.path().into();
    config.admin.url = format!("http://{}", server.admin);
    let file = write(&config, folder.path());
    let clients = run(&file, &["client", "list", "--json"]).await.json();
    let is_app = |one: &&serde_json::Value| {
        one["token_endpoint_auth_method"] != "none" && one["redirect_uris"][0].is_string()
    };
    let app = clients.as_array().expect("clients").iter().find(is_app).expect("an application");
    let (id, to) =
        (app["client_id"].as_str().expect("an id"), app["redirect_uris"][0].as_str().expect("one"));
    let client = client();
    let change = json!({"backchannel_logout_uri": receiver.address("/out")}).to_string();
    let change = client.patch(format!("http://{}/v1/clients/{id}", server.admin)).body(change);
    let changed = change.header("content-type", "application/json").send().await.expect("an answer");
    assert_eq!(changed.status(), 200);
    let takes_part = async || takes_part(&client, server.public, id, to).await;

    takes_part().await;
    let ended = run(&file, &["end", "--user", "alice", "--wait", "10s"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.contains(&format!("{id}: confirmed after ")), "{}", ended.err);
    assert!(ended.out.ends_with("told: 1 confirmed\n"), "{}", ended.out);
    assert_eq!(receiver.heard().len(), 1);

    takes_part().await;
    receiver.answers([Answers::Status(400)]);
    let ended = run(&file, &["end", "--user", "alice", "--wait", "10s", "--json"]).await.json();
    assert_eq!(ended["notices"]["receipts"][0]["last_answer"]["said"], "what it says");
    let ending = ended["id"].as_str().expect("an id");
    let retried = run(&file, &["endings", "retry", ending]).await;
    assert_eq!(retried.out, format!("tried again: 1 notice of ending {ending}\n"), "{}", retried.err);
    let confirmed = async {
        loop {
            let shown = run(&file, &["endings", "show", ending, "--json"]).await.json();
            if shown["notices"]["counts"]["confirmed"] == 1 {
                return;
            }
        }
    };
    tokio::time::timeout(STALL, confirmed).await.expect("it is told");
    let table = run(&file, &["endings", "show", ending]).await.out;
    assert!(table.contains("told: 1 confirmed\nRECEIVER  ") && !table.contains("notices."), "{table}");
    let listed = run(&file, &["endings", "list", "--state", "confirmed"]).await.out;
    assert!(listed.contains(ending) && listed.contains("1 confirmed"), "{listed}");
    let untold =
        run(&file, &["endings", "list", "--state", "pending,refused", "--since", "2026-01-01"]).await;
    assert!(untold.code == 0 && !untold.out.contains(ending), "{}", untold.out);
    for wrong in [["--state", "told"], ["--since", "yesterday"]] {
        let refused = run(&file, &[&["endings", "list"][..], &wrong].concat()).await;
        assert_eq!(refused.code, 2, "{}", refused.err);
    }
    let receivers = run(&file, &["receivers"]).await.out;
    assert!(receivers.starts_with("RECEIVER") && receivers.contains(id), "{receivers}");
    let before =
        run(&file, &["end", "--session", "00000000-0000-4000-8000-000000000000", "--wait", "1s"]).await;
    assert_eq!(before.code, 3, "{}", before.err);
    for wrong in [["end", "--user", "alice", "--wait", "soon"], ["end", "--user", "alice", "--wait", "2h"]] {
        assert_eq!(run(&file, &wrong).await.code, 2);
    }

    // While no server runs nobody is told, and nothing else is said.
    takes_part().await;
    let _ = server.stop.send(true);
    server.serving.await.expect("it stops").expect("in order");
    let ended = run(&file, &["end", "--user", "alice", "--wait", "2s"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.ends_with("told: nobody before a server runs on this folder\n"), "{}", ended.out);
}
