//! The server of the demo: a child process that can be killed as hard as a machine dies.
//!
//! Its log goes to a file beside its data; its end is the end of the demo.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::commands::failure::{CommandFailure, ExitStatus};
use crate::config::{Config, StoreConfig};

/// How long a start may take before the demo gives up.
const START: Duration = Duration::from_secs(20);

/// One node, or several on one database.
pub(super) struct DemoServer {
    nodes: Vec<DemoNode>,
    store: StoreConfig,
}

struct DemoNode {
    child: Child,
    folder: PathBuf,
    admin: String,
}

impl DemoServer {
    /// Starts `serve` on each folder and waits until all are ready.
    pub(super) async fn start(nodes: &[Config]) -> Result<Self> {
        let mut server = Self { nodes: vec![], store: nodes.first().context("a node")?.store.clone() };
        for config in nodes {
            let folder = config.data.parent().context("the folder lies in another one")?.to_owned();
            let child = spawn(&folder, &server.store)?;
            server.nodes.push(DemoNode { child, folder, admin: config.admin.url.clone() });
        }
        server.ready().await?;
        Ok(server)
    }

    /// Kills all nodes with SIGKILL and starts them again on the same folders.
    pub(super) async fn kill_and_restart(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.child.kill()?;
            node.child.wait()?;
        }
        for node in &mut self.nodes {
            node.child = spawn(&node.folder, &self.store)?;
        }
        self.ready().await
    }

    /// Where the logs are.
    pub(super) fn log(&self) -> String {
        let logs: Vec<_> = self.nodes.iter().map(|node| node.log().display().to_string()).collect();
        logs.join(", ")
    }

    async fn ready(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.ready().await?;
        }
        Ok(())
    }
}

impl DemoNode {
    fn log(&self) -> PathBuf {
        self.folder.join("adieu.log")
    }

    async fn ready(&mut self) -> Result<()> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let address = format!("{}/health/ready", self.admin);
        let wait = async {
            loop {
                if client.get(&address).send().await.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
                if let Some(status) = self.child.try_wait()? {
                    bail!("the server ended with {status}; see {}", self.log().display());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(START, wait).await.context("the server did not get ready in time")?
    }
}

impl Drop for DemoNode {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a node. Where the database is and the key of all nodes it learns by its environment: files show neither.
fn spawn(folder: &Path, store: &StoreConfig) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("adieu.log"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve", "--config"]).arg(folder.join("adieu.toml"));
    // Nothing of the surroundings says more of the store, or of anything else.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"ADIEU_")) {
        command.env_remove(name);
    }
    if store.options().is_some() {
        command.env("ADIEU_STORE", store.url.reveal()).env("ADIEU_STORE__KEY", store.key.reveal());
    }
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    started.context("the server could not be started")
}

/// The wanted port, which has to be free.
pub(super) fn address(port: u16) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(|cause| {
        let text = format!("--port {port}: {cause}; name another one, or 0 for any that is free");
        CommandFailure::new(ExitStatus::Failed, text)
    })?;
    Ok(listener.local_addr()?)
}

/// The wanted port if it is free, or one that the system chooses.
pub(super) fn free_address(port: u16) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))
        .context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?)
}
