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
    let add = |realm: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
        let output =
            command.args(["worker", "add", "setup", "--realm", realm, "--config"]).arg(&file).output();
        let output = output.expect("the program");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let word = |name: &str| {
            let line = out.lines().find_map(|line| line.strip_prefix(name)).expect("the line");
            line.trim().to_owned()
        };
        (word("environment "), word("client_id "), word("client_secret "))
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
