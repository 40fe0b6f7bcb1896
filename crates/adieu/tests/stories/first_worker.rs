//! The first worker of an installation: made by the command, used over HTTP.
//!
//! Nothing else can make one: over HTTP only an administrator could.

use std::process::Command;
use std::sync::Arc;

use adieu_testkit::time_and_entropy::{FrozenClock, SeededEntropy};
use adieu_testkit::world::{WorldRequest, open_when_free, profile_config};
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Goal: what the command prints is enough to administer the realm, and no other one.
#[tokio::test]
async fn the_command_makes_a_worker_that_administers() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = profile_config("main");
    config.data = folder.path().join("data");
    let file = folder.path().join("adieu.toml");
    std::fs::write(&file, toml::to_string(&config).expect("TOML")).expect("a file");
    let mut init = Command::new(env!("CARGO_BIN_EXE_adieu"));
    assert!(init.args(["init", "--no-user", "--config"]).arg(&file).status().expect("the program").success());
    let add = |realm: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
        let output =
            command.args(["worker", "add", "setup", "--realm", realm, "--config"]).arg(&file).output();
        let output = output.expect("the program");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let (out, told) = (text(output.stdout), text(output.stderr));
        let word = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("the line");
            line.split(' ').next().expect("a word").to_owned()
        };
        let id = word(&out, "client_id ");
        let secret = word(&told, &format!("adieu: secret of client {id}: "));
        assert!(!out.contains(&secret), "shown on standard error alone");
        (word(&out, "environment "), id, secret)
    };
    let (root, alpha) = (add("/"), add("/alpha"));
    let parts = (Arc::new(FrozenClock::new()) as _, Arc::new(SeededEntropy::new(3)) as _);
    let server = open_when_free(&config, &config.data, parts, |store| store).await;
    for ((environment, id, secret), environments) in [(&root, 2), (&alpha, 1)] {
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let token = WorldRequest::to(&server, Method::POST, &format!("/{environment}/as/token"))
            .header("authorization", &basic);
        let token = token.form(&[("grant_type", "client_credentials")]).send().await;
        let token = token.json()["access_token"].as_str().expect("a token").to_owned();
        let seen =
            WorldRequest::to(&server, Method::GET, "/v1/environments").bearer(&token).send().await.json();
        assert_eq!(seen["size"], environments, "{seen}");
    }
}
