//! `cargo xtask bench flood`: whether other people can sign on while somebody floods the sign-on.
//!
//! Two floods, each by wrk in a process of its own with 300 connections: one address repeats one account's right password;
//! twenty addresses try wrong ones. Everybody comes through a proxy that is trusted, which says the addresses. Hashing costs
//! what it costs by default, and all limits are the default ones.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::figures::number_before;
use crate::contract_server::{ContractServer, Pinned};
use crate::http::ask_with;
use crate::people;

/// Sign-ons of others in each flood, and how many of them have to be through in time.
const OTHERS: usize = 18;
const THROUGH_MIN: usize = 17;
const IN_TIME: Duration = Duration::from_secs(2);
/// The flood is there before the first of the others comes, and while the last one does.
pub(crate) const WARM_UP: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(500);
const FLOOD_S: u32 = 25;
const CONNECTIONS: u32 = 300;

pub(crate) const AUTHENTICATE: &str = "/am/json/realms/root/realms/alpha/authenticate";

/// What wrk runs: a function `headers(n)` of the number of a request.
const ONE_ADDRESS: &str = r#"
local function headers(n)
  return "198.51.100.1", "bob", "Builder-tools-22"
end
"#;
const TWENTY_ADDRESSES: &str = r#"
local function headers(n)
  return "198.51.100." .. (n % 20 + 1), "person-" .. (n % 5000), "not-the-password"
end
"#;

/// Measures both floods; fails if others are kept out.
pub(crate) fn flood(binary: &Path) -> Result<()> {
    println!("\nSign-ons of others in a flood of {CONNECTIONS} connections, within {IN_TIME:?}\n");
    println!("| Flood | others through | slowest | answers to the flood | of them refused |");
    println!("|---|---|---|---|---|");
    let mut kept_out = Vec::new();
    for (name, script) in [
        ("one address, a right password", ONE_ADDRESS),
        ("twenty addresses, wrong passwords", TWENTY_ADDRESSES),
    ] {
        let place = Place::open(binary)?;
        let attacker = place.attack(script)?;
        std::thread::sleep(WARM_UP);
        let others = place.others();
        let (answers, refused) = answers(attacker)?;
        let through = others.iter().filter(|took| took.is_some_and(|took| took <= IN_TIME)).count();
        let slowest = others.iter().flatten().max().copied().unwrap_or_default();
        println!(
            "| {name} | {through} of {OTHERS} | {:.2} s | {answers:.0} | {refused:.0} |",
            slowest.as_secs_f64()
        );
        if through < THROUGH_MIN {
            kept_out.push(name);
        }
    }
    ensure!(kept_out.is_empty(), "others were kept out by: {}", kept_out.join("; "));
    Ok(())
}

/// A server with its people, and a folder for files.
pub(crate) struct Place {
    _server: ContractServer,
    pub(crate) public: SocketAddr,
    folder: PathBuf,
}

impl Place {
    pub(crate) fn open(binary: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("adieu-flood-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let config = folder.join("adieu.toml");
        fs::write(&config, "development = true\n\n[public]\ntrusted_proxies = [\"127.0.0.1\"]\n")?;
        let (server, addresses, whole) = ContractServer::bare(binary, &config, None, Pinned::No)?;
        people::make(addresses.admin, &whole, None)?;
        Ok(Self { _server: server, public: addresses.public, folder })
    }

    /// Stops an attack before its time.
    pub(crate) fn give_up(&self, mut attacker: Child) -> Result<()> {
        attacker.kill()?;
        attacker.wait()?;
        Ok(())
    }

    pub(crate) fn attack(&self, headers: &str) -> Result<Child> {
        let script = self.folder.join("flood.lua");
        let request = format!(
            "{headers}\nlocal n = 0\nfunction request()\n  n = n + 1\n  local address, name, password = headers(n)\n  \
             return wrk.format('POST', '{AUTHENTICATE}', {{ ['X-Forwarded-For'] = address, ['X-OpenAM-Username'] = name, \
             ['X-OpenAM-Password'] = password, ['Accept-API-Version'] = 'resource=2.0, protocol=1.0', \
             ['Content-Type'] = 'application/json' }}, '{{}}')\nend\n"
        );
        fs::write(&script, request)?;
        let mut command = Command::new("wrk");
        command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{FLOOD_S}s"), "-s"]).arg(&script);
        let command = command.arg(format!("http://{}{AUTHENTICATE}", self.public));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("wrk")
    }

    /// How long each of the others took to sign on; none for whom it was refused.
    fn others(&self) -> Vec<Option<Duration>> {
        let people =
            [("alice", "Rabbit-hole-11"), ("bobby", "Tables-dropped-33"), ("carol", "Singing-choir-44")];
        let mut took = Vec::new();
        for (n, (name, password)) in people.iter().cycle().take(OTHERS).enumerate() {
            let address = format!("203.0.113.{}", n % people.len() + 1);
            took.push(self.signs_on(&address, name, password));
            std::thread::sleep(PAUSE);
        }
        took
    }

    fn signs_on(&self, address: &str, name: &str, password: &str) -> Option<Duration> {
        let headers = [
            ("x-forwarded-for", address),
            ("x-openam-username", name),
            ("x-openam-password", password),
            ("accept-api-version", "resource=2.0, protocol=1.0"),
        ];
        let began = now();
        let answer = ask_with(self.public, "POST", AUTHENTICATE, &headers, None);
        answer.is_ok_and(|(status, _)| status == 200).then(|| began.elapsed())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// How many answers the flood got, and how many of them were no success.
fn answers(attacker: Child) -> Result<(f64, f64)> {
    let output = attacker.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
    let refused = text.lines().find_map(|line| line.trim().strip_prefix("Non-2xx or 3xx responses: "));
    let refused = refused.and_then(|n| n.trim().parse().ok()).unwrap_or(0.0);
    Ok((number_before(&text, " requests in ")?, refused))
}

#[expect(clippy::disallowed_methods, reason = "a measurement of a real process reads the real clock")]
fn now() -> Instant {
    Instant::now()
}
