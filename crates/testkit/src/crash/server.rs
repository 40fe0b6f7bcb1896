//! The real server as a child process that can be killed as hard as a machine dies, or loses its power.
//!
//! It has a folder of its own with people in it; hashing is at its cheapest. Nothing here stops it gently.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::data::{TestData, make_data};
use adieu::assembled::AssembledServer;
use adieu::config::Config;
use adieu::real::{SystemClock, SystemEntropy};
use adieu_authority::{Authority, Channel, Client, NewPerson, Origin, Store};
use adieu_core::Clock;

use crate::crash::dialects::{DialectClient, Ear, Heard, Say, Trouble};
use crate::crowd::shared_sessions;
use crate::powercut::{PowerCut, undo};
use crate::world::open_when_free;

/// How long a start may take.
const START: Duration = Duration::from_secs(30);
/// How long any answer may take; a server that is up answers far sooner.
const ANSWER: Duration = Duration::from_secs(30);

/// A user of the storm.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The id.
    pub id: String,
}

/// A folder with people in it, and the server that runs on it.
pub struct CrashServer {
    binary: PathBuf,
    folder: tempfile::TempDir,
    config: Config,
    cut: Option<PowerCut>,
    child: Option<Child>,
    /// What programs know.
    pub dialects: DialectClient,
    /// Who can sign on.
    pub people: Vec<Person>,
}

impl CrashServer {
    /// Makes the folder and its people, and starts nothing. With `power`, kills can be power cuts.
    pub async fn prepare(binary: &Path, config: Config, people: usize, power: bool) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("adieu-crash-").tempdir().map_err(text)?;
        let config = at_home(config, folder.path())?;
        std::fs::create_dir(&config.data).map_err(text)?;
        let server =
            AssembledServer::open(&config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy));
        let server = server.await.map_err(text)?;
        let data = make_data(&server.authority, &config).await.map_err(text)?;
        let dialects = DialectClient::new(data.variables(&config));
        let people = populate(&server.authority, &data, people).await?;
        drop(server);
        let cut = if power { Some(PowerCut::build()?) } else { None };
        Ok(Self { binary: binary.into(), folder, config, cut, child: None, dialects, people })
    }

    /// Has the client of the people told at an address, and gives each of them so many sessions in which it takes part. For a
    /// server that is not started.
    pub async fn tell_at(&self, address: &str, sessions_each: usize) -> Result<(), String> {
        let parts = (Arc::new(SystemClock) as _, Arc::new(SystemEntropy) as _);
        let mut kept = None;
        let keep = |store: Arc<dyn Store>| Arc::clone(kept.insert(store));
        let server = open_when_free(&self.config, &self.config.data, parts, keep).await;
        let store = kept.ok_or("a server has a store")?;
        let data = make_data(&server.authority, &self.config).await.map_err(text)?;
        if sessions_each > 0 {
            let mut users = Vec::new();
            for person in &self.people {
                let user = server.authority.user_named(data.realm.id, &person.name).await.map_err(text)?;
                users.push(user.ok_or("nobody has that name")?);
            }
            shared_sessions(&*store, &users, &data.app, sessions_each, SystemClock.now()).await;
        }
        let origin = Origin::of_holder(Channel::named("test"), None);
        let change = |client: &mut Client| client.backchannel_logout_uri = Some(address.to_owned());
        let changed = server.authority.edit_client(data.realm.id, &data.app.id, origin, change).await;
        changed.map(drop).map_err(text)
    }

    /// Starts it and kills it before it has got far.
    pub async fn stumble(&mut self, after: Duration, power: bool) -> Result<(), String> {
        self.spawn()?;
        tokio::time::sleep(after).await;
        self.kill(power)
    }

    fn spawn(&mut self) -> Result<(), String> {
        let log = File::options().create(true).append(true).open(self.log()).map_err(text)?;
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--config"]).arg(self.file());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).env("RUST_LOG", "warn");
        // What chooses the test is no configuration of the server.
        let own = std::env::vars_os().map(|(name, _)| name);
        for name in own.filter(|name| name.to_string_lossy().starts_with("ADIEU_")) {
            command.env_remove(name);
        }
        if let Some(cut) = &self.cut {
            command.envs(cut.environment(&self.config.data, &self.undo_log()));
        }
        self.child = Some(command.spawn().map_err(text)?);
        Ok(())
    }

    /// Starts it and waits until it answers.
    pub async fn start(&mut self) -> Result<Tcp, String> {
        self.spawn()?;
        let tcp = Tcp::to(&self.config.public.url)?;
        let whoami = Say {
            method: axum::http::Method::GET,
            path: "/sessions/whoami".into(),
            headers: vec![],
            body: String::new(),
        };
        let ready = async {
            while tcp.ask(whoami.clone()).await.is_err() {
                let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
                if let Some(status) = ended {
                    return Err(format!("the server ended with {status}: {}", self.last_words()));
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(())
        };
        tokio::time::timeout(START, ready).await.map_err(|_| "the server did not start in time")??;
        Ok(tcp)
    }

    /// Kills it with SIGKILL, now. With `power`, what it had not synced is taken back.
    pub fn kill(&mut self, power: bool) -> Result<(), String> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().map_err(text)?;
        child.wait().map_err(text)?;
        match &self.cut {
            Some(_) if power => undo(&self.config.data, &self.undo_log()).map(drop),
            // The operating system lives: everything written is there, and counts as synced from here on.
            Some(_) if self.undo_log().exists() => std::fs::remove_file(self.undo_log()).map_err(text),
            Some(_) => Ok(()),
            None => Ok(()),
        }
    }

    /// Its configuration file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("adieu.toml")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("adieu.log")
    }

    fn undo_log(&self) -> PathBuf {
        self.folder.path().join("powercut.log")
    }

    /// The way to its admin listener.
    pub fn admin(&self) -> Result<Tcp, String> {
        Tcp::to(&self.config.admin.url)
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for CrashServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may be gone already; there is nobody left to tell.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

/// The configuration at free ports, with its data in the folder, written down for the child.
fn at_home(mut config: Config, folder: &Path) -> Result<Config, String> {
    config.data = folder.join("data");
    // All programs of a storm come from one address.
    config.passwords.sign_ons_by_address_max = 0;
    config.passwords.sign_ons_by_account_max = 0;
    config.public.listen = free_address()?;
    config.public.url = format!("http://{}", config.public.listen);
    config.admin.listen = free_address()?;
    config.admin.url = format!("http://{}", config.admin.listen);
    let toml = toml::to_string(&config).map_err(text)?;
    std::fs::write(folder.join("adieu.toml"), toml).map_err(text)?;
    Ok(config)
}

fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(text)
}

/// Makes people who can sign on through every channel.
///
/// # Errors
/// When the authority refuses them.
pub async fn populate(authority: &Authority, data: &TestData, count: usize) -> Result<Vec<Person>, String> {
    let mut people = Vec::new();
    for n in 0..count {
        let (name, password) = (format!("storm-{n}"), format!("Umbrella-{n}-open"));
        let new =
            NewPerson { username: name.clone(), password: Some(password.clone()), ..NewPerson::default() };
        let user = authority.create_user(&data.population, new).await.map_err(text)?;
        people.push(Person { name, password, id: user.id.to_string() });
    }
    Ok(people)
}

/// A server over HTTP, with connections that are kept.
#[derive(Clone)]
pub struct Tcp {
    client: reqwest::Client,
    base: String,
}

impl Tcp {
    /// New connections to a server.
    pub fn to(base: &str) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(256)
            .no_proxy()
            .timeout(ANSWER)
            .build();
        Ok(Self { client: client.map_err(text)?, base: base.to_owned() })
    }
}

impl Ear for Tcp {
    async fn ask(&self, say: Say) -> Result<Heard, Trouble> {
        let mut request = self.client.request(say.method, format!("{}{}", self.base, say.path));
        for (name, value) in &say.headers {
            request = request.header(*name, value);
        }
        let lost = |error: reqwest::Error| match error.is_timeout() {
            true => Trouble::Odd(format!("no answer in {ANSWER:?}")),
            false => Trouble::Lost,
        };
        let answer = request.body(say.body).send().await.map_err(lost)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Heard { status, headers, text: answer.text().await.map_err(lost)? })
    }
}
