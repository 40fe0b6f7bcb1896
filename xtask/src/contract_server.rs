//! `cargo xtask contract-server PROFILE --vars FILE [--data DIR]`: the release binary, as the recorded systems were
//! configured, on free ports, with its people in it.
//!
//! It writes FILE when the server is ready and stays until it is told to stop or the server dies. Its people are made over
//! the native API: the binary knows nobody.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::builds::{BuildProfile, built};
use crate::{files, people};

const START: Duration = Duration::from_secs(30);

/// What the command line says.
pub(crate) struct ContractServerOptions {
    profile: String,
    vars: PathBuf,
    data: Option<PathBuf>,
}

impl ContractServerOptions {
    /// Reads the words after `contract-server`.
    pub(crate) fn read(words: &[&str]) -> Result<Self> {
        let [profile, flags @ ..] = words else { bail!("contract-server: which profile?") };
        let (mut vars, mut data) = (None, None);
        for pair in flags.chunks(2) {
            match pair {
                ["--vars", file] => vars = Some(PathBuf::from(file)),
                ["--data", folder] => data = Some(PathBuf::from(folder)),
                _ => bail!("contract-server PROFILE --vars FILE [--data DIR]"),
            }
        }
        let vars = vars.context("contract-server: --vars FILE is missing")?;
        Ok(Self { profile: (*profile).to_owned(), vars, data })
    }
}

/// A running server of a profile; it ends with this value.
pub(crate) struct ContractServer {
    child: Child,
    /// What programs need to know, and the server's pid.
    pub(crate) variables: Value,
    _temporary: Option<Temporary>,
}

/// Where a server listens.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// Where the server may run.
#[derive(Clone, Copy)]
pub(crate) enum Pinned {
    /// Anywhere.
    No,
    /// On these cores.
    To(&'static str),
}

/// A folder that goes away.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder, and is removed with it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs the command.
pub(crate) fn contract_server(wanted: &ContractServerOptions) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let binary = built("adieu", BuildProfile::Release)?;
    let before = fs::read_to_string(&wanted.vars).ok().and_then(|text| serde_json::from_str(&text).ok());
    let data = wanted.data.as_deref();
    let mut server = ContractServer::start(&binary, &wanted.profile, data, before.as_ref(), Pinned::No)?;
    let draft = wanted.vars.with_extension("new");
    fs::write(&draft, serde_json::to_string_pretty(&server.variables)?)?;
    fs::rename(&draft, &wanted.vars)?; // Whoever waits for the file finds it whole.
    println!("ready: {} (pid {})", wanted.vars.display(), server.child.id());
    loop {
        if signals.pending().next().is_some() {
            return Ok(());
        }
        if let Some(status) = server.child.try_wait()? {
            bail!("the server ended with {status}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl ContractServer {
    /// Serves a profile on ports that are free now, and makes its people; `before` is what an earlier start on the same
    /// folder told of them.
    pub(crate) fn start(
        binary: &Path,
        profile: &str,
        data: Option<&Path>,
        before: Option<&Value>,
        pinned: Pinned,
    ) -> Result<Self> {
        let config = files::root().join("contracts/profiles").join(format!("{profile}.toml"));
        ensure!(config.is_file(), "there is no profile {profile}: see contracts/profiles");
        let (mut server, addresses, config) = Self::bare(binary, &config, data, pinned)?;
        server.variables = people::make(addresses.admin, &config, before)?;
        server.variables["pid"] = server.child.id().into();
        Ok(server)
    }

    /// The same of a configuration file, without people; gives its addresses and its whole configuration.
    pub(crate) fn bare(
        binary: &Path,
        config: &Path,
        data: Option<&Path>,
        pinned: Pinned,
    ) -> Result<(Self, Addresses, toml::Table)> {
        let temporary = match data {
            Some(_) => None,
            None => Some(temporary_folder()?),
        };
        let folder =
            data.map_or_else(|| temporary.as_ref().map(|t| t.0.clone()).unwrap_or_default(), Path::to_owned);
        let (public, admin) =
            (free_port(recorded_port(config, "public"))?, free_port(recorded_port(config, "admin"))?);
        let environment = [
            ("ADIEU_DATA", folder.display().to_string()),
            ("ADIEU_PUBLIC__LISTEN", public.to_string()),
            ("ADIEU_PUBLIC__URL", format!("http://{public}")),
            ("ADIEU_ADMIN__LISTEN", admin.to_string()),
            ("ADIEU_ADMIN__URL", format!("http://{admin}")),
        ];
        let run = |words: &[&str]| {
            let mut command = match pinned {
                Pinned::No => Command::new(binary),
                Pinned::To(cores) => {
                    let mut command = Command::new("taskset"); // Becomes the program: the pid stays.
                    command.args(["-c", cores]).arg(binary);
                    command
                }
            };
            command.args(words).arg("--config").arg(config).envs(environment.clone());
            match pinned {
                // It logs as it does by default, so that it costs as much as in use; the lines are thrown away.
                Pinned::To(_) => command.stderr(Stdio::null()),
                Pinned::No => {
                    command.env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into()))
                }
            };
            command
        };
        let said = run(&["check-config"]).output().context("adieu check-config")?;
        ensure!(said.status.success(), "adieu check-config: {}", String::from_utf8_lossy(&said.stderr));
        let whole: toml::Table =
            String::from_utf8_lossy(&said.stdout).parse().context("adieu check-config")?;
        let child = run(&["serve"]).spawn().context("adieu serve")?;
        let mut server = Self { child, variables: Value::Null, _temporary: temporary };
        server.wait_until_ready(admin)?;
        Ok((server, Addresses { public, admin }, whole))
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self, admin: SocketAddr) -> Result<()> {
        let began = now();
        while began.elapsed() < START {
            if people::is_ready(admin) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status} before it was ready");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the server was not ready after {START:?}")
    }
}

impl Drop for ContractServer {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "waiting for a real process takes real time")]
fn now() -> Instant {
    Instant::now()
}

/// The port of the recordings if it is free, for some name it in so many words; else one that the system chooses.
fn free_port(recorded: u16) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", recorded)).or_else(|_| TcpListener::bind("127.0.0.1:0"));
    Ok(listener.context("no free port on 127.0.0.1")?.local_addr()?)
}

fn recorded_port(config: &Path, listener: &str) -> u16 {
    let text = fs::read_to_string(config).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    let address = table.get(listener).and_then(|l| l.get("listen")).and_then(toml::Value::as_str);
    address.and_then(|address| address.parse::<SocketAddr>().ok()).map_or(0, |address| address.port())
}

fn temporary_folder() -> Result<Temporary> {
    let folder = std::env::temp_dir().join(format!("adieu-contract-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(Temporary(folder))
}
