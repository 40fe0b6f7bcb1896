//! The server as it is shipped: its own process, its own sockets.
//!
//! `TEST_SERVER` names another build to test than the one of this profile; `cargo xtask test` names the build of the profile `dist`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use adieu::config::load;
use adieu::real::{SystemClock, SystemEntropy};
use adieu_testkit::data::make_data;
use adieu_testkit::world::{open_when_free, profiles};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A server on a folder of its own, with the people and clients of the recordings.
pub(crate) struct Server {
    child: Child,
    /// What programs that drive it have to know.
    pub(crate) variables: Value,
    config: PathBuf,
    overlay: Vec<(String, String)>,
    public: String,
    _folder: tempfile::TempDir,
}

pub(crate) fn binary() -> PathBuf {
    std::env::var_os("TEST_SERVER").map_or_else(|| env!("CARGO_BIN_EXE_adieu").into(), PathBuf::from)
}

pub(crate) async fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

impl Server {
    pub(crate) async fn start(profile: &str) -> Self {
        Self::start_with(profile, &[]).await
    }

    /// With further configuration, as the environment gives it.
    pub(crate) async fn start_with(profile: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (public, admin) = (free_address().await, free_address().await);
        let config = profiles().join(format!("{profile}.toml"));
        let own = [
            ("ADIEU_DATA", folder.path().display().to_string()),
            ("ADIEU_PUBLIC__LISTEN", public.clone()),
            ("ADIEU_PUBLIC__URL", format!("http://{public}")),
            ("ADIEU_ADMIN__LISTEN", admin.clone()),
            ("ADIEU_ADMIN__URL", format!("http://{admin}")),
        ];
        let further = environment.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let overlay = own.into_iter().chain(further).map(|(name, value)| (name.to_owned(), value));
        let overlay: Vec<(String, String)> = overlay.collect();
        let variables = people(&config, &overlay).await;
        let child = started(&config, &overlay);
        until_it_listens(&public).await;
        Self { child, variables, config, overlay, public, _folder: folder }
    }

    /// Kills it, as `kill -9` does, and starts another one on its folder after `meanwhile`.
    pub(crate) async fn kill_and_start(&mut self, meanwhile: impl FnOnce()) {
        self.child.kill().await.expect("it is killed");
        meanwhile();
        self.child = started(&self.config, &self.overlay);
        until_it_listens(&self.public).await;
    }
}

fn started(config: &Path, overlay: &[(String, String)]) -> Child {
    let mut command = Command::new(binary());
    command.arg("serve").arg("--config").arg(config).env("RUST_LOG", "warn");
    command.envs(overlay.iter().map(|(name, value)| (name, value))).kill_on_drop(true);
    command.stdout(Stdio::null()).spawn().expect("adieu serve")
}

/// Makes the people of the recordings in the folder, before a server has it.
async fn people(file: &Path, overlay: &[(String, String)]) -> Value {
    let config = load(Some(file), overlay.iter().cloned()).expect("a configuration");
    let parts = (Arc::new(SystemClock) as _, Arc::new(SystemEntropy) as _);
    let server = open_when_free(&config, &config.data, parts, |store| store).await;
    make_data(&server.authority, &config).await.expect("data").variables(&config)
}

async fn until_it_listens(address: &str) {
    let connected = async {
        loop {
            if let Ok(mut stream) = TcpStream::connect(address).await {
                // A listener accepts before the server is open; an answer is what counts.
                let ask = b"GET /health/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
                let mut answer = String::new();
                let sent = tokio::io::AsyncWriteExt::write_all(&mut stream, ask).await;
                if sent.is_ok()
                    && stream.read_to_string(&mut answer).await.is_ok()
                    && answer.contains(" 200 ")
                {
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), connected).await.expect("the server gets ready");
}
