//! Published clients that nobody here wrote, against the server as it is shipped: `clients/`.
//!
//! Each scenario is a program that asserts; its status is the verdict, its output the reason.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::shipped::{Server, free_address};

/// No scenario takes as long; a browser that never tells its result does.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the packages are installed; `cargo xtask test` says where it put them.
pub(crate) fn packages() -> PathBuf {
    std::env::var_os("TEST_CLIENTS").map_or_else(|| root().join("target/clients"), PathBuf::from)
}

async fn runs(scenario: &str) {
    runs_with(scenario, &[]).await;
}

/// K-60: by the public base path, and by the same below `/auth`. A scenario may be one for several packages.
async fn runs_at_both_base_paths(scenario: &str, package: &str) {
    for below in ["", "/auth"] {
        runs_with(scenario, &[("PACKAGE", package), ("BELOW", below)]).await;
    }
}

async fn runs_with(scenario: &str, environment: &[(&str, &str)]) {
    runs_configured(scenario, environment, &[]).await;
}

/// The same on a server with this configuration besides.
async fn runs_configured(scenario: &str, environment: &[(&str, &str)], further: &[(&str, &str)]) {
    // Where a scenario serves a page from, if it has one.
    let page = free_address().await;
    let origins = format!("[\"http://{page}\"]");
    let place = |path: &str| format!("http://{page}/{path}");
    let (login, error, welcome) = (place("login"), place("error"), place("welcome"));
    let configuration = [
        ("ADIEU_AM__CORS_ORIGINS", origins.as_str()),
        ("ADIEU_KRATOS__LOGIN_UI_URL", &login),
        ("ADIEU_KRATOS__ERROR_UI_URL", &error),
        ("ADIEU_KRATOS__DEFAULT_RETURN_URL", &welcome),
    ];
    let configuration = [&configuration, further].concat();
    let server = Server::start_with("main", &configuration).await;
    let environment: Vec<_> = environment.iter().copied().chain([("PAGE", page.as_str())]).collect();
    drives(&server, scenario, &environment).await;
}

/// A scenario drives a server to its end. F-39: one for Node has no more to stand on than Debian's Node gives it.
pub(crate) async fn drives(server: &Server, scenario: &str, environment: &[(&str, &str)]) {
    let mut command = match scenario.rsplit('.').next() {
        Some("py") => Command::new("python3"),
        Some("cjs") => Command::new("node"),
        _ => Command::new(packages().join(scenario)),
    };
    if scenario.ends_with(".cjs") {
        command.arg("--require").arg(root().join("clients/debian-node.cjs"));
    }
    if scenario.contains('.') {
        command.arg(root().join("clients").join(scenario));
    }
    let output = command
        .env("NODE_PATH", packages().join("node_modules"))
        .env("PYTHONPATH", packages().join("python"))
        .env("VARS", server.variables.to_string())
        .env("UI", packages().join("ui"))
        .envs(environment.iter().copied())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output).await.expect("it comes to an end").expect("it runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{scenario}: {}\n{out}\n{err}", output.status);
    assert!(out.contains("ok  "), "{scenario} did nothing: {out}");
}

/// Goal: S-BCL-23, npm `oidc-provider` as upstream provider: sign-on through it, and its back-channel logout ends our session.
#[tokio::test(flavor = "multi_thread")]
async fn oidc_provider_upstream() {
    runs("upstream.cjs").await;
}

/// Goal: K-60, npm `@ory/client` drives the whole life of sessions and identities by its base path alone.
#[tokio::test(flavor = "multi_thread")]
async fn ory_client_on_axios() {
    runs_at_both_base_paths("kratos/axios.cjs", "@ory/client").await;
}

/// Goal: K-60, the same by npm `@ory/kratos-client`.
#[tokio::test(flavor = "multi_thread")]
async fn ory_kratos_client_on_axios() {
    runs_at_both_base_paths("kratos/axios.cjs", "@ory/kratos-client").await;
}

/// Goal: K-60, PyPI `ory-kratos-client`.
#[tokio::test(flavor = "multi_thread")]
async fn ory_kratos_client_in_python() {
    runs_at_both_base_paths("kratos/client.py", "").await;
}

/// Goal: K-60, crate `ory-kratos-client`, which says `Accept: */*`, too.
#[tokio::test(flavor = "multi_thread")]
async fn ory_kratos_client_in_rust() {
    runs_at_both_base_paths("rust/debug/adieu-clients-kratos", "").await;
}

/// Goal: K-60, npm `@ory/client-fetch`, which says `Accept: */*` and so is taken for a browser.
#[tokio::test(flavor = "multi_thread")]
async fn ory_client_on_fetch() {
    runs_at_both_base_paths("kratos/fetch.cjs", "").await;
}

/// Goal: K-60, npm `@ory/kratos-selfservice-ui-node`: a person signs on and off through its pages.
#[tokio::test(flavor = "multi_thread")]
async fn ory_user_interface_in_chromium() {
    runs("kratos/ui.cjs").await;
}

/// Goal: A-1, the Postman item of the founding document works as it is printed.
#[tokio::test(flavor = "multi_thread")]
async fn the_founding_postman_item() {
    runs("am/newman.cjs").await;
}

/// Goal: A-28, npm `@forgerock/journey-client`, which finds everything by the discovery document, and calls a logout that is not
/// answered with success an error.
#[tokio::test(flavor = "multi_thread")]
async fn forgerock_journey_client_in_chromium() {
    runs("am/journey-client.cjs").await;
}

/// Goal, npm `@forgerock/javascript-sdk` in a real browser, on a page of another origin.
#[tokio::test(flavor = "multi_thread")]
async fn forgerock_javascript_sdk_in_chromium() {
    runs("am/javascript-sdk.cjs").await;
}

/// Goal: F-26, a browser carries the answer of both issuers to an application by a form, by its script and by its button.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_posts_itself_in_chromium() {
    runs("form-post.cjs").await;
}

/// Goal: S-SES-1 to S-SES-4, S-SES-9: npm `oidc-client-ts` with session monitoring: one page notices the other's sign-off, at the native
/// issuer and at AM's.
#[tokio::test(flavor = "multi_thread")]
async fn oidc_client_ts_watches_the_session_in_chromium() {
    let watched = [("ADIEU_OPENID__SESSION_MANAGEMENT", "true")];
    runs_configured("session-monitoring.cjs", &[], &watched).await;
}

/// Goal: S-CA-1, S-CA-2, S-TOK-4, S-REV-1, S-INT-3, S-RPI-14: npm `openid-client` at the native issuer: code, refresh, introspection,
/// revocation, logout; a refresh token that is used twice; a client that signs, and is answered signed.
#[tokio::test(flavor = "multi_thread")]
async fn openid_client_at_the_native_issuer() {
    // The second use of a refresh token counts as theft at once.
    let strict = [("ADIEU_TOKENS__REFRESH_REUSE_GRACE_S", "0")];
    runs_configured("openid-client.cjs", &[], &strict).await;
}

/// Goal: S-FCL-3, S-FCL-5: the browser tells applications by frames, and a page goes on when it has.
#[tokio::test(flavor = "multi_thread")]
async fn frames_tell_applications_in_chromium() {
    runs("front-channel.cjs").await;
}

/// Goal: a person gets from the front page to "signed on, seen in all dialects, signed off everywhere" in three clicks, and npm
/// `axe-core` finds nothing wrong with any page, in light, in dark and on a phone.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_walked_through_and_judged_in_chromium() {
    let configuration = [
        ("ADIEU_PUBLIC__FRONT_PAGE", "true"),
        ("ADIEU_KRATOS__SET_ALL_COOKIES", "true"),
        ("ADIEU_AM__SET_ALL_COOKIES", "true"),
        ("ADIEU_PINGONE__SET_ALL_COOKIES", "true"),
        ("ADIEU_KRATOS__LOGIN_UI_URL", ""),
        ("ADIEU_KRATOS__ERROR_UI_URL", ""),
        ("ADIEU_KRATOS__SETTINGS_UI_URL", ""),
        ("ADIEU_KRATOS__REGISTRATION_UI_URL", ""),
        ("ADIEU_KRATOS__RECOVERY_UI_URL", ""),
        ("ADIEU_KRATOS__DEFAULT_RETURN_URL", ""),
        ("ADIEU_KRATOS__ENROLLING_PROVES", "false"),
        // Wrong passwords and codes are tried at every sign-on page, all from one address.
        ("ADIEU_PASSWORDS__FAILURES_BY_NAME_MAX", "0"),
        ("ADIEU_PASSWORDS__FAILURES_BY_ADDRESS_MAX", "0"),
    ];
    let server = Server::start_with("main", &configuration).await;
    drives(&server, "pages.cjs", &[]).await;
}

/// Goal: S-6, a page of another port of this machine, in a real browser, makes no identity at the admin listener that has no
/// credential, and reads nothing there; a program does.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_chromium_changes_nothing_at_the_admin_listener() {
    runs("admin-listener.cjs").await;
}
