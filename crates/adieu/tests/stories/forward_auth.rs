//! nginx asks before it lets a request through, configured by the very lines of `docs/forward-auth.md`.
//!
//! Debian's nginx in a process of its own, a tiny application behind it, the server in this process; and Chromium before it, with the
//! server as it is shipped.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use adieu_testkit::failing::{FailingStore, Failure};
use axum::http::HeaderMap;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::clients::drives;
use crate::running::{Running, STALL, at_free_ports, sign_on};
use crate::shipped::Server;

/// The block of the documentation, at other addresses.
fn documented(nginx: SocketAddr, adieu: SocketAddr, application: SocketAddr) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/forward-auth.md");
    let page = std::fs::read_to_string(page).expect("docs/forward-auth.md");
    let block = page.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let placed = [("127.0.0.1:8000", nginx), ("127.0.0.1:4433", adieu), ("127.0.0.1:8080", application)];
    placed.iter().fold(block.to_owned(), |block, (written, address)| {
        assert!(block.contains(written), "the documentation names {written}");
        block.replace(written, &address.to_string())
    })
}

async fn nginx(folder: &Path, server: &str) -> Child {
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {}/{what};\n", folder.display()))
        .concat();
    let config = format!(
        "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\n\
         events {{ worker_connections 64; }}\nhttp {{ access_log off;\n{paths}{server}\n}}\n",
        folder.display()
    );
    std::fs::write(folder.join("nginx.conf"), config).expect("a file");
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("nginx");
    command.env("PATH", path).arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command.arg("-e").arg(folder.join("error.log")).stdin(Stdio::null()).kill_on_drop(true);
    command.spawn().expect("nginx is there; on Debian: apt-get install --no-install-recommends nginx-light")
}

async fn until_it_listens(address: SocketAddr) {
    let connected = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(STALL, connected).await.expect("nginx listens");
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

/// An application that says whom it was told to serve.
async fn application() -> SocketAddr {
    let told = |headers: HeaderMap| async move {
        ["user", "username", "session", "realm"]
            .map(|name| {
                let values = headers.get_all(format!("x-adieu-{name}"));
                let values: Vec<_> = values.iter().filter_map(|value| value.to_str().ok()).collect();
                values.join("+")
            })
            .join(" ")
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(told)).await });
    address
}

struct Scene {
    server: Running,
    store: Arc<FailingStore>,
    site: String,
    client: reqwest::Client,
    _nginx: Child,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let mut store = None;
        let mut config = at_free_ports();
        config.public.trusted_proxies = vec!["127.0.0.1".into()];
        let server = Running::behind(config, |inner| {
            let failing = Arc::new(FailingStore::over(inner));
            store = Some(Arc::clone(&failing));
            failing
        })
        .await;
        let folder = tempfile::tempdir().expect("a folder");
        let (address, application) = (free_address().await, application().await);
        let nginx = nginx(folder.path(), &documented(address, server.public, application)).await;
        until_it_listens(address).await;
        Self {
            server,
            store: store.expect("a store"),
            site: format!("http://{address}/page?q=1"),
            client: reqwest::Client::builder().timeout(STALL).build().expect("a client"),
            _nginx: nginx,
            _folder: folder,
        }
    }

    /// What the site answers to a browser with this token, which also forges two headers.
    async fn visit(&self, token: Option<&str>) -> (u16, String) {
        let mut ask = self.client.post(&self.site).body("a form").header("x-adieu-user", "forged");
        ask = ask.header("X-Adieu-Username", "root");
        if let Some(token) = token {
            ask = ask.header("cookie", format!("theme=dark; ory_kratos_session={token}"));
        }
        let answer = ask.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }
}

/// Goal: NO-STALE-YES and NO-FALSE-NO in front of somebody else's service: a signed-on user's request passes with the
/// user's identity and nothing forged; after the ending it is 401; when nobody can tell, or adieu is gone, it is
/// neither 200 nor 401.
#[tokio::test(flavor = "multi_thread")]
async fn nginx_lets_through_who_is_signed_on_and_nobody_else() {
    let scene = Scene::new().await;
    assert_eq!(scene.visit(None).await.0, 401);
    assert_eq!(scene.visit(Some("nonsense")).await.0, 401);
    let signed_on = sign_on(scene.server.public, &[]).await;
    let token = signed_on["session_token"].as_str().expect("a token");
    let (user, session) = (&signed_on["session"]["identity"]["id"], &signed_on["session"]["id"]);
    let whom = format!("{} alice {} /alpha", user.as_str().expect("an id"), session.as_str().expect("an id"));
    assert_eq!(scene.visit(Some(token)).await, (200, whom.clone()));

    scene.store.fail(Failure::Everything);
    assert_eq!(scene.visit(Some(token)).await.0, 500);
    scene.store.fail(Failure::None);
    assert_eq!(scene.visit(Some(token)).await, (200, whom));

    let end = scene.client.delete(format!("http://{}/self-service/logout/api", scene.server.public));
    let end = end.header("content-type", "application/json");
    let ended = end.body(serde_json::json!({"session_token": token}).to_string()).send().await;
    assert_eq!(ended.expect("an answer").status(), 204);
    assert_eq!(scene.visit(Some(token)).await.0, 401);

    scene.server.stop.send(true).expect("it serves");
    let gone = async {
        while TcpStream::connect(scene.server.public).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(STALL, gone).await.expect("adieu stops");
    let (status, _) = scene.visit(Some(token)).await;
    assert!(status >= 500, "{status}");
}

/// Goal: F-29: a browser that is not signed on is led to the sign-on and back to the very address, whatever stands in its query;
/// scripts and posted forms are told 401.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_led_to_the_sign_on_and_back() {
    let (address, application) = (free_address().await, application().await);
    let site = format!("http://{address}");
    let allowed = format!("[\"{site}/\"]");
    let configuration =
        [("ADIEU_KRATOS__ALLOWED_RETURN_URLS", allowed.as_str()), ("ADIEU_KRATOS__LOGIN_UI_URL", "")];
    let server = Server::start_with("main", &configuration).await;
    let adieu = server.variables["kratos"]["public"].as_str().expect("an address");
    let adieu = adieu.trim_start_matches("http://").trim_end_matches('/').parse().expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let _nginx = nginx(folder.path(), &documented(address, adieu, application)).await;
    until_it_listens(address).await;
    drives(&server, "forward-auth.cjs", &[("SITE", &site)]).await;
}
