//! A running server gets another configuration: what may change does at once, and nothing broken is taken.
//!
//! The real binary, its real signal; what it says is read from its log.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use adieu::config::Config;
use tokio::net::TcpListener;

use crate::running::{Browser, STALL, Two, at_free_ports, certify, get};

struct Server {
    child: std::process::Child,
    folder: tempfile::TempDir,
    config: Config,
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

impl Server {
    /// One whose configuration is a text.
    async fn started_by(text: &str, folder: tempfile::TempDir) -> Self {
        let mut server = Self { child: spawned(folder.path(), text), folder, config: Config::default() };
        server.says("serving").await;
        server
    }

    async fn start() -> (Self, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let pem = certify(folder.path());
        let mut config = at_free_ports();
        config.data = folder.path().join("data");
        (config.public.listen, config.admin.listen) = (free_address().await, free_address().await);
        config.public.url = format!("https://localhost:{}", config.public.listen.port());
        config.admin.url = format!("http://{}", config.admin.listen);
        config.public.tls_cert = folder.path().join("cert.pem");
        config.public.tls_key = folder.path().join("key.pem");
        let text = toml::to_string(&config).expect("TOML");
        let mut server = Self { child: spawned(folder.path(), &text), folder, config };
        server.says("serving").await;
        (server, pem)
    }

    fn write(&self) {
        let toml = toml::to_string(&self.config).expect("TOML");
        std::fs::write(self.folder.path().join("adieu.toml"), toml).expect("a file");
    }

    fn hang_up(&self) {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -HUP {}", self.child.id())).status();
        assert!(kill.expect("sh").success());
    }

    /// Waits until the log has a new line with this; gives the line, and forgets all before it.
    async fn says(&mut self, what: &str) -> String {
        let log = self.folder.path().join("adieu.log");
        let said = async {
            loop {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                if let Some(line) = text.lines().rev().find(|line| line.contains(what)) {
                    return line.to_owned();
                }
                assert!(self.child.try_wait().expect("a child").is_none(), "it runs: {text}");
                tokio::task::yield_now().await;
            }
        };
        let line = tokio::time::timeout(STALL, said).await.unwrap_or_else(|_| panic!("it says {what}"));
        File::options().write(true).truncate(true).open(&log).expect("the log");
        line
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It may be gone already.
        let _ = self.child.wait();
    }
}

fn spawned(folder: &Path, text: &str) -> std::process::Child {
    let file = folder.join("adieu.toml");
    std::fs::write(&file, text).expect("a file");
    let log = File::options().create(true).append(true).open(file.with_extension("log")).expect("a log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
    command.args(["serve", "--config"]).arg(file).env_remove("RUST_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("adieu serve")
}

/// Where a browser that is not signed on is sent: it shows which configuration answers.
async fn sent_to(connection: &mut Two) -> String {
    let mut ask = get("/ui/check-or-sign-on");
    ask.headers_mut().insert("accept", "text/html".parse().expect("a header"));
    connection.location(ask).await
}

/// Whether somebody who trusts only this certificate, and was never here before, gets in.
async fn welcomes(address: SocketAddr, pem: &str) -> bool {
    Browser::trusting(pem, &["h2"]).connect(address).await.is_ok()
}

/// Goal: after SIGHUP new settings answer on open connections too, new connections get the new certificate, what takes a
/// restart is named; a broken file changes nothing and is told of.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_configuration_is_taken_whole_or_not_at_all() {
    let (mut server, old) = Server::start().await;
    let address = server.config.public.listen;
    let (cert, key) = (&server.config.public.tls_cert, &server.config.public.tls_key);
    let (old_cert, old_key) = (std::fs::read(cert).expect("PEM"), std::fs::read(key).expect("PEM"));
    let before = Browser::trusting(&old, &["h2"]);
    let mut open = Two::over(before.connect(address).await.expect("a handshake")).await;
    assert!(sent_to(&mut open).await.ends_with("/self-service/login/browser"));

    let new = certify(server.folder.path());
    server.config.check.sign_on_url = "https://id.test/one".into();
    server.config.keep.sweep_every_s = 77;
    server.config.log = "debug".into();
    server.write();
    server.hang_up();
    let line = server.says("take a restart").await;
    assert!(line.contains("keep.sweep_every_s") && !line.contains("check"), "{line}");
    assert_eq!(sent_to(&mut open).await, "https://id.test/one", "the open connection too");
    let after = Browser::trusting(&new, &["h2"]);
    let mut another = Two::over(after.connect(address).await.expect("the new certificate")).await;
    assert_eq!(sent_to(&mut another).await, "https://id.test/one");
    assert!(!welcomes(address, &old).await, "nobody gets the old certificate");
    server.says("no TLS handshake").await; // Which is logged at `debug` only.

    let broken = [
        ("[kratos]\ncookie_nam = 'x'".to_owned(), "did you mean `kratos.cookie_name`"),
        ("no TOML".to_owned(), "not TOML"),
        ("[public]\nlisten = '0.0.0.0:1'".to_owned(), "plain HTTP stays on loopback"),
    ];
    for (text, why) in broken {
        std::fs::write(server.folder.path().join("adieu.toml"), text).expect("a file");
        server.hang_up();
        let line = server.says("the old one stays").await;
        assert!(line.contains(why) && line.contains("ERROR"), "{line}");
        assert_eq!(sent_to(&mut open).await, "https://id.test/one");
    }
    // The settings are sound and the certificate is not: neither is taken.
    server.config.check.sign_on_url = "https://id.test/two".into();
    std::fs::write(&server.config.public.tls_key, &old_key).expect("a file");
    server.write();
    server.hang_up();
    server.says("the new configuration can't be used; the old one stays").await;
    assert_eq!(sent_to(&mut open).await, "https://id.test/one");
    assert!(welcomes(address, &new).await, "the certificate stays");
    // With its own certificate again, both are.
    std::fs::write(&server.config.public.tls_cert, &old_cert).expect("a file");
    server.hang_up();
    server.says("the new configuration is in use").await;
    assert_eq!(sent_to(&mut open).await, "https://id.test/two");
    assert!(welcomes(address, &old).await, "the first certificate again");
}

/// Goal: until its restart a server is where it was, and so is all that leads to it.
/// Method: addresses that follow their listeners, and both listeners moved: the issuer stays at the port that answers, the log names
/// the addresses, what has nothing to do with them changes at once, and a command says why the new port does not answer.
#[tokio::test]
async fn addresses_wait_for_the_restart_of_their_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    let [public, admin, elsewhere, too] =
        [free_address().await, free_address().await, free_address().await, free_address().await];
    let data = folder.path().join("data");
    let text = |public: SocketAddr, admin: SocketAddr, rest: &str| {
        format!("data = {data:?}\n[public]\nlisten = '{public}'\n[admin]\nlisten = '{admin}'\n{rest}")
    };
    let mut server = Server::started_by(&text(public, admin, ""), folder).await;
    let client = reqwest::Client::builder().timeout(STALL).no_proxy().build().expect("a client");
    let issuer = async || {
        let path = "/o/alpha/.well-known/openid-configuration";
        let answer = client.get(format!("http://{public}{path}")).send().await.expect("an answer");
        let text = answer.text().await.expect("a text");
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        document["issuer"].as_str().expect("an issuer").to_owned()
    };
    assert_eq!(issuer().await, format!("http://{public}/o/alpha"));

    let file = server.folder.path().join("adieu.toml");
    let moved = text(elsewhere, too, "[openid]\nregistration = true\n");
    std::fs::write(&file, &moved).expect("a file");
    server.hang_up();
    let line = server.says("take a restart").await;
    for key in ["public.listen", "public.url", "admin.listen", "admin.url"] {
        assert!(line.contains(key), "{key}: {line}");
    }
    assert!(!line.contains("openid"), "{line}");
    assert_eq!(issuer().await, format!("http://{public}/o/alpha"));
    let registers = client.post(format!("http://{public}/o/alpha/register")).send().await.expect("an answer");
    assert_eq!(registers.status(), 401, "what has nothing to do with the listener changed at once");

    let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
    command.args(["user", "list", "--config"]).arg(&file).current_dir(server.folder.path());
    let output = command.env_remove("RUST_LOG").output().expect("adieu runs");
    let says = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(4), "{says}");
    assert!(says.contains("admin.listen was changed"), "{says}");

    // Said instead of followed, and with an address of another key: the same.
    let said = moved.replace(
        "[admin]",
        &format!("url = 'http://{elsewhere}'\n[kratos]\nurl = 'http://{elsewhere}'\n[admin]"),
    );
    std::fs::write(&file, &said).expect("a file");
    server.hang_up();
    let line = server.says("take a restart").await;
    assert!(line.contains("kratos.url") && line.contains("public.url"), "{line}");
    assert_eq!(issuer().await, format!("http://{public}/o/alpha"));

    // Sound for the next start, and not beside the listener that is there: browsers keep such a cookie over https only.
    certify(server.folder.path());
    let secured = format!(
        "data = {data:?}\n[public]\nlisten = '{public}'\nurl = 'https://localhost:{}'\ntls_cert = {:?}\ntls_key = {:?}\n\
         [kratos]\ncookie_name = '__Host-session'\n[admin]\nlisten = '{admin}'\n",
        public.port(),
        server.folder.path().join("cert.pem"),
        server.folder.path().join("key.pem"),
    );
    std::fs::write(&file, &secured).expect("a file");
    server.hang_up();
    let line = server.says("the old one stays").await;
    assert!(line.contains("until a restart") && line.contains("kratos.cookie_name"), "{line}");
    assert_eq!(issuer().await, format!("http://{public}/o/alpha"));
}
