//! `cargo xtask crash [--kills N] [--power-cuts M] [--seed S]` and `cargo xtask coldstart [--sessions N]`: what needs
//! minutes, or says a time, and is therefore no test of every day.
//!
//! The crash test itself stands with the stories of `adieu`; here is only how often, and that it runs against the
//! binary as it is shipped. The cold start kills a server that has many sessions and waits for the first answer of the next one.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::builds::shipped;
use crate::files;

/// Runs the crash test so often.
pub(crate) fn crash(words: &[&str]) -> Result<()> {
    let mut tests = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    tests.current_dir(files::root()).env("TEST_SERVER", shipped()?);
    tests.args(["test", "-p", "adieu", "--test", "stories", "crash::what_was_acknowledged"]);
    tests.args(["--", "--nocapture", "--test-threads=1"]);
    let (mut kills, mut cuts) = ("0", "0");
    for pair in words.chunks(2) {
        match pair {
            ["--kills", number] => kills = number,
            ["--power-cuts", number] => cuts = number,
            ["--seed", number] => drop(tests.env("TEST_CRASH_SEED", number)),
            _ => bail!("crash [--kills N] [--power-cuts M] [--seed S]"),
        }
    }
    tests.env("TEST_CRASH_KILLS", kills).env("TEST_CRASH_POWER_CUTS", cuts);
    let status = tests.status().context("cargo test")?;
    ensure!(status.success(), "crash: {status}");
    Ok(())
}

/// How often the start is measured.
const STARTS: usize = 7;
const START: Duration = Duration::from_secs(60);
const PASSWORD: &str = "Cold-feet-in-the-morning";

/// Seeds, kills, and measures from the start of a process to its first answer.
pub(crate) fn cold_start(words: &[&str]) -> Result<()> {
    let sessions = match words {
        [] => "1000000",
        ["--sessions", number] => number,
        _ => bail!("coldstart [--sessions N]"),
    };
    let place = Place::new(shipped()?)?;
    place.run(&["init", "--user", "cold"], &[])?;
    place.run(&["seed"], &["--sessions", sessions])?;
    let size = fs::metadata(place.folder.join("data/adieu.db"))?.len();
    println!("{sessions} sessions, {} MiB", size >> 20);
    let mut server = place.serve()?;
    place.until_answered("", 401)?;
    let token = place.sign_on()?;
    for dropped in [false, true] {
        let mut times = Vec::new();
        for _ in 0..STARTS {
            server.kill()?; // SIGKILL
            server.wait()?;
            if dropped && !drop_page_cache() {
                println!("page cache: may not be dropped here");
                return Ok(());
            }
            let began = now();
            server = place.serve()?;
            place.until_answered(&token, 200)?;
            times.push(began.elapsed());
        }
        times.sort();
        let cache = if dropped { "dropped" } else { "warm" };
        let (median, most) = (times[STARTS / 2], times[STARTS - 1]);
        println!(
            "page cache {cache}: start to first whoami {median:.1?} (median of {STARTS}), {most:.1?} at most"
        );
    }
    server.kill()?;
    server.wait()?;
    Ok(())
}

/// A folder for one measurement.
struct Place {
    binary: PathBuf,
    folder: PathBuf,
    public: SocketAddr,
}

impl Place {
    fn new(binary: PathBuf) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("adieu-coldstart-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (public, admin) = (free_address()?, free_address()?);
        let toml = format!(
            "development = true\ndata = {:?}\n[public]\nlisten = \"{public}\"\nurl = \"http://{public}\"\n\
             [admin]\nlisten = \"{admin}\"\nurl = \"http://{admin}\"\n",
            folder.join("data")
        );
        fs::write(folder.join("adieu.toml"), toml)?;
        Ok(Self { binary, folder, public })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).arg("--config").arg(self.folder.join("adieu.toml"));
        command.env("ADIEU_PASSWORD", PASSWORD).env("RUST_LOG", "warn");
        command
    }

    fn run(&self, words: &[&str], more: &[&str]) -> Result<()> {
        let status = self.command(words).args(more).status()?;
        ensure!(status.success(), "adieu {}: {status}", words.join(" "));
        Ok(())
    }

    fn serve(&self) -> Result<Child> {
        self.command(&["serve"]).stdin(Stdio::null()).spawn().context("adieu serve")
    }

    /// Asks whoami until it is answered so.
    fn until_answered(&self, token: &str, status: u16) -> Result<()> {
        let began = now();
        let head = format!("GET /sessions/whoami HTTP/1.1\r\nx-session-token: {token}\r\n");
        while began.elapsed() < START {
            match exchange(self.public, &head, "") {
                Ok((said, _)) if said == status => return Ok(()),
                Ok((said, text)) => bail!("whoami: {said} {text}"),
                Err(_) => std::thread::sleep(Duration::from_micros(500)), // It does not listen yet.
            }
        }
        bail!("no answer in {START:?}")
    }

    fn sign_on(&self) -> Result<String> {
        let (_, flow) = exchange(self.public, "GET /self-service/login/api HTTP/1.1\r\n", "")?;
        let flow: Value = serde_json::from_str(&flow)?;
        let id = flow["id"].as_str().context("no flow")?;
        let head =
            format!("POST /self-service/login?flow={id} HTTP/1.1\r\ncontent-type: application/json\r\n");
        let body = format!(r#"{{"method":"password","identifier":"cold","password":"{PASSWORD}"}}"#);
        let (status, text) = exchange(self.public, &head, &body)?;
        let answer: Value = serde_json::from_str(&text).with_context(|| format!("{status} {text}"))?;
        Ok(answer["session_token"].as_str().with_context(|| format!("no token: {status}"))?.to_owned())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder, and is removed with it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?.local_addr()?)
}

/// One request on a connection of its own; gives status and body.
fn exchange(to: SocketAddr, head: &str, body: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_millis(500))?;
    stream.set_read_timeout(Some(START))?;
    let length = body.len();
    write!(stream, "{head}host: {to}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    Ok((status, body.to_owned()))
}

/// Makes the next reads come from the disk; only the superuser may.
fn drop_page_cache() -> bool {
    // What is not written out can't be dropped.
    let synced = Command::new("sync").status().is_ok_and(|status| status.success());
    synced && fs::write(Path::new("/proc/sys/vm/drop_caches"), "3").is_ok()
}

#[expect(clippy::disallowed_methods, reason = "what is measured is a real process in real time")]
fn now() -> Instant {
    Instant::now()
}
