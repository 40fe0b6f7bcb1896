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
use crate::config::Config;

/// How long a start may take before the demo gives up.
const START: Duration = Duration::from_secs(20);

pub(super) struct DemoServer {
    child: Child,
    folder: PathBuf,
    admin: String,
}

impl DemoServer {
    /// Starts `serve` on the folder and waits until it is ready.
    pub(super) async fn start(folder: &Path, config: &Config) -> Result<Self> {
        let admin = config.admin.url.clone();
        let mut server = Self { child: spawn(folder)?, folder: folder.into(), admin };
        server.ready().await?;
        Ok(server)
    }

    /// Kills it with SIGKILL and starts it again on the same folder.
    pub(super) async fn kill_and_restart(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(&self.folder)?;
        self.ready().await
    }

    pub(super) fn log(&self) -> PathBuf {
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

impl Drop for DemoServer {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("adieu.log"))?;
    Command::new(std::env::current_exe()?)
        .args(["serve", "--config"])
        .arg(folder.join("adieu.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .context("the server could not be started")
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
