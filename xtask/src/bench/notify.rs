//! `cargo xtask bench notify`: how soon applications hear of an ending, and what that costs whoever asked for it.
//!
//! Receivers are a process of its own on loopback (`benches/notices`), which also runs what notices are measured against: the same
//! number of signed posts behind two commits, and nothing else. Every figure is a ratio to that in the same run.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::builds::{BuildProfile, built};
use crate::contract_server::{ContractServer, Pinned};
use crate::http::{ask_with, json as asked};

/// Endings of one kind; the median and the 99th percentile count.
const ROUNDS: usize = 100;
/// Notices of the long run, to so many receivers.
const MANY: usize = 10_000;
const RECEIVERS: usize = 100;
/// No notice of a healthy receiver takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures, and prints the table.
pub(crate) fn notify(binary: &Path) -> Result<()> {
    let program = built("adieu-bench-notices", BuildProfile::Dist)?;
    println!("\nNotices; medians of {ROUNDS} endings, in ms, RS256\n");
    println!("| What | p50 | p99 | × ten bare signed posts and two commits |");
    println!("|---|---|---|---|");
    let mut ten = Receivers::start(&program, 10, 0)?;
    let bare = Series::of(bare(&program, 10, ROUNDS, &ten.ports)?);
    println!("| bare: two commits, ten signed posts | {} | 1.00 |", bare.shown());
    {
        let site = Site::open(binary, &ten.ports)?;
        let told = site.told(&mut ten, ROUNDS, 10)?;
        println!(
            "| from the answer to the last of ten confirmations | {} | {:.2} |",
            told.shown(),
            told.by(&bare)
        );
        let answers = site.answers(&mut ten)?;
        let none = &answers[0].1;
        for (count, series) in &answers {
            let ratio = series.by(none);
            println!(
                "| the answer to an ending with {count} told | {} | {ratio:.2} × that with none |",
                series.shown()
            );
        }
    }
    {
        let mut nine = Receivers::start(&program, 10, 1)?;
        let site = Site::open(binary, &nine.ports)?;
        let told = site.told(&mut nine, ROUNDS, 9)?;
        println!("| the same of nine, while the tenth hangs | {} | {:.2} |", told.shown(), told.by(&bare));
    }
    let mut many = Receivers::start(&program, RECEIVERS, 0)?;
    let alone = self::bare(&program, MANY, 3, &many.ports)?;
    let alone = MANY as f64 / Series::of(alone).at(0.5) * 1000.0;
    let site = Site::open(binary, &many.ports)?;
    let told = site.many(&mut many)?;
    println!(
        "\n{MANY} notices to {RECEIVERS} receivers: {told:.0}/s; the bare loop {alone:.0}/s; {:.2} of it",
        told / alone
    );
    Ok(())
}

/// Milliseconds, sorted.
struct Series(Vec<f64>);

impl Series {
    fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        Self(ms)
    }

    fn at(&self, part: f64) -> f64 {
        let place = (self.0.len().saturating_sub(1) as f64 * part).round() as usize;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    fn shown(&self) -> String {
        format!("{:.1} | {:.1}", self.at(0.5), self.at(0.99))
    }

    fn by(&self, unit: &Self) -> f64 {
        self.at(0.5) / unit.at(0.5)
    }
}

/// The bare loop; how many milliseconds each round took.
fn bare(program: &Path, posts: usize, rounds: usize, ports: &[u16]) -> Result<Vec<f64>> {
    let mut command = Command::new(program);
    command.args(["bare", &posts.to_string(), &rounds.to_string()]).args(ports.iter().map(u16::to_string));
    let output = command.stderr(Stdio::inherit()).output().context("the bare loop")?;
    ensure!(output.status.success(), "the bare loop: {}", output.status);
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(|ns| Ok(ns.parse::<f64>()? / 1e6)).collect()
}

/// The process of the receivers.
struct Receivers {
    child: Child,
    ports: Vec<u16>,
    heard: Receiver<u128>,
}

impl Receivers {
    fn start(program: &Path, count: usize, hanging: usize) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["receive", &count.to_string(), &hanging.to_string()]).stdout(Stdio::piped());
        let mut child = command.spawn().context("the receivers")?;
        let mut lines = BufReader::new(child.stdout.take().context("the receivers say nothing")?);
        let mut first = String::new();
        lines.read_line(&mut first)?;
        let ports = first.split_whitespace().map(str::parse).collect::<Result<Vec<u16>, _>>()?;
        let (tell, heard) = channel();
        std::thread::spawn(move || forward(lines, |at| tell.send(at).is_ok()));
        Ok(Self { child, ports, heard })
    }

    /// When the last of so many notices was answered.
    fn last_of(&mut self, count: usize) -> Result<u128> {
        let mut last = 0;
        for number in 0..count {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(at) => last = last.max(at),
                Err(RecvTimeoutError::Timeout) => anyhow::bail!("{number} of {count} notices came in time"),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the receivers are gone"),
            }
        }
        Ok(last)
    }

    /// Forgets what has come.
    fn forget(&mut self) {
        while self.heard.try_recv().is_ok() {}
    }
}

fn forward(lines: BufReader<ChildStdout>, mut tell: impl FnMut(u128) -> bool) {
    for line in lines.lines().map_while(Result::ok) {
        let at = line.split(' ').nth(1).and_then(|at| at.parse().ok());
        if !at.is_some_and(&mut tell) {
            return;
        }
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server whose clients are told at the receivers'.
struct Site {
    server: ContractServer,
    public: SocketAddr,
    admin: SocketAddr,
    clients: Vec<String>,
    folder: PathBuf,
}

const CALLBACK: &str = "https://shop.example.test/callback";
/// No code is redeemed.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl Site {
    fn open(binary: &Path, ports: &[u16]) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("adieu-bench-notify-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let data = folder.join("data");
        let server = ContractServer::start(binary, "main", Some(&data), None, Pinned::No)?;
        let address = |name: &str| -> Result<SocketAddr> {
            let url = server.variables["kratos"][name].as_str().context("an address")?;
            let url = url.trim_start_matches("http://").trim_end_matches('/');
            url.parse().with_context(|| url.to_owned())
        };
        let (public, admin) = (address("public")?, address("admin")?);
        let mut site = Self { server, public, admin, clients: Vec::new(), folder };
        for port in ports {
            let client = json!({
                "client_name": format!("At {port}"), "redirect_uris": [CALLBACK],
                "backchannel_logout_uri": format!("http://127.0.0.1:{port}/out"),
            });
            let path = format!("/v1/realms/{}/clients", site.environment());
            let made = asked(admin, "POST", &path, Some(&client))?;
            site.clients.push(made["client_id"].as_str().context("a client id")?.to_owned());
        }
        Ok(site)
    }

    fn environment(&self) -> &str {
        self.server.variables["pingone"]["env_id"].as_str().unwrap_or_default()
    }

    /// A session of a user's in which the first so many clients take part; its token.
    fn session(&self, name: &str, password: &str, shared_by: usize) -> Result<String> {
        let flow = asked(self.public, "GET", "/self-service/login/api", None)?;
        let path = format!("/self-service/login?flow={}", flow["id"].as_str().context("a flow")?);
        let body = json!({"method": "password", "identifier": name, "password": password});
        let signed_on = asked(self.public, "POST", &path, Some(&body))?;
        let token = signed_on["session_token"].as_str().context("a token")?.to_owned();
        for client in self.clients.iter().take(shared_by) {
            let query = format!("response_type=code&client_id={client}&redirect_uri={CALLBACK}&scope=openid");
            let proof = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
            let path = format!("/{}/as/authorize?{query}&{proof}&prompt=none", self.environment());
            let (status, text) =
                ask_with(self.public, "GET", &path, &[("cookie", &format!("ST={token}"))], None)?;
            ensure!(status == 302, "no code: {status} {text}");
        }
        Ok(token)
    }

    fn alices(&self, shared_by: usize) -> Result<String> {
        let known = &self.server.variables["pingone"];
        let text = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
        self.session(&text("user"), &text("password"), shared_by)
    }

    /// Ends a session as its user does; how long the answer took, and when it was there.
    fn end(&self, token: &str) -> Result<(f64, u128)> {
        let began = now();
        let body = json!({"session_token": token});
        let (status, text) = ask_with(self.public, "DELETE", "/self-service/logout/api", &[], Some(&body))?;
        let (took, at) = (began.elapsed().as_secs_f64() * 1000.0, now_ns());
        ensure!(status == 204, "{status} {text}");
        Ok((took, at))
    }

    /// From the answers to endings to the last of so many confirmations.
    fn told(&self, receivers: &mut Receivers, rounds: usize, confirm: usize) -> Result<Series> {
        let mut ms = Vec::new();
        for _ in 0..rounds {
            let token = self.alices(self.clients.len())?;
            receivers.forget();
            let (_, answered) = self.end(&token)?;
            let last = receivers.last_of(confirm)?;
            ms.push(last.saturating_sub(answered) as f64 / 1e6);
        }
        Ok(Series::of(ms))
    }

    /// The answers to endings with no client, with one and with all, in turn.
    fn answers(&self, receivers: &mut Receivers) -> Result<Vec<(usize, Series)>> {
        let counts = [0, 1, self.clients.len()];
        let mut took = counts.map(|_| Vec::new());
        for _ in 0..ROUNDS {
            for (count, took) in counts.iter().zip(&mut took) {
                let token = self.alices(*count)?;
                receivers.forget();
                took.push(self.end(&token)?.0);
                receivers.last_of(*count)?;
            }
        }
        Ok(counts.into_iter().zip(took.map(Series::of)).collect())
    }

    /// Ends a realm of a hundred users, each known to every client; notices a second.
    fn many(&self, receivers: &mut Receivers) -> Result<f64> {
        let path = format!("/v1/realms/{}/users", self.environment());
        for number in 0..MANY / RECEIVERS {
            let (name, password) = (format!("crowd-{number}"), "Umbrella-stand-open");
            asked(self.admin, "POST", &path, Some(&json!({"username": name, "password": password})))?;
            self.session(&name, password, RECEIVERS)?;
        }
        receivers.forget();
        let order: Value = json!({"realm": self.environment()});
        asked(self.admin, "POST", "/v1/endings", Some(&order))?;
        let answered = now_ns();
        let last = receivers.last_of(MANY)?;
        Ok(MANY as f64 / (last.saturating_sub(answered) as f64 / 1e9))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured is a real process in real time")]
fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970: what two processes of one machine can compare.
#[expect(clippy::disallowed_methods, reason = "what is measured is a real process in real time")]
fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}
