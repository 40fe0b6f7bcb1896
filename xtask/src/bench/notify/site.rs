//! A server whose applications are told at the receivers', and what is measured at it.
//!
//! Its people are those of the recordings. Nothing here prints.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::bench::memory::status_kib;
use crate::bench::notify::receivers::Receivers;
use crate::bench::series::{Series, now, now_ns};
use crate::contract_server::{ContractServer, Pinned};
use crate::http::{Connection, ask_with, json as asked};

/// Endings of one kind before those that count: connections are made and keys drawn then.
pub(crate) const WARMING: usize = 5;

/// A server whose clients are told at the receivers'.
pub(crate) struct Site {
    pub(crate) server: ContractServer,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
    clients: Vec<String>,
    folder: SiteFolder,
}

/// Where a site keeps its data; it goes with the value.
pub(crate) struct SiteFolder(pub(crate) PathBuf);

const CALLBACK: &str = "https://shop.example.test/callback";
/// No code is redeemed.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const PASSWORD: &str = "Umbrella-stand-open";

impl Site {
    /// A server with a client for each receiver.
    pub(crate) fn open(binary: &Path, name: &str, ports: &[u16], algorithm: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("adieu-bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut site = Self::start(binary, SiteFolder(folder), None)?;
        for port in ports {
            let client = json!({
                "client_name": format!("At {port}"), "redirect_uris": [CALLBACK],
                "id_token_signed_response_alg": algorithm,
                "backchannel_logout_uri": format!("http://127.0.0.1:{port}/out"),
            });
            let path = format!("/v1/realms/{}/clients", site.environment());
            let made = asked(site.admin, "POST", &path, Some(&client))?;
            site.clients.push(made["client_id"].as_str().context("a client id")?.to_owned());
        }
        Ok(site)
    }

    fn start(binary: &Path, folder: SiteFolder, before: Option<&Value>) -> Result<Self> {
        let server = ContractServer::start(binary, "main", Some(&folder.data()), before, Pinned::No)?;
        let address = |name: &str| -> Result<SocketAddr> {
            let url = server.variables["kratos"][name].as_str().context("an address")?;
            let url = url.trim_start_matches("http://").trim_end_matches('/');
            url.parse().with_context(|| url.to_owned())
        };
        let (public, admin) = (address("public")?, address("admin")?);
        Ok(Self { server, public, admin, clients: Vec::new(), folder })
    }

    /// Stops the server, lets something be done to its folder, and starts it again.
    pub(crate) fn again_after(self, binary: &Path, act: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let Self { server, folder, clients, .. } = self;
        let before = server.variables.clone();
        drop(server);
        act(&folder.0)?;
        Ok(Self { clients, ..Self::start(binary, folder, Some(&before))? })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder.0
    }

    pub(crate) fn environment(&self) -> &str {
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

    /// A session of Alice's in which the first so many clients take part.
    pub(crate) fn alices(&self, shared_by: usize) -> Result<String> {
        let known = &self.server.variables["pingone"];
        let text = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
        self.session(&text("user"), &text("password"), shared_by)
    }

    /// Ends a session as its user does; how long the answer took, and when it was there.
    fn end(&self, connection: &mut Connection, token: &str) -> Result<(f64, u128)> {
        let body = json!({"session_token": token});
        let began = now();
        let (status, text) = connection.ask("DELETE", "/self-service/logout/api", &[], Some(&body))?;
        let (took, at) = (began.elapsed().as_secs_f64() * 1000.0, now_ns());
        ensure!(status == 204, "{status} {text}");
        Ok((took, at))
    }

    /// From the answers to endings to the last of so many confirmations.
    pub(crate) fn told(&self, receivers: &mut Receivers, rounds: usize, confirm: usize) -> Result<Series> {
        let (mut ms, mut connection) = (Vec::new(), Connection::open(self.public)?);
        for round in 0..WARMING + rounds {
            let token = self.alices(self.clients.len())?;
            receivers.forget();
            let (_, answered) = self.end(&mut connection, &token)?;
            let last = receivers.last_of(confirm)?;
            if round >= WARMING {
                ms.push(last.saturating_sub(answered) as f64 / 1e6);
            }
        }
        Ok(Series::of(ms))
    }

    /// The answers to endings of which so many clients are told, in turn.
    pub(crate) fn answers<const N: usize>(
        &self,
        receivers: &mut Receivers,
        counts: [usize; N],
        rounds: usize,
    ) -> Result<[Series; N]> {
        let mut took = counts.map(|_| Vec::new());
        let mut connection = Connection::open(self.public)?;
        for round in 0..WARMING + rounds {
            for turn in 0..N {
                let kind = (round + turn) % N; // Each kind comes after each other one.
                let token = self.alices(counts[kind])?;
                receivers.forget();
                let (ms, _) = self.end(&mut connection, &token)?;
                receivers.last_of(counts[kind])?;
                if round >= WARMING {
                    took[kind].push(ms);
                }
            }
        }
        Ok(took.map(Series::of))
    }

    /// New people; their names.
    pub(crate) fn people(&self, count: usize) -> Result<Vec<String>> {
        let path = format!("/v1/realms/{}/users", self.environment());
        let made = |number: usize| {
            let name = format!("crowd-{number}");
            let user = json!({"username": name, "password": PASSWORD});
            asked(self.admin, "POST", &path, Some(&user)).map(|_| name)
        };
        (0..count).map(made).collect()
    }

    /// Ends a realm of these people, each known to every client; the milliseconds from the answer to the last confirmation.
    pub(crate) fn many(&self, receivers: &mut Receivers, people: &[String]) -> Result<f64> {
        for name in people {
            self.session(name, PASSWORD, self.clients.len())?;
        }
        receivers.forget();
        let (_, answered) = self.end_realm()?;
        let last = receivers.last_of(people.len() * self.clients.len())?;
        Ok(last.saturating_sub(answered) as f64 / 1e6)
    }

    /// How long the answers to endings of one session took that an administrator orders, as the ending of all is ordered.
    pub(crate) fn single_endings<'a>(&self, tokens: impl Iterator<Item = &'a str>) -> Result<Series> {
        let (mut public, mut admin) = (Connection::open(self.public)?, Connection::open(self.admin)?);
        let mut ms = Vec::new();
        for (number, token) in tokens.enumerate() {
            let (status, text) =
                public.ask("GET", "/sessions/whoami", &[("x-session-token", token)], None)?;
            ensure!(status == 200, "{status} {text}");
            let session: Value = serde_json::from_str(&text)?;
            let order = json!({"session": session["id"]});
            let began = now();
            let (status, text) = admin.ask("POST", "/v1/endings", &[], Some(&order))?;
            ensure!(status == 200, "{status} {text}");
            if number >= WARMING {
                ms.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        }
        Ok(Series::of(ms))
    }

    /// What the server holds in memory, by a name of `/proc/PID/status`.
    pub(crate) fn memory_mib(&self, name: &str) -> Result<u64> {
        Ok(status_kib(self.server.pid(), name)? / 1024)
    }

    /// Ends all sessions of the realm; the ending, and when the answer was there.
    pub(crate) fn end_realm(&self) -> Result<(Value, u128)> {
        let order = json!({"realm": self.environment()});
        let ended = asked(self.admin, "POST", "/v1/endings", Some(&order))?;
        Ok((ended, now_ns()))
    }
}

impl SiteFolder {
    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for SiteFolder {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
