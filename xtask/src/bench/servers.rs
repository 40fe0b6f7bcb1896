//! The three servers of a measurement, all pinned to one core: nginx, the static answer, adieu.
//!
//! Each ends with its value. Adieu is the binary as it is shipped, on a fresh folder with seeded sessions.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::bench::load::{Load, run_through};
use crate::bench::report::RatioLimit;
use crate::builds::{BuildProfile, built};
use crate::contract_server::{ContractServer, Pinned};
use crate::files;
use crate::http::ask;

/// Where servers run, and where the load does.
pub(crate) const SERVER_CORE: &str = "0";
pub(crate) const LOAD_CORE: &str = "1";

/// The dialects' endings that need nothing but a session token.
pub(crate) const ENDINGS: [&str; 3] = ["PingOne sign-off", "AM logout", "Kratos native logout"];

/// Where to send, and whose CPU to read.
pub(crate) struct BenchTarget {
    pub(crate) address: String,
    pub(crate) pid: u32,
}

impl BenchTarget {
    /// The process and its children.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        let mut all = vec![self.pid];
        let children = format!("/proc/{0}/task/{0}/children", self.pid);
        let text = fs::read_to_string(&children).unwrap_or_default();
        all.extend(text.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        Ok(all)
    }
}

struct Process {
    child: Child,
    port: u16,
    folder: Option<PathBuf>,
}

impl Process {
    fn target(&self) -> BenchTarget {
        BenchTarget { address: format!("http://127.0.0.1:{}", self.port), pid: self.child.id() }
    }

    fn wait(self) -> Result<Self> {
        for _ in 0..2_000 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(self);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("a server of the measurement did not listen in time")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE]).arg(program).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Debian's nginx with one worker and `return 200`.
pub(crate) struct Nginx(Process);

impl Nginx {
    pub(crate) fn start() -> Result<Self> {
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("adieu-bench-nginx-{port}"));
        fs::create_dir_all(&folder)?;
        let shown = folder.display();
        let config = folder.join("nginx.conf");
        fs::write(
            &config,
            format!(
                "worker_processes 1; daemon off; pid {shown}/pid; error_log {shown}/error.log;\n\
                 events {{ worker_connections 4096; }}\n\
                 http {{ access_log off; keepalive_requests 100000000;\n\
                 client_body_temp_path {shown}/b; proxy_temp_path {shown}/p; fastcgi_temp_path {shown}/f;\n\
                 uwsgi_temp_path {shown}/u; scgi_temp_path {shown}/s;\n\
                 server {{ listen 127.0.0.1:{port}; location / {{ return 200 'ok'; }} }} }}\n"
            ),
        )?;
        let child = pinned(Path::new("nginx")).arg("-c").arg(&config).spawn().context("nginx")?;
        Ok(Self(Process { child, port, folder: Some(folder) }.wait()?))
    }

    pub(crate) fn target(&self) -> BenchTarget {
        self.0.target()
    }
}

/// The same framework's static answer.
pub(crate) struct StaticAnswer(Process);

/// Builds it as the server is built; says where it is.
pub(crate) fn build_static_answer() -> Result<PathBuf> {
    built("adieu-bench-static", BuildProfile::Dist)
}

impl StaticAnswer {
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let port = free_port()?;
        let child = pinned(program).arg(format!("127.0.0.1:{port}")).spawn().context("the static answer")?;
        Ok(Self(Process { child, port, folder: None }.wait()?))
    }

    pub(crate) fn target(&self) -> BenchTarget {
        self.0.target()
    }
}

/// A check that is measured.
pub(crate) struct CheckLoad {
    pub(crate) name: &'static str,
    /// The check that it is held against, in place of nginx.
    pub(crate) unit: Option<&'static str>,
    pub(crate) limit: RatioLimit,
    pub(crate) load: Load,
}

/// Adieu with sessions in it.
pub(crate) struct Seeded {
    server: ContractServer,
    folder: PathBuf,
    sessions: u32,
}

/// The configuration that is measured.
pub(crate) fn measured_profile() -> PathBuf {
    files::root().join("contracts/profiles/main.toml")
}

/// Makes sessions in `data` of a folder, and writes their tokens into `tokens`.
pub(crate) fn seed(binary: &Path, config: &Path, folder: &Path, sessions: u32) -> Result<()> {
    seed_with(binary, config, folder, &["--users", "2000", "--sessions", &sessions.to_string()])
}

/// The same, as much as these words say.
pub(crate) fn seed_with(binary: &Path, config: &Path, folder: &Path, words: &[&str]) -> Result<()> {
    let adieu = |word: &str| {
        let mut command = Command::new(binary);
        command.arg(word).arg("--config").arg(config).env("ADIEU_DATA", folder.join("data"));
        command
    };
    // An older binary does not know the word; its `seed` makes the installation itself.
    drop(adieu("init").arg("--no-user").output()?);
    let seeded = adieu("seed").args(words).arg("--tokens").arg(folder.join("tokens")).output()?;
    ensure!(seeded.status.success(), "adieu seed: {}", String::from_utf8_lossy(&seeded.stderr));
    Ok(())
}

/// The ending of a dialect that needs nothing but a token; a line of a file stands for it.
pub(crate) fn ending(dialect: &str, environment: &str) -> Result<Load> {
    Ok(match dialect {
        "PingOne sign-off" => Load::get(&format!("/{environment}/as/signoff")).header("Cookie", "ST={}"),
        "AM logout" => Load::new("POST", "/am/json/realms/root/realms/alpha/sessions/?_action=logout")
            .header("iPlanetDirectoryPro", "{}")
            .header("Accept-API-Version", "resource=3.1, protocol=1.0"),
        "Kratos native logout" => Load::new("DELETE", "/self-service/logout/api")
            .body("application/json", "{\"session_token\":\"{}\"}"),
        other => bail!("no ending is called {other}"),
    })
}

/// Kratos' whoami of a session.
pub(crate) fn whoami(token: &str) -> Load {
    Load::get("/sessions/whoami").header("X-Session-Token", token)
}

/// AM's validate of a session.
pub(crate) fn validate(token: &str) -> Load {
    Load::new("POST", "/am/json/realms/root/realms/alpha/sessions?_action=validate")
        .header("Accept-API-Version", "resource=3.1, protocol=1.0")
        .body("application/json", format!("{{\"tokenId\":\"{token}\"}}"))
}

impl Seeded {
    pub(crate) fn start(binary: &Path, sessions: u32) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("adieu-bench-{}", free_port()?));
        fs::create_dir_all(&folder)?;
        seed(binary, &measured_profile(), &folder, sessions)?;
        let server =
            ContractServer::start(binary, "main", Some(&folder.join("data")), None, Pinned::To(SERVER_CORE))?;
        Ok(Self { server, folder, sessions })
    }

    pub(crate) fn target(&self) -> BenchTarget {
        let address = self.known("kratos", "public").to_owned();
        BenchTarget { address, pid: self.server.variables["pid"].as_u64().unwrap_or(0) as u32 }
    }

    /// Where its public listener is.
    pub(crate) fn public(&self) -> Result<SocketAddr> {
        let address = self.target().address;
        Ok(address.trim_start_matches("http://").trim_end_matches('/').parse()?)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn known(&self, dialect: &str, name: &str) -> &str {
        self.server.variables[dialect][name].as_str().unwrap_or_default()
    }

    fn token(&self, n: usize) -> Result<String> {
        let text = fs::read_to_string(self.folder.join("tokens"))?;
        text.lines().nth(n).map(str::to_owned).context("no token was seeded")
    }

    /// The checks of a live session, and of others: what is over, or never was, costs no more (5 % are the noise of a run).
    pub(crate) fn checks(&self) -> Result<Vec<CheckLoad>> {
        let token = self.token(0)?;
        let over = self.token(1)?;
        let of_over = self.access_token(&over)?;
        let gone = json!({"session_token": over});
        let (status, text) = ask(self.public()?, "DELETE", "/self-service/logout/api", Some(&gone))?;
        ensure!(status == 204, "{status} {text}");
        let introspect = |token: String| {
            Load::new("POST", format!("/{}/as/introspect", self.known("pingone", "env_id")))
                .header("Authorization", self.basic())
                .body("application/x-www-form-urlencoded", format!("token={token}"))
        };
        let proxy = Load::get("/ui/check").header("Cookie", format!("ory_kratos_session={token}"));
        let live = |name, bound, load| CheckLoad { name, unit: None, limit: RatioLimit::AtMost(bound), load };
        let like =
            |name, unit, load| CheckLoad { name, unit: Some(unit), limit: RatioLimit::AtMost(1.05), load };
        let never =
            format!("{}{}", &token[..token.len() - 4], if token.ends_with("AAAA") { "BBBB" } else { "AAAA" });
        let (whoami_live, validate_live, introspect_live) =
            ("Kratos whoami", "AM validate", "PingOne introspection");
        Ok(vec![
            live("the proxies' check", 1.3, proxy),
            live(whoami_live, 1.3, whoami(&token)),
            live(validate_live, 1.55, validate(&token)),
            live(introspect_live, 1.9, introspect(self.access_token(&token)?)),
            like("whoami of a session that is over", whoami_live, whoami(&over)),
            like("whoami of a token that never was", whoami_live, whoami(&never)),
            like("validate of a session that is over", validate_live, validate(&over)),
            like("introspection of a session that is over", introspect_live, introspect(of_over)),
        ])
    }

    /// Asks once for every session, so that they are in memory as those in use are.
    pub(crate) fn warm(&self) -> Result<()> {
        run_through(&self.target(), &whoami("{}").each_line_of(self.folder.join("tokens")), self.sessions)
    }

    /// Requests that each end another session: those of one part, if sessions come in parts of this size.
    pub(crate) fn endings(&self, dialect: &str, part: usize, each: usize) -> Result<Load> {
        let text = fs::read_to_string(self.folder.join("tokens"))?;
        let tokens: Vec<&str> = text.lines().skip(part * each).take(each).collect();
        ensure!(tokens.len() == each, "too few sessions were seeded");
        let file = self.folder.join(format!("tokens-{part}"));
        fs::write(&file, tokens.join("\n"))?;
        Ok(ending(dialect, self.known("pingone", "env_id"))?.each_line_of(file))
    }

    fn basic(&self) -> String {
        let pair = format!(
            "{}:{}",
            self.known("pingone", "app_client_id"),
            self.known("pingone", "app_client_secret")
        );
        let encoded = Command::new("base64").arg("-w0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let encode = || -> Result<String> {
            let mut child = encoded?;
            child.stdin.take().context("base64")?.write_all(pair.as_bytes())?;
            let mut text = String::new();
            child.stdout.take().context("base64")?.read_to_string(&mut text)?;
            child.wait()?;
            Ok(text)
        };
        format!("Basic {}", encode().unwrap_or_default())
    }

    /// An application's access token in the session: a code by the cookie, then the token endpoint, by curl.
    fn access_token(&self, session: &str) -> Result<String> {
        let base = format!("{}/{}", self.known("kratos", "public"), self.known("pingone", "env_id"));
        let client = self.known("pingone", "app_client_id");
        let to = self.known("pingone", "app_redirect_uri");
        let authorize = format!(
            "{base}/as/authorize?response_type=code&client_id={client}&redirect_uri={to}&scope=openid&response_mode=pi.flow"
        );
        let flow = curl(&["-H", &format!("Cookie: ST={session}"), &authorize])?;
        let code = flow["authorizeResponse"]["code"].as_str().context("no code")?;
        let authorization = format!("Authorization: {}", self.basic());
        let (code, to) = (format!("code={code}"), format!("redirect_uri={to}"));
        let grant = "grant_type=authorization_code";
        let tokens =
            curl(&["-H", &authorization, "-d", grant, "-d", &code, "-d", &to, &format!("{base}/as/token")])?;
        tokens["access_token"].as_str().map(str::to_owned).context("no access token")
    }
}

fn curl(words: &[&str]) -> Result<Value> {
    let output = Command::new("curl").arg("-sS").args(words).output().context("curl")?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Drop for Seeded {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
