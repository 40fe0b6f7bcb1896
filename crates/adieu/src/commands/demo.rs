//! `adieu demo`: the five exits over real HTTP, each over a hard restart, and what two applications hear of one.
//!
//! The server is this program's own `serve` in a child process, on a fresh folder; it is killed with SIGKILL after every
//! exit and started again. Nothing here knows the server's insides: it signs on, checks and ends as any program would.

mod applications;
mod exits;
mod notices;
mod people;
mod programs;
mod server;
mod talk;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};

use crate::assembled::AssembledServer;
use crate::commands::server::told_to_stop;
use crate::commands::shown::say;
use crate::config::Config;
use crate::real::{SystemClock, SystemEntropy};

use applications::Applications;
use exits::EXITS;
use people::People;
use programs::Programs;
use server::DemoServer;
use talk::{Talk, encode};

/// The public port where none is wanted.
const PORT: u16 = 4433;

pub(super) async fn run(port: Option<u16>, exit: bool) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("adieu-demo-").tempdir()?;
    let config = configure(folder.path(), port)?;
    let mut applications = Applications::start().await?;
    let people = provision(&config, &applications).await?;
    let mut server = DemoServer::start(folder.path(), &config).await?;
    let talk = Talk::new(&config.public.url)?;
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
    let admin = Talk::new(&config.admin.url)?;
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
    if exit {
        return Ok(());
    }
    exits::by_hand(&programs).await?;
    in_a_browser(&config, &programs.people);
    say!("\nThe server stays up until Ctrl-C; its log is {}.", server.log().display());
    told_to_stop().await
}

/// A development configuration on a fresh folder and free ports.
fn configure(folder: &Path, port: Option<u16>) -> Result<Config> {
    let mut config = Config { development: true, data: folder.join("data"), ..Config::default() };
    let public = match port {
        Some(port) => server::address(port)?,
        None => server::free_address(PORT)?,
    };
    config.public.listen = public;
    config.public.url = format!("http://{public}");
    config.admin.listen = server::free_address(0)?;
    config.admin.url = format!("http://{}", config.admin.listen);
    std::fs::write(folder.join("adieu.toml"), toml::to_string(&config)?)?;
    Ok(config)
}

/// Makes the people before the server has the folder.
async fn provision(config: &Config, applications: &Applications) -> Result<People> {
    let server =
        AssembledServer::open(config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    people::make(&server, &config.public.url, applications).await
}

fn introduce(config: &Config, people: &People) {
    say!("adieu serves {} on a fresh folder.", config.public.url);
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
