//! How a command reaches the native API: in this process, if the data folder is free or the installation is in a database that nodes
//! share, or over HTTP to the server that has the folder.
//!
//! There is one implementation of every command, the API's. No command makes an installation on its way here. The token of the
//! admin listener goes along either way, and never over a network in the clear. Whoever is busy is asked again.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adieu_authority::{Authority, Entropy};
use adieu_face_native::Native;
use adieu_http_kit::form::append_query;
use adieu_http_kit::service::FaceService;
use anyhow::{Context, Result, ensure};
use axum::body::{Body, BodyDataStream, Bytes};
use axum::response::Response;
use futures_util::StreamExt;
use http::{Method, Request, header};
use reqwest::{Certificate, Client, Url};
use serde_json::Value;

use crate::assembled;
use crate::commands::failure::{CommandFailure, ExitStatus};
use crate::commands::shown::progress;
use crate::config::{Config, Secret};
use crate::engine;
use crate::faces;
use crate::logging::note;
use crate::real::{SystemClock, SystemEntropy};

/// Where a command's requests go, and how it shows the answers.
#[derive(clap::Args)]
pub struct Reach {
    /// The TOML file of the server; else that of ADIEU_CONFIG, or /etc/adieu/adieu.toml. Variables ADIEU_… win over it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask the server at this address (its admin listener), and do not open the data folder.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Print JSON, for programs.
    #[arg(long)]
    pub json: bool,
}

/// Longest answer that is read (HOME-LIMITS): a page of 500 users with all their traits.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long an answer may take. An ending of a whole realm is one write.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how long a request is sent again to whoever has too much work of its kind (nothing was done then), and the pause between.
const BUSY_ASKED_FOR: Duration = Duration::from_secs(60);
const BUSY_PAUSE: Duration = Duration::from_secs(1);
const BUSY: &str = "urn:adieu:problem:busy";
/// Items of one request; the API gives no more.
const PAGE: usize = 500;

/// The native API, wherever it is.
pub(super) struct Api {
    carrier: Carrier,
    token: Option<Secret>,
    /// Whether the installation is in a database that nodes share.
    has_nodes: bool,
}

enum Carrier {
    Here(FaceService<Native>),
    There { client: Client, base: String },
}

impl Api {
    /// The API of the installation in the data folder, which is never made here; of the server that has the folder, or of one
    /// that is named. Says on standard error which of them it is.
    pub(super) async fn reach(config: &Config, server: Option<&str>) -> Result<Self> {
        let place = engine::told(config);
        if let Some(server) = server {
            note(&format!("the server at {server}"));
            return Self::at(config, server);
        }
        match opened(config).await? {
            Some(authority) => {
                note(&format!("the installation in {place}"));
                Self::over(config, authority)
            }
            None => {
                let url = &config.admin.url;
                note(&format!("the server at {url}, which has the installation in {place}"));
                Self::at(config, url)
            }
        }
    }

    /// The API over an authority of this process.
    pub(super) fn over(config: &Config, authority: Authority) -> Result<Self> {
        let token = config.admin.credential()?;
        let has_nodes = config.store.options().is_some();
        Ok(Self { carrier: Carrier::Here(faces::native(&authority)), token, has_nodes })
    }

    /// The API of the server at this address.
    fn at(config: &Config, server: &str) -> Result<Self> {
        let token = config.admin.credential()?;
        Ok(Self { carrier: there(config, server)?, token, has_nodes: false })
    }

    /// Whether others tell whoever is owed a notice: a server that answers does, and so do the nodes of a database; a command alone on a
    /// folder does not.
    pub(super) const fn is_served(&self) -> bool {
        self.has_nodes || matches!(self.carrier, Carrier::There { .. })
    }

    /// Sends one request; gives the body of its answer, null if there is none.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let body = body.map(|body| body.to_string());
        let (status, value) =
            until_not_busy(async || self.ask_once(&method, path, body.as_deref()).await).await?;
        if (200..300).contains(&status) {
            Ok(value)
        } else {
            Err(CommandFailure::answered(status, &value).into())
        }
    }

    fn request(&self, method: &Method, path: &str, body: Option<&str>) -> Result<Request<String>> {
        let agent = format!("{}{}", adieu_face_native::COMMAND_AGENT, env!("CARGO_PKG_VERSION"));
        let mut request = Request::builder().method(method).uri(path).header(header::USER_AGENT, agent);
        if let Some(token) = &self.token {
            let value = format!("Bearer {}", token.reveal());
            request = request.header(header::AUTHORIZATION, value);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        Ok(request.body(body.unwrap_or_default().to_owned())?)
    }

    async fn ask_once(&self, method: &Method, path: &str, body: Option<&str>) -> Result<(u16, Value)> {
        let request = self.request(method, path, body)?;
        let (status, text) = match &self.carrier {
            Carrier::Here(native) => here(native, request).await?,
            Carrier::There { client, base } => sent(client, base, request).await?,
        };
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Follows server-sent events until their end, or until `hear` has heard enough. Each is heard by its name and its data.
    pub(super) async fn follow(
        &self,
        path: &str,
        patience: Duration,
        mut hear: impl FnMut(&str, Value) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let request = self.request(&Method::GET, path, None)?;
        let mut coming = match &self.carrier {
            Carrier::Here(native) => {
                Coming::Here(begun(native, request).await.into_body().into_data_stream())
            }
            Carrier::There { client, base } => {
                let answer = begin(client, base, request, Some(patience)).await?;
                let status = answer.status().as_u16();
                if status != 200 {
                    let value = serde_json::from_str(&answer.text().await?).unwrap_or(Value::Null);
                    return Err(CommandFailure::answered(status, &value).into());
                }
                Coming::There(answer)
            }
        };
        let mut text = String::new();
        while let Some(bytes) = coming.next().await? {
            text.push_str(&String::from_utf8_lossy(&bytes));
            while let Some((event, rest)) = text.split_once("\n\n") {
                let of = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                if let (Some(name), Some(data)) = (of("event: "), of("data: "))
                    && hear(name, serde_json::from_str(data)?)?.is_break()
                {
                    return Ok(());
                }
                text = rest.to_owned();
            }
            ensure!(text.len() < ANSWER_BYTES_MAX, "an event has no end");
        }
        Ok(())
    }

    /// Items of a list, page after page: at most `most`, and whether there are more.
    pub(super) async fn list(&self, path: &str, most: usize) -> Result<(Vec<Value>, bool)> {
        let (mut items, mut next) = (Vec::new(), None::<String>);
        let shows_progress = std::io::stderr().is_terminal();
        loop {
            let limit = PAGE.min(most - items.len()).to_string();
            let mut page = append_query(path, "limit", &limit);
            if let Some(cursor) = &next {
                page = append_query(&page, "after", cursor);
            }
            let answer = self.get(&page).await?;
            items.extend(answer["items"].as_array().cloned().unwrap_or_default());
            next = answer["next"].as_str().map(str::to_owned);
            if next.is_none() || items.len() >= most {
                return Ok((items, next.is_some()));
            }
            if shows_progress {
                progress(&format!("{} read…", items.len()));
            }
        }
    }
}

/// The first answer that is not "busy", or the last one.
async fn until_not_busy(mut ask: impl AsyncFnMut() -> Result<(u16, Value)>) -> Result<(u16, Value)> {
    let begun = tokio::time::Instant::now();
    loop {
        let answer = ask().await?;
        if answer.1["type"] != BUSY || begun.elapsed() + BUSY_PAUSE >= BUSY_ASKED_FOR {
            return Ok(answer);
        }
        tokio::time::sleep(BUSY_PAUSE).await;
    }
}

/// The authority over the installation; none if a server has it to itself.
async fn opened(config: &Config) -> Result<Option<Authority>> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy) as Arc<dyn Entropy>);
    let engine = engine::open_made(config, &entropy).await?;
    Ok(engine.map(|engine| assembled::authority(config, engine, clock, entropy)))
}

/// A body on its way.
enum Coming {
    Here(BodyDataStream),
    There(reqwest::Response),
}

impl Coming {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        match self {
            Self::Here(body) => Ok(body.next().await.transpose()?),
            Self::There(answer) => Ok(answer.chunk().await?),
        }
    }
}

async fn begun(native: &FaceService<Native>, request: Request<String>) -> Response {
    native.begin(request.map(Body::from)).await.unwrap_or_else(|never| match never {})
}

async fn here(native: &FaceService<Native>, request: Request<String>) -> Result<(u16, String)> {
    let answer = begun(native, request).await;
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

async fn sent(client: &Client, base: &str, request: Request<String>) -> Result<(u16, String)> {
    let answer = begin(client, base, request, None).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.text().await.map_err(|error| unreachable(base, &error))?))
}

/// The head of an answer, to be read for as long as `patience` says.
async fn begin(
    client: &Client,
    base: &str,
    request: Request<String>,
    patience: Option<Duration>,
) -> Result<reqwest::Response, CommandFailure> {
    let (parts, body) = request.into_parts();
    let sending = client.request(parts.method, format!("{base}{}", parts.uri)).headers(parts.headers);
    let sending = sending.body(body).timeout(patience.unwrap_or(PATIENCE)).send();
    sending.await.map_err(|error| unreachable(base, &error))
}

fn unreachable(base: &str, error: &reqwest::Error) -> CommandFailure {
    let text = format!(
        "the server at {base} does not answer ({error}); see admin.url, or --server: one that has not been started again since \
         admin.listen was changed is at the old address"
    );
    CommandFailure::new(ExitStatus::CannotTell, text)
}

/// A client for the admin listener. It trusts what the system trusts, and the listener's own certificate.
fn there(config: &Config, url: &str) -> Result<Carrier> {
    let base = Url::parse(url).with_context(|| format!("{url} is no address of a server"))?;
    let local = matches!(base.host_str(), Some("localhost" | "[::1]"))
        || base.host_str().is_some_and(|host| host.starts_with("127."));
    ensure!(
        base.scheme() == "https" || (base.scheme() == "http" && local),
        "{url}: beyond this machine the server is asked over https only"
    );
    let mut client = Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
    if let Some(files) = config.admin.tls() {
        // On another machine than the server's the file may be missing; then the system's authorities have to do.
        if let Ok(pem) = std::fs::read(&files.cert) {
            client = client.tls_certs_merge(Certificate::from_pem_bundle(&pem)?);
        }
    }
    Ok(Carrier::There { client: client.build()?, base: url.trim_end_matches('/').to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Goal: on a busy machine a command waits for its turn; what is busy for a minute is told, however long each answer takes, and
    /// no other refusal is asked again.
    #[tokio::test(start_paused = true)]
    async fn whoever_is_busy_is_asked_again() {
        let busy = || (429, json!({"type": BUSY}));
        for (answers, takes_s, asked, last) in [
            (vec![busy(), busy(), (201, json!({}))], 0, 3, 201),
            (vec![(429, json!({"type": "urn:adieu:problem:other"})), (201, json!({}))], 0, 1, 429),
            (vec![(422, Value::Null), (201, json!({}))], 0, 1, 422),
            (vec![busy(); 100], 0, 60, 429),
            (vec![busy(); 100], 5, 10, 429),
        ] {
            let mut count = 0;
            let ask = async || {
                count += 1;
                tokio::time::sleep(Duration::from_secs(takes_s)).await;
                Ok(answers[count - 1].clone())
            };
            let answer = until_not_busy(ask).await.expect("an answer");
            assert_eq!((count, answer.0), (asked, last));
        }
    }
}
