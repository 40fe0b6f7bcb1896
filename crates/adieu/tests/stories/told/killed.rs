//! A real server that is killed between an ending and the answer of who is told.
//!
//! The receiver says nothing until the server is gone, so the notice is under way when that happens, or is not sent yet.

use serde_json::{Value, json};

use super::command::{client, takes_part};
use super::receiver::{Answers, Receiver};
use crate::running::STALL;
use crate::shipped::Server;

/// Goal: S-BCL-28, NOTICE-WITH-ENDING over `kill -9`: what was answered is told by the next process on the folder, at once and
/// with a token of its own, and the receipt says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_tells_when_it_is_back() {
    let receiver = Receiver::start().await;
    let mut server = Server::start_with("main", &[]).await;
    let known = server.variables.clone();
    let text = |path: &str| known.pointer(path).and_then(Value::as_str).expect("a variable").to_owned();
    let (admin, public) = (text("/kratos/admin"), text("/kratos/public"));
    let public = public.trim_start_matches("http://").parse().expect("an address");
    let (id, to) = (text("/pingone/app_client_id"), text("/pingone/app_redirect_uri"));
    let client = client();
    let ask = async |request: reqwest::RequestBuilder, body: Value| -> Value {
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.expect("an answer").text().await.expect("a body");
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    };
    let change = json!({"backchannel_logout_uri": receiver.address("/out")});
    ask(client.patch(format!("{admin}/v1/clients/{id}")), change).await;
    takes_part(&client, public, &id, &to).await;
    receiver.answers([Answers::Hang]);
    let order = json!({"user": text("/pingone/user_id")});
    let ended = ask(client.post(format!("{admin}/v1/endings")), order).await;
    assert_eq!(ended["ended"], "now", "{ended}");
    server.kill_and_start(|| receiver.answers([Answers::Status(204)])).await;
    let path = format!("{admin}/v1/endings/{}", ended["id"].as_str().expect("an id"));
    let told = async {
        loop {
            let shown = client.get(&path).send().await.expect("an answer").text().await.expect("a body");
            let shown: Value = serde_json::from_str(&shown).expect("JSON");
            if shown["notices"]["settled"] == true {
                return shown["notices"].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let notices = tokio::time::timeout(STALL, told).await.expect("it is told");
    assert_eq!(notices["counts"]["confirmed"], 1, "{notices}");
    assert_eq!(receiver.heard().len(), 1, "by the second process");
}
