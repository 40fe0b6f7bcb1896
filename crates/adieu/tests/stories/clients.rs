//! Published clients that nobody here wrote, against the server as it is shipped: `clients/`.
//!
//! Each scenario is a program that asserts; its status is the verdict, its output the reason.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::shipped::Server;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the packages are installed; `cargo xtask test` says where it put them.
fn packages() -> PathBuf {
    std::env::var_os("TEST_CLIENTS").map_or_else(|| root().join("target/clients"), PathBuf::from)
}

async fn runs(scenario: &str) {
    let server = Server::start("main").await;
    let output = Command::new("node")
        .arg(root().join("clients").join(scenario))
        .env("NODE_PATH", packages().join("node_modules"))
        .env("VARS", server.variables.to_string())
        .kill_on_drop(true)
        .output();
    let output = output.await.expect("node");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{scenario}: {}\n{out}\n{err}", output.status);
    assert!(out.contains("ok  "), "{scenario} did nothing: {out}");
}

/// Goal: K-60, npm `@ory/client` drives the whole life of sessions and identities by its base path alone.
#[tokio::test(flavor = "multi_thread")]
async fn ory_client_on_axios() {
    runs("kratos/axios.cjs").await;
}

/// Goal: K-60, npm `@ory/client-fetch`, which says `Accept: */*` and so is taken for a browser.
#[tokio::test(flavor = "multi_thread")]
async fn ory_client_on_fetch() {
    runs("kratos/fetch.cjs").await;
}

/// Goal: A-1, the Postman item of the founding document works as it is printed.
#[tokio::test(flavor = "multi_thread")]
async fn the_founding_postman_item() {
    runs("am/newman.cjs").await;
}
