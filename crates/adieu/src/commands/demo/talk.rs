//! HTTP as the demo speaks and prints it: request line, status, the headers that matter.
//!
//! Redirects are never followed: where an answer leads is part of what is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::commands::shown::say;

/// Headers that are worth a line.
const SHOWN: [&str; 8] = [
    "adieu-ending",
    "location",
    "set-cookie",
    "content-api-version",
    "content-type",
    "content-length",
    "allow",
    "retry-after",
];
/// A line longer than this is cut; tokens are long and secret.
const LINE_MAX: usize = 110;

/// Requests go to the nodes in turn: none sticks to one.
#[derive(Clone)]
pub(super) struct Talk {
    client: Client,
    bases: Vec<String>,
    turn: Arc<AtomicUsize>,
}

/// An answer, read to its end.
pub(super) struct DemoAnswer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl DemoAnswer {
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {} {}", self.status, self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value that a cookie is set to.
    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        let start = format!("{name}=");
        let lines = self.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
        let line = lines.into_iter().find(|line| line.starts_with(&start))?;
        Some(line[start.len()..].split(';').next()?.to_owned())
    }
}

/// A request in the making.
pub(super) struct DemoRequest {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl DemoRequest {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn json(self, value: &Value) -> Self {
        let mut say = self.header("content-type", "application/json");
        say.body = Some(value.to_string());
        say
    }

    pub(super) fn form(self, pairs: &[(&str, &str)]) -> Self {
        let encoded = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value)));
        let body = encoded.collect::<Vec<_>>().join("&");
        let mut say = self.header("content-type", "application/x-www-form-urlencoded");
        say.body = Some(body);
        say
    }

    pub(super) fn body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }
}

/// Percent-encodes everything but letters, digits and `-._~`.
pub(super) fn encode(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl Talk {
    pub(super) fn new(bases: Vec<String>) -> Result<Self> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(Self { client, bases, turn: Arc::default() })
    }

    /// Sends without a word.
    pub(super) async fn ask(&self, say: DemoRequest) -> Result<DemoAnswer> {
        self.ask_at(self.next(), say).await
    }

    /// The node whose turn it is.
    fn next(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.bases.len()
    }

    async fn ask_at(&self, node: usize, say: DemoRequest) -> Result<DemoAnswer> {
        let mut headers = HeaderMap::new();
        for (name, value) in &say.headers {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        let request =
            self.client.request(say.method, format!("{}{}", self.bases[node], say.path)).headers(headers);
        let request = match say.body {
            Some(body) => request.body(body),
            None => request,
        };
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(DemoAnswer { status, headers, text: answer.text().await? })
    }

    /// Sends, and prints the exchange.
    pub(super) async fn show(&self, say: DemoRequest) -> Result<DemoAnswer> {
        let node = self.next();
        let at = if self.bases.len() > 1 { format!(" (node {})", node + 1) } else { String::new() };
        say!("  → {} {}{at}", say.method, cut(&say.path));
        for (name, value) in &say.headers {
            say!("      {name}: {}", cut(value));
        }
        let heard = self.ask_at(node, say).await?;
        say!("  ← {}", heard.status);
        for name in SHOWN {
            for value in heard.headers.get_all(name) {
                say!("      {name}: {}", cut(value.to_str().unwrap_or("(bytes)")));
            }
        }
        if !heard.text.is_empty() && heard.text.len() < LINE_MAX {
            say!("      {}", heard.text.trim_end());
        }
        Ok(heard)
    }

    /// The address of the first node.
    pub(super) fn base(&self) -> &str {
        &self.bases[0]
    }

    pub(super) fn nodes(&self) -> usize {
        self.bases.len()
    }
}

fn cut(text: &str) -> String {
    if text.len() <= LINE_MAX {
        text.to_owned()
    } else {
        format!("{}…", &text[..text.floor_char_boundary(LINE_MAX)])
    }
}
