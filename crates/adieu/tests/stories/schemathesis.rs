//! Machine-made abuse of the native API: `schemathesis` reads the document that is served and holds every answer against it.
//!
//! What it generates and which checks it makes is in `clients/schemathesis.toml`; a failure shows its whole report.

use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use crate::clients::{packages, root};
use crate::running;
use crate::shipped::Server;

const TOKEN: &str = "a-token-of-32-visible-characters";
/// It takes one to three minutes.
const PATIENCE: Duration = Duration::from_secs(600);

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n")
}

/// Goal: no server error, no status, header or body that is not documented, no invalid input accepted, no valid input
/// refused, nothing of it without the credential, nothing usable after it was removed.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_breaks_the_native_api_or_its_document() {
    // What a password has to be is for each realm to say, and no schema knows it.
    let set = [
        ("ADIEU_ADMIN__TOKEN", TOKEN),
        ("ADIEU_PASSWORDS__LENGTH_MIN", "1"),
        ("ADIEU_PASSWORDS__COMMON_REFUSED", "false"),
    ];
    let server = Server::start_with("main", &set).await;
    let admin = server.variables["kratos"]["admin"].as_str().expect("the admin listener");
    // A session to read and to end.
    let public = server.variables["kratos"]["public"].as_str().expect("the public listener");
    let public = public.trim_start_matches("http://").parse().expect("an address");
    running::sign_on(public, &[]).await;
    let (folder, packages) = (tempfile::tempdir().expect("a folder"), packages().join("schemathesis"));
    // The document that is served; asked for by its address, it would be left out of what is tested.
    let client = reqwest::Client::builder().timeout(running::STALL).build().expect("a client");
    let served = client.get(format!("{admin}/v1/openapi.json")).bearer_auth(TOKEN).send().await;
    let document = served.expect("an answer").text().await.expect("a document");
    std::fs::write(folder.path().join("openapi.json"), document).expect("a file");
    let output = Command::new("python3")
        .arg(packages.join("bin/st"))
        .arg("--config-file")
        .arg(root().join("clients/schemathesis.toml"))
        .args(["run", "openapi.json", "--url", admin, "--header"])
        .arg(format!("Authorization: Bearer {TOKEN}"))
        .env("PYTHONPATH", &packages)
        .current_dir(&folder) // It leaves a folder where it runs.
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output).await.expect("it comes to an end").expect("it runs");
    let report = said(&output);
    assert!(output.status.success(), "schemathesis: {}\n{report}", output.status);
    let operations = adieu_face_native::document()["paths"]
        .as_object()
        .expect("paths")
        .values()
        .map(|path| path.as_object().expect("operations").len())
        .sum::<usize>();
    assert!(report.contains(&format!("Tested: {operations}\n")), "it left something out:\n{report}");
}
