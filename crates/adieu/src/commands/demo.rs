//! `adieu demo`: the five exits over real HTTP, each over a hard restart, and what two applications hear of one.
//!
//! The server is this program's own `serve` in a child process, on a fresh folder, or several of them on one database; they are killed
//! with SIGKILL after every exit and started again. Nothing here knows the server's insides: it signs on, checks and ends as any program would.

mod applications;
mod exits;
mod notices;
mod people;
mod programs;
mod server;
mod talk;

use std::path::Path;
use std::sync::Arc;

use adieu_authority::Entropy;
use adieu_core::entropy;
use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::assembled::AssembledServer;
use crate::commands::server::told_to_stop;
use crate::commands::shown::say;
use crate::config::{Config, StoreConfig};
use crate::engine;
use crate::real::{SystemClock, SystemEntropy};

use applications::Applications;
use exits::EXITS;
use people::People;
use programs::Programs;
use server::DemoServer;
use talk::{Talk, encode};

/// The public port where none is wanted.
const PORT: u16 = 4433;

/// Show the five exits over real HTTP on a fresh store, then stay up for trying them by hand.
#[derive(Args)]
pub struct DemoCommand {
    /// End after the five exits; status 0 only if all of them held.
    #[arg(long)]
    exit: bool,
    /// The public port; 0 lets the system choose. Without it 4433, or any other if that one is taken.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// So many nodes on one database; every request goes to another one.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    nodes: u8,
    /// An empty PostgreSQL database (`postgres://…`) in place of a folder; what the demo makes stays in it.
    #[arg(long, value_name = "URL", required_if_eq_any([("nodes", "2"), ("nodes", "3"), ("nodes", "4")]))]
    store: Option<String>,
}

pub(super) async fn run(order: DemoCommand) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("adieu-demo-").tempdir()?;
    let nodes = configure(folder.path(), &order)?;
    let config = nodes.first().context("a node")?.clone();
    let mut applications = Applications::start().await?;
    let people = provision(&config, &applications).await?;
    let mut server = DemoServer::start(&nodes).await?;
    let of_all = |address: fn(&Config) -> String| Talk::new(nodes.iter().map(address).collect());
    let talk = of_all(|node| format!("http://{}", node.public.listen))?;
    introduce(&config, &people);
    let programs = Programs { talk, people };
    let mut held = 0;
    for (n, exit) in EXITS.iter().enumerate() {
        say!("\n━━━ Exit {} of {}: {}\n", n + 1, EXITS.len(), exit.title);
        match exits::walk(exit, &programs, &mut server).await {
            Ok(()) => {
                held += 1;
                say!("  ✔ ended in all three dialects, its tokens are dead, and so it stays over a kill -9");
            }
            Err(error) => say!("  ✘ {error:#}"),
        }
    }
    say!("\n━━━ And who is told: one exit, two applications that took part\n");
    let admin = of_all(|node| node.admin.url.clone())?;
    let told = notices::walk(&programs, &admin, &mut applications, &mut server).await;
    match &told {
        Ok(()) => {
            say!("  ✔ both have confirmed, one of them after a kill -9 between the ending and its notice")
        }
        Err(error) => say!("  ✘ {error:#}"),
    }
    say!("\n{held} of {} exits held.", EXITS.len());
    ensure!(held == EXITS.len(), "not all exits held");
    ensure!(told.is_ok(), "not both applications were told");
    if order.exit {
        return Ok(());
    }
    exits::by_hand(&programs).await?;
    in_a_browser(&config, &programs.people);
    say!("\nThe server stays up until Ctrl-C; its log is {}.", server.log());
    told_to_stop().await
}

/// A development configuration for each node, on fresh folders and free ports. All are seen by browsers at the address of the first
/// one, as if a load balancer stood there.
fn configure(folder: &Path, order: &DemoCommand) -> Result<Vec<Config>> {
    let mut store = StoreConfig::default();
    if let Some(url) = &order.store {
        let key: [u8; 32] = entropy::draw(&SystemEntropy);
        let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        (store.url, store.key) = (url.as_str().into(), digits.as_str().into());
        store.options().context("--store")?.address().context("--store")?;
    }
    let mut nodes: Vec<Config> = Vec::new();
    for n in 1..=order.nodes {
        let folder = if order.nodes == 1 { folder.to_owned() } else { folder.join(format!("node-{n}")) };
        std::fs::create_dir_all(&folder)?;
        let mut config = Config { development: true, data: folder.join("data"), ..Config::default() };
        config.public.listen = match (nodes.is_empty(), order.port) {
            (true, Some(port)) => server::address(port)?,
            (true, None) => server::free_address(PORT)?,
            (false, _) => server::free_address(0)?,
        };
        config.public.url = nodes
            .first()
            .map_or(format!("http://{}", config.public.listen), |first| first.public.url.clone());
        if order.nodes > 1 {
            config.public.trusted_proxies = vec!["127.0.0.1".into()];
        }
        config.admin.listen = server::free_address(0)?;
        config.admin.url = format!("http://{}", config.admin.listen);
        std::fs::write(folder.join("adieu.toml"), toml::to_string(&config)?)?;
        nodes.push(Config { store: store.clone(), ..config });
    }
    Ok(nodes)
}

/// Makes the people before the server has the folder.
async fn provision(config: &Config, applications: &Applications) -> Result<People> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    ensure!(
        !engine::has_installation(config, &entropy).await?,
        "there is an installation in {}: the demo wants an empty database",
        engine::told(config)
    );
    let server = AssembledServer::open(config, &config.data, Arc::new(SystemClock), entropy).await?;
    people::make(&server, &config.public.url, applications).await
}

fn introduce(config: &Config, people: &People) {
    let on = if config.store.options().is_some() { engine::told(config) } else { "a fresh folder".into() };
    say!("adieu serves {} on {on}.", config.public.url);
    say!("Realm /alpha is PingOne's environment {}.", people.environment);
    let People { username, password, .. } = people;
    say!("{username} can sign on, with the password {password}");
    say!("A worker client administers; the shop and the desk are applications.");
}

/// What there is to open: the whole way in three clicks, and the sign-on page of each dialect.
fn in_a_browser(config: &Config, people: &People) {
    let (url, People { username, password, environment, .. }) = (&config.public.url, people);
    let back = encode(&people.front_page);
    let client = &people.application.id;
    say!("\nIn a browser: open {url}/ and\n");
    say!("  1. choose \"Sign on\"");
    say!(
        "  2. enter {username} and {password} and send the form: the page shows what PingOne, AM and Kratos say of the session"
    );
    say!("  3. choose \"Sign off everywhere\": the page shows what they say now");
    say!("\nThe same session begins at the page of any dialect:\n");
    say!(
        "  PingOne  {url}/{environment}/as/authorize?response_type=code&client_id={client}&redirect_uri={back}&scope=openid"
    );
    say!("  AM       {url}/am/UI/Login?realm=/alpha&goto={back}");
    say!("  Kratos   {url}/self-service/login/browser?return_to={back}");
}
